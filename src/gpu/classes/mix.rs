//! Two CUDA majors in one environment: packages built for different ones, and wheels that overwrite one another.

use std::collections::{BTreeMap, BTreeSet};

use super::super::carriers::{rapids_major, suffix};
use super::super::facts::frameworks;
use super::super::{Answer, Carrier, Environment, Evidence, Gravity, Package, Stack, Verdict};
use super::held::{self, Held};

/// A package for one CUDA major, with all versions of it that are locked.
pub(super) struct Party<'s> {
    /// The first of them.
    pub(super) package: &'s Package,
    /// What that one carries.
    pub(super) carrier: &'s Carrier,
    /// The CUDA majors that they are for.
    pub(super) majors: BTreeSet<u32>,
}

/// Returns the party of a name; none where some of its versions are for no CUDA that is known.
pub(super) fn party<'s>(stack: &'s Stack, name: &str) -> Option<Party<'s>> {
    let mut majors = BTreeSet::new();
    for carrier in stack.carried(name).filter(|carrier| carrier.component.purl.ty() == "pypi") {
        majors.insert(carrier.cuda.major()?);
    }
    let carrier = stack.carried(name).find(|carrier| carrier.component.purl.ty() == "pypi")?;
    let package =
        stack.environment.packages.iter().find(|package| std::ptr::eq(package.component, carrier.component))?;
    Some(Party { package, carrier, majors })
}

/// Returns the packages that stand for a CUDA major, the one that others are held against first.
///
/// vLLM is compiled for its torch and tells nothing more; TensorFlow counts where it is asked for with its CUDA.
pub(super) fn parties(stack: &Stack) -> Vec<Party<'_>> {
    let carriers = stack.carriers.iter().filter(|carrier| !carrier.is_part() && carrier.component.purl.ty() == "pypi");
    let names: BTreeSet<&str> = carriers.map(|carrier| carrier.component.purl.name()).collect();
    let is_jax = |name: &&str| name.starts_with("jax-cuda");
    let is_other = |name: &&str| name.starts_with("tensorrt-cu") || rapids_major(name).is_some();
    let first = ["torch", "vllm"].into_iter().filter(|name| names.contains(name)).take(1);
    let tensorflow = names.contains("tensorflow") && brings_cuda(stack, "tensorflow");
    first
        .chain(names.iter().copied().filter(is_jax))
        .chain(tensorflow.then_some("tensorflow"))
        .chain(names.iter().copied().filter(is_other))
        .chain(names.contains("onnxruntime-gpu").then_some("onnxruntime-gpu"))
        .filter_map(|name| party(stack, name))
        .collect()
}

/// Says whether a framework's CUDA is locked with it: it is asked for with that extra, or requires the wheels.
pub(in crate::gpu) fn brings_cuda(stack: &Stack, name: &str) -> bool {
    let environment = &stack.environment;
    environment.python(name).any(|package| {
        package.extras.iter().any(|extra| extra.split(',').any(|extra| extra == "and-cuda"))
            || environment.near(package).iter().any(|part| part.purl.name().starts_with("nvidia-cud"))
    })
}

/// Returns the wheels of a CUDA major that hold cuBLAS, which all that computes needs.
pub(super) fn wheels(environment: &Environment, major: u32) -> Option<&Package> {
    let suffixed = format!("nvidia-cublas-cu{major}");
    environment.packages.iter().find(|package| {
        package.is("pypi", &suffixed)
            || (package.is("pypi", "nvidia-cublas")
                && package.release().is_some_and(|release| release.major() == major))
            || (package.is("pypi", "cuda-toolkit") && package.release().is_some_and(|release| release.major() == major))
    })
}

