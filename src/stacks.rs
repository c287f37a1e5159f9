//! Which subjects of a graph make one environment, and what stack it is: lockfiles, the images that they are installed
//! into, and the deployments that run those.
//!
//! A lockfile belongs to an image where its Dockerfile copies it and a command installs it, or where the policy says so. A
//! lockfile that no image shows stands by itself, and so does an image that installs none. Of a Dockerfile's stages, those
//! count that are in what runs; of a lockfile, what the command asks for.

mod asked;
mod commanded;
mod deployed;
mod held;
mod shipped;

pub use commanded::{Image, Installed, images};
pub use deployed::{built_from, target};
pub use held::{Expected, expected, is_named};

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::formats::{self, conda, pypi};
use crate::gpu::{Environment, Install, Package, Setting, Stack, Stage};
use crate::graph::{Graph, Resolved, Subject};
use crate::intern::{self, Text};
use crate::model::{Fact, FactKind, NodeId, PartKind, Scope};
use crate::policy::{self, Placed, Policy};
use crate::source::{self, Place};
use crate::suggest;
use asked::Asked;
use deployed::{deploy, stage_of};
use shipped::Share;

/// Returns the stacks of a graph, sorted by name.
pub fn stacks(graph: &Graph, policy: &Policy) -> Vec<Stack> {
    environments(graph, policy).into_iter().map(Stack::of).collect()
}

/// Returns the stack of one subject by itself.
pub fn stack(subject: &Subject) -> Stack {
    Stack::of(alone(subject))
}

/// Says whether an environment is meant to run on a target: by its paths, and by the nodes that its workloads select.
pub fn runs(environment: &Environment, target: &policy::Target) -> bool {
    let selected = || environment.workloads.iter().any(|workload| workload.may_run_on(&target.target));
    is_meant(environment, target) && (environment.workloads.is_empty() || selected())
}

/// Says that none of the targets that an environment is meant for has a node that its workloads may run on, with where the
/// first of those stands; none where one has, or none is meant.
pub fn unplaced(environment: &Environment, targets: &[policy::Target]) -> Option<(Place, String)> {
    let workload = environment.workloads.first()?;
    let mut meant = targets.iter().filter(|target| is_meant(environment, target)).peekable();
    meant.peek()?;
    if meant.any(|target| runs(environment, target)) {
        return None;
    }
    let selects = workload.selects.iter().map(|label| match label.value {
        "" => label.name.to_owned(),
        value => format!("{}={value}", label.name),
    });
    let selects: Vec<String> = selects.collect();
    let why = match selects.as_slice() {
        [] => "does not tolerate the taints of any target's nodes".to_owned(),
        selects => format!("wants nodes with {}, and no target has one that it may run on", selects.join(", ")),
    };
    let others = match environment.workloads.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let (name, stack) = (workload.name, environment.name);
    Some((workload.place, format!("{name}{others} {why}: {stack} is judged on no target")))
}

/// Says whether an environment is meant for a target, whatever its workloads select.
fn is_meant(environment: &Environment, target: &policy::Target) -> bool {
    let by_path = target.paths.is_empty() || environment.subjects.iter().any(|subject| target.paths.matches(subject));
    let called = |name: &Text| target.images.iter().any(|image| formats::matches(image.value, name));
    let by_image = target.images.is_empty() || environment.images.iter().any(called);
    by_path && by_image
}

/// Returns a note on each stage that the policy names and that its image does not have, with the policy's place.
pub fn unknown_stages(graph: &Graph, policy: &Policy) -> Vec<(Place, String)> {
    let note = |said: &policy::Environment| {
        let (image, stage) = (graph.subject(said.image?.value)?, said.stage?);
        let stages = || image.parts.iter().filter(|part| part.kind == PartKind::Stage);
        let is_there = stages().any(|part| part.name == stage.value.to_lowercase());
        let names: Vec<&str> = stages().map(|part| part.name).collect();
        (!is_there && !names.is_empty()).then(|| {
            let stage = stage.value.escape_debug();
            let has = names.join(", ");
            format!("{} has no stage \"{stage}\", and its last is judged: it has {has}", image.path)
        })
    };
    policy.environments.iter().filter_map(|said| Some((said.stage?.place, note(said)?))).collect()
}

