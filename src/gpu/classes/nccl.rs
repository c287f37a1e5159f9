//! Different NCCLs in one job.
//!
//! One job is what a manifest says is one: the containers of one object of a kind that starts processes which talk to one
//! another. Two Deployments that happen to use torch are none.

use std::collections::BTreeMap;

use super::super::version::Dotted;
use super::super::{Answer, Evidence, Gravity, Package, Stack, Verdict};
use crate::intern::Text;

/// The kinds whose pods are ranks of one job.
const JOBS: &[&str] =
    &["JobSet", "LeaderWorkerSet", "MPIJob", "PaddleJob", "PyTorchJob", "RayCluster", "RayJob", "TFJob", "TrainJob"];

/// Tells the jobs whose containers load different NCCLs.
pub fn across(stacks: &[Stack]) -> Vec<Answer> {
    let mut jobs: BTreeMap<(Text, Text), Vec<(&Package, Dotted)>> = BTreeMap::new();
    for stack in stacks {
        let Some((package, version)) = nccl(stack) else { continue };
        for workload in &stack.environment.workloads {
            let Some(job) = job(workload.name) else { continue };
            let ranks = jobs.entry((workload.subject, job)).or_default();
            if !ranks.iter().any(|(other, _)| std::ptr::eq(other.component, package.component)) {
                ranks.push((package, version.clone()));
            }
        }
    }
    let mut answers = Vec::new();
    for ((_, job), ranks) in jobs {
        let Some((first, version)) = ranks.first() else { continue };
        let Some((other, own)) = ranks[1..].iter().find(|(_, own)| own != version) else { continue };
        let gravity = if own.major_minor() == version.major_minor() { Gravity::Warning } else { Gravity::Error };
        let verdict = if gravity == Gravity::Error { Verdict::FailsAtStart } else { Verdict::RunsIf };
        let message = format!("{job} has {} in one container and {} in another", first.shown(), other.shown());
        let answer = Answer::new("NCCL-MIX", verdict, gravity, Evidence::from(*other), message)
            .because(
                "the processes of a job must load one NCCL: they speak its protocol with one another",
                "NVIDIA NCCL documentation",
            )
            .because(
                "torch and JAX load the wheel's, whatever NCCL_VERSION of the base image says",
                "pytorch/pytorch#122571",
            )
            .beside((*first).into(), "the other container's")
            .says("NCCL WARN Mismatched NCCL version detected")
            .mend(format!("lock {} {version} or {own} in both", other.name()));
        answers.push(answer);
    }
    answers
}

/// Returns the job that a container is of: `PyTorchJob/train` of `PyTorchJob/train worker`.
fn job(name: Text) -> Option<Text> {
    let job = name.split(' ').next()?;
    let (kind, _) = job.split_once('/')?;
    JOBS.contains(&kind).then_some(job)
}

/// Returns the wheel of NCCL that torch or JAX loads; none where several are locked.
fn nccl(stack: &Stack) -> Option<(&Package, Dotted)> {
    let mut found = stack.environment.packages.iter().filter(|package| {
        package.component.purl.ty() == "pypi"
            && matches!(package.name(), "nvidia-nccl-cu11" | "nvidia-nccl-cu12" | "nvidia-nccl-cu13")
    });
    let first = found.next()?;
    let has_user = stack.carried("torch").next().is_some()
        || stack.carriers.iter().any(|carrier| carrier.component.purl.name().starts_with("jax-cuda"));
    (found.next().is_none() && has_user).then_some((first, first.release()?))
}
