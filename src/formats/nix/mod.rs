//! Nix: the flakes that a flake is built from.

mod flake_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&flake_lock::FlakeLock];
