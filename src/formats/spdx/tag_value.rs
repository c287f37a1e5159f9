//! SPDX tag-value: 2.1 to 2.3.
//!
//! Specification: <https://spdx.github.io/spdx-spec/v2.3/>. A tag a line; a text of several lines stands in `<text>`. A package
//! begins with `PackageName`.

use anyhow::Result;

use super::document::{Document, Package, Relation, is_purl};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::{Fault, Source};

entry! {
    /// SPDX tag-value, 2.1 to 2.3: a bill of materials of another tool, as input or as the pinned one.
    ///
    /// It is read as SPDX JSON is: `driftgate explain spdx-json`. A document of files alone and the licence of a project
    /// (`LICENSE.spdx`) are no subjects.
    pub SpdxTagValue = "spdx-tag-value"
}

impl Format for SpdxTagValue {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.spdx", "*.spdx.txt", "*.spdx.tag"]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_licence = LICENCES.iter().any(|licence| name.eq_ignore_ascii_case(licence));
        let has = |tag: &str| text.lines().any(|line| line.starts_with(tag));
        let lists_files_alone = || has("SPDXVersion:") && has("FileName:") && !has("PackageName:");
        !is_licence && !lists_files_alone()
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
                "FileName" | "SnippetSPDXID" | "LicenseID" => {
                    is_package = false;
                    document.has_files |= tag == "FileName";
                }
                "Relationship" => match value.split_whitespace().collect::<Vec<_>>()[..] {
                    [one, kind, other] => document.relations.extend(Relation::second(one, kind, other, place)),
                    _ => {
                        let message =
                            "a relationship that can't be read: it is one id, a word and another id".to_owned();
                        document.faults.push(Fault { place, message });
                    }
                },
                _ => {
                    if let Some(package) = document.packages.last_mut().filter(|_| is_package) {
                        field(package, tag, value);
                    }
                }
            }
        }
        match version {
            Some(("SPDX-2.1" | "SPDX-2.2" | "SPDX-2.3", _)) => {}
            Some((other, place)) => {
                let message = format!("{} is not known; SPDX-2.1 to SPDX-2.3 are read", other.escape_debug());
                return Err(source.fault(place, message));
            }
            None => return Err(source.fault(source.start(), "no SPDXVersion in it: this is no SPDX")),
        }
        Ok(document.inventory(source, "spdx-tag-value"))
    }
}

/// The files that tell of a project's own licence, though they are called `*.spdx`.
const LICENCES: &[&str] = &["COPYING.spdx", "LICENCE.spdx", "LICENSE.spdx"];

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
            if let [_, of, locator] = value.split_whitespace().collect::<Vec<_>>()[..]
                && is_purl(of)
            {
                package.purls.push(locator.to_owned());
            }
        }
        _ => {}
    }
}
