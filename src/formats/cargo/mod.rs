//! Rust: what Cargo resolved, and what its manifests asked for.

pub mod auditable;
pub mod lock;
pub mod manifest;
pub mod metadata;
mod metadata_json;
mod workspace;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&auditable::CargoAuditable, &lock::CargoLock, &manifest::CargoToml, &metadata_json::CargoMetadata];
