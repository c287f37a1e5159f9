//! Joins inventories into one graph and answers questions about it: who requires, in which scope, by which path.
//!
//! A node is one component in one subject; where a component is there several times with different edges, one copy of
//! it. petgraph holds nodes and edges; nothing of it shows outside this room.

mod accept;
mod asked;
mod copies;
mod extras;
mod paths;

pub use paths::Ways;

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::intern::Text;
use crate::model::{Component, Declared, Gap, Inventory, Layer, NodeId, Part, Requirement, SUBJECT, Says, Scope};
use crate::source::Place;
use extras::Extras;

/// Everything that a tree or a BOM resolves to, subject by subject, sorted by path.
#[derive(Default)]
pub struct Graph {
    subjects: Vec<Subject>,
}

/// One thing resolved as a unit: a lockfile's project, a manifest's images.
pub struct Subject {
    /// Its path below the tree's root.
    pub path: Text,
    /// The id of the format that read it.
    pub format: Text,
    /// Its file.
    pub place: Place,
    /// The condition under which all of it is locked, where its project has none of its own; empty where none is told.
    pub environment: Text,
    /// Which facts its file carries at all.
    pub says: Says,
    /// The addresses that its file looks packages up at, each once, sorted.
    pub sources: Vec<(Text, Place)>,
    /// Requirements without one exact answer; their node numbers are this subject's.
    pub declared: Vec<Declared>,
    /// What is built or runs by itself in it; the node numbers are this subject's.
    pub parts: Vec<Part>,
    inner: DiGraph<Node, Asked>,
    /// How strongly each extra that is asked for is asked for, by the node that has it.
    extras: Extras,
    /// The extras that requirements ask for, of what.
    asked_extras: HashSet<(NodeIndex, Text)>,
    /// The types of package that its file may name.
    types: Vec<Text>,
}

struct Node {
    component: Option<&'static Component>,
    place: Place,
    environment: Text,
    root: bool,
    direct: bool,
    scope: Option<Scope>,
    layer: Option<&'static Layer>,
    copy: Text,
    says: Says,
}

struct Asked {
    requirement: &'static Requirement,
    place: Place,
}

/// A component in its subject.
#[derive(Clone, Copy)]
pub struct Resolved<'g> {
    /// The subject.
    pub subject: &'g Subject,
    /// The component.
    pub component: &'static Component,
    index: NodeIndex,
}

/// A requirement with its exact answer.
#[derive(Clone, Copy)]
pub struct Link<'g> {
    /// Who requires; none for the subject itself.
    pub from: Option<Resolved<'g>>,
    /// What is required.
    pub to: Resolved<'g>,
    /// How.
    pub requirement: &'static Requirement,
    /// Where the file says so.
    pub place: Place,
}

impl Link<'_> {
    /// Returns how strongly it is required: what an extra brings, as strongly as the extra is asked for.
    pub fn scope(&self) -> Scope {
        let Requirement { scope, extra, .. } = *self.requirement;
        let Some(from) = self.from.filter(|_| scope == Scope::Optional && !extra.is_empty()) else { return scope };
        let asked = |extra| from.subject.extras.get(&(from.index, extra)).copied();
        if from.subject.is_of_extra(from.index, self.requirement) {
            return asked(extra).into_iter().chain(asked(extras::ANY)).min().unwrap_or(scope);
        }
        asked(extra).map_or(scope, |asked| scope.min(asked))
    }
}

impl Graph {
    /// Joins inventories into one graph.
    pub fn join(inventories: impl IntoParallelIterator<Item = Inventory>) -> Self {
        let mut subjects: Vec<Subject> = inventories.into_par_iter().map(Subject::new).collect();
        subjects.sort_by_key(|subject| subject.path);
        Graph { subjects }
    }

    /// Returns the subjects, sorted by path.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Finds a subject by its path.
    pub fn subject(&self, path: &str) -> Option<&Subject> {
        let found = self.subjects.binary_search_by(|subject| subject.path.cmp(path)).ok()?;
        Some(&self.subjects[found])
    }

