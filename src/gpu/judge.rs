//! Holds a stack against a target: driver against CUDA, driver against GPU, GPU against kernels.
//!
//! Carriers of one name in one stack are alternatives: a lock that holds `torch` for the CPU and for CUDA installs one of
//! them, and which is not for this room to say. What fails in all of them fails, what fails in some runs on a condition.

use std::cmp::Ordering;

use super::carriers::show;
use super::facts::{self, Gpu};
use super::version::Dotted;
use super::{
    Answer, Carrier, Cuda, Evidence, Floor, Gravity, Link, Module, Platform, Stack, Stage, Target, Verdict, advice,
    classes, pool,
};

use kernels::kernels;
pub(super) use kernels::{Cover, cover};

mod kernels;

pub(super) const DRV_FLOOR: &str = "DRV-FLOOR";
pub(super) const FC_BRANCH: &str = "FC-BRANCH";
const DRV_ARCH: &str = "DRV-ARCH";
pub(super) const ARCH_MISSING: &str = "ARCH-MISSING";
const PTX_NEW: &str = "PTX-NEW";

/// Judges a stack on a target: what is worth telling, and nothing where all runs.
///
/// A fact that is missing gives [`Verdict::Unknown`], and never a failure. Of Jetson, whose drivers have no branch, and of
/// Windows, where the wheels are others, neither drivers nor kernels are judged; WSL is judged by its GPUs alone, as its
/// driver is the host's.
///
/// Where the machines of a target are known and not alike, each kind of them is judged by itself.
pub fn judge(stack: &Stack, target: &Target) -> Vec<Answer> {
    pool::judge(stack, target, on_one)
}

/// Judges a stack on a target of machines that are alike.
fn on_one(stack: &Stack, target: &Target) -> Vec<Answer> {
    // Boards of Jetson come with a system of their own, whatever the target calls it.
    let boards = target.gpus.iter().map(|name| facts::gpus().find(name));
    let is_jetson = target.platform == Platform::Linux
        && !target.gpus.is_empty()
        && boards.into_iter().all(|board| board.is_some_and(|board| board.class == "jetson"));
    if is_jetson {
        return on_one(stack, &Target { platform: Platform::Jetson, ..target.clone() });
    }
    let mut answers = Vec::new();
    if matches!(target.platform, Platform::Jetson | Platform::Windows) {
        let mut answers = Vec::new();
        classes::on_target(stack, target, &mut answers);
        return answers;
    }
    if let (Platform::Linux, Some(driver)) = (target.platform, &target.driver) {
        floors(stack, target, driver, &mut answers);
        driven(stack, target, driver, &mut answers);
    } else if let (Platform::Linux, None, Some(floor)) = (target.platform, &target.driver, driver_floor(stack)) {
        let text = format!("not known: the driver of {}; it needs {} or later", called(target), floor.driver);
        answers.push(unknown(DRV_FLOOR, floor.carrier, vec![link(floor.rule, floor.source), link(text, "")]));
    }
    if let Platform::Linux = target.platform {
        modules(stack, target, &mut answers);
    }
    kernels(stack, target, &mut answers);
    // What goes on without the GPU gets to no kernel.
    let on_cpu: Vec<usize> = (answers.iter().filter(|answer| answer.verdict == Verdict::FallsBackToCpu))
        .map(|answer| answer.carrier)
        .collect();
    answers.retain(|answer| !(matches!(answer.class, ARCH_MISSING | PTX_NEW) && on_cpu.contains(&answer.carrier)));
    let mut answers: Vec<Answer> = answers.into_iter().map(|judged| judged.answer(stack)).collect();
    classes::on_target(stack, target, &mut answers);
    let uses = |at: &usize| !stack.carriers[*at].is_part() && stack.carriers[*at].cuda.major().is_some();
    let none_is_used = !on_cpu.is_empty() && (0..stack.carriers.len()).filter(uses).all(|at| on_cpu.contains(&at));
    answers.retain(|answer| !(none_is_used && answer.class == "ARCH-LIB"));
    answers
}

