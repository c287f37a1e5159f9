//! Wheels of flash-attn and its kin, which name in their version what they were compiled against.
//!
//! Source of the form: Dao-AILab/flash-attention `setup.py`; Dao-AILab/causal-conv1d and state-spaces/mamba write it likewise.

use super::super::carriers::Variant;
use super::super::facts::frameworks;
use super::super::version::Dotted;
use super::super::{Answer, Cuda, Evidence, Gravity, Package, Stack, Verdict};
use super::pairs::{Fit, beside_torch, minor, released};
use crate::model::{Component, Origin};

const FA_WHEEL: &str = "FA-WHEEL";

/// The packages whose wheels are named so.
const KIN: &[&str] = &["flash-attn", "causal-conv1d", "mamba-ssm"];

/// What a user sees: of flash-attn it is `flash_attn_2_cuda.cpython-….so` that lacks it.
const SAYS: &str = "undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocation";

/// Tells of wheels that were compiled against another torch, CUDA or ABI than the environment's.
pub(super) fn wheels(stack: &Stack, answers: &mut Vec<Answer>) {
    for name in KIN {
        beside_torch(stack, name, |torch, wheel| fit(stack, torch, wheel), answers);
    }
}

/// What a wheel was compiled against, as its name says.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    /// CUDA's major version.
    cuda: u32,
    /// torch, major and minor.
    torch: Dotted,
    /// Whether with the C++11 ABI; none where the name does not say.
    abi: Option<bool>,
    /// The CPython that it is for: `311` of `cp311`; none where the name does not say, or where it is for several.
    python: Option<String>,
}

impl Built {
    /// Reads a local version or a wheel's file name: `cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl`.
    fn read(text: &str) -> Option<Self> {
        let text = text.replace("%2B", "+").replace("%2b", "+").to_ascii_lowercase();
        let (_, local) = text.rsplit_once('+').unwrap_or(("", &text));
        let (cuda, rest) = local.strip_prefix("cu")?.split_once("torch")?;
        if !(2..=3).contains(&cuda.len()) {
            return None;
        }
        let cuda = cuda.get(..2)?.parse().ok()?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let torch = Dotted::parse(rest[..end].trim_end_matches('.')).filter(|torch| torch.parts() > 1)?;
        let rest = &rest[end..];
        let abi = match rest.strip_prefix("cxx11abi") {
            Some(abi) if abi.starts_with("true") => Some(true),
            Some(abi) if abi.starts_with("false") => Some(false),
            _ => None,
        };
        let mut tags = rest.split('-').skip(1);
        let python = tags.next().and_then(|tag| tag.strip_prefix("cp"));
        let is_stable = tags.next().is_some_and(|abi| abi.starts_with("abi"));
        let python = python.filter(|_| !is_stable).map(str::to_owned);
        Some(Built { cuda, torch: torch.major_minor(), abi, python })
    }

    /// Reads what a component's version or address says; none of a source distribution.
    fn of(component: &Component) -> Option<Self> {
        let of_address = match component.origin {
            Origin::Url(address) | Origin::Path(address) => {
                let file = address.rsplit('/').next().unwrap_or_default();
                Self::read(file.split(['?', '#']).next().unwrap_or_default())
            }
            _ => None,
        };
        of_address.or_else(|| Self::read(component.version().split_once('+')?.1))
    }

    fn tag(&self) -> String {
        let abi = self.abi.map_or("", |abi| if abi { "cxx11abiTRUE" } else { "cxx11abiFALSE" });
        format!("cu{}torch{}{abi}", self.cuda, self.torch)
    }
}

/// Returns whether the Linux wheels of a torch have the C++11 ABI; none where that is not known.
fn abi(torch: &Package, cuda: &Cuda) -> Option<bool> {
    if let Some(local) = torch.local()
        && local.contains("cxx11")
    {
        return None;
    }
    match (minor(&released(torch)?), cuda) {
        ((2, 7..), _) => Some(true),
        ((2, 6), Cuda::Version(cuda)) => Some(*cuda >= Dotted::of(12, 6)),
        ((2, 0..=5), Cuda::Version(_) | Cuda::Major(_)) => Some(false),
        _ => None,
    }
}

