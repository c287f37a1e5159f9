//! The report as test results: JUnit XML, as Ant's JUnit task writes it and Jenkins reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use anyhow::Result;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::tally::Tally;
use super::tame::Tame;
use super::text::{self, clip, count};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{Finding, Level, Problem, Report, SubjectLine};

entry! {
    /// JUnit XML, for CI systems that show test results: a suite a subject, a case a rule.
    ///
    /// # Cases
    /// A rule that had something to look at in a subject is a case of the subject's suite, and has passed where it found
    /// nothing. It has none where the policy allows it, nor where it had nothing to look at: rules on drift look at what the
    /// BOM pins, those on images at what is or names an image, those on GPUs at what runs on a `[[target]]` and has no fact
    /// missing. What finds something has a case wherever that is. Each subject has the case `unreadable` too, passed where it
    /// was read whole. Findings about the policy are in a suite of the policy's name, and the suite `driftgate` is about the
    /// run: what could not be read and is no file, headlines, notes.
    ///
    /// - A **failure** is what reaches the gate: `deny`, or with `--fail-on warn` warnings too. All findings of one rule in
    ///   one subject are one case, each with its place, the ways by which it gets in, and how to mend it.
    /// - An **error** is what could not be read whole.
    /// - Warnings below the gate, and findings that a waiver lets through, fail no case: they stand in the `system-out` of
    ///   their suite.
    ///
    /// # Form
    /// Valid by the schemas of Ant's JUnit task and of Jenkins' xUnit plugin. Ant's wants a time of each suite: that is
    /// `SOURCE_DATE_EPOCH`, and `1970-01-01T00:00:00` where it is not set, so that the same input gives the same bytes. Hosts
    /// are `localhost` and durations 0. What XML has no character for is spelled out, as `\u{1b}`.
    ///
    /// # Use
    /// `driftgate check --format terminal --format junit=driftgate.junit.xml`
    pub Junit = "junit"
}

/// The suite about the run.
const RUN: &str = "driftgate";
/// The case that says whether something was read whole.
const UNREADABLE: &str = "unreadable";
/// The time of suites where none is given.
const NO_TIME: &str = "1970-01-01T00:00:00";

impl Output for Junit {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut to = Tame::new(io::BufWriter::new(to));
        let mut xml = Writer::new_with_indent(&mut to, b' ', 2);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let time = report.timestamp.as_deref().map_or(NO_TIME, |time| time.trim_end_matches('Z'));
        xml.create_element("testsuites").write_inner_content(|xml| {
            suites(report).iter().enumerate().try_for_each(|(id, suite)| suite.write(id, time, xml))
        })?;
        io::Write::write_all(&mut to, b"\n")?;
        Ok(io::Write::flush(&mut to)?)
    }
}

/// Returns the suites: the run's, then by path.
fn suites(report: &Report) -> Vec<Suite<'_>> {
    let mut run = Suite::new(RUN);
    run.cases.insert(UNREADABLE, Case::default());
    run.properties.push(("version", env!("CARGO_PKG_VERSION").to_owned()));
    if let Some(gate) = report.gate {
        run.properties.push(("gate", gate.name().to_owned()));
    }
    let tally = Tally::of(report);
    if report.gate.is_some() {
        run.out.push(format!("{} in {}", tally.verdict(), tally.extent()));
    }
    run.out.push(tally.changes());
    run.out.extend(report.headlines.iter().map(|line| clip(line, 2_000).into_owned()));
    run.out.extend(report.notes.iter().map(|note| format!("note: {}", clip(note, 2_000))));

    let mut suites: BTreeMap<Text, Suite<'_>> = BTreeMap::new();
    for SubjectLine { path, format, components, edges } in &report.subjects {
        let suite = suite(&mut suites, path);
        suite.cases.insert(UNREADABLE, Case::default());
        suite.properties.push(("format", text::plain(format).into_owned()));
        suite.properties.push(("components", components.to_string()));
        suite.properties.push(("requirements", edges.to_string()));
    }
    for looked in &report.looked {
        let suite = suite(&mut suites, looked.subject);
        for rule in &looked.rules {
            suite.cases.entry(rule).or_default();
        }
    }
    for problem in &report.problems {
        let path = problem.location.as_ref().map(|location| location.path).filter(|path| !path.is_empty());
        let suite = path.map_or(&mut run, |path| suite(&mut suites, path));
        suite.cases.entry(UNREADABLE).or_default().problems.push(problem);
    }
    let gate = report.gate.unwrap_or(Level::Deny);
    for finding in &report.findings {
        let path = finding.listed_under();
        let suite = if path.is_empty() { &mut run } else { suite(&mut suites, path) };
        let case = suite.cases.entry(finding.rule).or_default();
        if finding.counts(gate) {
            case.failures.push(finding);
        } else {
            suite.out.push(beside(finding));
        }
    }
    std::iter::once(run).chain(suites.into_values()).collect()
}

