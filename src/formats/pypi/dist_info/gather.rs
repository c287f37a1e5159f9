//! Makes one environment of the records of its packages, and holds what each requires against what is there.

use std::collections::BTreeMap;
use std::str::FromStr;

use hashbrown::{HashMap, HashSet};
use pep440_rs::Version;

use super::environment::Environment;
use super::records::Record;
use super::{INSTALLER, REQUESTED};
use crate::formats::pypi::constraint::Constraint;
use crate::formats::pypi::marker::Fate;
use crate::formats::pypi::normal;
use crate::intern::Text;
use crate::model::{Component, Declared, Gap, Inventory, Node, NodeId, Origin, Requirement, SUBJECT, Scope};
use crate::source::Source;

/// One installed package.
pub(in crate::formats::pypi) struct Package {
    pub(in crate::formats::pypi) node: NodeId,
    pub(in crate::formats::pypi) requires: Vec<Declared>,
    /// Whether its installer was asked for it by name.
    pub(in crate::formats::pypi) is_requested: bool,
    /// The package in whose folder it stands, in normal form; empty where it is installed itself.
    pub(in crate::formats::pypi) bundled_by: String,
}

/// Makes one inventory of the files of an environment, sorted by path.
pub(super) fn gather(subject: Text, files: Vec<Inventory>) -> Inventory {
    let file = files.first().map(|first| first.nodes[SUBJECT as usize].place.file).unwrap_or_default();
    let mut inventory = Inventory::new(&Source { file, path: subject, text: "" }, "dist-info");
    let mut packages = Vec::new();
    let mut records: Vec<Inventory> = Vec::new();
    for file in files {
        let folder = |file: &Inventory| Record::of(file.subject).map(|record| record.folder);
        if records.first().is_some_and(|first| folder(first) != folder(&file)) {
            packages.extend(add(&mut inventory, std::mem::take(&mut records)));
        }
        records.push(file);
    }
    packages.extend(add(&mut inventory, records));
    inventory.says.integrity =
        inventory.nodes.iter().filter_map(|node| node.component).any(|component| !component.digests.is_empty());
    settle(&mut inventory, &packages, Environment::of(subject));
    inventory
}

/// Holds what each package requires against what is there, and lets the subject require what was asked for.
pub(in crate::formats::pypi) fn settle(inventory: &mut Inventory, packages: &[Package], mut environment: Environment) {
    let installed = Installed::of(inventory, packages);
    for package in packages {
        require(inventory, &installed, &mut environment, package);
    }
    ask(inventory, &installed, packages);
}

/// Adds the package that some files are the record of.
fn add(inventory: &mut Inventory, records: Vec<Inventory>) -> Option<Package> {
    let (mut node, mut origin, mut digests) = (None, Origin::Unknown, Vec::new());
    let (mut installer, mut is_requested, mut is_faulty) = ("", false, false);
    let (mut of_metadata, mut of_requires_txt) = (Vec::new(), Vec::new());
    let start = records.first()?.nodes[SUBJECT as usize].place;
    let bundled_by = Record::of(records.first()?.subject)?.bundled_by;
    for record in records {
        for (fact, value) in record.manifest.iter().flat_map(|manifest| &manifest.facts) {
            match *fact {
                INSTALLER => installer = *value,
                REQUESTED => is_requested = true,
                _ => {}
            }
        }
        is_faulty |= !record.faults.is_empty();
        inventory.faults.extend(record.faults);
        let found = record.nodes.get(1).copied();
        match found.and_then(|node| node.component) {
            Some(component) if record.subject.ends_with("/direct_url.json") => {
                origin = component.origin;
                digests.clone_from(&component.digests);
            }
            Some(_) => {
                node = found;
                of_metadata = record.declared;
            }
            None => of_requires_txt = record.declared,
        }
    }
    let Some((node, component)) = node.and_then(|node| Some((node, node.component?))) else {
        if !is_faulty {
            inventory.fault(start, "no metadata of the package beside it; install the package again");
        }
        return None;
    };
    let mut component = Component { origin, digests, ..component.clone() };
    // What a package brings along was installed elsewhere before.
    if !bundled_by.is_empty() {
        component.properties.push(("bundled", "true"));
    } else if !installer.is_empty() {
        component.properties.push((Component::INSTALLER, installer));
    }
    let node = inventory.add_node(Node { component: Some(component.intern()), ..node });
    // uv marks all that it installs.
    let is_requested = is_requested && installer != "uv" && bundled_by.is_empty();
    let requires = if of_metadata.is_empty() { of_requires_txt } else { of_metadata };
    Some(Package { node, requires, is_requested, bundled_by: normal(bundled_by) })
}

