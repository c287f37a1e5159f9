//! `composer.lock`, what Composer resolved.
//!
//! Specification: Composer's `src/Composer/Package/Locker.php`; the packages are as its schema has them,
//! <https://getcomposer.org/doc/04-schema.md>.

use anyhow::Result;
use serde::Deserialize;

use super::graph;
use super::package::Package;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::model::{Gap, Inventory, Says};
use crate::source::Source;
use crate::syntax::json::{self, Str};

entry! {
    /// `composer.lock`, every package Composer resolved.
    ///
    /// Read are `packages` and `packages-dev` with their requirements, the repository and commit that each is made of (else
    /// its archive), the archive's SHA-1 and the licences. A requirement on a name that a package provides or replaces is
    /// answered by that package; where several provide it, the lock does not say which is meant. Requirements on PHP, its
    /// extensions and Composer itself are on the platform, and no packages. The `composer.json` beside it says what the
    /// project asks for and provides; what nobody requires then hangs on the lock itself.
    ///
    /// A package's version is as the lock spells it, a branch's too (`dev-main`); its aliases are no versions.
    pub ComposerLock = "composer-lock"
}

impl Format for ComposerLock {
    fn files(&self) -> &'static [&'static str] {
        &["composer.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Licences]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"packages-dev\":") && text.contains("\"content-hash\":")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        if let Some(version) = &lock.plugin_api_version {
            let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
            if major.is_none_or(|major| major > 2) {
                let message =
                    format!("plugin-api-version {} is newer than driftgate reads (1 and 2)", version.escape_debug());
                return Err(source.fault(version.place(source, source.start()), message));
            }
        }
        let Some(packages) = &lock.packages else {
            return Err(source.fault(source.start(), "no \"packages\" in it; write it anew with `composer update`"));
        };
        let mut inventory = Inventory::new(source, "composer-lock");
        inventory.says = Says::ALL;
        let dev = lock.packages_dev.iter().flatten();
        let all: Vec<(&Package<'_>, bool)> =
            packages.iter().map(|package| (package, false)).chain(dev.map(|package| (package, true))).collect();
        graph::add(source, &mut inventory, &all, &Gap::Unpinned);
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let path = graph::manifest_path(inventory, 0);
        graph::join(inventory, near, path);
    }
}

#[derive(Deserialize)]
struct Lock<'t> {
    #[serde(borrow, default)]
    packages: Option<Vec<Package<'t>>>,
    #[serde(borrow, default, rename = "packages-dev")]
    packages_dev: Option<Vec<Package<'t>>>,
    #[serde(borrow, default, rename = "plugin-api-version")]
    plugin_api_version: Option<Str<'t>>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        ComposerLock.parse(&Source { file: FileId(0), path: "composer.lock", text })
    }

    #[test]
    fn what_is_no_lock_is_an_error() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("{}", "no \"packages\" in it; write it anew with `composer update`"),
            (
                r#"{"packages": [], "plugin-api-version": "3.0.0"}"#,
                "plugin-api-version 3.0.0 is newer than driftgate reads (1 and 2)",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        let inventory = parse(r#"{"packages": [], "packages-dev": null, "stability-flags": []}"#).unwrap();
        assert!(inventory.faults.is_empty(), "a project without packages is fine");
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (packages, expected) in [
            (r#"{"name": "a/a"}"#, "\"a/a\" has no version; write it anew with `composer update`"),
            (r#"{"name": "a/a", "version": "1"}, {"name": "A/a", "version": "2"}"#, "A/a is listed twice"),
            (
                r#"{"name": "a/a", "version": "1", "require": [], "dist": {"shasum": "00"}}"#,
                "the shasum \"00\" is no SHA-1 digest",
            ),
        ] {
            let inventory = parse(&format!(r#"{{"packages": [{packages}]}}"#)).unwrap();
            let faults: Vec<&str> = inventory.faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(faults, [expected], "{packages}");
        }
    }
}
