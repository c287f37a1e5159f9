//! The table of changes: under each cause what came with it, families as one row.

use super::{MOST, Page, SPARE, cell, cell_words, code, more, versions};
use crate::outputs::families::{self, Family};
use crate::outputs::text::{self, clip, count, number};
use crate::report::{CauseLine, ChangeLine};
use std::fmt::Write as _;

/// How many rows there are for what came with one cause.
const ROWS: usize = 15;

impl Page<'_> {
    /// Adds the table of changes, for a comparison that nobody judges.
    pub(super) fn changes(&mut self, all: bool) {
        let report = self.report;
        if report.changes.is_empty() {
            return;
        }
        let rows: Vec<(usize, [String; 5])> = if all || report.causes.is_empty() {
            report.changes.iter().map(|change| (1, row(change, change.subject))).collect()
        } else {
            report.causes.iter().flat_map(|cause| self.cause(cause)).collect()
        };
        self.text
            .push_str("\n| change | package | from → to | required | subject |\n| --- | --- | --- | --- | --- |\n");
        for (at, (_, row)) in rows.iter().enumerate() {
            if !self.fits(&format!("| {} |\n", row.join(" | ")), MOST - SPARE) {
                let left: usize = rows[at..].iter().map(|(changes, _)| *changes).sum();
                let _ = write!(self.text, "\n**{} in the full report.**\n", more(left));
                return;
            }
        }
    }

    /// Returns the rows of a cause, each with how many changes it stands for.
    fn cause(&self, cause: &CauseLine) -> Vec<(usize, [String; 5])> {
        let several = cause.subjects.len().max(1);
        let [changes, perhaps] = cause.first(self.report);
        let path = cause.subjects.first().copied().unwrap_or_default();
        let mut subject = cell(path);
        if several > 1 {
            let _ = write!(subject, " and {} more", number(several - 1));
        }
        let of = |change: &ChangeLine| (several, row_in(change, subject.clone()));
        let whole = |kind: &str, package: String, versions: String, required: &str| {
            (0, [kind.to_owned(), package, versions, required.to_owned(), subject.clone()])
        };
        let amount = count(changes.len(), "component");
        let mut rows = Vec::new();
        let mut with = changes.as_slice();
        let mut under = String::new();
        match cause.kind {
            "content" | "project" => return changes.iter().map(|change| of(change)).collect(),
            "direct" | "transitive" => {
                if let Some((lead, rest)) = changes.split_first() {
                    rows.push(of(lead));
                    under = cell(lead.name);
                    with = rest;
                }
            }
            "edges" => {
                let (name, version) = cause.lead.unwrap_or_default();
                under = cell(name);
                rows.push(whole("requires others", under.clone(), cell(version), ""));
            }
            "source" => {
                let (from, to) = cause.moved.unwrap_or_default();
                let row = whole("changed: source", amount, format!("{} → {}", cell(from), cell(to)), "");
                return vec![(changes.len() * several, row.1)];
            }
            "subject" => {
                let is_new = changes.iter().all(|change| change.from.is_none());
                rows.push(whole(if is_new { "new" } else { "gone" }, amount, String::new(), ""));
            }
            _ => rows.push(whole("refreshed", amount, String::new(), "nothing that requires them changed")),
        }
        for (changes, word) in [(with, "with"), (&perhaps, "perhaps with")] {
            let required = if under.is_empty() { String::new() } else { format!("{word} {under}") };
            let families = families::families(changes);
            let most = if families.len() > ROWS + 1 { ROWS } else { families.len() };
            for family in &families[..most] {
                rows.push((family.changes.len() * several, follower(family, &required, &subject)));
            }
            let left: usize = families[most..].iter().map(|family| family.changes.len()).sum();
            if left > 0 {
                let row = whole("", format!("↳ and {}", more(left)), String::new(), &required);
                rows.push((left * several, row.1));
            }
        }
        rows
    }
}

/// Returns the row of what came with a cause: a change, or a family.
fn follower(family: &Family<'_>, required: &str, subject: &str) -> [String; 5] {
    let first = family.changes[0];
    let [mut kind, _, mut versions, _, _] = row(first, "");
    let mut package = format!("↳ {}", cell(&family.pattern));
    if family.changes.len() > 1 {
        let _ = write!(package, " ({})", number(family.changes.len()));
        if families::step(&family.changes).is_none() {
            versions = String::new();
        }
        if family.changes.iter().any(|change| change.differences != first.differences) {
            kind = cell_words(first.kind);
        }
    }
    [kind, package, versions, required.to_owned(), subject.to_owned()]
}

fn row(change: &ChangeLine, subject: &str) -> [String; 5] {
    row_in(change, cell(subject))
}

fn row_in(change: &ChangeLine, subject: String) -> [String; 5] {
    let mut kind = cell_words(change.kind);
    let differences: Vec<String> = text::differences(change).collect();
    if !differences.is_empty() {
        let _ = write!(kind, ": {}", cell_words(&differences.join("; ")));
    }
    let via = text::via(change);
    let via = if change.direct || via.is_empty() { via } else { code(&clip(&via.replace('|', r"\u{7c}"), 120)) };
    [kind, cell(change.name), versions(change), via, subject]
}
