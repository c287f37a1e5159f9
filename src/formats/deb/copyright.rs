//! `usr/share/doc/*/copyright`: the licences of a package of Debian.
//!
//! Specification: "Machine-readable debian/copyright file", version 1.0 (DEP-5).

use std::collections::BTreeSet;

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Role, os};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;
use crate::syntax::deb822;

entry! {
    /// `usr/share/doc/*/copyright`, the licences of an installed package of Debian.
    ///
    /// Only files that machines can read (DEP-5) are read, and of these the short names of licences. The others are prose.
    pub DebCopyright = "deb-copyright"
}

/// The folder that holds a folder for each package.
pub(super) const FOLDER: &str = "usr/share/doc";

impl Format for DebCopyright {
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn takes(&self, path: &str) -> bool {
        split(path).is_some()
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.starts_with("Format")
    }

    fn gathers(&self, path: &str) -> Option<String> {
        split(path).map(|(folder, _)| folder.to_owned())
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "deb-copyright");
        let package = split(source.path).map_or("", |(_, package)| package);
        let stanzas = deb822::stanzas(source.text).filter(|stanza| stanza.get("Files").is_some());
        let licences = stanzas.filter_map(|stanza| stanza.get("License")).map(short_name);
        let licences: BTreeSet<String> = licences.filter(|licence| !licence.is_empty()).collect();
        let all: Vec<String> = licences.into_iter().collect();
        let is_joined = |licence: &str| licence.contains(' ') && all.len() > 1;
        let all: Vec<String> =
            all.iter().map(|it| if is_joined(it) { format!("({it})") } else { it.clone() }).collect();
        let facts = vec![(intern::text(package), intern::text(&all.join(" AND ")))];
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        if !self.is_of(source.path, source.text) {
            return Ok(Vec::new());
        }
        Ok(vec![self.parse(source)?])
    }
}

/// Returns the short name of a licence, whose text may stand below it.
fn short_name(value: &str) -> String {
    let name = value.lines().next().unwrap_or_default();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parts the path of such a file into the folder for all packages and the package's name.
fn split(path: &str) -> Option<(&str, &str)> {
    let (folder, package) = path.strip_suffix("/copyright")?.rsplit_once('/')?;
    os::is_below_root(folder, &[FOLDER]).then_some((folder, package))
}
