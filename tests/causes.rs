//! What a change came with: lockfiles as tools wrote them before and after one step, and what each group says.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{assert_none, folders, path, read, snapshot};
use driftgate::outputs::{self, Style};
use driftgate::policy::Policy;
use driftgate::report::{Finding, Level, Report};
use driftgate::source::Sources;

fn report(case: &Path) -> Report {
    let sources = Sources::default();
    let (old, new) = (read(&case.join("old"), &sources), read(&case.join("new"), &sources));
    assert!(old.problems.is_empty() && new.problems.is_empty(), "{:?} {:?}", old.problems, new.problems);
    let mut report = driftgate::diff(old, new, &sources);
    report.sources = sources;
    report
}

fn shown(report: &Report, output: &str) -> String {
    let mut bytes = Vec::new();
    outputs::named(output).unwrap().write(report, Style::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn causes_are_as_reviewed() {
    let mut differs = Vec::new();
    for case in folders(&path("fixtures/causes")) {
        let report = report(&case);
        let shown = format!("{}\n{}", shown(&report, "terminal"), shown(&report, "markdown"));
        differs.extend(snapshot(&case.join("expected.snap"), &shown));
    }
    assert_none(differs);
}

/// What `check` finds about a change stands under what the change came with.
#[test]
fn findings_stand_under_what_caused_them() {
    let mut differs = Vec::new();
    let today = time::macros::date!(2026 - 11 - 26);
    for name in ["npm-one", "uv-all", "cargo-workspace"] {
        let case = path("fixtures/causes").join(name);
        let sources = Sources::default();
        let (old, new) = (read(&case.join("old"), &sources), read(&case.join("new"), &sources));
        let mut report = driftgate::check(old, new, &Policy::default(), today, Level::Deny, &sources).unwrap();
        report.sources = sources;
        let found = |finding: &Finding| {
            let about = finding.purl.unwrap_or(finding.subject);
            format!("{} {about} < {}\n", finding.rule, finding.cause.unwrap_or("-"))
        };
        let found: String = report.findings.iter().map(found).collect();
        let page = shown(&report, "markdown");
        let table = page.split("\n<details>").next().unwrap();
        let shown = format!("{}\n{table}\n{found}", shown(&report, "terminal"));
        differs.extend(snapshot(&case.join("check.snap"), &shown));
    }
    assert_none(differs);
}

#[test]
fn each_change_has_one_cause() {
    for case in folders(&path("fixtures/causes")).into_iter().chain(folders(&path("fixtures/rules/component-added"))) {
        if !case.join("old").is_dir() {
            continue;
        }
        let report = report(&case);
        let of_causes = || report.causes.iter().flat_map(|cause| cause.changes.iter().chain(&cause.perhaps));
        assert_eq!(of_causes().count(), report.changes.len(), "{}", case.display());
        assert_eq!(of_causes().collect::<BTreeSet<_>>().len(), report.changes.len(), "{}", case.display());
        for cause in &report.causes {
            let lead = cause.changes.first().map(|at| report.changes[*at].purl);
            assert!(!matches!(cause.kind, "direct" | "transitive") || lead == cause.purl, "{cause:?}");
        }
    }
}
