//! SPDX 3.0 in JSON-LD: a graph of elements that name each other, or stand in each other.
//!
//! Specification: <https://spdx.github.io/spdx-spec/v3.0.1/serializations/>. Of JSON-LD it takes the prefixes of ids, one value
//! for a list of one, and elements where an id may stand; not other names for types and properties.

use std::collections::BTreeMap;

use anyhow::Result;
use hashbrown::HashMap;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::document::{Document, Package, Relation, Said, unread};
use crate::model::{Scope, secret};
use crate::source::{Fault, Place, Source};
use crate::syntax::json::{self, Map, Str};

/// How deep elements may stand in each other: each is looked through once for each that it stands in.
const MAX_DEPTH: usize = 16;

/// Returns the error that a version is not known.
pub(super) fn unknown(source: &Source<'_>, place: Place, version: &str) -> anyhow::Error {
    source.fault(place, format!("SPDX {} is not known; 2.2, 2.3 and 3.0 are read", version.escape_debug()))
}

/// One value or several, as JSON-LD has it; none where there is null.
#[derive(Default)]
struct Many<'t>(Vec<&'t RawValue>);

impl<'de: 't, 't> Deserialize<'de> for Many<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        let several = match raw.get().as_bytes().first() {
            Some(b'[') => serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?,
            Some(b'n') => Vec::new(),
            _ => vec![raw],
        };
        Ok(Many(several))
    }
}

/// What all elements have.
#[derive(Deserialize)]
struct Element<'t> {
    #[serde(borrow, rename = "type")]
    kind: Option<Str<'t>>,
    #[serde(borrow, rename = "@type")]
    at_kind: Option<Str<'t>>,
    #[serde(borrow, rename = "spdxId")]
    id: Option<Str<'t>>,
    #[serde(borrow, rename = "@id")]
    at_id: Option<Str<'t>>,
    #[serde(borrow, default, rename = "creationInfo")]
    creation: Many<'t>,
}

impl<'t> Element<'t> {
    fn id(&self) -> Option<&str> {
        self.id.as_ref().or(self.at_id.as_ref()).map(|id| &**id)
    }

    fn kind(&self) -> &str {
        self.kind.as_ref().or(self.at_kind.as_ref()).map_or("", |kind| &**kind)
    }
}

#[derive(Deserialize)]
struct CreationInfo<'t> {
    #[serde(borrow, rename = "specVersion")]
    version: Option<Str<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collection<'t> {
    #[serde(borrow, default)]
    root_element: Many<'t>,
    #[serde(borrow, default)]
    element: Many<'t>,
}

#[derive(Deserialize)]
struct ThirdPackage<'t> {
    #[serde(borrow)]
    name: Option<Str<'t>>,
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    purl: Option<String>,
    #[serde(rename = "software_downloadLocation")]
    download: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: Option<String>,
    #[serde(borrow, default, rename = "externalIdentifier")]
    identifiers: Many<'t>,
    #[serde(borrow, default, rename = "verifiedUsing")]
    hashes: Many<'t>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThirdRelation<'t> {
    #[serde(borrow)]
    from: &'t RawValue,
    #[serde(borrow)]
    to: Many<'t>,
    #[serde(borrow)]
    relationship_type: Str<'t>,
    #[serde(borrow)]
    scope: Option<Str<'t>>,
}

#[derive(Deserialize)]
struct Expression {
    #[serde(rename = "simplelicensing_licenseExpression")]
    expression: Option<String>,
}

/// A digest, or another system's name for an element: the two kinds of parts that packages share by their ids.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(rename = "type", alias = "@type")]
    kind: Option<String>,
    algorithm: Option<String>,
    hash_value: Option<String>,
    external_identifier_type: Option<String>,
    identifier: Option<String>,
}

