//! driftgate, the drift guard: lockfiles and container manifests held to a pinned bill of materials.
//!
//! The data goes one way: a [`tree`] is [`discover`]ed, its files are read by [`formats`] into inventories, joined into a
//! [`graph`], [`compare`]d with the pinned BOM, judged by [`rules`] under a [`policy`], and rendered by [`outputs`].
//! Only trees touch the disk and only [`cli`] prints; nothing here reaches a network or asks a registry.

pub mod binary;
pub mod bom;
pub mod causes;
pub mod cli;

pub mod compare;
pub mod discover;
pub mod entry;
pub mod formats;
pub mod gpu;
pub mod graph;
pub mod headlines;
pub mod images;
pub mod intern;
pub mod judge;
pub mod model;
pub mod outputs;
pub mod policy;
pub mod progress;
pub mod report;
pub mod rules;
pub mod schemas;
pub mod source;
pub mod stacks;
pub mod suggest;
pub mod syntax;
pub mod tree;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use graph::Graph;
use intern::Text;
use model::{Inventory, Purl};
use policy::{Level, Policy};
use report::{Problem, Report};
use rules::Case;
use source::{Location, Source, Sources};
use time::Date;

/// One side of a comparison: what was read, and what could not be.
#[derive(Default)]
pub struct Side {
    /// What it resolves to.
    pub graph: Graph,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The files and folders that are there and could not be read at all: they say nothing of what was removed.
    pub unread: BTreeSet<Text>,
    /// The submodules of git whose files are not there, and why: they say nothing of what was removed either.
    pub absent: BTreeMap<Text, Text>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// What became of each file, where that was asked for.
    pub told: Vec<discover::told::Told>,
}

impl Side {
    /// Says whether a path is there and could not be read: itself, or a folder that it is in.
    pub fn is_unread(&self, path: &str) -> bool {
        let mut at = path;
        while !at.is_empty() && !self.unread.contains(at) && !self.absent.contains_key(at) {
            at = source::folder(at);
        }
        !at.is_empty() || self.unread.contains(discover::WHOLE)
    }

    /// Returns the submodule whose files are not there that a path is in.
    pub fn absent_module(&self, path: &str) -> Option<Text> {
        let inside = |module: &Text| path.strip_prefix(*module).is_some_and(|rest| rest.starts_with('/'));
        self.absent.keys().copied().find(inside)
    }

    /// Says of the submodules whose files are not there that nothing was read of them.
    pub fn notes_of_absent(&self) -> Vec<String> {
        let mut by_reason: BTreeMap<Text, Vec<Text>> = BTreeMap::new();
        self.absent.iter().for_each(|(path, why)| by_reason.entry(*why).or_default().push(*path));
        let note = |(why, paths): (Text, Vec<Text>)| {
            let shown = paths.iter().take(MODULES).copied().collect::<Vec<_>>().join(", ");
            let others = paths.len().saturating_sub(MODULES);
            let more = if others > 0 { format!(" and {others} more") } else { String::new() };
            format!("not read: {shown}{more}: {why}")
        };
        by_reason.into_iter().map(note).collect()
    }
}

/// How many submodules one note names.
const MODULES: usize = 5;

