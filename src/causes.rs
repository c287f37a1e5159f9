//! Why things changed: which of a subject's changes stand for themselves, and which came with another one.
//!
//! A change is a fact of [`crate::compare`]; that it came with another one is read out of the requirements of both sides,
//! and of the ranges that they name. What a lockfile does not say is not made up: where the ranges are not known, and more
//! than one thing moved, a step that every range may have let through is said to be perhaps part of another.

mod cover;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hashbrown::{HashMap, HashSet};

use crate::compare::{Change, ChangeKind, Drift, Pair, What};
use crate::graph::{Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, NodeId, Origin, host};
use crate::versions::{self, Step};

/// Changes that have one cause.
pub struct Cause<'g> {
    /// Which kind of cause.
    pub kind: Kind,
    /// The component that stands for it; none where no single one does.
    pub lead: Option<Resolved<'g>>,
    /// The changes, by their number in [`Pair::changes`]: that of the lead first, where it is one.
    pub changes: Vec<usize>,
    /// Changes that the lead asks for, as [`Cause::changes`], and that may have come without it: nothing says which versions
    /// it asks for, and others moved too.
    pub perhaps: Vec<usize>,
}

/// A kind of cause, in the order that reports tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The subject itself came or went.
    Subject,
    /// The project's own versions, or those of its workspace.
    Project,
    /// Many packages come from another place, and are the same: a mirror.
    Source(Origins),
    /// What the project itself requires, with what came with it.
    Direct,
    /// A component that others require and that did not come with anything else, with what came with it.
    Transitive,
    /// A component that is the same and requires more or less than it did: an extra, a feature.
    Edges,
    /// What moved though nothing that requires it did: the lockfile was refreshed, or its manifest overrides a version.
    Refresh,
    /// The same version with other content, licence, scope or condition.
    Content,
}

/// From where to where packages moved: addresses up to their paths.
pub type Origins = (Text, Text);

impl Kind {
    /// Returns the name in reports.
    pub fn name(self) -> Text {
        match self {
            Kind::Subject => "subject",
            Kind::Project => "project",
            Kind::Source(_) => "source",
            Kind::Direct => "direct",
            Kind::Transitive => "transitive",
            Kind::Edges => "edges",
            Kind::Refresh => "refresh",
            Kind::Content => "content",
        }
    }
}

/// From how many packages on a move of their source is one cause.
const MANY: usize = 3;

/// How many causes of one change are weighed.
const WAYS: usize = 64;

/// How many requirements are followed from each cause by itself, in all. Where more would be, each change stands under the
/// nearest cause, though fewer might explain all.
const STEPS: usize = 2_000_000;

/// How many pairs of a change and a cause the fewest causes are looked for among; with more, likewise.
const PAIRS: usize = 50_000;

/// Groups the changes of each subject of a comparison, in the order of its subjects.
pub fn of<'g>(drift: &Drift<'g>) -> Vec<Vec<Cause<'g>>> {
    drift.subjects.iter().map(causes).collect()
}

/// Groups the changes of a subject by what caused them: each change is in one group. Direct ones come before others, the
/// fewest direct changes that explain all that came with one; then by name.
pub fn causes<'g>(pair: &Pair<'g>) -> Vec<Cause<'g>> {
    if pair.changes.is_empty() {
        return Vec::new();
    }
    if pair.old.is_none() || pair.new.is_none() {
        let changes = (0..pair.changes.len()).collect();
        return vec![Cause { changes, ..Cause::of(Kind::Subject, None) }];
    }
    let mut open: Vec<usize> = (0..pair.changes.len()).collect();
    let mut causes: BTreeMap<Order, Cause<'g>> = BTreeMap::new();
    take(&mut open, &mut causes, pair, |change| is_project(change).then_some(Kind::Project));
    sources(&mut open, &mut causes, pair);
    let reasons = Reasons::of(pair, &open);
    for (at, lead, is_certain) in reasons.leads() {
        let (kind, order, resolved) = match lead {
            Lead::Change(lead) => {
                let resolved = pair.changes[lead].either();
                let kind = if is_direct(&pair.changes[lead]) { Kind::Direct } else { Kind::Transitive };
                (kind, lead, Some(resolved))
            }
            Lead::Node(node) => (Kind::Edges, node as usize, pair.new.and_then(|new| new.node(node))),
            Lead::Refresh => (Kind::Refresh, 0, None),
            Lead::Content => (Kind::Content, 0, None),
        };
        let cause = causes.entry((kind, order)).or_insert(Cause::of(kind, resolved));
        match is_certain {
            // The lead stands first.
            _ if lead == Lead::Change(at) => cause.changes.insert(0, at),
            true => cause.changes.push(at),
            false => cause.perhaps.push(at),
        }
    }
    causes.into_values().collect()
}

