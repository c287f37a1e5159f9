//! Conan: packages of C and C++.

mod lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&lock::ConanLock];
