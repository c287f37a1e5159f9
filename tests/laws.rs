//! What holds of every two graphs: comparing, accepting and checking agree with each other.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/graphs.rs"]
mod graphs;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use common::{folders, path, read};
use driftgate::Side;
use driftgate::bom;
use driftgate::compare::{self, Change, ChangeKind, Drift, What};
use driftgate::graph::{Graph, Resolved};
use driftgate::model::Purl;
use driftgate::policy::{Level, Policy};
use driftgate::source::Sources;
use driftgate::versions;
use graphs::{Facts, facts, join, subject_facts};
use proptest::prelude::*;
use time::macros::date;

/// A change without its places.
fn line(change: &Change<'_>) -> String {
    let side = |side: Option<Resolved<'_>>| side.map(|node| format!("{:?}", node.component));
    format!("{} {:?} -> {:?} {:?} {}", change.kind.name(), side(change.old), side(change.new), change.what, change.step)
}

/// All of a drift, a line a difference.
fn lines(drift: &Drift<'_>) -> Vec<String> {
    let mut lines: Vec<String> = drift.changes().map(line).collect();
    for edge in drift.subjects.iter().flat_map(|pair| &pair.edges) {
        let from = edge.link.from.map_or("itself", |from| from.component.purl.as_str());
        lines.push(format!("{} {from} -> {}", edge.gained, edge.link.to.component.purl));
    }
    lines
}

/// A change seen from the other side.
fn mirrored<'g>(change: &Change<'g>) -> Change<'g> {
    let order = change.old.zip(change.new).and_then(|(old, new)| {
        let scheme = versions::scheme(old.component.purl.ty());
        scheme.order(old.component.version(), new.component.version())
    });
    let kind = match (change.kind, order) {
        (ChangeKind::Added, _) => ChangeKind::Removed,
        (ChangeKind::Removed, _) => ChangeKind::Added,
        (ChangeKind::Upgraded, Some(Ordering::Less)) => ChangeKind::Downgraded,
        (ChangeKind::Downgraded, _) => ChangeKind::Upgraded,
        // Without an order there is no down.
        (kind, _) => kind,
    };
    Change { old: change.new, new: change.old, kind, ..change.clone() }
}

/// The changes of both directions, without what only one direction can say: that proof was lost.
fn comparable<'c, 'g: 'c>(changes: impl Iterator<Item = Change<'g>> + 'c) -> Vec<String> {
    let kept = changes.filter_map(|mut change| {
        change.what.retain(|what| *what != What::IntegrityWeakened);
        let lone = change.old.is_none() || change.new.is_none();
        (lone || !change.what.is_empty()).then(|| line(&change))
    });
    let mut lines: Vec<String> = kept.collect();
    lines.sort();
    lines
}

fn side(graph: Graph) -> Side {
    Side { graph, ..Side::default() }
}

/// The rules that hold one side to the other.
fn is_of_drift(rule: &str) -> bool {
    rule.contains("drift") || rule.contains("downgrade") || rule.ends_with("-added") || rule.ends_with("-removed")
}

/// What the gate says of drift under the default policy.
fn drift_findings(pinned: Graph, resolved: Graph, sources: &Sources) -> Vec<(String, String)> {
    let policy = Policy::default();
    let day = date!(2026 - 06 - 01);
    let report = driftgate::check(side(pinned), side(resolved), &policy, day, Level::Deny, sources).unwrap();
    let findings = report.findings.iter().filter(|finding| is_of_drift(finding.rule));
    findings.map(|finding| (finding.rule.to_owned(), finding.purl.unwrap_or_default().to_owned())).collect()
}

