//! The header of a package: an index of tags, and the data that it points into.
//!
//! Specification: RPM's manual, "RPM v4 package format" and "RPM tags". All numbers have their highest byte first.

use std::collections::{BTreeMap, BTreeSet};

use crate::binary::numbers::{Order, slice};

/// What a package's header says, as far as it is of use.
#[derive(Debug)]
pub(super) struct Header<'b> {
    pub(super) name: String,
    pub(super) epoch: Option<u32>,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) architecture: String,
    pub(super) licence: String,
    pub(super) vendor: String,
    /// The file name of the source package.
    pub(super) source: String,
    /// The SHA-256 digest of the header as it was signed.
    pub(super) digest: String,
    pub(super) provides: Vec<Relation>,
    pub(super) requires: Vec<Relation>,
    pub(super) recommends: Vec<Relation>,
    pub(super) suggests: Vec<Relation>,
    entries: Entries<'b>,
}

/// What a package requires or provides.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Relation {
    pub(super) name: String,
    /// How the version is compared; empty where there is none.
    pub(super) operator: &'static str,
    pub(super) version: String,
}

/// The tags of a kind of relation: names, flags, versions.
struct Tags(u32, u32, u32);

const PROVIDES: Tags = Tags(1047, 1112, 1113);
const REQUIRES: Tags = Tags(1049, 1048, 1050);
const RECOMMENDS: Tags = Tags(5046, 5048, 5047);
const SUGGESTS: Tags = Tags(5049, 5051, 5050);

const LESS: u32 = 1 << 1;
const GREATER: u32 = 1 << 2;
const EQUAL: u32 = 1 << 3;
/// What is required may be missing: how weak requirements were written before they had tags of their own.
const MISSING_OK: u32 = 1 << 19;
/// A feature of RPM itself, which no package provides.
const RPMLIB: u32 = 1 << 24;

impl<'b> Header<'b> {
    /// Reads a header as databases keep it, without the magic number of packages; none where it is damaged.
    pub(super) fn read(blob: &'b [u8]) -> Option<Self> {
        let (count, len) = (Order::Big.size(blob, 0)?, Order::Big.size(blob, 4)?);
        let index = slice(blob, 8, count.checked_mul(16)?)?;
        let data = slice(blob, 8 + index.len(), len)?;
        let entries = Entries { index, data };
        let plain = |tag: u32| entries.texts(tag).map(|texts| texts.first().copied().map(shown).unwrap_or_default());
        let (mut requires, mut recommends) = (Vec::new(), Vec::new());
        for (flags, relation) in entries.relations(&REQUIRES)? {
            if flags & RPMLIB == 0 && !relation.name.starts_with("rpmlib(") {
                if flags & MISSING_OK == 0 { &mut requires } else { &mut recommends }.push(relation);
            }
        }
        let all = |tags: &Tags| Some(entries.relations(tags)?.into_iter().map(|(_, relation)| relation).collect());
        let (provides, suggests): (Vec<Relation>, Vec<Relation>) = (all(&PROVIDES)?, all(&SUGGESTS)?);
        let more: Vec<Relation> = all(&RECOMMENDS)?;
        recommends.extend(more);
        let header = Header {
            name: plain(1000)?,
            epoch: entries.numbers(1003)?.first().copied(),
            version: plain(1001)?,
            release: plain(1002)?,
            architecture: plain(1022)?,
            licence: plain(1014)?,
            vendor: plain(1011)?,
            source: plain(1044)?,
            digest: plain(273)?,
            provides: sorted(provides),
            requires: sorted(requires),
            recommends: sorted(recommends),
            suggests: sorted(suggests),
            entries,
        };
        (!header.name.is_empty()).then_some(header)
    }

    /// Returns what it provides and requires, in whatever way.
    pub(super) fn relations(&self) -> impl Iterator<Item = &Relation> {
        [&self.provides, &self.requires, &self.recommends, &self.suggests].into_iter().flatten()
    }

