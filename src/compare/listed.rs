//! A tree beside a BOM of another tool: it lists a package once, or once for each place that it was found at, and what it
//! does not say of one is no drift.

use std::collections::BTreeMap;

use super::differs::{Digests, change, same_version};
use super::{Change, EdgeChange, MANY, Paired, added, edges, group, removed};
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::Kind;

/// What both sides have of one version of a package.
pub(super) type Listed<'g> = (Vec<Resolved<'g>>, Vec<Resolved<'g>>);

/// Compares a tree with such a BOM, or such a BOM with a tree. Projects that only one side names are none that came or went:
/// what a BOM is about is called after a folder, and not each tool lists what is the project's own.
pub(super) fn within<'g>(old: &'g Subject, new: &'g Subject) -> (Vec<Change<'g>>, Vec<EdgeChange<'g>>) {
    let mut changes = Vec::new();
    let mut both: Vec<Listed<'g>> = Vec::new();
    let (olds, mut news) = (old.by_key(), new.by_key());
    for (key, olds) in olds {
        let news = news.remove(key).unwrap_or_default();
        if news.is_empty() {
            changes.extend(olds.into_iter().map(removed));
        } else {
            versions(olds, news, &mut changes, &mut both);
        }
    }
    changes.extend(news.into_values().flatten().map(added));
    let is_about = |side: &Option<Resolved<'_>>| side.is_some_and(|node| node.is_root() && !node.says().whole);
    changes.retain(|change| match (&change.old, &change.new) {
        (Some(_), Some(_)) => !(is_about(&change.old) || is_about(&change.new)),
        _ => !is_project(change.either()),
    });
    (changes, edges::listed(&both))
}

/// Says whether a component is the project itself or a part of it: some tools list such as applications.
fn is_project(node: Resolved<'_>) -> bool {
    node.is_root() || (!node.says().whole && node.component.kind == Kind::Application)
}

/// Compares the versions of one package: those that both sides have, and what the others have become.
fn versions<'g>(
    olds: Vec<Resolved<'g>>,
    news: Vec<Resolved<'g>>,
    changes: &mut Vec<Change<'g>>,
    both: &mut Vec<Listed<'g>>,
) {
    let (olds, mut news) = (by_version(olds), by_version(news));
    let mut left = Vec::new();
    for (version, olds) in olds {
        match news.remove(version) {
            Some(news) => same(olds, news, changes, both),
            None => left.push(olds),
        }
    }
    let mut news: Vec<Vec<Resolved<'g>>> = news.into_values().collect();
    // One version may be spelled in several ways.
    if left.len().max(news.len()) <= MANY {
        left.retain_mut(|olds| {
            let is_it = |news: &Vec<Resolved<'g>>| same_version(olds[0].component, news[0].component);
            let found = news.iter().position(is_it);
            found.into_iter().for_each(|at| same(std::mem::take(olds), news.remove(at), changes, both));
            found.is_none()
        });
    }
    let mut paired = Paired::default();
    let first = |lists: &[Vec<Resolved<'g>>]| -> Vec<Resolved<'g>> {
        lists.iter().filter_map(|list| list.first().copied()).collect()
    };
    group(first(&left), first(&news), changes, &mut paired);
    for (old, new) in paired.pairs {
        changes.extend(change(old, new));
        let all = |lists: &[Vec<Resolved<'g>>], of: Resolved<'g>| {
            lists.iter().find(|list| list.first() == Some(&of)).cloned().unwrap_or_default()
        };
        both.push((all(&left, old), all(&news, new)));
    }
}

/// Compares what both sides have of one version: each of the tree's with what the BOM says that is most like it.
fn same<'g>(
    olds: Vec<Resolved<'g>>,
    news: Vec<Resolved<'g>>,
    changes: &mut Vec<Change<'g>>,
    both: &mut Vec<Listed<'g>>,
) {
    let like = |node: Resolved<'g>, others: &[Resolved<'g>]| {
        let likeness = |other: &&Resolved<'g>| {
            let digests = Digests::of(other.component, node.component);
            (digests == Digests::Other, !digests.are_shared(), other.component.purl != node.component.purl)
        };
        others.iter().take(MANY).min_by_key(likeness).copied()
    };
    if news.iter().any(|node| node.says().whole) {
        changes.extend(news.iter().filter_map(|new| change(like(*new, &olds)?, *new)));
    } else {
        changes.extend(olds.iter().filter_map(|old| change(*old, like(*old, &news)?)));
    }
    both.push((olds, news));
}

fn by_version(nodes: Vec<Resolved<'_>>) -> BTreeMap<Text, Vec<Resolved<'_>>> {
    let mut versions: BTreeMap<Text, Vec<Resolved<'_>>> = BTreeMap::new();
    nodes.into_iter().for_each(|node| versions.entry(node.component.version()).or_default().push(node));
    versions
}
