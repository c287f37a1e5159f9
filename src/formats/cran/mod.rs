//! R: packages of its archives and of repositories.

mod renv_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&renv_lock::RenvLock];