/// Tells what does not fit inside an environment, wherever it runs.
pub fn inspect(stack: &Stack) -> Vec<Answer> {
    classes::inside(stack)
}

/// An answer about a carrier, among the stack's.
struct Judged {
    class: &'static str,
    verdict: Verdict,
    carrier: usize,
    chain: Vec<Link>,
    error_text: &'static str,
    advice: Vec<String>,
    /// How grave it is, where its verdict does not say so.
    gravity: Option<Gravity>,
}

impl Judged {
    fn answer(self, stack: &Stack) -> Answer {
        let Judged { class, verdict, carrier, chain, error_text, advice, gravity: own } = self;
        let about: Evidence = stack.evidence(carrier);
        let component = stack.carriers[carrier].component;
        let shown = match component.purl.ty() {
            "docker" | "oci" => format!("what uses CUDA in {}:{}", component.name(), component.version()),
            _ => show(component),
        };
        let (what, gravity) = match verdict {
            Verdict::Runs => ("runs", Gravity::Info),
            Verdict::RunsIf => ("runs on a condition", Gravity::Info),
            Verdict::FailsAtStart => ("cannot start", Gravity::Error),
            Verdict::FailsAtKernel => ("fails at its first kernel", Gravity::Error),
            Verdict::FallsBackToCpu => ("falls back to the CPU", Gravity::Warning),
            Verdict::Unknown => ("is not judged", Gravity::Info),
        };
        let gravity = own.unwrap_or(gravity);
        let what = if own.is_some() { "needs a forward-compatibility driver to start" } else { what };
        let message = match class {
            FC_BRANCH => format!(
                "{shown} {what}: the image's forward-compatibility driver is not for hosts of this branch, and does not help"
            ),
            _ => format!("{shown} {what}"),
        };
        Answer { chain, error_text, advice, ..Answer::new(class, verdict, gravity, about, message) }
    }
}

pub(super) fn driver_floor(stack: &Stack) -> Option<Floor> {
    let asks = stack.carriers.iter().enumerate().filter_map(|(at, carrier)| Some((at, carrier, floor_of(carrier)?)));
    let asks: Vec<_> = asks.collect();
    // Parts count where nothing that runs by itself is known: what loads them asks for its own.
    let runs = asks.iter().any(|(_, carrier, _)| !carrier.is_part());
    let asks = asks.into_iter().filter(|(_, carrier, _)| !(runs && carrier.is_part()));
    // The greatest floor; among equals what runs by itself before its parts, and the first before the others.
    let (at, carrier, (driver, source)) = asks.max_by(|(a_at, a, (a_floor, _)), (b_at, b, (b_floor, _))| {
        let by_name = rank(b.component.purl.name()).cmp(&rank(a.component.purl.name()));
        a_floor.cmp(b_floor).then(b.is_part().cmp(&a.is_part())).then(by_name).then(b_at.cmp(a_at))
    })?;
    // RAPIDS asks for more than its CUDA does.
    if let Some(own) = classes::rapids_floor(stack).filter(|own| own.row.min_driver > *driver) {
        let speaks = |other: &Carrier| std::ptr::eq(other.component, own.package.component);
        let carrier = stack.carriers.iter().position(speaks).unwrap_or(at);
        let (driver, source) = (own.row.min_driver.clone(), own.row.source.as_str());
        return Some(Floor { driver, carrier, because: own.rule.clone(), rule: own.rule, source });
    }
    let rule = floor_says(&carrier.cuda, driver);
    Some(Floor { driver: driver.clone(), carrier: at, because: format!("{}; {rule}", carrier.because), rule, source })
}

/// Returns the least driver that a carrier starts on, where that is known.
pub(super) fn floor_of(carrier: &Carrier) -> Option<(&'static Dotted, &'static str)> {
    match &carrier.cuda {
        Cuda::Version(cuda) => facts::toolkits().floor(cuda),
        Cuda::Major(major) => facts::toolkits().floor(&Dotted::major_alone(*major)),
        Cuda::Cpu | Cuda::Rocm(_) | Cuda::Unknown(_) => None,
    }
}

