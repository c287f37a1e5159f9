//! Python's package files: lockfiles, requirements and the manifest.

mod constraint;
mod locked;
mod marker;
mod pep508;
mod poetry;
pub mod poetry_lock;
pub mod pyproject;
pub mod requirements;
#[cfg(test)]
mod trial;
pub mod uv_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&poetry_lock::PoetryLock, &pyproject::Pyproject, &requirements::RequirementsTxt, &uv_lock::UvLock];
