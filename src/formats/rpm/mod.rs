//! Fedora, Red Hat, SUSE and what derives from them: what rpm has installed.

pub mod packages;
mod relation;
pub mod wal;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&packages::RpmPackages, &wal::RpmWal];
