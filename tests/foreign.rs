//! BOMs of other tools as baselines: each case below `fixtures/foreign/` is a tree and a BOM of it, as another tool writes
//! one, and what `check` and `diff` say of both. `UPDATE_SNAPSHOTS=1 cargo test --test foreign` writes it anew.
#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use common::{assert_none, folders, path, read, read_memory, snapshot};
use driftgate::discover;
use driftgate::outputs::{self, Style};
use driftgate::policy::{Level, Policy, date};
use driftgate::report::Report;
use driftgate::source::Sources;
use driftgate::tree::{Folder, Tree};
use driftgate::{Side, check, diff, narrow};

fn bom(case: &Path, sources: &Sources) -> Side {
    let tree: Arc<dyn Tree> = Arc::new(Folder::new(case).unwrap());
    let name = ["bom.json", "bom.spdx.json"].into_iter().find(|name| case.join(name).exists()).unwrap();
    discover::read_file(sources, &tree, name).unwrap().side()
}

/// Says what is in a report: problems, findings or changes, requirements that came or went, notes.
fn said(report: &Report) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        writeln!(text, "problem: {problem}").unwrap();
    }
    for finding in &report.findings {
        let (level, at) = (finding.level.name().to_uppercase(), &finding.location);
        writeln!(text, "{level} {} {}:{}: {}", finding.rule, at.path, at.line, finding.message).unwrap();
    }
    // A check finds what of them is worth it.
    if report.gate.is_none() {
        for change in &report.changes {
            let (from, to) = (change.from.unwrap_or("-"), change.to.unwrap_or("-"));
            writeln!(text, "{} {} {from} {to} {}", change.kind, change.purl, change.what.join(" ")).unwrap();
        }
        for edge in &report.edges {
            writeln!(text, "{} {} > {}", edge.kind, edge.from, edge.to).unwrap();
        }
    }
    for note in &report.notes {
        writeln!(text, "note: {note}").unwrap();
    }
    if text.is_empty() { "nothing\n".to_owned() } else { text }
}

#[test]
fn cases_say_what_they_said() {
    let today = date::parse("2026-06-01").unwrap();
    let mut differs = Vec::new();
    let cases = folders(&path("fixtures/foreign"));
    assert!(cases.len() > 5);
    for case in cases {
        let sources = Sources::default();
        let (pinned, resolved) = (bom(&case, &sources), read(&case.join("tree"), &sources));
        let report = check(pinned, resolved, &Policy::default(), today, Level::Deny, &sources).unwrap();
        differs.extend(snapshot(&case.join("check.snap"), &said(&report)));
        let sides = || (bom(&case, &sources), read(&case.join("tree"), &sources));
        let (old, new) = sides();
        let forth = diff(old, new, &sources);
        let (old, new) = sides();
        let back = diff(new, old, &sources);
        differs.extend(snapshot(&case.join("diff.snap"), &format!("{}\n{}", said(&forth), said(&back))));
    }
    assert_none(differs);
}

/// One file of a tree is held to what the BOM says of its packages, and not to the rest.
#[test]
fn one_file_is_held_to_its_part() {
    for (case, file, expected) in [
        ("listed-once", "a/package-lock.json", 0),
        ("folder-scan", "go/go.mod", 0),
        ("another-version", "b/package-lock.json", 1),
        ("two-versions", "a/package-lock.json", 0),
    ] {
        let (case, sources) = (path("fixtures/foreign").join(case), Sources::default());
        let tree: Arc<dyn Tree> = Arc::new(Folder::new(&case.join("tree")).unwrap());
        let resolved = discover::read_file(&sources, &tree, file).unwrap().side();
        let mut pinned = bom(&case, &sources);
        narrow(&mut pinned, &resolved);
        let today = date::parse("2026-06-01").unwrap();
        let report = check(pinned, resolved, &Policy::default(), today, Level::Deny, &sources).unwrap();
        assert_eq!(report.findings.len(), expected, "{}", said(&report));
    }
}

/// A tree of several subjects, written as SPDX and read again, is the same tree.
#[test]
fn spdx_of_a_tree_is_the_tree() {
    for case in folders(&path("fixtures/foreign")) {
        let sources = Sources::default();
        let report = Report { resolved: read(&case.join("tree"), &sources).graph, ..Report::default() };
        assert!(!report.resolved.subjects().is_empty());
        let (output, version) = outputs::asked("spdx-json").unwrap();
        let mut bytes = Vec::new();
        output.write(&report, Style { version, ..Style::default() }, &mut bytes).unwrap();
        let spdx = || read_memory(&[("tree.spdx.json", &bytes)], &sources);
        for (old, new) in [(spdx(), read(&case.join("tree"), &sources)), (read(&case.join("tree"), &sources), spdx())] {
            let report = diff(old, new, &sources);
            let differs = report.changes.iter().map(|change| format!("{} {}", change.kind, change.purl));
            let differs = differs.chain(report.edges.iter().map(|edge| format!("{} {}", edge.kind, edge.to)));
            assert_eq!(differs.collect::<Vec<_>>(), [""; 0], "{}", case.display());
        }
    }
}
