//! Which packages of a lock are the workspace's own, and what their manifests say of their requirements.
//!
//! A manifest belongs to the nearest `Cargo.lock` at or above it. Which of them are members is told by the manifest beside
//! the lock, by the rules of the Cargo book's chapter on workspaces.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use hashbrown::{HashMap, HashSet};
use semver::{Version, VersionReq};

use super::lock::MOST;
use super::manifest::INHERITED;
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{Declared, Edge, Gap, Inventory, Kind, Manifest, NodeId, Origin, Requirement, SUBJECT, Scope};
use crate::source;

/// Says which packages are roots by the lock alone: the local ones that nobody requires. Where local packages require each
/// other in a ring (a dev-dependency on one's own dependent), so that each is required, the whole ring is.
pub(super) fn roots(local: &[bool], edges: &[(usize, usize)]) -> Vec<bool> {
    let forth = Neighbours::new(local.len(), edges.iter().copied());
    let back = Neighbours::new(local.len(), edges.iter().map(|&(from, to)| (to, from)));
    let mut roots: Vec<bool> =
        (0..local.len()).map(|node| local[node] && back.of(node).iter().all(|&from| from == node)).collect();
    let mut reached = vec![false; local.len()];
    spread(&forth, (0..local.len()).filter(|&node| roots[node]).collect(), &mut reached);
    for node in finished(&forth, local, &reached).into_iter().rev() {
        if reached[node] {
            continue;
        }
        // The last to finish stands in a ring that nobody outside requires: all that lead to it are of the ring.
        let ring = spread(&back, vec![node], &mut reached);
        for &member in &ring {
            roots[member] = local[member];
        }
        spread(&forth, ring, &mut reached);
    }
    roots
}

/// The neighbours of each node, side by side.
struct Neighbours {
    starts: Vec<usize>,
    all: Vec<usize>,
}

impl Neighbours {
    fn new(nodes: usize, edges: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        for (from, _) in edges.clone() {
            starts[from + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut all = vec![0; starts[nodes]];
        let mut next = starts.clone();
        for (from, to) in edges {
            all[next[from]] = to;
            next[from] += 1;
        }
        Neighbours { starts, all }
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.all[self.starts[node]..self.starts[node + 1]]
    }
}

/// Marks what can be reached from some nodes, and returns it: these nodes, and what was not marked before.
fn spread(neighbours: &Neighbours, from: Vec<usize>, reached: &mut [bool]) -> Vec<usize> {
    from.iter().for_each(|&node| reached[node] = true);
    let mut found = from;
    let mut at = 0;
    while at < found.len() {
        for &next in neighbours.of(found[at]) {
            if !std::mem::replace(&mut reached[next], true) {
                found.push(next);
            }
        }
        at += 1;
    }
    found
}

/// Returns the nodes that are reached from local ones, in the order in which a depth-first walk leaves them.
fn finished(forth: &Neighbours, local: &[bool], reached: &[bool]) -> Vec<usize> {
    let mut seen = reached.to_vec();
    let mut order = Vec::new();
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for start in (0..local.len()).filter(|&node| local[node]) {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        stack.push((start, 0));
        while let Some((node, child)) = stack.last_mut() {
            let Some(&next) = forth.of(*node).get(*child) else {
                order.push(*node);
                stack.pop();
                continue;
            };
            *child += 1;
            if !std::mem::replace(&mut seen[next], true) {
                stack.push((next, 0));
            }
        }
    }
    order
}

/// Adds to a lock what the manifests of its workspace say.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    let zone = Zone::new(inventory.subject, near);
    if zone.manifests.is_empty() {
        return;
    }
    let members = zone.members(inventory);
    let mut nodes: HashMap<Text, Vec<NodeId>> = HashMap::new();
    for (id, node) in inventory.nodes.iter().enumerate() {
        if let Some(component) = node.component.filter(|component| component.origin == Origin::Path("")) {
            nodes.entry(component.purl.name()).or_default().push(id as NodeId);
        }
    }
    let mut described: BTreeMap<NodeId, Described<'_>> = BTreeMap::new();
    let mut doubtful = BTreeSet::new();
    for (folder, manifest) in &zone.manifests {
        let is_member = members.as_ref().map(|members| members.contains(folder));
        let Some(node) = zone.node(manifest.manifest.as_ref(), &nodes, inventory, is_member == Some(true)) else {
            continue;
        };
        let is_root = is_member.unwrap_or(inventory.nodes[node as usize].root);
        match described.get(&node) {
            Some(other) if other.is_root && !is_root => continue,
            // Two folders that are no members and bear the name of one path dependency: which is it?
            Some(other) if other.is_root == is_root => {
                doubtful.insert(node);
            }
            _ => {}
        }
        described.insert(node, Described { folder, manifest, is_root });
    }
    described.retain(|node, _| !doubtful.contains(node));
    for (&node, described) in &described {
        settle(inventory, node, zone.relative(described.folder), described.is_root);
    }
    explain(inventory, &zone, &described);
    let is_told = |(id, node): (usize, &crate::model::Node)| !node.root || described.contains_key(&(id as NodeId));
    inventory.says.scopes = inventory.nodes.iter().enumerate().all(is_told);
}

/// A package of the lock and the manifest that describes it.
struct Described<'n> {
    folder: &'n str,
    manifest: &'n Inventory,
    is_root: bool,
}