/// Returns a note on each path of the policy's environments that the tree has no subject at, and that is nearly one that it
/// has: the path's place, and which was probably meant. To be asked of a whole tree.
pub fn misspelled(graph: &Graph, policy: &Policy) -> Vec<(Place, String)> {
    let paths: BTreeSet<&str> = graph.subjects().iter().map(|subject| subject.path).collect();
    let is_there = |path: &str| {
        paths.iter().any(|there| *there == path || there.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
    };
    let locks = policy.environments.iter().flat_map(|said| said.locks.texts());
    let images = policy.environments.iter().flat_map(|said| &said.image);
    let wrong = locks.chain(images).filter(|said| !said.value.contains(['*', '?', '{', '[']) && !is_there(said.value));
    let note = |said: &Placed<Text>| {
        let near = suggest::closest(said.value, paths.iter().copied())?;
        let (wrong, near) = (said.value.escape_debug(), near.escape_debug());
        Some((said.place, format!("nothing here is called \"{wrong}\", did you mean \"{near}\"?")))
    };
    wrong.filter_map(note).collect()
}

/// The stage that an environment is built up to, and the path of its file, by the environment's name: where a deployment
/// names one that is not the last.
type Targets = BTreeMap<Text, (Text, Text)>;

/// Returns what runs as one, sorted by name.
fn environments(graph: &Graph, policy: &Policy) -> Vec<Environment> {
    let mut joined: BTreeSet<Text> = BTreeSet::new();
    let mut targets = Targets::new();
    let mut environments = Vec::new();
    for Build { image, stage, is_own, said } in builds(graph, policy) {
        let inside = held::installed_in(image, graph);
        if !inside.is_empty() {
            joined.extend(inside.iter().map(|subject| subject.path));
            environments.push(held::running(image, &inside));
            continue;
        }
        let (mut environment, locks) = built(image, stage, &said, graph);
        joined.extend(&locks);
        if let [lock] = locks.as_slice() {
            environment.name = intern::text(&format!("{lock} in {}", image.path));
        }
        if !is_own {
            let name = image.parts[stage].name;
            environment.name = intern::text(&format!("{} ({name})", environment.name));
            targets.insert(environment.name, (image.path, name));
        }
        environments.push(environment);
    }
    let is_lock = |subject: &&Subject| !joined.contains(subject.path) && !is_image(subject);
    environments.extend(graph.subjects().iter().filter(is_lock).map(alone));
    deploy(graph, policy, &targets, &mut environments);
    environments.sort_by(|a, b| a.name.cmp(b.name));
    environments
}

/// An image's build up to one stage.
struct Build<'g, 'p> {
    image: &'g Subject,
    stage: usize,
    /// Whether it is the build that the file or the policy means, and not one that only a deployment names.
    is_own: bool,
    /// What the policy says of it.
    said: Vec<&'p policy::Environment>,
}

fn is_image(subject: &&Subject) -> bool {
    subject.parts.iter().any(|part| part.kind == PartKind::Stage)
}

/// Returns the builds of all images: up to the stage that the policy names or the last one, and those that deployments name.
fn builds<'g, 'p>(graph: &'g Graph, policy: &'p Policy) -> Vec<Build<'g, 'p>> {
    let built_up_to = built_up_to(graph);
    let mut builds = Vec::new();
    for image in graph.subjects().iter().filter(is_image) {
        let said: Vec<&policy::Environment> =
            policy.environments.iter().filter(|said| said.image.is_some_and(|path| path.value == image.path)).collect();
        let find = |name: &str| image.parts.iter().rposition(|part| part.name == name);
        let last = image.parts.iter().rposition(|part| part.kind == PartKind::Stage && part.runs);
        // Names of stages are the same in whatever case.
        let chosen = said.iter().find_map(|said| said.stage).and_then(|stage| find(&stage.value.to_lowercase()));
        let Some(runs) = chosen.or(last).or_else(|| image.parts.len().checked_sub(1)) else { continue };
        let others = built_up_to.get(image.path).into_iter().flatten().filter_map(|stage| find(stage));
        let others = others.filter(|other| *other != runs).collect::<BTreeSet<usize>>();
        for stage in std::iter::once(runs).chain(others) {
            // What the policy says of one stage, it does not say of another.
            let is_said = |said: &&policy::Environment| stage == runs || said.stage.is_none();
            let said: Vec<&policy::Environment> = said.iter().copied().filter(is_said).collect();
            builds.push(Build { image, stage, is_own: stage == runs, said });
        }
    }
    builds
}

/// Returns the stages that deployments name to build files up to, by the files' paths.
fn built_up_to(graph: &Graph) -> BTreeMap<String, BTreeSet<String>> {
    let mut stages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for subject in graph.subjects() {
        for part in subject.parts.iter().filter(|part| part.kind == PartKind::Container) {
            if let Some(file) = built_from(subject, part)
                && let Some(stage) = stage_of(graph, &file, subject, part)
            {
                stages.entry(file).or_default().insert(stage);
            }
        }
    }
    stages
}

/// Returns what runs where an image is built up to a stage, and the paths of the lockfiles in it.
fn built(image: &Subject, runs: usize, said: &[&policy::Environment], graph: &Graph) -> (Environment, Vec<Text>) {
    let shares = shipped::shares(image, runs);
    let mut stages = stages(image);
    let last = stages.iter().rposition(|stage| stage.runs);
    stages.iter_mut().enumerate().for_each(|(number, stage)| stage.runs = number == runs);
    let mut environment = alone(image);
    // What the build installs is told by its stages, each in its order.
    environment.packages.retain(|package| matches!(package.component.purl.ty(), "docker" | "oci" | "huggingface"));
    if last != Some(runs) {
        let bases = shipped::chain(&image.parts, runs).filter_map(|part| image.node(part.image?));
        environment.packages = bases.map(|node| package(&node)).collect();
    }
    let (locks, installed) = locks(image, &shares, &stages, said, graph);
    for lock in &locks {
        environment.packages.extend(locked(lock, installed.get(lock.path).and_then(Option::as_deref)));
        environment.subjects.push(lock.path);
    }
    let locks: Vec<Text> = locks.iter().map(|lock| lock.path).collect();
    stages.iter_mut().for_each(|stage| stage.locks.clone_from(&locks));
    environment.stages = stages;
    add_installs(&mut environment, image, &shares);
    // What a stage beside those says is not what runs.
    let mut number = 0..;
    environment.stages.retain(|_| number.next().is_some_and(|number| shares[number] > Share::Nothing));
    environment.packages.sort_by(|a, b| a.component.cmp(b.component).then(a.place.cmp(&b.place)));
    (environment, locks)
}

/// What an image's build installs by its lockfiles, by their paths: what its commands ask for of each.
type LockedBy = BTreeMap<Text, Option<Vec<Asked>>>;

/// Returns the lockfiles that are installed into an image: those that the policy names, or that its build copies and installs.
fn locks<'g>(
    image: &Subject,
    shares: &[Share],
    stages: &[Stage],
    said: &[&policy::Environment],
    graph: &'g Graph,
) -> (Vec<&'g Subject>, LockedBy) {
    let installed = installed(image, shares, stages, graph);
    let by_policy = |subject: &&Subject| said.iter().any(|said| said.locks.matches(subject.path));
    let mut locks: Vec<&Subject> = graph.subjects().iter().filter(by_policy).collect();
    if locks.is_empty() {
        locks = installed.keys().filter_map(|path| graph.subject(path)).collect();
    }
    locks.retain(|lock| lock.path != image.path);
    (locks, installed)
}

