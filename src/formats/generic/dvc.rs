//! What DVC's files have in common: how they name a file or a folder, what it holds, and where it comes from.
//!
//! Specification: DVC's "`.dvc` files" and "`dvc.lock` file" of its user guide; the schemas in its own source (`schema.py`,
//! `output.py`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::formats::generic::is_weights;
use crate::formats::pins::text;
use crate::intern::{self, Text};
use crate::model::{Algorithm, Component, Digest, Inventory, Kind, NodeId, Origin, Purl, Requirement, Scope};
use crate::source::Place;
use crate::syntax::yaml::Node;

/// How many requirements of stages are kept: each output requires each dependency of its stage.
const MAX_EDGES: usize = 1_000_000;

/// The files of one inventory: each, with what it holds, is one node.
#[derive(Default)]
pub(super) struct Files {
    nodes: BTreeMap<Component, NodeId>,
    edges: usize,
}

impl Files {
    /// Adds what an entry names, and returns its number; none where it names nothing.
    ///
    /// `from` is the folder that its path is seen from; `origin` is where it comes from, if another place than its path.
    pub fn add(
        &mut self,
        inventory: &mut Inventory,
        entry: &Node<'_>,
        from: &str,
        origin: Option<&Origin>,
    ) -> Option<NodeId> {
        let path = entry.get("path").filter(|path| path.text().is_some_and(|path| !name(path).is_empty()));
        let Some(path) = path else {
            inventory.fault(entry.place, "an entry without `path`; write it with `dvc commit` anew");
            return None;
        };
        let (place, path) = (path.place, path.text().unwrap_or_default());
        if let Some(dataset) = entry.get("dataset").filter(|_| path.starts_with("ds://")) {
            return self.dataset(inventory, dataset, path, place);
        }
        let path = &*seen_from(from, path);
        let node = self.file(inventory, entry, path, place, origin);
        // With cloud versioning, a folder lists its files.
        for file in entry.get("files").map_or(&[][..], Node::items) {
            let Some(below) = file.get("relpath").and_then(|below| Some((below.text()?, below.place))) else {
                inventory.fault(file.place, "a file without `relpath`; write it with `dvc commit` anew");
                continue;
            };
            let whole = format!("{}/{}", path.trim_end_matches('/'), below.0);
            let file = self.file(inventory, file, &whole, below.1, origin);
            self.require(inventory, &[node], &[file], Scope::Runtime, below.1);
        }
        Some(node)
    }

    fn file(
        &mut self,
        inventory: &mut Inventory,
        entry: &Node<'_>,
        path: &str,
        place: Place,
        origin: Option<&Origin>,
    ) -> NodeId {
        let mut component = component(path);
        if let Some(origin) = origin {
            component.origin = *origin;
        }
        describe(inventory, entry, &mut component);
        // Of a remote that keeps versions, the file names the one that was pushed.
        for remote in entry.get("cloud").map_or(&[][..], Node::entries) {
            describe(inventory, &remote.node, &mut component);
        }
        self.node(inventory, component, place)
    }

    /// Adds one of `datasets`: of another repository, by its number, or of files at an address.
    pub fn dataset(
        &mut self,
        inventory: &mut Inventory,
        dataset: &Node<'_>,
        path: &str,
        place: Place,
    ) -> Option<NodeId> {
        let named = text(dataset, "name");
        let name = if named.is_empty() { path.trim_start_matches("ds://") } else { named };
        if name.is_empty() {
            inventory.fault(dataset.place, "a data set without `name`; write it with `dvc ds update` anew");
            return None;
        }
        let url = text(dataset, "url");
        let mut component = Component::new(Purl::new("generic", "", name, text(dataset, "version")));
        component.kind = Kind::Data;
        component.origin = match text(dataset, "type") {
            "dvc" => Origin::git(url, text(dataset, "rev_lock"), text(dataset, "rev")),
            _ if url.is_empty() => Origin::Unknown,
            _ => Origin::url(url),
        };
        if let Some(meta) = dataset.get("meta") {
            describe(inventory, meta, &mut component);
        }
        Some(self.node(inventory, component, place))
    }