/// Tells packages for different CUDA majors in one environment.
pub(super) fn majors(stack: &Stack, answers: &mut Vec<Answer>) {
    let parties = parties(stack);
    let Some((anchor, others)) = parties.split_first() else { return };
    let mut told: BTreeSet<u32> = BTreeSet::new();
    // What is told of a package already says more.
    let is_about = |answer: &Answer, package: &Package| {
        answer.gravity == Gravity::Error
            && answer.about.component.is_some_and(|component| std::ptr::eq(component, package.component))
    };
    let others = others.iter().filter(|other| !answers.iter().any(|answer| is_about(answer, other.package)));
    let others: Vec<&Party<'_>> = others.collect();
    for other in others.into_iter().filter(|other| other.majors.is_disjoint(&anchor.majors)) {
        let is_own = other.package.name() == "onnxruntime-gpu";
        if !stack.environment.together(anchor.package, other.package) {
            continue;
        }
        let Some(major) = other.carrier.cuda.major() else { continue };
        // Wheels that overwrite one another are the graver half of the same cause.
        let is_told = answers.iter().any(|answer| answer.class == super::PATH_OVERWRITE);
        if !is_own && (is_told || !told.insert(major)) {
            continue;
        }
        answers.push(mixed(stack, anchor, other, major, is_own));
    }
}

fn mixed(stack: &Stack, anchor: &Party<'_>, other: &Party<'_>, major: u32, is_own: bool) -> Answer {
    let (environment, held) = (&stack.environment, held::held(&stack.environment));
    let message = format!(
        "{} is built for {}, and {} beside it for {}",
        other.package.shown(),
        other.carrier.cuda,
        anchor.package.shown(),
        anchor.carrier.cuda
    );
    let rules = &frameworks().libraries.onnxruntime_rules.source;
    let (gravity, verdict, link) = if !is_own {
        let text = "each brings its own CUDA, and one process then loads both: it works until one of them finds the other's library first".to_owned();
        (Gravity::Warning, Verdict::RunsIf, (text, ""))
    } else if let Some(wheel) = wheels(environment, major) {
        let text = format!(
            "it finds {}: that works where these are loaded before it, in a process that then has both majors",
            wheel.shown()
        );
        (Gravity::Warning, Verdict::RunsIf, (text, rules.as_str()))
    } else if let Some(image) = held.brings(major) {
        let text = format!("{image}, which it finds: that works as long as the image stays of that major");
        (Gravity::Warning, Verdict::RunsIf, (text, held::source()))
    } else if let Some(lacks) = held.lacks(major) {
        let text = format!("{lacks}, and no wheel of CUDA {major} is locked");
        (Gravity::Error, Verdict::FallsBackToCpu, (text, held::source()))
    } else {
        let text =
            format!("no wheel of CUDA {major} is locked: it falls back to the CPU unless the image has CUDA {major}");
        (Gravity::Warning, Verdict::FallsBackToCpu, (text, rules.as_str()))
    };
    let mut answer = Answer::new("MAJOR-MIX", verdict, gravity, Evidence::from(other.package), message)
        .because(&other.carrier.because, other.carrier.source)
        .because(&anchor.carrier.because, anchor.carrier.source)
        .because(link.0, link.1)
        .beside(anchor.package.into(), "what it stands beside");
    if is_own {
        answer = answer.because(
            "libraries of one CUDA major do not serve another",
            "microsoft/onnxruntime#22198, fudan-generative-vision/hallo#203",
        );
    }
    if verdict == Verdict::FallsBackToCpu {
        answer = answer.says(match major {
            11 => "libcublasLt.so.11: cannot open shared object file: No such file or directory",
            12 => "libcublasLt.so.12: cannot open shared object file: No such file or directory",
            13 => "libcublasLt.so.13: cannot open shared object file: No such file or directory",
            _ => "Failed to create CUDAExecutionProvider",
        });
    }
    if let Some(wanted) = anchor.carrier.cuda.major() {
        answer.advice.extend(fit(other.package.name(), wanted).map(|text| match other_cudnn(stack, wanted) {
            Some(wheel) if is_own => {
                format!("{text}: it needs cuDNN 9, so that {} and what is built with it must move too", wheel.shown())
            }
            _ => text,
        }));
    }
    answer
}

