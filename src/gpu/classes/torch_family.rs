//! torch, torchvision and torchaudio: one family, each release of one for one release of the others, and all of one build.

use pep440_rs::Version;

use super::super::carriers::Variant;
use super::super::facts::{TorchPair, frameworks};
use super::super::version::Dotted;
use super::super::{Answer, Cuda, Evidence, Gravity, Package, Stack, Verdict};
use super::pairs::{Fit, beside_torch, minor, pair, released};
use crate::model::Origin;

const TV_PAIR: &str = "TV-PAIR";

/// A package of the family, beside torch.
struct Member {
    name: &'static str,
    of: fn(&TorchPair) -> &Version,
    /// What a user sees where it is for another release of torch.
    other_release: &'static str,
    /// What a user sees where it is for another CUDA.
    other_cuda: &'static str,
    /// Where it checks that.
    check: &'static str,
}

const VISION: Member = Member {
    name: "torchvision",
    of: |row| &row.torchvision,
    other_release: "operator torchvision::nms does not exist",
    other_cuda: "Detected that PyTorch and torchvision were compiled with different CUDA major versions",
    check: "pytorch/vision torchvision/extension.py",
};

const AUDIO: Member = Member {
    name: "torchaudio",
    of: |row| &row.torchaudio,
    other_release: "libtorchaudio.so: undefined symbol",
    other_cuda: "Detected that PyTorch and TorchAudio were compiled with different CUDA versions",
    check: "pytorch/audio torchaudio/_extension/utils.py",
};

/// The first torchaudio that asks for no torch, and takes later ones.
const AUDIO_ALONE: (u64, u64) = (2, 11);

/// Tells of torchvision and torchaudio that are of another release or build than torch.
pub(super) fn family(stack: &Stack, answers: &mut Vec<Answer>) {
    for member in [&VISION, &AUDIO] {
        beside_torch(stack, member.name, |torch, other| fit(stack, member, torch, other), answers);
    }
}

fn fit(stack: &Stack, member: &Member, torch: &Package, other: &Package) -> Fit {
    let (Some(installed), Some(version)) = (released(torch), released(other)) else { return Fit::Unknown };
    match asks(member, &version, &installed) {
        Asks::This => build_fit(stack, member, (torch, &installed), (other, &version)),
        Asks::Unknown => Fit::Unknown,
        Asks::Other { asked, source } => {
            let message = format!("{} is built for torch {asked}, and {} is beside it", other.shown(), torch.shown());
            let mut answer = Answer::new(
                TV_PAIR,
                Verdict::FailsAtStart,
                Gravity::Error,
                Evidence::from(other),
                message,
            )
            .because(format!("{} {version} goes with torch {asked}", member.name), source)
            .because(
                format!(
                    "its operators are compiled against that release and load with no other, and torch is {installed}"
                ),
                &frameworks().torch_pair_rule.source,
            )
            .says(member.other_release);
            if let Some(row) = pair(&installed) {
                let local = suffix(torch, other);
                let text =
                    format!("pin {} {}{local}, which is built for torch {installed}", member.name, (member.of)(row));
                answer = answer.mend(text);
            }
            Fit::No(Box::new(answer.mend(format!("or take torch {asked}"))))
        }
    }
}

/// Returns the local version to write where both packages name their build: that of torch.
fn suffix(torch: &Package, other: &Package) -> String {
    match (torch.local(), other.local()) {
        (Some(local), Some(_)) => format!("+{local}"),
        _ => String::new(),
    }
}

