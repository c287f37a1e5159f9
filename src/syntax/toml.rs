//! TOML, with places.
//!
//! The big lockfiles are long runs of `[[package]]` tables. [`chunked`] reads them a table at a time, so that no tree of
//! the whole file is ever built; each table's spans are its own, and [`Chunk::place`] puts them back into the file. What is
//! not written as the tools write it is read whole: the same tables come out, whatever way they are spelled.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeArray, DeTable, DeValue, Deserializer};
use anyhow::Result;
use serde::de::DeserializeOwned;

use super::yaml::{Entry, Node, Value};
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

/// Reads a whole document as a tree, as YAML is: for files whose shape is open.
///
/// # Errors
/// As [`read`].
pub fn tree<'t>(source: &Source<'t>) -> Result<Node<'t>> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    let table = DeTable::parse(source.text).map_err(|error| fault(source, 0, &error))?;
    Ok(Node { place: source.start(), value: entries(source, table.into_inner()) })
}

fn entries<'t>(source: &Source<'t>, table: DeTable<'t>) -> Value<'t> {
    let mut entries: Vec<Entry<'t>> = table
        .into_iter()
        .map(|(key, value)| Entry {
            place: source.place_at(key.span()),
            key: key.into_inner().into_owned(),
            node: node(source, value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.place);
    Value::Map(entries)
}

fn node<'t>(source: &Source<'t>, value: Spanned<DeValue<'t>>) -> Node<'t> {
    let place = source.place_at(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Scalar(text),
        DeValue::Table(table) => entries(source, table),
        DeValue::Array(list) => Value::List(list.into_iter().map(|value| node(source, value)).collect()),
        _ => Value::Scalar(
            source.text.get(place.start as usize..(place.start + place.len) as usize).unwrap_or_default().into(),
        ),
    };
    Node { value, place }
}

/// One table of an array of tables, read by itself.
pub struct Chunk<T> {
    /// What it says.
    pub value: T,
    /// Where the text began that it was read from: its own, or the file.
    offset: usize,
    range: Range<usize>,
    of_whole: bool,
}

impl<T> Chunk<T> {
    /// Returns the place of a span inside the table.
    pub fn place(&self, source: &Source<'_>, span: Range<usize>) -> Place {
        source.place_at(self.offset + span.start..self.offset + span.end)
    }

    /// Returns the place of the whole table, from its header on; of one that was read with the file, the header's.
    pub fn whole(&self, source: &Source<'_>) -> Place {
        source.place_at(self.range.clone())
    }

    /// Says whether the table was read with the file, and not by itself: its own text is not known.
    pub fn is_of_whole(&self) -> bool {
        self.of_whole
    }
}

/// A document's head, and its tables.
type Parts<H, T> = (H, Vec<Chunk<T>>);

/// Reads a document that is a head and an array of tables called `name`: the head (everything else) as `H`, each table
/// as `T`. `T` is wrapped: it has one field, `name`, a vector with the one table.
///
/// # Errors
/// As [`read`].
pub fn chunked<H: DeserializeOwned, T: DeserializeOwned>(source: &Source<'_>, name: &str) -> Result<Parts<H, T>> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    match cut(source.text, name) {
        // What a cut document seems to have wrong, the whole one may not.
        Some(pieces) => pieced(source, &pieces).or_else(|error| whole(source, name).map_err(|_| error)),
        None => whole(source, name),
    }
}

/// Reads a document cut in pieces.
fn pieced<H: DeserializeOwned, T: DeserializeOwned>(source: &Source<'_>, pieces: &Pieces) -> Result<Parts<H, T>> {
    let (head, tables) = pieces;
    let mut rest = String::new();
    let mut pieces = Vec::new();
    for range in head {
        pieces.push((rest.len(), range.start));
        rest.push_str(&source.text[range.clone()]);
    }
    let head = ::toml::from_str(&rest).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let (piece, offset) = pieces.iter().rev().find(|(piece, _)| *piece <= start).copied().unwrap_or((0, 0));
        fault(source, offset.wrapping_sub(piece), &error)
    })?;
    let mut chunks = Vec::with_capacity(tables.len());
    for range in tables {
        let (offset, text) = (range.start, &source.text[range.clone()]);
        let value = ::toml::from_str(text).map_err(|error| fault(source, offset, &error))?;
        chunks.push(Chunk { value, offset, range: offset..offset + text.trim_end().len(), of_whole: false });
    }
    Ok((head, chunks))
}

