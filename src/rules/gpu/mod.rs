//! Whether what is locked can run on the drivers and GPUs that it is meant for.

mod base_image_cuda;
mod bitsandbytes_library;
mod build_cuda_major;
mod conda_virtual_cuda;
mod cpu_build;
mod cuda_major_mix;
mod cuda_python_major;
mod cudnn_major;
mod cudnn_too_old;
mod cupy_conflict;
mod driver_architecture;
mod driver_capabilities;
mod driver_capability_misread;
mod driver_end_of_life;
mod driver_floor;
mod fabric_manager;
mod facts_age;
mod flash_attn_wheel;
mod forward_compat_branch;
mod forward_compat_hardware;
mod forward_compat_stale;
mod image_requirement_unmet;
mod jax_plugin;
mod jetson_packages;
mod library_architecture;
mod missing_architecture;
mod missing_compiler;
mod mixed_pool;
mod nccl_mix;
mod no_driver;
mod numba_toolkit;
mod nvml_mismatch;
mod onnxruntime_fallback;
mod overwritten_libraries;
mod ptx_too_new;
mod rapids_mix;
mod rocm_architecture;
mod rocm_kernel_driver;
mod rocm_mix;
mod shadowed_libraries;
mod tensorflow_build;
mod tensorrt_engine;
mod toolkit_architecture;
mod torch_pair;
mod torch_pin_drift;
mod triton_pin;
mod vllm_variant;
mod wsl_driver;
mod xformers_pair;

use std::collections::BTreeSet;

use hashbrown::HashSet;

use super::{Case, Findings, Rule, phrase};
use crate::gpu::summary::Outcome;
use crate::gpu::{self, Answer, Evidence, Gravity, Stack, Verdict};
use crate::graph::{Graph, Resolved};
use crate::intern::Text;
use crate::model::Purl;
use crate::policy::{self, Level, Policy};
use crate::report::{StackCell, StackLine, TargetLine};
use crate::source::Place;
use crate::stacks;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &driver_floor::DriverFloor,
    &driver_architecture::DriverArchitecture,
    &missing_architecture::MissingArchitecture,
    &ptx_too_new::PtxTooNew,
    &image_requirement_unmet::ImageRequirementUnmet,
    &forward_compat_hardware::ForwardCompatHardware,
    &forward_compat_stale::ForwardCompatStale,
    &forward_compat_branch::ForwardCompatBranch,
    &driver_end_of_life::DriverEndOfLife,
    &driver_capability_misread::DriverCapabilityMisread,
    &shadowed_libraries::ShadowedLibraries,
    &build_cuda_major::BuildCudaMajor,
    &missing_compiler::MissingCompiler,
    &base_image_cuda::BaseImageCuda,
    &driver_capabilities::DriverCapabilities,
    &no_driver::NoDriver,
    &cpu_build::CpuBuild,
    &conda_virtual_cuda::CondaVirtualCuda,
    &toolkit_architecture::ToolkitArchitecture,
    &jetson_packages::JetsonPackages,
    &wsl_driver::WslDriver,
    &rocm_kernel_driver::RocmKernelDriver,
    &rocm_architecture::RocmArchitecture,
    &cuda_major_mix::CudaMajorMix,
    &overwritten_libraries::OverwrittenLibraries,
    &cudnn_major::CudnnMajor,
    &cudnn_too_old::CudnnTooOld,
    &library_architecture::LibraryArchitecture,
    &cupy_conflict::CupyConflict,
    &rapids_mix::RapidsMix,
    &numba_toolkit::NumbaToolkit,
    &cuda_python_major::CudaPythonMajor,
    &onnxruntime_fallback::OnnxruntimeFallback,
    &bitsandbytes_library::BitsandbytesLibrary,
    &rocm_mix::RocmMix,
    &nccl_mix::NcclMix,
    &tensorrt_engine::TensorrtEngine,
    &torch_pair::TorchPair,
    &triton_pin::TritonPin,
    &torch_pin_drift::TorchPinDrift,
    &xformers_pair::XformersPair,
    &flash_attn_wheel::FlashAttnWheel,
    &vllm_variant::VllmVariant,
    &tensorflow_build::TensorflowBuild,
    &jax_plugin::JaxPlugin,
    &mixed_pool::MixedPool,
    &nvml_mismatch::NvmlMismatch,
    &fabric_manager::FabricManager,
    &facts_age::FactsAge,
];

