//! What changed, a subject at a time and what has one cause together: the screen of `diff`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::AnsiColor;
use anyhow::Result;

use super::Screen;
use crate::intern::Text;
use crate::outputs::families::{self, Family};
use crate::outputs::text::{self, clip, count, number};
use crate::report::{CauseLine, ChangeLine};

/// How many lines there are for what came with a change, and what a refresh moved, unless all is shown.
const LINES: usize = 12;

/// How many subjects are named that have the same changes.
const SUBJECTS: usize = 3;

impl Screen<'_> {
    /// Lists the changes by subject, each under what caused it; all of them a line each where that is asked for.
    pub(super) fn changes(&mut self) -> Result<()> {
        if self.style.verbose || self.style.all || self.report.causes.is_empty() {
            return self.all_changes();
        }
        let report = self.report;
        for causes in report.causes.chunk_by(|a, b| a.subjects == b.subjects) {
            let subjects = &causes[0].subjects;
            let mut names: Vec<String> =
                subjects.iter().take(SUBJECTS).map(|path| clip(path, 400).into_owned()).collect();
            if subjects.len() > SUBJECTS {
                names.push(format!("and {} more", number(subjects.len() - SUBJECTS)));
            }
            writeln!(self.to, "{}", self.bold(&names.join(", ")))?;
            // What stands alone, and may be one of a family that took the same step.
            let mut alone: Vec<&ChangeLine> = Vec::new();
            for cause in causes {
                let [changes, perhaps] = cause.first(report);
                if cause.is_by_itself() {
                    alone.extend(changes);
                } else {
                    self.cause(cause, &changes, &perhaps)?;
                }
            }
            for family in families::families(&alone) {
                match families::step(&family.changes).filter(|_| family.changes.len() > 1) {
                    Some(step) => self.family(&family, step, "  ")?,
                    None => family.changes.iter().try_for_each(|change| self.change(change, "  "))?,
                }
            }
            writeln!(self.to)?;
        }
        Ok(())
    }

    fn all_changes(&mut self) -> Result<()> {
        let mut subjects: BTreeMap<Text, Vec<&ChangeLine>> = BTreeMap::new();
        self.report.changes.iter().for_each(|change| subjects.entry(change.subject).or_default().push(change));
        for (path, changes) in subjects {
            writeln!(self.to, "{}", self.bold(&clip(path, 400)))?;
            changes.iter().try_for_each(|change| self.change(change, "  "))?;
            writeln!(self.to)?;
        }
        Ok(())
    }

    /// Shows a cause with what came with it.
    fn cause(&mut self, cause: &CauseLine, changes: &[&ChangeLine], perhaps: &[&ChangeLine]) -> Result<()> {
        let amount = count(changes.len(), "component");
        let mut rest = changes;
        match cause.kind {
            "direct" | "transitive" => {
                if let Some((lead, with)) = changes.split_first() {
                    self.change(lead, "  ")?;
                    rest = with;
                }
            }
            "edges" => {
                let (name, version) = cause.lead.unwrap_or_default();
                let (name, version) = (clip(name, 200), clip(version, 100));
                writeln!(self.to, "  = {name} {version} is the same, and requires other components than it did")?;
            }
            "source" => {
                let (from, to) = cause.moved.unwrap_or_default();
                let (from, to) = (clip(from, 200), clip(to, 200));
                writeln!(self.to, "  {} {amount} from another source: {from} → {to}", self.mark("changed"))?;
                rest = &[];
            }
            "subject" => {
                let is_new = changes.iter().all(|change| change.from.is_none());
                let (kind, what) = if is_new { ("added", "new") } else { ("removed", "gone") };
                writeln!(self.to, "  {} {what}, with {amount}", self.mark(kind))?;
            }
            _ => {
                let why = "the lockfile was refreshed, or a version is overridden";
                writeln!(self.to, "  {amount} moved though nothing that requires them did: {why}")?
            }
        }
        self.with(rest)?;
        if !perhaps.is_empty() {
            writeln!(self.to, "    perhaps with it; the lockfile does not say which versions it asks for:")?;
            self.with(perhaps)?;
        }
        Ok(())
    }

    /// Shows what came with a cause, families as one.
    fn with(&mut self, changes: &[&ChangeLine]) -> Result<()> {
        let families = families::families(changes);
        let most = if families.len() > LINES + 1 { LINES } else { families.len() };
        for family in &families[..most] {
            match family.changes.as_slice() {
                [one] => {
                    let (mark, line) = (self.mark(one.kind), line_of(one, &between(one)));
                    writeln!(self.to, "      {mark} {line}")?;
                }
                several => self.family(family, several[0], "      ")?,
            }
        }
        let left: usize = families[most..].iter().map(|family| family.changes.len()).sum();
        if left > 0 {
            writeln!(self.to, "      and {} more; --all shows each", number(left))?;
        }
        Ok(())
    }

    fn change(&mut self, change: &ChangeLine, indent: &str) -> Result<()> {
        Ok(writeln!(self.to, "{indent}{} {}", self.mark(change.kind), change_line(change))?)
    }

    /// Shows a family in a line; with its step, where all took the same.
    fn family(&mut self, family: &Family<'_>, first: &ChangeLine, indent: &str) -> Result<()> {
        let step = families::step(&family.changes).map(text::versions).unwrap_or_default();
        let mut about = vec![count(family.changes.len(), "component")];
        about.extend(text::step(first).filter(|_| !step.is_empty()).map(str::to_owned));
        if family.changes.iter().all(|change| change.direct) {
            about.push("direct".to_owned());
        }
        let (mark, pattern) = (self.mark(first.kind), clip(&family.pattern, 200));
        Ok(writeln!(self.to, "{indent}{mark} {pattern}{step} ({})", about.join(", "))?)
    }

    fn mark(&self, kind: &str) -> String {
        let (mark, color) = match kind {
            "added" => ("+", AnsiColor::Green),
            "removed" => ("-", AnsiColor::Red),
            "upgraded" => ("~", AnsiColor::Cyan),
            "downgraded" => ("↓", AnsiColor::Yellow),
            _ => ("!", AnsiColor::Magenta),
        };
        self.colored(color.on_default(), mark)
    }
}

/// Returns who requires what came with a cause, where that is not the cause itself: `via glob`.
fn between(change: &ChangeLine) -> String {
    let names = change.introduced_by.first().and_then(|way| way.get(2..way.len().saturating_sub(1)));
    names.and_then(|names| names.last()).map_or(String::new(), |name| format!("via {}", clip(name, 120)))
}

/// Returns a change in a line, less its mark: `urllib3 2.2.1 → 2.5.0 (minor, via requests)`.
fn change_line(change: &ChangeLine) -> String {
    line_of(change, &text::via(change))
}

fn line_of(change: &ChangeLine, via: &str) -> String {
    let mut line = clip(change.name, 200).into_owned();
    line.push_str(&text::versions(change));
    let mut about: Vec<String> = text::step(change).map(str::to_owned).into_iter().collect();
    about.extend(text::differences(change));
    about.extend(change.scope.filter(|scope| *scope != "runtime").map(|scope| clip(scope, 40).into_owned()));
    about.push(via.to_owned());
    about.retain(|part| !part.is_empty());
    if !about.is_empty() {
        let _ = write!(line, " ({})", about.join(", "));
    }
    line
}
