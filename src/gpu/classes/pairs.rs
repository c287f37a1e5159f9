//! Packages that are built for one release of torch: torchvision and torchaudio, xformers, vLLM, triton.
//!
//! Several locked releases of one name are alternatives of one lock: a pair is told only where no combination fits. A
//! release that is none of the project's own (a nightly, a rebuild, a build from sources) is not held against tables.

use pep440_rs::Version;

use super::super::carriers::Variant;
use super::super::facts::{self, TorchPair, frameworks};
use super::super::python;
use super::super::{Answer, Evidence, Gravity, Package, Stack, Verdict};
use crate::model::Origin;

const XF_PAIR: &str = "XF-PAIR";
const VLLM_VARIANT: &str = "VLLM-VARIANT";
const TRITON_PIN: &str = "TRITON-PIN";

/// What a user sees of xformers, vLLM and triton beside another torch.
const XFORMERS_SAYS: &str = "xFormers can't load C++/CUDA extensions. xFormers was built for";
const VLLM_SAYS: &str = "vllm/_C.abi3.so: undefined symbol";
const TRITON_SAYS: &str = "cannot import name 'triton_key' from 'triton.compiler.compiler'";

/// How a package stands to a torch.
pub(super) enum Fit {
    /// It is built for it.
    Yes,
    /// It is not; the answer says why.
    No(Box<Answer>),
    /// A fact is missing.
    Unknown,
}

/// Tells of the packages of a name where none of them fits any torch of the environment.
pub(super) fn beside_torch(
    stack: &Stack,
    name: &str,
    fit: impl Fn(&Package, &Package) -> Fit,
    answers: &mut Vec<Answer>,
) {
    let torches: Vec<&Package> = stack.environment.python("torch").collect();
    let mut first = None;
    for other in stack.environment.python(name) {
        for torch in &torches {
            match fit(torch, other) {
                Fit::No(answer) => {
                    let answer = answer.beside(Evidence::from(*torch), "the torch beside it");
                    first.get_or_insert(answer);
                }
                Fit::Yes | Fit::Unknown => return,
            }
        }
    }
    answers.extend(first);
}

/// Returns the version of a package that is a release of its project's, without local part; none of others, and of what
/// is built from sources.
pub(super) fn released(package: &Package) -> Option<Version> {
    if matches!(package.component.origin, Origin::Git { .. } | Origin::Path(_)) {
        return None;
    }
    python::release(package.version()).map(Version::without_local)
}

/// Returns the first two numbers of a version.
pub(super) fn minor(version: &Version) -> (u64, u64) {
    let at = |index: usize| version.release().get(index).copied().unwrap_or(0);
    (at(0), at(1))
}

/// Tells of xformers that is built for another torch.
pub(super) fn xformers(stack: &Stack, answers: &mut Vec<Answer>) {
    beside_torch(stack, "xformers", xformers_fit, answers);
}

fn xformers_fit(torch: &Package, xformers: &Package) -> Fit {
    let (Some(installed), Some(version)) = (released(torch), python::version(xformers.version())) else {
        return Fit::Unknown;
    };
    let version = version.without_local();
    let Some(row) = frameworks().xformers.iter().find(|row| row.version == version) else { return Fit::Unknown };
    let asked = row.runs_with.as_ref().unwrap_or(&row.torch);
    if asked.allows(&installed) {
        return Fit::Yes;
    }
    if matches!(xformers.component.origin, Origin::Git { .. } | Origin::Path(_)) {
        return Fit::Unknown;
    }
    let (rule, source) = match asked.exact() {
        Some(_) => ("before 0.0.34 its extensions load with the very torch they were compiled against", EXACT_XFORMERS),
        None => (
            "from 0.0.34 on it is built on torch's stable interface, parts of which an earlier torch lacks",
            STABLE_XFORMERS,
        ),
    };
    let message = format!("{} is built for torch {asked}, and {} is beside it", xformers.shown(), torch.shown());
    let mut answer = Answer::new(XF_PAIR, Verdict::FailsAtKernel, Gravity::Error, Evidence::from(xformers), message)
        .because(format!("the wheel of xformers {version} asks for torch {}", row.torch), &row.source)
        .because(rule, source)
        .says(XFORMERS_SAYS);
    let for_torch = frameworks().xformers.iter().filter(|row| row.torch.allows(&installed));
    if let Some(row) = for_torch.max_by(|a, b| a.version.cmp(&b.version)) {
        answer = answer.mend(format!("pin xformers {}, which is built for torch {installed}", row.version));
    }
    Fit::No(Box::new(answer.mend(pin_torch(asked))))
}

