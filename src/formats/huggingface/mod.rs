//! Models and data sets: files that name them.

mod modelfile;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&modelfile::Modelfile];
