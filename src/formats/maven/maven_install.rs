//! `maven_install.json`, the lockfile of Bazel's rules_jvm_external.
//!
//! Specification: rules_jvm_external, `private/rules/v1_lock_file.bzl` to `v3_lock_file.bzl`. Version 1 is a list of files with
//! their coordinates; 2 and 3 are maps by `group:artifact[:kind[:classifier]]`, of which 3 hashes each input by itself.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::coordinates::Coordinates;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Gap, Inventory, NodeId, Origin, Requirement, SUBJECT, Says};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Located, Map, Str};

entry! {
    /// `maven_install.json`, what Bazel's rules_jvm_external resolved: artifacts, who requires whom, digests, repositories.
    ///
    /// Versions 1 to 3. Version 3 tells which artifacts were asked for; of the others those that nobody requires count as
    /// direct. Sources and documentation are left out. Where another version than the one asked for was taken
    /// (`conflict_resolution`), only that one is there.
    ///
    /// It does not say what is for tests only.
    pub MavenInstall = "maven-install"
}

impl Format for MavenInstall {
    fn files(&self) -> &'static [&'static str] {
        &["maven_install.json", "*_install.json", "*maven*lock*.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        path.ends_with("maven_install.json") || self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        let marks = ["\"__INPUT_ARTIFACTS_HASH\"", "\"__RESOLVED_ARTIFACTS_HASH\"", "\"dependency_tree\""];
        text.trim_start().starts_with('{') && marks.iter().any(|mark| text.contains(mark))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file: File<'_> = json::read(source)?;
        let mut inventory = Inventory::new(source, "maven-install");
        inventory.says = Says { scopes: false, licence: false, ..Says::ALL };
        let mut lock = Lock::default();
        match (file.tree.as_ref(), file.version.as_deref()) {
            (Some(tree), _) => match tree.version.as_deref() {
                None | Some("0.1.0") => lock.first(source, tree, &mut inventory),
                Some(version) => return Err(newer(source, tree.version.as_ref(), version)),
            },
            (None, Some("2" | "3")) => lock.second(source, &file, &mut inventory),
            (None, Some(version)) => return Err(newer(source, file.version.as_ref(), version)),
            (None, None) => {
                return Err(source.fault(source.start(), "no version in it; is it a lockfile of rules_jvm_external?"));
            }
        }
        lock.link(&mut inventory);
        // A project may ask for nothing yet.
        let is_said = match &file.tree {
            Some(tree) => tree.dependencies.is_some(),
            None => file.artifacts.is_some(),
        };
        if !is_said && inventory.faults.is_empty() {
            inventory.fault(source.start(), "no artifact in it; pin again");
        }
        Ok(inventory)
    }
}

fn newer(source: &Source<'_>, spelled: Option<&Str<'_>>, version: &str) -> anyhow::Error {
    let place = spelled.map_or(source.start(), |spelled| spelled.place(source, source.start()));
    let message = format!("version {} of maven_install.json is not known; 1 to 3 are read", version.escape_debug());
    source.fault(place, message)
}

#[derive(Deserialize)]
struct File<'t> {
    #[serde(default, borrow)]
    version: Option<Str<'t>>,
    #[serde(rename = "dependency_tree", default, borrow)]
    tree: Option<First<'t>>,
    #[serde(rename = "__INPUT_ARTIFACTS_HASH", default, borrow)]
    inputs: Option<Inputs<'t>>,
    #[serde(default, borrow)]
    artifacts: Option<Map<Str<'t>, Artifact<'t>>>,
    #[serde(default, borrow)]
    dependencies: Map<Str<'t>, Vec<Str<'t>>>,
    #[serde(default, borrow)]
    repositories: Map<Str<'t>, Vec<Str<'t>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Inputs<'t> {
    Each(#[serde(borrow)] BTreeMap<Str<'t>, serde::de::IgnoredAny>),
    All(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Artifact<'t> {
    #[serde(default, borrow)]
    version: Str<'t>,
    #[serde(default, borrow)]
    shasums: BTreeMap<Str<'t>, Option<Str<'t>>>,
}

/// Version 1.
#[derive(Deserialize)]
struct First<'t> {
    #[serde(default, borrow)]
    version: Option<Str<'t>>,
    #[serde(default, borrow)]
    dependencies: Option<Vec<Located<'t, Dependency<'t>>>>,
}