impl Part {
    /// Adds what it says to a package. What else verifies a package, a code over the names and digests of its files, is no
    /// digest of it.
    fn add_to(self, package: &mut Package) {
        match self {
            Part { algorithm: Some(algorithm), hash_value: Some(hex), kind, .. }
                if kind.as_deref().is_none_or(|kind| kind == "Hash") =>
            {
                package.digests.push((algorithm, hex));
            }
            Part { external_identifier_type: Some(of), identifier: Some(purl), .. }
                if of.eq_ignore_ascii_case("packageUrl") =>
            {
                package.purls.push(purl);
            }
            _ => {}
        }
    }
}

/// The kinds of parts that packages may name by their ids.
const PARTS: &[&str] = &["ExternalIdentifier", "Hash", "PackageVerificationCode"];

/// The kinds of relationships that are read: the name, and the scope of what is required; none where a tool is used, which is
/// for what the relationship's own scope says.
const REQUIRES: &[(&str, Option<Scope>)] = &[
    ("dependsOn", Some(Scope::Runtime)),
    ("hasDynamicLink", Some(Scope::Runtime)),
    ("hasOptionalComponent", Some(Scope::Optional)),
    ("hasOptionalDependency", Some(Scope::Optional)),
    ("hasPrerequisite", Some(Scope::Runtime)),
    ("hasProvidedDependency", Some(Scope::Peer)),
    ("hasStaticLink", Some(Scope::Runtime)),
    ("usesTool", None),
];

/// Returns what a relationship of a kind and a scope says.
fn said(kind: &str, scope: &str) -> Option<Said> {
    if kind == "describes" {
        return Some(Said::Describes);
    }
    let (_, of_kind) = REQUIRES.iter().find(|(name, _)| *name == kind)?;
    let of_scope = match scope {
        "development" | "test" => Some(Scope::Dev),
        "build" => Some(Scope::Build),
        _ => None,
    };
    // The weaker of both: `None` is less than any.
    Some(Said::Requires((*of_kind).max(of_scope)?))
}

/// Reads the graph of a document.
pub(super) struct Third<'s, 't> {
    source: &'s Source<'t>,
    /// The prefixes of ids, and what they stand for.
    prefixes: BTreeMap<String, String>,
    /// What is still to be read, and how many elements each stands in.
    open: Vec<(&'t RawValue, usize)>,
    document: Document,
    expressions: BTreeMap<String, String>,
    /// Packages, their licences, and whether these are concluded.
    licences: Vec<(String, String, bool)>,
    parts: HashMap<String, Part>,
    /// Packages by their numbers, the parts that they name, and where.
    named: Vec<(usize, String, Place)>,
}

impl<'s, 't> Third<'s, 't> {
    /// Reads a document with this context.
    ///
    /// # Errors
    /// Where it is of a version that is not known.
    pub(super) fn read(
        source: &'s Source<'t>,
        context: Option<&'t RawValue>,
        graph: Vec<&'t RawValue>,
    ) -> Result<Document> {
        let mut third = Third {
            source,
            prefixes: BTreeMap::new(),
            open: graph.into_iter().rev().map(|raw| (raw, 0)).collect(),
            document: Document::default(),
            expressions: BTreeMap::new(),
            licences: Vec::new(),
            parts: HashMap::new(),
            named: Vec::new(),
        };
        third.context(context)?;
        while let Some((raw, depth)) = third.open.pop() {
            third.element(raw, depth)?;
        }
        Ok(third.finish())
    }

    /// Takes what is read of a context: the version, and prefixes.
    fn context(&mut self, context: Option<&'t RawValue>) -> Result<()> {
        let Some(context) = context else { return Ok(()) };
        let Many(several) = serde_json::from_str(context.get()).unwrap_or_default();
        for raw in several {
            if let Ok(address) = serde_json::from_str::<Str<'_>>(raw.get()) {
                let version = address.split_once("spdx.org/rdf/").and_then(|(_, rest)| rest.split('/').next());
                if let Some(version) = version.filter(|version| !is_known(version)) {
                    return Err(unknown(self.source, address.place(self.source, self.source.start()), version));
                }
            }
            let Ok(terms) = serde_json::from_str::<Map<Str<'_>, &RawValue>>(raw.get()) else { continue };
            self.prefixes.extend(terms.0.into_iter().filter_map(|(term, raw)| Some((term.to_string(), prefix(raw)?))));
        }
        Ok(())
    }

