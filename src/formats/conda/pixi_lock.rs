//! `pixi.lock`, versions 4 to 7.
//!
//! Specification: rattler's `crates/rattler_lock`. For each environment and platform the file lists addresses; what these
//! are stands once below, under `packages`. Up to version 5 all that an address says is spelled out beside it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;

use super::address::{Address, plain};
use super::conda_lock::digests;
use super::solved::{self, Asked, Package, Solution, property};
use super::text::Scalar;
use super::wheel;
use crate::entry;
use crate::formats::pypi::pep508::{self, shown};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, Kind, Origin, Scope};
use crate::source::Source;
use crate::syntax::yaml;

entry! {
    /// `pixi.lock`, every package that pixi resolved for each environment and platform, of conda and of Python's index.
    ///
    /// Versions 4 to 7. A package that several environments share is one component, and says which lock it. What the
    /// project itself asks for stands in its `pixi.toml`; here the packages that no other requires count as direct. What a
    /// package asks of the machine (`__cuda`, `__glibc`) is kept as its property. A package that is built of its source
    /// requires, to build it, what version 7 locks for that (`build_packages`, `host_packages`).
    pub PixiLock = "pixi-lock"
}

impl Format for PixiLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["pixi.lock"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let has = |word| text.contains(word);
        has("\nenvironments:")
            && has("\npackages:")
            && ["- conda: ", "- pypi: ", "- conda_source: "].into_iter().any(has)
            && has("version: ")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = yaml::read(source)?;
        check(source, &lock)?;
        let mut inventory = Inventory::new(source, "pixi-lock");
        let mut solutions = Vec::new();
        let mut locked: HashMap<usize, Vec<u32>> = HashMap::new();
        let entries = Entries::of(&lock.packages);
        let subdirs: HashMap<&str, &str> =
            lock.platforms.iter().map(|platform| (&*platform.name, &*platform.subdir)).collect();
        for (name, environment) in &lock.environments {
            for address in environment.channels.iter().map(|channel| &channel.url).chain(&environment.indexes) {
                let address: &str = address;
                if address.contains("://") {
                    inventory.look_up(&plain(address), source.place(address));
                }
            }
            for (platform, references) in environment.packages.iter().flatten() {
                let number = solutions.len() as u32;
                let platform = match subdirs.get(&**platform) {
                    Some(subdir) if !subdir.is_empty() && *subdir != &**platform => {
                        intern::text(&format!("{subdir}/{}", &**platform))
                    }
                    _ => intern::text(platform),
                };
                solutions.push(Solution { environment: intern::text(name), platform, is_build: false });
                for found in entries.all_of(references.iter().flatten(), source, &mut inventory) {
                    locked.entry(found).or_default().push(number);
                }
            }
        }
        let builds = lock_builds(&entries, source, &mut inventory, &mut solutions, &mut locked);
        let mut packages = Vec::with_capacity(locked.len());
        for (number, entry) in lock.packages.iter().enumerate() {
            let Some(solutions) = locked.remove(&number) else { continue };
            match entry.package(source, solutions) {
                Ok(package) => {
                    packages.push(Package { builds: builds.get(&number).cloned().unwrap_or_default(), ..package })
                }
                Err(message) => inventory.fault(source.place(entry.location()), message),
            }
        }
        solved::add(&mut inventory, &solutions, packages);
        Ok(inventory)
    }
}

/// Locks what packages that are built of their source are built with, and what that is built with in turn. Returns the
/// numbers of these solutions, by the package.
fn lock_builds<'t>(
    entries: &Entries<'_, 't>,
    source: &Source<'t>,
    inventory: &mut Inventory,
    solutions: &mut Vec<Solution>,
    locked: &mut HashMap<usize, Vec<u32>>,
) -> HashMap<usize, Vec<u32>> {
    let mut builds: HashMap<usize, Vec<u32>> = HashMap::new();
    let mut open: Vec<usize> = locked.keys().copied().collect();
    open.sort_unstable();
    while let Some(number) = open.pop() {
        let entry = &entries.all[number];
        for (references, platform) in [(&entry.build_packages, "build"), (&entry.host_packages, "host")] {
            let Some(references) = references else { continue };
            let solution = solutions.len() as u32;
            let environment = intern::text(entry.named());
            solutions.push(Solution { environment, platform, is_build: true });
            builds.entry(number).or_default().push(solution);
            for found in entries.all_of(references, source, inventory) {
                if !locked.contains_key(&found) {
                    open.push(found);
                }
                locked.entry(found).or_default().push(solution);
            }
        }
    }
    builds
}

