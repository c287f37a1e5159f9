//! The BOM: valid CycloneDX, the same bytes for the same graph, and nothing lost on the way out and back.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/graphs.rs"]
mod graphs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use common::{files, folders, path, read, read_memory};
use driftgate::bom::{self, Options};
use driftgate::compare;
use driftgate::discover;
use driftgate::graph::Graph;
use driftgate::outputs::text::hides;
use driftgate::outputs::{self, Style};
use driftgate::report::Report;
use driftgate::source::Sources;
use driftgate::tree::{Memory, Tree};
use graphs::{Facts, facts};
use proptest::prelude::*;
use serde_json::Value;

const VERSIONS: [&str; 4] = ["1.4", "1.5", "1.6", "1.7"];
const KEPT: Facts = Facts { constraints: false, gaps: true };

/// Everything that there is to pin: the cases of every format, and the demo.
fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> =
        folders(&path("fixtures/formats")).iter().flat_map(|format| folders(format)).collect();
    cases.extend(folders(&path("fixtures/demo")));
    assert!(cases.len() > 20, "{}", cases.len());
    cases
}

fn write(graph: &Graph, validate: bool) -> Vec<u8> {
    bom::write(graph, &Options { validate, ..Options::default() }).unwrap()
}

/// Reads a BOM back; it must be whole.
fn back(bytes: &[u8]) -> Graph {
    let side = read_memory(&[("bom.cdx.json", bytes)], &Sources::default());
    assert_eq!(side.problems, [], "{}", String::from_utf8_lossy(bytes));
    side.graph
}

/// What the official schema of its version has against a document.
fn complaints(bytes: &[u8]) -> Vec<String> {
    static SCHEMAS: LazyLock<BTreeMap<&str, jsonschema::Validator>> = LazyLock::new(|| {
        let schema = |name: &str| -> Value {
            serde_json::from_str(&fs::read_to_string(path("fixtures/schemas/cyclonedx").join(name)).unwrap()).unwrap()
        };
        let mut registry = jsonschema::Registry::new();
        for name in ["spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"] {
            registry = registry.add(format!("http://cyclonedx.org/schema/{name}"), schema(name)).unwrap();
        }
        let registry = Box::leak(Box::new(registry.prepare().unwrap()));
        let build = |version: &'static str| {
            let options = jsonschema::options().should_validate_formats(true).with_registry(registry);
            (version, options.build(&schema(&format!("bom-{version}.schema.json"))).unwrap())
        };
        VERSIONS.into_iter().map(build).collect()
    });
    let document: Value = serde_json::from_slice(bytes).unwrap();
    SCHEMAS[document["specVersion"].as_str().unwrap()]
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Every component has a purl and a name, every reference stands once, and every dependency leads somewhere.
fn check_references(bytes: &[u8]) {
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let tree = &document["metadata"]["component"];
    let mut refs = BTreeSet::from([tree["bom-ref"].as_str().unwrap().to_owned()]);
    let components = list(&document["components"]);
    for component in list(&tree["components"]).iter().chain(&components) {
        let id = component["bom-ref"].as_str().unwrap();
        assert!(refs.insert(id.to_owned()), "{id} stands twice");
    }
    for component in &components {
        assert!(component["purl"].is_string() && component["name"].is_string(), "{component}");
    }
    let mut said = BTreeSet::new();
    for dependency in list(&document["dependencies"]) {
        let from = dependency["ref"].as_str().unwrap().to_owned();
        let to = list(&dependency["dependsOn"]);
        assert!(to.iter().all(|to| refs.contains(to.as_str().unwrap())), "{dependency}");
        assert_eq!(to.iter().map(|to| to.as_str().unwrap()).collect::<BTreeSet<_>>().len(), to.len(), "{dependency}");
        assert!(refs.contains(&from) && said.insert(from), "{dependency}");
    }
    assert_eq!(said, refs);
}

/// Writes a graph in every version and form, and reads each back: they all say the same.
fn check_versions(graph: Graph) {
    let report = Report { resolved: graph, ..Report::default() };
    for (id, file) in [("cyclonedx-json", "bom.cdx.json"), ("cyclonedx-xml", "bom.cdx.xml")] {
        for version in VERSIONS {
            let (output, version) = outputs::asked(&format!("{id}@{version}")).unwrap();
            let mut bytes = Vec::new();
            output.write(&report, Style { version, ..Style::default() }, &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains(|c| c != '\n' && hides(c)), "{text:?}");
            if id == "cyclonedx-json" {
                assert_eq!(complaints(text.as_bytes()), [""; 0], "{version}");
                check_references(text.as_bytes());
            }
            let side = read_memory(&[(file, text.as_bytes())], &Sources::default());
            assert_eq!(side.problems, [], "{text}");
            let (there, back) = (facts(&report.resolved, KEPT), facts(&side.graph, KEPT));
            let apart: Vec<_> = there.iter().zip(&back).filter(|(a, b)| a != b).take(1).collect();
            assert!(there == back, "{id} {version}: {apart:?}");
        }
    }
}

