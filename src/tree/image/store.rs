//! Where the blobs of an image are: a folder, an archive, a packed archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;

use super::entries::{self, Skim, What};
use super::layer::inside;
use super::limits::{Bounded, Counted, MAX_DOCUMENT, Spent};
use super::zstd::{self, Frames};
use crate::tree::reason;

/// The blobs of an image, by their names.
pub(super) enum Store {
    /// A folder on disk, less its links.
    Folder(PathBuf),
    /// An archive that can be sought in.
    Archive {
        /// The archive.
        file: PathBuf,
        /// Where its files' contents begin, and how long they are.
        contents: BTreeMap<String, (u64, u64)>,
        /// Other names.
        links: BTreeMap<String, String>,
    },
    /// An archive that is packed as a whole, to be read from its beginning each time.
    Packed {
        /// The archive.
        file: PathBuf,
        /// Its small files: one of them may be a document.
        documents: BTreeMap<String, Vec<u8>>,
        /// How long its files are.
        sizes: BTreeMap<String, u64>,
        /// Other names.
        links: BTreeMap<String, String>,
    },
}

/// How many bytes of small files are kept of a packed archive.
const MAX_DOCUMENTS: usize = 64 << 20;

/// The largest small file.
const SMALL: u64 = 1 << 20;

/// The most files that an archive of blobs may have.
const MAX_BLOBS: usize = 100_000;

/// Takes a blob by its number among those that were asked for.
pub(super) type Take<'t, T> = &'t (dyn Fn(usize, &mut dyn Read) -> T + Sync);

