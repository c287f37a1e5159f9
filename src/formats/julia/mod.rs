//! Julia: what its package manager resolved.

mod manifest;
mod project;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&manifest::JuliaManifest, &project::JuliaProject];
