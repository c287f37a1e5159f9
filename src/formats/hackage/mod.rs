//! Haskell: what Stack and Cabal locked.

mod cabal_freeze;
mod stack_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&cabal_freeze::CabalFreeze, &stack_lock::StackLock];
