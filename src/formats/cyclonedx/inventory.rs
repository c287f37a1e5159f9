//! Makes inventories of a document: one of a foreign BOM here, one a subject of driftgate's own in `own`.

use std::borrow::Cow;

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::document::{self, Document, ExternalReference, LicenceChoice, Service};
use super::own::Own;
use super::properties;
use crate::intern::{self, Text};
use crate::model::{
    Algorithm, Component, Digest, Inventory, Kind, Node, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
};
use crate::source::{Fault, Place, Source};
use crate::syntax::json::Str;

/// Returns what a document says, one inventory a subject, sorted by path.
///
/// # Errors
/// Where the version of CycloneDX or of driftgate's own encoding is not known.
pub(super) fn all(source: &Source<'_>, format: &'static str, document: &Document<'_>) -> Result<Vec<Inventory>> {
    let place = |text: Option<&Str<'_>>| text.map_or(source.start(), |text| place_of(source, text));
    document.check_version().map_err(|error| source.fault(place(document.spec_version.as_ref()), error))?;
    match document.property(properties::SCHEMA) {
        None => Ok(vec![foreign(source, format, document)]),
        Some(version) if &**version == properties::VERSION => Ok(Own::new(source, format, document).read()),
        Some(version) => {
            let message = format!(
                "the BOM's {} is \"{}\"; a newer driftgate wrote it",
                properties::SCHEMA,
                version.escape_debug()
            );
            Err(source.fault(place_of(source, version), message))
        }
    }
}

/// Returns the only inventory of several.
///
/// # Errors
/// Where there are several: none of them is the file.
pub(super) fn first(source: &Source<'_>, inventories: Vec<Inventory>) -> Result<Inventory> {
    let message = "the BOM holds no subjects";
    inventories.into_iter().next().ok_or_else(|| source.fault(source.start(), message))
}

/// Reads another generator's BOM.
fn foreign(source: &Source<'_>, format: &'static str, document: &Document<'_>) -> Inventory {
    let mut inventory = Inventory::new(source, format);
    let mut faults = Vec::new();
    let mut refs: HashMap<&str, Option<NodeId>> = HashMap::new();
    let mut nodes: HashMap<(Purl, Origin, &'static [Digest]), NodeId> = HashMap::new();
    // How components are meant, by node; a merged one is needed as its strongest needs it.
    let mut scopes = vec![Scope::default()];
    let root = document.metadata.as_ref().and_then(|metadata| metadata.component.as_ref());
    let listed = flatten(root.into_iter().chain(document.components.iter().flatten()));
    let mut says = Says { edges: document.dependencies.as_ref().is_some_and(|all| !all.is_empty()), ..NOTHING };
    for component in &listed {
        let node = resolve(source, component, &mut faults).map(|(found, place)| {
            let found = found.intern();
            says.integrity |= !found.digests.is_empty();
            says.licence |= !found.licence.is_empty();
            let scope = scope(component.scope.as_deref());
            let key = (found.purl, found.origin, found.digests.as_slice());
            let node = *nodes.entry(key).or_insert_with(|| {
                scopes.push(scope);
                let root = root.is_some_and(|root| std::ptr::eq(root, *component));
                inventory.add_node(Node { component: Some(found), place, root, environment: "" })
            });
            scopes[node as usize] = scopes[node as usize].min(scope);
            node
        });
        match &component.bom_ref {
            Some(id) => register(source, &mut refs, id, node, &mut faults),
            // Some generators write no references, and purls in their place.
            None => drop(component.purl.as_deref().map(|purl| refs.entry(purl).or_insert(node))),
        }
    }
    for id in services(document.services.as_deref().unwrap_or_default()) {
        register(source, &mut refs, id, None, &mut faults);
    }
    if inventory.nodes.get(1).is_some_and(|node| node.root) {
        let place = inventory.nodes[1].place;
        inventory.edge(SUBJECT, 1, Requirement::default(), place);
    }
    let mut seen = HashSet::new();
    for dependency in document.dependencies.iter().flatten() {
        let Some(from) = dependency.from.as_ref() else { continue };
        let from = find(source, &refs, from, &mut faults);
        for to in dependency.depends_on.iter().flatten() {
            let to_node = find(source, &refs, to, &mut faults);
            let (Some(from), Some(to_node)) = (from, to_node) else { continue };
            if seen.insert((from, to_node)) {
                inventory.edge(from, to_node, Requirement::of(scopes[to_node as usize]), place_of(source, to));
            }
        }
    }
    inventory.says = says;
    inventory.faults = faults;
    inventory
}

pub(super) const NOTHING: Says = Says { edges: false, scopes: false, integrity: false, origin: false, licence: false };

/// Lists components and their parts, in the order of the text.
fn flatten<'d, 't: 'd>(top: impl Iterator<Item = &'d document::Component<'t>>) -> Vec<&'d document::Component<'t>> {
    let mut listed = Vec::new();
    let mut open: Vec<&document::Component<'t>> = top.collect();
    open.reverse();
    while let Some(component) = open.pop() {
        listed.push(component);
        open.extend(component.components.iter().flatten().rev());
    }
    listed
}

