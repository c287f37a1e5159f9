//! `stack.yaml.lock`, of Stack.
//!
//! Specification: "Lock files" in Stack's documentation.

use anyhow::Result;

use crate::entry;
use crate::formats::pins::text;
use crate::formats::{Format, Yield};
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `stack.yaml.lock`, the extra packages that Stack locked beside its snapshot.
    ///
    /// The digest is that of the package's tree (`pantry-tree`). All of them count as direct.
    ///
    /// The file does not hold the packages of the snapshot, which it names by address, nor who requires whom.
    pub StackLock = "stack-lock"
}

impl Format for StackLock {
    fn files(&self) -> &'static [&'static str] {
        &["stack.yaml.lock", "stack-*.yaml.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let Some(file) =
            documents.first().filter(|file| file.get("packages").is_some() || file.get("snapshots").is_some())
        else {
            return Err(source.fault(source.start(), "neither \"packages\" nor \"snapshots\" in it; run `stack build`"));
        };
        let mut inventory = Inventory::new(source, "stack-lock");
        inventory.says = Says { edges: false, scopes: false, integrity: true, origin: true, licence: false };
        for snapshot in file.get("snapshots").map_or(&[][..], Node::items) {
            if let Some(url) = snapshot.at(&["completed", "url"]) {
                inventory.look_up(url.text().unwrap_or_default(), url.place);
            }
        }
        for package in file.get("packages").map_or(&[][..], Node::items) {
            let Some(locked) = package.get("completed") else {
                inventory.fault(package.place, "a package that is not locked; run `stack build`");
                continue;
            };
            let hackage = locked.get("hackage");
            let spelled = hackage.and_then(Node::text).unwrap_or_default();
            let spelled = spelled.split('@').next().unwrap_or_default().rsplit_once('-').unwrap_or_default();
            let (name, version) = match (text(locked, "name"), text(locked, "version")) {
                ("", _) | (_, "") => spelled,
                both => both,
            };
            let Some(at) = locked.get("name").or(hackage).filter(|_| !name.is_empty()) else {
                inventory.fault(locked.place, "a package without a name; run `stack build`");
                continue;
            };
            let mut component = Component::new(Purl::new("hackage", "", name, version));
            component.digests.extend(
                locked
                    .at(&["pantry-tree", "sha256"])
                    .and_then(Node::text)
                    .and_then(|hex| Digest::hex(Algorithm::Sha256, hex)),
            );
            component.origin = match (text(locked, "git"), text(locked, "url")) {
                ("", "") => Origin::Unknown,
                ("", url) => Origin::url(url),
                (git, _) => Origin::git(git, text(locked, "commit"), ""),
            };
            let node = inventory.add(component, at.place);
            inventory.edge(SUBJECT, node, Requirement::default(), at.place);
        }
        Ok(inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 1 || !inventory.faults.is_empty()
    }
}