    /// Returns which of these paths are files of the package, sorted.
    pub(super) fn files_among<'p>(&self, paths: &Paths<'p>) -> BTreeSet<&'p str> {
        // Names of files, the numbers of their folders, and these; what is damaged here has no files.
        let texts = |tag: u32| self.entries.texts(tag).unwrap_or_default();
        let (names, numbers, folders) = (texts(1117), self.entries.numbers(1116).unwrap_or_default(), texts(1118));
        let files = names.iter().zip(numbers);
        let files = files.filter_map(|(name, number)| paths.get(&(*folders.get(number as usize)?, *name)));
        files.copied().collect()
    }
}

/// Paths by folder and name.
pub(super) type Paths<'p> = BTreeMap<(&'p [u8], &'p [u8]), &'p str>;

/// Parts a path into its folder with the closing slash, and its name; none where it is no path.
pub(super) fn split(path: &str) -> Option<(&[u8], &[u8])> {
    let (folder, name) = path.split_at(path.rfind('/').filter(|_| path.starts_with('/'))? + 1);
    Some((folder.as_bytes(), name.as_bytes()))
}

/// Returns relations in order, each once: a header repeats what several of its scripts require.
fn sorted(mut relations: Vec<Relation>) -> Vec<Relation> {
    relations.sort_unstable();
    relations.dedup();
    relations
}

/// Returns a text as it may stand in a line.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim().chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// How many texts one tag may hold; the largest packages have some hundred thousand files.
const MOST_TEXTS: usize = 1 << 20;

/// The index of a header, and its data.
#[derive(Clone, Copy, Debug)]
struct Entries<'b> {
    index: &'b [u8],
    data: &'b [u8],
}

impl<'b> Entries<'b> {
    /// Finds a tag: its type, where its data begins, and how many there are. What was added at installation comes last, and
    /// counts.
    fn find(&self, tag: u32) -> Option<(u32, usize, usize)> {
        let entry = self.index.chunks_exact(16).rev().find(|entry| Order::Big.u32(entry, 0) == Some(tag))?;
        Some((Order::Big.u32(entry, 4)?, Order::Big.size(entry, 8)?, Order::Big.size(entry, 12)?))
    }

    /// Returns the texts of a tag; empty where it is not there or of another type, none where it is damaged.
    fn texts(&self, tag: u32) -> Option<Vec<&'b [u8]>> {
        let Some((kind, at, count)) = self.find(tag) else { return Some(Vec::new()) };
        let count = match kind {
            6 => 1,
            8 | 9 => count,
            _ => return Some(Vec::new()),
        };
        if count > MOST_TEXTS {
            return None;
        }
        let mut rest = self.data.get(at..)?;
        let mut texts = Vec::new();
        for _ in 0..count {
            let end = rest.iter().position(|byte| *byte == 0)?;
            texts.push(&rest[..end]);
            rest = &rest[end + 1..];
        }
        Some(texts)
    }

    /// Returns the numbers of a tag; empty where it is not there or of another type, none where it is damaged.
    fn numbers(&self, tag: u32) -> Option<Vec<u32>> {
        let Some((4, at, count)) = self.find(tag) else { return Some(Vec::new()) };
        let bytes = slice(self.data, at, count.checked_mul(4)?)?;
        Some(bytes.chunks_exact(4).filter_map(|number| Order::Big.u32(number, 0)).collect())
    }

    /// Returns relations with their flags; none where they are damaged.
    fn relations(&self, tags: &Tags) -> Option<Vec<(u32, Relation)>> {
        let (names, flags, versions) = (self.texts(tags.0)?, self.numbers(tags.1)?, self.texts(tags.2)?);
        let relation = |(at, name): (usize, &&[u8])| {
            let flags = flags.get(at).copied().unwrap_or_default();
            let version = versions.get(at).copied().map(shown).unwrap_or_default();
            let operator = if version.is_empty() { "" } else { operator(flags) };
            (flags, Relation { name: shown(name), operator, version })
        };
        Some(names.iter().enumerate().map(relation).filter(|(_, relation)| !relation.name.is_empty()).collect())
    }
}

fn operator(flags: u32) -> &'static str {
    match (flags & LESS != 0, flags & GREATER != 0, flags & EQUAL != 0) {
        (true, _, true) => "<=",
        (true, _, false) => "<",
        (_, true, true) => ">=",
        (_, true, false) => ">",
        (_, _, true) => "=",
        _ => "",
    }
}
