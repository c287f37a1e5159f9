//! Container images: the files that say from which images an image is built, and which ones run.

mod compose;
mod deployment;
mod dockerfile;
mod expand;
mod instructions;
mod kubernetes;
mod reference;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&dockerfile::Dockerfile, &compose::Compose, &kubernetes::Kubernetes];
