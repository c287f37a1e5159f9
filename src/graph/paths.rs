//! By which path a component gets in.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashSet;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::{Resolved, Subject, extras};
use crate::intern::Text;
use crate::model::{SUBJECT, Scope};

/// How many ways in are told of one component: the shortest ones.
const MOST: usize = 32;
/// How many names all ways of one subject may have together, before there is but one way for each component left.
const NAMES: usize = 1 << 20;
/// How many names a way has at most; of a longer one the middle is left out.
const LONGEST: usize = 64;

/// A node on a way, with the extra that whoever stands before it on the way has to ask for; empty for none.
type State = (NodeIndex, Text);

/// What a root requires directly.
struct Direct {
    root: NodeIndex,
    to: NodeIndex,
    /// How strongly.
    scope: Scope,
    /// The extras that are asked for.
    extras: Vec<Text>,
}

/// The ways into one subject's components; keeps its buffers from one component to the next.
pub struct Ways<'g> {
    subject: &'g Subject,
    /// Each root with what it requires directly, sorted, without doubles.
    direct: Vec<Direct>,
    /// For each node the next state on a shortest way, and the length of that way; valid where the stamp is the present.
    next: Vec<(u32, State, u32)>,
    /// The same where an extra is to be asked for.
    next_of_extra: BTreeMap<State, (State, u32)>,
    stamp: u32,
    open: VecDeque<State>,
    names: usize,
}

impl<'g> Ways<'g> {
    /// Returns the ways into a subject.
    pub fn new(subject: &'g Subject) -> Self {
        let inner = &subject.inner;
        let mut of_root: BTreeMap<(NodeIndex, NodeIndex), Direct> = BTreeMap::new();
        for root in inner.node_indices().filter(|root| inner[*root].root) {
            for edge in inner.edges(root).filter(|edge| !inner[edge.target()].root) {
                let (to, requirement) = (edge.target(), edge.weight().requirement);
                let scope = requirement.scope;
                let direct = of_root.entry((root, to)).or_insert(Direct { root, to, scope, extras: Vec::new() });
                direct.scope = scope.min(direct.scope);
                direct.extras.extend(extras::asked_by(requirement));
            }
        }
        let direct = of_root.into_values().collect();
        let next = vec![(0, (NodeIndex::new(SUBJECT as usize), ""), 0); inner.node_count()];
        let (next_of_extra, open) = Default::default();
        Ways { subject, direct, next, next_of_extra, stamp: 0, open, names: 0 }
    }

    /// Returns, for each direct requirement that brings a component in, the shortest path from it to the component:
    /// the root first (the project, or the subject's path), the component last. Those come first that are required the most
    /// strongly: to run before to develop. Then the shortest, then by name; of very many the first ones.
    pub fn to(&mut self, component: Resolved<'g>) -> Vec<Vec<Text>> {
        self.search(component.index, true);
        let mut reached = self.reached();
        if reached.is_empty() {
            // Nobody is known who asks for an extra on the way.
            self.search(component.index, false);
            reached = self.reached();
        }
        reached.sort_unstable();
        reached.truncate(if self.names < NAMES { MOST } else { 1 });
        let mut paths: Vec<(Scope, Vec<Text>)> = reached
            .iter()
            .map(|(scope, length, root, _, direct)| (*scope, self.path(root, *direct, *length)))
            .collect();
        self.names += paths.iter().map(|(_, path)| path.len()).sum::<usize>();
        paths.sort_by(|(a_scope, a), (b_scope, b)| {
            a_scope.cmp(b_scope).then(a.len().cmp(&b.len())).then_with(|| a.cmp(b))
        });
        let mut told: HashSet<Vec<Text>> = HashSet::new();
        let paths = paths.into_iter().map(|(_, path)| path);
        paths.filter(|path| told.insert(path.clone())).collect()
    }

    /// Returns the direct requirements that were reached: how strong they are, how far, the names of root and requirement, and
    /// where the way goes on.
    fn reached(&self) -> Vec<(Scope, u32, Text, Text, State)> {
        let name = |index| self.subject.name_of(index);
        let reached = self.direct.iter().filter_map(|&Direct { root, to, scope, ref extras }| {
            let plain = self.after((to, "")).map(|(_, length)| (length, (to, "")));
            let of_extras = self.next_of_extra.range((to, "")..).take_while(|((node, _), _)| *node == to);
            let is_asked = |extra: Text| extras.iter().any(|asked| *asked == extra || *asked == extras::ANY);
            let of_extras = of_extras.filter(|((_, extra), _)| is_asked(extra));
            let of_extras = of_extras.map(|(state, (_, length))| (*length, *state));
            let (length, state) = plain.into_iter().chain(of_extras).min()?;
            Some((scope, length, name(root), name(to), state))
        });
        reached.collect()
    }

