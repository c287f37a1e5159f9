//! Subjects that stand at another path than they did: environments of another Python, lockfiles whose folder was renamed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::formats;
use crate::graph::{Graph, Subject};
use crate::images;
use crate::intern::Text;

/// Returns what stands at another path on either side.
pub fn moves<'g>(old: &'g Graph, new: &'g Graph) -> Vec<(&'g Subject, &'g Subject)> {
    let mut moves = environments(old, new);
    moves.extend(files(old, new));
    moves
}

/// Says whether a subject is what its package manager's own records tell to be installed.
pub fn is_environment(subject: &Subject) -> bool {
    formats::named(subject.format).is_some_and(|format| format.is_installed())
}

/// Returns the environments that stand at another path on either side: those of another Python, and of each kind the one,
/// where each side has just one more.
fn environments<'g>(old: &'g Graph, new: &'g Graph) -> Vec<(&'g Subject, &'g Subject)> {
    let alone = |here: &'g Graph, there: &Graph| -> Vec<&'g Subject> {
        let is_alone = |subject: &&Subject| is_environment(subject) && there.subject(subject.path).is_none();
        here.subjects().iter().filter(is_alone).collect()
    };
    let (mut olds, mut news) = (alone(old, new), alone(new, old));
    let of_any_python = |subject: &Subject| {
        let parts = subject.path.split('/').map(|part| match part.strip_prefix("python3.") {
            Some(minor) if minor.bytes().all(|digit| digit.is_ascii_digit()) => "python3",
            _ => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let of_any_place = |subject: &Subject| {
        let image = subject.path.split_once("!/").map_or("", |(image, _)| image);
        let name = subject.path.rsplit('/').next().unwrap_or(subject.path);
        format!("{image}!/{name}")
    };
    let kinds: [&dyn Fn(&Subject) -> String; 2] = [&of_any_python, &of_any_place];
    let mut moves = Vec::new();
    for kind in kinds {
        let group = |subjects: &[&'g Subject]| {
            let mut groups: BTreeMap<(Text, String), Vec<&'g Subject>> = BTreeMap::new();
            for subject in subjects {
                groups.entry((subject.format, kind(subject))).or_default().push(subject);
            }
            groups
        };
        let mut by_kind = group(&news);
        for (key, olds) in group(&olds) {
            if let ([old], [new]) = (olds.as_slice(), by_kind.remove(&key).unwrap_or_default().as_slice()) {
                moves.push((*old, *new));
            }
        }
        let is_paired =
            |subject: &Subject| moves.iter().any(|(old, new)| old.path == subject.path || new.path == subject.path);
        olds.retain(|subject| !is_paired(subject));
        news.retain(|subject| !is_paired(subject));
    }
    moves
}

/// Past this many pairs of files of one format nobody moved them one by one.
const MOST: usize = 40_000;

/// How alike two files are, the most telling first: whether they lock the same project, how many parts of their paths' ends
/// they share, how many of a thousand names, how many packages at one version.
type Likeness = (bool, usize, usize, usize);

/// Returns the lockfiles and manifests that only one side has and that are alike, each with the one that it is most alike.
/// Where two are equally so, none is taken: which of them it was, nobody knows.
fn files<'g>(old: &'g Graph, new: &'g Graph) -> Vec<(&'g Subject, &'g Subject)> {
    let alone = |here: &'g Graph, there: &Graph| -> Vec<File<'g>> {
        let is_alone = |subject: &&Subject| {
            !is_environment(subject)
                && !subject.is_foreign()
                && images::image_of(subject.path).is_none()
                && there.subject(subject.path).is_none()
        };
        here.subjects().iter().filter(is_alone).map(File::of).collect()
    };
    let olds = alone(old, new);
    let news = if olds.is_empty() { Vec::new() } else { alone(new, old) };
    if olds.len().saturating_mul(news.len()) > MOST {
        return Vec::new();
    }
    let mut by_likeness: BTreeMap<Reverse<Likeness>, Vec<(usize, usize)>> = BTreeMap::new();
    for (from, old) in olds.iter().enumerate() {
        for (to, new) in news.iter().enumerate() {
            if let Some(likeness) = old.likeness(new) {
                by_likeness.entry(Reverse(likeness)).or_default().push((from, to));
            }
        }
    }
    let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
    let mut moves = Vec::new();
    for mut pairs in by_likeness.into_values() {
        pairs.retain(|(from, to)| !gone.contains(from) && !come.contains(to));
        let count = |is_it: &dyn Fn(&(usize, usize)) -> bool| pairs.iter().filter(|pair| is_it(pair)).count();
        for &(from, to) in &pairs {
            if count(&|pair| pair.0 == from) == 1 && count(&|pair| pair.1 == to) == 1 {
                moves.push((olds[from].subject, news[to].subject));
            }
        }
        gone.extend(pairs.iter().map(|(from, _)| *from));
        come.extend(pairs.iter().map(|(_, to)| *to));
    }
    moves
}

/// A file that only one side has.
struct File<'g> {
    subject: &'g Subject,
    /// The packages that it locks, less the project's own, sorted, and the same with their versions.
    names: Vec<Text>,
    versions: Vec<Text>,
    /// The names of the project and the members of its workspace.
    projects: BTreeSet<Text>,
}

