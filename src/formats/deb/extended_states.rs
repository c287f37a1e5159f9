//! `extended_states`: which packages apt installed because others require them.
//!
//! Specification: apt-mark(8); the file is `Dir::State::extended_states` of apt.conf(5).

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Role, os};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;
use crate::syntax::deb822;

entry! {
    /// `var/lib/apt/extended_states`, which packages apt installed only because others require them.
    ///
    /// All others were asked for.
    pub ExtendedStates = "extended-states"
}

/// The path of the file.
pub(super) const FILE: &str = "var/lib/apt/extended_states";

impl Format for ExtendedStates {
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

    /// Its facts are the packages that were installed for others: name and architecture.
    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "extended-states");
        let mut facts = Vec::new();
        for stanza in deb822::stanzas(source.text).filter(|stanza| stanza.get("Auto-Installed") == Some("1")) {
            let architecture = stanza.get("Architecture").unwrap_or_default();
            facts.extend(stanza.get("Package").map(|name| (intern::text(name), intern::text(architecture))));
        }
        facts.sort_unstable();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }
}
