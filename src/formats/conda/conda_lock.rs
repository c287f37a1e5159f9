//! `conda-lock.yml`, version 1.
//!
//! Specification: conda-lock's `conda_lock/lockfile/v1/models.py`. A package stands once for each platform and category;
//! what it requires stands beside it, by name, and each name is locked once for a platform.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::address::{Address, plain};
use super::solved::{self, Asked, Package, Solution, projects, property};
use super::text::Scalar;
use super::wheel;
use crate::entry;
use crate::formats::pypi::pep508::{self, shown};
use crate::formats::{Format, Yield};
use crate::intern::{self, Text};
use crate::model::{Algorithm, Component, Digest, Inventory, Manifest, Origin, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::yaml;

entry! {
    /// `conda-lock.yml`, every package that conda-lock resolved for each platform, of conda and of pip.
    ///
    /// Version 1. What the project itself asks for stands in its `environment.yml`; here the packages that no other
    /// requires count as direct. What a package asks of the machine (`__cuda`, `__glibc`) is kept as its property.
    pub CondaLock = "conda-lock"
}

impl Format for CondaLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["conda-lock.yml", "*.conda-lock.yml"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\npackage:") && text.contains("\n  manager: ") && text.contains("content_hash:")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = yaml::read(source)?;
        match lock.version.as_deref() {
            Some("1") => {}
            // The first conda-locks wrote none.
            None if !lock.package.is_empty() => {}
            Some(version) => {
                let message = format!("version {} of conda-lock.yml is not known; version 1 is read", shown(version));
                return Err(source.fault(source.place(version), message));
            }
            None => return Err(source.fault(source.start(), "no version in it; is it a lock of conda-lock's?")),
        }
        if lock.package.is_empty() {
            return Err(source.fault(source.start(), "the lock has no packages; run `conda-lock`"));
        }
        let mut inventory = Inventory::new(source, "conda-lock");
        inventory.says = Says { licence: false, ..Says::ALL };
        for channel in &lock.metadata.channels {
            if channel.url.contains("://") {
                let place = channel.url.slice().map_or(source.start(), |url| source.place(url));
                inventory.look_up(&plain(&channel.url), place);
            }
        }
        let mut solutions: Vec<Solution> = Vec::new();
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut packages = Vec::with_capacity(lock.package.len());
        for entry in &lock.package {
            let number = *numbers.entry(&entry.platform).or_insert_with(|| {
                solutions.push(Solution { environment: "", platform: intern::text(&entry.platform), is_build: false });
                solutions.len() as u32 - 1
            });
            match entry.package(source, number) {
                Ok(package) => packages.push(package),
                Err(message) => {
                    let place = entry.place(source);
                    inventory.fault(place, message);
                }
            }
        }
        let facts = lock.metadata.sources.iter().map(|path| (SOURCE, intern::text(path))).collect();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        solved::add(&mut inventory, &solutions, packages);
        Ok(inventory)
    }
}

/// The fact that names a file which the lock was made of.
pub(super) const SOURCE: Text = "source";

#[derive(Deserialize)]
struct Lock<'t> {
    #[serde(borrow)]
    version: Option<Scalar<'t>>,
    #[serde(borrow, default)]
    metadata: Metadata<'t>,
    #[serde(borrow, default)]
    package: Vec<Entry<'t>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'t> {
    #[serde(borrow)]
    channels: Vec<Channel<'t>>,
    #[serde(borrow)]
    sources: Vec<Scalar<'t>>,
}

#[derive(Deserialize)]
struct Channel<'t> {
    #[serde(borrow, default)]
    url: Scalar<'t>,
}

