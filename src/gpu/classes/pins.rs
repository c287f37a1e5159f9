//! Parts that torch pins, locked at other versions.
//!
//! The pins of a release are those of its build on PyPI for Linux; other builds have others. So nothing is said of a torch
//! that names its build, or where the locked parts as a whole are those of another toolkit. triton is told by its own class.

use std::collections::BTreeMap;

use pep440_rs::Version;

use super::super::carriers::Variant;
use super::super::facts::{self, Pin, TorchPins, frameworks};
use super::super::python;
use super::super::{Answer, Evidence, Gravity, Package, Stack, Verdict};
use super::pairs::released;
use crate::model::Origin;

const PIN_DRIFT: &str = "PIN-DRIFT";

/// Parts that are no part of a toolkit's release, and tell nothing of which one it is.
const APART: &[&str] = &["cuda-bindings", "nvidia-cudnn", "nvidia-cusparselt", "nvidia-nccl", "nvidia-nvshmem"];

/// Tells of the parts that are locked at another version than torch asks for.
pub(super) fn drift(stack: &Stack, answers: &mut Vec<Answer>) {
    // Of several torches each has its own parts, and which of these is whose is not for this room to say.
    let Some(torch) = stack.environment.the("torch") else { return };
    let is_default = torch.local().is_none()
        && Variant::named(torch.component).is_none()
        && !matches!(torch.component.origin, Origin::Url(_));
    let Some(release) = released(torch).filter(|_| is_default) else { return };
    let Some(row) = frameworks().pins_of(&release) else { return };
    let asks = asks(stack, torch, row);
    let toolkit = locked_toolkit(stack, row);
    let mut told = Vec::new();
    let (mut parts, mut moved) = (0, 0);
    for (name, pin) in &asks {
        let locked: Vec<(&Package, Version)> = stack
            .environment
            .python(name)
            .filter_map(|package| Some((package, python::version(package.version())?)))
            .collect();
        let Some((package, version)) = locked.first() else { continue };
        let is_part = !APART.iter().any(|apart| name.starts_with(apart));
        parts += u32::from(is_part);
        let fits =
            |version: &Version| pin.asked.allows(version) || (pin.toolkit.is_some() && toolkit.allows(name, version));
        if locked.iter().any(|(_, version)| fits(version)) {
            continue;
        }
        moved += u32::from(is_part);
        told.push(answer(&release, torch, (name, pin), (package, version)));
    }
    // Where most parts are of another toolkit, so is this torch: a build of another index whose local version was lost.
    if moved * 2 <= parts {
        answers.extend(told);
    }
}

