//! `yarn.lock` of yarn 2 and later.
//!
//! Specification: none is published; `Project.ts` of yarn's core writes it. An entry's key lists the descriptors that it
//! answers, its `resolution` is the locator of the package.

use anyhow::Result;
use hashbrown::HashMap;

use super::resolutions::speaks;
use super::yarn_classic::parted;
use super::{importers, origin};
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{
    Component, Gap, Inventory, Kind, Node, NodeId, Origin, Requirement, SUBJECT, Says, Scope, without_credentials,
};
use crate::source::{Place, Source};
use crate::syntax::yaml;

/// The versions of the metadata that are read.
const VERSIONS: std::ops::RangeInclusive<u32> = 4..=10;

/// How many packages there may be beside those that the lock lists, each with peers of its own.
const MOST_VIRTUAL: usize = 200_000;

/// How far siblings that are each other's peers are followed.
const DEEPEST: usize = 64;

/// An entry of the lock.
struct Entry<'d, 't> {
    /// The descriptors that it answers, parted by commas.
    keys: &'d str,
    name: &'d str,
    node: &'d yaml::Node<'t>,
    place: Place,
    component: Component,
    environment: Text,
    is_workspace: bool,
    /// What it requires: by the name that it is asked for by, the entries that may answer, scope, range and place.
    requires: Vec<Asked<'d>>,
    peers: Vec<(&'d str, bool, Text)>,
}

struct Asked<'d> {
    name: &'d str,
    answers: Vec<usize>,
    requirement: Requirement,
    place: Place,
}

/// Reads a lock of berry, of a project with these `resolutions`.
///
/// # Errors
/// Where it is no YAML, or of another version.
pub(super) fn read(source: &Source<'_>, resolutions: Vec<(String, String)>) -> Result<Inventory> {
    let document: yaml::Node<'_> =
        yaml::trees(source)?.into_iter().next().ok_or_else(|| source.fault(source.start(), "the file is empty"))?;
    let version = document.at(&["__metadata", "version"]);
    let spelled = version.and_then(yaml::Node::text).unwrap_or_default();
    if !spelled.parse::<u32>().is_ok_and(|version| VERSIONS.contains(&version)) {
        let place = version.map_or(document.place, |version| version.place);
        let message = format!("version {} of berry's lockfile is not known; 4 to 10 are read", spelled.escape_debug());
        return Err(source.fault(place, message));
    }
    let cache_key = document.at(&["__metadata", "cacheKey"]).and_then(yaml::Node::text).unwrap_or_default();
    let mut inventory = Inventory::new(source, "yarn-lock");
    inventory.says = Says { licence: false, integrity: false, ..Says::ALL };
    let mut lock =
        Lock { source, resolutions, entries: Vec::new(), descriptors: HashMap::new(), names: HashMap::new() };
    let listed: Vec<&yaml::Entry<'_>> = document.entries().iter().filter(|entry| entry.key != "__metadata").collect();
    for entry in &listed {
        lock.entry(entry, cache_key, &mut inventory);
    }
    if lock.entries.is_empty() && inventory.faults.is_empty() {
        inventory.fault(document.place, "no entry in the lock; run `yarn install`");
    }
    lock.requirements(&mut inventory);
    Virtual::of(&lock, inventory).inventory()
}

struct Lock<'r, 'd, 't> {
    source: &'r Source<'t>,
    /// Patterns of the project's manifest, and what answers them.
    resolutions: Vec<(String, String)>,
    entries: Vec<Entry<'d, 't>>,
    descriptors: HashMap<&'d str, usize>,
    names: HashMap<&'d str, Vec<usize>>,
}