const EXACT_XFORMERS: &str = "Comfy-Org/ComfyUI#5246";
const STABLE_XFORMERS: &str = "facebookresearch/xformers CHANGELOG.md";

/// Returns the advice to take the torch that a package asks for.
fn pin_torch(asked: &python::Asked) -> String {
    match asked.exact() {
        Some(version) => format!("or pin torch {version}"),
        None => format!("or take torch {asked}"),
    }
}

/// Tells of vLLM beside another torch than it is compiled against. What its CUDA asks of the driver is told of the driver.
pub(super) fn vllm(stack: &Stack, answers: &mut Vec<Answer>) {
    beside_torch(stack, "vllm", |torch, vllm| vllm_fit(stack, torch, vllm), answers);
}

fn vllm_fit(stack: &Stack, torch: &Package, vllm: &Package) -> Fit {
    let version = python::version(vllm.version()).filter(|version| !version.any_prerelease());
    let (Some(installed), Some(version)) = (released(torch), version) else { return Fit::Unknown };
    let is_built_elsewhere = matches!(vllm.component.origin, Origin::Git { .. } | Origin::Path(_));
    // Its builds for the CPU and for ROCm have their own torch.
    let is_for_cuda = Variant::named(vllm.component).is_none_or(|named| matches!(named, Variant::Cuda(..)));
    if is_built_elsewhere || !is_for_cuda {
        return Fit::Unknown;
    }
    let version = version.without_local();
    let Some((pins, source)) = frameworks().vllm_pins_of(&version) else { return Fit::Unknown };
    let Some(asked) = pins.get("torch") else { return Fit::Unknown };
    let rules: &'static str = &frameworks().vllm_rules.source;
    if !asked.allows(&installed) {
        let message = format!("{} is compiled against torch {asked}, and {} is beside it", vllm.shown(), torch.shown());
        let mut answer =
            Answer::new(VLLM_VARIANT, Verdict::FailsAtStart, Gravity::Error, Evidence::from(vllm), message)
                .because(format!("the wheel of vllm {version} asks for torch {asked}"), source)
                .because("its extensions are compiled against that one release, and load with no other", rules)
                .says(VLLM_SAYS)
                .mend(format!("pin torch {asked}, with what belongs to it{}", others_of(pins)));
        let same = |pins: &std::collections::BTreeMap<String, python::Asked>| {
            pins.get("torch").is_some_and(|torch| torch.allows(&installed))
        };
        let named = frameworks().vllm.iter().filter(|row| same(&row.pins)).map(|row| row.version.to_string());
        let others = frameworks().vllm_pins.iter().filter(|row| same(&row.pins)).map(|row| row.version.to_string());
        let versions = named.chain(others).filter_map(|version| python::version(&version));
        if let Some(version) = versions.max() {
            answer = answer.mend(format!("or pin vllm {version}, which is compiled against torch {installed}"));
        }
        return Fit::No(Box::new(answer));
    }
    let carrier =
        |package: &Package| stack.carriers.iter().find(|carrier| std::ptr::eq(carrier.component, package.component));
    let (Some(own), Some(other)) = (carrier(vllm), carrier(torch)) else { return Fit::Yes };
    let (Some(own_major), Some(major)) = (own.cuda.major(), other.cuda.major()) else { return Fit::Yes };
    if own_major == major {
        return Fit::Yes;
    }
    let message =
        format!("{} is built for {}, and {} beside it for {}", vllm.shown(), own.cuda, torch.shown(), other.cuda);
    let says = if own_major >= 13 {
        "libcudart.so.13: cannot open shared object file"
    } else {
        "libcudart.so.12: cannot open shared object file"
    };
    let mut answer = Answer::new(VLLM_VARIANT, Verdict::FailsAtStart, Gravity::Error, Evidence::from(vllm), message)
        .because(&own.because, own.source)
        .because(&other.because, other.source)
        .because(
            format!("its extensions load the runtime of CUDA {own_major}, and this torch brings that of CUDA {major}"),
            rules,
        )
        .says(says);
    answer = answer.mend(format!("take torch {installed} for CUDA {own_major}"));
    Fit::No(Box::new(
        answer.mend(format!(
            "or a wheel of vllm {version} for CUDA {major} from the project's own index, where it has one"
        )),
    ))
}

/// Lists what a release of vLLM pins beside torch.
fn others_of(pins: &std::collections::BTreeMap<String, python::Asked>) -> String {
    let family = ["torchvision", "torchaudio", "xformers"];
    let listed = family.iter().filter_map(|name| Some(format!("{name} {}", pins.get(*name)?)));
    let listed: Vec<String> = listed.collect();
    if listed.is_empty() { String::new() } else { format!(": {}", listed.join(", ")) }
}

