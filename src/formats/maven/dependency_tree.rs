//! What `mvn dependency:tree` prints, kept as a file: text, DOT or JSON.
//!
//! Specification: the Maven Dependency Plugin's goal `tree` and its serializers. A line is a path of `+-`, `\-` and `|`, or of
//! blanks (`-Dtokens=whitespace`), and `group:artifact:kind[:classifier]:version:scope`; what verbose output leaves out of the
//! tree stands in parentheses.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use serde::Deserialize;

use super::coordinates::{self, Coordinates};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Requirement, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Str};

entry! {
    /// What `mvn dependency:tree` prints, kept as a file: who requires what Maven resolved.
    ///
    /// Text, DOT and JSON are read, and text cut out of a log, under names such as `mvn-dependency-tree.txt`.
    /// Each project of a file is a root; one that another requires is the same component. `provided` is expected to be there
    /// beside the project, `test` is for development, `optional` as it says. Of what is under a requirement of the project the
    /// scope shown is that of the way to it, which is found here the same way. A classifier and a kind other than `jar` are part
    /// of the purl.
    ///
    /// In verbose output what was omitted as a duplicate or for a conflict is a requirement of what was taken instead, and what
    /// was asked for is kept; JSON does not say which those are, and of several versions the nearest is taken, as Maven does.
    /// Without `-Dverbose` Maven leaves these requirements out, and so they are not there. Digests, licences and repositories
    /// it does not say.
    pub DependencyTree = "maven-dependency-tree"
}

impl Format for DependencyTree {
    fn files(&self) -> &'static [&'static str] {
        &["*dependency-tree*.txt", "*dependency-tree*.json", "*dependency-tree*.dot", "*dependency_tree*.txt"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        // Other tools' trees have such names too.
        let is_mavens = path.contains("mvn") || path.contains("maven");
        is_mavens || self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        if text.trim_start().starts_with('{') {
            let has = |key: &str| text.contains(&format!("\"{key}\""));
            return has("groupId") && has("artifactId") && has("scope") && !has("bomFormat");
        }
        let is_branch = |line| branch(line).is_some_and(|(_, text)| text.matches(':').count() > 3);
        let mut before = "";
        text.lines().map(log).any(|line| {
            // Blanks alone are a tree right under its project.
            let is_first = is_root(std::mem::replace(&mut before, line)) && indented(line).is_some_and(is_entry);
            is_first || is_branch(line) || graph(line).is_some_and(|name| name.contains(':'))
        })
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "maven-dependency-tree");
        inventory.says = Says { integrity: false, origin: false, licence: false, ..Says::ALL };
        let documents: Vec<Json<'_>>;
        let mut trees = Vec::new();
        if source.text.trim_start().starts_with('{') {
            documents = json::read_all(source)?;
            documents.iter().for_each(|json| of_json(source, json, &mut trees, &mut inventory));
        } else if source.text.lines().any(|line| graph(log(line)).is_some()) {
            of_dot(source, &mut trees, &mut inventory);
        } else {
            of_text(source, &mut trees, &mut inventory);
        }
        if trees.is_empty() {
            return Err(source.fault(source.start(), "no project in it; is it what `mvn dependency:tree` printed?"));
        }
        add(&trees, &mut inventory);
        Ok(inventory)
    }
}

/// The tree of one project.
struct Tree<'t> {
    root: Coordinates<'t>,
    place: Place,
    entries: Vec<Entry<'t>>,
}

/// One line of a tree: what is required, and by which line; the root where there is none.
struct Entry<'t> {
    parent: Option<usize>,
    coordinates: Coordinates<'t>,
    place: Place,
    scope: &'t str,
    is_optional: bool,
    /// It is not in the tree here: it stands elsewhere, or in another version.
    is_omitted: bool,
    /// The version that was taken instead; empty where the same one was.
    taken: &'t str,
    /// The version that was asked for, where another one is in the tree.
    asked: &'t str,
}

/// Returns a line without the mark of Maven's log.
fn log(line: &str) -> &str {
    line.strip_prefix("[INFO] ").unwrap_or(line).trim_end()
}

/// Says whether a line is a project: coordinates without a scope.
fn is_root(line: &str) -> bool {
    Coordinates::resolved(line).is_some_and(|it| it.group.contains(|it: char| it.is_ascii_alphabetic()))
        && line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:_-+".contains(&byte))
}

/// Returns the name of a graph that a line opens.
fn graph(line: &str) -> Option<&str> {
    // The end of the graph before may stand on the same line.
    line.trim_start_matches([' ', '}']).strip_prefix("digraph \"")?.split('"').next()
}

