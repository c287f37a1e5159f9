//! Rules on the version of a component that both sides have.

mod downgrade;
mod drift;

use super::Rule;
pub use drift::VersionDrift;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[&VersionDrift, &downgrade::Downgrade];
