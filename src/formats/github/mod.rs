//! Repositories that tools take their parts from.

mod pre_commit;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&pre_commit::PreCommit];
