//! REQ-UNMET: the start condition of an image, `NVIDIA_REQUIRE_*`, held against a target.
//!
//! The condition is stricter than CUDA: it knows nothing of minor-version compatibility for boards and branches that it does
//! not list. It is checked by the container runtime's hook, and not at all where devices are injected by CDI.

use std::collections::BTreeMap;

use crate::gpu::facts::{Gpu, ImageKind, drivers, toolkits};
use crate::gpu::requirement::{Host, Requirement, Truth};
use crate::gpu::version::Dotted;
use crate::gpu::{
    Answer, Environment, Evidence, Gravity, Link, Mode, Platform, Setting, Stack, Stage, Target, Verdict, Workload,
    advice, image, judge,
};
use crate::intern::Text;
use crate::source::Place;

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
    is_certain: bool,
    requirement: Requirement,
}

/// Returns the start conditions of an image as it is run: a variable that a workload sets takes the place of the image's.
pub(super) fn of(environment: &Environment, image: &Stage) -> Vec<Asked> {
    let is_one = |name: &str| name.starts_with("NVIDIA_REQUIRE_") && !name.starts_with("NVIDIA_REQUIRE_JETPACK");
    let mut settings: BTreeMap<Text, (&Setting, Text)> = BTreeMap::new();
    for setting in image.settings.iter().filter(|setting| is_one(setting.name)) {
        settings.insert(setting.name, (setting, image.subject));
    }
    // What one of several containers sets leaves the others with the image's.
    for workload in &environment.workloads {
        for setting in workload.settings.iter().filter(|setting| is_one(setting.name)) {
            let sets = |other: &Workload| other.settings.iter().any(|other| other.name == setting.name);
            if environment.workloads.iter().all(sets) {
                settings.insert(setting.name, (setting, workload.subject));
            }
        }
    }
    let mut asked: Vec<Asked> = Vec::new();
    for (name, (setting, subject)) in &settings {
        // What is malformed is no condition that could be judged.
        let Ok(requirement) = Requirement::parse(setting.value) else { continue };
        asked.push(Asked {
            name,
            because: format!("{name} asks for {}", shortened(setting.value)),
            source: GRAMMAR,
            about: Evidence { component: None, subject, place: setting.place },
            is_certain: true,
            requirement,
        });
    }
    if !settings.contains_key("NVIDIA_REQUIRE_CUDA") {
        asked.extend(by_version(image).or_else(|| by_tag(image)));
    }
    asked
}

/// Returns the condition of an image that says its CUDA and none by itself: the runtime takes the version for one.
fn by_version(image: &Stage) -> Option<Asked> {
    let base_says = image.base.is_some_and(|base| !image::is_plain(base));
    let setting = image.setting("CUDA_VERSION").filter(|_| image.whole || !base_says)?;
    let text = format!("cuda>={}", Dotted::parse(setting.value)?.major_minor());
    Some(Asked {
        name: "NVIDIA_REQUIRE_CUDA",
        because: format!(
            "the image says CUDA_VERSION={} and sets no NVIDIA_REQUIRE_CUDA, which the runtime takes for {text}",
            setting.value
        ),
        source: GRAMMAR,
        about: Evidence { component: None, subject: image.subject, place: setting.place },
        is_certain: true,
        requirement: Requirement::parse(&text).ok()?,
    })
}