    /// Returns every component of every subject.
    pub fn components(&self) -> impl Iterator<Item = Resolved<'_>> {
        self.subjects.iter().flat_map(Subject::components)
    }

    /// Returns all subjects as one, named `path`: what a BOM that knows no subjects is compared with. It says what any of
    /// them does, and each of its components what its own subject does.
    pub fn as_one(&self, path: Text) -> Graph {
        let mut one: Option<Inventory> = None;
        for subject in &self.subjects {
            let says = subject.says;
            let one = one.get_or_insert_with(|| Inventory {
                subject: path,
                format: subject.format,
                nodes: vec![crate::model::Node { place: subject.place, ..Default::default() }],
                edges: Vec::new(),
                declared: Vec::new(),
                includes: Vec::new(),
                sources: Vec::new(),
                manifest: None,
                says,
                parts: Vec::new(),
                faults: Vec::new(),
                notes: Vec::new(),
            });
            one.says = one.says.or(says);
            one.sources.extend(&subject.sources);
            let first = one.nodes.len() as NodeId - 1;
            let number = |index: NodeIndex| {
                if index.index() == SUBJECT as usize { SUBJECT } else { index.index() as NodeId + first }
            };
            for node in subject.components() {
                one.nodes.push(crate::model::Node {
                    component: Some(node.component),
                    place: node.place(),
                    root: node.is_root(),
                    environment: node.environment(),
                    layer: node.layer(),
                    copy: node.copy(),
                    says: Some(node.says()),
                });
            }
            one.edges.extend(subject.inner.edge_references().map(|edge| crate::model::Edge {
                from: number(edge.source()),
                to: number(edge.target()),
                requirement: edge.weight().requirement,
                place: edge.weight().place,
            }));
        }
        Graph::join(one)
    }

    /// Keeps the subjects that `keep` names by their paths.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.subjects.retain(|subject| keep(subject.path));
    }

    /// Replaces the subjects that `other` has by its own, and adds those that are new.
    pub fn replace(&mut self, other: Graph) {
        for subject in other.subjects {
            match self.subjects.binary_search_by(|own| own.path.cmp(subject.path)) {
                Ok(found) => self.subjects[found] = subject,
                Err(at) => self.subjects.insert(at, subject),
            }
        }
    }
}

/// Gives all copies of a component one condition: it is locked where any of them is.
fn share_environment(inner: &mut DiGraph<Node, Asked>) {
    let nodes: Vec<NodeIndex> = inner.node_indices().collect();
    let is_copy = |a: &NodeIndex, b: &NodeIndex| {
        let both = inner[*a].component.zip(inner[*b].component);
        both.is_some_and(|(a, b)| std::ptr::eq(a, b))
    };
    let copies: Vec<&[NodeIndex]> = nodes.chunk_by(is_copy).filter(|copies| copies.len() > 1).collect();
    for copies in copies {
        let environments = copies.iter().map(|index| inner[*index].environment);
        let shared = environments.reduce(|a, b| if a == b { a } else { merge(a, b) }).unwrap_or_default();
        copies.iter().for_each(|index| inner[*index].environment = shared);
    }
}