/// Lists the references of services.
fn services<'d, 't>(top: &'d [Service<'t>]) -> Vec<&'d Str<'t>> {
    let mut open: Vec<&Service<'t>> = top.iter().collect();
    let mut ids = Vec::new();
    while let Some(service) = open.pop() {
        ids.extend(&service.bom_ref);
        open.extend(service.services.iter().flatten());
    }
    ids
}

/// Keeps what a reference means; one that stands twice is a fault.
pub(super) fn register<'d, T>(
    source: &Source<'_>,
    refs: &mut HashMap<&'d str, T>,
    id: &'d Str<'_>,
    target: T,
    faults: &mut Vec<Fault>,
) {
    if refs.contains_key(&**id) {
        faults.push(fault(source, id, format!("the bom-ref \"{}\" stands twice", shortened(id))));
        return;
    }
    refs.insert(id, target);
}

/// Looks a reference up; one that means nothing here is a fault, unless it names another document.
pub(super) fn find<T: Copy>(
    source: &Source<'_>,
    refs: &HashMap<&str, Option<T>>,
    id: &Str<'_>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match refs.get(&**id) {
        Some(target) => *target,
        None if id.starts_with("urn:cdx:") => None,
        None => {
            faults.push(fault(source, id, format!("no component has the bom-ref \"{}\"", shortened(id))));
            None
        }
    }
}

pub(super) fn fault(source: &Source<'_>, at: &Str<'_>, message: impl Into<String>) -> Fault {
    Fault { place: place_of(source, at), message: message.into() }
}

/// Returns the place of a string that is borrowed; the file's first byte for others.
pub(super) fn place_of(source: &Source<'_>, text: &Str<'_>) -> Place {
    match text.0 {
        Cow::Borrowed(text) => source.place(text),
        Cow::Owned(_) => source.start(),
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// Makes a component of a listed one, and says where its name stands; none where it has no name.
pub(super) fn resolve(
    source: &Source<'_>,
    listed: &document::Component<'_>,
    faults: &mut Vec<Fault>,
) -> Option<(Component, Place)> {
    let text = |text: &Option<Str<'_>>| text.as_deref().map_or("", str::trim).to_owned();
    let (name, group, version) = (text(&listed.name), text(&listed.group), text(&listed.version));
    let purl = listed.purl.as_ref().filter(|purl| !purl.trim().is_empty());
    let parsed = purl.and_then(|purl| match Purl::parse(purl.trim()) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            faults.push(fault(source, purl, error.to_string()));
            None
        }
    });
    let place = place(source, listed, parsed.as_ref().map_or("", Purl::name));
    if parsed.is_none() && name.is_empty() {
        faults.push(Fault { place, message: "a component without a name".to_owned() });
        return None;
    }
    let mut component = Component::new(parsed.unwrap_or_else(|| Purl::new("generic", &group, &name, &version)));
    component.kind = kind(listed.kind.as_deref().unwrap_or_default());
    component.licence = licence(listed.licenses.as_deref().unwrap_or_default());
    component.origin = origin(listed.external_references.as_deref().unwrap_or_default(), purl.is_some());
    for hash in listed.hashes.iter().flatten() {
        let (Some(algorithm), Some(content)) = (&hash.alg, &hash.content) else { continue };
        // Algorithms that are not known here can't be compared.
        let Some(known) = Algorithm::named(algorithm.trim()) else { continue };
        match Digest::hex(known, content.trim()) {
            Some(digest) => component.digests.push(digest),
            None => faults.push(fault(
                source,
                content,
                format!("\"{}\" is no {} digest", shortened(content), known.cyclonedx()),
            )),
        }
    }
    Some((component, place))
}

