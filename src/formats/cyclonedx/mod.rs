//! CycloneDX, 1.2 to 1.7, JSON and XML: bills of materials as input, driftgate's own and those of other generators.
//!
//! Both syntaxes are read into one tolerant `document`; `inventory` makes what it says of it.

mod document;
mod inventory;
mod json;
mod own;
pub mod properties;
#[cfg(test)]
mod tests;
mod xml;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&json::CycloneDxJson, &xml::CycloneDxXml];