impl<'d, 't> Lock<'_, 'd, 't> {
    fn entry(&mut self, entry: &'d yaml::Entry<'t>, cache_key: &str, inventory: &mut Inventory) {
        let text = |key: &str| entry.node.get(key).and_then(yaml::Node::text);
        let (Some(resolution), Some(version)) = (text("resolution"), text("version")) else {
            let message =
                format!("\"{}\" has no resolution or no version; run `yarn install`", entry.key.escape_debug());
            inventory.fault(entry.place, message);
            return;
        };
        let (name, reference) = parted(resolution);
        let (protocol, rest) = reference.split_once(':').unwrap_or(("", reference));
        let is_workspace = protocol == "workspace";
        let version = if version == "0.0.0-use.local" { "" } else { version };
        let mut component = Component::new(origin::purl(name, version));
        component.origin = match protocol {
            "npm" => match rest.split_once("::__archiveUrl=") {
                Some((_, address)) => origin::origin(&decoded(address), name),
                None => Origin::Unknown,
            },
            "workspace" | "file" | "link" | "portal" | "exec" => {
                Origin::path(rest.split(['#', ':']).next().unwrap_or(rest))
            }
            "patch" => Origin::Unknown,
            _ => repository(reference).unwrap_or_else(|| origin::origin(reference, name)),
        };
        if protocol == "patch" {
            let hash = reference.rsplit_once("&hash=").or_else(|| reference.rsplit_once("hash="));
            let hash = hash.map_or("", |(_, hash)| hash.split('&').next().unwrap_or(hash));
            component.properties.push(("patch", intern::text(hash)));
        }
        if let Some(checksum) = text("checksum") {
            let (key, hex) = checksum.split_once('/').unwrap_or((cache_key, checksum));
            component.properties.push((intern::text(&format!("yarn:{key}")), intern::text(hex)));
        }
        let conditions = text("conditions").unwrap_or_default().replace(" & ", " ");
        let number = self.entries.len();
        for descriptor in entry.key.split(", ") {
            if self.descriptors.insert(descriptor, number).is_some() {
                let message = format!("\"{}\" stands twice in the lock", descriptor.escape_debug());
                inventory.fault(entry.place, message);
            }
            let all = self.names.entry(parted(descriptor).0).or_default();
            if all.last() != Some(&number) && all.len() < 64 {
                all.push(number);
            }
        }
        let place = within(self.source, entry.place, name);
        self.entries.push(Entry {
            keys: &entry.key,
            name: parted(&entry.key).0,
            node: &entry.node,
            place,
            component,
            environment: intern::text(&conditions),
            is_workspace,
            requires: Vec::new(),
            peers: Vec::new(),
        });
    }

    /// Finds what each entry requires.
    fn requirements(&mut self, inventory: &mut Inventory) {
        for number in 0..self.entries.len() {
            let node = self.entries[number].node;
            let of = |key: &str| node.get(key).map_or(&[][..], |node| node.entries());
            let optional = |field: &str, name: &str| {
                node.at(&[field, name, "optional"]).and_then(yaml::Node::text) == Some("true")
            };
            let mut requires = Vec::new();
            for asked in of("dependencies") {
                let range = asked.node.text().unwrap_or_default();
                let scope = if optional("dependenciesMeta", &asked.key) { Scope::Optional } else { Scope::Runtime };
                let shown = range.strip_prefix("npm:").unwrap_or(range);
                let constraint = intern::text(&without_credentials(shown));
                let requirement = Requirement { constraint, ..Requirement::of(scope) };
                let answers = match self.resolution(self.entries[number].name, &asked.key, range) {
                    Some(entry) => vec![entry],
                    None => self.answers(&asked.key, range),
                };
                if answers.is_empty() && scope != Scope::Optional {
                    let (name, range) = (asked.key.escape_debug(), range.escape_debug());
                    let message = format!("\"{name}@{range}\" is required and not in the lock; run `yarn install`");
                    inventory.fault(asked.place, message);
                }
                requires.push(Asked { name: asked.key.as_str(), answers, requirement, place: asked.place });
            }
            // A patch is laid over the package whose locator it holds.
            let reference = node.get("resolution").and_then(yaml::Node::text).map(|text| parted(text).1);
            if let Some(patched) = reference.and_then(|reference| reference.strip_prefix("patch:")) {
                let original = decoded(patched.split('#').next().unwrap_or(patched));
                let is_it = |entry: &Entry<'_, '_>| {
                    entry.node.get("resolution").and_then(yaml::Node::text) == Some(original.as_str())
                };
                let answers: Vec<usize> = self
                    .names
                    .get(parted(&original).0)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|at| is_it(&self.entries[*at]))
                    .collect();
                if let [_] = answers[..] {
                    let requirement = Requirement { extra: "patched", ..Requirement::default() };
                    let place = self.entries[number].place;
                    requires.push(Asked { name: "", answers, requirement, place });
                }
            }
            let peers = of("peerDependencies").iter().map(|peer| {
                let constraint = intern::text(peer.node.text().unwrap_or_default());
                (peer.key.as_str(), optional("peerDependenciesMeta", &peer.key), constraint)
            });
            self.entries[number].peers = peers.collect();
            self.entries[number].requires = requires;
        }
    }

    /// Returns the entry that a resolution of the project's answers a requirement with.
    fn resolution(&self, by: &str, name: &str, range: &str) -> Option<usize> {
        let (_, answer) = self.resolutions.iter().find(|(pattern, _)| speaks(pattern, by, (name, range)))?;
        match self.answers(name, answer)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Returns the entries that may answer a requirement: one, but for resolutions of the project's that hide which.
    fn answers(&self, name: &str, range: &str) -> Vec<usize> {
        let has_protocol = range.split_once(':').is_some_and(|(protocol, _)| {
            !protocol.is_empty() && protocol.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-".contains(&byte))
        });
        let full = if has_protocol { range.to_owned() } else { format!("npm:{range}") };
        let plain = format!("{name}@{full}");
        // What yarn patches of its own accord it asks for by another descriptor.
        let patched = format!("{name}@patch:{name}@{}", full.replacen(':', "%3A", 1));
        let is_patch =
            |descriptor: &str| descriptor.strip_prefix(patched.as_str()).is_some_and(|rest| rest.starts_with('#'));
        let of_name = self.names.get(name).map_or(&[][..], Vec::as_slice);
        if let Some(builtin) = of_name.iter().copied().find(|at| self.keys_of(*at).any(is_patch)) {
            return vec![builtin];
        }
        if let Some(&exact) =
            self.descriptors.get(plain.as_str()).or_else(|| self.descriptors.get(format!("{name}@{range}").as_str()))
        {
            return vec![exact];
        }
        // A file or a patch is bound to who asks for it: `a@file:./a#./a::locator=app%40workspace%3A.`
        let bound = format!("{plain}::");
        let hashed = format!("{plain}#");
        let is_bound = |descriptor: &str| descriptor.starts_with(&bound) || descriptor.starts_with(&hashed);
        let found: Vec<usize> = of_name.iter().copied().filter(|at| self.keys_of(*at).any(is_bound)).collect();
        if found.is_empty() { of_name.to_vec() } else { found }
    }

    fn keys_of(&self, entry: usize) -> impl Iterator<Item = &str> {
        self.entries[entry].keys.split(", ")
    }
}

