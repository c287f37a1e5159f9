//! Walks a tar stream, entry by entry, in bounded memory.
//!
//! Headers are parsed by the `tar` crate; the walk is ours, since the crate's own keeps a long name or extended header of
//! any size in memory. Format: the "ustar" interchange format and pax headers of POSIX.1-2024, and GNU's long names and
//! sparse files.

use std::io::{self, Read};

use tar::{Header, PaxExtensions};

/// The size of a header, and what all content is padded to.
const BLOCK: u64 = 512;

/// The most bytes of an extended header or a long name: names of files are far shorter.
const MAX_EXTENSION: u64 = 1 << 20;

/// The most bytes that an entry's header may tell of.
const MAX_CONTENT: u64 = 1 << 50;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A file with content.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Another name of a file.
    HardLink,
    /// A device, a pipe, a sparse file.
    Other,
}

/// An entry of a tar stream.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path, as it is written.
    pub path: Vec<u8>,
    /// Where a link leads; empty for others.
    pub target: Vec<u8>,
    /// What it is.
    pub what: What,
    /// How many bytes of content follow.
    pub size: u64,
    /// Whether somebody may execute it.
    pub executable: bool,
    /// How many bytes stand before its content.
    pub at: u64,
}

/// Takes an entry with its content, of which it may read as much as it wants.
pub(super) type Each<'e> = &'e mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()>;

/// What is said of the entry that follows.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    /// The name of a file that has only its parts here.
    sparse: Option<Vec<u8>>,
}

/// A stream that content can be passed over in.
pub(super) trait Skim: Read {
    /// Passes over this many bytes.
    ///
    /// # Errors
    /// Where there are fewer.
    fn pass(&mut self, bytes: u64) -> io::Result<()>;
}

/// A stream that is read to its end, one way or another.
struct Streamed<'s> {
    stream: &'s mut dyn Read,
    buffer: Vec<u8>,
}

impl Read for Streamed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Skim for Streamed<'_> {
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let mut content = (&mut self.stream).take(bytes);
        skip(&mut content, &mut self.buffer)?;
        if content.limit() > 0 { Err(ends_early()) } else { Ok(()) }
    }
}

/// Walks a stream to the end of its last entry.
///
/// # Errors
/// Where the stream ends early or is no tar stream, and what `each` returns.
pub(super) fn walk(stream: &mut dyn Read, each: Each<'_>) -> io::Result<()> {
    walk_skimming(&mut Streamed { stream, buffer: vec![0; 64 << 10] }, each)
}

/// Walks a stream, passing over what `each` does not read.
///
/// # Errors
/// As [`walk`].
pub(super) fn walk_skimming<S: Skim>(stream: &mut S, each: Each<'_>) -> io::Result<()> {
    let mut extended = Extended::default();
    let mut at = 0;
    let mut block = [0; BLOCK as usize];
    loop {
        if !fill(stream, &mut block)? || block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        at += BLOCK;
        let header = Header::from_byte_slice(&block);
        if header.cksum().ok() != Some(checksum(&block)) {
            return Err(io::Error::other("this is no tar stream: the checksum of a header is wrong"));
        }
        let kind = block[156];
        // Go's reader, which container runtimes use, takes no content for these, whatever size they tell.
        let has_none = matches!(kind, b'1'..=b'6');
        let is_extension = matches!(kind, b'L' | b'K' | b'x' | b'g');
        let size = match extended.size {
            _ if has_none => 0,
            Some(size) if !is_extension => size,
            _ => header.entry_size()?,
        };
        if size > MAX_CONTENT {
            return Err(io::Error::other(format!("an entry of {size} bytes, which no tool writes")));
        }
        match kind {
            b'L' => extended.path = Some(extension(stream, size)?),
            b'K' => extended.target = Some(extension(stream, size)?),
            b'x' => extended.read(&extension(stream, size)?),
            // What holds for all that follows is of no use here: comments, the names of characters.
            b'g' => drop(extension(stream, size)?),
            _ => {
                if kind == b'S' {
                    // The list of a sparse file's parts goes on in blocks of its own.
                    let mut more = block[482] != 0;
                    let mut part = [0; BLOCK as usize];
                    while more {
                        need(stream, &mut part)?;
                        at += BLOCK;
                        more = part[504] != 0;
                    }
                }
                let Extended { path, target, sparse, .. } = std::mem::take(&mut extended);
                let is_sparse = sparse.is_some();
                let path = sparse.or(path).unwrap_or_else(|| header.path_bytes().into_owned());
                let target =
                    target.or_else(|| header.link_name_bytes().map(|name| name.into_owned())).unwrap_or_default();
                let what = match kind {
                    // Before POSIX a folder was a file whose name ends with a slash.
                    b'5' => What::Folder,
                    b'0' | 0 | b'7' if path.ends_with(b"/") => What::Folder,
                    b'0' | 0 | b'7' if is_sparse => What::Other,
                    b'0' | 0 | b'7' => What::File,
                    b'1' => What::HardLink,
                    b'2' => What::Link,
                    _ => What::Other,
                };
                let executable = header.mode().is_ok_and(|mode| mode & 0o111 != 0);
                let entry = Entry { path, target, what, size, executable, at };
                let mut content = (&mut *stream).take(size);
                each(&entry, &mut content)?;
                let left = content.limit();
                stream.pass(left)?;
            }
        }
        let padding = size.next_multiple_of(BLOCK) - size;
        at += size + padding;
        stream.pass(padding)?;
    }
}

impl Extended {
    fn read(&mut self, pax: &[u8]) {
        for field in PaxExtensions::new(pax).flatten() {
            match field.key_bytes() {
                // As Go's reader has it, an empty one is none.
                b"path" | b"linkpath" if field.value_bytes().is_empty() => {}
                b"path" => self.path = Some(field.value_bytes().to_owned()),
                b"GNU.sparse.name" => self.sparse = Some(field.value_bytes().to_owned()),
                b"linkpath" => self.target = Some(field.value_bytes().to_owned()),
                b"size" => self.size = field.value().ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
    }
}

/// Adds the bytes of a header, with blanks in place of its checksum.
fn checksum(block: &[u8; BLOCK as usize]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..])
}

/// Reads a long name or an extended header, less the NUL that ends it.
fn extension<S: Read>(stream: &mut S, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_EXTENSION {
        return Err(io::Error::other(format!("an extended header of {size} bytes, which no tool writes")));
    }
    let mut bytes = vec![0; size as usize];
    need(stream, &mut bytes)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

/// Reads until a buffer is full; false where the stream ends before its first byte.
fn fill<S: Read>(stream: &mut S, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(ends_early()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn need<S: Read>(stream: &mut S, buffer: &mut [u8]) -> io::Result<()> {
    if buffer.is_empty() || fill(stream, buffer)? { Ok(()) } else { Err(ends_early()) }
}

/// Reads to the end.
pub(super) fn skip(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<()> {
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends early")
}