/// Looks whether this is a lock that can be read.
fn check(source: &Source<'_>, lock: &Lock<'_>) -> Result<()> {
    match lock.version.as_deref() {
        Some("4" | "5" | "6" | "7") => {}
        Some(version) => {
            let old = matches!(version, "1" | "2" | "3");
            let then = if old { "; write it anew with `pixi lock`" } else { "" };
            let message = format!("version {} of pixi.lock is not known; 4 to 7 are read{then}", shown(version));
            return Err(source.fault(source.place(version), message));
        }
        None => return Err(source.fault(source.start(), "no version in it; is it a lock of pixi's?")),
    }
    if lock.environments.is_empty() {
        return Err(source.fault(source.start(), "the lock has no environments; run `pixi lock`"));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Lock<'t> {
    #[serde(borrow)]
    version: Option<Scalar<'t>>,
    #[serde(borrow, default)]
    platforms: Vec<Platform<'t>>,
    #[serde(borrow, default)]
    environments: BTreeMap<Scalar<'t>, Environment<'t>>,
    #[serde(borrow, default)]
    packages: Vec<Entry<'t>>,
}

/// A platform as version 7 describes it: with a name of its own, where there are several of one kind.
#[derive(Deserialize)]
struct Platform<'t> {
    #[serde(borrow)]
    name: Scalar<'t>,
    #[serde(borrow, default)]
    subdir: Scalar<'t>,
}

#[derive(Deserialize)]
struct Environment<'t> {
    #[serde(borrow, default)]
    channels: Vec<Channel<'t>>,
    #[serde(borrow, default)]
    indexes: Vec<Scalar<'t>>,
    #[serde(borrow, default)]
    packages: Option<BTreeMap<Scalar<'t>, Option<Vec<Reference<'t>>>>>,
}

#[derive(Deserialize)]
struct Channel<'t> {
    #[serde(borrow, default)]
    url: Scalar<'t>,
}

/// A package in an environment: its address, and what else tells it from others there.
#[derive(Deserialize)]
struct Reference<'t> {
    #[serde(borrow)]
    conda: Option<Scalar<'t>>,
    #[serde(borrow)]
    pypi: Option<Scalar<'t>>,
    #[serde(borrow)]
    conda_source: Option<Scalar<'t>>,
    #[serde(borrow)]
    name: Option<Scalar<'t>>,
}

impl Reference<'_> {
    fn location(&self) -> &str {
        self.conda.as_ref().or(self.pypi.as_ref()).or(self.conda_source.as_ref()).map_or("", |location| location)
    }
}

/// A package.
#[derive(Deserialize)]
struct Entry<'t> {
    #[serde(borrow)]
    conda: Option<Scalar<'t>>,
    #[serde(borrow)]
    pypi: Option<Scalar<'t>>,
    #[serde(borrow)]
    conda_source: Option<Scalar<'t>>,
    #[serde(borrow)]
    kind: Option<Scalar<'t>>,
    #[serde(borrow)]
    url: Option<Scalar<'t>>,
    #[serde(borrow)]
    path: Option<Scalar<'t>>,
    #[serde(borrow)]
    name: Option<Scalar<'t>>,
    #[serde(borrow)]
    version: Option<Scalar<'t>>,
    #[serde(borrow)]
    build: Option<Scalar<'t>>,
    #[serde(borrow)]
    subdir: Option<Scalar<'t>>,
    #[serde(borrow)]
    md5: Option<Scalar<'t>>,
    #[serde(borrow)]
    sha256: Option<Scalar<'t>>,
    #[serde(borrow)]
    license: Option<Scalar<'t>>,
    #[serde(borrow)]
    index: Option<Scalar<'t>>,
    #[serde(borrow)]
    depends: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    constrains: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    requires_dist: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    purls: Option<Vec<Scalar<'t>>>,
    /// What is built, where it stands at another place than its recipe; so called up to version 6.
    #[serde(borrow)]
    package_build_source: Option<Built<'t>>,
    /// The same in version 7.
    #[serde(borrow)]
    source: Option<Built<'t>>,
    /// What runs while it is built.
    #[serde(borrow)]
    build_packages: Option<Vec<Reference<'t>>>,
    /// What it is built against.
    #[serde(borrow)]
    host_packages: Option<Vec<Reference<'t>>>,
}