fn floor_says(cuda: &Cuda, floor: &Dotted) -> String {
    match cuda.major() {
        Some(major) if major >= 11 => {
            format!(
                "all of CUDA {major} starts on Linux drivers from {floor} on; below, only with a forward-compatibility library, which no wheel brings"
            )
        }
        _ => format!("{cuda} starts on Linux drivers from {floor} on, and on none below"),
    }
}

/// How a driver stands to a floor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Enough,
    /// Only the branch is given, and some of its builds are enough.
    Some,
    Short,
}

/// Returns the least build that a driver may be, where only its branch is given.
pub(super) fn least(driver: &Dotted) -> Dotted {
    match facts::drivers().branch(driver) {
        Some(branch) if driver.parts() == 1 => branch.first_toolkit_driver_linux.clone(),
        _ => driver.clone(),
    }
}

fn reach(driver: &Dotted, floor: &Dotted) -> Reach {
    match least(driver).cmp(floor) {
        Ordering::Greater | Ordering::Equal => Reach::Enough,
        Ordering::Less if driver.parts() == 1 && driver.major() == floor.major() => Reach::Some,
        Ordering::Less => Reach::Short,
    }
}

/// Says how likely a carrier is the reason that a stack is there: of several that fail together the first one speaks.
fn rank(name: &str) -> usize {
    const FIRST: &[&str] = &["torch", "pytorch", "vllm", "tensorflow", "jax", "onnxruntime-gpu"];
    FIRST.iter().position(|first| name == *first || name.starts_with(&format!("{first}-"))).unwrap_or(FIRST.len())
}

/// Returns the carriers that run by themselves, those of one name together.
fn families(stack: &Stack) -> Vec<Vec<usize>> {
    let mut families: Vec<Vec<usize>> = Vec::new();
    let name = |at: usize| stack.carriers[at].component.purl.name();
    for at in (0..stack.carriers.len()).filter(|at| !stack.carriers[*at].is_part()) {
        match families.iter_mut().find(|family| name(family[0]) == name(at)) {
            Some(family) => family.push(at),
            None => families.push(vec![at]),
        }
    }
    families.sort_by_key(|family| rank(name(family[0])));
    families
}

fn link(text: impl Into<String>, source: &'static str) -> Link {
    Link { text: text.into(), source }
}

