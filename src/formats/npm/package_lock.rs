//! `package-lock.json`, lockfile versions 2 and 3; version 1 is read beside.
//!
//! Specification: <https://github.com/npm/cli/blob/latest/docs/lib/content/configuring-npm/package-lock-json.md>.

use std::borrow::Cow;

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::asked::{self, Asks};
use super::nodes::Nodes;
use super::package_lock_v1;
use super::shapes::{Flag, Lenient, Licence, Meta, Names, Words};
use super::tree::{self, Tree};
use super::workspaces::Workspaces;
use super::{origin, tree::is_outside};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, NodeId, Origin, Requirement, SUBJECT, Scope, without_credentials};
use crate::source::{self, Place, Source};
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `package-lock.json` and `npm-shrinkwrap.json`, every package that npm resolved for a project and its workspaces.
    ///
    /// # What it reads
    /// Lockfile versions 1, 2 and 3. Each requirement leads to the copy that Node would load, found as Node does: in the
    /// `node_modules` of the requiring package, then of each folder above it.
    ///
    /// # What the file does not say
    /// Version 1 does not say what the project itself asks for: the `package.json` beside it does. Nor does it tell
    /// runtime from optional requirements where the requiring package is itself optional, and peer dependencies not at
    /// all. Peers that were left out (`legacy-peer-deps`) show as requirements without an answer.
    pub PackageLock = "package-lock"
}

impl Format for PackageLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["package-lock.json", "npm-shrinkwrap.json"]
    }

    fn recognizes(&self, text: &str) -> bool {
        // npm writes it among the first three fields.
        text.trim_start().starts_with('{')
            && text.split(['{', '[']).nth(1).is_some_and(|head| head.contains("\"lockfileVersion\""))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        match (lock.lockfile_version, lock.packages) {
            (Some(2 | 3), Some(packages)) => Ok(read(source, lock.name, lock.version, &packages.0)),
            (None | Some(0..=2), _) if lock.dependencies.is_some() => package_lock_v1::read(source),
            (Some(1), _) => package_lock_v1::read(source),
            (Some(2 | 3), None) => {
                Err(source.fault(source.start(), "the lock has no \"packages\"; write it anew with `npm install`"))
            }
            (Some(version), _) => {
                Err(source.fault(source.start(), format!("lockfile version {version} is not known; 1, 2 and 3 are")))
            }
            (None, _) => Err(source.fault(source.start(), "no \"lockfileVersion\": this is no lock of npm's")),
        }
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        package_lock_v1::join(inventory, near);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'t> {
    #[serde(borrow, default)]
    name: Str<'t>,
    #[serde(borrow, default)]
    version: Str<'t>,
    lockfile_version: Option<u64>,
    #[serde(borrow)]
    packages: Option<Map<Str<'t>, Package<'t>>>,
    /// Version 1's tree, which version 2 repeats for old tools.
    dependencies: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Package<'t> {
    /// Given where it differs from the folder's name.
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow)]
    resolved: Str<'t>,
    #[serde(borrow)]
    integrity: Str<'t>,
    #[serde(borrow)]
    license: Licence<'t>,
    link: Flag,
    in_bundle: Flag,
    #[serde(borrow)]
    bundle_dependencies: Words<'t>,
    #[serde(borrow)]
    os: Words<'t>,
    #[serde(borrow)]
    cpu: Words<'t>,
    #[serde(borrow)]
    libc: Words<'t>,
    #[serde(borrow)]
    workspaces: Words<'t>,
    #[serde(borrow)]
    dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    dev_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    optional_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    peer_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    peer_dependencies_meta: Names<'t, Meta>,
}

impl<'t> Package<'t> {
    /// Returns what the package asks for; only what is developed here has its development tools installed.
    fn asks(&self, is_developed: bool) -> Asks<'_, 't> {
        static NONE: Names<'static, Lenient<'static>> = Names(Vec::new());
        Asks {
            dependencies: &self.dependencies,
            dev: if is_developed { &self.dev_dependencies } else { &NONE },
            optional: &self.optional_dependencies,
            peer: &self.peer_dependencies,
            peer_meta: &self.peer_dependencies_meta,
        }
    }

    /// Returns the platforms that the package is for.
    fn environment(&self) -> Text {
        asked::platforms(&self.os, &self.cpu, &self.libc)
    }
}

