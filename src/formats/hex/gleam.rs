//! Gleam's `manifest.toml`.
//!
//! Specification: `manifest.rs` of Gleam's `compiler-core`, and "gleam.toml" in Gleam's documentation.

use anyhow::Result;

use crate::entry;
use crate::formats::hang::hang;
use crate::formats::pins::{Named, require, text};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::Source;
use crate::syntax::toml;
use crate::syntax::yaml::Node;

entry! {
    /// `manifest.toml`, the packages that Gleam resolved for a project.
    ///
    /// Read are versions, requirements, the `outer_checksum` of packages of Hex, and the repositories and folders of others.
    /// What the project asks for stands in `[requirements]`, with its ranges.
    ///
    /// The file does not tell what is only needed to develop.
    pub GleamManifest = "gleam-manifest"
}

impl Format for GleamManifest {
    fn files(&self) -> &'static [&'static str] {
        &["manifest.toml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.contains("packages") && text.contains("requirements")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = toml::tree(source)?;
        let mut inventory = Inventory::new(source, "gleam-manifest");
        inventory.says = Says { licence: false, scopes: false, ..Says::ALL };
        let mut named = Named::new();
        let mut nodes = Vec::new();
        for package in file.get("packages").map_or(&[][..], Node::items) {
            let (name, version) = (text(package, "name"), text(package, "version"));
            let Some(place) = package.get("name").map(|node| node.place).filter(|_| !version.is_empty()) else {
                inventory.fault(package.place, "a package without a name or a version; run `gleam deps download`");
                continue;
            };
            let mut component = Component::new(Purl::new("hex", "", name, version));
            component.origin = match text(package, "source") {
                "git" => Origin::git(text(package, "repo"), text(package, "commit"), ""),
                "local" => Origin::path(text(package, "path")),
                _ => Origin::Unknown,
            };
            if let Some(checksum) = package.get("outer_checksum") {
                let digest = Digest::hex(Algorithm::Sha256, checksum.text().unwrap_or_default());
                if digest.is_none() {
                    inventory.fault(checksum.place, "the checksum is no SHA-256 digest");
                }
                component.digests.extend(digest);
            }
            let node = inventory.add(component, place);
            named.entry(name).or_default().push(node);
            nodes.push((node, package));
        }
        for (from, package) in nodes {
            for name in package.get("requirements").map_or(&[][..], Node::items) {
                let spelled = name.text().unwrap_or_default();
                require(&mut inventory, &named, from, spelled, Requirement::default(), name.place);
            }
        }
        for asked in file.get("requirements").map_or(&[][..], Node::entries) {
            let range = asked.node.text().unwrap_or_else(|| text(&asked.node, "version"));
            let requirement = Requirement { constraint: intern::text(range), ..Requirement::default() };
            require(&mut inventory, &named, SUBJECT, &asked.key, requirement, asked.place);
        }
        if file.get("requirements").is_none() {
            hang(&mut inventory, |_| Requirement::default());
        }
        Ok(inventory)
    }
}
