//! The list of crates in a program that was built with `cargo auditable`, as [`crate::binary::program`] finds it.
//!
//! Specification: cargo-auditable's `PARSING.md` and its JSON schema. Each package names what it depends on by its place in
//! the list.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Deserialize;

use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Located, Str};

entry! {
    /// The list of crates in a program that was built with `cargo auditable`.
    ///
    /// Who requires whom is read, and what was needed to build only. Where a crate comes from is kept where it is no
    /// registry, as the property `auditable:source`. There are no digests in it.
    pub CargoAuditable = "cargo-auditable"
}

impl Format for CargoAuditable {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes]
    }

    /// Nothing in a program's name tells what it carries.
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with("{\"packages\":[{\"name\":") && text.contains("\"root\":true")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let list: List<'_> = json::read(source)?;
        let mut inventory = Inventory::new(source, "cargo-auditable");
        inventory.says = Says { integrity: false, origin: false, licence: false, ..Says::ALL };
        let packages = &list.packages;
        for package in packages {
            let place = package.value.name.place(source, package.place(source));
            let component = package.value.component();
            if package.value.root {
                inventory.add_root(component, place)
            } else {
                inventory.add(component, place)
            };
        }
        for (package, from) in packages.iter().zip(1..) {
            for &index in &package.value.dependencies {
                let Some(required) = packages.get(index) else {
                    inventory
                        .fault(package.place(source), format!("it depends on the package {index}, which is not there"));
                    continue;
                };
                let is_build = required.value.is_build() && !package.value.is_build();
                let scope = if is_build { Scope::Build } else { Scope::Runtime };
                inventory.edge(from, index as NodeId + 1, Requirement::of(scope), package.place(source));
            }
        }
        ask(&mut inventory);
        Ok(inventory)
    }
}

/// Lets the program itself ask for its root, and where none is marked, for what nothing requires.
fn ask(inventory: &mut Inventory) {
    if inventory.nodes.iter().any(|node| node.root) {
        return;
    }
    let required: BTreeSet<NodeId> = inventory.edges.iter().map(|edge| edge.to).collect();
    for id in (1..inventory.nodes.len() as NodeId).filter(|id| !required.contains(id)) {
        let place = inventory.nodes[id as usize].place;
        inventory.edge(SUBJECT, id, Requirement::default(), place);
    }
}

#[derive(Deserialize)]
struct List<'t> {
    #[serde(borrow)]
    packages: Vec<Located<'t, Package<'t>>>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow, default)]
    source: Option<Str<'t>>,
    #[serde(borrow, default)]
    kind: Option<Str<'t>>,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

impl Package<'_> {
    fn is_build(&self) -> bool {
        self.kind.as_deref() == Some("build")
    }

    fn component(&self) -> Component {
        // The default registry goes by its host's name; a host's name has a dot, as no other kind's has.
        let is_registry = |source: &&str| *source == "registry" || source.contains('.');
        // The root is always local.
        let source = self.source.as_deref().filter(|source| !self.root && !is_registry(source));
        let properties = source.map(|source| ("auditable:source", intern::text(source))).into_iter().collect();
        Component { properties, ..Component::new(Purl::new("cargo", "", &self.name, &self.version)) }
    }
}
