//! `go.sum` and `go.work.sum`: the digests of modules.
//!
//! Specification: "go.sum files" of the Go Modules Reference. Each line is a module, a version and a digest; of a version
//! with `/go.mod` behind it, the digest is of that file alone.

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;

entry! {
    /// `go.sum`, the digests of modules; read to be joined with the `go.mod` beside it.
    pub GoSum = "go-sum"
}

impl Format for GoSum {
    fn files(&self) -> &'static [&'static str] {
        &["go.sum", "go.work.sum"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-sum");
        let mut facts = Vec::new();
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [name, version, digest] if digest.starts_with("h1:") => {
                    if !version.ends_with("/go.mod") {
                        facts.push((intern::text(&format!("{name} {version}")), intern::text(digest)));
                    }
                }
                // What other digests there may once be, an older Go passes over as well.
                [_, _, digest] if digest.contains(':') => {}
                _ => inventory
                    .fault(source.place(line), "no line of a go.sum: module, version, digest; run `go mod tidy`"),
            }
        }
        facts.sort_unstable();
        facts.dedup();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }
}
