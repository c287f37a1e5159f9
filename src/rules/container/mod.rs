//! Rules on container images, and on what their builds install.

mod floating_model;
mod floating_tag;
mod image_digest_drift;
mod image_extra_package;
mod image_lock_mismatch;
mod image_missing_package;
mod image_versions_differ;
mod install_not_locked;
mod install_unpinned;
mod platform_drift;

pub use install_unpinned::{Loosened, loosened};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Case, Rule};
use crate::formats::pypi;
use crate::graph::Subject;
use crate::intern::Text;
use crate::model::{Component, Fact, FactKind, Pattern, Purl};
use crate::stacks::Installed;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &floating_model::FloatingModel,
    &floating_tag::FloatingTag,
    &image_digest_drift::ImageDigestDrift,
    &image_extra_package::ImageExtraPackage,
    &image_lock_mismatch::ImageLockMismatch,
    &image_missing_package::ImageMissingPackage,
    &image_versions_differ::ImageVersionsDiffer,
    &install_unpinned::InstallUnpinned,
    &install_not_locked::InstallNotLocked,
    &platform_drift::PlatformDrift,
];

/// Says whether a subject is a lockfile that is held to an image at hand, or the environment that it is installed into.
fn is_compared(case: &Case<'_>, subject: &Subject) -> bool {
    let paths = case.images().comparisons.iter().flat_map(|held| [held.lock.path, held.installed.path]);
    paths.into_iter().any(|path| path == subject.path)
}

/// Programs that install others, by their packages' names: a build fetches them before it can hold to any lockfile.
const INSTALLERS: &[&str] = &[
    "bundler",
    "conda",
    "corepack",
    "mamba",
    "npm",
    "pdm",
    "pip",
    "pip-tools",
    "pipenv",
    "pipx",
    "pnpm",
    "poetry",
    "setuptools",
    "uv",
    "virtualenv",
    "wheel",
    "yarn",
];

/// A package that a command installs.
struct Package {
    /// Who installs it, as the fact says: `pip`, `apt`.
    manager: Text,
    /// Its name, without extras.
    name: String,
    /// What it is called, without a version.
    purl: Purl,
}

impl Package {
    /// Reads a fact; none where it is no package, or one that only the build knows.
    fn of(fact: &Fact) -> Option<Self> {
        let (manager, name) = fact.name.split_once(':').filter(|_| fact.kind == FactKind::Install)?;
        if name.contains(['$', '`']) {
            return None;
        }
        let name = name.split('[').next().unwrap_or(name);
        let (ty, name) = match manager {
            "pip" | "pipx" => ("pypi", pypi::normal(name)),
            "go" => ("golang", name.to_owned()),
            "apt" => ("deb", name.to_owned()),
            _ => (manager, name.to_owned()),
        };
        let (namespace, last) = name.rsplit_once('/').unwrap_or(("", &name));
        let purl = Purl::new(ty, namespace, last, "");
        Some(Package { manager, purl, name })
    }

    /// Says whether it is one of a Linux distribution's.
    fn is_system(&self) -> bool {
        matches!(self.manager, "apt" | "apk" | "rpm")
    }

    /// Says whether it is in what runs: what cargo and go compile is a program, and is copied as one.
    fn is_shipped(&self, installed: &Installed<'_>) -> bool {
        installed.ships || (matches!(self.manager, "cargo" | "go") && installed.ships_programs)
    }

    /// Says whether it is a program that installs others.
    fn is_installer(&self) -> bool {
        INSTALLERS.contains(&self.name.as_str())
    }

    /// Returns it at a version, as its manager spells that.
    fn at(&self, version: &str) -> String {
        let sign = match self.manager {
            "pip" | "pipx" | "conda" => "==",
            "apt" | "apk" => "=",
            "rpm" => "-",
            "gem" => ":",
            _ => "@",
        };
        format!("{}{sign}{version}", self.name)
    }
}

/// A package that an option lets through: a name or a pattern.
struct Allowed(Pattern);

impl<'de> Deserialize<'de> for Allowed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::parse(&text).map(Allowed).map_err(|error| D::Error::custom(format!("{error:#}")))
    }
}

/// Returns an image's name as manifests write it, with its registry's host.
fn repository(component: &Component) -> String {
    let host = component.origin.address().filter(|_| component.purl.as_str().contains("repository_url="));
    match host {
        Some(host) => format!("{host}/{}", component.name()),
        None => component.name().to_owned(),
    }
}