/// Returns the packages of a lockfile that are installed: all of them where it is not known what is asked for.
fn locked(lock: &Subject, asked: Option<&[Asked]>) -> Vec<Package> {
    match reached(lock, asked) {
        None => runtime(lock).iter().map(package).collect(),
        Some(nodes) => nodes.iter().map(|node| Package { optional: false, ..package(node) }).collect(),
    }
}

/// Returns what of a lockfile is asked for; none where that is not known.
fn reached<'g>(lock: &'g Subject, asked: Option<&[Asked]>) -> Option<Vec<Resolved<'g>>> {
    // Of others, it is not known what their extras and groups are.
    let is_read = matches!(lock.format, "uv-lock" | "poetry-lock") && lock.says.edges && lock.says.scopes;
    let asked = asked.filter(|_| is_read)?;
    let reached: BTreeSet<NodeId> = asked.iter().flat_map(|asked| asked::reached(lock, asked)).collect();
    Some(reached.into_iter().filter_map(|node| lock.node(node)).collect())
}

/// Returns a subject as an environment of its own.
fn alone(subject: &Subject) -> Environment {
    let packages = runtime(subject).iter().map(package).collect();
    Environment { name: subject.path, subjects: vec![subject.path], packages, ..Environment::default() }
}

fn package(node: &Resolved<'_>) -> Package {
    let asked = node.required_by().filter(|link| !link.requirement.extra.is_empty());
    let mut extras: Vec<Text> = asked.flat_map(|link| link.requirement.extra.split(',')).collect();
    extras.sort_unstable();
    extras.dedup();
    Package {
        component: node.component,
        place: node.place(),
        subject: node.subject.path,
        requires: node.requires().map(|link| link.to.component).collect(),
        extras,
        installed: false,
        optional: node.scope() == Some(Scope::Optional),
    }
}

