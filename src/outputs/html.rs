//! The report as one page for a browser: no network, no server, nothing beside it.

mod changes;
mod drawing;
mod facets;
mod findings;
mod markup;
mod tables;

use std::io;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::tally::Tally;
use super::text::{self, count, number};
use super::{Output, Style};
use crate::entry;
use crate::report::{Level, Report};
use facets::Facets;
use markup::Markup;

entry! {
    /// HTML, one self-contained page: findings, changes by their cause, the drifted part of the graph, with filters.
    ///
    /// # Use
    /// `driftgate check --format html=drift.html`; the file opens from disk, in light and dark, on a phone, and prints with all
    /// unfolded. It loads nothing, and its policy for browsers (a `Content-Security-Policy` with the digests of its own style
    /// and script) lets nothing else run.
    ///
    /// # What it shows
    /// The verdict; what could not be read; findings, errors first, with the lines they stand on and what each brought about
    /// under it; waived ones apart; GPU stacks and the targets they are meant for; images; changes under what caused them, pinned
    /// beside resolved; the drifted part of the graph; subjects and notes. Families of packages that move alike are folded
    /// into a row that opens.
    ///
    /// Findings and changes are filtered by text, level, kind, ecosystem, scope and subject. In the drawing, a component shows the
    /// ways by which it gets in when it is pointed at or focused; arrow keys move, Enter folds what is under it. Without a
    /// script all of it is there.
    ///
    /// # Limits
    /// Drawings hold 400 components and 1,000 requirements, those nearest to their projects; 1,000 findings show their lines;
    /// 2,000 requirements that came or went are listed. What is left out is counted in its place; the `json` output has all.
    pub Html = "html"
}

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

impl Output for Html {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut page = Markup::default();
        page.ours("<!DOCTYPE html>");
        page.tag("html", &[("lang", "en"), ("xmlns", "http://www.w3.org/1999/xhtml")], |page| {
            let verdict = Verdict::of(report);
            head(&verdict, page);
            page.tag("body", &[], |page| body(report, &verdict, page));
        });
        page.ours("\n");
        Ok(to.write_all(page.finish().as_bytes())?)
    }
}

fn head(verdict: &Verdict, page: &mut Markup) {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    page.tag("head", &[], |page| {
        page.void("meta", &[("charset", "utf-8")]);
        page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        page.put("title", &[], &format!("driftgate: {}", verdict.title));
        page.tag("style", &[], |page| page.ours(STYLE));
    });
}

/// Returns the digest by which a browser's policy knows a style or a script.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// What the whole run comes to.
struct Verdict {
    /// `fail`, `partial`, `pass`, or `facts` where nothing was judged.
    class: &'static str,
    /// In a word.
    word: &'static str,
    /// In a line: `19 errors, 16 warnings`.
    title: String,
    /// What that means for the run.
    meaning: String,
    tally: Tally,
}

impl Verdict {
    fn of(report: &Report) -> Self {
        let tally = Tally::of(report);
        let Some(gate) = report.gate else {
            let title = tally.changes();
            let (class, word, meaning) = match report.problems.len() {
                0 if report.fails => {
                    ("fail", "Failed", "Exit code 1: there are changes of a kind that fails the run.".to_owned())
                }
                0 => ("facts", "Compared", "A comparison that no policy judges.".to_owned()),
                amount => ("partial", "Incomplete", format!("{}: what follows is not complete.", unread(amount))),
            };
            return Verdict { class, word, title, meaning, tally };
        };
        let counting = report.findings.iter().filter(|finding| finding.counts(gate)).count();
        let fails = if gate == Level::Deny { "errors fail the run" } else { "errors and warnings fail the run" };
        let (class, word, meaning) = match report.exit_code() {
            0 => ("pass", "Passed", format!("Exit code 0: nothing here reaches the gate ({fails}).")),
            1 => ("fail", "Failed", format!("Exit code 1: {} the gate ({fails}).", reach(counting))),
            _ => {
                let unread = unread(report.problems.len());
                ("partial", "Incomplete", format!("Exit code 2: {unread}, so that what follows is not complete."))
            }
        };
        let title = match tally.findings() {
            0 if tally.subjects == 0 && report.changes.is_empty() => "nothing to check".to_owned(),
            _ => tally.verdict(),
        };
        Verdict { class, word, title, meaning, tally }
    }
}

fn unread(amount: usize) -> String {
    format!("{} kept files from being read whole", count(amount, "problem"))
}

fn reach(amount: usize) -> String {
    format!("{} {}", count(amount, "finding"), if amount == 1 { "reaches" } else { "reach" })
}

