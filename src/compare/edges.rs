//! Requirements that came or went between components that both sides have.

use hashbrown::{HashMap, HashSet};

use super::listed::Listed;
use super::{EdgeChange, MANY, Paired};
use crate::graph::{Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, NodeId, Requirement, Scope};

/// Returns the requirements that only one side has, between components that both sides have: exact component to exact
/// component, each followed to what it has become.
pub(super) fn edges<'g>(old: &'g Subject, new: &'g Subject, paired: &Paired<'g>) -> Vec<EdgeChange<'g>> {
    let mut counterparts = Counterparts::default();
    for (old, new) in paired.pairs.iter().chain(&paired.copies) {
        counterparts.add(*old, *new);
    }
    let mut edges = Vec::new();
    let mut compare = |olds: &[Link<'g>], news: &[Link<'g>], same_component: bool, which: Which| {
        edges.extend(counterparts.compare(olds, news, same_component, which));
    };
    let links = |node: &Resolved<'g>| -> Vec<Link<'g>> { node.requires().collect() };
    compare(&old.requires().collect::<Vec<_>>(), &new.requires().collect::<Vec<_>>(), true, Which::Both);
    for (old, new) in paired.pairs.iter().filter(|(old, new)| old.says().edges && new.says().edges) {
        let (before, after) = (links(old), links(new));
        if !before.is_empty() || !after.is_empty() {
            compare(&before, &after, std::ptr::eq(old.component, new.component), Which::Both);
        }
    }
    // A copy that came may require what no copy did, and one that went what no copy does.
    if !paired.copies.is_empty() {
        let all = |subject: &'g Subject| {
            let mut all: HashMap<*const Component, Vec<Link<'g>>> = HashMap::new();
            let copies = subject.components().filter(|node| !node.copy().is_empty());
            copies.for_each(|node| all.entry(std::ptr::from_ref(node.component)).or_default().extend(links(&node)));
            all
        };
        let (before, after) = (all(old), all(new));
        let is_paired: HashSet<NodeId> = paired.pairs.iter().map(|(_, new)| new.id()).collect();
        for (old, new) in &paired.copies {
            let of = |all: &HashMap<*const Component, Vec<Link<'g>>>, node: &Resolved<'g>| {
                all.get(&std::ptr::from_ref(node.component)).cloned().unwrap_or_else(|| links(node))
            };
            if is_paired.contains(&new.id()) {
                compare(&links(old), &of(&after, new), true, Which::Lost);
            } else {
                compare(&of(&before, old), &links(new), true, Which::Gained);
            }
        }
    }
    edges
}

/// Returns the requirements that only one side has, where one is a BOM of another tool: what any of a version requires, all
/// of it do. A component without requirements in such a BOM is mostly one that its tool could not ask, and what the BOM is
/// about requires what its tool thinks. Nor does each tool tell of what is required on a condition.
pub(super) fn listed<'g>(both: &[Listed<'g>]) -> Vec<EdgeChange<'g>> {
    let mut counterparts = Counterparts::default();
    for (olds, news) in both {
        olds.iter().take(MANY).for_each(|old| news.iter().take(MANY).for_each(|new| counterparts.add(*old, *new)));
    }
    let mut edges = Vec::new();
    for (olds, news) in both {
        if !olds.iter().chain(news).all(|node| node.says().edges) {
            continue;
        }
        let links = |nodes: &[Resolved<'g>]| -> Vec<Link<'g>> { nodes.iter().flat_map(Resolved::requires).collect() };
        let (before, after) = (links(olds), links(news));
        let theirs = if olds.iter().any(|node| node.says().whole) { &after } else { &before };
        if !theirs.is_empty() {
            let is_same = olds.iter().any(|old| news.iter().any(|new| std::ptr::eq(old.component, new.component)));
            let changed = counterparts.compare(&before, &after, is_same, Which::Both);
            edges.extend(changed.into_iter().filter(|edge| !is_conditional(&edge.link)));
        }
    }
    edges
}

/// Says whether a requirement may be met by nothing, or is of one form of a package on another.
fn is_conditional(link: &Link<'_>) -> bool {
    let Requirement { scope, environment, extra, .. } = *link.requirement;
    matches!(scope, Scope::Peer | Scope::Optional) || !environment.is_empty() || !extra.is_empty()
}

/// What nodes of one side are on the other.
#[derive(Default)]
struct Counterparts {
    became: HashMap<NodeId, Vec<NodeId>>,
    was: HashMap<NodeId, Vec<NodeId>>,
}

impl Counterparts {
    fn add(&mut self, old: Resolved<'_>, new: Resolved<'_>) {
        self.became.entry(old.id()).or_default().push(new.id());
        self.was.entry(new.id()).or_default().push(old.id());
    }

    /// Returns which of the requirements of one component came or went.
    fn compare<'g>(
        &self,
        olds: &[Link<'g>],
        news: &[Link<'g>],
        same_component: bool,
        which: Which,
    ) -> Vec<EdgeChange<'g>> {
        let Counterparts { became, was } = self;
        let (before, after): (Vec<NodeId>, Vec<NodeId>) =
            (olds.iter().map(|link| link.to.id()).collect(), news.iter().map(|link| link.to.id()).collect());
        let one_side = |links: &[Link<'g>], counterparts: &HashMap<NodeId, Vec<NodeId>>, others: &[NodeId]| {
            let others: HashSet<NodeId> = others.iter().copied().collect();
            let mut seen = HashSet::new();
            let lone = links.iter().copied().filter(|link| {
                let counterparts = counterparts.get(&link.to.id());
                counterparts.is_some_and(|all| all.iter().all(|other| !others.contains(other)))
                    && seen.insert(link.to.id())
            });
            lone.collect::<Vec<_>>()
        };
        let gained = one_side(news, was, &before).into_iter().map(|link| (true, link));
        let lost = one_side(olds, became, &after).into_iter().map(|link| (false, link));
        let gained = gained.filter(|_| which != Which::Lost);
        let lost = lost.filter(|_| which != Which::Gained);
        let found: Vec<(bool, Link<'g>)> = gained.chain(lost).collect();
        if found.is_empty() {
            return Vec::new();
        }
        let (keys_before, keys_after) = (by_key(olds), by_key(news));
        let changed = found.into_iter().map(|(gained, link)| {
            let (others, counterparts, own) =
                if gained { (&keys_before, became, &after) } else { (&keys_after, was, &before) };
            let is_gone = |other: &&Link<'g>| {
                let counterparts = counterparts.get(&other.to.id());
                counterparts.is_none_or(|all| all.iter().all(|one| !own.contains(one)))
            };
            let instead = others.get(link.to.component.purl.key()).and_then(|all| all.iter().copied().find(is_gone));
            EdgeChange { gained, link, same_component, instead: instead.copied() }
        });
        changed.collect()
    }
}

/// Returns requirements by the package that they lead to, whatever its version.
fn by_key<'l, 'g>(links: &'l [Link<'g>]) -> HashMap<Text, Vec<&'l Link<'g>>> {
    let mut all: HashMap<Text, Vec<&Link<'g>>> = HashMap::new();
    for link in links {
        all.entry(link.to.component.purl.key()).or_default().push(link);
    }
    all
}

/// Which side's requirements are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Both,
    Gained,
    Lost,
}
