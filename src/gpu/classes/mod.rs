//! The classes of mismatch, a file a family: each looks at a stack (and a target) and tells what does not fit.
//!
//! A class is silent where a fact is missing, or tells [`super::Verdict::Unknown`] with the fact's name where a reader would
//! wonder. The catalogue's names (`TV-PAIR`) are the classes' names in answers.

mod amd;
mod architectures;
mod bitsandbytes;
mod build;
mod compat;
mod compiled;
mod conda;
mod container;
mod cudnn;
mod driver;
mod flash_attn;
pub mod fleet;
mod frameworks;
mod held;
mod libraries;
mod library_architecture;
mod mix;
mod nccl;
mod onnxruntime;
mod pairs;
mod pins;
mod platform;
mod python;
mod require;
mod rocm;
mod tensorrt;
#[cfg(test)]
mod tests;
mod torch_family;

use super::judge::models;
use super::{Answer, Gravity, Stack, Target, Verdict, judge};
use crate::intern::Text;
use crate::model::Component;

pub(super) use compat::{Help, Need, help};
pub use driver::end_of_life;
pub(super) use driver::rust_build;
pub use library_architecture::least_of_libraries;
pub(super) use mix::brings_cuda;
pub use nccl::across;
pub(super) use python::rapids_floor;

const PATH_OVERWRITE: &str = "PATH-OVERWRITE";
const CUDNN_MAJOR: &str = "CUDNN-MAJOR";
const CUDNN_OLD: &str = "CUDNN-OLD";

/// Looks at a stack by itself.
type Inspect = fn(&Stack, &mut Vec<Answer>);

/// Looks at a stack on a target.
type Judge = fn(&Stack, &Target, &mut Vec<Answer>);

/// What does not fit inside one environment, wherever it runs.
const INSIDE: &[Inspect] = &[
    torch_family::family,
    pairs::xformers,
    pairs::vllm,
    pairs::triton,
    flash_attn::wheels,
    frameworks::tensorflow,
    frameworks::jax,
    pins::drift,
    driver::misread,
    container::cpu_build,
    container::no_driver,
    container::capabilities,
    libraries::shadowed,
    libraries::unused,
    build::other_major,
    build::no_compiler,
    architectures::toolkit,
    conda::virtual_package,
    rocm::inside,
    mix::overwritten,
    cudnn::cudnn,
    onnxruntime::fallback,
    python::cupy,
    python::rapids,
    python::numba,
    python::bindings,
    bitsandbytes::library,
    tensorrt::engine,
    // The most general comes last: what is told of a package already says more.
    mix::majors,
];

/// The classes that speak of one package's version, the most specific first: a package is told once.
const MOST_SPECIFIC: &[&str] = &[
    "TRITON-PIN",
    "TV-PAIR",
    "XF-PAIR",
    "FA-WHEEL",
    "VLLM-VARIANT",
    "CUDNN-MAJOR",
    "CUDNN-OLD",
    "JAX-PLUGIN",
    "TF-BUILD",
    "CUDA-PY",
    "PIN-DRIFT",
    "MAJOR-MIX",
];

/// What does not fit on a target.
const ON_TARGET: &[Judge] = &[
    rocm::on_target,
    require::unmet,
    compat::on_path,
    frameworks::tensorflow_on,
    driver::embedded_ptx,
    architectures::missing,
    platform::jetson,
    platform::wsl,
    amd::kernel_driver,
    amd::architecture,
    library_architecture::libraries,
    python::rapids_on,
    python::numba_on,
];

/// What does not fit on a target whose drivers and kernels are of another kind: Jetson, Windows.
const ON_OWN_KIND: &[Judge] = &[platform::jetson];

/// Returns the image of a stack that asks for GPUs and of which nothing is known: its name, and where it is asked for.
pub fn unknown_image(stack: &Stack) -> Option<(String, super::Evidence)> {
    container::unknown(stack)
}

/// Tells what does not fit inside an environment.
pub(super) fn inside(stack: &Stack) -> Vec<Answer> {
    let mut answers = Vec::new();
    INSIDE.iter().for_each(|inspect| inspect(stack, &mut answers));
    most_specific(answers)
}

/// Keeps of the answers about one package's version those of the most specific class.
fn most_specific(answers: Vec<Answer>) -> Vec<Answer> {
    let rank = |answer: &Answer| MOST_SPECIFIC.iter().position(|class| *class == answer.class);
    let about = |answer: &Answer| {
        let component = answer.about.component.map_or(std::ptr::null(), std::ptr::from_ref);
        (!component.is_null()).then_some((component, answer.about.subject))
    };
    let mut best: Vec<((*const Component, Text), usize)> = Vec::new();
    for answer in answers.iter().filter(|answer| answer.gravity > Gravity::Info && answer.verdict != Verdict::Unknown) {
        let (Some(about), Some(rank)) = (about(answer), rank(answer)) else { continue };
        match best.iter_mut().find(|(other, _)| *other == about) {
            Some((_, best)) => *best = rank.min(*best),
            None => best.push((about, rank)),
        }
    }
    let is_kept = |answer: &Answer| {
        let (Some(about), Some(rank)) = (about(answer), rank(answer)) else { return true };
        best.iter().find(|(other, _)| *other == about).is_none_or(|(_, best)| rank <= *best)
    };
    answers.into_iter().filter(is_kept).collect()
}

/// Tells what does not fit on a target, beyond driver floors and kernels.
pub(super) fn on_target(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let judges = if platform::is_own_kind(target) { ON_OWN_KIND } else { ON_TARGET };
    judges.iter().for_each(|judge| judge(stack, target, answers));
}

/// Says whether an answer tells that the driver is too old for a program to start at all: PTX is no matter then.
fn cannot_start(answer: &Answer) -> bool {
    matches!(answer.class, judge::DRV_FLOOR | judge::FC_BRANCH | "REQ-UNMET") && answer.gravity == Gravity::Error
}

/// Returns a target's GPUs with their architectures, ten times the compute capability: those of the tables, each
/// architecture once; where none is named, the one that was read from the machine.
fn gpus(target: &Target) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for gpu in models(target) {
        if !found.iter().any(|(_, sm)| *sm == gpu.sm) {
            found.push((gpu.name.clone(), gpu.sm));
        }
    }
    if target.gpus.is_empty() {
        found.extend(target.compute.as_ref().map(|compute| ("the GPU".to_owned(), compute.sm())));
    }
    found
}
