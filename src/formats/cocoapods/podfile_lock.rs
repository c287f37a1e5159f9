//! `Podfile.lock`, what CocoaPods resolved.
//!
//! Specification: CocoaPods Core's `lib/cocoapods-core/lockfile.rb`.

use anyhow::Result;
use hashbrown::HashMap;

use crate::entry;
use crate::formats::hang::hang;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node, Value};

entry! {
    /// `Podfile.lock`, every pod CocoaPods resolved.
    ///
    /// Read are `PODS` with what each requires, `DEPENDENCIES`, where pods come from (`SPEC REPOS`, `EXTERNAL SOURCES`,
    /// `CHECKOUT OPTIONS`) and `SPEC CHECKSUMS`. A part of a pod (`Firebase/Core`) is a component of its own, with a
    /// subpath. The checksums are of the pods' specifications and not of what is downloaded, so that they are kept as
    /// the property `podspec-sha1` and are no digests.
    ///
    /// The lock does not tell what is needed to develop, and holds no licences. The Podfile's own checksum is not read.
    pub PodfileLock = "podfile-lock"
}

impl Format for PodfileLock {
    fn files(&self) -> &'static [&'static str] {
        &["Podfile.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("PODFILE CHECKSUM:") && text.contains("COCOAPODS:")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let Some(lock) = documents.first().filter(|document| document.get("COCOAPODS").is_some()) else {
            let message = "no version of CocoaPods in it; write it anew with `pod install`";
            return Err(source.fault(source.start(), message));
        };
        if let Some(version) = lock.get("COCOAPODS") {
            let major = version.text().and_then(|text| text.split('.').next()?.parse::<u32>().ok());
            if major.is_none_or(|major| major > 1) {
                let message = format!(
                    "a lock of CocoaPods {} is newer than driftgate reads (0 and 1)",
                    version.text().unwrap_or_default().escape_debug()
                );
                return Err(source.fault(version.place, message));
            }
        }
        let mut inventory = Inventory::new(source, "podfile-lock");
        inventory.says = Says { scopes: false, integrity: false, licence: false, ..Says::ALL };
        fill(&mut inventory, lock);
        Ok(inventory)
    }
}

fn fill(inventory: &mut Inventory, lock: &Node<'_>) {
    let origins = origins(lock);
    let checksums: HashMap<&str, &str> = entries(lock, "SPEC CHECKSUMS")
        .iter()
        .filter_map(|entry| Some((entry.key.as_str(), entry.node.text()?)))
        .collect();
    let mut named: HashMap<String, NodeId> = HashMap::new();
    let mut required: Vec<(NodeId, &Node<'_>)> = Vec::new();
    for item in lock.get("PODS").map(Node::items).unwrap_or_default() {
        let (spelled, place, asked) = match &item.value {
            Value::Scalar(text) => (&**text, item.place, None),
            Value::Map(entries) if entries.len() == 1 => (&*entries[0].key, entries[0].place, Some(&entries[0].node)),
            _ => {
                inventory.fault(item.place, "an entry of PODS that is no pod; write the lock anew with `pod install`");
                continue;
            }
        };
        let (name, version) = parts(spelled);
        if name.is_empty() || version.is_empty() {
            let message = format!("\"{}\" is no name and version of a pod", spelled.escape_debug());
            inventory.fault(place, message);
            continue;
        }
        let (pod, part) = name.split_once('/').unwrap_or((name, ""));
        let mut component = Component::new(Purl::build("cocoapods", "", pod, version, &[], part));
        component.origin = origins.get(pod).cloned().unwrap_or_default();
        if let Some(checksum) = checksums.get(pod) {
            component.properties.push(("podspec-sha1", intern::text(checksum)));
        }
        let node = inventory.add(component, place);
        if named.insert(name.to_owned(), node).is_some() {
            inventory.fault(place, format!("{} is listed twice", name.escape_debug()));
            continue;
        }
        required.extend(asked.into_iter().flat_map(Node::items).map(|asked| (node, asked)));
    }
    required.extend(lock.get("DEPENDENCIES").map(Node::items).unwrap_or_default().iter().map(|asked| (SUBJECT, asked)));
    for (from, asked) in required {
        let Some(spelled) = asked.text() else { continue };
        let (name, constraint) = parts(spelled);
        let constraint = if constraint.starts_with("from `") { "" } else { constraint };
        let requirement = Requirement { constraint: intern::text(constraint), ..Requirement::of(Scope::Runtime) };
        match named.get(name) {
            Some(&to) => inventory.edge(from, to, requirement, asked.place),
            None => {
                let by = inventory.component(from).map_or("the project", |component| component.purl.name());
                let message = format!(
                    "{} requires {}, which the lock does not hold; write it anew with `pod install`",
                    by.escape_debug(),
                    name.escape_debug()
                );
                inventory.fault(asked.place, message);
            }
        }
    }
    hang(inventory, |_| Requirement::of(Scope::Runtime));
}

fn entries<'n, 't>(lock: &'n Node<'t>, key: &str) -> &'n [yaml::Entry<'t>] {
    lock.get(key).map(Node::entries).unwrap_or_default()
}