/// The rule that tells each class of mismatch.
const CLASSES: &[(&str, &str)] = &[
    ("DRV-FLOOR", "driver-floor"),
    ("PTX-NEW", "ptx-too-new"),
    ("REQ-UNMET", "image-requirement-unmet"),
    ("FC-HW", "forward-compat-hardware"),
    ("FC-STALE", "forward-compat-stale"),
    ("FC-BRANCH", "forward-compat-branch"),
    ("DRV-EOL", "driver-end-of-life"),
    ("DRV-ARCH", "driver-architecture"),
    ("SMI-MISREAD", "driver-capability-misread"),
    ("ARCH-MISSING", "missing-architecture"),
    ("ARCH-TOOLKIT", "toolkit-architecture"),
    ("ARCH-LIB", "library-architecture"),
    ("MAJOR-MIX", "cuda-major-mix"),
    ("PATH-OVERWRITE", "overwritten-libraries"),
    ("CUDNN-MAJOR", "cudnn-major"),
    ("CUDNN-OLD", "cudnn-too-old"),
    ("PIN-DRIFT", "torch-pin-drift"),
    ("LIB-SHADOW", "shadowed-libraries"),
    ("TV-PAIR", "torch-pair"),
    ("FA-WHEEL", "flash-attn-wheel"),
    ("XF-PAIR", "xformers-pair"),
    ("TRITON-PIN", "triton-pin"),
    ("BNB-LIB", "bitsandbytes-library"),
    ("VLLM-VARIANT", "vllm-variant"),
    ("ORT-EXTRA", "onnxruntime-fallback"),
    ("CUPY", "cupy-conflict"),
    ("JAX-PLUGIN", "jax-plugin"),
    ("TF-BUILD", "tensorflow-build"),
    ("RAPIDS-SUFFIX", "rapids-mix"),
    ("NUMBA", "numba-toolkit"),
    ("CUDA-PY", "cuda-python-major"),
    ("TRT-ENGINE", "tensorrt-engine"),
    ("CPU-BUILD", "cpu-build"),
    ("CONDA-VIRTUAL", "conda-virtual-cuda"),
    ("BUILD-MAJOR", "build-cuda-major"),
    ("NO-NVCC", "missing-compiler"),
    ("BASE-WHEEL", "base-image-cuda"),
    ("CAPS", "driver-capabilities"),
    ("NO-DRIVER", "no-driver"),
    ("POOL-MIX", "mixed-pool"),
    ("NVML-MIX", "nvml-mismatch"),
    ("FABRIC", "fabric-manager"),
    ("NCCL-MIX", "nccl-mix"),
    ("ROCM-MIX", "rocm-mix"),
    ("ROCM-KFD", "rocm-kernel-driver"),
    ("ROCM-ARCH", "rocm-architecture"),
    ("JETSON", "jetson-packages"),
    ("WSL", "wsl-driver"),
];

/// Returns the id of the rule that tells a class of mismatch.
pub fn rule_of(class: &str) -> Option<Text> {
    CLASSES.iter().find(|(name, _)| *name == class).map(|(_, rule)| *rule)
}

/// Returns the class of mismatch that a rule tells; none of another rule.
pub fn class_of(rule: &str) -> Option<Text> {
    CLASSES.iter().find(|(_, id)| *id == rule).map(|(class, _)| *class)
}

