//! What a run found, and what it could not do: everything an output prints.

pub mod differences;
mod facts;

use std::fmt;

use crate::graph::{Graph, Resolved};
use crate::images::{self, Comparison};
use crate::intern::{self, Text};
use crate::model::{Component, Layer};
use crate::source::{self, Fault, Faults, FileId, NoText, Place, Sources};

pub use crate::policy::Level;
pub use crate::source::Location;
pub use differences::Difference;

/// What a run has to say.
#[derive(Default)]
pub struct Report {
    /// What the tree (or the new side) resolves to, a line a subject.
    pub subjects: Vec<SubjectLine>,
    /// What the drift means as a whole, a line each: what stands above every list.
    pub headlines: Vec<String>,
    /// Differences between pinned and resolved, as facts.
    pub changes: Vec<ChangeLine>,
    /// What caused the changes: each is of one cause.
    pub causes: Vec<CauseLine>,
    /// Requirements gained and lost between components that both sides have.
    pub edges: Vec<EdgeLine>,
    /// What the rules found, sorted by file, place and rule; allowed ones are not here.
    pub findings: Vec<Finding>,
    /// Which rules looked at what, sorted by subject; empty where nothing was judged.
    pub looked: Vec<Looked>,
    /// The names of the images at hand that the BOM does not pin.
    pub unpinned: Vec<Text>,
    /// How the images at hand compare with their lockfiles and the BOM.
    pub images: Vec<ImageTable>,
    /// Where the GPU stacks are meant to run, in the order of the policy.
    pub targets: Vec<TargetLine>,
    /// The stacks that carry a GPU runtime, and what becomes of each on the targets.
    pub stacks: Vec<StackLine>,
    /// Files that could not be read whole.
    pub problems: Vec<Problem>,
    /// What was not compared and why; what a reader should know about the run.
    pub notes: Vec<String>,
    /// What the tree (or the new side) resolves to.
    pub resolved: Graph,
    /// What the tree is, where it is one thing that has a name of its own: a container image.
    pub about: Option<Component>,
    /// The files, to show their lines.
    pub sources: Sources,
    /// The level from which findings fail the run.
    pub gate: Option<Level>,
    /// Whether changes fail the run, of whatever kind nobody wanted, where no policy judges them.
    pub fails: bool,
    /// Where the tree stands in its repository: `services/api`; empty at the root, and where there is no repository.
    pub root: String,
    /// The time that documents name, in RFC 3339; none without `SOURCE_DATE_EPOCH`.
    pub timestamp: Option<String>,
}

/// A subject that was looked at.
#[derive(Clone, Debug)]
pub struct SubjectLine {
    /// Its path.
    pub path: Text,
    /// Its format's id.
    pub format: Text,
    /// How many components it resolves to.
    pub components: usize,
    /// How many requirements lead to them.
    pub edges: usize,
}

/// A place that GPU stacks are meant to run on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetLine {
    /// What it is called.
    pub name: String,
    /// The driver; none where it is not known.
    pub driver: Option<String>,
    /// The GPUs, as people or tools name them.
    pub gpus: Vec<String>,
}

/// What runs as one and carries a GPU runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackLine {
    /// What it is called: the path of its lockfile, or of the image that it is installed into.
    pub name: Text,
    /// The least driver that it starts on; none where it needs none, or that is not known.
    pub floor: Option<String>,
    /// Who asks for that driver, and by which rule.
    pub because: String,
    /// What becomes of it on the targets that it is meant for, in their order.
    pub cells: Vec<StackCell>,
}

/// What becomes of a stack on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackCell {
    /// The target, by its number in [`Report::targets`].
    pub target: usize,
    /// The verdict in words: `runs`, `fails at start`.
    pub words: &'static str,
    /// How grave that is: `deny` where it fails, `warn` where it is not known or runs on a condition.
    pub level: Level,
    /// Why, a line each; empty where it runs.
    pub because: Vec<String>,
}

