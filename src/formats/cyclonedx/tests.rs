//! Documents of driftgate's own and of other generators, whole, odd and cut.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use anyhow::Result;

use super::FORMATS;
use super::json::CycloneDxJson;
use super::xml::CycloneDxXml;
use crate::formats::Format;
use crate::model::{Inventory, NodeId, Requirement, Says};
use crate::source::{FileId, Place, Source};

/// The standard's own valid documents, and ours.
#[test]
fn valid_documents_are_read_without_a_fault() {
    let mut read = 0;
    for format in FORMATS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(format.id());
        for case in folder.read_dir().unwrap().map(|case| case.unwrap().path()).filter(|path| path.is_dir()) {
            for file in case.read_dir().unwrap().map(|file| file.unwrap().path()) {
                let name = file.file_name().unwrap().to_str().unwrap();
                if !format.takes(name) {
                    continue;
                }
                let text = std::fs::read_to_string(&file).unwrap();
                assert!(format.recognizes(&text), "{}", file.display());
                let all = format.parse_all(&Source { file: FileId(0), path: "bom.json", text: &text }).unwrap();
                for inventory in all {
                    assert_eq!(inventory.faults, [], "{}", file.display());
                    assert!(inventory.nodes.len() > 1, "{}", file.display());
                    read += 1;
                }
            }
        }
    }
    assert_eq!(read, 13);
}

fn read(format: &dyn Format, text: &str) -> Result<Vec<Inventory>> {
    format.parse_all(&Source { file: FileId(0), path: "bom.json", text })
}

/// Everything an inventory says, a line a fact.
fn facts(text: &str, inventory: &Inventory) -> Vec<String> {
    let cut = |place: Place| &text[place.start as usize..][..place.len as usize];
    let name = |node: NodeId| inventory.component(node).map_or("subject", |component| component.purl.as_str());
    let requirement = |requirement: &Requirement| {
        let Requirement { scope, constraint, environment, extra } = requirement;
        format!("{} {extra}|{environment}|{constraint}", scope.name())
    };
    let mut facts = vec![format!("{} {}", inventory.subject, inventory.format)];
    for node in &inventory.nodes[1..] {
        let component = node.component.unwrap();
        let root = if node.root { " root" } else { "" };
        let digests = component.digests.len();
        facts.push(format!(
            "{} {:?} {:?} {digests} {} {:?}{root} {}",
            component.purl, component.kind, component.origin, component.licence, component.properties, node.environment
        ));
        assert!(cut(node.place).contains(component.purl.name()), "{} {}", cut(node.place), component.purl);
    }
    let edges = inventory.edges.iter();
    facts.extend(
        edges.map(|edge| format!("{} -> {} {}", name(edge.from), name(edge.to), requirement(edge.requirement))),
    );
    for declared in &inventory.declared {
        let gap = format!("{} asks for {}", name(declared.from), declared.name);
        facts.push(format!("{gap} {} {:?}", requirement(declared.requirement), declared.gap));
    }
    facts.extend(inventory.faults.iter().map(|fault| format!("fault {}: {}", cut(fault.place), fault.message)));
    facts.extend(inventory.notes.iter().map(|note| format!("note {}: {}", cut(note.place), note.message)));
    facts
}

const FOREIGN: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.9", "metadata": {"component": {"bom-ref": "app", "name": "app"}},
    "components": [
        {"type": "library", "bom-ref": "a", "group": "g", "name": "a", "version": "1", "scope": "excluded",
         "licenses": [{"license": {"id": "MIT"}}, {"expression": "A OR B"}],
         "hashes": [{"alg": "MD5", "content": "d41d8cd98f00b204e9800998ecf8427e"}, {"alg": "MD5", "content": "x"}, {"alg": "Streebog-256", "content": "y"}],
         "externalReferences": [{"type": "vcs", "url": "https://git.example/a"}],
         "components": [{"name": "part", "purl": "pkg:npm/part@2", "externalReferences": [{"type": "distribution", "url": "https://x.example/p"}]}]},
        {"bom-ref": "b", "name": "b\u002fc", "purl": "pkg:npm/b@1"},
        {"bom-ref": "b", "name": "d", "purl": "npm/d"},
        {"bom-ref": "n", "type": "library"}],
    "services": [{"bom-ref": "s", "name": "s", "services": [{"bom-ref": "s2", "name": "s2"}]}],
    "dependencies": [{"ref": "app", "dependsOn": ["a", "b", "a", "s2"]}, {"ref": "b", "dependsOn": ["pkg:npm/part@2", "gone", "urn:cdx:x/1#y"]}]}"#;

