//! A CycloneDX document as it is written, JSON or XML: everything optional, what driftgate has no use for left out.

use std::ops::Range;

use anyhow::{Result, anyhow};
use serde::Deserialize;

use crate::syntax::json::Str;

/// A bill of materials.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'t> {
    /// `CycloneDX`.
    #[serde(borrow)]
    pub bom_format: Option<Str<'t>>,
    /// The version of the standard, `1.6`.
    #[serde(borrow)]
    pub spec_version: Option<Str<'t>>,
    /// What the document is about.
    #[serde(borrow)]
    pub metadata: Option<Metadata<'t>>,
    /// What is in it.
    #[serde(borrow)]
    pub components: Option<Vec<Component<'t>>>,
    /// Services: only their references matter here.
    #[serde(borrow)]
    pub services: Option<Vec<Service<'t>>>,
    /// Who requires whom.
    #[serde(borrow)]
    pub dependencies: Option<Vec<Dependency<'t>>>,
}

/// What a document is about.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata<'t> {
    /// The project or image whose parts are listed.
    #[serde(borrow)]
    pub component: Option<Component<'t>>,
    /// Names and values.
    #[serde(borrow)]
    pub properties: Option<Vec<Property<'t>>>,
}

/// One component.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'t> {
    /// `library`, `container`, …
    #[serde(borrow, rename = "type")]
    pub kind: Option<Str<'t>>,
    /// What dependencies call it.
    #[serde(borrow, rename = "bom-ref")]
    pub bom_ref: Option<Str<'t>>,
    /// Its namespace.
    #[serde(borrow)]
    pub group: Option<Str<'t>>,
    /// Its name.
    #[serde(borrow)]
    pub name: Option<Str<'t>>,
    /// Its version.
    #[serde(borrow)]
    pub version: Option<Str<'t>>,
    /// Its package URL.
    #[serde(borrow)]
    pub purl: Option<Str<'t>>,
    /// `required`, `optional` or `excluded`.
    #[serde(borrow)]
    pub scope: Option<Str<'t>>,
    /// Its digests.
    #[serde(borrow)]
    pub hashes: Option<Vec<Hash<'t>>>,
    /// Its licences.
    #[serde(borrow)]
    pub licenses: Option<Vec<LicenceChoice<'t>>>,
    /// Where to find more of it.
    #[serde(borrow)]
    pub external_references: Option<Vec<ExternalReference<'t>>>,
    /// Names and values.
    #[serde(borrow)]
    pub properties: Option<Vec<Property<'t>>>,
    /// Its parts.
    #[serde(borrow)]
    pub components: Option<Vec<Component<'t>>>,
    /// Where the name stands, if the syntax says so (XML does).
    #[serde(skip)]
    pub name_at: Option<Range<usize>>,
}

/// A digest.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Hash<'t> {
    /// `SHA-256`.
    #[serde(borrow)]
    pub alg: Option<Str<'t>>,
    /// Hexadecimal digits.
    #[serde(borrow)]
    pub content: Option<Str<'t>>,
}

/// A licence, or an expression of several.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LicenceChoice<'t> {
    /// One licence.
    #[serde(borrow)]
    pub license: Option<Licence<'t>>,
    /// An SPDX expression.
    #[serde(borrow)]
    pub expression: Option<Str<'t>>,
}

/// One licence.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Licence<'t> {
    /// Its SPDX id.
    #[serde(borrow)]
    pub id: Option<Str<'t>>,
    /// Its name, if SPDX has none.
    #[serde(borrow)]
    pub name: Option<Str<'t>>,
}

/// Where to find more of a component.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ExternalReference<'t> {
    /// `distribution`, `vcs`, …
    #[serde(borrow, rename = "type")]
    pub kind: Option<Str<'t>>,
    /// The address.
    #[serde(borrow)]
    pub url: Option<Str<'t>>,
}

/// A name and a value.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Property<'t> {
    /// The name.
    #[serde(borrow)]
    pub name: Option<Str<'t>>,
    /// The value.
    #[serde(borrow)]
    pub value: Option<Str<'t>>,
}

/// A service, of which only the references are kept: dependencies may name them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Service<'t> {
    /// What dependencies call it.
    #[serde(borrow, rename = "bom-ref")]
    pub bom_ref: Option<Str<'t>>,
    /// Its parts.
    #[serde(borrow)]
    pub services: Option<Vec<Service<'t>>>,
}

/// What one component requires.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency<'t> {
    /// Who requires.
    #[serde(borrow, rename = "ref")]
    pub from: Option<Str<'t>>,
    /// What.
    #[serde(borrow)]
    pub depends_on: Option<Vec<Str<'t>>>,
}

impl<'t> Document<'t> {
    /// Checks that the version is one whose meaning is known: any of 1.
    ///
    /// # Errors
    /// Names the version.
    pub fn check_version(&self) -> Result<()> {
        match self.spec_version.as_deref() {
            Some(version) if version.split('.').next() != Some("1") => {
                let version: String = version.chars().take(20).collect();
                Err(anyhow!("CycloneDX {} is not known; export it as 1.2 to 1.7", version.escape_debug()))
            }
            _ => Ok(()),
        }
    }

    /// Returns the value of a property of the document's metadata.
    pub fn property(&self, name: &str) -> Option<&Str<'t>> {
        let properties = self.metadata.as_ref()?.properties.as_deref()?;
        properties.iter().find_map(|property| property.is(name))
    }
}

impl<'t> Property<'t> {
    /// Returns the value, if the property has this name.
    pub fn is(&self, name: &str) -> Option<&Str<'t>> {
        if self.name.as_deref() == Some(name) { self.value.as_ref() } else { None }
    }
}