/// What is approved, locked and installed of one lockfile in one image.
#[derive(Clone, Debug, Default)]
pub struct ImageTable {
    /// The image's name.
    pub image: Text,
    /// The lockfile's path.
    pub lock: Text,
    /// The environment's path: `services/api!/opt/venv/lib/python3.12/site-packages`.
    pub installed: Text,
    /// Whether the BOM pins the lockfile.
    pub is_approved: bool,
    /// The packages that are not the same wherever they are known, sorted by purl.
    pub rows: Vec<ImageRow>,
    /// How many packages are the same.
    pub same: usize,
}

/// A package that is not the same wherever it is known.
#[derive(Clone, Debug, Default)]
pub struct ImageRow {
    /// Its purl less the version.
    pub purl: Text,
    /// Its name as its ecosystem writes it.
    pub name: Text,
    /// The versions that the BOM pins, sorted.
    pub approved: Vec<Text>,
    /// The versions that are locked, sorted.
    pub locked: Vec<Text>,
    /// The versions that are installed, sorted.
    pub installed: Vec<Text>,
    /// What that means, in a word: `replaced`, `behind`, `unapproved`, `apart`, `content`, `missing`, `extra`.
    pub meaning: Text,
    /// What that means, in words.
    pub words: Text,
    /// The layer that brought what is installed; none where that is not known.
    pub layer: Option<&'static Layer>,
}

impl ImageTable {
    /// Returns the table of a comparison.
    pub fn of(comparison: &Comparison<'_>) -> Self {
        let versions = |nodes: &[Resolved<'_>]| {
            let mut versions: Vec<Text> = nodes.iter().map(|node| node.component.version()).collect();
            versions.sort_unstable();
            versions.dedup();
            versions
        };
        let row = |row: &images::Row<'_>| ImageRow {
            purl: row.about().purl.key(),
            name: row.about().name(),
            approved: versions(&row.approved),
            locked: versions(&row.locked),
            installed: versions(&row.installed),
            meaning: row.meaning.name(),
            words: row.meaning.words(),
            layer: row.layer(),
        };
        ImageTable {
            image: crate::intern::text(comparison.image),
            lock: comparison.lock.path,
            installed: comparison.installed.path,
            is_approved: comparison.approved.is_some(),
            rows: comparison.rows.iter().map(row).collect(),
            same: comparison.same,
        }
    }
}

/// One difference, as `diff` prints it.
#[derive(Clone, Debug)]
pub struct ChangeLine {
    /// `added`, `removed`, `upgraded`, `downgraded` or `changed`.
    pub kind: Text,
    /// The purl: the new one, or the old one of what was removed.
    pub purl: Text,
    /// The name as its ecosystem writes it.
    pub name: Text,
    /// The purl's type.
    pub ecosystem: Text,
    /// The subject's path.
    pub subject: Text,
    /// The old version; none for what was added.
    pub from: Option<Text>,
    /// The new version; none for what was removed.
    pub to: Option<Text>,
    /// Whether the project itself requires it.
    pub direct: bool,
    /// The scope's name; none where nothing requires it.
    pub scope: Option<Text>,
    /// What differs: `version`, `integrity`, `integrity-weakened`, `source`, `licence`, `scope`, `environment`, `variant`.
    pub what: Vec<Text>,
    /// From what to what, of what differs beside the version.
    pub differences: Vec<Difference>,
    /// Each direct requirement that brings it in, by its shortest path: names from the root to the component.
    pub introduced_by: Vec<Vec<Text>>,
    /// Where the old side says so.
    pub old: Option<Location>,
    /// Where the new side says so.
    pub new: Option<Location>,
}

