//! Alpine and what derives from it: what apk has installed, and what it was asked for.

mod dependency;
pub mod installed;
pub mod world;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&installed::ApkInstalled, &world::ApkWorld];