impl Subject {
    fn new(inventory: Inventory) -> Self {
        let Inventory { subject: path, format, nodes, edges, declared, says, mut sources, mut parts, .. } = inventory;
        sources.sort_unstable();
        sources.dedup_by_key(|source| source.0);
        let (place, environment) = (nodes[SUBJECT as usize].place, nodes[SUBJECT as usize].environment);
        // Canonical order, whatever the file's: the subject itself, then by component; one node a component and copy.
        let copies = copies::copies(&nodes, &edges);
        let mut order: Vec<NodeId> = (1..nodes.len() as NodeId).collect();
        order.sort_by(|&a, &b| {
            let (left, right) = (&nodes[a as usize], &nodes[b as usize]);
            let by_copy = || copies[a as usize].cmp(copies[b as usize]);
            left.component.cmp(&right.component).then_with(by_copy).then(left.place.cmp(&right.place))
        });
        let mut inner: DiGraph<Node, Asked> = DiGraph::with_capacity(nodes.len(), edges.len());
        let mut number = vec![NodeIndex::new(SUBJECT as usize); nodes.len()];
        inner.add_node(Node {
            component: None,
            place,
            environment: "",
            root: true,
            direct: false,
            scope: None,
            layer: None,
            copy: "",
            says,
        });
        let mut last: Option<(&'static Component, Text)> = None;
        for id in order {
            let node = &nodes[id as usize];
            let Some(component) = node.component else { continue };
            let copy = copies[id as usize];
            let merged = last.is_some_and(|last| std::ptr::eq(last.0, component) && last.1 == copy);
            last = Some((component, copy));
            if merged {
                let index = NodeIndex::new(inner.node_count() - 1);
                number[id as usize] = index;
                let kept = &mut inner[index];
                kept.root |= node.root;
                kept.says = kept.says.of_both(node.says.unwrap_or(says), component);
                // A component that is locked once without a condition is locked without one.
                if kept.environment != node.environment {
                    kept.environment = merge(kept.environment, node.environment);
                }
            } else {
                number[id as usize] = inner.add_node(Node {
                    component: Some(component),
                    place: node.place,
                    environment: node.environment,
                    root: node.root,
                    direct: false,
                    scope: None,
                    layer: node.layer,
                    copy,
                    says: node.says.unwrap_or(says),
                });
            }
        }
        share_environment(&mut inner);
        let mut sorted: Vec<(NodeIndex, NodeIndex, &'static Requirement, Place)> = edges
            .iter()
            .map(|edge| (number[edge.from as usize], number[edge.to as usize], edge.requirement, edge.place))
            .collect();
        sorted.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| a.2.cmp(b.2)).then(a.3.cmp(&b.3)));
        sorted.dedup_by(|next, kept| (next.0, next.1) == (kept.0, kept.1) && std::ptr::eq(next.2, kept.2));
        // petgraph lists a node's edges last added first; added backwards they come out sorted.
        for (from, to, requirement, place) in sorted.into_iter().rev() {
            inner.add_edge(from, to, Asked { requirement, place });
        }
        let declared = declared.into_iter().map(|mut declared| {
            let renumber = |id: NodeId| number[id as usize].index() as NodeId;
            declared.from = renumber(declared.from);
            if let Gap::Ambiguous(candidates) = &mut declared.gap {
                candidates.iter_mut().for_each(|candidate| *candidate = renumber(*candidate));
                candidates.sort_unstable();
                candidates.dedup();
            }
            declared
        });
        let mut declared: Vec<Declared> = declared.collect();
        declared.sort_by_key(|declared| (declared.place, declared.from, declared.name, declared.requirement));
        for image in parts.iter_mut().filter_map(|part| part.image.as_mut()) {
            *image = number[*image as usize].index() as NodeId;
        }
        let (extras, asked_extras) = Default::default();
        let here = nodes.iter().filter_map(|node| node.component).map(|component| component.purl.ty());
        let types = asked::types(format, here);
        let mut subject = Subject {
            path,
            format,
            place,
            environment,
            says,
            sources,
            declared,
            parts,
            inner,
            extras,
            asked_extras,
            types,
        };
        subject.derive();
        subject
    }

