//! What is deployed when several files are laid over each other: images with their places, the containers that run them,
//! and what an overlay makes of both.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::deployment::Images;
use super::kubernetes::IMAGE;
use super::models::is_model;
use crate::intern::Text;
use crate::model::{Component, Fact, FactKind, Gap, Inventory, NodeId, Part, Requirement, SUBJECT, Scope};
use crate::source::Place;

/// An image, wherever it is named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    /// What it is.
    pub component: &'static Component,
    /// Where it is named.
    pub place: Place,
    /// Where its version stands.
    pub asked: Place,
    /// How it is required.
    pub scope: Scope,
    /// The condition under which it is.
    pub environment: Text,
    /// What its requirement is marked with: that it is a model.
    pub extra: Text,
}

/// An image or a model that is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// What stands in its place.
    pub name: Text,
    /// Where it stands.
    pub place: Place,
    /// How it is required.
    pub requirement: Requirement,
}

impl Open {
    /// Returns an image whose name is filled in elsewhere.
    pub fn image(name: Text, place: Place, scope: Scope) -> Self {
        Open { name, place, requirement: Requirement { constraint: name, ..Requirement::of(scope) } }
    }
}

/// What several files deploy together.
#[derive(Debug, Default)]
pub(super) struct Deployed {
    /// The images; those that containers run are numbered by it.
    pub images: Vec<Image>,
    /// The containers, each with the number of its image.
    pub parts: Vec<(Part, Option<usize>)>,
    /// The images that a container ran before another was laid over it: gone where no other runs them.
    pub replaced: BTreeSet<usize>,
    /// Where the images are not known that a container ran before another was laid over it.
    pub covered: BTreeSet<Place>,
    /// The images whose names are not known, and the models that are pinned to nothing.
    pub open: Vec<Open>,
}

impl Deployed {
    /// Adds what a file deploys.
    pub fn add(&mut self, inventory: &Inventory) {
        self.add_some(inventory, |_| true);
    }

    /// Adds what a file deploys, without the models that it loads: no overlay changes them, and the file itself tells them.
    pub fn add_without_models(&mut self, inventory: &Inventory) {
        self.add_some(inventory, |requirement| !is_model(requirement.extra));
    }

    fn add_some(&mut self, inventory: &Inventory, is_wanted: impl Fn(&Requirement) -> bool) {
        let mut numbers: Vec<Option<usize>> = vec![None; inventory.nodes.len()];
        for edge in inventory.edges.iter().filter(|edge| edge.from == SUBJECT && is_wanted(edge.requirement)) {
            let node = &inventory.nodes[edge.to as usize];
            let Some(component) = node.component else { continue };
            numbers[edge.to as usize].get_or_insert(self.images.len());
            let Requirement { scope, extra, .. } = *edge.requirement;
            let (place, asked, environment) = (node.place, edge.place, node.environment);
            self.images.push(Image { component, place, asked, scope, environment, extra });
        }
        let number = |node: NodeId| numbers.get(node as usize).copied().flatten();
        self.parts.extend(inventory.parts.iter().map(|part| (part.clone(), part.image.and_then(number))));
        for declared in inventory.declared.iter().filter(|declared| is_wanted(declared.requirement)) {
            let (name, place, requirement) = (declared.name, declared.place, *declared.requirement);
            self.open.push(Open { name, place, requirement });
        }
    }

    /// Adds an image, and returns its number.
    pub fn image(&mut self, image: Image) -> usize {
        self.images.push(image);
        self.images.len() - 1
    }

    /// Lays containers over those of their names: what they say replaces what those said.
    pub fn lay(&mut self, over: Vec<(Part, Option<Image>)>) {
        let mut at: HashMap<Text, usize> = HashMap::new();
        for (number, (part, _)) in self.parts.iter().enumerate() {
            at.entry(part.name).or_insert(number);
        }
        for (part, image) in over {
            let number = image.map(|image| self.image(image));
            let Some(at) = at.get(part.name) else {
                self.parts.push((part, number));
                continue;
            };
            let (under, of) = &mut self.parts[*at];
            let covers = number.is_some() || part.facts.iter().any(is_open);
            self.covered.extend(under.facts.iter().filter(|fact| covers && is_open(fact)).map(|fact| fact.place));
            merge(&mut under.facts, &part.facts);
            if covers {
                self.replaced.extend(std::mem::replace(of, number));
            }
            if number.is_some() {
                under.facts.retain(|fact| !is_open(fact));
            }
        }
    }