/// Gives a local package its folder, and makes it a root if it is one.
fn settle(inventory: &mut Inventory, node: NodeId, folder: &str, is_root: bool) {
    let becomes_root = is_root && !inventory.nodes[node as usize].root;
    let at = &mut inventory.nodes[node as usize];
    let place = at.place;
    at.root |= is_root;
    if let Some(component) = at.component {
        let mut component = component.clone();
        component.origin = Origin::Path(intern::text(if folder.is_empty() { "." } else { folder }));
        if is_root {
            component.kind = Kind::Application;
        }
        at.component = Some(component.intern());
    }
    if becomes_root {
        inventory.edge(SUBJECT, node, Requirement::default(), place);
    }
}

/// Puts the manifests' requirements in the place of the lock's edges that answer them.
fn explain(inventory: &mut Inventory, zone: &Zone<'_>, described: &BTreeMap<NodeId, Described<'_>>) {
    let mut answers: HashMap<NodeId, HashMap<Text, Vec<NodeId>>> = HashMap::new();
    for edge in inventory.edges.iter().filter(|edge| described.contains_key(&edge.from)) {
        let Some(component) = inventory.component(edge.to) else { continue };
        let named = answers.entry(edge.from).or_default().entry(component.purl.name()).or_default();
        if named.len() < MOST && !named.contains(&edge.to) {
            named.push(edge.to);
        }
    }
    let mut explained: HashSet<(NodeId, NodeId)> = HashSet::new();
    let mut edges: Vec<Edge> = Vec::new();
    for (&from, described) in described {
        for (index, declared) in described.manifest.declared.iter().enumerate() {
            // Of what is no member, Cargo locks no dev-dependencies.
            if !described.is_root && declared.requirement.scope == Scope::Dev {
                continue;
            }
            let asked = match zone.asked(described.manifest, index, declared) {
                Ok(asked) => asked,
                Err(message) => {
                    inventory.fault(declared.place, message);
                    continue;
                }
            };
            let candidates = answers.get(&from).and_then(|named| named.get(asked.name)).map_or(&[][..], Vec::as_slice);
            let found = asked.choose(candidates, inventory);
            let requirement = Requirement { constraint: asked.constraint, ..*declared.requirement };
            explained.extend(found.iter().map(|&to| (from, to)));
            match found[..] {
                [] if described.is_root => {
                    let owner = described.manifest.manifest.as_ref().map_or("", |manifest| manifest.name);
                    let (owner, name) = (owner.escape_debug(), asked.name.escape_debug());
                    let message = format!("{owner} requires {name}, which {} does not hold for it", inventory.subject);
                    inventory.fault(declared.place, message);
                }
                [] => {}
                [to] => edges.push(Edge { from, to, requirement: requirement.intern(), place: declared.place }),
                _ => inventory.declare(from, asked.name, requirement, declared.place, Gap::Ambiguous(found)),
            }
        }
    }
    inventory.edges.retain(|edge| !explained.contains(&(edge.from, edge.to)));
    inventory.edges.append(&mut edges);
}

