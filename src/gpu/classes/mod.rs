//! The classes of mismatch, a file a family: each looks at a stack (and a target) and tells what does not fit.
//!
//! A class is silent where a fact is missing, or tells [`super::Verdict::Unknown`] with the fact's name where a reader would
//! wonder. The catalogue's names (`TV-PAIR`) are the classes' names in answers.

mod amd;
mod architectures;
mod build;
mod compat;
mod compiled;
mod conda;
mod container;
mod driver;
pub mod fleet;
mod libraries;
mod platform;
mod require;

use super::{Answer, Stack, Target};

pub(super) use compat::{Help, Need, help};
pub use driver::end_of_life;

/// Looks at a stack by itself.
type Inspect = fn(&Stack, &mut Vec<Answer>);

/// Looks at a stack on a target.
type Judge = fn(&Stack, &Target, &mut Vec<Answer>);

/// What does not fit inside one environment, wherever it runs.
const INSIDE: &[Inspect] = &[
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
];

/// What does not fit on a target.
const ON_TARGET: &[Judge] = &[
    require::unmet,
    compat::on_path,
    driver::embedded_ptx,
    architectures::missing,
    platform::jetson,
    platform::wsl,
    amd::kernel_driver,
    amd::architecture,
];

/// What does not fit on a target whose drivers and kernels are of another kind: Jetson, Windows.
const ON_OWN_KIND: &[Judge] = &[platform::jetson];

/// Tells what does not fit inside an environment.
pub(super) fn inside(stack: &Stack) -> Vec<Answer> {
    let mut answers = Vec::new();
    INSIDE.iter().for_each(|inspect| inspect(stack, &mut answers));
    answers
}

/// Tells what does not fit on a target, beyond driver floors and kernels.
pub(super) fn on_target(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let judges = if platform::is_own_kind(target) { ON_OWN_KIND } else { ON_TARGET };
    judges.iter().for_each(|judge| judge(stack, target, answers));
}
