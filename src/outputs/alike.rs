//! What is found in several subjects in the same words: told once.

use std::collections::{BTreeMap, HashMap};

use super::caused::caused;
use super::text::{self, clip, number};
use crate::intern::Text;
use crate::report::{ChangeLine, Finding, Level, Report};

/// Findings of several subjects that say the same.
pub struct Told<'r> {
    /// The first of them.
    pub first: &'r Finding,
    /// The others, in the order of the report.
    pub others: Vec<&'r Finding>,
}

/// What is the same of findings that are told once: rule, level, package with both versions, words less the subject's path,
/// the argument, and what they brought about.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'r> {
    rule: Text,
    level: Level,
    purl: Text,
    from: Option<Text>,
    cause: Option<Text>,
    message: String,
    notes: &'r [String],
    caused: Vec<(Text, Option<Text>)>,
    /// Whether it is told under what brought it about.
    is_under: bool,
}

/// How many of the other places are named.
const PLACES: usize = 3;

impl Told<'_> {
    /// Says where else it is so; none where it is not.
    pub fn also(&self) -> Option<String> {
        let places: Vec<String> =
            self.others.iter().take(PLACES).map(|other| clip(&text::at(&other.location), 200).into_owned()).collect();
        let mut said = match self.others.len() {
            0 => return None,
            amount => format!("the same in {} more: {}", number(amount), places.join(", ")),
        };
        if self.others.len() > PLACES {
            said.push_str(", …");
        }
        Some(said)
    }

    /// Returns how many findings it stands for.
    pub fn amount(&self) -> usize {
        1 + self.others.len()
    }
}

/// Returns the findings that no waiver lets through, those of several subjects that say the same together, in the order of
/// the first of each.
pub fn told(report: &Report) -> Vec<Told<'_>> {
    let changes: HashMap<(Text, Text), &ChangeLine> =
        report.changes.iter().map(|change| ((change.subject, change.purl), change)).collect();
    let caused = caused(report);
    let mut known: HashMap<Likeness<'_>, usize> = HashMap::new();
    let mut told: Vec<Told<'_>> = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.waived.is_none()) {
        let alone = Told { first: finding, others: Vec::new() };
        let Some(likeness) = likeness(finding, &changes, &caused) else {
            told.push(alone);
            continue;
        };
        match known.get(&likeness) {
            // Of one subject each stands for itself.
            Some(&at) if told[at].first.subject != finding.subject => told[at].others.push(finding),
            Some(_) => told.push(alone),
            None => {
                known.insert(likeness, told.len());
                told.push(alone);
            }
        }
    }
    told
}

/// Returns the findings that no waiver lets through, each by itself.
pub fn each(report: &Report) -> Vec<Told<'_>> {
    let counting = report.findings.iter().filter(|finding| finding.waived.is_none());
    counting.map(|first| Told { first, others: Vec::new() }).collect()
}

/// Returns what a finding has in common with its like; none where it is about no package of a subject.
fn likeness<'r>(
    finding: &'r Finding,
    changes: &HashMap<(Text, Text), &ChangeLine>,
    caused: &BTreeMap<(Text, Text), Vec<&Finding>>,
) -> Option<Likeness<'r>> {
    let purl = finding.purl.filter(|_| !finding.subject.is_empty())?;
    let key = (finding.subject, purl);
    let own = caused.get(&key).filter(|_| finding.cause.is_none());
    let mut brought: Vec<_> = own.into_iter().flatten().map(|other| (other.rule, other.purl)).collect();
    brought.sort_unstable();
    Some(Likeness {
        rule: finding.rule,
        level: finding.level,
        purl,
        from: changes.get(&key).and_then(|change| change.from),
        cause: finding.cause,
        message: finding.message.replace(finding.subject, "\u{1f}"),
        notes: &finding.notes,
        caused: brought,
        is_under: finding.cause.is_some_and(|cause| caused.contains_key(&(finding.subject, cause))),
    })
}
