//! A graph to SPDX 2.3.
//!
//! Specification: <https://spdx.github.io/spdx-spec/v2.3/>. What SPDX has no field for stands in the comments of packages,
//! see [`crate::formats::spdx::own`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result};
use cyclonedx_bom::external_models::spdx::SpdxExpression;
use hashbrown::HashMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Options, serial};
use crate::formats::spdx::own::{self, Remarks};
use crate::graph::{Graph, Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Algorithm, Component, Kind, Origin, Scope};

/// An SPDX document, in the order in which its fields are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    document_namespace: &'static str,
    name: String,
    creation_info: CreationInfo,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Licence>,
}

#[derive(Serialize)]
struct CreationInfo {
    created: String,
    creators: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    version_info: Text,
    supplier: &'static str,
    download_location: String,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Licence {
    license_id: String,
    name: Text,
    extracted_text: Text,
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const NOT_SAID: &str = "NOASSERTION";
/// An SPDX document has a time; this one stands where none is given.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Makes the document of a graph. Its namespace is left open: [`super::number`] fills it in once the bytes are known.
///
/// # Errors
/// Where the time is none.
pub fn document(graph: &Graph, options: &Options) -> Result<Document> {
    let one = graph.as_one("");
    let writer = Writer::new(graph, one.subjects().first());
    let project = writer.project().filter(|_| options.about.is_none());
    let tree = project.is_none().then(|| writer.tree(options.about.as_ref()));
    let described = project.map_or_else(|| own::TREE.to_owned(), |project| writer.ids[&project.id()].clone());
    let name = match (&tree, project) {
        (Some(tree), _) => tree.name.clone(),
        (None, Some(project)) => project.component.name().to_owned(),
        (None, None) => String::new(),
    };
    let describes = relationship(DOCUMENT.to_owned(), "DESCRIBES", described.clone());
    let relationships = std::iter::once(describes).chain(writer.relationships(&described)).collect();
    let packages = tree.into_iter().chain(writer.nodes().map(|node| writer.package(node))).collect();
    Ok(Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        document_namespace: serial::NONE,
        name,
        creation_info: CreationInfo {
            created: options.timestamp.as_deref().map_or(Ok(NO_TIME.to_owned()), utc)?,
            creators: [concat!("Tool: driftgate-", env!("CARGO_PKG_VERSION"))],
            comment: options.timestamp.is_none().then_some(
                "No time was given, so that the same content has the same bytes: SOURCE_DATE_EPOCH gives one.",
            ),
        },
        packages,
        relationships,
        has_extracted_licensing_infos: writer.licences(),
    })
}

/// Returns a time as SPDX has it: in UTC, to the second.
fn utc(timestamp: &str) -> Result<String> {
    let time = OffsetDateTime::parse(timestamp, &Rfc3339).context("SOURCE_DATE_EPOCH")?;
    let time = time.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).context("SOURCE_DATE_EPOCH")?;
    time.format(&Rfc3339).context("SOURCE_DATE_EPOCH")
}

fn relationship(from: String, kind: &'static str, to: String) -> Relationship {
    Relationship { spdx_element_id: from, relationship_type: kind, related_spdx_element: to, comment: None }
}

struct Writer<'g> {
    graph: &'g Graph,
    /// All subjects as one; none where there is none.
    one: Option<&'g Subject>,
    /// The packages' ids, by the numbers of nodes.
    ids: HashMap<u32, String>,
    /// The subjects that have a component.
    places: HashMap<*const Component, BTreeSet<Text>>,
}

impl<'g> Writer<'g> {
    fn new(graph: &'g Graph, one: Option<&'g Subject>) -> Self {
        let mut ids = HashMap::new();
        let mut seen: HashMap<Text, usize> = HashMap::new();
        for node in one.into_iter().flat_map(Subject::components) {
            let purl = node.component.purl.as_str();
            let number = seen.entry(purl).or_default();
            *number += 1;
            ids.insert(node.id(), id(node.component, *number));
        }
        let mut places: HashMap<*const Component, BTreeSet<Text>> = HashMap::new();
        for node in graph.components() {
            places.entry(std::ptr::from_ref(node.component)).or_default().insert(node.subject.path);
        }
        Writer { graph, one, ids, places }
    }

