//! x

pub mod uv_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&uv_lock::UvLock];
