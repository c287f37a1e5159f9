//! `etc/apk/world`: what apk was asked to install.
//!
//! Specification: apk-world(5).

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Role, os};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;

entry! {
    /// `etc/apk/world`, what apk was asked to install; read to be joined with what is installed.
    pub ApkWorld = "apk-world"
}

/// The path of the file.
pub(super) const FILE: &str = "etc/apk/world";

impl Format for ApkWorld {
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn takes(&self, path: &str) -> bool {
        os::is_below_root(path, &[FILE])
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    /// Its facts are what was asked for, word by word.
    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "apk-world");
        let words = source.text.split_whitespace().filter(|word| !word.starts_with('!'));
        let facts = words.map(|word| (intern::text(word), "")).collect();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }
}