impl<'g> Cause<'g> {
    fn of(kind: Kind, lead: Option<Resolved<'g>>) -> Self {
        Cause { kind, lead, changes: Vec::new(), perhaps: Vec::new() }
    }
}

/// How causes are sorted: by kind, then by the number of the lead's change, which follows its purl.
type Order = (Kind, usize);

/// Takes the changes that are of a kind by themselves.
fn take<'g>(
    open: &mut Vec<usize>,
    causes: &mut BTreeMap<Order, Cause<'g>>,
    pair: &Pair<'g>,
    kind: impl Fn(&Change<'g>) -> Option<Kind>,
) {
    open.retain(|at| match kind(&pair.changes[*at]) {
        Some(kind) => {
            causes.entry((kind, 0)).or_insert(Cause::of(kind, None)).changes.push(*at);
            false
        }
        None => true,
    });
}

fn is_project(change: &Change<'_>) -> bool {
    change.old.into_iter().chain(change.new).any(|node| node.is_root())
}

/// Says whether the project itself requires, or required, what changed.
fn is_direct(change: &Change<'_>) -> bool {
    change.old.into_iter().chain(change.new).any(|node| node.is_direct())
}

/// Takes packages that come from another place in the same way as others, and are the same.
fn sources<'g>(open: &mut Vec<usize>, causes: &mut BTreeMap<Order, Cause<'g>>, pair: &Pair<'g>) {
    let mut counts: BTreeMap<Origins, usize> = BTreeMap::new();
    for change in open.iter().map(|at| &pair.changes[*at]) {
        if let Some(moved) = moved(change) {
            *counts.entry(moved).or_default() += 1;
        }
    }
    take(open, causes, pair, |change| {
        let moved = moved(change).filter(|moved| counts[moved] >= MANY)?;
        Some(Kind::Source(moved))
    });
}

/// Returns from where to where a package moved, if nothing else of it changed.
fn moved(change: &Change<'_>) -> Option<Origins> {
    if change.what != [What::Source] {
        return None;
    }
    let of = |node: Option<Resolved<'_>>| match node?.component.origin {
        Origin::Registry(address) | Origin::Url(address) => Some(host(address)),
        _ => None,
    };
    Some((of(change.old)?, of(change.new)?)).filter(|(from, to)| from != to)
}

/// What a change came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lead {
    /// Another change, or itself.
    Change(usize),
    /// A component that is the same, and requires other things: its number on the new side.
    Node(NodeId),
    /// Nothing but a refresh of the lockfile.
    Refresh,
    /// Nothing at all: its content is not what it was.
    Content,
}

/// Which changes may have brought about which.
struct Reasons {
    /// Each open change, with what it is by itself.
    open: Vec<(usize, Standing)>,
    /// For each transitive change, what brought it about.
    certain: BTreeMap<usize, Vec<Lead>>,
    /// For each transitive change, what brought it about or asks for it, while nothing says for which versions.
    possible: BTreeMap<usize, Vec<Lead>>,
    /// Whether some moved though nothing that asks for them did.
    is_refreshed: bool,
}

/// What a change is by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Direct,
    Transitive,
    Content,
}

