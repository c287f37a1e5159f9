//! What is locked where: packages of several environments and platforms made nodes and edges of one inventory.
//!
//! A lock of conda's world is solved once for each environment and platform. A package that is the same in several is one
//! node, and its environment names them; an edge is exact, for in one solution a name stands once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};

use super::address;
use crate::formats::pypi::pep508::{self, normal};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Kind, NodeId, Requirement, SUBJECT, Scope, without_credentials};
use crate::source::Place;

/// One solution of a lock: an environment on a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Solution {
    /// The environment's name; empty where the lock has but one and does not name it.
    pub environment: Text,
    /// The platform.
    pub platform: Text,
    /// Whether it is what a package is built with: the environment is that package then.
    pub is_build: bool,
}

/// A package in some of the solutions.
pub struct Package<'t> {
    /// What it is; the project itself is an application.
    pub component: Component,
    /// Where the file says so.
    pub place: Place,
    /// The numbers of the solutions that it is in.
    pub solutions: Vec<u32>,
    /// The Python projects that it is, by their names in normal form; of a wheel its own.
    pub projects: Vec<Cow<'t, str>>,
    /// What it requires.
    pub requires: Vec<Asked<'t>>,
    /// What its extras require, by their names in normal form.
    pub optional: BTreeMap<String, Vec<Asked<'t>>>,
    /// The extras that the lock itself says to be on.
    pub extras: Vec<String>,
    /// How it is meant where the project itself asks for it.
    pub scope: Scope,
    /// The group that asks for it then; empty where none does.
    pub group: Text,
    /// The numbers of the solutions that it is built with.
    pub builds: Vec<u32>,
}

/// What a package requires.
#[derive(Clone)]
pub struct Asked<'t> {
    /// The name: a conda package's, or a Python project's in normal form.
    pub name: Cow<'t, str>,
    /// Whether it is a Python project.
    pub is_project: bool,
    /// The versions asked for; empty where any will do.
    pub constraint: Cow<'t, str>,
    /// The extras that are asked for with it.
    pub extras: Vec<&'t str>,
    /// The extra that requires it; empty where it is required in any case.
    pub of_extra: String,
    /// The condition of it; empty where there is none.
    pub marker: Cow<'t, str>,
    /// Where the file says so.
    pub place: Place,
}

impl<'t> Asked<'t> {
    /// Reads what a conda package depends on: `python >=3.13,<3.14.0a0 *_cp313`.
    pub fn conda(text: &'t str, place: Place) -> Self {
        let (name, constraint) = split(text);
        let extras = constraint.split_once("extras=[").and_then(|(_, rest)| rest.split_once(']'));
        Asked {
            name: lower(name),
            is_project: false,
            constraint: constraint.into(),
            extras: extras.map(|(extras, _)| extras.split(',').map(str::trim).collect()).unwrap_or_default(),
            of_extra: String::new(),
            marker: "".into(),
            place,
        }
    }
}

/// Parts a dependency into its name and what is asked of it.
pub fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    // A channel may stand before the name.
    let text = text.split_once("::").map_or(text, |(_, text)| text);
    let end = text.find(|sign: char| sign.is_whitespace() || "<>=!~[;".contains(sign)).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// A name of conda's as it is compared: without its case.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Packages of conda that go by another name among Python projects, where a lock does not say so itself.
const OTHER_NAMES: &[(&str, &str)] = &[("pytorch", "torch")];

/// Returns the Python projects that a package of conda's is taken for, by its name.
pub fn projects(name: &str) -> Vec<Cow<'static, str>> {
    let other = OTHER_NAMES.iter().find(|(package, _)| *package == name).map(|(_, project)| Cow::Borrowed(*project));
    other.into_iter().chain([Cow::Owned(pep508::normal(name))]).collect()
}

/// Says whether a name is a virtual package's: a fact about the machine, which no channel has.
pub fn is_virtual(name: &str) -> bool {
    name.starts_with("__")
}