/// Returns the suite of a subject.
fn suite<'s, 'r>(suites: &'s mut BTreeMap<Text, Suite<'r>>, path: Text) -> &'s mut Suite<'r> {
    suites.entry(path).or_insert_with(|| Suite::new(path))
}

struct Suite<'r> {
    name: Text,
    properties: Vec<(&'static str, String)>,
    /// By the rule's id.
    cases: BTreeMap<Text, Case<'r>>,
    /// What fails nothing, and is worth reading.
    out: Vec<String>,
}

#[derive(Default)]
struct Case<'r> {
    failures: Vec<&'r Finding>,
    problems: Vec<&'r Problem>,
}

type Xml<'w, 't> = Writer<&'w mut Tame<io::BufWriter<&'t mut dyn io::Write>>>;

impl Suite<'_> {
    fn new(name: Text) -> Self {
        Suite { name, properties: Vec::new(), cases: BTreeMap::new(), out: Vec::new() }
    }

    fn write(&self, id: usize, time: &str, xml: &mut Xml<'_, '_>) -> io::Result<()> {
        let name = named(self.name);
        let amount = |has: fn(&Case<'_>) -> bool| self.cases.values().filter(|case| has(case)).count().to_string();
        xml.create_element("testsuite")
            .with_attributes([
                ("name", name.as_str()),
                ("package", RUN),
                ("id", &id.to_string()),
                ("hostname", "localhost"),
                ("timestamp", time),
                ("tests", &self.cases.len().to_string()),
                ("failures", &amount(|case| case.problems.is_empty() && !case.failures.is_empty())),
                ("errors", &amount(|case| !case.problems.is_empty())),
                ("skipped", "0"),
                ("time", "0"),
            ])
            .write_inner_content(|xml| {
                xml.create_element("properties").write_inner_content(|xml| {
                    self.properties.iter().try_for_each(|(name, value)| {
                        let property = xml.create_element("property");
                        property.with_attributes([("name", *name), ("value", value)]).write_empty().map(drop)
                    })
                })?;
                for (rule, case) in &self.cases {
                    case.write(&name, &named(rule), xml)?;
                }
                let out = xml.create_element("system-out");
                match self.out.as_slice() {
                    [] => out.write_empty()?,
                    lines => out.write_text_content(BytesText::new(&lines.join("\n")))?,
                };
                xml.create_element("system-err").write_empty().map(drop)
            })?;
        Ok(())
    }
}

impl Case<'_> {
    fn write(&self, suite: &str, rule: &str, xml: &mut Xml<'_, '_>) -> io::Result<()> {
        let element =
            xml.create_element("testcase").with_attributes([("name", rule), ("classname", suite), ("time", "0")]);
        let problems: Vec<String> = self.problems.iter().map(|problem| trouble(problem)).collect();
        let failures: Vec<String> = self.failures.iter().map(|finding| told(finding)).collect();
        let (kind, amount, first, lines) = match (self.problems.first(), self.failures.first()) {
            // A case ends in one way: what was not read is the graver one, and what was found is told with it.
            (Some(first), _) => {
                ("error", count(problems.len(), "problem"), &first.message, [problems, failures].concat())
            }
            (None, Some(first)) => ("failure", count(failures.len(), "finding"), &first.message, failures),
            (None, None) => return element.write_empty().map(drop),
        };
        let mut message = clip(first, 400).into_owned();
        if lines.len() > 1 {
            message = format!("{amount}: {message}");
        }
        element
            .write_inner_content(|xml| {
                let result = xml.create_element(kind).with_attributes([("type", rule), ("message", &message)]);
                result.write_text_content(BytesText::new(&lines.join("\n"))).map(drop)
            })
            .map(drop)
    }
}

/// Returns a name as the schemas take it: they trim it, and want something left.
fn named(name: &str) -> String {
    let name = text::plain(name);
    if name.trim().is_empty() { format!("\"{name}\"") } else { name.into_owned() }
}

fn trouble(problem: &Problem) -> String {
    let place = problem.location.as_ref().map(|location| format!("{}: ", text::at(location))).unwrap_or_default();
    format!("{place}{}", clip(&problem.message, 2_000))
}

