//! Every output of every fixture is valid by the schema, or by the reader, that people hold it to: what a name can do to an
//! output included. XML is held to its schemas by xmllint, pictures to Graphviz and Mermaid, pages to Chromium, where they are
//! there; `.ci/run` installs them.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use common::{files, folders, path, read, read_memory};
use driftgate::discover::{self, Scan};
use driftgate::graph::Graph;
use driftgate::outputs::{self, Style};
use driftgate::policy::{Level, Policy};
use driftgate::report::Report;
use driftgate::source::{Source, Sources};
use driftgate::tree::{Folder, Tree};
use driftgate::{Side, images, rules};
use globset::{Glob, GlobSetBuilder};
use rayon::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use time::macros::date;

/// Returns the report of a case of a rule, or of a folder with its pinned state in `pinned`.
fn checked(case: &Path) -> Report {
    let sources = Sources::default();
    let mut exclude = GlobSetBuilder::new();
    for glob in ["pinned/**", "images/**"] {
        exclude.add(Glob::new(glob).unwrap());
    }
    let scan = Scan { exclude: exclude.build().unwrap(), ..Scan::default() };
    let side = |folder: &Path| {
        if !folder.is_dir() {
            return Side::default();
        }
        let tree: Arc<dyn Tree> = Arc::new(Folder::new(folder).unwrap());
        let mut side = discover::read(&sources, &tree, &scan).unwrap().side();
        for image in folders(&folder.join("images")) {
            let prefix = format!("{}{}", image.file_name().unwrap().to_str().unwrap(), images::MARK);
            let tree: Arc<dyn Tree> = Arc::new(Folder::new(&image).unwrap());
            let read = discover::read_below(&sources, &tree, &Scan::default(), &prefix).unwrap();
            side.graph.replace(Graph::join(read.inventories));
        }
        side
    };
    let (pinned, resolved) = (side(&case.join("pinned")), side(case));
    let policy = policy(case, &sources);
    let mut report = driftgate::check(pinned, resolved, &policy, date!(2026 - 06 - 01), Level::Deny, &sources).unwrap();
    report.sources = sources;
    report
}

fn policy(folder: &Path, sources: &Sources) -> Policy {
    const POLICY: &str = "driftgate.toml";
    if !folder.join(POLICY).is_file() {
        return Policy::default();
    }
    let tree = sources.add_tree(Arc::new(Folder::new(folder).unwrap()));
    let file = sources.add_file(tree, POLICY);
    let text = sources.read(file).unwrap();
    let ids: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    let mut policy = Policy::parse(&Source { file, path: POLICY, text: &text }, &ids).unwrap();
    policy.read_targets(|path| sources.read(sources.add_file(tree, path))).unwrap();
    policy
}

/// Returns the difference of two trees in memory.
fn differs(old: &[(&str, &[u8])], new: &[(&str, &[u8])]) -> Report {
    let sources = Sources::default();
    let mut report = driftgate::diff(read_memory(old, &sources), read_memory(new, &sources), &sources);
    report.sources = sources;
    report
}

/// Names that are markup, quotes, ends of comments, commands, controls, formulas and what hides.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\\\"; }; digraph x {",
    "]]>--><!--",
    "::error::x",
    "##[error]x",
    "\\u001b[31m\\u0000\\u202e",
    "=cmd|' /C calc'!A0",
    "a\\nb",
    "%%{init: {}}%% end",
    "&amp;\\ud83d\\ude00\\u00e9",
    "```\\\"quoted\\\"`|x|",
];

