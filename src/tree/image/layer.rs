//! Reads one layer as a stream: what files it brings, what it takes away, and whether it is what its digest says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;
use hashbrown::HashSet;

use super::entries::{self, Entry, What};
use super::limits::{Bounded, Counted, Hasher, MAX_DEPTH, MAX_PATH, Spent, TOO_MUCH};
use super::zstd::Frames;
use super::{Look, Looks};
use crate::binary::{program, weights};
use crate::formats;
use crate::source::MAX_FILE;

/// A layer as the image's manifest names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    /// Where it stands in the store.
    pub name: String,
    /// The digest of its bytes; none in what `docker save` wrote before it wrote OCI layouts.
    pub digest: Option<String>,
    /// How many bytes it has; none where nothing says so.
    pub size: Option<u64>,
    /// The digest of what it unpacks to; none where the configuration lists fewer layers.
    pub diff_id: Option<String>,
}

/// What a layer does to the files below.
#[derive(Clone, Default)]
pub(super) struct Layer {
    /// The files that are looked at and the links, by path: what came last.
    pub brings: BTreeMap<String, Brings>,
    /// Those of the files that are programs: what they carry.
    pub programs: BTreeSet<String>,
    /// The files, of those below, that it takes away.
    pub whiteouts: HashSet<String>,
    /// The folders that it empties.
    pub opaques: HashSet<String>,
    /// All else that is no folder: it replaces what stood at its path.
    others: HashSet<u64>,
    /// The folders, which replace links and files.
    folders: HashSet<u64>,
    /// The digest of what it unpacks to, as it was read.
    pub diff_id: String,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub(super) enum Brings {
    /// A file that is looked at.
    File(Arc<[u8]>),
    /// A file that is looked at and too large to be read.
    Large(u64),
    /// The weights of a model: what stands for them.
    Weighed(Arc<str>),
    /// A symbolic link.
    Link(String),
    /// Another name of a file.
    HardLink(String),
}

/// How many faults of one layer are told.
const FAULTS: usize = 5;

/// Past this size, only one file at a time is held in memory whole.
const BIG: u64 = 16 << 20;

/// Guards what is held of big files.
static ONE_BIG: Mutex<()> = Mutex::new(());

impl Layer {
    /// Says whether it replaces what stood at a path, by what is no folder there or above, or by a folder where `leaf`
    /// says that there was none.
    pub(super) fn replaces(&self, path: &str) -> bool {
        let is_other = |path: &str| self.others.contains(&key(path)) || self.brings.contains_key(path);
        self.folders.contains(&key(path)) || is_other(path) || ancestors(path).any(is_other)
    }

    /// Says whether it takes away what stood at a path: itself or with a folder above.
    pub(super) fn hides(&self, path: &str) -> bool {
        let is_out = |path: &str| self.whiteouts.contains(path);
        let is_emptied = |folder: &str| self.opaques.contains(folder);
        is_out(path) || is_emptied("") || ancestors(path).any(|folder| is_out(folder) || is_emptied(folder))
    }

    fn fault(&mut self, message: String) {
        match self.faults.len() {
            count if count < FAULTS => self.faults.push(message),
            FAULTS => self.faults.push("there is more of this kind".to_owned()),
            _ => {}
        }
    }
}

/// Returns the folders above a path, the nearest first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(folder, _)| folder), |folder| {
        folder.rsplit_once('/').map(|(folder, _)| folder)
    })
}

