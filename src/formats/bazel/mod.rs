//! Bazel: the modules that it selected, and what a project asks for.

mod lock;
mod module;
mod starlark;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&lock::BazelLock, &module::BazelModule];
