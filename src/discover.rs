//! Walks a tree, pairs each file with its format, and reads them side by side.

pub mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use globset::GlobSet;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use crate::Side;
use crate::formats::{self, Format, Near, Role, oci};
use crate::graph::Graph;
use crate::images;
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, Layer, Node, Purl};
use crate::progress::{FOUND, READ};
use crate::report::Problem;
use crate::source::{self, Fault, FileId, Location, Source, Sources};
use crate::tree::image::{self, Look};
use crate::tree::{Enter, Listing, Tree};
use told::Told;

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
    /// The subjects that are there and could not be read at all, and the folders that could not be listed.
    pub unread: BTreeSet<Text>,
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
        let Read { inventories, problems, unread, notes, told, .. } = self;
        Side { graph: Graph::join(inventories), problems, unread, notes, told }
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
    let Listing { files, unlisted, .. } =
        if is_installed { installed(&**tree, scan, &mut programs)? } else { walk(&**tree, scan)? };
    // Of what is installed, most is no project's.
    let passed = if scan.tells && !is_installed { told::passed(&**tree, scan, &files) } else { Vec::new() };
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

/// Lists the files of a tree that are looked at.
fn walk(tree: &dyn Tree, scan: &Scan) -> Result<Listing> {
    let exclude = scan.exclude.clone();
    let enter: Enter = Arc::new(move |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        !VENDORED.contains(&name) && !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/"))
    });
    let mut listing = tree.list(&enter, false)?;
    listing.files.extend(led_to(tree, &listing.files));
    listing.files.sort_unstable();
    listing.files.dedup();
    if !scan.include.is_empty() {
        let all = tree.list(&(Arc::new(|_: &str| true) as Enter), true)?;
        listing.files.extend(all.files.into_iter().filter(|path| scan.include.is_match(path)));
        listing.files.sort_unstable();
        listing.files.dedup();
        listing.unlisted.extend(all.unlisted);
    }
    listing.files.retain(|path| !scan.exclude.is_match(path) && !scan.skip.contains(path));
    Ok(listing)
}