/// Returns the CPython of the image that runs, where it starts from Python's own: `311`.
fn cpython(stack: &Stack) -> Option<String> {
    let base = stack.environment.image()?.base?;
    let version = (base.purl.name() == "python").then(|| base.version())?;
    let version = version.split(['-', '@']).next()?;
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("{major}{minor}"))
}

fn fit(stack: &Stack, torch: &Package, wheel: &Package) -> Fit {
    let Some(built) = Built::of(wheel.component) else { return Fit::Unknown };
    let Some(installed) = released(torch) else { return Fit::Unknown };
    let (major, second) = minor(&installed);
    let release = format!("{major}.{second}");
    let carrier = stack.carriers.iter().find(|carrier| std::ptr::eq(carrier.component, torch.component));
    let unknown = Cuda::Unknown(String::new());
    let cuda = carrier.map_or(&unknown, |carrier| &carrier.cuda);
    let rules = &frameworks().flash_attn_rules.source;
    let mut wrong: Vec<String> = Vec::new();
    let mut chain: Vec<(String, &'static str)> =
        vec![(format!("its name says what it was compiled against: {}", built.tag()), rules)];
    let mut want = Built { python: built.python.clone(), abi: built.abi, cuda: built.cuda, torch: built.torch.clone() };
    if built.torch.to_string() != release {
        wrong.push(format!("torch {}", built.torch));
        chain.push((
            format!("torch is {installed}, and an extension loads with the minor release it was compiled against"),
            rules,
        ));
        want.torch = Dotted::parse(&release).unwrap_or_else(|| built.torch.clone());
    }
    if let Some(major) = cuda.major().filter(|major| *major != built.cuda) {
        wrong.push(format!("CUDA {}", built.cuda));
        if let Some(carrier) = carrier {
            chain.push((carrier.because.clone(), carrier.source));
        }
        chain.push((
            format!("CUDA {major} is not CUDA {}; within one major version any minor one will do", built.cuda),
            rules,
        ));
        want.cuda = major;
    } else if matches!(Variant::named(torch.component), Some(Variant::Cpu | Variant::Rocm(_))) {
        wrong.push(format!("CUDA {}", built.cuda));
        chain.push((
            format!("{} is built for {cuda}, and has nothing that a CUDA extension could load", torch.shown()),
            rules,
        ));
    }
    if let (Some(has), Some(needs)) = (built.abi, abi(torch, cuda))
        && has != needs
    {
        let name = |abi: bool| if abi { "the C++11 ABI" } else { "the ABI before C++11" };
        wrong.push(name(has).to_owned());
        chain.push((format!("{} is built with {}", torch.shown(), name(needs)), &frameworks().torch_rules.source));
        want.abi = Some(needs);
    }
    let python = cpython(stack);
    if let (Some(has), Some(needs)) = (&built.python, &python)
        && has != needs
    {
        wrong.push(format!("CPython {}", dotted(has)));
        chain.push((format!("the image's Python is cp{needs}, and the wheel is for cp{has}"), rules));
        want.python = Some(needs.clone());
    }
    if wrong.is_empty() {
        return Fit::Yes;
    }
    let shown = wheel.component.name();
    let version = wheel.version().split('+').next().unwrap_or_default();
    // Whether Python is all that is wrong.
    let is_python = built.python != want.python && wrong.len() == 1;
    let beside = match &python {
        Some(python) if is_python => format!("the image has {}", dotted(python)),
        _ => format!("{} is beside it", torch.shown()),
    };
    let message = format!("{shown} {version} is a wheel for {}, and {beside}", wrong.join(" and "));
    let mut answer = Answer::new(FA_WHEEL, Verdict::FailsAtStart, Gravity::Error, Evidence::from(wheel), message);
    for (text, source) in chain {
        answer = answer.because(text, source);
    }
    let says = match (built.cuda, cuda.major()) {
        _ if built.torch != want.torch || built.abi != want.abi => SAYS,
        (11, Some(12..)) => "libcudart.so.11.0: cannot open shared object file",
        (12, Some(13..)) => "libcudart.so.12: cannot open shared object file",
        (13.., Some(12)) => "libcudart.so.13: cannot open shared object file",
        _ if built.python != want.python => "is not a supported wheel on this platform",
        _ => SAYS,
    };
    let tags = want.python.as_ref().map_or(String::new(), |python| format!("-cp{python}"));
    let answer = answer.says(says).mend(format!(
        "take the wheel of {shown} {version} whose name has {}{tags}, or build it against torch {installed}",
        want.tag()
    ));
    let answer = answer.mend(match &built.python {
        Some(python) if is_python => format!("or start from an image of Python {}", dotted(python)),
        _ => format!("or pin a torch {} for CUDA {}", built.torch, built.cuda),
    });
    Fit::No(Box::new(answer))
}

/// Returns the version that a wheel's tag stands for: 3.11 of `311`.
fn dotted(tag: &str) -> String {
    match tag.split_at_checked(1) {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => tag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Environment, Stage};
    use super::*;
    use crate::model::Purl;

    /// The Python of an image that starts from Python's own.
    #[test]
    fn the_image_says_which_python_it_is() {
        let wheel = |python: &str| {
            let mut wheel = Component::new(Purl::new("pypi", "", "flash-attn", "2.8.3"));
            let name = format!("flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp{python}-cp{python}-linux_x86_64.whl");
            wheel.origin = Origin::url(&format!("https://mirror.example/{name}"));
            wheel.intern()
        };
        let torch = Component::new(Purl::new("pypi", "", "torch", "2.8.0")).intern();
        for (base, version, python, expected) in [
            ("python", "3.12.12-slim", "311", 1),
            ("python", "3.12.12-slim", "312", 0),
            ("python", "3.12", "311", 1),
            ("python", "3", "311", 0),
            ("python", "slim", "311", 0),
            ("debian", "13.1", "311", 0),
        ] {
            let image = Component::new(Purl::new("docker", "", base, version)).intern();
            let mut environment = Environment::of("test", [wheel(python), torch]);
            environment.stages = vec![Stage { runs: true, base: Some(image), ..Stage::default() }];
            let mut answers = Vec::new();
            wheels(&Stack::of(environment), &mut answers);
            assert_eq!(answers.len(), expected, "{base}:{version} cp{python}");
        }
    }

    #[test]
    fn names_say_what_a_wheel_was_compiled_against() {
        for (text, expected) in [
            (
                "flash_attn-2.7.4.post1+cu12torch2.5cxx11abiFALSE-cp311-cp311-linux_x86_64.whl",
                "12 2.5 Some(false) Some(\"311\")",
            ),
            (
                "flash_attn-2.6.3%2Bcu123torch2.4cxx11abiTRUE-cp310-cp310-linux_x86_64.whl",
                "12 2.4 Some(true) Some(\"310\")",
            ),
            ("cu118torch2.1cxx11abifalse", "11 2.1 Some(false) None"),
            ("cu128torch2.9.1", "12 2.9 None None"),
            ("cu13torch2.10cxx11abitrue", "13 2.10 Some(true) None"),
            // Others write other names, and say nothing of torch.
            ("flash_attn-2.8.3-cp39-abi3-linux_x86_64.whl", ""),
            ("flash_attn-2.8.3.tar.gz", ""),
            ("cu128", ""),
            ("rocm6torch2.5", ""),
            ("cutorch2.5", ""),
            ("cu12torch", ""),
            ("é+cué2torch2.5", ""),
        ] {
            let shown = Built::read(text).map_or(String::new(), |built| {
                format!("{} {} {:?} {:?}", built.cuda, built.torch, built.abi, built.python)
            });
            assert_eq!(shown, expected, "{text}");
        }
    }
}
