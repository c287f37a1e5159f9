//! Ruby: what Bundler resolved.

pub mod gemfile_lock;
mod platform;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&gemfile_lock::GemfileLock];
