//! The images that an operator is told to run in fields of its own, beside those of containers.

use std::collections::BTreeSet;

use super::deployment::Deployment;
use super::image_map;
use super::pod::{limits, settings, wishes_of};
use crate::model::Inventory;
use crate::source::Place;
use crate::syntax::yaml::Node;

/// How much was said before an object was read.
pub(super) struct Before {
    edges: usize,
    declared: usize,
    faults: usize,
    parts: usize,
}

impl Before {
    /// Returns how much an inventory says.
    pub fn of(inventory: &Inventory) -> Self {
        let Inventory { edges, declared, faults, parts, .. } = inventory;
        Before { edges: edges.len(), declared: declared.len(), faults: faults.len(), parts: parts.len() }
    }
}

/// Reads the images of an object's `spec` that its containers did not name since `before`.
pub(super) fn read(name: &str, spec: &Node<'_>, before: &Before, deployment: &mut Deployment<'_, '_>) {
    let inventory = &deployment.inventory;
    let said = inventory.edges[before.edges..].iter().map(|edge| edge.place);
    let said = said.chain(inventory.declared[before.declared..].iter().map(|declared| declared.place));
    let said = said.chain(inventory.faults[before.faults..].iter().map(|fault| fault.place));
    let said: BTreeSet<Place> = said.collect();
    let containers: BTreeSet<Place> = inventory.parts[before.parts..].iter().map(|part| part.place).collect();
    for image in image_map::find(spec) {
        let Some((node, repository)) = image.repository.and_then(|node| Some((node, node.text()?))) else { continue };
        let named = image.owner.and_then(|owner| owner.get("name").or(Some(owner)));
        let is_container = named.is_some_and(|node| containers.contains(&node.place));
        // A machine's image is one too, and no container's.
        let is_whole = image.tag.is_some() || repository.contains(['@', ':']) || image.digest.is_some();
        if said.contains(&node.place) || is_container || !is_whole {
            continue;
        }
        let text = |node: Option<&Node<'_>>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let tag = image.tag.map(|tag| tag.text().unwrap_or_default());
        let reference = image_map::reference(&text(image.registry), repository, tag, &text(image.digest));
        let Some(reference) = reference else {
            deployment.unpinned(repository, node.place);
            continue;
        };
        let of = deployment.image_at(&reference, node.place, image.tag.or(image.digest).unwrap_or(node).place);
        let facts = image.owner.map(|owner| [settings(owner), limits(owner), wishes_of(owner)].concat());
        deployment.container(&format!("{name} {}", image.path), of, true, facts.unwrap_or_default(), node.place);
    }
}
