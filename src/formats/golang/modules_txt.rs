//! `vendor/modules.txt`: which modules are copied into a module's `vendor` folder.
//!
//! Specification: "Vendoring" of the Go Modules Reference.

use anyhow::Result;

use super::directives::Replace;
use super::go_build_info::purl;
use super::go_mod::component;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Component, Inventory, Requirement, SUBJECT, Says};
use crate::source::Source;

entry! {
    /// `vendor/modules.txt`, the modules whose packages are copied into a module's `vendor` folder.
    ///
    /// A walk leaves folders out that are called `vendor`: name the file, or let the policy include it. What is marked `## explicit` is listed in the `go.mod` itself. Who requires whom and digests are not said.
    pub ModulesTxt = "modules-txt"
}

impl Format for ModulesTxt {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["modules.txt"]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("# ")) && text.contains("\n## explicit")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "modules-txt");
        inventory.says = Says { edges: false, scopes: false, integrity: false, licence: false, ..Says::ALL };
        let mut last = None;
        for line in source.text.lines() {
            if let Some(marks) = line.strip_prefix("## ") {
                let is_explicit = marks.split(';').any(|mark| mark.trim() == "explicit");
                if let Some(node) = last.take().filter(|_| is_explicit) {
                    let place = inventory.nodes[node as usize].place;
                    inventory.edge(SUBJECT, node, Requirement::default(), place);
                }
            } else if let Some(module) = line.strip_prefix("# ") {
                let words: Vec<&str> = module.split_whitespace().collect();
                let made = match words[..] {
                    [name, version] => Some((name, Component::new(purl(name, version)))),
                    // One that names no version is listed again at the end, for itself.
                    [_, "=>", ..] => None,
                    [name, version, "=>", ..] => {
                        Replace::read(module).map(|replace| (name, component(name, version, &[replace])))
                    }
                    _ => {
                        inventory.fault(source.place(line), "no module as `go mod vendor` writes it");
                        None
                    }
                };
                last = made.map(|(name, component)| {
                    let replaced = words.get(3).copied().unwrap_or(name);
                    let is_here = component.name() == name;
                    inventory.add(component, source.place(if is_here { name } else { replaced }))
                });
            }
        }
        if inventory.nodes.len() < 2 && inventory.faults.is_empty() {
            inventory.fault(source.start(), "no module in it; run `go mod vendor`");
        }
        Ok(inventory)
    }
}
