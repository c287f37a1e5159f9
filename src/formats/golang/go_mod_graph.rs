//! What `go mod graph` prints, kept as a file.
//!
//! Specification: the Go Modules Reference, "go mod graph" and "Minimal version selection". A line is a module and one that it
//! requires, each with its version; the main module has none.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::module::{self, Replaces, order, property, stand_in};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Component, Inventory, Node, NodeId, Requirement, SUBJECT, Says};
use crate::source::{self, Source};

entry! {
    /// What `go mod graph` prints, kept as `go-mod-graph.txt` or the like: who requires which module.
    ///
    /// The graph has every version that anyone asks for. Of each module the highest is selected, as Go does, and only that
    /// one is a component; what a requirement asked for is kept beside it, and it leads to the selected version. The `go.mod`
    /// beside it says what is replaced and what is marked `// indirect`, the `go.sum` has the digests; without them all that
    /// the main module requires counts as direct. `go` and `toolchain` are no modules.
    ///
    /// It does not say what is for tests only, nor what is not needed to build though it is selected.
    pub GoModGraph = "go-mod-graph"
}

impl Format for GoModGraph {
    fn files(&self) -> &'static [&'static str] {
        &["go-mod-graph*", "go.mod.graph", "mod-graph.txt", "modgraph.txt"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources]
    }

    fn looks_at(&self, inventory: &Inventory) -> Vec<String> {
        module::beside(source::folder(inventory.subject), &["go.mod", "go.sum"])
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        // Pictures of the graph, and scripts that draw it, are called so too.
        path.ends_with(".txt") || path.ends_with(".graph") || self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().take(20).map(|line| line.split(' ').collect::<Vec<_>>());
        let is_line = |words: &Vec<&str>| {
            let version = |word: &str| word.split_once('@').is_some_and(|(_, version)| is_version(version));
            matches!(words[..], [from, to] if version(to) && (!from.contains('@') || version(from)))
        };
        !text.is_empty() && lines.all(|words| is_line(&words))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-mod-graph");
        inventory.says = Says { scopes: false, integrity: false, origin: false, licence: false, ..Says::ALL };
        let mut graph = Graph::default();
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let (Some(from), Some(to), None) = (words.next(), words.next(), words.next()) else {
                inventory
                    .fault(source.place(line), "a module and one that it requires are expected, with their versions");
                continue;
            };
            graph.lines.push((Module::read(from), Module::read(to)));
        }
        if graph.lines.is_empty() {
            return Err(source.fault(source.start(), "no line of `go mod graph` in it"));
        }
        graph.add(source, &mut inventory);
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let beside = module::beside(folder, &["go.mod", "go.sum", "go.work", "go.work.sum"]);
        let Some(file) = near.get(&beside[0]) else { return };
        let roots: Vec<NodeId> =
            (1..).zip(&inventory.nodes[1..]).filter(|(_, node)| node.root).map(|it| it.0).collect();
        let name = file.manifest.as_ref().map_or("", |manifest| manifest.name);
        let is_of = |id: &NodeId| inventory.component(*id).is_some_and(|component| module::path(component) == name);
        // A workspace's graph has several main modules, and is no single go.mod's.
        if roots.len() != 1 || !roots.iter().all(is_of) {
            return;
        }
        let mut replaces = Replaces::default();
        replaces.add_of(file);
        for node in inventory.nodes.iter_mut().skip(1).filter(|node| !node.root) {
            let Some(component) = node.component else { continue };
            let path = module::path(component);
            if let Some(replace) = replaces.of(&path, component.version()) {
                node.component = Some(stand_in(&path, component.version(), Some(replace)).intern());
            }
        }
        let indirect: BTreeSet<String> = file
            .edges
            .iter()
            .filter(|edge| edge.requirement.extra == Requirement::INDIRECT)
            .filter_map(|edge| file.component(edge.to))
            .map(module::asked_for)
            .collect();
        module::mark_indirect(inventory, |component| indirect.contains(&module::asked_for(component)), &roots);
        inventory.says.origin = true;
        inventory.says.integrity = module::add_digests(inventory, near, &beside[1..2]);
    }
}

fn is_version(version: &str) -> bool {
    module::is_version(version) || version.starts_with(|it: char| it.is_ascii_digit()) || version.starts_with("go1")
}

/// A module as the graph spells it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Module<'t> {
    path: &'t str,
    /// Empty for a main module.
    version: &'t str,
}

impl<'t> Module<'t> {
    fn read(word: &'t str) -> Self {
        let (path, version) = word.rsplit_once('@').unwrap_or((word, ""));
        Module { path, version }
    }

    /// Says whether it is no module but the Go that one asks for.
    fn is_go(self) -> bool {
        matches!(self.path, "go" | "toolchain")
    }
}

#[derive(Default)]
struct Graph<'t> {
    lines: Vec<(Module<'t>, Module<'t>)>,
}

impl<'t> Graph<'t> {
    fn add(&self, source: &Source<'t>, inventory: &mut Inventory) {
        // A main module has no version and goes before all versions of itself.
        let mut selected: BTreeMap<&str, Module<'t>> = BTreeMap::new();
        let mut go: BTreeMap<&str, Vec<Module<'t>>> = BTreeMap::new();
        for &(from, to) in &self.lines {
            if from.version.is_empty() && to.is_go() {
                go.entry(from.path).or_default().push(to);
            }
            for module in [from, to].into_iter().filter(|module| !module.is_go()) {
                let kept = selected.entry(module.path).or_insert(module);
                let is_main = kept.version.is_empty();
                if !is_main && (module.version.is_empty() || order(kept.version, module.version).is_lt()) {
                    *kept = module;
                }
            }
        }
        let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
        for (path, module) in &selected {
            let mut component = Component::new(module::purl(path, module.version));
            let place = source.place(module.path);
            let node = if module.version.is_empty() {
                let asked = go.get(path).into_iter().flatten();
                component.properties = asked.map(|module| property(module.path, module.version)).collect();
                inventory.add_root(component, place)
            } else {
                inventory.add(component, place)
            };
            nodes.insert(path, node);
        }
        let mut required: BTreeSet<NodeId> = BTreeSet::new();
        for (from, to) in &self.lines {
            let is_selected = selected.get(from.path) == Some(from);
            let (Some(&id), Some(&answer)) = (nodes.get(from.path), nodes.get(to.path)) else { continue };
            if !is_selected || id == answer {
                continue;
            }
            let requirement = Requirement { constraint: intern::text(to.version), ..Requirement::default() };
            inventory.edge(id, answer, requirement, source.place(to.path));
            required.insert(answer);
        }
        // What only a version that is not selected asked for is selected all the same.
        for node in nodes.into_values().filter(|node| !required.contains(node)) {
            let Node { root: false, place, .. } = inventory.nodes[node as usize] else { continue };
            let requirement = Requirement { extra: Requirement::INDIRECT, ..Requirement::default() };
            inventory.edge(SUBJECT, node, requirement, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_scripts_are_no_graphs() {
        let script = "#!/bin/sh\ngo mod graph | dot -Tsvg\n";
        for (path, text, expected) in [
            ("go-mod-graph.txt", "", true),
            ("docs/go.mod.graph", "", true),
            ("docs/go-mod-graph", "a.b/c d.e/f@v1.0.0\na.b/c go@1.24\n", true),
            ("docs/go-mod-graph.png", "", false),
            ("docs/go-mod-graph.sh", script, false),
            ("docs/go-mod-graph", script, false),
        ] {
            assert_eq!(GoModGraph.is_of(path, text), expected, "{path}");
        }
    }
}
