//! SPDX of our own: valid by the official schema, the same bytes for the same graph, and read back as it was written.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/graphs.rs"]
mod graphs;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use common::project::Project;
use common::{folders, path, read, read_memory};
use driftgate::compare;
use driftgate::graph::{Graph, Link, Resolved, Subject};
use driftgate::model::{Component, Inventory, Purl, Requirement, SUBJECT};
use driftgate::outputs::{self, Style};
use driftgate::report::Report;
use driftgate::source::Sources;
use proptest::prelude::*;
use serde_json::Value;

fn write(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    outputs::named("spdx-json").unwrap().write(report, Style::default(), &mut bytes).unwrap();
    bytes
}

fn document(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn list<'v>(of: &'v Value, name: &str) -> Vec<&'v Value> {
    of[name].as_array().into_iter().flatten().collect()
}

/// What the official schema has against a document.
fn complaints(document: &Value) -> Vec<String> {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = fs::read_to_string(path("fixtures/schemas/spdx/spdx-2.3.schema.json")).unwrap();
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&serde_json::from_str(&schema).unwrap()).unwrap()
    });
    SCHEMA.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What the standard asks for in words, and the schema does not.
fn check_words(document: &Value) {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let is_id = |id: &str, begins: &str| {
        let rest = id.strip_prefix(begins).unwrap_or_default();
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    };
    let mut ids = BTreeSet::from(["SPDXRef-DOCUMENT".to_owned()]);
    let held: BTreeSet<String> =
        list(document, "hasExtractedLicensingInfos").iter().map(|licence| text(licence, "licenseId")).collect();
    assert!(held.iter().all(|id| is_id(id, "LicenseRef-")), "{held:?}");
    assert_eq!(held.len(), list(document, "hasExtractedLicensingInfos").len());
    for package in list(document, "packages") {
        let id = text(package, "SPDXID");
        assert!(is_id(&id, "SPDXRef-"), "{id}");
        assert!(ids.insert(id), "{package}");
        assert_ne!(package["name"], "");
        let licence = text(package, "licenseDeclared");
        let words = licence.split(|c: char| "() ".contains(c)).filter(|word| word.starts_with("LicenseRef-"));
        words.for_each(|word| assert!(held.contains(word), "{word}"));
        for reference in list(package, "externalRefs") {
            let locator = text(reference, "referenceLocator");
            assert!(!locator.contains(char::is_whitespace) && Purl::parse(&locator).is_ok(), "{locator}");
        }
    }
    let mut seen = BTreeSet::new();
    for said in list(document, "relationships") {
        let (from, to) = (text(said, "spdxElementId"), text(said, "relatedSpdxElement"));
        assert!(ids.contains(&from) && (ids.contains(&to) || to == "NOASSERTION"), "{said}");
        assert!(to == "NOASSERTION" || seen.insert((from, text(said, "relationshipType"), to)), "{said}");
    }
    let described = list(document, "relationships").into_iter().filter(|said| said["relationshipType"] == "DESCRIBES");
    assert_eq!(described.count(), 1);
    let namespace = text(document, "documentNamespace");
    assert!(namespace.starts_with("urn:uuid:") && !namespace.contains('#'));
}

/// Reads a document back; it must be whole.
fn back(bytes: &[u8]) -> Graph {
    let side = read_memory(&[("sbom.spdx.json", bytes)], &Sources::default());
    assert_eq!(side.problems, [], "{}", String::from_utf8_lossy(bytes));
    side.graph
}

/// What SPDX can say of a graph: all but ranges, layers, extras and the conditions of single requirements, which the
/// strength of a requirement holds in one.
fn facts(subject: &Subject) -> BTreeSet<String> {
    let id = |node: Resolved<'_>| format!("{:?} {:?}", node.component, node.copy());
    let edge = |link: Link<'_>| {
        let from = link.from.map_or("itself".to_owned(), id);
        format!("{from} -> {} {:?}", id(link.to), link.scope())
    };
    let mut facts: BTreeSet<String> = subject.requires().map(edge).collect();
    for node in subject.components() {
        facts.insert(format!("{} {} {:?} {:?}", id(node), node.is_root(), node.scope(), node.environment()));
        facts.extend(node.requires().map(edge));
    }
    facts
}

