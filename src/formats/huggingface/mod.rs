//! Models and data sets: files that name them.

mod cache;
mod modelfile;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&cache::HuggingfaceCache, &modelfile::Modelfile];
