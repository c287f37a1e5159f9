//! The number that tells one document from every other: made of what it says, so that the same content has the same.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// Stands in for the number until the content is known.
pub const NONE: &str = "urn:uuid:00000000-0000-8000-8000-000000000000";

/// Puts the number in the place of its stand-in, where that stands first: a UUID of version 8 (RFC 9562) made of the content's
/// SHA-256.
///
/// # Errors
/// Where it stands nowhere.
pub fn number(bytes: &mut [u8]) -> Result<()> {
    let mut id: [u8; 16] = [0; 16];
    id.copy_from_slice(&Sha256::digest(&*bytes)[..16]);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    let mut serial = String::from("urn:uuid:");
    for (at, byte) in id.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            serial.push('-');
        }
        let _ = write!(serial, "{byte:02x}");
    }
    let at = bytes.windows(NONE.len()).position(|window| window == NONE.as_bytes());
    let at = at.context("the document has no place for its number")?;
    bytes[at..at + serial.len()].copy_from_slice(serial.as_bytes());
    Ok(())
}
