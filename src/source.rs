//! A file's text and where in it a thing stands.
//!
//! A place is a file and a byte range; only [`Sources::locate`] makes lines and columns of it. The text itself is let go
//! once a file is parsed and opened again for the few files that have something to report.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::{Context, Result};

use crate::binary::{self, weights};
use crate::intern::{self, Text};

/// The number of a file among the [`Sources`] of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Where something stands: a file and a range of bytes in its text (less a byte-order mark).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

impl Place {
    /// Returns the place from the begin of this one to the end of a later one.
    pub fn to(self, end: Place) -> Place {
        Place { len: (end.start + end.len).saturating_sub(self.start).max(self.len), ..self }
    }
}

/// A place as people read it: path from the tree's root with forward slashes, line and column from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Path below the tree's root.
    pub path: Text,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
    /// Line of the end, from 1.
    pub end_line: u32,
    /// Column just past the end, in characters, from 1.
    pub end_column: u32,
}

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// One file's text while it is parsed.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// The file's number.
    pub file: FileId,
    /// Path below the tree's root, with forward slashes.
    pub path: Text,
    /// The text, without a byte-order mark.
    pub text: &'t str,
}

impl<'t> Source<'t> {
    /// Returns the place of `part`, which must be a slice of this source's text; else the file's first byte.
    pub fn place(&self, part: &str) -> Place {
        let offset = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if offset > self.text.len() || offset + part.len() > self.text.len() {
            return self.start();
        }
        self.place_at(offset..offset + part.len())
    }

    /// Returns the place of a byte range.
    pub fn place_at(&self, range: Range<usize>) -> Place {
        Place { file: self.file, start: range.start as u32, len: range.end.saturating_sub(range.start) as u32 }
    }

    /// Returns the place of the file's first byte.
    pub fn start(&self) -> Place {
        Place { file: self.file, start: 0, len: 0 }
    }

    /// Returns an error that knows where it stands.
    pub fn fault(&self, place: Place, message: impl fmt::Display) -> anyhow::Error {
        Fault { place, message: message.to_string() }.into()
    }

    /// Returns an error at a line and column as parsers count them: lines and characters from 1.
    pub fn fault_at(&self, line: usize, column: usize, message: impl fmt::Display) -> anyhow::Error {
        let start = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let offset = (start + column.saturating_sub(1)).min(self.text.len());
        self.fault(self.place_at(offset..offset), message)
    }

    /// Returns the folder that the file stands in, without a closing slash; empty at the root.
    pub fn folder(&self) -> &'static str {
        folder(self.path)
    }
}

/// Returns the folder of a path with forward slashes; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns `relative` seen from `folder`, with `.` and `..` taken out; none if it climbs out of the tree.
pub fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if relative.starts_with('/') {
        return None;
    }
    for part in relative.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// An error that stands at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong: a lower-case fragment without a full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// Everything that is wrong with one file, in the order of the file; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Says that a file's bytes are no text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoText {
    /// Line of the first wrong byte, from 1.
    pub line: u32,
    /// Column of the first wrong byte, from 1.
    pub column: u32,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NoText {}

/// Returns the text of a file: its own, or what its tool would print of a binary file that is known.
///
/// # Errors
/// Where it has none, or is damaged.
pub fn text(bytes: Vec<u8>) -> Result<String> {
    binary::text_of(&bytes).unwrap_or_else(|| Ok(decode(bytes)?))
}

/// Makes text of a file's bytes: UTF-8, with or without a byte-order mark, without NUL.
///
/// # Errors
/// Says which byte is wrong, by line and column.
pub fn decode(bytes: Vec<u8>) -> Result<String, NoText> {
    let no_text = |(line, column): (u32, u32), message: String| NoText { line, column, message };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(no_text((1, 1), "the file is UTF-16; save it as UTF-8".to_owned()));
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let at = line_column(&String::from_utf8_lossy(&bytes[..good]), good);
            return Err(no_text(at, format!("byte 0x{:02x} is not UTF-8", bytes[good])));
        }
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if let Some(at) = text.find('\0') {
        return Err(no_text(line_column(&text, at), "a NUL byte; this is not a text file".to_owned()));
    }
    Ok(text)
}

/// Counts line and column (in characters) of a byte offset, both from 1.
fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.matches('\n').count() as u32 + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() as u32 + 1)
}

/// Opens the file behind a place: what a tree offers to [`Sources`].
pub trait Open: Send + Sync {
    /// Returns the bytes of the file at `path`, a path below the tree's root with forward slashes.
    ///
    /// # Errors
    /// Where the file is not there, cannot be read or is past [`MAX_FILE`].
    fn open(&self, path: &str) -> Result<Vec<u8>>;

