//! By which path a component gets in.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::{Resolved, Subject};
use crate::intern::Text;
use crate::model::SUBJECT;

/// How many ways in are told of one component: the shortest ones.
const MOST: usize = 32;
/// How many names all ways of one subject may have together, before there is but one way for each component left.
const NAMES: usize = 1 << 20;
/// How many names a way has at most; of a longer one the middle is left out.
const LONGEST: usize = 64;

/// The ways into one subject's components; keeps its buffers from one component to the next.
pub struct Ways<'g> {
    subject: &'g Subject,
    /// Each root with what it requires directly, sorted, without doubles.
    direct: Vec<(NodeIndex, NodeIndex)>,
    /// For each node the next one on a shortest way, and the length of that way; valid where the stamp is the present.
    next: Vec<(u32, NodeIndex, u32)>,
    stamp: u32,
    open: VecDeque<NodeIndex>,
    names: usize,
}

impl<'g> Ways<'g> {
    /// Returns the ways into a subject.
    pub fn new(subject: &'g Subject) -> Self {
        let inner = &subject.inner;
        let mut direct: Vec<(NodeIndex, NodeIndex)> = inner
            .node_indices()
            .filter(|root| inner[*root].root)
            .flat_map(|root| inner.neighbors(root).map(move |direct| (root, direct)))
            .filter(|(_, direct)| !inner[*direct].root)
            .collect();
        direct.sort_unstable();
        direct.dedup();
        let next = vec![(0, NodeIndex::new(SUBJECT as usize), 0); inner.node_count()];
        Ways { subject, direct, next, stamp: 0, open: VecDeque::new(), names: 0 }
    }

    /// Returns, for each direct requirement that brings a component in, the shortest path from it to the component:
    /// the root first (the project, or the subject's path), the component last. Shortest first, then by name; of very
    /// many the shortest ones.
    pub fn to(&mut self, component: Resolved<'g>) -> Vec<Vec<Text>> {
        self.search(component.index);
        let reached = self.direct.iter().filter(|(_, direct)| self.next[direct.index()].0 == self.stamp);
        let mut reached: Vec<(u32, Text, Text, NodeIndex)> = reached
            .map(|&(root, direct)| {
                let name = |index| self.subject.name_of(index);
                (self.next[direct.index()].2, name(root), name(direct), direct)
            })
            .collect();
        reached.sort_unstable();
        reached.truncate(if self.names < NAMES { MOST } else { 1 });
        let mut paths: Vec<Vec<Text>> = reached.iter().map(|(_, root, _, direct)| self.path(root, *direct)).collect();
        self.names += paths.iter().map(Vec::len).sum::<usize>();
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        paths.dedup();
        paths
    }

    /// Finds a shortest way to a component from every node that has one.
    fn search(&mut self, to: NodeIndex) {
        let inner = &self.subject.inner;
        self.stamp += 1;
        self.next[to.index()] = (self.stamp, to, 0);
        self.open.push_back(to);
        while let Some(at) = self.open.pop_front() {
            let length = self.next[at.index()].2;
            for from in inner.neighbors_directed(at, Direction::Incoming) {
                // A way never leads through another root: what a root requires is direct.
                if self.next[from.index()].0 != self.stamp && from.index() != SUBJECT as usize && !inner[from].root {
                    self.next[from.index()] = (self.stamp, at, length + 1);
                    self.open.push_back(from);
                }
            }
        }
    }

    fn path(&self, root: Text, direct: NodeIndex) -> Vec<Text> {
        let length = self.next[direct.index()].2 as usize + 2;
        let mut path = vec![root];
        let mut at = direct;
        for position in 1..length {
            if length <= LONGEST || position < LONGEST / 2 || position > length - LONGEST / 2 {
                path.push(self.subject.name_of(at));
            } else if position == LONGEST / 2 {
                path.push("…");
            }
            at = self.next[at.index()].1;
        }
        path
    }
}

impl Resolved<'_> {
    /// Returns the ways by which the component gets in, as [`Ways::to`] does.
    pub fn introduced_by(&self) -> Vec<Vec<Text>> {
        Ways::new(self.subject).to(*self)
    }
}

impl Subject {
    /// Returns a node's name on a path: its component's, or the subject's own.
    fn name_of(&self, index: NodeIndex) -> Text {
        self.inner[index].component.map_or(self.path, |component| component.name())
    }
}
