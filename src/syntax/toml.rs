//! TOML, with places.
//!
//! The big lockfiles are long runs of `[[package]]` tables. [`chunked`] reads them a table at a time, so that no tree of
//! the whole file is ever built; each table's spans are its own, and [`Chunk::place`] puts them back into the file.

use std::ops::Range;

use anyhow::Result;
use serde::de::DeserializeOwned;

use crate::source::{Place, Source};

/// Reads a whole document.
///
/// # Errors
/// Names the place of what is malformed or of another type than expected.
pub fn read<T: DeserializeOwned>(source: &Source<'_>) -> Result<T> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    ::toml::from_str(source.text).map_err(|error| fault(source, 0, &error))
}

/// One table of an array of tables, read by itself.
pub struct Chunk<T> {
    /// What it says.
    pub value: T,
    offset: usize,
    len: usize,
}

impl<T> Chunk<T> {
    /// Returns the place of a span inside the table.
    pub fn place(&self, source: &Source<'_>, span: Range<usize>) -> Place {
        source.place_at(self.offset + span.start..self.offset + span.end)
    }

    /// Returns the place of the whole table, from its header on.
    pub fn whole(&self, source: &Source<'_>) -> Place {
        source.place_at(self.offset..self.offset + self.len)
    }
}

/// Reads a document that is a head and an array of tables called `name`: the head (everything else) as `H`, each table
/// as `T`. `T` is wrapped: it has one field, `name`, a vector with the one table.
///
/// # Errors
/// As [`read`].
pub fn chunked<H: DeserializeOwned, T: DeserializeOwned>(
    source: &Source<'_>,
    name: &str,
) -> Result<(H, Vec<Chunk<T>>)> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    let (head, tables) = cut(source.text, name);
    let mut rest = String::new();
    let mut pieces = Vec::new();
    for range in head {
        pieces.push((rest.len(), range.start));
        rest.push_str(&source.text[range]);
    }
    let head = ::toml::from_str(&rest).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let (piece, offset) = pieces.iter().rev().find(|(piece, _)| *piece <= start).copied().unwrap_or((0, 0));
        fault(source, offset.wrapping_sub(piece), &error)
    })?;
    let mut chunks = Vec::with_capacity(tables.len());
    for range in tables {
        let offset = range.start;
        let len = source.text[range.clone()].trim_end().len();
        let value = ::toml::from_str(&source.text[range]).map_err(|error| fault(source, offset, &error))?;
        chunks.push(Chunk { value, offset, len });
    }
    Ok((head, chunks))
}

fn fault(source: &Source<'_>, offset: usize, error: &::toml::de::Error) -> anyhow::Error {
    let span = error.span().unwrap_or(0..0);
    let (start, end) = (offset.wrapping_add(span.start), offset.wrapping_add(span.end));
    let start = start.min(source.text.len());
    source.fault(source.place_at(start..end.clamp(start, source.text.len())), error.message().trim())
}

/// Parts a document into the ranges of its head and those of its `[[name]]` tables, each with its sub-tables.
fn cut(text: &str, name: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (open, sub, sub_array) = (format!("[[{name}]]"), format!("[{name}."), format!("[[{name}."));
    let mut head = Vec::new();
    let mut tables = Vec::new();
    let (mut start, mut inside, mut at) = (0, false, 0);
    // Most documents have no string of several lines, so that no line need be searched for its ends.
    let marks: Vec<&str> = ["\"\"\"", "'''"].into_iter().filter(|mark| text.contains(mark)).collect();
    let mut quote: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let begins = quote.is_none();
        if let Some(mark) = quote {
            if line.contains(mark) {
                quote = None;
            }
        } else {
            quote = marks.iter().copied().find(|mark| line.matches(mark).count() % 2 == 1);
        }
        if begins && line.starts_with('[') {
            let opens = line.trim_end() == open || line.trim_end().split('#').next().map(str::trim_end) == Some(&open);
            let stays = inside && (line.starts_with(&sub) || line.starts_with(&sub_array));
            if opens || (inside && !stays) {
                if inside {
                    tables.push(start..at)
                } else {
                    head.push(start..at)
                }
                start = at;
                inside = opens;
            }
        }
        at += line.len();
    }
    if inside {
        tables.push(start..at)
    } else {
        head.push(start..at)
    }
    (head, tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_cut_at_their_headers() {
        let text = "version = 1\n[[package]]\nname = \"a\"\n[package.optional]\nx = []\n[[package]]\nname = '''\n[[package]]\n'''\n[metadata]\ny = 1\n";
        let (head, tables) = cut(text, "package");
        let cut: Vec<&str> = tables.into_iter().map(|range| &text[range]).collect();
        assert_eq!(
            cut,
            ["[[package]]\nname = \"a\"\n[package.optional]\nx = []\n", "[[package]]\nname = '''\n[[package]]\n'''\n"]
        );
        assert_eq!(head.into_iter().map(|range| &text[range]).collect::<String>(), "version = 1\n[metadata]\ny = 1\n");
    }
}