    /// Derives directness and scope by reachability from the subject.
    fn derive(&mut self) {
        let open = self.candidates();
        let is_root: Vec<bool> = self.inner.node_weights().map(|node| node.root).collect();
        let mut direct: Vec<NodeIndex> = Vec::new();
        for root in self.inner.node_indices().filter(|index| is_root[index.index()]) {
            let certain = self.inner.edges(root);
            let own = certain.filter(|edge| edge.weight().requirement.extra != Requirement::INDIRECT);
            direct.extend(own.map(|edge| edge.target()));
            direct.extend(open.iter().filter(|way| way.0 == root).map(|way| way.1));
        }
        for index in direct {
            self.inner[index].direct = !is_root[index.index()];
        }
        self.asked_extras = self.asked_extras();
        let (levels, extras) = self.levels(&open);
        self.extras = extras;
        for index in self.inner.node_indices().skip(1) {
            self.inner[index].scope = levels[index.index()];
        }
    }

    /// Returns the ways that the file leaves open: each candidate may be what is required.
    fn candidates(&self) -> Vec<(NodeIndex, NodeIndex, &'static Requirement)> {
        let ways = self.declared.iter().flat_map(|declared| {
            match &declared.gap {
                Gap::Ambiguous(candidates) => candidates.as_slice(),
                Gap::Unpinned | Gap::Unmet | Gap::Open => &[],
            }
            .iter()
            .map(|to| (NodeIndex::new(declared.from as usize), NodeIndex::new(*to as usize), declared.requirement))
        });
        let mut ways: Vec<_> = ways.collect();
        ways.sort_by_key(|way| way.0);
        ways
    }

    /// Returns the strongest scope of each node. A path is as strong as its weakest requirement, a node as strong as its
    /// strongest path. An optional requirement of an extra that is asked for (`foo[cuda]`) is as strong as the asking, and no
    /// requirement at all where others ask for that extra.
    fn levels(&self, open: &[(NodeIndex, NodeIndex, &'static Requirement)]) -> (Vec<Option<Scope>>, Extras) {
        let mut levels = vec![None; self.inner.node_count()];
        let mut asked = Extras::new();
        let start: NodeIndex = NodeIndex::new(SUBJECT as usize);
        levels[start.index()] = Some(Scope::Runtime);
        for scope in Scope::ALL {
            let mut work: Vec<NodeIndex> =
                self.inner.node_indices().filter(|at| levels[at.index()].is_some()).collect();
            while let Some(from) = work.pop() {
                let certain = self.inner.edges(from).map(|edge| (edge.target(), edge.weight().requirement));
                let first = open.partition_point(|way| way.0 < from);
                let uncertain = open[first..].iter().take_while(|way| way.0 == from).map(|way| (way.1, way.2));
                for (to, requirement) in certain.chain(uncertain) {
                    let is_asked = |extra| asked.contains_key(&(from, extra));
                    let is_open = match self.is_of_extra(from, requirement) {
                        true => is_asked(requirement.extra) || is_asked(extras::ANY),
                        false => {
                            let is_optional = requirement.scope == Scope::Optional;
                            requirement.scope <= scope || (is_optional && is_asked(requirement.extra))
                        }
                    };
                    if !is_open {
                        continue;
                    }
                    let mut again = levels[to.index()].is_none();
                    levels[to.index()].get_or_insert(scope);
                    for extra in extras::asked_by(requirement) {
                        asked.entry((to, extra)).or_insert_with(|| {
                            again = true;
                            scope
                        });
                    }
                    if again {
                        work.push(to);
                    }
                }
            }
        }
        (levels, asked)
    }

    /// Says whether it is a BOM that another tool wrote, which knows of no subjects.
    pub fn is_foreign(&self) -> bool {
        ["cyclonedx-", "spdx-"].iter().any(|standard| self.format.starts_with(standard))
    }

    /// Returns the components, sorted.
    pub fn components(&self) -> impl Iterator<Item = Resolved<'_>> {
        self.inner.node_indices().skip(1).filter_map(|index| self.at(index))
    }

    /// Returns how many components there are.
    pub fn component_count(&self) -> usize {
        self.inner.node_count() - 1
    }

    /// Returns how many requirements with an exact answer there are.
    pub fn edge_count(&self) -> usize {
        self.inner.edge_count()
    }

    /// Returns the requirements of the subject itself.
    pub fn requires(&self) -> impl Iterator<Item = Link<'_>> {
        self.links(NodeIndex::new(SUBJECT as usize))
    }