/// Reads the `packages` of versions 2 and 3.
fn read<'t>(source: &Source<'t>, name: Str<'t>, version: Str<'t>, packages: &[(Str<'t>, Package<'t>)]) -> Inventory {
    let mut nodes = Nodes::new(source, "package-lock");
    nodes.inventory.says.licence = packages.iter().any(|(_, package)| !package.license.0.is_empty());
    let places = places(source, packages);
    let entries = entries(packages, &places, &mut nodes.inventory);
    let (tree, starts) =
        Tree::of(packages.iter().map(|(location, _)| if location.len() > tree::LONGEST { "" } else { &**location }));

    let top = entries.get("").map(|&index| (&packages[index].1, places[index]));
    if top.is_none() && !packages.is_empty() {
        nodes
            .inventory
            .fault(source.start(), "no entry for the project itself (\"\"); write it anew with `npm install`");
    }
    let workspaces = top.map(|(top, _)| Workspaces::new(top.workspaces.0.iter().map(|word| &**word)));

    let mut ids: Vec<Option<NodeId>> = vec![None; packages.len()];
    for (index, (location, package)) in packages.iter().enumerate() {
        if entries.get(&**location) != Some(&index) || package.link.0 {
            continue;
        }
        ids[index] = Some(if location.is_empty() {
            let or = |own: &Str<'t>, other: &Str<'t>| if own.is_empty() { other.clone() } else { own.clone() };
            nodes.top(&or(&package.name, &name), &or(&package.version, &version), package, places[index])
        } else {
            let is_member = workspaces.as_ref().is_some_and(|workspaces| workspaces.has(location));
            nodes.package(location, package, is_member, places[index])
        });
    }
    for (index, (location, package)) in packages.iter().enumerate() {
        if entries.get(&**location) == Some(&index) && package.link.0 {
            ids[index] = Some(nodes.link(location, package, &entries, packages, &ids, places[index]));
        }
    }

    // npm counts the members of a workspace as requirements of its root.
    if let Some(root) = entries.get("").and_then(|&index| ids[index]).filter(|&root| root != SUBJECT) {
        let entries = ids.iter().zip(&places).zip(packages).filter(|(_, (_, package))| !package.link.0);
        let members = entries.filter_map(|((id, place), _)| Some(((*id)?, *place)));
        let members = members.filter(|(id, _)| *id != root && nodes.inventory.nodes[*id as usize].root);
        for (member, place) in members.collect::<Vec<_>>() {
            nodes.inventory.edge(root, member, Requirement::default(), place);
        }
    }
    nodes.inventory.says.origin = nodes.says_origin();
    for (index, (location, package)) in packages.iter().enumerate() {
        if let Some(from) = ids[index].filter(|_| !package.link.0) {
            let find = |name: &str| tree.find(starts[index], name).and_then(|entry| ids[entry]);
            nodes.requirements(from, location, package, find, places[index]);
        }
    }
    nodes.inventory
}

/// Returns the place of each entry's location.
fn places<'t>(source: &Source<'t>, packages: &[(Str<'t>, Package<'t>)]) -> Vec<Place> {
    let mut last = source.start();
    let next = |(location, _): &(Str<'t>, Package<'t>)| {
        last = location.place(source, last);
        last
    };
    packages.iter().map(next).collect()
}

/// Returns which entry stands for which location: of doubles the last one, as JavaScript reads them.
fn entries<'p>(
    packages: &'p [(Str<'_>, Package<'_>)],
    places: &[Place],
    inventory: &mut Inventory,
) -> HashMap<&'p str, usize> {
    let mut entries = HashMap::with_capacity(packages.len());
    for (index, (location, _)) in packages.iter().enumerate() {
        if location.len() > tree::LONGEST {
            inventory.fault(places[index], format!("a location of {} bytes is longer than any path", location.len()));
        } else if location.ends_with('/') {
            inventory.fault(places[index], format!("\"{}\" names no package", location.escape_debug()));
        } else if entries.insert(&**location, index).is_some() {
            inventory.fault(places[index], format!("\"{}\" stands twice in \"packages\"", location.escape_debug()));
        }
    }
    entries
}