/// Reads a document as one, and takes it apart then.
fn whole<H: DeserializeOwned, T: DeserializeOwned>(source: &Source<'_>, name: &str) -> Result<Parts<H, T>> {
    let wrong = |error: ::toml::de::Error| fault(source, 0, &error);
    let mut document = DeTable::parse(source.text).map_err(wrong)?;
    let mut chunks = Vec::new();
    let is_listed = |value: &Spanned<DeValue<'_>>| value.get_ref().as_array().is_some_and(|list| !list.is_empty());
    if document.get_ref().get(name).is_some_and(is_listed)
        && let Some((key, list)) = document.get_mut().remove_entry(name)
    {
        let of_list = list.span();
        let DeValue::Array(tables) = list.into_inner() else { unreachable!("it was just seen to be a list") };
        for table in tables {
            let range = table.span();
            let mut one = DeArray::default();
            one.push(table);
            let mut wrapped = DeTable::default();
            wrapped.insert(key.clone(), Spanned::new(of_list.clone(), DeValue::Array(one)));
            let wrapped = Deserializer::from(Spanned::new(range.clone(), wrapped));
            chunks.push(Chunk { value: T::deserialize(wrapped).map_err(wrong)?, offset: 0, range, of_whole: true });
        }
    }
    let head = H::deserialize(Deserializer::from(document)).map_err(wrong)?;
    Ok((head, chunks))
}

fn fault(source: &Source<'_>, offset: usize, error: &::toml::de::Error) -> anyhow::Error {
    let span = error.span().unwrap_or(0..0);
    let (start, end) = (offset.wrapping_add(span.start), offset.wrapping_add(span.end));
    let start = start.min(source.text.len());
    let end = end.clamp(start, source.text.len());
    let message = error.message().trim();
    // What a broken download or a full disk leaves: something is open at the end of the text.
    let last = source.text.trim_end().len();
    let is_open = message.contains("unclosed") || message.contains("expected");
    let is_cut = start >= last || (end >= last && is_open && !source.text.ends_with('\n'));
    let cut = if is_cut { "; the file seems cut off, write it anew with its tool" } else { "" };
    source.fault(source.place_at(start..end), format_args!("{message}{cut}"))
}

/// The ranges of a document's head, and those of its tables.
type Pieces = (Vec<Range<usize>>, Vec<Range<usize>>);

/// Parts a document into the ranges of its head and those of its `[[name]]` tables, each with its sub-tables; none where
/// it is not written plainly enough for a look at its lines to tell.
fn cut(text: &str, name: &str) -> Option<Pieces> {
    // In a string of several lines, what seems to be a header is none.
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let mut head = Vec::new();
    let mut tables = Vec::new();
    let (mut start, mut inside, mut at) = (0, false, 0);
    for line in text.split_inclusive('\n') {
        match line.trim_start().as_bytes().first() {
            Some(b'[') => match Header::of(line, name)? {
                Header::Table => {
                    if inside { &mut tables } else { &mut head }.push(start..at);
                    (start, inside) = (at, true);
                }
                Header::Other if inside => {
                    tables.push(start..at);
                    (start, inside) = (at, false);
                }
                Header::Other => {}
                Header::Sub if inside => {}
                Header::Sub => return None,
            },
            Some(_) if !inside && is_of(line, name) => return None,
            _ => {}
        }
        at += line.len();
    }
    if inside { &mut tables } else { &mut head }.push(start..at);
    Some((head, tables))
}

/// What a header opens.
enum Header {
    /// A table of the array.
    Table,
    /// A table inside of one.
    Sub,
    /// Something else.
    Other,
}

impl Header {
    /// Reads a line that begins with `[`; none where it is indented, or says its name in another way than tools do.
    fn of(line: &str, name: &str) -> Option<Self> {
        let inner = line.strip_prefix('[')?;
        let inner = inner.strip_prefix('[').unwrap_or(inner);
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
        let first = inner.bytes().take_while(|byte| is_plain(byte)).count();
        let (first, rest) = inner.split_at(first);
        match rest.as_bytes().first() {
            Some(b'.') if !first.is_empty() => Some(if first == name { Header::Sub } else { Header::Other }),
            Some(b']') if first == name => {
                let after = rest.strip_prefix("]]")?.trim_start();
                (line.starts_with("[[") && (after.is_empty() || after.starts_with('#'))).then_some(Header::Table)
            }
            Some(b']') if !first.is_empty() => Some(Header::Other),
            _ => None,
        }
    }
}

