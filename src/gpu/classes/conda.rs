//! CONDA-VIRTUAL: a solver that sees no GPU while an image is built, and takes builds for the CPU.

use crate::gpu::facts::ImageKind;
use crate::gpu::image;
use crate::gpu::{Answer, Evidence, Gravity, Install, Stack, Stage, Verdict};

use super::compiled;

const SOURCE: &str = "mamba-org/micromamba-docker#620; pyg-team/pytorch_geometric#8948; openmm/NNPOps#96";

/// The packages that come in builds for the CPU and for CUDA, of which the solver picks by the driver that it sees.
const BOTH: &[&str] =
    &["pytorch", "libtorch", "tensorflow", "jaxlib", "xgboost", "py-xgboost", "torchvision", "torchaudio"];

/// Packages that settle which build it is.
const SETTLES: &[&str] = &["pytorch-cuda", "cpuonly", "pytorch-gpu", "tensorflow-gpu", "pytorch-cpu", "tensorflow-cpu"];

/// Tells a solve of a GPU package without a driver, and without a word on which build is meant.
pub(super) fn virtual_package(stack: &Stack, answers: &mut Vec<Answer>) {
    for stage in &stack.environment.stages {
        let installs = || stage.installs.iter().filter(|install| install.manager == "conda");
        let Some(install) = installs().find(|install| is_open(install)) else { continue };
        if installs().any(|install| SETTLES.contains(&install.name) || names_build(install))
            || !compiled::values(stage, "CONDA_OVERRIDE_CUDA").is_empty()
        {
            continue;
        }
        let Some((why, place)) = wants_gpu(stack, stage) else { continue };
        if answers.iter().any(|answer| answer.class == "CONDA-VIRTUAL" && answer.about.place == install.place) {
            continue;
        }
        let about = Evidence { component: None, subject: stage.subject, place: install.place };
        let message = format!(
            "conda solves {} while the image is built, where it sees no GPU, and takes a build for the CPU",
            install.name
        );
        let cuda = stage.toolkit().map_or("12.4".to_owned(), |known| known.value.major_minor().to_string());
        answers.push(
            Answer::new("CONDA-VIRTUAL", Verdict::FallsBackToCpu, Gravity::Warning, about, message)
                .because(format!("{} comes in builds for the CPU and for CUDA, and {}{} names none of them", install.name, install.name, install.constraint), SOURCE)
                .because("builds for CUDA ask for the virtual package __cuda, which is the driver's: while an image is built there is none, and the solver takes what is left", SOURCE)
                .because(why, "")
                .beside(place, "here a GPU is meant")
                .says("Torch not compiled with CUDA enabled")
                .mend(format!("set CONDA_OVERRIDE_CUDA={cuda} where it is solved"))
                .mend(format!("or name the build: {}=*=*cuda*, which fails rather than fall back", install.name)),
        );
    }
}

/// Says whether a package is asked for without a build.
fn is_open(install: &Install) -> bool {
    BOTH.contains(&install.name) && !names_build(install)
}

/// Says whether a constraint names a build: its third part.
fn names_build(install: &Install) -> bool {
    let constraint = install.constraint.trim_start_matches('=');
    BOTH.contains(&install.name)
        && (constraint.contains("cuda")
            || constraint.contains("cpu")
            || constraint.split('=').filter(|part| !part.is_empty()).count() > 1)
}

/// Returns what says that a GPU is meant.
fn wants_gpu(stack: &Stack, stage: &Stage) -> Option<(String, Evidence)> {
    let about = |place| Evidence { component: None, subject: stage.subject, place };
    if let Some(base) = stage.base
        && let Some(row) = image::row(base).filter(|row| row.kind == ImageKind::Cuda)
    {
        return Some((format!("the image starts from {}", row.path), about(stage.base_place)));
    }
    let is_cuda = |install: &&Install| {
        install.manager == "conda" && (install.name.starts_with("cuda") || matches!(install.name, "cudnn" | "nccl"))
    };
    if let Some(install) = stage.installs.iter().find(is_cuda) {
        return Some((format!("{} is installed beside it", install.name), about(install.place)));
    }
    stack.environment.workloads.iter().find_map(|workload| {
        let limit = workload.limits.iter().find(|limit| limit.name.starts_with("nvidia.com/"))?;
        let about = Evidence { component: None, subject: workload.subject, place: limit.place };
        Some((format!("{} asks for {}", workload.name, limit.name), about))
    })
}
