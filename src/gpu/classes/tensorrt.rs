//! TensorRT in several versions: an engine runs only on the very version that built it.

use std::collections::BTreeSet;

use super::super::facts::frameworks;
use super::super::version::Dotted;
use super::super::{Answer, Evidence, Gravity, Install, Package, Stack, Stage, Verdict};

const CLASS: &str = "TRT-ENGINE";

/// What stands in a command that builds an engine for more than its own version.
const COMPATIBLE: &[&str] =
    &["versioncompatible", "version_compatible", "hardwarecompatibilitylevel", "hardware_compatibility_level"];

/// Tells TensorRT in several versions, in one environment or between the stages of an image.
pub(super) fn engine(stack: &Stack, answers: &mut Vec<Answer>) {
    if parts(stack, answers) {
        return;
    }
    stages(stack, answers);
}

fn is_wheel(name: &str) -> bool {
    let rest = name.strip_prefix("tensorrt").map(|rest| rest.trim_end_matches("-libs").trim_end_matches("-bindings"));
    rest.is_some_and(|rest| rest.is_empty() || matches!(rest, "-cu11" | "-cu12" | "-cu13"))
}

/// Tells wheels of one TensorRT that are of different versions.
fn parts(stack: &Stack, answers: &mut Vec<Answer>) -> bool {
    let environment = &stack.environment;
    let wheels: Vec<(&Package, Dotted)> = environment
        .packages
        .iter()
        .filter(|package| package.component.purl.ty() == "pypi" && is_wheel(package.name()) && !package.installed)
        .filter_map(|package| Some((package, package.release()?)))
        .collect();
    // Several versions of one name are alternatives.
    let names: BTreeSet<&str> = wheels.iter().map(|(package, _)| package.name()).collect();
    if names.len() < wheels.len() {
        return false;
    }
    let Some((first, version)) = wheels.first() else { return false };
    let differs = |(package, own): &&(&Package, Dotted)| !is_same(own, version) && environment.together(first, package);
    let Some((other, _)) = wheels[1..].iter().find(differs) else { return false };
    let message = format!("{} and {} are parts of different TensorRTs", other.shown(), first.shown());
    let answer = Answer::new(CLASS, Verdict::FailsAtStart, Gravity::Error, Evidence::from(*other), message)
        .because(
            "TensorRT's package, its libraries and its bindings must be of one version",
            &frameworks().libraries.tensorrt_rules.source,
        )
        .because("an engine is tied to the version of the libraries that built it", "NVIDIA/TensorRT#3071")
        .beside((*first).into(), "the part of the other version")
        .mend(format!("pin {} to {version}, as {} is", other.name(), first.name()));
    answers.push(answer);
    true
}

/// Says whether two versions are of one TensorRT, as far as both are written.
fn is_same(one: &Dotted, other: &Dotted) -> bool {
    let parts = one.parts().min(other.parts());
    one.first_parts(parts) == other.first_parts(parts)
}

/// A TensorRT somewhere in the build.
struct Found {
    shown: String,
    version: Dotted,
    about: Evidence,
    /// Whether it is there when the image runs.
    runs: bool,
}

/// Tells a stage that builds with another TensorRT than the one that runs has, and two in the one that runs.
fn stages(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let commands = || environment.stages.iter().flat_map(|stage| &stage.commands);
    let lower = |text: &str| text.to_ascii_lowercase();
    if commands().any(|command| COMPATIBLE.iter().any(|flag| lower(command.value).contains(flag))) {
        return;
    }
    let mut found: Vec<Found> = Vec::new();
    for package in
        environment.packages.iter().filter(|package| package.component.purl.ty() == "pypi" && is_wheel(package.name()))
    {
        // Several locked versions are alternatives.
        let Some(version) = environment.the(package.name()).and_then(Package::release) else { return };
        found.push(Found { shown: package.shown(), version, about: package.into(), runs: true });
    }
    for stage in &environment.stages {
        found.extend(stage.installs.iter().filter_map(|install| installed(stage, install)));
    }
    let runs = || found.iter().filter(|found| found.runs);
    let Some(first) = runs().next() else { return };
    let Some(other) = found.iter().find(|other| !is_same(&other.version, &first.version)) else { return };
    // What a stage builds with and then hands on is TensorRT's only if it is there for that.
    let builds = commands().any(|command| lower(command.value).contains("trtexec"));
    let (gravity, verdict) = match other.runs || !builds {
        true => (Gravity::Warning, Verdict::RunsIf),
        false => (Gravity::Error, Verdict::FailsAtStart),
    };
    let message = match other.runs {
        true => format!("{} and {} are in one image", other.shown, first.shown),
        false => format!("the build has {}, and what runs has {}", other.shown, first.shown),
    };
    let answer = Answer::new(CLASS, verdict, gravity, first.about, message)
        .because(
            "an engine runs only on the very TensorRT that built it, unless it was built with a compatibility flag",
            &frameworks().libraries.tensorrt_rules.source,
        )
        .because(format!("{} is not {}", other.version, first.version), "NVIDIA/TensorRT#3071, pytorch/TensorRT#1059")
        .beside(other.about, "the other TensorRT")
        .says("The engine plan file is not compatible with this version of TensorRT")
        .mend(format!("bring both to one version: {} or {}", first.version, other.version));
    answers.push(answer);
}

/// Reads a TensorRT that a command installs at an exact version: `libnvinfer10=10.3.0.26-1+cuda12.5`, `tensorrt==10.3.0`.
fn installed(stage: &Stage, install: &Install) -> Option<Found> {
    let is_it = match install.manager {
        "pip" | "uv" => is_wheel(install.name),
        "apt" | "yum" | "dnf" => {
            let digits = install.name.strip_prefix("libnvinfer").unwrap_or("-");
            install.name == "tensorrt"
                || install.name == "tensorrt-libs"
                || digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    };
    let exact = install
        .constraint
        .strip_prefix("===")
        .or(install.constraint.strip_prefix("=="))
        .or(install.constraint.strip_prefix('='))?;
    let end = exact.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(exact.len());
    let version = Dotted::parse(exact[..end].trim_end_matches('.')).filter(|version| is_it && version.parts() >= 3)?;
    let about = Evidence { component: None, subject: stage.subject, place: install.place };
    Some(Found { shown: format!("{} {exact} ({})", install.name, install.manager), version, about, runs: stage.runs })
}
