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

/// What commands print as JSON that is no report, each by the schema of its name.
#[test]
fn what_other_commands_print_is_valid() {
    let proposed = "fixtures/demo/proposed";
    let pool = "fixtures/rules/mixed-pool/image-fits-some";
    let nodes = format!("{pool}/ops/nodes.json");
    for (name, runs) in [
        ("why", &[&["why", "torch", proposed][..], &["why", "nvidia-*", proposed], &["why", "*", "."]][..]),
        (
            "gpu",
            &[
                &["gpu", proposed],
                &["gpu", pool, "--nodes", &nodes],
                &["gpu", proposed, "--driver", "535.183.06", "--gpu", "A100"],
                &["gpu", "fixtures/formats/cargo-lock"],
            ],
        ),
        (
            "gpu-facts",
            &[&["gpu", "facts"], &["gpu", "facts", "torch"], &["gpu", "facts", "R535"], &["gpu", "facts", "A100"]],
        ),
        ("list", &[&["list"], &["list", "formats"], &["list", "rules"], &["list", "outputs"]]),
    ] {
        let schema = schema(name);
        for arguments in runs {
            let ran = driftgate(&path("")).args(*arguments).args(["--format", "json"]).output().unwrap();
            let value: Value = serde_json::from_slice(&ran.stdout).unwrap();
            assert_eq!(complaints(&schema, &value), [""; 0], "{arguments:?}");
            let mut broken = value.clone();
            broken["schema"] = 2.into();
            assert!(!schema.is_valid(&broken), "{arguments:?}");
        }
    }
    // One is not another's.
    let ran = driftgate(&path("")).args(["gpu", proposed, "--format", "json"]).output().unwrap();
    let gpu: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(gpu["subjects"][0]["targets"][0]["answers"].as_array().is_some_and(|answers| !answers.is_empty()));
    for other in ["report", "why", "gpu-facts"] {
        assert!(!schema(other).is_valid(&gpu), "{other}");
    }
}

/// Editors find the schema by the policy's first line, and it stands where that says.
#[test]
fn init_writes_the_schema_that_the_policy_names() {
    let project = Project::new();
    let said = project.run(&["init"]).ends(0, &["wrote driftgate.toml, bom.cdx.json and .driftgate.schema.json"]);
    assert_eq!(said.out, "");
    let policy = project.get("driftgate.toml");
    let named = policy.lines().next().and_then(|line| line.strip_prefix("#:schema ./")).unwrap();
    let printed = project.run(&["schema", "policy"]).ends(0, &[]).out;
    assert_eq!(project.get(named), printed);
    let schema: Value = serde_json::from_str(&printed).unwrap();
    let value: toml::Table = toml::from_str(&policy).unwrap();
    assert_eq!(complaints(&jsonschema::validator_for(&schema).unwrap(), &json_of(&value.into())), [""; 0]);
    project.run(&["check"]).ends(0, &[]);

    // One that another version wrote is told of where the BOM is written anew, and written anew by what is said there.
    assert!(!project.run(&["pin"]).ends(0, &[]).err.contains("schema"));
    project.put(named, "{}");
    let told = project.run(&["pin"]).ends(0, &[".driftgate.schema.json is of another version of driftgate"]);
    let command = told.err.split('`').nth(1).unwrap();
    assert_eq!(project.run(&["pin", "-qq"]).ends(0, &[]).err, "");
    project.run(&command.split(' ').skip(1).collect::<Vec<_>>()).ends(0, &[]);
    assert_eq!(project.get(named), printed);
    assert!(!project.run(&["pin"]).ends(0, &[]).err.contains("schema"));
    project.put(named, "{}");
    project.run(&["init", "--force"]).ends(0, &[]);
    assert_eq!(project.get(named), printed);
    // Nobody has to have one.
    std::fs::remove_file(project.path(named)).unwrap();
    assert!(!project.run(&["pin"]).ends(0, &[]).err.contains("schema"));
    project.run(&["schema", "bom"]).ends(2, &["policy, report"]);
    project.run(&["schema", "policy", "-o", "no/such/file"]).ends(2, &["there is no folder no/such"]);
}