/// Changes that have one cause; the same ones in several subjects stand together.
#[derive(Clone, Debug, Default)]
pub struct CauseLine {
    /// `subject`, `project`, `source`, `direct`, `transitive`, `edges`, `refresh` or `content`: see [`crate::causes::Kind`].
    pub kind: Text,
    /// The purl of the component that stands for it; none where no single one does.
    pub purl: Option<Text>,
    /// Its name and version, as its ecosystem writes them.
    pub lead: Option<(Text, Text)>,
    /// The addresses, up to their paths, from which and to which packages moved, where that is the cause.
    pub moved: Option<(Text, Text)>,
    /// The subjects, sorted.
    pub subjects: Vec<Text>,
    /// The numbers of its changes in [`Report::changes`], subject by subject, that of the lead first.
    pub changes: Vec<usize>,
    /// Likewise, of changes that it asks for and that may have come without it.
    pub perhaps: Vec<usize>,
}

/// A requirement that came or went between two components that both sides have.
#[derive(Clone, Debug)]
pub struct EdgeLine {
    /// `gained` or `lost`.
    pub kind: Text,
    /// The subject's path.
    pub subject: Text,
    /// The purl of who requires (the subject's path for the subject itself).
    pub from: Text,
    /// The purl of what is required.
    pub to: Text,
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's id.
    pub rule: Text,
    /// How grave it is by the policy.
    pub level: Level,
    /// What is the matter, in one line: names, versions, where.
    pub message: String,
    /// The argument step by step, where the message alone does not show it: facts, rules, numbers, each with its source.
    pub notes: Vec<String>,
    /// How to mend it.
    pub help: String,
    /// Where it stands.
    pub place: Place,
    /// Where it stands, as people read it.
    pub location: Location,
    /// Other places that belong to it, each with what stands there: "pinned here".
    pub related: Vec<Related>,
    /// How the component gets in: names from the root to it, a path each direct requirement.
    pub paths: Vec<Vec<Text>>,
    /// The purl it is about; none for findings about files and policies.
    pub purl: Option<Text>,
    /// The subject it is in; empty for the policy itself.
    pub subject: Text,
    /// What makes it the same finding tomorrow, when its line has moved: stable text of rule, subject, package.
    pub identity: String,
    /// The purl of the component whose own change brought this about or asks for it, as by `torch 2.10.0 → 2.11.0` all its
    /// CUDA libraries come anew; none where it stands for itself.
    pub cause: Option<Text>,
    /// The waiver that lets it through, with its reason; it counts no more, and is shown apart.
    pub waived: Option<Waived>,
}

/// The rules that had something to look at in a subject: one that found nothing there has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The subject's path; the policy's for the rules about waivers.
    pub subject: Text,
    /// The ids of the rules, in the order of their table.
    pub rules: Vec<Text>,
}

/// A place that belongs to a finding.
#[derive(Clone, Debug)]
pub struct Related {
    /// The place.
    pub place: Place,
    /// The place, as people read it.
    pub location: Location,
    /// What stands there.
    pub note: Text,
}

/// Why a finding is let through.
#[derive(Clone, Debug)]
pub struct Waived {
    /// The reason that the waiver gives.
    pub reason: String,
    /// Who answers for it; empty where the waiver names nobody.
    pub owner: String,
    /// The last day, `2026-12-31`; empty where it has none.
    pub until: String,
    /// Where the waiver stands.
    pub location: Location,
}

impl Finding {
    /// Says whether it counts towards the gate.
    pub fn counts(&self, gate: Level) -> bool {
        self.waived.is_none() && self.level >= gate
    }

    /// Returns what it is listed under: its subject, or the file that it stands in where it has none.
    pub fn listed_under(&self) -> Text {
        if self.subject.is_empty() { self.location.path } else { self.subject }
    }
}

