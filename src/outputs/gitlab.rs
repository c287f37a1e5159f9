//! The report for GitLab's merge requests: Code Quality, the part of Code Climate's issues that GitLab reads.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use anyhow::Result;
use serde::Serialize;

use super::text::{clip, fingerprint};
use super::{Output, Style, json};
use crate::entry;
use crate::report::{Finding, Level, Problem, Report};
use crate::source::Location;

entry! {
    /// GitLab Code Quality, for findings in the widget and the lines of a merge request.
    ///
    /// # Fields
    /// One array, an object each finding: `type` (`issue`), `check_name` (the rule), `description` (what it says, and the
    /// shortest way in), `severity`, `fingerprint`, `location` (`path`, `lines.begin`).
    ///
    /// `severity` is `critical` for what the policy denies and `minor` for warnings. What could not be read whole is
    /// `blocker`, with the check `unreadable`. Findings that a waiver lets through are left out: GitLab has no word for them.
    ///
    /// `fingerprint` is SARIF's, made of rule, subject and package, so that a finding stays the same when its line moves;
    /// where several are alike, a number tells them apart. Paths are those in the repository, though
    /// a folder of it was checked: from the folder that `CI_PROJECT_DIR` names, else from git's root.
    ///
    /// # Use
    /// ```yaml
    /// script: driftgate check --format terminal --format gitlab=gl-code-quality-report.json
    /// artifacts:
    ///   when: always
    ///   reports: {codequality: gl-code-quality-report.json}
    /// ```
    pub Gitlab = "gitlab"
}

/// The check of what could not be read whole.
const UNREADABLE: &str = "unreadable";

impl Output for Gitlab {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut seen = HashMap::new();
        let problems = report.problems.iter().map(Issue::unreadable);
        let findings = report.findings.iter().filter(|finding| finding.waived.is_none()).map(Issue::of);
        let issues: Vec<Issue<'_>> = problems.chain(findings).map(|issue| issue.told_apart(&mut seen)).collect();
        json::write(&issues, to)
    }

    fn is_for_code_host(&self) -> bool {
        true
    }
}

#[derive(Serialize)]
struct Issue<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'r str,
    description: String,
    severity: &'static str,
    fingerprint: String,
    location: Place,
}

impl<'r> Issue<'r> {
    fn of(finding: &'r Finding) -> Self {
        let mut description = clip(&finding.message, MOST).into_owned();
        if let Some(path) = finding.paths.first() {
            let _ = write!(description, "; brought in by {}", super::text::path(path));
        }
        Issue {
            kind: "issue",
            check_name: finding.rule,
            description,
            severity: if finding.level == Level::Deny { "critical" } else { "minor" },
            fingerprint: fingerprint(&finding.identity),
            location: Place::of(Some(&finding.location)),
        }
    }

    fn unreadable(problem: &'r Problem) -> Self {
        let path = problem.location.as_ref().map_or("", |location| location.path);
        Issue {
            kind: "issue",
            check_name: UNREADABLE,
            description: clip(&problem.message, MOST).into_owned(),
            severity: "blocker",
            fingerprint: fingerprint(&[UNREADABLE, path, &problem.message].join("\u{1f}")),
            location: Place::of(problem.location.as_ref()),
        }
    }

    /// Gives it a fingerprint of its own where others before it have the same one: GitLab shows each fingerprint once.
    fn told_apart(mut self, seen: &mut HashMap<String, usize>) -> Self {
        let amount = seen.entry(self.fingerprint.clone()).or_default();
        *amount += 1;
        if *amount > 1 {
            self.fingerprint = fingerprint(&format!("{}\u{1f}{amount}", self.fingerprint));
        }
        self
    }
}

/// How many characters of a message are shown.
const MOST: usize = 1_000;

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

impl Place {
    /// Returns a place; the root of the tree where none is known, for GitLab takes no issue without one.
    fn of(location: Option<&Location>) -> Self {
        let path = location.map_or("", |location| location.path.trim_start_matches('/'));
        let begin = location.map_or(1, |location| location.line.max(1));
        Place { path: if path.is_empty() { "." } else { path }.to_owned(), lines: Lines { begin } }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::outputs::samples::{self, check};

    fn page(report: &Report) -> Vec<u8> {
        let mut bytes = Vec::new();
        Gitlab.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        bytes
    }

    fn issues(report: &Report) -> Vec<Value> {
        serde_json::from_slice(&page(report)).expect("it is a JSON array")
    }

    #[test]
    fn pages_are_as_expected_and_valid() {
        let schema = include_str!("../../fixtures/schemas/gitlab/codeclimate-issue.schema.json");
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        let schema = jsonschema::validator_for(&schema).expect("it is a schema");
        for (case, report) in samples::all() {
            let mut fingerprints = BTreeSet::new();
            for issue in issues(&report) {
                let errors: Vec<String> = schema.iter_errors(&issue).map(|error| error.to_string()).collect();
                assert_eq!(errors, [""; 0], "{case}");
                // What GitLab asks for beyond its schema.
                let severity = issue["severity"].as_str().unwrap_or_default();
                assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{case}: {severity}");
                let path = issue["location"]["path"].as_str().unwrap_or_default();
                assert!(!path.is_empty() && !path.starts_with('/'), "{case}: {path}");
                assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{case}");
                assert!(fingerprints.insert(issue["fingerprint"].to_string()), "{case}: {issue}");
            }
            check("gitlab", case, &page(&report));
        }
    }

    #[test]
    fn alike_findings_have_fingerprints_of_their_own() {
        let mut report = samples::flood(3);
        report.findings.iter_mut().for_each(|finding| finding.identity = "same".to_owned());
        let found: Vec<String> = issues(&report).iter().map(|issue| issue["fingerprint"].to_string()).collect();
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 3);
        assert_eq!(found[0], format!("\"{}\"", fingerprint("same")));
        report.findings.pop();
        assert_eq!(issues(&report).len(), 2);
        assert_eq!(issues(&report)[1]["fingerprint"].to_string(), found[1]);
    }

    #[test]
    fn a_moved_line_keeps_its_fingerprint_and_a_waived_finding_is_left_out() {
        let mut report = samples::drift();
        let before = issues(&report);
        assert_eq!(before.len(), report.findings.len() - 1);
        report.findings.iter_mut().for_each(|finding| finding.location.line += 7);
        let after = issues(&report);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before["fingerprint"], after["fingerprint"]);
            assert_ne!(before["location"], after["location"]);
        }
    }
}
