//! `bun.lock`: lockfile versions 0, 1 and 2, JSON with comments and trailing commas; of `bun.lockb`, its name.
//!
//! Specification: none is published beyond <https://bun.com/docs/install/lockfile>; bun's `bun.lock.zig` writes it. Packages
//! are told by where they stand in the tree: `a/b` is the `b` in the `node_modules` of `a`.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::importers;
use super::nodes::Nodes;
use super::origin;
use super::shapes::{Lenient, Names, Words};
use super::yarn_classic::parted;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Origin, Requirement, SUBJECT, Scope, without_credentials};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `bun.lock`, every package that bun resolved for a project or a workspace.
    ///
    /// # What it reads
    /// Lockfile versions 0, 1 and 2. Each requirement leads to the copy that would be loaded, found as Node does: in the
    /// `node_modules` of the requiring package, then of each folder above it. Copies of one package that load others are
    /// several components. A patched package keeps the path of its patch as a property.
    ///
    /// # What it does not read
    /// `bun.lockb`, the binary lock of bun before 1.2, is a problem: `bun install --save-text-lockfile` writes the text.
    pub BunLock = "bun-lock"
}

impl Format for BunLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["bun.lock", "bun.lockb"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let head: String = text.chars().take(200).collect();
        head.trim_start().starts_with('{')
            && head.contains("\"lockfileVersion\"")
            && text.contains("\"workspaces\": {")
            && head.contains("\"workspaces\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.path.ends_with(".lockb") {
            let message = "the binary lock of bun is not read; write the text with `bun install --save-text-lockfile`";
            return Err(source.fault(source.start(), message));
        }
        let plain = json::without_comments(source.text);
        read(&Source { text: &plain, ..*source })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'t> {
    lockfile_version: Option<u64>,
    /// Since 1, a workspace's packages are linked apart from each other.
    #[serde(default)]
    config_version: Option<u64>,
    #[serde(default, borrow)]
    workspaces: Map<Str<'t>, Asks<'t>>,
    #[serde(default, borrow)]
    packages: Map<Str<'t>, Vec<&'t RawValue>>,
    #[serde(default, borrow)]
    patched_dependencies: Names<'t, Lenient<'t>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asks<'t> {
    /// Of a project.
    #[serde(borrow)]
    name: Lenient<'t>,
    #[serde(borrow)]
    version: Lenient<'t>,
    #[serde(borrow)]
    dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    dev_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    optional_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    peer_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    optional_peers: Words<'t>,
    #[serde(borrow)]
    os: Words<'t>,
    #[serde(borrow)]
    cpu: Words<'t>,
    #[serde(borrow)]
    libc: Words<'t>,
    bundled: bool,
}

fn read(source: &Source<'_>) -> Result<Inventory> {
    let lock: Lock<'_> = json::read(source)?;
    match lock.lockfile_version {
        Some(0..=2) => {}
        Some(version) => {
            let message = format!("lockfileVersion {version} is not known; 0, 1 and 2 are read");
            return Err(source.fault(source.start(), message));
        }
        None => return Err(source.fault(source.start(), "no \"lockfileVersion\": this is no lock of bun's")),
    }
    let mut nodes = Nodes::new(source, "bun-lock");
    nodes.inventory.says.licence = false;
    let mut entries: HashMap<&str, NodeId> = HashMap::with_capacity(lock.packages.0.len());
    let mut folders: HashMap<&str, NodeId> = HashMap::new();
    let mut projects = Vec::new();
    for (folder, workspace) in &lock.workspaces.0 {
        let node = project(source, &mut nodes, folder, workspace);
        folders.insert(folder, node);
        projects.push((node, workspace));
    }
    let mut all = Vec::with_capacity(lock.packages.0.len());
    let mut last = source.start();
    for (key, fields) in &lock.packages.0 {
        let place = key.place(source, last);
        last = place;
        let texts: Vec<Str<'_>> = fields.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
        let asks = fields.iter().find(|raw| raw.get().starts_with('{'));
        let asks: Asks<'_> = match asks.map(|raw| json::part(source, raw)).transpose() {
            Ok(asks) => asks.unwrap_or_default(),
            Err(error) => {
                nodes.inventory.fault(place, format!("no package as bun writes it: {error}"));
                continue;
            }
        };
        let Some(resolution) = texts.first().filter(|text| text.contains('@')) else {
            nodes.inventory.fault(place, "no package as bun writes it: name@version comes first");
            continue;
        };
        let (name, reference) = parted(resolution);
        if let Some(folder) = reference.strip_prefix("workspace:") {
            match folders.get(folder) {
                Some(&node) => drop(entries.insert(key, node)),
                None => nodes.inventory.fault(place, format!("the workspace has no \"{}\"", folder.escape_debug())),
            }
            continue;
        }
        let component = component(name, reference, &texts, &asks, &lock.patched_dependencies);
        let environment = importers::platforms([
            ("os", asks.os.0.iter().map(|word| &**word).collect()),
            ("cpu", asks.cpu.0.iter().map(|word| &**word).collect()),
            ("libc", asks.libc.0.iter().map(|word| &**word).collect()),
        ]);
        let place = named(source, place, resolution, name);
        let node = nodes.add(component, key, environment, place);
        if entries.insert(key, node).is_some() {
            nodes.inventory.fault(place, format!("\"{}\" stands twice among the packages", key.escape_debug()));
        }
        all.push((key, node, asks, place));
    }
    if lock.workspaces.0.is_empty() && lock.packages.0.is_empty() {
        nodes.inventory.fault(source.start(), "neither workspaces nor packages in it; run `bun install`");
    }
    let of_projects = projects
        .iter()
        .map(|(node, workspace)| (*node, &*workspace.name.0, *workspace, nodes.inventory.nodes[*node as usize].place));
    let askers: Vec<Asker<'_, '_>> =
        all.iter().map(|(key, node, asks, place)| (*node, &***key, asks, *place)).chain(of_projects).collect();
    let by_node = askers.iter().map(|asker| (asker.0, asker)).collect();
    let mut links = Links { entries: &entries, askers: by_node, required_by: HashMap::new(), is_isolated: false };
    for asker in &askers {
        links.require(&mut nodes, asker, FIELDS);
    }
    links.is_isolated = lock.config_version.is_some_and(|version| version > 0) && lock.workspaces.0.len() > 1;
    for asker in &askers {
        links.require(&mut nodes, asker, &[Scope::Peer]);
    }
    Ok(nodes.inventory)
}

