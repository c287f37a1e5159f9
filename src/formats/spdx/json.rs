//! SPDX JSON: 2.2 and 2.3, and 3.0 in JSON-LD.
//!
//! Specifications: <https://spdx.github.io/spdx-spec/v2.3/>, <https://spdx.github.io/spdx-spec/v3.0.1/>.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::document::{Document, Package, Relation, is_purl, is_said, unread};
use super::own::{self, Remarks};
use super::third::{self, Third};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::json::{self, Str};

entry! {
    /// SPDX JSON, 2.2, 2.3 and 3.0: a bill of materials of another tool, as input or as the pinned one.
    ///
    /// Packages are components by their purl, or as `pkg:generic` where the document gives none; a purl without a version is at
    /// the package's own. The relationships of dependency are edges, with their scopes; that one thing contains another is
    /// none. What the document is about is the project, where it is one thing. Licences are those concluded, or else declared;
    /// one that the document holds itself (`LicenseRef-…`) goes by its name there. Digests are read that prove something (no
    /// MD2 or ADLER32); one of another length than its algorithm's is left out with a note. Files and snippets are not read.
    /// What driftgate wrote itself keeps in comments what SPDX has no field for.
    ///
    /// In SPDX 3, prefixes of the document's own `@context` are spelled out, and elements may stand in each other.
    pub SpdxJson = "spdx-json"
}

impl Format for SpdxJson {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.spdx.json", "*.spdx3.json", "*.spdx.jsonld", "*.spdx.json-ld", "spdx.json"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let head: String = text.chars().take(4000).collect();
        head.trim_start().starts_with('{')
            && (text.contains("\"spdxVersion\"")
                || head.contains("spdx.org/rdf/3.")
                || text.contains("\"SpdxDocument\""))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let head: Head<'_> = json::read(source)?;
        let version = head.spdx_version.as_deref().map(|version| version.strip_prefix("SPDX-").unwrap_or(version));
        let document = match (version, head.graph) {
            (Some("2.2" | "2.3"), _) => second(source, &json::read(source)?),
            (Some(other), _) => {
                let place = head.spdx_version.as_ref().map(|version| version.place(source, source.start()));
                return Err(third::unknown(source, place.unwrap_or(source.start()), other));
            }
            (None, Some(graph)) => Third::read(source, head.context, graph)?,
            // A document of one element.
            (None, None) if head.context.is_some() => Third::read(source, head.context, vec![json::read(source)?])?,
            (None, None) => {
                return Err(source.fault(source.start(), "neither \"spdxVersion\" nor \"@graph\": this is no SPDX"));
            }
        };
        Ok(document.inventory(source, "spdx-json"))
    }
}

#[derive(Deserialize)]
struct Head<'t> {
    #[serde(borrow, rename = "spdxVersion")]
    spdx_version: Option<Str<'t>>,
    #[serde(borrow, rename = "@context")]
    context: Option<&'t RawValue>,
    #[serde(borrow, rename = "@graph")]
    graph: Option<Vec<&'t RawValue>>,
}

#[derive(Deserialize)]
struct Second<'t> {
    #[serde(borrow, rename = "SPDXID")]
    id: Option<Str<'t>>,
    #[serde(borrow, rename = "documentDescribes")]
    describes: Option<Vec<Str<'t>>>,
    #[serde(borrow)]
    packages: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    relationships: Option<Vec<&'t RawValue>>,
    files: Option<Vec<IgnoredAny>>,
    #[serde(rename = "creationInfo")]
    created: Option<Created>,
    #[serde(rename = "hasExtractedLicensingInfos")]
    licences: Option<Vec<Licence>>,
}

#[derive(Deserialize)]
struct Created {
    creators: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Licence {
    license_id: Option<String>,
    name: Option<String>,
}

/// A package; what it does not say, some tools write as null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondPackage<'t> {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    #[serde(borrow)]
    name: Option<Str<'t>>,
    version_info: Option<String>,
    download_location: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    primary_package_purpose: Option<String>,
    checksums: Option<Vec<Checksum>>,
    external_refs: Option<Vec<ExternalRef>>,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: Option<String>,
    reference_locator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondRelation<'t> {
    #[serde(borrow)]
    spdx_element_id: Str<'t>,
    #[serde(borrow)]
    related_spdx_element: Str<'t>,
    #[serde(borrow)]
    relationship_type: Str<'t>,
}

/// Reads SPDX 2.
fn second(source: &Source<'_>, read: &Second<'_>) -> Document {
    let mut creators = read.created.iter().flat_map(|created| created.creators.iter().flatten());
    let mut document = Document {
        id: read.id.as_ref().map_or("SPDXRef-DOCUMENT", |id| &**id).to_owned(),
        describes: read.describes.iter().flatten().map(|id| id.to_string()).collect(),
        has_files: read.files.as_ref().is_some_and(|files| !files.is_empty()),
        is_own: creators.any(|creator| creator.starts_with(own::TOOL)),
        ..Document::default()
    };
    let is_own = document.is_own;
    let named = read
        .licences
        .iter()
        .flatten()
        .filter_map(|licence| Some((&**licence.license_id.as_ref()?, &**licence.name.as_ref()?)));
    let names: HashMap<&str, &str> = named.filter(|(_, name)| is_said(name)).collect();
    let named = |licence: Option<String>| {
        let licence = licence.unwrap_or_default();
        names.get(&*licence).map_or(licence.clone(), |name| (*name).to_owned())
    };
    for raw in read.packages.iter().flatten() {
        let whole = source.place(raw.get());
        let package: SecondPackage<'_> = match json::part(source, raw) {
            Ok(package) => package,
            Err(error) => {
                document.faults.push(unread("a package", whole, &error));
                continue;
            }
        };
        let others = package.external_refs.unwrap_or_default().into_iter();
        let purls = others.filter(|other| other.reference_type.as_deref().is_some_and(is_purl));
        let sums = package.checksums.unwrap_or_default().into_iter();
        document.packages.push(Package {
            place: package.name.as_ref().map_or(whole, |name| name.place(source, whole)),
            id: package.id.unwrap_or_default(),
            name: package.name.map(|name| name.to_string()).unwrap_or_default(),
            version: package.version_info.unwrap_or_default(),
            purls: purls.filter_map(|other| other.reference_locator).collect(),
            digests: sums.map(|sum| (sum.algorithm, sum.checksum_value)).collect(),
            concluded: named(package.license_concluded),
            declared: named(package.license_declared),
            download: package.download_location.unwrap_or_default(),
            purpose: package.primary_package_purpose.unwrap_or_default(),
            remarks: is_own.then(|| Remarks::read(&package.comment.unwrap_or_default())),
        });
    }
    for raw in read.relationships.iter().flatten() {
        let whole = source.place(raw.get());
        match json::part::<SecondRelation<'_>>(source, raw) {
            Ok(said) => document.relations.extend(Relation::second(
                &said.spdx_element_id,
                &said.relationship_type,
                &said.related_spdx_element,
                whole,
            )),
            Err(error) => document.faults.push(unread("a relationship", whole, &error)),
        }
    }
    document
}
