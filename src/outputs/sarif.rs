//! The report for code hosts: SARIF 2.1.0, see the OASIS standard "Static Analysis Results Interchange Format".

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io;

use anyhow::Result;
use serde::{Serialize, Serializer};

use super::json::{self, each};
use super::text::{self, clip, fingerprint};
use super::{Output, Style};
use crate::entry;
use crate::entry::Entry;
use crate::intern::Text;
use crate::report::{Finding, Level, Problem, Related, Report, Waived};
use crate::rules;
use crate::source::Location;

entry! {
    /// SARIF 2.1.0, for code hosts and editors that show findings beside the lines.
    ///
    /// Each finding is a result with its exact region (columns count characters: `columnKind` is `unicodeCodePoints`),
    /// the places that belong to it, the paths by which its component gets in, and how to mend it. Its fingerprint
    /// `driftgate/v1` is made of rule, subject and package, so an alert stays the same when its line moves;
    /// `primaryLocationLineHash` is the same with a number, for GitHub, which looks at no other.
    ///
    /// A waived finding carries a suppression with the waiver's reason. A file that could not be read whole is a
    /// notification, and the invocation is not successful. Paths are relative to `%SRCROOT%`, the root of the repository though
    /// a folder of it was checked: the folder that `GITHUB_WORKSPACE` or `CI_PROJECT_DIR` names, else git's root. What stands
    /// in an image is told where the lockfile speaks of it.
    ///
    /// # Limits
    /// Code hosts take 25,000 results. Past that the warnings go first, and a notification says how many are left out.
    pub Sarif = "sarif"
}

/// How many results code hosts take in one run.
const MOST_RESULTS: usize = 25_000;

