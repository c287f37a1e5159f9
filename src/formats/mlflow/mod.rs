//! MLflow: files that say what a model is and what it was saved with.

mod mlmodel;
mod registered;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&mlmodel::MlModel, &registered::RegisteredModelMeta];
