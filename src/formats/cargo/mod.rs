//! x

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[];