    fn nodes(&self) -> impl Iterator<Item = Resolved<'g>> {
        self.one.into_iter().flat_map(Subject::components)
    }

    /// Returns the one project that the tree is, if it is one, and nothing stands beside it.
    fn project(&self) -> Option<Resolved<'g>> {
        let mut roots = self.nodes().filter(Resolved::is_root);
        let root = roots.next().filter(|_| roots.next().is_none())?;
        let mut asked = self.one.into_iter().flat_map(Subject::requires);
        asked.all(|link| link.to == root && link.scope() == Scope::Runtime).then_some(root)
    }

    /// Returns the package that stands for the tree. It has the name of its one project, if it has just one; the folder's
    /// name is the machine's.
    fn tree(&self, about: Option<&Component>) -> Package {
        let roots: BTreeSet<Text> = self.nodes().filter(Resolved::is_root).map(|root| root.component.name()).collect();
        let name = if roots.len() == 1 { roots.first().copied().unwrap_or_default() } else { "tree" };
        let purl = about.map(|about| about.purl);
        Package {
            id: own::TREE.to_owned(),
            name: purl.as_ref().map_or(name, |purl| purl.name()).to_owned(),
            version_info: purl.as_ref().map_or("", |purl| purl.version()),
            primary_package_purpose: about.map_or("SOURCE", |about| purpose(about.kind)),
            external_refs: purl.iter().map(|purl| located(purl.as_str())).collect(),
            ..Package::new()
        }
    }

    fn package(&self, node: Resolved<'g>) -> Package {
        let of = node.component;
        let remarks = Remarks {
            origin: of.origin,
            kind: Some(of.kind),
            environment: node.environment(),
            copy: node.copy(),
            properties: of.properties.clone(),
        };
        let checksum = |digest: &crate::model::Digest| Checksum {
            algorithm: algorithm(digest.algorithm),
            checksum_value: digest.hex,
        };
        let places: Vec<Text> = self.places[&std::ptr::from_ref(of)].iter().copied().collect();
        Package {
            id: self.ids[&node.id()].clone(),
            name: of.name().to_owned(),
            version_info: of.version(),
            download_location: download(of.origin).unwrap_or_else(|| NOT_SAID.to_owned()),
            checksums: of.digests.iter().map(checksum).collect(),
            license_declared: licence(of.licence).unwrap_or_else(|| NOT_SAID.to_owned()),
            primary_package_purpose: purpose(of.kind),
            external_refs: vec![located(of.purl.as_str())],
            source_info: Some(format!("read from {}", places.join(", "))),
            comment: remarks.write(),
            ..Package::new()
        }
    }

    /// Returns who requires whom: first what the tree is made of and requires itself, then package by package.
    fn relationships(&self, described: &str) -> Vec<Relationship> {
        let mut made = Vec::new();
        let tree = || described.to_owned();
        if described == own::TREE {
            let roots = self.nodes().filter(Resolved::is_root);
            made.extend(roots.map(|root| relationship(tree(), "CONTAINS", self.ids[&root.id()].clone())));
            // What is contained is required, with no word more.
            let asked = self.one.into_iter().flat_map(Subject::requires);
            let asked = asked.filter(|link| !(link.to.is_root() && link.scope() == Scope::Runtime));
            made.extend(self.required(&tree(), asked));
        }
        let open = self.open();
        made.extend(open.get(own::TREE).into_iter().map(|names| unanswered(tree(), names)));
        for node in self.nodes() {
            let id = &self.ids[&node.id()];
            made.extend(self.required(id, node.requires()));
            made.extend(open.get(id).into_iter().map(|names| unanswered(id.clone(), names)));
        }
        made
    }

    /// Returns what one element requires, each once in each way.
    fn required(&self, from: &str, links: impl Iterator<Item = Link<'g>>) -> Vec<Relationship> {
        let mut ways: BTreeMap<(u32, Scope), BTreeSet<String>> = BTreeMap::new();
        for link in links {
            ways.entry((link.to.id(), link.scope())).or_default().insert(condition(&link));
        }
        let ways = ways.into_iter().map(|((to, scope), conditions)| {
            let (from, to) = (from.to_owned(), self.ids[&to].clone());
            let made = match scope {
                Scope::Runtime => relationship(from, "DEPENDS_ON", to),
                Scope::Peer => relationship(to, "PROVIDED_DEPENDENCY_OF", from),
                Scope::Optional => relationship(to, "OPTIONAL_DEPENDENCY_OF", from),
                Scope::Build => relationship(to, "BUILD_DEPENDENCY_OF", from),
                Scope::Dev => relationship(to, "DEV_DEPENDENCY_OF", from),
            };
            // One way without a condition is one that always is.
            let is_bound = conditions.iter().all(|condition| !condition.is_empty());
            let comment = is_bound.then(|| conditions.into_iter().collect::<Vec<_>>().join("; or "));
            Relationship { comment, ..made }
        });
        ways.collect()
    }

    /// Returns, by the id of who requires, the names of what has no exact answer.
    fn open(&self) -> BTreeMap<String, BTreeSet<Text>> {
        let ids: HashMap<_, &String> = self.nodes().map(|node| (node.identity(), &self.ids[&node.id()])).collect();
        let mut open: BTreeMap<String, BTreeSet<Text>> = BTreeMap::new();
        for subject in self.graph.subjects() {
            for declared in &subject.declared {
                let node = subject.node(declared.from);
                let from = node.map(|node| ids.get(&node.identity()));
                match from {
                    Some(Some(from)) => open.entry((*from).clone()).or_default().insert(declared.name),
                    None => open.entry(own::TREE.to_owned()).or_default().insert(declared.name),
                    Some(None) => continue,
                };
            }
        }
        open
    }

    /// Returns the licences that are no expressions of SPDX, and those that expressions only refer to.
    fn licences(&self) -> Vec<Licence> {
        let mut licences: BTreeMap<String, (Text, Text)> = BTreeMap::new();
        for text in self.nodes().map(|node| node.component.licence).filter(|text| !text.is_empty()) {
            if is_silent(text) {
                continue;
            }
            if !is_expression(text) {
                licences.insert(reference(text), (text, text));
                continue;
            }
            let words = text.split(['(', ')', ' ']);
            for word in words.filter(|word| word.starts_with(REFERENCE)) {
                licences.entry(word.trim_end_matches('+').to_owned()).or_insert((NOT_SAID, NOT_SAID));
            }
        }
        let licence = |(license_id, (name, extracted_text))| Licence { license_id, name, extracted_text };
        licences.into_iter().map(licence).collect()
    }
}

