//! Parses files side by side, and those that they include, until no new one is named.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Error, Result, anyhow};
use rayon::prelude::*;

use super::told::{self, Told};
use super::{Found, Read, join};
use crate::formats::{self, Format, Role, Yield, cyclonedx, spdx};
use crate::model::{Gap, Inventory};
use crate::progress::{FOUND, READ};
use crate::report::Problem;
use crate::source::{self, Fault, FileId, Location, Source, Sources};

/// Parses files and those that they include, and joins them; `walked` says that none of them was named, `tells` that
/// it is told what became of each.
pub(super) fn parse(sources: &Sources, tree: usize, mut found: Vec<Found>, walked: bool, tells: bool) -> Read {
    let listed: BTreeSet<String> = found.iter().map(|file| file.path.clone()).collect();
    let known = listed.clone();
    let unknown = BTreeSet::new();
    let mut reading = Reading { sources, walked, tells, listed, known, unknown, is_own: false, read: Read::default() };
    while !found.is_empty() {
        found = reading.round(tree, found);
    }
    reading.joined()
}

/// A file that another one names, and the format that it is then of.
type Included = (String, &'static dyn Format);

/// What is read so far.
struct Reading<'a> {
    sources: &'a Sources,
    walked: bool,
    tells: bool,
    /// The paths that were found or named.
    listed: BTreeSet<String>,
    /// Those, and what they include.
    known: BTreeSet<String>,
    /// What its own name and text say nothing of: a file that includes it may.
    unknown: BTreeSet<String>,
    /// Whether it is a BOM that driftgate wrote.
    is_own: bool,
    read: Read,
}

