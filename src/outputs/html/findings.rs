//! What was found, each thing with its argument.

use std::collections::BTreeSet;

use super::facets::Facets;
use super::markup::Markup;
use crate::intern::Text;
use crate::outputs::caused::caused;
use crate::outputs::excerpt::{Excerpt, excerpt};
use crate::outputs::text::{self, clip, count};
use crate::report::{Finding, Level, Report};
use crate::source::{Location, Place};

/// How many findings show the lines that they stand on.
const LINES: usize = 1_000;
/// How many errors are open when the page is.
const OPEN: usize = 3;
/// How many stand together: a browser leaves those out of its work that are not on the screen.
const TOGETHER: usize = 50;
/// How wide lines of a file are shown, in columns.
const WIDTH: usize = 160;
/// How many ways in are named.
const WAYS: usize = 12;

/// Adds the findings that count: those that stand for themselves, errors first, each with what it brought about.
pub fn counting(report: &Report, facets: &Facets, page: &mut Markup) {
    let mut list = List { report, facets, excerpts: LINES, told: BTreeSet::new() };
    let caused = caused(report);
    let is_under =
        |finding: &Finding| finding.cause.is_some_and(|cause| caused.contains_key(&(finding.subject, cause)));
    let mut own: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.waived.is_none() && !is_under(finding)).collect();
    own.sort_by_key(|finding| (std::cmp::Reverse(finding.level), finding.cause.is_some()));
    for (number, chunk) in own.chunks(TOGETHER).enumerate() {
        page.tag("div", &[("class", "chunk")], |page| {
            for (at, finding) in chunk.iter().enumerate() {
                let key = finding.purl.map(|purl| (finding.subject, purl)).filter(|_| finding.cause.is_none());
                let with = key.filter(|key| list.told.insert(*key)).and_then(|key| caused.get(&key));
                let is_open = number == 0 && at < OPEN && finding.level == Level::Deny;
                list.finding(finding, is_open, with.map_or(&[], Vec::as_slice), page);
            }
        });
    }
}

/// Adds the findings that waivers let through.
pub fn waived(report: &Report, facets: &Facets, page: &mut Markup) {
    let mut list = List { report, facets, excerpts: LINES, told: BTreeSet::new() };
    let waived: Vec<&Finding> = report.findings.iter().filter(|finding| finding.waived.is_some()).collect();
    for chunk in waived.chunks(TOGETHER) {
        page.tag("div", &[("class", "chunk")], |page| {
            chunk.iter().for_each(|finding| list.finding(finding, false, &[], page));
        });
    }
}

struct List<'r> {
    report: &'r Report,
    facets: &'r Facets,
    /// How many findings may still show their lines.
    excerpts: usize,
    /// Of which components it was told what came with them.
    told: BTreeSet<(Text, Text)>,
}

