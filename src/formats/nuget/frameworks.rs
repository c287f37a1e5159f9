//! What is resolved for which target framework and runtime, made nodes and edges of one inventory.
//!
//! NuGet resolves once for each framework (`net8.0`), and once more for each runtime of it (`net8.0/win-x64`). A package that
//! is the same in several is one node, and its environment names them; an edge's names those that it is in.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use crate::intern::{self, Text};
use crate::model::{Component, Digest, Inventory, NodeId, Purl, Requirement, SUBJECT};
use crate::source::Place;

/// What is gathered of all frameworks.
#[derive(Default)]
pub(super) struct Frameworks {
    names: Vec<Text>,
    /// How many of them are no runtime's.
    bases: usize,
    nodes: HashMap<*const Component, NodeId>,
    within: BTreeMap<NodeId, BTreeSet<usize>>,
    links: BTreeMap<(NodeId, NodeId, Requirement), (Place, BTreeSet<usize>)>,
}

impl Frameworks {
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<Text> = names.map(intern::text).collect();
        let bases = names.iter().filter(|name| !name.contains('/')).count();
        Frameworks { names, bases, ..Frameworks::default() }
    }

    /// Adds a package to a framework; a project counts as one of the solution, so that what it requires is direct.
    pub(super) fn add(
        &mut self,
        inventory: &mut Inventory,
        framework: usize,
        component: Component,
        place: Place,
        is_project: bool,
    ) -> NodeId {
        let mut component = component;
        if is_project {
            component.kind = crate::model::Kind::Application;
        }
        let known = std::ptr::from_ref(component.clone().intern());
        let node = *self.nodes.entry(known).or_insert_with(|| match is_project {
            true => inventory.add_root(component, place),
            false => inventory.add(component, place),
        });
        self.within.entry(node).or_default().insert(framework);
        node
    }

    pub(super) fn link(&mut self, framework: usize, from: NodeId, to: NodeId, requirement: Requirement, place: Place) {
        let link = self.links.entry((from, to, requirement)).or_insert_with(|| (place, BTreeSet::new()));
        link.1.insert(framework);
    }

    /// Adds the edges, and says of nodes and edges where they are.
    pub(super) fn finish(self, inventory: &mut Inventory) {
        for (&node, within) in &self.within {
            inventory.nodes[node as usize].environment = self.names(within);
        }
        for ((from, to, requirement), (place, within)) in &self.links {
            // Where the one who requires is in no other framework, its own environment says it all.
            let is_all = self.within.get(from).is_some_and(|all| all == within);
            let environment = if is_all { "" } else { self.names(within) };
            if *from != SUBJECT || !inventory.nodes[*to as usize].root {
                inventory.edge(*from, *to, Requirement { environment, ..*requirement }, *place);
            }
        }
    }

    /// Names frameworks; empty where it is all of them. What is in a framework is in its runtimes' too.
    fn names(&self, within: &BTreeSet<usize>) -> Text {
        let names = || within.iter().map(|&framework| self.names[framework]);
        let bases: BTreeSet<Text> = names().filter(|name| !name.contains('/')).collect();
        if bases.len() == self.bases {
            return "";
        }
        let is_said = |name: &Text| name.split_once('/').is_none_or(|(base, _)| !bases.contains(base));
        intern::text(&names().filter(is_said).collect::<Vec<_>>().join(", "))
    }
}

/// Returns a package by name and version, with its digest in base64.
pub(super) fn package(name: &str, version: &str, sha512: &str) -> (Component, Option<String>) {
    let mut component = Component::new(Purl::new("nuget", "", name, version));
    if sha512.is_empty() {
        return (component, None);
    }
    let digest = Digest::sri(&format!("sha512-{}", sha512.strip_prefix("sha512-").unwrap_or(sha512)));
    let wrong = digest.is_none().then(|| format!("\"{}\" is no SHA-512 digest in base64", sha512.escape_debug()));
    component.digests.extend(digest);
    (component, wrong)
}
