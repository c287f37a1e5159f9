//! TensorFlow and JAX with other CUDA parts, or other parts of their own, than they were built with.

use std::collections::BTreeMap;

use pep440_rs::Version;

use super::super::facts::{TensorFlowPins, frameworks};
use super::super::python::{self, Asked};
use super::super::{Answer, Evidence, Gravity, Package, Stack, Stage, Target, Verdict};
use super::pairs::{minor, released};
use crate::model::Component;

const TF_BUILD: &str = "TF-BUILD";
const JAX_PLUGIN: &str = "JAX-PLUGIN";

/// What TensorFlow and JAX say of a cuDNN that does not do.
const CUDNN_SAYS: &str = "CuDNN library needs to have matching major version and equal or higher minor version";

/// Tells of a TensorFlow whose CUDA parts are not those of its tested build.
pub(super) fn tensorflow(stack: &Stack, answers: &mut Vec<Answer>) {
    let Some(tensorflow) = stack.environment.the("tensorflow") else { return };
    let Some(version) = python::version(tensorflow.version()).filter(|version| !version.any_prerelease()) else {
        return;
    };
    if tensorflow.local().is_some() {
        return;
    }
    let Some(row) = frameworks().tensorflow_pins.iter().find(|row| row.version == version) else { return };
    let asks = asks(row);
    if !brings_cuda(stack, tensorflow, &asks) {
        return;
    }
    let mut other = Vec::new();
    for (name, asked) in asks {
        let Some((package, found)) = misfit(stack, name, asked) else { continue };
        if name.starts_with("nvidia-cudnn") && is_cudnn_too_old(asked, &found) {
            answers.push(cudnn(tensorflow, row, (package, &found), asked));
        } else {
            other.push((package, asked));
        }
    }
    let Some((first, _)) = other.first() else { return };
    let listed: Vec<String> = other.iter().map(|(package, asked)| format!("{} for {asked}", package.shown())).collect();
    let message = match other.len() {
        1 => format!(
            "{} is built with {} {}, and {} is locked",
            tensorflow.shown(),
            first.name(),
            other[0].1,
            first.shown()
        ),
        count => {
            format!("{} is built with another CUDA than is locked: {count} of its parts differ", tensorflow.shown())
        }
    };
    let mut answer = Answer::new(TF_BUILD, Verdict::RunsIf, Gravity::Warning, Evidence::from(tensorflow), message)
        .because(format!("tensorflow[and-cuda] {version} asks for other versions: {}", listed.join(", ")), &row.source)
        .because("TensorFlow is tested with one CUDA and cuDNN a release; another may run, and is not tested", TESTED);
    for (package, _) in &other {
        answer = answer.beside(Evidence::from(*package), "locked here");
    }
    let pins: Vec<String> = other.iter().map(|(package, asked)| format!("{} {asked}", package.name())).collect();
    answers.push(answer.mend(format!("lock what it asks for: {}", pins.join(", "))));
}

const TESTED: &str = "tensorflow/docs site/en/install/source.md tested build configurations";

fn asks(row: &'static TensorFlowPins) -> BTreeMap<&'static str, &'static Asked> {
    let all = row.pins.iter().chain(&row.ranges);
    all.filter(|(name, _)| name.starts_with("nvidia-")).map(|(name, asked)| (name.as_str(), asked)).collect()
}

/// Says whether a TensorFlow is locked with its extra for CUDA. Without it, it takes the CUDA of its image.
fn brings_cuda(stack: &Stack, tensorflow: &Package, asks: &BTreeMap<&'static str, &'static Asked>) -> bool {
    let is_part = |component: &&Component| asks.contains_key(component.purl.name());
    if tensorflow.extras.contains(&"and-cuda")
        || tensorflow.requires.iter().copied().any(|component| is_part(&component))
    {
        return true;
    }
    // A list that does not say who requires what: all the parts are there, and nothing else that would bring them.
    let says = stack.environment.packages.iter().any(|package| !package.requires.is_empty());
    let carries_its_own = |package: &&Package| {
        let name = package.name();
        matches!(name, "torch" | "vllm" | "onnxruntime-gpu") || name.starts_with("jax-cuda") || name.starts_with("cupy")
    };
    !says
        && !stack.environment.packages.iter().any(|package| carries_its_own(&package))
        && asks.keys().all(|name| stack.environment.python(name).next().is_some())
}

/// Returns a locked package, with its version, where no locked version is what is asked for.
fn misfit<'s>(stack: &'s Stack, name: &str, asked: &Asked) -> Option<(&'s Package, Version)> {
    let mut locked = Vec::new();
    for package in stack.environment.python(name) {
        let version = python::version(package.version())?;
        if asked.allows(&version) {
            return None;
        }
        locked.push((package, version));
    }
    locked.into_iter().next()
}