/// What is worth telling of the stacks of a tree: computed once a check, told by many rules.
#[derive(Default)]
pub struct Judged {
    /// What was found, each thing once.
    found: Vec<Found>,
    /// What was found: the class, where, on which target, and what is said of it.
    seen: HashSet<(Text, Place, Option<usize>, String)>,
    /// The targets that something with CUDA runs on, by their numbers in the policy.
    used: BTreeSet<usize>,
    /// The targets that something is meant to run on, by their numbers in the policy.
    meant: BTreeSet<usize>,
    /// The subjects of stacks that carry a GPU runtime and were judged on a target.
    answered: BTreeSet<Text>,
    /// The classes of which a fact was missing, and the subject of whose stack.
    unanswered: BTreeSet<(Text, Text)>,
    /// What could not be judged, or only on a condition: silence would look like a yes.
    pub notes: Vec<String>,
    /// What runs on no target, though some are meant for it, with where its workload stands.
    pub unplaced: Vec<(Place, String)>,
    /// The stacks that carry a GPU runtime, and what becomes of each on the targets.
    pub stacks: Vec<StackLine>,
}

struct Found {
    answer: Answer,
    /// The target that it is about, by its number in the policy; none where it holds anywhere.
    target: Option<usize>,
}

impl Judged {
    /// Returns the targets that something with CUDA runs on.
    fn used<'p>(&self, policy: &'p Policy) -> impl Iterator<Item = &'p policy::Target> {
        self.used.iter().filter_map(|target| policy.targets.get(*target))
    }

    /// Says whether something is meant to run on a target, by its number in the policy.
    pub fn is_used(&self, target: usize) -> bool {
        self.meant.contains(&target)
    }

    /// Says whether a class was judged of a subject's stack: on a target, and with no fact missing.
    pub fn is_answered(&self, class: Text, subject: Text) -> bool {
        self.answered.contains(subject) && !self.unanswered.contains(&(class, subject))
    }

    /// Notes of which classes a stack's answers leave something open.
    fn leave_open(&mut self, stack: &Stack, answers: &[Answer]) {
        for answer in answers.iter().filter(|answer| answer.verdict == Verdict::Unknown) {
            self.unanswered.extend(stack.environment.subjects.iter().map(|subject| (answer.class, *subject)));
        }
    }

    /// Adds answers, each thing once: a lockfile that several images install is in several stacks.
    fn add(&mut self, answers: impl IntoIterator<Item = Answer>, target: Option<usize>) {
        for answer in answers {
            if self.seen.insert((answer.class, answer.about.place, target, answer.message.clone())) {
                self.found.push(Found { answer, target });
            }
        }
    }

    /// Notes what of a stack is not known, or runs on a condition; `target` is the target's name, empty for wherever it runs.
    fn note(&mut self, stack: &Stack, target: &str, answers: &[Answer]) {
        let fails = |answer: &&Answer| matches!(answer.verdict, Verdict::FailsAtStart | Verdict::FailsAtKernel);
        let failing: Vec<Evidence> = answers.iter().filter(fails).map(|answer| answer.about).collect();
        for answer in answers {
            // What fails there runs on no condition.
            let is_it = |other: &Evidence| match (other.component, answer.about.component) {
                (Some(one), Some(other)) => std::ptr::eq(one, other),
                _ => false,
            };
            if answer.verdict == Verdict::RunsIf && failing.iter().any(is_it) {
                continue;
            }
            let how = match answer.verdict {
                Verdict::RunsIf if answer.gravity == Gravity::Info => "runs on a condition",
                Verdict::Unknown => "is not judged",
                _ => continue,
            };
            let what = answer
                .about
                .component
                .map_or(String::new(), |component| format!("{} {} ", component.name(), component.version()));
            let on = if target.is_empty() { String::new() } else { format!(" on {target}") };
            let because = answer.chain.last().map_or(String::new(), |link| format!(": {}", link.text));
            self.notes.push(format!("{}: {what}{how}{on}{because}", stack.environment.name));
        }
    }
}

