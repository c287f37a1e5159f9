//! RPM databases, in the three kinds that there are: SQLite, ndb, and the hash files of Berkeley DB.
//!
//! Each holds a header for every installed package. The text is a stanza for each, sorted, with the fields of a package that
//! say what it is, and what it requires and provides; of its files only those that a package requires by their path.

mod bdb;
mod header;
mod ndb;
mod sqlite;
pub mod wal;

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use header::{Header, Paths, Relation};

/// The first line of the text.
pub const FIRST_LINE: &str = "# packages of an RPM database";

/// The largest text that is made.
const MOST: usize = 64 << 20;

/// How many things the packages may require and provide together; a large system has some hundred thousand.
const MOST_RELATIONS: usize = 4 << 20;

/// Returns the text of a database; none where the file is none.
pub(super) fn text_of(bytes: &[u8]) -> Option<Result<String>> {
    if let Some(text) = wal::text_of(bytes) {
        return Some(Ok(text));
    }
    let (kind, blobs) = sqlite::blobs(bytes)
        .map(|blobs| ("SQLite", blobs))
        .or_else(|| ndb::blobs(bytes).map(|blobs| ("ndb", blobs)))
        .or_else(|| bdb::blobs(bytes).map(|blobs| ("Berkeley DB", blobs)))?;
    Some(blobs.and_then(|blobs| text(&blobs)).with_context(|| format!("an RPM database of the kind {kind}")))
}

/// The headers of a database, and how many bytes they may still hold: as many as the file has, for none is there twice.
struct Blobs {
    found: Vec<Vec<u8>>,
    left: usize,
}

impl Blobs {
    fn of(file: &[u8]) -> Self {
        Blobs { found: Vec::new(), left: file.len() }
    }

    /// Reserves room for a header.
    fn begin(&mut self, len: usize) -> Result<Vec<u8>> {
        let Some(left) = self.left.checked_sub(len) else {
            bail!("it is damaged: it says that it holds more than it does")
        };
        self.left = left;
        Ok(Vec::with_capacity(len))
    }
}

/// Writes the packages of a database.
fn text(blobs: &Blobs) -> Result<String> {
    let mut headers: Vec<Header<'_>> = Vec::new();
    let mut relations = 0;
    for blob in &blobs.found {
        let header = Header::read(blob).context("it is damaged: the header of a package cannot be read")?;
        relations += header.relations().count();
        if relations > MOST_RELATIONS {
            bail!("its packages require and provide more than {MOST_RELATIONS} things, which is the most that is read");
        }
        // The keys that packages are signed with are filed as packages.
        if header.name != "gpg-pubkey" {
            headers.push(header);
        }
    }
    headers.sort_by(|a, b| a.identity().cmp(&b.identity()));
    let paths = headers.iter().flat_map(Header::relations).map(|relation| relation.name.as_str());
    let required: Paths<'_> = paths.filter_map(|path| Some((header::split(path)?, path))).collect();
    let mut text = format!("{FIRST_LINE}\n");
    for header in &headers {
        header.write(&required, &mut text);
        if text.len() > MOST {
            bail!("its text is larger than {} MiB, which is the most that is read", MOST >> 20);
        }
    }
    Ok(text)
}

impl Header<'_> {
    fn identity(&self) -> impl Ord + '_ {
        (&self.name, &self.version, &self.release, &self.architecture, self.epoch)
    }

    fn write(&self, required: &Paths<'_>, text: &mut String) {
        let epoch = self.epoch.map(|epoch| epoch.to_string()).unwrap_or_default();
        for (field, value) in [
            ("Name", &self.name),
            ("Epoch", &epoch),
            ("Version", &self.version),
            ("Release", &self.release),
            ("Arch", &self.architecture),
            ("License", &self.licence),
            ("Vendor", &self.vendor),
            ("SourceRpm", &self.source),
            ("Sha256Header", &self.digest),
        ] {
            if !value.is_empty() {
                let start = if field == "Name" { "\n" } else { "" };
                let _ = writeln!(text, "{start}{field}: {value}");
            }
        }
        let mut relations = |field: &str, relations: &[Relation]| {
            for Relation { name, operator, version } in relations {
                let _ = match *operator {
                    "" => writeln!(text, "{field}: {name}"),
                    operator => writeln!(text, "{field}: {name} {operator} {version}"),
                };
            }
        };
        relations("Provides", &self.provides);
        relations("Requires", &self.requires);
        relations("Recommends", &self.recommends);
        relations("Suggests", &self.suggests);
        for path in self.files_among(required) {
            let _ = writeln!(text, "File: {path}");
        }
    }
}