/// Says whether a cuDNN is of another major version, or of an earlier minor one: later ones of the major do.
fn is_cudnn_too_old(asked: &Asked, found: &Version) -> bool {
    let Some(built) = asked.least() else { return false };
    let first = |version: &Version, index: usize| version.release().get(index).copied().unwrap_or(0);
    first(built, 0) != first(found, 0) || first(found, 1) < first(built, 1)
}

fn cudnn(tensorflow: &Package, row: &'static TensorFlowPins, found: (&Package, &Version), asked: &Asked) -> Answer {
    let (package, version) = found;
    let built = asked.least().map_or_else(|| asked.to_string(), Version::to_string);
    let message =
        format!("{} does not do for {}, which is built with cuDNN {built}", package.shown(), tensorflow.shown());
    Answer::new(TF_BUILD, Verdict::FailsAtStart, Gravity::Error, Evidence::from(package), message)
        .because(format!("tensorflow[and-cuda] {} asks for {} {asked}", row.version, package.name()), &row.source)
        .because(
            format!("the loaded cuDNN must have the same major version and no lower minor one, and {version} has not"),
            "tensorflow/tensorflow#60913",
        )
        .beside(Evidence::from(tensorflow), "the TensorFlow that asks for it")
        .says(CUDNN_SAYS)
        .mend(format!("lock {} {asked}", package.name()))
}

/// Tells of a JAX whose plugin is of another release, or whose CUDA parts are older than the plugin takes.
pub(super) fn jax(stack: &Stack, answers: &mut Vec<Answer>) {
    for major in ["12", "13"] {
        let plugin_name = format!("jax-cuda{major}-plugin");
        let Some(plugin) = stack.environment.the(&plugin_name) else { continue };
        let Some(version) = released(plugin) else { continue };
        if let Some(pjrt) = stack.environment.the(&format!("jax-cuda{major}-pjrt"))
            && let Some(found) = released(pjrt)
            && found != version
        {
            answers.push(other_pjrt((plugin, &version), (pjrt, &found)));
        }
        if let Some(jaxlib) = stack.environment.the("jaxlib")
            && let Some(found) = released(jaxlib)
            && three(&found) != three(&version)
        {
            answers.push(other_jaxlib((plugin, &version), (jaxlib, &found)));
        }
        floors(stack, (plugin, &version), answers);
    }
    both_plugins(stack, answers);
}

/// Returns the release of a version: its first three numbers. A fourth one is a rebuild of the plugin.
fn three(version: &Version) -> [u64; 3] {
    let at = |index: usize| version.release().get(index).copied().unwrap_or(0);
    [at(0), at(1), at(2)]
}

fn other_pjrt(plugin: (&Package, &Version), pjrt: (&Package, &Version)) -> Answer {
    let (plugin, version) = plugin;
    let (pjrt, _) = pjrt;
    let message = format!("{} and {} are of different releases", pjrt.shown(), plugin.shown());
    Answer::new(JAX_PLUGIN, Verdict::FailsAtStart, Gravity::Error, Evidence::from(pjrt), message)
        .because(
            format!("{} asks for {} of exactly its own version, {version}", plugin.name(), pjrt.name()),
            &frameworks().jax_rules.source,
        )
        .beside(Evidence::from(plugin), "the plugin")
        .says("Mismatched PJRT plugin PJRT API version")
        .mend(format!("pin {} {version}", pjrt.name()))
}

fn other_jaxlib(plugin: (&Package, &Version), jaxlib: (&Package, &Version)) -> Answer {
    let (plugin, version) = plugin;
    let (jaxlib, found) = jaxlib;
    let message = format!("{} is of another release than {}", plugin.shown(), jaxlib.shown());
    // jaxlib loads the plugin, so its age says what becomes of it.
    let (verdict, becomes, says) = match minor(found) >= (0, 5) {
        true => (
            Verdict::FallsBackToCpu,
            "jaxlib warns of such a plugin, leaves it out, and computes on the CPU",
            "is installed, but it is not compatible with the installed jaxlib version",
        ),
        false => (
            Verdict::FailsAtStart,
            "jaxlib refuses such a plugin, or crashes at the first array",
            "Mismatched PJRT plugin PJRT API version",
        ),
    };
    Answer::new(JAX_PLUGIN, verdict, Gravity::Error, Evidence::from(plugin), message)
        .because(
            format!("plugin and jaxlib must share the first three numbers, and {version} and {found} do not"),
            &frameworks().jax_rules.source,
        )
        .because(becomes, "jax-ml/jax#24901, #22416; jaxlib plugin_support.py")
        .beside(Evidence::from(jaxlib), "the jaxlib beside it")
        .says(says)
        .mend(format!("pin jax and jaxlib {}, or {} for jaxlib {found}", of_three(version), plugin.name()))
}