    /// Adds all of another.
    pub fn absorb(&mut self, other: Deployed) {
        let from = self.images.len();
        self.images.extend(other.images);
        self.covered.extend(other.covered);
        self.replaced.extend(other.replaced.into_iter().map(|number| number + from));
        self.parts.extend(other.parts.into_iter().map(|(part, of)| (part, of.map(|number| number + from))));
        self.open.extend(other.open);
    }

    /// Puts images in the place of those of this name that are not known; `find` makes them of the whole text.
    pub fn fill(&mut self, name: &str, find: impl Fn(&str, Scope) -> Option<Image>) {
        let is_it =
            |text: &str| text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']));
        let mut filled: Vec<(Text, usize)> = Vec::new();
        let images = &mut self.images;
        self.open.retain(|open| {
            let image = Some(open.name).filter(|name| is_it(name) && !is_model(open.requirement.extra));
            let Some(image) = image.and_then(|name| find(name, open.requirement.scope)) else { return true };
            images.push(image);
            filled.push((open.name, images.len() - 1));
            false
        });
        for (part, of) in self.parts.iter_mut().filter(|(_, of)| of.is_none()) {
            let text = part.facts.iter().find(|fact| is_open(fact)).map(|fact| fact.value);
            *of = filled.iter().find(|(filled, _)| Some(*filled) == text).map(|(_, number)| *number);
            if of.is_some() {
                part.facts.retain(|fact| !is_open(fact));
            }
        }
    }

    /// Forgets images that are not known and that no container runs any more, for another was laid over them.
    pub fn forget_open(&mut self) {
        let run: BTreeSet<Place> = self
            .parts
            .iter()
            .flat_map(|(part, _)| &part.facts)
            .filter(|fact| is_open(fact))
            .map(|fact| fact.place)
            .collect();
        let covered = std::mem::take(&mut self.covered);
        self.open.retain(|open| run.contains(&open.place) || !covered.contains(&open.place));
    }

    /// Writes all of it into an inventory, in the place of what that said.
    pub fn write(self, inventory: &mut Inventory) {
        inventory.nodes.truncate(1);
        inventory.edges.clear();
        inventory.declared.clear();
        inventory.parts.clear();
        let mut images = Images::default();
        let run: BTreeSet<usize> = self.parts.iter().filter_map(|(_, of)| *of).collect();
        let is_replaced = |number: usize| self.replaced.contains(&number) && !run.contains(&number);
        let numbers: Vec<Option<NodeId>> = (self.images.iter().enumerate())
            .map(|(number, image)| {
                let Image { component, place, asked, scope, environment, extra } = *image;
                (!is_replaced(number)).then(|| {
                    let node = images.add(inventory, component.clone(), place, scope, asked);
                    inventory.nodes[node as usize].environment = environment;
                    for edge in inventory.edges.iter_mut().filter(|edge| edge.to == node && !extra.is_empty()) {
                        edge.requirement = Requirement { extra, ..*edge.requirement }.intern();
                    }
                    node
                })
            })
            .collect();
        let mut said = BTreeSet::new();
        for Open { name, place, requirement } in self.open {
            if said.insert((name, place)) {
                inventory.declare(SUBJECT, name, requirement, place, Gap::Unpinned);
            }
        }
        let parts = self.parts.into_iter().map(|(part, of)| {
            let image = of.and_then(|number| numbers[number]);
            Part { image, ..part }
        });
        inventory.parts.extend(parts);
    }
}

/// Says whether a fact is an image whose name is not known.
pub(super) fn is_open(fact: &Fact) -> bool {
    fact.kind == FactKind::Label && fact.name == IMAGE
}

/// Lays facts over others: of those that only one can hold of, the later one does.
pub(super) fn merge(under: &mut Vec<Fact>, over: &[Fact]) {
    let is_one = |kind| !matches!(kind, FactKind::Tolerate | FactKind::Command);
    for fact in over {
        under.retain(|old| !(is_one(fact.kind) && old.kind == fact.kind && old.name == fact.name));
        under.push(*fact);
    }
    under.sort_by_key(|fact| fact.place);
}

/// Returns an image's name without tag and digest: `registry.example/team/app`, `nginx`.
pub(super) fn name(component: &Component) -> String {
    let host = component.origin.address().filter(|_| component.purl.as_str().contains("repository_url="));
    let parts = [host.unwrap_or_default(), component.purl.namespace(), component.purl.name()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}
