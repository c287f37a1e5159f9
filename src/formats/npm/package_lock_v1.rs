//! Lockfile version 1: a tree of `dependencies`, as npm 5 and 6 wrote it.

use anyhow::Result;
use serde::Deserialize;

use super::nodes::Nodes;
use super::origin;
use super::shapes::{Flag, Lenient, Names};
use super::tree::{Folder, TOP, Tree};
use super::workspaces::Workspaces;
use crate::formats::Near;
use crate::intern;
use crate::model::{
    Component, Gap, Inventory, Kind, Manifest, NodeId, Origin, Requirement, SUBJECT, Scope, without_credentials,
};
use crate::source::{Fault, Place, Source, folder, join as path_join};
use crate::syntax::json::{self, Str};

#[derive(Deserialize)]
struct Lock<'t> {
    #[serde(borrow, default)]
    name: Str<'t>,
    #[serde(borrow, default)]
    version: Str<'t>,
    #[serde(default)]
    requires: Flag,
    #[serde(borrow, default)]
    dependencies: Names<'t, Package<'t>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Package<'t> {
    /// A version, or what else was asked for: `npm:name@version`, an address, a path.
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow)]
    from: Lenient<'t>,
    #[serde(borrow)]
    resolved: Lenient<'t>,
    #[serde(borrow)]
    integrity: Str<'t>,
    bundled: Flag,
    dev: Flag,
    optional: Flag,
    dev_optional: Flag,
    peer: Flag,
    /// Names and ranges; `true` or `false` in some old files.
    #[serde(borrow)]
    requires: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    dependencies: Names<'t, Package<'t>>,
}

/// One entry, out of the tree.
struct Entry<'p, 't> {
    name: &'p Str<'t>,
    package: &'p Package<'t>,
    /// Whether it stands in the project's own `node_modules`.
    is_top: bool,
    /// The folder that it loads from.
    folder: Folder,
    node: NodeId,
    place: Place,
}

/// Reads version 1.
///
/// # Errors
/// Where the file is malformed.
pub(super) fn read(source: &Source<'_>) -> Result<Inventory> {
    let lock: Lock<'_> = json::read(source)?;
    let mut nodes = Nodes::new(source, "package-lock");
    nodes.inventory.says.licence = false;
    nodes.inventory.says.environments = false;
    let top = match lock.name.is_empty() {
        true => SUBJECT,
        false => {
            let place = lock.name.place(source, source.start());
            nodes.inventory.add_root(Component::new(origin::purl(&lock.name, &lock.version)), place)
        }
    };

    let (tree, entries) = unfold(&lock, &mut nodes);
    nodes.inventory.says.origin = nodes.says_origin();
    // The old `npm shrinkwrap` wrote no requirements at all.
    nodes.inventory.says.edges =
        lock.requires.0 || entries.is_empty() || entries.iter().any(|entry| !entry.package.requires.0.is_empty());
    let mut required = vec![false; entries.len()];
    for entry in &entries {
        if let Some(name) = entry.package.requires.doubled() {
            let message = format!("\"{}\" stands twice among the requirements", name.escape_debug());
            nodes.inventory.fault(name.place(source, entry.place), message);
        }
        for (name, constraint) in &entry.package.requires.0 {
            let place = name.place(source, entry.place);
            let constraint = intern::text(&without_credentials(&constraint.0));
            let Some(to) = tree.find(entry.folder, name) else {
                // Version 1 lists optional requirements among the others, so it may be missing by right.
                let requirement = Requirement { constraint, ..Requirement::default() };
                nodes.inventory.declare(entry.node, intern::text(name), requirement, place, Gap::Unpinned);
                continue;
            };
            required[to] |= entries[to].node != entry.node;
            let scope = entry.package.scope(entries[to].package);
            nodes.edge(entry.node, entries[to].node, Requirement { constraint, ..Requirement::of(scope) }, place);
        }
    }

    // What nothing else requires, the project itself does; the manifest says the rest, see `join`.
    let mut facts = Vec::new();
    for (index, entry) in entries.iter().enumerate().take_while(|(_, entry)| entry.is_top) {
        if tree.find(TOP, entry.name) != Some(index) {
            continue;
        }
        facts.push((intern::text(entry.name), intern::text(&entry.node.to_string())));
        if !required[index] && nodes.inventory.says.edges {
            nodes.edge(top, entry.node, Requirement::of(entry.package.direct_scope()), entry.place);
        }
    }
    facts.sort_unstable();
    let (name, version) = (intern::text(&lock.name), intern::text(&lock.version));
    nodes.inventory.manifest = Some(Manifest { name, version, facts });
    Ok(nodes.inventory)
}

