//! `pubspec.lock`, what pub resolved.
//!
//! Specification: pub's `lib/src/lock_file.dart`.

use anyhow::Result;
use hashbrown::HashSet;

use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `pubspec.lock`, every package pub resolved for a Dart or Flutter project.
    ///
    /// Read are packages of a server (`hosted`) with their SHA-256, of git repositories at their commits, of folders (`path`) and
    /// of the SDK itself (`sdk`), with the versions that the lock spells. `direct dev` is what the project needs to
    /// develop; `direct main` and `direct overridden`, what it needs to run.
    ///
    /// The lock does not hold who requires whom: what is `transitive` counts as direct too, and as needed to run. It holds no
    /// licences. Which `sdks` the packages run on is not read.
    pub PubspecLock = "pubspec-lock"
}

impl Format for PubspecLock {
    fn files(&self) -> &'static [&'static str] {
        &["pubspec.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let packages =
            documents.first().and_then(|document| document.entries().iter().find(|entry| entry.key == "packages"));
        let Some(packages) = packages else {
            return Err(source.fault(source.start(), "no \"packages\" in it; write it anew with `dart pub get`"));
        };
        if packages.node.entries().is_empty() && !packages.node.is_null() && packages.node.text() != Some("{}") {
            let is_map = matches!(packages.node.value, yaml::Value::Map(_));
            if !is_map {
                return Err(
                    source.fault(packages.node.place, "\"packages\" is no map; write it anew with `dart pub get`")
                );
            }
        }
        let mut inventory = Inventory::new(source, "pubspec-lock");
        inventory.says = Says { edges: false, licence: false, ..Says::ALL };
        let mut seen = HashSet::new();
        for entry in packages.node.entries() {
            if !seen.insert(entry.key.as_str()) {
                inventory.fault(entry.place, format!("{} is listed twice", entry.key.escape_debug()));
                continue;
            }
            let scope = match entry.node.get("dependency").and_then(Node::text).unwrap_or_default() {
                "direct dev" => Scope::Dev,
                "direct main" | "direct overridden" | "transitive" => Scope::Runtime,
                other => {
                    let message = format!(
                        "{} is \"{}\", which is no kind of dependency that driftgate knows",
                        entry.key.escape_debug(),
                        other.escape_debug()
                    );
                    inventory.fault(entry.place, message);
                    Scope::Runtime
                }
            };
            match package(&entry.key, &entry.node) {
                Ok(component) => {
                    let node = inventory.add(component, entry.place);
                    inventory.edge(SUBJECT, node, Requirement::of(scope), entry.place);
                }
                Err(message) => inventory.fault(entry.place, message),
            }
        }
        Ok(inventory)
    }
}

/// Reads one package.
fn package(name: &str, node: &Node<'_>) -> Result<Component, String> {
    let text = |path: &[&str]| node.at(path).and_then(Node::text).unwrap_or_default();
    let described = |key: &str| text(&["description", key]);
    let version = text(&["version"]);
    if version.is_empty() {
        return Err(format!("{} has no version; write the lock anew with `dart pub get`", name.escape_debug()));
    }
    let named = Some(described("name")).filter(|name| !name.is_empty()).unwrap_or(name);
    let mut component = Component::new(Purl::new("pub", "", named, version));
    component.origin = match text(&["source"]) {
        "hosted" => {
            // Old locks spell the name alone, where the server is the usual one.
            let url = described("url");
            if url.is_empty() { Origin::Unknown } else { Origin::registry(url) }
        }
        "git" => Origin::git(described("url"), described("resolved-ref"), described("ref")),
        "path" => Origin::path(described("path")),
        "sdk" => Origin::Unknown,
        other => {
            return Err(format!(
                "{} is from \"{}\", which is no source that driftgate knows",
                name.escape_debug(),
                other.escape_debug()
            ));
        }
    };
    let hex = described("sha256");
    if !hex.is_empty() {
        let wrong = || format!("the sha256 \"{}\" of {} is no SHA-256 digest", hex.escape_debug(), name.escape_debug());
        component.digests.push(Digest::hex(Algorithm::Sha256, hex).ok_or_else(wrong)?);
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        PubspecLock.parse(&Source { file: FileId(0), path: "pubspec.lock", text })
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("sdks:\n  dart: \">=3.0.0\"\n", "no \"packages\" in it; write it anew with `dart pub get`"),
            ("packages: []\n", "\"packages\" is no map; write it anew with `dart pub get`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        for (entry, expected) in [
            ("dependency: transitive, source: hosted", "a has no version; write the lock anew with `dart pub get`"),
            (
                "dependency: transitive, source: svn, version: 1.0.0",
                "a is from \"svn\", which is no source that driftgate knows",
            ),
            (
                "dependency: odd, source: sdk, version: 0.0.0",
                "a is \"odd\", which is no kind of dependency that driftgate knows",
            ),
            (
                "dependency: transitive, source: hosted, version: 1.0.0, description: {sha256: zz}",
                "the sha256 \"zz\" of a is no SHA-256 digest",
            ),
        ] {
            let inventory = parse(&format!("packages:\n  a: {{{entry}}}\n")).unwrap();
            let faults: Vec<&str> = inventory.faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(faults, [expected]);
        }
        assert!(parse("packages: {}\n").unwrap().faults.is_empty(), "a project without packages is fine");
    }
}