#[test]
fn other_generators_are_read() {
    let all = read(&CycloneDxJson, FOREIGN).unwrap();
    assert_eq!(
        facts(FOREIGN, &all[0]),
        [
            "bom.json cyclonedx-json",
            "pkg:generic/app Library Unknown 0  [] root ",
            "pkg:generic/g/a@1 Library Git { url: \"https://git.example/a\", commit: \"\", reference: \"\" } 1 MIT AND (A OR B) [] ",
            "pkg:npm/part@2 Library Url(\"https://x.example/p\") 0  [] ",
            "pkg:npm/b@1 Library Unknown 0  [] ",
            "pkg:generic/d Library Unknown 0  [] ",
            "subject -> pkg:generic/app runtime ||",
            "pkg:generic/app -> pkg:generic/g/a@1 dev ||",
            "pkg:generic/app -> pkg:npm/b@1 runtime ||",
            "pkg:npm/b@1 -> pkg:npm/part@2 runtime ||",
            "fault npm/d: \"npm/d\" is no package URL: it does not begin with \"pkg:\"",
            "fault b: the bom-ref \"b\" stands twice",
            "fault n: a component without a name",
            "note x: a digest of pkg:generic/g/a@1 is left out: \"x\" is no MD5 digest",
            "note gone: a reference is left out: no component has the bom-ref \"gone\"",
        ]
    );
    assert_eq!(all[0].says, Says { edges: true, integrity: true, licence: true, ..SILENT });
}

/// What the others say nothing of.
const SILENT: Says = Says { whole: false, ..Says::NOTHING };

const XML: &str = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "e">]>
<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.6" xmlns:v="https://v.example">
  <c:metadata><c:component type="application" bom-ref="app"><c:name>app</c:name></c:component></c:metadata>
  <c:components>
<c:component type="library" bom-ref="a&amp;b"><v:name>no</v:name><c:group> g </c:group><c:name>a</c:name><c:version><![CDATA[1&2]]></c:version>
  <c:hashes><c:hash alg="MD5">d41d8cd98f00b204e9800998ecf8427e</c:hash></c:hashes>
  <c:licenses><c:license><c:id>MIT</c:id></c:license></c:licenses>
  <c:components><c:component type="file"><c:name>&#x70;&lt;</c:name></c:component></c:components>
</c:component>
<c:component type="container" bom-ref="c"><c:name>c</c:name><c:purl>pkg:docker/c@1</c:purl></c:component>
  </c:components>
  <c:dependencies><c:dependency ref="app"><c:dependency ref="a&amp;b"><c:dependency ref="c"/></c:dependency></c:dependency><c:dependency ref="c"/></c:dependencies>
</c:bom>"#;

#[test]
fn xml_says_the_same() {
    // The place of an escaped name is the name as the file spells it.
    let all = read(&CycloneDxXml, &XML.replace("&#x70;&lt;", "p")).unwrap();
    assert_eq!(
        facts(&XML.replace("&#x70;&lt;", "p"), &all[0]),
        [
            "bom.json cyclonedx-xml",
            "pkg:generic/app Application Unknown 0  [] root ",
            "pkg:generic/g/a@1%262 Library Unknown 1 MIT [] ",
            "pkg:generic/p File Unknown 0  [] ",
            "pkg:docker/c@1 Container Unknown 0  [] ",
            "subject -> pkg:generic/app runtime ||",
            "pkg:generic/app -> pkg:generic/g/a@1%262 runtime ||",
            "pkg:generic/g/a@1%262 -> pkg:docker/c@1 runtime ||",
        ]
    );
    assert_eq!(read(&CycloneDxXml, XML).unwrap()[0].component(3).unwrap().name(), "p<");
}