fn body(report: &Report, verdict: &Verdict, page: &mut Markup) {
    let facets = Facets::of(report);
    let parts = parts(report);
    page.put("a", &[("class", "skip"), ("href", "#main")], "Skip to the report");
    page.tag("header", &[("class", &format!("verdict {}", verdict.class))], |page| heading(report, verdict, page));
    if parts.len() > 1 {
        page.tag("nav", &[("aria-label", "Parts of the report")], |page| {
            page.tag("ul", &[], |page| {
                for Part { id, title, amount, .. } in &parts {
                    page.tag("li", &[], |page| {
                        page.tag("a", &[("href", &format!("#{id}"))], |page| {
                            page.text(title);
                            if let Some(amount) = amount {
                                page.text(" ");
                                page.put("span", &[("class", "amount")], &number(*amount));
                            }
                        });
                    });
                }
            });
        });
    }
    if !report.findings.is_empty() || !report.changes.is_empty() {
        facets.bar(report, page);
    }
    page.tag("main", &[("id", "main"), ("tabindex", "-1")], |page| {
        for Part { id, title, amount, write } in &parts {
            page.tag("section", &[("id", id), ("aria-labelledby", &format!("{id}-title"))], |page| {
                page.tag("h2", &[("id", &format!("{id}-title"))], |page| {
                    page.text(title);
                    if let Some(amount) = amount {
                        page.text(" ");
                        page.put("span", &[("class", "amount")], &number(*amount));
                    }
                });
                write(report, &facets, page);
            });
        }
    });
    page.tag("footer", &[], |page| {
        page.tag("p", &[], |page| {
            page.text("Written by driftgate ");
            page.put("span", &[], env!("CARGO_PKG_VERSION"));
            page.text(". The same input gives the same bytes; nothing here is loaded from elsewhere.");
        });
    });
    page.tag("script", &[], |page| page.ours(SCRIPT));
}

fn heading(report: &Report, verdict: &Verdict, page: &mut Markup) {
    let tally = &verdict.tally;
    page.put("p", &[("class", "brand")], "driftgate");
    page.tag("h1", &[], |page| {
        page.put("span", &[("class", "word")], verdict.word);
        page.text(" ");
        page.put("span", &[], &verdict.title);
    });
    page.put("p", &[("class", "meaning")], &verdict.meaning);
    for line in &report.headlines {
        page.tag("p", &[("class", "headline")], |page| page.prose(&text::clip(line, 2_000)));
    }
    page.tag("ul", &[("class", "counts")], |page| {
        let mut item = |class: &str, amount: usize, thing: &str| {
            page.tag("li", &[("class", class)], |page| {
                page.put("b", &[], &number(amount));
                page.text(&format!(" {thing}"));
            });
        };
        let plural = |amount: usize, thing: &str| format!("{thing}{}", if amount == 1 { "" } else { "s" });
        let mut things = Vec::new();
        if report.gate.is_some() || tally.findings() > 0 {
            things.push(("error", tally.errors, "error"));
            things.push(("warning", tally.warnings, "warning"));
        }
        for (class, amount, thing) in things {
            item(if amount > 0 { class } else { "none" }, amount, &plural(amount, thing));
        }
        if tally.waived > 0 {
            item("waived", tally.waived, "waived");
        }
        if !report.problems.is_empty() {
            item("error", report.problems.len(), &plural(report.problems.len(), "problem"));
        }
        for (kind, amount) in tally.kinds.iter().filter(|(_, amount)| *amount > 0) {
            item(kind, *amount, kind);
        }
        item("none", tally.subjects, &plural(tally.subjects, "subject"));
        item("none", tally.components, &plural(tally.components, "component"));
    });
}

/// One part of the page.
struct Part {
    id: &'static str,
    title: &'static str,
    amount: Option<usize>,
    write: fn(&Report, &Facets, &mut Markup),
}

/// Returns the parts that have something to show.
fn parts(report: &Report) -> Vec<Part> {
    let waived = report.findings.iter().filter(|finding| finding.waived.is_some()).count();
    let all = [
        (
            "problems",
            "Not read whole",
            Some(report.problems.len()),
            tables::problems as fn(&Report, &Facets, &mut Markup),
        ),
        ("findings", "Findings", Some(report.findings.len() - waived), findings::counting),
        ("waived", "Waived", Some(waived), findings::waived),
        ("targets", "GPU stacks on their targets", Some(report.stacks.len()), tables::stacks),
        ("images", "Images", Some(report.images.len()), tables::images),
        ("changes", "Changes by their cause", Some(report.changes.len()), changes::changes),
        ("graph", "The drifted part of the graph", (!report.changes.is_empty()).then_some(1), graph),
        ("notes", "Notes", Some(report.notes.len()), tables::notes),
        ("requirements", "Requirements that came and went", Some(report.edges.len()), tables::edges),
        ("subjects", "Subjects", Some(report.subjects.len()), tables::subjects),
    ];
    let all = all.into_iter().filter(|(_, _, amount, _)| amount.is_some_and(|amount| amount > 0));
    let part = |(id, title, amount, write): (_, _, Option<usize>, _)| {
        let amount = amount.filter(|_| id != "graph");
        Part { id, title, amount, write }
    };
    all.map(part).collect()
}

fn graph(report: &Report, _facets: &Facets, page: &mut Markup) {
    page.put(
        "p",
        &[("class", "quiet")],
        "What changed, and the shortest ways by which it gets in. Point at a component, or move with the arrow keys, to see its \
         ways; click it or press Enter to fold what is under it.",
    );
    page.tag("div", &[("class", "tools"), ("hidden", "hidden")], |page| {
        page.tag("label", &[], |page| {
            page.text("Find in the graph ");
            page.void("input", &[("type", "search"), ("id", "find"), ("autocomplete", "off")]);
        });
        page.put("button", &[("type", "button"), ("data-graph", "fold")], "Fold");
        page.put("button", &[("type", "button"), ("data-graph", "unfold")], "Unfold");
        page.put("p", &[("id", "way"), ("role", "status")], "");
    });
    page.tag("ul", &[("class", "legend")], |page| {
        for look in super::picture::Look::ALL {
            let name = if look.name() == "plain" { "not changed, on a way" } else { look.name() };
            page.put("li", &[("class", look.name())], name);
        }
    });
    drawing::draw(report, page);
}

#[cfg(test)]
mod tests;