impl Store {
    /// Opens a folder.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub(super) fn folder(path: &Path) -> Result<Self> {
        Ok(Store::Folder(path.canonicalize().map_err(|error| anyhow!("cannot be opened: {}", reason(&error)))?))
    }

    /// Opens an archive; none where the file is none.
    ///
    /// # Errors
    /// Where it can't be read.
    pub(super) fn archive(file: &Path) -> Result<Option<Self>> {
        let mut start = [0; 512];
        // What is no file, or may not be opened, is no archive.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let Some(mut opened) = is_file.then(|| File::open(file).ok()).flatten() else { return Ok(None) };
        let mut read = 0;
        while read < start.len() {
            match opened.read(&mut start[read..])? {
                0 => break,
                more => read += more,
            }
        }
        let start = &start[..read];
        if is_tar(start) {
            return Self::sought(file).map(Some);
        }
        if start.starts_with(&[0x1f, 0x8b]) || zstd::is_zstd(start) {
            return Self::packed(file);
        }
        Ok(None)
    }

    fn sought(file: &Path) -> Result<Self> {
        let mut contents = BTreeMap::new();
        let mut links = BTreeMap::new();
        let opened = File::open(file)?;
        let left = opened.metadata()?.len();
        let mut stream = Seeking { file: BufReader::with_capacity(4096, opened), left };
        entries::walk_skimming(&mut stream, &mut |entry, _| {
            let Some(path) = std::str::from_utf8(&entry.path).ok().and_then(inside) else { return Ok(()) };
            match entry.what {
                What::File => drop(contents.insert(path, (entry.at, entry.size))),
                What::Link | What::HardLink => drop(links.insert(path, target(entry))),
                _ => {}
            }
            bounded(contents.len() + links.len())
        })?;
        Ok(Store::Archive { file: file.to_owned(), contents, links })
    }

    fn packed(file: &Path) -> Result<Option<Self>> {
        let (mut documents, mut sizes, mut links) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut kept = 0;
        let mut is_first = true;
        let spent = Spent::default();
        unpack(file, &spent, &mut |unpacked| {
            entries::walk(unpacked, &mut |entry, content| {
                is_first = false;
                let Some(path) = std::str::from_utf8(&entry.path).ok().and_then(inside) else { return Ok(()) };
                match entry.what {
                    What::File => {
                        if entry.size <= SMALL && kept < MAX_DOCUMENTS {
                            let mut bytes = Vec::new();
                            content.read_to_end(&mut bytes)?;
                            kept += bytes.len();
                            documents.insert(path.clone(), bytes);
                        }
                        sizes.insert(path, entry.size);
                    }
                    What::Link | What::HardLink => drop(links.insert(path, target(entry))),
                    _ => {}
                }
                bounded(sizes.len() + links.len())
            })
        })
        .or_else(|error| if is_first { Ok(()) } else { Err(error) })?;
        // What is packed and no archive is some other file.
        if is_first {
            return Ok(None);
        }
        Ok(Some(Store::Packed { file: file.to_owned(), documents, sizes, links }))
    }

    /// Returns what a name leads to.
    pub(super) fn real<'n>(&'n self, name: &'n str) -> &'n str {
        match self {
            Store::Folder(_) => name,
            Store::Archive { links, .. } | Store::Packed { links, .. } => {
                let next = |name: &&str| links.get(*name).map(String::as_str);
                // Legacy archives link a layer that two images share; a chain of many is made up.
                std::iter::successors(Some(name), next).take(8).last().unwrap_or(name)
            }
        }
    }

    /// Says whether there is a blob of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.size(name).is_some()
    }

    /// Returns how long a blob is; none where it is not there.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        let name = self.real(name);
        match self {
            Store::Folder(root) => crate::tree::folder::inside(root, name)
                .ok()
                .and_then(|file| file.metadata().ok())
                .filter(|metadata| metadata.is_file())
                .map(|metadata| metadata.len()),
            Store::Archive { contents, .. } => contents.get(name).map(|found| found.1),
            Store::Packed { sizes, .. } => sizes.get(name).copied(),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Where it is not there, can't be read, or is too large for one.
    pub(super) fn document(&self, name: &str) -> Result<Vec<u8>> {
        let size = self.size(name).with_context(|| format!("{} is not in the image", name.escape_debug()))?;
        if size > MAX_DOCUMENT {
            bail!("{} has {size} bytes, which is too many for a document", name.escape_debug());
        }
        if let Store::Packed { documents, .. } = self {
            let found = documents.get(self.real(name)).cloned();
            return found.with_context(|| format!("{} is too large for a document", name.escape_debug()));
        }
        let mut bytes = Vec::new();
        self.open(name)?.take(MAX_DOCUMENT).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn open(&self, name: &str) -> Result<Box<dyn Read>> {
        let name = self.real(name);
        match self {
            Store::Folder(root) => {
                let file = crate::tree::folder::inside(root, name)?;
                if !file.is_file() {
                    bail!("{} is no regular file", name.escape_debug());
                }
                Ok(Box::new(File::open(file)?))
            }
            Store::Archive { file, contents, .. } => {
                let (at, size) = *contents.get(name).context("it is not in the archive")?;
                let mut file = File::open(file)?;
                file.seek(SeekFrom::Start(at))?;
                Ok(Box::new(file.take(size)))
            }
            Store::Packed { .. } => bail!("a packed archive is read from its beginning"),
        }
    }

    /// Gives each of these blobs to `take`, side by side where the store allows it; an error for what is not there.
    pub(super) fn each<T: Send>(&self, names: &[&str], take: Take<'_, T>) -> Vec<Result<T>> {
        match self {
            Store::Folder(_) | Store::Archive { .. } => {
                names.par_iter().enumerate().map(|(number, name)| Ok(take(number, &mut *self.open(name)?))).collect()
            }
            Store::Packed { file, .. } => {
                let mut found: BTreeMap<usize, T> = BTreeMap::new();
                let mut wanted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
                for (number, name) in names.iter().enumerate() {
                    wanted.entry(self.real(name)).or_default().push(number);
                }
                let spent = Spent::default();
                let walked = unpack(file, &spent, &mut |unpacked| {
                    entries::walk(unpacked, &mut |entry, content| {
                        let path = std::str::from_utf8(&entry.path).ok().and_then(inside);
                        let numbers = path.and_then(|path| wanted.get(path.as_str()).cloned());
                        // A layer that stands twice in an image has the same content.
                        if let Some(number) = numbers.and_then(|numbers| numbers.first().copied())
                            && entry.what == What::File
                        {
                            found.insert(number, take(number, content));
                        }
                        Ok(())
                    })
                });
                let why =
                    walked.err().map_or_else(|| "it is not in the archive".to_owned(), |error| format!("{error:#}"));
                (0..names.len()).map(|number| found.remove(&number).ok_or_else(|| anyhow!("{why}"))).collect()
            }
        }
    }
}

/// Says whether bytes are the start of a tar stream.
fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

fn target(entry: &entries::Entry) -> String {
    let folder = String::from_utf8_lossy(&entry.path);
    let folder = folder.trim_start_matches("./").rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let target = String::from_utf8_lossy(&entry.target);
    let from = if entry.what == What::HardLink { "" } else { folder.as_str() };
    crate::source::join(from, &target).unwrap_or_default()
}

fn bounded(count: usize) -> io::Result<()> {
    if count <= MAX_BLOBS {
        return Ok(());
    }
    Err(io::Error::other(format!("it has more than {MAX_BLOBS} files; an image has a few dozen")))
}

/// Gives what a packed archive unpacks to.
fn unpack(file: &Path, spent: &Spent, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> Result<()> {
    let packed = std::rc::Rc::default();
    let opened = File::open(file).map_err(|error| anyhow!("cannot be opened: {}", reason(&error)))?;
    let mut bytes = BufReader::with_capacity(256 << 10, Counted::new(opened, std::rc::Rc::clone(&packed), None));
    let start = io::BufRead::fill_buf(&mut bytes)?.to_owned();
    let unpacked: Box<dyn Read + '_> = match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(&mut bytes)),
        _ => Box::new(Frames::new(&mut bytes)),
    };
    take(&mut BufReader::with_capacity(256 << 10, Bounded::new(unpacked, packed, spent)))?;
    Ok(())
}

/// A file that is walked by its headers alone.
struct Seeking {
    file: BufReader<File>,
    /// How many bytes are left of it.
    left: u64,
}

impl Skim for Seeking {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        // Seeking beyond the end is no error to the system.
        self.left = self.left.checked_sub(bytes).ok_or_else(entries::ends_early)?;
        self.file.seek_relative(i64::try_from(bytes).map_err(io::Error::other)?)
    }
}

impl Read for Seeking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
