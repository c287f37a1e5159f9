//! `go.mod`: the modules that a Go module is built of.
//!
//! Specification: the Go Modules Reference, "go.mod files".

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::module::{self, Replace, Replaces, Statement, is_version, order, property, stand_in, statements};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Component, Gap, Inventory, Manifest, Requirement, Says, Scope};
use crate::source::{self, Source};

entry! {
    /// `go.mod`, the modules that a Go module is built of, with the digests of the `go.sum` beside it.
    ///
    /// Since Go 1.17 it lists every module that packages are built from, in the version that is selected (`go list -m all` also
    /// lists modules of which nothing is built); what stands in `go.sum` alone is none of them. Under an older `go` directive
    /// it lists the direct ones only, and no others are read. One in a module cache (`cobra@v1.8.0/`) is no subject. A module
    /// that another one replaces is named as that one (and `go:replaces` tells which it stands in for), and a folder as the
    /// module that it stands for. What `exclude` names may not be required; `retract` speaks of the module's own versions.
    /// What is marked `// indirect` is transitive. A module that holds a `tool` is required to develop too. `go` and
    /// `toolchain` are properties of the module itself: they are least versions.
    ///
    /// Who requires whom it does not say (`go mod graph` does), nor what is for tests only. Without `go.sum` there are no
    /// digests.
    pub GoMod = "go-mod"
}

impl Format for GoMod {
    fn files(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn takes(&self, path: &str) -> bool {
        path.rsplit('/').next() == Some("go.mod") && !module::is_cached(path)
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"));
        let module = lines.next().is_some_and(|line| line.starts_with("module ") && !line.contains(['{', '}', ';']));
        module && lines.any(|line| line.starts_with("go ") || line.starts_with("require"))
    }

    fn leads_to(&self) -> &'static [&'static str] {
        &["vendor/modules.txt"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-mod");
        inventory.says = Says { origin: true, ..Says::NOTHING };
        let statements = statements(source, &mut inventory);
        let mut read = Read::default();
        for statement in &statements {
            read.take(source, statement, &mut inventory);
        }
        let Some(module) = read.module else {
            return Err(source.fault(source.start(), "no `module` in it; is it a go.mod?"));
        };
        read.add(source, module, &mut inventory);
        Ok(inventory)
    }

    fn is_joined_by_others(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let sum = module::beside(source::folder(inventory.subject), &["go.sum"]);
        inventory.says.integrity = module::add_digests(inventory, near, &sum);
    }
}

/// A requirement.
struct Required<'t> {
    module: &'t str,
    version: &'t str,
    is_indirect: bool,
}

/// What the file says.
#[derive(Default)]
struct Read<'t> {
    module: Option<&'t str>,
    go: &'t str,
    toolchain: &'t str,
    required: Vec<Required<'t>>,
    replaces: Vec<Replace<'t>>,
    excluded: BTreeSet<(&'t str, &'t str)>,
    tools: Vec<&'t str>,
}

impl<'t> Read<'t> {
    fn take(&mut self, source: &Source<'t>, statement: &Statement<'t>, inventory: &mut Inventory) {
        let place = source.place(statement.line);
        let words = statement.words.as_slice();
        match (statement.verb, words) {
            ("module", [module]) => self.module = Some(module),
            ("go", [version]) => self.go = version,
            ("toolchain", [name]) => self.toolchain = name,
            ("require", [module, version]) => {
                let is_indirect = matches!(statement.comment.split([' ', ';']).next(), Some("indirect"));
                self.required.push(Required { module, version, is_indirect });
            }
            ("exclude", [module, version]) => {
                self.excluded.insert((module, version));
            }
            ("replace", words) => match Replace::read(words) {
                Some(replace) => self.replaces.push(replace),
                None => inventory.fault(place, "`old => folder` or `old => module version` is expected"),
            },
            ("tool", [tool]) => self.tools.push(tool),
            ("retract" | "godebug" | "ignore", _) => {}
            ("module" | "go" | "toolchain" | "require" | "exclude" | "tool", _) => {
                inventory.fault(place, format!("`{}` takes other words than these", statement.verb));
            }
            (verb, _) => {
                let message = format!("`{}` is no directive that driftgate knows (Go 1.25)", verb.escape_debug());
                inventory.fault(place, message);
            }
        }
    }

    fn add(&self, source: &Source<'t>, module: &'t str, inventory: &mut Inventory) {
        let mut root = Component::new(module::purl(module, ""));
        let versions = [("go", self.go), ("toolchain", self.toolchain)].into_iter().filter(|(_, it)| !it.is_empty());
        root.properties = versions.map(|(name, version)| property(name, version)).collect();
        let root = inventory.add_root(root, source.place(module));
        let mut replaces = Replaces::default();
        self.replaces.iter().for_each(|replace| replaces.add(*replace));
        // Go takes the highest of several.
        let mut selected: BTreeMap<&str, &Required<'t>> = BTreeMap::new();
        for required in &self.required {
            let kept = selected.entry(required.module).or_insert(required);
            if order(kept.version, required.version).is_lt() {
                *kept = required;
            }
        }
        let mut nodes = BTreeMap::new();
        for required in &self.required {
            if !selected.get(required.module).is_some_and(|kept| std::ptr::eq(*kept, required)) {
                continue;
            }
            let &Required { module, version, is_indirect } = required;
            let place = source.place(module);
            let extra = if is_indirect { Requirement::INDIRECT } else { "" };
            let requirement = Requirement { constraint: intern::text(version), extra, ..Requirement::default() };
            if self.excluded.contains(&(module, version)) {
                inventory.fault(
                    place,
                    format!("{} {version} is required and excluded; run go mod tidy", module.escape_debug()),
                );
            }
            let replace = replaces.of(module, version);
            if replace.is_none() && !is_version(version) {
                inventory.declare(root, intern::text(module), requirement, place, Gap::Unpinned);
                continue;
            }
            let component = stand_in(module, version, replace);
            // What stands in has a name of its own, and so its place.
            let place = replace.filter(|it| !it.is_folder()).map_or(place, |replace| source.place(replace.new));
            let node = inventory.add(component, place);
            inventory.edge(root, node, requirement, source.place(module));
            nodes.insert(module, node);
        }
        for tool in &self.tools {
            // The module with the longest path that the package's begins with; a tool may be of the module itself.
            let parts = std::iter::successors(Some(*tool), |path| path.rsplit_once('/').map(|(folder, _)| folder));
            let own = |path: &str| path == module;
            let mut parts = parts.skip_while(|path| !own(path) && !nodes.contains_key(path));
            match parts.next().map(|path| (own(path), nodes.get(path))) {
                Some((_, Some(&node))) => {
                    let requirement = Requirement { scope: Scope::Dev, extra: "tool", ..Requirement::default() };
                    inventory.edge(root, node, requirement, source.place(tool));
                }
                Some(_) => {}
                None => {
                    inventory.fault(source.place(tool), "no module that is required holds this tool; run go mod tidy")
                }
            }
        }
        let facts = self.replaces.iter().map(|replace| ("replace", intern::text(&replace.spelled()))).collect();
        inventory.manifest = Some(Manifest { name: intern::text(module), version: "", facts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_caches_hold_no_subjects() {
        assert!(GoMod.takes("go.mod") && GoMod.takes("a/b/go.mod"));
        assert!(!GoMod.takes("go/pkg/mod/github.com/spf13/cobra@v1.8.0/go.mod") && !GoMod.takes("a/go.mod2"));
    }
}
