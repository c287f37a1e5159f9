//! SPDX tag-value: 2.2 and 2.3.
//!
//! Specification: <https://spdx.github.io/spdx-spec/v2.3/>. A tag a line; a text of several lines stands in `<text>`. A package
//! begins with `PackageName`.

use anyhow::Result;

use super::document::{Document, Package, Relation};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;

entry! {
    /// SPDX tag-value, 2.2 and 2.3: a bill of materials of another tool, as input or as the pinned one.
    ///
    /// It is read as SPDX JSON is: `driftgate explain spdx-json`.
    pub SpdxTagValue = "spdx-tag-value"
}

impl Format for SpdxTagValue {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.spdx", "*.spdx.txt", "*.spdx.tag"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines().take(40).any(|line| line.starts_with("SPDXVersion:"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut document = Document { id: "SPDXRef-DOCUMENT".to_owned(), ..Document::default() };
        let mut version = None;
        let mut is_package = false;
        let mut in_text = false;
        for line in source.text.lines() {
            if in_text {
                in_text = !line.contains("</text>");
                continue;
            }
            let line = line.trim();
            let Some((tag, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
            let value = value.trim();
            in_text = value.starts_with("<text>") && !value.contains("</text>");
            let place = source.place(value);
            match tag {
                "SPDXVersion" => version = Some((value, place)),
                "PackageName" => {
                    is_package = true;
                    document.packages.push(Package { name: value.to_owned(), place, ..Package::default() });
                }
                "FileName" | "SnippetSPDXID" | "LicenseID" => is_package = false,
                "Relationship" => {
                    if let [from, kind, to] = value.split_whitespace().collect::<Vec<_>>()[..] {
                        let [from, kind, to] = [from, kind, to].map(str::to_owned);
                        document.relations.push(Relation { from, to, kind, place });
                    }
                }
                _ => {
                    if let Some(package) = document.packages.last_mut().filter(|_| is_package) {
                        field(package, tag, value);
                    }
                }
            }
        }
        match version {
            Some(("SPDX-2.2" | "SPDX-2.3", _)) => {}
            Some((other, place)) => {
                let message = format!("{} is not known; SPDX-2.2 and SPDX-2.3 are read", other.escape_debug());
                return Err(source.fault(place, message));
            }
            None => return Err(source.fault(source.start(), "no SPDXVersion in it: this is no SPDX")),
        }
        let mut inventory = document.inventory(source, "spdx-tag-value");
        if inventory.nodes.len() < 2 && inventory.faults.is_empty() {
            inventory.fault(source.start(), "the document lists no package");
        }
        Ok(inventory)
    }
}

fn field(package: &mut Package, tag: &str, value: &str) {
    let own = value.to_owned();
    match tag {
        "SPDXID" => package.id = own,
        "PackageVersion" => package.version = own,
        "PackageDownloadLocation" => package.download = own,
        "PackageLicenseConcluded" => package.concluded = own,
        "PackageLicenseDeclared" => package.declared = own,
        "PrimaryPackagePurpose" => package.purpose = own,
        "PackageChecksum" => {
            if let Some((algorithm, hex)) = value.split_once(':') {
                package.digests.push((algorithm.trim().to_owned(), hex.trim().to_owned()));
            }
        }
        "ExternalRef" => {
            if let [_, "purl", locator] = value.split_whitespace().collect::<Vec<_>>()[..] {
                package.purls.push(locator.to_owned());
            }
        }
        _ => {}
    }
}
