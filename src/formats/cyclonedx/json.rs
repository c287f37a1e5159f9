//! CycloneDX JSON.
//!
//! Specification: the CycloneDX standard, ECMA-424, its JSON schemas 1.2 to 1.7.

use anyhow::Result;

use super::document::Document;
use super::inventory;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax;

entry! {
    /// CycloneDX JSON, 1.2 to 1.7: a bill of materials, driftgate's own or another tool's.
    ///
    /// What the other tool did not write (digests, edges, sources) is not compared, and a package that it lists is all that the
    /// tree has of its version. Parts of parts are read as components; only `dependencies` makes edges. Its digests of another
    /// length than their algorithm's, and references that name no component, are left out with a note.
    pub CycloneDxJson = "cyclonedx-json"
}

impl Format for CycloneDxJson {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.cdx.json", "bom.json"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{')
            && text.match_indices("\"bomFormat\"").any(|(at, key)| {
                let value = text[at + key.len()..].trim_start().strip_prefix(':');
                value.is_some_and(|value| value.trim_start().starts_with("\"CycloneDX\""))
            })
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        inventory::first(source, self.parse_all(source)?)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        let document: Document<'_> = syntax::json::read(source)?;
        match document.bom_format.as_deref() {
            Some("CycloneDX") => {}
            // Optional in 1.2 and in what some generators write; the version then says what it is.
            None if document.spec_version.is_some() => {}
            _ => return Err(source.fault(source.start(), "\"bomFormat\" is not \"CycloneDX\"")),
        }
        inventory::all(source, "cyclonedx-json", &document)
    }
}
