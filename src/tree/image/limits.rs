//! How much of an image is read: an archive that unpacks to more is hostile, or damaged.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sha2::{Digest, Sha256, Sha512};

/// The limits of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most bytes that all layers unpack to.
    pub unpacked: u64,
    /// How many times its packed size a layer may unpack to, past [`Limits::free`].
    pub ratio: u64,
    /// How many bytes a layer may unpack to at whatever ratio.
    pub free: u64,
    /// The most entries that all layers have.
    pub entries: u64,
    /// The most bytes of files that are kept.
    pub kept: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // Images of models have tens of GiB. Text packs to a twentieth; zeros to a thousandth.
        Limits { unpacked: 256 << 30, ratio: 200, free: 512 << 20, entries: 5_000_000, kept: 256 << 20 }
    }
}

/// The longest path, in bytes, and how many folders it may lead through.
pub(super) const MAX_PATH: usize = 4096;
/// See [`MAX_PATH`].
pub(super) const MAX_DEPTH: usize = 256;

/// The largest document of an image: an index, a manifest, a configuration.
pub(super) const MAX_DOCUMENT: u64 = 8 << 20;

/// What a file costs that is kept, beside its bytes: what is made of it later.
const A_FILE: u64 = 2 << 10;

/// What a name costs that is kept, beside its bytes.
const A_NAME: u64 = 64;

/// What is spent of the limits of a whole image: shared by all its layers, which are read side by side.
#[derive(Default)]
pub(super) struct Spent {
    limits: Limits,
    unpacked: AtomicU64,
    entries: AtomicU64,
    kept: AtomicU64,
    is_over: AtomicBool,
}

impl Spent {
    /// Returns what is left where nothing is spent.
    #[cfg(test)]
    pub(super) fn of(limits: Limits) -> Self {
        Spent { limits, ..Spent::default() }
    }

    /// Returns what is wrong with an image that is past a limit: which layer comes upon it, and at which one, is chance.
    pub(super) fn fault(&self) -> Option<String> {
        self.is_over.load(Ordering::Relaxed).then(|| {
            let Limits { unpacked, entries, kept, .. } = self.limits;
            let (unpacked, kept) = (unpacked >> 30, kept >> 20);
            format!(
                "the image is larger than what is read: at most {entries} entries, {unpacked} GiB unpacked, and {kept} MiB of \
                 links and records of packages"
            )
        })
    }

    /// Counts an entry.
    ///
    /// # Errors
    /// Where there are too many.
    pub(super) fn entry(&self) -> io::Result<()> {
        self.count(&self.entries, 1, self.limits.entries)
    }

    /// Counts the bytes of a file that is kept.
    ///
    /// # Errors
    /// Where they are too many.
    pub(super) fn keeps(&self, bytes: u64) -> io::Result<()> {
        self.count(&self.kept, bytes + A_FILE, self.limits.kept)
    }

    /// Counts the bytes of names that are kept.
    ///
    /// # Errors
    /// Where they are too many.
    pub(super) fn keeps_name(&self, bytes: usize) -> io::Result<()> {
        self.count(&self.kept, bytes as u64 + A_NAME, self.limits.kept)
    }

    fn count(&self, spent: &AtomicU64, more: u64, most: u64) -> io::Result<()> {
        if spent.fetch_add(more, Ordering::Relaxed) + more <= most {
            return Ok(());
        }
        self.is_over.store(true, Ordering::Relaxed);
        Err(too_much("it is larger than what is read"))
    }
}

/// Returns the error of what goes past a limit: nothing more is read after it.
fn too_much(message: impl Into<String>) -> io::Error {
    io::Error::new(TOO_MUCH, message.into())
}

/// The kind of error that says so.
pub(super) const TOO_MUCH: io::ErrorKind = io::ErrorKind::FileTooLarge;

/// A digest that is being taken of what passes by.
#[derive(Clone)]
pub(super) enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// Returns the hasher of a digest's algorithm; none for one that is not known.
    pub(super) fn of(digest: &str) -> Option<Self> {
        match digest.split_once(':')? {
            ("sha256", hex) if is_hex(hex, 64) => Some(Hasher::Sha256(Sha256::new())),
            ("sha512", hex) if is_hex(hex, 128) => Some(Hasher::Sha512(Sha512::new())),
            _ => None,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// Returns the digest, with its algorithm.
    pub(super) fn digest(self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self {
            Hasher::Sha256(hasher) => format!("sha256:{}", hex(&hasher.finalize())),
            Hasher::Sha512(hasher) => format!("sha512:{}", hex(&hasher.finalize())),
        }
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Counts and hashes what is read.
pub(super) struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
    hasher: Option<Rc<RefCell<Hasher>>>,
}

impl<R: Read> Counted<R> {
    /// Returns a reader that counts into `count`.
    pub(super) fn new(inner: R, count: Rc<Cell<u64>>, hasher: Option<Rc<RefCell<Hasher>>>) -> Self {
        Counted { inner, count, hasher }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        if let Some(hasher) = &self.hasher {
            hasher.borrow_mut().update(&buffer[..read]);
        }
        Ok(read)
    }
}

/// Ends what unpacks to too much.
pub(super) struct Bounded<'s, R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
    spent: &'s Spent,
}

impl<'s, R: Read> Bounded<'s, R> {
    /// Returns a reader of what is unpacked from as many bytes as `packed` counts.
    pub(super) fn new(inner: R, packed: Rc<Cell<u64>>, spent: &'s Spent) -> Self {
        Bounded { inner, packed, unpacked: 0, spent }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let Limits { unpacked, ratio, free, .. } = self.spent.limits;
        if self.unpacked > free && self.unpacked / ratio > self.packed.get() {
            return Err(too_much(format!("it unpacks to more than {ratio} times its size, and is not read further")));
        }
        self.spent.count(&self.spent.unpacked, read as u64, unpacked)?;
        Ok(read)
    }
}