#[derive(Deserialize)]
struct Entry<'t> {
    #[serde(borrow)]
    name: Scalar<'t>,
    #[serde(borrow, default)]
    version: Scalar<'t>,
    #[serde(borrow, default)]
    manager: Scalar<'t>,
    #[serde(borrow, default)]
    platform: Scalar<'t>,
    #[serde(borrow, default)]
    dependencies: BTreeMap<Scalar<'t>, Scalar<'t>>,
    #[serde(borrow, default)]
    url: Scalar<'t>,
    #[serde(borrow, default)]
    hash: Hash<'t>,
    #[serde(borrow, default)]
    build: Scalar<'t>,
    /// Where an address itself was asked for, and no index.
    source: Option<IgnoredAny>,
    #[serde(borrow, default)]
    category: Scalar<'t>,
    #[serde(default)]
    optional: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hash<'t> {
    #[serde(borrow)]
    md5: Option<Scalar<'t>>,
    #[serde(borrow)]
    sha256: Option<Scalar<'t>>,
}

impl Hash<'_> {
    fn digests(&self) -> Result<Vec<Digest>, String> {
        digests(self.md5.as_deref(), self.sha256.as_deref())
    }
}

/// Reads the digests of an entry.
pub(super) fn digests(md5: Option<&str>, sha256: Option<&str>) -> Result<Vec<Digest>, String> {
    let read = |(algorithm, hex): (Algorithm, &str)| {
        Digest::hex(algorithm, hex).ok_or_else(|| format!("\"{}\" is no {} digest", shown(hex), algorithm.name()))
    };
    let md5 = md5.map(|hex| (Algorithm::Md5, hex));
    let sha256 = sha256.map(|hex| (Algorithm::Sha256, hex));
    md5.into_iter().chain(sha256).filter(|(_, hex)| !hex.is_empty()).map(read).collect()
}

impl<'t> Entry<'t> {
    fn place(&self, source: &Source<'t>) -> Place {
        self.name.slice().map_or(source.start(), |name| source.place(name))
    }

    fn package(&self, source: &Source<'t>, solution: u32) -> Result<Package<'t>, String> {
        if self.name.is_empty() {
            return Err("a package without a name".to_owned());
        }
        let is_wheel = match &*self.manager {
            "conda" => false,
            "pip" => true,
            other => return Err(format!("\"{}\" is no manager that is known; conda and pip are", shown(other))),
        };
        let mut component = match is_wheel {
            true => wheel::component(&self.name, &self.version, &self.url, self.source.is_some()),
            false => self.conda(),
        };
        component.digests.extend(self.hash.digests()?);
        let mut requires = Vec::with_capacity(self.dependencies.len());
        for (name, constraint) in &self.dependencies {
            let place = name.slice().map_or(source.start(), |name| source.place(name));
            let constraint = constraint.0.clone();
            let name = if is_wheel { Cow::Owned(pep508::normal(name)) } else { name.0.clone() };
            if let Some(property) = property("requires", &format!("{name} {constraint}")) {
                component.properties.push(property);
            }
            requires.push(Asked {
                name,
                is_project: is_wheel,
                constraint,
                extras: Vec::new(),
                of_extra: String::new(),
                marker: "".into(),
                place,
            });
        }
        let (scope, group) = self.scope();
        Ok(Package {
            component,
            place: self.place(source),
            solutions: vec![solution],
            projects: if is_wheel { vec![Cow::Owned(pep508::normal(&self.name))] } else { projects(&self.name) },
            requires,
            scope,
            group,
            optional: BTreeMap::new(),
            extras: Vec::new(),
            builds: Vec::new(),
        })
    }

    fn conda(&self) -> Component {
        let Some(address) = Address::read(&self.url) else {
            let address =
                Address { name: &self.name, version: &self.version, build: &self.build, ..Address::default() };
            let mut component = address.component();
            if !self.url.is_empty() {
                component.origin = Origin::url(&plain(&self.url));
            }
            return component;
        };
        Address { name: &self.name, version: &self.version, ..address }.component()
    }

    /// Returns how the project itself means it: conda-lock writes the category of whoever asks for it.
    fn scope(&self) -> (Scope, Text) {
        match &*self.category {
            "" | "main" if !self.optional => (Scope::Runtime, ""),
            "" | "main" => (Scope::Optional, ""),
            "dev" => (Scope::Dev, ""),
            other => (Scope::Optional, intern::text(other)),
        }
    }
}
