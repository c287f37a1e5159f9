//! The drifted part of the graph as a picture: what changed, and the ways by which it gets in. What the outputs that draw share.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Tally;
use super::text::{self, clip, count, number};
use crate::intern::Text;
use crate::report::{ChangeLine, Report};

/// A picture: a cluster a subject.
pub struct Picture {
    /// What it shows, in words: `3 added, 1 upgraded`.
    pub title: String,
    /// The subjects, in the order of the report.
    pub clusters: Vec<Cluster>,
    /// What it does not show, a line each.
    pub notes: Vec<String>,
}

/// What drifted in one subject.
#[derive(Default)]
pub struct Cluster {
    /// The subject, for the eye.
    pub title: String,
    /// The components, numbered in the whole picture from `first` on.
    pub nodes: Vec<Node>,
    /// The number of its first component.
    pub first: usize,
    /// Who requires whom, as numbers of its own.
    pub edges: Vec<Edge>,
    /// What it does not show; empty where it shows all.
    pub note: String,
}

/// A component.
pub struct Node {
    /// What became of it.
    pub look: Look,
    /// What to write on it, a line each: its name first.
    pub lines: Vec<String>,
}

/// Who requires whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who requires.
    pub from: usize,
    /// What is required.
    pub to: usize,
    /// Whether only what is gone is reached by it.
    pub gone: bool,
}

/// What became of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// Nothing: it brings another one in.
    Plain,
    /// It came.
    Added,
    /// It went.
    Removed,
    /// It has a later version.
    Upgraded,
    /// It has an earlier version.
    Downgraded,
    /// It has the same version and is not the same, or several of these.
    Changed,
}

impl Look {
    /// All looks.
    pub const ALL: [Look; 6] =
        [Look::Plain, Look::Added, Look::Removed, Look::Upgraded, Look::Downgraded, Look::Changed];

    /// Returns the name, as reports have it.
    pub fn name(self) -> Text {
        match self {
            Look::Plain => "plain",
            Look::Added => "added",
            Look::Removed => "removed",
            Look::Upgraded => "upgraded",
            Look::Downgraded => "downgraded",
            Look::Changed => "changed",
        }
    }

    /// Returns the colours of ground and rim. They are told apart with any eyes, and black is read on each.
    pub fn colours(self) -> [Text; 2] {
        match self {
            Look::Plain => ["#ffffff", "#767676"],
            Look::Added => ["#d4ecd9", "#00795a"],
            Look::Removed => ["#f6d5c8", "#a83a0b"],
            Look::Upgraded => ["#d3e5f5", "#0a5c99"],
            Look::Downgraded => ["#fbe9c0", "#8a5a00"],
            Look::Changed => ["#ead7ec", "#7d3c80"],
        }
    }

    fn of(changes: &[&ChangeLine]) -> Self {
        let kind = changes.first().map_or("plain", |change| change.kind);
        let is_one = changes.iter().all(|change| change.kind == kind);
        Look::ALL.into_iter().find(|look| is_one && look.name() == kind).unwrap_or(Look::Changed)
    }
}

/// How much a picture holds.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Components.
    pub nodes: usize,
    /// Requirements.
    pub edges: usize,
}

/// How many ways into one component are drawn.
const WAYS: usize = 3;
/// How many changes of one name are told, as where several versions of it move.
const LINES: usize = 4;

/// One subject while it is drawn.
#[derive(Default)]
struct Sketch<'r> {
    /// The numbers of components, by their names.
    numbers: BTreeMap<Text, usize>,
    names: Vec<Text>,
    /// Whether only what is gone is reached by a requirement.
    edges: BTreeMap<(usize, usize), bool>,
    taken: Vec<&'r ChangeLine>,
    left_out: usize,
}