fn floors(stack: &Stack, target: &Target, driver: &Dotted, answers: &mut Vec<Judged>) {
    let families = families(stack);
    let reach_of = |at: usize| floor_of(&stack.carriers[at]).map(|(floor, _)| reach(driver, floor));
    let highest = |among: &[usize]| {
        let floor = |at: &usize| floor_of(&stack.carriers[*at]).map(|(floor, _)| floor);
        among.iter().copied().reduce(|a, b| if floor(&b) > floor(&a) { b } else { a })
    };
    let of = |reach: Reach, among: &[usize]| -> Vec<usize> {
        among.iter().copied().filter(|at| reach_of(*at) == Some(reach)).collect()
    };
    let first = answers.len();
    for family in &families {
        let short = of(Reach::Short, family);
        let mut answer = if let Some(at) = highest(&short) {
            floor_answer(stack, target, driver, at)
        } else if let Some(at) = highest(&of(Reach::Some, family)) {
            let mut answer = floor_answer(stack, target, driver, at);
            answer.verdict = Verdict::RunsIf;
            answer.chain.push(link("only the driver's branch is given, and its later builds are enough", ""));
            answer
        } else if let Some((at, missing)) = family.iter().find_map(|at| Some((*at, missing(&stack.carriers[*at])?))) {
            let carrier = &stack.carriers[at];
            let chain = vec![link(&carrier.because, carrier.source), link(format!("not known: {missing}"), "")];
            unknown(DRV_FLOOR, at, chain)
        } else {
            continue;
        };
        helped(stack, target, driver, &mut answer);
        let fails = |answer: &Judged| matches!(answer.verdict, Verdict::FailsAtStart | Verdict::FallsBackToCpu);
        if fails(&answer) && short.len() < family.len() {
            answer.verdict = Verdict::RunsIf;
            let others = family.iter().filter(|at| !short.contains(at)).map(|at| &stack.carriers[*at]);
            // One that is known to run says more than one of which that is not known.
            if let Some(other) = others.min_by_key(|other| missing(other).is_some()) {
                let what = match missing(other) {
                    None => format!("for {}, runs", other.cuda),
                    Some(missing) => format!("may be what is installed; not known: {missing}"),
                };
                answer.chain.push(link(format!("the other {} beside it, {what}", show(other.component)), other.source));
            }
        }
        if fails(&answer) && stack.is_only_asked_by_extras(family) {
            answer.verdict = Verdict::RunsIf;
            let text = "only an extra asks for it: the condition is that the extra is not installed";
            answer.chain.push(link(text, ""));
        }
        // One cause is told once: vLLM and its torch fail together.
        let floor = floor_of(&stack.carriers[answer.carrier]);
        let same = |told: &&mut Judged| {
            told.verdict == answer.verdict && floor.is_some() && floor_of(&stack.carriers[told.carrier]) == floor
        };
        match answers[first..].iter_mut().find(same) {
            Some(told) => {
                told.chain.push(link(&stack.carriers[answer.carrier].because, stack.carriers[answer.carrier].source))
            }
            None => answers.push(answer),
        }
    }
    let parts: Vec<usize> = (0..stack.carriers.len()).filter(|at| stack.carriers[*at].is_part()).collect();
    let Some(at) = highest(&of(Reach::Short, &parts)) else { return };
    let floor = floor_of(&stack.carriers[at]);
    let told = answers[first..].iter().any(|answer| floor_of(&stack.carriers[answer.carrier]) == floor);
    if told {
        return;
    }
    let mut answer = floor_answer(stack, target, driver, at);
    helped(stack, target, driver, &mut answer);
    let is_loaded = stack.environment.python("numba-cuda").next().is_some();
    let is_binding = matches!(stack.carriers[at].component.purl.name(), "cuda-bindings" | "cuda-python") && !is_loaded;
    if !families.is_empty() || is_binding || of(Reach::Short, &parts).len() < parts.len() {
        answer.verdict = Verdict::RunsIf;
        let part = stack.carriers[at].component;
        let packages = stack.environment.packages.iter();
        let mut by: Vec<&str> = packages
            .filter(|package| package.requires.iter().any(|other| std::ptr::eq(*other, part)))
            .map(|package| package.name())
            .collect();
        by.sort_unstable();
        by.dedup();
        let text = match by.as_slice() {
            [] => "nothing here is known to load it, and it runs as long as nothing does".to_owned(),
            by => {
                let shown = by.iter().take(3).copied().collect::<Vec<_>>().join(", ");
                let more = if by.len() > 3 { format!(" and {} more", by.len() - 3) } else { String::new() };
                let (require, load) = if by.len() == 1 { ("requires", "it loads") } else { ("require", "they load") };
                format!(
                    "{shown}{more} {require} it; whether {load} it is not known, and it runs as long as nothing does"
                )
            }
        };
        answer.chain.push(link(text, ""));
    }
    answers.push(answer);
}

/// Says whether CUDA's libraries are known to be in the image.
fn has_libraries(stack: &Stack) -> bool {
    stack.environment.image().and_then(Stage::libraries).is_some_and(|known| known.value)
}

impl Stack {
    /// Says whether nothing but extras asks for these carriers, in an environment of which it is not known what it installs.
    fn is_only_asked_by_extras(&self, carriers: &[usize]) -> bool {
        let environment = &self.environment;
        let is_optional = |at: &usize| {
            let component = self.carriers[*at].component;
            let mut packages = environment.packages.iter().filter(|package| std::ptr::eq(package.component, component));
            packages.next().is_some_and(|package| package.optional)
        };
        environment.stages.is_empty() && carriers.iter().all(is_optional)
    }
}

/// Returns which fact is missing for a floor.
fn missing(carrier: &Carrier) -> Option<String> {
    match &carrier.cuda {
        Cuda::Unknown(missing) => Some(missing.clone()),
        Cuda::Cpu | Cuda::Rocm(_) => None,
        cuda => {
            floor_of(carrier).is_none().then(|| format!("the least driver for {cuda}, which the tables do not have"))
        }
    }
}

