//! `flake.lock`, versions 5 to 7.
//!
//! Specification: the "Lock files" section of `nix flake` in the Nix reference manual.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;

use crate::entry;
use crate::formats::pins::{repository, text};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Digest, Gap, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::{Place, Source};
use crate::syntax::json;
use crate::syntax::yaml::Node;

entry! {
    /// `flake.lock`, the inputs that a Nix flake and its inputs are locked to.
    ///
    /// Versions 5 to 7. An input's version is its revision; its digest is the `narHash`, which covers all of its files. An input
    /// that follows another (`["a", "b"]`) leads to that one. What an input asked for (`nixos-24.05`) is the reference of its
    /// repository. One repository may stand there several times with other inputs: each is a copy of its own. An input that is
    /// no repository is called as it is asked for: the names of the nodes (`nixpkgs_2`) are numbered anew with each writing.
    ///
    /// The file does not say what is built from the inputs, so not one package of them.
    pub FlakeLock = "flake-lock"
}

impl Format for FlakeLock {
    fn files(&self) -> &'static [&'static str] {
        &["flake.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = json::tree(source)?;
        let version = text(&file, "version");
        if !matches!(version, "5" | "6" | "7") {
            let place = file.get("version").map_or(source.start(), |node| node.place);
            let newer = version.parse::<u32>().is_ok_and(|version| version > 7);
            let what = if newer { "is newer than driftgate reads" } else { "is not known" };
            return Err(
                source.fault(place, format!("version {} of flake.lock {what} (5 to 7)", version.escape_debug()))
            );
        }
        let mut inventory = Inventory::new(source, "flake-lock");
        inventory.says = Says { licence: false, scopes: false, ..Says::ALL };
        let Some(nodes) = file.get("nodes") else {
            return Err(source.fault(source.start(), "no \"nodes\" in it; write it anew with `nix flake lock`"));
        };
        let root = text(&file, "root");
        let mut lock = Lock { root, ..Lock::default() };
        for entry in nodes.entries() {
            let inputs = entry.node.get("inputs").map_or(&[][..], Node::entries);
            lock.inputs.insert(&entry.key, inputs.iter().map(|input| (input.key.as_str(), &input.node)).collect());
        }
        let ways = lock.ways();
        for entry in nodes.entries() {
            if entry.key == root {
                lock.nodes.insert(&entry.key, SUBJECT);
                continue;
            }
            let own = Way { name: &entry.key, path: entry.key.clone() };
            let way = ways.get(entry.key.as_str()).unwrap_or(&own);
            match component(&entry.node, way.name, entry.place) {
                Some((component, place)) => {
                    let node = inventory.add_copy(component, intern::text(&way.path), place);
                    lock.nodes.insert(&entry.key, node);
                }
                None => inventory.fault(
                    entry.place,
                    format!("{} is not locked; write the file anew with `nix flake lock`", entry.key.escape_debug()),
                ),
            }
        }
        if !lock.nodes.contains_key(root) {
            return Err(source
                .fault(source.start(), "the root is not among the nodes; write the file anew with `nix flake lock`"));
        }
        for entry in nodes.entries() {
            let Some(&from) = lock.nodes.get(entry.key.as_str()) else { continue };
            for input in entry.node.get("inputs").map_or(&[][..], Node::entries) {
                // An input that is there to be left out.
                if matches!(&input.node.value, crate::syntax::yaml::Value::List(list) if list.is_empty()) {
                    continue;
                }
                let answer = lock.answer(&input.node, &mut { MOST }).and_then(|name| lock.nodes.get(name));
                match answer {
                    Some(&SUBJECT) => {}
                    Some(&to) => inventory.edge(from, to, Requirement::default(), input.place),
                    None => {
                        let name = intern::text(&input.key);
                        inventory.declare(from, name, Requirement::default(), input.place, Gap::Unpinned);
                    }
                }
            }
        }
        Ok(inventory)
    }
}

/// How many inputs one that follows another may lead over.
const MOST: usize = 256;

/// How long a way from the root may be to be told; real locks have four or five names in it.
const LONGEST: usize = 512;

/// How a node is asked for.
struct Way<'n> {
    /// The name of the input.
    name: &'n str,
    /// The names of the inputs from the root to it: `home-manager/nixpkgs`.
    path: String,
}

#[derive(Default)]
struct Lock<'n> {
    root: &'n str,
    nodes: BTreeMap<&'n str, NodeId>,
    inputs: BTreeMap<&'n str, BTreeMap<&'n str, &'n Node<'n>>>,
}

impl<'n> Lock<'n> {
    /// Returns the way to each node from the root, where inputs lead to it.
    fn ways(&self) -> BTreeMap<&'n str, Way<'n>> {
        let mut ways: BTreeMap<&str, Way<'_>> = BTreeMap::new();
        let mut open = VecDeque::from([(self.root, String::new())]);
        while let Some((node, above)) = open.pop_front() {
            for (&name, input) in self.inputs.get(node).into_iter().flatten() {
                let Some(below) = input.text().filter(|below| *below != self.root && !ways.contains_key(below)) else {
                    continue;
                };
                let mut path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
                if path.len() > LONGEST {
                    path = below.to_owned();
                }
                open.push_back((below, path.clone()));
                ways.insert(below, Way { name, path });
            }
        }
        ways
    }

    /// Returns the node that an input is: by its name, or by the path of inputs from the root.
    fn answer(&self, input: &'n Node<'n>, left: &mut usize) -> Option<&'n str> {
        if let Some(name) = input.text() {
            return Some(name);
        }
        input.items().iter().try_fold(self.root, |node, step| {
            *left = left.checked_sub(1)?;
            self.answer(self.inputs.get(node)?.get(step.text()?)?, left)
        })
    }
}

/// Returns what a node is locked to, and the place of its name; `name` is what it is asked for by.
fn component(node: &Node<'_>, name: &str, near: Place) -> Option<(Component, Place)> {
    let locked = node.get("locked")?;
    let get = |field: &str| text(locked, field);
    let original = node.get("original");
    let reference = original.map_or("", |original| text(original, "ref"));
    let (revision, folder) = (get("rev"), get("dir"));
    let place_of = |field: &str| locked.get(field).map_or(near, |node| node.place);
    let (mut component, place) = match get("type") {
        kind @ ("github" | "gitlab" | "sourcehut") => {
            let usual = match kind {
                "github" => "github.com",
                "gitlab" => "gitlab.com",
                _ => "git.sr.ht",
            };
            let host = if get("host").is_empty() { usual } else { get("host") };
            let url = format!("https://{host}/{}/{}", get("owner"), get("repo"));
            (repository(&url, revision, reference, folder), place_of("repo"))
        }
        "git" | "hg" => {
            // Nix leaves in the address what has a field of its own too: `?dir=contrib`.
            let url = get("url").split('?').next().unwrap_or_default();
            (repository(url, revision, reference, folder), place_of("url"))
        }
        "path" => {
            let mut component = Component::new(Purl::new("generic", "", name, revision));
            component.origin = Origin::path(get("path"));
            (component, near)
        }
        "tarball" | "file" => {
            let origin = Origin::url(get("url"));
            let address = origin.address().unwrap_or_default();
            let purl = Purl::new("generic", "", name, revision).with_qualifiers(&[("download_url", address)]);
            (Component { origin, ..Component::new(purl) }, near)
        }
        _ => return None,
    };
    if component.purl.name().is_empty() {
        return None;
    }
    component.digests.extend(Digest::sri(get("narHash")));
    Some((component, place))
}
