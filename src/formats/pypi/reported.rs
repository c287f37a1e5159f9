//! What pip's two reports have in common: of an installation (`--report`), and of what is installed (`pip inspect`).
//!
//! Specifications: "Installation Report" and "pip inspect JSON output format" of pip's documentation.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::dist_info::direct_url::{self, DirectUrl};
use super::dist_info::environment::Environment;
use super::dist_info::gather::{Package, settle};
use super::dist_info::headers::licence_of;
use super::dist_info::requires_txt::require_at;
use super::pep508::{is_name, shown};
use crate::formats::Yield;
use crate::intern;
use crate::model::{Component, Inventory, Origin, Purl};
use crate::source::Source;
use crate::syntax::json::Str;

/// What both hold.
pub(super) const YIELDS: &[Yield] =
    &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences];

/// Says whether a text begins as pip's JSON does.
pub(super) fn is_pips(text: &str) -> bool {
    let head: String = text.chars().take(200).collect();
    head.trim_start().starts_with('{') && head.contains("\"pip_version\"")
}

/// A report.
#[derive(Deserialize)]
pub(super) struct Report<'t> {
    #[serde(borrow)]
    pub(super) version: Option<Str<'t>>,
    #[serde(borrow)]
    pub(super) install: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    pub(super) installed: Option<Vec<&'t RawValue>>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry<'t> {
    #[serde(borrow)]
    metadata: Metadata<'t>,
    download_info: Option<DirectUrl>,
    direct_url: Option<DirectUrl>,
    #[serde(default)]
    requested: bool,
    installer: Option<String>,
}

#[derive(Deserialize)]
struct Metadata<'t> {
    #[serde(borrow)]
    name: Option<Str<'t>>,
    version: Option<String>,
    license_expression: Option<String>,
    license: Option<String>,
    #[serde(default)]
    classifier: Vec<String>,
    #[serde(default, borrow)]
    requires_dist: Vec<Str<'t>>,
}

/// Reads the packages of a report of version 1.
///
/// # Errors
/// Where it is of another version.
pub(super) fn read(
    source: &Source<'_>,
    format: &'static str,
    version: Option<Str<'_>>,
    entries: Vec<&RawValue>,
    environment: BTreeMap<String, String>,
) -> Result<Inventory> {
    match version.as_deref() {
        Some("1") => {}
        Some(other) => {
            let message = format!("version {} of pip's report is not known; 1 is read", shown(other));
            return Err(source.fault(source.start(), message));
        }
        None => return Err(source.fault(source.start(), "no \"version\" in it; is it a report of pip's?")),
    }
    let mut inventory = Inventory::new(source, format);
    let mut packages = Vec::with_capacity(entries.len());
    let is_empty = entries.is_empty();
    for raw in entries {
        let entry: Entry<'_> = match serde_json::from_str(raw.get()) {
            Ok(entry) => entry,
            Err(error) => {
                inventory.fault(source.place(raw.get()), format!("no package as pip reports it: {error}"));
                continue;
            }
        };
        packages.extend(add(source, &mut inventory, raw, &entry));
    }
    if is_empty {
        inventory.fault(source.start(), "pip reports no package");
    }
    let environment = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    settle(&mut inventory, &packages, Environment::exact(environment));
    inventory.says.integrity =
        inventory.nodes.iter().filter_map(|node| node.component).any(|component| !component.digests.is_empty());
    Ok(inventory)
}

fn add(source: &Source<'_>, inventory: &mut Inventory, raw: &RawValue, entry: &Entry<'_>) -> Option<Package> {
    let whole = source.place(raw.get());
    let metadata = &entry.metadata;
    let Some(name) = metadata.name.as_ref().filter(|name| is_name(name)) else {
        inventory.fault(whole, "a package without a name");
        return None;
    };
    let place = name.place(source, whole);
    let version = metadata.version.as_deref().unwrap_or_default();
    if version.is_empty() {
        inventory.fault(place, format!("\"{}\" has no version", shown(name)));
        return None;
    }
    let mut component = Component::new(Purl::new("pypi", "", name, version));
    component.licence = licence_of(
        metadata.license_expression.as_deref(),
        metadata.license.as_deref(),
        metadata.classifier.iter().map(String::as_str),
    );
    let from = entry.download_info.as_ref().or(entry.direct_url.as_ref());
    component.origin = from.map_or(Origin::Unknown, direct_url::origin);
    component.digests = from.map(DirectUrl::digests).unwrap_or_default();
    if let Some(installer) = entry.installer.as_deref().filter(|installer| (1..=64).contains(&installer.len())) {
        component.properties.push((Component::INSTALLER, intern::text(installer)));
    }
    let node = inventory.add(component, place);
    // They are kept apart until all packages are known.
    let known = inventory.declared.len();
    for text in &metadata.requires_dist {
        let whole = text.place(source, place);
        let at = |part: &str| match &text.0 {
            std::borrow::Cow::Borrowed(_) => source.place(part),
            std::borrow::Cow::Owned(_) => whole,
        };
        require_at(&at, inventory, node, text, "");
    }
    let requires = inventory.declared.split_off(known);
    // uv marks all that it installs.
    let is_requested = entry.requested && entry.installer.as_deref() != Some("uv");
    Some(Package { node, requires, is_requested, bundled_by: String::new() })
}
