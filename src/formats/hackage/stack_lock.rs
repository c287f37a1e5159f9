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
    /// `stack.yaml.lock`, the snapshots that Stack resolved and the extra packages that it locked beside them.
    ///
    /// A snapshot is a component by its address, `pkg:generic/stackage/lts@20.26`, with the digest of its file. The digests of a
    /// package are those of its tree (`pantry-tree`) and of its archive. All of them count as direct.
    ///
    /// The file does not hold the packages of a snapshot, nor who requires whom.
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
        inventory.says = Says { integrity: true, origin: true, ..Says::NOTHING };
        for snapshot in file.get("snapshots").map_or(&[][..], Node::items) {
            let Some(url) = snapshot.at(&["completed", "url"]) else { continue };
            let address = url.text().unwrap_or_default();
            let Some(mut component) = snapshot_of(address) else {
                inventory.fault(url.place, "no address of a snapshot");
                continue;
            };
            let digest = snapshot.at(&["completed", "sha256"]).and_then(Node::text);
            component.digests.extend(digest.and_then(|hex| Digest::hex(Algorithm::Sha256, hex)));
            let node = inventory.add(component, url.place);
            inventory.edge(SUBJECT, node, Requirement::default(), url.place);
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
            // Of its tree, and of the archive that it came in.
            let digests = [locked.at(&["pantry-tree", "sha256"]), locked.get("sha256")].into_iter().flatten();
            component.digests.extend(digests.filter_map(|digest| Digest::hex(Algorithm::Sha256, digest.text()?)));
            component.origin = match (text(locked, "git"), text(locked, "hg"), text(locked, "url")) {
                ("", "", "") => Origin::Unknown,
                ("", "", url) => Origin::url(url),
                ("", hg, _) => Origin::git(hg, text(locked, "commit"), ""),
                (git, ..) => Origin::git(git, text(locked, "commit"), ""),
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

/// Returns a snapshot as a component, by the address of its file: `…/lts/20/26.yaml`, `…/nightly/2024/5/1.yaml`.
fn snapshot_of(address: &str) -> Option<Component> {
    let path = crate::model::without_credentials(address);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next()?;
    let mut version = vec![last.strip_suffix(".yaml").unwrap_or(last)];
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut name = "";
    for part in parts {
        if !is_number(part) || !is_number(version[0]) {
            name = part;
            break;
        }
        version.push(part);
    }
    version.reverse();
    let component = match name {
        "lts" | "nightly" => {
            let sign = if name == "lts" { "." } else { "-" };
            Component::new(Purl::new("generic", "stackage", name, &version.join(sign)))
        }
        // A snapshot of one's own, of which several may be called alike.
        _ => Component::new(Purl::new("generic", "", last, "").with_qualifiers(&[("download_url", path)])),
    };
    Some(Component { origin: Origin::url(address), ..component })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_called_by_their_addresses() {
        for (address, expected) in [
            ("https://x.example/stackage-snapshots/lts/20/26.yaml", "pkg:generic/stackage/lts@20.26"),
            ("https://x.example/nightly/2024/5/1.yaml", "pkg:generic/stackage/nightly@2024-5-1"),
            (
                "https://x.example/own/snapshot.yaml",
                "pkg:generic/snapshot.yaml?download_url=https:%2F%2Fx.example%2Fown%2Fsnapshot.yaml",
            ),
        ] {
            assert_eq!(snapshot_of(address).map(|component| component.purl.as_str()), Some(expected));
        }
    }
}
