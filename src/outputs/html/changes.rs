//! What changed: under each cause what came with it, pinned beside resolved.

use super::facets::Facets;
use super::findings;
use super::markup::Markup;
use crate::intern::Text;
use crate::outputs::families::{self, Family};
use crate::outputs::text::{self, clip, count};
use crate::report::{CauseLine, ChangeLine, Report};
use crate::source::Location;

/// How many rows a table holds: a browser leaves those out of its work that are not on the screen, a table at a time.
const ROWS: usize = 100;

/// Adds all changes, those of the same subjects together.
pub fn changes(report: &Report, facets: &Facets, page: &mut Markup) {
    let tables = Tables { report, facets };
    if report.causes.is_empty() {
        let mut subjects: std::collections::BTreeMap<Text, Vec<&ChangeLine>> = std::collections::BTreeMap::new();
        report.changes.iter().for_each(|change| subjects.entry(change.subject).or_default().push(change));
        for (subject, changes) in subjects {
            tables.of_subjects(&[subject], page, |page| tables.alone(&changes, page));
        }
        return;
    }
    for causes in report.causes.chunk_by(|a, b| a.subjects == b.subjects) {
        tables.of_subjects(&causes[0].subjects, page, |page| {
            // What stands alone, and may be one of a family that took the same step.
            let mut alone: Vec<&ChangeLine> = Vec::new();
            for cause in causes {
                let [changes, perhaps] = cause.first(report);
                if cause.is_by_itself() {
                    alone.extend(changes);
                } else {
                    tables.cause(cause, &changes, &perhaps, page);
                }
            }
            if !alone.is_empty() {
                tables.alone(&alone, page);
            }
        });
    }
}

struct Tables<'r> {
    report: &'r Report,
    facets: &'r Facets,
}

