//! Reads a BOM that driftgate wrote itself: several subjects, each component once, and the rest in properties.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::document::{self, Document};
use super::inventory::{NOTHING, fault, find, place, place_of, register, resolve, shortened};
use super::properties::{self, Link, Member, Missing};
use crate::formats;
use crate::intern;
use crate::model::{Gap, Inventory, Node, NodeId, Origin, Requirement, SUBJECT, Says};
use crate::source::{Fault, Place, Source};
use crate::syntax::json::Str;

/// What a reference means in a BOM of driftgate's own.
#[derive(Clone, Copy)]
enum Target {
    Subject(usize),
    /// A component, by its number among the occurrences.
    Component(usize),
}

/// A BOM that driftgate wrote: several subjects, each component once.
pub(super) struct Own<'s, 'd, 't> {
    source: &'s Source<'t>,
    document: &'d Document<'t>,
    inventories: Vec<Inventory>,
    subjects: BTreeMap<&'d str, usize>,
    refs: HashMap<&'d str, Option<Target>>,
    /// For each component, the subjects that have it and its node there, sorted.
    occurrences: Vec<Vec<(usize, NodeId)>>,
    faults: Vec<Fault>,
}

impl<'s, 'd, 't> Own<'s, 'd, 't> {
    /// Finds the subjects.
    pub fn new(source: &'s Source<'t>, format: &'static str, document: &'d Document<'t>) -> Self {
        let mut own = Own {
            source,
            document,
            inventories: Vec::new(),
            subjects: BTreeMap::new(),
            refs: HashMap::new(),
            occurrences: Vec::new(),
            faults: Vec::new(),
        };
        for component in document.components.iter().flatten() {
            let Some(written_by) = property(component, properties::SUBJECT) else { continue };
            let Some(path) = component.name.as_ref() else {
                own.faults.push(fault(source, written_by, "a subject without a name"));
                continue;
            };
            let number = own.inventories.len();
            if own.subjects.insert(path, number).is_some() {
                own.faults.push(fault(source, path, format!("the subject \"{}\" stands twice", shortened(path))));
            }
            let id = formats::named(written_by).map_or(format, |format| format.id());
            let mut inventory = Inventory::new(source, id);
            inventory.subject = intern::text(path);
            inventory.nodes[0].place = place(source, component, "");
            inventory.says = Says { edges: true, scopes: true, origin: true, ..NOTHING };
            own.inventories.push(inventory);
            if let Some(id) = &component.bom_ref {
                register(source, &mut own.refs, id, Some(Target::Subject(number)), &mut own.faults);
            }
        }
        own
    }

    /// Reads the components and edges of each subject; returns them sorted by path.
    pub fn read(mut self) -> Vec<Inventory> {
        let document = self.document;
        for component in document.components.iter().flatten() {
            if property(component, properties::SUBJECT).is_none() {
                self.component(component);
            }
        }
        let stated = self.stated();
        for dependency in document.dependencies.iter().flatten() {
            let Some(from) = dependency.from.as_ref() else { continue };
            let Some(from_target) = find(self.source, &self.refs, from, &mut self.faults) else { continue };
            let mut seen = HashSet::new();
            for to in dependency.depends_on.iter().flatten() {
                if seen.insert(&**to) && !stated.contains(&(&**from, &**to)) {
                    let place = place_of(self.source, to);
                    self.link(from_target, to, Requirement::default(), &[], place);
                }
            }
        }
        self.finish()
    }

