//! Rules on container images.

mod floating_tag;
mod image_digest_drift;
mod image_extra_package;
mod image_lock_mismatch;
mod image_missing_package;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &floating_tag::FloatingTag,
    &image_digest_drift::ImageDigestDrift,
    &image_extra_package::ImageExtraPackage,
    &image_lock_mismatch::ImageLockMismatch,
    &image_missing_package::ImageMissingPackage,
];