impl Tables<'_> {
    fn of_subjects(&self, subjects: &[Text], page: &mut Markup, within: impl FnOnce(&mut Markup)) {
        let (numbers, amount) = (self.facets.of_subjects(subjects), subjects.len().to_string());
        let attributes = [("class", "subjects"), ("data-subject", &*numbers), ("data-amount", &*amount)];
        page.tag("section", &attributes, |page| {
            page.tag("h3", &[], |page| {
                for (at, subject) in subjects.iter().take(3).enumerate() {
                    page.text(if at > 0 { ", " } else { "" });
                    page.put("code", &[], &clip(subject, 400));
                }
            });
            if subjects.len() > 1 {
                page.tag("details", &[("class", "ways")], |page| {
                    page.put("summary", &[], &format!("the same changes in {}", count(subjects.len(), "subject")));
                    page.tag("ul", &[], |page| {
                        subjects.iter().for_each(|subject| page.put("li", &[], &clip(subject, 400)));
                    });
                });
            }
            within(page);
        });
    }

    /// Adds changes that stand for themselves.
    fn alone(&self, changes: &[&ChangeLine], page: &mut Markup) {
        let by = if changes.len() == 1 { "by itself" } else { "by themselves" };
        let title = format!("{} {by}", count(changes.len(), "change"));
        self.group(&title, "", page, |page| self.table(&[], changes, &title, page));
    }

    fn cause(&self, cause: &CauseLine, changes: &[&ChangeLine], perhaps: &[&ChangeLine], page: &mut Markup) {
        let amount = count(changes.len(), "component");
        let (title, about) = match cause.kind {
            "direct" | "transitive" => {
                let lead = changes.first().map(|lead| format!("{}{}", clip(lead.name, 200), text::versions(lead)));
                let with = changes.len().saturating_sub(1);
                let mut about = vec![if cause.kind == "direct" { "direct" } else { "transitive" }.to_owned()];
                if with > 0 {
                    about.push(format!("{with} came with it"));
                }
                if !perhaps.is_empty() {
                    about.push(format!("perhaps {}", perhaps.len()));
                }
                (lead.unwrap_or_default(), about.join(", "))
            }
            "edges" => {
                let (name, version) = cause.lead.unwrap_or_default();
                let title = format!("{} {}", clip(name, 200), clip(version, 100));
                (title, format!("is the same, and requires other components than it did: {amount}"))
            }
            "source" => {
                let (from, to) = cause.moved.unwrap_or_default();
                (format!("{amount} from another source"), format!("{} → {}", clip(from, 200), clip(to, 200)))
            }
            "subject" => {
                let is_new = changes.iter().all(|change| change.from.is_none());
                let title = if is_new { "New subject" } else { "Subject is gone" };
                (title.to_owned(), format!("with {amount}"))
            }
            _ => {
                let about = format!("{amount} moved though nothing that requires them did");
                ("Refresh of the lockfile".to_owned(), about)
            }
        };
        self.group(&title, &about, page, |page| {
            let is_led = matches!(cause.kind, "direct" | "transitive");
            let (lead, with) = changes.split_at(usize::from(is_led).min(changes.len()));
            self.table(lead, with, &format!("Changes with {title}"), page);
            if !perhaps.is_empty() {
                page.tag("div", &[("class", "perhaps")], |page| {
                    let why = "Perhaps with it; the lockfile does not say which versions it asks for";
                    page.put("p", &[], why);
                    self.table(&[], perhaps, &format!("Changes perhaps with {title}"), page);
                });
            }
        });
    }

    fn group(&self, title: &str, about: &str, page: &mut Markup, within: impl FnOnce(&mut Markup)) {
        page.tag("details", &[("class", "cause"), ("open", "open")], |page| {
            page.tag("summary", &[], |page| {
                page.put("b", &[], title);
                if !about.is_empty() {
                    page.text(" ");
                    page.put("span", &[("class", "quiet")], about);
                }
            });
            within(page);
        });
    }

    /// Adds changes as tables of so many rows each, families under a row of their own; what leads stands by itself.
    fn table(&self, lead: &[&ChangeLine], with: &[&ChangeLine], caption: &str, page: &mut Markup) {
        let lead = lead.iter().map(|lead| Family { pattern: lead.name.to_owned(), changes: vec![*lead] });
        let families: Vec<Family<'_>> = lead.chain(families::families(with)).collect();
        let mut open: &[Family<'_>] = &families;
        while !open.is_empty() {
            let (mut rows, mut taken) = (0, 0);
            while taken < open.len() && (taken == 0 || rows + open[taken].changes.len() <= ROWS) {
                rows += open[taken].changes.len();
                taken += 1;
            }
            let (chunk, rest) = open.split_at(taken);
            open = rest;
            page.tag("div", &[("class", "chunk")], |page| {
                page.tag("table", &[("class", "changes")], |page| {
                    page.put("caption", &[], caption);
                    let sides = if self.report.gate.is_some() { ["Pinned", "Resolved"] } else { ["Old", "New"] };
                    page.tag("thead", &[], |page| {
                        page.tag("tr", &[], |page| {
                            for head in ["Change", "Package", sides[0], sides[1], "Differs", "Scope", "Brought in by"] {
                                page.put("th", &[("scope", "col")], head);
                            }
                        });
                    });
                    for part in chunk.chunk_by(|a, b| a.changes.len() == 1 && b.changes.len() == 1) {
                        self.rows(part, page);
                    }
                });
            });
        }
    }

    fn rows(&self, families: &[Family<'_>], page: &mut Markup) {
        let is_family = families.iter().any(|family| family.changes.len() > 1);
        let class: &[(&'static str, &str)] = if is_family { &[("class", "family")] } else { &[] };
        page.tag("tbody", class, |page| {
            for Family { pattern, changes } in families {
                if is_family {
                    page.tag("tr", &[("class", "pattern")], |page| {
                        page.tag("th", &[("colspan", "7"), ("scope", "rowgroup")], |page| {
                            let attributes = [("type", "button"), ("class", "unfold"), ("aria-expanded", "true")];
                            page.tag("button", &attributes, |page| {
                                mark(changes[0].kind, page);
                                page.text(" ");
                                page.put("span", &[("class", "name")], &clip(pattern, 200));
                                let step = families::step(changes).map(text::versions).unwrap_or_default();
                                page.text(&format!("{step} "));
                                page.put("span", &[("class", "quiet")], &count(changes.len(), "component"));
                            });
                        });
                    });
                }
                changes.iter().for_each(|change| self.row(change, page));
            }
        });
    }

    fn row(&self, change: &ChangeLine, page: &mut Markup) {
        let facet = self.facets.of_change(change);
        let mut attributes = vec![("class", "change")];
        attributes.extend(facet.attributes().into_iter().filter(|(_, value)| !value.is_empty()));
        page.tag("tr", &attributes, |page| {
            page.tag("td", &[], |page| mark(change.kind, page));
            page.tag("th", &[("scope", "row")], |page| page.put("span", &[("class", "name")], &clip(change.name, 200)));
            side(change.from, change.old.as_ref(), page);
            side(change.to, change.new.as_ref(), page);
            page.put("td", &[], &differs(change));
            page.put("td", &[], &change.scope.map(|scope| clip(scope, 40)).unwrap_or_default());
            page.tag("td", &[], |page| {
                let via = text::via(change);
                if change.introduced_by.len() > 1 {
                    page.tag("details", &[("class", "ways")], |page| {
                        page.put("summary", &[], &via);
                        page.tag("ul", &[], |page| findings::ways(&change.introduced_by, page));
                    });
                } else {
                    page.text(&via);
                }
            });
        });
    }
}

/// Adds what became of a component, in a word with its sign.
fn mark(kind: &str, page: &mut Markup) {
    page.put("span", &[("class", &format!("kind {kind}"))], kind);
}

/// Adds what one side says: the version, and where it stands.
fn side(version: Option<Text>, location: Option<&Location>, page: &mut Markup) {
    let Some(version) = version else {
        return page.put("td", &[("class", "absent")], "none");
    };
    page.tag("td", &[], |page| {
        page.put("span", &[("class", "version")], &text::version(version));
        if let Some(location) = location {
            let name = location.path.rsplit('/').next().unwrap_or_default();
            let at = text::at(location);
            page.text(" ");
            page.tag("span", &[("class", "place"), ("title", &at)], |page| {
                page.text(&clip(name, 60));
                page.void("wbr", &[]);
                page.text(&format!(":{}", location.line));
            });
        }
    });
}

/// Returns what differs.
fn differs(change: &ChangeLine) -> String {
    let moved = change.what.contains(&"version");
    let step = text::step(change).map_or("version".to_owned(), |step| format!("version ({step})"));
    moved.then_some(step).into_iter().chain(text::differences(change)).collect::<Vec<_>>().join("; ")
}
