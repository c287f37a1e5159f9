//! Rules on container images.

mod floating_tag;
mod image_digest_drift;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[&floating_tag::FloatingTag, &image_digest_drift::ImageDigestDrift];
