//! Pairs two graphs, subject by subject: what came, went or changed; not whether that is good or bad.

mod moves;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use hashbrown::{HashMap, HashSet};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::formats;
use crate::graph::{Graph, Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, NodeId, Origin};
use crate::versions::{self, Step};

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
    /// The digests have nothing in common.
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

/// Compares two graphs, pairing subjects by path, and environments that moved.
pub fn drift_by_path<'g>(old: &'g Graph, new: &'g Graph) -> Drift<'g> {
    let mut moved: BTreeMap<Text, &Subject> = BTreeMap::new();
    let mut gone: BTreeSet<Text> = BTreeSet::new();
    for (old, new) in moves::moves(old, new) {
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
    changes.sort_by_key(|change| {
        let of = |side: Option<Resolved<'g>>| side.map(|resolved| resolved.component.purl);
        (change.either().component.purl.key(), of(change.new), of(change.old))
    });
    let edges = if old.says.edges && new.says.edges { edges(old, new, &paired) } else { Vec::new() };
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
    take(&mut olds, &mut news, pairs, |node| node.component.purl, |old, new| shares(old, new) == Some(true));
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

fn same_version(old: &Component, new: &Component) -> bool {
    versions::scheme(old.purl.ty()).same(old.version(), new.version())
}

/// Says whether two sides share a digest of the strongest algorithm that both have: what is checked at install time.
/// None where that can't be said: one side has no digest, or had only broken ones and now has better.
fn shares(old: &Component, new: &Component) -> Option<bool> {
    let has = |algorithm| new.digests.iter().any(|digest| digest.algorithm == algorithm);
    let common = old.digests.iter().map(|digest| digest.algorithm).filter(|algorithm| has(*algorithm)).max();
    let Some(strongest) = common else {
        return (is_strong(old) && is_strong(new)).then_some(false);
    };
    let mut comparable = old.digests.iter().filter(|digest| digest.algorithm == strongest);
    Some(comparable.any(|digest| new.digests.binary_search(digest).is_ok()))
}

fn is_strong(component: &Component) -> bool {
    component.digests.iter().any(|digest| !digest.algorithm.is_weak())
}

fn added(new: Resolved<'_>) -> Change<'_> {
    Change { old: None, new: Some(new), kind: ChangeKind::Added, what: Vec::new(), step: Step::Unknown }
}

fn removed(old: Resolved<'_>) -> Change<'_> {
    Change { old: Some(old), new: None, kind: ChangeKind::Removed, what: Vec::new(), step: Step::Unknown }
}

/// Returns how two paired components differ; none where they do not.
fn change<'g>(old: Resolved<'g>, new: Resolved<'g>) -> Option<Change<'g>> {
    let (a, b) = (old.component, new.component);
    let (says_old, says_new) = (old.subject.says, new.subject.says);
    let mut what = Vec::new();
    let scheme = versions::scheme(b.purl.ty());
    let same = scheme.same(a.version(), b.version());
    if !same {
        what.push(What::Version);
    }
    if !std::ptr::eq(a, b) {
        // A lock and an environment made of it say the same where the environment's records say nothing.
        let is_one_installed = || is_installed(old.subject) != is_installed(new.subject);
        if says_old.integrity && says_new.integrity {
            if shares(a, b) == Some(false) {
                what.push(What::Integrity);
            } else if same && is_weakened(a, b) && !is_one_installed() {
                what.push(What::IntegrityWeakened);
            }
        }
        let is_told = || (a.origin != Origin::Unknown && b.origin != Origin::Unknown) || !is_one_installed();
        if says_old.origin
            && says_new.origin
            && is_moved(a.origin, b.origin)
            && is_bundled(a) == is_bundled(b)
            && is_told()
        {
            what.push(What::Source);
        }
        if says_old.licence
            && says_new.licence
            && !a.licence.is_empty()
            && !b.licence.is_empty()
            && a.licence != b.licence
        {
            what.push(What::Licence);
        }
        if !a.purl.is_same_variant(&b.purl) || (same && is_other_variant(a, b, what.contains(&What::Integrity))) {
            what.push(What::Variant);
        }
    }
    if says_old.scopes && says_new.scopes && says_old.edges && says_new.edges && old.scope() != new.scope() {
        what.push(What::Scope);
    }
    if says_old.scopes && says_new.scopes && !is_same_condition(old.environment(), new.environment()) {
        what.push(What::Environment);
    }
    if what.is_empty() {
        return None;
    }
    let kind = match scheme.order(a.version(), b.version()) {
        _ if same => ChangeKind::Changed,
        Some(Ordering::Greater) => ChangeKind::Downgraded,
        _ => ChangeKind::Upgraded,
    };
    let step = if same { Step::None } else { scheme.step(a.version(), b.version()) };
    Some(Change { old: Some(old), new: Some(new), kind, what, step })
}

/// Says whether two conditions are the same but for the order of what they join: tools write markers anew in any order.
fn is_same_condition(old: &str, new: &str) -> bool {
    old == new || (old.len() == new.len() && ordered(old, 0) == ordered(new, 0))
}

/// Returns a condition with the parts of each `or` and `and` in order.
fn ordered(condition: &str, depth: usize) -> String {
    let condition = condition.trim();
    if depth > 8 {
        return condition.to_owned();
    }
    for word in [" or ", " and "] {
        let parts = parts(condition, word);
        if parts.len() > 1 {
            let mut parts: Vec<String> = parts.into_iter().map(|part| ordered(part, depth + 1)).collect();
            parts.sort();
            return format!("({})", parts.join(word));
        }
    }
    match condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => ordered(inner, depth + 1),
        None => condition.to_owned(),
    }
}

/// Parts a condition at a word that stands outside of brackets.
fn parts<'c>(condition: &'c str, word: &str) -> Vec<&'c str> {
    let (mut parts, mut start, mut open) = (Vec::new(), 0, 0_usize);
    for (at, character) in condition.char_indices() {
        match character {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            ' ' if open == 0 && at >= start && condition[at..].starts_with(word) => {
                parts.push(&condition[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(condition.get(start..).unwrap_or_default());
    parts
}

/// Says whether the new side proves less: its digests are gone, or all of broken algorithms where the old ones were not.
fn is_weakened(old: &Component, new: &Component) -> bool {
    (!old.digests.is_empty() && new.digests.is_empty()) || (is_strong(old) && !is_strong(new))
}

/// Says whether a property differs. One under `cargo:` is there only where cargo was asked, and one under `yarn:` only where
/// yarn packs as it did then, so that one side may lack it; who installed a component is no part of it.
fn is_other_variant(old: &Component, new: &Component, is_other_content: bool) -> bool {
    let lacks = |side: &Component, (name, value): &(Text, Text)| {
        if *name == Component::INSTALLER || (is_other_content && Component::CONTENT.contains(name)) {
            return false;
        }
        let found = side.properties.iter().find(|(other, _)| other == name);
        found.map_or(!name.starts_with("cargo:") && !name.starts_with("yarn:"), |(_, other)| other != value)
    };
    old.properties.iter().any(|property| lacks(new, property))
        || new.properties.iter().any(|property| lacks(old, property))
}

/// Says whether a subject is what its package manager's own records tell to be installed.
fn is_installed(subject: &Subject) -> bool {
    formats::named(subject.format).is_some_and(|format| format.is_installed())
}

/// Says whether a component comes inside of another one, so that it has no source of its own.
fn is_bundled(component: &Component) -> bool {
    component.properties.iter().any(|(name, _)| *name == "bundled")
}

/// Says whether a component comes from elsewhere. Of git sources the commit counts, and the address; not the branch's
/// name. To the file, "not said" is the default registry, so a source that comes or goes is a move.
fn is_moved(old: Origin, new: Origin) -> bool {
    match (old, new) {
        // A lockfile alone does not say in which folder a package of the workspace stands.
        (Origin::Path(""), Origin::Path(_)) | (Origin::Path(_), Origin::Path("")) => false,
        (Origin::Git { url: a, commit: b, .. }, Origin::Git { url: c, commit: d, .. }) => (a, b) != (c, d),
        (old, new) => old != new,
    }
}

/// Returns the requirements that only one side has, between components that both sides have: exact component to exact
/// component, each followed to what it has become.
fn edges<'g>(old: &'g Subject, new: &'g Subject, paired: &Paired<'g>) -> Vec<EdgeChange<'g>> {
    let (mut became, mut was): (HashMap<NodeId, Vec<NodeId>>, HashMap<NodeId, Vec<NodeId>>) = Default::default();
    for (old, new) in paired.pairs.iter().chain(&paired.copies) {
        became.entry(old.id()).or_default().push(new.id());
        was.entry(new.id()).or_default().push(old.id());
    }
    let mut edges = Vec::new();
    let mut compare = |olds: &[Link<'g>], news: &[Link<'g>], same_component: bool, which: Which| {
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
        let gained = one_side(news, &was, &before).into_iter().map(|link| (true, link));
        let lost = one_side(olds, &became, &after).into_iter().map(|link| (false, link));
        let gained = gained.filter(|_| which != Which::Lost);
        let lost = lost.filter(|_| which != Which::Gained);
        let found: Vec<(bool, Link<'g>)> = gained.chain(lost).collect();
        if found.is_empty() {
            return;
        }
        let (keys_before, keys_after) = (by_key(olds), by_key(news));
        edges.extend(found.into_iter().map(|(gained, link)| {
            let (others, counterparts, own) =
                if gained { (&keys_before, &became, &after) } else { (&keys_after, &was, &before) };
            let is_gone = |other: &&Link<'g>| {
                let counterparts = counterparts.get(&other.to.id());
                counterparts.is_none_or(|all| all.iter().all(|one| !own.contains(one)))
            };
            let instead = others.get(link.to.component.purl.key()).and_then(|all| all.iter().copied().find(is_gone));
            EdgeChange { gained, link, same_component, instead: instead.copied() }
        }));
    };
    let links = |node: &Resolved<'g>| -> Vec<Link<'g>> { node.requires().collect() };
    compare(&old.requires().collect::<Vec<_>>(), &new.requires().collect::<Vec<_>>(), true, Which::Both);
    for (old, new) in &paired.pairs {
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

#[cfg(test)]
mod tests {
    use super::is_same_condition;

    #[test]
    fn the_order_of_a_condition_is_no_drift() {
        for (old, new, expected) in [
            ("a == '1' or b == '2'", "b == '2' or a == '1'", true),
            ("(x and y) or z", "z or (y and x)", true),
            ("x and (y or z)", "(z or y) and x", true),
            ("x and y or z", "x or y and z", false),
            ("(x or y) and z", "x or (y and z)", false),
            ("x", "y", false),
            ("", "x", false),
        ] {
            assert_eq!(is_same_condition(old, new), expected, "{old} | {new}");
        }
    }
}
