//! Pairs two graphs, subject by subject: what came, went or changed; not whether that is good or bad.

mod differs;
mod edges;
mod gaps;
mod listed;
mod moves;
mod registries;
mod variants;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::graph::{Graph, Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::Component;
use crate::versions::{self, Step};
pub use differs::{Digests, came_from};
use differs::{change, same_version};
pub use gaps::{Loosened, Tightened};
pub use moves::{by_folder, is_environment, moves};
pub use registries::are_unsaid;
pub use variants::Facts;

/// The difference between two graphs.
#[derive(Default)]
pub struct Drift<'g> {
    /// A pair for each subject of either side, sorted by path.
    pub subjects: Vec<Pair<'g>>,
}

/// A subject on both sides, or on one.
pub struct Pair<'g> {
    /// The old side.
    pub old: Option<&'g Subject>,
    /// The new side.
    pub new: Option<&'g Subject>,
    /// What differs, sorted by purl.
    pub changes: Vec<Change<'g>>,
    /// Requirements that came or went between components that both sides have.
    pub edges: Vec<EdgeChange<'g>>,
}

/// A component that differs.
#[derive(Clone)]
pub struct Change<'g> {
    /// The old side; none for what was added.
    pub old: Option<Resolved<'g>>,
    /// The new side; none for what was removed.
    pub new: Option<Resolved<'g>>,
    /// In which way.
    pub kind: ChangeKind,
    /// What differs, in the order of [`What`].
    pub what: Vec<What>,
    /// The size of the step between the versions.
    pub step: Step,
}

/// In which way a component differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// The new version is the later one, or the order is not known.
    Upgraded,
    /// The new version is the earlier one.
    Downgraded,
    /// The version is the same, and something else is not.
    Changed,
}

impl ChangeKind {
    /// Returns the name in reports.
    pub fn name(self) -> Text {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Upgraded => "upgraded",
            ChangeKind::Downgraded => "downgraded",
            ChangeKind::Changed => "changed",
        }
    }
}

/// What differs between two sides of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The version.
    Version,
    /// The digests have nothing in common, or others came in the place of some, see [`Digests`].
    Integrity,
    /// Digests that the old side had are gone, or only broken algorithms are left.
    IntegrityWeakened,
    /// Where it comes from.
    Source,
    /// The licence.
    Licence,
    /// The scope in which it gets in.
    Scope,
    /// The condition under which it is locked.
    Environment,
    /// The purl's qualifiers, or a property: a build, an architecture.
    Variant,
}

impl What {
    /// Returns the name in reports.
    pub fn name(self) -> Text {
        match self {
            What::Version => "version",
            What::Integrity => "integrity",
            What::IntegrityWeakened => "integrity-weakened",
            What::Source => "source",
            What::Licence => "licence",
            What::Scope => "scope",
            What::Environment => "environment",
            What::Variant => "variant",
        }
    }
}

/// A requirement that came or went.
pub struct EdgeChange<'g> {
    /// Whether the new side has it.
    pub gained: bool,
    /// The requirement, on the side that has it.
    pub link: Link<'g>,
    /// Whether who requires is the same component on both sides, to the digest.
    pub same_component: bool,
    /// What the other side has in its place: a requirement of another version of the same package.
    pub instead: Option<Link<'g>>,
}

impl<'g> Change<'g> {
    /// Returns the new side, or the old one of what was removed.
    pub fn either(&self) -> Resolved<'g> {
        self.new.or(self.old).expect("a change has a side")
    }

    /// Says whether this differs.
    pub fn has(&self, what: What) -> bool {
        self.what.contains(&what)
    }
}

impl<'g> Pair<'g> {
    /// Returns the path at which it stands, or stood where it is gone.
    pub fn path(&self) -> Text {
        self.new.or(self.old).map_or("", |subject| subject.path)
    }