/// A requirement with what it inherits.
struct Asked {
    name: Text,
    constraint: Text,
    is_git: bool,
    is_path: bool,
}

impl Asked {
    /// Returns those of a package's answers by this name that can be the one to this requirement.
    fn choose(&self, candidates: &[NodeId], inventory: &Inventory) -> Vec<NodeId> {
        let mut found = candidates.to_vec();
        let mut narrow = |keep: &dyn Fn(NodeId) -> bool| {
            if found.len() > 1 {
                let kept: Vec<NodeId> = found.iter().copied().filter(|&node| keep(node)).collect();
                if !kept.is_empty() {
                    found = kept;
                }
            }
        };
        let range = if self.constraint.is_empty() { None } else { VersionReq::parse(self.constraint).ok() };
        if let Some(range) = range {
            narrow(&|node| {
                let version = inventory.component(node).map_or("", |component| component.version());
                Version::parse(version).is_ok_and(|version| range.matches(&version))
            });
        }
        narrow(&|node| {
            let origin = inventory.component(node).map_or(Origin::Unknown, |component| component.origin);
            match origin {
                Origin::Git { .. } => self.is_git,
                Origin::Path(_) => self.is_path,
                _ => !self.is_git && !self.is_path,
            }
        });
        found
    }
}

/// The manifests that belong to one lock, by their folders.
struct Zone<'n> {
    folder: &'n str,
    manifests: BTreeMap<&'n str, &'n Inventory>,
}

impl<'n> Zone<'n> {
    fn new(subject: Text, near: &Near<'n>) -> Self {
        let folder = source::folder(subject);
        let others: HashSet<&str> = near
            .below(folder, "cargo-lock")
            .map(|lock| source::folder(lock.subject))
            .filter(|&other| other != folder)
            .collect();
        let is_ours = |path: &str| {
            let mut at = path;
            while at.len() > folder.len() {
                if others.contains(at) {
                    return false;
                }
                at = source::folder(at);
            }
            true
        };
        let manifests = near
            .below(folder, "cargo-toml")
            .map(|manifest| (source::folder(manifest.subject), manifest))
            .filter(|(path, _)| is_ours(path))
            .collect();
        Zone { folder, manifests }
    }