    /// Returns the component at a node's number, as [`Declared`] has it; none for the subject itself.
    pub fn node(&self, id: NodeId) -> Option<Resolved<'_>> {
        self.at(NodeIndex::new(id as usize))
    }

    fn at(&self, index: NodeIndex) -> Option<Resolved<'_>> {
        let component = self.inner.node_weight(index)?.component?;
        Some(Resolved { subject: self, component, index })
    }

    fn links(&self, from: NodeIndex) -> impl Iterator<Item = Link<'_>> {
        self.inner.edges(from).filter_map(move |edge| {
            let to = self.at(edge.target())?;
            let Asked { requirement, place } = *edge.weight();
            Some(Link { from: self.at(from), to, requirement, place })
        })
    }

    /// Returns the components by purl less version, each group sorted.
    pub fn by_key(&self) -> BTreeMap<Text, Vec<Resolved<'_>>> {
        let mut groups: HashMap<Text, Vec<Resolved<'_>>> = HashMap::with_capacity(self.component_count());
        for resolved in self.components() {
            groups.entry(resolved.component.purl.key()).or_default().push(resolved);
        }
        groups.into_iter().collect()
    }
}

impl<'g> Resolved<'g> {
    fn weight(&self) -> &'g Node {
        &self.subject.inner[self.index]
    }

    /// Returns the node's number in its subject, as [`Declared`] has it.
    pub fn id(&self) -> NodeId {
        self.index.index() as NodeId
    }

    /// Returns where the file says so.
    pub fn place(&self) -> Place {
        self.weight().place
    }

    /// Says whether it is the project itself or a member of its workspace.
    pub fn is_root(&self) -> bool {
        self.weight().root
    }

    /// Says whether the project itself requires it.
    pub fn is_direct(&self) -> bool {
        self.weight().direct
    }

    /// Returns the strongest scope in which it gets in; none where nothing requires it.
    pub fn scope(&self) -> Option<Scope> {
        self.weight().scope
    }

    /// Returns the condition under which it is locked; empty where it always is.
    pub fn environment(&self) -> Text {
        self.weight().environment
    }

    /// Returns the layer of the image that brought it; none outside of images.
    pub fn layer(&self) -> Option<&'static Layer> {
        self.weight().layer
    }

    /// Returns which copy of its component it is; empty for the only one.
    pub fn copy(&self) -> Text {
        self.weight().copy
    }

    /// Returns which facts are known of it.
    pub fn says(&self) -> Says {
        self.weight().says
    }

    /// Returns what tells it from every other node of a subject.
    pub fn identity(&self) -> (*const Component, Text) {
        (std::ptr::from_ref(self.component), self.copy())
    }

    /// Returns what it requires, sorted.
    pub fn requires(&self) -> impl Iterator<Item = Link<'g>> {
        self.subject.links(self.index)
    }

    /// Returns who requires it; the subject's own requirement has no `from`.
    pub fn required_by(&self) -> impl Iterator<Item = Link<'g>> {
        let (subject, to) = (self.subject, *self);
        subject.inner.edges_directed(self.index, Direction::Incoming).map(move |edge| {
            let Asked { requirement, place } = *edge.weight();
            Link { from: subject.at(edge.source()), to, requirement, place }
        })
    }
}

impl PartialEq for Resolved<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.subject, other.subject) && self.index == other.index
    }
}

/// Joins two conditions under which one component is locked: either is enough, none at all is always enough.
fn merge(a: Text, b: Text) -> Text {
    if a.is_empty() || b.is_empty() {
        return "";
    }
    let (a, b) = (a.min(b), a.max(b));
    crate::intern::text(&format!("({a}) or ({b})"))
}