/// Judges the stacks of a tree on the targets of a policy.
pub fn judged(resolved: &Graph, policy: &Policy) -> Judged {
    let mut judged = Judged::default();
    let stacks = stacks::stacks(resolved, policy);
    judged.add(gpu::across(&stacks), None);
    let mut all_inside: Vec<Vec<Answer>> = Vec::with_capacity(stacks.len());
    let mut lines: Vec<StackLine> = Vec::with_capacity(stacks.len());
    for stack in &stacks {
        let inside = gpu::inspect(stack);
        // Without a target nothing is asked of what is not known.
        if !policy.targets.is_empty() {
            judged.note(stack, "", &inside);
        }
        judged.leave_open(stack, &inside);
        judged.add(inside.iter().cloned(), None);
        if stack.carriers.iter().any(|carrier| carrier.cuda.major().is_some()) {
            judged.unplaced.extend(stacks::unplaced(&stack.environment, &policy.targets));
        }
        all_inside.push(inside);
        lines.push(line(stack));
    }
    for (number, place) in policy.targets.iter().enumerate() {
        let target = &place.target;
        for gpu in target.gpus.iter().filter(|gpu| !gpu::facts::is_gpu(gpu)) {
            let hint = gpu::facts::gpu_hint(gpu);
            let note =
                format!("the target {} names the GPU \"{gpu}\", which the tables do not have{hint}", target.name);
            judged.notes.push(note);
        }
        for (at, stack) in stacks.iter().enumerate().filter(|(_, stack)| stacks::runs(&stack.environment, place)) {
            judged.meant.insert(number);
            if stack.carriers.iter().any(|carrier| carrier.cuda.major().is_some()) {
                judged.used.insert(number);
            }
            if !stack.carriers.is_empty() {
                judged.answered.extend(&stack.environment.subjects);
            }
            let answers = gpu::judge(stack, target);
            judged.note(stack, &target.name, &answers);
            judged.leave_open(stack, &answers);
            let outcome = Outcome::of(number, &all_inside[at], answers);
            lines[at].cells.push(cell(&outcome, &all_inside[at]));
            judged.add(outcome.answers, Some(number));
        }
        let about = Evidence { place: place.place, ..Evidence::default() };
        judged.add(gpu::fleet(target).into_iter().map(|answer| Answer { about, ..answer }), Some(number));
    }
    let carries = stacks.iter().map(|stack| !stack.carriers.is_empty());
    judged.stacks = lines.into_iter().zip(carries).filter(|(_, carries)| *carries).map(|(line, _)| line).collect();
    judged
}

/// Returns the line of a stack in the table of stacks and targets, less its cells.
fn line(stack: &Stack) -> StackLine {
    let floor = stack.driver_floor();
    let because = floor.as_ref().map(|floor| {
        let component = stack.carriers[floor.carrier].component;
        format!("{} {}: {}", component.name(), component.version(), floor.rule)
    });
    StackLine {
        name: stack.environment.name,
        floor: floor.map(|floor| floor.driver.to_string()),
        because: because.unwrap_or_default(),
        cells: Vec::new(),
    }
}

fn cell(outcome: &Outcome, inside: &[Answer]) -> StackCell {
    let level = match outcome.verdict {
        Verdict::Runs => Level::Allow,
        Verdict::RunsIf | Verdict::Unknown => Level::Warn,
        Verdict::FailsAtStart | Verdict::FailsAtKernel | Verdict::FallsBackToCpu => Level::Deny,
    };
    let mut because: Vec<String> = Vec::new();
    for answer in outcome.reasons(inside) {
        // What is not known says so in its chain alone.
        let last = answer.chain.last().filter(|_| answer.verdict == Verdict::Unknown || answer.message.is_empty());
        let reason = last.map_or(&answer.message, |link| &link.text);
        if !because.contains(reason) {
            because.push(reason.clone());
        }
    }
    StackCell { target: outcome.target, words: outcome.words, level, because }
}

/// Returns the targets of a policy, as the table of stacks and targets heads its columns.
pub fn targets(policy: &Policy) -> Vec<TargetLine> {
    let line = |target: &policy::Target| TargetLine {
        name: target.target.name.clone(),
        driver: target.target.driver.as_ref().map(ToString::to_string),
        gpus: target.target.gpus.clone(),
    };
    policy.targets.iter().map(line).collect()
}