/// What a member of the family asks of torch.
enum Asks {
    /// The one that is installed.
    This,
    /// Another.
    Other { asked: String, source: &'static str },
    /// That is not known.
    Unknown,
}

fn asks(member: &Member, version: &Version, torch: &Version) -> Asks {
    let tables = frameworks();
    if member.name == AUDIO.name && minor(version) >= AUDIO_ALONE {
        return if minor(torch) >= AUDIO_ALONE { Asks::This } else { Asks::Unknown };
    }
    let ranges = || tables.torchvision_range.iter().filter(|_| member.name == VISION.name);
    if let Some(row) = ranges().find(|row| row.version == *version) {
        return match row.torch.allows(torch) {
            true => Asks::This,
            false => Asks::Other { asked: row.torch.to_string(), source: &row.source },
        };
    }
    let rows = || tables.torch_pair.iter().filter(|row| (member.of)(row) == version);
    if rows().any(|row| row.torch == *torch) {
        return Asks::This;
    }
    if let Some(row) = rows().next() {
        return Asks::Other { asked: row.torch.to_string(), source: &row.source };
    }
    // A patch release that is in no table is of the family of its minor release, where that takes one torch alone.
    if ranges().any(|row| minor(&row.version) == minor(version)) {
        return Asks::Unknown;
    }
    let mut near = tables.torch_pair.iter().filter(|row| minor((member.of)(row)) == minor(version));
    let Some(first) = near.next() else { return Asks::Unknown };
    let (major, second) = minor(&first.torch);
    match minor(torch) != (major, second) && near.all(|row| minor(&row.torch) == (major, second)) {
        true => Asks::Other { asked: format!("{major}.{second}"), source: &first.source },
        false => Asks::Unknown,
    }
}

/// A build, as far as it is known.
#[derive(PartialEq, Eq)]
enum Build {
    Cuda(Dotted),
    Cpu,
    Rocm,
}

impl Build {
    fn of(variant: Variant) -> Option<Self> {
        match variant {
            Variant::Cuda(cuda, _) => Some(Build::Cuda(cuda)),
            Variant::Cpu => Some(Build::Cpu),
            Variant::Rocm(_) => Some(Build::Rocm),
            Variant::Other | Variant::Unknown(_) => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Build::Cuda(cuda) => format!("CUDA {cuda}"),
            Build::Cpu => "the CPU alone".to_owned(),
            Build::Rocm => "ROCm".to_owned(),
        }
    }
}

/// Holds the builds of two packages of the family against each other.
///
/// One that names no build is the default of its index only where a lock says that it comes from an index: in a file of
/// requirements the same words take what any further index offers.
fn build_fit(stack: &Stack, member: &Member, torch: (&Package, &Version), other: (&Package, &Version)) -> Fit {
    let (torch, installed) = torch;
    let (other, version) = other;
    let is_plain = |package: &Package| matches!(package.component.origin, Origin::Registry(_));
    let default = |release: &Version| {
        let (major, second) = minor(release);
        let row = frameworks().torch(&Dotted::parse(&format!("{major}.{second}"))?)?;
        Some((Build::of(Variant::local(&row.pypi_variant))?, row.source.as_str()))
    };
    let named =
        |package: &Package| if package.local().is_some() { "its version names it" } else { "its index is named so" };
    let by_default = "the default on Linux x86-64";
    let (own, its, how) = match (Variant::named(torch.component), Variant::named(other.component)) {
        (Some(own), Some(its)) => (Build::of(own), Build::of(its), [(named(torch), ""), (named(other), "")]),
        (Some(own), None) if is_plain(other) => {
            // torchaudio no longer moves with torch.
            let of = if member.name == AUDIO.name && minor(version) >= AUDIO_ALONE { version } else { installed };
            let Some((build, source)) = default(of) else { return Fit::Unknown };
            (Build::of(own), Some(build), [(named(torch), ""), (by_default, source)])
        }
        (None, Some(its)) if is_plain(torch) => {
            let carried = stack.carriers.iter().find(|carrier| std::ptr::eq(carrier.component, torch.component));
            let Some(carrier) = carried else { return Fit::Unknown };
            let Cuda::Version(cuda) = &carrier.cuda else { return Fit::Unknown };
            let own = Some(Build::Cuda(cuda.clone()));
            (own, Build::of(its), [(by_default, carrier.source), (named(other), "")])
        }
        // Neither names one: whatever they are, they come from one place.
        _ => return Fit::Yes,
    };
    let (Some(own), Some(its)) = (own, its) else { return Fit::Unknown };
    if own == its {
        return Fit::Yes;
    }
    let is_vision = member.name == VISION.name;
    let rule = &frameworks().torch_pair_rule.source;
    let both_named = how.iter().all(|(how, _)| *how != by_default);
    let (gravity, verdict, says, why, source): (_, _, _, String, &'static str) = match (&own, &its) {
        (Build::Cuda(a), Build::Cuda(b)) if a.major() != b.major() || !is_vision => {
            let what = if is_vision { "major versions of CUDA" } else { "versions of CUDA" };
            let why = format!("{} compares the {what} at import, and refuses {b} beside {a}", member.name);
            (Gravity::Error, Verdict::FailsAtStart, member.other_cuda, why, member.check)
        }
        (Build::Cuda(a), Build::Cuda(b)) => {
            let why = format!("its operators are compiled for CUDA {b}, and torch for CUDA {a}");
            let says = member.other_release;
            // Only the major version is compared at import, and what is wrong with the minor one shows in some builds.
            match both_named {
                true => (Gravity::Error, Verdict::FailsAtStart, says, why, rule),
                false => (Gravity::Warning, Verdict::RunsIf, says, why, rule),
            }
        }
        _ => {
            let why = format!(
                "its operators are compiled for {}, and torch for {}: they do not load",
                its.shown(),
                own.shown()
            );
            (Gravity::Error, Verdict::FailsAtStart, member.other_release, why, rule)
        }
    };
    let message =
        format!("{} is built for {}, and {} beside it for {}", other.shown(), its.shown(), torch.shown(), own.shown());
    let mut answer = Answer::new(TV_PAIR, verdict, gravity, Evidence::from(other), message)
        .because(format!("{} is built for {}: {}", torch.shown(), own.shown(), how[0].0), how[0].1)
        .because(format!("{} is built for {}: {}", other.shown(), its.shown(), how[1].0), how[1].1)
        .because(why, source)
        .says(says);
    answer = match (torch.local(), other.local()) {
        (Some(local), _) => answer.mend(format!(
            "install {} {version}+{local}, from the index that torch {installed}+{local} comes from",
            member.name
        )),
        (None, Some(local)) => answer.mend(format!("install torch {installed}+{local}, from the same index")),
        (None, None) => answer.mend(format!("take torch and {} from one index", member.name)),
    };
    Fit::No(Box::new(answer))
}