impl<'t> Nodes<'_, 't> {
    /// Adds the project itself; without a name it is the subject.
    fn top(&mut self, name: &Str<'t>, version: &str, package: &Package<'t>, near: Place) -> NodeId {
        if name.is_empty() {
            return SUBJECT;
        }
        let place = name.place(self.source, if matches!(name.0, Cow::Owned(_)) { self.source.start() } else { near });
        let licence = intern::text(&package.license.0);
        self.inventory.add_root(Component { licence, ..Component::new(origin::purl(name, version)) }, place)
    }

    /// Adds what stands at a location: an installed package, a member of the workspace, or a folder that is linked to.
    fn package(&mut self, location: &Str<'t>, package: &Package<'t>, is_member: bool, near: Place) -> NodeId {
        let (name, place) = named(self.source, location, package, near);
        let is_installed = tree::installed(location).is_some();
        let mut component = Component::new(origin::purl(name, &package.version));
        component.licence = intern::text(&package.license.0);
        component.digests = origin::digests(&package.integrity);
        component.origin = match is_installed {
            true => origin::origin(&package.resolved, name),
            false => Origin::path(location),
        };
        if is_member && !is_installed {
            return self.inventory.add_root(component, place);
        }
        let has_source = !package.resolved.is_empty() || !package.integrity.is_empty();
        if package.in_bundle.0 && !has_source {
            // It comes inside of the package that requires it, so it has neither address nor digest of its own.
            component.properties.push(("bundled", "true"));
        } else if is_installed && package.version.is_empty() && !has_source {
            let message = format!("\"{}\" has neither version nor source", name.escape_debug());
            self.inventory.fault(place, message);
        }
        self.add(component, location, package.environment(), place)
    }

    /// Finds the node of the folder that a link points to.
    fn link(
        &mut self,
        location: &Str<'t>,
        package: &Package<'t>,
        entries: &HashMap<&str, usize>,
        packages: &[(Str<'t>, Package<'t>)],
        ids: &[Option<NodeId>],
        near: Place,
    ) -> NodeId {
        let target = &*package.resolved;
        let entry = entries.get(target).copied();
        let entry = entry.or_else(|| entries.get(&*source::join("", target)?).copied());
        if let Some(id) = entry.filter(|&entry| !packages[entry].1.link.0).and_then(|entry| ids[entry]) {
            return id;
        }
        let (name, place) = named(self.source, location, package, near);
        let message = format!(
            "\"{}\" links to \"{}\", which is not in the file; write it anew with `npm install`",
            location.escape_debug(),
            target.escape_debug()
        );
        self.inventory.fault(place, message);
        let origin = Origin::path(target);
        self.add(Component { origin, ..Component::new(origin::purl(name, &package.version)) }, location, "", place)
    }

    /// Adds what the package at a location asks for.
    fn requirements(
        &mut self,
        from: NodeId,
        location: &str,
        package: &Package<'t>,
        find: impl Fn(&str) -> Option<NodeId>,
        near: Place,
    ) {
        let asks = package.asks(tree::installed(location).is_none());
        for name in asks.doubled() {
            let message = format!("\"{}\" stands twice among the requirements", name.escape_debug());
            self.inventory.fault(name.place(self.source, near), message);
        }
        for asked in asks.each() {
            let place = asked.name.place(self.source, near);
            let constraint = intern::text(&without_credentials(asked.constraint));
            let requirement = Requirement { constraint, ..Requirement::of(asked.scope) };
            if let Some(to) = find(asked.name) {
                self.edge(from, to, requirement, place);
            } else if asked.scope == Scope::Peer || asked.needed && is_outside(location) {
                // Peers may be left out by `legacy-peer-deps`; a folder outside has a lock of its own.
                self.inventory.declare(from, intern::text(asked.name), requirement, place, Gap::Unpinned);
            } else if asked.needed && !package.bundle_dependencies.0.iter().any(|name| name.0 == asked.name.0) {
                // What a package brings within itself, npm at times leaves out for another platform.
                let by = if location.is_empty() { "the project" } else { location };
                let message = format!(
                    "\"{}\" is required by {} and is not in the file",
                    asked.name.escape_debug(),
                    by.escape_debug()
                );
                self.inventory.fault(place, message);
            }
        }
    }
}

