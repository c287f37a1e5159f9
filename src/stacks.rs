//! Which subjects of a graph make one environment, and what stack it is: lockfiles, the images that they are installed
//! into, and the deployments that run those.
//!
//! A lockfile belongs to an image where its Dockerfile copies it and a command installs it, or where the policy says so. A
//! lockfile that no image shows stands by itself, and so does an image that installs none.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::formats::{self, conda, pypi};
use crate::gpu::{self, Environment, Install, Package, Setting, Stack, Stage, Workload};
use crate::graph::{Graph, Resolved, Subject};
use crate::intern::{self, Text};
use crate::model::{Component, Fact, FactKind, Part, PartKind, Scope};
use crate::policy::{self, Policy};
use crate::source;

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
    let is_meant = target.paths.is_empty() || environment.subjects.iter().any(|subject| target.paths.matches(subject));
    let selected = || environment.workloads.iter().any(|workload| workload.may_run_on(&target.target));
    is_meant && (environment.workloads.is_empty() || selected())
}

/// Returns what runs as one, sorted by name.
fn environments(graph: &Graph, policy: &Policy) -> Vec<Environment> {
    let is_image = |subject: &&Subject| subject.parts.iter().any(|part| part.kind == PartKind::Stage);
    let images: Vec<&Subject> = graph.subjects().iter().filter(is_image).collect();
    let mut joined: BTreeSet<Text> = BTreeSet::new();
    let mut environments = Vec::new();
    for image in &images {
        let said: Vec<&policy::Environment> =
            policy.environments.iter().filter(|said| said.image.is_some_and(|path| path.value == image.path)).collect();
        let mut stages = stages(image);
        if let Some(stage) = said.iter().find_map(|said| said.stage) {
            stages.iter_mut().for_each(|other| other.runs = false);
            if let Some(named) = stages.iter_mut().rfind(|other| other.name == stage.value) {
                named.runs = true;
            }
        }
        let by_policy = |subject: &&&Subject| said.iter().any(|said| said.locks.matches(subject.path));
        let mut locks: Vec<&Subject> =
            graph.subjects().iter().collect::<Vec<_>>().iter().filter(by_policy).copied().collect();
        if locks.is_empty() {
            locks = installed(image, graph);
        }
        locks.retain(|lock| lock.path != image.path);
        joined.extend(locks.iter().map(|lock| lock.path));
        let mut environment = alone(image);
        for lock in &locks {
            environment.packages.extend(runtime(lock).iter().map(package));
            environment.subjects.push(lock.path);
        }
        for stage in &mut stages {
            stage.locks = locks.iter().map(|lock| lock.path).collect();
        }
        if let [lock] = locks.as_slice() {
            environment.name = intern::text(&format!("{} in {}", lock.path, image.path));
        }
        environment.stages = stages;
        add_installs(&mut environment, image);
        environment.packages.sort_by(|a, b| a.component.cmp(b.component).then(a.place.cmp(&b.place)));
        environments.push(environment);
    }
    let is_lock = |subject: &&Subject| !joined.contains(subject.path) && !is_image(subject);
    environments.extend(graph.subjects().iter().filter(is_lock).map(alone));
    deploy(graph, policy, &mut environments);
    environments.sort_by(|a, b| a.name.cmp(b.name));
    environments
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

/// Returns the lockfiles that an image's build copies and installs.
fn installed<'g>(image: &Subject, graph: &'g Graph) -> Vec<&'g Subject> {
    let facts = || image.parts.iter().flat_map(|part| &part.facts);
    let folder = source::folder(image.path);
    // The build context is the image's folder or one above it.
    let contexts: Vec<&str> =
        std::iter::successors(Some(folder), |at| (!at.is_empty()).then(|| source::folder(at))).collect();
    let is_copied = |lock: &str, context: &str| {
        facts().filter(|fact| fact.kind == FactKind::Copy).any(|fact| {
            let Some(path) = source::join(context, fact.name.trim_start_matches('/')) else { return false };
            path.is_empty()
                || lock == path
                || lock.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || (path.contains('*') && formats::matches(&path, lock))
        })
    };
    let mut locks: Vec<&Subject> = Vec::new();
    for fact in facts().filter(|fact| fact.kind == FactKind::InstallFile) {
        let written = fact.name.trim_start_matches("./").trim_start_matches('/');
        let name = written.rsplit('/').next().unwrap_or(written);
        let found = contexts.iter().find_map(|context| {
            let ends = |subject: &&Subject| {
                let within =
                    context.is_empty() || subject.path.strip_prefix(context).is_some_and(|rest| rest.starts_with('/'));
                let is_named = subject.path.rsplit('/').next() == Some(name);
                within && is_named && is_copied(subject.path, context)
            };
            // Of several, the one nearest to the context: what it copies whole holds more than one.
            graph.subjects().iter().filter(ends).min_by_key(|subject| {
                (!subject.path.ends_with(written), subject.path.matches('/').count(), subject.path)
            })
        });
        locks.extend(found);
    }
    locks.sort_by_key(|lock| lock.path);
    locks.dedup_by_key(|lock| lock.path);
    locks
}