/// Parts a line into its depth, from 1, and what stands there.
fn branch(line: &str) -> Option<(usize, &str)> {
    let (mut depth, mut rest) = (0, line);
    loop {
        let mut marks = rest.char_indices();
        let first = marks.next()?.1;
        let end = marks.nth(2)?.0;
        let (mark, after) = rest.split_at(end);
        match (first, mark.ends_with(' ')) {
            ('+' | '\\' | '├' | '└', true) => return Some((depth + 1, after)),
            ('|' | '│' | ' ', true) if mark.trim_start_matches(['|', '│']).trim().is_empty() => {}
            _ => return None,
        }
        depth += 1;
        rest = after;
    }
}

/// Returns what stands behind the blanks of the first depth.
fn indented(line: &str) -> Option<&str> {
    line.strip_prefix(BLANKS).filter(|text| !text.starts_with(' '))
}

/// Parts a line of a tree without marks as [`branch`] does.
fn blank_branch(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches(' ');
    let blanks = line.len() - text.len();
    (blanks > 0 && blanks.is_multiple_of(BLANKS.len())).then_some((blanks / BLANKS.len(), text))
}

/// What stands for a depth in a tree without marks.
const BLANKS: &str = "   ";

/// Says whether a text begins with what is required.
fn is_entry(text: &str) -> bool {
    let spelled = text.trim_start_matches('(').split(' ').next().unwrap_or_default();
    let parted = spelled.rsplit_once(':').filter(|(_, scope)| coordinates::scope(scope).is_some());
    parted.is_some_and(|(coordinates, _)| Coordinates::resolved(coordinates).is_some())
}

fn of_text<'t>(source: &Source<'t>, trees: &mut Vec<Tree<'t>>, inventory: &mut Inventory) {
    // The entry of each depth on the way to the present line.
    let mut way: Vec<Option<usize>> = Vec::new();
    // Whether blanks alone are the tree; it ends where no such line follows, for blanks stand before other things too.
    let (mut is_first, mut is_blank) = (false, false);
    for line in source.text.lines().map(log) {
        is_blank = if is_first { indented(line).is_some_and(is_entry) } else { is_blank && line.starts_with(BLANKS) };
        is_first = is_root(line);
        if is_first {
            way.clear();
            if let Some(root) = Coordinates::resolved(line) {
                trees.push(Tree { root, place: source.place(root.artifact), entries: Vec::new() });
            }
            continue;
        }
        let branch = if is_blank { blank_branch(line) } else { branch(line) };
        if is_blank && branch.is_none() {
            inventory.fault(source.place(line), "three blanks for each depth are expected");
        }
        let (Some(tree), Some((depth, text))) = (trees.last_mut(), branch) else { continue };
        way.truncate(depth - 1);
        let parent = way.last().copied().flatten();
        let is_under = depth == 1 || (way.len() == depth - 1 && parent.is_some());
        match entry(source, text).filter(|_| is_under) {
            Some(entry) => {
                way.push(Some(tree.entries.len()));
                tree.entries.push(Entry { parent, ..entry });
            }
            None => {
                way.resize(depth, None);
                inventory.fault(
                    source.place(line),
                    "`group:artifact:kind:version:scope` under what requires it is expected",
                );
            }
        }
    }
}

/// Reads one requirement: `g:a:jar:1:compile`, with `(optional)` and the like behind, or all in parentheses.
fn entry<'t>(source: &Source<'t>, text: &'t str) -> Option<Entry<'t>> {
    let text = text.trim();
    let text = match text.strip_prefix('(') {
        Some(rest) => rest.strip_suffix(')')?,
        None => text,
    };
    let (spelled, notes) = text.split_once(' ').unwrap_or((text, ""));
    let (coordinates, scope) = spelled.rsplit_once(':')?;
    coordinates::scope(scope)?;
    let coordinates = Coordinates::resolved(coordinates)?;
    let after = |note: &str| {
        let at = notes.find(note)?;
        notes[at + note.len()..].split([';', ')', ' ', ',']).next()
    };
    let taken = after("omitted for conflict with ").unwrap_or_default();
    // DOT has no parentheses.
    let is_omitted = notes.contains("omitted for ") || notes.contains("omitted due to ");
    let managed = after("version managed from ").unwrap_or_default();
    let asked = if taken.is_empty() { managed } else { coordinates.version };
    let place = source.place(coordinates.artifact);
    let is_optional = notes.contains("optional");
    Some(Entry { parent: None, coordinates, place, scope, is_optional, is_omitted, taken, asked })
}

