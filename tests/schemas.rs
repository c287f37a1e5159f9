//! The schemas of the policy and of the report, held to all policies and reports there are. That they are what the code makes,
//! and take what the parser takes, is tested beside the code.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::path;
use common::project::{Project, driftgate};
use driftgate::policy::Policy;
use driftgate::rules;
use driftgate::source::{FileId, Source};
use serde_json::Value;

fn schema(name: &str) -> jsonschema::Validator {
    let ran = driftgate(&path("")).args(["schema", name]).output().unwrap();
    assert!(ran.status.success());
    let schema: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn complaints(schema: &jsonschema::Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What a reader of JSON Schema sees of TOML: a day is a text.
fn json_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(day) => day.to_string().into(),
        toml::Value::Array(items) => items.iter().map(json_of).collect(),
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), json_of(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

#[test]
fn policies_are_valid() {
    let schema = schema("policy");
    let known: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    let mut files = common::files(&path("fixtures"));
    files.retain(|file| file.ends_with("driftgate.toml"));
    files.extend([path("driftgate.toml"), path("src/policy/example.toml")]);
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let source = Source { file: FileId(0), path: "driftgate.toml", text: &text };
        Policy::parse(&source, &known).unwrap();
        let value: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(complaints(&schema, &json_of(&value.into())), [""; 0], "{}", file.display());
    }
    assert!(files.len() > 400, "{}", files.len());
}

#[test]
fn wrong_keys_and_kinds_are_not_valid() {
    let schema = schema("policy");
    let text = fs::read_to_string(path("fixtures/demo/proposed/driftgate.toml")).unwrap();
    for (right, wrong) in [
        ("version = 1", "version = 2"),
        ("version = 1", "verison = 1"),
        ("[[target]]", "[[targets]]"),
        ("driver =", "drivers ="),
        ("[[waiver]]", "[waiver]"),
    ] {
        assert!(text.contains(right), "{right}");
        let value: toml::Value = toml::from_str::<toml::Table>(&text.replacen(right, wrong, 1)).unwrap().into();
        assert!(!schema.is_valid(&json_of(&value)), "{wrong}");
    }
}

#[test]
fn reports_are_valid() {
    let schema = schema("report");
    let mut reports: Vec<Vec<u8>> =
        common::files(&path("fixtures/outputs/json")).iter().map(|file| fs::read(file).unwrap()).collect();
    for arguments in [
        &["check", "fixtures/demo/proposed"][..],
        &["diff", "fixtures/demo/approved", "fixtures/demo/proposed"],
        &[
            "check",
            "fixtures/demo/approved",
            "--bom",
            "fixtures/demo/proposed/bom.cdx.json",
            "--image",
            "api=fixtures/demo/api-image.tar",
        ],
    ] {
        let ran = driftgate(&path("")).args(arguments).args(["--format", "json"]).output().unwrap();
        reports.push(ran.stdout);
    }
    assert!(reports.len() > 8);
    for report in &reports {
        let report: Value = serde_json::from_slice(report).unwrap();
        assert_eq!(complaints(&schema, &report), [""; 0]);
        for broken in ["changes", "summary", "images"] {
            let mut report = report.clone();
            report[broken] = Value::Null;
            assert!(!schema.is_valid(&report), "{broken}");
            report.as_object_mut().unwrap().remove(broken);
            assert!(!schema.is_valid(&report), "{broken}");
        }
    }
}

#[test]
fn init_names_the_schema_that_is_there() {
    let project = Project::new();
    let ran = project.run(&["schema", "policy"]).ends(0, &[]);
    project.put(".driftgate.schema.json", &ran.out);
    project.run(&["init"]).ends(0, &[]);
    assert_eq!(project.get("driftgate.toml").lines().next(), Some("#:schema ./.driftgate.schema.json"));
    project.run(&["check"]).ends(0, &[]);

    let project = Project::pinned();
    assert!(!project.get("driftgate.toml").contains("#:schema"));
    project.run(&["schema", "bom"]).ends(2, &["policy, report"]);
}