/// A file that could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where; a path and 1:1 where no line is known.
    pub location: Option<Location>,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    /// Returns a problem at a place.
    pub fn at(location: Location, message: String) -> Self {
        Problem { location: Some(location), message }
    }

    /// Returns the problem that kept a file from being read.
    pub fn of(sources: &Sources, file: FileId, error: &anyhow::Error) -> Self {
        let start = Location { path: sources.path(file), line: 1, column: 1, end_line: 1, end_column: 1 };
        if let Some(Fault { place, message }) = error.downcast_ref::<Fault>() {
            return Problem::at(sources.locate(*place), message.clone());
        }
        if let Some(Faults(faults)) = error.downcast_ref::<Faults>()
            && let Some(Fault { place, message }) = faults.first()
        {
            return Problem::at(sources.locate(*place), message.clone());
        }
        if let Some(NoText { line, column, message }) = error.downcast_ref::<NoText>() {
            let location = Location { line: *line, column: *column, end_line: *line, end_column: *column, ..start };
            return Problem::at(location, message.clone());
        }
        Problem::at(start, format!("{error:#}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Location { path, line, column, .. }) = &self.location {
            write!(f, "{path}:{line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Report {
    /// Returns the exit code: 2 where a file could not be read, 1 where findings reach the gate or changes fail the run,
    /// else 0.
    pub fn exit_code(&self) -> u8 {
        if !self.problems.is_empty() {
            return 2;
        }
        let reaches = |gate| self.findings.iter().any(|finding| finding.counts(gate));
        u8::from(self.fails || self.gate.is_some_and(reaches))
    }
}

impl Report {
    /// Makes each location one in the repository, as code hosts know files, and each finding's identity with it.
    ///
    /// No repository has the files of an image: what stands there is shown where the tree speaks of the same, or at the start
    /// of the lockfile that the image is built from.
    pub fn stand_in_repository(&mut self) {
        let is_outside = |location: &Location| images::image_of(location.path).is_none();
        for finding in self.findings.iter_mut().filter(|finding| !is_outside(&finding.location)) {
            let lock = self.images.iter().find(|table| table.installed == finding.subject).map(|table| table.lock);
            let at = finding.related.iter().position(|related| is_outside(&related.location)).or_else(|| {
                let location = Location { path: lock?, line: 1, column: 1, end_line: 1, end_column: 1 };
                finding.related.push(Related { place: Place::default(), location, note: "" });
                Some(finding.related.len() - 1)
            });
            let Some(related) = at.map(|at| &mut finding.related[at]) else { continue };
            std::mem::swap(&mut finding.location, &mut related.location);
            std::mem::swap(&mut finding.place, &mut related.place);
            related.note = "in the image";
        }
        let root = std::mem::take(&mut self.root);
        if root.is_empty() {
            return;
        }
        let put = |location: &mut Location| {
            if let Some(path) = source::join(&root, location.path).filter(|_| !location.path.is_empty()) {
                location.path = intern::text(&path);
            }
        };
        for finding in &mut self.findings {
            put(&mut finding.location);
            finding.related.iter_mut().for_each(|related| put(&mut related.location));
            finding.waived.iter_mut().for_each(|waived| put(&mut waived.location));
            finding.identity = format!("{root}\u{1f}{}", finding.identity);
        }
        self.problems.iter_mut().filter_map(|problem| problem.location.as_mut()).for_each(put);
    }
}

impl CauseLine {
    /// Says whether its changes are told by themselves: nothing came with them, or nothing brought them about.
    pub fn is_by_itself(&self) -> bool {
        match self.kind {
            "direct" | "transitive" => self.changes.len() == self.subjects.len() && self.perhaps.is_empty(),
            kind => matches!(kind, "content" | "project"),
        }
    }

    /// Returns its changes in the first of its subjects, those that are certain and those that are not: they are the same in
    /// the others.
    pub fn first<'r>(&self, report: &'r Report) -> [Vec<&'r ChangeLine>; 2] {
        [&self.changes, &self.perhaps].map(|numbers| {
            let of_each = numbers.len() / self.subjects.len().max(1);
            numbers[..of_each].iter().map(|at| &report.changes[*at]).collect()
        })
    }
}

/// Returns a line for each subject of a graph.
pub fn subjects(graph: &Graph) -> Vec<SubjectLine> {
    let line = |subject: &crate::graph::Subject| SubjectLine {
        path: subject.path,
        format: subject.format,
        components: subject.component_count(),
        edges: subject.edge_count(),
    };
    graph.subjects().iter().map(line).collect()
}