impl Package {
    /// Returns a package of which nothing is said.
    fn new() -> Self {
        Package {
            id: String::new(),
            name: String::new(),
            version_info: "",
            supplier: NOT_SAID,
            download_location: NOT_SAID.to_owned(),
            files_analyzed: false,
            checksums: Vec::new(),
            license_concluded: NOT_SAID,
            license_declared: NOT_SAID.to_owned(),
            copyright_text: NOT_SAID,
            primary_package_purpose: "OTHER",
            external_refs: Vec::new(),
            source_info: None,
            comment: None,
        }
    }
}

/// Says that what some names mean is not known.
fn unanswered(from: String, names: &BTreeSet<Text>) -> Relationship {
    let names: Vec<Text> = names.iter().copied().collect();
    let comment = Some(format!("asked for, without an exact answer: {}", names.join(", ")));
    Relationship { comment, ..relationship(from, "DEPENDS_ON", NOT_SAID.to_owned()) }
}

/// Returns when a requirement counts, and what asks for it; empty where it always does.
fn condition(link: &Link<'_>) -> String {
    let environment = link.requirement.environment;
    let extra = link.requirement.extra;
    match (environment.is_empty(), extra.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("by {extra}"),
        (false, true) => format!("where {environment}"),
        (false, false) => format!("by {extra}, where {environment}"),
    }
}

fn located(purl: Text) -> ExternalRef {
    ExternalRef { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator: purl }
}