/// Says whether a line of the head may give a key of this name a value: `name = […]`, `"name".x = 1`.
fn is_of(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    match line.as_bytes().first() {
        // A key in quotation marks may be spelled with escapes; in heads, they are rare.
        Some(b'"' | b'\'') => {
            let inner = &line[1..];
            inner.starts_with(name) || inner.split(['"', '\'']).next().is_some_and(|key| key.contains('\\'))
        }
        _ => line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', '.'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Head {
        version: Option<Spanned<i64>>,
        metadata: Option<std::collections::BTreeMap<String, String>>,
    }

    #[derive(serde::Deserialize)]
    struct Tables {
        package: Vec<One>,
    }

    #[derive(serde::Deserialize)]
    struct One {
        name: Spanned<String>,
        x: Option<std::collections::BTreeMap<String, i64>>,
    }

    fn told(text: &str) -> Vec<String> {
        let source = Source { file: Default::default(), path: "x.lock", text };
        let (head, chunks): (Head, Vec<Chunk<Tables>>) = match chunked(&source, "package") {
            Ok(read) => read,
            Err(error) => return vec![error.to_string()],
        };
        let metadata = head.metadata.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        let mut told: Vec<String> = head.version.iter().map(|version| version.get_ref().to_string()).collect();
        told.extend(metadata);
        for chunk in &chunks {
            for One { name, x } in &chunk.value.package {
                let place = chunk.place(&source, name.span());
                let spelled = &text[place.start as usize..(place.start + place.len) as usize];
                assert!(spelled.contains(name.get_ref().as_str()), "{spelled}");
                let x: Vec<String> = x.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
                told.push(format!("{} {}", name.get_ref(), x.join(" ")));
            }
        }
        told
    }

    #[test]
    fn however_a_table_is_spelled_it_is_read() {
        let plain = "version = 1\n[[package]]\nname = \"a\"\n[package.x]\ny = 1\n[[package]] # two\nname = \"b\"\n\
            [[package]]\nname = \"c\"\n[metadata]\nz = \"w\"\n";
        let expected = ["1", "z=w", "a y=1", "b ", "c "];
        assert!(cut(plain, "package").is_some());
        assert_eq!(told(plain), expected);
        for (from, to) in [
            ("[[package]] # two", " [[package]]"),
            ("[[package]] # two", "\t[[package]]\r"),
            ("[[package]] # two", "[[ package ]]"),
            ("[[package]] # two", "[[\"package\"]]"),
            ("[[package]] # two", "[['package']]"),
            ("[[package]] # two", "[[\"pack\\u0061ge\"]]"),
            ("[[package]]\nname = \"c\"", "[[package]]\nname = '''c'''"),
            ("version = 1", "# \"\"\"\nversion = 1"),
            ("[package.x]", "[ package.x ]"),
            ("[package.x]", "[\"package\".x]"),
            ("[package.x]", "  [package.x]"),
            ("[metadata]", "  [metadata]"),
            ("[metadata]", "[\"metadata\"]"),
            ("version = 1\n[[package]]", "version = 1\n [[package]]"),
        ] {
            let text = plain.replace(from, to);
            assert_ne!(text, plain, "{from}");
            assert_eq!(told(&text), expected, "{text}");
        }
        let inline = "version = 1\npackage = [{ name = \"a\", x = { y = 1 } }, { name = \"b\" }, { name = \"c\" }]\n\
            [metadata]\nz = \"w\"\n";
        assert_eq!(told(inline), expected);
        let both = inline.replace("[metadata]", "[[package]]\nname = \"d\"\n[metadata]");
        assert_eq!(told(&both).len(), 1, "{:?}", told(&both));
    }

    #[test]
    fn tables_are_cut_at_their_headers() {
        let text =
            "version = 1\n[[package]]\nname = \"a\"\n[package.optional]\nx = []\n[[package]]\n[metadata]\ny = 1\n";
        let (head, tables) = cut(text, "package").expect("plain enough");
        let cut: Vec<&str> = tables.into_iter().map(|range| &text[range]).collect();
        assert_eq!(cut, ["[[package]]\nname = \"a\"\n[package.optional]\nx = []\n", "[[package]]\n"]);
        assert_eq!(head.into_iter().map(|range| &text[range]).collect::<String>(), "version = 1\n[metadata]\ny = 1\n");
    }
}
