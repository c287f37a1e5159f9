//! The nodes of a lock: one for each package, however many copies of it stand in the tree.

use hashbrown::{HashMap, HashSet};

use crate::intern::Text;
use crate::model::{Component, Digest, Inventory, Node, NodeId, Origin, Requirement};
use crate::source::{Place, Source};

/// An inventory that grows: first all its nodes, then their edges.
pub(super) struct Nodes<'s, 't> {
    pub source: &'s Source<'t>,
    pub inventory: Inventory,
    same: HashMap<(Text, Origin, &'static [Digest]), NodeId>,
    /// The nodes with several copies, and the edges of these: copies mostly ask for the same.
    merged: HashSet<NodeId>,
    edges: HashSet<(NodeId, NodeId, Requirement)>,
}

impl<'s, 't> Nodes<'s, 't> {
    /// Returns an inventory without nodes.
    pub(super) fn new(source: &'s Source<'t>, format: &'static str) -> Self {
        Nodes {
            source,
            inventory: Inventory::new(source, format),
            same: HashMap::new(),
            merged: HashSet::new(),
            edges: HashSet::new(),
        }
    }

    /// Adds a package, or finds the node of the same package.
    pub(super) fn add(&mut self, component: Component, environment: Text, place: Place) -> NodeId {
        let component = component.intern();
        let key = (component.purl.as_str(), component.origin, &*component.digests);
        if let Some(&node) = self.same.get(&key) {
            self.merged.insert(node);
            return node;
        }
        let node = self.inventory.add_node(Node { component: Some(component), place, environment, ..Node::default() });
        self.same.insert(key, node);
        node
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

    /// Adds an edge; of copies that ask for the same, once.
    pub(super) fn edge(&mut self, from: NodeId, to: NodeId, requirement: Requirement, place: Place) {
        if !self.merged.contains(&from) || self.edges.insert((from, to, requirement)) {
            self.inventory.edge(from, to, requirement, place);
        }
    }
}
