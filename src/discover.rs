//! Walks a tree, pairs each file with its format, and reads them side by side.

mod join;
mod parse;
pub mod told;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, bail};
use globset::GlobSet;
use hashbrown::{HashMap, HashSet};

use crate::Side;
use crate::formats::{self, Format, Role};
use crate::graph::Graph;
use crate::images;
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Layer, Node};
use crate::report::Problem;
use crate::source::{self, FileId, Location, Source, Sources};
use crate::tree::{Listing, Tree};
pub use parse::conflict;
use parse::parse;
use told::Told;
pub use walk::look;

/// What of a tree is looked at.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Files that are read though they would be left out (hidden, vendored, git-ignored).
    pub include: GlobSet,
    /// Files that are left out.
    pub exclude: GlobSet,
    /// Paths that are never read as subjects: the pinned BOM itself.
    pub skip: BTreeSet<String>,
    /// Whether it is told what became of each file.
    pub tells: bool,
}

/// What was read of a tree.
#[derive(Debug, Default)]
pub struct Read {
    /// What its files say, sorted by path; manifests are joined and gone.
    pub inventories: Vec<Inventory>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The subjects that are there and could not be read at all, and the folders that could not be listed.
    pub unread: BTreeSet<Text>,
    /// The submodules of git whose files are not there, and why.
    pub absent: BTreeMap<Text, Text>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// What became of each file, where that is asked for: sorted by path.
    pub told: Vec<Told>,
    /// The number of the tree among the sources.
    tree: usize,
}

impl Read {
    /// Joins the inventories into one side of a comparison.
    pub fn side(self) -> Side {
        let Read { inventories, problems, unread, absent, notes, told, .. } = self;
        Side { graph: Graph::join(inventories), problems, unread, absent, notes, told }
    }
}

/// A file that has a format.
struct Found {
    path: String,
    format: &'static dyn Format,
    /// Its text, where that was needed to tell the format.
    text: Option<String>,
    /// Whether another file names it: it is of that one's format, whatever its own name.
    included: bool,
}

/// What stands for a whole tree among what could not be read.
pub const WHOLE: Text = "";

/// Reads all files of a tree that have a format.
///
/// A BOM that driftgate wrote is left out, with a note: its subjects are files elsewhere, which speak for themselves.
///
/// # Errors
/// Where the tree can't be listed; what is wrong with single files is in the problems.
pub fn read(sources: &Sources, tree: &Arc<dyn Tree>, scan: &Scan) -> Result<Read> {
    let is_installed = tree.is_installed();
    let mut programs = Vec::new();
    let listing =
        if is_installed { walk::installed(&**tree, scan, &mut programs)? } else { walk::walk(&**tree, scan)? };
    // Of what is installed, most is no project's.
    let passed = if scan.tells && !is_installed { told::passed(&**tree, scan, &listing) } else { Vec::new() };
    let untold = walk::untold(&**tree, scan, &listing);
    let Listing { files, unlisted, absent, .. } = listing;
    let found = files.into_iter().filter_map(|path| {
        let installed = if is_installed { formats::of_installed(&path) } else { None };
        let format = installed.or_else(|| formats::of_file(&path))?;
        Some(Found { path, format, text: None, included: false })
    });
    let mut found: Vec<Found> = found.chain(programs).collect();
    let mut unlisted = unlisted;
    found.retain(|file| {
        let is_told = file.path.contains(images::MARK);
        if is_told {
            let message =
                "stands in a folder whose name ends with `!`, as only what is in an image is named; rename it";
            unlisted.push((file.path.clone(), message.to_owned()));
        }
        !is_told
    });
    let number = sources.add_tree(tree.clone());
    let mut read = parse(sources, number, found, true, scan.tells);
    if is_installed {
        layers(sources, &**tree, &mut read.inventories);
    }
    for (path, message) in unlisted {
        // Of an image that is damaged, what it no longer has is not known.
        let is_whole = path == tree.label() && tree.about().is_some();
        let path = intern::text(&path);
        read.unread.insert(if is_whole { WHOLE } else { path });
        read.problems.push(Problem::at(Location { path, line: 1, column: 1, end_line: 1, end_column: 1 }, message));
    }
    read.notes.extend(untold);
    for (path, why) in absent.into_iter().filter(|_| !is_installed) {
        read.absent.insert(intern::text(&path), why);
    }
    read.told.extend(passed);
    read.told.sort();
    read.problems.sort();
    read.problems.dedup();
    read.tree = number;
    Ok(read)
}