/// Adds what the commands of the running image install at an exact version; what comes after the lockfile replaces what
/// that has.
fn add_installs(environment: &mut Environment, image: &Subject) {
    let Some(stage) = environment.stages.iter().rfind(|stage| stage.runs) else { return };
    let locked_at = image.parts.iter().flat_map(|part| &part.facts).filter(|fact| fact.kind == FactKind::InstallFile);
    let locked_at = locked_at.map(|fact| fact.place).max();
    let mut packages = Vec::new();
    let mut replaced: BTreeSet<(Text, Text)> = BTreeSet::new();
    for install in &stage.installs {
        let Some(package) = install.package(stage.subject) else { continue };
        if locked_at.is_some_and(|at| install.place > at) {
            replaced.insert((package.component.purl.ty(), package.component.purl.name()));
        }
        packages.push(package);
    }
    environment
        .packages
        .retain(|package| !replaced.contains(&(package.component.purl.ty(), package.component.purl.name())));
    environment.packages.extend(packages);
}

/// Adds the containers that run an environment's image; an image that no file of the tree builds stands by itself.
fn deploy(graph: &Graph, policy: &Policy, environments: &mut Vec<Environment>) {
    let mut foreign: BTreeMap<(Text, Text), Environment> = BTreeMap::new();
    for subject in graph.subjects() {
        for part in subject.parts.iter().filter(|part| part.kind == PartKind::Container && part.runs) {
            let workload = workload(subject, part);
            let image = part.image.and_then(|node| subject.node(node)).map(|node| node.component);
            let built = built_from(subject, part);
            let mut is_ours = false;
            for environment in environments.iter_mut() {
                let by_file =
                    built.as_ref().is_some_and(|path| environment.subjects.iter().any(|subject| subject == path));
                let by_policy = image.is_some_and(|image| is_deployed_as(environment, image, policy));
                if by_file || by_policy {
                    environment.workloads.push(workload.clone());
                    environment.subjects.push(subject.path);
                    is_ours = true;
                }
            }
            let Some(image) = image.filter(|image| !is_ours && gpu::is_known(image)) else { continue };
            let name = intern::text(&format!("{} ({})", subject.path, part.name));
            let environment = foreign.entry((subject.path, part.name)).or_insert_with(|| Environment {
                name,
                subjects: vec![subject.path],
                stages: vec![Stage {
                    name: part.name,
                    subject: subject.path,
                    place: part.place,
                    runs: true,
                    base: Some(image),
                    base_place: part.place,
                    settings: part.facts_of(FactKind::Env).map(setting).collect(),
                    ..Stage::default()
                }],
                ..Environment::default()
            });
            environment.workloads.push(workload);
        }
    }
    environments.extend(foreign.into_values());
    for environment in environments.iter_mut() {
        environment.subjects.sort_unstable();
        environment.subjects.dedup();
    }
}

/// Returns the file that a container's image is built from, where the deployment says so.
fn built_from(subject: &Subject, part: &Part) -> Option<String> {
    let mut labels = part.facts_of(FactKind::Label);
    let file = labels.find(|fact| fact.name == "build.dockerfile")?;
    source::join(source::folder(subject.path), file.value).or_else(|| Some(file.value.to_owned()))
}

fn is_deployed_as(environment: &Environment, image: &Component, policy: &Policy) -> bool {
    let host = image.origin.address().filter(|_| image.purl.as_str().contains("repository_url=")).unwrap_or_default();
    let path = [host, image.purl.namespace(), image.purl.name()];
    let path = path.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    policy.environments.iter().any(|said| {
        let is_it = said.image.is_some_and(|image| environment.subjects.contains(&image.value))
            || environment.subjects.iter().any(|subject| said.locks.matches(subject));
        is_it && said.deployed_as.iter().any(|name| formats::matches(name.value, &path))
    })
}

fn workload(subject: &Subject, part: &Part) -> Workload {
    let all = |kind| part.facts_of(kind).map(setting).collect::<Vec<_>>();
    let mut settings = Vec::new();
    part.facts_of(FactKind::Env).for_each(|fact| set(&mut settings, setting(fact)));
    Workload {
        name: part.name,
        subject: subject.path,
        place: part.place,
        settings,
        limits: all(FactKind::Limit),
        selects: all(FactKind::Select),
        tolerates: all(FactKind::Tolerate),
        runtime: part.facts_of(FactKind::Runtime).map(setting).next(),
    }
}