/// Where the source stands that a package is built of.
#[derive(Deserialize)]
struct Built<'t> {
    #[serde(borrow)]
    url: Option<Scalar<'t>>,
    #[serde(borrow)]
    git: Option<Scalar<'t>>,
    #[serde(borrow)]
    rev: Option<Scalar<'t>>,
    #[serde(borrow)]
    branch: Option<Scalar<'t>>,
    #[serde(borrow)]
    tag: Option<Scalar<'t>>,
    #[serde(borrow)]
    path: Option<Scalar<'t>>,
}

impl Built<'_> {
    fn origin(&self) -> Origin {
        let said = |scalar| given(scalar).unwrap_or_default();
        match (given(self.git.as_ref()), given(self.url.as_ref()), given(self.path.as_ref())) {
            (Some(git), ..) => {
                let reference = given(self.tag.as_ref()).or(given(self.branch.as_ref())).unwrap_or_default();
                Origin::git(git, said(self.rev.as_ref()), reference)
            }
            (None, Some(url), _) => Origin::url(&plain(url)),
            (None, None, Some(path)) => Origin::path(path),
            (None, None, None) => Origin::Unknown,
        }
    }
}

impl<'t> Entry<'t> {
    fn location(&self) -> &str {
        let new = self.conda.as_ref().or(self.pypi.as_ref()).or(self.conda_source.as_ref());
        new.or(self.url.as_ref()).or(self.path.as_ref()).map_or("", |location| location)
    }

    /// Returns what the package is called where it says so, or else its address.
    fn named(&self) -> &str {
        let spelled = self.conda_source.as_deref().and_then(|source| source.split(['[', ' ']).next());
        given(self.name.as_ref()).or(spelled).unwrap_or_else(|| self.location())
    }

    fn is_project(&self) -> bool {
        self.pypi.is_some() || self.kind.as_deref() == Some("pypi")
    }

    fn package<'l>(&'l self, source: &Source<'t>, solutions: Vec<u32>) -> Result<Package<'l>, String> {
        let mut requires = Vec::new();
        let (mut component, place, projects) = if self.is_project() {
            let name = given(self.name.as_ref()).unwrap_or_default();
            if !pep508::is_name(name) {
                return Err("a package of Python's index without a name".to_owned());
            }
            requires.extend(self.requires_dist.iter().flatten().filter_map(|text| asked(source, text)));
            (self.project(name), source.place(name), vec![Cow::Owned(pep508::normal(name))])
        } else {
            let (mut component, name) = self.conda()?;
            for text in self.depends.iter().flatten() {
                component.properties.extend(property("requires", text));
                requires.push(Asked::conda(text, source.place(text)));
            }
            for text in self.constrains.iter().flatten() {
                component.properties.extend(property("constrains", text));
            }
            component.licence = intern::text(given(self.license.as_ref()).unwrap_or_default());
            (component, source.place(name), self.projects(name))
        };
        // The digest of a folder is that of its manifest, which changes with each edit.
        if !matches!(component.origin, Origin::Path(_) | Origin::Git { .. }) {
            component.digests.extend(digests(self.md5.as_deref(), self.sha256.as_deref())?);
        }
        Ok(Package {
            component,
            place,
            solutions,
            projects,
            requires,
            scope: Scope::Runtime,
            group: "",
            builds: Vec::new(),
        })
    }

    fn project(&self, name: &str) -> Component {
        let version = self.version.as_deref().unwrap_or_default();
        let mut component = wheel::component(name, version, self.location(), false);
        if matches!(self.location(), "." | "./") {
            component.kind = Kind::Application;
        }
        if let (Some(index), Origin::Registry(_)) = (&self.index, component.origin) {
            component.origin = Origin::registry(index);
        }
        component
    }

    /// Returns a package of conda's and its name where that is spelled.
    fn conda(&self) -> Result<(Component, &str), String> {
        let location = self.location();
        if let Some(address) = Address::read(location) {
            let address = Address {
                name: given(self.name.as_ref()).unwrap_or(address.name),
                version: given(self.version.as_ref()).unwrap_or(address.version),
                build: given(self.build.as_ref()).unwrap_or(address.build),
                subdir: given(self.subdir.as_ref()).unwrap_or(address.subdir),
                ..address
            };
            return Ok((address.component(), address.name));
        }
        // A package that is built of its source: `name[hash] @ place` in version 7, before it a place alone.
        let (spelled, place) = match self.conda_source.is_some() {
            true => location.split_once(" @ ").unwrap_or((location, location)),
            false => ("", location),
        };
        let spelled = spelled.split('[').next().unwrap_or(spelled).trim();
        let last = place.split(['?', '#']).next().unwrap_or(place).trim_end_matches(['/', '\\']);
        let last = last.rsplit(['/', '\\']).next().unwrap_or(last);
        let name = given(self.name.as_ref()).or(Some(spelled).filter(|name| !name.is_empty())).unwrap_or(last);
        if name.is_empty() || name == "." {
            return Err(format!("\"{}\" is no address of a conda package, and has no name", shown(location)));
        }
        let address = Address {
            name,
            version: given(self.version.as_ref()).unwrap_or_default(),
            build: given(self.build.as_ref()).unwrap_or_default(),
            subdir: given(self.subdir.as_ref()).unwrap_or_default(),
            ..Address::default()
        };
        let mut component = address.component();
        let built = self.source.as_ref().or(self.package_build_source.as_ref());
        component.origin = built.map_or_else(|| of_source(place), Built::origin);
        Ok((component, name))
    }