/// Returns what a torch asks of its parts, but for those that the lock says it has from elsewhere.
fn asks(stack: &Stack, torch: &Package, row: &'static TorchPins) -> BTreeMap<&'static str, Pin> {
    let mut asks = row.asks();
    asks.remove("triton");
    let near = stack.environment.near(torch);
    if !near.is_empty() {
        let own: Vec<&str> = near.iter().chain(&torch.requires).map(|component| component.purl.name()).collect();
        asks.retain(|name, _| own.contains(name));
    } else if !torch.requires.is_empty() {
        asks.clear();
    }
    asks
}

/// The toolkit that is locked, where it is another than torch asks for: its parts follow it, and only it is told.
enum Toolkit {
    AsAsked,
    /// With what it pins.
    Other(Vec<(&'static str, Pin)>),
    /// One that the tables do not have: nothing is known of its parts.
    NotKnown,
}

impl Toolkit {
    fn allows(&self, name: &str, version: &Version) -> bool {
        match self {
            Toolkit::AsAsked => false,
            Toolkit::Other(pins) => pins.iter().any(|(other, pin)| *other == name && pin.asked.allows(version)),
            Toolkit::NotKnown => true,
        }
    }
}

fn locked_toolkit(stack: &Stack, row: &'static TorchPins) -> Toolkit {
    let Some(asked) = row.pins.get("cuda-toolkit") else { return Toolkit::AsAsked };
    let Some(package) = stack.environment.the("cuda-toolkit") else { return Toolkit::AsAsked };
    match python::version(package.version()) {
        Some(version) if asked.allows(&version) => Toolkit::AsAsked,
        _ => facts::wheels(package.version(), row.extras()).map_or(Toolkit::NotKnown, Toolkit::Other),
    }
}

fn answer(release: &Version, torch: &Package, (name, pin): (&str, &Pin), locked: (&Package, &Version)) -> Answer {
    let (package, version) = locked;
    let asker = match pin.toolkit {
        Some(toolkit) => format!("cuda-toolkit {toolkit}, which torch {release} asks for,"),
        None => format!("torch {release}"),
    };
    let lower = pin.asked.least().filter(|least| version < *least);
    let is_older = lower.is_some();
    let how = if is_older { "older" } else { "newer" };
    let is_cudnn = name.starts_with("nvidia-cudnn");
    let major = |version: &Version| version.release().first().copied();
    let other_cudnn = is_cudnn && pin.asked.least().is_some_and(|least| major(least) != major(version));
    let (gravity, verdict) = match name {
        _ if other_cudnn => (Gravity::Error, Verdict::FailsAtStart),
        _ if name.starts_with("nvidia-nccl") && is_older => (Gravity::Error, Verdict::FailsAtStart),
        _ => (Gravity::Warning, Verdict::RunsIf),
    };
    let message = match pin.asked.exact() {
        Some(exact) if other_cudnn => {
            format!(
                "{} is of another major version than the {exact} that torch {release} is built with",
                package.shown()
            )
        }
        Some(exact) => format!("{} is {how} than the {exact} that torch {release} is built with", package.shown()),
        None => format!("{} is outside of what torch {release} takes: {}", package.shown(), pin.asked),
    };
    let mut answer = Answer::new(PIN_DRIFT, verdict, gravity, Evidence::from(package), message)
        .because(format!("{asker} asks for {name} {}", pin.asked), pin.source)
        .because(
            format!("{} names no build, so it is that of PyPI, and these pins are its own", torch.shown()),
            &frameworks().torch_rules.source,
        );
    answer = match (verdict, is_cudnn) {
        (Verdict::FailsAtStart, true) => {
            let wants = pin.asked.least().and_then(major).unwrap_or_default();
            let says = match wants {
                8 => "libcudnn.so.8: cannot open shared object file",
                _ => "libcudnn.so.9: cannot open shared object file",
            };
            answer
                .because(format!("torch loads libcudnn.so.{wants}, and this wheel brings another major version"), CUDNN)
                .says(says)
        }
        (Verdict::FailsAtStart, false) => answer
            .because("torch uses functions of the NCCL that it was built with, and an older one lacks them", NCCL)
            .says("undefined symbol: ncclCommRegister"),
        _ => answer.because(
            "torch is tested with its pins alone, and still reports the versions that it was built with",
            "verl-project/verl PR#6621",
        ),
    };
    answer = answer.beside(Evidence::from(torch), "the torch that asks for it");
    answer = match pin.asked.exact() {
        Some(exact) => answer.mend(format!("pin {name} {exact}, or leave it to torch")),
        None => answer.mend(format!("take a {name} {}, or leave it to torch", pin.asked)),
    };
    let others = frameworks()
        .torch_pins
        .iter()
        .filter(|row| row.asks().get(name).is_some_and(|pin| pin.asked.exact().is_some() && pin.asked.allows(version)));
    if let Some(row) = others.max_by(|a, b| a.version.cmp(&b.version)).filter(|_| pin.toolkit.is_none()) {
        answer = answer.mend(format!("or pin torch {}, the newest that asks for {name} {version}", row.version));
    }
    match gravity {
        Gravity::Error => answer,
        _ => answer.mend(format!("where it is meant, let it through: torch-pin-drift = {{ allow = [\"{name}\"] }}")),
    }
}

const CUDNN: &str = "bmaltais/kohya_ss#2787";
const NCCL: &str = "pytorch/pytorch#119072, #119932";