impl Reading<'_> {
    /// Reads files, and returns those that they include and that nobody has read.
    fn round(&mut self, tree: usize, found: Vec<Found>) -> Vec<Found> {
        let sources = self.sources;
        let files: Vec<(FileId, Found)> =
            found.into_iter().map(|file| (sources.add_file(tree, &file.path), file)).collect();
        FOUND.add(files.len());
        let read_one = |(file, found): (FileId, Found)| {
            let (format, read) = (found.format, one(sources, file, found, self.walked));
            READ.add(1);
            (file, format, read)
        };
        let results: Vec<_> = files.into_par_iter().map(read_one).collect();
        let mut included = Vec::new();
        for (file, format, result) in results {
            match result {
                Ok(Some((format, inventories))) => self.take(file, format, inventories, &mut included),
                Ok(None) => self.is_another(file, format),
                Err(error) => self.failed(file, format, &error),
            }
        }
        included.retain(|(path, _)| {
            let is_other = self.unknown.remove(path) && self.listed.remove(path);
            self.known.insert(path.clone()) || is_other
        });
        let open = included.into_iter();
        open.map(|(path, format)| Found { path, format, text: None, included: true }).collect()
    }

    /// Another kind of file by the same name.
    fn is_another(&mut self, file: FileId, format: &dyn Format) {
        let path = self.sources.path(file);
        self.unknown.insert(path.to_owned());
        match self.sources.size(file).filter(|size| *size > source::MAX_FILE) {
            Some(size) => self.tell(path, || format!("not read: {} MiB are more than is read", size >> 20)),
            None if format.is_of(path, "") => {
                self.tell(path, || format!("not read: its text is not of {}", format.id()));
            }
            None => {}
        }
    }

    fn failed(&mut self, file: FileId, format: &dyn Format, error: &Error) {
        let path = self.sources.path(file);
        if self.listed.contains(path) && format.role() == Role::Subject {
            self.read.unread.insert(path);
        }
        self.tell(path, || format!("not read whole as {}: see the problem", format.id()));
        self.read.problems.push(Problem::of(self.sources, file, error));
    }

    /// Takes in what a file says, and whom it includes.
    fn take(&mut self, file: FileId, format: &dyn Format, inventories: Vec<Inventory>, included: &mut Vec<Included>) {
        let path = self.sources.path(file);
        if inventories.is_empty() && !format.is_of(path, "") {
            self.tell(path, || format!("read as {}, and no subject: nothing in it runs or is installed", format.id()));
            if !self.walked {
                let location = Location { path, line: 1, column: 1, end_line: 1, end_column: 1 };
                self.read.problems.push(Problem::at(location, "nothing in it runs or is installed".to_owned()));
            }
            return;
        }
        let is_itself = is_the_file(&inventories, path, format);
        if !is_itself && self.walked {
            self.read.notes.push(format!("{path} is a BOM of driftgate's own and no subject"));
            let words = "not read: a BOM of driftgate's own, whose subjects speak for themselves";
            self.tell(path, || words.to_owned());
            return;
        }
        self.is_own |= !is_itself;
        for inventory in &inventories {
            let named = formats::named(inventory.format);
            let paths = inventory.includes.iter().map(|include| include.path.clone());
            included.extend(named.into_iter().flat_map(|format| paths.clone().map(move |path| (path, format))));
            // What stands beside a BOM is no part of what it pins.
            for path in named.filter(|_| is_itself).map(|format| format.looks_at(inventory)).unwrap_or_default() {
                let is_new = !self.known.contains(&path) && self.sources.has_beside(file, &path);
                included.extend(formats::of_file(&path).filter(|_| is_new).map(|format| (path, format)));
            }
        }
        self.read.inventories.extend(inventories);
    }

    /// Joins what was read, and keeps what are subjects.
    fn joined(self) -> Read {
        let Reading { sources, tells, listed, known, is_own, mut read, .. } = self;
        let gathered = if tells { join::gathered(&read.inventories) } else { BTreeMap::new() };
        join::gather(&mut read.inventories);
        read.inventories.sort_by_key(|inventory| inventory.subject);
        // What a BOM holds is joined already, and with the manifests of its time.
        if !is_own {
            join::join(&mut read.inventories, sources);
        }
        for inventory in &mut read.inventories {
            let yields = formats::named(inventory.format).map_or(&[][..], |format| format.yields());
            let has_any = || inventory.nodes.iter().any(|node| !node.environment.is_empty());
            inventory.says.environments &= yields.contains(&Yield::Environments) || has_any();
            // What waited for an answer of what is installed has none.
            if formats::named(inventory.format).is_some_and(|format| format.is_installed()) {
                let open = inventory.declared.iter_mut().filter(|declared| declared.gap == Gap::Open);
                open.for_each(|declared| declared.gap = Gap::Unmet);
            }
        }
        read.inventories.iter_mut().for_each(join::name);
        let doubled = join::doubled(&mut read, sources);
        for Fault { place, message } in
            read.inventories.iter_mut().flat_map(|inventory| std::mem::take(&mut inventory.notes))
        {
            let Location { path, line, column, .. } = sources.locate(place);
            read.notes.push(format!("{path}:{line}:{column}: {message}"));
        }
        let faults = read.inventories.iter_mut().flat_map(|inventory| std::mem::take(&mut inventory.faults));
        for Fault { place, message } in faults.collect::<Vec<_>>() {
            read.problems.push(Problem::at(sources.locate(place), message));
        }
        read.inventories.retain(|inventory| {
            let format = formats::named(inventory.format);
            // What a BOM calls a subject was one, whatever of it the BOM does not keep.
            let is_subject =
                format.is_some_and(|format| format.role() == Role::Subject && (is_own || format.is_subject(inventory)));
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

    /// Tells what became of a file, where that is asked for.
    fn tell(&mut self, path: &str, words: impl FnOnce() -> String) {
        if self.tells {
            self.read.told.push(Told::of(path, words()));
        }
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
    let read = || if is_large { Err(too_large(sources, file, format)) } else { sources.read(file) };
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
        let mend = if is_bom(format) {
            "resolve it, or keep either side, and then `driftgate pin`, which writes a pinned BOM anew"
        } else {
            "resolve it, or lock again"
        };
        return Err(source.fault(source.place(mark), format_args!("an unresolved merge conflict: {mend}")));
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

/// Says of a file that it is larger than those of its format are.
fn too_large(sources: &Sources, file: FileId, format: &dyn Format) -> Error {
    let size = sources.size(file).unwrap_or_default();
    let most = format.most();
    if most >= MIB {
        return anyhow!("is {} MiB; files past {} MiB are not read", size / MIB, most / MIB);
    }
    anyhow!("is {} KiB, and no {} has more than {}", size / KIB, format.id(), most / KIB)
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Says whether files of a format are bills of materials.
fn is_bom(format: &dyn Format) -> bool {
    let boms = cyclonedx::FORMATS.iter().chain(spdx::FORMATS);
    boms.into_iter().any(|bom| bom.id() == format.id())
}

/// Finds the first mark of a merge that git left to be resolved.
pub fn conflict(text: &str) -> Option<&str> {
    let lines = || text.lines();
    let opens = lines().find(|line| line.starts_with("<<<<<<< "))?;
    lines().any(|line| line.starts_with(">>>>>>> ")).then_some(opens)
}

/// Says whether what was read of a file is the file itself; else it is a BOM that speaks of others.
fn is_the_file(inventories: &[Inventory], path: &str, format: &dyn Format) -> bool {
    matches!(inventories, [inventory] if inventory.subject == path && inventory.format == format.id())
}