fn check_round_trip(graph: &Graph, bytes: &[u8]) {
    let again = back(bytes);
    assert_eq!(facts(graph, KEPT), facts(&again, KEPT));
    for drift in [compare::drift_by_path(graph, &again), compare::drift_by_path(&again, graph)] {
        let changes: Vec<String> =
            drift.changes().map(|change| format!("{} {:?}", change.either().component.purl, change.what)).collect();
        assert_eq!(changes, [""; 0]);
        assert!(drift.subjects.iter().all(|pair| pair.edges.is_empty()));
    }
    assert_eq!(String::from_utf8_lossy(&write(&again, false)), String::from_utf8_lossy(bytes));
}

#[test]
fn fixtures_make_valid_boms_that_are_read_back() {
    for case in cases() {
        let graph = read(&case, &Sources::default()).graph;
        let bytes = write(&graph, true);
        assert_eq!(complaints(&bytes), [""; 0], "{}", case.display());
        check_references(&bytes);
        check_round_trip(&graph, &bytes);
        check_versions(graph);
    }
}

#[test]
fn the_schemas_are_held_to() {
    for version in VERSIONS {
        let invalid = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "serialNumber": "7",
            "components": [{}], "metadata": {"timestamp": "yesterday"}}"#
            .replace("1.5", version);
        assert_eq!(complaints(invalid.as_bytes()).len(), 4, "{:?}", complaints(invalid.as_bytes()));
    }
}

#[test]
fn where_the_tree_stands_changes_nothing() {
    let case = path("fixtures/demo/approved");
    let elsewhere = tempfile::tempdir().unwrap();
    for file in files(&case) {
        let copy = elsewhere.path().join(file.strip_prefix(&case).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&file, copy).unwrap();
    }
    let bom = |folder| write(&read(folder, &Sources::default()).graph, false);
    let bytes = bom(&case);
    assert_eq!(bytes, bom(elsewhere.path()));
    assert!(!String::from_utf8_lossy(&bytes).contains(env!("CARGO_MANIFEST_DIR")));
}

/// What stands beside a BOM is no part of what it pins.
#[test]
fn the_files_beside_a_bom_change_nothing() {
    for case in cases() {
        let graph = read(&case, &Sources::default()).graph;
        let bytes = write(&graph, false);
        let beside = files(&case).into_iter().map(|file| {
            let below = file.strip_prefix(&case).unwrap().to_str().unwrap().to_owned();
            (below, fs::read(&file).unwrap())
        });
        let pinned = [("bom.cdx.json".to_owned(), bytes.clone())];
        let tree: Arc<dyn Tree> = Arc::new(Memory::new(beside.chain(pinned)));
        let read = discover::read_file(&Sources::default(), &tree, "bom.cdx.json").unwrap();
        let problems: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, [""; 0], "{}", case.display());
        let again = write(&Graph::join(read.inventories), false);
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&bytes), "{}", case.display());
    }
}

#[test]
fn the_time_is_the_callers() {
    let graph = read(&path("fixtures/demo/approved"), &Sources::default()).graph;
    let timestamp = Some("2026-01-02T03:04:05Z".to_owned());
    let bytes = bom::write(&graph, &Options { timestamp, validate: true, ..Options::default() }).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(document["metadata"]["timestamp"], "2026-01-02T03:04:05Z");
    assert_eq!(complaints(&bytes), [""; 0]);
    let wrong = Options { timestamp: Some("yesterday".to_owned()), validate: true, ..Options::default() };
    assert!(bom::write(&graph, &wrong).is_err());
    let plain: Value = serde_json::from_slice(&write(&graph, false)).unwrap();
    assert!(plain["metadata"]["timestamp"].is_null());
    assert_ne!(plain["serialNumber"], document["serialNumber"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn graphs_are_read_back_as_they_were(inventories in graphs::one()) {
        let graph = graphs::join(&inventories);
        let bytes = write(&graph, false);
        prop_assert_eq!(complaints(&bytes), [""; 0]);
        check_references(&bytes);
        check_round_trip(&graph, &bytes);
        prop_assert_eq!(write(&graphs::join(&inventories.into_iter().rev().collect::<Vec<_>>()), false), bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_versions_and_forms_say_the_same(inventories in graphs::one()) {
        check_versions(graphs::join(&inventories));
    }
}
