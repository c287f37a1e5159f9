//! The projects of a workspace, as pnpm's, yarn's and bun's locks know them: by their folders. What they are called stands in
//! their manifests.

use hashbrown::HashMap;

use super::origin;
use super::yarn_classic::parted;
use crate::formats::Near;
use crate::intern::Text;
use crate::model::{Component, Inventory, Kind, NodeId, Origin, Purl, Requirement, SUBJECT, Scope};
use crate::source::{self, Place};

/// Adds the project of a folder as a root, called after the folder until its manifest is seen; that of the lock's own folder is
/// the subject.
pub(super) fn add(inventory: &mut Inventory, folder: &str, place: Place) -> NodeId {
    if matches!(folder, "" | ".") {
        return SUBJECT;
    }
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let mut component = Component::new(origin::purl(name, ""));
    component.origin = Origin::path(folder);
    inventory.add_root(component, place)
}

/// Gives the projects of a lock the names and versions of the `package.json` in their folders, or else of the `deno.json`.
pub(super) fn describe(inventory: &mut Inventory, near: &Near<'_>) {
    let home = source::folder(inventory.subject).to_owned();
    let manifest = |folder: &str| {
        let folder = source::join(&home, folder)?;
        let described = |name: &str| {
            let found = near.get(&source::join(&folder, name)?)?;
            let described = found.manifest.as_ref().filter(|described| !described.name.is_empty())?;
            let (name, version) = (described.name, described.version);
            // What Deno calls a project is what it is published as.
            let purl = match (found.format, name.split_once('/')) {
                ("package-json", _) => origin::purl(name, version),
                ("deno-json", Some((scope, base))) => Purl::new("jsr", scope, base, version),
                ("deno-json", None) => Purl::new("jsr", "", name, version),
                _ => return None,
            };
            Some((purl, found.nodes[SUBJECT as usize].place))
        };
        ["package.json", "deno.json", "deno.jsonc"].into_iter().find_map(described)
    };
    for id in 1..inventory.nodes.len() {
        let node = &inventory.nodes[id];
        let Some(component) = node.component.filter(|_| node.root) else { continue };
        let Origin::Path(folder) = component.origin else { continue };
        if let Some((purl, place)) = manifest(folder) {
            let described = Component { purl, ..component.clone() };
            inventory.nodes[id].component = Some(described.intern());
            inventory.nodes[id].place = place;
        }
    }
    let is_there = inventory.edges.iter().any(|edge| edge.from == SUBJECT && !is_root(inventory, edge.to));
    let asks = inventory.declared.iter().any(|declared| declared.from == SUBJECT);
    if let Some((purl, place)) = manifest("").filter(|_| is_there || asks) {
        let component = Component { kind: Kind::Application, ..Component::new(purl) };
        // What the subject required, its project does.
        let before = inventory.edges.len();
        let own = inventory.add_root(component, place);
        for at in 0..before {
            if inventory.edges[at].from == SUBJECT && !is_root(inventory, inventory.edges[at].to) {
                inventory.edges[at].from = own;
            }
        }
        inventory.declared.iter_mut().filter(|declared| declared.from == SUBJECT).for_each(|it| it.from = own);
    }
}

/// Gives what the projects of a lock ask for the scopes that their `package.json`s say, where the lock has none. Comes before
/// [`describe`].
pub(super) fn scopes(inventory: &mut Inventory, near: &Near<'_>) {
    let home = source::folder(inventory.subject).to_owned();
    // By project, what is asked for and the strongest scope of it.
    let mut asked: HashMap<NodeId, HashMap<&str, Scope>> = HashMap::new();
    for (id, node) in inventory.nodes.iter().enumerate() {
        let folder = match node.component.map(|component| &component.origin) {
            None if id == SUBJECT as usize => "",
            Some(Origin::Path(folder)) if node.root => *folder,
            _ => continue,
        };
        let path = source::join(&home, folder).and_then(|folder| source::join(&folder, "package.json"));
        let found = path.and_then(|path| near.get(&path)).filter(|found| found.format == "package-json");
        let names = asked.entry(id as NodeId).or_default();
        let asked = found.iter().flat_map(|found| &found.declared);
        for declared in asked.filter(|declared| declared.requirement.scope != Scope::Peer) {
            // `"v4": "npm:uuid@^4"` is an alias, `"uuid": "npm:^4"` none.
            let real = declared.requirement.constraint.strip_prefix("npm:").map(parted);
            let name = real.filter(|(_, range)| !range.is_empty()).map_or(declared.name, |(name, _)| name);
            let scope = declared.requirement.scope;
            names.entry(name).and_modify(|known| *known = scope.min(*known)).or_insert(scope);
        }
    }
    for edge in &mut inventory.edges {
        let Some(component) = inventory.nodes[edge.to as usize].component else { continue };
        let name = component.purl.display_name();
        if let Some(&scope) = asked.get(&edge.from).and_then(|names| names.get(name)) {
            edge.requirement = Requirement { scope, ..*edge.requirement }.intern();
        }
    }
}

fn is_root(inventory: &Inventory, node: NodeId) -> bool {
    inventory.nodes[node as usize].root
}

/// The projects by their folders.
#[derive(Default)]
pub(super) struct Folders(HashMap<String, NodeId>);

impl Folders {
    /// Keeps the project of a folder.
    pub(super) fn put(&mut self, folder: &str, node: NodeId) {
        self.0.insert(plain(folder), node);
    }

    /// Finds the project that a path leads to, seen from a folder.
    pub(super) fn find(&self, from: &str, path: &str) -> Option<NodeId> {
        let from = plain(from);
        self.0.get(&source::join(&from, path)?).copied()
    }
}

fn plain(folder: &str) -> String {
    let folder = folder.trim_start_matches("./").trim_end_matches('/');
    if folder == "." { String::new() } else { folder.to_owned() }
}

/// Returns the platforms that a package is for, `os=linux cpu=x64`; empty where it is for all.
pub(super) fn platforms(lists: [(&str, Vec<&str>); 3]) -> Text {
    let parts: Vec<String> = lists
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(key, words)| format!("{key}={}", words.join(",")))
        .collect();
    crate::intern::text(&parts.join(" "))
}
