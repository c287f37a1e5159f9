//! Takes single components of one graph over into another: what `pin --only` accepts.

use std::collections::BTreeMap;

use super::{Graph, Link, Resolved, Subject};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::intern::Text;
use crate::model::{Component, Declared, Edge, Gap, Inventory, Node, NodeId, Purl, Requirement, SUBJECT};
use crate::source::Place;

impl Graph {
    /// Returns this graph with the components that `chosen` names, by subject, as `other` has them: its versions in place of
    /// ours, in every subject that both have; gone where `other` has none. Subjects that only one side has stay as they are
    /// here. Of what moved, `other` has it where `moved` says.
    pub fn accept(
        &self,
        other: &Graph,
        moved: &BTreeMap<Text, Text>,
        chosen: &(dyn Fn(Text, &Purl) -> bool + Sync),
    ) -> Graph {
        let theirs = |path: Text| other.subject(moved.get(path).copied().unwrap_or(path));
        Graph::join(self.subjects.par_iter().map(|ours| match theirs(ours.path) {
            Some(theirs) => mix(ours, theirs, &|purl| chosen(ours.path, purl)),
            None => mix(ours, ours, &|_| false),
        }))
    }
}

/// A component's place in the mixed subject.
#[derive(Default)]
struct Mixed {
    nodes: Vec<Node>,
    ids: BTreeMap<(*const Component, Text), NodeId>,
    by_key: BTreeMap<Text, Vec<NodeId>>,
}

impl Mixed {
    fn add(&mut self, resolved: Resolved<'_>) {
        let id = self.nodes.len() as NodeId;
        let component = resolved.component;
        self.ids.insert(resolved.identity(), id);
        self.by_key.entry(component.purl.key()).or_default().push(id);
        self.nodes.push(Node {
            component: Some(component),
            place: resolved.place(),
            root: resolved.is_root(),
            environment: resolved.environment(),
            layer: resolved.layer(),
            copy: resolved.copy(),
            says: None,
        });
    }

    /// Returns what now stands for a component: itself, or what has its name.
    fn stand_ins(&self, node: Resolved<'_>) -> Vec<NodeId> {
        if let Some(id) = self.ids.get(&node.identity()) {
            return vec![*id];
        }
        self.by_key.get(node.component.purl.key()).cloned().unwrap_or_default()
    }

    /// Returns a subject's requirement without an answer as it is here; none where nothing is left that requires.
    fn declared(&self, subject: &Subject, declared: &Declared) -> Option<Declared> {
        let from = match subject.node(declared.from) {
            None => SUBJECT,
            Some(node) => *self.stand_ins(node).first()?,
        };
        let gap = match &declared.gap {
            Gap::Ambiguous(candidates) => {
                let nodes = candidates.iter().filter_map(|id| subject.node(*id));
                let candidates: Vec<NodeId> = nodes.flat_map(|node| self.stand_ins(node)).collect();
                if candidates.is_empty() { Gap::Unpinned } else { Gap::Ambiguous(candidates) }
            }
            other => other.clone(),
        };
        Some(Declared { from, gap, ..declared.clone() })
    }
}

/// Returns what a requirement without an answer may mean: its candidates, or what has its name, without a version.
fn means(subject: &Subject, declared: &Declared) -> Vec<Purl> {
    if let Gap::Ambiguous(candidates) = &declared.gap {
        return candidates.iter().filter_map(|id| subject.node(*id)).map(|node| node.component.purl).collect();
    }
    subject.may_mean(declared)
}

fn mix(ours: &Subject, theirs: &Subject, chosen: &dyn Fn(&Purl) -> bool) -> Inventory {
    let mut mixed = Mixed::default();
    mixed.nodes.push(Node { place: ours.place, environment: ours.environment, ..Node::default() });
    ours.components().filter(|node| !chosen(&node.component.purl)).for_each(|node| mixed.add(node));
    theirs.components().filter(|node| chosen(&node.component.purl)).for_each(|node| mixed.add(node));
    let mut edges: Vec<Edge> = Vec::new();
    let mut link = |from: NodeId, to: Resolved<'_>, requirement: &'static Requirement, place: Place| {
        edges.extend(mixed.stand_ins(to).into_iter().map(|to| Edge { from, to, requirement, place }));
    };
    // What we keep requires what it required here, except what was chosen: that it requires as it does there, if it is.
    let mut keep = |from: NodeId, ours: Vec<Link<'_>>, theirs: Option<Vec<Link<'_>>>| {
        let of_chosen = |edge: &Link<'_>| chosen(&edge.to.component.purl);
        let kept = ours.iter().filter(|edge| !of_chosen(edge) || theirs.is_none());
        for edge in kept.chain(theirs.iter().flatten().filter(|edge| of_chosen(edge))) {
            link(from, edge.to, edge.requirement, edge.place);
        }
    };
    keep(SUBJECT, ours.requires().collect(), Some(theirs.requires().collect()));
    let their_keys = theirs.by_key();
    for node in ours.components().filter(|node| !chosen(&node.component.purl)) {
        let of_key = their_keys.get(node.component.purl.key()).into_iter().flatten();
        let same: Vec<_> = of_key.filter(|their| their.component.purl == node.component.purl).collect();
        let theirs = (!same.is_empty()).then(|| same.iter().flat_map(|their| their.requires()).collect());
        let from = mixed.ids[&node.identity()];
        keep(from, node.requires().collect(), theirs);
    }
    let ours_by_key = ours.by_key();
    for node in theirs.components().filter(|node| chosen(&node.component.purl)) {
        let from = mixed.ids[&node.identity()];
        // What it requires and was not chosen stands here in the versions that it required before, or in the only one;
        // which of several others it would be, nobody says.
        let before: Vec<NodeId> = ours_by_key
            .get(node.component.purl.key())
            .into_iter()
            .flatten()
            .flat_map(|old| old.requires())
            .flat_map(|edge| mixed.stand_ins(edge.to))
            .collect();
        for edge in node.requires() {
            let mut answers = mixed.stand_ins(edge.to);
            if answers.len() > 1 {
                answers.retain(|answer| before.contains(answer));
            }
            let (requirement, place) = (edge.requirement, edge.place);
            edges.extend(answers.into_iter().map(|to| Edge { from, to, requirement, place }));
        }
    }
    let is_theirs = |subject: &Subject, declared: &Declared| {
        subject.node(declared.from).is_some_and(|from| chosen(&from.component.purl))
            || means(subject, declared).iter().any(chosen)
    };
    let kept = ours.declared.iter().filter(|declared| !is_theirs(ours, declared));
    let taken = theirs.declared.iter().filter(|declared| is_theirs(theirs, declared));
    let declared = kept.filter_map(|declared| mixed.declared(ours, declared));
    let declared = declared.chain(taken.filter_map(|declared| mixed.declared(theirs, declared))).collect();
    Inventory {
        subject: ours.path,
        format: ours.format,
        declared,
        nodes: mixed.nodes,
        edges,
        includes: Vec::new(),
        sources: ours.sources.clone(),
        manifest: None,
        says: ours.says,
        parts: Vec::new(),
        faults: Vec::new(),
        notes: Vec::new(),
    }
}