/// Returns what stands for a path where only its being there counts.
fn key(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Reads a layer. What is wrong with it is among its faults; what was read up to there counts.
pub(super) fn read(stream: &mut dyn Read, named: &Named, looks: Looks<'_>, spent: &Spent) -> Layer {
    let mut layer = Layer::default();
    if let Err(error) = stream_through(stream, named, looks, spent, &mut layer) {
        layer.fault(error.to_string());
    }
    layer
}

fn stream_through(
    stream: &mut dyn Read,
    named: &Named,
    looks: Looks<'_>,
    spent: &Spent,
    layer: &mut Layer,
) -> io::Result<()> {
    let hasher = named.digest.as_deref().and_then(Hasher::of).map(|hasher| Rc::new(RefCell::new(hasher)));
    let packed = Rc::new(Cell::new(0));
    let mut packed_bytes = BufReader::with_capacity(256 << 10, Counted::new(stream, packed.clone(), hasher.clone()));
    let start = packed_bytes.fill_buf()?.to_owned();
    let diff = Hasher::of(named.diff_id.as_deref().unwrap_or_default());
    // Without a digest to compare with, the layer is still called by the one it has.
    let diff = Rc::new(RefCell::new(diff.unwrap_or_else(|| Hasher::Sha256(sha2::Digest::new()))));
    let read = {
        let unpacked: Box<dyn Read + '_> = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(&mut packed_bytes)),
            start if super::zstd::is_zstd(start) => Box::new(Frames::new(&mut packed_bytes)),
            _ => Box::new(&mut packed_bytes),
        };
        let bounded = Bounded::new(unpacked, packed.clone(), spent);
        let counted = Counted::new(bounded, Rc::default(), Some(diff.clone()));
        let mut unpacked = BufReader::with_capacity(256 << 10, counted);
        entries::walk(&mut unpacked, &mut |entry, content| take(entry, content, looks, spent, layer))
            // What follows the last entry belongs to the digests.
            .and_then(|()| entries::skip(&mut unpacked, &mut vec![0; 64 << 10]))
    };
    if read.as_ref().is_err_and(|error| error.kind() == TOO_MUCH) {
        return read;
    }
    // What does not unpack is held to its digest all the same: it may be another file than the manifest names.
    if let Err(error) = entries::skip(&mut packed_bytes, &mut vec![0; 64 << 10]) {
        return Err(read.err().unwrap_or(error));
    }
    drop(packed_bytes);
    let size = packed.get();
    if let Some(expected) = named.size.filter(|expected| *expected != size) {
        layer.fault(format!("it has {size} bytes; the manifest says {expected}"));
    }
    match (&named.digest, hasher) {
        (Some(expected), Some(hasher)) => {
            let found = hasher.borrow().clone().digest();
            if found != *expected {
                layer.fault(format!("its digest is {found}; it is not what the manifest names, {expected}"));
            }
        }
        (Some(digest), None) => layer.fault(format!("\"{}\" is no digest that can be checked", digest.escape_debug())),
        (None, _) => {}
    }
    read?;
    layer.diff_id = diff.borrow().clone().digest();
    if let Some(expected) = named.diff_id.as_ref().filter(|expected| **expected != layer.diff_id) {
        let found = &layer.diff_id;
        let message = format!("it unpacks to {found}; the image's configuration says {}", expected.escape_debug());
        layer.fault(message);
    }
    Ok(())
}

