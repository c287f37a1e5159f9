//! `go.sum` and `go.work.sum`: the digests of modules that were ever looked at.
//!
//! Specification: the Go Modules Reference, "go.sum files". A line is a module, a version and a digest; with `/go.mod` behind
//! the version the digest is of its `go.mod` alone.

use anyhow::Result;

use super::module::{digest, purl};
use crate::entry;
use crate::formats::{Format, Role};
use crate::model::{Component, Inventory};
use crate::source::Source;

entry! {
    /// `go.sum` and `go.work.sum`, the digests of modules; read to be joined with the `go.mod` or `go.work` beside them.
    ///
    /// They hold more versions than are resolved, and say nothing of which ones are: what only stands in them is no
    /// component. A digest (`h1:`) is the SHA-256 of the list of a module's files with the SHA-256 of each, as in the build
    /// information of programs. Digests of a module's `go.mod` alone are not read.
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
        for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let [module, version, sum] = [(); 3].map(|()| words.next().unwrap_or_default());
            if sum.is_empty() || words.next().is_some() {
                inventory.fault(source.place(line), "a module, a version and a digest are expected; run go mod tidy");
                continue;
            }
            // Other algorithms than h1 are for later versions of Go, which write h1 beside them.
            if version.ends_with("/go.mod") || !sum.starts_with("h1:") {
                continue;
            }
            match digest(sum) {
                Some(digest) => {
                    let component = Component { digests: vec![digest], ..Component::new(purl(module, version)) };
                    inventory.add(component, source.place(module));
                }
                None => {
                    inventory.fault(source.place(sum), "this is no digest: h1: and a SHA-256 in base64 are expected")
                }
            }
        }
        Ok(inventory)
    }
}
