//! What is installed: where it is read and where not, how a folder named by hand is named, and that no damage to the records
//! of an environment makes anything panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::sync::Arc;

use common::{files, folders, path, read, read_memory};
use driftgate::Side;
use driftgate::compare::{self, What};
use driftgate::discover::{self, Scan};
use driftgate::source::Sources;
use driftgate::tree::{Folder, Tree};
use proptest::prelude::*;

const FORMATS: [&str; 4] = ["conda-meta", "dist-info", "huggingface-cache", "node-modules"];

/// The file that makes a tree an environment.
const MARKER: (&str, &[u8]) = ("pyvenv.cfg", b"home = /usr/bin\n");

fn subjects(side: &Side) -> Vec<String> {
    side.graph.subjects().iter().map(|subject| format!("{} {}", subject.path, subject.component_count())).collect()
}

#[test]
fn a_project_does_not_tell_what_is_installed_into_it() {
    let files: [(&str, &[u8]); 6] = [
        ("app/.venv/lib/python3.11/site-packages/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n"),
        ("app/.venv/pyvenv.cfg", b"version = 3.11.7\n"),
        ("app/deps/b-1.dist-info/METADATA", b"Name: b\nVersion: 1\n"),
        ("app/node_modules/c/package.json", b"{\"name\": \"c\", \"version\": \"1\"}"),
        ("app/env/conda-meta/d-1-0.json", b"{\"name\": \"d\", \"version\": \"1\"}"),
        ("app/env/conda-meta/history", b""),
    ];
    assert_eq!(subjects(&read_memory(&files, &Sources::default())), [] as [&str; 0]);
    let marked = [&files[..], &[MARKER]].concat();
    assert_eq!(
        subjects(&read_memory(&marked, &Sources::default())),
        ["app/.venv/lib/python3.11/site-packages 1", "app/deps 1", "app/env/conda-meta 1", "app/node_modules 1"]
    );
}

#[test]
fn a_folder_of_packages_keeps_its_name() {
    for (below, expected) in [
        ("dist-info/uv/lib/python3.11/site-packages", "python3.11/site-packages 5"),
        ("dist-info/odd/usr/lib/python3/dist-packages", "python3/dist-packages 9"),
        ("node-modules/npm/app/node_modules", "node_modules 22"),
        ("node-modules/npm/app/node_modules/", "node_modules 22"),
        ("conda-meta/rattler/conda-meta", "conda-meta 10"),
    ] {
        let tree: Arc<dyn Tree> = Arc::new(Folder::new(&path("fixtures/formats").join(below)).unwrap());
        assert!(tree.is_installed());
        let side = discover::read(&Sources::default(), &tree, &Scan::default()).unwrap().side();
        assert_eq!(subjects(&side), [expected], "{below}");
        let direct = side.graph.components().filter(|node| node.is_direct()).count();
        assert!(direct < side.graph.components().count(), "{below}: the project beside it says what is direct");
    }
}

#[test]
fn everything_is_reached() {
    for case in FORMATS.iter().flat_map(|format| folders(&path("fixtures/formats").join(format))) {
        for node in read(&case, &Sources::default()).graph.components() {
            assert!(node.scope().is_some(), "{}: {} is required by nothing", case.display(), node.component.purl);
        }
    }
}

#[test]
fn a_model_that_was_downloaded_anew_has_drifted() {
    let [old, new] = ["05d0d9c5f69b69d4d5193068738334d45eca9b8b", "c00dbbc9dadfbe1e232e93a729dd4752fade0abf"];
    let environment = |commit: &str, sources: &Sources| {
        let snapshot = format!("opt/hub/models--acme--llm/snapshots/{commit}/config.json");
        let files = [("opt/hub/models--acme--llm/refs/main", commit.as_bytes()), (&*snapshot, b"{}"), MARKER];
        read_memory(&files, sources).graph
    };
    let sources = Sources::default();
    let drift = |from: &str, to: &str| {
        let (from, to) = (environment(from, &sources), environment(to, &sources));
        let drift = compare::drift(&from, &to);
        let changes =
            drift.changes_within().map(|change| format!("{} {:?}", change.either().component.purl, change.what));
        changes.collect::<Vec<_>>()
    };
    assert_eq!(drift(old, old), [] as [&str; 0]);
    assert_eq!(drift(old, new), [format!("pkg:huggingface/acme/llm@{new} [Version]")]);
}

#[test]
fn what_records_do_not_say_is_no_drift() {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let lock = format!("a==1 --hash=sha256:{hash}\nb==1 --hash=sha256:{hash}\n");
    let address = format!(
        "{{\"url\": \"https://x.example/b-1.zip\", \"archive_info\": {{\"hashes\": {{\"sha256\": \"{hash}\"}}}}}}"
    );
    let environment = |installer: &'static str| -> [(&str, &[u8]); 4] {
        [
            MARKER,
            ("lib/python3.11/site-packages/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n"),
            ("lib/python3.11/site-packages/a-1.dist-info/INSTALLER", installer.as_bytes()),
            ("lib/python3.11/site-packages/b-1.dist-info/METADATA", b"Name: b\nVersion: 1\n"),
        ]
    };
    let sources = Sources::default();
    let (pip, uv) = (read_memory(&environment("pip"), &sources), read_memory(&environment("uv"), &sources));
    let locked = read_memory(&[("requirements.txt", lock.as_bytes())], &sources);
    let from_address = ("lib/python3.11/site-packages/b-1.dist-info/direct_url.json", address.as_bytes());
    let moved = read_memory(&[&environment("pip")[..], &[from_address]].concat(), &sources);
    let changed = |old: &Side, new: &Side| -> Vec<(String, Vec<What>)> {
        let drift = compare::drift(&old.graph, &new.graph);
        drift.changes().map(|change| (change.either().component.purl.to_string(), change.what.clone())).collect()
    };
    assert_eq!(changed(&pip, &uv), []);
    assert_eq!(changed(&locked, &pip), []);
    assert_eq!(changed(&pip, &moved), [("pkg:pypi/b@1".to_owned(), vec![What::Source])]);
    // Of what came from an address the record says where from; of the rest, that its digest is gone is not said.
    assert_eq!(changed(&locked, &moved), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(which in any::<prop::sample::Index>(), cuts in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 0..4u8), 1..6)) {
        let cases: Vec<_> = FORMATS.iter().flat_map(|format| folders(&path("fixtures/formats").join(format))).collect();
        let case = &cases[which.index(cases.len())];
        let mut all: Vec<(String, Vec<u8>)> = files(case)
            .into_iter()
            .map(|file| (file.strip_prefix(case).unwrap().to_str().unwrap().to_owned(), fs::read(file).unwrap()))
            .collect();
        for (from, to, how) in cuts {
            let at = which.index(all.len()).wrapping_add((from * 1000.0) as usize) % all.len();
            let bytes = &mut all[at].1;
            if bytes.is_empty() { continue; }
            let at = |part: f64, len: usize| ((len as f64 * part) as usize).min(len.saturating_sub(1));
            let (a, b) = (at(from, bytes.len()), at(to, bytes.len()));
            let (a, b) = (a.min(b), a.max(b));
            match how {
                0 => { bytes.drain(a..b.min(a + 200)); }
                1 => { let part = bytes[a..b.min(a + 400)].to_vec(); bytes.splice(a..a, part); }
                2 => bytes.swap(a, b),
                _ => { bytes[a] = b"\"'[]{}=,#:\n;\x1b$<>@"[b % 17]; }
            }
        }
        let mut all: Vec<(&str, &[u8])> = all.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        all.push(MARKER);
        read_memory(&all, &Sources::default());
    }
}
