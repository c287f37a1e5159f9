//! Dart and Flutter: what pub resolved.

pub mod pubspec_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&pubspec_lock::PubspecLock];