/// Returns the real name of what stands at a location, and its place: the entry's own, or else the folder's.
fn named<'p, 't>(
    source: &Source<'t>,
    location: &'p Str<'t>,
    package: &'p Package<'t>,
    near: Place,
) -> (&'p str, Place) {
    if !package.name.is_empty() {
        return (&package.name, package.name.place(source, near));
    }
    let name = tree::installed(location).map_or_else(|| base(location), |(_, name)| name);
    match location.0 {
        Cow::Borrowed(_) => (name, source.place(name)),
        Cow::Owned(_) => (name, near),
    }
}

/// Returns the name that a folder gives the package in it: its own, with the scope that it stands in.
fn base(folder: &str) -> &str {
    let mut slashes = folder.rmatch_indices('/').map(|(at, _)| at);
    let Some(last) = slashes.next() else { return folder };
    let scope = slashes.next().map_or(0, |at| at + 1);
    if folder[scope..].starts_with('@') { &folder[scope..] } else { &folder[last + 1..] }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    /// Reads a text as the file at `path`.
    pub(crate) fn parse(path: &'static str, text: &str) -> Result<Inventory> {
        let source = Source { file: FileId(0), path, text };
        crate::formats::of_file(path).unwrap().parse(&source)
    }

    /// Writes an inventory in short lines; each place is cut from the text.
    pub(crate) fn lines(inventory: &Inventory, text: &str) -> Vec<String> {
        let cut = |place: Place| text[place.start as usize..][..place.len as usize].to_owned();
        let id = |node| inventory.component(node).map_or("-".to_owned(), |component| component.purl.to_string());
        let mut lines = Vec::new();
        for node in &inventory.nodes {
            let Some(component) = node.component else { continue };
            let mut line = format!("{} [{}] {}", component.purl, cut(node.place), component.origin);
            for (what, mark) in [(node.root, " root"), (!component.properties.is_empty(), " bundled")] {
                line.push_str(if what { mark } else { "" });
            }
            for part in [component.licence, node.environment] {
                line.push_str(if part.is_empty() { "" } else { " " });
                line.push_str(part);
            }
            line.push_str(&" #".repeat(component.digests.len()));
            lines.push(line);
        }
        for edge in &inventory.edges {
            let requirement = edge.requirement;
            let scope = requirement.scope.name();
            lines.push(format!(
                "{} -> {} {scope} {} [{}]",
                id(edge.from),
                id(edge.to),
                requirement.constraint,
                cut(edge.place)
            ));
        }
        for declared in &inventory.declared {
            lines.push(format!("{} ?? {} {}", id(declared.from), declared.name, declared.requirement.scope.name()));
        }
        for fault in &inventory.faults {
            lines.push(format!("! {} [{}]", fault.message, cut(fault.place)));
        }
        lines
    }

    fn lock(packages: &str) -> String {
        format!(r#"{{"name": "top", "lockfileVersion": 3, "requires": true, "packages": {packages}}}"#)
    }

    const WHOLE: &str = r#"{
        "": {"version": "1.0.0", "workspaces": {"packages": ["packages/*"]}, "license": {"type": "MIT"},
             "dependencies": {"a": "^1", "lib": "file:lib", "fse": "1"}, "devDependencies": {"@s/tool": "2"},
             "optionalDependencies": {"fse": "1", "gone": "1"}},
        "lib": {"version": "0.1.0", "dependencies": {"alias": "npm:@s/real@1"}, "devDependencies": {"a": "1"}},
        "node_modules/@s/tool": {"version": "2.0.0", "resolved": "git+ssh://git@host.example/s/tool.git#0123456789012345678901234567890123456789",
             "peerDependencies": {"a": "*", "b": "9", "m": "*", "none": "1"}, "peerDependenciesMeta": {"m": {"optional": true}}},
        "node_modules/a": {"version": "1.1.0", "resolved": "https://mirror.example/npm/a/-/a-1.1.0.tgz",
             "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "dependencies": {"b": "^1"}},
        "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": true},
        "node_modules/alias": {"name": "@s/real", "version": "1.0.0"},
        "node_modules/b": {"version": "2.0.0"},
        "node_modules/fse": {"version": "1.0.0", "optional": true, "os": ["darwin", "!win32"], "cpu": "arm64"},
        "node_modules/lib": {"resolved": "lib", "link": true},
        "node_modules/m": {"resolved": "packages/m", "link": true},
        "node_modules/same": {"version": "1.0.0", "dependencies": {"b": "2"}},
        "packages/m": {"name": "m", "version": "3.0.0", "dependencies": {"same": "1", "b": "^2"}},
        "packages/m/node_modules/same": {"version": "1.0.0", "dependencies": {"b": "2"}}
    }"#;

    #[test]
    fn requirements_lead_to_the_copy_that_node_loads() {
        let text = lock(WHOLE).replace('\n', "\r\n");
        let inventory = parse("package-lock.json", &text).unwrap();
        let expected = [
            "pkg:npm/top@1.0.0 [top] an unknown source root MIT",
            "pkg:npm/lib@0.1.0 [lib] path lib",
            "pkg:npm/%40s/tool@2.0.0 [@s/tool] git ssh://git@host.example/s/tool.git at 0123456789012345678901234567890123456789",
            "pkg:npm/a@1.1.0 [a] registry https://mirror.example/npm/ # #",
            "pkg:npm/b@1.0.0 [b] an unknown source bundled",
            "pkg:npm/%40s/real@1.0.0 [@s/real] an unknown source",
            "pkg:npm/b@2.0.0 [b] an unknown source",
            "pkg:npm/fse@1.0.0 [fse] an unknown source os=darwin,!win32 cpu=arm64",
            "pkg:npm/same@1.0.0 [same] an unknown source",
            "pkg:npm/m@3.0.0 [m] path packages/m root",
            "pkg:npm/same@1.0.0 [same] an unknown source",
            "- -> pkg:npm/top@1.0.0 runtime  [top]",
            "- -> pkg:npm/m@3.0.0 runtime  [m]",
            "pkg:npm/top@1.0.0 -> pkg:npm/m@3.0.0 runtime  [packages/m]",
            "pkg:npm/top@1.0.0 -> pkg:npm/a@1.1.0 runtime ^1 [a]",
            "pkg:npm/top@1.0.0 -> pkg:npm/lib@0.1.0 runtime file:lib [lib]",
            "pkg:npm/top@1.0.0 -> pkg:npm/%40s/tool@2.0.0 dev 2 [@s/tool]",
            "pkg:npm/top@1.0.0 -> pkg:npm/fse@1.0.0 optional 1 [fse]",
            "pkg:npm/lib@0.1.0 -> pkg:npm/%40s/real@1.0.0 runtime npm:@s/real@1 [alias]",
            "pkg:npm/lib@0.1.0 -> pkg:npm/a@1.1.0 dev 1 [a]",
            "pkg:npm/%40s/tool@2.0.0 -> pkg:npm/a@1.1.0 peer * [a]",
            "pkg:npm/%40s/tool@2.0.0 -> pkg:npm/b@2.0.0 peer 9 [b]",
            "pkg:npm/%40s/tool@2.0.0 -> pkg:npm/m@3.0.0 optional * [m]",
            "pkg:npm/a@1.1.0 -> pkg:npm/b@1.0.0 runtime ^1 [b]",
            "pkg:npm/same@1.0.0 -> pkg:npm/b@2.0.0 runtime 2 [b]",
            "pkg:npm/m@3.0.0 -> pkg:npm/same@1.0.0 runtime 1 [same]",
            "pkg:npm/m@3.0.0 -> pkg:npm/b@2.0.0 runtime ^2 [b]",
            "pkg:npm/same@1.0.0 -> pkg:npm/b@2.0.0 runtime 2 [b]",
            "pkg:npm/%40s/tool@2.0.0 ?? none peer",
        ];
        assert_eq!(lines(&inventory, &text), expected);
    }

    #[test]
    fn what_a_package_brings_within_itself_may_be_left_out() {
        let packages = r#"{"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0",
            "bundleDependencies": ["b"], "dependencies": {"b": "1", "c": "1"}}}"#;
        let text = format!(r#"{{"lockfileVersion": 3, "packages": {packages}}}"#);
        let source = Source { file: FileId(0), path: "package-lock.json", text: &text };
        let inventory = PackageLock.parse(&source).unwrap();
        let faults: Vec<&str> = inventory.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(faults, ["\"c\" is required by node_modules/a and is not in the file"]);
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (packages, expected) in [
            (r#"{"": {"dependencies": {"a": "1"}}}"#, r#"! "a" is required by the project and is not in the file [a]"#),
            (
                r#"{"": {}, "node_modules/a": {"version": "1", "dependencies": {"\u001b": "1"}}}"#,
                r#"! "\u{1b}" is required by node_modules/a and is not in the file [\u001b]"#,
            ),
            (
                r#"{"": {}, "node_modules/a": {"version": "1"}, "node_modules/a": {"version": "2"}}"#,
                r#"! "node_modules/a" stands twice in "packages" [node_modules/a]"#,
            ),
            (r#"{"": {}, "node_modules/a": {}}"#, r#"! "a" has neither version nor source [a]"#),
            (r#"{"": {}, "node_modules/": {}}"#, r#"! "node_modules/" names no package [node_modules/]"#),
            (
                r#"{"": {}, "node_modules/a": {"link": true, "resolved": "x"}}"#,
                r#"! "node_modules/a" links to "x", which is not in the file; write it anew with `npm install` [a]"#,
            ),
            (
                r#"{"node_modules/a": {"version": "1"}}"#,
                r#"! no entry for the project itself (""); write it anew with `npm install` []"#,
            ),
            (
                r#"{"": {"optionalDependencies": {"a": "1", "a": "2"}}}"#,
                r#"! "a" stands twice among the requirements [a]"#,
            ),
        ] {
            let text = lock(packages);
            let lines = lines(&parse("package-lock.json", &text).unwrap(), &text);
            let faults: Vec<&String> = lines.iter().filter(|line| line.starts_with('!')).collect();
            assert_eq!(faults, [expected], "{packages}");
        }
    }

    #[test]
    fn a_lock_without_addresses_says_nothing_of_origins() {
        const MIRROR: &str = r#""resolved": "https://mirror.example/a/-/a-1.tgz""#;
        const ARCHIVE: &str = r#""resolved": "https://files.example/a.tgz""#;
        for (a, b, expected) in [
            (r#""version": "1""#, r#""version": "1""#, false),
            (MIRROR, r#""version": "1""#, true),
            (MIRROR, r#""inBundle": true"#, true),
            (ARCHIVE, r#""inBundle": true"#, true),
            (ARCHIVE, r#""version": "1""#, false),
        ] {
            let packages = format!(r#"{{"": {{}}, "node_modules/a": {{{a}}}, "node_modules/b": {{{b}}}}}"#);
            let inventory = parse("package-lock.json", &lock(&packages)).unwrap();
            assert_eq!(inventory.says.origin, expected, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_lock_is_an_error() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("{}", "no \"lockfileVersion\": this is no lock of npm's"),
            (r#"{"lockfileVersion": 3}"#, "the lock has no \"packages\"; write it anew with `npm install`"),
            (r#"{"lockfileVersion": 9, "packages": {}}"#, "lockfile version 9 is not known; 1, 2 and 3 are"),
        ] {
            assert_eq!(parse("package-lock.json", text).unwrap_err().to_string(), expected, "{text}");
        }
        for whole in [r#"{"lockfileVersion": 3, "packages": {}}"#, r#"{"lockfileVersion": 1}"#] {
            let inventory = parse("npm-shrinkwrap.json", whole).unwrap();
            assert!(inventory.faults.is_empty() && inventory.nodes.len() == 1, "an empty project is fine: {whole}");
        }
    }

    #[test]
    fn hostile_texts_neither_panic_nor_hang() {
        let whole = lock(WHOLE);
        for end in (0..whole.len()).filter(|&end| whole.is_char_boundary(end)) {
            assert!(parse("package-lock.json", &whole[..end]).is_err());
        }
        let deep = r#"{"a": {"dependencies": "#.repeat(100_000);
        assert!(parse("package-lock.json", &format!(r#"{{"lockfileVersion": 1, "dependencies": {deep}"#)).is_err());
        let nested = "node_modules/a/".repeat(100_000);
        let text = lock(&format!(
            r#"{{"": {{}}, "{nested}node_modules/b": {{"version": "1", "dependencies": {{"c": "1"}}}}}}"#
        ));
        assert!(!parse("package-lock.json", &text).unwrap().faults.is_empty());
        let cycle =
            r#"{"": {"dependencies": {"a": "1"}}, "node_modules/a": {"link": true, "resolved": "node_modules/a"}}"#;
        assert!(!parse("package-lock.json", &lock(cycle)).unwrap().faults.is_empty());
    }
}
