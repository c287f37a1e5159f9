//! `MODULE.bazel.lock`, versions 1 to 28.
//!
//! Specification: "Bazel Lockfile" in Bazel's documentation, and `BazelLockFileValue` of Bazel for its version. Versions 1 to 6
//! (Bazel 6.2 to 7.1) hold the graph of modules; from Bazel 7.2 on (version 11) the file holds digests of what was read from
//! registries. The `source.json` of a version is only read where that version was selected; its `MODULE.bazel` wherever one
//! asked for it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::module::INCLUDE;
use crate::entry;
use crate::formats::{Format, Near, Yield, hang};
use crate::model::{
    Algorithm, Component, Declared, Digest, Gap, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says,
};
use crate::source::{self, Source};
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `MODULE.bazel.lock`, the modules that Bazel selected.
    ///
    /// Versions 1 to 28. Up to version 6 the file holds the graph of modules, with the digest of each archive. Later ones hold
    /// digests of what was read from registries: a module whose `source.json` is among them was selected, and the digest
    /// of that file, which names the archive and its own digest, is the module's. A version of which only the `MODULE.bazel`
    /// was read was not selected, and is no component. The `MODULE.bazel` beside the lock, and what it includes, say
    /// what is direct and what is taken from elsewhere than a registry; without it, everything in a lock without a
    /// graph counts as direct. What comes with Bazel itself (`bazel_tools`) is no module, but what it requires is.
    ///
    /// The later versions do not say who requires whom. What module extensions generate (`moduleExtensions`) are
    /// repositories and no modules, and not read; nor are reasons of yanked versions.
    pub BazelLock = "bazel-lock"
}

/// The newest version that is known.
const NEWEST: u64 = 28;

/// The parts of Bazel itself that its graph has as modules.
const BUILT_IN: &[&str] = &["bazel_tools", "local_config_platform"];

impl Format for BazelLock {
    fn files(&self) -> &'static [&'static str] {
        &["MODULE.bazel.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"lockFileVersion\"")
            && (text.contains("\"registryFileHashes\"") || text.contains("\"moduleDepGraph\""))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        let Some(version) = lock.lock_file_version else {
            return Err(
                source.fault(source.start(), "no \"lockFileVersion\" in it; write it anew with `bazel mod deps`")
            );
        };
        if !version.get().parse().is_ok_and(|version: u64| (1..=NEWEST).contains(&version)) {
            let shown = version.get().chars().take(40).collect::<String>();
            let message = format!("lockFileVersion {} is not known; 1 to {NEWEST} are read", shown.escape_debug());
            return Err(source.fault(source.place(version.get()), message));
        }
        let mut inventory = Inventory::new(source, "bazel-lock");
        inventory.says = Says { scopes: false, licence: false, ..Says::ALL };
        match (&lock.module_dep_graph, &lock.registry_file_hashes) {
            (Some(graph), _) => self::graph(source, graph, &mut inventory),
            (None, Some(files)) => {
                inventory.says.edges = false;
                selected(source, files, &mut inventory);
            }
            (None, None) => {
                let message = "neither \"moduleDepGraph\" nor \"registryFileHashes\" in it; run `bazel mod deps`";
                return Err(source.fault(source.start(), message));
            }
        }
        if inventory.nodes.len() == 1 && inventory.faults.is_empty() {
            return Err(source.fault(source.start(), "no module in it; write it anew with `bazel mod deps`"));
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let files = beside(folder, near);
        if let Some(file) = files.first() {
            Join { files: &files, has_graph: inventory.says.edges, named: named(inventory) }.join(inventory, file);
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'t> {
    #[serde(borrow)]
    lock_file_version: Option<&'t RawValue>,
    #[serde(borrow)]
    module_dep_graph: Option<Map<Str<'t>, &'t RawValue>>,
    #[serde(borrow)]
    registry_file_hashes: Option<Map<Str<'t>, &'t RawValue>>,
}

/// A module of the graph.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Module<'t> {
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow)]
    deps: Map<Str<'t>, Str<'t>>,
    #[serde(borrow)]
    repo_spec: Option<RepoSpec<'t>>,
}

#[derive(Deserialize)]
struct RepoSpec<'t> {
    #[serde(borrow, default)]
    attributes: Attributes<'t>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes<'t> {
    #[serde(borrow)]
    urls: Vec<Str<'t>>,
    #[serde(borrow)]
    integrity: Str<'t>,
    #[serde(borrow)]
    remote: Str<'t>,
    #[serde(borrow)]
    commit: Str<'t>,
    #[serde(borrow)]
    path: Str<'t>,
}

