//! The three tables are whole: every file is listed, every entry documented, named after its file and shown by a fixture.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use driftgate::entry::Entry;
use driftgate::formats::Role;
use driftgate::{formats, outputs, rules};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Returns the names of what a folder holds, sorted; nothing where there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns the Rust files of a folder and below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            found.extend(files(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// Returns the ids that a file declares with `entry!`, as (`id`, names that it may have by its file).
fn declared(file: &Path) -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(file).unwrap();
    let kebab = |name: &str| name.replace('_', "-");
    let mut stem = kebab(file.file_stem().unwrap().to_str().unwrap());
    let mut folder = file.parent().unwrap();
    if stem == "mod" {
        stem = kebab(folder.file_name().unwrap().to_str().unwrap());
        folder = folder.parent().unwrap();
    }
    let folder = kebab(folder.file_name().unwrap().to_str().unwrap());
    let allowed = vec![stem.clone(), format!("{folder}-{stem}")];
    // A format is called after the file it reads, whose name may say more than its room does.
    let is_format = file.strip_prefix(root().join("src/formats")).is_ok();
    let macros = text.split("\nentry! {").skip(1);
    let ids = macros.map(|body| {
        let body = &body[..body.find("\n}").unwrap()];
        body.rsplit('"').nth(1).unwrap().to_owned()
    });
    let mut found = Vec::new();
    for id in ids {
        let mut allowed = allowed.clone();
        if is_format && [&stem, &folder].iter().any(|word| id.starts_with(&format!("{word}-"))) {
            allowed.push(id.clone());
        }
        found.push((id, allowed));
    }
    found
}

/// Checks one table against the folder that its entries live in.
fn check<'e>(room: &str, entries: impl Iterator<Item = &'e dyn Entry>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = entry.id();
        if !ids.insert(id.to_owned()) {
            wrong.push(format!("{room}: two entries are called {id}"));
        }
        if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            wrong.push(format!("{room}: {id} is not in kebab-case"));
        }
        let summary = entry.summary();
        if summary.is_empty() || !summary.ends_with(['.', ':']) {
            wrong.push(format!("{room}: the docs of {id} do not begin with a sentence on a line of its own"));
        }
    }
    for file in files(&root().join("src").join(room)) {
        for (id, allowed) in declared(&file) {
            if !ids.remove(&id) {
                wrong.push(format!("{}: {id} is in no table", file.display()));
            }
            if !allowed.contains(&id) {
                wrong.push(format!("{}: {id} is not called after its file", file.display()));
            }
        }
    }
    wrong.extend(ids.into_iter().map(|id| format!("{room}: {id} is in the table and in no file")));
    wrong
}

#[test]
fn tables_are_whole() {
    let mut wrong = check("formats", formats::all().map(|format| format as &dyn Entry));
    wrong.extend(check("rules", rules::all().map(|rule| rule as &dyn Entry)));
    wrong.extend(check("outputs", outputs::OUTPUTS.iter().map(|output| *output as &dyn Entry)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The files of the rooms that hold one rule each hold one: a file that declares none is not listed anywhere.
#[test]
fn every_file_of_a_subject_holds_a_rule() {
    let mut wrong = Vec::new();
    for folder in names(&root().join("src/rules")).iter().map(|name| root().join("src/rules").join(name)) {
        for file in files(&folder).into_iter().filter(|file| !file.ends_with("mod.rs")) {
            if declared(&file).len() != 1 {
                wrong.push(file);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_says_why_and_how_to_mend_it() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let headings: Vec<&str> = rule.docs().lines().map(str::trim).filter(|line| line.starts_with("# ")).collect();
        if headings != ["# Why", "# Mend", "# Options"] {
            wrong.push(format!("{}: {headings:?}", rule.id()));
        }
        if !rule.docs().contains(&format!("{} = ", rule.id())) && !rule.docs().contains("```toml") {
            wrong.push(format!("{}: no example of a policy", rule.id()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_a_case_that_finds_and_one_that_is_silent() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let cases = names(&root().join("fixtures/rules").join(rule.id()));
        let silent = cases.iter().filter(|case| case.starts_with("silent")).count();
        if silent == 0 || silent == cases.len() {
            wrong.push(format!("{}: {cases:?}", rule.id()));
        }
    }
    for folder in names(&root().join("fixtures/rules")) {
        if rules::named(&folder).is_none() {
            wrong.push(format!("fixtures/rules/{folder}: no such rule"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Manifests are in the cases of the lockfiles they are joined with.
#[test]
fn every_format_has_a_case() {
    let subjects = formats::all().filter(|format| format.role() == Role::Subject);
    let bare = |id: &&str| names(&root().join("fixtures/formats").join(id)).is_empty();
    let wrong: Vec<&str> = subjects.map(|format| format.id()).filter(bare).collect();
    assert!(wrong.is_empty(), "no folder under fixtures/formats/: {wrong:?}");
}