const OWN: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5",
    "metadata": {
        "component": {"type": "application", "bom-ref": "tree", "name": "x", "components": [
            {"type": "file", "bom-ref": "subject:b/uv.lock", "name": "b/uv.lock", "properties": [
                {"name": "driftgate:subject", "value": "uv-lock"}, {"name": "driftgate:silent", "value": "licence | origin"},
                {"name": "driftgate:gap", "value": "c | constraint=>=1 | candidate=pkg:pypi/y@1 | candidate=pkg:pypi/z@1"},
                {"name": "driftgate:gap", "value": "q | scope=optional | from=pkg:pypi/x@1"}]},
            {"type": "file", "bom-ref": "subject:a", "name": "a uv.lock", "properties": [
                {"name": "driftgate:subject", "value": "dockerfile | path=a\\tuv.lock"}]}]},
        "properties": [{"name": "driftgate:schema", "value": "1"}]},
    "components": [
        {"type": "application", "bom-ref": "pkg:pypi/x@1", "name": "x", "purl": "pkg:pypi/x@1", "properties": [
            {"name": "driftgate:in", "value": "a\\tuv.lock | root=true"}, {"name": "driftgate:in", "value": "b/uv.lock | root=true"},
            {"name": "driftgate:source", "value": "path | path=."},
            {"name": "driftgate:edge", "value": "pkg:pypi/y@1 | scope=dev | extra=test | in=a\\tuv.lock"},
            {"name": "driftgate:edge", "value": "pkg:pypi/y@1 | environment=linux"}]},
        {"type": "library", "bom-ref": "pkg:pypi/y@1", "name": "y", "purl": "pkg:pypi/y@1", "licenses": [{"license": {"id": "MIT"}}], "properties": [
            {"name": "driftgate:in", "value": "a\\tuv.lock | environment=x\\py"}, {"name": "driftgate:subjects", "value": "b/uv.lock"},
            {"name": "driftgate:property", "value": "driftgate:in | value=1\\n2"}, {"name": "variant", "value": "cuda"}]},
        {"type": "library", "bom-ref": "pkg:pypi/z@1", "name": "z", "purl": "pkg:pypi/z@1", "properties": [
            {"name": "driftgate:licence", "value": " \\tours"}, {"name": "driftgate:subjects", "value": "b/uv.lock"}]}],
    "dependencies": [
        {"ref": "tree", "dependsOn": ["subject:a", "subject:b/uv.lock"]},
        {"ref": "subject:a", "dependsOn": ["pkg:pypi/x@1"]},
        {"ref": "subject:b/uv.lock", "dependsOn": ["pkg:pypi/x@1"]},
        {"ref": "pkg:pypi/x@1", "dependsOn": ["pkg:pypi/y@1", "pkg:pypi/z@1"]}]}"#;

#[test]
fn own_boms_hold_several_subjects() {
    let all = read(&CycloneDxJson, OWN).unwrap();
    let read: Vec<Vec<String>> = all.iter().map(|inventory| facts(OWN, inventory)).collect();
    assert_eq!(
        read,
        [
            vec![
                "a\tuv.lock dockerfile",
                "pkg:pypi/x@1 Application Path(\".\") 0  [] root ",
                "pkg:pypi/y@1 Library Unknown 0 MIT [(\"driftgate:in\", \"1\\n2\"), (\"variant\", \"cuda\")] x|y",
                "pkg:pypi/x@1 -> pkg:pypi/y@1 dev test||",
                "pkg:pypi/x@1 -> pkg:pypi/y@1 runtime |linux|",
                "subject -> pkg:pypi/x@1 runtime ||",
            ],
            vec![
                "b/uv.lock uv-lock",
                "pkg:pypi/x@1 Application Path(\".\") 0  [] root ",
                "pkg:pypi/y@1 Library Unknown 0 MIT [(\"driftgate:in\", \"1\\n2\"), (\"variant\", \"cuda\")] ",
                "pkg:pypi/z@1 Library Unknown 0  \tours [] ",
                "pkg:pypi/x@1 -> pkg:pypi/y@1 runtime |linux|",
                "subject -> pkg:pypi/x@1 runtime ||",
                "pkg:pypi/x@1 -> pkg:pypi/z@1 runtime ||",
                "subject asks for c runtime ||>=1 Ambiguous([2, 3])",
                "pkg:pypi/x@1 asks for q optional || Unpinned",
            ],
        ]
    );
    assert_eq!((all[0].says, all[1].says), (Says::ALL, Says { licence: false, origin: false, ..Says::ALL }));
    let newer = OWN.replace("\"value\": \"1\"", "\"value\": \"2\"");
    assert!(
        CycloneDxJson
            .parse_all(&Source { file: FileId(0), path: "bom.json", text: &newer })
            .unwrap_err()
            .to_string()
            .contains("newer")
    );
}

