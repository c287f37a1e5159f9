//! By which path a component gets in.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::{Resolved, Subject};
use crate::intern::Text;
use crate::model::SUBJECT;

impl<'g> Resolved<'g> {
    /// Returns, for each direct requirement that brings the component in, the shortest path from it to the component:
    /// the root first (the project, or the subject's path), the component last. Sorted: shortest first, then by name.
    pub fn introduced_by(&self) -> Vec<Vec<Text>> {
        let next = self.next_hops();
        let mut paths = Vec::new();
        let inner = &self.subject.inner;
        for root in inner.node_indices().filter(|root| inner[*root].root) {
            let mut seen = Vec::new();
            for direct in inner.neighbors(root) {
                if inner[direct].root || next[direct.index()].is_none() || seen.contains(&direct) {
                    continue;
                }
                seen.push(direct);
                let mut path = vec![self.subject.name_of(root)];
                let mut at = direct;
                loop {
                    path.push(self.subject.name_of(at));
                    match next[at.index()] {
                        Some(hop) if hop != at => at = hop,
                        _ => break,
                    }
                }
                paths.push(path);
            }
        }
        paths.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        paths.dedup();
        paths
    }

    /// For each node from which the component can be reached, the next node on a shortest way; itself for itself.
    fn next_hops(&self) -> Vec<Option<NodeIndex>> {
        let inner = &self.subject.inner;
        let mut next = vec![None; inner.node_count()];
        next[self.index.index()] = Some(self.index);
        let mut open = VecDeque::from([self.index]);
        while let Some(at) = open.pop_front() {
            let mut requiring: Vec<NodeIndex> = inner.neighbors_directed(at, Direction::Incoming).collect();
            requiring.sort_unstable();
            for from in requiring {
                // A path never leads through another root: what a root requires is direct.
                if next[from.index()].is_none() && from.index() != SUBJECT as usize && !inner[from].root {
                    next[from.index()] = Some(at);
                    open.push_back(from);
                }
            }
        }
        next
    }
}

impl Subject {
    /// Returns a node's name on a path: its component's, or the subject's own.
    fn name_of(&self, index: NodeIndex) -> Text {
        self.inner[index].component.map_or(self.path, |component| component.name())
    }
}
