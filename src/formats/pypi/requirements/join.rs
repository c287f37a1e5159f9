//! Files that include each other, and lines that another one pins.

use hashbrown::{HashMap, HashSet};

use crate::formats::pypi::locked::{Answer, Locked};
use crate::formats::pypi::pep508::normal;
use crate::intern::Text;
use crate::model::{Component, Declared, Gap, Inventory, Node, NodeId, Origin, Requirement, SUBJECT};
use crate::source::Place;

/// The fact that names a file's main index.
pub(super) const INDEX: Text = "index";

pub(super) fn index_of(inventory: &Inventory) -> Option<Origin> {
    let facts = &inventory.manifest.as_ref()?.facts;
    facts.iter().find(|fact| fact.0 == INDEX).map(|(_, address)| Origin::registry(address))
}

/// Returns a component as it comes from the main index, unless its own line says from where it comes.
pub(super) fn from_index(component: &'static Component, index: Option<Origin>) -> &'static Component {
    match index {
        Some(origin) if component.origin == Origin::Unknown => Component { origin, ..component.clone() }.intern(),
        _ => component,
    }
}

/// The nodes there are, by component and environment.
pub(super) type Nodes = HashMap<(*const Component, Text), NodeId>;

pub(super) fn add(
    inventory: &mut Inventory,
    nodes: &mut Nodes,
    component: &'static Component,
    place: Place,
    environment: Text,
) -> NodeId {
    *nodes.entry((std::ptr::from_ref(component), environment)).or_insert_with(|| {
        inventory.add_node(Node { component: Some(component), place, environment, ..Node::default() })
    })
}

/// What an inventory holds, so that nothing joins it twice.
pub(super) struct Joined {
    pub(super) nodes: Nodes,
    edges: HashSet<(NodeId, NodeId, *const Requirement)>,
    declared: HashSet<(NodeId, Text, *const Requirement, Place)>,
}

impl Joined {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let nodes = inventory.nodes.iter().zip(0..);
        Joined {
            nodes: nodes
                .filter_map(|(node, id)| Some(((std::ptr::from_ref(node.component?), node.environment), id)))
                .collect(),
            edges: inventory
                .edges
                .iter()
                .map(|edge| (edge.from, edge.to, std::ptr::from_ref(edge.requirement)))
                .collect(),
            declared: inventory.declared.iter().map(Self::key).collect(),
        }
    }

    fn key(declared: &Declared) -> (NodeId, Text, *const Requirement, Place) {
        (declared.from, declared.name, std::ptr::from_ref(declared.requirement), declared.place)
    }

    /// Adds what an included file says, with the places it has there.
    pub(super) fn absorb(&mut self, inventory: &mut Inventory, other: &Inventory, index: Option<Origin>) {
        inventory.says.edges |= other.says.edges;
        let ids: Vec<NodeId> = other
            .nodes
            .iter()
            .map(|node| match node.component {
                Some(component) => {
                    let component = from_index(component, index);
                    add(inventory, &mut self.nodes, component, node.place, node.environment)
                }
                None => SUBJECT,
            })
            .collect();
        for edge in &other.edges {
            let (from, to) = (ids[edge.from as usize], ids[edge.to as usize]);
            if self.edges.insert((from, to, std::ptr::from_ref(edge.requirement))) {
                inventory.edge(from, to, *edge.requirement, edge.place);
            }
        }
        for declared in &other.declared {
            let mut declared = declared.clone();
            declared.from = ids[declared.from as usize];
            if let Gap::Ambiguous(nodes) = &mut declared.gap {
                nodes.iter_mut().for_each(|node| *node = ids[*node as usize]);
            }
            if self.declared.insert(Self::key(&declared)) {
                inventory.declared.push(declared);
            }
        }
    }
}

/// Finds versions for lines that pin none: another line may pin the name, or a constraint file.
pub(super) fn settle(inventory: &mut Inventory, constraints: &[&Inventory], index: Option<Origin>) {
    if !inventory.declared.iter().any(|declared| declared.gap == Gap::Unpinned) {
        return;
    }
    let locked = Locked::of(inventory);
    let narrowing: Vec<(&Inventory, Locked)> =
        constraints.iter().map(|constraint| (*constraint, Locked::of(constraint))).collect();
    let mut nodes = Joined::of(inventory).nodes;
    for declared in std::mem::take(&mut inventory.declared) {
        let Declared { from, name, requirement, place, .. } = declared;
        if declared.gap != Gap::Unpinned || requirement.constraint.starts_with('@') {
            inventory.declared.push(declared);
            continue;
        }
        let key = normal(name);
        let context = [requirement.environment];
        match locked.answer(inventory, &key, requirement.constraint, &context) {
            Answer::Nodes(found) => {
                found.into_iter().for_each(|to| inventory.edge(from, to, *requirement, place));
                continue;
            }
            Answer::Unclear(found) => {
                inventory.declared.push(Declared { gap: Gap::Ambiguous(found), ..declared });
                continue;
            }
            Answer::Missing | Answer::Unmet => {}
        }
        let found = narrowing.iter().find_map(|(constraint, locked)| {
            match locked.answer(constraint, &key, requirement.constraint, &context) {
                Answer::Nodes(found) => Some((constraint, found)),
                _ => None,
            }
        });
        let Some((constraint, found)) = found else {
            inventory.declared.push(declared);
            continue;
        };
        for node in found {
            let Node { component: Some(component), environment, .. } = constraint.nodes[node as usize] else {
                continue;
            };
            let to = add(inventory, &mut nodes, from_index(component, index), place, environment);
            inventory.edge(from, to, *requirement, place);
        }
    }
}