fn floor_answer(stack: &Stack, target: &Target, driver: &Dotted, at: usize) -> Judged {
    let carrier = &stack.carriers[at];
    let mut chain = vec![link(&carrier.because, carrier.source)];
    let mut advice = Vec::new();
    if let Some((floor, source)) = floor_of(carrier) {
        chain.push(link(floor_says(&carrier.cuda, floor), source));
        let branch = facts::drivers().branch(driver);
        let below = format!("{} has driver {driver}, and {driver} < {floor}", called(target));
        chain.push(match branch {
            Some(branch) => {
                let found = branch.max_cuda.major() * 1000 + branch.max_cuda.minor() * 10;
                link(
                    format!(
                        "{below}: R{} implements CUDA {}, which programs report as {found}",
                        branch.branch, branch.max_cuda
                    ),
                    &branch.source,
                )
            }
            None => link(below, ""),
        });
        advice = advice::for_driver(stack, carrier, driver, floor, &models(target));
    }
    let name = carrier.component.purl.name();
    let verdict = if name.starts_with("jax-") || name == "jaxlib" {
        chain.push(link("JAX warns, and goes on without the GPU", "jax-ml/jax#15961, jax-ml/jax#29068"));
        Verdict::FallsBackToCpu
    } else if name == "onnxruntime-gpu" {
        let source = "microsoft/onnxruntime onnxruntime/python/onnxruntime_inference_collection.py";
        chain.push(link("ONNX Runtime prints an EP Error, and in Python goes on with the CPU's provider", source));
        Verdict::FallsBackToCpu
    } else if name == "tensorflow"
        && carrier.component.purl.ty() == "pypi"
        && !classes::brings_cuda(stack, name)
        && !has_libraries(stack)
    {
        chain.push(link(
            "it brings no CUDA by itself: without the libraries in the image it logs that it skips registering GPU devices, and runs on the CPU",
            "tensorflow/tensorflow#63362",
        ));
        Verdict::RunsIf
    } else {
        Verdict::FailsAtStart
    };
    let error_text = match name {
        "torch" | "vllm" | "pytorch" | "vllm-openai" => "The NVIDIA driver on your system is too old",
        _ => "CUDA driver version is insufficient for CUDA runtime version",
    };
    Judged { class: DRV_FLOOR, verdict, carrier: at, chain, error_text, advice, gravity: None }
}

/// Holds a driver below the floor against the forward-compatibility driver of the image, where there is one.
fn helped(stack: &Stack, target: &Target, driver: &Dotted, answer: &mut Judged) {
    if !matches!(answer.verdict, Verdict::FailsAtStart | Verdict::FallsBackToCpu) {
        return;
    }
    let Some((floor, _)) = floor_of(&stack.carriers[answer.carrier]) else { return };
    match classes::help(stack, target, driver, &classes::Need::Floor(floor)) {
        classes::Help::None => {}
        classes::Help::Runs(chain) => {
            answer.verdict = Verdict::RunsIf;
            // It has such an image already.
            answer.advice.retain(|advice| !advice.starts_with("start the image"));
            answer.chain.extend(chain);
        }
        classes::Help::Branch(chain) => {
            answer.class = FC_BRANCH;
            answer.chain.extend(chain);
        }
        classes::Help::Hardware(chain) => answer.chain.extend(chain),
        classes::Help::Maybe(chain) => {
            answer.verdict = Verdict::RunsIf;
            answer.gravity = Some(Gravity::Warning);
            answer.chain.extend(chain);
        }
        classes::Help::Unknown(chain) => {
            answer.verdict = Verdict::Unknown;
            answer.chain.extend(chain);
        }
    }
}

fn called(target: &Target) -> &str {
    if target.name.is_empty() { "the target" } else { &target.name }
}

fn unknown(class: &'static str, carrier: usize, chain: Vec<Link>) -> Judged {
    Judged { class, verdict: Verdict::Unknown, carrier, chain, error_text: "", advice: Vec::new(), gravity: None }
}

