//! `driftgate pin`: accepts what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};

use super::files::write;
use super::init::SCHEMA;
use super::input::{Files, Images, Work, read_bytes};
use super::options::{Outputs, timestamp, within};
use super::{Outcome, tell};
use crate::bom;
use crate::causes;
use crate::compare;
use crate::discover;
use crate::graph::Graph;
use crate::images;
use crate::intern::Text;
use crate::model::{Component, Origin, Pattern, Purl};
use crate::outputs::text;
use crate::report::Report;
use crate::schemas;
use crate::source::Sources;
use crate::stacks;
use crate::suggest;
use crate::{Side, diff, inventory};

/// Accept what is there into the pinned BOM: all of it, or single components
///
/// Refuses when a file could not be read whole, or when the BOM would say less than the files.
#[derive(Args)]
pub struct Pin {
    /// The folder (or lockfile, or git revision) to pin.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: String,
    /// Accept only components that this purl or name means (`pkg:pypi/torch`, `pkg:npm/@scope/*`), and what `check` shows
    /// under their step as `with it`. Repeatable.
    #[arg(long, value_name = "PURL")]
    only: Vec<String>,
    /// With --only: nothing but what it names.
    #[arg(long, requires = "only")]
    alone: bool,
    /// The pinned BOM; by the policy `bom.cdx.json` beside it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    bom: Option<PathBuf>,
    /// Show what would be accepted, and write nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

impl Pin {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the tree can't be read whole, or the BOM can't be written.
    pub fn run(self) -> Result<Outcome> {
        self.outputs.chosen("terminal")?;
        let patterns: Vec<Pattern> =
            self.only.iter().map(|text| Pattern::parse(text).context("--only")).collect::<Result<_>>()?;
        let sources = Sources::default();
        let work = Work::open(&self.path, &self.files, self.bom.as_deref(), &sources)?;
        let work = work.telling(self.outputs.verbose);
        let mut resolved = work.read(&self.files)?;
        self.images.add_to(&mut resolved, None, &work, &self.files)?;
        tell(&resolved);
        refuse(&resolved)?;
        resolved.notes.iter().chain(&resolved.notes_of_absent()).for_each(|note| self.outputs.say(note));
        if resolved.graph.subjects().is_empty() {
            bail!(
                "nothing here has a format that driftgate reads, so there is nothing to pin; `driftgate list formats` names them"
            );
        }
        let before = fs::read(&work.bom).ok();
        let is_torn =
            before.as_ref().is_some_and(|bytes| discover::conflict(&String::from_utf8_lossy(bytes)).is_some());
        let is_whole = patterns.is_empty() && !work.is_file();
        if is_torn && is_whole {
            self.outputs.say(&format!(
                "{} has a merge conflict in it: what it pinned is not known, and it is written anew",
                shown(&work.bom)
            ));
        } else if is_torn {
            bail!("{} has a merge conflict in it: `driftgate pin` of the whole tree writes it anew", shown(&work.bom));
        }
        let is_new = !work.bom.exists() || is_torn;
        let pinned = if !is_new || !patterns.is_empty() { work.pinned()?.graph } else { Graph::default() };
        let accepted = if patterns.is_empty() && work.is_file() {
            let mut accepted = if is_new { Graph::default() } else { work.pinned()?.graph };
            accepted.replace(resolved.graph);
            accepted
        } else if patterns.is_empty() {
            // An image that is not at hand stays as it is pinned, while there is something that it goes with; so does what
            // is in a submodule that is not at hand.
            let here = images::names(&resolved.graph);
            let mut accepted = if is_new { Graph::default() } else { work.pinned()?.graph };
            let absent = images::names(&accepted).into_iter().filter(|image| !here.contains(image));
            let (kept, gone): (BTreeSet<String>, BTreeSet<String>) =
                absent.map(str::to_owned).partition(|image| stacks::is_named(&resolved.graph, image));
            for image in gone {
                self.outputs.say(&format!("the image {image} is no longer pinned: the tree has nothing there"));
            }
            accepted.retain(|path| match images::image_of(path) {
                Some(image) => kept.contains(image),
                None => resolved.absent_module(path).is_some(),
            });
            accepted.replace(resolved.graph);
            accepted
        } else {
            let chosen = |purl: &crate::model::Purl| patterns.iter().any(|pattern| pattern.matches(purl));
            let known = |graph: &Graph| graph.components().any(|node| chosen(&node.component.purl));
            if !known(&pinned) && !known(&resolved.graph) {
                let names = || resolved.graph.components().chain(pinned.components()).map(|node| node.component.name());
                let hints = self.only.iter().map(|only| suggest::package(only, names()));
                bail!("nothing here or in the BOM is called {}{}", self.only.join(" or "), hints.collect::<String>());
            }
            let came = if self.alone { BTreeSet::new() } else { came_with(&pinned, &resolved.graph, &chosen) };
            let moves = compare::moves(&pinned, &resolved.graph);
            let moved = moves.into_iter().map(|(old, new)| (old.path, new.path)).collect();
            pinned.accept(&resolved.graph, &moved, &|path, purl| chosen(purl) || came.contains(&(path, purl.as_str())))
        };
        let bytes = document(&accepted)?;
        let anew = if is_new { Vec::new() } else { anew(&pinned, &accepted) };
        let is_same = before.is_some_and(|before| before == bytes);
        let bom = work.bom;
        let schema = work.input.folder.map(|folder| within(&folder, SCHEMA));
        let accepted = Side { graph: accepted, ..Side::default() };
        let mut report = match is_new {
            true => inventory(accepted),
            false => diff(Side { graph: pinned, ..Side::default() }, accepted, &sources),
        };
        report.sources = sources;
        if !is_new {
            self.outputs.write(&mut report, "terminal")?;
        }
        let taken = match (is_new, is_same) {
            (true, _) => None,
            (false, true) => Some("no change".to_owned()),
            (false, false) => Some(taken(&report, &anew)),
        };
        if self.dry_run {
            let what = taken.unwrap_or_else(|| count(&report).unwrap_or_else(|| held(&report)));
            self.outputs.say(&format!("{} would take in {what}", shown(&bom)));
            return Ok(Outcome::Clean);
        }
        write(&bom, &bytes)?;
        self.outputs.say(&summary(&bom, &report, taken.as_deref()));
        if let Some(schema) = schema.filter(|schema| is_of_another_version(schema)) {
            let schema = schema.display();
            self.outputs.say(&format!(
                "{schema} is of another version of driftgate; `driftgate schema policy -o {schema}` writes it anew"
            ));
        }
        Ok(Outcome::Clean)
    }
}

/// Says whether a schema of the policy is there that this driftgate would not write.
fn is_of_another_version(schema: &Path) -> bool {
    schema.is_file() && fs::read(schema).is_ok_and(|there| there != schemas::policy().as_bytes())
}

/// Returns what came with the steps of chosen components, perhaps or for certain, as `check` shows it under their findings:
/// subjects and purls, of both sides. Without it, what is left would seem to have moved by itself.
fn came_with(pinned: &Graph, resolved: &Graph, chosen: &dyn Fn(&Purl) -> bool) -> BTreeSet<(Text, Text)> {
    let drift = compare::drift_by_path(pinned, resolved);
    let mut came = BTreeSet::new();
    for (pair, causes) in drift.subjects.iter().zip(causes::of(&drift)) {
        let Some(subject) = pair.old else { continue };
        for cause in causes {
            if !cause.lead.is_some_and(|lead| chosen(&lead.component.purl)) {
                continue;
            }
            let changes = cause.changes.iter().chain(&cause.perhaps).map(|at| &pair.changes[*at]);
            let sides = changes.flat_map(|change| change.old.into_iter().chain(change.new));
            came.extend(sides.map(|side| (subject.path, side.component.purl.as_str())));
        }
    }
    came
}

/// Counts what a BOM did not say of components that it pins, and now does, by its name.
fn anew(pinned: &Graph, accepted: &Graph) -> Vec<(usize, &'static str)> {
    let (mut sources, mut digests, mut licences, mut requirements) = (0, 0, 0, 0);
    for new in accepted.subjects() {
        let Some(old) = pinned.subject(new.path) else { continue };
        let known: BTreeMap<(Text, Text), &Component> =
            old.components().map(|node| ((node.component.purl.as_str(), node.copy()), node.component)).collect();
        for node in new.components() {
            let component = node.component;
            let Some(before) = known.get(&(component.purl.as_str(), node.copy())) else { continue };
            sources += usize::from(before.origin == Origin::Unknown && component.origin != Origin::Unknown);
            digests += component.digests.iter().filter(|digest| !before.digests.contains(digest)).count();
            licences += usize::from(before.licence.is_empty() && !component.licence.is_empty());
        }
        if !old.says.edges && new.says.edges {
            requirements += new.edge_count();
        }
    }
    let counts = [(sources, "source"), (digests, "digest"), (licences, "licence"), (requirements, "requirement")];
    counts.into_iter().filter(|(count, _)| *count > 0).collect()
}

/// Says what a BOM takes in that is not the same as before.
fn taken(report: &Report, anew: &[(usize, &str)]) -> String {
    let anew: Vec<String> = anew.iter().map(|(amount, what)| text::count(*amount, what)).collect();
    match (count(report), anew.is_empty()) {
        (Some(changes), true) => changes,
        (Some(changes), false) => format!("{changes}; and what it did not say: {}", anew.join(", ")),
        (None, false) => format!("no other component, and what it did not say: {}", anew.join(", ")),
        (None, true) => "no other component; who requires what, or how it is written, is not as it was".to_owned(),
    }
}

/// Refuses to pin what could not be read whole.
///
/// # Errors
/// Names every file that could not.
pub fn refuse(resolved: &Side) -> Result<()> {
    if resolved.problems.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = resolved.problems.iter().map(ToString::to_string).collect();
    bail!("{}\nnothing was pinned: a BOM of what was not read whole would approve what nobody saw", lines.join("\n"));
}

/// Writes a BOM, reads it back, and makes sure that it says all that the graph does.
///
/// # Errors
/// Where it would be poorer than its source, or no valid CycloneDX.
pub fn document(graph: &Graph) -> Result<Vec<u8>> {
    let bytes = bom::write(graph, &bom::Options { timestamp: timestamp()?, about: None, validate: true })?;
    let sources = Sources::default();
    let back = read_bytes(&sources, "bom.cdx.json", bytes.clone()).context("reading back the BOM just made")?;
    if let Some(problem) = back.problems.first() {
        bail!("the BOM just made can't be read back whole; this is a bug in driftgate: {problem}");
    }
    let drift = compare::drift_by_path(graph, &back.graph);
    let counts = |graph: &Graph| -> (usize, usize) {
        let subjects = graph.subjects();
        (subjects.iter().map(|s| s.component_count()).sum(), subjects.iter().map(|s| s.edge_count()).sum())
    };
    let lost = drift.subjects.iter().find_map(|pair| {
        let subject = pair.old.or(pair.new)?;
        let change = pair.changes.first().map(|change| change.either().component.purl.to_string());
        let edge = pair.edges.first().map(|edge| edge.link.to.component.purl.to_string());
        change.or(edge).map(|what| format!("{what} in {}", subject.path))
    });
    if let Some(lost) = lost {
        bail!("the BOM would say other than its source of {lost}; this is a bug in driftgate, nothing was written");
    }
    if counts(graph).0 != counts(&back.graph).0 {
        bail!("the BOM would hold other components than its source; this is a bug in driftgate, nothing was written");
    }
    Ok(bytes)
}

fn shown(bom: &Path) -> String {
    let shown = bom.display().to_string();
    shown.strip_prefix("./").map_or(shown.clone(), str::to_owned)
}

/// Counts the changes of components by their kind; none without any.
fn count(report: &Report) -> Option<String> {
    let of = |kind: &str| report.changes.iter().filter(|change| change.kind == kind).count();
    let parts: Vec<String> = ["added", "removed", "upgraded", "downgraded", "changed"]
        .into_iter()
        .filter(|kind| of(kind) > 0)
        .map(|kind| format!("{} {kind}", of(kind)))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Says how much a report is of.
fn held(report: &Report) -> String {
    let components: usize = report.subjects.iter().map(|subject| subject.components).sum();
    format!("{} of {}", text::count(components, "component"), text::count(report.subjects.len(), "subject"))
}

/// Says what was pinned, and what of it is not as it was; none where there was nothing to compare with.
fn summary(bom: &Path, report: &Report, taken: Option<&str>) -> String {
    let taken = taken.map(|taken| format!(": {taken}")).unwrap_or_default();
    format!("{} now pins {}{taken}", shown(bom), held(report))
}
