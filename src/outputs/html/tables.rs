//! The smaller parts of the page: lists and tables that nobody filters.

use super::facets::Facets;
use super::markup::Markup;
use crate::outputs::text::{self, clip, count, number};
use crate::report::{ImageTable, Level, Problem, Report, StackLine};

/// How many requirements that came or went are listed.
const EDGES: usize = 2_000;
/// How many problems are shown before the others are folded.
const PROBLEMS: usize = 10;

/// Adds what could not be read.
pub fn problems(report: &Report, _facets: &Facets, page: &mut Markup) {
    page.put("p", &[], "These could not be read whole, so that what follows is not complete.");
    let (first, rest) = report.problems.split_at(report.problems.len().min(PROBLEMS));
    problem_list(first, page);
    if !rest.is_empty() {
        page.tag("details", &[("class", "cause")], |page| {
            page.put("summary", &[], &count(rest.len(), "more problem"));
            problem_list(rest, page);
        });
    }
}

fn problem_list(problems: &[Problem], page: &mut Markup) {
    page.tag("ul", &[("class", "plain")], |page| {
        for Problem { location, message } in problems {
            page.tag("li", &[], |page| {
                if let Some(location) = location {
                    page.put("code", &[("class", "place")], &text::at(location));
                    page.text(" ");
                }
                page.prose(&clip(message, 2_000));
            });
        }
    });
}

/// Adds what a reader should know about the run.
pub fn notes(report: &Report, _facets: &Facets, page: &mut Markup) {
    page.tag("ul", &[("class", "plain")], |page| {
        for note in &report.notes {
            page.tag("li", &[], |page| page.prose(&clip(note, 2_000)));
        }
    });
}

/// Adds a table that scrolls by itself where it is too wide.
fn table(caption: &str, heads: &[&str], page: &mut Markup, rows: impl FnOnce(&mut Markup)) {
    let attributes = [("class", "scroll"), ("tabindex", "0"), ("role", "group"), ("aria-label", caption)];
    page.tag("div", &attributes, |page| {
        page.tag("table", &[], |page| {
            page.put("caption", &[], caption);
            page.tag("thead", &[], |page| {
                page.tag("tr", &[], |page| {
                    heads.iter().for_each(|head| page.put("th", &[("scope", "col")], head));
                });
            });
            page.tag("tbody", &[], rows);
        });
    });
}

/// Adds what became of each GPU stack on each target.
pub fn stacks(report: &Report, _facets: &Facets, page: &mut Markup) {
    let names: Vec<String> = report
        .targets
        .iter()
        .map(|target| {
            let driver = target.driver.as_ref().map(|driver| format!("driver {driver}"));
            let about: Vec<String> = driver.into_iter().chain(target.gpus.iter().cloned()).collect();
            let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
            format!("{}{}", clip(&target.name, 80), clip(&about, 200))
        })
        .collect();
    let mut heads = vec!["Stack", "Least driver"];
    heads.extend(names.iter().map(String::as_str));
    table("GPU stacks, the least driver of each, and what becomes of it on each target", &heads, page, |page| {
        for stack in &report.stacks {
            page.tag("tr", &[], |page| row(stack, &heads, page));
        }
    });
    if report.targets.is_empty() {
        page.put("p", &[("class", "quiet")], "The policy names no target, so that no driver is judged.");
    }
}

/// Adds what becomes of a stack; each cell says what it stands under, for where there is no room for a table.
fn row(stack: &StackLine, heads: &[&str], page: &mut Markup) {
    page.tag("th", &[("scope", "row")], |page| page.put("code", &[], &clip(stack.name, 200)));
    page.tag("td", &[("data-head", heads[1])], |page| {
        page.text(stack.floor.as_deref().unwrap_or("none known"));
        if !stack.because.is_empty() {
            page.text(" ");
            page.put("span", &[("class", "why")], &clip(&stack.because, 400));
        }
    });
    for (target, head) in heads[2..].iter().enumerate() {
        let Some(cell) = stack.cells.iter().find(|cell| cell.target == target) else {
            page.put("td", &[("class", "absent"), ("data-head", head)], "not meant for it");
            continue;
        };
        let class = match cell.level {
            Level::Deny => "cell error",
            Level::Warn => "cell warning",
            Level::Allow => "cell ok",
        };
        page.tag("td", &[("class", class), ("data-head", head)], |page| {
            page.put("b", &[], cell.words);
            for reason in cell.because.iter().take(3) {
                page.text(" ");
                page.put("span", &[("class", "why")], &clip(reason, 400));
            }
            if cell.because.len() > 3 {
                page.text(" ");
                let more = format!("and {}", count(cell.because.len() - 3, "more reason"));
                page.put("span", &[("class", "why")], &more);
            }
        });
    }
}