    /// Returns how large the file at `path` is, where that is known without it being opened.
    fn size(&self, _path: &str) -> Option<u64> {
        None
    }

    /// Returns what Git LFS would keep in the place of the file at `path`, where it holds the weights of a model: see
    /// [`weights::weigh`]. It may be larger than what is read.
    ///
    /// # Errors
    /// Where the file is not there or cannot be read to its end.
    fn weigh(&self, path: &str) -> Result<Option<String>> {
        Ok(weights::weigh(self.open(path)?.as_slice())?)
    }

    /// Says whether there is a file at `path` to open.
    fn has(&self, path: &str) -> bool {
        self.open(path).is_ok()
    }

    /// Returns where the file at `path` stands on this machine, where it does: for links on a screen, and for nothing that
    /// is written down.
    fn on_disk(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

/// The files of a run: opens them to be parsed, and turns places into paths, lines and columns.
#[derive(Default)]
pub struct Sources {
    listed: RwLock<Listed>,
    recent: Mutex<VecDeque<(FileId, Arc<Opened>)>>,
    keeps: bool,
}

/// A tree whose paths have something put before them.
struct Below {
    prefix: String,
    inner: Arc<dyn Open>,
}

impl Open for Below {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        self.inner.open(path.strip_prefix(self.prefix.as_str()).unwrap_or(path))
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.inner.size(path.strip_prefix(self.prefix.as_str()).unwrap_or(path))
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        self.inner.weigh(path.strip_prefix(self.prefix.as_str()).unwrap_or(path))
    }

    fn has(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix.as_str()).is_some_and(|path| self.inner.has(path))
    }
}

#[derive(Default)]
struct Listed {
    trees: Vec<Arc<dyn Open>>,
    files: Vec<(usize, Text)>,
}

/// How many texts are kept for places that are asked for next.
const KEPT: usize = 4;

/// A file's text with the offsets at which its lines begin.
#[derive(Debug, Default)]
pub struct Opened {
    /// The text, less a byte-order mark.
    pub text: String,
    lines: Vec<u32>,
    /// How many characters begin before each block: a line may be a whole document.
    blocks: Vec<u32>,
}

/// How many bytes are counted at once.
const BLOCK: usize = 1024;

impl Opened {
    fn new(text: String) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let mut characters = 0;
        let block = |block: &[u8]| {
            characters += beginnings(block);
            characters - beginnings(block)
        };
        let blocks = text.as_bytes().chunks(BLOCK).map(block).collect();
        Opened { text, lines, blocks }
    }

    /// Counts line and column (in characters) of a byte offset, both from 1.
    fn line_column(&self, offset: u32) -> (u32, u32) {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|start| *start as usize <= offset).max(1);
        let start = self.lines.get(line - 1).map_or(0, |start| *start as usize);
        (line as u32, self.characters(offset) - self.characters(start) + 1)
    }

    /// Counts the characters before a byte offset.
    fn characters(&self, offset: usize) -> u32 {
        let block = offset / BLOCK;
        let whole = self.blocks.get(block).copied();
        // The end of a text of whole blocks has none of its own.
        let (whole, from) = whole.map_or((0, 0), |whole| (whole, block * BLOCK));
        whole + beginnings(&self.text.as_bytes()[from..offset])
    }
}

/// Counts the bytes that begin a character.
fn beginnings(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32
}

impl Sources {
    /// Returns sources that keep the first few texts they parse: for two files, both of which will be asked for places.
    pub fn that_keep() -> Self {
        Sources { keeps: true, ..Sources::default() }
    }

    /// Takes a text that has been parsed, to keep or to let go.
    pub fn done_with(&self, file: FileId, text: String) {
        if self.keeps {
            let opened = Arc::new(Opened::new(text));
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            if recent.len() < KEPT {
                recent.push_back((file, opened));
            }
        }
    }

    /// Adds a tree and returns its number.
    pub fn add_tree(&self, tree: Arc<dyn Open>) -> usize {
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        listed.trees.push(tree);
        listed.trees.len() - 1
    }

    /// Adds a file of a tree and returns its number.
    pub fn add_file(&self, tree: usize, path: &str) -> FileId {
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        listed.files.push((tree, intern::text(path)));
        FileId((listed.files.len() - 1) as u32)
    }

