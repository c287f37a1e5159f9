//! Weights of models, told by their first bytes and weighed as a stream: they may have hundreds of gigabytes.
//!
//! Specifications: "GGUF" in ggml's documentation (the magic number); "Format" in the documentation of safetensors (the
//! length of the header, and the header).

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// How many bytes say what a file is.
const START: usize = 9;

/// The longest header of a safetensors file that its own reader takes, in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// How much is read at once.
const CHUNK: usize = 1 << 20;

/// Returns the pointer that Git LFS would keep of the weights that a stream holds, with their digest and size; none where
/// it begins as no GGUF or safetensors file.
///
/// # Errors
/// Where it cannot be read to its end.
pub fn weigh(mut from: impl Read) -> io::Result<Option<String>> {
    let mut start = Vec::with_capacity(START);
    from.by_ref().take(START as u64).read_to_end(&mut start)?;
    if !is_weights(&start) {
        return Ok(None);
    }
    let mut hasher = Sha256::new();
    hasher.update(&start);
    let mut size = start.len() as u64;
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&chunk[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")))
}

/// Says whether a file begins as one of weights does.
fn is_weights(start: &[u8]) -> bool {
    if start.starts_with(b"GGUF") {
        return true;
    }
    let Some((length, rest)) = start.split_first_chunk::<8>() else { return false };
    (2..=MAX_HEADER).contains(&u64::from_le_bytes(*length)) && rest.first() == Some(&b'{')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_are_told_from_other_files() {
        let pointer = |bytes: &[u8]| weigh(bytes).unwrap();
        let safetensors = [&2u64.to_le_bytes()[..], b"{}"].concat();
        // As `sha256sum` has them.
        assert_eq!(
            pointer(&safetensors).unwrap(),
            "version https://git-lfs.github.com/spec/v1\n\
             oid sha256:411a485216e432ece6b9af94fa32154cf79a2a56d4f81266baa50063f45092bd\nsize 10\n"
        );
        assert!(pointer(b"GGUF").unwrap().ends_with("\nsize 4\n"));
        let large = [b"GGUF".to_vec(), vec![7; 3 * CHUNK + 1]].concat();
        assert!(pointer(&large).unwrap().ends_with(&format!("\nsize {}\n", large.len())));
        let other = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
        for other in [&b""[..], b"GGU", b"version https://", &safetensors[..8], &other, b"\0\0\0\0\0\0\0\0{"] {
            assert_eq!(pointer(other), None, "{other:?}");
        }
    }
}
