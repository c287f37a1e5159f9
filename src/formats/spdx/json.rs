//! SPDX JSON: 2.2 and 2.3, and 3.0 in JSON-LD.
//!
//! Specifications: <https://spdx.github.io/spdx-spec/v2.3/>, <https://spdx.github.io/spdx-spec/v3.0.1/>.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::{Document, Package, Relation, is_said};
use super::own::{self, Remarks};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::json::{self, Str};

entry! {
    /// SPDX JSON, 2.2, 2.3 and 3.0: a bill of materials of another tool, as input or as the pinned one.
    ///
    /// Packages are components by their purl, or as `pkg:generic` where the document gives none. The relationships of
    /// dependency are edges, with their scopes; that one thing contains another is none. What the document is about is the
    /// project, where it is one thing. Licences are those concluded, or else declared; one that the document holds itself
    /// (`LicenseRef-…`) goes by its name there. Files and snippets are not read. What driftgate wrote itself keeps in comments
    /// what SPDX has no field for.
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
        let document = match (version, &head.graph) {
            (Some("2.2" | "2.3"), _) => second(source, &json::read(source)?),
            (Some(other), _) => {
                let message = format!("SPDX {} is not known; 2.2, 2.3 and 3.0 are read", other.escape_debug());
                let place = head.spdx_version.as_ref().map(|version| version.place(source, source.start()));
                return Err(source.fault(place.unwrap_or(source.start()), message));
            }
            (None, Some(graph)) => third(source, graph)?,
            (None, None) => {
                return Err(source.fault(source.start(), "neither \"spdxVersion\" nor \"@graph\": this is no SPDX"));
            }
        };
        let is_own = document.is_own;
        let mut inventory = document.inventory(source, "spdx-json");
        if inventory.nodes.len() < 2 && inventory.faults.is_empty() && !is_own {
            inventory.fault(source.start(), "the document lists no package");
        }
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct Head<'t> {
    #[serde(borrow, rename = "spdxVersion")]
    spdx_version: Option<Str<'t>>,
    #[serde(borrow, rename = "@graph")]
    graph: Option<Vec<&'t RawValue>>,
}

#[derive(Deserialize)]
struct Second<'t> {
    #[serde(borrow, rename = "SPDXID")]
    id: Option<Str<'t>>,
    #[serde(default, borrow, rename = "documentDescribes")]
    describes: Vec<Str<'t>>,
    #[serde(default, borrow)]
    packages: Vec<&'t RawValue>,
    #[serde(default, borrow)]
    relationships: Vec<&'t RawValue>,
    #[serde(default, rename = "creationInfo")]
    created: Created,
    #[serde(default, rename = "hasExtractedLicensingInfos")]
    licences: Vec<Licence>,
}