/// Returns the wheel of a cuDNN that is none for releases of onnxruntime-gpu for CUDA 12 and 13: those need cuDNN 9.
fn other_cudnn(stack: &Stack, major: u32) -> Option<&Package> {
    let wheel = stack.environment.the(&format!("nvidia-cudnn-cu{major}")).filter(|_| major >= 12)?;
    (wheel.release()?.major() < 9).then_some(wheel)
}

/// Returns the move that brings a package to a CUDA major, where the tables know one.
pub(super) fn fit(name: &str, major: u32) -> Option<String> {
    let frameworks = frameworks();
    if name == "onnxruntime-gpu" {
        let mut rows = frameworks.onnxruntime_gpu.iter().filter(|row| row.pypi_cuda.major() == major);
        let last = rows.next_back()?.versions.rsplit(' ').next().unwrap_or_default();
        return Some(format!("pin onnxruntime-gpu {last}, the newest for CUDA {major}"));
    }
    if name.starts_with("jax-cuda") {
        let has = frameworks.jax.iter().any(|row| row.cuda.split(' ').next() == Some(&major.to_string()));
        return has
            .then(|| format!("install jax[cuda{major}], which brings jax-cuda{major}-plugin, in place of {name}"));
    }
    if name.starts_with("cupy-cuda") {
        let package = format!("cupy-cuda{major}x");
        let has = frameworks.cupy.iter().any(|row| row.package == package);
        return has.then(|| format!("install {package} in place of {name}"));
    }
    let (stem, _) = suffix(name).filter(|(stem, _)| *stem == "tensorrt" || rapids_major(name).is_some())?;
    Some(format!("install {stem}-cu{major} in place of {name}"))
}

/// The parts whose wheels have one folder for all CUDA majors.
const SHARED: &[&str] = &["cudnn", "nccl", "cusparselt", "nvshmem"];

/// Tells wheels of one part for two CUDA majors: the last one installed wins.
pub(super) fn overwritten(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let mut pairs: Vec<(&str, &Package, &Package)> = Vec::new();
    for part in SHARED {
        let mut by_major: BTreeMap<u32, &Package> = BTreeMap::new();
        for package in environment.packages.iter().filter(|package| package.component.purl.ty() == "pypi") {
            let Some((stem, major)) = suffix(package.name()) else { continue };
            // A wheel of version 0.0.1 holds nothing but its name.
            let is_empty = package.release().is_none_or(|release| release.major() == 0 && release.minor() == 0);
            if stem.strip_prefix("nvidia-") == Some(part) && !is_empty {
                by_major.entry(major).or_insert(package);
            }
        }
        let all: Vec<&Package> = by_major.into_values().collect();
        let both = all.windows(2).find(|both| environment.together(both[0], both[1]));
        pairs.extend(both.map(|both| (*part, both[0], both[1])));
    }
    let Some((part, first, second)) = pairs.first().copied() else { return };
    let own = own_major(stack, &pairs);
    let older = own.and_then(|own| pairs.iter().find_map(|(_, a, b)| older(own, a, b)));
    // NCCL holds the runtime that it needs; the others look for the libraries of their own CUDA major.
    let bound = pairs.iter().find(|(part, ..)| *part != "nccl");
    let (verdict, gravity) = match (older, bound) {
        (None, None) => (Verdict::RunsIf, Gravity::Warning),
        _ => (Verdict::FailsAtStart, Gravity::Error),
    };
    let message = format!("{} and {} install into one folder", first.shown(), second.shown());
    let mut answer = Answer::new(
        super::PATH_OVERWRITE,
        verdict,
        gravity,
        Evidence::from(second),
        message,
    )
    .because(
        format!(
            "both put the same files into nvidia/{part}: the last one installed wins, and removing one breaks the other"
        ),
        "marin-community/marin#7344; NVIDIA/cuml PR#7304",
    )
    .beside(first.into(), "the other wheel for that folder");
    for (part, first, second) in &pairs[1..] {
        answer = answer.because(format!("so do {} and {}, into nvidia/{part}", first.shown(), second.shown()), "");
    }
    for package in [first, second] {
        let by = requirers(environment, package);
        if !by.is_empty() {
            answer = answer.because(format!("{} is required by {}", package.shown(), by.join(", ")), "");
        }
    }
    if let Some((own, other)) = older {
        let text = format!(
            "{} is the one that the framework here is built for, and {} is older: it fails where that one is installed last",
            own.shown(),
            other.shown()
        );
        answer = answer.because(text, "");
    } else if let Some((part, ..)) = bound {
        let text =
            format!("{part} is built for one CUDA major, and its files for the other find no libraries of theirs");
        answer = answer.because(text, "marin-community/marin#7344");
    } else {
        let text =
            "neither is known to be too old for what uses it: it works as long as the last one installed serves both";
        answer = answer.because(text, "");
    }
    let majors: Vec<u32> = [first, second].iter().filter_map(|package| Some(suffix(package.name())?.1)).collect();
    if let [low, high] = majors[..] {
        let of = |package: &Package, major: u32| {
            let by = environment.packages.iter().filter(|by| requires(by, package) && by.name() != "torch");
            by.filter_map(|by| moved(by, package, major).or_else(|| fit(by.name(), major))).collect::<Vec<_>>()
        };
        // The framework's own wheel stays, where it is known which that is.
        let to_high = of(first, high).into_iter().filter(|_| own != Some(low));
        let to_low = of(second, low).into_iter().filter(|_| own != Some(high));
        answer.advice.extend(to_high.chain(to_low));
        let which = own.map_or_else(|| format!("{low} or {high}"), |own| format!("{own}, the framework's"));
        answer.advice.push(format!("keep one CUDA major in the environment, {which}: then one of the wheels goes"));
    }
    answers.push(answer);
}