impl<'g> File<'g> {
    fn of(subject: &'g Subject) -> Self {
        let purls = |is_root: bool| {
            subject.components().filter(move |node| node.is_root() == is_root).map(|node| node.component.purl)
        };
        let sorted = |mut texts: Vec<Text>| {
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        File {
            subject,
            names: sorted(purls(false).map(|purl| purl.key()).collect()),
            versions: sorted(purls(false).map(|purl| purl.as_str()).collect()),
            projects: purls(true).map(|purl| purl.key()).collect(),
        }
    }

    /// Returns how alike two files are; none where they are not of one project, or of none and not much alike.
    fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.subject.format != other.subject.format {
            return None;
        }
        let is_one = self.projects.intersection(&other.projects).next().is_some();
        if !is_one && !self.projects.is_empty() && !other.projects.is_empty() {
            return None;
        }
        let parts = |subject: &'g Subject| subject.path.rsplit('/');
        let ends = parts(self.subject).zip(parts(other.subject)).take_while(|(a, b)| a == b).count();
        let names = common(&self.names, &other.names);
        let all = self.names.len() + other.names.len();
        let alike = (names * 2_000).checked_div(all).unwrap_or(1_000);
        // What holds little is like many others, but for the folder that it stands in.
        let is_alike = match () {
            () if is_one => alike >= 300,
            () if names < 3 => ends >= 2 && alike >= 500,
            () if ends == 0 => alike >= 800,
            () => alike >= 500,
        };
        is_alike.then(|| (is_one, ends, alike, common(&self.versions, &other.versions)))
    }
}

/// Counts what two sorted lists have in common.
fn common(one: &[Text], other: &[Text]) -> usize {
    one.iter().filter(|text| other.binary_search(text).is_ok()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Component, Inventory, Purl, Requirement, SUBJECT, Scope};
    use crate::source::{Place, Source};

    /// Returns a graph of files: the path, the project, and names that are locked, each at a version of its own.
    fn graph(files: &[(&'static str, &'static str, &'static str)]) -> Graph {
        let inventories = files.iter().map(|(path, project, names)| {
            let source = Source { file: Default::default(), path, text: "" };
            let mut inventory = Inventory::new(&source, "uv-lock");
            for name in project.split_whitespace() {
                let node = inventory.add(component(name, "0.1"), Place::default());
                inventory.nodes[node as usize].root = true;
            }
            for name in names.split_whitespace() {
                let (name, version) = name.split_once('@').unwrap_or((name, "1"));
                let node = inventory.add(component(name, version), Place::default());
                inventory.edge(SUBJECT, node, Requirement::of(Scope::Runtime), Place::default());
            }
            inventory
        });
        Graph::join(inventories.collect::<Vec<_>>())
    }

    fn component(name: &str, version: &str) -> Component {
        Component { purl: Purl::new("pypi", "", name, version), ..Component::default() }
    }

    #[test]
    fn files_that_moved_are_paired_where_that_is_certain() {
        type Files = &'static [(&'static str, &'static str, &'static str)];
        type Paths = &'static [(&'static str, &'static str)];
        let cases: [(Files, Files, Paths); 9] = [
            (&[("a/uv.lock", "app", "x y z")], &[("b/uv.lock", "app", "x y z@2 w")], &[("a/uv.lock", "b/uv.lock")]),
            // Another project is none that moved, and what both sides have did not.
            (&[("a/uv.lock", "app", "x y z")], &[("b/uv.lock", "web", "x y z")], &[]),
            (&[("a/uv.lock", "app", "x y z")], &[("a/uv.lock", "app", "x y z"), ("b/uv.lock", "app", "x y z")], &[]),
            // Whole folders of services that are much alike: the ends of their paths tell them apart.
            (
                &[("services/a/uv.lock", "", "x y z"), ("services/b/uv.lock", "", "x y z")],
                &[("apps/a/uv.lock", "", "x y z"), ("apps/b/uv.lock", "", "x y z")],
                &[("services/a/uv.lock", "apps/a/uv.lock"), ("services/b/uv.lock", "apps/b/uv.lock")],
            ),
            // Nothing tells these apart.
            (
                &[("a/uv.lock", "", "x y z"), ("b/uv.lock", "", "x y z")],
                &[("c/uv.lock", "", "x y z"), ("d/uv.lock", "", "x y z")],
                &[],
            ),
            // The versions do.
            (
                &[("a/uv.lock", "", "x@1 y z"), ("b/uv.lock", "", "x@2 y@2 z")],
                &[("c/uv.lock", "", "x@2 y@2 z"), ("d/uv.lock", "", "x@1 y z")],
                &[("a/uv.lock", "d/uv.lock"), ("b/uv.lock", "c/uv.lock")],
            ),
            // What holds one package is like many others.
            (&[("a/Dockerfile", "", "x")], &[("b/Dockerfile", "", "x")], &[]),
            (&[("a/c/Dockerfile", "", "x")], &[("b/c/Dockerfile", "", "x")], &[("a/c/Dockerfile", "b/c/Dockerfile")]),
            (&[("a/uv.lock", "", "x y z")], &[("b/uv.lock", "", "u v w z")], &[]),
        ];
        for (old, new, expected) in cases {
            let (from, to) = (graph(old), graph(new));
            let moves = |old: &Graph, new: &Graph| -> BTreeSet<(Text, Text)> {
                moves(old, new).into_iter().map(|(old, new)| (old.path, new.path)).collect()
            };
            let expected: BTreeSet<(Text, Text)> = expected.iter().copied().collect();
            assert_eq!(moves(&from, &to), expected, "{old:?} {new:?}");
            let back: BTreeSet<(Text, Text)> = moves(&to, &from).into_iter().map(|(old, new)| (new, old)).collect();
            assert_eq!(back, expected, "back: {old:?} {new:?}");
        }
    }
}
