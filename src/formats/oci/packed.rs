//! What files have in common by which tools pack a model into an image: the stage that they build, and what it installs.

use super::deployment::Deployment;
use super::facts::Facts;
use super::installed;
use super::line::Line;
use super::models;
use crate::intern;
use crate::model::{Component, FactKind, Inventory, NodeId, Part, PartKind, Purl, Requirement, SUBJECT, secret};
use crate::source::{Place, Source};
use crate::syntax::yaml::{Entry, Node};

/// The stage that a file describes, while it is read.
pub(super) struct Packed<'s, 't> {
    source: &'s Source<'t>,
    facts: Facts<'s, 't>,
    tool: &'static str,
}

impl<'s, 't> Packed<'s, 't> {
    /// Returns a stage of which nothing is known yet; `tool` builds it.
    pub fn new(source: &'s Source<'t>, tool: &'static str) -> Self {
        let mut facts = Facts::new(source, '\\');
        facts.begin();
        Packed { source, facts, tool }
    }

    fn add(&mut self, kind: FactKind, name: &str, value: &str, place: Place) {
        let range = place.start as usize..(place.start + place.len) as usize;
        self.facts.add(kind, name, value, "", range);
    }

    /// Adds a variable.
    pub fn set(&mut self, name: &str, value: &str, place: Place) {
        let shown = secret::value(name, value).0.into_owned();
        self.add(FactKind::Env, name, &shown, place);
    }

    /// Adds the CUDA that the tool installs, as far as the file numbers it.
    pub fn cuda(&mut self, version: &Node<'_>) {
        let text = version.text().unwrap_or_default();
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            let name = format!("{}:cuda", self.tool);
            self.add(FactKind::Install, &name, &format!("={text}"), version.place);
        }
    }

    /// Adds packages of the system: `ffmpeg`, `ffmpeg=7:5.1`.
    pub fn system(&mut self, packages: &[Node<'_>]) {
        for package in packages {
            let text = package.text().unwrap_or_default().trim();
            let (name, _) = text.split_once('=').unwrap_or((text, ""));
            if !name.is_empty() && !name.starts_with('-') {
                self.add(FactKind::Install, &format!("apt:{name}"), &text[name.len()..], package.place);
            }
        }
    }

    /// Adds the requirements file that is copied in and installed.
    pub fn requirements(&mut self, file: &Node<'_>) {
        let Some(name) = file.text().filter(|name| !name.trim().is_empty()) else { return };
        self.add(FactKind::Copy, name, "/tmp/", file.place);
        self.add(FactKind::InstallFile, name, "pip", file.place);
    }

    /// Reads a command as a shell does.
    pub fn run(&mut self, command: &Node<'_>) {
        let Some(text) = command.text() else { return };
        let range = command.place.start as usize..(command.place.start + command.place.len) as usize;
        let mut script = Line::default();
        match self.source.text.get(range.clone()).filter(|written| *written == text) {
            Some(written) => script.push(written, range.start),
            None => script.put(text, range),
        }
        self.facts.script(&script);
    }

    /// Gives the inventory of a file its one stage.
    pub fn finish(mut self, deployment: Deployment<'_, '_>, image: Option<NodeId>, place: Place) -> Inventory {
        let mut inventory = deployment.inventory;
        if let Some(place) = self.facts.full {
            inventory.fault(place, "the file says more than is kept; what follows is not known of its stage");
        }
        let facts = self.facts.take().into_iter().next().unwrap_or_default();
        for command in facts.iter().filter(|fact| fact.kind == FactKind::Command) {
            let word = models::Word { text: command.value.to_owned(), place: command.place };
            models::add(self.source, &mut inventory, models::of("", &[word], &[]));
        }
        let (name, kind) = (intern::text("0"), PartKind::Stage);
        inventory.parts = vec![Part { name, kind, base: None, image, runs: true, facts, place }];
        installed::add(self.source, &mut inventory, &self.facts.installed);
        installed::ship(&mut inventory, &|_| Vec::new());
        inventory
    }
}

/// Adds Python itself where the file names a release to its last number: `3.11` is a choice of them.
pub(super) fn python(inventory: &mut Inventory, parent: &Node<'_>) {
    let entry = |entry: &&Entry<'_>| entry.key == "python_version";
    let Some(entry) = parent.entries().iter().find(entry) else { return };
    let version = entry.node.text().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if version.split('.').count() == 3 && version.split('.').all(is_number) {
        let place = entry.place.to(entry.node.place);
        let node = inventory.add(Component::new(Purl::new("generic", "", "python", version)), place);
        inventory.edge(SUBJECT, node, Requirement::default(), place);
    }
}