/// Returns what a component asks of the machine as a property: `conda:requires:__cuda` is `>=12`.
pub fn property(kind: &str, text: &str) -> Option<(Text, Text)> {
    let (name, constraint) = split(text);
    is_virtual(name).then(|| (intern::text(&format!("conda:{kind}:{name}")), intern::text(constraint)))
}

/// How many requirements are looked up for all solutions together; a large lock has a few hundred thousand.
const MOST: usize = 8_000_000;

/// Adds packages and what they require to an inventory.
///
/// Who the project itself asks for stands in its manifest: what nothing requires counts as direct.
pub fn add(inventory: &mut Inventory, solutions: &[Solution], mut packages: Vec<Package<'_>>) {
    switch_on(&mut packages);
    let mut texts = Texts::of(solutions);
    let mut nodes: HashMap<*const Component, NodeId> = HashMap::with_capacity(packages.len());
    let mut locked: Vec<Vec<u32>> = vec![Vec::new()];
    let mut names: HashMap<(u32, bool, Cow<'_, str>), NodeId> = HashMap::new();
    let mut ids = Vec::with_capacity(packages.len());
    for package in &packages {
        let component = package.component.clone().intern();
        let id = *nodes.entry(std::ptr::from_ref(component)).or_insert_with(|| {
            locked.push(Vec::new());
            inventory.add(package.component.clone(), package.place)
        });
        locked[id as usize].extend(&package.solutions);
        let own = component.purl.name();
        for &solution in &package.solutions {
            if component.purl.ty() == "conda" {
                names.entry((solution, false, lower(own))).or_insert(id);
            }
            for project in &package.projects {
                // A wheel wins over a package of conda's that is the same project.
                match component.purl.ty() {
                    "pypi" => names.insert((solution, true, Cow::Borrowed(&**project)), id),
                    _ => Some(*names.entry((solution, true, Cow::Borrowed(&**project))).or_insert(id)),
                };
            }
        }
        ids.push(id);
    }
    for (locked, node) in locked.iter_mut().zip(&mut inventory.nodes).skip(1) {
        locked.sort_unstable();
        locked.dedup();
        node.environment = texts.of_all(locked);
        node.root = node.component.is_some_and(|component| component.kind == Kind::Application);
    }
    let mut work = 0;
    let mut built = HashMap::new();
    for (package, &from) in packages.iter().zip(&ids) {
        work += package.solutions.len() * package.requires.len();
        if work > MOST {
            inventory.fault(package.place, "its environments hold more requirements together than are read");
            break;
        }
        require(inventory, &mut texts, package, from, &names, &locked[from as usize], &mut built);
    }
    build(inventory, &packages, &ids, &built);
    ask(inventory, &packages, &ids);
}

/// An extra of a package: whether that is a Python project, its name, and the extra's.
type Extra = (bool, String, String);

/// Adds to what packages require what those of their extras do that another one asks for, or the lock itself.
fn switch_on(packages: &mut [Package<'_>]) {
    let own = |package: &Package<'_>, extra: &str| -> Extra {
        let purl = package.component.purl;
        (purl.ty() == "pypi", normal(purl.name()), extra.to_owned())
    };
    let mut offered: HashMap<Extra, Vec<usize>> = HashMap::new();
    for (at, package) in packages.iter().enumerate() {
        for extra in package.optional.keys() {
            offered.entry(own(package, extra)).or_default().push(at);
        }
    }
    if offered.is_empty() {
        return;
    }
    let asked_by = |asked: &Asked<'_>| -> Vec<Extra> {
        let ask = |extra: &&str| (asked.is_project, normal(&asked.name), normal(extra));
        asked.extras.iter().map(ask).collect()
    };
    let mut open: Vec<Extra> = packages.iter().flat_map(|it| &it.requires).flat_map(asked_by).collect();
    open.extend(packages.iter().flat_map(|it| it.extras.iter().map(|extra| own(it, extra))));
    while let Some(extra) = open.pop() {
        // Each is looked at once: what was switched on is no longer offered.
        for at in offered.remove(&extra).unwrap_or_default() {
            for asked in packages[at].optional.remove(&extra.2).unwrap_or_default() {
                open.extend(asked_by(&asked));
                packages[at].requires.push(Asked { of_extra: extra.2.clone(), ..asked });
            }
        }
    }
}

