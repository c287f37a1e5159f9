//! CycloneDX JSON: the SBOM of what a tree resolves to.

use std::io;

use anyhow::Result;

use super::{Output, Style, json};
use crate::bom::{self, Version};
use crate::entry;
use crate::formats::cyclonedx::properties;
use crate::intern::Text;
use crate::report::Report;

entry! {
    /// CycloneDX JSON, 1.4 to 1.7, the SBOM of what the tree resolves to.
    ///
    /// # Use
    /// `driftgate sbom . --format cyclonedx-json -o sbom.cdx.json`; beside the other outputs of `check`, as
    /// `--format cyclonedx-json=sbom.cdx.json`. It is 1.5, as the pinned BOM is; `cyclonedx-json@1.6` is 1.6, and so on.
    ///
    /// # What it holds
    /// Every component once, with purl, digests, licence and scope; `dependencies` carries the graph. Which lockfile has
    /// a component, where it comes from, and under which condition, stands in properties under `driftgate:`.
    /// The same tree gives the same bytes on every machine: the serial number is made of the content, and the only time
    /// in it is `SOURCE_DATE_EPOCH`, where that is set. All versions say the same; what 1.4 has no word for (models, data,
    /// platforms) is a file or a device there, and `driftgate:kind` says which.
    pub CyclonedxJson = "cyclonedx-json"
}

impl Output for CyclonedxJson {
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()> {
        let options = super::bom_options(report);
        let bytes = match Version::named(style.version) {
            Version::V1_5 => bom::write(&report.resolved, &options)?,
            version => {
                let document = bom::document(&report.resolved, &options, version, properties::is_plain)?;
                let mut bytes = Vec::new();
                json::write(&document, &mut bytes)?;
                bom::number(&mut bytes)?;
                bytes
            }
        };
        // cyclonedx-bom writes what can't be seen as it is.
        to.write_all(json::seen(&String::from_utf8(bytes)?).as_bytes())?;
        Ok(())
    }

    fn is_document(&self) -> bool {
        true
    }

    fn versions(&self) -> &'static [Text] {
        Version::NAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    #[test]
    fn documents_are_as_expected() {
        for version in Version::NAMES {
            let mut bytes = Vec::new();
            let style = Style { version, ..Style::default() };
            CyclonedxJson.write(&samples::resolved(), style, &mut bytes).expect("a Vec takes all");
            let shown = String::from_utf8(bytes).expect("outputs are text");
            // It is made of driftgate's version too.
            let serial = shown.split('"').find(|part| part.starts_with("urn:uuid:")).unwrap_or_default();
            check("cyclonedx-json", version, shown.replace(serial, "urn:uuid:CONTENT").as_bytes());
        }
    }
}
