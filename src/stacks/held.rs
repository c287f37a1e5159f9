//! What an image should hold, and what it does.

use std::collections::BTreeMap;

use super::{Build, alone, builds, is_image, locks, package, reached, runtime, shipped, stages};
use crate::formats;
use crate::gpu::{Environment, Install};
use crate::graph::{Graph, Resolved, Subject};
use crate::images;
use crate::intern::{self, Text};
use crate::model::{Component, FactKind};
use crate::policy::Policy;
use crate::source;
use crate::tree;

/// Returns what is installed in the image whose own configuration a subject is.
pub(super) fn installed_in<'g>(image: &Subject, graph: &'g Graph) -> Vec<&'g Subject> {
    let Some(prefix) = image.path.strip_suffix(tree::image::CONFIG) else { return Vec::new() };
    if !prefix.is_empty() && !prefix.ends_with(images::MARK) {
        return Vec::new();
    }
    let is_inside = |subject: &&Subject| {
        let is_record = formats::named(subject.format).is_some_and(|format| format.is_installed());
        is_record && subject.path.strip_prefix(prefix).is_some_and(|rest| !rest.contains(images::MARK))
    };
    graph.subjects().iter().filter(is_inside).collect()
}

/// Returns what runs in an image, by what is installed in it: nothing has to be made out of its build.
pub(super) fn running(image: &Subject, inside: &[&Subject]) -> Environment {
    let mut environment = alone(image);
    environment.stages = stages(image);
    environment.subjects.extend(inside.iter().map(|subject| subject.path));
    let mut installs = Vec::new();
    for node in inside.iter().flat_map(|subject| subject.components()) {
        let component = node.component;
        // What conda installed, its own records tell with the build.
        if component.properties.contains(&(Component::INSTALLER, "conda")) {
            continue;
        }
        let manager = match component.purl.ty() {
            "deb" => "apt",
            "rpm" => "rpm",
            "apk" => "apk",
            _ => {
                environment.packages.push(package(&node));
                continue;
            }
        };
        let constraint = intern::text(&format!("={}", component.version()));
        let (name, place) = (component.purl.name(), node.place());
        installs.push(Install { manager, name, constraint, index: "", place });
    }
    if let Some(stage) = environment.stages.iter_mut().find(|stage| stage.runs) {
        stage.installs.extend(installs);
        stage.locks = environment.subjects.clone();
    }
    environment.packages.sort_by(|a, b| a.component.cmp(b.component).then(a.place.cmp(&b.place)));
    environment.subjects.sort_unstable();
    environment
}

/// A lockfile, and what of it an image should hold.
pub struct Expected<'g> {
    /// The lockfile.
    pub lock: &'g Subject,
    /// What should be installed of it.
    pub nodes: Vec<Resolved<'g>>,
    /// Whether a build installs it: what is beside the image by its name alone may be there for other reasons.
    pub is_installed: bool,
    /// Whether the build's command says what of it is asked for.
    pub is_asked: bool,
}

/// Returns what an image should hold. It is named by its Dockerfile, by its lockfile, or by the folder that they stand in;
/// what its Dockerfile installs counts, or the policy's word for it, and without one the lockfiles beside it.
pub fn expected<'g>(graph: &'g Graph, policy: &Policy, name: &str) -> Vec<Expected<'g>> {
    // The tree itself is `.`.
    let name = if name == "." { "" } else { name };
    let is_meant = |subject: &Subject| {
        let is_there = subject.path == name || source::folder(subject.path) == name;
        is_there && images::image_of(subject.path).is_none()
    };
    let mut all: BTreeMap<Text, Expected<'g>> = BTreeMap::new();
    for Build { image, stage, said, .. } in
        builds(graph, policy).into_iter().filter(|it| it.is_own && is_meant(it.image))
    {
        let (found, installed) = locks(image, &shipped::shares(image, stage), &stages(image), &said, graph);
        for lock in found {
            let asked = installed.get(lock.path).and_then(Option::as_deref);
            let asked = reached(lock, asked);
            let is_asked = asked.is_some() || (lock.format == "package-lock" && omits_development(image));
            let nodes = asked.unwrap_or_else(|| runtime(lock));
            all.entry(lock.path).or_insert(Expected { lock, nodes, is_installed: true, is_asked });
        }
    }
    if all.is_empty() {
        let is_of_development = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.split(['-', '_', '.']).any(|word| matches!(word, "dev" | "test" | "tests" | "lint" | "docs" | "ci"))
        };
        let is_lock = |lock: &&Subject| is_meant(lock) && !is_image(lock) && !is_of_development(lock.path);
        for lock in graph.subjects().iter().filter(is_lock) {
            let nodes = runtime(lock);
            all.insert(lock.path, Expected { lock, nodes, is_installed: false, is_asked: false });
        }
    }
    all.into_values().collect()
}

/// Says whether a build installs what npm locks without what is there to develop.
fn omits_development(image: &Subject) -> bool {
    const OPTIONS: &[&str] = &["--omit=dev", "--omit dev", "--production", "--only=prod"];
    let mut commands = image.parts.iter().flat_map(|part| part.facts_of(FactKind::Command));
    commands.any(|command| {
        let mut words = command.value.split_whitespace();
        words.next() == Some("npm")
            && words.any(|word| matches!(word, "ci" | "i" | "install" | "prune" | "clean-install"))
            && OPTIONS.iter().any(|option| command.value.contains(option))
    })
}

/// Says whether a graph has anything that an image's name means.
pub fn is_named(graph: &Graph, name: &str) -> bool {
    let name = if name == "." { "" } else { name };
    let is_meant = |subject: &&Subject| {
        let is_below = || subject.path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/') || name.is_empty());
        (subject.path == name || is_below()) && images::image_of(subject.path).is_none()
    };
    graph.subjects().iter().any(|subject| is_meant(&subject))
}
