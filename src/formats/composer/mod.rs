//! PHP: what Composer resolved and installed, and what projects asked for.

pub mod composer_json;
pub mod composer_lock;
mod graph;
pub mod installed_json;
mod package;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&composer_json::ComposerJson, &composer_lock::ComposerLock, &installed_json::ComposerInstalled];