    fn node(&mut self, inventory: &mut Inventory, component: Component, place: Place) -> NodeId {
        *self.nodes.entry(component).or_insert_with_key(|component| inventory.add(component.clone(), place))
    }

    /// Lets each of some files require each of others.
    pub fn require(&mut self, inventory: &mut Inventory, from: &[NodeId], to: &[NodeId], scope: Scope, place: Place) {
        self.edges = self.edges.saturating_add(from.len().saturating_mul(to.len()));
        if self.edges > MAX_EDGES {
            inventory.fault(
                place,
                format!("more than {MAX_EDGES} pairs of outputs and dependencies; those from here on are not read"),
            );
            return;
        }
        for &from in from {
            for &to in to.iter().filter(|to| **to != from) {
                inventory.edge(from, to, Requirement::of(scope), place);
            }
        }
    }
}

/// Returns the last part of a path.
fn name(path: &str) -> &str {
    let last = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    if matches!(last, "." | "..") { "" } else { last }
}

/// Returns a path that is seen from a folder as it is seen from where the folder is; addresses and whole paths are theirs.
fn seen_from<'p>(folder: &str, path: &'p str) -> Cow<'p, str> {
    let is_whole = path.contains("://") || path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    if is_whole || folder.split(['/', '\\']).all(|part| matches!(part, "" | ".")) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split(['/', '\\']).chain(path.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let root = if folder.starts_with('/') { "/" } else { "" };
    Cow::Owned(format!("{root}{}", parts.join("/")))
}

/// Returns a file or folder as a component, of which no more is known than its path or address.
pub(super) fn component(path: &str) -> Component {
    let is_address = path.contains("://");
    let origin = if is_address { Origin::url(path) } else { Origin::path(path) };
    let shown = origin_text(&origin);
    let shown = shown.split_once("://").map_or(shown, |(_, rest)| rest);
    let parts = shown.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    let parts: Vec<&str> = parts.collect();
    let (name, folders) = parts.split_last().map_or(("", &[][..]), |(name, folders)| (*name, folders));
    let mut component = Component::new(Purl::new("generic", &folders.join("/"), name, ""));
    component.kind = if is_weights(path) { Kind::Model } else { Kind::Data };
    component.origin = origin;
    component
}

fn origin_text(origin: &Origin) -> Text {
    match *origin {
        Origin::Path(text) | Origin::Url(text) => text,
        _ => "",
    }
}

/// Adds what an entry says of a file's content.
fn describe(inventory: &mut Inventory, entry: &Node<'_>, component: &mut Component) {
    if let Some(md5) = entry.get("md5") {
        let text = md5.text().unwrap_or_default();
        // Of a folder, it is that of the list of its files.
        match Digest::hex(Algorithm::Md5, text.strip_suffix(".dir").unwrap_or(text)) {
            Some(digest) => component.digests.push(digest),
            None => inventory.fault(md5.place, "no MD5 digest: 32 hexadecimal digits are expected"),
        }
    }
    // A remote's own marks: `checksum` is HDFS's.
    for key in ["size", "nfiles", "etag", "checksum", "version_id"] {
        let value = text(entry, key);
        if !value.is_empty() && !component.properties.iter().any(|(known, _)| *known == key) {
            component.properties.push((key, intern::text(value)));
        }
    }
    component.digests.sort_unstable();
    component.digests.dedup();
    component.properties.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_folder_of_a_stage() {
        for (folder, path, expected) in [
            ("", "a/./b", "a/./b"),
            (".", "../a", "../a"),
            ("train", "out.csv", "train/out.csv"),
            ("train/", "../prep/out.csv", "prep/out.csv"),
            ("..", "../a", "../../a"),
            ("a/b", "../../../c", "../c"),
            ("train", "/data/x", "/data/x"),
            ("train", "s3://bucket/x", "s3://bucket/x"),
            ("/srv", "x", "/srv/x"),
        ] {
            assert_eq!(seen_from(folder, path), expected, "{folder} {path}");
        }
    }
}