/// Adds all packages of the tree, level by level.
fn unfold<'p, 't>(lock: &'p Lock<'t>, nodes: &mut Nodes<'_, 't>) -> (Tree<'p>, Vec<Entry<'p, 't>>) {
    let mut tree = Tree::new();
    let mut entries: Vec<Entry<'p, 't>> = Vec::new();
    let mut level = vec![(TOP, String::new(), nodes.source.start(), &lock.dependencies)];
    while !level.is_empty() {
        let mut below = Vec::new();
        for (folder, path, near, packages) in level {
            let mut near = near;
            for (name, package) in &packages.0 {
                let place = name.place(nodes.source, near);
                near = place;
                if name.is_empty() {
                    nodes.inventory.fault(place, "an entry without a name");
                    continue;
                }
                let holds_more = !package.dependencies.0.is_empty();
                let own = if holds_more { tree.add(folder) } else { folder };
                let path = format!("{path}node_modules/{}", &**name);
                let node = package.add(name, &path, place, nodes);
                if tree.put(folder, name, entries.len()).is_some() {
                    let message = format!("\"{}\" stands twice in \"dependencies\"", name.escape_debug());
                    nodes.inventory.fault(place, message);
                }
                entries.push(Entry { name, package, is_top: folder == TOP, folder: own, node, place });
                if holds_more {
                    below.push((own, path + "/", place, &package.dependencies));
                }
            }
        }
        level = below;
    }
    (tree, entries)
}

impl<'t> Package<'t> {
    /// Adds the package, which stands in a folder.
    fn add(&self, name: &Str<'t>, folder: &str, place: Place, nodes: &mut Nodes<'_, 't>) -> NodeId {
        let alias = self.version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
        let (real, version) = alias.filter(|(real, _)| !real.is_empty()).unwrap_or((name, &self.version));
        let is_version = !version.contains([':', '/']);
        let mut component = Component::new(origin::purl(real, if is_version { version } else { "" }));
        component.digests = origin::digests(&self.integrity);
        component.origin = origin::origin(if is_version { &self.resolved.0 } else { version }, real);
        let asked = self.from.0.split_once('#').filter(|(_, asked)| !asked.starts_with("semver:"));
        if let (Origin::Git { reference, .. }, Some((_, asked))) = (&mut component.origin, asked)
            && reference.is_empty()
        {
            *reference = intern::text(asked);
        }
        let has_source = !self.resolved.0.is_empty() || !self.integrity.is_empty();
        if self.bundled.0 && !has_source {
            component.properties.push(("bundled", "true"));
        } else if version.is_empty() {
            nodes.inventory.fault(place, format!("\"{}\" has no version", name.escape_debug()));
        }
        // An alias stands where the real name does: in the version.
        let place = match alias {
            Some((real, _)) if nodes.source.place(real) != nodes.source.start() => nodes.source.place(real),
            _ => place,
        };
        nodes.add(component, folder, "", place)
    }

    fn is_optional(&self) -> bool {
        self.optional.0 || self.dev_optional.0
    }

    /// Returns the scope of a requirement, as far as the marks of both ends tell: what is only there for optional (or
    /// peer) requirements is asked for as such by what is not.
    fn scope(&self, target: &Package<'_>) -> Scope {
        let is_plain = !self.dev.0 && !self.is_optional();
        match () {
            () if target.optional.0 && !self.is_optional() => Scope::Optional,
            () if target.dev_optional.0 && is_plain => Scope::Optional,
            () if target.peer.0 && !self.peer.0 => Scope::Peer,
            () => Scope::Runtime,
        }
    }

    /// Returns the scope in which the project asks for it.
    fn direct_scope(&self) -> Scope {
        match () {
            () if self.dev.0 => Scope::Dev,
            () if self.optional.0 => Scope::Optional,
            () if self.peer.0 => Scope::Peer,
            () => Scope::Runtime,
        }
    }
}

