//! CycloneDX in the versions and forms that cyclonedx-bom does not write: 1.4, 1.6 and 1.7, and XML in any.
//!
//! Specification: the CycloneDX standard, ECMA-424, its schemas 1.4 to 1.7. Of what they have, what driftgate has to say is
//! the same in all, but for the tools and the kinds of components of 1.4.

use anyhow::Result;
use cyclonedx_bom::models::bom::Bom;
use cyclonedx_bom::models::component;
use cyclonedx_bom::models::license::{LicenseChoice, LicenseIdentifier};
use cyclonedx_bom::models::property::Properties;
use serde::Serialize;

use super::{Options, serial, write};
use crate::formats::cyclonedx::properties;
use crate::graph::Graph;
use crate::intern::Text;

/// A version of CycloneDX that BOMs are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.4, of January 2022.
    V1_4,
    /// 1.5, of June 2023: what the pinned BOM is written in.
    #[default]
    V1_5,
    /// 1.6, of April 2024.
    V1_6,
    /// 1.7, of October 2025.
    V1_7,
}

impl Version {
    /// The versions' names, in order, but the usual one first.
    pub const NAMES: &'static [Text] = &["1.5", "1.4", "1.6", "1.7"];

    /// Returns a version by its name; the usual one of any other.
    pub fn named(name: &str) -> Self {
        [Version::V1_4, Version::V1_6, Version::V1_7]
            .into_iter()
            .find(|version| version.name() == name)
            .unwrap_or_default()
    }

    /// Returns the name: `1.6`.
    pub fn name(self) -> Text {
        match self {
            Version::V1_4 => "1.4",
            Version::V1_5 => "1.5",
            Version::V1_6 => "1.6",
            Version::V1_7 => "1.7",
        }
    }

    fn schema(self) -> Text {
        match self {
            Version::V1_4 => "http://cyclonedx.org/schema/bom-1.4.schema.json",
            Version::V1_5 => "http://cyclonedx.org/schema/bom-1.5.schema.json",
            Version::V1_6 => "http://cyclonedx.org/schema/bom-1.6.schema.json",
            Version::V1_7 => "http://cyclonedx.org/schema/bom-1.7.schema.json",
        }
    }
}

/// A CycloneDX document, in the order in which its fields are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    #[serde(rename = "$schema")]
    schema: Text,
    bom_format: Text,
    /// The version of the standard.
    pub spec_version: Text,
    /// Left open, see [`super::number`].
    pub serial_number: Text,
    /// The version of the document.
    pub version: u32,
    /// What it is about.
    pub metadata: Metadata,
    /// What is in it.
    pub components: Vec<Component>,
    /// Who requires whom.
    pub dependencies: Vec<Dependency>,
}

/// What a document is about.
#[derive(Serialize)]
pub struct Metadata {
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What made it.
    pub tools: Tools,
    /// What it is about.
    pub component: Component,
    /// Names and values.
    pub properties: Vec<Property>,
}

/// What made a document.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Tools {
    /// As 1.4 has them.
    Listed(Vec<Tool>),
    /// From 1.5 on.
    Components {
        /// The tools.
        components: Vec<Component>,
    },
}