/// Returns where a component is named: by its name if that spells `name`, as its purl does, else by the purl; by whatever
/// is borrowed from the text where escapes keep both from it.
pub(super) fn place(source: &Source<'_>, listed: &document::Component<'_>, name: &str) -> Place {
    let spells = |text: &&Str<'_>| matches!(text.0, Cow::Borrowed(part) if part.contains(name));
    let named = listed.name.as_ref().filter(|text| text.contains(name));
    if let (Some(range), Some(_)) = (&listed.name_at, named) {
        return source.place_at(range.clone());
    }
    let named = listed.name.iter().chain(&listed.purl).find(spells);
    let others = [&listed.name, &listed.purl, &listed.bom_ref, &listed.version, &listed.kind].into_iter().flatten();
    let borrowed =
        named.into_iter().chain(others).find(|text| matches!(text.0, Cow::Borrowed(part) if !part.is_empty()));
    borrowed.map_or(source.start(), |text| place_of(source, text))
}

fn kind(name: &str) -> Kind {
    match name {
        "application" => Kind::Application,
        "framework" => Kind::Framework,
        "container" => Kind::Container,
        "operating-system" => Kind::OperatingSystem,
        "device" | "device-driver" | "firmware" | "platform" => Kind::Platform,
        "file" => Kind::File,
        "machine-learning-model" => Kind::Model,
        "data" | "cryptographic-asset" => Kind::Data,
        _ => Kind::Library,
    }
}

/// What CycloneDX calls excluded is there for tests and the like.
fn scope(name: Option<&str>) -> Scope {
    match name {
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Dev,
        _ => Scope::Runtime,
    }
}