    /// Shows the files of a tree below `prefix`, which is put before their paths: those of an image, say, that a service of
    /// the tree at hand is built into.
    pub fn put_below(&self, tree: usize, prefix: &str) {
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        for (_, path) in listed.files.iter_mut().filter(|(of, _)| *of == tree) {
            *path = intern::text(&format!("{prefix}{path}"));
        }
        let inner = listed.trees[tree].clone();
        listed.trees[tree] = Arc::new(Below { prefix: prefix.to_owned(), inner });
    }

    /// Returns the path of a file.
    pub fn path(&self, file: FileId) -> Text {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        listed.files.get(file.0 as usize).map_or("", |file| file.1)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// Where it can't be opened, is no UTF-8 text, and is no binary file that is known.
    pub fn read(&self, file: FileId) -> Result<String> {
        let (tree, path) = self.file(file)?;
        text(tree.open(path)?)
    }

    /// Returns what Git LFS would keep in the place of a file that holds the weights of a model; none of another file.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn weigh(&self, file: FileId) -> Result<Option<String>> {
        let (tree, path) = self.file(file)?;
        tree.weigh(path)
    }

    fn file(&self, file: FileId) -> Result<(Arc<dyn Open>, Text)> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        let (tree, path) = listed.files.get(file.0 as usize).context("no such file")?;
        Ok((listed.trees[*tree].clone(), *path))
    }

    /// Returns how large a file is, where that is known without it being opened.
    pub fn size(&self, file: FileId) -> Option<u64> {
        let (tree, path) = self.file(file).ok()?;
        tree.size(path)
    }

    /// Returns where a file stands on this machine; see [`Open::on_disk`].
    pub fn on_disk(&self, file: FileId) -> Option<PathBuf> {
        let (tree, path) = self.file(file).ok()?;
        tree.on_disk(path)
    }

    /// Returns all files.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        let listed = self.listed.read().unwrap_or_else(PoisonError::into_inner);
        (0..listed.files.len() as u32).map(FileId)
    }

    /// Says whether there is another file at `path` of the tree that a file belongs to.
    pub fn has_beside(&self, file: FileId, path: &str) -> bool {
        self.file(file).is_ok_and(|(tree, _)| tree.has(path))
    }

    /// Reads another file of the tree that a file belongs to; none where it is not there or is no text.
    pub fn beside(&self, file: FileId, path: &str) -> Option<String> {
        let (tree, _) = self.file(file).ok()?;
        decode(tree.open(path).ok()?).ok()
    }

    /// Opens a file whose places are asked for; the last few stay open.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn open(&self, file: FileId) -> Result<Arc<Opened>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(kept, _)| *kept == file)
            && let Some(found) = recent.remove(at)
        {
            recent.push_back(found.clone());
            return Ok(found.1);
        }
        let opened = Arc::new(Opened::new(self.read(file).with_context(|| self.path(file).to_owned())?));
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back((file, opened.clone()));
        Ok(opened)
    }

    /// Turns a place into path, line and column.
    pub fn locate(&self, place: Place) -> Location {
        let opened = self.open(place.file).unwrap_or_default();
        let (line, column) = opened.line_column(place.start);
        let (end_line, end_column) = opened.line_column(place.start.saturating_add(place.len));
        Location { path: self.path(place.file), line, column, end_line, end_column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_without_climbing_out() {
        assert_eq!(join("a/b", "../c/./d.txt").as_deref(), Some("a/c/d.txt"));
        assert_eq!(join("", "x").as_deref(), Some("x"));
        assert_eq!(join("a", "../../x"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
    }

    #[test]
    fn columns_are_counted_in_characters_however_long_the_line() {
        for text in ["", "a", "é\nß𝄞\r\n\n", &"aé𝄞".repeat(1024), &("\n".to_owned() + &"x".repeat(2 * BLOCK))]
        {
            let opened = Opened::new(text.to_owned());
            for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
                assert_eq!(opened.line_column(offset as u32), line_column(text, offset), "{offset}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let fault = |bytes: &[u8]| {
            let NoText { line, column, message } = decode(bytes.to_vec()).expect_err("no text");
            format!("{line}:{column}: {message}")
        };
        assert_eq!(fault(b"a\nb\xff"), "2:2: byte 0xff is not UTF-8");
        assert_eq!(fault(b"a\nb\0"), "2:2: a NUL byte; this is not a text file");
        assert_eq!(fault(b"\xff\xfea\0"), "1:1: the file is UTF-16; save it as UTF-8");
        assert_eq!(decode("\u{feff}x".into()).expect("a byte-order mark is fine"), "x");
    }
}
