//! A Compose project of several files: services that extend others, files that are included, and an override.
//!
//! Specification: "Extends", "Include" and "Merge" of the Compose file reference.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::Variables;
use super::deployment::{Deployment, said};
use super::overlay::{Deployed, Image, Open, is_open, merge};
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{Fact, FactKind, Include, Inventory, Node, Part, Scope};
use crate::source::{self, Source};
use crate::syntax::yaml;

/// The label of a service that extends another: its name, and the file's path where that is another one.
const EXTENDS: &str = "extends";

/// The label of a service that is built.
const BUILD: &str = "build.dockerfile";

/// How far services may extend each other.
const MAX_DEPTH: usize = 32;

/// Names a file that belongs to the project; `extended` says that only some of its services do.
pub(super) fn include(
    node: &yaml::Node<'_>,
    variables: &Variables<'_>,
    open: &dyn Fn(&str) -> Option<String>,
    extended: bool,
    deployment: &mut Deployment<'_, '_>,
) {
    let Some(text) = node.text().filter(|text| !text.is_empty()) else { return };
    let path = variables.expanded(text).and_then(|path| source::join(deployment.source.folder(), &path));
    match path.filter(|path| open(path).is_some()) {
        Some(path) if path == deployment.source.path => {}
        Some(path) => {
            deployment.inventory.includes.push(Include { path, place: node.place, constraint: extended });
        }
        // One elsewhere may say which version of it is meant.
        None if text.contains("://") && text.rsplit('/').next().is_some_and(|end| end.contains([':', '@', '#'])) => {}
        None => deployment.unpinned(text, node.place),
    }
}

/// Returns what a service says of another that it extends.
pub(super) fn extends(service: &yaml::Node<'_>, variables: &Variables<'_>, source: &Source<'_>) -> Option<Fact> {
    let extends = service.get("extends")?;
    let name = if extends.text().is_some() { Some(extends) } else { extends.get("service") };
    let (name, place) = name.and_then(|name| Some((name.text()?, name.place)))?;
    let file = extends.get("file").and_then(yaml::Node::text);
    let path = match file {
        None => String::new(),
        Some(file) => source::join(source.folder(), &variables.expanded(file)?)?,
    };
    let mut fact = said(FactKind::Label, EXTENDS, name, place);
    fact.detail = intern::text(&path);
    Some(fact)
}

/// Joins a file with those that it extends and includes, and with the one that it is laid over.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    let under = overridden(inventory.subject, near);
    let has_extended = inventory.parts.iter().any(|part| part.facts.iter().any(is_extends));
    let is_alone = under.is_none() && !has_extended && inventory.includes.iter().all(|include| include.constraint);
    if is_alone {
        return;
    }
    let mut deployed = Deployed::default();
    let mut project = Project { near, folder: source::folder(inventory.subject), seen: BTreeSet::new() };
    if let Some(under) = under {
        project.seen.insert(under.subject);
        project.add(under, 0, &mut deployed);
    }
    let mut own = Deployed::default();
    project.seen.insert(inventory.subject);
    project.add(inventory, 0, &mut own);
    let Deployed { images, parts, open, .. } = own;
    let used: BTreeSet<usize> = parts.iter().filter_map(|(_, of)| *of).collect();
    let over = parts.into_iter().map(|(part, of)| (part, of.map(|number| images[number])));
    deployed.lay(over.collect());
    let others = images.iter().enumerate().filter(|(number, _)| !used.contains(number));
    deployed.images.extend(others.map(|(_, image)| *image));
    deployed.open.extend(open);
    // A service that is built in one of the files is built: its image is what that makes.
    for (part, of) in &mut deployed.parts {
        if part.facts.iter().any(|fact| fact.name == BUILD) {
            deployed.replaced.extend(of.take());
            deployed.covered.extend(part.facts.iter().filter(|fact| is_open(fact)).map(|fact| fact.place));
            part.facts.retain(|fact| !is_open(fact));
        }
        part.facts.retain(|fact| !is_extends(fact));
    }
    deployed.forget_open();
    deployed.write(inventory);
}

fn is_extends(fact: &Fact) -> bool {
    fact.kind == FactKind::Label && fact.name == EXTENDS
}