    /// Returns a folder as seen from the lock's; empty for the same.
    fn relative<'f>(&self, folder: &'f str) -> &'f str {
        folder.strip_prefix(self.folder).unwrap_or(folder).trim_start_matches('/')
    }

    /// Returns what the manifest beside the lock says.
    fn root(&self) -> Option<&'n Manifest> {
        self.manifests.get(self.folder)?.manifest.as_ref()
    }

    /// Returns the folders of the workspace's members; none where no manifest stands beside the lock to tell.
    fn members(&self, inventory: &mut Inventory) -> Option<BTreeSet<&'n str>> {
        let root = self.root()?;
        let mut members = BTreeSet::from([self.folder]);
        if facts(root, "workspace").next().is_none() {
            return Some(members);
        }
        let (mut patterns, mut plain) = (GlobSetBuilder::new(), BTreeSet::new());
        for member in facts(root, "workspace.member") {
            let member = source::join("", member).unwrap_or_default();
            if !member.contains(['*', '?', '[', '{']) {
                plain.insert(member);
            } else if let Ok(pattern) = GlobBuilder::new(&member).literal_separator(true).build() {
                patterns.add(pattern);
            } else {
                let place = self.manifests.get(self.folder).map_or(inventory.nodes[0].place, |m| m.nodes[0].place);
                inventory.fault(place, format!("the member \"{}\" is no pattern", member.escape_debug()));
            }
        }
        let patterns = patterns.build().unwrap_or_else(|_| GlobSet::empty());
        let excluded: BTreeSet<String> =
            facts(root, "workspace.exclude").filter_map(|folder| source::join("", folder)).collect();
        let is_listed = |folder: &str| plain.contains(folder) || patterns.is_match(folder);
        let is_excluded = |folder: &str| {
            let mut ups = std::iter::successors(Some(folder), |at| (!at.is_empty()).then(|| source::folder(at)));
            let mut ups_too = ups.clone();
            ups.any(|up| excluded.contains(up)) && !ups_too.any(|up| plain.contains(up))
        };
        let listed = self.manifests.keys().copied().filter(|&folder| {
            let folder = self.relative(folder);
            is_listed(folder) && !is_excluded(folder)
        });
        members.extend(listed);
        // Path dependencies of members are members too, if they are below the root.
        let mut waiting: Vec<&str> = members.iter().copied().collect();
        while let Some(folder) = waiting.pop() {
            let Some(manifest) = self.manifests.get(folder) else { continue };
            for path in self.paths(folder, manifest) {
                let Some((&found, _)) = self.manifests.get_key_value(path.as_str()) else { continue };
                if !is_excluded(self.relative(found)) && members.insert(found) {
                    waiting.push(found);
                }
            }
        }
        Some(members)
    }

    /// Returns the folders of a manifest's path dependencies.
    fn paths(&self, folder: &str, manifest: &Inventory) -> Vec<String> {
        let Some(facts_of) = &manifest.manifest else { return Vec::new() };
        let own = facts_of.facts.iter().filter(|(name, _)| name.starts_with("path."));
        let own = own.filter_map(|(_, path)| source::join(folder, path));
        let inherited = manifest.declared.iter().filter(|declared| declared.requirement.constraint == INHERITED);
        let inherited = inherited.filter_map(|declared| {
            let path = facts(self.root()?, &format!("workspace.path.{}", declared.name)).next()?;
            source::join(self.folder, path)
        });
        own.chain(inherited).collect()
    }

    /// Finds the package that a manifest describes.
    fn node(
        &self,
        manifest: Option<&Manifest>,
        nodes: &HashMap<Text, Vec<NodeId>>,
        inventory: &Inventory,
        is_member: bool,
    ) -> Option<NodeId> {
        let manifest = manifest?;
        let candidates = nodes.get(manifest.name)?;
        let inherits = facts(manifest, "inherits.version").next().is_some();
        let version = if inherits { facts(self.root()?, "workspace.version").next()? } else { manifest.version };
        let exact =
            candidates.iter().find(|&&node| inventory.component(node).is_some_and(|found| found.version() == version));
        // A lock that was not refreshed since the project's own version moved still means this member.
        exact.or(candidates.first().filter(|_| is_member && candidates.len() == 1)).copied()
    }

    /// Returns a requirement with what it inherits from the workspace.
    fn asked(&self, manifest: &Inventory, index: usize, declared: &Declared) -> Result<Asked, String> {
        let (name, constraint) = (declared.name, declared.requirement.constraint);
        if constraint != INHERITED {
            let has = |kind: &str| {
                let facts_of = manifest.manifest.as_ref();
                facts_of.is_some_and(|manifest| facts(manifest, &format!("{kind}.{index}")).next().is_some())
            };
            return Ok(Asked { name, constraint, is_git: has("git"), is_path: has("path") });
        }
        let Some(root) = self.root() else {
            return Ok(Asked { name, constraint: "", is_git: false, is_path: false });
        };
        let shared = |kind: &str| facts(root, &format!("workspace.{kind}.{name}")).next();
        let Some(constraint) = shared("constraint") else {
            return Err(format!("{} is not in the [workspace.dependencies] it is inherited from", name.escape_debug()));
        };
        let name = shared("package").unwrap_or(name);
        Ok(Asked { name, constraint, is_git: shared("git").is_some(), is_path: shared("path").is_some() })
    }
}