/// The nodes of an environment by their names: those that a package brings along are seen by it alone.
struct Installed {
    names: HashMap<(String, Text), Vec<NodeId>>,
    versions: HashMap<NodeId, Version>,
}

/// How many packages of one name are told apart; there should be one.
const MOST: usize = 32;

impl Installed {
    fn of(inventory: &Inventory, packages: &[Package]) -> Self {
        let mut installed = Installed { names: HashMap::new(), versions: HashMap::new() };
        for package in packages {
            let Some(component) = inventory.component(package.node) else { continue };
            let named = installed.names.entry((package.bundled_by.clone(), component.purl.name())).or_default();
            if named.len() < MOST {
                named.push(package.node);
            }
            if let Ok(version) = Version::from_str(component.version()) {
                installed.versions.insert(package.node, version);
            }
        }
        installed
    }

    /// Returns the nodes of a name, as a package sees them.
    fn named(&self, name: &str, seen_by: &Package) -> &[NodeId] {
        let find = |by: &str| self.names.get(&(by.to_owned(), crate::intern::text(name)));
        let bundled = if seen_by.bundled_by.is_empty() { None } else { find(&seen_by.bundled_by) };
        bundled.or_else(|| find("")).map_or(&[], Vec::as_slice)
    }

    /// Returns the nodes that answer a requirement, and whether they are in the range that it asks for.
    fn answer(&self, asked: &Declared, name: &str, seen_by: &Package) -> (Vec<NodeId>, bool) {
        let named = self.named(name, seen_by);
        let constraint = asked.requirement.constraint;
        let constraint = if constraint.starts_with('@') { None } else { Constraint::read(constraint) };
        let is_met = |node: &&NodeId| Constraint::may_allow(constraint.as_ref(), self.versions.get(*node));
        let met: Vec<NodeId> = named.iter().filter(is_met).copied().collect();
        if met.is_empty() { (named.to_vec(), false) } else { (met, true) }
    }
}

/// How much is looked at for the extras of one package: the largest have a few hundred, with a thousand requirements.
const MOST_OF_EXTRAS: usize = 500_000;