/// Returns the condition that CUDA's own image has by its tag. The first alternative is certain; the others are known where
/// the table has them of just that release.
fn by_tag(image: &Stage) -> Option<Asked> {
    let base = image.base?;
    image::row(base).filter(|row| row.kind == ImageKind::Cuda)?;
    let (cuda, holds, source) = image::cuda_of_tag(base)?;
    let first = format!("cuda>={}", cuda.major_minor());
    let row = toolkits().compat_hosts(&cuda).filter(|(_, is_exact)| *is_exact).map(|(row, _)| row);
    let (text, because, source) = match row {
        Some(row) => {
            let brands: Vec<&str> = row.brands_listed.split(',').map(str::trim).collect();
            let of = |branch: u32| {
                brands.iter().map(move |brand| format!(" brand={brand},driver>={branch},driver<{}", branch + 1))
            };
            let others: String = row.branches().into_iter().flat_map(of).collect();
            let branches: Vec<_> = row.branches().iter().map(|branch| format!("R{branch}")).collect();
            let because = format!(
                "{holds}, and asks for {first}, or for a driver of {} with a board of a brand that it lists ({})",
                branches.join(", "),
                brands.join(", ")
            );
            (format!("{first}{others}"), because, row.source.as_str())
        }
        None => (first.clone(), format!("{holds}, and asks for {first}, or for a driver that its build lists"), source),
    };
    Some(Asked {
        name: "NVIDIA_REQUIRE_CUDA",
        because,
        source,
        about: Evidence { component: None, subject: image.subject, place: image.base_place },
        is_certain: row.is_some(),
        requirement: Requirement::parse(&text).ok()?,
    })
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
    /// Returns the branches of drivers that it lists by themselves.
    pub fn branches(&self) -> Vec<u32> {
        self.requirement.branches()
    }

    /// Says whether a target may start the image, and why; the first board that may not decides.
    pub fn on(&self, target: &Target, boards: &[&'static Gpu]) -> (Truth, Link) {
        let boards: Vec<Option<&'static Gpu>> =
            if boards.is_empty() { vec![None] } else { boards.iter().copied().map(Some).collect() };
        let mut unknown = false;
        for board in boards {
            let host = host(target, board);
            let shown = shown(&host);
            match self.requirement.holds(&host) {
                Truth::False if !self.is_certain => unknown = true,
                Truth::False => {
                    return (Truth::False, Link { text: format!("{shown} meets none of them"), source: GRAMMAR });
                }
                Truth::Unknown => unknown = true,
                Truth::True => {}
            }
        }
        let text = if unknown {
            "not known: whether the node meets its start condition"
        } else {
            "the node meets its start condition"
        };
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
    let environment = &stack.environment;
    let Some(image) = environment.image() else { return };
    if target.platform != Platform::Linux || target.mode == Mode::None {
        return;
    }
    let boards = judge::models(target);
    let dropped = dropped(environment, image);
    for asked in of(environment, image) {
        let (truth, why) = asked.on(target, &boards);
        if truth != Truth::False {
            continue;
        }
        let is_floor = |answer: &Answer| {
            matches!(answer.class, judge::DRV_FLOOR | judge::FC_BRANCH) && answer.gravity > Gravity::Info
        };
        let (verdict, gravity, how) = match (&dropped, target.mode) {
            (Some(_), _) => (Verdict::Runs, Gravity::Info, "the check is dropped by NVIDIA_DISABLE_REQUIRE"),
            (None, Mode::Cdi) => (Verdict::Runs, Gravity::Info, "devices come by CDI there, which does not check it"),
            (None, Mode::Legacy) => {
                (Verdict::FailsAtStart, Gravity::Error, "the runtime's hook checks it before the container starts")
            }
            // The failing driver is told already.
            _ if answers.iter().any(is_floor) => continue,
            _ => (
                Verdict::RunsIf,
                Gravity::Warning,
                "the runtime's hook checks it, CDI does not: which of them is in use is not said (`mode` of the target)",
            ),
        };
        // Where the container does not start at all, that its driver is too old for what is in it is the same news.
        let floor =
            answers.iter().position(is_floor).filter(|_| gravity == Gravity::Error).map(|at| answers.remove(at));
        let first = asked.requirement.cuda().map_or(String::new(), |cuda| format!(" (cuda>={cuda})"));
        let ends = match verdict {
            Verdict::FailsAtStart => ": its container does not start",
            _ => "",
        };
        let message = format!("{}{first} of {} is not met{ends}", asked.name, image.subject);
        let mut answer = Answer::new("REQ-UNMET", verdict, gravity, asked.about, message)
            .because(&*asked.because, asked.source)
            .because(why.text, why.source)
            .because(how, GRAMMAR)
            .says(if first.is_empty() {
                "requirement error: unsatisfied condition"
            } else {
                "requirement error: unsatisfied condition: cuda>="
            });
        if let Some(setting) = environment.setting("NVIDIA_DISABLE_REQUIRES").filter(|_| dropped.is_none()) {
            let about = Evidence { component: None, subject: image.subject, place: setting.place };
            answer = answer
                .because(
                    "NVIDIA_DISABLE_REQUIRES is set, and does nothing: the name is NVIDIA_DISABLE_REQUIRE",
                    GRAMMAR,
                )
                .beside(about, "this does nothing");
        }
        if let Some((place, subject)) = dropped {
            answer = answer.beside(Evidence { component: None, subject, place }, "the check is dropped here");
        }
        match floor {
            Some(floor) => {
                let told = "without the check it would not run either";
                answer = answer
                    .because(format!("{told}: {}", floor.message), "")
                    .beside(floor.about, "what would not run either");
                answer.chain.extend(floor.chain);
                answer.advice = floor.advice;
            }
            None => {
                answer = stricter(answer, &asked, target);
                answer.advice = moves(&asked.requirement, target, &boards);
            }
        }
        answers.push(answer);
        answers.retain(|answer| gravity != Gravity::Error || !is_floor(answer));
    }
}

/// Returns where the check is dropped, for all that run the image.
fn dropped(environment: &Environment, image: &Stage) -> Option<(Place, Text)> {
    const NAME: &str = "NVIDIA_DISABLE_REQUIRE";
    let drops = |settings: &[Setting]| Some(settings.iter().find(|setting| setting.name == NAME)?.clone());
    let by_image = drops(&image.settings);
    let is_dropped = |setting: &Setting| is_true(setting.value);
    if environment.workloads.is_empty() {
        return by_image.filter(is_dropped).map(|setting| (setting.place, image.subject));
    }
    // The first place is shown, where every container has one.
    let of = |workload: &Workload| match drops(&workload.settings) {
        Some(setting) => Some(setting).filter(is_dropped).map(|setting| (setting.place, workload.subject)),
        None => by_image.clone().filter(is_dropped).map(|setting| (setting.place, image.subject)),
    };
    let places: Option<Vec<_>> = environment.workloads.iter().map(of).collect();
    places?.first().copied()
}

/// Says that programs of the image's CUDA would start, where they would.
fn stricter(answer: Answer, asked: &Asked, target: &Target) -> Answer {
    let Some(cuda) = asked.requirement.cuda() else { return answer };
    let Some((floor, source)) = toolkits().floor(&cuda) else { return answer };
    match &target.driver {
        Some(driver) if judge::least(driver) >= *floor => answer.because(
            format!(
                "it is stricter than CUDA: {driver} >= {floor}, so that programs built for CUDA {} start there",
                cuda.major()
            ),
            source,
        ),
        _ => answer,
    }
}

fn moves(requirement: &Requirement, target: &Target, boards: &[&'static Gpu]) -> Vec<String> {
    let mut moves = Vec::new();
    if let (Some(capable), Some(_)) = (host(target, None).cuda, requirement.cuda()) {
        moves.push(format!(
            "start from an image of CUDA {capable} or earlier, which asks for no more than this driver has"
        ));
    }
    let newest = requirement.cuda().and_then(|cuda| drivers().branches.iter().find(|branch| branch.max_cuda >= cuda));
    moves.extend(newest.and_then(|branch| advice::drivers(Some(&branch.first_toolkit_driver_linux), boards)));
    moves.push("where nothing in the image needs what it asks for, set NVIDIA_DISABLE_REQUIRE=1".to_owned());
    moves
}