impl Reasons {
    fn of(pair: &Pair<'_>, open: &[usize]) -> Self {
        let number = |side: fn(&Change<'_>) -> Option<NodeId>| -> HashMap<NodeId, usize> {
            open.iter().filter_map(|at| Some((side(&pair.changes[*at])?, *at))).collect()
        };
        let news = number(|change| change.new.map(|node| node.id()));
        let olds = number(|change| change.old.map(|node| node.id()));
        let components = pair.new.into_iter().flat_map(Subject::components);
        let here: HashMap<*const Component, NodeId> =
            components.map(|node| (std::ptr::from_ref(node.component), node.id())).collect();
        let mut certain: BTreeMap<usize, Vec<Lead>> = BTreeMap::new();
        let mut possible: BTreeMap<usize, Vec<Lead>> = BTreeMap::new();
        let mut standings = Vec::new();
        let mut is_refreshed = false;
        for &at in open {
            let change = &pair.changes[at];
            let standing = match change.kind {
                // A scope or a condition is derived from who requires.
                ChangeKind::Changed if !change.what.iter().all(is_derived) => Standing::Content,
                ChangeKind::Changed => Standing::Transitive,
                _ if is_direct(change) => Standing::Direct,
                _ => Standing::Transitive,
            };
            standings.push((at, standing));
            if standing != Standing::Transitive {
                continue;
            }
            let mut found = Found::default();
            let mut nodes: Vec<Lead> = Vec::new();
            // Of what an extra brings in, those are asked who ask for it where it is the same who has the extra.
            let others = |links: &mut dyn Iterator<Item = Link<'_>>, moved: &HashMap<NodeId, usize>| {
                let mut others: Vec<(Option<NodeId>, Text)> = Vec::new();
                for link in links {
                    let from = link.from.map(|from| from.id());
                    others.push((from, link.requirement.constraint));
                    if from.is_some_and(|from| !moved.contains_key(&from)) {
                        let askers = link.askers().into_iter().flatten().map(|asker| asker.id());
                        let moved = askers.filter(|asker| moved.contains_key(asker));
                        others.extend(moved.map(|asker| (Some(asker), "")));
                    }
                }
                others
            };
            let now = change.new.map(|node| others(&mut node.required_by(), &news)).unwrap_or_default();
            let before = change.old.map(|node| others(&mut node.required_by(), &olds)).unwrap_or_default();
            let version = |side: Option<Resolved<'_>>| side.map(|node| node.component.version());
            let is_same = change.kind == ChangeKind::Changed;
            // The version of this package that a component requires on one side; none where it requires none.
            let key = change.either().component.purl.key();
            let asked = |side: Option<Resolved<'_>>| {
                let link = side?.requires().find(|link| link.to.component.purl.key() == key)?;
                Some(link.to.component.version())
            };
            for (from, constraint) in now {
                let other = from.and_then(|from| news.get(&from).copied()).filter(|other| *other != at);
                if is_same {
                    found.certain.extend(other.map(Lead::Change));
                    continue;
                }
                match (other, version(change.old)) {
                    // Who asked for the name before, and asks for another copy of it now, had a reason or the tool had.
                    (Some(other), None) => match asked(pair.changes[other].old) {
                        Some(old) => found.add(other, change, fits(change, constraint, old)),
                        None => found.certain.push(Lead::Change(other)),
                    },
                    (Some(other), Some(old)) => found.add(other, change, fits(change, constraint, old)),
                    // It is there on both sides, and did not require this.
                    (None, None) => nodes.extend(from.map(Lead::Node)),
                    (None, Some(_)) => {}
                }
            }
            for (from, constraint) in before {
                let other = from.and_then(|from| olds.get(&from).copied()).filter(|other| *other != at);
                if is_same {
                    found.certain.extend(other.map(Lead::Change));
                    continue;
                }
                match (other, version(change.new)) {
                    (Some(other), None) => match asked(pair.changes[other].new) {
                        Some(new) if fits(change, constraint, new) != Some(false) => {
                            found.possible.push(Lead::Change(other));
                        }
                        _ => found.certain.push(Lead::Change(other)),
                    },
                    // What held it back does no more.
                    (Some(other), Some(new)) if fits(change, constraint, new) == Some(false) => {
                        found.certain.push(Lead::Change(other));
                    }
                    (None, None) => {
                        let component = from.and_then(|from| Some(pair.old?.node(from)?.component));
                        let still = component.and_then(|component| here.get(&std::ptr::from_ref(component)).copied());
                        nodes.extend(still.map(Lead::Node));
                    }
                    _ => {}
                }
            }
            if found.certain.is_empty() && found.possible.is_empty() {
                found.certain = nodes;
            }
            is_refreshed |= found.certain.is_empty() && found.possible.is_empty() && change.has(What::Version);
            certain.insert(at, found.certain);
            possible.insert(at, found.possible);
        }
        for (at, leads) in &certain {
            possible.entry(*at).or_default().extend(leads);
        }
        for leads in certain.values_mut().chain(possible.values_mut()) {
            leads.sort_unstable();
            leads.dedup();
        }
        Reasons { open: standings, certain, possible, is_refreshed }
    }

    /// Returns, for each open change, what it stands under, and whether that is certain.
    fn leads(&self) -> Vec<(usize, Lead, bool)> {
        let direct = self.open.iter().filter(|(_, standing)| *standing == Standing::Direct);
        let mut sources: Vec<Lead> = direct.map(|(at, _)| Lead::Change(*at)).collect();
        let nodes = self.certain.values().flatten().filter(|lead| matches!(lead, Lead::Node(_)));
        sources.extend(nodes.copied());
        sources.sort_unstable();
        sources.dedup();
        // Where but one thing was asked for and nothing else moved, what may have come with it did.
        let is_one = sources.len() == 1 && !self.is_refreshed;
        let mut under: HashMap<usize, (Lead, bool)> = HashMap::new();
        for (reasons, is_certain) in [(&self.certain, true), (&self.possible, is_one)] {
            for (at, lead) in explained(reasons, &sources) {
                under.entry(at).or_insert((lead, is_certain));
            }
        }
        // What nothing explains explains, in its turn, what came with it.
        let left: Vec<usize> = self.certain.keys().copied().filter(|at| !under.contains_key(at)).collect();
        let alone: Vec<Lead> =
            left.iter().filter(|at| self.certain[*at].is_empty()).map(|at| Lead::Change(*at)).collect();
        let mut rest = explained(&self.certain, &alone);
        rest.retain(|at, _| !under.contains_key(at));
        let leading: BTreeSet<Lead> = rest.values().copied().collect();
        let perhaps = explained(&self.possible, &leading.iter().copied().collect::<Vec<_>>());
        for at in left {
            let own = Some(Lead::Change(at)).filter(|own| leading.contains(own));
            let lead = match (rest.get(&at).copied().or(own), perhaps.get(&at)) {
                (Some(lead), _) => (lead, true),
                (None, Some(lead)) => (*lead, false),
                (None, None) => (Lead::Refresh, true),
            };
            under.insert(at, lead);
        }
        let of = |(at, standing): &(usize, Standing)| match standing {
            Standing::Direct => (*at, Lead::Change(*at), true),
            Standing::Content => (*at, Lead::Content, true),
            Standing::Transitive => {
                let (lead, is_certain) = under.get(at).copied().unwrap_or((Lead::Refresh, true));
                (*at, lead, is_certain)
            }
        };
        self.open.iter().map(of).collect()
    }
}