fn of_dot<'t>(source: &Source<'t>, trees: &mut Vec<Tree<'t>>, inventory: &mut Inventory) {
    let mut known: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    let mut last: Option<usize> = None;
    for line in source.text.lines().map(log) {
        if let Some(name) = graph(line) {
            known.clear();
            last = None;
            match Coordinates::resolved(name) {
                Some(root) => {
                    known.insert(name, None);
                    last = Some(trees.len());
                    trees.push(Tree { root, place: source.place(root.artifact), entries: Vec::new() });
                }
                None => inventory.fault(source.place(line), "the graph is not called after a project"),
            }
            continue;
        }
        let mut names = line.split('"').skip(1).step_by(2);
        let (Some(from), Some(to), true) = (names.next(), names.next(), line.contains("->")) else { continue };
        let Some(tree) = last.map(|last| &mut trees[last]) else { continue };
        // What was managed is said where it is required, and not where it requires.
        let plain = |name: &'t str| name.split(' ').next().unwrap_or(name);
        let Some((&parent, entry)) = known.get(plain(from)).zip(entry(source, to)) else {
            inventory.fault(
                source.place(line),
                "it leads from what nothing required before, or to no `group:artifact:kind:version:scope`",
            );
            continue;
        };
        if !entry.is_omitted {
            known.entry(plain(to)).or_insert(Some(tree.entries.len()));
        }
        tree.entries.push(Entry { parent, ..entry });
    }
}

#[derive(Deserialize)]
struct Json<'t> {
    #[serde(rename = "groupId", default, borrow)]
    group: Str<'t>,
    #[serde(rename = "artifactId", default, borrow)]
    artifact: Str<'t>,
    #[serde(default, borrow)]
    version: Str<'t>,
    #[serde(rename = "type", default, borrow)]
    kind: Str<'t>,
    #[serde(default, borrow)]
    scope: Str<'t>,
    #[serde(default, borrow)]
    classifier: Str<'t>,
    #[serde(default, borrow)]
    optional: Str<'t>,
    #[serde(default, borrow)]
    children: Vec<Json<'t>>,
}

impl Json<'_> {
    fn coordinates(&self) -> Option<Coordinates<'_>> {
        let Json { group, artifact, version, kind, classifier, .. } = self;
        let is_whole = !group.is_empty() && !artifact.is_empty() && !version.is_empty();
        is_whole.then(|| Coordinates { group, artifact, kind, classifier, version })
    }
}

/// Returns the version of each that is in the tree: the nearest to the project, and of equal ones the first.
///
/// Verbose JSON has those that lost too, and does not tell them. What is below one of these is not in the tree either.
fn nearest<'t>(json: &'t Json<'_>) -> BTreeMap<Coordinates<'t>, &'t str> {
    let mut nearest = BTreeMap::new();
    let mut open: VecDeque<&Json<'_>> = json.children.iter().collect();
    while let Some(json) = open.pop_front() {
        let Some(coordinates) = json.coordinates() else { continue };
        if *nearest.entry(coordinates.key()).or_insert(coordinates.version) == coordinates.version {
            open.extend(&json.children);
        }
    }
    nearest
}

/// Reads a tree; it nests no deeper than the reader of JSON goes.
fn of_json<'t>(source: &Source<'_>, json: &'t Json<'_>, trees: &mut Vec<Tree<'t>>, inventory: &mut Inventory) {
    let Some(root) = json.coordinates() else { return };
    let nearest = nearest(json);
    let mut tree = Tree { root, place: json.artifact.place(source, source.start()), entries: Vec::new() };
    let mut open: Vec<(Option<usize>, &Json<'_>)> = json.children.iter().rev().map(|child| (None, child)).collect();
    while let Some((parent, json)) = open.pop() {
        let place = json.artifact.place(source, tree.place);
        let Some((coordinates, _)) = json.coordinates().zip(coordinates::scope(&json.scope)) else {
            inventory.fault(place, "a dependency without a groupId, an artifactId, a version or one of Maven's scopes");
            continue;
        };
        let scope = &*json.scope;
        let is_optional = &*json.optional == "true";
        let number = tree.entries.len();
        let entry = Entry { parent, coordinates, place, scope, is_optional, is_omitted: false, taken: "", asked: "" };
        let taken = nearest.get(&coordinates.key()).copied().filter(|taken| *taken != coordinates.version);
        if let Some(taken) = taken {
            tree.entries.push(Entry { is_omitted: true, taken, asked: coordinates.version, ..entry });
            continue;
        }
        tree.entries.push(entry);
        open.extend(json.children.iter().rev().map(|child| (Some(number), child)));
    }
    trees.push(tree);
}