impl Output for Sarif {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let rules = rules::all().map(|rule| Rule::of(rule, rule.level())).collect();
        json::write(&Log::of(report, rules, MOST_RESULTS), to)
    }

    fn is_for_code_host(&self) -> bool {
        true
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

impl<'r> Log<'r> {
    fn of(report: &'r Report, mut rules: Vec<Rule>, most: usize) -> Self {
        let mut index: BTreeMap<Text, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.id, at)).collect();
        for finding in &report.findings {
            index.entry(finding.rule).or_insert_with(|| {
                rules.push(Rule::unknown(finding.rule));
                rules.len() - 1
            });
        }
        let findings = keep(&report.findings, most);
        let left_out = report.findings.len() - findings.len();
        let results = Results { suppressed: findings.iter().any(|finding| finding.waived.is_some()), index, findings };
        let driver = Driver {
            name: "driftgate",
            version: env!("CARGO_PKG_VERSION"),
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules,
            notifications: NOTIFICATIONS.map(|(id, text)| Descriptor { id, short_description: Message::of(text) }),
        };
        let root = Root { description: Message::of("the root of the tree that was read") };
        let run = Run {
            tool: Tool { driver },
            invocations: [Invocation::of(report, left_out)],
            original_uri_base_ids: BTreeMap::from([(SRCROOT, root)]),
            column_kind: "unicodeCodePoints",
            results,
        };
        Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

/// Returns the findings that go in, in their order: all of them, or as many as may, errors before warnings.
fn keep(findings: &[Finding], most: usize) -> Vec<&Finding> {
    if findings.len() <= most {
        return findings.iter().collect();
    }
    let mut order: Vec<(bool, bool, usize)> = findings
        .iter()
        .enumerate()
        .map(|(at, finding)| (finding.waived.is_some(), finding.level != Level::Deny, at))
        .collect();
    order.sort_unstable();
    order.truncate(most);
    order.sort_unstable_by_key(|(.., at)| *at);
    order.into_iter().map(|(.., at)| &findings[at]).collect()
}

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const SRCROOT: &str = "%SRCROOT%";
const UNREADABLE: &str = "unreadable";
const TOO_MANY: &str = "too-many-results";
const NOTE: &str = "note";
const NOTIFICATIONS: [(&str, &str); 3] = [
    (UNREADABLE, "something could not be read whole, so the results are not complete"),
    (TOO_MANY, "there are more findings than a code host takes"),
    (NOTE, "what was not compared, and why"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Root>,
    column_kind: &'static str,
    results: Results<'r>,
}

#[derive(Serialize)]
struct Root {
    description: Message,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
    notifications: [Descriptor; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_configuration: Option<Configuration>,
}

impl Rule {
    fn of<R: Entry + ?Sized>(rule: &R, level: Level) -> Self {
        let docs = text::docs(rule.docs());
        let first = docs.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        Rule {
            id: rule.id(),
            short_description: Some(Message::of(rule.summary())),
            full_description: Some(Message::of(first)),
            help: Some(Help { text: docs.clone(), markdown: docs }),
            default_configuration: Some(Configuration { enabled: level != Level::Allow, level: grave(level) }),
        }
    }

    /// Returns a rule of which nothing but its name is known.
    fn unknown(id: Text) -> Self {
        Rule { id, short_description: None, full_description: None, help: None, default_configuration: None }
    }
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: &'static str,
}

fn grave(level: Level) -> &'static str {
    if level == Level::Deny { "error" } else { "warning" }
}

#[derive(Serialize)]
struct Message {
    text: String,
}

impl Message {
    /// Returns words of ours.
    fn of(text: impl Into<String>) -> Self {
        Message { text: text.into() }
    }

    /// Returns words that hold text from files: nothing hidden, no placeholder (§3.11.5), no link (§3.11.6).
    fn from_files(text: &str) -> Self {
        let lines: Vec<String> = text.split('\n').map(|line| clip(line, 2_000).into_owned()).collect();
        Message { text: lines.join("\n").replace('{', "{{").replace('}', "}}").replace("](", "] (") }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

impl Invocation {
    fn of(report: &Report, left_out: usize) -> Self {
        let mut notifications: Vec<Notification> = report.problems.iter().map(Notification::unreadable).collect();
        if left_out > 0 {
            let text = format!(
                "{} left out: a code host takes {} at most; the json output has all",
                text::count(left_out, "finding"),
                text::number(report.findings.len() - left_out)
            );
            notifications.push(Notification::of(TOO_MANY, "warning", &text));
        }
        notifications.extend(report.notes.iter().map(|note| Notification::of(NOTE, "note", note)));
        Invocation {
            execution_successful: report.problems.is_empty(),
            exit_code: report.exit_code(),
            tool_execution_notifications: notifications,
        }
    }
}

#[derive(Serialize)]
struct Notification {
    descriptor: Reference,
    level: &'static str,
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[Place; 1]>,
}

impl Notification {
    fn of(id: &'static str, level: &'static str, text: &str) -> Self {
        Notification { descriptor: Reference { id }, level, message: Message::from_files(text), locations: None }
    }

    fn unreadable(problem: &Problem) -> Self {
        let locations = problem.location.as_ref().and_then(Place::of).map(|place| [place]);
        Notification { locations, ..Notification::of(UNREADABLE, "error", &problem.message) }
    }
}

#[derive(Serialize)]
struct Reference {
    id: &'static str,
}

struct Results<'r> {
    findings: Vec<&'r Finding>,
    index: BTreeMap<Text, usize>,
    suppressed: bool,
}

impl<'r> Serialize for Results<'r> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let index = |finding: &Finding| self.index.get(finding.rule).copied().unwrap_or_default();
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let number = |finding: &&'r Finding| {
            let number = seen.entry(&finding.identity).or_default();
            *number += 1;
            *number
        };
        let numbers: Vec<usize> = self.findings.iter().map(number).collect();
        let numbered: Vec<(&Finding, usize)> = self.findings.iter().copied().zip(numbers).collect();
        each(&numbered, |(finding, number)| Outcome::of(finding, *number, index(finding), self.suppressed), to)
    }
}

/// A result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'r> {
    rule_id: Text,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Place>,
    partial_fingerprints: Fingerprints,
    /// All results of a run have them, or none has (§3.27.23).
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression>>,
    properties: Properties<'r>,
}

impl<'r> Outcome<'r> {
    /// Returns a finding as a result; `number` tells those of one fingerprint apart.
    fn of(finding: &'r Finding, number: usize, rule_index: usize, suppressed: bool) -> Self {
        let fingerprint = fingerprint(&finding.identity);
        Outcome {
            rule_id: finding.rule,
            rule_index,
            level: grave(finding.level),
            message: Message::from_files(&words(finding)),
            locations: Place::of(&finding.location).into_iter().collect(),
            related_locations: finding.related.iter().enumerate().filter_map(Place::related).collect(),
            partial_fingerprints: Fingerprints { github: format!("{fingerprint}:{number}"), driftgate: fingerprint },
            suppressions: suppressed.then(|| finding.waived.iter().map(Suppression::of).collect()),
            properties: Properties { purl: finding.purl, subject: finding.subject, introduced_by: &finding.paths },
        }
    }
}

/// Returns what a finding says, by which ways its component gets in, and how to mend it.
fn words(finding: &Finding) -> String {
    let mut words = text::plain(&finding.message).into_owned();
    for path in finding.paths.iter().take(MOST_PATHS) {
        let _ = write!(words, "\nbrought in by {}", text::path(path));
    }
    if finding.paths.len() > MOST_PATHS {
        let _ = write!(words, "\nand {}", text::count(finding.paths.len() - MOST_PATHS, "more way"));
    }
    for note in &finding.notes {
        let _ = write!(words, "\nnote: {note}");
    }
    if !finding.help.is_empty() {
        let _ = write!(words, "\nhelp: {}", finding.help);
    }
    words
}

