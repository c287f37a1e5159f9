//! Rules on digests, which prove that an artifact is the one that was reviewed.

mod drift;
mod missing;
mod weak;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[&drift::IntegrityDrift, &missing::IntegrityMissing, &weak::IntegrityWeak];
