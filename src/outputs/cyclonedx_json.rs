//! CycloneDX JSON: the SBOM of what a tree resolves to.

use std::io;

use anyhow::Result;

use super::{Output, Style};
use crate::bom;
use crate::entry;
use crate::report::Report;

entry! {
    /// CycloneDX 1.5 JSON, the SBOM of what the tree resolves to.
    ///
    /// # Use
    /// `driftgate sbom . --format cyclonedx-json -o sbom.cdx.json`; beside the other outputs of `check`, as
    /// `--format cyclonedx-json=sbom.cdx.json`.
    ///
    /// # What it holds
    /// Every component once, with purl, digests, licence and scope; `dependencies` carries the graph. Which lockfile has
    /// a component, where it comes from, and under which condition, stands in properties under `driftgate:`.
    /// The same tree gives the same bytes on every machine: the serial number is made of the content, and the only time
    /// in it is `SOURCE_DATE_EPOCH`, where that is set.
    pub CyclonedxJson = "cyclonedx-json"
}

impl Output for CyclonedxJson {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let options =
            bom::Options { timestamp: report.timestamp.clone(), about: report.about.clone(), validate: false };
        to.write_all(&bom::write(&report.resolved, &options)?)?;
        Ok(())
    }

    fn is_document(&self) -> bool {
        true
    }
}