#[derive(Deserialize)]
struct Dependency<'t> {
    #[serde(default, borrow)]
    coord: Str<'t>,
    #[serde(rename = "directDependencies", default, borrow)]
    direct: Option<Vec<Str<'t>>>,
    #[serde(default, borrow)]
    dependencies: Vec<Str<'t>>,
    #[serde(default, borrow)]
    sha256: Option<Str<'t>>,
    #[serde(default, borrow)]
    url: Option<Str<'t>>,
}

/// Sources and documentation are no part of what runs.
fn is_beside(classifier: &str) -> bool {
    matches!(classifier, "sources" | "javadoc")
}

/// Reads `group:artifact[:kind[:classifier]]`, with a version behind where `versioned`.
fn coordinates(text: &str, versioned: bool) -> Option<Coordinates<'_>> {
    let mut parts: Vec<&str> = text.split(':').collect();
    let version = if versioned { parts.pop()? } else { "" };
    let (group, artifact, kind, classifier) = match parts[..] {
        [group, artifact] => (group, artifact, "", ""),
        [group, artifact, kind] => (group, artifact, kind, ""),
        [group, artifact, kind, classifier] => (group, artifact, kind, classifier),
        _ => return None,
    };
    let is_whole = !group.is_empty() && !artifact.is_empty() && version.is_empty() != versioned;
    is_whole.then_some(Coordinates { group, artifact, kind, classifier, version })
}

#[derive(Default)]
struct Lock {
    /// By the name that requirements use.
    nodes: BTreeMap<String, NodeId>,
    asked: Vec<(NodeId, String, Place)>,
    direct: BTreeSet<NodeId>,
}

impl Lock {
    fn first(&mut self, source: &Source<'_>, tree: &First<'_>, inventory: &mut Inventory) {
        for entry in tree.dependencies.iter().flatten() {
            let dependency = &entry.value;
            let place = dependency.coord.place(source, entry.place(source));
            let Some(coordinates) = coordinates(&dependency.coord, true) else {
                inventory.fault(place, "a coord `group:artifact:version` is expected; pin again");
                continue;
            };
            if is_beside(coordinates.classifier) {
                continue;
            }
            let mut component = Component::new(coordinates.purl());
            component.digests.extend(dependency.sha256.iter().filter_map(|sum| digest(source, sum, place, inventory)));
            if let Some(url) = &dependency.url {
                component.origin = Origin::registry(repository(url, &coordinates));
            }
            let node = inventory.add(component, place);
            self.nodes.insert(dependency.coord.to_string(), node);
            // The older ones list all that is under a dependency.
            for asked in dependency.direct.as_ref().unwrap_or(&dependency.dependencies) {
                self.asked.push((node, asked.to_string(), asked.place(source, place)));
            }
        }
    }