/// Returns a change of hostile names: of packages, versions, addresses.
fn hostile() -> Report {
    let lock = |version: &str| {
        let mut text = r#"{"name": "app", "lockfileVersion": 3, "packages": {"": {"name": "app", "version": "1", "dependencies": {"#.to_owned();
        let names: Vec<String> = HOSTILE.iter().map(|name| format!(r#""{name}": "*""#)).collect();
        text += &format!("{}}}}}", names.join(", "));
        for (at, name) in HOSTILE.iter().enumerate() {
            let licence = HOSTILE[(at + 3) % HOSTILE.len()];
            text += &format!(
                r#", "node_modules/{name}": {{"version": "{version}{name}", "license": "{licence}", "resolved": "https://a.example/{name}"}}"#
            );
        }
        text + "}}"
    };
    let broken = b"{\"<b>::error::\x1b".as_slice();
    let (old, new) = (lock("1.0.0"), lock("2.0.0"));
    let name = "a\"<b>&]]>.txt/package-lock.json";
    let report = differs(&[(name, old.as_bytes())], &[(name, new.as_bytes()), ("##[x]/package-lock.json", broken)]);
    // Two names are split at their slashes, and so are no packages that the file has.
    assert!(report.changes.len() >= HOSTILE.len() - 2 && !report.problems.is_empty(), "{:?}", report.changes);
    report
}

/// All reports that the fixtures make, by their names.
static REPORTS: LazyLock<Vec<(String, Report)>> = LazyLock::new(|| {
    let name = |folder: &Path| folder.strip_prefix(path("fixtures")).unwrap().display().to_string();
    let rules: Vec<PathBuf> = folders(&path("fixtures/rules")).iter().flat_map(|rule| folders(rule)).collect();
    let mut reports: Vec<_> = rules.par_iter().map(|case| (name(case), checked(case))).collect();
    let mut pairs = folders(&path("fixtures/causes"));
    pairs.push(path("fixtures/demo"));
    reports.par_extend(pairs.par_iter().map(|case| {
        let sides = if case.ends_with("demo") { ["approved", "proposed"] } else { ["old", "new"] };
        let sources = Sources::default();
        let [old, new] = sides.map(|side| read(&case.join(side), &sources));
        let mut report = driftgate::diff(old, new, &sources);
        report.sources = sources;
        (name(case), report)
    }));
    reports.push(("hostile".to_owned(), hostile()));
    assert!(reports.len() > 300, "{}", reports.len());
    reports
});

fn written(report: &Report, name: &str) -> Vec<u8> {
    let (output, version) = outputs::asked(name).unwrap();
    let mut bytes = Vec::new();
    output.write(report, Style { version, ..Style::default() }, &mut bytes).unwrap();
    bytes
}

fn json_schema(file: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&fs::read_to_string(path(file)).unwrap()).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Fails with the first complaints of each report about what an output made of it.
fn hold(output: &str, complaints: impl Fn(&[u8]) -> Vec<String> + Sync) {
    let wrong: Vec<String> = REPORTS
        .par_iter()
        .filter_map(|(name, report)| {
            let complaints = complaints(&written(report, output));
            complaints.first().map(|complaint| format!("{name}: {complaint}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{output}\n{}", wrong.join("\n"));
}

fn by_schema(schema: &jsonschema::Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_report_is_valid_sarif() {
    let schema = json_schema("fixtures/schemas/sarif/sarif-schema-2.1.0.json");
    hold("sarif", |bytes| {
        let mut log: Value = serde_json::from_slice(bytes).unwrap();
        let complaints = by_schema(&schema, &log);
        // The rules are the same in all: each result names one of them.
        let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
        let ids: Vec<&Value> = rules.as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert!(results.iter().all(|result| ids[result["ruleIndex"].as_u64().unwrap() as usize] == &result["ruleId"]));
        complaints
    });
}

#[test]
fn every_report_is_valid_by_our_own_schema() {
    let schema = json_schema("schemas/report.schema.json");
    hold("json", |bytes| by_schema(&schema, &serde_json::from_slice(bytes).unwrap()));
}

#[test]
fn every_report_is_valid_code_quality() {
    let schema = json_schema("fixtures/schemas/gitlab/codeclimate-issue.schema.json");
    hold("gitlab", |bytes| {
        let issues: Vec<Value> = serde_json::from_slice(bytes).unwrap();
        issues.iter().flat_map(|issue| by_schema(&schema, issue)).collect()
    });
}

#[test]
fn every_report_is_a_table() {
    hold("csv", |bytes| {
        let mut reader = csv::Reader::from_reader(bytes);
        reader.records().filter_map(|record| record.err().map(|error| error.to_string())).collect()
    });
}

/// What a tool says of these files, by their names; none where there is no such tool.
fn asked(tool: &str, arguments: &[&str], folder: &TempDir) -> Option<String> {
    let mut names = files(folder.path());
    names.retain(|file| file.extension().is_some_and(|ending| ending == "in"));
    let output = Command::new(tool).args(arguments).args(&names).output();
    let Ok(output) = output else {
        eprintln!("skipped: there is no {tool} here");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { said } else { format!("{said}{}", output.status) })
}

/// Returns the first complaints of xmllint, which says of each file that is valid that it is.
fn invalid(said: &str, at_least: usize) -> Vec<&str> {
    let (valid, invalid): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.ends_with(" validates"));
    assert!(valid.len() >= at_least || !invalid.is_empty(), "{} of {at_least}", valid.len());
    invalid.into_iter().take(20).collect()
}

/// Writes what an output makes of reports, a file each.
fn put<'r>(reports: impl Iterator<Item = &'r (String, Report)>, output: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, report) in reports {
        let name = name.replace('/', "!");
        fs::write(folder.path().join(format!("{name}.in")), written(report, output)).unwrap();
    }
    folder
}

#[test]
fn every_report_is_valid_junit() {
    let folder = put(REPORTS.iter(), "junit");
    put_samples("junit", &folder);
    for schema in ["junit-windyroad.xsd", "junit-jenkins-10.xsd"] {
        let schema = path("fixtures/schemas/junit").join(schema);
        let said = asked("xmllint", &["--noout", "--nonet", "--schema", schema.to_str().unwrap()], &folder);
        let Some(said) = said else { return };
        assert_eq!(invalid(&said, REPORTS.len()), [""; 0]);
    }
}

/// Returns the reports of all that moves, and one for each rule, whose cases look alike.
fn one_each() -> impl Iterator<Item = &'static (String, Report)> {
    let mut seen = BTreeMap::new();
    for report in REPORTS.iter() {
        let rule = report.0.rsplit_once('/').map_or(report.0.as_str(), |(rule, _)| rule);
        seen.entry(if rule.starts_with("rules/") { rule } else { report.0.as_str() }).or_insert(report);
    }
    seen.into_values()
}

/// Puts beside what an output makes of the fixtures the samples that it is tested by.
fn put_samples(output: &str, folder: &TempDir) {
    for file in files(&path("fixtures/outputs").join(output)) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        fs::copy(&file, folder.path().join(format!("{name}.in"))).unwrap();
    }
}

#[test]
fn every_picture_is_drawn() {
    let folder = put(one_each(), "dot");
    put_samples("dot", &folder);
    let Some(said) = asked("dot", &["-Tsvg", "-O"], &folder) else { return };
    assert_eq!(said, "");
    let drawn = files(folder.path()).into_iter().filter(|file| file.extension().is_some_and(|it| it == "svg"));
    for picture in drawn {
        let text = fs::read_to_string(&picture).unwrap();
        assert!(text.contains("<svg") && !text.contains("<script"), "{}", picture.display());
    }
}

/// By Mermaid's own parser, where `.ci/run` has put it.
#[test]
fn every_picture_is_taken_by_mermaid() {
    let packages = path("target/mermaid");
    if !packages.join("node_modules/mermaid").is_dir() {
        eprintln!("skipped: there is no Mermaid in target/mermaid");
        return;
    }
    let folder = put(one_each(), "mermaid");
    put_samples("mermaid", &folder);
    let script = path("tests/mermaid/parse.mjs");
    let output = Command::new("node").arg(script).arg(packages).arg(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let all = format!("{} pictures\n", files(folder.path()).len());
    assert_eq!(String::from_utf8_lossy(&output.stdout), all);
}

/// A browser opens each page, and nothing of it is run, logged or fetched; what a person does with one is tried by the script
/// alone, in `.ci/run`.
#[test]
fn every_page_is_opened_by_chromium() {
    let folder = put(one_each(), "html");
    for file in files(folder.path()) {
        fs::rename(&file, file.with_extension("html")).unwrap();
    }
    let script = path("tests/html_in_chromium.py");
    let Ok(output) = Command::new("python3").arg(script).arg("--pages").arg(folder.path()).output() else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("skipped") || said == format!("{} pages\n", files(folder.path()).len()), "{said}");
}

/// What hostile names, the demo and all cases of causes are as JSON boms; fixtures of formats are so in `bom` and `spdx`.
#[test]
fn every_json_bom_is_valid() {
    let schema = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(path("fixtures/schemas/cyclonedx").join(name)).unwrap()).unwrap()
    };
    let mut registry = jsonschema::Registry::new();
    for name in ["spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"] {
        registry = registry.add(format!("http://cyclonedx.org/schema/{name}"), schema(name)).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let mut schemas = vec![("spdx-json".to_owned(), json_schema("fixtures/schemas/spdx/spdx-2.3.schema.json"))];
    for version in ["1.4", "1.5", "1.6", "1.7"] {
        let options = jsonschema::options().should_validate_formats(true).with_registry(&registry);
        let built = options.build(&schema(&format!("bom-{version}.schema.json"))).unwrap();
        schemas.push((format!("cyclonedx-json@{version}"), built));
    }
    let reports = REPORTS.iter().filter(|(name, _)| !name.starts_with("rules/"));
    for (name, report) in reports {
        for (output, schema) in &schemas {
            let document: Value = serde_json::from_slice(&written(report, output)).unwrap();
            assert_eq!(by_schema(schema, &document), [""; 0], "{name} {output}");
        }
    }
}

