//! `git diff` and `git show`, with driftgate set up in them as the README says.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::project::{CARGO, Project, scrubbed};

/// Runs git as somebody who has set driftgate up by the README's lines.
fn git(project: &Project, arguments: &[&str]) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_driftgate")).display().to_string();
    let of = |name: &str| format!("diff.driftgate.{name}='{program}' diff --git");
    let settings = [of("command"), of("textconv")];
    let settings = settings.iter().flat_map(|setting| ["-c", setting.as_str()]);
    project.git(&settings.chain(arguments.iter().copied()).collect::<Vec<_>>())
}

fn project() -> Project {
    let project = Project::repository();
    project.put(".gitattributes", "*.lock diff=driftgate\n");
    project.put("unknown.lock", "one\n");
    project.git(&["add", "."]);
    project.git(&["commit", "--quiet", "-m", "attributes"]);
    project
}

#[test]
fn a_diff_shows_the_packages() {
    let shown = git(&project(), &["diff", "HEAD~2", "--", "Cargo.lock"]);
    let expected = "diff --driftgate a/Cargo.lock b/Cargo.lock\nCargo.lock\n  ~ itoa 1.0.14 → 1.0.15 (patch";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.ends_with("1 upgraded (1 subject, 3 components)\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn what_no_format_reads_is_shown_as_git_shows_it() {
    let project = project();
    project.put("unknown.lock", "two\n");
    let shown = git(&project, &["diff"]);
    let lines = "--- a/unknown.lock\n+++ b/unknown.lock\n@@ -1 +1 @@\n-one\n+two\n";
    assert_eq!(shown, format!("diff --driftgate a/unknown.lock b/unknown.lock\n{lines}"));
}

#[test]
fn a_lockfile_that_is_cut_off_is_shown_as_git_shows_it() {
    let project = project();
    project.put("Cargo.lock", &project.get("Cargo.lock")[..200]);
    let shown = git(&project, &["diff"]);
    assert!(shown.contains("\n--- a/Cargo.lock\n+++ b/Cargo.lock\n@@ -"), "{shown}");
    assert!(!shown.contains("no changes"), "{shown}");
}

#[test]
fn files_come_go_and_are_renamed() {
    let project = project();
    project.git(&["mv", "Cargo.lock", "old.Cargo.lock"]);
    project.put("sub/Cargo.lock", CARGO);
    project.git(&["rm", "--quiet", "unknown.lock"]);
    project.git(&["add", "."]);
    let shown = git(&project, &["diff", "--cached", "--find-renames"]);
    assert!(
        shown.contains("diff --driftgate a/sub/Cargo.lock b/sub/Cargo.lock\nsub/Cargo.lock\n  + new, with"),
        "{shown}"
    );
    assert!(shown.contains("diff --driftgate a/Cargo.lock b/old.Cargo.lock\n"), "{shown}");
    assert!(shown.contains("@@ -1 +0,0 @@\n-one\n"), "{shown}");
}

#[test]
fn a_conflict_is_named() {
    let project = project();
    project.git(&["checkout", "--quiet", "-b", "other", "HEAD~2"]);
    project.put("Cargo.lock", &CARGO.replace("1.0.14", "1.0.16"));
    project.git(&["commit", "--quiet", "-am", "three"]);
    let mut merge = scrubbed(Command::new("git"), project.folder.path());
    merge.args(["-c", "user.name=t", "-c", "user.email=t@t.example", "merge", "--quiet", "main"]);
    assert!(!merge.output().unwrap().status.success(), "these do not merge");
    let shown = git(&project, &["diff", "--cached", "--", "Cargo.lock"]);
    assert_eq!(shown, "* Unmerged path Cargo.lock\n");
}

#[test]
fn a_commit_is_shown_with_a_line_of_each_component() {
    let shown = git(&project(), &["show", "--format=", "HEAD~1"]);
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("@@")).skip(1).collect();
    let digest = |start: &str| format!("direct runtime https://index.example/crates sha256:{start}");
    assert_eq!(lines[0], " 2 components (cargo-lock)");
    assert!(lines[1].starts_with(&format!("-itoa 1.0.14 {}", digest("d75a2a"))), "{shown}");
    assert!(lines[2].starts_with(&format!("+itoa 1.0.15 {}", digest("d75b2a"))), "{shown}");
    assert!(lines[3].starts_with(" serde 1.0.219") && lines.len() == 4, "{shown}");
}

#[test]
fn only_git_runs_it() {
    let project = project();
    project.run(&["diff", "--git", "a", "b"]).ends(2, &["--git is for git"]);
    project.run(&["diff", ".", ".", "--git", "a"]).ends(2, &["cannot be used with"]);
    project.run(&["diff", "."]).ends(2, &["required"]);
}