/// Reads the graph of versions 1 to 6.
fn graph<'t>(source: &Source<'t>, graph: &Map<Str<'t>, &'t RawValue>, inventory: &mut Inventory) {
    let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
    let mut built_in: BTreeSet<&str> = BTreeSet::new();
    let mut modules = Vec::with_capacity(graph.0.len());
    for (key, raw) in &graph.0 {
        let place = key.place(source, source.place(raw.get()));
        let module: Module<'t> = match serde_json::from_str(raw.get()) {
            Ok(module) => module,
            Err(error) => {
                inventory.fault(place, format!("no module as Bazel writes it: {error}"));
                continue;
            }
        };
        if BUILT_IN.contains(&&*module.name) {
            built_in.insert(key);
            modules.push((SUBJECT, module, place));
            continue;
        }
        let is_root = &**key == "<root>";
        if !is_root && module.name.is_empty() {
            inventory.fault(place, "a module without a name; run `bazel mod deps`");
            continue;
        }
        let node = match (is_root, module.name.is_empty()) {
            (true, true) => SUBJECT,
            (true, false) => inventory.add_root(component(&module), module.name.place(source, place)),
            (false, _) => inventory.add(component(&module), place),
        };
        if nodes.insert(key, node).is_some() {
            inventory.fault(place, format!("{} is listed twice", key.escape_debug()));
        }
        modules.push((node, module, place));
    }
    for (from, module, place) in &modules {
        let is_built_in = BUILT_IN.contains(&&*module.name);
        for (_, to) in module.deps.0.iter().filter(|(_, to)| !built_in.contains(&**to)) {
            let at = to.place(source, *place);
            let extra = if is_built_in { Requirement::INDIRECT } else { "" };
            match nodes.get(&**to) {
                Some(&node) => inventory.edge(*from, node, Requirement { extra, ..Requirement::default() }, at),
                None => inventory.fault(at, format!("{} is required, which the lock does not hold", to.escape_debug())),
            }
        }
    }
    hang::hang(inventory, |_| Requirement::default());
}

fn component(module: &Module<'_>) -> Component {
    let mut component = Component::new(Purl::new("bazel", "", &module.name, &module.version));
    let Some(RepoSpec { attributes }) = &module.repo_spec else { return component };
    component.digests.extend(Digest::sri(&attributes.integrity));
    if let Some(url) = attributes.urls.first() {
        component.origin = Origin::url(url);
    } else if !attributes.remote.is_empty() {
        component.origin = Origin::git(&attributes.remote, &attributes.commit, "");
    } else if !attributes.path.is_empty() {
        component.origin = Origin::path(&attributes.path);
    }
    component
}

/// Reads the digests of what was read from registries.
fn selected<'t>(source: &Source<'t>, files: &Map<Str<'t>, &'t RawValue>, inventory: &mut Inventory) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (url, raw) in &files.0 {
        let place = url.place(source, source.place(raw.get()));
        let Some(module) = url.strip_suffix("/source.json") else { continue };
        // What one registry lacks, another has.
        let Ok(Some(digest)) = serde_json::from_str::<Option<Str<'_>>>(raw.get()) else {
            if raw.get() != "null" {
                inventory.fault(place, "a digest is expected; run `bazel mod deps`");
            }
            continue;
        };
        if &*digest == "not found" {
            continue;
        }
        let mut parts = module.rsplitn(4, '/');
        let (Some(version), Some(name), Some("modules"), Some(registry)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            inventory.fault(place, "no file of a registry: `…/modules/NAME/VERSION/source.json` is expected");
            continue;
        };
        if name.is_empty() || version.is_empty() || !seen.insert(url) {
            inventory.fault(place, "a module without a name or a version, or listed twice; run `bazel mod deps`");
            continue;
        }
        let mut component = Component::new(Purl::new("bazel", "", name, version));
        component.origin = Origin::registry(registry);
        let sha256 = Digest::hex(Algorithm::Sha256, &digest);
        if sha256.is_none() {
            inventory.fault(place, format!("the digest of {} is no SHA-256 digest", name.escape_debug()));
        }
        component.digests.extend(sha256);
        // The name stands in the address, where that is not spelled with escapes.
        let at = source.place(&module[module.len() - version.len() - 1 - name.len()..]);
        let node = inventory.add(component, if at == source.start() { place } else { at });
        inventory.edge(SUBJECT, node, Requirement::default(), inventory.nodes[node as usize].place);
    }
}

/// Returns the `MODULE.bazel` of a folder, and the files that it includes.
fn beside<'n>(folder: &str, near: &Near<'n>) -> Vec<&'n Inventory> {
    /// No project has that many parts.
    const MOST: usize = 1000;
    let path = |label: &str| {
        let path = label.trim_start_matches("@@").trim_start_matches("//").replace(':', "/");
        source::join(folder, path.trim_start_matches('/'))
    };
    let mut files: Vec<&Inventory> = Vec::new();
    let mut open: Vec<String> = path("MODULE.bazel").into_iter().collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(path_of) = open.pop().filter(|_| files.len() < MOST) {
        let Some(file) = near.get(&path_of).filter(|file| file.format == "bazel-module") else { continue };
        if seen.insert(path_of) {
            files.push(file);
            let facts = file.manifest.iter().flat_map(|manifest| &manifest.facts);
            open.extend(facts.filter(|(name, _)| *name == INCLUDE).filter_map(|(_, label)| path(label)));
        }
    }
    files
}