#[test]
fn own_boms_name_what_does_not_fit() {
    for (from, to, expected) in [
        ("in=a\\\\tuv.lock", "in=gone", "the BOM has no subject \"gone\""),
        ("scope=dev", "scope=never", "\"never\" is no scope"),
        ("candidate=pkg:pypi/z@1", "candidate=gone", "the subject has no component with the bom-ref \"gone\""),
        ("\"b/uv.lock | root", "\"a\\\\tuv.lock | root", "a subject has pkg:pypi/x@1 twice"),
        ("path=a\\\\tuv.lock", "path=b/uv.lock", "the subject \"b/uv.lock\" stands twice"),
        ("\"pkg:pypi/y@1 | environment", "\"gone | environment", "no component has the bom-ref \"gone\""),
        (", {\"name\": \"driftgate:subjects\", \"value\": \"b/uv.lock\"}]}]", "]}]", "no subject has pkg:pypi/z@1"),
    ] {
        let text = OWN.replacen(from, to, 1);
        assert_ne!(text, OWN, "{from}");
        let faults: Vec<String> = read(&CycloneDxJson, &text)
            .unwrap()
            .into_iter()
            .flat_map(|all| all.faults)
            .map(|fault| fault.message)
            .collect();
        assert!(faults.iter().any(|fault| fault == expected), "{from}: {faults:?}");
    }
}

#[test]
fn what_is_no_bom_is_refused() {
    let deep = "<a>".repeat(100_000);
    let parts = "<components><component>".repeat(100_000);
    let root = "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\">";
    for text in [
        "",
        "<x/>",
        "<bom xmlns=\"http://other.example/\"/>",
        root,
        &format!("{root}{deep}"),
        &format!("{root}{parts}"),
        &format!("{root}<components><component><name>&e;</name></component></components></bom>"),
        &format!("{root}</bom><bom/>"),
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/2.0\"/>",
        &deep,
    ] {
        assert!(read(&CycloneDxXml, text).is_err(), "{}", &text[..text.len().min(60)]);
    }
    for text in [
        "",
        "[]",
        "{}",
        r#"{"bomFormat": "SPDX"}"#,
        r#"{"bomFormat": "CycloneDX", "specVersion": "2.0"}"#,
        r#"{"bomFormat": "CycloneDX", "components": [], "components": []}"#,
        &format!("{{\"bomFormat\": \"CycloneDX\", \"components\": {}", "[{\"components\":".repeat(100_000)),
    ] {
        assert!(read(&CycloneDxJson, text).is_err(), "{}", &text[..text.len().min(60)]);
    }
}

/// Documents cut anywhere are no reason to panic.
#[test]
fn cut_documents_do_not_panic() {
    for (format, text) in [(&CycloneDxJson as &dyn Format, FOREIGN), (&CycloneDxJson, OWN), (&CycloneDxXml, XML)] {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = read(format, &text[..end]);
            let _ = read(format, &format!("{}{}", &text[..end], &text[(end + 7).min(text.len())..]));
        }
    }
}

#[test]
fn texts_are_recognized() {
    assert!(CycloneDxJson.recognizes(FOREIGN) && CycloneDxXml.recognizes(XML));
    assert!(!CycloneDxJson.recognizes("{\"bomFormat\": 1}") && !CycloneDxXml.recognizes("<bom/>"));
}