/// Returns a finding that fails nothing, and why.
fn beside(finding: &Finding) -> String {
    let Some(waived) = &finding.waived else {
        return format!("warning[{}]: {}", text::plain(finding.rule), told(finding));
    };
    let mut line = format!(
        "waived[{}]: {}: {}\n  reason: {}",
        text::plain(finding.rule),
        text::at(&finding.location),
        clip(&finding.message, 2_000),
        clip(&waived.reason, 2_000)
    );
    for (word, value) in [("owner", &waived.owner), ("until", &waived.until)] {
        if !value.is_empty() {
            let _ = write!(line, "\n  {word}: {}", clip(value, 200));
        }
    }
    line
}

/// Returns all that a finding says: where, what, by which ways its component gets in, what belongs to it, how to mend it.
fn told(finding: &Finding) -> String {
    let mut told = format!("{}: {}", text::at(&finding.location), clip(&finding.message, 2_000));
    for path in finding.paths.iter().take(MOST_PATHS) {
        let _ = write!(told, "\n  brought in by {}", text::path(path));
    }
    if finding.paths.len() > MOST_PATHS {
        let _ = write!(told, "\n  and {} in", count(finding.paths.len() - MOST_PATHS, "more way"));
    }
    for related in &finding.related {
        let _ = write!(told, "\n  {}: {}", clip(related.note, 200), text::at(&related.location));
    }
    for note in &finding.notes {
        let _ = write!(told, "\n  note: {}", clip(note, 2_000));
    }
    for line in finding.help.lines().filter(|line| !line.trim().is_empty()) {
        let _ = write!(told, "\n  help: {}", clip(line, 2_000));
    }
    told
}

