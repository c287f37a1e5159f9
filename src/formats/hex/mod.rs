//! Hex: packages of Gleam.

mod gleam;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&gleam::GleamManifest];
