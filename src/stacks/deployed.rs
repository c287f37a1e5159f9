//! What deployments run: the images that the tree builds, by the names that deployments have for them, and others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Targets, set, setting};
use crate::formats;
use crate::formats::oci::reference::Reference;
use crate::formats::oci::{FOR, MADE};
use crate::gpu::{self, Environment, Stage, Workload};
use crate::graph::{Graph, Subject};
use crate::intern::{self, Text};
use crate::model::{Component, Fact, FactKind, Part, PartKind};
use crate::policy::Policy;
use crate::source;

/// Adds the containers that run an environment's image; an image that no file of the tree builds stands by itself.
pub(super) fn deploy(graph: &Graph, policy: &Policy, targets: &Targets, environments: &mut Vec<Environment>) {
    let mut foreign: BTreeMap<(Text, Text), Environment> = BTreeMap::new();
    let made = made(graph);
    for subject in graph.subjects() {
        for part in subject.parts.iter().filter(|part| part.kind == PartKind::Container && part.runs) {
            let workload = workload(subject, part);
            let image = part.image.and_then(|node| subject.node(node)).map(|node| node.component);
            let own = built_from(subject, part).map(|file| {
                let stage = stage_of(graph, &file, subject, part);
                (file, stage)
            });
            // One that names an image runs what a file of the tree makes under that name.
            let (built, up_to) = match own.or_else(|| made_as(image?, &made)) {
                Some((file, stage)) => (Some(file), stage),
                None => (None, None),
            };
            let is_target =
                |(path, stage): &(Text, Text)| built.as_deref() == Some(*path) && up_to.as_deref() == Some(*stage);
            let is_other = targets.values().any(is_target);
            let mut is_ours = false;
            for environment in environments.iter_mut() {
                let by_file = match targets.get(environment.name) {
                    Some(own) => is_target(own),
                    None => {
                        !is_other
                            && built
                                .as_ref()
                                .is_some_and(|path| environment.subjects.iter().any(|subject| subject == path))
                    }
                };
                let by_policy = !targets.contains_key(environment.name)
                    && image.is_some_and(|image| is_deployed_as(environment, image, policy));
                if by_file || by_policy {
                    environment.workloads.push(workload.clone());
                    environment.subjects.push(subject.path);
                    environment.images.extend(image.map(|image| intern::text(&called(image))));
                    is_ours = true;
                }
            }
            // Of an image that nothing is known of, it is said that it is not judged, where it asks for a GPU.
            let asks = workload.limits.iter().any(|limit| limit.name.starts_with("nvidia"));
            let Some(image) = image.filter(|image| !is_ours && (asks || gpu::is_known(image))) else { continue };
            let name = intern::text(&format!("{} ({})", subject.path, part.name));
            let environment = foreign.entry((subject.path, part.name)).or_insert_with(|| Environment {
                name,
                subjects: vec![subject.path],
                images: vec![intern::text(&called(image))],
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
pub fn built_from(subject: &Subject, part: &Part) -> Option<String> {
    let mut labels = part.facts_of(FactKind::Label);
    let file = labels.find(|fact| fact.name == "build.dockerfile")?;
    source::join(source::folder(subject.path), file.value).or_else(|| Some(file.value.to_owned()))
}

/// Returns the stage of a file that a container's image is built up to, where the deployment names one or builds it with
/// arguments of its own.
pub(super) fn stage_of(graph: &Graph, file: &str, subject: &Subject, part: &Part) -> Option<String> {
    let stages = graph.subject(file).map_or(&[][..], |image| &image.parts);
    let is_for = |fact: &Fact| (fact.name, fact.value, fact.detail) == (FOR, subject.path, part.name);
    let own = stages.iter().find(|stage| stage.facts_of(FactKind::Label).any(is_for));
    own.map(|stage| stage.name.to_owned()).or_else(|| target(part))
}

/// Returns the stage that a container's image is built up to, where the deployment names one.
pub fn target(part: &Part) -> Option<String> {
    let mut labels = part.facts_of(FactKind::Label);
    labels.find(|fact| fact.name == "build.target").map(|fact| fact.value.to_lowercase())
}

/// Images that are built in the tree, by what deployments call them: the tag, the file, and the stage where one is named.
type Made = BTreeMap<String, BTreeSet<(Text, String, Option<String>)>>;

/// Returns the images that files of the tree are built to, by Compose services, bake targets and the like.
fn made(graph: &Graph) -> Made {
    let mut made = Made::new();
    for subject in graph.subjects() {
        for part in subject.parts.iter().filter(|part| part.kind == PartKind::Container) {
            for fact in part.facts_of(FactKind::Label).filter(|fact| fact.name == MADE) {
                let image = Reference::parse(fact.value).ok().map(|reference| reference.component());
                if let (Some(file), Some(image)) = (built_from(subject, part), image) {
                    let stage = stage_of(graph, &file, subject, part);
                    made.entry(called(&image)).or_default().insert((image.version(), file, stage));
                }
            }
        }
    }
    made
}

/// Returns the file and stage that an image is built from. Its tag counts where several are built under one name, and else
/// not: a release moves it.
fn made_as(image: &Component, made: &Made) -> Option<(String, Option<String>)> {
    let all = made.get(&called(image))?;
    let one = |found: BTreeSet<(&String, &Option<String>)>| {
        let first = found.first().map(|(file, stage)| ((*file).clone(), (*stage).clone()));
        first.filter(|_| found.len() == 1)
    };
    let tagged = all.iter().filter(|(tag, ..)| *tag == image.version());
    let by_tag = one(tagged.map(|(_, file, stage)| (file, stage)).collect());
    by_tag.or_else(|| one(all.iter().map(|(_, file, stage)| (file, stage)).collect()))
}

/// Returns what deployments call an image: host, path, without tag and digest.
fn called(image: &Component) -> String {
    let host = image.origin.address().filter(|_| image.purl.as_str().contains("repository_url=")).unwrap_or_default();
    let path = [host, image.purl.namespace(), image.purl.name()];
    path.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn is_deployed_as(environment: &Environment, image: &Component, policy: &Policy) -> bool {
    let path = called(image);
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
