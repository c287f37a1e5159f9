//! The GitHub action: its script, run with what Actions sets and a `gh` that writes down what it is asked.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::path;
use common::project::Project;

/// Lists one comment of ours where `THERE` says so, and keeps all else with the files it is given.
const GH: &str = r#"#!/usr/bin/env bash
[ -z "${REFUSES:-}" ] || exit 1
echo "$@" >>"$CALLS"
for argument; do
  case $argument in *=@*) cat "${argument#*=@}" >>"$CALLS"; echo >>"$CALLS" ;; esac
done
case "$(head -n 1 "$CALLS")" in *"--paginate"*) [ -z "${THERE:-}" ] || [ "$(wc -l <"$CALLS")" -gt 1 ] || echo 77 ;; esac
"#;

struct Ran {
    code: i32,
    out: String,
    err: String,
    calls: Vec<String>,
    outputs: String,
    summary: String,
}

fn run(project: &Project, settings: &[(&str, &str)]) -> Ran {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    fs::create_dir(at("bin")).unwrap();
    fs::write(at("bin/gh"), GH).unwrap();
    fs::set_permissions(at("bin/gh"), fs::Permissions::from_mode(0o755)).unwrap();
    let search = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
    let read = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
    let output = Command::new("bash")
        .arg(path("action/run.sh"))
        .current_dir(project.folder.path())
        .env_clear()
        .env("PATH", search)
        .env("CALLS", at("calls"))
        .env("DRIFTGATE", Path::new(env!("CARGO_BIN_EXE_driftgate")))
        .env("RUNNER_TEMP", temporary.path())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", at("outputs"))
        .env("GITHUB_STEP_SUMMARY", at("summary"))
        .env("GITHUB_REPOSITORY", "acme/app")
        .env("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
        .env("GITHUB_REF", "refs/pull/5/merge")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: text(&output.stdout),
        err: text(&output.stderr),
        calls: read("calls").lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        outputs: read("outputs"),
        summary: read("summary"),
    }
}

fn drifted() -> Project {
    let project = Project::pinned();
    let lock = fs::read_to_string(project.path("Cargo.lock")).unwrap();
    project.put("Cargo.lock", &lock.replace("1.0.219", "1.0.228"));
    project
}

#[test]
fn a_drift_is_annotated_summed_up_and_commented() {
    let ran = run(&drifted(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("::error file=Cargo.lock,") && ran.out.contains("error[version-drift]"), "{}", ran.out);
    assert!(ran.outputs.contains("exit-code=1\n"), "{}", ran.outputs);
    assert!(ran.summary.starts_with("## driftgate: "), "{}", ran.summary);
    let [listed, posted, mark, heading, ..] = ran.calls.as_slice() else { panic!("{} lines", ran.calls.len()) };
    assert!(listed.contains("--paginate repos/acme/app/issues/5/comments"), "{listed}");
    assert!(posted.contains("--method POST repos/acme/app/issues/5/comments"), "{posted}");
    assert!(mark == "<!-- driftgate -->" && heading.starts_with("## driftgate: "), "{mark} {heading}");
}

#[test]
fn a_comment_that_is_there_is_changed() {
    let ran = run(&drifted(), &[("THERE", "1")]);
    assert!(ran.calls[1].contains("--method PATCH repos/acme/app/issues/comments/77"), "{:?}", ran.calls);
}

#[test]
fn what_is_not_asked_for_is_not_written() {
    let ran = run(&Project::pinned(), &[("GITHUB_REF", "refs/heads/main")]);
    assert_eq!((ran.code, ran.calls.len()), (0, 0), "{:?} {}", ran.calls, ran.err);
    let ran = run(&drifted(), &[("WITH_COMMENT", "false"), ("WITH_SARIF", "true")]);
    let [posted, packed] = ran.calls.as_slice() else { panic!("{} lines", ran.calls.len()) };
    assert!(
        posted.contains("repos/acme/app/code-scanning/sarifs") && posted.contains("ref=refs/pull/5/merge"),
        "{posted}"
    );
    // Base64 of what gzip begins with.
    assert!(packed.starts_with("H4sI"), "{}", &packed[..20]);
}

#[test]
fn the_check_alone_decides() {
    let ran = run(&Project::pinned(), &[("REFUSES", "1"), ("WITH_SARIF", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("pull-requests: write") && ran.err.contains("security-events: write"), "{}", ran.err);
    // No blank in an argument of the shell's is read by it.
    let ran = run(&Project::pinned(), &[("CHECK_ARGUMENTS", "--fail-on warn\n--date 2026-11-26")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = run(&Project::pinned(), &[("CHECK_ARGUMENTS", "--bom $(touch here)")]);
    assert_eq!((ran.code, ran.calls.len()), (2, 0), "{}", ran.err);
    assert!(ran.outputs.contains("exit-code=2\n"));
}
