//! `pnpm-lock.yaml`: lockfile versions 5, 6 and 9, alone or behind the document of pnpm's own environment.
//!
//! Specification: <https://github.com/pnpm/spec/tree/master/lockfile>. A package is told by name, version and the peers that it
//! was resolved with: up to version 6 as one entry for each, since version 9 as one package and a snapshot for each.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::importers::{self, Folders};
use super::origin;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{
    Component, Gap, Inventory, Node, NodeId, Origin, Requirement, SUBJECT, Says, Scope, without_credentials,
};
use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Entry};

entry! {
    /// `pnpm-lock.yaml`, every package that pnpm resolved for a project or a workspace.
    ///
    /// # What it reads
    /// Lockfile versions 5, 6 and 9, and the document that pnpm 10 and later put before the lock for their configuration. A
    /// version that is resolved with several sets of peers is several components, which require differently. Requirements
    /// of peers are `peer`, of optional ones `optional`. A patched package keeps the digest of its patch as a property. The
    /// projects of a workspace are called as their `package.json`s have it.
    ///
    /// # What the file does not say
    /// From which registry a package comes: only tarballs, git repositories and folders are told.
    pub PnpmLock = "pnpm-lock"
}

impl Format for PnpmLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml", "pnpm-lock.*.yaml"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let head = text.strip_prefix("---\n").unwrap_or(text);
        head.starts_with("lockfileVersion:") && (text.contains("\nimporters:") || text.contains("\npackages:"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        if documents.is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        let mut reader = Reader {
            source,
            inventory: Inventory::new(source, "pnpm-lock"),
            packages: HashMap::new(),
            folders: Folders::default(),
            links: HashMap::new(),
        };
        reader.inventory.says = Says { licence: false, ..Says::ALL };
        for document in &documents {
            reader.document(document)?;
        }
        Ok(reader.inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        importers::describe(inventory, near);
    }
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: Inventory,
    /// The nodes by the keys of their packages or snapshots.
    packages: HashMap<String, NodeId>,
    folders: Folders,
    /// Folders that are linked and no project of the workspace.
    links: HashMap<(String, String), NodeId>,
}

/// The fields of an importer or a package that ask for others.
const ASKS: &[(&str, Scope)] = &[
    ("dependencies", Scope::Runtime),
    ("devDependencies", Scope::Dev),
    ("optionalDependencies", Scope::Optional),
    ("configDependencies", Scope::Build),
    ("packageManagerDependencies", Scope::Build),
];

impl<'t> Reader<'_, 't> {
    fn document(&mut self, document: &yaml::Node<'t>) -> Result<()> {
        let Some(version) = document.get("lockfileVersion") else {
            let message = "no lockfileVersion in it; is it a lock of pnpm's?";
            return Err(self.source.fault(document.place, message));
        };
        let spelled = version.text().unwrap_or_default();
        if !matches!(spelled.split('.').next(), Some("5" | "6" | "7" | "9")) {
            let message = format!("lockfileVersion {} is not known; 5, 6 and 9 are read", spelled.escape_debug());
            return Err(self.source.fault(version.place, message));
        }
        let of = |key: &str| document.get(key).map_or(&[][..], |node| node.entries());
        let patches: HashSet<&str> = of("patchedDependencies")
            .iter()
            .filter_map(|entry| entry.node.get("hash").unwrap_or(&entry.node).text())
            .collect();
        let (packages, snapshots) = (of("packages"), of("snapshots"));
        let by_key: HashMap<&str, &Entry<'t>> = packages.iter().map(|entry| (entry.key.as_str(), entry)).collect();
        let listed = if snapshots.is_empty() { packages } else { snapshots };
        for entry in listed {
            let (base, suffix) = split(&entry.key);
            let Some(package) = by_key.get(entry.key.as_str()).or_else(|| by_key.get(base)) else {
                let message = format!("\"{}\" is not among the packages; run `pnpm install`", entry.key.escape_debug());
                self.inventory.fault(entry.place, message);
                continue;
            };
            self.package(entry, package, suffix, &patches);
        }
        let importers = of("importers");
        for importer in importers {
            let node = importers::add(&mut self.inventory, &importer.key, importer.place);
            self.folders.put(&importer.key, node);
        }
        for entry in listed {
            let Some(&from) = self.packages.get(entry.key.as_str()) else { continue };
            let package = by_key.get(entry.key.as_str()).or_else(|| by_key.get(split(&entry.key).0));
            self.requirements(from, "", &entry.node, package.copied());
        }
        for importer in importers {
            let from = self.folders.find("", &importer.key).unwrap_or(SUBJECT);
            self.requirements(from, &importer.key, &importer.node, None);
        }
        if importers.is_empty() {
            // Of a project without a workspace, up to version 8.
            self.folders.put("", SUBJECT);
            self.requirements(SUBJECT, "", document, None);
            if packages.is_empty() && ASKS.iter().all(|(key, _)| of(key).is_empty()) {
                let message = "neither importers nor packages in it; run `pnpm install`";
                self.inventory.fault(document.place, message);
            }
        }
        Ok(())
    }

    /// Adds a package as it was resolved with some peers.
    fn package(&mut self, entry: &Entry<'t>, package: &Entry<'t>, suffix: &str, patches: &HashSet<&str>) {
        let (name, version) = parted(&entry.key);
        let text = |key: &str| package.node.get(key).and_then(yaml::Node::text);
        let name = text("name").unwrap_or(name);
        let version = text("version").unwrap_or_else(|| version.strip_prefix("runtime:").unwrap_or(version));
        let place = named(self.source, entry, name);
        // A folder has no version, and in lockfile version 6 none in its key either: `file:shared`.
        let is_folder = entry.key.starts_with("file:");
        if name.is_empty() || version.is_empty() && !is_folder {
            let message = format!("\"{}\" has no name or no version", entry.key.escape_debug());
            self.inventory.fault(entry.place, message);
            return;
        }
        // Git repositories and folders may have no version but where they are.
        let is_address = version.contains(['/', ':']);
        let mut component = Component::new(origin::purl(name, if is_address { "" } else { version }));
        if let Some(resolution) = package.node.get("resolution") {
            let text = |key: &str| resolution.get(key).and_then(yaml::Node::text).unwrap_or_default();
            let integrity = text("integrity");
            component.digests = origin::digests(integrity);
            if component.digests.is_empty() && !integrity.is_empty() {
                let message = format!("\"{}\" is no digest that is known", integrity.escape_debug());
                self.inventory.fault(resolution.get("integrity").map_or(place, |node| node.place), message);
            }
            component.origin = match (text("repo"), text("tarball"), text("directory")) {
                ("", "", "") => Origin::Unknown,
                ("", "", directory) => Origin::path(directory),
                ("", tarball, _) => origin::hosted(tarball).unwrap_or_else(|| origin::origin(tarball, name)),
                (repository, ..) => Origin::git(repository.trim_start_matches("git+"), text("commit"), ""),
            };
        } else {
            self.inventory.fault(place, format!("\"{}\" has no resolution; run `pnpm install`", name.escape_debug()));
        }
        let (peers, patch) = without_patch(suffix, patches);
        if let Some(patch) = patch {
            component.properties.push(("patch", intern::text(patch)));
        }
        let words = |key: &'static str| {
            let node = package.node.get(key);
            let one = node.and_then(yaml::Node::text).into_iter();
            let all = node.map_or(&[][..], |node| node.items()).iter().filter_map(yaml::Node::text);
            (key, one.chain(all).collect())
        };
        let environment = importers::platforms([words("os"), words("cpu"), words("libc")]);
        let node = Node {
            component: Some(component.intern()),
            place,
            environment,
            copy: intern::text(&peers),
            ..Node::default()
        };
        let node = self.inventory.add_node(node);
        self.packages.insert(entry.key.clone(), node);
    }

    /// Adds what an importer or a package asks for; `folder` is the importer's.
    fn requirements(&mut self, from: NodeId, folder: &str, node: &yaml::Node<'t>, package: Option<&Entry<'t>>) {
        let peers = package.and_then(|package| package.node.get("peerDependencies"));
        let meta = package.and_then(|package| package.node.get("peerDependenciesMeta"));
        let specifiers = node.get("specifiers");
        for (field, scope) in ASKS {
            for asked in node.get(field).map_or(&[][..], |node| node.entries()) {
                let version = asked.node.get("version").unwrap_or(&asked.node).text().unwrap_or_default();
                let specifier = asked.node.get("specifier").or_else(|| specifiers?.get(&asked.key));
                let peer = peers.and_then(|peers| peers.get(&asked.key));
                let is_optional_peer = || {
                    let said = meta.and_then(|meta| meta.at(&[&asked.key, "optional"]));
                    said.and_then(yaml::Node::text) == Some("true")
                };
                let scope = match (scope, peer) {
                    (Scope::Runtime, Some(_)) if is_optional_peer() => Scope::Optional,
                    (Scope::Runtime, Some(_)) => Scope::Peer,
                    (scope, _) => *scope,
                };
                let constraint = specifier.or(peer).and_then(yaml::Node::text).unwrap_or_default();
                let constraint = intern::text(&without_credentials(constraint));
                let requirement = Requirement { constraint, ..Requirement::of(scope) };
                match self.answer(folder, &asked.key, version, asked.place) {
                    Some(to) => self.inventory.edge(from, to, requirement, asked.place),
                    None if version.is_empty() || scope == Scope::Optional => {
                        let name = intern::text(&asked.key);
                        self.inventory.declare(from, name, requirement, asked.place, Gap::Unpinned);
                    }
                    None => {
                        let (name, version) = (asked.key.escape_debug(), version.escape_debug());
                        let message = format!(
                            "\"{name}\" is required as {version}, which the lock does not hold; run `pnpm install`"
                        );
                        self.inventory.fault(asked.place, message);
                    }
                }
            }
        }
    }

    /// Finds the node that a requirement leads to.
    fn answer(&mut self, folder: &str, name: &str, version: &str, place: Place) -> Option<NodeId> {
        if version.is_empty() {
            return None;
        }
        if let Some(path) = version.strip_prefix("link:") {
            return Some(self.folders.find(folder, path).unwrap_or_else(|| self.link(name, path, place)));
        }
        // The key itself (an alias, an address), or name and version as each lockfile version joins them.
        let keys = [
            version.to_owned(),
            format!("{name}@{version}"),
            format!("/{name}@{version}"),
            format!("/{name}/{version}"),
        ];
        keys.iter().find_map(|key| self.packages.get(key.as_str()).copied())
    }

    /// Adds a folder outside of the workspace.
    fn link(&mut self, name: &str, path: &str, place: Place) -> NodeId {
        let key = (name.to_owned(), path.to_owned());
        if let Some(&known) = self.links.get(&key) {
            return known;
        }
        let mut component = Component::new(origin::purl(name, ""));
        component.origin = Origin::path(path);
        let node = self.inventory.add(component, place);
        self.links.insert(key, node);
        node
    }
}

