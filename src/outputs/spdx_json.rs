//! SPDX JSON: the SBOM of what a tree resolves to, for those who ask for SPDX.

use std::io;

use anyhow::Result;

use super::{Output, Style, json};
use crate::bom;
use crate::entry;
use crate::intern::Text;
use crate::report::Report;

entry! {
    /// SPDX 2.3 JSON, the SBOM of what the tree resolves to.
    ///
    /// # Use
    /// `driftgate sbom . --format spdx-json -o sbom.spdx.json`; beside the other outputs of `check`, as
    /// `--format spdx-json=sbom.spdx.json`.
    ///
    /// # What it holds
    /// Every component once, with purl, digests, the licence that it declares (one that is no expression of SPDX as a
    /// `LicenseRef-`, with its text), and where it is downloaded from, where a lockfile says so. `DEPENDS_ON` and its kin
    /// (`DEV_DEPENDENCY_OF`, `BUILD_DEPENDENCY_OF`, `OPTIONAL_DEPENDENCY_OF`, `PROVIDED_DEPENDENCY_OF` for peers) carry the
    /// graph; `DEPENDS_ON NOASSERTION` says that something is asked for without an exact answer. The document describes
    /// the project, or a package that stands for the tree and contains its projects.
    ///
    /// SPDX knows no lockfiles: all of a tree are one graph, and `sourceInfo` names those that have a package. Sources,
    /// conditions and further facts stand in comments under `driftgate:`, so that `driftgate diff` and `check --bom` read
    /// the document back whole. Ranges, layers and the condition of a single requirement are not in it, or only in words.
    ///
    /// The same tree gives the same bytes on every machine: `documentNamespace` is made of the content, and `created` is
    /// `SOURCE_DATE_EPOCH`, or 1970-01-01T00:00:00Z where that is not set.
    pub SpdxJson = "spdx-json"
}

impl Output for SpdxJson {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let options = super::bom_options(report);
        let mut bytes = Vec::new();
        json::write(&bom::spdx::document(&report.resolved, &options)?, &mut bytes)?;
        bom::number(&mut bytes)?;
        to.write_all(&bytes)?;
        Ok(())
    }

    fn is_document(&self) -> bool {
        true
    }

    fn versions(&self) -> &'static [Text] {
        &["2.3"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    #[test]
    fn documents_are_as_expected() {
        for (case, report) in [("tree", samples::resolved()), ("empty", Report::default())] {
            let mut bytes = Vec::new();
            SpdxJson.write(&report, Style::default(), &mut bytes).expect("a Vec takes all");
            let shown = String::from_utf8(bytes).expect("outputs are text");
            let shown = shown.replace(concat!("driftgate-", env!("CARGO_PKG_VERSION")), "driftgate-VERSION");
            // It is made of the version too.
            let namespace = shown.split('"').find(|part| part.starts_with("urn:uuid:")).unwrap_or_default();
            check("spdx-json", case, shown.replace(namespace, "urn:uuid:CONTENT").as_bytes());
        }
    }
}
