//! REQ-UNMET: the start condition of an image, `NVIDIA_REQUIRE_*`, held against a target.
//!
//! The condition is stricter than CUDA: it knows nothing of minor-version compatibility for boards and branches that it does
//! not list. It is checked by the container runtime's hook, and not at all where devices are injected by CDI.

use crate::gpu::facts::{Gpu, ImageKind, drivers, toolkits};
use crate::gpu::requirement::{Host, Requirement, Truth};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Evidence, Gravity, Link, Mode, Platform, Stack, Stage, Target, Verdict, image, judge};
use crate::intern::Text;

const GRAMMAR: &str = "NVIDIA/libnvidia-container src/cli/dsl.c; NVIDIA Container Toolkit documentation";

/// A start condition of an image.
pub(super) struct Asked {
    /// The variable: `NVIDIA_REQUIRE_CUDA`.
    pub name: Text,
    /// How it is known.
    pub because: String,
    /// Where that comes from.
    pub source: &'static str,
    /// Where it is said.
    pub about: Evidence,
    /// Whether all of it is known; else only its first alternative is.
    pub is_certain: bool,
    requirement: Requirement,
}

/// Returns the start conditions of an image.
pub(super) fn of(image: &Stage) -> Vec<Asked> {
    let names = |name: &str| name.starts_with("NVIDIA_REQUIRE_") && !name.starts_with("NVIDIA_REQUIRE_JETPACK");
    let about = |place| Evidence { component: None, subject: image.subject, place };
    let mut asked: Vec<Asked> = Vec::new();
    for setting in image.settings.iter().filter(|setting| names(setting.name)) {
        let Ok(requirement) = Requirement::parse(setting.value) else { continue };
        asked.push(Asked {
            name: setting.name,
            because: format!("{} asks for {}", setting.name, shortened(setting.value)),
            source: GRAMMAR,
            about: about(setting.place),
            is_certain: true,
            requirement,
        });
    }
    if !asked.iter().any(|asked| asked.name == "NVIDIA_REQUIRE_CUDA") {
        asked.extend(by_tag(image));
    }
    asked
}

/// Returns the condition that CUDA's own image has by its tag: the first alternative is certain, the others differ by build.
fn by_tag(image: &Stage) -> Option<Asked> {
    let base = image.base?;
    let row = image::row(base).filter(|row| row.kind == ImageKind::Cuda)?;
    let (cuda, because, _) = image::cuda_of_tag(base)?;
    let text = format!("cuda>={}", cuda.major_minor());
    let requirement = Requirement::parse(&text).ok()?;
    let because = format!("{because}, and asks for {text}, or for one of the drivers that its build lists");
    let about = Evidence { component: None, subject: image.subject, place: image.base_place };
    let (name, source) = ("NVIDIA_REQUIRE_CUDA", row.source.as_str());
    Some(Asked { name, because, source, about, is_certain: false, requirement })
}

fn shortened(value: &str) -> String {
    let mut words = value.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    match words.count() {
        0 => first.to_owned(),
        others => format!("{first}, or one of {others} other alternatives"),
    }
}

impl Asked {
    /// Says whether a target may start the image, and why; the first board that may not decides.
    pub fn on(&self, target: &Target, boards: &[&'static Gpu]) -> (Truth, Link) {
        let boards: Vec<Option<&'static Gpu>> =
            if boards.is_empty() { vec![None] } else { boards.iter().copied().map(Some).collect() };
        let mut unknown = false;
        for board in boards {
            let host = host(target, board);
            let shown = shown(&host);
            match self.requirement.holds(&host) {
                Truth::False => {
                    return (Truth::False, Link { text: format!("{shown} meets none of them"), source: GRAMMAR });
                }
                Truth::Unknown => unknown = true,
                Truth::True => {}
            }
        }
        let text =
            if unknown { "not known: the node's driver, GPUs or brand" } else { "the node meets its start condition" };
        (if unknown { Truth::Unknown } else { Truth::True }, Link { text: text.to_owned(), source: "" })
    }
}

fn host(target: &Target, board: Option<&'static Gpu>) -> Host {
    let driver = target.driver.clone();
    let branch = driver.as_ref().and_then(|driver| drivers().branch(driver));
    Host {
        cuda: target.capability.clone().or_else(|| branch.map(|branch| branch.max_cuda.clone())),
        driver,
        arch: target.compute.clone().or_else(|| board.map(|board| board.compute_capability.clone())),
        brands: match (&target.brand, board) {
            (Some(brand), _) => vec![brand.clone()],
            (None, Some(board)) => brands(board).iter().map(|brand| (*brand).to_owned()).collect(),
            (None, None) => Vec::new(),
        },
    }
}

/// Returns the brands that NVML may give a board: newer boards of one class come under newer names.
fn brands(board: &Gpu) -> &'static [&'static str] {
    match board.class.as_str() {
        "datacenter" | "dgx" => &["tesla", "nvidia"],
        "geforce" if board.name.to_ascii_lowercase().starts_with("titan") => &["titan", "titanrtx"],
        "geforce" => &["geforce", "geforcertx"],
        "workstation" => &["quadro", "quadrortx", "nvidiartx", "nvidia"],
        _ => &[],
    }
}

