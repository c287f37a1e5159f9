//! Digests: what proves that an artifact is the one that was reviewed.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::intern::{self, Text};

/// A digest's algorithm, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5: broken.
    Md5,
    /// SHA-1: broken.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// BLAKE2b-256.
    Blake2b256,
    /// BLAKE2b-384.
    Blake2b384,
    /// BLAKE2b-512.
    Blake2b512,
    /// BLAKE3.
    Blake3,
}

/// Names in lockfiles, names in CycloneDX, and bytes of a digest.
const ALGORITHMS: &[(Algorithm, &str, &str, usize)] = &[
    (Algorithm::Md5, "md5", "MD5", 16),
    (Algorithm::Sha1, "sha1", "SHA-1", 20),
    (Algorithm::Sha224, "sha224", "SHA-224", 28),
    (Algorithm::Sha256, "sha256", "SHA-256", 32),
    (Algorithm::Sha384, "sha384", "SHA-384", 48),
    (Algorithm::Sha512, "sha512", "SHA-512", 64),
    (Algorithm::Sha3_256, "sha3-256", "SHA3-256", 32),
    (Algorithm::Sha3_384, "sha3-384", "SHA3-384", 48),
    (Algorithm::Sha3_512, "sha3-512", "SHA3-512", 64),
    (Algorithm::Blake2b256, "blake2b-256", "BLAKE2b-256", 32),
    (Algorithm::Blake2b384, "blake2b-384", "BLAKE2b-384", 48),
    (Algorithm::Blake2b512, "blake2b", "BLAKE2b-512", 64),
    (Algorithm::Blake3, "blake3", "BLAKE3", 32),
];

/// Tools leave the padding away, and some the zeros after the last bit.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Algorithm {
    /// Finds an algorithm by its name in a lockfile (`sha256`) or in CycloneDX (`SHA-256`), in any case.
    pub fn named(name: &str) -> Option<Self> {
        ALGORITHMS
            .iter()
            .find(|(_, plain, cyclonedx, _)| plain.eq_ignore_ascii_case(name) || cyclonedx.eq_ignore_ascii_case(name))
            .map(|row| row.0)
    }

    fn row(self) -> &'static (Algorithm, &'static str, &'static str, usize) {
        &ALGORITHMS[self as usize]
    }

    /// Returns the name as lockfiles write it: `sha256`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Returns the name as CycloneDX writes it: `SHA-256`.
    pub fn cyclonedx(self) -> &'static str {
        self.row().2
    }

    /// Says whether collisions can be made: such a digest proves little.
    pub fn is_weak(self) -> bool {
        matches!(self, Algorithm::Md5 | Algorithm::Sha1)
    }
}

/// A digest: algorithm and lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// How it was computed.
    pub algorithm: Algorithm,
    /// Its value, in lower-case hexadecimal digits.
    pub hex: Text,
}

impl Digest {
    /// Returns a digest given in hexadecimal; none where the length or a digit is wrong.
    pub fn hex(algorithm: Algorithm, hex: &str) -> Option<Self> {
        if hex.len() != algorithm.row().3 * 2 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        if hex.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Some(Digest { algorithm, hex: intern::text(&hex.to_ascii_lowercase()) });
        }
        Some(Digest { algorithm, hex: intern::text(hex) })
    }

    /// Reads `sha256:<hex>`, as Python's and container tools write it.
    pub fn colon(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        Digest::hex(Algorithm::named(algorithm)?, hex)
    }

    /// Reads one token of subresource integrity, `sha512-<base64>`, as npm writes it.
    pub fn sri(token: &str) -> Option<Self> {
        let (algorithm, rest) = token.split_once('-')?;
        let algorithm = Algorithm::named(algorithm)?;
        let encoded = rest.split('?').next()?;
        let engine = if encoded.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
        let mut bytes = [0u8; 96];
        let length = engine.decode_slice(encoded, &mut bytes).ok()?;
        let halves = bytes[..length].iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: String = halves.map(|half| char::from(b"0123456789abcdef"[usize::from(half)])).collect();
        Digest::hex(algorithm, &hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in ALGORITHMS.iter().enumerate() {
            assert_eq!(row.0 as usize, index, "{row:?}");
        }
    }

    #[test]
    fn digests_are_read_as_their_tools_write_them() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected = Digest { algorithm: Algorithm::Sha256, hex: intern::text(empty) };
        assert_eq!(Digest::colon(&format!("sha256:{empty}")), Some(expected));
        assert_eq!(Digest::hex(Algorithm::Sha256, &empty.to_uppercase()), Some(expected));
        assert_eq!(Digest::sri("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), Some(expected));
        for wrong in ["sha256:", "sha256:xyz", "sha9:00", "e3b0", "sha256-%%%"] {
            assert_eq!(Digest::colon(wrong).or(Digest::sri(wrong)), None, "{wrong}");
        }
    }
}