/// Adds a project of the workspace.
fn project<'t>(source: &Source<'t>, nodes: &mut Nodes<'_, 't>, folder: &Str<'t>, workspace: &Asks<'t>) -> NodeId {
    let near = folder.place(source, source.start());
    if workspace.name.0.is_empty() {
        return importers::add(&mut nodes.inventory, folder, near);
    }
    let mut component = Component::new(origin::purl(&workspace.name.0, &workspace.version.0));
    component.origin = if folder.is_empty() { Origin::Unknown } else { Origin::path(folder) };
    let place = workspace.name.0.place(source, near);
    nodes.inventory.add_root(component, place)
}

fn component(
    name: &str,
    reference: &str,
    texts: &[Str<'_>],
    asks: &Asks<'_>,
    patched: &Names<'_, Lenient<'_>>,
) -> Component {
    let is_version = !reference.contains([':', '/']);
    let mut component = Component::new(origin::purl(name, if is_version { reference } else { "" }));
    component.digests = texts.iter().skip(1).flat_map(|text| origin::digests(text)).collect();
    component.origin = match is_version {
        // Empty for the default registry.
        true => match texts.get(1).map_or("", |text| &**text) {
            address if address.contains("://") => match address.contains("/-/") {
                true => origin::origin(address, name),
                false => Origin::registry(address),
            },
            _ => Origin::Unknown,
        },
        false => match reference.split_once(':') {
            Some(("link" | "file", path)) => Origin::path(path),
            Some(("github", path)) => {
                let (path, commit) = path.split_once('#').unwrap_or((path, ""));
                Origin::git(&format!("https://github.com/{path}"), commit, "")
            }
            _ => origin::origin(reference, name),
        },
    };
    if asks.bundled {
        component.properties.push(("bundled", "true"));
    }
    let descriptor = format!("{name}@{reference}");
    if let Some((_, patch)) = patched.0.iter().find(|(patched, _)| **patched == *descriptor) {
        component.properties.push(("patch", intern::text(&patch.0)));
    }
    component
}

/// Who asks, where it stands, and what for.
type Asker<'l, 't> = (NodeId, &'l str, &'l Asks<'t>, Place);

/// The scopes of what is asked for but peers, which depend on those who ask.
const FIELDS: &[Scope] = &[Scope::Runtime, Scope::Dev, Scope::Optional];

/// How far up the peers of one package are looked for, in packages.
const MOST_ASKERS: usize = 1000;

/// What leads from packages to those that they ask for.
struct Links<'l, 't> {
    /// The packages by where they stand in the tree.
    entries: &'l HashMap<&'l str, NodeId>,
    askers: HashMap<NodeId, &'l Asker<'l, 't>>,
    /// Those that ask for a package.
    required_by: HashMap<NodeId, Vec<NodeId>>,
    /// Whether a package sees the peers of those who ask for it, as with pnpm, and not what lies above it in the tree.
    is_isolated: bool,
}

impl<'l, 't> Links<'l, 't> {
    /// Adds what a package asks for in some scopes.
    fn require(&mut self, nodes: &mut Nodes<'_, 't>, asker: &Asker<'l, 't>, scopes: &[Scope]) {
        let &(from, key, asks, near) = asker;
        for &scope in scopes {
            let field = match scope {
                Scope::Dev => &asks.dev_dependencies,
                Scope::Optional => &asks.optional_dependencies,
                Scope::Peer => &asks.peer_dependencies,
                _ => &asks.dependencies,
            };
            for (name, range) in &field.0 {
                let is_peer = scope == Scope::Peer;
                let is_optional_peer = is_peer && asks.optional_peers.0.iter().any(|optional| optional.0 == name.0);
                let scope = if is_optional_peer { Scope::Optional } else { scope };
                let place = name.place(nodes.source, near);
                let constraint = intern::text(&without_credentials(&range.0));
                let requirement = Requirement { constraint, ..Requirement::of(scope) };
                let found = if is_peer { self.peers(from, key, name) } else { Vec::from_iter(self.find(key, name)) };
                // Where it is linked once for each of several peers, it requires them all.
                for &to in found.iter().filter(|&&to| to != from) {
                    self.required_by.entry(to).or_default().push(from);
                    nodes.edge(from, to, requirement, place);
                }
                match found[..] {
                    [] if scope == Scope::Optional => {}
                    // A peer may be left out, and an optional package of another platform with all that it requires.
                    [] if scope == Scope::Peer => {
                        nodes.inventory.declare(from, intern::text(name), requirement, place, Gap::Unpinned);
                    }
                    [] => {
                        let by = if from == SUBJECT || key.is_empty() { "the project" } else { key };
                        let (name, by) = (name.escape_debug(), by.escape_debug());
                        let message =
                            format!("\"{name}\" is required by {by} and is not in the file; run `bun install`");
                        nodes.inventory.fault(place, message);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Finds the packages that a peer may be: several where those who ask for the package have several.
    fn peers(&self, from: NodeId, key: &str, name: &str) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen: HashSet<NodeId> = [from].into_iter().collect();
        let mut open = if self.is_isolated { vec![from] } else { Vec::new() };
        while let Some(node) = open.pop() {
            for &by in self.required_by.get(&node).into_iter().flatten() {
                let Some((_, key, asks, _)) = self.askers.get(&by) else { continue };
                // One who has the same peer has what those have that ask for it in turn.
                let has = |field: &Names<'_, Lenient<'_>>| field.0.iter().any(|(asked, _)| &**asked == name);
                let own = [&asks.dependencies, &asks.dev_dependencies, &asks.optional_dependencies];
                if has(&asks.peer_dependencies) && !own.into_iter().any(has) {
                    if seen.len() < MOST_ASKERS && seen.insert(by) {
                        open.push(by);
                    }
                } else {
                    found.extend(self.find(key, name));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() { Vec::from_iter(self.find(key, name)) } else { found }
    }

    fn find(&self, key: &str, name: &str) -> Option<NodeId> {
        find(key, name, self.entries)
    }
}

/// Finds the package that is loaded under a name by one that stands at `key`: below it, or in a folder above.
fn find(key: &str, name: &str, entries: &HashMap<&str, NodeId>) -> Option<NodeId> {
    let mut folder = key;
    let mut path = String::with_capacity(key.len() + 1 + name.len());
    loop {
        path.clear();
        if !folder.is_empty() {
            path.extend([folder, "/"]);
        }
        path.push_str(name);
        if let Some(&found) = entries.get(path.as_str()) {
            return Some(found);
        }
        if folder.is_empty() {
            return None;
        }
        let base = folder.rfind('/').unwrap_or(0);
        // The scope of a name is a part of it.
        let scope = folder[..base].rfind('/').map_or(0, |at| at + 1);
        folder = if folder[scope..].starts_with('@') { folder[..scope].trim_end_matches('/') } else { &folder[..base] };
    }
}

/// Returns the place of a package's real name: in its resolution, where it can be cut from there.
fn named<'t>(source: &Source<'t>, place: Place, resolution: &Str<'t>, name: &str) -> Place {
    let whole = resolution.place(source, place);
    if whole.len as usize >= name.len() { Place { len: name.len() as u32, ..whole } } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_as_node_does() {
        let entries: HashMap<&str, NodeId> =
            [("a", 1), ("a/b", 2), ("b", 3), ("@s/c", 4), ("@s/c/a", 5), ("@s/c/@t/d", 6)].into_iter().collect();
        for (key, name, expected) in [
            ("a", "b", Some(2)),
            ("a/b", "b", Some(2)),
            ("@s/c", "b", Some(3)),
            ("@s/c/@t/d", "a", Some(5)),
            ("@s/c/@t/d", "@t/d", Some(6)),
            ("b", "a", Some(1)),
            ("", "@s/c", Some(4)),
            ("a", "none", None),
        ] {
            assert_eq!(find(key, name, &entries), expected, "{key} {name}");
        }
    }
}
