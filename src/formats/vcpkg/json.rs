//! `vcpkg.json`: the packages that a project asks vcpkg for.
//!
//! Specification: "vcpkg.json reference" and "Versioning" of vcpkg's documentation. vcpkg has no lockfile: a baseline is a commit
//! of a registry, which says the least version of each package, and the registry is not to be had here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::configuration::{built_in, registries, registry_of};
use crate::entry;
use crate::formats::pins::text;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{
    Component, Gap, Inventory, Manifest, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope, without_credentials,
};
use crate::source::{self, Source};
use crate::syntax::json;
use crate::syntax::yaml::Node;

entry! {
    /// `vcpkg.json`, the packages that a project asks vcpkg for, and how their versions are held.
    ///
    /// Exact is what stands under `overrides`: a component with its version, and the revision of its port (`port_version`). One
    /// that the project does not ask for itself counts as optional, for it holds only where another asks for it. The
    /// baseline (`builtin-baseline`, or that of a registry in git of `vcpkg-configuration.json`) is a component, a repository at a
    /// commit. All else has no exact answer: `version>=` and the baseline say the least version, and the registry says which.
    /// What a host needs (`"host": true`) is needed to build; what a feature needs is optional, if the feature is not a
    /// default one; a `platform` is the condition, that of a default feature too. `vcpkg.json` in `ports/NAME/` describe ports and no projects, and are not read.
    ///
    /// The file does not hold digests, nor what the packages themselves require.
    pub VcpkgJson = "vcpkg-json"
}

impl Format for VcpkgJson {
    fn files(&self) -> &'static [&'static str] {
        &["vcpkg.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources, Yield::Environments]
    }

    fn takes(&self, path: &str) -> bool {
        let mut parts = path.rsplit('/');
        parts.next() == Some("vcpkg.json") && parts.nth(1) != Some("ports")
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"builtin-baseline\"") && text.trim_start().starts_with('{')
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = json::tree(source)?;
        if file.entries().is_empty() {
            return Err(
                source.fault(source.start(), "no manifest of vcpkg: an object with \"dependencies\" is expected")
            );
        }
        let mut inventory = Inventory::new(source, "vcpkg-json");
        inventory.says = Says { edges: false, integrity: false, licence: false, ..Says::ALL };
        let mut root = SUBJECT;
        if let Some(name) = file.get("name").filter(|name| name.text().is_some_and(|text| !text.is_empty())) {
            let (version, port) = version(&file);
            let name_of = name.text().unwrap_or_default();
            root = inventory.add_root(Component::new(purl(name_of, &version, &port, "")), name.place);
        }
        if let Some(configuration) = file.get("vcpkg-configuration").or(file.get("configuration")) {
            registries(configuration, &mut inventory);
        }
        let has_default = file.at(&["vcpkg-configuration", "default-registry"]).is_some();
        if let Some(baseline) = file.get("builtin-baseline").filter(|_| !has_default) {
            built_in(&mut inventory, baseline);
        }
        let mut pinned: BTreeMap<&str, NodeId> = BTreeMap::new();
        for item in file.get("overrides").map_or(&[][..], Node::items) {
            let (name, (version, port)) = (text(item, "name"), version(item));
            let Some(at) = item.get("name").filter(|_| !name.is_empty() && !version.is_empty()) else {
                inventory.fault(item.place, "an override without a name or a version");
                continue;
            };
            let facts = inventory.manifest.as_ref().map_or(&[][..], |manifest| &manifest.facts);
            let component = of_registry(name, &version, &port, registry_of(facts, name));
            let node = inventory.add(component, at.place);
            if pinned.insert(name, node).is_some() {
                inventory.fault(at.place, format!("{} is overridden twice", name.escape_debug()));
            }
        }
        let mut asks = Asks { inventory: &mut inventory, root, pinned: &pinned, answered: BTreeSet::new() };
        asks.all(file.get("dependencies"), "", Scope::Runtime, "");
        // By name, the platforms for which each is a default.
        let defaults: BTreeMap<&str, &str> = file
            .get("default-features")
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(|item| Some((item.text().or_else(|| item.get("name")?.text())?, text(item, "platform"))))
            .collect();
        let features = file.get("features");
        let listed = features.map_or(&[][..], Node::items).iter().map(|item| (text(item, "name"), item));
        let keyed = features.map_or(&[][..], Node::entries).iter().map(|entry| (entry.key.as_str(), &entry.node));
        for (name, feature) in listed.chain(keyed) {
            let default = defaults.get(name);
            let scope = default.map_or(Scope::Optional, |_| Scope::Runtime);
            asks.all(feature.get("dependencies"), name, scope, default.copied().unwrap_or_default());
        }
        let answered = asks.answered;
        for node in pinned.into_values().filter(|node| !answered.contains(node)) {
            let requirement = Requirement { extra: Requirement::INDIRECT, ..Requirement::of(Scope::Optional) };
            inventory.edge(SUBJECT, node, requirement, inventory.nodes[node as usize].place);
        }
        Ok(inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        let is_package = |node: &crate::model::Node| node.component.is_some() && !node.root;
        inventory.nodes.iter().any(is_package) || !inventory.declared.is_empty() || !inventory.faults.is_empty()
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        // The nearest configuration, at the manifest or above it, holds.
        let mut folder = source::folder(inventory.subject);
        let file = loop {
            let path = if folder.is_empty() {
                "vcpkg-configuration.json".to_owned()
            } else {
                format!("{folder}/vcpkg-configuration.json")
            };
            match near.get(&path) {
                Some(file) => break file,
                None if folder.is_empty() => return,
                None => folder = source::folder(folder),
            }
        };
        // One of its own in the manifest goes before it.
        if inventory.manifest.is_some() {
            return;
        }
        for node in file.nodes.iter().skip(1) {
            let id = inventory.add_node(*node);
            inventory.edge(SUBJECT, id, Requirement::of(Scope::Build), node.place);
        }
        let facts = file.manifest.as_ref().map_or(&[][..], |manifest: &Manifest| &manifest.facts);
        for node in &mut inventory.nodes {
            let Some(component) = node.component.filter(|it| it.purl.ty() == "vcpkg" && !node.root) else { continue };
            if let Some(url) = registry_of(facts, component.purl.name()) {
                let port = component.purl.qualifiers().into_iter().find(|(key, _)| key == "port_version");
                let port = port.map(|(_, value)| value).unwrap_or_default();
                let moved = of_registry(component.purl.name(), component.version(), &port, Some(url));
                node.component = Some(moved.intern());
            }
        }
    }
}

