//! What became of the files that have a format, or look as if they had: which were read, and why others were not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Scan;
use super::walk::VENDORED;
use crate::formats;
use crate::formats::{Format, Role};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory};
use crate::source;
use crate::tree::{Enter, Listing, Tree};

/// What became of a file, or of what a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The path below the tree's root; of a folder, with a slash at its end.
    pub path: Text,
    /// What became of it.
    pub words: String,
}

impl Told {
    /// Tells of one path.
    pub fn of(path: &str, words: impl Into<String>) -> Self {
        Told { path: intern::text(path), words: words.into() }
    }
}

/// Tells what was read as a subject, before others are left out of the inventories.
pub fn subject(inventory: &Inventory, files: usize) -> Told {
    // One that is there several times is one.
    let components: BTreeSet<*const Component> =
        inventory.nodes.iter().filter_map(|node| node.component).map(std::ptr::from_ref).collect();
    let components = components.len();
    let many = if files > 1 { format!(" of {}", count(files, "file")) } else { String::new() };
    Told::of(inventory.subject, format!("read as {}{many}, {}", inventory.format, count(components, "component")))
}

/// Tells of a file that was read and is no subject.
pub fn beside(inventory: &Inventory, format: &dyn Format, is_included: bool) -> Told {
    let why = match format.role() {
        _ if is_included => "as a part of the file that names it",
        Role::Manifest => "to be joined with what answers it",
        Role::Subject => "and no subject by itself: a file beside it says more",
    };
    Told::of(inventory.subject, format!("read as {}, {why}", inventory.format))
}

/// Tells of the files of a tree that were not looked at though their names are enough to know them by, and of submodules.
///
/// A folder of which nothing was looked at is told of once.
pub fn passed(tree: &dyn Tree, scan: &Scan, listing: &Listing) -> Vec<Told> {
    let Ok(all) = tree.list(&(Arc::new(|_: &str| true) as Enter), true) else { return Vec::new() };
    let seen: BTreeSet<&str> = listing.files.iter().map(String::as_str).collect();
    let mut entered: BTreeSet<&str> = BTreeSet::from([""]);
    for path in &listing.files {
        let mut folder = source::folder(path);
        while entered.insert(folder) {
            folder = source::folder(folder);
        }
    }
    let submodules = listing.absent.iter().map(|(path, why)| Told::of(&format!("{path}/"), format!("not read: {why}")));
    let mut told: Vec<Told> = submodules.collect();
    let mut passed: Vec<&str> = all.files.iter().map(String::as_str).collect();
    for link in all.links.iter().filter(|link| !seen.contains(link.path.as_str()) && looks_known(&link.path)) {
        let is_at_home = link.to.as_deref().is_some_and(|to| seen.contains(to));
        match is_at_home {
            true => told
                .push(Told::of(&link.path, "not read: a link, and the file that it leads to is read where it stands")),
            false if listing.links.binary_search(link).is_ok() => {
                told.push(Told::of(&link.path, "not read: a link that leads to no file that is read"));
            }
            false => passed.push(&link.path),
        }
    }
    let mut groups: BTreeMap<(String, &'static str), Vec<&str>> = BTreeMap::new();
    for path in passed.into_iter().filter(|path| !seen.contains(path) && looks_known(path)) {
        let top = path.match_indices('/').map(|(at, _)| &path[..at]).find(|folder| !entered.contains(folder));
        let group = top.map_or_else(|| path.to_owned(), |top| format!("{top}/"));
        groups.entry((group, why(scan, path, top))).or_default().push(path);
    }
    let one = |((group, why), paths): ((String, &str), Vec<&str>)| match paths[..] {
        [only] => Told::of(only, format!("not read: {why}")),
        _ => Told::of(&group, format!("{} not read: {why}", count(paths.len(), "file"))),
    };
    told.extend(groups.into_iter().map(one));
    told
}

fn count(amount: usize, thing: &str) -> String {
    format!("{amount} {thing}{}", if amount == 1 { "" } else { "s" })
}

/// Says whether a name alone is one by which a format knows its files.
pub(super) fn looks_known(path: &str) -> bool {
    formats::of_file(path).is_some_and(|format| format.is_of(path, ""))
}

/// Says why a file was not looked at; `top` is the topmost folder above it in which nothing was.
fn why(scan: &Scan, path: &str, top: Option<&str>) -> &'static str {
    let folders = || path.match_indices('/').map(|(at, _)| &path[..at]);
    let is_excluded = |folder: &str| scan.exclude.is_match(folder) || scan.exclude.is_match(format!("{folder}/"));
    if scan.skip.contains(path) {
        return "it is the pinned BOM";
    }
    if scan.exclude.is_match(path) || folders().any(is_excluded) {
        return "left out by [scan] exclude of the policy";
    }
    let parts = || path.split('/');
    if top.is_some() && parts().any(|part| VENDORED.contains(&part)) {
        return "the folder holds what tools put there; [scan] include of the policy would take it in";
    }
    if parts().any(|part| part.starts_with('.')) {
        return "hidden; [scan] include of the policy would take it in";
    }
    "ignored by git; [scan] include of the policy would take it in"
}