/// Returns the CUDA major of the framework that the others are held against: torch's by the wheels that it requires.
fn own_major(stack: &Stack, pairs: &[(&str, &Package, &Package)]) -> Option<u32> {
    let torch = stack.environment.the("torch");
    let required = torch.and_then(|torch| {
        let both = pairs.iter().flat_map(|(_, first, second)| [*first, *second]);
        both.into_iter().find(|package| requires(torch, package)).and_then(|package| Some(suffix(package.name())?.1))
    });
    required.or_else(|| {
        let parties = parties(stack);
        let mut majors = parties.first()?.majors.iter().copied();
        let first = majors.next()?;
        majors.next().is_none().then_some(first)
    })
}

/// Returns the framework's wheel and the other one, where the other one is older.
fn older<'p>(own: u32, first: &'p Package, second: &'p Package) -> Option<(&'p Package, &'p Package)> {
    let is_own = |package: &Package| suffix(package.name()).is_some_and(|(_, major)| major == own);
    let (own, other) = if is_own(first) { (first, second) } else { (second, first) };
    (is_own(own) && other.release()? < own.release()?).then_some((own, other))
}

/// Returns the release of a package that asks for the wheels of a CUDA major in place of those it asks for.
fn moved(by: &Package, wheel: &Package, major: u32) -> Option<String> {
    let row = frameworks().wheel_move.iter().find(|row| row.package == by.name() && row.cuda_major == major)?;
    let (stem, _) = suffix(wheel.name())?;
    let is_later = by.release().is_some_and(|release| release < row.version);
    (is_later && suffix(&row.requires).is_some_and(|(other, _)| other == stem))
        .then(|| format!("pin {} {} or later, which requires {}", row.package, row.version, row.requires))
}

fn requires(by: &Package, package: &Package) -> bool {
    by.requires.iter().any(|part| std::ptr::eq(*part, package.component))
}

/// Names who requires a package, the first few.
pub(super) fn requirers(environment: &Environment, package: &Package) -> Vec<String> {
    environment.packages.iter().filter(|by| requires(by, package)).map(Package::shown).take(4).collect()
}

/// Returns why a package for a CUDA major finds no libraries; none where it does, or where that is not known.
pub(super) fn no_libraries(stack: &Stack, held: &Held, major: u32) -> Option<String> {
    if wheels(&stack.environment, major).is_some() {
        return None;
    }
    held.lacks(major)
}