/// Adds what is approved, locked and installed.
pub fn images(report: &Report, _facets: &Facets, page: &mut Markup) {
    for image in &report.images {
        page.tag("h3", &[], |page| {
            page.text("The image ");
            page.put("code", &[], &clip(image.image, 200));
            page.text(" and ");
            page.put("code", &[], &clip(image.lock, 400));
        });
        let beside = if image.rows.is_empty() { "" } else { "Else, " };
        let places = if image.is_approved { "locked and installed as approved" } else { "installed as locked" };
        page.put("p", &[], &format!("{beside}{} {places}.", count(image.same, "package")));
        if !image.rows.is_empty() {
            let caption = format!(
                "Packages of the image {} that are not the same wherever they are known",
                clip(image.image, 200)
            );
            let heads = ["Package", "Approved", "Locked", "Installed", "What it means"];
            table(&caption, &heads, page, |page| rows(image, page));
        }
    }
    if !report.unpinned.is_empty() {
        let names: Vec<_> = report.unpinned.iter().map(|name| clip(name, 200)).collect();
        page.put("p", &[("class", "quiet")], &format!("Not pinned by the BOM: {}.", names.join(", ")));
    }
}

fn rows(image: &ImageTable, page: &mut Markup) {
    for row in &image.rows {
        let [approved, locked, installed] = text::three(image, row);
        page.tag("tr", &[], |page| {
            page.put("th", &[("scope", "row")], &clip(row.name, 200));
            [approved, locked, installed].iter().for_each(|versions| page.put("td", &[], versions));
            page.tag("td", &[], |page| {
                page.text(row.words);
                if let Some(layer) = row.layer.filter(|_| !row.installed.is_empty()) {
                    page.text(" ");
                    let by = clip(layer.created_by, 400);
                    page.put("span", &[("class", "why")], &format!("layer {}: {by}", layer.number));
                }
            });
        });
    }
}

/// Adds the requirements between components that are on both sides.
pub fn edges(report: &Report, _facets: &Facets, page: &mut Markup) {
    page.tag("details", &[("class", "cause")], |page| {
        page.put(
            "summary",
            &[],
            &format!("{} between components that both sides have", count(report.edges.len(), "requirement")),
        );
        page.tag("ul", &[("class", "plain")], |page| {
            for edge in report.edges.iter().take(EDGES) {
                page.tag("li", &[], |page| {
                    page.put("span", &[("class", &format!("kind {}", edge.kind))], edge.kind);
                    page.text(" ");
                    page.put("code", &[], &clip(edge.from, 200));
                    page.text(" requires ");
                    page.put("code", &[], &clip(edge.to, 200));
                    page.text(" in ");
                    page.put("code", &[], &clip(edge.subject, 200));
                });
            }
            if report.edges.len() > EDGES {
                page.put("li", &[], &format!("and {} more", number(report.edges.len() - EDGES)));
            }
        });
    });
}

/// Adds what was looked at.
pub fn subjects(report: &Report, _facets: &Facets, page: &mut Markup) {
    table("What was looked at", &["Subject", "Format", "Components", "Requirements"], page, |page| {
        for subject in &report.subjects {
            page.tag("tr", &[], |page| {
                page.tag("th", &[("scope", "row")], |page| page.put("code", &[], &clip(subject.path, 400)));
                page.put("td", &[], subject.format);
                page.put("td", &[("class", "number")], &number(subject.components));
                page.put("td", &[("class", "number")], &number(subject.edges));
            });
        }
    });
}