/// A package as it is resolved for those who require it with the same peers.
struct Instance {
    entry: usize,
    /// The instances of its peers, by their numbers among the entry's.
    peers: Vec<(usize, usize)>,
    node: NodeId,
}

/// The packages of a lock with those that yarn calls virtual.
struct Virtual<'l, 'r, 'd, 't> {
    lock: &'l Lock<'r, 'd, 't>,
    inventory: Inventory,
    instances: Vec<Instance>,
    known: HashMap<(usize, Vec<(usize, usize)>), usize>,
    /// How many copies bear one label.
    labels: HashMap<(usize, String), usize>,
    /// The requirements that are being followed: siblings may be each other's peers.
    open: Vec<(usize, usize)>,
}

impl<'l, 'r, 'd, 't> Virtual<'l, 'r, 'd, 't> {
    fn of(lock: &'l Lock<'r, 'd, 't>, inventory: Inventory) -> Self {
        Virtual {
            lock,
            inventory,
            instances: Vec::new(),
            known: HashMap::new(),
            labels: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// Follows all requirements, from the projects of the workspace on.
    fn inventory(mut self) -> Result<Inventory> {
        let lock = self.lock;
        for entry in (0..lock.entries.len()).filter(|entry| lock.entries[*entry].is_workspace) {
            self.instance(entry, Vec::new());
        }
        let mut next = 0;
        let mut is_told = false;
        loop {
            while next < self.instances.len() {
                self.requirements(next);
                next += 1;
                if self.instances.len() > lock.entries.len() + MOST_VIRTUAL && !is_told {
                    is_told = true;
                    let start = lock.source.start();
                    self.inventory.fault(start, "its peers make more virtual packages than are looked at");
                }
                if is_told {
                    break;
                }
            }
            // What no project leads to is there all the same.
            let listed = if is_told { 0..0 } else { 0..lock.entries.len() };
            let mut seen = vec![false; lock.entries.len()];
            self.instances.iter().for_each(|instance| seen[instance.entry] = true);
            let lone: Vec<usize> = listed.filter(|entry| !seen[*entry]).collect();
            if lone.is_empty() {
                return Ok(self.inventory);
            }
            for entry in lone {
                self.instance(entry, Vec::new());
            }
        }
    }

    /// Adds the edges of an instance.
    fn requirements(&mut self, of: usize) {
        let lock = self.lock;
        let (entry, from) = (self.instances[of].entry, self.instances[of].node);
        for (number, asked) in lock.entries[entry].requires.iter().enumerate() {
            match asked.answers[..] {
                [] => {}
                [_] => {
                    let to = self.child(of, number);
                    let to = self.instances[to].node;
                    if to != from {
                        self.inventory.edge(from, to, asked.requirement, asked.place);
                    }
                }
                _ => {
                    let nodes = asked.answers.iter().map(|&answer| {
                        let instance = self.instance(answer, Vec::new());
                        self.instances[instance].node
                    });
                    let gap = Gap::Ambiguous(nodes.collect());
                    self.inventory.declare(from, intern::text(asked.name), asked.requirement, asked.place, gap);
                }
            }
        }
        for (number, to) in self.instances[of].peers.clone() {
            let (_, is_optional, constraint) = lock.entries[entry].peers[number];
            let scope = if is_optional { Scope::Optional } else { Scope::Peer };
            let (to, place) = (self.instances[to].node, lock.entries[entry].place);
            self.inventory.edge(from, to, Requirement { constraint, ..Requirement::of(scope) }, place);
        }
    }

    /// Returns the instance that answers a requirement of another, with the peers that stand beside it there.
    fn child(&mut self, of: usize, number: usize) -> usize {
        let lock = self.lock;
        let answer = lock.entries[self.instances[of].entry].requires[number].answers[0];
        let wanted = &lock.entries[answer].peers;
        if wanted.is_empty() || self.open.contains(&(of, number)) || self.open.len() > DEEPEST {
            return self.instance(answer, Vec::new());
        }
        self.open.push((of, number));
        let mut peers = Vec::new();
        for (index, (name, ..)) in wanted.iter().enumerate() {
            peers.extend(self.sibling(of, name).map(|peer| (index, peer)));
        }
        self.open.pop();
        self.instance(answer, peers)
    }

    /// Returns what an instance finds under a name: what it requires, its own peers, or itself.
    fn sibling(&mut self, of: usize, name: &str) -> Option<usize> {
        let lock = self.lock;
        let entry = &lock.entries[self.instances[of].entry];
        if let Some(number) = entry.requires.iter().position(|asked| asked.name == name) {
            return (entry.requires[number].answers.len() == 1).then(|| self.child(of, number));
        }
        let own = entry.peers.iter().position(|(peer, ..)| *peer == name);
        let peers = &self.instances[of].peers;
        let peer = own.and_then(|own| peers.iter().find(|(number, _)| *number == own)).map(|(_, peer)| *peer);
        peer.or((entry.name == name).then_some(of))
    }

    /// Returns the instance of an entry with these peers.
    fn instance(&mut self, entry: usize, peers: Vec<(usize, usize)>) -> usize {
        let peers = if self.instances.len() > self.lock.entries.len() + MOST_VIRTUAL { Vec::new() } else { peers };
        let key = (entry, peers);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let listed = &self.lock.entries[entry];
        let mut label = String::new();
        for (_, peer) in &key.1 {
            let component = &self.lock.entries[self.instances[*peer].entry].component;
            label.push_str(&format!("({}@{})", component.name(), component.version()));
        }
        // Peers of one version may themselves have been resolved with others.
        let count = self.labels.entry((entry, label.clone())).or_default();
        *count += 1;
        let copy = if *count > 1 { format!("{label} {count}") } else { label };
        let mut component = listed.component.clone();
        if listed.is_workspace {
            component.kind = Kind::Application;
        }
        let node = Node {
            component: Some(component.intern()),
            place: listed.place,
            environment: listed.environment,
            root: listed.is_workspace,
            copy: intern::text(&copy),
            ..Node::default()
        };
        let node = self.inventory.add_node(node);
        if listed.is_workspace {
            self.inventory.edge(SUBJECT, node, Requirement::default(), listed.place);
        }
        self.instances.push(Instance { entry, peers: key.1.clone(), node });
        self.known.insert(key, self.instances.len() - 1);
        self.instances.len() - 1
    }
}

/// Returns the git repository of a locator: `https://github.com/o/r.git#commit=0123…`.
fn repository(reference: &str) -> Option<Origin> {
    let (address, fragment) = reference.split_once('#')?;
    let commit = fragment.split('&').find_map(|part| part.strip_prefix("commit="))?;
    Some(origin::hosted(address).unwrap_or_else(|| Origin::git(address.trim_start_matches("git+"), commit, "")))
}

/// Undoes percent-encoding; what is malformed stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Returns the place of a name within another place.
fn within(source: &Source<'_>, place: Place, name: &str) -> Place {
    let (start, end) = (place.start as usize, (place.start + place.len) as usize);
    let text = source.text.get(start..end).unwrap_or_default();
    text.find(name).map_or(place, |at| source.place(&text[at..at + name.len()]))
}

/// Gives the projects their versions, and says of their requirements which are there to develop, by their manifests.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    importers::scopes(inventory, near);
    importers::describe(inventory, near);
}