/// Returns what of a subject runs on Linux. What is only there to develop and to build, or locked for other systems, is not
/// what runs on the nodes.
fn runtime(subject: &Subject) -> Vec<Resolved<'_>> {
    let mut known: HashMap<Text, bool> = HashMap::new();
    let mut holds = |marker: Text| {
        *known.entry(marker).or_insert_with(|| conda::can_hold_on_linux(marker) && pypi::can_hold_on_linux(marker))
    };
    let mut runs = |node: &Resolved<'_>| {
        let mut asked = node.required_by().peekable();
        !matches!(node.scope(), Some(Scope::Build | Scope::Dev))
            && (!matches!(node.component.purl.ty(), "conda" | "pypi")
                || (holds(node.environment())
                    && (asked.peek().is_none() || asked.any(|link| holds(link.requirement.environment)))))
    };
    subject.components().filter(|node| runs(node)).collect()
}

/// Returns the stages of an image's build, each with what it takes over from those that it starts from.
fn stages(image: &Subject) -> Vec<Stage> {
    let named: BTreeSet<usize> = image.parts.iter().filter_map(|part| part.image).map(|node| node as usize).collect();
    // Images that no stage starts from are copied from.
    let copied: Vec<Text> = image
        .components()
        .filter(|node| matches!(node.component.purl.ty(), "docker" | "oci") && !named.contains(&(node.id() as usize)))
        .map(|node| node.component.purl.as_str())
        .collect();
    let mut stages: Vec<Stage> = Vec::with_capacity(image.parts.len());
    for part in &image.parts {
        let mut stage = match part.base.filter(|base| *base < stages.len()) {
            Some(base) => Stage { runs: false, ..stages[base].clone() },
            None => Stage::default(),
        };
        stage.name = part.name;
        stage.subject = image.path;
        stage.place = part.place;
        stage.whole = image.format == "image-config";
        stage.copied.clone_from(&copied);
        if let Some(node) = part.image.and_then(|node| image.node(node)) {
            stage.base = Some(node.component);
            stage.base_place = part.place;
        }
        for fact in &part.facts {
            read(fact, &mut stage);
        }
        stages.push(stage);
    }
    let last = image.parts.iter().rposition(|part| part.kind == PartKind::Stage && part.runs);
    if let Some(last) = last {
        stages[last].runs = true;
    }
    stages
}

fn setting(fact: &Fact) -> Setting {
    Setting { name: fact.name, value: fact.value, place: fact.place }
}

/// Replaces the setting of this name, or adds it, in the order of names.
fn set(settings: &mut Vec<Setting>, setting: Setting) {
    match settings.binary_search_by(|other| other.name.cmp(setting.name)) {
        Ok(found) => settings[found] = setting,
        Err(at) => settings.insert(at, setting),
    }
}

fn read(fact: &Fact, stage: &mut Stage) {
    match fact.kind {
        FactKind::Env => set(&mut stage.settings, setting(fact)),
        FactKind::Arg => set(&mut stage.arguments, setting(fact)),
        FactKind::InstallFile => stage.files.push(setting(fact)),
        FactKind::Label => set(&mut stage.labels, setting(fact)),
        FactKind::Command => stage.commands.push(setting(fact)),
        FactKind::Install => {
            if let Some((manager, name)) = fact.name.split_once(':') {
                let (constraint, index, place) = (fact.value, fact.detail, fact.place);
                stage.installs.push(Install { manager, name, constraint, index, place });
            }
        }
        FactKind::Copy
        | FactKind::Limit
        | FactKind::Select
        | FactKind::Tolerate
        | FactKind::Runtime
        | FactKind::Platform => {}
    }
}

