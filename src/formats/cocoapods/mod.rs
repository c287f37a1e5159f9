//! CocoaPods: what it resolved for projects of Apple's platforms.

pub mod podfile_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&podfile_lock::PodfileLock];