/// Reads all files of a tree that stands below another: `prefix` is put before its paths, and so before its subjects.
///
/// # Errors
/// As [`read`].
pub fn read_below(sources: &Sources, tree: &Arc<dyn Tree>, scan: &Scan, prefix: &str) -> Result<Read> {
    let mut read = self::read(sources, tree, scan)?;
    sources.put_below(read.tree, prefix);
    // What is wrong with the tree itself stands in the file that it is.
    let label = tree.label();
    let put = |path: Text| match path {
        WHOLE => intern::text(prefix.trim_end_matches('/')),
        path if path == label => path,
        path => intern::text(&format!("{prefix}{path}")),
    };
    read.inventories.iter_mut().for_each(|inventory| inventory.subject = put(inventory.subject));
    read.unread = read.unread.into_iter().map(put).collect();
    read.told.iter_mut().for_each(|told| told.path = put(told.path));
    for location in read.problems.iter_mut().filter_map(|problem| problem.location.as_mut()) {
        location.path = put(location.path);
    }
    Ok(read)
}

/// Reads one file, whatever its name, with the manifests beside it; of a BOM that driftgate wrote, its subjects.
///
/// # Errors
/// Where the file can't be opened or no format knows it.
pub fn read_file(sources: &Sources, tree: &Arc<dyn Tree>, path: &str) -> Result<Read> {
    read_one(sources, tree, path, false)
}

/// Reads one file as [`read_file`] does; `tells` says whether it is told what became of it and of those beside it.
///
/// # Errors
/// As [`read_file`].
pub fn read_one(sources: &Sources, tree: &Arc<dyn Tree>, path: &str, tells: bool) -> Result<Read> {
    let number = sources.add_tree(tree.clone());
    let (format, text) = match formats::of_file(path) {
        Some(format) if format.is_of(path, "") => (format, None),
        Some(format) if format.weighs(path) && tree.open(path).and_then(source::text).is_err() => (format, None),
        named => {
            let text = source::text(tree.open(path)?)?;
            let format = formats::of_text_under(path, &text).or_else(|| formats::of_text(&text)).or(named);
            let Some(format) = format else {
                bail!("{path}: no format that driftgate reads; `driftgate list` names them");
            };
            (format, Some(text))
        }
    };
    let mut found = vec![Found { path: path.to_owned(), format, text, included: false }];
    for beside in formats::all().filter(|beside| format.joins() && beside.role() == Role::Manifest) {
        for name in beside.files().iter().filter(|name| !name.contains('*')) {
            let name = (path.rsplit_once('/')).map_or((*name).to_owned(), |(folder, _)| format!("{folder}/{name}"));
            if name != path && tree.has(&name) {
                found.push(Found { path: name, format: beside, text: None, included: false });
            }
        }
    }
    Ok(parse(sources, number, found, false, tells))
}

/// Says of each component of an image which layer brought it.
///
/// What has a file of its own came with that file. Of what one file lists, each came with the first layer since which it
/// has been listed.
fn layers(sources: &Sources, tree: &dyn Tree, inventories: &mut [Inventory]) {
    for inventory in inventories {
        let mut of_file: HashMap<FileId, Option<&'static Layer>> = HashMap::new();
        for node in inventory.nodes.iter_mut().skip(1) {
            let layer = of_file.entry(node.place.file).or_insert_with(|| tree.layer(sources.path(node.place.file)));
            node.layer = *layer;
        }
        let file = inventory.nodes[0].place.file;
        let format = formats::named(inventory.format);
        let Some(format) = format.filter(|format| format.gathers(sources.path(file)).is_none()) else { continue };
        let name = |component: &Component| (component.purl.name(), component.version());
        let mut open: Vec<&mut Node> = inventory.nodes.iter_mut().skip(1).collect();
        for (layer, bytes) in tree.earlier(sources.path(file)).into_iter().rev() {
            let Ok(text) = source::decode(bytes) else { break };
            let source = Source { file, path: sources.path(file), text: &text };
            let Ok(before) = format.parse(&source) else { break };
            let before: HashSet<_> = before.nodes.iter().filter_map(|node| node.component).map(name).collect();
            open.retain(|node| node.component.is_some_and(|component| before.contains(&name(component))));
            open.iter_mut().for_each(|node| node.layer = Some(layer));
        }
    }
}