fn shown(host: &Host) -> String {
    let version = |version: &Option<Dotted>| version.as_ref().map_or("not known".to_owned(), Dotted::to_string);
    let brands = if host.brands.is_empty() { "not known".to_owned() } else { host.brands.join(" or ") };
    format!("a node with cuda={}, driver={}, brand={brands}", version(&host.cuda), version(&host.driver))
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "t")
}

/// REQ-UNMET: an image's start condition that a target does not meet.
pub(super) fn unmet(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let Some(image) = stack.environment.image() else { return };
    if target.platform == Platform::Jetson || target.mode == Mode::None {
        return;
    }
    let boards = judge::models(target);
    let dropped = stack.environment.setting("NVIDIA_DISABLE_REQUIRE").filter(|setting| is_true(setting.value));
    for asked in of(image) {
        let (truth, why) = asked.on(target, &boards);
        if truth != Truth::False {
            continue;
        }
        // By its tag alone, what the condition's other alternatives allow is not known.
        let helped = || compat_hosts(image, target);
        if !asked.is_certain && helped().is_none_or(|allows| allows) {
            continue;
        }
        let raised = answers.iter().any(|answer| answer.class == judge::DRV_FLOOR && answer.gravity == Gravity::Error);
        let (verdict, gravity, how) = match (dropped, target.mode) {
            (Some(_), _) => (Verdict::RunsIf, Gravity::Info, "the check is dropped by NVIDIA_DISABLE_REQUIRE"),
            (None, Mode::Cdi) => (Verdict::RunsIf, Gravity::Info, "devices come by CDI there, which does not check it"),
            (None, Mode::Legacy) => {
                (Verdict::FailsAtStart, Gravity::Error, "the runtime's hook checks it before the container starts")
            }
            // The failing driver is told already.
            _ if raised => continue,
            _ => (
                Verdict::RunsIf,
                Gravity::Warning,
                "the runtime's hook checks it, CDI does not: which of them is in use is not said (`mode` of the target)",
            ),
        };
        let mut answer = Answer::new("REQ-UNMET", verdict, gravity, asked.about, message(&asked, image, verdict))
            .because(asked.because, asked.source)
            .because(why.text, why.source)
            .because(how, GRAMMAR);
        if let Some(dropped) = dropped {
            answer = answer.beside(Evidence { place: dropped.place, ..asked.about }, "the check is dropped here");
        }
        let reaches = toolkits()
            .floors
            .iter()
            .find(|floor| Some(floor.major) == asked.requirement.cuda().map(|cuda| cuda.major()));
        if let (Some(floor), Some(driver)) = (reaches, &target.driver)
            && judge::least(driver) >= floor.min_driver_linux
        {
            answer = answer.because(
                format!(
                    "it is stricter than CUDA: {driver} >= {}, so that programs of CUDA {} start there",
                    floor.min_driver_linux, floor.major
                ),
                &floor.source,
            );
        }
        // Where the container does not start at all, that its driver is below the floor is the same news.
        if gravity == Gravity::Error {
            answers.retain(|answer| answer.class != judge::DRV_FLOOR);
        }
        answer = answer.says("requirement error: unsatisfied condition: cuda>=");
        for advice in advice(&asked.requirement, image, target) {
            answer = answer.mend(advice);
        }
        answers.push(answer);
    }
}

fn message(asked: &Asked, image: &Stage, verdict: Verdict) -> String {
    let name = asked.name;
    match verdict {
        Verdict::FailsAtStart => format!("{} is not met: the container of {} does not start", name, image.subject),
        _ => format!("{} of {} is not met", name, image.subject),
    }
}

/// Says whether the builds that are known of an image's tag list a target's driver branch; none where that is not known.
fn compat_hosts(image: &Stage, target: &Target) -> Option<bool> {
    let (cuda, ..) = image::cuda_of_tag(image.base?)?;
    let driver = target.driver.as_ref()?;
    let of = |row: &&crate::gpu::facts::CompatHosts| {
        Dotted::parse(row.image_cuda.trim_end_matches(".x")).is_some_and(|of| of.major_minor() == cuda.major_minor())
    };
    let row = toolkits().compat_hosts.iter().find(of).filter(|row| !row.unverified)?;
    let mut branches =
        row.host_driver_branches.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok());
    Some(branches.any(|branch: u32| branch == driver.major()))
}

fn advice(requirement: &Requirement, image: &Stage, target: &Target) -> Vec<String> {
    let mut moves = Vec::new();
    let capable = host(target, None).cuda;
    if let (Some(base), Some(capable)) = (image.base, &capable)
        && let Some(tag) = image::tag_for(base, capable)
    {
        moves.push(format!("start from {tag}: it asks for no more than this driver has"));
    }
    if let Some(cuda) = requirement.cuda()
        && let Some(branch) = drivers().branches.iter().find(|branch| branch.max_cuda >= cuda && branch.is_supported())
    {
        moves
            .push(format!("move the driver to R{} or later, which implements CUDA {}", branch.branch, branch.max_cuda));
    }
    moves.push("where nothing in the image needs the newer CUDA, set NVIDIA_DISABLE_REQUIRE=1".to_owned());
    moves
}