/// Returns the values of a fact.
fn facts<'m>(manifest: &'m Manifest, name: &str) -> impl Iterator<Item = Text> + use<'m> {
    let from = manifest.facts.partition_point(|(fact, _)| *fact < name);
    let name = intern::text(name);
    manifest.facts[from..].iter().take_while(move |(fact, _)| *fact == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::Format;
    use crate::formats::cargo::{lock::CargoLock, manifest::CargoToml};
    use crate::source::{FileId, Source};

    #[test]
    fn local_packages_that_nobody_requires_are_roots() {
        let all = [true; 6];
        for (edges, expected) in [
            (&[][..], vec![0, 1, 2, 3, 4, 5]),
            (&[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)], vec![0]),
            (&[(0, 0), (0, 1), (2, 1), (1, 3), (3, 4), (3, 5)], vec![0, 2]),
            // A ring that requires the rest.
            (&[(0, 1), (1, 0), (1, 2), (2, 3), (3, 2), (3, 4), (4, 5)], vec![0, 1]),
            // Two rings.
            (&[(0, 1), (1, 2), (2, 0), (3, 4), (4, 3), (4, 5), (2, 5)], vec![0, 1, 2, 3, 4]),
            // A ring below a root.
            (&[(5, 0), (0, 1), (1, 2), (2, 3), (3, 0), (3, 4)], vec![5]),
        ] {
            let roots = roots(&all, edges);
            assert_eq!((0..6).filter(|&node| roots[node]).collect::<Vec<_>>(), expected, "{edges:?}");
        }
        let mixed = roots(&[false, true, true], &[(0, 1), (1, 0), (0, 2)]);
        assert_eq!(mixed, [false, true, false], "packages from a registry are no roots");
    }

    /// Reads files, joins the first lock, and returns its edges: `from -> to scope constraint environment @file`.
    fn joined(files: &[(&'static str, &str)]) -> (Inventory, Vec<String>) {
        let mut inventories: Vec<Inventory> = files
            .iter()
            .enumerate()
            .map(|(id, &(path, text))| {
                let source = Source { file: FileId(id as u32), path, text };
                let format: &dyn Format = if path.ends_with(".lock") { &CargoLock } else { &CargoToml };
                format.parse(&source).unwrap()
            })
            .collect();
        inventories.sort_by_key(|inventory| inventory.subject);
        let mut lock = inventories.iter().find(|inventory| inventory.format == "cargo-lock").unwrap().clone();
        CargoLock.join(&mut lock, &Near { inventories: &inventories, sources: None });
        let label =
            |node: NodeId| lock.component(node).map_or(".".to_owned(), |c| format!("{}@{}", c.name(), c.version()));
        let mut edges: Vec<String> = lock
            .edges
            .iter()
            .map(|edge| {
                let Requirement { scope, constraint, environment, .. } = edge.requirement;
                let file = files[edge.place.file.0 as usize].0;
                let (from, to) = (label(edge.from), label(edge.to));
                format!("{from} -> {to} {} {constraint} {environment} {file}", scope.name())
            })
            .collect();
        edges.sort();
        (lock, edges)
    }

    const LOCK: &str = r#"version = 4
[[package]]
name = "a"
version = "0.3.0"
dependencies = ["b", "rand 0.7.0", "rand 0.8.0"]
[[package]]
name = "b"
version = "1.0.0"
dependencies = ["a", "serde"]
[[package]]
name = "fixed"
version = "0.1.0"
[[package]]
name = "rand"
version = "0.7.0"
source = "registry+https://crates.example/index"
dependencies = ["fixed"]
[[package]]
name = "rand"
version = "0.8.0"
source = "registry+https://crates.example/index"
[[package]]
name = "serde"
version = "1.0.1"
source = "registry+https://crates.example/index"
"#;

    #[test]
    fn manifests_tell_how_requirements_are_meant() {
        let (lock, edges) = joined(&[
            ("x/Cargo.lock", LOCK),
            (
                "x/Cargo.toml",
                r#"
[workspace]
members = ["crates/*"]
exclude = ["crates/out"]
[workspace.package]
version = "0.3.0"
[workspace.dependencies]
serde = "1"
b = { path = "b" }
"#,
            ),
            (
                "x/crates/a/Cargo.toml",
                r#"
[package]
name = "a"
version.workspace = true
[dependencies]
old = { package = "rand", version = "0.7" }
rand = { version = "0.8", optional = true }
b.workspace = true
[target.'cfg(unix)'.build-dependencies]
rand = "0.8"
"#,
            ),
            (
                "x/b/Cargo.toml",
                r#"
[package]
name = "b"
version = "1.0.0"
[dependencies]
serde.workspace = true
[dev-dependencies]
a = { path = "../crates/a" }
serde = { version = "1.0" }
"#,
            ),
            ("x/crates/out/Cargo.toml", "[package]\nname = \"fixed\"\nversion = \"0.1.0\"\n"),
            ("x/crates/apart/Cargo.lock", LOCK),
            (
                "x/crates/apart/Cargo.toml",
                "[package]\nname = \"a\"\nversion = \"0.3.0\"\n[dependencies]\ngone = \"1\"\n",
            ),
        ]);
        assert!(lock.faults.is_empty(), "{:?}", lock.faults);
        assert!(lock.declared.is_empty(), "{:?}", lock.declared);
        assert!(lock.says.scopes);
        assert_eq!(
            edges,
            [
                ". -> a@0.3.0 runtime   x/Cargo.lock",
                ". -> b@1.0.0 runtime   x/Cargo.lock",
                "a@0.3.0 -> b@1.0.0 runtime   x/crates/a/Cargo.toml",
                "a@0.3.0 -> rand@0.7.0 runtime 0.7  x/crates/a/Cargo.toml",
                "a@0.3.0 -> rand@0.8.0 build 0.8 cfg(unix) x/crates/a/Cargo.toml",
                "a@0.3.0 -> rand@0.8.0 optional 0.8  x/crates/a/Cargo.toml",
                "b@1.0.0 -> a@0.3.0 dev   x/b/Cargo.toml",
                "b@1.0.0 -> serde@1.0.1 dev 1.0  x/b/Cargo.toml",
                "b@1.0.0 -> serde@1.0.1 runtime 1  x/b/Cargo.toml",
                "rand@0.7.0 -> fixed@0.1.0 runtime   x/Cargo.lock",
            ]
        );
        let origins: Vec<Origin> = (1..4).map(|node| lock.component(node).unwrap().origin).collect();
        assert_eq!(origins, [Origin::Path("crates/a"), Origin::Path("b"), Origin::Path("crates/out")]);
    }

    #[test]
    fn a_manifest_that_the_lock_does_not_answer_is_a_fault() {
        let (lock, _) = joined(&[
            ("Cargo.lock", "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n"),
            (
                "Cargo.toml",
                r#"
[package]
name = "a"
version = "0.2.0"
[dependencies]
gone = "1"
nowhere.workspace = true
"#,
            ),
        ]);
        let messages: Vec<&str> = lock.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "a requires gone, which Cargo.lock does not hold for it",
                "nowhere is not in the [workspace.dependencies] it is inherited from",
            ]
        );
    }
}
