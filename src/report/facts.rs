//! A comparison's facts as the report has them.

use std::collections::BTreeMap;

use super::differences::{self, Difference, Pins};
use super::{CauseLine, ChangeLine, EdgeLine, Report};
use crate::causes::{self, Cause};
use crate::compare::{self, Change, Drift, Pair};
use crate::graph::{Subject, Ways};
use crate::intern::Text;
use crate::model::{Says, Scope};
use crate::rules::container;
use crate::source::{Location, Sources};
use crate::stacks::Image;

impl Report {
    /// Says of what a build installed at an exact version and installs at none now that it lost its pin.
    pub fn tell_loosened(&mut self, drift: &Drift<'_>, builds: &[Image<'_>]) {
        let mut told: BTreeMap<(Text, Text), Difference> = BTreeMap::new();
        for pair in &drift.subjects {
            for container::Loosened { change, how, .. } in container::loosened(builds, pair) {
                let purl = change.either().component.purl.as_str();
                told.extend(differences::loosened(&change, &how).map(|difference| ((pair.path(), purl), difference)));
            }
        }
        if told.is_empty() {
            return;
        }
        for line in &mut self.changes {
            line.differences.extend(told.remove(&(line.subject, line.purl)));
        }
    }

    /// Returns a report of a comparison's facts: changes, what caused them ([`causes::of`] the same comparison), edges, and
    /// what was not compared.
    pub fn facts(drift: &Drift<'_>, of_each: &[Vec<Cause<'_>>], sources: &Sources) -> Self {
        let mut report = Report::default();
        let mut causes = Causes::default();
        for (pair, causes_of_it) in drift.subjects.iter().zip(of_each) {
            let subject = pair.path();
            // By place, so that each file is opened once for its lines.
            let mut changes: Vec<(usize, &Change<'_>)> = pair.changes.iter().enumerate().collect();
            changes.sort_by_key(|(_, change)| (change.old.map(|old| old.place()), change.new.map(|new| new.place())));
            let old: Vec<Option<Location>> =
                changes.iter().map(|(_, change)| change.old.map(|old| sources.locate(old.place()))).collect();
            let mut ways = (pair.old.map(Ways::new), pair.new.map(Ways::new));
            let pins = Pins::of(pair);
            let lines = changes.iter().zip(old).map(|((number, change), old)| {
                let mut line = line(change, old, &mut ways, sources);
                line.subject = subject;
                line.differences.extend(pins.difference(change));
                (*number, line)
            });
            let mut lines: Vec<(usize, ChangeLine)> = lines.collect();
            lines.sort_by(|(_, a), (_, b)| (a.purl, a.from, a.to).cmp(&(b.purl, b.from, b.to)));
            let from = report.changes.len();
            let mut place = vec![0; lines.len()];
            lines.iter().enumerate().for_each(|(at, (number, _))| place[*number] = from + at);
            report.changes.extend(lines.into_iter().map(|(_, line)| line));
            causes.add(pair, causes_of_it, &place, &report.changes);
            report.edges.extend(pair.edges.iter().map(|edge| EdgeLine {
                kind: if edge.gained { "gained" } else { "lost" },
                subject,
                from: edge.link.from.map_or(subject, |from| from.component.purl.as_str()),
                to: edge.link.to.component.purl.as_str(),
            }));
            if let (Some(old), Some(new)) = (pair.old, pair.new) {
                report.notes.extend(unsaid(subject, old, new));
            }
        }
        report.causes = causes.lines();
        report
    }
}

/// The causes of all subjects.
#[derive(Default)]
struct Causes {
    lines: Vec<CauseLine>,
    known: BTreeMap<Likeness, usize>,
}