/// Returns which of some leads each transitive change came with: of the fewest that explain all that any does, the nearest.
fn explained(reasons: &BTreeMap<usize, Vec<Lead>>, sources: &[Lead]) -> BTreeMap<usize, Lead> {
    let mut followers: HashMap<Lead, Vec<usize>> = HashMap::new();
    for (at, leads) in reasons {
        leads.iter().for_each(|lead| followers.entry(*lead).or_default().push(*at));
    }
    let nearest_of_all = || {
        let mut under: BTreeMap<usize, Lead> = BTreeMap::new();
        let mut work: VecDeque<(Lead, Lead)> = sources.iter().map(|source| (*source, *source)).collect();
        let is_source: HashSet<Lead> = sources.iter().copied().collect();
        while let Some((lead, source)) = work.pop_front() {
            for at in followers.get(&lead).into_iter().flatten() {
                let own = Lead::Change(*at);
                if !is_source.contains(&own) && !under.contains_key(at) {
                    under.insert(*at, source);
                    work.push_back((own, source));
                }
            }
        }
        under
    };
    // How far each change is from each source that reaches it.
    let mut reached: BTreeMap<usize, Vec<(usize, u32)>> = BTreeMap::new();
    let mut steps = 0;
    for (number, source) in sources.iter().enumerate() {
        let mut seen: HashMap<usize, u32> = HashMap::new();
        let mut work: VecDeque<(Lead, u32)> = VecDeque::from([(*source, 0)]);
        while let Some((lead, far)) = work.pop_front() {
            if steps > STEPS {
                return nearest_of_all();
            }
            steps += followers.get(&lead).map_or(0, Vec::len);
            for at in followers.get(&lead).into_iter().flatten() {
                let is_source = Lead::Change(*at) == *source;
                if !is_source && !seen.contains_key(at) {
                    seen.insert(*at, far + 1);
                    work.push_back((Lead::Change(*at), far + 1));
                }
            }
        }
        for (at, far) in seen {
            let ways = reached.entry(at).or_default();
            if ways.len() < WAYS {
                ways.push((number, far));
            }
        }
    }
    reached.values_mut().for_each(|ways| ways.sort_unstable());
    // What the same causes explain is explained by the same one.
    let sets: BTreeSet<Vec<usize>> =
        reached.values().map(|ways| ways.iter().map(|(number, _)| *number).collect()).collect();
    if sets.iter().map(Vec::len).sum::<usize>() > PAIRS {
        return nearest_of_all();
    }
    let chosen = cover::cover(&sets.into_iter().collect::<Vec<_>>());
    let nearest = |ways: &[(usize, u32)]| {
        let chosen = ways.iter().filter(|(number, _)| chosen.contains(number));
        chosen.min_by_key(|(number, far)| (*far, *number)).map(|(number, _)| sources[*number])
    };
    reached.iter().filter_map(|(at, ways)| Some((*at, nearest(ways)?))).collect()
}

