//! Libraries that dropped a GPU's architecture, although the framework may still have it.

use super::super::carriers::covers;
use super::super::facts::frameworks;
use super::super::version::Dotted;
use super::super::{Answer, Evidence, Gravity, Package, Stack, Target, Verdict};
use crate::model::Component;

const CLASS: &str = "ARCH-LIB";

/// The least architecture that a release of a library is for.
struct Least {
    sm: u32,
    gravity: Gravity,
    because: String,
    source: &'static str,
    mend: String,
}

/// Returns the greatest of the least compute capabilities that libraries have kernels for, with the one that sets it:
/// 80 for flash-attn. What a library merely may lack is left out.
pub fn least_of_libraries(stack: &Stack) -> Option<(u32, &'static Component)> {
    let python = stack.environment.packages.iter().filter(|package| package.component.purl.ty() == "pypi");
    let sure = python.filter(|package| stack.environment.the(package.name()).is_some()).filter_map(|package| {
        let (_, least) = least(package)?;
        (least.gravity == Gravity::Error).then_some((least.sm, package.component))
    });
    sure.max_by_key(|(sm, _)| *sm)
}

/// Tells libraries without code for a target's GPUs.
pub(super) fn libraries(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    for (gpu, sm) in super::gpus(target) {
        // Where the framework has none itself, that is told, and one cause is told once.
        let is_told = |answer: &Answer| {
            answer.class == "ARCH-MISSING"
                && answer.gravity == Gravity::Error
                && answer.chain.iter().any(|link| link.text.starts_with(&gpu))
        };
        if answers.iter().any(is_told) {
            continue;
        }
        let python = stack.environment.packages.iter().filter(|package| package.component.purl.ty() == "pypi");
        let mut told: Vec<&str> = Vec::new();
        for package in python {
            let Some((family, mut least)) = least(package) else { continue };
            // Several locked versions are alternatives.
            if stack.environment.the(package.name()).is_none() {
                continue;
            }
            if package.name() == CUDNN {
                least.mend.push_str(&where_allowed(stack, package));
            }
            if sm >= least.sm || told.contains(&family) {
                continue;
            }
            told.push(family);
            let message = format!("{} has no kernels for {gpu}", package.shown());
            let mut answer =
                Answer::new(CLASS, Verdict::FailsAtKernel, least.gravity, Evidence::from(package), message)
                    .because(format!("{gpu} has compute capability {}.{}", sm / 10, sm % 10), "")
                    .because(least.because, least.source);
            if least.gravity == Gravity::Warning {
                answer = answer.because("which release exactly dropped it is not known", "");
                answer.verdict = Verdict::RunsIf;
            }
            answer = answer.says(match family {
                "cudnn" => "CUDNN_STATUS_ARCH_MISMATCH",
                "flash-attn" => "FlashAttention only supports Ampere GPUs or newer",
                _ => "no kernel image is available for execution on the device",
            });
            answers.push(answer.mend(least.mend));
        }
    }
}

/// Returns the least architecture of a package, and the family that it is told once for.
fn least(package: &Package) -> Option<(&'static str, Least)> {
    let name: &str = package.name();
    let release = package.release()?;
    let libraries = &frameworks().libraries;
    let sure = |sm, because: &str, source, mend: &str| {
        let (because, mend) = (because.to_owned(), mend.to_owned());
        Least { sm, gravity: Gravity::Error, because, source, mend }
    };
    match name {
        "nvidia-cudnn-cu12" | "nvidia-cudnn-cu13" => Some(("cudnn", cudnn(name, &release)?)),
        "flash-attn" if release.major() == 2 => {
            let source = &frameworks().flash_attn_rules.source;
            let mend = "leave flash-attn out there, or move to GPUs of 8.0 or later";
            Some(("flash-attn", sure(80, "flash-attn is compiled for 8.0 and later alone", source, mend)))
        }
        "vllm" if package.local().is_none_or(|local| local.starts_with("cu")) => {
            let because = "vLLM asks for 7.0 at the least, and current releases for 7.5";
            Some(("vllm", sure(70, because, &frameworks().vllm_rules.source, "move to GPUs of 7.5 or later")))
        }
        "xformers" if release >= Dotted::parse("0.0.31")? => {
            let because = "xformers dropped Volta and what is older with 0.0.31";
            let mend = "pin xformers below 0.0.31, with its torch";
            Some(("xformers", sure(75, because, "facebookresearch/xformers CHANGELOG.md", mend)))
        }
        _ if name == "tensorrt" || name.starts_with("tensorrt-cu") => {
            let rows = || libraries.tensorrt.iter().filter(|row| row.min_sm().is_some());
            let newest = rows().filter(|row| row.version <= release).max_by(|a, b| a.version.cmp(&b.version))?;
            let sm = newest.min_sm()?;
            // The release that dropped the others, rather than the last one that goes on without them.
            let row = rows().filter(|row| row.min_sm() == Some(sm)).min_by(|a, b| a.version.cmp(&b.version))?;
            let because =
                format!("TensorRT from {} on is for {} (NVIDIA/TensorRT#3826)", row.version, row.compute_capability);
            let mend = if sm > 70 {
                "pin TensorRT below 10.5 for 7.0, below 10.0 for what is older"
            } else {
                "pin TensorRT below 10.0"
            };
            Some(("tensorrt", sure(sm, &because, &row.source, mend)))
        }
        _ => None,
    }
}

const CUDNN: &str = "nvidia-cudnn-cu12";

/// Names who must allow another cuDNN: the frameworks that require it.
fn where_allowed(stack: &Stack, cudnn: &Package) -> String {
    let requires = |by: &&Package| by.requires.iter().any(|part| std::ptr::eq(*part, cudnn.component));
    let mut by: Vec<&str> = stack.environment.packages.iter().filter(requires).map(Package::name).collect();
    if by.is_empty() {
        // A list without requirements still tells which framework there is.
        let known = ["torch", "jax-cuda12-plugin", "tensorflow"].into_iter();
        by.extend(known.filter(|name| stack.environment.python(name).next().is_some()));
    }
    by.dedup();
    by.truncate(3);
    if by.is_empty() { String::new() } else { format!(", where what {} asks for allows it", by.join(" and ")) }
}

/// Returns the least architecture of a cuDNN: where exactly it rose within 9.11 to 9.15 is not known.
fn cudnn(name: &str, release: &Dotted) -> Option<Least> {
    let rows = &frameworks().libraries.cudnn;
    let (words, mend) = match name {
        "nvidia-cudnn-cu13" => ("for CUDA 13", "take the builds for CUDA 12, or move to GPUs of 7.5 or later"),
        _ => ("later than", "pin nvidia-cudnn-cu12 to 9.10.2.21, the last one known to have it"),
    };
    if release.major() < 9 || (name == "nvidia-cudnn-cu12" && covers("9.0 .. 9.10", release)) {
        return None;
    }
    let row = rows.iter().find(|row| row.range.contains(words))?;
    let is_sure = name == "nvidia-cudnn-cu13" || *release >= Dotted::of(9, 15);
    let because = format!("{} is for {}.{} and later", row.range, row.min_sm / 10, row.min_sm % 10);
    let gravity = if is_sure { Gravity::Error } else { Gravity::Warning };
    Some(Least { sm: row.min_sm, gravity, because, source: &row.source, mend: mend.to_owned() })
}