/// A tool, as 1.4 has it.
#[derive(Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One component.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What dependencies call it.
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<String>,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `required`, `optional` or `excluded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Its digests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    /// Its licence; one at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Licence>,
    /// Its package URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Where to find more of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_references: Vec<Reference>,
    /// Names and values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

/// A digest.
#[derive(Serialize)]
pub struct Hash {
    /// Its algorithm.
    pub alg: String,
    /// Its hexadecimal digits.
    pub content: String,
}

/// A licence.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Licence {
    /// An expression of SPDX.
    Expression(String),
    /// What is none.
    License {
        /// What the file says of it.
        name: String,
    },
}

/// Where to find more of a component.
#[derive(Serialize)]
pub struct Reference {
    /// What is there.
    #[serde(rename = "type")]
    pub kind: String,
    /// The address.
    pub url: String,
}

/// A name and a value.
#[derive(Serialize)]
pub struct Property {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What one component requires.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Who requires.
    #[serde(rename = "ref")]
    pub from: String,
    /// What.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// Makes the document of a graph. `is_plain` says which texts its form can spell as they are; others stand in properties.
///
/// # Errors
/// As [`super::write()`].
pub fn document(graph: &Graph, options: &Options, version: Version, is_plain: fn(&str) -> bool) -> Result<Document> {
    let bom = write::bom(graph, options, is_plain)?;
    Ok(Maker { version }.document(bom))
}

struct Maker {
    version: Version,
}

impl Maker {
    fn document(&self, bom: Bom) -> Document {
        let metadata = bom.metadata.unwrap_or_default();
        let component = metadata.component.map(|component| self.component(component)).unwrap_or_default();
        Document {
            schema: self.version.schema(),
            bom_format: "CycloneDX",
            spec_version: self.version.name(),
            serial_number: serial::NONE,
            version: bom.version,
            metadata: Metadata {
                timestamp: metadata.timestamp.map(|time| time.to_string()),
                tools: self.tools(),
                component,
                properties: properties_of(metadata.properties),
            },
            components: self.components(bom.components),
            dependencies: bom
                .dependencies
                .into_iter()
                .flat_map(|all| all.0)
                .map(|one| Dependency { from: one.dependency_ref, depends_on: one.dependencies })
                .collect(),
        }
    }

    fn tools(&self) -> Tools {
        let (name, version) = ("driftgate".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        if self.version == Version::V1_4 {
            return Tools::Listed(vec![Tool { name, version }]);
        }
        let kind = "application".to_owned();
        Tools::Components { components: vec![Component { kind, name, version: Some(version), ..Component::default() }] }
    }

    fn components(&self, components: Option<component::Components>) -> Vec<Component> {
        components.into_iter().flat_map(|all| all.0).map(|one| self.component(one)).collect()
    }

    fn component(&self, of: component::Component) -> Component {
        let mut properties = properties_of(of.properties);
        let mut kind = of.component_type.to_string();
        if let Some(older) = older(&kind).filter(|_| self.version == Version::V1_4) {
            properties.push(Property { name: properties::KIND.to_owned(), value: kind });
            kind = older.to_owned();
        }
        Component {
            kind,
            bom_ref: of.bom_ref,
            group: of.group.map(|group| group.to_string()),
            name: of.name.to_string(),
            version: of.version.map(|version| version.to_string()),
            scope: of.scope.map(|scope| scope.to_string()),
            hashes: of
                .hashes
                .into_iter()
                .flat_map(|all| all.0)
                .map(|hash| Hash { alg: hash.alg.to_string(), content: hash.content.0 })
                .collect(),
            licenses: of.licenses.into_iter().flat_map(|all| all.0).map(licence).collect(),
            purl: of.purl.map(|purl| purl.to_string()),
            external_references: of
                .external_references
                .into_iter()
                .flat_map(|all| all.0)
                .map(|one| Reference { kind: one.external_reference_type.to_string(), url: one.url.to_string() })
                .collect(),
            properties,
            components: self.components(of.components),
        }
    }
}

/// Returns what a kind was called in 1.4, which has no word for it.
fn older(kind: &str) -> Option<Text> {
    match kind {
        "machine-learning-model" | "data" => Some("file"),
        "platform" => Some("device"),
        _ => None,
    }
}

fn licence(choice: LicenseChoice) -> Licence {
    match choice {
        LicenseChoice::Expression(expression) => Licence::Expression(expression.to_string()),
        LicenseChoice::License(licence) => Licence::License {
            name: match licence.license_identifier {
                LicenseIdentifier::SpdxId(id) => id.to_string(),
                LicenseIdentifier::Name(name) => name.to_string(),
            },
        },
    }
}

fn properties_of(properties: Option<Properties>) -> Vec<Property> {
    let properties = properties.into_iter().flat_map(|all| all.0);
    properties.map(|property| Property { name: property.name, value: property.value.to_string() }).collect()
}
