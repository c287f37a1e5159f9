//! Rules on where components come from.

mod drift;
mod not_allowed;

pub use not_allowed::held_against;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[&drift::SourceDrift, &not_allowed::SourceNotAllowed];