/// Parts a key into a package's own and the suffix of peers: `a@1.0.0` and `(b@2.0.0)`, of version 5 `/a/1.0.0` and `_b@2.0.0`.
fn split(key: &str) -> (&str, &str) {
    if let Some(at) = key.find('(') {
        return key.split_at(at);
    }
    // A version has no underscore, a name may.
    let version = if key.starts_with('/') { key.rfind('/') } else { None };
    match version.and_then(|at| key[at..].find('_').map(|below| at + below)) {
        Some(at) if !key[1..].contains('@') || is_version_5(key, at) => key.split_at(at),
        _ => (key, ""),
    }
}

/// Says whether a key with an underscore at `at` is of version 5, where the version stands behind a slash: `/@s/a/1.0.0_b@2.0.0`.
fn is_version_5(key: &str, at: usize) -> bool {
    let before = &key[..at];
    let version = before.rsplit('/').next().unwrap_or_default();
    version.starts_with(|first: char| first.is_ascii_digit()) && !version.contains('@')
}

/// Returns name and version of a key: `@s/a@1.0.0`, `/a@1.0.0`, `/a/1.0.0`, `a@https://…`.
fn parted(key: &str) -> (&str, &str) {
    let (key, _) = split(key);
    let plain = key.strip_prefix('/').unwrap_or(key);
    let at = plain.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
    if let Some(at) = at {
        return (&plain[..at], &plain[at + 1..]);
    }
    match plain.rfind('/') {
        Some(slash) if key.starts_with('/') => (&plain[..slash], &plain[slash + 1..]),
        _ => (plain, ""),
    }
}

