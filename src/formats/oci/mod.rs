//! Container images: the files that say from which images an image is built and what its build sets and installs, which
//! images run, and what a built image says of itself.

mod block;
mod compose;
pub(crate) mod deployment;
mod dockerfile;
mod expand;
mod facts;
mod gitops;
mod image_config;
pub(crate) mod image_map;
mod installs;
mod instructions;
mod kubernetes;
mod kustomization;
mod lexer;
mod line;
mod operated;
mod options;
mod overlay;
mod parameters;
mod pip;
pub(crate) mod pod;
pub(crate) mod reference;
mod shell;
mod stages;
mod variables;
mod wrappers;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &dockerfile::Dockerfile,
    &image_config::ImageConfig,
    &compose::Compose,
    &kubernetes::Kubernetes,
    &kustomization::Kustomization,
];