/// Returns the file that one is laid over by default.
pub(super) fn overridden<'n>(path: &str, near: &Near<'n>) -> Option<&'n Inventory> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, end) = name.split_once(".override.")?;
    let ends = [end, "yaml", "yml"];
    let paths = ends.iter().filter(|end| matches!(**end, "yaml" | "yml"));
    let mut found = paths.filter_map(|end| near.get(&source::join(folder, &format!("{stem}.{end}"))?));
    found.find(|found| found.format == "compose")
}

/// The services of files, by their names.
#[derive(Default)]
struct Services {
    files: BTreeMap<Text, BTreeMap<Text, usize>>,
}

impl Services {
    fn find<'i>(&mut self, file: &'i Inventory, name: &str) -> Option<&'i Part> {
        let names = self
            .files
            .entry(file.subject)
            .or_insert_with(|| file.parts.iter().enumerate().map(|(number, part)| (part.name, number)).collect());
        Some(&file.parts[*names.get(name)?])
    }
}

/// The files of a project, while they are read.
struct Project<'n> {
    near: &'n Near<'n>,
    /// The folder of the file that all of it is told for.
    folder: &'static str,
    seen: BTreeSet<&'n str>,
}

impl Project<'_> {
    /// Adds a file with what it includes and what its services extend.
    fn add(&mut self, file: &Inventory, depth: usize, to: &mut Deployed) {
        for include in file.includes.iter().filter(|include| !include.constraint) {
            let Some(other) = self.near.get(&include.path).filter(|other| other.format == "compose") else { continue };
            if depth < MAX_DEPTH && self.seen.insert(other.subject) {
                self.add(other, depth + 1, to);
            }
        }
        let from = to.parts.len();
        to.add(file);
        for (part, _) in &mut to.parts[from..] {
            part.facts.iter_mut().for_each(|fact| self.rebase(fact, file));
        }
        let mut services = Services::default();
        for (number, part) in file.parts.iter().enumerate() {
            let (mut file, mut part) = (file, part);
            for _ in 0..MAX_DEPTH {
                let Some(fact) = part.facts.iter().find(|fact| is_extends(fact)) else { break };
                let other = if fact.detail.is_empty() { Some(file) } else { self.near.get(fact.detail) };
                let Some(other) = other.filter(|other| other.format == "compose") else { break };
                let Some(below) = services.find(other, fact.value) else { break };
                self.extend(other, below, from + number, to);
                (file, part) = (other, below);
            }
        }
    }

    /// Gives a service what the one has that it extends.
    fn extend(&self, file: &Inventory, below: &Part, number: usize, to: &mut Deployed) {
        let (part, of) = &mut to.parts[number];
        let is_of_image = |fact: &Fact| is_open(fact) || fact.name == BUILD;
        let has_own = of.is_some() || part.facts.iter().any(is_of_image);
        let taken = below.facts.iter().filter(|fact| !(is_extends(fact) || has_own && is_of_image(fact)));
        let mut facts: Vec<Fact> = taken.copied().collect();
        facts.iter_mut().for_each(|fact| self.rebase(fact, file));
        merge(&mut facts, &part.facts);
        part.facts = facts;
        if has_own {
            return;
        }
        if let Some(node) = below.image
            && let Some(component) = file.component(node)
        {
            let Node { place, environment, .. } = file.nodes[node as usize];
            *of = Some(to.images.len());
            let (scope, asked, extra) = (Scope::Runtime, place, "");
            to.images.push(Image { component, place, asked, scope, environment, extra });
        } else if let Some(open) = below.facts.iter().find(|fact| is_open(fact)) {
            // What is not known there is not known here.
            to.open.push(Open::image(open.value, open.place, Scope::Runtime));
        }
    }

    /// Tells a path as it is seen from the file that all is told for: files name Dockerfiles as seen from themselves.
    fn rebase(&self, fact: &mut Fact, file: &Inventory) {
        let folder = source::folder(file.subject);
        if fact.kind != FactKind::Label || fact.name != BUILD || folder == self.folder {
            return;
        }
        if let Some(path) = source::join(folder, fact.value) {
            let up = self.folder.split('/').filter(|part| !part.is_empty()).count();
            fact.value = intern::text(&format!("{}{path}", "../".repeat(up)));
        }
    }
}