#[test]
fn what_is_pinned_is_clean() {
    let mut cases: Vec<_> = folders(&path("fixtures/formats")).iter().flat_map(|format| folders(format)).collect();
    cases.extend(folders(&path("fixtures/demo")));
    for case in cases {
        let sources = Sources::default();
        let resolved = read(&case, &sources).graph;
        let bytes = bom::write(&resolved, &bom::Options::default()).unwrap();
        let pinned = common::read_memory(&[("bom.cdx.json", &bytes)], &sources);
        assert_eq!(pinned.problems, [], "{}", case.display());
        assert_eq!(drift_findings(pinned.graph, resolved, &sources), [], "{}", case.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_does_not_drift_from_itself(inventories in graphs::one()) {
        let (a, b) = (join(&inventories), join(&inventories));
        prop_assert_eq!(lines(&compare::drift(&a, &b)), [""; 0]);
        prop_assert_eq!(lines(&compare::drift_by_path(&a, &a)), [""; 0]);
    }

    #[test]
    fn back_is_the_mirror_of_there((a, b) in graphs::two()) {
        let (a, b) = (join(&a), join(&b));
        let (there, back) = (compare::drift(&a, &b), compare::drift(&b, &a));
        prop_assert_eq!(comparable(there.changes().map(mirrored)), comparable(back.changes().cloned()));
        let edges = |drift: &Drift<'_>, swap: bool| {
            let all = drift.subjects.iter().flat_map(|pair| &pair.edges);
            let key = |edge: &compare::EdgeChange<'_>| {
                let from = edge.link.from.map_or("itself", |from| from.component.purl.as_str());
                (edge.gained != swap, from, edge.link.to.component.purl.key(), edge.same_component)
            };
            let mut edges: Vec<_> = all.map(key).collect();
            edges.sort_unstable();
            edges
        };
        prop_assert_eq!(edges(&there, true), edges(&back, false));
    }

    #[test]
    fn changes_are_the_fewest((a, b) in graphs::two()) {
        let (a, b) = (join(&a), join(&b));
        for pair in &compare::drift_by_path(&a, &b).subjects {
            let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
            let sides = [pair.old, pair.new];
            for (at, subject) in sides.iter().enumerate() {
                for node in subject.iter().flat_map(|subject| subject.components()) {
                    counts.entry(node.component.purl.key()).or_default()[at] += 1;
                }
            }
            for change in &pair.changes {
                counts.get_mut(change.either().component.purl.key()).unwrap()[2] += 1;
            }
            for (key, [olds, news, changes]) in counts {
                let paired = pair.changes.iter().filter(|change| {
                    change.either().component.purl.key() == key && change.old.is_some() && change.new.is_some()
                });
                let lone = changes - paired.count();
                // A further copy of what both sides have is no component that came or went.
                let copies = sides.iter().copied().flatten().flat_map(|side| side.components());
                let mut copies = copies.filter(|node| node.component.purl.key() == key && !node.copy().is_empty());
                let most = olds.abs_diff(news);
                prop_assert!(if copies.next().is_some() { lone <= most } else { lone == most }, "{}", key);
                prop_assert!(changes <= olds.max(news), "{}: {} for {} and {}", key, changes, olds, news);
                let equal: BTreeSet<_> = pair.old.iter().flat_map(|old| old.components()).filter(|old| {
                    let twin = |new: Resolved<'_>| std::ptr::eq(new.component, old.component)
                        && new.scope() == old.scope() && new.environment() == old.environment();
                    old.component.purl.key() == key && pair.new.is_some_and(|new| new.components().any(twin))
                }).map(|old| old.component).collect();
                prop_assert!(changes <= olds.max(news) - equal.len(), "{}: equal ones are no change", key);
            }
        }
    }

    #[test]
    fn order_changes_nothing((a, b) in graphs::two()) {
        let turned = |inventories: &[driftgate::model::Inventory]| {
            let mut turned: Vec<_> = inventories.to_vec();
            turned.reverse();
            for inventory in &mut turned {
                let last = inventory.nodes.len() as u32 - 1;
                let turn = |id: u32| if id == 0 { 0 } else { last + 1 - id };
                inventory.nodes[1..].reverse();
                inventory.edges.reverse();
                inventory.declared.reverse();
                for edge in &mut inventory.edges {
                    (edge.from, edge.to) = (turn(edge.from), turn(edge.to));
                }
                for declared in &mut inventory.declared {
                    declared.from = turn(declared.from);
                    if let driftgate::model::Gap::Ambiguous(of) = &mut declared.gap {
                        of.iter_mut().for_each(|id| *id = turn(*id));
                    }
                }
            }
            join(&turned)
        };
        let (plain, turned) = ((join(&a), join(&b)), (turned(&a), turned(&b)));
        prop_assert_eq!(
            lines(&compare::drift(&plain.0, &plain.1)), lines(&compare::drift(&turned.0, &turned.1))
        );
    }

    #[test]
    fn what_is_pinned_is_clean_of_any_graph(inventories in graphs::one()) {
        let sources = graphs::sources();
        let bytes = bom::write(&join(&inventories), &bom::Options::default()).unwrap();
        let pinned = common::read_memory(&[("bom.cdx.json", &bytes)], &sources);
        prop_assert_eq!(&pinned.problems, &[]);
        prop_assert_eq!(drift_findings(pinned.graph, join(&inventories), &sources), []);
    }

    #[test]
    fn accepting_all_is_taking_the_other_side((a, b) in graphs::two()) {
        let (ours, theirs) = (join(&a), join(&b));
        let accepted = ours.accept(&theirs, &BTreeMap::new(), &|_, _| true);
        let which = Facts { constraints: true, gaps: true };
        for subject in accepted.subjects() {
            let expected = theirs.subject(subject.path).or(ours.subject(subject.path)).unwrap();
            // The first line says what read it, which stays.
            let says = |facts: Vec<String>| facts.into_iter().filter(|fact| !fact.contains("Says")).collect::<Vec<_>>();
            prop_assert_eq!(says(subject_facts(subject, which)), says(subject_facts(expected, which)));
        }
    }

    #[test]
    fn accepting_nothing_is_no_change((a, b) in graphs::two()) {
        let (ours, theirs) = (join(&a), join(&b));
        let which = Facts { constraints: true, gaps: true };
        prop_assert_eq!(facts(&ours.accept(&theirs, &BTreeMap::new(), &|_, _| false), which), facts(&ours, which));
    }

    #[test]
    fn what_is_accepted_drifts_no_more((a, b) in graphs::two(), which in any::<prop::sample::Index>()) {
        let (ours, theirs) = (join(&a), join(&b));
        let all: Vec<Purl> = ours.components().chain(theirs.components()).map(|node| node.component.purl).collect();
        if all.is_empty() {
            return Ok(());
        }
        let key = all[which.index(all.len())].key();
        let accepted = ours.accept(&theirs, &BTreeMap::new(), &|_, purl| purl.key() == key);
        // Also once it was written and read.
        let sources = graphs::sources();
        let bytes = bom::write(&accepted, &bom::Options::default()).unwrap();
        let pinned = common::read_memory(&[("bom.cdx.json", &bytes)], &sources);
        prop_assert_eq!(&pinned.problems, &[]);
        let shared: Vec<&str> = ours.subjects().iter().map(|subject| subject.path).collect();
        let drift = compare::drift_by_path(&pinned.graph, &theirs);
        for change in drift.changes().filter(|change| change.either().component.purl.key() == key) {
            let path = change.either().subject.path;
            let both = shared.contains(&path) && theirs.subject(path).is_some();
            prop_assert!(!both || change.what.iter().all(|what| *what == What::Scope), "{}", line(change));
        }
        drop(drift);
        let found = drift_findings(pinned.graph, theirs, &sources);
        let versions = found.iter().filter(|(rule, purl)| {
            rule.starts_with("version-") && Purl::parse(purl).is_ok_and(|purl| purl.key() == key)
        });
        prop_assert_eq!(versions.count(), 0);
    }
}
