//! A stack at a glance: the least driver, the GPUs that it has kernels for, and what becomes of it on each target.

use super::classes;
use super::facts::toolkits;
use super::version::Dotted;
use super::{Answer, Cuda, Floor, Gravity, Stack, Target, Verdict, inspect, judge};
use crate::model::Component;

/// Which GPUs a stack has kernels for, by compute capability.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// The least compute capability that all carriers, and the libraries that stand on them, run on, and who asks for it.
    pub least: Option<(Dotted, &'static Component)>,
    /// The greatest major capability that all carriers have kernels for, and who ends there; none where each of them has PTX
    /// that later GPUs' drivers compile, or where no list is known.
    pub greatest: Option<(u32, usize)>,
    /// The carriers whose kernels are not known, among the stack's.
    pub unknown: Vec<usize>,
}

/// What becomes of a stack on a target.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The target, by its number among those asked for.
    pub target: usize,
    /// The gravest of the answers, and of those that hold anywhere.
    pub verdict: Verdict,
    /// That verdict in words: where the build of the image fails, it does not come to a start.
    pub words: &'static str,
    /// The classes of what does not fit wherever it runs, where one of those is the reason; empty where what is told of the
    /// target is.
    pub because: Vec<&'static str>,
    /// What is worth telling.
    pub answers: Vec<Answer>,
}

/// A stack at a glance.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The least driver.
    pub floor: Option<Floor>,
    /// The GPUs.
    pub reach: Reach,
    /// What does not fit wherever it runs.
    pub inside: Vec<Answer>,
    /// The targets.
    pub outcomes: Vec<Outcome>,
}

impl Summary {
    /// Looks at a stack, and judges it on targets, each with its number.
    pub fn of<'t>(stack: &Stack, targets: impl IntoIterator<Item = (usize, &'t Target)>) -> Self {
        let inside = inspect(stack);
        let outcomes = targets.into_iter().map(|(target, on)| Outcome::of(target, &inside, judge(stack, on)));
        let outcomes = outcomes.collect();
        Summary { floor: stack.driver_floor(), reach: reach(stack), inside, outcomes }
    }
}

impl Outcome {
    /// Sums up what is told of a stack on a target, and of it wherever it runs.
    pub fn of(target: usize, inside: &[Answer], answers: Vec<Answer>) -> Self {
        let verdict = gravest(inside.iter().chain(&answers));
        let told = || inside.iter().chain(&answers);
        let grave = |answer: &&Answer| gravest([*answer]) == verdict;
        let mut reasons = told().filter(grave).peekable();
        let is_build = verdict == Verdict::FailsAtStart && reasons.peek().is_some() && reasons.all(Answer::is_build);
        let mut because = Vec::new();
        if verdict != Verdict::Runs && !answers.iter().any(|answer| grave(&answer)) {
            because.extend(inside.iter().filter(grave).map(|answer| answer.class));
            because.dedup();
        }
        let words = if is_build { NO_BUILD } else { verdict.words() };
        Outcome { target, verdict, words, because, answers }
    }

    /// Returns what its verdict is for, of what is told wherever the stack runs and of the target: the answers as grave as it.
    pub fn reasons<'a>(&'a self, inside: &'a [Answer]) -> impl Iterator<Item = &'a Answer> {
        let is_told = self.verdict != Verdict::Runs;
        let all = inside.iter().chain(&self.answers);
        all.filter(move |answer| is_told && gravest([*answer]) == self.verdict)
    }
}

const NO_BUILD: &str = "does not build";

impl Answer {
    /// Says whether it tells of the image's build, which fails before anything starts.
    pub fn is_build(&self) -> bool {
        self.verdict == Verdict::FailsAtStart && matches!(self.class, "BUILD-MAJOR" | "NO-NVCC" | "ARCH-TOOLKIT")
    }

    /// Returns what a program prints that fails so, with who says it; none where that is not known.
    pub fn says_so(&self) -> Option<String> {
        let who = if self.is_build() { "the build says" } else { "at run time it says" };
        (!self.error_text.is_empty()).then(|| format!("{who}: {}", self.error_text))
    }

    /// Returns its verdict in words.
    pub fn words(&self) -> &'static str {
        if self.is_build() { NO_BUILD } else { self.verdict.words() }
    }
}

/// Returns the gravest verdict of answers: what fails before what is not known, and that before what runs.
pub fn gravest<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Verdict {
    let rank = |answer: &&Answer| match answer.verdict {
        Verdict::FailsAtStart if answer.gravity > Gravity::Warning => 6,
        Verdict::FailsAtKernel if answer.gravity > Gravity::Warning => 5,
        Verdict::FallsBackToCpu => 4,
        Verdict::Unknown => 3,
        // What may fail runs on the condition that it does not.
        Verdict::FailsAtStart | Verdict::FailsAtKernel if answer.gravity == Gravity::Warning => 2,
        Verdict::RunsIf => 1,
        Verdict::FailsAtStart | Verdict::FailsAtKernel | Verdict::Runs => 0,
    };
    match answers.into_iter().map(|answer| (rank(&answer), answer.verdict)).max_by_key(|(rank, _)| *rank) {
        Some((3..=6, verdict)) => verdict,
        Some((2 | 1, _)) => Verdict::RunsIf,
        _ => Verdict::Runs,
    }
}

fn reach(stack: &Stack) -> Reach {
    let mut reach = Reach::default();
    let mut is_open = true;
    for (at, carrier) in stack.carriers.iter().enumerate().filter(|(_, carrier)| !carrier.is_part()) {
        let cuda = match &carrier.cuda {
            Cuda::Version(cuda) => cuda.clone(),
            Cuda::Major(major) => Dotted::major_alone(*major),
            Cuda::Cpu | Cuda::Rocm(_) | Cuda::Unknown(_) => continue,
        };
        let number = |name: &str| name.trim_end_matches(['a', 'f']).parse::<u32>().ok();
        let of = |kind: &'static str| {
            carrier.architectures.iter().filter_map(move |name| number(name.strip_prefix(kind)?.strip_prefix('_')?))
        };
        let least =
            of("sm").chain(of("compute")).min().or_else(|| toolkits().of(&cuda).map(|toolkit| toolkit.min_sm).min());
        if let Some(least) = least.map(|sm| Dotted::of(sm / 10, sm % 10))
            && reach.least.as_ref().is_none_or(|(other, _)| least > *other)
        {
            reach.least = Some((least, carrier.component));
        }
        if carrier.architectures.is_empty() {
            reach.unknown.push(at);
        } else if of("compute").next().is_none()
            && let Some(greatest) = of("sm").max().map(|sm| sm / 10)
            && reach.greatest.is_none_or(|(other, _)| greatest < other)
        {
            reach.greatest = Some((greatest, at));
            is_open = false;
        }
    }
    if let (Some((least, by)), Some((floor, library))) = (&mut reach.least, classes::least_of_libraries(stack)) {
        let floor = Dotted::of(floor / 10, floor % 10);
        if floor > *least {
            (*least, *by) = (floor, library);
        }
    }
    if is_open {
        reach.greatest = None;
    }
    reach
}

impl Verdict {
    /// Returns the verdict in words.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Runs => "runs",
            Verdict::RunsIf => "runs on a condition",
            Verdict::FailsAtStart => "fails at start",
            Verdict::FailsAtKernel => "fails at its first kernel",
            Verdict::FallsBackToCpu => "falls back to the CPU",
            Verdict::Unknown => "unknown",
        }
    }
}