/// Every fixture of a format as CycloneDX XML of each version.
#[test]
fn every_xml_bom_is_valid() {
    let cases: Vec<PathBuf> = folders(&path("fixtures/formats")).iter().flat_map(|format| folders(format)).collect();
    let mut reports: Vec<(String, Report)> = cases
        .par_iter()
        .map(|case| {
            let sources = Sources::default();
            let report = driftgate::inventory(read(case, &sources));
            let name = case.strip_prefix(path("fixtures/formats")).unwrap().display().to_string();
            (name, report)
        })
        .collect();
    reports.push(("hostile".to_owned(), hostile()));
    // The schema of licences is asked for by an address: here it is a file.
    let schemas = tempfile::tempdir().unwrap();
    let from = path("fixtures/schemas/cyclonedx");
    fs::copy(from.join("spdx.xsd"), schemas.path().join("spdx.xsd")).unwrap();
    for version in ["1.4", "1.5", "1.6", "1.7"] {
        let name = format!("bom-{version}.xsd");
        let text = fs::read_to_string(from.join(&name)).unwrap();
        let local = text.replace("schemaLocation=\"http://cyclonedx.org/schema/spdx\"", "schemaLocation=\"spdx.xsd\"");
        assert_ne!(text, local, "{name}");
        let schema = schemas.path().join(name);
        fs::write(&schema, local).unwrap();
        let folder = put(reports.iter(), &format!("cyclonedx-xml@{version}"));
        let said = asked("xmllint", &["--noout", "--nonet", "--schema", schema.to_str().unwrap()], &folder);
        let Some(said) = said else { return };
        assert_eq!(invalid(&said, reports.len()), [""; 0], "{version}");
    }
}
