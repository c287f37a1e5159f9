//! `Manifest.toml`, formats 1 and 2.
//!
//! Specification: "Project.toml and Manifest.toml" in the documentation of Julia's package manager.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::entry;
use crate::formats::hang::hang;
use crate::formats::pins::{Named, require, text};
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{
    Algorithm, Component, Digest, Edge, Gap, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
};
use crate::source::Source;
use crate::syntax::toml;
use crate::syntax::yaml::Node;

entry! {
    /// `Manifest.toml`, the packages that Julia resolved for an environment.
    ///
    /// Formats 1 and 2. Packages are told apart by their UUID. The digest is the hash of the package's tree in git
    /// (`git-tree-sha1`), which covers all of its files. What belongs to Julia itself and has no version of its own has Julia's,
    /// where the file says that. The `Project.toml` beside it says what is direct, optional and needed to develop; without it,
    /// packages that no other requires count as direct. What a package extends where it is there (`weakdeps`) it requires
    /// optionally, if the manifest has it.
    ///
    /// The file does not say which registry a package is of.
    pub JuliaManifest = "julia-manifest"
}

impl Format for JuliaManifest {
    fn files(&self) -> &'static [&'static str] {
        &["Manifest.toml", "Manifest-v*.toml", "JuliaManifest.toml", "JuliaManifest-v*.toml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.is_empty() || text.contains("uuid") || text.contains("manifest_format") || text.contains("julia_version")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = toml::tree(source)?;
        let format = text(&file, "manifest_format");
        let packages = match format.split('.').next() {
            Some("" | "1") => Some(&file),
            Some("2") => file.get("deps"),
            _ => {
                let place = file.get("manifest_format").map_or(source.start(), |node| node.place);
                let message =
                    format!("manifest_format {} is newer than driftgate reads (1 and 2)", format.escape_debug());
                return Err(source.fault(place, message));
            }
        };
        let julia = text(&file, "julia_version");
        let mut inventory = Inventory::new(source, "julia-manifest");
        inventory.says = Says { licence: false, scopes: false, ..Says::ALL };
        let mut named = Named::new();
        let mut by_uuid: BTreeMap<&str, NodeId> = BTreeMap::new();
        let mut nodes = Vec::new();
        for entry in packages.map_or(&[][..], Node::entries) {
            for package in entry.node.items() {
                let uuid = text(package, "uuid");
                if uuid.is_empty() {
                    inventory
                        .fault(entry.place, format!("{} has no uuid; run `Pkg.resolve()`", entry.key.escape_debug()));
                    continue;
                }
                let node = inventory.add(component(&entry.key, package, uuid, julia), entry.place);
                if by_uuid.insert(uuid, node).is_some() {
                    inventory.fault(entry.place, format!("the uuid {} is listed twice", uuid.escape_debug()));
                }
                named.entry(entry.key.as_str()).or_default().push(node);
                nodes.push((node, package));
            }
        }
        for &(from, package) in &nodes {
            let Some(deps) = package.get("deps") else { continue };
            for name in deps.items() {
                let spelled = name.text().unwrap_or_default();
                require(&mut inventory, &named, from, spelled, Requirement::default(), name.place);
            }
            for entry in deps.entries() {
                match entry.node.text().and_then(|uuid| by_uuid.get(uuid)) {
                    Some(&to) => inventory.edge(from, to, Requirement::default(), entry.place),
                    None => {
                        require(&mut inventory, &Named::new(), from, &entry.key, Requirement::default(), entry.place)
                    }
                }
            }
        }
        hang(&mut inventory, |_| Requirement::default());
        // Nothing is there because of them.
        for &(from, package) in &nodes {
            let Some(weak) = package.get("weakdeps") else { continue };
            let optional = Requirement::of(Scope::Optional);
            for name in weak.items() {
                let spelled = name.text().filter(|name| named.contains_key(name));
                if let Some(spelled) = spelled {
                    require(&mut inventory, &named, from, spelled, optional, name.place);
                }
            }
            for entry in weak.entries() {
                if let Some(&to) = entry.node.text().and_then(|uuid| by_uuid.get(uuid)) {
                    inventory.edge(from, to, optional, entry.place);
                }
            }
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let (folder, name) = inventory.subject.rsplit_once('/').unwrap_or(("", inventory.subject));
        let beside = if name.starts_with("Julia") { "JuliaProject.toml" } else { "Project.toml" };
        let path = if folder.is_empty() { beside.to_owned() } else { format!("{folder}/{beside}") };
        let Some(file) = near.get(&path).filter(|file| file.format == "julia-project") else { return };
        inventory.says.scopes = true;
        inventory.edges.retain(|edge| edge.from != SUBJECT);
        let is_weak = |edge: &Edge| edge.requirement.scope == Scope::Optional;
        let (weak, edges) = std::mem::take(&mut inventory.edges).into_iter().partition(is_weak);
        inventory.edges = edges;
        let own = file.nodes.iter().skip(1).find_map(|node| Some((node.component?, node.place)));
        let root = own.map_or(SUBJECT, |(component, place)| inventory.add_root(component.clone(), place));
        let mut by_uuid: BTreeMap<String, NodeId> = BTreeMap::new();
        for (id, node) in inventory.nodes.iter().enumerate().filter(|(_, node)| !node.root) {
            let qualifiers = node.component.map(|component| component.purl.qualifiers()).unwrap_or_default();
            by_uuid
                .extend(qualifiers.into_iter().filter(|(key, _)| key == "uuid").map(|(_, uuid)| (uuid, id as NodeId)));
        }
        for asked in &file.declared {
            let requirement = Requirement { extra: "", ..*asked.requirement };
            match by_uuid.get(asked.requirement.extra) {
                Some(&node) => inventory.edge(root, node, requirement, asked.place),
                // What is optional, or for tests, is resolved where it is asked for.
                None if requirement.scope != Scope::Runtime => {}
                None => inventory.declare(root, asked.name, requirement, asked.place, Gap::Unpinned),
            }
        }
        // The project's other environments (its tests, a workspace) may have brought more.
        let asked = Requirement { extra: Requirement::INDIRECT, ..Requirement::default() };
        hang(inventory, |_| asked);
        inventory.edges.extend::<Vec<Edge>>(weak);
    }
}

fn component(name: &str, package: &Node<'_>, uuid: &str, julia: &str) -> Component {
    let get = |key| text(package, key);
    let (tree, path, url) = (get("git-tree-sha1"), get("path"), get("repo-url"));
    let is_own = tree.is_empty() && path.is_empty() && url.is_empty();
    let version = if get("version").is_empty() && is_own { julia } else { get("version") };
    let mut component = Component::new(Purl::new("julia", "", name, version).with_qualifiers(&[("uuid", uuid)]));
    component.digests.extend(Digest::hex(Algorithm::Sha1, tree));
    if !url.is_empty() {
        // The commit is not recorded, only the tree.
        component.origin = Origin::git(url, "", get("repo-rev"));
        if !get("repo-subdir").is_empty() {
            component.properties.push(("subdir", intern::text(get("repo-subdir"))));
        }
    } else if !path.is_empty() {
        component.origin = Origin::path(path);
    }
    component
}