fn check_round_trip(graph: &Graph, bytes: &[u8], case: &str) {
    let again = back(bytes);
    let [written] = again.subjects() else { panic!("one document, {} subjects", again.subjects().len()) };
    let one = graph.as_one(written.path);
    let Some(all) = one.subjects().first() else {
        return assert_eq!(written.component_count(), 0);
    };
    let (back, there) = (facts(written), facts(all));
    let apart = [back.difference(&there).collect::<Vec<_>>(), there.difference(&back).collect()];
    assert_eq!(apart, [Vec::<&String>::new(), Vec::new()], "{case}");
    for drift in [compare::drift(&one, &again), compare::drift(&again, &one)] {
        let changes: Vec<String> =
            drift.changes().map(|change| format!("{} {:?}", change.either().component.purl, change.what)).collect();
        assert_eq!(changes, [""; 0], "{case}");
        assert!(drift.subjects.iter().all(|pair| pair.edges.is_empty()));
    }
}

fn check(graph: Graph, case: &str) -> Vec<u8> {
    let report = Report { resolved: graph, ..Report::default() };
    let bytes = write(&report);
    let document = document(&bytes);
    assert_eq!(complaints(&document), [""; 0], "{case}");
    check_words(&document);
    check_round_trip(&report.resolved, &bytes, case);
    bytes
}

#[test]
fn fixtures_make_valid_documents_that_are_read_back() {
    let mut cases: Vec<PathBuf> =
        folders(&path("fixtures/formats")).iter().flat_map(|format| folders(format)).collect();
    cases.extend(folders(&path("fixtures/demo")));
    for case in cases {
        check(read(&case, &Sources::default()).graph, &case.display().to_string());
    }
}

#[test]
fn the_schema_is_held_to() {
    let invalid = serde_json::json!({
        "SPDXID": 7, "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "creationInfo": {"created": "now", "creators": []},
        "packages": [{"name": "a", "SPDXID": "SPDXRef-a", "primaryPackagePurpose": "LIBRARIES", "downloadLocation": "NONE"}],
    });
    assert_eq!(complaints(&invalid).len(), 4, "{:?}", complaints(&invalid));
}

#[test]
fn the_demo_is_described_as_spdx_has_it() {
    let graph = read(&path("fixtures/demo/approved"), &Sources::default()).graph;
    let report = Report { resolved: graph, ..Report::default() };
    let whole = document(&write(&report));
    assert_eq!(whole["creationInfo"]["created"], "1970-01-01T00:00:00Z");
    let packages = list(&whole, "packages");
    assert_eq!(packages[0]["SPDXID"], "SPDXRef-Tree");
    let torch = packages.iter().find(|package| package["name"] == "torch").unwrap();
    assert_eq!(torch["externalRefs"][0]["referenceLocator"], "pkg:pypi/torch@2.10.0");
    assert!(torch["sourceInfo"].as_str().unwrap().contains("api/uv.lock"), "{torch}");

    let timestamp = Some("2026-01-02T05:04:05+02:00".to_owned());
    let timed = document(&write(&Report { timestamp, ..report }));
    assert_eq!(timed["creationInfo"]["created"], "2026-01-02T03:04:05Z");
    assert_ne!(timed["documentNamespace"], whole["documentNamespace"]);
}