impl Picture {
    /// Draws a report. Of what is too much, each subject shows the changes that are nearest to its project.
    pub fn of(report: &Report, limits: Limits) -> Self {
        let mut subjects: BTreeMap<Text, Vec<&ChangeLine>> = BTreeMap::new();
        for change in &report.changes {
            subjects.entry(change.subject).or_default().push(change);
        }
        let mut order: Vec<(usize, Text, &ChangeLine)> = Vec::new();
        for (subject, changes) in &mut subjects {
            changes.sort_by_key(|change| change.introduced_by.first().map_or(0, Vec::len));
            order.extend(changes.iter().enumerate().map(|(at, change)| (at, *subject, *change)));
        }
        // Each subject in turn, so that none has all the room.
        order.sort_by_key(|(at, subject, _)| (*at, *subject));
        let mut sketches: BTreeMap<Text, Sketch<'_>> = BTreeMap::new();
        let mut room = limits;
        for (_, subject, change) in &order {
            let sketch = sketches.entry(subject).or_default();
            let leads = |way: &&Vec<Text>| way.last() == Some(&change.name);
            let way = change.introduced_by.first().filter(leads).map_or(&[][..], Vec::as_slice);
            match sketch.add(change, way, room) {
                Some(rest) => {
                    room = rest;
                    sketch.taken.push(change);
                }
                None => sketch.left_out += 1,
            }
        }
        for sketch in sketches.values_mut() {
            for change in sketch.taken.clone() {
                for way in change.introduced_by.iter().take(WAYS).skip(1) {
                    room = sketch.add(change, way, room).unwrap_or(room);
                }
            }
        }
        Self::finish(report, sketches)
    }

    fn finish(report: &Report, sketches: BTreeMap<Text, Sketch<'_>>) -> Self {
        let mut picture = Picture { title: Tally::of(report).changes(), clusters: Vec::new(), notes: Vec::new() };
        let (mut first, mut left_out, mut subjects) = (0, 0, 0);
        for (subject, sketch) in sketches {
            if sketch.taken.is_empty() {
                left_out += sketch.left_out;
                subjects += 1;
                continue;
            }
            let cluster = sketch.cluster(subject, first);
            first += cluster.nodes.len();
            picture.clusters.push(cluster);
        }
        if left_out > 0 {
            picture.notes.push(format!("and {} in {}", changes(left_out), count(subjects, "more subject")));
        }
        if !report.problems.is_empty() {
            let files = count(report.problems.len(), "problem");
            picture.notes.push(format!("not complete: {files}, see the report"));
        }
        picture
    }
}

impl<'r> Sketch<'r> {
    /// Adds a way to a change, or the change alone where none leads to it, if there is room; returns the room that is left.
    fn add(&mut self, change: &'r ChangeLine, way: &[Text], room: Limits) -> Option<Limits> {
        let alone = [change.name];
        let way = if way.is_empty() { &alone[..] } else { way };
        let mut names: BTreeSet<Text> = BTreeSet::new();
        let mut steps: BTreeSet<(Text, Text)> = BTreeSet::new();
        for pair in way.windows(2) {
            steps.insert((pair[0], pair[1]));
        }
        names.extend(way.iter().copied().filter(|name| !self.numbers.contains_key(name)));
        let is_new = |(from, to): &&(Text, Text)| {
            let ends = self.numbers.get(from).zip(self.numbers.get(to));
            ends.is_none_or(|(from, to)| !self.edges.contains_key(&(*from, *to)))
        };
        let new = steps.iter().filter(is_new).count();
        let nodes = room.nodes.checked_sub(names.len())?;
        let edges = room.edges.checked_sub(new)?;
        // In the order of the way, so that what is nearer to the project has the smaller number.
        for name in way.iter().filter(|name| names.remove(**name)) {
            self.numbers.insert(name, self.names.len());
            self.names.push(name);
        }
        let gone = change.kind == "removed";
        for (from, to) in steps {
            let edge = self.edges.entry((self.numbers[from], self.numbers[to])).or_insert(true);
            *edge &= gone;
        }
        Some(Limits { nodes, edges })
    }

    fn cluster(self, subject: Text, first: usize) -> Cluster {
        let mut by_name: BTreeMap<Text, Vec<&ChangeLine>> = BTreeMap::new();
        for change in &self.taken {
            by_name.entry(change.name).or_default().push(change);
        }
        let node = |name: &Text| {
            let mut changes = by_name.get(name).cloned().unwrap_or_default();
            changes.sort_by_key(|change| (change.purl, change.from, change.to));
            let mut lines = vec![clip(name, 60).into_owned()];
            lines.extend(changes.iter().take(LINES).map(|change| line(change)));
            if changes.len() > LINES {
                lines.push(format!("and {} more", number(changes.len() - LINES)));
            }
            let ways = changes.iter().map(|change| change.introduced_by.len()).max().unwrap_or(0);
            if ways > WAYS {
                lines.push(format!("and {}", count(ways - WAYS, "more way")));
            }
            Node { look: Look::of(&changes), lines }
        };
        let edge = |((from, to), gone): (&(usize, usize), &bool)| Edge { from: *from, to: *to, gone: *gone };
        Cluster {
            title: clip(subject, 120).into_owned(),
            nodes: self.names.iter().map(node).collect(),
            first,
            edges: self.edges.iter().map(edge).collect(),
            note: if self.left_out > 0 { format!("and {}", changes(self.left_out)) } else { String::new() },
        }
    }
}

