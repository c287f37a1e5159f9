//! Each parser beside a plain serde parse of the same file, in bytes a second: `cargo bench --bench parsers`.
//!
//! The file is the greatest fixture of each format. The plain parse makes a tree of values and keeps no place.
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

/// The same file as a tree of values; of a syntax that serde does not read, its lines.
#[divan::bench(args = FORMATS)]
fn plain(bencher: Bencher<'_, '_>, id: &str) {
    let (path, text) = greatest(id);
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let is_json = text.trim_start().starts_with('{') && !name.ends_with(".nix");
    let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml") || id == "pixi-lock";
    let is_toml = toml::from_str::<toml::Table>(&text).is_ok();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let text = black_box(&text);
        match (is_json, is_yaml, is_toml) {
            (true, ..) => serde_json::from_str::<serde_json::Value>(text).is_ok() as usize,
            (_, true, _) => serde_saphyr::from_str::<serde_json::Value>(text).is_ok() as usize,
            (.., true) => toml::from_str::<toml::Table>(text).map_or(0, |table| table.len()),
            _ => text.lines().map(|line| line.split_whitespace().count()).sum(),
        }
    });
}
