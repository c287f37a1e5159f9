//! `rpmdb.sqlite-wal`: changes of rpm's database that are not in it yet, as [`crate::binary::rpm::wal`] counts them.

use anyhow::Result;

use crate::binary::rpm::wal::FIRST_LINE;
use crate::entry;
use crate::formats::{Format, Role, os};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::deb822;

entry! {
    /// `rpmdb.sqlite-wal`, a log of changes of rpm's database that are not in it yet.
    ///
    /// It is not read. rpm leaves none behind when it ends in peace; where one is there that holds anything, it is said,
    /// for packages that it brings or removes are missed.
    pub RpmWal = "rpm-wal"
}

/// The paths of the log.
const FILES: &[&str] =
    &["var/lib/rpm/rpmdb.sqlite-wal", "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "usr/share/rpm/rpmdb.sqlite-wal"];

impl Format for RpmWal {
    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn takes(&self, path: &str) -> bool {
        os::is_below_root(path, FILES)
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with(FIRST_LINE)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "rpm-wal");
        let pages = deb822::stanzas(source.text).find_map(|stanza| stanza.get("Pages"));
        if let Some(pages) = pages.filter(|pages| *pages != "0") {
            let message = format!(
                "this log holds changes that rpmdb.sqlite lacks, and is not read (pages: {pages}); packages may be missed: \
                 let rpm finish, with `rpm -q rpm`"
            );
            inventory.fault(source.start(), message);
        }
        Ok(inventory)
    }
}
