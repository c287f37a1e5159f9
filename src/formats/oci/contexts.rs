//! Names that deployments give to build contexts: in the Dockerfile that they build, such a name takes the place of a stage
//! or an image, and what stands behind it is not known there.
//!
//! Specification: `additional_contexts` of the Compose file reference; BuildKit's named contexts.

use std::collections::BTreeSet;

use super::installed;
use super::reference::Reference;
use crate::formats::Near;
use crate::intern::Text;
use crate::model::{Component, Edge, FactKind, Gap, Inventory, NodeId, Part, PartKind, Requirement, SUBJECT, Scope};
use crate::source::{self, Place};

/// The fact that names a context: a label of the container that is built.
pub(super) const LABEL: &str = "build.context";

/// The fact that says what an image is called that is built: a label of the container, with the tag.
pub(crate) const MADE: &str = "build.image";

/// Takes out of a Dockerfile what the deployments around it put others in the place of.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    let mut names: BTreeSet<Text> = BTreeSet::new();
    for other in near.inventories {
        for part in other.parts.iter().filter(|part| part.kind == PartKind::Container) {
            let mut contexts = part.facts_of(FactKind::Label).filter(|fact| fact.name == LABEL).peekable();
            if contexts.peek().is_some() && builds(part, other.subject, inventory.subject) {
                names.extend(contexts.map(|fact| fact.value));
            }
        }
    }
    for name in names {
        replace_image(inventory, name);
        replace_stage(inventory, name);
    }
}

/// Says whether a container is built by this file.
pub(super) fn builds(part: &Part, deployment: &str, file: &str) -> bool {
    let mut labels = part.facts_of(FactKind::Label).filter(|fact| fact.name == "build.dockerfile");
    labels.any(|fact| source::join(source::folder(deployment), fact.value).is_some_and(|path| path == file))
}

/// Declares what was taken for an image as one that is not known.
fn replace_image(inventory: &mut Inventory, name: Text) {
    let Ok(reference) = Reference::parse(name) else { return };
    let component = reference.component().intern();
    let is_it = |node: &crate::model::Node| node.component.is_some_and(|own| std::ptr::eq(own, component));
    let Some(id) = inventory.nodes.iter().position(is_it).map(|id| id as NodeId) else { return };
    let asked: Vec<(Requirement, Place)> =
        inventory.edges.iter().filter(|edge| edge.to == id).map(|edge| (*edge.requirement, edge.place)).collect();
    for (requirement, place) in asked {
        inventory.declare(SUBJECT, name, requirement, place, Gap::Unpinned);
    }
    remove(inventory, id);
}

/// Declares what starts from a stage of this name as starting from something that is not known.
fn replace_stage(inventory: &mut Inventory, name: Text) {
    let lower = name.to_lowercase();
    let Some(stage) = inventory.parts.iter().rposition(|part| part.name == lower) else { return };
    let mut places = Vec::new();
    for part in inventory.parts.iter_mut().filter(|part| part.base == Some(stage)) {
        part.base = None;
        places.push((part.place, part.runs));
    }
    for (place, runs) in places {
        let scope = if runs { Scope::Runtime } else { Scope::Build };
        inventory.declare(SUBJECT, name, Requirement::of(scope), place, Gap::Unpinned);
    }
    // A stage starts from earlier ones only, so the chain ends.
    let mut next = inventory.parts.len().checked_sub(1);
    inventory.parts.iter_mut().for_each(|part| part.runs = false);
    while let Some(part) = next {
        inventory.parts[part].runs = true;
        next = inventory.parts[part].base;
    }
    for at in 0..inventory.edges.len() {
        let Edge { to, requirement, .. } = inventory.edges[at];
        let is_base = requirement.scope == Scope::Runtime && inventory.component(to).is_some_and(is_image);
        if is_base && !inventory.parts.iter().any(|part| part.runs && part.image == Some(to)) {
            inventory.edges[at].requirement = Requirement { scope: Scope::Build, ..*requirement }.intern();
        }
    }
    installed::ship(inventory, &|_| Vec::new());
}

fn is_image(component: &'static Component) -> bool {
    matches!(component.purl.ty(), "docker" | "oci")
}

/// Takes a node out; those behind it move up.
fn remove(inventory: &mut Inventory, id: NodeId) {
    inventory.nodes.remove(id as usize);
    inventory.edges.retain(|edge| edge.from != id && edge.to != id);
    let moved = |node: &mut NodeId| *node -= NodeId::from(*node > id);
    for edge in &mut inventory.edges {
        moved(&mut edge.from);
        moved(&mut edge.to);
    }
    for declared in &mut inventory.declared {
        if let Gap::Ambiguous(nodes) = &mut declared.gap {
            nodes.retain(|node| *node != id);
            nodes.iter_mut().for_each(moved);
        }
    }
    for part in &mut inventory.parts {
        part.image = part.image.filter(|image| *image != id);
        part.image.iter_mut().for_each(moved);
    }
}