    /// Returns both sides of a lockfile or manifest that stands at another path than it did. Environments, whose paths tell a
    /// Python's version, are none.
    pub fn moved(&self) -> Option<(&'g Subject, &'g Subject)> {
        let (old, new) = (self.old?, self.new?);
        let is_foreign = old.is_foreign() || new.is_foreign();
        (old.path != new.path && !is_foreign && !is_environment(new)).then_some((old, new))
    }
}

impl<'g> Drift<'g> {
    /// Returns all changes, subject by subject.
    pub fn changes(&self) -> impl Iterator<Item = &Change<'g>> {
        self.subjects.iter().flat_map(|pair| &pair.changes)
    }

    /// Returns the changes in subjects that both sides have.
    pub fn changes_within(&self) -> impl Iterator<Item = &Change<'g>> {
        self.subjects.iter().filter(|pair| pair.old.is_some() && pair.new.is_some()).flat_map(|pair| &pair.changes)
    }
}

/// Compares two graphs. Subjects are paired by path; the only subject of one side with the only one of the other, and so
/// an environment that moved, where there is just one of its kind: `python3.11/site-packages` to `python3.12/site-packages`.
pub fn drift<'g>(old: &'g Graph, new: &'g Graph) -> Drift<'g> {
    if let ([old], [new]) = (old.subjects(), new.subjects()) {
        return Drift { subjects: vec![pair(Some(old), Some(new))] };
    }
    drift_by_path(old, new)
}

/// Compares two graphs, pairing subjects by path, and what moved: [`moves()`].
pub fn drift_by_path<'g>(old: &'g Graph, new: &'g Graph) -> Drift<'g> {
    let mut moved: BTreeMap<Text, &Subject> = BTreeMap::new();
    let mut gone: BTreeSet<Text> = BTreeSet::new();
    for (old, new) in moves(old, new) {
        moved.insert(new.path, old);
        gone.insert(old.path);
    }
    let both = old.subjects().iter().chain(new.subjects());
    let paths: BTreeSet<Text> = both.map(|subject| subject.path).filter(|path| !gone.contains(path)).collect();
    let subjects = paths.into_par_iter().map(|path| {
        let old = moved.get(path).copied().or_else(|| old.subject(path));
        pair(old, new.subject(path))
    });
    Drift { subjects: subjects.collect() }
}

fn pair<'g>(old: Option<&'g Subject>, new: Option<&'g Subject>) -> Pair<'g> {
    let (mut changes, mut edges) = (Vec::new(), Vec::new());
    match (old, new) {
        (Some(old), Some(new)) => (changes, edges) = within(old, new),
        (None, Some(new)) => changes.extend(new.components().map(added)),
        (Some(old), None) => changes.extend(old.components().map(removed)),
        (None, None) => {}
    }
    Pair { old, new, changes, edges }
}

/// The components of two sides that are one, or what one has become.
#[derive(Default)]
struct Paired<'g> {
    /// Each node is in one pair at most.
    pairs: Vec<(Resolved<'g>, Resolved<'g>)>,
    /// What only one side has, beside a copy of the same component that both have: no component that came or went, but
    /// one that is there with other edges too.
    copies: Vec<(Resolved<'g>, Resolved<'g>)>,
}

fn within<'g>(old: &'g Subject, new: &'g Subject) -> (Vec<Change<'g>>, Vec<EdgeChange<'g>>) {
    let (mut changes, edges) =
        if old.says.whole == new.says.whole { exactly(old, new) } else { listed::within(old, new) };
    if registries::are_unsaid(old, new) {
        registries::take_out(&mut changes);
    }
    changes.sort_by_key(|change| {
        let of = |side: Option<Resolved<'g>>| side.map(|resolved| resolved.component.purl);
        (change.either().component.purl.key(), of(change.new), of(change.old))
    });
    (changes, edges)
}

