//! The Dockerfile: that what it builds from gets to it, and the commit to `build.rs`. No daemon is asked.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::process::Command;

use common::path;
use common::project::scrubbed;

/// Returns the instructions of the stage that builds.
fn stage() -> Vec<String> {
    let text = fs::read_to_string(path("Dockerfile")).unwrap().replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned);
    let mut stages = lines.skip_while(|line| !line.starts_with("FROM "));
    stages.next().unwrap();
    stages.take_while(|line| !line.starts_with("FROM ")).collect()
}

#[test]
fn what_is_copied_is_there_and_not_ignored() {
    let ignored = fs::read_to_string(path(".dockerignore")).unwrap();
    let mut lines = ignored.lines();
    assert_eq!(lines.next(), Some("*"));
    let let_in: Vec<&str> = lines.map(|line| line.strip_prefix('!').unwrap()).collect();
    for line in stage() {
        let Some(words) = line.strip_prefix("COPY ") else { continue };
        let words: Vec<&str> = words.split_whitespace().collect();
        for word in &words[..words.len() - 1] {
            assert!(let_in.contains(word) && path(word).exists(), "{word}");
        }
    }
}

#[test]
fn the_commit_gets_to_the_build() {
    // What is an ARG of the stage before it builds is set for the build.
    let stage = stage();
    let builds = stage.iter().position(|line| line.starts_with("RUN cargo build ")).unwrap();
    let given: Vec<&str> = stage[..builds].iter().filter_map(|line| line.strip_prefix("ARG ")).collect();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("build");
    let compiled = Command::new("rustc").args(["--edition", "2024", "-o"]).arg(&program).arg(path("build.rs")).status();
    assert!(compiled.unwrap().success());
    // As in the image: no checkout, no package.
    let mut build = scrubbed(Command::new(program), folder.path());
    build.env("CARGO_MANIFEST_DIR", folder.path()).envs(given.iter().map(|name| (name, "9ab50cf0e 2026-11-26")));
    let said = String::from_utf8(build.output().unwrap().stdout).unwrap();
    assert!(said.contains("cargo::rustc-env=DRIFTGATE_BUILT_FROM=commit 9ab50cf0e, 2026-11-26\n"), "{said}");
}