/// Returns the lockfiles that an image's build copies and installs, by their paths, each with what its commands ask for of
/// it; none where that is not known.
fn installed(image: &Subject, shares: &[Share], stages: &[Stage], graph: &Graph) -> LockedBy {
    let shipped = || image.parts.iter().enumerate().filter(|(number, _)| shares[*number] > Share::Nothing);
    let folder = source::folder(image.path);
    // The build context is the image's folder or one above it.
    let contexts: Vec<&str> =
        std::iter::successors(Some(folder), |at| (!at.is_empty()).then(|| source::folder(at))).collect();
    let is_copied = |lock: &str, context: &str| {
        let mut copies = shipped().flat_map(|(_, part)| part.facts_of(FactKind::Copy));
        copies.any(|fact| {
            if shipped::copied_from(fact).is_some() {
                return false;
            }
            let Some(path) = source::join(context, fact.name.trim_start_matches('/')) else { return false };
            path.is_empty()
                || lock == path
                || lock.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || (path.contains('*') && formats::matches(&path, lock))
        })
    };
    let mut locks = LockedBy::new();
    for (number, part) in shipped() {
        let variable = |name: &str| {
            let of = |settings: &[Setting]| settings.iter().find(|setting| setting.name == name).map(|set| set.value);
            stages.get(number).and_then(|stage| of(&stage.settings).or_else(|| of(&stage.arguments)))
        };
        let mut command = "";
        for fact in &part.facts {
            match fact.kind {
                FactKind::Command => command = fact.value,
                // A program holds what Cargo compiles into it.
                FactKind::InstallFile if shares[number] == Share::Whole || fact.value == "cargo" => {
                    let written = fact.name.trim_start_matches("./").trim_start_matches('/');
                    let name = written.rsplit('/').next().unwrap_or(written);
                    let found = contexts.iter().find_map(|context| {
                        let ends = |subject: &&Subject| {
                            let within = context.is_empty()
                                || subject.path.strip_prefix(context).is_some_and(|rest| rest.starts_with('/'));
                            let is_named = subject.path.rsplit('/').next() == Some(name);
                            within && is_named && is_copied(subject.path, context)
                        };
                        // Of several, the one nearest to the context: what it copies whole holds more than one.
                        graph.subjects().iter().filter(ends).min_by_key(|subject| {
                            (!subject.path.ends_with(written), subject.path.matches('/').count(), subject.path)
                        })
                    });
                    let Some(lock) = found else { continue };
                    let all = locks.entry(lock.path).or_insert_with(|| Some(Vec::new()));
                    match (Asked::of(fact.value, command, &variable), all.as_mut()) {
                        (Some(asked), Some(all)) => all.push(asked),
                        _ => *all = None,
                    }
                }
                _ => {}
            }
        }
    }
    locks
}

/// Adds what the commands of what runs install at an exact version; what comes after the lockfile replaces what that has.
fn add_installs(environment: &mut Environment, image: &Subject, shares: &[Share]) {
    let whole = || shares.iter().enumerate().filter(|(_, share)| **share == Share::Whole).map(|(number, _)| number);
    let files = whole().flat_map(|number| image.parts[number].facts_of(FactKind::InstallFile));
    let locked_at = files.map(|fact| fact.place).max();
    let Some(own) = environment.stages.iter().rfind(|stage| stage.runs) else { return };
    let key = |package: &Package| (package.component.purl.ty(), package.component.purl.name());
    let mut packages: Vec<Package> = own.installs.iter().filter_map(|install| install.package(own.subject)).collect();
    let own: BTreeSet<(Text, Text)> = packages.iter().map(key).collect();
    let mut seen: BTreeSet<Place> = packages.iter().map(|package| package.place).collect();
    // What is copied out of other stages; what the one that runs installs itself stands before that.
    for install in whole().filter_map(|number| environment.stages.get(number)).flat_map(|stage| &stage.installs) {
        let Some(package) = install.package(image.path) else { continue };
        if !own.contains(&key(&package)) && seen.insert(install.place) {
            packages.push(package);
        }
    }
    let is_later = |package: &&Package| locked_at.is_some_and(|at| package.place > at);
    let replaced: BTreeSet<(Text, Text)> = packages.iter().filter(is_later).map(key).collect();
    environment.packages.retain(|package| !replaced.contains(&key(package)));
    environment.packages.extend(packages);
}