fn exactly<'g>(old: &'g Subject, new: &'g Subject) -> (Vec<Change<'g>>, Vec<EdgeChange<'g>>) {
    let mut changes = Vec::new();
    let mut paired = Paired::default();
    let (olds, mut news) = (old.by_key(), new.by_key());
    for (key, olds) in olds {
        let news = news.remove(key).unwrap_or_default();
        group(olds, news, &mut changes, &mut paired);
    }
    changes.extend(news.into_values().flatten().map(added));
    for &(old, new) in &paired.pairs {
        changes.extend(change(old, new));
    }
    let edges = if old.says.edges && new.says.edges { edges::edges(old, new, &paired) } else { Vec::new() };
    (changes, edges)
}

/// Pairs the versions of one name with the fewest changes: equal ones with each other, then the same version with other
/// facts, then the rest in the order of versions, so that the steps add up to the least.
fn group<'g>(
    mut olds: Vec<Resolved<'g>>,
    mut news: Vec<Resolved<'g>>,
    changes: &mut Vec<Change<'g>>,
    paired: &mut Paired<'g>,
) {
    let pairs = &mut paired.pairs;
    let has_copies = olds.iter().chain(&news).any(|node| !node.copy().is_empty());
    let all = if has_copies { (olds.clone(), news.clone()) } else { Default::default() };
    let same = |nodes: &[Resolved<'g>], other: Resolved<'g>| {
        nodes.iter().copied().find(|node| std::ptr::eq(node.component, other.component))
    };
    take(&mut olds, &mut news, pairs, Resolved::identity, |_, _| true);
    take(&mut olds, &mut news, pairs, |node| std::ptr::from_ref(node.component), |_, _| true);
    take(&mut olds, &mut news, pairs, |node| node.component.purl, |old, new| Digests::of(old, new).are_shared());
    take(&mut olds, &mut news, pairs, |node| node.component.purl, |_, _| true);
    if olds.len().max(news.len()) <= MANY {
        // Builds of one version are told apart by where they are locked.
        take(&mut olds, &mut news, pairs, |node| node.environment(), same_version);
        take(&mut olds, &mut news, pairs, |_| (), same_version);
        // What is locked under one condition goes together: on each platform its own build.
        let condition = |node: &Resolved<'g>| {
            let environment = node.environment();
            (environment, environment.is_empty().then(|| std::ptr::from_ref(node.component)))
        };
        take(&mut olds, &mut news, pairs, condition, |_, _| true);
    }
    if let Some(some) = olds.first().or(news.first()) {
        let scheme = versions::scheme(some.component.purl.ty());
        let order = |a: &Resolved<'g>, b: &Resolved<'g>| {
            let (a, b) = (a.component.version(), b.component.version());
            scheme.order(a, b).unwrap_or_else(|| a.cmp(b)).then_with(|| a.cmp(b))
        };
        // Where not all are versions of the scheme the order is none, and a sort wants one.
        let is_version =
            |node: &Resolved<'g>| scheme.order(node.component.version(), node.component.version()).is_some();
        if olds.iter().chain(&news).all(is_version) {
            olds.sort_by(order);
            news.sort_by(order);
        } else {
            olds.sort_by_key(|node| node.component.version());
            news.sort_by_key(|node| node.component.version());
        }
    }
    for (old, new) in align(&olds, &news) {
        match (old, new) {
            (Some(old), Some(new)) => pairs.push((olds[old], news[new])),
            (Some(old), None) => match same(&all.1, olds[old]) {
                Some(new) => paired.copies.push((olds[old], new)),
                None => changes.push(removed(olds[old])),
            },
            (None, Some(new)) => match same(&all.0, news[new]) {
                Some(old) => paired.copies.push((old, news[new])),
                None => changes.push(added(news[new])),
            },
            (None, None) => {}
        }
    }
}

/// Past this many versions of one name, spellings of one version are no longer looked for.
const MANY: usize = 256;

