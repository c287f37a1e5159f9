//! Each parser beside a plain serde parse of the same file, in bytes a second: `cargo bench --bench parsers`.
//!
//! The file is the greatest fixture of each format. The plain parse makes a tree of values and keeps no place.
//!
//! Most stay above a third of it. Below are, with the reason: files of lines (`gemfile-lock`, `go-mod`, `mix-lock`,
//! `requirements-txt`), where the plain side counts words and parses nothing; and JSON in which nearly each line is a package
//! (`package-lock`, `bun-lock`, `packages-lock`, `pip-report`, `flake-lock`, `maven-install`), where the plain side copies strings
//! and the reader makes of them what all later steps live on: names taken apart and spelled as a purl, digests from base64 to
//! hex, each text kept once so that components are compared by pointers, places, and exact edges. These run at 50 to 200 MB/s: a
//! lock of 250,000 lines is read in a fraction of a second, and its graph takes longer.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use driftgate::formats;
use driftgate::source::{FileId, Source};

fn main() {
    divan::main();
}

/// Formats of files that grow with a project, by family of syntax.
const FORMATS: &[&str] = &[
    "cargo-lock",
    "poetry-lock",
    "pdm-lock",
    "pylock",
    "uv-lock",
    "package-lock",
    "bun-lock",
    "pipfile-lock",
    "pip-report",
    "composer-lock",
    "packages-lock",
    "project-assets",
    "maven-install",
    "renv-lock",
    "flake-lock",
    "spdx-json",
    "pnpm-lock",
    "conda-lock",
    "pixi-lock",
    "yarn-lock",
    "gemfile-lock",
    "go-mod",
    "mix-lock",
    "requirements-txt",
];

/// Returns the greatest fixture of a format.
fn greatest(id: &str) -> (PathBuf, String) {
    let format = formats::named(id).unwrap();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(id)];
    let mut found: Option<(PathBuf, String)> = None;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if format.takes(path.file_name().unwrap().to_str().unwrap())
                && let Ok(text) = fs::read_to_string(&path)
                && found.as_ref().is_none_or(|(_, other)| other.len() < text.len())
            {
                found = Some((path, text));
            }
        }
    }
    found.unwrap()
}

#[divan::bench(args = FORMATS)]
fn driftgate(bencher: Bencher<'_, '_>, id: &str) {
    let (path, text) = greatest(id);
    let format = formats::named(id).unwrap();
    let name: &'static str = Box::leak(path.file_name().unwrap().to_str().unwrap().to_owned().into_boxed_str());
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let source = Source { file: FileId(0), path: name, text: black_box(&text) };
        format.parse(&source).unwrap().nodes.len()
    });
}

/// What a plain parse of a file is made by.
#[derive(Clone, Copy)]
enum Plain {
    Json,
    Yaml,
    Toml,
    Lines,
}

/// The same file as a tree of values; of a syntax that serde does not read, its lines and their words.
#[divan::bench(args = FORMATS)]
fn plain(bencher: Bencher<'_, '_>, id: &str) {
    let (_, mut text) = greatest(id);
    if id == "bun-lock" {
        // serde reads no trailing commas.
        text = format!("{:#}", jsonc(&text));
    }
    let kinds = [Plain::Json, Plain::Toml, Plain::Yaml];
    // A file of lines is a YAML scalar too.
    let is_lines = matches!(id, "gemfile-lock" | "go-mod" | "mix-lock" | "requirements-txt");
    let kind = kinds.into_iter().find(|kind| !is_lines && parse(*kind, &text).is_some()).unwrap_or(Plain::Lines);
    bencher.counter(BytesCount::of_str(&text)).bench(|| parse(kind, black_box(&text)).unwrap());
}

fn parse(kind: Plain, text: &str) -> Option<usize> {
    match kind {
        Plain::Json => serde_json::from_str::<serde_json::Value>(text).ok().map(|_| 1),
        Plain::Yaml => serde_saphyr::from_multiple::<serde_json::Value>(text).ok().map(|all| all.len()),
        Plain::Toml => toml::from_str::<toml::Table>(text).ok().map(|table| table.len()),
        Plain::Lines => Some(text.lines().map(|line| line.split_whitespace().count()).sum()),
    }
}

/// Reads JSON with commas before closing brackets.
fn jsonc(text: &str) -> serde_json::Value {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(',') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        if !after[1..].trim_start().starts_with(['}', ']']) {
            plain.push(',');
        }
        rest = &after[1..];
    }
    plain.push_str(rest);
    serde_json::from_str(&plain).unwrap()
}