    fn second(&mut self, source: &Source<'_>, file: &File<'_>, inventory: &mut Inventory) {
        let mut repositories: BTreeMap<&str, &str> = BTreeMap::new();
        for (address, names) in &file.repositories.0 {
            names.iter().for_each(|name| {
                repositories.entry(name).or_insert(address);
            });
        }
        for (name, artifact) in file.artifacts.iter().flat_map(|artifacts| &artifacts.0) {
            let place = name.place(source, source.start());
            let Some(coordinates) = coordinates(name, false).filter(|_| !artifact.version.is_empty()) else {
                inventory.fault(place, "`group:artifact` with a version is expected; pin again");
                continue;
            };
            if self.nodes.contains_key(&**name) {
                inventory.fault(place, format!("{} is listed twice", name.escape_debug()));
                continue;
            }
            // One entry has the digests of all files of a release; each file that runs has requirements of its own.
            let is_file = |(kind, sum): (&Str<'_>, &Option<Str<'_>>)| sum.is_some() && !is_beside(kind);
            let has_file = artifact.shasums.iter().any(is_file);
            for (file_kind, sum) in &artifact.shasums {
                // Where there is no file under a name (`null`), others are what is there.
                if is_beside(file_kind) || (sum.is_none() && has_file) {
                    continue;
                }
                let is_plain = &**file_kind == "jar" || &**file_kind == coordinates.kind || &**file_kind == "pom";
                let classifier = if is_plain { coordinates.classifier } else { file_kind };
                let of_file = Coordinates { classifier, version: &artifact.version, ..coordinates };
                let mut component = Component::new(of_file.purl());
                let kind = if coordinates.kind.is_empty() { "jar" } else { coordinates.kind };
                let full = match classifier {
                    "" => name.to_string(),
                    classifier => format!("{}:{}:{kind}:{classifier}", coordinates.group, coordinates.artifact),
                };
                component.digests = sum.iter().filter_map(|sum| digest(source, sum, place, inventory)).collect();
                let address = repositories.get(full.as_str()).or_else(|| repositories.get(&**name));
                component.origin = address.map_or(Origin::Unknown, |address| Origin::registry(address));
                let node = inventory.add(component, place);
                self.nodes.insert(full, node);
                self.nodes.entry(name.to_string()).or_insert(node);
            }
        }
        for (from, asked) in &file.dependencies.0 {
            let place = from.place(source, source.start());
            let Some(&node) = self.nodes.get(&**from) else {
                if !coordinates(from, false).is_some_and(|it| is_beside(it.classifier)) {
                    inventory.fault(place, format!("{} has dependencies and is no artifact", from.escape_debug()));
                }
                continue;
            };
            self.asked.extend(asked.iter().map(|asked| (node, asked.to_string(), asked.place(source, place))));
        }
        if let Some(Inputs::Each(inputs)) = &file.inputs {
            self.direct = inputs.keys().filter_map(|name| self.nodes.get(&**name)).copied().collect();
        }
    }

    /// Answers what is asked for.
    fn link(&self, inventory: &mut Inventory) {
        let mut required: BTreeSet<NodeId> = BTreeSet::new();
        for (from, asked, place) in &self.asked {
            match self.nodes.get(asked) {
                Some(to) if to == from => {}
                Some(to) => {
                    inventory.edge(*from, *to, Requirement::default(), *place);
                    required.insert(*to);
                }
                None => inventory.declare(*from, intern::text(asked), Requirement::default(), *place, Gap::Unpinned),
            }
        }
        let nodes: BTreeSet<NodeId> = self.nodes.values().copied().collect();
        for node in nodes.into_iter().filter(|node| self.direct.contains(node) || !required.contains(node)) {
            inventory.edge(SUBJECT, node, Requirement::default(), inventory.nodes[node as usize].place);
        }
    }
}

/// Reads the digest of a file.
fn digest(source: &Source<'_>, sum: &Str<'_>, near: Place, inventory: &mut Inventory) -> Option<Digest> {
    let digest = Digest::hex(Algorithm::Sha256, sum);
    if digest.is_none() {
        inventory.fault(sum.place(source, near), "no SHA-256: 64 hexadecimal digits are expected; pin again");
    }
    digest
}

/// Returns the repository that an artifact's address stands below.
fn repository<'u>(url: &'u str, coordinates: &Coordinates<'_>) -> &'u str {
    let path = format!("/{}/{}/{}/", coordinates.group.replace('.', "/"), coordinates.artifact, coordinates.version);
    url.find(&path).map_or(url, |at| &url[..=at])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn versions_that_are_not_known_are_told() {
        for (text, message) in [
            (r#"{"version": "4"}"#, "version 4 of maven_install.json is not known; 1 to 3 are read"),
            (
                r#"{"dependency_tree": {"version": "0.2.0"}}"#,
                "version 0.2.0 of maven_install.json is not known; 1 to 3 are read",
            ),
            ("{}", "no version in it; is it a lockfile of rules_jvm_external?"),
        ] {
            let source = Source { file: FileId(0), path: "maven_install.json", text };
            assert_eq!(MavenInstall.parse(&source).unwrap_err().to_string(), message);
        }
    }
}