/// Compares what a tree resolves to with what its BOM pins, and judges the difference.
///
/// # Errors
/// Where the policy gives a rule options that it does not know.
pub fn check(
    mut pinned: Side,
    mut resolved: Side,
    policy: &Policy,
    today: Date,
    gate: Level,
    sources: &Sources,
) -> Result<Report> {
    // What could not be read is a problem; that it is gone, nobody knows.
    hold_modules(&pinned, &mut resolved);
    pinned.graph.retain(|path| !resolved.is_unread(path));
    let image_notes = hold_images(&mut pinned, &resolved);
    let whole = at_once(&resolved.graph, &pinned.graph, sources);
    let mut drift = compare::drift_by_path(&pinned.graph, whole.as_ref().unwrap_or(&resolved.graph));
    // Of an image that nobody pinned, all would be new.
    let approved: BTreeSet<String> = images::names(&pinned.graph).into_iter().map(str::to_owned).collect();
    drift.subjects.retain(|pair| {
        let image = pair.new.and_then(|subject| images::image_of(subject.path));
        pair.old.is_some() || image.is_none_or(|image| approved.contains(image))
    });
    let case = Case::new((&pinned.graph, &resolved.graph), &drift, policy, sources, today);
    let findings = judge::judge(&case)?;
    let mut report = Report::facts(&drift, case.causes(), sources);
    report.tell_loosened(&drift, case.builds());
    report.headlines = headlines::of(&drift, &resolved.graph, policy);
    report.headlines.extend(headlines::of_systems(&drift));
    report.headlines.extend(headlines::of_images(&case.images().comparisons));
    report.images = case.images().comparisons.iter().map(report::ImageTable::of).collect();
    report.notes.extend(image_notes);
    report.unpinned = images::names(&resolved.graph)
        .into_iter()
        .filter(|image| !approved.contains(*image))
        .map(intern::text)
        .collect();
    report.notes.extend(images::unmatched(case.images(), &resolved.graph));
    report.notes.extend(case.judged().notes.iter().cloned());
    let unplaced = case.judged().unplaced.iter().cloned();
    for (place, note) in stacks::unknown_stages(&resolved.graph, policy).into_iter().chain(unplaced) {
        let Location { path, line, column, .. } = sources.locate(place);
        report.notes.push(format!("{path}:{line}:{column}: {note}"));
    }
    report.findings = findings;
    report.looked = judge::looked(&case);
    report.targets = rules::gpu::targets(policy);
    report.stacks = case.judged().stacks.clone();
    report.gate = Some(gate);
    Ok(finish(report, pinned, resolved))
}

/// Narrows what is pinned to what is pinned of one file, so that it is not held to all the rest: to its subjects, and in a BOM
/// that knows none to the packages that it has.
pub fn narrow(pinned: &mut Side, resolved: &Side) {
    let (path, file) = match pinned.graph.subjects() {
        [foreign] if foreign.is_foreign() && resolved.graph.subject(foreign.path).is_none() => {
            (foreign.path, foreign.place.file)
        }
        _ => return pinned.graph.retain(|path| resolved.graph.subject(path).is_some()),
    };
    let versions = |graph: &Graph| {
        let mut versions: BTreeMap<Text, BTreeSet<Text>> = BTreeMap::new();
        for purl in graph.components().map(|node| node.component.purl) {
            versions.entry(purl.key()).or_default().insert(purl.version());
        }
        versions
    };
    let (here, all) = (versions(&resolved.graph), versions(&pinned.graph));
    // The versions that the BOM has beside those of the file are other files', unless one of the file's is new.
    let is_of_it = |purl: &Purl| {
        let all = all.get(purl.key());
        let of_file = here.get(purl.key());
        of_file.is_some_and(|own| own.contains(purl.version()) || !all.is_some_and(|all| own.is_subset(all)))
    };
    let nothing = Inventory::new(&Source { file, path, text: "" }, "cyclonedx-json");
    pinned.graph = pinned.graph.accept(&Graph::join([nothing]), &BTreeMap::new(), &|_, purl| !is_of_it(purl));
}

/// Returns all subjects of a graph as one, where the other graph is a BOM that knows no subjects.
fn at_once(graph: &Graph, other: &Graph, sources: &Sources) -> Option<Graph> {
    match other.subjects() {
        [foreign] if foreign.is_foreign() && sources.path(foreign.place.file) == foreign.path => {
            Some(graph.as_one(foreign.path))
        }
        _ => None,
    }
}