/// The packages that bring a folder called `triton`.
const TRITONS: &[&str] = &["triton", "pytorch-triton", "pytorch-triton-rocm", "pytorch-triton-xpu", "triton-rocm"];

/// Tells of a triton that torch does not take, and of two packages that both bring one.
pub(super) fn triton(stack: &Stack, answers: &mut Vec<Answer>) {
    if !two_tritons(stack, answers) {
        beside_torch(stack, "triton", triton_fit, answers);
    }
}

fn two_tritons(stack: &Stack, answers: &mut Vec<Answer>) -> bool {
    // Several torches are the forks of one lock, and each has its own.
    let Some(torch) = stack.environment.the("torch") else { return false };
    let providers: Vec<&Package> = TRITONS.iter().flat_map(|name| stack.environment.python(name)).collect();
    let Some(main) = providers.iter().find(|package| package.is("pypi", "triton")) else { return false };
    let Some(other) = providers.iter().find(|package| !package.is("pypi", "triton")) else { return false };
    // The one that torch itself asks for stays.
    let is_own = |package: &Package| torch.requires.iter().any(|required| std::ptr::eq(*required, package.component));
    let for_rocm = matches!(Variant::named(torch.component), Some(Variant::Rocm(_)));
    let (stays, goes) = if is_own(main) || !(for_rocm || is_own(other)) { (main, other) } else { (other, main) };
    let message = format!("{} and {} are both locked, and both bring the folder triton", goes.shown(), stays.shown());
    let answer = Answer::new(TRITON_PIN, Verdict::FailsAtKernel, Gravity::Error, Evidence::from(*goes), message)
        .because(format!("{} is resolved with {}", torch.shown(), stays.shown()), "")
        .because("of two packages that install one folder the last one wins, and no lock says which", TWO_TRITONS)
        .beside(Evidence::from(*stays), "the other one")
        .says(TRITON_SAYS)
        .mend(format!("leave out {}: find who asks for it, and override that requirement", goes.name()));
    answers.push(answer);
    true
}

const TWO_TRITONS: &str = "vllm-project/vllm#3426, triton-lang/triton#5058";

fn triton_fit(torch: &Package, triton: &Package) -> Fit {
    let (Some(release), Some(found)) = (released(torch), released_or_post(triton)) else { return Fit::Unknown };
    let is_cuda = match Variant::named(torch.component) {
        Some(named) => matches!(named, Variant::Cuda(..)),
        None => !matches!(torch.component.origin, Origin::Url(_)),
    };
    if !is_cuda {
        return Fit::Unknown;
    }
    let Some(pin) = frameworks().pins_of(&release).and_then(|row| row.asks().remove("triton")) else {
        return Fit::Unknown;
    };
    if pin.asked.allows(&found) {
        return Fit::Yes;
    }
    let message = format!("{} is not the triton that {} takes: {}", triton.shown(), torch.shown(), pin.asked);
    let mut answer = Answer::new(TRITON_PIN, Verdict::FailsAtKernel, Gravity::Error, Evidence::from(triton), message)
        .because(format!("torch {release} asks for triton {}", pin.asked), pin.source)
        .because(
            "torch.compile reaches into triton's compiler, which changes from one release to the next",
            "pytorch/pytorch#127271, triton-lang/triton#5058",
        )
        .says(TRITON_SAYS)
        .mend(match pin.asked.exact() {
            Some(version) => format!("pin triton {version}, or leave it to torch"),
            None => format!("take a triton {}, or leave it to torch", pin.asked),
        });
    let takes = frameworks()
        .torch_pins
        .iter()
        .filter(|row| row.asks().get("triton").is_some_and(|pin| pin.asked.allows(&found)));
    if let Some(row) = takes.max_by(|a, b| a.version.cmp(&b.version)) {
        answer = answer.mend(format!("or pin torch {}, the newest that takes triton {found}", row.version));
    }
    Fit::No(Box::new(answer))
}

/// Returns the version of a package that is no build on the way to one.
fn released_or_post(package: &Package) -> Option<Version> {
    if matches!(package.component.origin, Origin::Git { .. } | Origin::Path(_) | Origin::Url(_)) {
        return None;
    }
    python::version(package.version()).filter(|version| !version.any_prerelease()).map(Version::without_local)
}

/// Returns the row of the pair that a release belongs to.
pub(super) fn pair(torch: &Version) -> Option<&'static TorchPair> {
    facts::frameworks().pair_of(torch)
}
