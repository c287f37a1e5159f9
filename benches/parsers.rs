//! Each parser beside a plain serde parse of the same file, in bytes a second: `cargo bench --bench parsers`.
//!
//! The file is the greatest fixture of each format; all formats are there. The plain parse makes a tree of values and keeps no
//! place.
//!
//! Most stay above a third of it. Below are, with the reason:
//!
//! - Files that serde has no reader for, where the plain side counts words and parses nothing: Dockerfiles and scripts
//!   (`apptainer`, `dockerfile`, `modelfile`, `slurm-script`), HCL and other languages (`bazel-module`, `docker-bake`, `mix-lock`,
//!   `nomad`, `rebar-lock`, `terraform-lock`), JSON with comments (`devcontainer`), and lines (`apk-installed`, `cabal-freeze`,
//!   `conda-explicit`, `dist-info`, `dpkg-status`, `gemfile-lock`, `go-build-info`, `go-mod`, `go-mod-graph`, `go-sum`,
//!   `go-vendor`, `go-work`, `gradle-lockfile`, `maven-dependency-tree`, `requirements-txt`, `rpm-packages`, `spdx-tag-value`,
//!   `weights`). Of XML (`gradle-verification`, `pom-xml`) the plain side counts events.
//! - JSON in which nearly each line is a package (`bun-lock`, `cargo-auditable`, `conan-lock`, `deno-lock`, `flake-lock`,
//!   `package-json`, `package-lock`, `package-resolved`, `packages-lock`, `pip-inspect`, `pip-report`, `renv-lock`,
//!   `vcpkg-configuration`, `vcpkg-json`): the plain side copies strings, and the reader makes of them what all later steps
//!   live on: names taken apart and spelled as a purl, digests from base64 to hex, each text kept once so that components are
//!   compared by pointers, places, and exact edges.
//!
//! These run at 40 to 250 MB/s (a Dockerfile's lines, read as a shell reads them, at 13): a lock of 250,000 lines is read in a
//! fraction of a second, and its graph takes longer.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use driftgate::source::{FileId, Source};
use driftgate::syntax::yaml;
use driftgate::{binary, formats};

fn main() {
    // As a run does.
    yaml::on_deep_threads(divan::main);
}

/// The greatest fixture of a format: its path as the format takes it, and its text.
type Sample = (&'static str, String);

/// Returns the greatest fixture of each format, by the format's id.
fn samples() -> &'static BTreeMap<&'static str, Sample> {
    static SAMPLES: OnceLock<BTreeMap<&'static str, Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let mut samples: BTreeMap<&'static str, Sample> = BTreeMap::new();
        for format in children(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats")) {
            for case in children(Path::new(&format)) {
                let mut open = vec![case.clone()];
                while let Some(file) = open.pop() {
                    open.extend(children(Path::new(&file)));
                    let below = file.strip_prefix(&case).unwrap().trim_start_matches('/').to_owned();
                    if let Some((id, sample)) = sample(&file, below)
                        && samples.get(id).is_none_or(|(_, other)| other.len() < sample.1.len())
                    {
                        samples.insert(id, sample);
                    }
                }
            }
        }
        samples
    })
}

/// Returns what is in a folder, sorted; nothing of what is none.
fn children(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<String> = entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

/// Reads a fixture's file as a run does: programs and databases as the text that is made of them.
fn sample(file: &str, below: String) -> Option<(&'static str, Sample)> {
    let bytes = fs::read(file).ok()?;
    let text = match binary::text_of(&bytes) {
        Some(text) => text.ok()?,
        None => String::from_utf8(bytes).ok()?,
    };
    let below: &'static str = Box::leak(below.into_boxed_str());
    let name = below.rsplit('/').next().unwrap_or(below);
    let (format, path) = match formats::of_installed(below) {
        Some(format) => (format, below),
        None => (formats::of_text_under(name, &text).or_else(|| formats::of_text(&text))?, name),
    };
    let source = Source { file: FileId(0), path, text: &text };
    format.parse_all(&source).ok()?;
    Some((format.id(), (path, text)))
}

fn ids() -> impl Iterator<Item = &'static str> {
    samples().keys().copied()
}

#[divan::bench(args = ids())]
fn driftgate(bencher: Bencher<'_, '_>, id: &str) {
    let (path, text) = &samples()[id];
    let format = formats::named(id).unwrap();
    bencher.counter(BytesCount::of_str(text)).bench(|| {
        let source = Source { file: FileId(0), path, text: black_box(text) };
        format.parse_all(&source).unwrap().len()
    });
}

/// What a plain parse of a file is made by.
#[derive(Clone, Copy)]
enum Plain {
    Json,
    Toml,
    Xml,
    Yaml,
    Lines,
}

/// The same file as a tree of values; of a syntax that serde does not read, its lines and their words, or its XML events.
#[divan::bench(args = ids())]
fn plain(bencher: Bencher<'_, '_>, id: &str) {
    let (_, text) = &samples()[id];
    // serde reads no trailing commas.
    let text = &if text.starts_with('{') { without_trailing_commas(text) } else { text.clone() };
    let kinds = [Plain::Json, Plain::Toml, Plain::Xml, Plain::Yaml];
    let kind = kinds.into_iter().find(|kind| parse(*kind, text).is_some()).unwrap_or(Plain::Lines);
    bencher.counter(BytesCount::of_str(text)).bench(|| parse(kind, black_box(text)).unwrap());
}

fn parse(kind: Plain, text: &str) -> Option<usize> {
    match kind {
        Plain::Json => serde_json::from_str::<serde_json::Value>(text).ok().map(|_| 1),
        Plain::Toml => toml::from_str::<toml::Table>(text).ok().map(|table| table.len()),
        Plain::Xml => events(text),
        Plain::Yaml => {
            // A file of lines is a scalar of YAML too.
            let documents = serde_saphyr::from_multiple::<serde_json::Value>(text).ok()?;
            documents.iter().all(|document| !document.is_string()).then_some(documents.len())
        }
        Plain::Lines => Some(text.lines().map(|line| line.split_whitespace().count()).sum()),
    }
}

/// Counts the events of a document of XML.
fn events(text: &str) -> Option<usize> {
    let mut reader = quick_xml::Reader::from_str(text.starts_with('<').then_some(text)?);
    let mut count = 0;
    while !matches!(reader.read_event().ok()?, quick_xml::events::Event::Eof) {
        count += 1;
    }
    Some(count)
}

/// Leaves out commas before closing brackets.
fn without_trailing_commas(text: &str) -> String {
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
    plain + rest
}
