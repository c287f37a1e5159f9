//! Reads a BOM that driftgate wrote itself: several subjects, each component once, and the rest in properties.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::document::{self, Document};
use super::inventory::{fault, find, kind, place, place_of, register, resolve, shortened};
use super::properties::{self, Fields};
use crate::formats::{self, Role};
use crate::intern::{self, Text};
use crate::model::{Digest, Gap, Inventory, Layer, Node, NodeId, Origin, Requirement, SUBJECT, Says, Scope};
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
    subjects: BTreeMap<Text, usize>,
    /// For each subject in an image, the layers that brought some of it, by their numbers.
    layers: Vec<BTreeMap<u32, &'static Layer>>,
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
            layers: Vec::new(),
            refs: HashMap::new(),
            occurrences: Vec::new(),
            faults: Vec::new(),
        };
        for component in subjects(document) {
            let Some(written_by) = property(component, properties::SUBJECT) else { continue };
            let (format_id, fields) = properties::decode(written_by);
            let Some(name) = component.name.as_ref() else {
                own.faults.push(fault(source, written_by, "a subject without a name"));
                continue;
            };
            let path = intern::text(fields_of(&fields, "path").next().unwrap_or(name));
            let number = own.inventories.len();
            if own.subjects.insert(path, number).is_some() {
                own.faults.push(fault(source, name, format!("the subject \"{}\" stands twice", shortened(path))));
            }
            // A subject is resolved: the BOM may not bring a manifest, which another subject would be joined with.
            let resolves = formats::named(&format_id).filter(|format| format.role() == Role::Subject);
            let id = resolves.map_or(format, |format| format.id());
            let mut inventory = Inventory::new(source, id);
            inventory.subject = path;
            inventory.nodes[0].place = place(source, component, "");
            inventory.nodes[0].environment = intern::text(fields_of(&fields, "environment").next().unwrap_or_default());
            inventory.says = says(property(component, properties::SILENT));
            for index in component.properties.iter().flatten().filter_map(|property| property.is(properties::INDEX)) {
                inventory.look_up(index, place_of(source, index));
            }
            own.inventories.push(inventory);
            let named = component.properties.iter().flatten().filter_map(|property| property.is(properties::LAYER));
            own.layers.push(named.filter_map(|value| layer(value)).map(|layer| (layer.number, layer)).collect());
            if let Some(id) = &component.bom_ref {
                register(source, &mut own.refs, id, Some(Target::Subject(number)), &mut own.faults);
            }
        }
        own
    }

    /// Reads the components and edges of each subject; returns them sorted by path.
    pub fn read(mut self) -> Vec<Inventory> {
        let document = self.document;
        document.components.iter().flatten().for_each(|component| self.component(component));
        let stated = self.stated();
        for dependency in document.dependencies.iter().flatten() {
            let Some(from) = dependency.from.as_ref().filter(|from| &***from != properties::TREE) else { continue };
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
        let mut digests = Vec::new();
        let resolved = resolve(self.source, listed, &mut self.faults, &mut digests);
        self.faults.extend(digests);
        let Some((mut component, place)) = resolved else { return };
        component.origin = Origin::Unknown;
        let mut members: Vec<(String, Fields, &Str<'t>)> = Vec::new();
        let mut brought: Vec<(u32, String)> = Vec::new();
        let mut copy = "";
        let named = listed.properties.iter().flatten();
        for (name, value) in named.filter_map(|property| property.name.as_ref().zip(property.value.as_ref())) {
            match &**name {
                properties::SOURCE => match properties::read_origin(value) {
                    Some(origin) => component.origin = origin,
                    None => {
                        let message = format!("\"{}\" is no source", shortened(value));
                        self.faults.push(fault(self.source, value, message));
                    }
                },
                properties::SUBJECTS => {
                    members.extend(properties::unlist(value).map(|path| (path, Fields::new(), value)))
                }
                properties::IN => {
                    let (path, fields) = properties::decode(value);
                    members.push((path, fields, value));
                }
                properties::DIGEST => match Digest::colon(value) {
                    Some(digest) => component.digests.push(digest),
                    None => {
                        self.faults.push(fault(self.source, value, format!("\"{}\" is no digest", shortened(value))))
                    }
                },
                properties::LICENCE => component.licence = intern::text(&properties::decode(value).0),
                properties::PROPERTY => {
                    let (name, fields) = properties::decode(value);
                    component.properties.push((intern::text(&name), intern::text(field(&fields, "value"))));
                }
                properties::KIND => component.kind = kind(value),
                properties::COPY => copy = intern::text(&properties::decode(value).0),
                // Read once all components are known.
                properties::EDGE => {}
                // What the tables of that day said is for readers: the component is the same without it.
                properties::GPU_RUNTIME | properties::GPU_DRIVER | properties::GPU_KERNELS => {}
                properties::BROUGHT => {
                    let (number, fields) = properties::decode(value);
                    brought.extend(number.parse().ok().map(|number| (number, field(&fields, "in").to_owned())));
                }
                _ => component.properties.push((intern::text(name), intern::text(value))),
            }
        }
        if members.is_empty() {
            self.faults.push(Fault { place, message: format!("no subject has {}", component.purl) });
        }
        let component = component.intern();
        for (path, fields, value) in members {
            let Some(&subject) = self.subjects.get(path.as_str()) else {
                let message = format!("the BOM has no subject \"{}\"", shortened(&path));
                self.faults.push(fault(self.source, value, message));
                continue;
            };
            let environment = intern::text(field(&fields, "environment"));
            let root = field(&fields, "root") == "true";
            let is_here = |of: &str| of.is_empty() || of == path;
            let by = brought.iter().find(|(_, of)| is_here(of)).map(|(number, _)| number);
            let layer = by.and_then(|number| self.layers[subject].get(number).copied());
            let node = Node { component: Some(component), place, root, environment, layer, copy, says: None };
            let node = self.inventories[subject].add_node(node);
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
        for component in subjects(document).chain(document.components.iter().flatten()) {
            let Some(id) = component.bom_ref.as_ref() else { continue };
            let Some(Some(from)) = self.refs.get(&**id).copied() else { continue };
            for property in component.properties.iter().flatten() {
                if let Some(value) = property.is(properties::EDGE) {
                    let (to, fields) = properties::decode(value);
                    if let Some((to, _)) = self.refs.get_key_value(to.as_str()) {
                        stated.insert((&**id, *to));
                    }
                    let place = place_of(self.source, value);
                    let requirement = self.requirement(&fields, place);
                    let subjects: Vec<&str> = fields_of(&fields, "in").collect();
                    self.link(from, &Str(Cow::Owned(to)), requirement, &subjects, place);
                } else if let (Some(value), Target::Subject(subject)) = (property.is(properties::GAP), from) {
                    self.gap(subject, value);
                }
            }
        }
        stated
    }

    /// Reads how an edge or gap is meant.
    fn requirement(&mut self, fields: &Fields, place: Place) -> Requirement {
        let scope = match field(fields, "scope") {
            "" => Scope::Runtime,
            name => Scope::named(name).unwrap_or_else(|| {
                self.faults.push(Fault { place, message: format!("\"{}\" is no scope", shortened(name)) });
                Scope::Runtime
            }),
        };
        let text = |name: &str| intern::text(field(fields, name));
        Requirement { scope, constraint: text("constraint"), environment: text("environment"), extra: text("extra") }
    }

    /// Adds an edge to each subject that has both ends, or to those named.
    fn link(&mut self, from: Target, to: &Str<'_>, requirement: Requirement, subjects: &[&str], place: Place) {
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

    /// Adds a subject's requirement without an exact answer.
    fn gap(&mut self, subject: usize, value: &Str<'t>) {
        let place = place_of(self.source, value);
        let (name, fields) = properties::decode(value);
        let requirement = self.requirement(&fields, place);
        let mut node = |id: &str| {
            let found = match self.refs.get(id) {
                Some(Some(Target::Component(number))) => self.node(*number, subject),
                _ => None,
            };
            if found.is_none() {
                let message = format!("the subject has no component with the bom-ref \"{}\"", shortened(id));
                self.faults.push(Fault { place, message });
            }
            found
        };
        let from = fields_of(&fields, "from").next().and_then(&mut node).unwrap_or(SUBJECT);
        let candidates: Vec<NodeId> = fields_of(&fields, "candidate").filter_map(&mut node).collect();
        let gap = match candidates.is_empty() {
            true if field(&fields, "gap") == properties::UNMET => Gap::Unmet,
            true => Gap::Unpinned,
            false => Gap::Ambiguous(candidates),
        };
        self.inventories[subject].declare(from, intern::text(&name), requirement, place, gap);
    }

    /// Returns the numbers of the subjects that a property names; none where it names none, and so means all.
    fn only(&mut self, subjects: &[&str], place: Place) -> Option<HashSet<usize>> {
        if subjects.is_empty() {
            return None;
        }
        let mut numbers = HashSet::new();
        for path in subjects {
            match self.subjects.get(*path) {
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

/// Returns the subjects: the parts of the tree that the document is about.
fn subjects<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d document::Component<'t>> {
    let tree = document.metadata.as_ref().and_then(|metadata| metadata.component.as_ref());
    tree.into_iter().flat_map(|tree| tree.components.iter().flatten())
}

/// Returns the first field of a name; empty without one.
fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields_of(fields, name).next().unwrap_or_default()
}

fn fields_of<'f>(fields: &'f Fields, name: &str) -> impl Iterator<Item = &'f str> {
    fields.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
}

/// Returns what a subject's file carries: everything but what it is noted to be silent on.
fn says(silent: Option<&Str<'_>>) -> Says {
    let mut says = Says::ALL;
    for fact in silent.iter().flat_map(|silent| properties::unlist(silent)) {
        match fact.as_str() {
            "edges" => says.edges = false,
            "scopes" => says.scopes = false,
            "environments" => says.environments = false,
            "whole" => says.whole = false,
            "integrity" => says.integrity = false,
            "origin" => says.origin = false,
            "licence" => says.licence = false,
            _ => {}
        }
    }
    says
}

fn property<'d, 't>(component: &'d document::Component<'t>, name: &str) -> Option<&'d Str<'t>> {
    component.properties.as_deref()?.iter().find_map(|property| property.is(name))
}

/// Reads a layer of an image.
fn layer(value: &str) -> Option<&'static Layer> {
    let (digest, fields) = properties::decode(value);
    let number = field(&fields, "number").parse().ok()?;
    let (digest, created_by) = (intern::text(&digest), intern::text(field(&fields, "by")));
    Some(Layer { number, digest, created_by }.intern())
}