/// Adds the edges of one package, and to `built` those of the solutions that build, by solution.
fn require(
    inventory: &mut Inventory,
    texts: &mut Texts<'_>,
    package: &Package<'_>,
    from: NodeId,
    names: &HashMap<(u32, bool, Cow<'_, str>), NodeId>,
    locked: &[u32],
    built: &mut HashMap<u32, Vec<(NodeId, NodeId)>>,
) {
    // One name may be asked for twice, with a range and with a build.
    let mut named: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut wanted: Vec<(&Asked<'_>, Vec<&str>, BTreeSet<String>)> = Vec::new();
    for asked in package.requires.iter().filter(|asked| !is_virtual(&asked.name)) {
        let at = *named.entry((&asked.name, &asked.of_extra, &asked.marker)).or_insert(wanted.len());
        if at == wanted.len() {
            wanted.push((asked, Vec::new(), BTreeSet::new()));
        }
        let (_, constraints, extras) = &mut wanted[at];
        if !asked.constraint.is_empty() && !constraints.contains(&&*asked.constraint) && constraints.len() < 8 {
            constraints.push(&asked.constraint);
        }
        extras.extend(asked.extras.iter().map(|extra| normal(extra)));
    }
    let mut found: Vec<(NodeId, usize, u32)> = Vec::new();
    for (at, (asked, ..)) in wanted.iter().enumerate() {
        for &solution in &package.solutions {
            let to = names.get(&(solution, asked.is_project, Cow::Borrowed(&*asked.name)));
            found.extend(to.filter(|&&to| to != from).map(|&to| (to, at, solution)));
        }
    }
    found.sort_unstable();
    found.dedup();
    for same in found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (to, at, _) = same[0];
        let (asked, constraints, extras) = &wanted[at];
        let here: Vec<u32> = same.iter().map(|(_, _, solution)| *solution).collect();
        for &solution in here.iter().filter(|solution| texts.solutions[**solution as usize].is_build) {
            built.entry(solution).or_default().push((from, to));
        }
        let environment = match &*asked.marker {
            "" if here == locked => "",
            "" => texts.of_all(&here),
            marker => intern::text(marker),
        };
        let constraint = intern::text(&without_credentials(&constraints.join(" and ")));
        let (scope, extra) = match &*asked.of_extra {
            "" => (Scope::Runtime, intern::text(&extras.iter().map(String::as_str).collect::<Vec<_>>().join(","))),
            extra => (Scope::Optional, intern::text(extra)),
        };
        inventory.edge(from, to, Requirement { scope, constraint, environment, extra }, asked.place);
    }
}

/// Lets each package that is built ask for what nothing else requires of those it is built with, and for the first of each
/// ring of them.
fn build(
    inventory: &mut Inventory,
    packages: &[Package<'_>],
    ids: &[NodeId],
    built: &HashMap<u32, Vec<(NodeId, NodeId)>>,
) {
    let mut members: HashMap<u32, Vec<NodeId>> = HashMap::new();
    let builds: HashSet<u32> = packages.iter().flat_map(|package| package.builds.iter().copied()).collect();
    for (package, &id) in packages.iter().zip(ids) {
        for solution in package.solutions.iter().filter(|solution| builds.contains(*solution)) {
            members.entry(*solution).or_default().push(id);
        }
    }
    for (package, &from) in packages.iter().zip(ids) {
        let mut asked = BTreeSet::new();
        for solution in &package.builds {
            let Some(mut all) = members.remove(solution) else { continue };
            by_name(inventory, &mut all);
            let mut requires: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
            for (above, below) in built.get(solution).into_iter().flatten() {
                requires.entry(*above).or_default().push(*below);
            }
            let required: HashSet<NodeId> = requires.values().flatten().copied().collect();
            let mut reached: HashSet<NodeId> = [from].into_iter().collect();
            for &head in all.iter().filter(|id| !required.contains(*id)).chain(&all) {
                if reached.contains(&head) {
                    continue;
                }
                asked.insert(head);
                let mut open = vec![head];
                while let Some(id) = open.pop() {
                    if reached.insert(id) {
                        open.extend(requires.get(&id).into_iter().flatten());
                    }
                }
            }
        }
        for to in asked {
            inventory.edge(from, to, Requirement::of(Scope::Build), package.place);
        }
    }
}

/// Puts nodes in the order of their names, whatever the file's is.
fn by_name(inventory: &Inventory, nodes: &mut [NodeId]) {
    nodes.sort_by_key(|&node| (inventory.component(node).map(|component| component.purl.as_str()), node));
}

/// Lets the project itself ask for what nothing else requires: first for what runs, then for each other group.
fn ask(inventory: &mut Inventory, packages: &[Package<'_>], ids: &[NodeId]) {
    let mut meant: Vec<Option<(Scope, Text)>> = vec![None; inventory.nodes.len()];
    for (package, &id) in packages.iter().zip(ids) {
        let own = (package.scope, package.group);
        let meant = &mut meant[id as usize];
        *meant = Some(meant.map_or(own, |known| known.min(own)));
    }
    let mut requires: Vec<Vec<NodeId>> = vec![Vec::new(); inventory.nodes.len()];
    for edge in &inventory.edges {
        requires[edge.from as usize].push(edge.to);
    }
    let mut groups: Vec<(Scope, Text)> = meant.iter().flatten().copied().collect();
    groups.sort_unstable();
    groups.dedup();
    let mut reached: Vec<bool> = vec![false; inventory.nodes.len()];
    for group in groups {
        let mut of_group: Vec<NodeId> =
            (1..inventory.nodes.len() as NodeId).filter(|&id| meant[id as usize] == Some(group)).collect();
        by_name(inventory, &mut of_group);
        let required: HashSet<NodeId> = of_group.iter().flat_map(|&id| requires[id as usize].iter().copied()).collect();
        let heads = of_group.iter().filter(|id| !required.contains(*id));
        // Of a circle that nothing else leads to, the first stands for all.
        for &head in heads.chain(&of_group) {
            if reached[head as usize] {
                continue;
            }
            let requirement = Requirement { scope: group.0, extra: group.1, ..Requirement::default() };
            let place = inventory.nodes[head as usize].place;
            inventory.edge(SUBJECT, head, requirement, place);
            let mut open = vec![head];
            while let Some(id) = open.pop() {
                if !std::mem::replace(&mut reached[id as usize], true) {
                    open.extend(&requires[id as usize]);
                }
            }
        }
    }
}

/// Names sets of solutions.
struct Texts<'s> {
    solutions: &'s [Solution],
    known: HashMap<Vec<u32>, Text>,
    /// How many solutions run on each platform.
    counts: HashMap<Text, usize>,
}

impl<'s> Texts<'s> {
    fn of(solutions: &'s [Solution]) -> Self {
        let mut counts: HashMap<Text, usize> = HashMap::new();
        for solution in solutions.iter().filter(|solution| !solution.is_build) {
            *counts.entry(solution.platform).or_default() += 1;
        }
        Texts { solutions, known: HashMap::new(), counts }
    }

    /// Returns the name of a set, by the sorted numbers in it: `linux-64, osx-arm64` where it has these platforms in all
    /// environments that know them, else `gpu (linux-64), test (linux-64, osx-arm64)`. What also builds a package is named
    /// by where it runs; what builds alone by `package (build, host)`.
    fn of_all(&mut self, numbers: &[u32]) -> Text {
        if let Some(known) = self.known.get(numbers) {
            return known;
        }
        let (key, mut numbers) = (numbers.to_vec(), numbers.to_vec());
        let runs = |number: &u32| !self.solutions[*number as usize].is_build;
        let is_run = numbers.iter().any(runs);
        if is_run {
            numbers.retain(runs);
        }
        let mut all: Vec<Solution> = numbers.iter().map(|&number| self.solutions[number as usize]).collect();
        all.sort_unstable();
        let platforms: HashSet<Text> = all.iter().map(|solution| solution.platform).collect();
        let mut counts: HashMap<Text, usize> = HashMap::new();
        all.iter().for_each(|solution| *counts.entry(solution.platform).or_default() += 1);
        let is_whole = is_run && counts.iter().all(|(platform, count)| self.counts.get(platform) == Some(count));
        let text = if is_whole {
            let mut platforms: Vec<Text> = platforms.into_iter().collect();
            platforms.sort_unstable();
            platforms.join(", ")
        } else {
            let named = all.chunk_by(|a, b| a.environment == b.environment).map(|same| {
                let mut platforms: Vec<Text> = same.iter().map(|solution| solution.platform).collect();
                platforms.dedup();
                format!("{} ({})", same[0].environment, platforms.join(", "))
            });
            named.collect::<Vec<_>>().join(", ")
        };
        let text = intern::text(&text);
        self.known.insert(key, text);
        text
    }
}

/// Says whether what is locked for these platforms runs on Linux. A text that names no platforms says nothing against it.
pub fn can_hold_on_linux(environment: &str) -> bool {
    let mut platforms =
        environment.split(", ").map(|part| part.rsplit('(').next().unwrap_or(part).trim_end_matches(')')).peekable();
    platforms.any(|platform| !address::is_subdir(platform) || platform == "noarch" || platform.starts_with("linux-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_parted() {
        for (text, expected) in [
            ("python", ("python", "")),
            ("python >=3.13,<3.14.0a0 *_cp313", ("python", ">=3.13,<3.14.0a0 *_cp313")),
            ("cuda-version>=12.2a.0,<13.0a0", ("cuda-version", ">=12.2a.0,<13.0a0")),
            ("conda-forge::numpy =2.3", ("numpy", "=2.3")),
            ("__cuda  >=12", ("__cuda", ">=12")),
            ("pytorch[version='>=2']", ("pytorch", "[version='>=2']")),
            ("", ("", "")),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
        assert_eq!(property("requires", "__cuda >=12"), Some(("conda:requires:__cuda", ">=12")));
        assert_eq!(property("requires", "cuda >=12"), None);
    }

    #[test]
    fn sets_of_solutions_have_names() {
        let solution = |environment, platform| Solution { environment, platform, is_build: platform == "host" };
        let solutions = [
            solution("default", "linux-64"),
            solution("default", "osx-arm64"),
            solution("gpu", "linux-64"),
            solution("test", "osx-arm64"),
            solution("app", "host"),
        ];
        let mut texts = Texts::of(&solutions);
        for (numbers, expected, linux) in [
            (&[0, 1, 2, 3][..], "linux-64, osx-arm64", true),
            (&[0, 2], "linux-64", true),
            (&[1, 3], "osx-arm64", false),
            (&[2], "gpu (linux-64)", true),
            (&[0, 1], "default (linux-64, osx-arm64)", true),
            (&[1], "default (osx-arm64)", false),
            (&[4], "app (host)", true),
            (&[2, 4], "gpu (linux-64)", true),
            (&[1, 2, 3], "default (osx-arm64), gpu (linux-64), test (osx-arm64)", true),
        ] {
            assert_eq!(texts.of_all(numbers), expected);
            assert_eq!(can_hold_on_linux(expected), linux, "{expected}");
        }
        for text in ["", "sys_platform == 'darwin'"] {
            assert!(can_hold_on_linux(text), "{text}");
        }
        assert!(!can_hold_on_linux("win-64, osx-64"));
    }
}