    /// Reads a component into each subject that has it.
    fn component(&mut self, listed: &'d document::Component<'t>) {
        let number = self.occurrences.len();
        self.occurrences.push(Vec::new());
        if let Some(id) = &listed.bom_ref {
            register(self.source, &mut self.refs, id, Some(Target::Component(number)), &mut self.faults);
        }
        let Some((mut component, place)) = resolve(self.source, listed, &mut self.faults) else { return };
        component.origin = Origin::Unknown;
        let mut members = Vec::new();
        for (name, value) in listed
            .properties
            .iter()
            .flatten()
            .filter_map(|property| property.name.as_ref().zip(property.value.as_ref()))
        {
            let read = match &**name {
                properties::SOURCE => properties::decode_origin(value).map(|origin| component.origin = origin),
                properties::IN => Member::decode(value).map(|member| members.push((member, value))),
                // Read once all components are known.
                properties::EDGE | properties::GAP => Ok(()),
                _ => {
                    component.properties.push((intern::text(name), intern::text(value)));
                    Ok(())
                }
            };
            if let Err(message) = read {
                self.faults.push(fault(self.source, value, message));
            }
        }
        if members.is_empty() {
            self.faults.push(Fault { place, message: format!("no subject has {}", component.purl) });
        }
        let component = component.intern();
        for (member, value) in members {
            let Some(&subject) = self.subjects.get(&*member.subject) else {
                let message = format!("the BOM has no subject \"{}\"", shortened(&member.subject));
                self.faults.push(fault(self.source, value, message));
                continue;
            };
            let inventory = &mut self.inventories[subject];
            inventory.says.integrity |= !component.digests.is_empty();
            inventory.says.licence |= !component.licence.is_empty();
            let environment = intern::text(&member.environment);
            let node = Node { component: Some(component), place, root: member.root, environment };
            let node = inventory.add_node(node);
            self.occurrences[number].push((subject, node));
        }
        let occurrences = &mut self.occurrences[number];
        occurrences.sort_unstable();
        if occurrences.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            let message = format!("a subject has {} twice", component.purl);
            self.faults.push(Fault { place, message });
        }
    }

    /// Reads the edges and gaps that properties state; returns the pairs that they speak of.
    fn stated(&mut self) -> HashSet<(&'d str, &'d str)> {
        let document = self.document;
        let mut stated = HashSet::new();
        for component in document.components.iter().flatten() {
            let Some(id) = component.bom_ref.as_ref() else { continue };
            let Some(Some(from)) = self.refs.get(&**id).copied() else { continue };
            for property in component.properties.iter().flatten() {
                let read = if let Some(value) = property.is(properties::EDGE) {
                    Link::decode(value).map(|link| {
                        let place = place_of(self.source, value);
                        if let Some((to, _)) = self.refs.get_key_value(&*link.to) {
                            stated.insert((&**id, *to));
                        }
                        let to = Str(link.to.clone());
                        self.link(from, &to, link.requirement, &link.subjects, place);
                    })
                } else if let Some(value) = property.is(properties::GAP) {
                    Missing::decode(value).map(|missing| self.gap(from, &missing, place_of(self.source, value)))
                } else {
                    Ok(())
                };
                if let (Err(message), Some(value)) = (read, &property.value) {
                    self.faults.push(fault(self.source, value, message));
                }
            }
        }
        stated
    }

    /// Adds an edge to each subject that has both ends, or to those named.
    fn link(&mut self, from: Target, to: &Str<'_>, requirement: Requirement, subjects: &[Cow<'_, str>], place: Place) {
        let target = match self.refs.get(&*to.0) {
            Some(Some(Target::Component(target))) => *target,
            Some(_) => {
                let message = format!("\"{}\" is required, and is no component", shortened(to));
                return self.faults.push(Fault { place, message });
            }
            None => {
                let message = format!("no component has the bom-ref \"{}\"", shortened(to));
                return self.faults.push(Fault { place, message });
            }
        };
        let only = self.only(subjects, place);
        let mut found = false;
        for (subject, from) in self.nodes(from) {
            if only.as_ref().is_some_and(|only| !only.contains(&subject)) {
                continue;
            }
            let Some(to) = self.node(target, subject) else { continue };
            found = true;
            self.inventories[subject].edge(from, to, requirement, place);
        }
        if !found {
            let message = format!("\"{}\" is required where no subject has both ends", shortened(to));
            self.faults.push(Fault { place, message });
        }
    }

    /// Adds a requirement without an exact answer.
    fn gap(&mut self, from: Target, missing: &Missing<'_>, place: Place) {
        let mut candidates = Vec::new();
        for candidate in &missing.candidates {
            match self.refs.get(&**candidate) {
                Some(Some(Target::Component(number))) => candidates.push(*number),
                _ => {
                    let message = format!("no component has the bom-ref \"{}\"", shortened(candidate));
                    self.faults.push(Fault { place, message });
                }
            }
        }
        let only = self.only(&missing.subjects, place);
        let name = intern::text(&missing.name);
        for (subject, from) in self.nodes(from) {
            if only.as_ref().is_some_and(|only| !only.contains(&subject)) {
                continue;
            }
            let nodes: Vec<NodeId> = candidates.iter().filter_map(|number| self.node(*number, subject)).collect();
            let gap = if nodes.is_empty() { Gap::Unpinned } else { Gap::Ambiguous(nodes) };
            self.inventories[subject].declare(from, name, missing.requirement, place, gap);
        }
    }

    /// Returns the numbers of the subjects that a property names; none where it names none, and so means all.
    fn only(&mut self, subjects: &[Cow<'_, str>], place: Place) -> Option<HashSet<usize>> {
        if subjects.is_empty() {
            return None;
        }
        let mut numbers = HashSet::new();
        for path in subjects {
            match self.subjects.get(&**path) {
                Some(number) => drop(numbers.insert(*number)),
                None => {
                    let message = format!("the BOM has no subject \"{}\"", shortened(path));
                    self.faults.push(Fault { place, message });
                }
            }
        }
        Some(numbers)
    }

    /// Returns where a target stands, by subject.
    fn nodes(&self, target: Target) -> Vec<(usize, NodeId)> {
        match target {
            Target::Subject(subject) => vec![(subject, SUBJECT)],
            Target::Component(number) => self.occurrences[number].clone(),
        }
    }

    fn node(&self, component: usize, subject: usize) -> Option<NodeId> {
        let occurrences = &self.occurrences[component];
        let found = occurrences.binary_search_by_key(&subject, |occurrence| occurrence.0).ok()?;
        Some(occurrences[found].1)
    }

    /// Sorts by path. What is wrong with the document stands with the first.
    fn finish(self) -> Vec<Inventory> {
        let mut inventories = self.inventories;
        inventories.sort_by_key(|inventory| inventory.subject);
        match inventories.first_mut() {
            Some(first) => first.faults = self.faults,
            None if self.faults.is_empty() => {}
            None => {
                let mut lone = Inventory::new(self.source, "cyclonedx-json");
                lone.faults = self.faults;
                inventories.push(lone);
            }
        }
        inventories
    }
}

fn property<'d, 't>(component: &'d document::Component<'t>, name: &str) -> Option<&'d Str<'t>> {
    component.properties.as_deref()?.iter().find_map(|property| property.is(name))
}