/// Makes a problem of each submodule whose files are not there, and of which something is pinned: nothing was held to that.
fn hold_modules(pinned: &Side, resolved: &mut Side) {
    let mut counts: BTreeMap<Text, usize> = BTreeMap::new();
    for subject in pinned.graph.subjects() {
        resolved.absent_module(subject.path).into_iter().for_each(|module| *counts.entry(module).or_default() += 1);
    }
    for (path, count) in counts {
        let Some(why) = resolved.absent.remove(path) else { continue };
        let subjects = outputs::text::count(count, "pinned subject");
        let message = format!("{subjects} not looked at: {why}");
        resolved.problems.push(Problem::at(Location { path, line: 1, column: 1, end_line: 1, end_column: 1 }, message));
        resolved.unread.insert(path);
    }
}

/// Holds the pinned images to those that are at hand: one that is not is not gone. Returns what a reader should know.
fn hold_images(pinned: &mut Side, resolved: &Side) -> Vec<String> {
    let here: BTreeSet<String> = images::names(&resolved.graph).into_iter().map(str::to_owned).collect();
    let approved: BTreeSet<String> = images::names(&pinned.graph).into_iter().map(str::to_owned).collect();
    pinned.graph.retain(|path| images::image_of(path).is_none_or(|image| here.contains(image)));
    let absent = approved.difference(&here).map(|name| {
        format!("the pinned image {name} is not at hand and not compared; give it with --image {name}=FILE")
    });
    let new = here.difference(&approved).map(|name| {
        format!("the BOM pins no image {name}: it is held to its lockfiles alone; `driftgate pin --image {name}=FILE` pins it")
    });
    absent.chain(new).collect()
}

/// Compares two sides and judges nothing.
pub fn diff(mut old: Side, mut new: Side, sources: &Sources) -> Report {
    old.graph.retain(|path| !new.is_unread(path));
    new.graph.retain(|path| !old.is_unread(path));
    // One subject is compared with the only other as it is.
    let several = |graph: &Graph| graph.subjects().len() > 1;
    let old_as_one = at_once(&old.graph, &new.graph, sources).filter(|_| several(&old.graph));
    let new_as_one = at_once(&new.graph, &old.graph, sources).filter(|_| several(&new.graph));
    let drift = compare::drift(old_as_one.as_ref().unwrap_or(&old.graph), new_as_one.as_ref().unwrap_or(&new.graph));
    let mut report = Report::facts(&drift, &causes::of(&drift), sources);
    report.tell_loosened(&drift, &stacks::images(&new.graph, &Policy::default()));
    report.headlines = headlines::of(&drift, &new.graph, &Policy::default());
    report.headlines.extend(headlines::of_systems(&drift));
    // Two files that were given by name are compared, whatever they are called.
    if old.graph.subjects().len().max(new.graph.subjects().len()) > 1 {
        let moved = drift.subjects.iter().filter_map(compare::Pair::moved);
        for ((from, to), pairs) in compare::by_folder(moved) {
            report.notes.push(match pairs.as_slice() {
                [(old, new)] => format!("{} is compared with {}, which holds much the same", new.path, old.path),
                many => {
                    let folder = |path: &'static str| if path.is_empty() { "the root" } else { path };
                    let count = outputs::text::count(many.len(), "file");
                    format!(
                        "{count} of {} are compared with those of {}, which hold much the same",
                        folder(to),
                        folder(from)
                    )
                }
            });
        }
    }
    finish(report, old, new)
}

/// Reports what one side resolves to, and compares nothing.
pub fn inventory(side: Side) -> Report {
    finish(Report::default(), Side::default(), side)
}

fn finish(mut report: Report, old: Side, new: Side) -> Report {
    for side in [&old, &new] {
        report.notes.extend(side.notes.iter().cloned());
        report.notes.extend(side.notes_of_absent());
    }
    report.problems = old.problems;
    report.problems.extend(new.problems);
    report.problems.sort();
    report.problems.dedup();
    report.subjects = report::subjects(&new.graph);
    report.resolved = new.graph;
    report
}