fn changes(amount: usize) -> String {
    count(amount, "more change")
}

/// Returns what became of a component, in words: `upgraded 1.26.18 → 2.5.0 (major)`.
fn line(change: &ChangeLine) -> String {
    let version = |version: Option<Text>| match version.unwrap_or_default() {
        "" => "no version".to_owned(),
        version => clip(version, 30).into_owned(),
    };
    let kind = text::plain(change.kind);
    match (change.from, change.to) {
        (None, to) => format!("{kind} {}", version(to)),
        (from, None) => format!("{kind} {}", version(from)),
        (from, to) if from == to => format!("{kind} {}: {}", version(to), change.what.join(", ")),
        (from, to) => {
            let step = text::step(change).map(|step| format!(" ({step})")).unwrap_or_default();
            format!("{kind} {} → {}{step}", version(from), version(to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intern::text as intern;
    use crate::outputs::samples;

    const ALL: Limits = Limits { nodes: 1000, edges: 1000 };

    fn drawn(picture: &Picture) -> Vec<String> {
        let mut drawn = Vec::new();
        for cluster in &picture.clusters {
            let name = |at: usize| &cluster.nodes[at].lines[0];
            drawn.extend(cluster.nodes.iter().map(|node| format!("{}: {}", node.look.name(), node.lines.join(" | "))));
            let arrow = |edge: &Edge| if edge.gone { "-.>" } else { "->" };
            drawn.extend(
                cluster.edges.iter().map(|edge| format!("{} {} {}", name(edge.from), arrow(edge), name(edge.to))),
            );
            drawn.push(cluster.note.clone());
        }
        drawn.extend(picture.notes.iter().cloned());
        drawn
    }

    #[test]
    fn changes_are_drawn_with_their_ways() {
        let mut report = samples::drift();
        report.changes.truncate(1);
        assert_eq!(
            drawn(&Picture::of(&report, ALL)),
            [
                "plain: app",
                "plain: requests",
                "upgraded: urllib3 | upgraded 1.26.18 → 2.5.0 (major)",
                "plain: boto3",
                "plain: botocore",
                "app -> requests",
                "app -> boto3",
                "requests -> urllib3",
                "boto3 -> botocore",
                "botocore -> urllib3",
                "",
            ]
        );
        report.changes[0].kind = "removed";
        assert!(drawn(&Picture::of(&report, ALL)).contains(&"app -.> boto3".to_owned()));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut report = samples::drift();
        let change = report.changes[0].clone();
        for (subject, amount) in [("a", 5), ("b", 2), ("c", 1)] {
            report.changes.extend((0..amount).map(|at| {
                let name = intern(&format!("p{at}"));
                let introduced_by = vec![vec!["app", name]; 5];
                ChangeLine { subject, name, purl: name, introduced_by, ..change.clone() }
            }));
        }
        report.changes.drain(..3);
        let one = Limits { nodes: 5, edges: 9 };
        let whole = drawn(&Picture::of(&report, one));
        assert_eq!(whole.iter().filter(|line| line.contains("upgraded")).count(), 3, "{whole:?}");
        assert!(whole.contains(&"and 3 more changes".to_owned()), "{whole:?}");
        assert!(whole.contains(&"and 1 more change".to_owned()), "{whole:?}");
        assert!(whole.contains(&"and 1 more change in 1 more subject".to_owned()), "{whole:?}");
        assert!(whole.iter().any(|line| line.ends_with("| and 2 more ways")), "{whole:?}");
        let none = Limits { nodes: 9, edges: 0 };
        assert_eq!(drawn(&Picture::of(&report, none)), ["and 8 more changes in 3 more subjects"]);
    }
}