/// Adds what the manifests say: what the project asks for, which folders are members of its workspace, what these are.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    let Some(Manifest { facts: top, .. }) = inventory.manifest.take() else { return };
    let home = folder(inventory.subject);
    let path = |folder: &str| path_join(&path_join(home, folder)?, "package.json");
    let Some(manifest) = path("").and_then(|path| near.get(&path)) else { return };
    let Some(described) = &manifest.manifest else { return };

    let root = inventory.nodes.iter().position(|node| node.root).map_or(SUBJECT, |node| node as NodeId);
    inventory.edges.retain(|edge| edge.from != root || edge.from == edge.to || inventory.nodes[edge.to as usize].root);
    for declared in &manifest.declared {
        let found = top.binary_search_by(|(name, _)| name.cmp(&declared.name)).ok();
        if let Some(node) = found.and_then(|at| top[at].1.parse().ok()) {
            inventory.edge(root, node, *declared.requirement, declared.place);
        } else if !matches!(declared.requirement.scope, Scope::Optional | Scope::Peer) {
            let message = format!(
                "\"{}\" is required and is not in {}; bring it up to date with `npm install`",
                declared.name.escape_debug(),
                inventory.subject.escape_debug()
            );
            inventory.faults.push(Fault { place: declared.place, message });
        }
    }

    let patterns = described.facts.iter().filter(|(key, _)| *key == "workspace.member");
    let workspaces = Workspaces::new(patterns.map(|(_, pattern)| *pattern));
    for node in 0..inventory.nodes.len() {
        let Some(component) = inventory.nodes[node].component else { continue };
        let Origin::Path(place) = component.origin else { continue };
        let Some(manifest) = path(place).and_then(|path| near.get(&path)) else { continue };
        let Some(described) = &manifest.manifest else { continue };
        let mut component = component.clone();
        let name = if described.name.is_empty() { component.name() } else { described.name };
        component.purl = origin::purl(name, described.version);
        let is_member = workspaces.has(place);
        if is_member {
            component.kind = Kind::Application;
        }
        inventory.nodes[node].component = Some(component.intern());
        if is_member && !inventory.nodes[node].root {
            inventory.nodes[node].root = true;
            inventory.edge(SUBJECT, node as NodeId, Requirement::default(), inventory.nodes[node].place);
        }
        scopes(inventory, node as NodeId, manifest);
    }
}

