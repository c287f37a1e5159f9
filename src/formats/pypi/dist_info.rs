//! `site-packages`: what is installed into a Python environment, by the records that installers leave there.
//!
//! Specifications: "Recording installed projects" (PEP 376, PEP 627), "Core metadata", "Direct URL data structure" (PEP 610)
//! of the Python packaging user guide; setuptools' "egg-info" for what is older. A folder `name-version.dist-info` is one
//! package; the folder that holds it is the environment.

pub(super) mod direct_url;
pub(super) mod environment;
pub(super) mod gather;
pub(super) mod headers;
mod records;
pub(super) mod requires_txt;

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Manifest, Says};
use crate::source::Source;
use records::Record;

entry! {
    /// `*.dist-info` and `*.egg-info`, the packages that are installed into a Python environment.
    ///
    /// # What it reads
    /// The headers of `METADATA` (or `PKG-INFO`, and `requires.txt` beside it), `direct_url.json`, `INSTALLER` and
    /// `REQUESTED`. All packages of one `site-packages` are one subject, those that a package brings in its `_vendor` too.
    ///
    /// Requirements are held against what is installed, on Linux and the Python of the folder's name. One that must be
    /// there and is not stays open. The requirements of an extra count where all of them are installed.
    ///
    /// # What is direct
    /// What pip or pdm marked as requested, and what no other package requires. uv marks all that it installs, so that
    /// its marks say nothing.
    ///
    /// # What the files do not say
    /// The index that a package came from, and digests of its archive; both stand there only for what was installed from
    /// an address.
    pub DistInfo = "dist-info"
}

/// The fact that names the installer.
const INSTALLER: Text = Component::INSTALLER;

/// The fact that a package was asked for by name.
const REQUESTED: Text = "requested";

impl Format for DistInfo {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.dist-info/METADATA", "*.egg-info/PKG-INFO", "*.egg-info"]
    }

    fn takes(&self, path: &str) -> bool {
        Record::of(path).is_some()
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn gathers(&self, path: &str) -> Option<String> {
        Record::of(path).map(|record| record.subject().to_owned())
    }

    fn gather(&self, subject: Text, files: Vec<Inventory>) -> Inventory {
        gather::gather(subject, files)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "dist-info");
        inventory.says = Says { integrity: false, ..Says::ALL };
        let Some(record) = Record::of(source.path) else {
            return Err(source.fault(source.start(), "no record of an installed package"));
        };
        match record.file() {
            "INSTALLER" => {
                let installer = source.text.lines().next().unwrap_or_default().trim();
                // The name of a tool, and its version; what is longer is none.
                if !installer.is_empty() && installer.len() <= 64 {
                    tell(&mut inventory, INSTALLER, intern::text(installer));
                }
            }
            "REQUESTED" => tell(&mut inventory, REQUESTED, ""),
            "direct_url.json" => direct_url::read(source, &record, &mut inventory)?,
            "requires.txt" => requires_txt::read(source, &mut inventory),
            _ => headers::read(source, &record, &mut inventory),
        }
        Ok(inventory)
    }
}

/// Adds a fact about the package that a file is a record of.
fn tell(inventory: &mut Inventory, fact: Text, value: Text) {
    inventory.manifest.get_or_insert_with(Manifest::default).facts.push((fact, value));
}