/// Adds a finding for each thing of this class that fails, or may: at the level of its gravity, where the policy does not
/// set the rule's. What is not known is no finding, and what runs on a condition is a note.
fn tell<'g>(rule: &dyn Rule, class: &str, case: &Case<'g>, findings: &mut Findings<'g>) {
    tell_where(rule, class, case, findings, |_| true);
}

/// Does so for those that a rule's options do not let through.
fn tell_where<'g>(
    rule: &dyn Rule,
    class: &str,
    case: &Case<'g>,
    findings: &mut Findings<'g>,
    is_meant: impl Fn(&Answer) -> bool,
) {
    // A rule that is off unless the policy asks for it tells what is only worth knowing.
    let is_info = rule.level() == Level::Allow;
    let is_told = |answer: &Answer| {
        let grave = answer.gravity > Gravity::Info;
        answer.class == class && answer.verdict != Verdict::Unknown && (grave || is_info) && is_meant(answer)
    };
    for Found { answer, target } in case.judged().found.iter().filter(|found| is_told(&found.answer)) {
        let target = target.and_then(|target| case.policy.targets.get(target));
        add(rule, case, findings, answer, target);
    }
}

/// Adds a finding of an answer, and the target that it is about.
fn add<'g>(
    rule: &dyn Rule,
    case: &Case<'g>,
    findings: &mut Findings<'g>,
    answer: &Answer,
    target: Option<&policy::Target>,
) {
    let message = match target {
        Some(target) => format!("{} on {}", answer.message, phrase::safe(&target.target.name)),
        None => answer.message.clone(),
    };
    let about = answer.about;
    let node = about.component.and_then(|component| {
        let subject = case.resolved.subject(about.subject)?;
        subject.components().find(|node| std::ptr::eq(node.component, component))
    });
    let draft = match node {
        Some(node) => findings.add(rule, node, message),
        None => {
            let draft = findings.at(rule, about.subject, about.place, message);
            draft.packages(named_at(case, answer))
        }
    };
    if let Some(target) = target {
        draft.name(&target.target.name);
        if target.place != about.place {
            draft.related(target.place, "the target");
        }
    }
    for (place, note) in &answer.related {
        draft.related(*place, note);
    }
    draft.help(answer.advice.join("\n"));
    for link in &answer.chain {
        // The first of several sources is enough where a person reads; `driftgate gpu --format json` has all.
        let source = link.source.split(" ; ").next().unwrap_or_default();
        let source = if source.is_empty() { String::new() } else { format!(" [{source}]") };
        draft.note(format!("{}{source}", link.text));
    }
    if let Some(said) = answer.says_so() {
        draft.note(said);
    }
    draft.level(match answer.gravity {
        Gravity::Error => Level::Deny,
        Gravity::Warning => Level::Warn,
        Gravity::Info => Level::Allow,
    });
}

/// Returns the packages, without versions, that an answer about a container or a setting names: the image that the container
/// runs, and what stands at the places that belong to it.
fn named_at(case: &Case<'_>, answer: &Answer) -> Vec<Purl> {
    let places: Vec<Place> = answer.related.iter().map(|related| related.0).chain([answer.about.place]).collect();
    let Some(subject) = case.resolved.subject(answer.about.subject) else { return Vec::new() };
    let parts = subject.parts.iter().filter(|part| places.contains(&part.place));
    let run = parts.filter_map(|part| subject.node(part.image?));
    let here = subject.components().filter(|node| places.contains(&node.place()));
    let bare = |node: Resolved<'_>| {
        let purl = node.component.purl;
        Purl::new(purl.ty(), purl.namespace(), purl.name(), "")
    };
    run.chain(here).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each class has its rule, and each rule of this folder its class, but for the one about the tables' age.
    #[test]
    fn classes_and_rules_belong_together() {
        let told: BTreeSet<&str> = CLASSES.iter().map(|(_, rule)| *rule).collect();
        let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id()).filter(|id| *id != "gpu-facts-age").collect();
        assert_eq!(told, rules);
        let classes: BTreeSet<&str> = CLASSES.iter().map(|(class, _)| *class).collect();
        assert_eq!(classes.len(), CLASSES.len());
    }
}