/// Says whether what differs follows from who requires a component, and in which scope.
fn is_derived(what: &What) -> bool {
    matches!(what, What::Scope | What::Environment)
}

/// What brought one change about.
#[derive(Default)]
struct Found {
    certain: Vec<Lead>,
    possible: Vec<Lead>,
}

impl Found {
    /// Adds a change that requires this one now, by whether its range lets the old version through.
    fn add(&mut self, other: usize, change: &Change<'_>, fits: Option<bool>) {
        match fits {
            Some(true) => {}
            Some(false) => self.certain.push(Lead::Change(other)),
            None if is_major(change) => self.certain.push(Lead::Change(other)),
            None => self.possible.push(Lead::Change(other)),
        }
    }
}

/// The purl types whose tools write ranges that end before the next major version, unless told otherwise.
const CARET: &[&str] = &["cargo", "composer", "hex", "julia", "npm", "pub", "swift"];

/// Says whether a step is one that hardly any range lets through.
fn is_major(change: &Change<'_>) -> bool {
    change.step == Step::Major && CARET.contains(&change.either().component.purl.ty())
}

/// Says whether a range lets a version through; none where that can't be said.
fn fits(change: &Change<'_>, constraint: Text, version: Text) -> Option<bool> {
    let ty = change.either().component.purl.ty();
    if constraint.is_empty() { None } else { versions::fits(ty, constraint, version) }
}
