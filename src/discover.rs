//! Walks a tree, pairs each file with its format, and reads them side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use globset::GlobSet;
use rayon::prelude::*;

use crate::formats::{self, Format, Near, Role};
use crate::model::{Inventory, SUBJECT};
use crate::report::Problem;
use crate::source::{Fault, FileId, Source, Sources};
use crate::tree::{Enter, Tree};

/// What of a tree is looked at.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Files that are read though they would be left out (hidden, vendored, git-ignored).
    pub include: GlobSet,
    /// Files that are left out.
    pub exclude: GlobSet,
    /// Paths that are never read as subjects: the pinned BOM itself.
    pub skip: BTreeSet<String>,
}

/// Folders that hold other people's projects, or what tools made of ours.
const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "target",
    "vendor",
    "venv",
    ".venv",
    "virtualenv",
    "site-packages",
    "__pypackages__",
    "__pycache__",
    ".tox",
    ".nox",
    ".git",
    ".hg",
    ".svn",
    ".terraform",
    ".pixi",
    ".gradle",
];

/// What was read of a tree.
#[derive(Debug, Default)]
pub struct Read {
    /// What its files say, sorted by path; manifests are joined and gone.
    pub inventories: Vec<Inventory>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Reads all files of a tree that have a format.
///
/// # Errors
/// Where the tree can't be listed; what is wrong with single files is in the problems.
pub fn read(sources: &Sources, tree: &Arc<dyn Tree>, scan: &Scan) -> Result<Read> {
    let found = walk(&**tree, scan)?;
    Ok(parse(sources, tree, found))
}

/// Reads one file, whatever its name, with the manifests beside it.
///
/// # Errors
/// Where the file can't be opened or no format knows it.
pub fn read_file(sources: &Sources, tree: &Arc<dyn Tree>, path: &str) -> Result<Read> {
    let format = match formats::of_file(path) {
        Some(format) => format,
        None => {
            let text = crate::source::decode(tree.open(path)?)?;
            let known = formats::of_text(&text);
            known
                .ok_or_else(|| anyhow::anyhow!("{path}: no format that driftgate reads; `driftgate list` names them"))?
        }
    };
    let mut found = vec![(path.to_owned(), format)];
    // A BOM stands for itself: what is pinned does not change with the manifests beside it.
    let is_bom = formats::cyclonedx::FORMATS.iter().any(|bom| bom.id() == format.id());
    for beside in formats::all().filter(|format| format.role() == Role::Manifest && !is_bom) {
        for name in beside.files().iter().filter(|name| !name.contains('*')) {
            let name = (path.rsplit_once('/')).map_or((*name).to_owned(), |(folder, _)| format!("{folder}/{name}"));
            if name != path && tree.open(&name).is_ok() {
                found.push((name, beside));
            }
        }
    }
    Ok(parse(sources, tree, found))
}

/// Pairs the files of a tree with their formats.
fn walk(tree: &dyn Tree, scan: &Scan) -> Result<Vec<(String, &'static dyn Format)>> {
    let exclude = scan.exclude.clone();
    let enter: Enter = Arc::new(move |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        !VENDORED.contains(&name) && !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/"))
    });
    let mut paths = tree.list(&enter, false)?;
    if !scan.include.is_empty() {
        let all = tree.list(&(Arc::new(|_: &str| true) as Enter), true)?;
        paths.extend(all.into_iter().filter(|path| scan.include.is_match(path)));
        paths.sort_unstable();
        paths.dedup();
    }
    paths.retain(|path| !scan.exclude.is_match(path) && !scan.skip.contains(path));
    Ok(paths.into_iter().filter_map(|path| formats::of_file(&path).map(|format| (path, format))).collect())
}

fn parse(sources: &Sources, tree: &Arc<dyn Tree>, found: Vec<(String, &'static dyn Format)>) -> Read {
    let number = sources.add_tree(tree.clone());
    let mut known: BTreeSet<String> = found.iter().map(|(path, _)| path.clone()).collect();
    let subjects: BTreeSet<String> = known.clone();
    let mut read = Read::default();
    let mut found = found;
    // A file that another one includes by name is read too, until no new one is named.
    while !found.is_empty() {
        let files: Vec<(FileId, &'static dyn Format)> =
            found.iter().map(|(path, format)| (sources.add_file(number, path), *format)).collect();
        let shared = sources;
        let results: Vec<(FileId, Result<Vec<Inventory>>)> =
            files.par_iter().map(|(file, format)| (*file, one(shared, *file, *format))).collect();
        found.clear();
        for (file, result) in results {
            match result {
                Ok(inventories) => {
                    for inventory in &inventories {
                        let format = formats::named(inventory.format);
                        for include in &inventory.includes {
                            if known.insert(include.path.clone()) {
                                found.extend(format.map(|format| (include.path.clone(), format)));
                            }
                        }
                    }
                    read.inventories.extend(inventories);
                }
                Err(error) => read.problems.push(Problem::of(sources, file, &error)),
            }
        }
    }
    read.inventories.sort_by_key(|inventory| inventory.subject);
    join(sources, &mut read.inventories);
    let faults = read.inventories.iter_mut().flat_map(|inventory| std::mem::take(&mut inventory.faults));
    for Fault { place, message } in faults.collect::<Vec<_>>() {
        read.problems.push(Problem::at(sources.locate(place), message));
    }
    let included: BTreeSet<&String> = known.difference(&subjects).collect();
    read.inventories.retain(|inventory| {
        let role = formats::named(inventory.format).map(|format| format.role());
        role == Some(Role::Subject) && !included.contains(&inventory.subject.to_owned())
    });
    read.problems.sort();
    read.problems.dedup();
    read
}

fn one(sources: &Sources, file: FileId, format: &dyn Format) -> Result<Vec<Inventory>> {
    let text = sources.read(file)?;
    format.parse_all(&Source { file, path: sources.path(file), text: &text })
}

/// Lets each lockfile take in what the files around it say. A subject that a BOM holds has done so when it was pinned.
fn join(sources: &Sources, inventories: &mut [Inventory]) {
    let formats: BTreeMap<&str, &dyn Format> = formats::all().map(|format| (format.id(), format)).collect();
    for index in 0..inventories.len() {
        let Some(format) = formats.get(inventories[index].format) else { continue };
        if sources.path(inventories[index].nodes[SUBJECT as usize].place.file) != inventories[index].subject {
            continue;
        }
        let mut inventory = inventories[index].clone();
        format.join(&mut inventory, &Near { inventories });
        inventories[index] = inventory;
    }
}