#[test]
fn licences_that_are_no_expressions_are_held() {
    let licences = [
        "MIT OR Apache-2.0",
        "Apache License 2.0",
        "MIT AND LicenseRef-ours",
        "mit",
        "GPL-2.0+",
        "NONE",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "DocumentRef-x:LicenseRef-y",
        "BSD\nstyle \u{202e}",
    ];
    let sources = graphs::sources();
    let source = driftgate::source::Source { file: driftgate::source::FileId(0), path: "tree", text: "tree" };
    let mut inventory = Inventory::new(&source, "uv-lock");
    for (at, licence) in licences.into_iter().enumerate() {
        let component = Component::new(Purl::new("pypi", "", &format!("p{at}"), "1"));
        inventory.add(Component { licence, ..component }, source.start());
    }
    drop(sources);
    let report = Report { resolved: graphs::join(&[inventory]), ..Report::default() };
    let document = document(&write(&report));
    assert_eq!(complaints(&document), [""; 0]);
    check_words(&document);
    let declared: Vec<&str> =
        list(&document, "packages").iter().filter_map(|it| it["licenseDeclared"].as_str()).collect();
    let expected = [
        "MIT OR Apache-2.0",
        "LicenseRef-Apache-License-2.0-e99dd4b311146507",
        "MIT AND LicenseRef-ours",
        "LicenseRef-mit-78198e7ab262449a",
        "LicenseRef-GPL-2.0-e86af9457f54d571",
        "NONE",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-DocumentRef-x-LicenseRef-y-042642976af088c3",
        "LicenseRef-BSD-style-d093181c6fc7d379",
    ];
    assert_eq!(declared[1..], expected);
    let held: Vec<(&Value, &Value)> = list(&document, "hasExtractedLicensingInfos")
        .iter()
        .map(|it| (&it["licenseId"], &it["extractedText"]))
        .collect();
    assert_eq!(held.len(), 6);
    assert!(held.contains(&(&"LicenseRef-ours".into(), &"NOASSERTION".into())), "{held:?}");
    let spelled = (&"LicenseRef-BSD-style-d093181c6fc7d379".into(), &licences[8].into());
    assert!(held.contains(&spelled), "{held:?}");
}

#[test]
fn a_tree_does_not_drift_from_its_own_document() {
    let project = Project::new();
    for (file, sbom) in [("Cargo.lock", "cargo.spdx.json"), ("api/requirements.txt", "api.spdx.json")] {
        project.run(&["sbom", file, "--format", "spdx-json", "-o", sbom]).ends(0, &[]);
        project.run(&["diff", file, sbom, "--fail-on", "any"]).ends(0, &[]).prints(&["no changes"]);
        project.run(&["diff", sbom, file, "--fail-on", "any"]).ends(0, &[]);
        fs::rename(project.path(sbom), project.path(&format!("{sbom}.txt"))).unwrap();
    }
    project.run(&["sbom", "--format", "spdx-json=all.spdx.json"]).ends(0, &[]);
    project.run(&["check", "--bom", "all.spdx.json"]).ends(0, &[]);
    project.bump();
    project.run(&["check", "--bom", "all.spdx.json"]).ends(1, &[]).prints(&["itoa is 1.0.15, the BOM pins 1.0.14"]);
}

/// A project is required by its tree, as all formats have it; and copies of a component may differ in nothing but the
/// conditions of what they require, which SPDX does not keep.
fn ordinary(mut inventories: Vec<Inventory>) -> Vec<Inventory> {
    for inventory in &mut inventories {
        inventory.nodes.iter_mut().for_each(|node| node.copy = "");
        let roots = (1..inventory.nodes.len()).filter(|at| inventory.nodes[*at].root);
        for root in roots.collect::<Vec<_>>() {
            let place = inventory.nodes[root].place;
            inventory.edge(SUBJECT, root as u32, Requirement::default(), place);
        }
    }
    inventories
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn graphs_are_read_back_as_they_were(inventories in graphs::one()) {
        let inventories = ordinary(inventories);
        let bytes = check(graphs::join(&inventories), "a random graph");
        let turned = graphs::join(&inventories.into_iter().rev().collect::<Vec<_>>());
        prop_assert_eq!(write(&Report { resolved: turned, ..Report::default() }), bytes);
    }
}
