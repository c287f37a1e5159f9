//! `build.sbt.lock`, which the plugin sbt-dependency-lock writes.
//!
//! Specification: the plugin's documentation, "Lock file"; its version 1 is the only one.

use anyhow::Result;
use serde::Deserialize;

use super::coordinates::{self, Coordinates};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Digest, Inventory, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Located, Str};

entry! {
    /// `build.sbt.lock`, what sbt resolved for a Scala project, as the plugin sbt-dependency-lock keeps it.
    ///
    /// The configurations are the environment of each requirement, and say how it is meant. The digests are SHA-1. Who
    /// requires whom the file does not say: everything counts as direct. Nor does it say which repository served a module.
    pub SbtLock = "sbt-lock"
}

impl Format for SbtLock {
    fn files(&self) -> &'static [&'static str] {
        &["build.sbt.lock", "*.sbt.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Environments]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains("\"lockVersion\"") && text.contains("\"org\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        match lock.version.as_ref().map(|version| (version.value, version.place(source))) {
            Some((1, _)) => {}
            Some((version, place)) => {
                let message = format!("lockVersion {version} of build.sbt.lock is not known; 1 is read");
                return Err(source.fault(place, message));
            }
            None => return Err(source.fault(source.start(), "no lockVersion in it; is it a build.sbt.lock?")),
        }
        let mut inventory = Inventory::new(source, "sbt-lock");
        inventory.says = Says { edges: false, origin: false, licence: false, ..Says::ALL };
        for entry in &lock.dependencies {
            let module = &entry.value;
            let place = module.name.place(source, entry.place(source));
            if module.org.is_empty() || module.name.is_empty() || module.version.is_empty() {
                inventory.fault(entry.place(source), "a dependency without an org, a name or a version; lock again");
                continue;
            }
            let coordinates = Coordinates {
                group: &module.org,
                artifact: &module.name,
                version: &module.version,
                ..Coordinates::default()
            };
            let mut component = Component::new(coordinates.purl());
            for artifact in &module.artifacts {
                match Digest::colon(&artifact.hash) {
                    Some(digest) => component.digests.push(digest),
                    None => inventory.fault(artifact.hash.place(source, place), "this is no digest"),
                }
            }
            let node = inventory.add(component, place);
            let scopes = module.configurations.iter().map(|name| match &**name {
                "optional" => Scope::Optional,
                name => coordinates::scope(name).unwrap_or(Scope::Build),
            });
            let names: Vec<&str> = module.configurations.iter().map(|name| &**name).collect();
            let scope = scopes.min().unwrap_or_default();
            let environment = intern::text(&names.join(","));
            inventory.edge(SUBJECT, node, Requirement { scope, environment, ..Requirement::default() }, place);
        }
        if lock.dependencies.is_empty() {
            inventory.fault(source.start(), "no dependency in it, not even Scala's own library; lock again");
        }
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct Lock<'t> {
    #[serde(rename = "lockVersion", borrow)]
    version: Option<Located<'t, u32>>,
    #[serde(default, borrow)]
    dependencies: Vec<Located<'t, Module<'t>>>,
}

#[derive(Deserialize)]
struct Module<'t> {
    #[serde(default, borrow)]
    org: Str<'t>,
    #[serde(default, borrow)]
    name: Str<'t>,
    #[serde(default, borrow)]
    version: Str<'t>,
    #[serde(default, borrow)]
    artifacts: Vec<Artifact<'t>>,
    #[serde(default, borrow)]
    configurations: Vec<Str<'t>>,
}

#[derive(Deserialize)]
struct Artifact<'t> {
    #[serde(default, borrow)]
    hash: Str<'t>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn versions_that_are_not_known_are_told() {
        for (text, message) in [
            (r#"{"lockVersion": 2}"#, "lockVersion 2 of build.sbt.lock is not known; 1 is read"),
            ("{}", "no lockVersion in it; is it a build.sbt.lock?"),
        ] {
            let source = Source { file: FileId(0), path: "build.sbt.lock", text };
            assert_eq!(SbtLock.parse(&source).unwrap_err().to_string(), message);
        }
    }
}
