//! Whether what is locked can run on the drivers and GPUs that it is meant for.

mod driver_architecture;
mod driver_floor;
mod missing_architecture;

use hashbrown::HashMap;

use super::{Case, Findings, Rule, phrase};
use crate::compare::Drift;
use crate::entry::Entry;
use crate::formats::pypi;
use crate::gpu::{self, Answer, Stack, Verdict};
use crate::graph::{Graph, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, Scope};
use crate::policy::Policy;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] =
    &[&driver_floor::DriverFloor, &driver_architecture::DriverArchitecture, &missing_architecture::MissingArchitecture];

/// Returns the GPU stack of what a subject runs on Linux, and the components that were looked at. What is only there to
/// develop and to build, or locked for other systems, is not what runs on the nodes.
pub fn stack_of(subject: &Subject) -> (Stack, Vec<Resolved<'_>>) {
    let mut known: HashMap<Text, bool> = HashMap::new();
    let mut holds = |marker: Text| *known.entry(marker).or_insert_with(|| pypi::can_hold_on_linux(marker));
    let mut runs = |node: &Resolved<'_>| {
        let mut asked = node.required_by().peekable();
        !matches!(node.scope(), Some(Scope::Build | Scope::Dev))
            && holds(node.environment())
            && (asked.peek().is_none() || asked.any(|link| holds(link.requirement.environment)))
    };
    let python = subject.components().filter(|node| node.component.purl.ty() == "pypi");
    let nodes: Vec<Resolved<'_>> = python.filter(|node| runs(node)).collect();
    // Only the way to the CUDA runtime matters, which is two steps long: torch, the toolkit's wheel, the runtime.
    let parts = |node: Resolved<'_>| -> Vec<&'static Component> {
        let cuda = |name: &str| name.starts_with("nvidia-") || name == "cuda-toolkit";
        let first: Vec<Resolved<'_>> =
            node.requires().map(|link| link.to).filter(|to| cuda(to.component.purl.name())).collect();
        let second = first.iter().flat_map(|part| part.requires().map(|link| link.to.component));
        first.iter().map(|part| part.component).chain(second).collect()
    };
    let required = |component: &'static Component| {
        let node = nodes.iter().find(|node| std::ptr::eq(node.component, component));
        node.filter(|_| component.purl.name() == "torch").map(|node| parts(*node)).unwrap_or_default()
    };
    (gpu::stack_with(nodes.iter().map(|node| node.component), required), nodes)
}

/// Adds a finding for each component that fails on a target for a reason of this class. What is not known is no finding.
fn fails<'g>(rule: &dyn Entry, class: &str, case: &Case<'g>, findings: &mut Findings<'g>) {
    if case.policy.targets.is_empty() {
        return;
    }
    for subject in case.resolved.subjects() {
        let targets: Vec<_> = case.policy.targets.iter().filter(|target| target.runs(subject.path)).collect();
        if targets.is_empty() {
            continue;
        }
        let (stack, nodes) = stack_of(subject);
        for target in targets {
            for answer in gpu::judge(&stack, &target.target) {
                let Answer { class: of, verdict, carrier, chain, error_text, advice } = answer;
                if of != class || !matches!(verdict, Verdict::FailsAtStart | Verdict::FailsAtKernel) {
                    continue;
                }
                let component = stack.carriers[carrier].component;
                let Some(node) = nodes.iter().find(|node| std::ptr::eq(node.component, component)) else { continue };
                let fails = if verdict == Verdict::FailsAtStart { "cannot start" } else { "fails at its first kernel" };
                let name = &target.target.name;
                let message = format!("{} {fails} on {}", phrase::full(component), phrase::safe(name));
                let draft = findings.add(rule, *node, message);
                draft.name(name).related(target.place, "the target").help(advice.join("\n"));
                for link in &chain {
                    let source = if link.source.is_empty() { String::new() } else { format!(" [{}]", link.source) };
                    draft.note(format!("{}{source}", link.text));
                }
                if !error_text.is_empty() {
                    draft.note(format!("at run time it says: {error_text}"));
                }
            }
        }
    }
}

/// Says what the drift does to the GPU stack of each subject: the driver floor that moves, and because of whom.
pub fn headlines(drift: &Drift<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for pair in drift.subjects.iter().filter(|pair| !pair.changes.is_empty()) {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        let (was, is) = (stack_of(old).0, stack_of(new).0);
        let (Some(from), Some(to)) = (was.driver_floor(), is.driver_floor()) else { continue };
        if from.driver == to.driver {
            continue;
        }
        let carrier = &is.carriers[to.carrier];
        let (name, version) = (carrier.component.name(), carrier.component.version());
        let before = was.carriers.iter().find(|old| old.component.purl.key() == carrier.component.purl.key());
        let step = before.map_or(String::new(), |old| format!("{} ({}) → ", old.component.version(), old.cuda));
        lines.push(format!(
            "{}: the driver floor goes from {} to {}, because of {name} {step}{version} ({})",
            new.path, from.driver, to.driver, carrier.cuda
        ));
    }
    lines
}

/// Says what of the targets could not be judged, or only on a condition: silence would look like a yes.
pub fn unjudged(resolved: &Graph, policy: &Policy) -> Vec<String> {
    let mut notes = Vec::new();
    for place in &policy.targets {
        let target = &place.target;
        for gpu in target.gpus.iter().filter(|gpu| gpu::facts::gpus().find(gpu).is_none()) {
            notes.push(format!("the target {} names the GPU \"{gpu}\", which the tables do not have", target.name));
        }
        let mut subjects = resolved.subjects().iter().filter(|subject| place.runs(subject.path)).peekable();
        if subjects.peek().is_none() {
            notes.push(format!("the target {} is for no lockfile here", target.name));
        }
        for subject in subjects {
            let (stack, _) = stack_of(subject);
            for answer in gpu::judge(&stack, target) {
                let how = match answer.verdict {
                    Verdict::RunsIf => "runs on a condition",
                    Verdict::Unknown => "is not judged",
                    Verdict::FallsBackToCpu => "falls back to the CPU",
                    Verdict::Runs | Verdict::FailsAtStart | Verdict::FailsAtKernel => continue,
                };
                let component = stack.carriers[answer.carrier].component;
                let because = answer.chain.last().map_or(String::new(), |link| format!(": {}", link.text));
                let (name, version) = (component.name(), component.version());
                notes.push(format!("{}: {name} {version} {how} on {}{because}", subject.path, target.name));
            }
        }
    }
    notes
}
