//! Go: what programs say that they were built from.

pub mod go_build_info;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&go_build_info::GoBuildInfo];