/// Joins licences that all apply.
fn licence(choices: &[LicenceChoice<'_>]) -> Text {
    let mut names: Vec<&str> = Vec::new();
    for choice in choices {
        let licence = choice.license.as_ref();
        let id = licence.and_then(|licence| licence.id.as_ref().or(licence.name.as_ref()));
        let Some(name) = choice.expression.as_ref().or(id) else { continue };
        let name = name.trim();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => "",
        [one] => intern::text(one),
        several => {
            let part = |name: &&str| if name.contains(" OR ") { format!("({name})") } else { (*name).to_owned() };
            intern::text(&several.iter().map(part).collect::<Vec<_>>().join(" AND "))
        }
    }
}

/// Returns the address a component is distributed from. A repository says where it is developed, not where it came
/// from, so that it counts only where no purl says what kind of package this is.
fn origin(references: &[ExternalReference<'_>], has_purl: bool) -> Origin {
    let address = |kind: &str| {
        let reference = references.iter().find(|reference| reference.kind.as_deref() == Some(kind))?;
        reference.url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    };
    match (address("distribution"), address("vcs")) {
        (Some(url), _) => Origin::url(url),
        (None, Some(url)) if !has_purl => Origin::git(url, "", ""),
        _ => Origin::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::Format;
    use crate::formats::cyclonedx::json::CycloneDxJson;
    use crate::formats::cyclonedx::xml::CycloneDxXml;
    use crate::source::FileId;

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
                component.purl,
                component.kind,
                component.origin,
                component.licence,
                component.properties,
                node.environment
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
                "fault x: \"x\" is no MD5 digest",
                "fault npm/d: \"npm/d\" is no package URL: it does not begin with \"pkg:\"",
                "fault b: the bom-ref \"b\" stands twice",
                "fault n: a component without a name",
                "fault gone: no component has the bom-ref \"gone\"",
            ]
        );
        assert_eq!(all[0].says, Says { edges: true, integrity: true, licence: true, ..NOTHING });
    }

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
        "metadata": {"properties": [{"name": "driftgate:schema", "value": "1"}]},
        "components": [
            {"type": "file", "bom-ref": "subject:b/uv.lock", "name": "b/uv.lock", "properties": [
                {"name": "driftgate:subject", "value": "uv-lock"},
                {"name": "driftgate:gap", "value": "c\tconstraint=>=1\tcandidate=pkg:pypi/y@1\tcandidate=pkg:pypi/z@1"}]},
            {"type": "file", "bom-ref": "subject:a/uv.lock", "name": "a/uv.lock", "properties": [{"name": "driftgate:subject", "value": "dockerfile"}]},
            {"type": "application", "bom-ref": "pkg:pypi/x@1", "name": "x", "purl": "pkg:pypi/x@1", "properties": [
                {"name": "driftgate:in", "value": "a/uv.lock\troot"}, {"name": "driftgate:in", "value": "b/uv.lock\troot"},
                {"name": "driftgate:source", "value": "path ."},
                {"name": "driftgate:edge", "value": "pkg:pypi/y@1\tscope=dev\textra=test\tin=a/uv.lock"},
                {"name": "driftgate:edge", "value": "pkg:pypi/y@1\tenvironment=linux"},
                {"name": "driftgate:gap", "value": "q\tscope=optional\tin=b/uv.lock"}]},
            {"type": "library", "bom-ref": "pkg:pypi/y@1", "name": "y", "purl": "pkg:pypi/y@1", "licenses": [{"license": {"id": "MIT"}}], "properties": [
                {"name": "driftgate:in", "value": "a/uv.lock\tenvironment=x\\ty"}, {"name": "driftgate:in", "value": "b/uv.lock"},
                {"name": "variant", "value": "cuda"}]},
            {"type": "library", "bom-ref": "pkg:pypi/z@1", "name": "z", "purl": "pkg:pypi/z@1", "properties": [
                {"name": "driftgate:in", "value": "b/uv.lock"}]}],
        "dependencies": [
            {"ref": "subject:a/uv.lock", "dependsOn": ["pkg:pypi/x@1"]},
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
                    "a/uv.lock dockerfile",
                    "pkg:pypi/x@1 Application Path(\".\") 0  [] root ",
                    "pkg:pypi/y@1 Library Unknown 0 MIT [(\"variant\", \"cuda\")] x\ty",
                    "pkg:pypi/x@1 -> pkg:pypi/y@1 dev test||",
                    "pkg:pypi/x@1 -> pkg:pypi/y@1 runtime |linux|",
                    "subject -> pkg:pypi/x@1 runtime ||",
                ],
                vec![
                    "b/uv.lock cyclonedx-json",
                    "pkg:pypi/x@1 Application Path(\".\") 0  [] root ",
                    "pkg:pypi/y@1 Library Unknown 0 MIT [(\"variant\", \"cuda\")] ",
                    "pkg:pypi/z@1 Library Unknown 0  [] ",
                    "pkg:pypi/x@1 -> pkg:pypi/y@1 runtime |linux|",
                    "subject -> pkg:pypi/x@1 runtime ||",
                    "pkg:pypi/x@1 -> pkg:pypi/z@1 runtime ||",
                    "subject asks for c runtime ||>=1 Ambiguous([2, 3])",
                    "pkg:pypi/x@1 asks for q optional || Unpinned",
                ],
            ]
        );
        let newer = OWN.replace("\"value\": \"1\"", "\"value\": \"2\"");
        assert!(super::tests::read(&CycloneDxJson, &newer).unwrap_err().to_string().contains("newer"));
    }

    #[test]
    fn own_boms_name_what_does_not_fit() {
        for (from, to, expected) in [
            ("in=a/uv.lock", "in=gone", "the BOM has no subject \"gone\""),
            ("scope=dev", "scope=never", "\"never\" is no scope"),
            ("path .", "ftp .", "\"ftp .\" is no source"),
            ("candidate=pkg:pypi/z@1", "candidate=gone", "no component has the bom-ref \"gone\""),
            ("\"b/uv.lock\\troot\"", "\"a/uv.lock\\troot\"", "a subject has pkg:pypi/x@1 twice"),
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
}