/// Gives the requirements of a linked folder the scopes that its own manifest says.
fn scopes(inventory: &mut Inventory, node: NodeId, manifest: &Inventory) {
    let mut said: Vec<(&str, Requirement)> =
        manifest.declared.iter().map(|declared| (declared.name, *declared.requirement)).collect();
    said.sort_by(|one, other| one.0.cmp(other.0));
    for edge in inventory.edges.iter_mut().filter(|edge| edge.from == node) {
        let Some(component) = inventory.nodes[edge.to as usize].component else { continue };
        if let Ok(at) = said.binary_search_by(|(name, _)| (*name).cmp(component.name())) {
            edge.requirement = said[at].1.intern();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::package_lock::PackageLock;
    use super::super::package_lock::tests::{lines, parse};
    use super::*;
    use crate::formats::Format;

    const LOCK: &str = r#"{"name": "top", "version": "1.0.0", "lockfileVersion": 1, "requires": true, "dependencies": {
        "a": {"version": "1.0.0", "resolved": "https://mirror.example/a/-/a-1.0.0.tgz", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
              "requires": {"b": "^1", "fse": "1", "gone": "1"}, "dependencies": {"b": {"version": "1.0.0", "bundled": true}}},
        "b": {"version": "2.0.0", "dev": true},
        "fse": {"version": "1.0.0", "optional": true},
        "git": {"version": "git+https://host.example/g.git#0123456789012345678901234567890123456789", "from": "git+https://host.example/g.git#main"},
        "m": {"version": "file:packages/m", "requires": {"al": "npm:real@1", "b": "2"}},
        "al": {"version": "npm:real@1.2.0", "requires": false}}}"#;

    const NODES: [&str; 8] = [
        "pkg:npm/top@1.0.0 [top] an unknown source root",
        "pkg:npm/a@1.0.0 [a] registry https://mirror.example/ #",
        "pkg:npm/b@2.0.0 [b] an unknown source",
        "pkg:npm/fse@1.0.0 [fse] an unknown source",
        "pkg:npm/git [git] git https://host.example/g.git (main) at 0123456789012345678901234567890123456789",
        "pkg:npm/m [m] path packages/m",
        "pkg:npm/real@1.2.0 [real] an unknown source",
        "pkg:npm/b@1.0.0 [b] an unknown source bundled",
    ];

    #[test]
    fn without_a_manifest_the_project_requires_what_nothing_else_does() {
        let inventory = parse("x/package-lock.json", LOCK).unwrap();
        let lines = lines(&inventory, LOCK);
        assert_eq!(lines[..8], NODES);
        assert_eq!(
            lines[8..],
            [
                "- -> pkg:npm/top@1.0.0 runtime  [top]",
                "pkg:npm/a@1.0.0 -> pkg:npm/b@1.0.0 runtime ^1 [b]",
                "pkg:npm/a@1.0.0 -> pkg:npm/fse@1.0.0 optional 1 [fse]",
                "pkg:npm/m -> pkg:npm/real@1.2.0 runtime npm:real@1 [al]",
                "pkg:npm/m -> pkg:npm/b@2.0.0 runtime 2 [b]",
                "pkg:npm/top@1.0.0 -> pkg:npm/a@1.0.0 runtime  [a]",
                "pkg:npm/top@1.0.0 -> pkg:npm/git runtime  [git]",
                "pkg:npm/top@1.0.0 -> pkg:npm/m runtime  [m]",
                "pkg:npm/a@1.0.0 ?? gone runtime",
            ]
        );
    }

    #[test]
    fn the_manifests_say_what_is_direct_and_who_is_a_member() {
        let manifests = [
            (
                "x/package.json",
                r#"{"workspaces": ["packages/*"], "dependencies": {"a": "^1", "missing": "1", "m": "*"},
                    "devDependencies": {"b": "2"}, "optionalDependencies": {"other": "1"}}"#,
            ),
            ("x/packages/m/package.json", r#"{"name": "m", "version": "3.0.0", "devDependencies": {"b": "2"}}"#),
        ];
        let inventories = manifests.map(|(path, text)| parse(path, text).unwrap());
        let mut lock = parse("x/package-lock.json", LOCK).unwrap();
        PackageLock.join(&mut lock, &Near { inventories: &inventories, sources: None });
        let id = |node| lock.component(node).map_or("-", |component| component.purl.as_str());
        let edges: Vec<String> = lock
            .edges
            .iter()
            .map(|edge| format!("{} -> {} {}", id(edge.from), id(edge.to), edge.requirement.scope.name()))
            .collect();
        assert_eq!(
            edges,
            [
                "- -> pkg:npm/top@1.0.0 runtime",
                "pkg:npm/a@1.0.0 -> pkg:npm/b@1.0.0 runtime",
                "pkg:npm/a@1.0.0 -> pkg:npm/fse@1.0.0 optional",
                "pkg:npm/m@3.0.0 -> pkg:npm/real@1.2.0 runtime",
                "pkg:npm/m@3.0.0 -> pkg:npm/b@2.0.0 dev",
                "pkg:npm/top@1.0.0 -> pkg:npm/a@1.0.0 runtime",
                "pkg:npm/top@1.0.0 -> pkg:npm/m@3.0.0 runtime",
                "pkg:npm/top@1.0.0 -> pkg:npm/b@2.0.0 dev",
                "- -> pkg:npm/m@3.0.0 runtime",
            ]
        );
        assert!(lock.nodes.iter().any(|node| node.root && node.component.is_some_and(|m| m.name() == "m")));
        let faults: Vec<&str> = lock.faults.iter().map(|fault| fault.message.as_str()).collect();
        let expected =
            "\"missing\" is required and is not in x/package-lock.json; bring it up to date with `npm install`";
        assert_eq!(faults, [expected]);
        assert_eq!(lock.manifest.as_ref().map(|manifest| manifest.name), None);
    }
}
