//! Swift: what its package manager resolved.

pub mod package_resolved;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&package_resolved::PackageResolved];
