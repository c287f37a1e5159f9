//! `environment.yml`: the packages that conda is asked for, and those that it leaves to pip.
//!
//! Specifications: conda's user guide, "Creating an environment file manually", and its package match specifications. What
//! `conda env export` writes names version and build of each package; what people write seldom does.

use std::borrow::Cow;
use std::fmt;

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::address::{Address, channel_name, is_subdir, plain};
use super::solved::{is_virtual, split};
use super::text::Scalar;
use super::wheel;
use crate::entry;
use crate::formats::conda::conda_lock;
use crate::formats::pypi::constraint::pinned;
use crate::formats::pypi::pep508::{self, shown};
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::{self, Source};
use crate::syntax::yaml;

entry! {
    /// `environment.yml`, what conda is told to install, and pip after it.
    ///
    /// What names an exact version (`numpy==2.3.5`, `numpy=2.3.5=py313hf6604e3_0`) is a component; a single `=` leaves the
    /// rest of the version open, and is reported as such. Where a `conda-lock.yml` beside it says that it was made of this
    /// file, that has the versions, and nothing is reported here.
    pub EnvironmentYml = "environment-yml"
}

impl Format for EnvironmentYml {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "environment.yml",
            "environment.yaml",
            "environment-*.yml",
            "environment-*.yaml",
            "environment_*.yml",
            "environment_*.yaml",
        ]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.trim().is_empty() || text.lines().any(|line| line.starts_with("dependencies:"))
    }

    fn recognizes(&self, text: &str) -> bool {
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        has("dependencies:") && (has("channels:") || has("prefix:"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file: File<'_> = yaml::read(source)?;
        let mut inventory = Inventory::new(source, "environment-yml");
        inventory.says = Says { edges: false, integrity: false, licence: false, ..Says::ALL };
        for channel in file.channels.iter().flatten().filter(|channel| &***channel != "nodefaults") {
            inventory.look_up(&plain(channel), source.place(channel));
        }
        let mut reader = Reader { source, inventory, index: Origin::Unknown };
        // An index holds for all that pip installs, wherever it stands.
        let wheels = || file.dependencies.iter().flatten().flat_map(Item::wheels);
        wheels().for_each(|item| reader.option(item));
        for item in file.dependencies.iter().flatten() {
            if let Item::Package(text) = item {
                reader.package(text);
            }
        }
        wheels().for_each(|item| reader.wheel(item));
        let Reader { mut inventory, .. } = reader;
        if inventory.nodes.len() == 1 && inventory.declared.is_empty() && inventory.faults.is_empty() {
            inventory.fault(source.start(), "the file asks for nothing");
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let locks = near.below(folder, "conda-lock");
        let is_locked = locks.filter_map(|lock| Some((lock, lock.manifest.as_ref()?))).any(|(lock, manifest)| {
            let sources = manifest.facts.iter().filter(|fact| fact.0 == conda_lock::SOURCE);
            let mut paths = sources.filter_map(|fact| source::join(source::folder(lock.subject), fact.1));
            paths.any(|path| path == inventory.subject)
        });
        if is_locked {
            inventory.declared.clear();
        }
    }
}

#[derive(Deserialize)]
struct File<'t> {
    #[serde(borrow)]
    channels: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    dependencies: Option<Vec<Item<'t>>>,
}

/// An entry of the dependencies.
enum Item<'t> {
    /// A package of conda's.
    Package(Scalar<'t>),
    /// What is left to pip.
    Wheels(Vec<Scalar<'t>>),
    /// Another tool's, or nothing.
    Other,
}

impl<'t> Item<'t> {
    fn wheels(&self) -> &[Scalar<'t>] {
        match self {
            Item::Wheels(wheels) => wheels,
            _ => &[],
        }
    }
}

impl<'de: 't, 't> Deserialize<'de> for Item<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Item<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a package, or `pip:` and a list")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Item::Package(Scalar(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Item::Package(Scalar(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Item::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut item = Item::Other;
                while let Some(key) = map.next_key::<Scalar<'de>>()? {
                    match &*key {
                        "pip" => item = Item::Wheels(map.next_value::<Option<Vec<Scalar<'de>>>>()?.unwrap_or_default()),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(item)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: Inventory,
    /// The main index of pip, where the file names one.
    index: Origin,
}

impl Reader<'_, '_> {
    fn add(&mut self, name: &str, component: Component, constraint: Text, environment: Text) {
        let place = self.source.place(name);
        let node = self.inventory.add(component, place);
        self.inventory.nodes[node as usize].environment = environment;
        let requirement = Requirement { constraint, environment, ..Requirement::default() };
        self.inventory.edge(SUBJECT, node, requirement, place);
    }

    fn declare(&mut self, name: &str, constraint: Text, environment: Text) {
        let requirement = Requirement { constraint, environment, ..Requirement::default() };
        self.inventory.declare(SUBJECT, intern::text(name), requirement, self.source.place(name), Gap::Unpinned);
    }

    /// Takes up a package of conda's.
    fn package(&mut self, text: &str) {
        if let Some(address) = Address::read(text).filter(|_| text.contains("://")) {
            return self.add(address.name, address.component(), "", "");
        }
        let (name, constraint) = split(text);
        if name.is_empty() || is_virtual(name) {
            if name.is_empty() && !text.trim().is_empty() {
                let message = format!("\"{}\" is no package of conda's", shown(text));
                self.inventory.fault(self.source.place(text), message);
            }
            return;
        }
        let written = intern::text(constraint);
        let Some(pin) = Pin::read(constraint) else { return self.declare(name, written, "") };
        // `conda list --export` calls what pip installed so.
        if pin.build.starts_with("pypi_") && pep508::is_name(name) {
            return self.add(name, Component::new(Purl::new("pypi", "", name, pin.version)), written, "");
        }
        let channel = text.trim().rsplit_once("::").map_or("", |(channel, _)| channel);
        let (channel, subdir) = match channel.rsplit_once('/').filter(|(_, subdir)| is_subdir(subdir)) {
            Some(parted) => parted,
            None => (channel, ""),
        };
        let qualifiers = [("build", pin.build), ("channel", channel_name(&plain(channel))), ("subdir", subdir)];
        let purl = Purl::build("conda", "", name, pin.version, &qualifiers, "");
        let mut component = Component::new(purl);
        if !channel.is_empty() {
            component.origin = Origin::registry(&plain(channel));
        }
        if !pin.pattern.is_empty() {
            component.properties.push(("conda:build", intern::text(pin.pattern)));
        }
        self.add(name, component, written, "");
    }

    /// Takes up what an option of pip says of the places that are looked at.
    fn option(&mut self, text: &str) {
        let Some((option, address)) = text.trim().split_once([' ', '=']) else { return };
        let address = address.trim_start_matches(['=', ' ']).trim();
        let is_index = matches!(option, "-i" | "--index-url");
        if is_index || matches!(option, "--extra-index-url" | "-f" | "--find-links") {
            self.inventory.look_up(&plain(address), self.source.place(address));
        }
        if is_index {
            self.index = Origin::registry(&plain(address));
        }
    }

    /// Takes up what is left to pip. Files that it is to read are subjects of their own.
    fn wheel(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() || text.starts_with(['-', '.', '/']) {
            return;
        }
        let read = match pep508::Requirement::read(text) {
            Ok(read) => read,
            Err(message) => {
                let address = pep508::Address::read(text);
                match address.name {
                    Some(name) => {
                        self.add(name, wheel::component(name, "", text, true), "", "");
                        if address.floats {
                            self.declare(name, pep508::constraint_of(text), "");
                        }
                    }
                    None if text.contains("://") => {}
                    None => self.inventory.fault(self.source.place(text), message),
                }
                return;
            }
        };
        let (constraint, environment) = (read.constraint(), intern::text(read.marker));
        if !read.address.is_empty() {
            let component = wheel::component(read.name, "", read.address, true);
            let floats = pep508::Address::read(read.address).floats;
            self.add(read.name, component, constraint, environment);
            if floats {
                self.declare(read.name, constraint, environment);
            }
            return;
        }
        let Some(version) = pinned(read.specifiers) else { return self.declare(read.name, constraint, environment) };
        let mut component = Component::new(Purl::new("pypi", "", read.name, version));
        component.origin = self.index;
        self.add(read.name, component, constraint, environment);
    }
}

/// An exact version, and the build where it is named.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pin<'t> {
    version: &'t str,
    build: &'t str,
    /// A pattern that the build must fit.
    pattern: &'t str,
}

impl<'t> Pin<'t> {
    /// Reads what is asked of a package; none where that leaves a choice of versions.
    fn read(text: &'t str) -> Option<Self> {
        let parts = |text: &'t str| text.split_once(['=', ' ']).unwrap_or((text, ""));
        let (version, build) = match text.strip_prefix("==") {
            Some(rest) => parts(rest.trim_start()),
            None => match text.strip_prefix('=') {
                // One `=` leaves open what follows, unless a build is named too.
                Some(rest) => rest.split_once('=').filter(|(_, build)| !build.contains(['*', '^']))?,
                None => parts(text),
            },
        };
        let (version, build) = (version.trim(), build.trim());
        let is_version = version.starts_with(|first: char| first.is_ascii_alphanumeric())
            && !version.contains(|sign: char| "*,|<>~^=[]'\" ".contains(sign));
        if !is_version || build.contains(|sign: char| "=,[]'\" ".contains(sign)) {
            return None;
        }
        let is_pattern = build.contains(['*', '^']);
        Some(match is_pattern {
            true => Pin { version, build: "", pattern: build },
            false => Pin { version, build, pattern: "" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_told_from_ranges() {
        let pin = |version, build, pattern| Some(Pin { version, build, pattern });
        for (text, expected) in [
            ("=2.3.5=py313hf6604e3_0", pin("2.3.5", "py313hf6604e3_0", "")),
            ("==2.3.5", pin("2.3.5", "", "")),
            ("==2.3.5=py313_0", pin("2.3.5", "py313_0", "")),
            ("==2.3.5 py313_0", pin("2.3.5", "py313_0", "")),
            ("==2.3.5=*cuda12*", pin("2.3.5", "", "*cuda12*")),
            ("2.3.5", pin("2.3.5", "", "")),
            ("2.3.5 py313_0", pin("2.3.5", "py313_0", "")),
            ("==1!2.0+cpu", pin("1!2.0+cpu", "", "")),
            ("=2.3.5", None),
            ("=2.3.5=*cuda*", None),
            ("==2.3.*", None),
            ("2.3.*", None),
            (">=2.3,<3", None),
            ("==2.3|==2.4", None),
            ("!=2.3", None),
            ("[version='2.3.5']", None),
            ("", None),
            ("*", None),
        ] {
            assert_eq!(Pin::read(text), expected, "{text}");
        }
    }
}
