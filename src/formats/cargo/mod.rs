//! Rust: what Cargo resolved, and what its manifests asked for.

pub mod lock;
pub mod manifest;
pub mod metadata;
mod workspace;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&lock::CargoLock, &manifest::CargoToml];
