//! Libraries that dropped a GPU's architecture, although the framework may still have it.

use super::super::carriers::covers;
use super::super::facts::frameworks;
use super::super::version::Dotted;
use super::super::{Answer, Evidence, Gravity, Package, Stack, Target, Verdict};

const CLASS: &str = "ARCH-LIB";

/// The least architecture that a release of a library is for.
struct Least {
    sm: u32,
    gravity: Gravity,
    because: String,
    source: &'static str,
    mend: String,
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
            // Several locked versions are alternatives.
            if stack.environment.the(package.name()).is_none() {
                continue;
            }
            let Some((family, least)) = least(package) else { continue };
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
            answers.push(if least.mend.is_empty() { answer } else { answer.mend(least.mend) });
        }
    }
}

/// Returns the least architecture of a package, and the family that it is told once for.
fn least(package: &Package) -> Option<(&'static str, Least)> {
    let name: &str = package.name();
    let release = package.release()?;
    match name {
        "nvidia-cudnn-cu12" | "nvidia-cudnn-cu13" => Some(("cudnn", cudnn(name, &release)?)),
        "flash-attn" => {
            let source = &frameworks().libraries.flash_attn_rules.source;
            let because = "flash-attn is compiled for 8.0 and later alone".to_owned();
            (release.major() == 2).then(|| {
                ("flash-attn", Least { sm: 80, gravity: Gravity::Error, because, source, mend: String::new() })
            })
        }
        "vllm" => {
            let source = &frameworks().libraries.vllm_rules.source;
            let because = "vLLM asks for 7.0 at the least, and current releases for 7.5".to_owned();
            let local = package.local().is_none_or(|local| local.starts_with("cu"));
            local.then(|| ("vllm", Least { sm: 70, gravity: Gravity::Error, because, source, mend: String::new() }))
        }
        "xformers" => {
            let from = Dotted::parse("0.0.31")?;
            let because = "xformers dropped Volta and what is older with 0.0.31".to_owned();
            let mend = "pin xformers below 0.0.31, with its torch".to_owned();
            (release >= from).then(|| {
                (
                    "xformers",
                    Least {
                        sm: 75,
                        gravity: Gravity::Error,
                        because,
                        source: "facebookresearch/xformers CHANGELOG.md",
                        mend,
                    },
                )
            })
        }
        _ if name == "tensorrt" || name.starts_with("tensorrt-cu") => {
            let rows = frameworks().libraries.tensorrt.iter();
            let row = rows
                .filter(|row| row.version <= release && row.min_sm().is_some())
                .max_by(|a, b| a.version.cmp(&b.version))?;
            let sm = row.min_sm()?;
            let because =
                format!("TensorRT from {} on is for {} (NVIDIA/TensorRT#3826)", row.version, row.compute_capability);
            let mend = if sm > 70 {
                "pin TensorRT below 10.5 for 7.0, below 10.0 for what is older"
            } else {
                "pin TensorRT below 10.0"
            };
            Some((
                "tensorrt",
                Least { sm, gravity: Gravity::Error, because, source: &row.source, mend: mend.to_owned() },
            ))
        }
        _ => None,
    }
}

/// Returns the least architecture of a cuDNN: where exactly it rose within 9.11 to 9.15 is not known.
fn cudnn(name: &str, release: &Dotted) -> Option<Least> {
    let rows = &frameworks().libraries.cudnn;
    let (words, mend) = match name {
        "nvidia-cudnn-cu13" => ("for CUDA 13", ""),
        _ => (
            "later than",
            "pin nvidia-cudnn-cu12 to 9.10.2.21, the last one known to have it, where torch's pin allows it",
        ),
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