/// Returns a package's id: what it is for the eye, and a digest of its purl, so that it is the same in every document.
fn id(component: &Component, number: usize) -> String {
    let purl = component.purl;
    let mut id = String::from("SPDXRef-Package");
    for part in [purl.ty(), component.name(), purl.version()] {
        let part = word(part);
        if !part.is_empty() {
            id.push('-');
            id.push_str(&part);
        }
    }
    let _ = write!(id, "-{}", digest(purl.as_str()));
    if number > 1 {
        let _ = write!(id, "-{number}");
    }
    id
}

/// Returns a text as a part of an id, which has letters, digits, `.` and `-`.
fn word(text: &str) -> String {
    const MOST: usize = 60;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let start: String = text.chars().take(MOST).collect();
    let parts = start.split(|c: char| !allowed(c)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

/// Returns what tells a text from every other.
fn digest(text: &str) -> String {
    let mut digest = String::new();
    for byte in &Sha256::digest(text.as_bytes())[..8] {
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// What the ids of licences begin with that are not SPDX's.
const REFERENCE: &str = "LicenseRef-";

/// Says whether a text is one of SPDX's own words for what is not said.
fn is_silent(text: &str) -> bool {
    matches!(text, NOT_SAID | "NONE")
}

/// Says whether a text is an expression of SPDX 2.3, that refers to no other document.
fn is_expression(text: &str) -> bool {
    let is_other = |text: &str| ["DocumentRef-", "AdditionRef-"].iter().any(|other| text.contains(other));
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !is_other(text)
        && SpdxExpression::try_from(text.to_owned()).is_ok()
}

/// Returns a declared licence; none where the component says nothing of it.
fn licence(text: &str) -> Option<String> {
    match text {
        "" => None,
        plain if is_silent(plain) => Some(plain.to_owned()),
        expression if is_expression(expression) => Some(expression.to_owned()),
        other => Some(reference(other)),
    }
}

/// Returns the id of a licence that is no expression of SPDX.
fn reference(text: &str) -> String {
    let words = [word(text), digest(text)];
    format!("{REFERENCE}{}", words.join("-").trim_start_matches('-'))
}

/// Returns where a package can be downloaded, where the file says so as SPDX has it.
fn download(origin: Origin) -> Option<String> {
    const LETTERS: &[u8] = b"-._~:/?#[]@!$&'()*+,;=%";
    let is_address = |url: &str| {
        let rest = url.split_once("://").filter(|(scheme, _)| SCHEMES.contains(scheme)).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            && url.bytes().all(|byte| byte.is_ascii_alphanumeric() || LETTERS.contains(&byte))
    };
    match origin {
        Origin::Url(url) => is_address(url).then(|| url.to_owned()),
        Origin::Git { url, commit, reference } => {
            let url = url.strip_prefix("git+").unwrap_or(url);
            let at = if commit.is_empty() { reference } else { commit };
            let whole = if at.is_empty() { url.to_owned() } else { format!("{url}@{at}") };
            is_address(&whole).then(|| format!("git+{whole}"))
        }
        Origin::Registry(_) | Origin::Path(_) | Origin::Unknown => None,
    }
}

/// By which addresses are downloaded from.
const SCHEMES: &[&str] = &["http", "https", "ftp", "ssh", "git"];

fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha1 => "SHA1",
        Algorithm::Sha224 => "SHA224",
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha384 => "SHA384",
        Algorithm::Sha512 => "SHA512",
        Algorithm::Sha3_256 => "SHA3-256",
        Algorithm::Sha3_384 => "SHA3-384",
        Algorithm::Sha3_512 => "SHA3-512",
        Algorithm::Blake2b256 => "BLAKE2b-256",
        Algorithm::Blake2b384 => "BLAKE2b-384",
        Algorithm::Blake2b512 => "BLAKE2b-512",
        Algorithm::Blake3 => "BLAKE3",
    }
}

fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Library => "LIBRARY",
        Kind::Application => "APPLICATION",
        Kind::Container => "CONTAINER",
        Kind::OperatingSystem => "OPERATING_SYSTEM",
        Kind::Framework => "FRAMEWORK",
        Kind::Platform => "DEVICE",
        Kind::File => "FILE",
        Kind::Model | Kind::Data => "OTHER",
    }
}