/// Adds the trees. Of each group, artifact, kind and classifier a project resolves one version.
fn add(trees: &[Tree<'_>], inventory: &mut Inventory) {
    let mut projects: BTreeMap<Coordinates<'_>, NodeId> = BTreeMap::new();
    let key = |it: Coordinates<'_>| (it.group.to_owned(), it.artifact.to_owned(), it.version.to_owned());
    let mut roots = BTreeMap::new();
    for tree in trees {
        let root = Coordinates { kind: "", classifier: "", ..tree.root };
        let node = *projects.entry(root).or_insert_with(|| inventory.add_root(Component::new(root.purl()), tree.place));
        roots.insert(key(tree.root), node);
    }
    for tree in trees {
        let root = roots[&key(tree.root)];
        let mut nodes: BTreeMap<Coordinates<'_>, NodeId> = BTreeMap::new();
        let mut numbers: Vec<Option<NodeId>> = vec![None; tree.entries.len()];
        let present = || tree.entries.iter().enumerate().filter(|(_, entry)| !entry.is_omitted);
        for (index, entry) in present() {
            let it = entry.coordinates;
            // A module of the same build is that project, whatever of its files is required.
            let project = || roots.get(&key(it)).copied();
            let node = nodes.get(&it).copied().or_else(project);
            let node = node.unwrap_or_else(|| inventory.add(Component::new(it.purl()), entry.place));
            nodes.insert(it, node);
            nodes.entry(it.key()).or_insert(node);
            numbers[index] = Some(node);
        }
        // How strong the way to each is: that of the project's own requirement which it is under.
        let mut ways: Vec<Scope> = Vec::with_capacity(tree.entries.len());
        for (entry, number) in tree.entries.iter().zip(&numbers) {
            let said = coordinates::scope(entry.scope).unwrap_or_default();
            let own = if entry.is_optional { Scope::Optional } else { said };
            let way =
                entry.parent.map_or(own, |parent| if entry.is_optional { own.max(ways[parent]) } else { ways[parent] });
            ways.push(way);
            let from = match entry.parent {
                None => Some(root),
                Some(parent) => numbers[parent],
            };
            let it = entry.coordinates;
            let wanted = if entry.taken.is_empty() { it } else { Coordinates { version: entry.taken, ..it } };
            let answer = number.or_else(|| nodes.get(&wanted).copied()).or_else(|| nodes.get(&it.key()).copied());
            let answer = answer.or_else(|| roots.get(&key(wanted)).copied());
            let scope = match entry.parent {
                _ if entry.is_optional => Scope::Optional,
                None => said,
                // How it gets in is told by the way to it.
                Some(_) => Scope::Runtime,
            };
            let requirement = Requirement { scope, constraint: intern::text(entry.asked), ..Requirement::default() };
            match from.zip(answer) {
                Some((from, to)) if from != to => {
                    inventory.edge(from, to, requirement, entry.place);
                    // Under what is provided or tests, it is needed to run by a way that is not shown.
                    if said < way && matches!(way, Scope::Peer | Scope::Dev) && entry.parent.is_some() && to != root {
                        let requirement = Requirement { scope: said, extra: Requirement::INDIRECT, ..requirement };
                        inventory.edge(root, to, requirement, entry.place);
                    }
                }
                Some(_) => {}
                // It may be missing, and is.
                None if entry.is_optional => {}
                None => inventory.fault(entry.place, "it was omitted, and is nowhere else in its project's tree"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn blanks_are_a_tree_right_under_their_project_alone() {
        let read = |text: &'static str| {
            let source = Source { file: FileId(0), path: "mvn-dependency-tree.txt", text };
            let inventory = DependencyTree.parse(&source).unwrap();
            let told = inventory.nodes[1..].iter().filter_map(|node| Some(node.component?.purl.name()));
            (told.collect::<Vec<_>>(), inventory.faults.len())
        };
        for (text, expected) in [
            ("g:a:jar:1\n   g:b:jar:1:compile\n      g:c:jar:1:test\n", (vec!["a", "b", "c"], 0)),
            (
                "[INFO] g:a:jar:1\n[INFO]    g:b:jar:1:compile\n[INFO] \n[INFO]    g:z:jar:1:compile\n",
                (vec!["a", "b"], 0),
            ),
            ("g:a:jar:1\n+- g:b:jar:1:compile\n   g:z:jar:1:compile\n", (vec!["a", "b"], 0)),
            ("g:a:jar:1\n   g:b:jar:1:compile\n     g:c:jar:1:test\n   odd\n", (vec!["a", "b"], 2)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert!(DependencyTree.recognizes("x\ng:a:jar:1\n   g:b:jar:1:compile\n"));
        assert!(!DependencyTree.recognizes("   g:b:jar:1:compile\n"), "dependency:list");
    }

    #[test]
    fn branches_are_told_from_other_lines() {
        for (line, expected) in [
            ("+- a:b:jar:1:compile", Some((1, "a:b:jar:1:compile"))),
            ("\\- a:b", Some((1, "a:b"))),
            ("|  \\- a:b", Some((2, "a:b"))),
            ("   |  +- a:b", Some((3, "a:b"))),
            ("│  ├─ a:b", Some((2, "a:b"))),
            ("   junit:junit:jar:4:test", None),
            ("Building app", None),
            ("", None),
            ("|", None),
        ] {
            assert_eq!(branch(line), expected, "{line}");
        }
    }
}