fn purl(name: &str, version: &str, port: &str, registry: &str) -> Purl {
    Purl::new("vcpkg", "", name, version).with_qualifiers(&[("port_version", port), ("repository_url", registry)])
}

fn of_registry(name: &str, version: &str, port: &str, registry: Option<&str>) -> Component {
    let url = without_credentials(registry.unwrap_or_default());
    let mut component = Component::new(purl(name, version, port, &url));
    if !url.is_empty() {
        component.origin = Origin::registry(&url);
    }
    component
}

/// Reads a version and the revision of its port, of whichever scheme: `"version": "1.2#3"`, or `"port-version": 3` beside it.
fn version(node: &Node<'_>) -> (String, String) {
    let fields = ["version", "version-semver", "version-date", "version-string"];
    let spelled = fields.iter().map(|field| text(node, field)).find(|text| !text.is_empty()).unwrap_or_default();
    let (version, port) = spelled.split_once('#').unwrap_or((spelled, text(node, "port-version")));
    // The first revision is numbered 0, and has no number.
    (version.to_owned(), if port == "0" { String::new() } else { port.to_owned() })
}

/// What a project asks for.
struct Asks<'i> {
    inventory: &'i mut Inventory,
    root: NodeId,
    pinned: &'i BTreeMap<&'i str, NodeId>,
    answered: BTreeSet<NodeId>,
}

impl Asks<'_> {
    /// Adds a list of dependencies, of a feature or of the project, which are asked for on a platform.
    fn all(&mut self, list: Option<&Node<'_>>, feature: &str, scope: Scope, platform: &str) {
        for item in list.map_or(&[][..], Node::items) {
            let (name, place) = match (item.text(), item.get("name")) {
                (Some(name), _) => (name, item.place),
                (None, Some(name)) => (name.text().unwrap_or_default(), name.place),
                (None, None) => ("", item.place),
            };
            if name.is_empty() {
                self.inventory.fault(item.place, "a dependency without a name");
                continue;
            }
            // A feature may ask for another feature of the project itself.
            if self.inventory.component(self.root).is_some_and(|root| root.purl.name() == name) {
                continue;
            }
            let scope = if text(item, "host") == "true" { scope.max(Scope::Build) } else { scope };
            let least = text(item, "version>=");
            let own = text(item, "platform");
            let environment = match (platform, own) {
                ("", one) | (one, "") => intern::text(one),
                (platform, own) if platform == own => intern::text(own),
                (platform, own) => intern::text(&format!("({platform}) & ({own})")),
            };
            let requirement = Requirement {
                scope,
                constraint: if least.is_empty() { "" } else { intern::text(&format!(">={least}")) },
                environment,
                extra: intern::text(feature),
            };
            match self.pinned.get(name) {
                Some(&node) => {
                    self.answered.insert(node);
                    self.inventory.edge(self.root, node, requirement, place);
                }
                None => self.inventory.declare(self.root, intern::text(name), requirement, place, Gap::Unpinned),
            }
        }
    }
}
