//! Subjects that stand at another path than they did: environments of another Python, lockfiles whose folder was renamed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::formats;
use crate::graph::{Graph, Subject};
use crate::images;
use crate::intern::Text;
use crate::source;

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

/// Returns what moved by the folders that were renamed, from and to; of what was renamed in its folder, the paths.
pub fn by_folder<'g>(
    moved: impl Iterator<Item = (&'g Subject, &'g Subject)>,
) -> BTreeMap<(&'static str, &'static str), Vec<(&'g Subject, &'g Subject)>> {
    let mut folders: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (old, new) in moved {
        let alike = old.path.rsplit('/').zip(new.path.rsplit('/')).take_while(|(old, new)| old == new);
        let end: usize = alike.map(|(part, _)| part.len() + 1).sum();
        let start = |path: Text| path.get(..path.len().saturating_sub(end)).unwrap_or(path);
        folders.entry((start(old.path), start(new.path))).or_default().push((old, new));
    }
    folders
}

/// Past this many pairs of files of one format that may be one, those are looked at alone whose folders and names are alike.
const MOST: usize = 40_000;

/// How alike two files are, the most telling first: whether they hold the same packages at the same versions, whether they
/// lock the same project, how many parts of their paths' ends they share, how many of a thousand names, how many packages at
/// one version.
type Likeness = (bool, bool, usize, usize, usize);

/// Returns the lockfiles and manifests that only one side has and that are alike, each with the one that it is most alike.
/// Where two are equally so, none is taken: which of them it was, nobody knows.
fn files<'g>(old: &'g Graph, new: &'g Graph) -> Vec<(&'g Subject, &'g Subject)> {
    let alone = |here: &'g Graph, there: &Graph| {
        let is_alone = |subject: &&Subject| {
            !is_environment(subject)
                && !subject.is_foreign()
                && images::image_of(subject.path).is_none()
                && there.subject(subject.path).is_none()
        };
        let mut by_format: BTreeMap<Text, Vec<File<'g>>> = BTreeMap::new();
        for subject in here.subjects().iter().filter(is_alone) {
            by_format.entry(subject.format).or_default().push(File::of(subject));
        }
        by_format
    };
    let olds = alone(old, new);
    let mut news = if olds.is_empty() { BTreeMap::new() } else { alone(new, old) };
    let of_each = olds.into_iter().filter_map(|(format, olds)| Some(of_format(&olds, &news.remove(format)?)));
    of_each.flatten().collect()
}

fn of_format<'g>(olds: &[File<'g>], news: &[File<'g>]) -> Vec<(&'g Subject, &'g Subject)> {
    let is_many = olds.len().saturating_mul(news.len()) > MOST;
    let mut by_end: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (to, new) in news.iter().enumerate() {
        by_end.entry(if is_many { new.end() } else { "" }).or_default().push(to);
    }
    let mut by_likeness: BTreeMap<Reverse<Likeness>, Vec<(usize, usize)>> = BTreeMap::new();
    for (from, old) in olds.iter().enumerate() {
        // Whoever has hundreds of one name has no means to tell them apart either.
        let candidates = by_end.get(if is_many { old.end() } else { "" }).into_iter().flatten();
        for &to in candidates.take(MOST / olds.len().max(1) + 1) {
            if let Some(likeness) = old.likeness(&news[to]) {
                by_likeness.entry(Reverse(likeness)).or_default().push((from, to));
            }
        }
    }
    let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
    let mut moves = Vec::new();
    for mut pairs in by_likeness.into_values() {
        pairs.retain(|(from, to)| !gone.contains(from) && !come.contains(to));
        let (mut of_old, mut of_new) = (BTreeMap::new(), BTreeMap::new());
        for (from, to) in &pairs {
            *of_old.entry(*from).or_insert(0) += 1;
            *of_new.entry(*to).or_insert(0) += 1;
        }
        let is_clear = |(from, to): &&(usize, usize)| of_old[from] == 1 && of_new[to] == 1;
        moves.extend(pairs.iter().filter(is_clear).map(|(from, to)| (olds[*from].subject, news[*to].subject)));
        gone.extend(of_old.into_keys());
        come.extend(of_new.into_keys());
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

    /// Returns the folder's own name and the file's.
    fn end(&self) -> &'static str {
        let path = self.subject.path;
        let folder = path.rfind('/').and_then(|at| path[..at].rfind('/'));
        folder.map_or(path, |at| &path[at + 1..])
    }

    /// Returns how alike two files are; none where they are not of one project, or of none and not much alike.
    fn likeness(&self, other: &Self) -> Option<Likeness> {
        let (path, to) = (self.subject.path, other.subject.path);
        let ends = path.rsplit('/').zip(to.rsplit('/')).take_while(|(a, b)| a == b).count();
        // Another name in the same folder is as telling as the same name in a folder of the same name.
        let ends = if source::folder(path) == source::folder(to) { ends.max(2) } else { ends };
        let is_one = self.projects.intersection(&other.projects).next().is_some();
        // Where nobody gave a project a name, npm gives it that of its folder.
        let is_another = !is_one && !self.projects.is_empty() && !other.projects.is_empty();
        let all = self.names.len() + other.names.len();
        let alike = (common(&self.names, &other.names) * 2_000).checked_div(all).unwrap_or(1_000);
        let versions = common(&self.versions, &other.versions);
        let most = self.versions.len().max(other.versions.len());
        let is_same = versions == most && versions >= 3;
        // What holds little is like many others, but for the place that it stands at.
        let is_alike = match () {
            () if is_another => alike >= 900 && versions * 10 >= most * 8 && versions >= 3,
            () if is_one => alike >= 300,
            () if ends >= 2 => alike >= 500,
            () if self.names.len().min(other.names.len()) < 3 => false,
            () if ends == 1 => alike >= 700,
            () => alike >= 800,
        };
        is_alike.then_some((is_same, is_one, ends, alike, versions))
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
        let cases: [(Files, Files, Paths); 14] = [
            (&[("a/uv.lock", "app", "x y z")], &[("b/uv.lock", "app", "x y z@2 w")], &[("a/uv.lock", "b/uv.lock")]),
            // Another project is none that moved, and what both sides have did not.
            (&[("a/uv.lock", "app", "x y z")], &[("b/uv.lock", "web", "x y u")], &[]),
            // One that was renamed with its folder is the same but for its name.
            (&[("a/uv.lock", "a", "x y z")], &[("b/uv.lock", "b", "x y z")], &[("a/uv.lock", "b/uv.lock")]),
            // The same content is more telling than a folder that is called alike.
            (
                &[("a/api/uv.lock", "", "x y z u")],
                &[("b/api/uv.lock", "", "x@2 y@2 z@2 v"), ("b/web/uv.lock", "", "x y z u")],
                &[("a/api/uv.lock", "b/web/uv.lock")],
            ),
            // Of a template that services are written from, each has a part.
            (&[("a/uv.lock", "", "x y z u v w")], &[("b/uv.lock", "", "x y z u s t")], &[]),
            // In its own folder, a file is known by less.
            (
                &[("a/compose.yml", "", "x y")],
                &[("a/compose.yaml", "", "x y@2")],
                &[("a/compose.yml", "a/compose.yaml")],
            ),
            (&[("Dockerfile", "", "x")], &[("Dockerfile.prod", "", "x")], &[("Dockerfile", "Dockerfile.prod")]),
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