fn of_three(version: &Version) -> String {
    three(version).map(|number| number.to_string()).join(".")
}

fn floors(stack: &Stack, plugin: (&Package, &Version), answers: &mut Vec<Answer>) {
    let (plugin, version) = plugin;
    let rows = || frameworks().jax_plugin.iter().filter(|row| row.package == plugin.name());
    // Rows hold until the next one; what a plugin beyond the last one asks for is not known.
    let below = rows().filter(|row| row.version <= *version).max_by(|a, b| a.version.cmp(&b.version));
    let Some(row) = below.filter(|_| rows().any(|row| row.version >= *version)) else { return };
    for (name, asked) in row.requires.iter().filter(|(name, _)| name.starts_with("nvidia-")) {
        let Some((package, found)) = misfit(stack, name, asked) else { continue };
        let is_old = asked.least().is_some_and(|least| found < *least);
        let is_checked = name.starts_with("nvidia-cudnn") || name.starts_with("nvidia-nccl");
        let (gravity, verdict) = match is_old && is_checked {
            true => (Gravity::Error, Verdict::FailsAtStart),
            false => (Gravity::Warning, Verdict::RunsIf),
        };
        let how = if is_old { "older" } else { "newer" };
        let message = format!("{} is {how} than {} takes: {asked}", package.shown(), plugin.shown());
        let mut answer = Answer::new(JAX_PLUGIN, verdict, gravity, Evidence::from(package), message)
            .because(format!("{} {version} asks for {name} {asked}", plugin.name()), &row.source)
            .because(
                "at start JAX compares the libraries it has loaded with those it was built against, and refuses older ones",
                &frameworks().jax_rules.source,
            )
            .beside(Evidence::from(plugin), "the plugin that asks for it");
        if name.starts_with("nvidia-cudnn") {
            answer = answer.says(CUDNN_SAYS);
        }
        answers.push(answer.mend(format!("lock {name} {asked}")));
    }
}

/// Tells of plugins for two CUDA majors, where the list that holds them is installed as a whole.
fn both_plugins(stack: &Stack, answers: &mut Vec<Answer>) {
    let the = |name: &str| stack.environment.the(name);
    let (Some(old), Some(new)) = (the("jax-cuda12-plugin"), the("jax-cuda13-plugin")) else { return };
    // Other locks hold what any extra or group of the project may ask for, and one of the two is installed.
    let is_list = |package: &Package| package.installed || package.subject.ends_with(".txt");
    if !is_list(old) || !is_list(new) {
        return;
    }
    let message = format!("{} and {} are both locked: JAX takes one CUDA a process", old.shown(), new.shown());
    answers.push(
        Answer::new(JAX_PLUGIN, Verdict::RunsIf, Gravity::Warning, Evidence::from(old), message)
            .because("plugins for both majors register the same backend, cuda", &frameworks().jax_rules.source)
            .beside(Evidence::from(new), "the other plugin")
            .mend("keep the one for the CUDA that your drivers run: jax[cuda12] or jax[cuda13], not both"),
    );
}

/// Tells of TensorFlow without its CUDA wheels, that it uses the CPU where the image has no libraries either. That is as it was
/// meant for many a service: it is said, and no finding.
pub(super) fn tensorflow_on(stack: &Stack, _: &Target, answers: &mut Vec<Answer>) {
    const SOURCE: &str = "tensorflow/tensorflow#63362";
    let Some(package) = stack.environment.the("tensorflow") else { return };
    let has_cuda = stack.carried("tensorflow").any(|carrier| carrier.cuda.major().is_some());
    let is_told = answers.iter().any(|answer| {
        answer.about.component.is_some_and(|about| std::ptr::eq(about, package.component))
            && answer.class == "DRV-FLOOR"
    });
    if !has_cuda || is_told || super::brings_cuda(stack, "tensorflow") {
        return;
    }
    let (verdict, text) = match stack.environment.image().and_then(Stage::libraries) {
        Some(known) if known.value => return,
        Some(known) => (Verdict::FallsBackToCpu, known.because),
        None => (
            Verdict::RunsIf,
            "not known: whether the image has CUDA's libraries; without them it runs on the CPU".to_owned(),
        ),
    };
    let what = if verdict == Verdict::RunsIf { "runs on a condition" } else { "runs on the CPU" };
    answers.push(
        Answer::new("TF-BUILD", verdict, Gravity::Info, package.into(), format!("{} {what}", package.shown()))
            .because("it is asked for without its extra and-cuda, and brings no CUDA by itself", SOURCE)
            .because(text, "")
            .mend("ask for tensorflow[and-cuda] where it is to use the GPU"),
    );
}