/// Returns the modules by their names, less the project itself.
fn named(inventory: &Inventory) -> BTreeMap<&'static str, Vec<NodeId>> {
    let mut named: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
    for (id, node) in inventory.nodes.iter().enumerate().filter(|(_, node)| !node.root) {
        if let Some(component) = node.component {
            named.entry(component.purl.name()).or_default().push(id as NodeId);
        }
    }
    named
}

/// A lock and the files that it answers.
struct Join<'n> {
    files: &'n [&'n Inventory],
    has_graph: bool,
    named: BTreeMap<&'static str, Vec<NodeId>>,
}

impl Join<'_> {
    fn join(mut self, inventory: &mut Inventory, file: &Inventory) {
        inventory.says.scopes = true;
        self.replace(inventory);
        let root = inventory.nodes.iter().position(|node| node.root).map_or(SUBJECT, |root| root as NodeId);
        let mut asked: BTreeMap<&str, &Declared> = BTreeMap::new();
        for declared in self.files.iter().flat_map(|file| &file.declared) {
            asked.entry(declared.name).or_insert(declared);
        }
        if self.has_graph {
            self.tell(inventory, root, asked);
            return;
        }
        // A lock without a graph has no edges but those from itself.
        inventory.edges.clear();
        let mut root = SUBJECT;
        if let Some(manifest) = file.manifest.as_ref().filter(|manifest| !manifest.name.is_empty()) {
            let component = Component::new(Purl::new("bazel", "", manifest.name, manifest.version));
            root = inventory.add_root(component, file.nodes[SUBJECT as usize].place);
        }
        let answered: BTreeSet<NodeId> =
            asked.into_values().filter_map(|asked| self.ask(inventory, root, asked)).collect();
        let others = (1..inventory.nodes.len()).map(|node| node as NodeId);
        for node in others.filter(|node| *node != root && !answered.contains(node)) {
            let requirement = Requirement { extra: Requirement::INDIRECT, ..Requirement::default() };
            inventory.edge(SUBJECT, node, requirement, inventory.nodes[node as usize].place);
        }
    }

    /// Says of the modules that are taken from elsewhere where that is; a lock without a graph does not hold them.
    fn replace(&mut self, inventory: &mut Inventory) {
        for node in self.files.iter().flat_map(|file| file.nodes.iter().skip(1)) {
            let Some(component) = node.component else { continue };
            let held = self.named.entry(component.purl.name()).or_default();
            // A lock without a graph may be older than the override.
            if held.is_empty() || !self.has_graph {
                *held = vec![inventory.add(component.clone(), node.place)];
                continue;
            }
            for &id in held.iter() {
                let version = inventory.component(id).map_or("", |component| component.version());
                let mut replaced = component.clone();
                if !version.is_empty() {
                    replaced.purl = replaced.purl.with_version(version);
                }
                inventory.nodes[id as usize].component = Some(replaced.intern());
            }
        }
    }

    /// Finds what answers: of several versions of a module, the one that is asked for by itself.
    fn answer(&self, inventory: &Inventory, asked: &Declared) -> Result<NodeId, Gap> {
        let nodes = self.named.get(asked.name).map_or(&[][..], Vec::as_slice);
        let version = asked.requirement.constraint;
        let is_version = |node: &&NodeId| inventory.component(**node).is_some_and(|it| it.version() == version);
        match (nodes, nodes.iter().find(is_version)) {
            ([], _) => Err(Gap::Unpinned),
            ([one], _) | (_, Some(one)) => Ok(*one),
            (several, None) => Err(Gap::Ambiguous(several.to_vec())),
        }
    }

    /// Adds what the project asks for, and returns what answers it.
    fn ask(&self, inventory: &mut Inventory, from: NodeId, asked: &Declared) -> Option<NodeId> {
        if BUILT_IN.contains(&asked.name) {
            return None;
        }
        match self.answer(inventory, asked) {
            Ok(node) => {
                inventory.edge(from, node, *asked.requirement, asked.place);
                Some(node)
            }
            Err(gap) => {
                inventory.declare(from, asked.name, *asked.requirement, asked.place, gap);
                None
            }
        }
    }

    /// Says how the project means the requirements that the graph has already.
    fn tell(&self, inventory: &mut Inventory, from: NodeId, mut asked: BTreeMap<&str, &Declared>) {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let nodes = &inventory.nodes;
        for edge in inventory.edges.iter_mut().filter(|edge| edge.from == from && edge.requirement.extra.is_empty()) {
            let name = nodes[edge.to as usize].component.map_or("", |component| component.purl.name());
            if let Some(asked) = asked.get(name) {
                (edge.requirement, edge.place) = (asked.requirement, asked.place);
                told.insert(name);
            }
        }
        asked.retain(|name, _| !told.contains(name));
        for asked in asked.into_values() {
            self.ask(inventory, from, asked);
        }
    }
}