impl List<'_> {
    fn finding(&mut self, finding: &Finding, is_open: bool, with: &[&Finding], page: &mut Markup) {
        let facet = self.facets.of_finding(finding);
        let subject = self.facets.of_subjects(&[finding.listed_under()]);
        let level = if finding.level == Level::Deny { "error" } else { "warning" };
        let class = if finding.waived.is_some() { "finding is-waived" } else { "finding" };
        let mut attributes = vec![("class", class), ("data-level", level), ("data-subject", &*subject)];
        attributes.extend(facet.attributes().into_iter().filter(|(_, value)| !value.is_empty()));
        attributes.extend(is_open.then_some(("open", "open")));
        page.tag("details", &attributes, |page| {
            page.tag("summary", &[], |page| {
                page.put("span", &[("class", &format!("level {level}"))], level);
                page.text(" ");
                page.tag("span", &[("class", "message")], |page| page.prose(&clip(&finding.message, 2_000)));
                if !with.is_empty() {
                    page.text(" ");
                    page.put("span", &[("class", "also")], &format!("and {} with it", count(with.len(), "finding")));
                }
                page.text(" ");
                page.put("code", &[("class", "rule")], &clip(finding.rule, 100));
                page.text(" ");
                page.put("code", &[("class", "place")], &text::at(&finding.location));
            });
            page.tag("div", &[("class", "about")], |page| self.about(finding, page));
            if !with.is_empty() {
                page.tag("details", &[("class", "with")], |page| {
                    let title = format!("{} that it brought about", count(with.len(), "finding"));
                    page.put("summary", &[], &title);
                    with.iter().for_each(|finding| self.finding(finding, false, &[], page));
                });
            }
        });
    }

    fn about(&mut self, finding: &Finding, page: &mut Markup) {
        if self.excerpts > 0 {
            self.excerpts -= 1;
            self.lines(finding.place, &finding.location, None, page);
        }
        for related in &finding.related {
            let note = Some(related.note);
            if self.excerpts == 0 || !self.lines(related.place, &related.location, note, page) {
                page.tag("p", &[("class", "at")], |page| {
                    page.put("code", &[("class", "place")], &text::at(&related.location));
                    page.text(&format!(" {}", clip(related.note, 400)));
                });
            }
        }
        if !finding.notes.is_empty() {
            page.tag("ol", &[("class", "argument")], |page| {
                for note in &finding.notes {
                    page.tag("li", &[], |page| page.prose(&clip(note, 4_000)));
                }
            });
        }
        if !finding.paths.is_empty() {
            page.put("p", &[("class", "head")], "Brought in by");
            page.tag("ul", &[("class", "ways")], |page| ways(&finding.paths, page));
        }
        let help: Vec<&str> = finding.help.lines().filter(|line| !line.trim().is_empty()).collect();
        if !help.is_empty() {
            page.put("p", &[("class", "head")], "How to mend it");
            page.tag("ul", &[("class", "help")], |page| {
                for line in help {
                    page.tag("li", &[], |page| page.prose(&clip(line, 4_000)));
                }
            });
        }
        if let Some(waived) = &finding.waived {
            page.tag("dl", &[], |page| {
                let mut row = |title: &str, value: &str| {
                    if !value.is_empty() {
                        page.put("dt", &[], title);
                        page.tag("dd", &[], |page| page.prose(&clip(value, 2_000)));
                    }
                };
                row("Waived because", &waived.reason);
                row("Owner", &waived.owner);
                row("Until", &waived.until);
                row("By", &format!("`{}`", text::at(&waived.location)));
            });
        }
        if let Some(purl) = finding.purl {
            page.tag("p", &[("class", "purl")], |page| page.put("code", &[], &clip(purl, 400)));
        }
    }

    /// Adds the lines at a place; says whether they could be read.
    fn lines(&self, place: Place, location: &Location, note: Option<Text>, page: &mut Markup) -> bool {
        let sources = &self.report.sources;
        if location.path.is_empty() || sources.path(place.file).is_empty() {
            return false;
        }
        let Some(opened) = sources.open(place.file).ok().filter(|opened| !opened.text.is_empty()) else { return false };
        let Excerpt { text, span } = excerpt(&opened.text, place.start as usize, place.len as usize, WIDTH);
        page.tag("div", &[("class", "excerpt")], |page| {
            page.tag("p", &[("class", "at")], |page| {
                page.put("code", &[("class", "place")], &text::at(location));
                page.text(&note.map(|note| format!(" {}", clip(note, 400))).unwrap_or_default());
            });
            page.tag("pre", &[("tabindex", "0")], |page| {
                let mut at = 0;
                for (number, line) in text.split('\n').enumerate() {
                    // Each line is an element, so that none begins a line of the page.
                    page.tag("span", &[("class", "line")], |page| {
                        page.put("span", &[("class", "number")], &(location.line as usize + number).to_string());
                        let cut = |mark: usize| mark.clamp(at, at + line.len()) - at;
                        let (start, end) = (cut(span.start), cut(span.end));
                        page.text(&line[..start].replace('\t', "    "));
                        if start < end {
                            page.put("mark", &[], &line[start..end].replace('\t', "    "));
                        }
                        page.text(&line[end..].replace('\t', "    "));
                    });
                    at += line.len() + 1;
                }
            });
        });
        true
    }
}

/// Adds ways through the graph, an item each.
pub fn ways(paths: &[Vec<Text>], page: &mut Markup) {
    for path in paths.iter().take(WAYS) {
        page.put("li", &[], &text::path(path));
    }
    if paths.len() > WAYS {
        page.put("li", &[("class", "quiet")], &format!("and {} in", count(paths.len() - WAYS, "more way")));
    }
}
