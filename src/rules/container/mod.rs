//! Rules on container images.

mod floating_tag;
mod image_digest_drift;
mod image_extra_package;
mod image_lock_mismatch;
mod image_missing_package;

use super::{Rule, phrase};
use crate::images::Row;
use crate::model::Layer;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &floating_tag::FloatingTag,
    &image_digest_drift::ImageDigestDrift,
    &image_extra_package::ImageExtraPackage,
    &image_lock_mismatch::ImageLockMismatch,
    &image_missing_package::ImageMissingPackage,
];

/// Says which layer brought what a row is about; none where that is not known.
fn brought_by(row: &Row<'_>) -> Option<String> {
    let Layer { number, created_by, .. } = row.layer()?;
    let command = if created_by.is_empty() { String::new() } else { format!(": {}", shortened(created_by)) };
    Some(format!("layer {number} brought it{command}"))
}

/// Returns a command as it fits a line.
fn shortened(command: &str) -> String {
    let safe = phrase::safe(command);
    let words: Vec<&str> = safe.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
