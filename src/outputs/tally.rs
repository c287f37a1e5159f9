//! A report in numbers, counted once for all outputs.

use std::collections::BTreeMap;

use super::text::{self, count};
use crate::intern::Text;
use crate::report::{Finding, Level, Report};

/// How many of each there are.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Findings that the policy denies.
    pub errors: usize,
    /// Findings that it warns of.
    pub warnings: usize,
    /// Findings that a waiver lets through.
    pub waived: usize,
    /// Subjects looked at.
    pub subjects: usize,
    /// Components in them.
    pub components: usize,
    /// Changes by kind, in the order of the design page.
    pub kinds: Vec<(Text, usize)>,
}

const KINDS: [Text; 5] = ["added", "removed", "upgraded", "downgraded", "changed"];

impl Tally {
    /// Counts a report.
    pub fn of(report: &Report) -> Self {
        let mut tally = Tally {
            subjects: report.subjects.len(),
            components: report.subjects.iter().map(|subject| subject.components).sum(),
            ..Tally::default()
        };
        report.findings.iter().for_each(|finding| tally.add(finding));
        let mut kinds: BTreeMap<Text, usize> = KINDS.map(|kind| (kind, 0)).into();
        report.changes.iter().for_each(|change| *kinds.entry(change.kind).or_default() += 1);
        tally.kinds = KINDS.iter().filter_map(|kind| Some((*kind, kinds.remove(kind)?))).collect();
        tally.kinds.extend(kinds);
        tally
    }

    fn add(&mut self, finding: &Finding) {
        match finding {
            Finding { waived: Some(_), .. } => self.waived += 1,
            Finding { level: Level::Deny, .. } => self.errors += 1,
            _ => self.warnings += 1,
        }
    }

    /// Counts the findings of each subject, in the order of the first finding of each.
    pub fn by_subject(report: &Report) -> Vec<(Text, Tally)> {
        let mut places = BTreeMap::new();
        let mut tallies: Vec<(Text, Tally)> = Vec::new();
        for finding in &report.findings {
            let subject = finding.listed_under();
            let place = *places.entry(subject).or_insert(tallies.len());
            if place == tallies.len() {
                tallies.push((subject, Tally::default()));
            }
            tallies[place].1.add(finding);
        }
        tallies
    }

    /// Returns how many findings count.
    pub fn findings(&self) -> usize {
        self.errors + self.warnings
    }

    /// Returns the findings in words: `2 errors, 1 warning`; `no findings`.
    pub fn verdict(&self) -> String {
        let parts = [(self.errors, "error"), (self.warnings, "warning")];
        list(parts.iter().filter(|(amount, _)| *amount > 0).map(|(amount, thing)| count(*amount, thing)), "no findings")
    }

    /// Returns the changes in words: `3 added, 1 upgraded`; `no changes`.
    pub fn changes(&self) -> String {
        let kinds = self.kinds.iter().filter(|(_, amount)| *amount > 0);
        list(kinds.map(|(kind, amount)| format!("{} {}", text::number(*amount), text::plain(kind))), "no changes")
    }

    /// Returns what was looked at in words: `3 subjects, 1,204 components`.
    pub fn extent(&self) -> String {
        format!("{}, {}", count(self.subjects, "subject"), count(self.components, "component"))
    }
}

fn list(parts: impl Iterator<Item = String>, none: &str) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
}
