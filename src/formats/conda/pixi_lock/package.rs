//! A package of the lock: what it is, and what it requires.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::raw::{Built, Entry, given};
use crate::formats::conda::address::{Address, is_subdir, plain};
use crate::formats::conda::conda_lock::digests;
use crate::formats::conda::solved::{self, Asked, Package, property};
use crate::formats::conda::wheel;
use crate::formats::pypi::marker::without_extras;
use crate::formats::pypi::pep508::{self, normal, shown};
use crate::intern;
use crate::model::{Component, Kind, Origin, Scope};
use crate::source::Source;

/// How many projects one package may be; real ones are one or two.
const MOST: usize = 16;

impl<'t> Entry<'t> {
    /// Returns its address.
    pub(super) fn location(&self) -> &str {
        let new = self.conda.as_ref().or(self.pypi.as_ref()).or(self.conda_source.as_ref());
        new.or(self.url.as_ref()).or(self.path.as_ref()).map_or("", |location| location)
    }

    /// Returns what the package is called where it says so, or else its address.
    pub(super) fn named(&self) -> &str {
        let spelled = self.conda_source.as_deref().and_then(|source| source.split(['[', ' ']).next());
        given(self.name.as_ref()).or(spelled).unwrap_or_else(|| self.location())
    }

    /// Says whether it is of Python's index.
    pub(super) fn is_project(&self) -> bool {
        self.pypi.is_some() || self.kind.as_deref() == Some("pypi")
    }

    /// Returns the package, in these solutions.
    pub(super) fn package<'l>(&'l self, source: &Source<'t>, solutions: Vec<u32>) -> Result<Package<'l>, String> {
        let mut requires = Vec::new();
        let mut optional: BTreeMap<String, Vec<Asked<'_>>> = BTreeMap::new();
        let (mut component, place, projects) = if self.is_project() {
            let name = given(self.name.as_ref()).unwrap_or_default();
            if !pep508::is_name(name) {
                return Err("a package of Python's index without a name".to_owned());
            }
            for text in self.requires_dist.iter().flatten() {
                let Some((extras, asked)) = asked(source, text) else { continue };
                match &extras[..] {
                    [] => requires.push(asked),
                    extras => extras.iter().for_each(|extra| {
                        optional.entry(normal(extra)).or_default().push(asked.clone());
                    }),
                }
            }
            (self.project(name), source.place(name), vec![Cow::Owned(pep508::normal(name))])
        } else {
            let (mut component, name) = self.conda()?;
            for text in self.depends.iter().flatten() {
                component.properties.extend(property("requires", text));
                requires.push(Asked::conda(text, source.place(text)));
            }
            for (extra, texts) in self.extra_depends.iter().flatten() {
                let asked = texts.iter().map(|text| Asked::conda(text, source.place(text)));
                optional.entry(normal(extra)).or_default().extend(asked);
            }
            for text in self.constrains.iter().flatten() {
                component.properties.extend(property("constrains", text));
            }
            component.licence = intern::text(given(self.license.as_ref()).unwrap_or_default());
            (component, source.place(name), self.projects(name))
        };
        // A folder is spelled with a slash at its end or without one.
        if let Origin::Path(path) = component.origin {
            component.origin = Origin::path(if path == "./" { "." } else { path.strip_suffix('/').unwrap_or(path) });
        }
        if self.is_archive() {
            component.digests.extend(digests(self.md5.as_deref(), self.sha256.as_deref())?);
        } else if let Some(built) = self.built() {
            component.digests.extend(digests(None, built.sha256.as_deref())?);
        }
        Ok(Package {
            component,
            place,
            solutions,
            projects,
            requires,
            optional,
            extras: Vec::new(),
            scope: Scope::Runtime,
            group: "",
            builds: Vec::new(),
        })
    }

    /// Says whether it is one file. The digest of a folder is that of its manifest, which changes with each edit.
    fn is_archive(&self) -> bool {
        let location = self.location();
        if location.starts_with("git+") || self.conda_source.is_some() {
            return false;
        }
        let path = location.split(['?', '#']).next().unwrap_or(location);
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let is_of = |suffix: &&str| file.ends_with(*suffix);
        path.contains("://") || file.contains(".tar.") || [".conda", ".whl", ".zip", ".tgz", ".tar"].iter().any(is_of)
    }

    /// Returns where what is built stands, if not beside its recipe.
    fn built(&self) -> Option<&Built<'t>> {
        self.source.as_ref().or(self.package_build_source.as_ref())
    }

    fn project(&self, name: &str) -> Component {
        let version = self.version.as_deref().unwrap_or_default();
        let location = self.location();
        let mut component = wheel::component(name, version, location, false);
        // `git+https://…?branch=main#commit`; early versions wrote `@commit` as pip does.
        if location.starts_with("git+") && location.contains(['?', '#']) {
            component.origin = of_source(location);
        }
        if matches!(location, "." | "./") {
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
        if let Some(address) = Address::read(location).or_else(|| self.wheel()) {
            let address = Address {
                channel: given(self.channel.as_ref()).unwrap_or(address.channel),
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
            return Err(format!("\"{}\" is no address of a conda package, and has no name", shown(&plain(location))));
        }
        let address = Address {
            name,
            version: given(self.version.as_ref()).unwrap_or_default(),
            build: given(self.build.as_ref()).unwrap_or_default(),
            subdir: given(self.subdir.as_ref()).unwrap_or_default(),
            ..Address::default()
        };
        let mut component = address.component();
        component.origin = self.built().map_or_else(|| of_source(place), Built::origin);
        Ok((component, name))
    }

    /// Returns the address of a wheel in a channel, whose name tells no build of conda's.
    fn wheel(&self) -> Option<Address<'_>> {
        let (folder, _) = self.location().rsplit_once('/').filter(|(_, file)| file.ends_with(".whl"))?;
        let (channel, subdir) = folder.rsplit_once('/').filter(|(_, subdir)| is_subdir(subdir)).unwrap_or((folder, ""));
        Some(Address { channel, subdir, name: given(self.name.as_ref())?, ..Address::default() })
    }

    /// Returns the Python projects that a package of conda's is: those that it names, or the one of its own name.
    fn projects<'l>(&'l self, name: &'l str) -> Vec<Cow<'l, str>> {
        match &self.purls {
            None => solved::projects(name),
            Some(purls) => purls
                .iter()
                .filter_map(|purl| purl.strip_prefix("pkg:pypi/"))
                .take(MOST)
                .map(|rest| Cow::Owned(pep508::normal(rest.split(['?', '@', '#']).next().unwrap_or(rest))))
                .collect(),
        }
    }
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

/// Reads what a wheel requires, and which extras do where any does.
fn asked<'l>(source: &Source<'_>, text: &'l str) -> Option<(Vec<&'l str>, Asked<'l>)> {
    let requirement = pep508::Requirement::read(text).ok()?;
    let (of_extras, marker) = without_extras(requirement.marker);
    let asked = Asked {
        name: Cow::Owned(normal(requirement.name)),
        is_project: true,
        constraint: Cow::Borrowed(requirement.specifiers),
        extras: requirement.extras,
        of_extra: String::new(),
        marker: Cow::Owned(marker),
        place: source.place(requirement.name),
    };
    Some((of_extras, asked))
}