    /// Returns the state after one on the way that was found, and how far it is from the end.
    fn after(&self, state: State) -> Option<(State, u32)> {
        if !state.1.is_empty() {
            return self.next_of_extra.get(&state).copied();
        }
        let (stamp, next, length) = self.next[state.0.index()];
        (stamp == self.stamp).then_some((next, length))
    }

    /// Finds a shortest way to a component from every node that has one; through what an extra brings in only from those who
    /// ask for that, if asked to be `strict`.
    fn search(&mut self, to: NodeIndex, strict: bool) {
        let inner = &self.subject.inner;
        self.stamp += 1;
        self.next_of_extra.clear();
        self.next[to.index()] = (self.stamp, (to, ""), 0);
        self.open.push_back((to, ""));
        while let Some(at) = self.open.pop_front() {
            let length = self.after(at).map_or(0, |(_, length)| length) + 1;
            for edge in inner.edges_directed(at.0, Direction::Incoming) {
                let (from, requirement) = (edge.source(), edge.weight().requirement);
                // A way never leads through another root: what a root requires is direct.
                if from.index() == SUBJECT as usize || inner[from].root {
                    continue;
                }
                if !at.1.is_empty() && !extras::asks(requirement, at.1) {
                    continue;
                }
                let extra = if strict && self.subject.is_of_extra(from, requirement) { requirement.extra } else { "" };
                if self.after((from, extra)).is_some() {
                    continue;
                }
                match extra {
                    "" => self.next[from.index()] = (self.stamp, at, length),
                    extra => _ = self.next_of_extra.insert((from, extra), (at, length)),
                }
                self.open.push_back((from, extra));
            }
        }
    }

    fn path(&self, root: Text, direct: State, length: u32) -> Vec<Text> {
        let length = length as usize + 2;
        let mut path = vec![root];
        let mut at = direct;
        for position in 1..length {
            if length <= LONGEST || position < LONGEST / 2 || position > length - LONGEST / 2 {
                path.push(self.subject.name_of(at.0));
            } else if position == LONGEST / 2 {
                path.push("…");
            }
            at = self.after(at).map_or(at, |(next, _)| next);
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
    /// Returns, by node, the direct requirement from which each component is reached in the fewest steps.
    pub fn introducers(&self) -> Vec<Option<Resolved<'_>>> {
        let inner = &self.inner;
        let mut by: Vec<Option<NodeIndex>> = vec![None; inner.node_count()];
        let mut asked: HashSet<State> = HashSet::new();
        let mut open: VecDeque<(State, NodeIndex)> = VecDeque::new();
        for root in inner.node_indices().filter(|root| inner[*root].root) {
            for edge in inner.edges(root).filter(|edge| inner[edge.target()].direct) {
                open.push_back(((edge.target(), ""), edge.target()));
                let extras = extras::asked_by(edge.weight().requirement);
                open.extend(extras.map(|extra| ((edge.target(), extra), edge.target())));
            }
        }
        open.make_contiguous().sort();
        inner.node_indices().filter(|index| inner[*index].direct).for_each(|index| by[index.index()] = Some(index));
        // Through what extras bring in only from those who ask for them; then what nobody is known to ask for.
        for strict in [true, false] {
            while let Some(((at, entered), first)) = open.pop_front() {
                for edge in inner.edges(at).filter(|edge| !inner[edge.target()].root) {
                    let (to, requirement) = (edge.target(), edge.weight().requirement);
                    let needs = if strict && self.is_of_extra(at, requirement) { requirement.extra } else { "" };
                    let is_any = entered == extras::ANY && !needs.is_empty();
                    if needs != entered && !is_any {
                        continue;
                    }
                    if by[to.index()].is_none() {
                        by[to.index()] = Some(first);
                        open.push_back(((to, ""), first));
                    }
                    let extras = extras::asked_by(requirement).filter(|_| strict);
                    open.extend(extras.filter(|extra| asked.insert((to, *extra))).map(|extra| ((to, extra), first)));
                }
            }
            open.extend(inner.node_indices().filter_map(|index| Some(((index, ""), by[index.index()]?))));
        }
        by.into_iter().map(|first| self.at(first?)).collect()
    }

    /// Returns a node's name on a path: its component's, or the subject's own.
    fn name_of(&self, index: NodeIndex) -> Text {
        self.inner[index].component.map_or(self.path, |component| component.name())
    }
}
