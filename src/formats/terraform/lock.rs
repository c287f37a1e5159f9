//! `.terraform.lock.hcl`, of Terraform and OpenTofu.
//!
//! Specification: "Dependency Lock File" in Terraform's documentation. The purl standard has no type for providers; what
//! others write is `pkg:terraform/…`, and since one provider may be at several registries, its host is the `repository_url`,
//! as with charts.

use anyhow::Result;

use crate::entry;
use crate::formats::pins::text;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, Says};
use crate::source::Source;
use crate::syntax::hcl;
use crate::syntax::yaml::Node;

entry! {
    /// `.terraform.lock.hcl`, the providers that a Terraform or OpenTofu configuration is locked to.
    ///
    /// Read are the version, the constraints, and the hashes: `zh:` of archives and `h1:` of what they hold, for all platforms
    /// that are listed. Other hashes are reported.
    ///
    /// The file does not hold modules, which Terraform does not lock.
    pub TerraformLock = "terraform-lock"
}

impl Format for TerraformLock {
    fn files(&self) -> &'static [&'static str] {
        &[".terraform.lock.hcl"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        let file = hcl::read(source)?;
        let mut inventory = Inventory::new(source, "terraform-lock");
        inventory.says = Says { integrity: true, origin: true, ..Says::NOTHING };
        for provider in
            file.entries().iter().filter(|entry| entry.key == "provider").flat_map(|entry| entry.node.entries())
        {
            let address = provider.key.as_str();
            let (version, parts) = (text(&provider.node, "version"), address.split('/').collect::<Vec<_>>());
            let [host, namespace, name] = parts[..] else {
                let message = format!("\"{}\" is no provider's address: host/namespace/type", address.escape_debug());
                inventory.fault(provider.place, message);
                continue;
            };
            if version.is_empty() || version.contains("${") {
                inventory
                    .fault(provider.place, format!("{} has no version; run `terraform init`", address.escape_debug()));
                continue;
            }
            let purl = Purl::new("terraform", namespace, name, version).with_qualifiers(&[("repository_url", host)]);
            let mut component = Component { origin: Origin::registry(host), ..Component::new(purl) };
            for hash in provider.node.get("hashes").map_or(&[][..], Node::items) {
                let spelled = hash.text().unwrap_or_default();
                let digest = match spelled.split_once(':') {
                    Some(("zh", hex)) => Digest::hex(Algorithm::Sha256, hex),
                    Some(("h1", base64)) => Digest::sri(&format!("sha256-{base64}")),
                    _ => None,
                };
                match digest {
                    Some(digest) => component.digests.push(digest),
                    None => inventory.fault(
                        hash.place,
                        format!("the hash \"{}\" is not known; zh: and h1: are read", spelled.escape_debug()),
                    ),
                }
            }
            let node = inventory.add(component, provider.place);
            let constraint = intern::text(text(&provider.node, "constraints"));
            let place = provider.node.get("version").map_or(provider.place, |node| node.place);
            inventory.edge(SUBJECT, node, Requirement { constraint, ..Requirement::default() }, place);
        }
        Ok(inventory)
    }
}
