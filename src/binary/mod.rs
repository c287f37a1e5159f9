//! Files that are no text, read as the text that their own tools would print of them.
//!
//! What is made of them is parsed as any other text, with places. All of it is untrusted: every offset is checked, every
//! chain of pages ends, and no more is made of a file than a few times its size.

mod numbers;
pub mod program;
pub mod rpm;
pub mod weights;

use anyhow::{Result, anyhow};

/// Returns the text of a file that is no text itself, by its first bytes; none where it is none that is known.
///
/// # Errors
/// Where it is one, and is damaged, or a program that does not say what it was built from.
pub fn text_of(bytes: &[u8]) -> Option<Result<String>> {
    if program::is_program(bytes) {
        let carried = program::carries(bytes);
        return Some(carried.ok_or_else(|| anyhow!("a program that does not say what it was built from")));
    }
    rpm::text_of(bytes)
}