/// Adds what one package requires.
fn require(inventory: &mut Inventory, installed: &Installed, environment: &mut Environment, package: &Package) {
    let own = inventory.component(package.node).map(|component| component.purl.name()).unwrap_or_default();
    let mut extras: BTreeMap<Text, Vec<(&Declared, String)>> = BTreeMap::new();
    for asked in &package.requires {
        let name = normal(asked.name.split('[').next().unwrap_or(asked.name));
        if asked.requirement.scope == Scope::Optional {
            extras.entry(asked.requirement.extra).or_default().push((asked, name));
            continue;
        }
        let fate = environment.fate(asked.requirement.environment);
        let (found, is_met) = installed.answer(asked, &name, package);
        match fate {
            _ if name == own => {}
            Fate::Never => {}
            Fate::Unknown if !is_met => {}
            // What is brought along is cut down to what is used of it.
            _ if found.is_empty() && !package.bundled_by.is_empty() => {}
            _ if found.is_empty() => {
                inventory.declare(package.node, asked.name, *asked.requirement, asked.place, Gap::Open);
            }
            _ => answer(inventory, package.node, asked, *asked.requirement, found),
        }
    }
    let mut work = 0;
    for &extra in extras.keys() {
        let mut answers = Vec::new();
        let mut is_whole = true;
        let of_extra = of_extra(&extras, extra, own);
        work += extras.len() + of_extra.len();
        if work > MOST_OF_EXTRAS {
            let place = inventory.nodes[package.node as usize].place;
            inventory.fault(place, "its extras ask for more than is looked at");
            break;
        }
        for (asked, name) in of_extra {
            let fate = environment.fate(asked.requirement.environment);
            let (found, is_met) = installed.answer(asked, name, package);
            match fate {
                Fate::Never => {}
                _ if is_met => answers.push((asked, found)),
                Fate::Always => is_whole = false,
                Fate::Unknown => {}
            }
        }
        for (asked, found) in answers.into_iter().filter(|_| is_whole) {
            answer(inventory, package.node, asked, Requirement { extra, ..*asked.requirement }, found);
        }
    }
}

/// Returns what an extra requires; one that asks for others of its package (`all` for `own[a,b]`) has theirs.
fn of_extra<'p>(
    extras: &'p BTreeMap<Text, Vec<(&'p Declared, String)>>,
    extra: Text,
    own: &str,
) -> Vec<(&'p Declared, &'p str)> {
    let (mut all, mut open) = (Vec::new(), vec![extra.to_owned()]);
    let mut seen: HashSet<String> = [extra.to_owned()].into_iter().collect();
    while let Some(extra) = open.pop() {
        for (asked, name) in extras.get(extra.as_str()).into_iter().flatten() {
            if name != own {
                all.push((*asked, name.as_str()));
                continue;
            }
            let others = asked.name.split_once('[').map_or("", |(_, others)| others.trim_end_matches(']'));
            for other in others.split(',').map(normal) {
                // An extra is spelled in its package's metadata; what is not there asks for nothing.
                if extras.contains_key(other.as_str()) && seen.insert(other.clone()) {
                    open.push(other);
                }
            }
        }
    }
    all
}

/// Adds a requirement with what was found for it.
fn answer(inventory: &mut Inventory, from: NodeId, asked: &Declared, requirement: Requirement, found: Vec<NodeId>) {
    match found[..] {
        [one] if one == from => {}
        [one] => inventory.edge(from, one, requirement, asked.place),
        _ => inventory.declare(from, asked.name, requirement, asked.place, Gap::Ambiguous(found)),
    }
}

/// Folders of packages that are called otherwise.
const FOLDERS: &[(&str, &str)] = &[("pkg-resources", "setuptools")];

/// Lets the environment itself ask for what it was asked for, and for all else that nothing requires; and each package for
/// those that it brings along.
fn ask(inventory: &mut Inventory, installed: &Installed, packages: &[Package]) {
    for package in packages.iter().filter(|package| !package.bundled_by.is_empty()) {
        let by = package.bundled_by.as_str();
        let by = FOLDERS.iter().find(|(folder, _)| *folder == by).map_or(by, |(_, name)| name);
        let owner = installed.names.get(&(String::new(), crate::intern::text(by)));
        if let Some(&[owner]) = owner.map(Vec::as_slice) {
            let place = inventory.nodes[package.node as usize].place;
            inventory.edge(owner, package.node, Requirement::default(), place);
        }
    }
    let mut asking = Asking::of(inventory);
    let requested = || packages.iter().filter(|package| package.is_requested).map(|package| package.node);
    requested().for_each(|node| asking.ask(node));
    for node in requested() {
        asking.ask_extras(node);
    }
    // Of a circle that nothing else leads to, the first stands for all.
    for most in [Required::No, Required::ByAnExtra, Required::Yes] {
        for node in packages.iter().map(|package| package.node) {
            if !asking.reached[node as usize] && asking.required[node as usize] <= most {
                asking.ask(node);
            }
        }
    }
    for (node, extras) in asking.asked {
        let place = inventory.nodes[node as usize].place;
        let extra = crate::intern::text(&extras.join(","));
        inventory.edge(SUBJECT, node, Requirement { extra, ..Requirement::default() }, place);
    }
}

