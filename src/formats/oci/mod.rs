//! Container images: the files that say from which images an image is built and what its build sets and installs, which
//! images run, and what a built image says of itself.

mod checks;
mod compose;
mod contexts;
mod deployment;
mod dockerfile;
mod expand;
mod facts;
mod image_config;
mod installs;
mod instructions;
mod kubernetes;
mod lexer;
mod line;
mod options;
mod pip;
mod programs;
mod reference;
mod shell;
mod stages;
mod system;
mod variables;
mod wrappers;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&dockerfile::Dockerfile, &image_config::ImageConfig, &compose::Compose, &kubernetes::Kubernetes];