/// Returns where each pod comes from, by its name.
fn origins<'n>(lock: &'n Node<'_>) -> HashMap<&'n str, Origin> {
    let mut origins = HashMap::new();
    for repository in entries(lock, "SPEC REPOS") {
        for pod in repository.node.items().iter().filter_map(Node::text) {
            origins.insert(pod, Origin::registry(&repository.key));
        }
    }
    let checked_out = lock.get("CHECKOUT OPTIONS");
    for external in entries(lock, "EXTERNAL SOURCES") {
        let said = |node: Option<&Node<'n>>, key: &str| -> String {
            node.and_then(|node| node.get(key)).and_then(Node::text).unwrap_or_default().to_owned()
        };
        let asked = |key: &str| said(Some(&external.node), key);
        let taken = checked_out.and_then(|options| options.get(&external.key));
        let commit =
            Some(said(taken, ":commit")).filter(|commit| !commit.is_empty()).unwrap_or_else(|| asked(":commit"));
        let reference = [":tag", ":branch"].into_iter().map(asked).find(|text| !text.is_empty()).unwrap_or_default();
        let origin = if !asked(":git").is_empty() {
            Origin::git(&asked(":git"), &commit, &reference)
        } else if !asked(":path").is_empty() {
            Origin::path(&asked(":path"))
        } else if let Some(url) = [":http", ":podspec"].into_iter().map(asked).find(|text| !text.is_empty()) {
            if url.contains("://") { Origin::url(&url) } else { Origin::path(&url) }
        } else {
            continue;
        };
        origins.insert(external.key.as_str(), origin);
    }
    origins
}

/// Parts `Name/Part (1.0)`.
fn parts(spelled: &str) -> (&str, &str) {
    let (name, rest) = spelled.split_once(" (").unwrap_or((spelled, ""));
    (name.trim(), rest.strip_suffix(')').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        PodfileLock.parse(&Source { file: FileId(0), path: "Podfile.lock", text })
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("PODS: []\n", "no version of CocoaPods in it; write it anew with `pod install`"),
            ("PODS: []\nCOCOAPODS: 2.0.0\n", "a lock of CocoaPods 2.0.0 is newer than driftgate reads (0 and 1)"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        for (pods, expected) in [
            ("  - A\n", "\"A\" is no name and version of a pod"),
            ("  - A (1)\n  - A (1)\n", "A is listed twice"),
            ("  - A (1):\n    - B\n", "A requires B, which the lock does not hold; write it anew with `pod install`"),
            ("  - [A]\n", "an entry of PODS that is no pod; write the lock anew with `pod install`"),
        ] {
            let inventory = parse(&format!("PODS:\n{pods}\nCOCOAPODS: 1.16.2\n")).unwrap();
            let faults: Vec<&str> = inventory.faults.iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!(faults, [expected]);
        }
    }
}
