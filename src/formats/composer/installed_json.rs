//! `vendor/composer/installed.json`, what Composer installed.
//!
//! Specification: Composer's `src/Composer/Repository/FilesystemRepository.php`. Composer 1 writes a list of packages,
//! Composer 2 an object that also names those that are there to develop.

use anyhow::Result;
use hashbrown::HashSet;
use serde::Deserialize;

use super::graph;
use super::package::Package;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::model::{Gap, Inventory, Says};
use crate::source::Source;
use crate::syntax::json::{self, Str};

entry! {
    /// `vendor/composer/installed.json`, every package Composer installed; looked at in images and root file systems.
    ///
    /// The list of Composer 1 and the object of Composer 2; each package is read as in `composer.lock`. The `composer.json`
    /// beside `vendor` says what the project asks for; what nobody requires then hangs on the file itself. Only Composer 2
    /// tells what is there to develop. A requirement that nothing answers is unmet.
    pub ComposerInstalled = "composer-installed"
}

impl Format for ComposerInstalled {
    fn files(&self) -> &'static [&'static str] {
        &["installed.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Licences]
    }

    fn takes(&self, path: &str) -> bool {
        path == "vendor/composer/installed.json" || path.ends_with("/vendor/composer/installed.json")
    }

    fn recognizes(&self, text: &str) -> bool {
        // What a lock does not have of a package.
        text.contains("\"version_normalized\":") && text.contains("\"name\":")
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let is_list = source.text.trim_start().starts_with('[');
        let installed: Installed<'_> = if is_list {
            Installed { packages: Some(json::read(source)?), dev_package_names: Vec::new() }
        } else {
            json::read(source)?
        };
        let Some(packages) = &installed.packages else {
            return Err(source.fault(source.start(), "no \"packages\" in it; run `composer install` again"));
        };
        let mut inventory = Inventory::new(source, "composer-installed");
        inventory.says = Says { scopes: !is_list, ..Says::ALL };
        let dev: HashSet<&str> = installed.dev_package_names.iter().map(|name| &**name).collect();
        let all: Vec<(&Package<'_>, bool)> =
            packages.iter().map(|package| (package, dev.contains(&*package.name))).collect();
        graph::add(source, &mut inventory, &all, &Gap::Open);
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let path = graph::manifest_path(inventory, 2);
        graph::join(inventory, near, path);
    }
}

#[derive(Deserialize)]
struct Installed<'t> {
    #[serde(borrow, default)]
    packages: Option<Vec<Package<'t>>>,
    #[serde(borrow, default, rename = "dev-package-names")]
    dev_package_names: Vec<Str<'t>>,
}
