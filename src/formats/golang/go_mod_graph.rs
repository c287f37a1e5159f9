//! What `go mod graph` prints: each line is a module and one that it requires.
//!
//! Specification: "go mod graph" and "Minimal version selection (MVS)" of the Go Modules Reference.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use anyhow::Result;

use super::go_build_info::purl;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Requirement, SUBJECT, Says};
use crate::source::Source;
use crate::versions;

entry! {
    /// What `go mod graph` prints, kept as a file: which module requires which, in all versions that were looked at.
    ///
    /// Of each module the greatest version is the one that is selected, as Go selects: it is the component, and the edges
    /// lead to it; what an edge asks for is its range. Replacements, digests and the versions of Go itself are not said.
    pub GoModGraph = "go-mod-graph"
}

impl Format for GoModGraph {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges]
    }

    fn files(&self) -> &'static [&'static str] {
        &["go-mod-graph*.txt", "*.go-mod-graph"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().take(5).filter(|line| !line.is_empty()).peekable();
        lines.peek().is_some()
            && lines.all(|line| pair(line).is_some_and(|(_, to)| to.contains("@v") || to.starts_with("go@")))
            && text.contains("@v")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-mod-graph");
        inventory.says = Says { scopes: false, integrity: false, origin: false, licence: false, ..Says::ALL };
        let scheme = versions::scheme("golang");
        let mut selected: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        let mut pairs = Vec::new();
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((from, to)) = pair(line) else {
                inventory.fault(source.place(line), "no line of `go mod graph`: a module and one that it requires");
                continue;
            };
            pairs.push((from, to));
            for module in [from, to] {
                let (name, version) = module.split_once('@').unwrap_or((module, ""));
                let known = selected.entry(name).or_insert((version, module));
                if scheme.order(known.0, version) == Some(Ordering::Less) {
                    *known = (version, module);
                }
            }
        }
        if pairs.is_empty() && inventory.faults.is_empty() {
            return Err(source.fault(source.start(), "no module in it"));
        }
        let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
        for (name, (version, module)) in selected.iter().filter(|(name, _)| !is_go(name)) {
            let component = Component::new(purl(name, version));
            let place = source.place(&module[..name.len()]);
            // The module itself has no version.
            let node =
                if version.is_empty() { inventory.add_root(component, place) } else { inventory.add(component, place) };
            nodes.insert(name, node);
        }
        let mut required = vec![false; inventory.nodes.len()];
        for (from, to) in pairs {
            let (name, version) = from.split_once('@').unwrap_or((from, ""));
            let (asked, constraint) = to.split_once('@').unwrap_or((to, ""));
            let is_selected = selected.get(name).is_some_and(|(selected, _)| *selected == version);
            if let (true, Some(&from), Some(&to)) = (is_selected, nodes.get(name), nodes.get(asked)) {
                required[to as usize] = true;
                let requirement = Requirement { constraint: intern::text(constraint), ..Requirement::default() };
                inventory.edge(from, to, requirement, source.place(asked));
            }
        }
        if !inventory.nodes.iter().any(|node| node.root) {
            for node in nodes.values().filter(|node| !required[**node as usize]) {
                let place = inventory.nodes[*node as usize].place;
                inventory.edge(SUBJECT, *node, Requirement::default(), place);
            }
        }
        Ok(inventory)
    }
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let (from, to) = line.trim_end().split_once(' ')?;
    (!from.is_empty() && !to.is_empty() && !to.contains(' ') && to.contains('@')).then_some((from, to))
}

/// Says whether a name stands for Go itself.
fn is_go(name: &str) -> bool {
    matches!(name, "go" | "toolchain")
}