/// How another package of the environment requires one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Required {
    No,
    ByAnExtra,
    Yes,
}

/// What is reached from what the environment is asked for.
struct Asking {
    /// Of each node what it requires: the extra that asks for it, none where the node itself does, and what it asks of that.
    ways: Vec<Vec<(Option<Text>, NodeId, Text)>>,
    required: Vec<Required>,
    reached: Vec<bool>,
    /// The extras of each node that are asked for.
    extras: Vec<Vec<Text>>,
    /// What the environment itself asks for, with the extras of it.
    asked: BTreeMap<NodeId, Vec<Text>>,
}

impl Asking {
    fn of(inventory: &Inventory) -> Self {
        let count = inventory.nodes.len();
        let mut ways: Vec<Vec<(Option<Text>, NodeId, Text)>> = vec![Vec::new(); count];
        let edges = inventory.edges.iter().map(|edge| (edge.from, std::slice::from_ref(&edge.to), edge.requirement));
        let unclear = inventory.declared.iter().filter_map(|declared| match &declared.gap {
            Gap::Ambiguous(candidates) => Some((declared.from, candidates.as_slice(), declared.requirement)),
            _ => None,
        });
        for (from, to, requirement) in edges.chain(unclear) {
            let is_optional = requirement.scope == Scope::Optional;
            let way = |&to| match is_optional {
                true => (Some(requirement.extra), to, ""),
                false => (None, to, requirement.extra),
            };
            ways[from as usize].extend(to.iter().map(way));
        }
        let mut required = vec![Required::No; count];
        for (extra, to, _) in ways.iter().flatten() {
            let required = &mut required[*to as usize];
            *required = (*required).max(if extra.is_some() { Required::ByAnExtra } else { Required::Yes });
        }
        let (reached, extras) = (vec![false; count], vec![Vec::new(); count]);
        Asking { ways, required, reached, extras, asked: BTreeMap::new() }
    }

    /// Lets the environment ask for a package.
    fn ask(&mut self, node: NodeId) {
        self.asked.entry(node).or_default();
        self.reach(node);
    }

    /// Lets the environment ask for those extras of a package that alone lead to what is there.
    fn ask_extras(&mut self, node: NodeId) {
        let mut needed: Vec<Text> = Vec::new();
        for &(extra, to, _) in &self.ways[node as usize] {
            let extra = extra.filter(|extra| !self.reached[to as usize] && !needed.contains(extra));
            needed.extend(extra);
        }
        needed.sort_unstable();
        for extra in needed {
            let is_lone = |way: &(Option<Text>, NodeId, Text)| way.0 == Some(extra) && !self.reached[way.1 as usize];
            if self.ways[node as usize].iter().any(is_lone) {
                self.asked.entry(node).or_default().push(extra);
                self.extras[node as usize].push(extra);
                self.reach(node);
            }
        }
    }

    fn reach(&mut self, node: NodeId) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            self.reached[node as usize] = true;
            for at in 0..self.ways[node as usize].len() {
                let (extra, to, asked) = self.ways[node as usize][at];
                if extra.is_some_and(|extra| !self.extras[node as usize].contains(&extra)) {
                    continue;
                }
                let extras = &mut self.extras[to as usize];
                let known = extras.len();
                for extra in asked.split(',').filter(|extra| !extra.is_empty()) {
                    if !extras.contains(&extra) {
                        extras.push(extra);
                    }
                }
                if extras.len() > known || !self.reached[to as usize] {
                    open.push(to);
                }
            }
        }
    }
}
