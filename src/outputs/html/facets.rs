//! By what findings and changes are filtered.

use std::collections::BTreeMap;

use super::markup::Markup;
use crate::intern::Text;
use crate::outputs::text::clip;
use crate::report::{ChangeLine, Finding, Level, Report};

/// What there is to filter by. Values are told by their numbers, so that no name has to be compared in the page.
pub struct Facets {
    ecosystems: BTreeMap<Text, usize>,
    scopes: BTreeMap<Text, usize>,
    subjects: BTreeMap<Text, usize>,
    kinds: BTreeMap<Text, usize>,
    /// The changes, by subject and purl: what is found of a component has its kind and scope.
    changes: BTreeMap<(Text, Text), (Text, Option<Text>)>,
}

/// What something is filtered by, as attributes.
pub struct Facet {
    ecosystem: String,
    scope: String,
    kind: String,
}

impl Facet {
    /// Returns the attributes.
    pub fn attributes(&self) -> [(&'static str, &str); 3] {
        [("data-ecosystem", &self.ecosystem), ("data-scope", &self.scope), ("data-kind", &self.kind)]
    }
}

impl Facets {
    /// Returns what a report can be filtered by.
    pub fn of(report: &Report) -> Self {
        let counting = || report.findings.iter();
        let ecosystems = report.changes.iter().map(|change| change.ecosystem);
        let found = counting().filter_map(|finding| Some(ecosystem(finding.purl?)));
        let subjects = report.changes.iter().map(|change| change.subject);
        let change = |change: &ChangeLine| ((change.subject, change.purl), (change.kind, change.scope));
        Facets {
            ecosystems: numbered(ecosystems.chain(found)),
            scopes: numbered(report.changes.iter().filter_map(|change| change.scope)),
            subjects: numbered(subjects.chain(counting().map(Finding::listed_under))),
            kinds: numbered(report.changes.iter().map(|change| change.kind)),
            changes: report.changes.iter().map(change).collect(),
        }
    }

    /// Returns what a change is filtered by; its subject is told by what it stands in.
    pub fn of_change(&self, change: &ChangeLine) -> Facet {
        self.facet(Some(change.ecosystem), change.scope, Some(change.kind))
    }

    /// Returns what a finding is filtered by: what its component is, and what became of that.
    pub fn of_finding(&self, finding: &Finding) -> Facet {
        let change = finding.purl.and_then(|purl| self.changes.get(&(finding.subject, purl)));
        let (kind, scope) = change.map_or((None, None), |(kind, scope)| (Some(*kind), *scope));
        self.facet(finding.purl.map(ecosystem), scope, kind)
    }

    fn facet(&self, ecosystem: Option<Text>, scope: Option<Text>, kind: Option<Text>) -> Facet {
        let of = |numbers: &BTreeMap<Text, usize>, value: Option<Text>| {
            value.and_then(|value| numbers.get(value)).map(usize::to_string).unwrap_or_default()
        };
        Facet {
            ecosystem: of(&self.ecosystems, ecosystem),
            scope: of(&self.scopes, scope),
            kind: of(&self.kinds, kind),
        }
    }

    /// Returns the numbers of subjects, with blanks between.
    pub fn of_subjects(&self, subjects: &[Text]) -> String {
        let numbers = subjects.iter().filter_map(|subject| self.subjects.get(subject)).map(usize::to_string);
        numbers.collect::<Vec<_>>().join(" ")
    }

    /// Adds the controls. They are of use to a script alone, which shows them.
    pub fn bar(&self, report: &Report, page: &mut Markup) {
        let attributes = [("id", "filters"), ("role", "search"), ("aria-label", "Filters"), ("hidden", "hidden")];
        page.tag("div", &attributes, |page| {
            page.tag("label", &[("class", "wide")], |page| {
                page.text("Text ");
                page.void("input", &[("type", "search"), ("data-by", "text"), ("autocomplete", "off")]);
            });
            let levels: Vec<(String, Text)> = [(Level::Deny, "error"), (Level::Warn, "warning")]
                .into_iter()
                .filter(|(level, _)| report.findings.iter().any(|finding| finding.level == *level))
                .map(|(_, word)| (word.to_owned(), word))
                .collect();
            choice("Level", "level", levels, page);
            for (title, by, values) in [
                ("Kind", "kind", &self.kinds),
                ("Ecosystem", "ecosystem", &self.ecosystems),
                ("Scope", "scope", &self.scopes),
                ("Subject", "subject", &self.subjects),
            ] {
                choice(title, by, values.iter().map(|(value, number)| (number.to_string(), *value)).collect(), page);
            }
            page.put("button", &[("type", "button"), ("data-do", "reset")], "Reset");
            page.put("button", &[("type", "button"), ("data-do", "open")], "Open all");
            page.put("button", &[("type", "button"), ("data-do", "close")], "Close all");
            page.put("p", &[("id", "shown"), ("role", "status"), ("aria-live", "polite")], "");
        });
    }
}

/// Adds a list to choose from, where there is more than one thing to choose.
fn choice(title: &str, by: &str, values: Vec<(String, Text)>, page: &mut Markup) {
    if values.len() < 2 {
        return;
    }
    page.tag("label", &[], |page| {
        page.text(&format!("{title} "));
        page.tag("select", &[("data-by", by)], |page| {
            page.put("option", &[("value", "")], "all");
            for (value, name) in values {
                let name = clip(if name.is_empty() { "none" } else { name }, 80);
                page.put("option", &[("value", &value)], &name);
            }
        });
    });
}

fn numbered(values: impl Iterator<Item = Text>) -> BTreeMap<Text, usize> {
    let mut numbers: BTreeMap<Text, usize> = values.map(|value| (value, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(at, number)| *number = at);
    numbers
}

/// Returns the type of a purl.
fn ecosystem(purl: Text) -> Text {
    let rest = purl.strip_prefix("pkg:").unwrap_or(purl);
    rest.split_once('/').map_or(rest, |(ty, _)| ty)
}