/// Takes out pairs that have one key and fit: each old with the first new one that does.
fn take<'g, K: Hash + Eq>(
    olds: &mut Vec<Resolved<'g>>,
    news: &mut Vec<Resolved<'g>>,
    pairs: &mut Vec<(Resolved<'g>, Resolved<'g>)>,
    key: impl Fn(&Resolved<'g>) -> K,
    fits: impl Fn(&Component, &Component) -> bool,
) {
    if olds.is_empty() || news.is_empty() {
        return;
    }
    let mut by_key: HashMap<K, Vec<usize>> = HashMap::with_capacity(news.len());
    for (at, new) in news.iter().enumerate() {
        by_key.entry(key(new)).or_default().push(at);
    }
    let mut taken = vec![false; news.len()];
    olds.retain(|old| {
        // Of very many equal ones the first few are looked at: a file that holds more is none that a tool wrote.
        let candidates = by_key.get(&key(old)).into_iter().flatten().filter(|at| !taken[**at]).take(MANY);
        let found = candidates.copied().find(|at| fits(old.component, news[*at].component));
        if let Some(at) = found {
            taken[at] = true;
            pairs.push((*old, news[at]));
        }
        found.is_none()
    });
    let mut taken = taken.into_iter();
    news.retain(|_| !taken.next().unwrap_or(false));
}

/// Aligns two ascending lists so that all of the shorter one are paired, in order, at the least total cost.
fn align(olds: &[Resolved<'_>], news: &[Resolved<'_>]) -> Vec<(Option<usize>, Option<usize>)> {
    let swapped = olds.len() > news.len();
    let (few, many) = if swapped { (news, olds) } else { (olds, news) };
    let put = |few: Option<usize>, many: Option<usize>| if swapped { (many, few) } else { (few, many) };
    let spare = many.len() - few.len();
    // The table has a cell a pair that can be met; past a bound, in order is good enough.
    if few.is_empty() || spare == 0 || few.len() * (spare + 1) > 100_000 {
        let paired = (0..few.len()).map(|at| put(Some(at), Some(at)));
        return paired.chain((few.len()..many.len()).map(|at| put(None, Some(at)))).collect();
    }
    let cost = |few_at: usize, many_at: usize| -> u64 {
        let (a, b) = (few[few_at].component, many[many_at].component);
        match versions::scheme(a.purl.ty()).step(a.version(), b.version()) {
            Step::None => 0,
            Step::Local => 1,
            Step::Patch => 2,
            Step::Minor => 4,
            Step::Major | Step::Unknown => 8,
        }
    };
    // least[i][s]: the least cost of the first i of the few, with s of the many passed over.
    let width = spare + 1;
    let mut least = vec![u64::MAX; (few.len() + 1) * width];
    least[..width].fill(0);
    for at in 0..few.len() {
        let mut best = u64::MAX;
        for passed in 0..width {
            let before = least[at * width + passed];
            let paired = before.saturating_add(cost(at, at + passed));
            best = best.min(paired);
            least[(at + 1) * width + passed] = best;
        }
    }
    let mut paired = Vec::with_capacity(many.len());
    let (mut at, mut passed) = (few.len(), spare);
    while at > 0 {
        while passed > 0 && least[at * width + passed - 1] == least[at * width + passed] {
            passed -= 1;
        }
        at -= 1;
        paired.push((at, at + passed));
    }
    let taken: BTreeSet<usize> = paired.iter().map(|pair| pair.1).collect();
    let rest = (0..many.len()).filter(|at| !taken.contains(at)).map(|at| put(None, Some(at)));
    paired.iter().rev().map(|&(few, many)| put(Some(few), Some(many))).chain(rest).collect()
}

fn added(new: Resolved<'_>) -> Change<'_> {
    Change { old: None, new: Some(new), kind: ChangeKind::Added, what: Vec::new(), step: Step::Unknown }
}

fn removed(old: Resolved<'_>) -> Change<'_> {
    Change { old: Some(old), new: None, kind: ChangeKind::Removed, what: Vec::new(), step: Step::Unknown }
}