/// Returns the target's GPUs that are in the tables, but for those of Jetson boards.
pub(super) fn models(target: &Target) -> Vec<&'static Gpu> {
    let models = target.gpus.iter().filter_map(|name| facts::gpus().find(name));
    models.filter(|gpu| gpu.class != "jetson").collect()
}

/// Returns the carrier that speaks for all where a GPU and its driver are at odds.
fn speaker(stack: &Stack) -> Option<usize> {
    let cuda = |at: &usize| stack.carriers[*at].cuda.major().is_some();
    let mut carriers = (0..stack.carriers.len()).filter(cuda);
    let first = carriers.clone().next();
    carriers.find(|at| !stack.carriers[*at].is_part()).or(first)
}

fn driven(stack: &Stack, target: &Target, driver: &Dotted, answers: &mut Vec<Judged>) {
    let Some(carrier) = speaker(stack) else { return };
    let mut told = Vec::new();
    for gpu in models(target) {
        let Some(row) = facts::drivers().support(&gpu.architecture) else { continue };
        if row.holds(driver.major()) || told.contains(&&gpu.architecture) {
            continue;
        }
        told.push(&gpu.architecture);
        let bound = match (row.first_branch, row.last_branch) {
            (Some(first), _) if driver.major() < first => format!("from R{first} on"),
            (_, Some(last)) => format!("up to R{last}"),
            _ => continue,
        };
        let mut chain = vec![
            link(format!("{} is of the {} architecture", gpu.name, gpu.architecture), &gpu.source),
            link(format!("drivers {bound} drive {}", gpu.architecture), &row.source),
            link(format!("{} has driver {driver}, of R{}", called(target), driver.major()), ""),
        ];
        if row.unverified {
            chain.push(link("not known: where exactly that bound is", ""));
            answers.push(unknown(DRV_ARCH, carrier, chain));
            continue;
        }
        // The kernel's log, where the driver passes the board by; of boards later than the driver it says nothing.
        let error_text = match row.last_branch.filter(|last| driver.major() > *last) {
            Some(470) => "supported through the NVIDIA 470.xx Legacy drivers",
            Some(580) => "supported through the NVIDIA 580.xx Legacy drivers",
            _ => "No devices were found",
        };
        let advice = advice::drivers(None, &models(target)).into_iter().collect();
        answers.push(Judged {
            class: DRV_ARCH,
            verdict: Verdict::FailsAtStart,
            carrier,
            chain,
            error_text,
            advice,
            gravity: None,
        });
    }
}

/// Tells of GPUs that the closed kernel modules do not drive, whatever their branch.
fn modules(stack: &Stack, target: &Target, answers: &mut Vec<Judged>) {
    let (Module::Closed, Some(carrier)) = (target.module, speaker(stack)) else { return };
    let needs_open = |gpu: &&'static Gpu| {
        let row = facts::drivers().support(&gpu.architecture);
        row.is_some_and(|row| row.open_modules_only.contains(&gpu.class))
    };
    let Some(gpu) = models(target).into_iter().find(needs_open) else { return };
    let Some(row) = facts::drivers().support(&gpu.architecture) else { return };
    let kind = if gpu.class == "geforce" { "GeForce" } else { "RTX PRO" };
    let chain = vec![
        link(format!("{} is of the {} architecture", gpu.name, gpu.architecture), &gpu.source),
        link(
            format!("only the open kernel modules drive {kind} boards of {}, of whatever driver", gpu.architecture),
            &row.open_modules_source,
        ),
        link(format!("{} has the closed kernel modules", called(target)), ""),
    ];
    let advice =
        vec!["install the open kernel modules of the same driver (nvidia-driver-…-open, nvidia-open)".to_owned()];
    let error_text = "requires use of the NVIDIA open kernel modules";
    answers.push(Judged {
        class: DRV_ARCH,
        verdict: Verdict::FailsAtStart,
        carrier,
        chain,
        error_text,
        advice,
        gravity: None,
    });
}
