//! Container images: the files that say from which images an image is built and what its build sets and installs, which
//! images run, and what a built image says of itself.

mod apptainer;
mod arguments;
mod azure_pipelines;
mod bentofile;
mod block;
mod checks;
mod circleci_config;
mod cog;
mod compose;
mod contexts;
pub(crate) mod deployment;
mod devcontainer;
mod docker_bake;
mod dockerfile;
mod dotenv;
mod expand;
mod facts;
mod github_workflow;
mod gitlab_ci;
mod gitops;
mod image_config;
pub(crate) mod image_map;
mod installed;
mod installs;
mod instructions;
mod kubernetes;
mod kustomization;
mod lexer;
mod line;
pub(crate) mod models;
pub mod nomad;
mod operated;
mod options;
mod overlay;
mod packed;
mod parameters;
mod pip;
mod pipeline;
pub(crate) mod pod;
mod programs;
mod project;
pub(crate) mod reference;
mod shell;
pub(crate) mod shipped;
mod skaffold;
mod slurm_script;
mod stages;
mod system;
mod variables;
mod wrappers;

use super::Format;

pub(crate) use arguments::FOR;
pub(crate) use contexts::MADE;
pub(crate) use models::{MODEL, OLLAMA, is_model};

/// The formats of this folder; that which takes all YAML files is asked last.
pub const FORMATS: &[&dyn Format] = &[
    &dockerfile::Dockerfile,
    &image_config::ImageConfig,
    &compose::Compose,
    &kustomization::Kustomization,
    &github_workflow::GithubWorkflow,
    &gitlab_ci::GitlabCi,
    &circleci_config::CircleciConfig,
    &azure_pipelines::AzurePipelines,
    &devcontainer::Devcontainer,
    &skaffold::Skaffold,
    &docker_bake::DockerBake,
    &apptainer::Apptainer,
    &bentofile::Bentofile,
    &cog::Cog,
    &slurm_script::SlurmScript,
    &nomad::Nomad,
    &kubernetes::Kubernetes,
];
