//! CycloneDX, 1.2 to 1.7, JSON and XML: bills of materials as input, driftgate's own and those of other generators.
//!
//! Both syntaxes are read into one tolerant `document`; `inventory` makes what it says of it.

mod document;
mod inventory;
mod json;
mod own;
pub mod properties;
mod xml;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&json::CycloneDxJson, &xml::CycloneDxXml];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::source::{FileId, Source};

    /// The standard's own valid documents, and one of ours.
    #[test]
    fn valid_documents_are_read_without_a_fault() {
        let mut read = 0;
        for format in FORMATS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(format.id());
            for case in folder.read_dir().unwrap().map(|case| case.unwrap().path()).filter(|path| path.is_dir()) {
                for file in case.read_dir().unwrap().map(|file| file.unwrap().path()) {
                    let name = file.file_name().unwrap().to_str().unwrap();
                    if !format.takes(name) {
                        continue;
                    }
                    let text = std::fs::read_to_string(&file).unwrap();
                    assert!(format.recognizes(&text), "{}", file.display());
                    let all = format.parse_all(&Source { file: FileId(0), path: "bom.json", text: &text }).unwrap();
                    for inventory in all {
                        assert_eq!(inventory.faults, [], "{}", file.display());
                        assert!(inventory.nodes.len() > 1, "{}", file.display());
                        read += 1;
                    }
                }
            }
        }
        assert_eq!(read, 12);
    }
}