const MOST_PATHS: usize = 3;

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "driftgate/v1")]
    driftgate: String,
    /// The only one by which GitHub knows an alert again. What an upload lacks it makes of the lines around a place.
    #[serde(rename = "primaryLocationLineHash")]
    github: String,
}

#[derive(Serialize)]
struct Properties<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<Text>,
    subject: Text,
    #[serde(rename = "introducedBy")]
    introduced_by: &'r [Vec<Text>],
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
}

impl Suppression {
    fn of(waived: &Waived) -> Self {
        let mut justification = waived.reason.clone();
        if !waived.owner.is_empty() {
            let _ = write!(justification, " (owner: {})", waived.owner);
        }
        if !waived.until.is_empty() {
            let _ = write!(justification, " (until {})", waived.until);
        }
        let location = Place::of(&waived.location);
        Suppression { kind: "external", status: "accepted", justification, location }
    }
}

/// A location.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

impl Place {
    fn of(location: &Location) -> Option<Self> {
        let uri = uri(location.path);
        let region = Region::of(location);
        let artifact_location = Artifact { uri, uri_base_id: SRCROOT };
        let physical_location = Physical { region, artifact_location };
        (!physical_location.artifact_location.uri.is_empty()).then_some(Place {
            id: None,
            physical_location,
            message: None,
        })
    }

    fn related((at, related): (usize, &Related)) -> Option<Self> {
        let message = Some(Message::from_files(related.note));
        Some(Place { id: Some(at), message, ..Place::of(&related.location)? })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

impl Region {
    fn of(location: &Location) -> Self {
        let start = (location.line.max(1), location.column.max(1));
        let end = (location.end_line.max(1), location.end_column.max(1)).max(start);
        Region { start_line: start.0, start_column: start.1, end_line: end.0, end_column: end.1 }
    }
}

/// Returns a path as a relative URI reference (RFC 3986): what is no plain part of a path goes by its bytes.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => uri.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' | b',' | b'=' | b'!' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::outputs::samples::{self, check};

    /// An entry as the table of rules has them.
    struct Fake;

    impl Entry for Fake {
        fn id(&self) -> &'static str {
            "version-drift"
        }

        fn docs(&self) -> &'static str {
            " A component resolves to another version than the BOM pins.\n\n # Why\n The pinned one was reviewed.\n"
        }
    }

    fn log(report: &Report, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        json::write(&Log::of(report, vec![Rule::of(&Fake, Level::Deny)], most), &mut bytes).expect("a Vec takes all");
        bytes
    }

    #[test]
    fn logs_are_as_expected_and_valid() {
        let schema = include_str!("../../fixtures/schemas/sarif/sarif-schema-2.1.0.json");
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("it is a schema");
        for (case, report) in samples::all() {
            let bytes = log(&report, MOST_RESULTS);
            let value: Value = serde_json::from_slice(&bytes).expect("it is JSON");
            let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(errors, [""; 0], "{case}");
            check("sarif", case, &bytes);
            // With the rules as they are, whose docs change more often than this output.
            let mut bytes = Vec::new();
            Sarif.write(&report, Style::default(), &mut bytes).expect("a Vec takes all");
            assert!(schema.is_valid(&serde_json::from_slice(&bytes).expect("it is JSON")), "{case}");
        }
    }

    #[test]
    fn too_many_results_are_cut_loudly() {
        let report = samples::many();
        let value: Value = serde_json::from_slice(&log(&report, 2)).expect("it is JSON");
        let run = &value["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(2));
        assert!(run["results"].as_array().is_some_and(|results| results.iter().all(|one| one["level"] == "error")));
        let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(notification["descriptor"]["id"], TOO_MANY);
        assert!(notification["message"]["text"].as_str().is_some_and(|text| text.contains("left out")));
    }

    #[test]
    fn paths_become_relative_references() {
        for (path, expected) in [
            ("services/api/uv.lock", "services/api/uv.lock"),
            ("/etc/a b", "etc/a%20b"),
            ("c:x/é?#%.lock", "c%3Ax/%C3%A9%3F%23%25.lock"),
            ("node_modules/@scope/x", "node_modules/@scope/x"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn words_hold_no_placeholder_and_no_link() {
        let text = Message::from_files("[x](https://evil.example) {0} \u{202e}").text;
        assert_eq!(text, r"[x] (https://evil.example) {{0}} \u{{202e}}");
    }
}
