//! x

use super::Format;

/// The formats of this folder.
pub mod properties;

pub const FORMATS: &[&dyn Format] = &[];