/// Takes in one entry.
fn take(entry: &Entry, content: &mut dyn Read, looks: Looks<'_>, spent: &Spent, layer: &mut Layer) -> io::Result<()> {
    spent.entry()?;
    // A name that is no text is none that any format knows.
    let Ok(written) = std::str::from_utf8(&entry.path) else { return Ok(()) };
    let Some(path) = inside(written) else {
        layer.fault(format!("an entry is named \"{}\", which leads out of the image or is too long", shown(written)));
        return Ok(());
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if let Some(hidden) = name.strip_prefix(".wh.") {
        spent.keeps_name(path.len())?;
        match hidden.strip_prefix(".wh.") {
            Some(".opq") => drop(layer.opaques.insert(folder.to_owned())),
            // What else aufs keeps for itself.
            Some(_) => {}
            None if folder.is_empty() => drop(layer.whiteouts.insert(hidden.to_owned())),
            None => drop(layer.whiteouts.insert(format!("{folder}/{hidden}"))),
        }
        return Ok(());
    }
    match entry.what {
        What::Folder => {
            layer.brings.remove(&path);
            layer.folders.insert(key(&path));
        }
        What::Link => {
            let Ok(target) = std::str::from_utf8(&entry.target) else { return Ok(()) };
            if target.len() > MAX_PATH {
                layer.fault(format!("the link \"{}\" leads to a name that is too long", shown(&path)));
                return Ok(());
            }
            spent.keeps_name(path.len() + target.len())?;
            layer.brings.insert(path, Brings::Link(target.to_owned()));
        }
        What::HardLink => {
            let target = std::str::from_utf8(&entry.target).ok().and_then(inside);
            match target {
                Some(target) if looks(&path) != Look::No => {
                    spent.keeps_name(path.len() + target.len())?;
                    layer.brings.insert(path, Brings::HardLink(target));
                }
                Some(_) => other(layer, path),
                None => {
                    let target = String::from_utf8_lossy(&entry.target);
                    let message = format!(
                        "\"{}\" is another name of \"{}\", which leads out of the image",
                        shown(&path),
                        shown(&target)
                    );
                    layer.fault(message);
                }
            }
        }
        What::File => match looks(&path) {
            Look::No if entry.executable && entry.size >= 64 => match program(entry, content)? {
                Some(text) => {
                    keep(layer, path.clone(), text.into_bytes(), spent)?;
                    layer.programs.insert(path);
                }
                None => other(layer, path),
            },
            Look::No => other(layer, path),
            Look::Weighed => match weights::weigh(content)? {
                Some(pointer) => {
                    spent.keeps(pointer.len() as u64)?;
                    layer.brings.insert(path, Brings::Weighed(pointer.into()));
                }
                None => other(layer, path),
            },
            Look::Whole if entry.size > MAX_RECORD => {
                layer.brings.insert(path, Brings::Large(entry.size));
            }
            Look::Whole => {
                let _one = (entry.size > BIG).then(|| ONE_BIG.lock().unwrap_or_else(PoisonError::into_inner));
                let mut bytes = Vec::with_capacity(entry.size as usize);
                content.read_to_end(&mut bytes)?;
                let bytes = super::as_text(bytes);
                if bytes.len() as u64 > MAX_FILE {
                    layer.brings.insert(path, Brings::Large(entry.size));
                } else {
                    keep(layer, path, bytes, spent)?;
                }
            }
        },
        What::Other => {
            if formats::of_installed(&path).is_some() {
                layer.fault(format!("\"{}\" is no plain file, and is not read", shown(&path)));
            }
            other(layer, path);
        }
    }
    Ok(())
}

fn other(layer: &mut Layer, path: String) {
    layer.brings.remove(&path);
    layer.others.insert(key(&path));
}

fn keep(layer: &mut Layer, path: String, bytes: Vec<u8>, spent: &Spent) -> io::Result<()> {
    spent.keeps(bytes.len() as u64)?;
    layer.brings.insert(path, Brings::File(bytes.into()));
    Ok(())
}

/// The largest file that is looked at: a database of packages may be larger than the text that is read of it.
const MAX_RECORD: u64 = 256 << 20;

/// The largest program that is looked into.
const MAX_PROGRAM: u64 = 192 << 20;

/// Returns what a program carries of how it was built; none for most.
fn program(entry: &Entry, content: &mut dyn Read) -> io::Result<Option<String>> {
    if entry.size > MAX_PROGRAM {
        return Ok(None);
    }
    let mut start = [0; 4];
    content.read_exact(&mut start)?;
    if !program::is_program(&start) {
        return Ok(None);
    }
    let _one = (entry.size > BIG).then(|| ONE_BIG.lock().unwrap_or_else(PoisonError::into_inner));
    let mut bytes = Vec::with_capacity(entry.size as usize);
    bytes.extend_from_slice(&start);
    content.read_to_end(&mut bytes)?;
    Ok(program::carries(&bytes))
}

/// Returns a path below the image's root, without what says nothing; none where it climbs out, or is too long.
pub(super) fn inside(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let is_fine = path.len() <= MAX_PATH && parts.len() <= MAX_DEPTH && !parts.contains(&"..") && !path.contains('\0');
    is_fine.then(|| parts.join("/"))
}

/// Returns a name for messages: short, and without what a terminal obeys.
fn shown(name: &str) -> String {
    let start: String = name.chars().take(120).collect();
    let more = if start.len() < name.len() { "…" } else { "" };
    format!("{}{more}", start.escape_debug())
}
