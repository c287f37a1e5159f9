//! The nodes of a lock: one for each place of a package in the tree; where a package stands in several, each is a copy, which
//! the graph takes together with those that require the same.

use hashbrown::HashMap;

use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Node, NodeId, Origin, Requirement};
use crate::source::{Place, Source};

/// An inventory that grows: first all its nodes, then their edges.
pub(super) struct Nodes<'s, 't> {
    pub source: &'s Source<'t>,
    pub inventory: Inventory,
    /// The first node of each package, and the folder that it stands in.
    first: HashMap<*const Component, (NodeId, String)>,
}

impl<'s, 't> Nodes<'s, 't> {
    /// Returns an inventory without nodes.
    pub(super) fn new(source: &'s Source<'t>, format: &'static str) -> Self {
        Nodes { source, inventory: Inventory::new(source, format), first: HashMap::new() }
    }

    /// Adds a package that stands in a folder.
    pub(super) fn add(&mut self, component: Component, folder: &str, environment: Text, place: Place) -> NodeId {
        let component = component.intern();
        let mut node = Node { component: Some(component), place, environment, ..Node::default() };
        match self.first.get(&std::ptr::from_ref(component)) {
            Some((first, of_first)) => {
                self.inventory.nodes[*first as usize].copy = intern::text(of_first);
                node.copy = intern::text(folder);
                self.inventory.add_node(node)
            }
            None => {
                let node = self.inventory.add_node(node);
                self.first.insert(std::ptr::from_ref(component), (node, folder.to_owned()));
                node
            }
        }
    }

    /// Says whether the lock tells where packages come from: npm can be told to leave out the addresses of all that comes
    /// from a registry (`omit-lockfile-registry-resolved`), and then it does not.
    pub(super) fn says_origin(&self) -> bool {
        let is_registry = |origin: &Origin| matches!(origin, Origin::Registry(_));
        let is_omitted = |component: &Component| {
            component.origin == Origin::Unknown && !component.properties.iter().any(|(name, _)| *name == "bundled")
        };
        let installed = || self.inventory.nodes.iter().filter(|node| !node.root).filter_map(|node| node.component);
        installed().any(|component| is_registry(&component.origin)) || !installed().any(is_omitted)
    }

    /// Adds an edge.
    pub(super) fn edge(&mut self, from: NodeId, to: NodeId, requirement: Requirement, place: Place) {
        self.inventory.edge(from, to, requirement, place);
    }
}