    /// Returns an id in full.
    fn full(&self, id: &str) -> String {
        match id.split_once(':') {
            Some((prefix, rest)) if prefix != "_" && !rest.starts_with("//") => match self.prefixes.get(prefix) {
                Some(address) => format!("{address}{rest}"),
                None => id.to_owned(),
            },
            _ => id.to_owned(),
        }
    }

    /// Returns what an element is called whose own id is `id`: without one, by where it stands.
    fn id(&self, id: Option<&str>, raw: &RawValue) -> String {
        id.map_or_else(|| format!("_:{}", self.source.place(raw.get()).start), |id| self.full(id))
    }

    /// Returns the id of what a property names; an element that stands there itself is read later.
    fn link(&mut self, raw: &'t RawValue, depth: usize) -> Option<String> {
        if let Ok(id) = serde_json::from_str::<Str<'_>>(raw.get()) {
            return Some(self.full(&id));
        }
        match json::part::<Element<'_>>(self.source, raw) {
            Ok(element) => {
                let id = self.id(element.id(), raw);
                self.open.push((raw, depth + 1));
                Some(id)
            }
            Err(error) => {
                self.fault("the name of an element", raw, &error);
                None
            }
        }
    }

    fn links(&mut self, several: Many<'t>, depth: usize) -> Vec<String> {
        several.0.into_iter().filter_map(|raw| self.link(raw, depth)).collect()
    }

    /// Records that a part of the document could not be read.
    fn fault(&mut self, what: &str, raw: &RawValue, error: &anyhow::Error) {
        self.document.faults.push(unread(what, self.source.place(raw.get()), error));
    }

    /// Reads a part of the document as what it is, or says that it can't be.
    fn part<T: Deserialize<'t>>(&mut self, what: &str, raw: &'t RawValue) -> Option<T> {
        json::part(self.source, raw).map_err(|error| self.fault(what, raw, &error)).ok()
    }

    /// Reads one element.
    fn element(&mut self, raw: &'t RawValue, depth: usize) -> Result<()> {
        let whole = self.source.place(raw.get());
        if depth > MAX_DEPTH {
            let message = format!("elements stand in each other more than {MAX_DEPTH} deep");
            self.document.faults.push(Fault { place: whole, message });
            return Ok(());
        }
        let Some(element) = self.part::<Element<'_>>("an element", raw) else { return Ok(()) };
        let id = self.id(element.id(), raw);
        // Mostly it is named by its id; the version that stands in it counts.
        self.open
            .extend(element.creation.0.iter().filter(|raw| raw.get().starts_with('{')).map(|raw| (*raw, depth + 1)));
        match element.kind() {
            "CreationInfo" => {
                let info: Option<CreationInfo<'_>> = self.part("what tells of the document's making", raw);
                if let Some(version) = info.and_then(|info| info.version).filter(|version| !is_known(version)) {
                    return Err(unknown(self.source, version.place(self.source, whole), &version));
                }
            }
            kind @ ("SpdxDocument" | "software_Sbom" | "Bom" | "Bundle") => {
                if kind == "SpdxDocument" || self.document.id.is_empty() {
                    self.document.id.clone_from(&id);
                }
                let Some(collection) = self.part::<Collection<'_>>("a collection", raw) else { return Ok(()) };
                let roots = self.links(collection.root_element, depth);
                if kind != "Bundle" {
                    self.document.describes.extend(roots);
                }
                self.links(collection.element, depth);
            }
            kind @ ("software_Package" | "ai_AIPackage" | "dataset_DatasetPackage") => self.package(kind, id, raw),
            "software_File" => self.document.has_files = true,
            kind if PARTS.contains(&kind) => {
                if let Some(part) = self.part("a digest or an identifier", raw) {
                    self.parts.insert(id, part);
                }
            }
            "simplelicensing_LicenseExpression" => {
                let expression: Option<Expression> = self.part("a licence", raw);
                self.expressions.extend(expression.and_then(|read| read.expression).map(|read| (id, read)));
            }
            "Relationship" | "LifecycleScopedRelationship" => self.relation(raw, depth),
            // Elements of other profiles.
            _ => {}
        }
        Ok(())
    }

    fn package(&mut self, kind: &str, id: String, raw: &'t RawValue) {
        let whole = self.source.place(raw.get());
        let Some(read) = self.part::<ThirdPackage<'_>>("a package", raw) else { return };
        let purpose = match kind {
            "ai_AIPackage" => Some("MODEL".to_owned()),
            "dataset_DatasetPackage" => Some("DATA".to_owned()),
            _ => read.purpose,
        };
        let mut package = Package {
            place: read.name.as_ref().map_or(whole, |name| name.place(self.source, whole)),
            id,
            name: read.name.map(|name| name.to_string()).unwrap_or_default(),
            version: read.version.unwrap_or_default(),
            purls: read.purl.into_iter().collect(),
            download: read.download.unwrap_or_default(),
            purpose: purpose.unwrap_or_default(),
            ..Package::default()
        };
        let number = self.document.packages.len();
        for raw in read.hashes.0.into_iter().chain(read.identifiers.0) {
            if let Ok(id) = serde_json::from_str::<Str<'_>>(raw.get()) {
                self.named.push((number, self.full(&id), self.source.place(raw.get())));
            } else if let Some(part) = self.part::<Part>("a digest or an identifier", raw) {
                part.add_to(&mut package);
            }
        }
        self.document.packages.push(package);
    }

    fn relation(&mut self, raw: &'t RawValue, depth: usize) {
        let place = self.source.place(raw.get());
        let Some(read) = self.part::<ThirdRelation<'_>>("a relationship", raw) else { return };
        let Some(from) = self.link(read.from, depth) else { return };
        let to = self.links(read.to, depth);
        match &*read.relationship_type {
            kind @ ("hasConcludedLicense" | "hasDeclaredLicense") => {
                let is_concluded = kind == "hasConcludedLicense";
                self.licences.extend(to.into_iter().map(|to| (from.clone(), to, is_concluded)));
            }
            kind => {
                let Some(said) = said(kind, read.scope.as_deref().unwrap_or_default()) else { return };
                let relation = |to| Relation { from: from.clone(), to, said, place };
                self.document.relations.extend(to.into_iter().map(relation));
            }
        }
    }

    /// Puts together what stood apart.
    fn finish(self) -> Document {
        let Third { mut document, expressions, licences, parts, named, .. } = self;
        for (package, id, place) in named {
            match parts.get(&id) {
                Some(part) => part.clone().add_to(&mut document.packages[package]),
                None => {
                    let message =
                        format!("no digest or identifier has the id \"{}\"", secret::covered(&id).escape_debug());
                    document.faults.push(Fault { place, message });
                }
            }
        }
        let numbers: HashMap<String, usize> =
            document.packages.iter().enumerate().map(|(at, package)| (package.id.clone(), at)).collect();
        for (package, licence, is_concluded) in licences {
            let expression = expressions.get(&licence).cloned();
            let Some((package, expression)) = numbers.get(&package).copied().zip(expression) else { continue };
            let package = &mut document.packages[package];
            if is_concluded { package.concluded = expression } else { package.declared = expression }
        }
        // A bill of the document is itself no package.
        document.describes.retain(|id| numbers.contains_key(id));
        document
    }
}