    /// Returns the Python projects that a package of conda's is: those that it names, or the one of its own name.
    fn projects<'l>(&'l self, name: &'l str) -> Vec<Cow<'l, str>> {
        match &self.purls {
            None => solved::projects(name),
            Some(purls) => purls
                .iter()
                .filter_map(|purl| purl.strip_prefix("pkg:pypi/"))
                .map(|rest| Cow::Owned(pep508::normal(rest.split(['?', '@', '#']).next().unwrap_or(rest))))
                .collect(),
        }
    }
}

/// Returns what a field says; none where it says nothing.
fn given<'l>(scalar: Option<&'l Scalar<'_>>) -> Option<&'l str> {
    scalar.map(|scalar| &**scalar).filter(|text| !text.is_empty())
}

/// Returns where a package's source is: `git+https://…?tag=v1#commit`, an archive or a folder.
fn of_source(place: &str) -> Origin {
    let Some(repository) = place.strip_prefix("git+") else {
        return if place.contains("://") { Origin::url(&plain(place)) } else { Origin::path(place) };
    };
    let (url, commit) = repository.split_once('#').unwrap_or((repository, ""));
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let reference = pairs.find(|(key, _)| matches!(*key, "tag" | "branch" | "rev")).map_or("", |(_, value)| value);
    Origin::git(url, commit, reference)
}

/// Reads what a wheel requires; none for what an extra asks for, as the lock does not say which are on.
fn asked<'l>(source: &Source<'_>, text: &'l str) -> Option<Asked<'l>> {
    let requirement = pep508::Requirement::read(text).ok()?;
    let asks_extra = requirement.marker.split(|sign: char| !sign.is_ascii_alphanumeric()).any(|word| word == "extra");
    (!asks_extra).then(|| Asked {
        name: Cow::Owned(pep508::normal(requirement.name)),
        is_project: true,
        constraint: Cow::Borrowed(requirement.specifiers),
        marker: requirement.marker,
        place: source.place(requirement.name),
    })
}

/// The packages by their addresses.
struct Entries<'l, 't> {
    all: &'l [Entry<'t>],
    by_location: HashMap<(bool, &'l str), Vec<usize>>,
}

impl<'l, 't> Entries<'l, 't> {
    fn of(all: &'l [Entry<'t>]) -> Self {
        let mut by_location: HashMap<(bool, &str), Vec<usize>> = HashMap::with_capacity(all.len());
        for (number, entry) in all.iter().enumerate() {
            by_location.entry((entry.is_project(), entry.location())).or_default().push(number);
        }
        Entries { all, by_location }
    }

    /// Returns what some references mean, and tells of those that mean nothing.
    fn all_of<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference<'t>>,
        source: &Source<'t>,
        inventory: &mut Inventory,
    ) -> Vec<usize>
    where
        't: 'r,
    {
        let mut all = Vec::new();
        for reference in references {
            match self.find(reference) {
                Some(found) => all.push(found),
                None => {
                    let location = reference.location();
                    let message = format!("\"{}\" is not among the packages of the lock", shown(location));
                    inventory.fault(source.place(location), message);
                }
            }
        }
        all
    }

    /// Finds what a reference means; where several packages are built at one place, by the name.
    fn find(&self, reference: &Reference<'_>) -> Option<usize> {
        let found = self.by_location.get(&(reference.pypi.is_some(), reference.location()))?;
        let Some(name) = reference.name.as_deref() else { return found.first().copied() };
        let is_named = |number: &&usize| self.all[**number].name.as_deref().is_none_or(|own| own == name);
        found.iter().take(256).find(is_named).copied()
    }
}
