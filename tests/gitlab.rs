//! The GitLab component: what GitLab asks of its form, and its script, run with the inputs filled in.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::path;
use common::project::{Project, Ran, scrubbed};
use serde_json::Value;

/// Returns the header and the jobs, each input in place.
fn filled(inputs: &[(&str, &str)]) -> (Value, Value) {
    let text = fs::read_to_string(path("templates/driftgate/template.yml")).unwrap();
    let (header, jobs) = text.split_once("\n---\n").unwrap();
    let header: Value = serde_saphyr::from_str(header).unwrap();
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, input) in header["spec"]["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string(), "{name}");
        values.extend(input["default"].as_str().map(|default| (name.as_str(), default)));
    }
    values.extend(inputs.iter().copied());
    let mut jobs = jobs.to_owned();
    for (name, value) in values {
        let place = format!("$[[ inputs.{name} ]]");
        assert!(jobs.contains(&place), "{name} is asked for and used nowhere");
        jobs = jobs.replace(&place, value);
    }
    assert!(!jobs.contains("$[["), "{jobs}");
    let jobs = serde_saphyr::from_str(&jobs).unwrap();
    (header, jobs)
}

/// Runs the script as a runner does: the job's variables set, each line by a shell that stops at the first that fails.
fn run(project: &Project, inputs: &[(&str, &str)]) -> Ran {
    let (_, jobs) = filled(&[&[("image", "driftgate:ci")], inputs].concat());
    let variables = jobs["driftgate"]["variables"].as_object().unwrap().iter();
    let variables = variables.map(|(name, value)| (name, value.as_str().unwrap()));
    let lines: Vec<&str> =
        jobs["driftgate"]["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let binary = Path::new(env!("CARGO_BIN_EXE_driftgate")).parent().unwrap();
    let search = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut shell = scrubbed(Command::new("sh"), project.folder.path());
    Ran::of(shell.env("PATH", search).envs(variables).args(["-e", "-c", &lines.join("\n")]).output().unwrap())
}

#[test]
fn it_is_what_gitlab_takes() {
    let (header, jobs) = filled(&[("image", "driftgate:ci"), ("job", "gate")]);
    assert_eq!(header.as_object().unwrap().keys().collect::<Vec<_>>(), ["spec"]);
    for (name, input) in header["spec"]["inputs"].as_object().unwrap() {
        let known = ["default", "description", "options", "regex", "type"];
        assert!(input.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{name}");
    }
    let gate = jobs["gate"].as_object().unwrap();
    let known = ["stage", "image", "variables", "rules", "script", "artifacts"];
    assert_eq!(jobs.as_object().unwrap().len(), 1);
    assert!(gate.keys().all(|key| known.contains(&key.as_str())) && gate.len() == known.len());
    // A report that is written where the gate fails is one that people see.
    assert_eq!(gate["artifacts"]["when"], "always");
    let reports = gate["artifacts"]["reports"].as_object().unwrap();
    assert_eq!(reports.keys().collect::<Vec<_>>(), ["codequality", "junit"]);
}

#[test]
fn its_script_writes_what_it_keeps() {
    let (_, jobs) = filled(&[("image", "driftgate:ci")]);
    let artifacts = &jobs["driftgate"]["artifacts"];
    let kept = artifacts["paths"].as_array().unwrap().iter().chain(artifacts["reports"].as_object().unwrap().values());
    let kept: Vec<&str> = kept.map(|file| file.as_str().unwrap()).collect();
    let project = Project::pinned();
    run(&project, &[]).ends(0, &[]);
    assert!(kept.iter().all(|file| project.path(file).is_file()), "{kept:?}");
    project.bump();
    kept.iter().for_each(|file| fs::remove_file(project.path(file)).unwrap());
    run(&project, &[]).ends(1, &[]).prints(&["error[version-drift]"]);
    let issues: Value = serde_json::from_str(&project.get("gl-code-quality-report.json")).unwrap();
    assert_eq!(issues[0]["location"]["path"], "Cargo.lock");
    assert!(
        kept.iter().all(|file| project.path(file).is_file()) && project.get("driftgate.junit.xml").contains("<failure")
    );
}

#[test]
fn its_inputs_reach_the_check() {
    let project = Project::pinned();
    run(&project, &[("arguments", "--fail-on warn --date 2026-11-26")]).ends(0, &[]);
    run(&project, &[("path", "no such folder")]).ends(2, &["no such folder"]);
    run(&project, &[("arguments", "--no-such")]).ends(2, &["--no-such"]);
    run(&project, &[("path", "--version")]).ends(2, &["is no revision"]);
}

#[test]
fn no_shell_reads_its_inputs() {
    let project = Project::pinned();
    for file in ["driftgate.toml", "bom.cdx.json", "Cargo.lock", "api/requirements.txt"] {
        project.put(&format!("a b $(touch one) `touch two`;'c/{file}"), &project.get(file));
    }
    run(&project, &[("path", "a b $(touch one) `touch two`;'c")]).ends(0, &[]);
    run(&project, &[("arguments", "--bom $(touch one)")]).ends(2, &[]);
    run(&project, &[("arguments", "--bom bom*")]).ends(2, &["bom*"]);
    assert!(!project.path("one").exists() && !project.path("two").exists());
}