/// Says whether a version's meaning is known: `3.0`, `3.0.1`.
fn is_known(version: &str) -> bool {
    version == "3.0" || version.starts_with("3.0.")
}

/// Returns what a term of a context stands for, if it may be a prefix: its address ends where a name may begin, or it says so.
///
/// Source: JSON-LD 1.1, 4.4 and the prefix flag of 4.1.
fn prefix(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Term {
        #[serde(rename = "@id")]
        id: String,
        #[serde(default, rename = "@prefix")]
        is_prefix: bool,
    }
    if let Ok(address) = serde_json::from_str::<String>(raw.get()) {
        return address.ends_with([':', '/', '?', '#', '[', ']', '@']).then_some(address);
    }
    let term: Term = serde_json::from_str(raw.get()).ok()?;
    term.is_prefix.then_some(term.id)
}

#[cfg(test)]
mod tests {
    use crate::formats::Format;
    use crate::formats::spdx::json::SpdxJson;
    use crate::source::Source;

    fn read(text: &str) -> anyhow::Result<crate::model::Inventory> {
        SpdxJson.parse(&Source { file: Default::default(), path: "a.spdx3.json", text })
    }

    #[test]
    fn the_patches_of_a_version_are_read_and_no_newer_one() {
        for (version, expected) in [
            ("3.0", Ok(1)),
            ("3.0.0", Ok(1)),
            ("3.0.2", Ok(1)),
            ("3.1.0", Err("SPDX 3.1.0 is not known; 2.2, 2.3 and 3.0 are read")),
            ("3.01", Err("SPDX 3.01 is not known; 2.2, 2.3 and 3.0 are read")),
            ("4", Err("SPDX 4 is not known; 2.2, 2.3 and 3.0 are read")),
        ] {
            let creation = format!(r#"{{"type":"CreationInfo","specVersion":"{version}"}}"#);
            let apart = format!(r#"{{"@graph":[{{"type":"software_Package","name":"a"}},{creation}]}}"#);
            let inside =
                format!(r#"{{"@graph":[{{"type":"software_Package","name":"a","creationInfo":{creation}}}]}}"#);
            let alone =
                format!(r#"{{"@context":"","type":"software_Package","name":"a","creationInfo":[{creation}]}}"#);
            for text in [apart, inside, alone] {
                let result = read(&text).map(|read| read.nodes.len() - 1).map_err(|error| error.to_string());
                assert_eq!(result, expected.map_err(str::to_owned), "{text}");
            }
        }
    }

    #[test]
    fn elements_in_elements_end() {
        let text = |deep: usize| {
            let open = r#"{"type":"Relationship","relationshipType":"contains","to":[],"from":"#.repeat(deep);
            let inner = r#"{"type":"software_Package","name":"a"}"#;
            format!(r#"{{"@graph":[{open}{inner}{}]}}"#, "}".repeat(deep))
        };
        assert_eq!(read(&text(16)).expect("a document").nodes.len(), 2);
        let faults = read(&text(100)).expect("a document").faults;
        assert_eq!(faults[0].message, "elements stand in each other more than 16 deep");
        let _ = read(&text(20_000));
    }

    #[test]
    fn only_what_may_be_a_prefix_is_one() {
        for (context, id, expected) in [
            (r#"{"x":"https://x.example/"}"#, "x:a", 1),
            (r#"{"x":"https://x.example"}"#, "x:/a", 0),
            (r#"{"x":{"@id":"https://x.example","@prefix":true}}"#, "x:/a", 1),
            (r#"{"x":{"@id":"https://x.example/"}}"#, "x:a", 0),
            (r#"{"https":"https://x.example/"}"#, "https://x.example/a", 1),
            (r#"[null, 1, {"x":["https://x.example/"]}]"#, "x:a", 0),
        ] {
            let text = format!(
                r#"{{"@context":{context},"@graph":[
                    {{"type":"software_Package","spdxId":"b","name":"b"}},
                    {{"type":"software_Package","spdxId":"https://x.example/a","name":"a"}},
                    {{"type":"Relationship","from":"b","relationshipType":"dependsOn","to":"{id}"}}]}}"#
            );
            let edges = read(&text).expect("a document").edges;
            assert_eq!(edges.iter().filter(|edge| edge.from != 0).count(), expected, "{context} {id}");
        }
    }
}
