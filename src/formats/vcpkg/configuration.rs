//! `vcpkg-configuration.json`: the registries that packages are looked up in.
//!
//! Specification: "vcpkg-configuration.json reference" of vcpkg's documentation. The same object may stand in `vcpkg.json`.

use anyhow::Result;

use crate::entry;
use crate::formats::pins::{repository, text};
use crate::formats::{Format, Role};
use crate::intern::{self, Text};
use crate::model::{Inventory, Manifest, Requirement, SUBJECT, Scope};
use crate::source::Source;
use crate::syntax::json;
use crate::syntax::yaml::Node;

entry! {
    /// `vcpkg-configuration.json`, the registries that vcpkg looks packages up in; read to be joined with `vcpkg.json`.
    ///
    /// A registry in git is a component at the commit that is its baseline. Registries in folders, overlays and artifacts
    /// are none.
    pub VcpkgConfiguration = "vcpkg-configuration"
}

/// The fact of a registry in git: a pattern of names, a blank, its address. The default registry's pattern is empty.
const REGISTRY: &str = "vcpkg.registry";

/// The address of the registry that vcpkg has by itself.
const BUILT_IN: &str = "https://github.com/microsoft/vcpkg";

impl Format for VcpkgConfiguration {
    fn files(&self) -> &'static [&'static str] {
        &["vcpkg-configuration.json"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = json::tree(source)?;
        let mut inventory = Inventory::new(source, "vcpkg-configuration");
        registries(&file, &mut inventory);
        Ok(inventory)
    }
}

/// Reads the registries of a configuration.
pub(super) fn registries(file: &Node<'_>, inventory: &mut Inventory) {
    let mut facts = Vec::new();
    let default = file.get("default-registry");
    let others = file.get("registries").map_or(&[][..], Node::items);
    for registry in default.into_iter().chain(others) {
        let baseline = registry.get("baseline");
        match text(registry, "kind") {
            "git" => {
                let Some(address) = registry.get("repository") else {
                    inventory.fault(registry.place, "a registry in git without a \"repository\"");
                    continue;
                };
                let url = address.text().unwrap_or_default();
                for pattern in registry.get("packages").map_or(&[][..], Node::items) {
                    facts.push((REGISTRY, fact(pattern.text().unwrap_or_default(), url)));
                }
                if default.is_some_and(|default| std::ptr::eq(default, registry)) {
                    facts.push((REGISTRY, fact("", url)));
                }
                if let Some(baseline) = baseline.and_then(Node::text) {
                    at_commit(inventory, url, baseline, address);
                }
            }
            "builtin" => {
                if let Some(node) = baseline {
                    at_commit(inventory, BUILT_IN, node.text().unwrap_or_default(), node);
                }
            }
            _ => {}
        }
    }
    facts.sort_unstable();
    inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
}

fn fact(pattern: &str, url: &str) -> Text {
    intern::text(&format!("{pattern} {}", crate::model::without_credentials(url)))
}

/// Adds a registry at its baseline.
pub(super) fn at_commit(inventory: &mut Inventory, url: &str, baseline: &str, at: &Node<'_>) {
    let component = repository(url, baseline, "", "");
    if component.purl.name().is_empty() || baseline.is_empty() {
        inventory.fault(at.place, "no address of a registry, or no baseline");
        return;
    }
    let node = inventory.add(component, at.place);
    inventory.edge(SUBJECT, node, Requirement::of(Scope::Build), at.place);
}

/// Adds the registry that vcpkg has by itself, at its baseline.
pub(super) fn built_in(inventory: &mut Inventory, baseline: &Node<'_>) {
    at_commit(inventory, BUILT_IN, baseline.text().unwrap_or_default(), baseline);
}

/// Returns the address of the registry in git that a package is looked up in, as `facts` have it: the longest pattern that
/// its name matches, or the default one. None where that is vcpkg's own, or a folder.
pub(super) fn registry_of(facts: &[(Text, Text)], name: &str) -> Option<&'static str> {
    let mut best: Option<(usize, &'static str)> = None;
    for (_, value) in facts.iter().filter(|(fact, _)| *fact == REGISTRY) {
        let value: &'static str = value;
        let Some((pattern, url)) = value.split_once(' ') else { continue };
        let weight = match pattern.strip_suffix('*') {
            _ if pattern.is_empty() => 0,
            Some(prefix) if name.starts_with(prefix) => 1 + prefix.len(),
            None if pattern == name => usize::MAX,
            _ => continue,
        };
        if best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, url));
        }
    }
    best.map(|(_, url)| url).filter(|url| *url != BUILT_IN)
}