/// How many ways in are told.
const MOST_PATHS: usize = 3;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use quick_xml::Reader;
    use quick_xml::XmlVersion;

    use super::*;
    use crate::outputs::samples::{self, check};

    fn page(report: &Report) -> String {
        let mut bytes = Vec::new();
        Junit.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("it is text")
    }

    /// An element, read.
    #[derive(Debug, Default)]
    struct Element {
        name: String,
        attributes: BTreeMap<String, String>,
        inside: Vec<Element>,
        text: String,
    }

    impl Element {
        fn named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
            self.inside.iter().filter(move |element| element.name == name)
        }

        /// Returns an attribute of an element, an empty text where it has none.
        fn at(&self, name: &str) -> &str {
            self.attributes.get(name).map_or("", String::as_str)
        }
    }

    /// Reads a page with a reader that takes nothing but well-formed XML.
    fn read(page: &str) -> Element {
        let mut reader = Reader::from_str(page);
        reader.config_mut().check_end_names = true;
        let mut open = vec![Element::default()];
        let element = |start: &quick_xml::events::BytesStart<'_>| Element {
            name: start.name().into_inner().to_owned(),
            attributes: start
                .attributes()
                .map(|attribute| attribute.expect("attributes are well-formed, and each is there once"))
                .map(|attribute| {
                    let value = attribute.normalized_value(XmlVersion::Implicit1_0).expect("entities are known");
                    (attribute.key.into_inner().to_owned(), value.into_owned())
                })
                .collect(),
            ..Element::default()
        };
        loop {
            match reader.read_event().expect("it is well-formed") {
                Event::Start(start) => open.push(element(&start)),
                Event::Empty(start) => open.last_mut().expect("one is open").inside.push(element(&start)),
                Event::End(_) => {
                    let closed = open.pop().expect("one is open");
                    open.last_mut().expect("one is open").inside.push(closed);
                }
                Event::Text(text) => open.last_mut().expect("one is open").text.push_str(&text),
                Event::GeneralRef(_) | Event::Decl(_) => {}
                Event::Eof => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(open.len(), 1, "all is closed");
        let mut root = open.remove(0);
        assert_eq!(root.inside.len(), 1, "there is one root");
        root.inside.remove(0)
    }

    /// Says whether XML 1.0 has a character (§2.2).
    fn is_of_xml(c: char) -> bool {
        matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    /// Holds a page to what both schemas ask for: elements in their order, attributes that must be there, numbers that are
    /// right.
    fn hold(page: &str) {
        assert!(page.chars().all(is_of_xml));
        let root = read(page);
        assert_eq!((root.name.as_str(), root.attributes.len()), ("testsuites", 0));
        for (id, suite) in root.inside.iter().enumerate() {
            let attributes: Vec<&str> = suite.attributes.keys().map(String::as_str).collect();
            let expected = "errors failures hostname id name package skipped tests time timestamp";
            assert_eq!(attributes.join(" "), expected);
            assert_eq!((suite.name.as_str(), suite.at("id")), ("testsuite", id.to_string().as_str()));
            assert!(!suite.at("name").trim().is_empty());
            let order: Vec<&str> = suite.inside.iter().map(|element| element.name.as_str()).collect();
            let cases: Vec<&Element> = suite.named("testcase").collect();
            let middle = vec!["testcase"; cases.len()];
            assert_eq!(order, [&["properties"][..], &middle, &["system-out", "system-err"]].concat());
            let ends = |kind: &str| cases.iter().filter(|case| case.named(kind).count() == 1).count().to_string();
            assert_eq!(suite.at("tests"), cases.len().to_string());
            assert_eq!([suite.at("failures"), suite.at("errors")], [ends("failure"), ends("error")]);
            for case in cases {
                assert!(case.inside.len() <= 1, "{case:?}");
                assert!(!case.at("name").is_empty() && case.at("classname") == suite.at("name"));
                for end in &case.inside {
                    assert!(["failure", "error"].contains(&end.name.as_str()));
                    assert!(!end.at("message").is_empty() && !end.at("type").is_empty() && !end.text.is_empty());
                }
            }
        }
    }

    #[test]
    fn pages_are_as_expected() {
        for (case, report) in samples::all() {
            let page = page(&report);
            hold(&page);
            check("junit", case, page.as_bytes());
        }
    }

    /// Beside what [`hold`] holds pages to, where there is an xmllint: both schemas themselves.
    #[test]
    fn pages_are_valid_by_both_schemas() {
        let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/schemas/junit");
        for schema in ["junit-windyroad.xsd", "junit-jenkins-10.xsd"] {
            let schema = format!("{schemas}/{schema}");
            for (case, report) in samples::all() {
                let folder = tempfile::tempdir().expect("a folder can be made");
                let file = folder.path().join("junit.xml");
                std::fs::write(&file, page(&report)).expect("a file can be written");
                let mut xmllint = Command::new("xmllint");
                let Ok(ran) = xmllint.args(["--noout", "--nonet", "--schema", &schema]).arg(&file).output() else {
                    return;
                };
                assert!(ran.status.success(), "{case}: {}", String::from_utf8_lossy(&ran.stderr));
            }
        }
    }

    /// Returns of each case that did not pass, and of each suite's output, a line.
    fn ends(report: &Report) -> Vec<String> {
        let mut ends = Vec::new();
        for suite in read(&page(report)).named("testsuite") {
            for case in suite.named("testcase").filter(|case| !case.inside.is_empty()) {
                ends.push(format!("{} {} {}", suite.at("name"), case.at("name"), case.inside[0].name));
            }
        }
        ends
    }

    #[test]
    fn what_reaches_the_gate_fails_and_no_more() {
        let mut report = samples::drift();
        let api = "services/api/uv.lock";
        let denied = [format!("{api} integrity-drift failure"), format!("{api} version-drift failure")];
        assert_eq!(ends(&report), denied);
        report.gate = Some(Level::Warn);
        let [first, second] = denied.clone();
        assert_eq!(ends(&report), [first, second, "web/package-lock.json component-added failure".to_owned()]);
        report.gate = Some(Level::Deny);
        report.problems.push(Problem { location: None, message: "no".to_owned() });
        assert_eq!(ends(&report)[0], "driftgate unreadable error");
        assert_eq!(ends(&report)[1..], denied);
    }

    #[test]
    fn a_rule_that_found_nothing_has_passed() {
        let page = read(&page(&samples::drift()));
        let suite = page.named("testsuite").find(|suite| suite.at("name") == "services/api/uv.lock");
        let cases: Vec<(&str, bool)> = suite
            .expect("it is there")
            .named("testcase")
            .map(|case| (case.at("name"), case.inside.is_empty()))
            .collect();
        let expected =
            [("integrity-drift", false), ("source-drift", true), ("unreadable", true), ("version-drift", false)];
        assert_eq!(cases, expected);
    }

    #[test]
    fn suites_have_the_time_that_is_given() {
        let mut report = samples::drift();
        assert!(page(&report).contains("timestamp=\"1970-01-01T00:00:00\""));
        report.timestamp = Some("2023-11-14T22:13:20Z".to_owned());
        assert!(page(&report).contains("timestamp=\"2023-11-14T22:13:20\""));
    }

    #[test]
    fn what_outputs_show_is_what_xml_has() {
        for c in '\0'..=char::MAX {
            assert!(text::hides(c) || is_of_xml(c), "{c:?}");
        }
        let mut report = samples::drift();
        report.subjects[0].path = " ";
        hold(&page(&report));
    }
}