/// Returns the files in folders that are not walked which those that were found lead to.
fn led_to(tree: &dyn Tree, files: &[String]) -> Vec<String> {
    let leading: Vec<&dyn Format> = formats::all().filter(|format| !format.leads_to().is_empty()).collect();
    let of_file = |path: &String| {
        let formats = leading.iter().filter(|format| format.takes(path));
        let names = formats.flat_map(|format| format.leads_to());
        names.filter_map(|name| source::join(source::folder(path), name)).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).filter(|path| tree.has(path)).collect()
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

/// Lists the files of a root file system or an installed environment that are looked at: what tells what is installed,
/// and the lockfiles of projects, which stand elsewhere. The programs that carry what they were built from come apart.
fn installed(tree: &dyn Tree, scan: &Scan, programs: &mut Vec<Found>) -> Result<Listing> {
    let exclude = scan.exclude.clone();
    let enter: Enter =
        Arc::new(move |folder: &str| !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/")));
    let mut listing = tree.list(&enter, true)?;
    let mut carrying = tree.programs(&listing.files);
    carrying.retain(|path| !scan.exclude.is_match(path) && !scan.skip.contains(path));
    programs.par_extend(carrying.into_par_iter().filter_map(|path| {
        let text = source::text(tree.open(&path).ok()?).ok()?;
        let format = formats::of_text(&text)?;
        Some(Found { path, format, text: Some(text), included: false })
    }));
    listing.files.retain(|path| {
        let is_looked_at = || path == image::CONFIG || look(path) != Look::No;
        !scan.exclude.is_match(path) && !scan.skip.contains(path) && (scan.include.is_match(path) || is_looked_at())
    });
    Ok(listing)
}

/// Says what is looked at of a file in a root file system, by its path: the records of packages, and lockfiles of projects.
/// What deploys images is not: an image that holds a chart does not run what the chart names.
pub fn look(path: &str) -> Look {
    // What is in an image is the file itself, and no pointer to it.
    let is_whole = |format: &&dyn Format| format.most() == source::MAX_FILE && is_of_a_project(path);
    let of_project = || formats::of_file(path).filter(is_whole);
    let deploys = |format: &dyn Format| oci::FORMATS.iter().any(|other| other.id() == format.id());
    if formats::of_installed(path).is_some() || of_project().is_some_and(|format| !deploys(format)) {
        return Look::Whole;
    }
    let is_weighed = is_of_a_project(path) && formats::of_file(path).is_some_and(|format| format.weighs(path));
    if is_weighed { Look::Weighed } else { Look::No }
}

/// Says whether a file of a root file system may belong to a project that was copied into it.
fn is_of_a_project(path: &str) -> bool {
    let mut folders = source::folder(path).split('/').filter(|folder| !folder.is_empty());
    let is_system = match path.split_once('/') {
        Some((folder, rest)) if SYSTEM.contains(&folder) => !PROJECTS.iter().any(|project| rest.starts_with(project)),
        _ => false,
    };
    !is_system && folders.all(|folder| !folder.starts_with('.') && !VENDORED.contains(&folder))
}

/// The folders of a root file system that belong to its packages.
const SYSTEM: &[&str] =
    &["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr", "var"];

/// Where projects stand in those all the same: `usr/src/app`, `var/task`, `var/www`.
const PROJECTS: &[&str] = &["src/", "task/", "www/"];

/// Parses files and those that they include, and joins them; `walked` says that none of them was named, `tells` that
/// it is told what became of each.
fn parse(sources: &Sources, tree: usize, mut found: Vec<Found>, walked: bool, tells: bool) -> Read {
    let mut listed: BTreeSet<String> = found.iter().map(|file| file.path.clone()).collect();
    let mut known = listed.clone();
    // What its own name and text say nothing of, a file that includes it may.
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let mut read = Read::default();
    let mut is_own = false;
    // A file that another one includes by name is read too, until no new one is named.
    while !found.is_empty() {
        let files: Vec<(FileId, Found)> =
            found.drain(..).map(|file| (sources.add_file(tree, &file.path), file)).collect();
        FOUND.add(files.len());
        let read_one = |(file, found): (FileId, Found)| {
            let (format, read) = (found.format, one(sources, file, found, walked));
            READ.add(1);
            (file, format, read)
        };
        let results: Vec<_> = files.into_par_iter().map(read_one).collect();
        let mut included: Vec<(String, &'static dyn Format)> = Vec::new();
        for (file, format, result) in results {
            let path = sources.path(file);
            let (format, inventories) = match result {
                Ok(Some(read)) => read,
                // Another kind of file by the same name.
                Ok(None) => {
                    unknown.insert(path.to_owned());
                    let size = sources.size(file).filter(|size| *size > source::MAX_FILE);
                    if tells && (size.is_some() || format.is_of(path, "")) {
                        let why = match size {
                            Some(size) => format!("{} MiB are more than is read", size >> 20),
                            None => format!("its text is not of {}", format.id()),
                        };
                        read.told.push(Told::of(path, format!("not read: {why}")));
                    }
                    continue;
                }
                Err(error) => {
                    if listed.contains(path) && format.role() == Role::Subject {
                        read.unread.insert(path);
                    }
                    if tells {
                        read.told.push(Told::of(path, format!("not read whole as {}: see the problem", format.id())));
                    }
                    read.problems.push(Problem::of(sources, file, &error));
                    continue;
                }
            };
            if inventories.is_empty() && !format.is_of(path, "") {
                if tells {
                    let words = format!("read as {}, and no subject: nothing in it runs or is installed", format.id());
                    read.told.push(Told::of(path, words));
                }
                if !walked {
                    let location = Location { path, line: 1, column: 1, end_line: 1, end_column: 1 };
                    read.problems.push(Problem::at(location, "nothing in it runs or is installed".to_owned()));
                }
                continue;
            }
            let is_itself = is_the_file(&inventories, path, format);
            if !is_itself {
                if walked {
                    read.notes.push(format!("{path} is a BOM of driftgate's own and no subject"));
                    if tells {
                        read.told.push(Told::of(
                            path,
                            "not read: a BOM of driftgate's own, whose subjects speak for themselves",
                        ));
                    }
                    continue;
                }
                is_own = true;
            }
            for inventory in &inventories {
                let named = formats::named(inventory.format);
                let paths = inventory.includes.iter().map(|include| include.path.clone());
                included.extend(named.into_iter().flat_map(|format| paths.clone().map(move |path| (path, format))));
                // What stands beside a BOM is no part of what it pins.
                for path in named.filter(|_| is_itself).map(|format| format.looks_at(inventory)).unwrap_or_default() {
                    let is_new = !known.contains(&path) && sources.has_beside(file, &path);
                    included.extend(formats::of_file(&path).filter(|_| is_new).map(|format| (path, format)));
                }
            }
            read.inventories.extend(inventories);
        }
        for (path, format) in included {
            let is_other = unknown.remove(&path) && listed.remove(&path);
            if known.insert(path.clone()) || is_other {
                found.push(Found { path, format, text: None, included: true });
            }
        }
    }
    let gathered = if tells { gathered(&read.inventories) } else { BTreeMap::new() };
    gather(&mut read.inventories);
    read.inventories.sort_by_key(|inventory| inventory.subject);
    // What a BOM holds is joined already, and with the manifests of its time.
    if !is_own {
        join(&mut read.inventories);
    }
    // What waited for an answer of what is installed has none.
    for inventory in &mut read.inventories {
        if formats::named(inventory.format).is_some_and(|format| format.is_installed()) {
            let open = inventory.declared.iter_mut().filter(|declared| declared.gap == Gap::Open);
            open.for_each(|declared| declared.gap = Gap::Unmet);
        }
    }
    read.inventories.iter_mut().for_each(name);
    let doubled = doubled(&mut read, sources);
    let faults = read.inventories.iter_mut().flat_map(|inventory| std::mem::take(&mut inventory.faults));
    for Fault { place, message } in faults.collect::<Vec<_>>() {
        read.problems.push(Problem::at(sources.locate(place), message));
    }
    read.inventories.retain(|inventory| {
        let format = formats::named(inventory.format);
        let is_subject = format.is_some_and(|format| format.role() == Role::Subject && format.is_subject(inventory));
        let is_included = known.contains(inventory.subject) && !listed.contains(inventory.subject);
        let stays = is_subject && !is_included && !doubled.contains(inventory.subject);
        if tells && stays {
            read.told.push(told::subject(inventory, gathered.get(inventory.subject).copied().unwrap_or(1)));
        } else if let Some(format) = format.filter(|_| tells) {
            read.told.push(told::beside(inventory, format, is_included));
        }
        stays
    });
    read.unread.extend(doubled);
    read.told.sort();
    read.problems.sort();
    read.problems.dedup();
    read
}

/// Says of components without a name that they have none, and gives them one: a BOM of them can be read again.
fn name(inventory: &mut Inventory) {
    for at in 0..inventory.nodes.len() {
        let Node { component, place, .. } = inventory.nodes[at];
        let Some(component) = component.filter(|component| component.purl.name().is_empty()) else { continue };
        inventory.fault(place, "a component without a name");
        let purl = Purl::new(component.purl.ty(), component.purl.namespace(), "unnamed", component.purl.version());
        inventory.nodes[at].component = Some(Component { purl, ..component.clone() }.intern());
    }
}

/// Reads one file; none where it is walked past and is of no format after all.
fn one(
    sources: &Sources,
    file: FileId,
    found: Found,
    walked: bool,
) -> Result<Option<(&'static dyn Format, Vec<Inventory>)>> {
    let Found { path, mut format, text, included } = found;
    // Of a format of small files, a large one is not opened.
    let is_large = walked && sources.size(file).is_some_and(|size| size > format.most());
    let read = || if is_large { Err(anyhow!("is another kind of file")) } else { sources.read(file) };
    let (text, is_weighed) = match text.map_or_else(read, Ok) {
        Ok(text) => (text, false),
        Err(error) if format.weighs(&path) => match sources.weigh(file)? {
            Some(pointer) => (pointer, true),
            None if walked => return Ok(None),
            None => return Err(error),
        },
        // What is no text, or too large, is some other kind of file.
        Err(_) if walked && !format.is_of(&path, "") => return Ok(None),
        Err(error) => return Err(error),
    };
    // A file that another one includes may have any name.
    if walked && !format.is_installed() && formats::of_file(&path).is_some() {
        match formats::of_text_under(&path, &text) {
            Some(of_text) => format = of_text,
            None if included => {}
            None => return Ok(None),
        }
    }
    let source = Source { file, path: sources.path(file), text: &text };
    // What is installed was never merged, and its documentation may show how a merge looks.
    if let Some(mark) = conflict(&text).filter(|_| !format.is_installed()) {
        return Err(source.fault(source.place(mark), "an unresolved merge conflict: resolve it, or lock again"));
    }
    let read = format.parse_with(&source, &|path| sources.beside(file, path));
    if is_weighed {
        let mut read = read?;
        // There are no lines in it.
        read.iter_mut().for_each(|inventory| inventory.stand_at(source.start()));
        return Ok(Some((format, read)));
    }
    sources.done_with(file, text);
    Ok(Some((format, read?)))
}

/// Finds the first mark of a merge that git left to be resolved.
fn conflict(text: &str) -> Option<&str> {
    let lines = || text.lines();
    let opens = lines().find(|line| line.starts_with("<<<<<<< "))?;
    lines().any(|line| line.starts_with(">>>>>>> ")).then_some(opens)
}

/// Says whether what was read of a file is the file itself; else it is a BOM that speaks of others.
fn is_the_file(inventories: &[Inventory], path: &str, format: &dyn Format) -> bool {
    matches!(inventories, [inventory] if inventory.subject == path && inventory.format == format.id())
}

/// Returns the subjects that stand twice, each with a problem: none of the two is picked.
fn doubled(read: &mut Read, sources: &Sources) -> BTreeSet<Text> {
    let pairs = read.inventories.windows(2).filter(|pair| pair[0].subject == pair[1].subject);
    let doubled: BTreeSet<Text> = pairs.map(|pair| pair[0].subject).collect();
    for inventory in read.inventories.iter().filter(|inventory| doubled.contains(inventory.subject)) {
        let place = inventory.nodes.first().map(|node| node.place).unwrap_or_default();
        let message = format!("the subject \"{}\" stands twice", inventory.subject.escape_debug());
        read.problems.push(Problem::at(sources.locate(place), message));
    }
    doubled
}

/// Counts the files of each subject that many files are parts of.
fn gathered(inventories: &[Inventory]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for inventory in inventories {
        let subject = formats::named(inventory.format).and_then(|format| format.gathers(inventory.subject));
        subject.into_iter().for_each(|subject| *counts.entry(subject).or_default() += 1);
    }
    counts
}

/// Makes one inventory of those that are parts of one subject.
fn gather(inventories: &mut Vec<Inventory>) {
    let mut gathered: BTreeMap<(Text, &'static str), Vec<Inventory>> = BTreeMap::new();
    for inventory in std::mem::take(inventories) {
        let subject = formats::named(inventory.format).and_then(|format| format.gathers(inventory.subject));
        match subject {
            Some(subject) => {
                gathered.entry((intern::text(&subject), inventory.format)).or_default().push(inventory);
            }
            None => inventories.push(inventory),
        }
    }
    let gathered: Vec<_> = gathered.into_iter().collect();
    inventories.par_extend(gathered.into_par_iter().filter_map(|((subject, format), mut files)| {
        files.sort_by_key(|file| file.subject);
        Some(formats::named(format)?.gather(subject, files))
    }));
}

/// Lets each lockfile take in what the files around it say, as they were read.
fn join(inventories: &mut [Inventory]) {
    let includes = inventories.iter().flat_map(|inventory| &inventory.includes);
    let included: BTreeSet<String> = includes.map(|include| include.path.clone()).collect();
    let mut later = Vec::new();
    for index in 0..inventories.len() {
        let inventory = &mut inventories[index];
        let Some(format) = formats::named(inventory.format).filter(|format| format.joins()) else { continue };
        let is_seen = included.contains(inventory.subject) || format.is_joined_by_others();
        let mut joined = if is_seen { inventory.clone() } else { take(inventory) };
        format.join(&mut joined, &Near { inventories });
        if is_seen { later.push((index, joined)) } else { inventories[index] = joined }
    }
    for (index, joined) in later {
        inventories[index] = joined;
    }
}

/// Takes what an inventory says out of it, and leaves the name.
fn take(inventory: &mut Inventory) -> Inventory {
    let file = inventory.nodes.first().map(|node| node.place.file).unwrap_or_default();
    let left = Inventory::new(&Source { file, path: inventory.subject, text: "" }, inventory.format);
    std::mem::replace(inventory, left)
}
