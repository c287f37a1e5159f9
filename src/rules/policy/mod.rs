//! Rules on the policy itself: the waivers that let findings through.

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[];