impl Causes {
    /// Adds those of a subject; `place` has the number in the report of each of its changes.
    fn add(&mut self, pair: &Pair<'_>, causes: &[Cause<'_>], place: &[usize], changes: &[ChangeLine]) {
        let path = pair.path();
        for Cause { kind, lead, changes: numbers, perhaps } in causes {
            let placed = |numbers: &[usize]| numbers.iter().map(|number| place[*number]).collect::<Vec<_>>();
            let (numbers, perhaps) = (placed(numbers), placed(perhaps));
            let like = numbers.iter().chain(&perhaps).map(|at| &changes[*at]).map(alike);
            let purl = lead.map(|lead| lead.component.purl.as_str());
            let at = *self.known.entry((kind.name(), purl, numbers.len(), like.collect())).or_insert_with(|| {
                let moved = if let causes::Kind::Source(moved) = kind { Some(*moved) } else { None };
                let lead = lead.map(|lead| (lead.component.name(), lead.component.version()));
                self.lines.push(CauseLine { kind: kind.name(), purl, lead, moved, ..CauseLine::default() });
                self.lines.len() - 1
            });
            self.lines[at].subjects.push(path);
            self.lines[at].changes.extend(numbers);
            self.lines[at].perhaps.extend(perhaps);
        }
    }

    /// Returns them, those of the same subjects together.
    fn lines(self) -> Vec<CauseLine> {
        let mut lines = self.lines;
        lines.sort_by(|a, b| a.subjects.cmp(&b.subjects));
        lines
    }
}

/// What is the same of a cause in whatever subject: its kind, what stands for it, how many of its changes are certain, and
/// its changes less their places and ways.
type Likeness = (Text, Option<Text>, usize, Vec<Alike>);

/// What is the same of a change in whatever subject.
type Alike = (Text, Text, Option<Text>, Option<Text>, bool, Option<Text>, Vec<Text>, Vec<Difference>);

fn alike(change: &ChangeLine) -> Alike {
    let ChangeLine { kind, purl, from, to, direct, scope, ref what, ref differences, .. } = *change;
    (kind, purl, from, to, direct, scope, what.clone(), differences.clone())
}

fn line<'g>(
    change: &Change<'g>,
    old: Option<Location>,
    ways: &mut (Option<Ways<'g>>, Option<Ways<'g>>),
    sources: &Sources,
) -> ChangeLine {
    let either = change.either();
    let component = either.component;
    let ways = if change.new.is_some() { &mut ways.1 } else { &mut ways.0 };
    ChangeLine {
        kind: change.kind.name(),
        purl: component.purl.as_str(),
        name: component.name(),
        ecosystem: component.purl.ty(),
        subject: either.subject.path,
        from: change.old.map(|old| old.component.version()),
        to: change.new.map(|new| new.component.version()),
        direct: either.is_direct(),
        scope: either.scope().map(Scope::name),
        what: change.what.iter().map(|what| what.name()).collect(),
        differences: differences::of(change),
        introduced_by: ways.as_mut().map(|ways| ways.to(either)).unwrap_or_default(),
        old,
        new: change.new.map(|new| sources.locate(new.place())),
    }
}

/// Says what one side does not carry, so that it was not compared.
fn unsaid(path: Text, old: &Subject, new: &Subject) -> Option<String> {
    type Fact = (Text, fn(&Says) -> bool);
    const FACTS: [Fact; 6] = [
        ("requirements", |says| says.edges),
        ("scopes", |says| says.scopes),
        ("environments", |says| says.environments),
        ("digests", |says| says.integrity),
        ("sources", |says| says.origin),
        ("licences", |says| says.licence),
    ];
    let missing = FACTS.iter().filter_map(|(name, is_said)| match (is_said(&old.says), is_said(&new.says)) {
        // What neither side says is no news, and licences are rarely in a lockfile.
        (false, false) => None,
        (true, true) => {
            // Beside a BOM that knows no subjects stand all at once, and some of them may be silent.
            let silent = |side: &Subject| side.components().filter(|node| !is_said(&node.says())).count();
            let count = if old.says.whole == new.says.whole { 0 } else { silent(old).max(silent(new)) };
            let s = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{name} of {count} component{s}"))
        }
        _ => Some((*name).to_owned()),
    });
    let mut missing: Vec<String> = missing.collect();
    if compare::are_unsaid(old, new) {
        missing.push("registries".to_owned());
    }
    (!missing.is_empty()).then(|| format!("{path}: not compared, since one side does not say: {}", missing.join(", ")))
}