#[derive(Default, Deserialize)]
struct Created {
    #[serde(default)]
    creators: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Licence {
    #[serde(default)]
    license_id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondPackage<'t> {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(borrow)]
    name: Option<Str<'t>>,
    #[serde(default)]
    version_info: String,
    #[serde(default)]
    download_location: String,
    #[serde(default)]
    license_concluded: String,
    #[serde(default)]
    license_declared: String,
    #[serde(default)]
    primary_package_purpose: String,
    #[serde(default)]
    checksums: Vec<Checksum>,
    #[serde(default)]
    external_refs: Vec<ExternalRef>,
    #[serde(default)]
    comment: String,
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
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondRelation {
    spdx_element_id: String,
    related_spdx_element: String,
    relationship_type: String,
}

/// Reads SPDX 2.
fn second(source: &Source<'_>, read: &Second<'_>) -> Document {
    let mut document = Document {
        id: read.id.as_ref().map_or("SPDXRef-DOCUMENT", |id| &**id).to_owned(),
        describes: read.describes.iter().map(|id| id.to_string()).collect(),
        is_own: read.created.creators.iter().any(|creator| creator.starts_with(own::TOOL)),
        ..Document::default()
    };
    let is_own = document.is_own;
    let named = read.licences.iter().filter(|licence| is_said(&licence.name));
    let names: HashMap<&str, &str> = named.map(|licence| (&*licence.license_id, &*licence.name)).collect();
    let named = |licence: String| names.get(&*licence).map_or(licence.clone(), |name| (*name).to_owned());
    for raw in &read.packages {
        let whole = source.place(raw.get());
        let Ok(package) = serde_json::from_str::<SecondPackage<'_>>(raw.get()) else {
            // A package without a name is said to have none.
            document.packages.push(Package { place: whole, ..Package::default() });
            continue;
        };
        let purls = package.external_refs.into_iter().filter(|other| other.reference_type == "purl");
        document.packages.push(Package {
            place: package.name.as_ref().map_or(whole, |name| name.place(source, whole)),
            id: package.id,
            name: package.name.map(|name| name.to_string()).unwrap_or_default(),
            version: package.version_info,
            purls: purls.map(|other| other.reference_locator).collect(),
            digests: package.checksums.into_iter().map(|sum| (sum.algorithm, sum.checksum_value)).collect(),
            concluded: named(package.license_concluded),
            declared: named(package.license_declared),
            download: package.download_location,
            purpose: package.primary_package_purpose,
            remarks: is_own.then(|| Remarks::read(&package.comment)),
        });
    }
    for raw in &read.relationships {
        if let Ok(said) = serde_json::from_str::<SecondRelation>(raw.get()) {
            document.relations.push(Relation {
                from: said.spdx_element_id,
                to: said.related_spdx_element,
                kind: said.relationship_type,
                place: source.place(raw.get()),
            });
        }
    }
    document
}

#[derive(Deserialize)]
struct Element<'t> {
    #[serde(rename = "type", alias = "@type", default)]
    kind: String,
    #[serde(rename = "spdxId", alias = "@id", default)]
    id: String,
    #[serde(borrow)]
    name: Option<Str<'t>>,
    #[serde(rename = "specVersion", default)]
    spec_version: String,
    #[serde(rename = "software_packageVersion", default)]
    version: String,
    #[serde(rename = "software_packageUrl", default)]
    purl: String,
    #[serde(rename = "software_downloadLocation", default)]
    download: String,
    #[serde(rename = "software_primaryPurpose", default)]
    purpose: String,
    #[serde(rename = "externalIdentifier", default)]
    identifiers: Vec<Identifier>,
    #[serde(rename = "verifiedUsing", default)]
    hashes: Vec<Hash>,
    #[serde(rename = "rootElement", default)]
    roots: Vec<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: Vec<String>,
    #[serde(rename = "relationshipType", default)]
    relationship: String,
    #[serde(default)]
    scope: String,
    #[serde(rename = "simplelicensing_licenseExpression", default)]
    expression: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identifier {
    #[serde(default)]
    external_identifier_type: String,
    #[serde(default)]
    identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hash {
    #[serde(default)]
    algorithm: String,
    #[serde(default)]
    hash_value: String,
}

/// Reads SPDX 3.
fn third(source: &Source<'_>, graph: &[&RawValue]) -> Result<Document> {
    let mut document = Document::default();
    let mut expressions: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    let mut licences: Vec<(String, String, bool)> = Vec::new();
    for raw in graph {
        let whole = source.place(raw.get());
        // Elements of other profiles have other shapes.
        let Ok(element) = serde_json::from_str::<Element<'_>>(raw.get()) else { continue };
        match element.kind.as_str() {
            "CreationInfo" if !element.spec_version.is_empty() && !element.spec_version.starts_with("3.") => {
                let version = element.spec_version.escape_debug();
                return Err(source.fault(whole, format!("SPDX {version} is not known; 2.2, 2.3 and 3.0 are read")));
            }
            "SpdxDocument" | "software_Sbom" => {
                if element.kind == "SpdxDocument" || document.id.is_empty() {
                    document.id.clone_from(&element.id);
                }
                document.describes.extend(element.roots);
            }
            "software_Package" | "ai_AIPackage" | "dataset_DatasetPackage" => {
                let named = element.identifiers.into_iter();
                let named = named.filter(|other| other.external_identifier_type.eq_ignore_ascii_case("packageUrl"));
                let purls = (!element.purl.is_empty()).then_some(element.purl).into_iter();
                let purpose = match element.kind.as_str() {
                    "ai_AIPackage" => "MODEL".to_owned(),
                    "dataset_DatasetPackage" => "DATA".to_owned(),
                    _ => element.purpose,
                };
                document.packages.push(Package {
                    place: element.name.as_ref().map_or(whole, |name| name.place(source, whole)),
                    id: element.id,
                    name: element.name.map(|name| name.to_string()).unwrap_or_default(),
                    version: element.version,
                    purls: purls.chain(named.map(|other| other.identifier)).collect(),
                    digests: element.hashes.into_iter().map(|hash| (hash.algorithm, hash.hash_value)).collect(),
                    download: element.download,
                    purpose,
                    ..Package::default()
                });
            }
            "simplelicensing_LicenseExpression" => drop(expressions.insert(element.id, element.expression)),
            "Relationship" | "LifecycleScopedRelationship" => {
                let kind = match element.relationship.as_str() {
                    "dependsOn" => "DEPENDS_ON",
                    "hasPrerequisite" => "HAS_PREREQUISITE",
                    "describes" => "DESCRIBES",
                    "hasConcludedLicense" | "hasDeclaredLicense" => {
                        let is_concluded = element.relationship == "hasConcludedLicense";
                        licences.extend(element.to.into_iter().map(|to| (element.from.clone(), to, is_concluded)));
                        continue;
                    }
                    _ => continue,
                };
                let kind = match element.scope.as_str() {
                    scope @ ("development" | "test" | "build") if kind == "DEPENDS_ON" => format!("{kind} {scope}"),
                    _ => kind.to_owned(),
                };
                document.relations.extend(element.to.into_iter().map(|to| Relation {
                    from: element.from.clone(),
                    to,
                    kind: kind.clone(),
                    place: whole,
                }));
            }
            _ => {}
        }
    }
    let numbers: hashbrown::HashMap<String, usize> =
        document.packages.iter().enumerate().map(|(at, package)| (package.id.clone(), at)).collect();
    for (package, licence, is_concluded) in licences {
        let expression = expressions.get(&licence).cloned();
        let Some((package, expression)) = numbers.get(&package).copied().zip(expression) else { continue };
        let package = &mut document.packages[package];
        if is_concluded { package.concluded = expression } else { package.declared = expression }
    }
    // A bill of the document is itself no package.
    let ids: hashbrown::HashSet<String> = document.packages.iter().map(|package| package.id.clone()).collect();
    let described: Vec<String> = document.describes.iter().filter(|id| ids.contains(*id)).cloned().collect();
    document.describes = described;
    Ok(document)
}