/// Returns the peers of a suffix as one label, and the digest of the patch that stands among them.
fn without_patch<'k>(suffix: &'k str, patches: &HashSet<&str>) -> (String, Option<&'k str>) {
    if let Some(rest) = suffix.strip_prefix('_') {
        let (first, others) = rest.split_once('_').unwrap_or((rest, ""));
        let (patch, peers) = if patches.contains(first) { (Some(first), others) } else { (None, rest) };
        return (if peers.is_empty() { String::new() } else { format!("({peers})") }, patch);
    }
    let Some(rest) = suffix.strip_prefix("(patch_hash=") else { return (suffix.to_owned(), None) };
    match rest.split_once(')') {
        Some((patch, peers)) => (peers.to_owned(), Some(patch)),
        None => (suffix.to_owned(), None),
    }
}

/// Returns the place of the name within an entry's key; where the key does not hold it, the key's.
fn named(source: &Source<'_>, entry: &Entry<'_>, name: &str) -> Place {
    let (start, end) = (entry.place.start as usize, (entry.place.start + entry.place.len) as usize);
    let text: &str = source.text.get(start..end).unwrap_or_default();
    match text.find(name) {
        Some(at) => source.place(&text[at..at + name.len()]),
        None => {
            // A git repository's name stands below, in a field of its own.
            let below = source.text.get(end..(end + 2048).min(source.text.len())).unwrap_or_default();
            let field = below.find("name: ").map(|at| at + "name: ".len());
            let found = field.and_then(|at| below[at..].trim_start_matches(['"', '\'']).strip_prefix(name).map(|_| at));
            match found {
                Some(at) => {
                    let at = at + below[at..].find(name).unwrap_or_default();
                    source.place(&below[at..at + name.len()])
                }
                None => entry.place,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_versions_are_parted() {
        for (key, name, version, suffix) in [
            ("a@1.0.0", "a", "1.0.0", ""),
            ("@s/a@1.0.0(@t/b@2.0.0)(c@3.0.0)", "@s/a", "1.0.0", "(@t/b@2.0.0)(c@3.0.0)"),
            ("/a@1.0.0(b@2.0.0)", "a", "1.0.0", "(b@2.0.0)"),
            ("/@s/a_b@1.0.0", "@s/a_b", "1.0.0", ""),
            ("/a/1.0.0_b@2.0.0", "a", "1.0.0", "_b@2.0.0"),
            ("/@s/a/1.0.0_0a1b", "@s/a", "1.0.0", "_0a1b"),
            ("/@s/a_b/1.0.0", "@s/a_b", "1.0.0", ""),
            ("/a/1.0.0_@s+b@2.0.0", "a", "1.0.0", "_@s+b@2.0.0"),
            ("a@https://x.example/a.tgz", "a", "https://x.example/a.tgz", ""),
            ("@s/ui@file:packages/ui(react@18.3.1)", "@s/ui", "file:packages/ui", "(react@18.3.1)"),
            ("github.com/o/r/0123", "github.com/o/r/0123", "", ""),
            ("", "", "", ""),
            ("é", "é", "", ""),
        ] {
            assert_eq!((parted(key), split(key).1), ((name, version), suffix), "{key}");
        }
    }

    #[test]
    fn patches_are_no_peers() {
        let known = HashSet::from(["ab12"]);
        for (suffix, expected) in [
            ("(patch_hash=ab12)(b@1)", ("(b@1)", Some("ab12"))),
            ("(b@1)", ("(b@1)", None)),
            ("_ab12_b@1", ("(b@1)", Some("ab12"))),
            ("_ab12", ("", Some("ab12"))),
            ("_cd34", ("(cd34)", None)),
            ("", ("", None)),
        ] {
            let (peers, patch) = without_patch(suffix, &known);
            assert_eq!((peers.as_str(), patch), expected, "{suffix}");
        }
    }
}
