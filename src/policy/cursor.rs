//! Walks a TOML document by hand: every value has its place, every fault is collected, every key that nobody asked for is
//! named with the one that was probably meant.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::intern::{self, Text};
use crate::source::{Fault, Faults, Place, Source};
use crate::suggest;

/// A value and where the file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// What is wrong with a document so far.
pub(super) struct Reader<'s> {
    source: &'s Source<'s>,
    /// The lines that are no TOML, sorted and apart: what stands there is spoken of once.
    broken: Vec<Range<usize>>,
    faults: RefCell<Vec<Fault>>,
}

impl<'s> Reader<'s> {
    /// Parses a document, as much of it as there is. None where its tables cannot be told apart.
    pub(super) fn parse(source: &'s Source<'s>) -> (Self, Option<DeTable<'s>>) {
        let (table, errors) = DeTable::parse_recoverable(source.text);
        let (mut broken, mut whole) = (Vec::new(), true);
        let mut faults = Vec::new();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = line(source.text, &span);
            whole &= !source.text[line.clone()].trim_start().starts_with('[');
            broken.push(line);
            faults.push(Fault { place: source.place_at(span), message: error.message().trim().to_owned() });
        }
        let reader = Reader { source, broken: merge(broken), faults: RefCell::new(faults) };
        (reader, whole.then(|| table.into_inner()))
    }

    /// Returns the place of a span.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        self.source.place_at(span)
    }

    /// Records a fault, unless the line is known to be no TOML.
    pub(super) fn fault(&self, place: Place, message: impl fmt::Display) {
        let start = place.start as usize;
        let before = self.broken.partition_point(|line| line.start <= start);
        if before == 0 || !self.broken[before - 1].contains(&start) {
            self.faults.borrow_mut().push(Fault { place, message: message.to_string() });
        }
    }

    /// Ends the walk.
    ///
    /// # Errors
    /// Everything that was recorded, in the order of the file.
    pub(super) fn finish(self) -> Result<(), Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.place);
        faults.dedup();
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }
}

/// Returns the range of the lines that a span touches.
fn line(text: &str, span: &Range<usize>) -> Range<usize> {
    let (start, end) = (span.start.min(text.len()), span.end.min(text.len()));
    let bytes = text.as_bytes();
    let first = bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = bytes[end..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| end + at + 1);
    first..last
}

/// Sorts ranges and joins those that touch.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    merged
}

/// A table while it is read.
pub(super) struct Table<'r, 't> {
    /// What is wrong so far.
    pub(super) reader: &'r Reader<'t>,
    /// Where it stands.
    pub(super) place: Place,
    name: &'static str,
    table: &'r DeTable<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// One value of a table.
pub(super) type Value<'r, 't> = &'r Spanned<DeValue<'t>>;

impl<'r, 't> Table<'r, 't> {
    /// Reads a table; `name` is how messages call it, `[gate]`, empty for the document itself.
    pub(super) fn new(reader: &'r Reader<'t>, name: &'static str, table: &'r DeTable<'t>, place: Place) -> Self {
        Table { reader, place, name, table, asked: RefCell::default() }
    }

    /// Returns the value of a key. From now on the key is known.
    pub(super) fn value(&self, key: &'static str) -> Option<Value<'r, 't>> {
        self.asked.borrow_mut().insert(key);
        #[cfg(test)]
        asked::note(self.name, key);
        self.table.get(key)
    }

    /// Returns a text that is not blank.
    pub(super) fn text(&self, key: &'static str) -> Option<Placed<Text>> {
        let value = self.value(key)?;
        self.text_of(key, "a text", value)
    }

    /// Returns one text or several.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Placed<Text>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            return self.text_of(key, "a text or a list of texts", value).into_iter().collect();
        };
        if items.is_empty() {
            self.fault(
                self.place_of(value),
                format_args!("\"{key}\" is an empty list; leave it out or say what is meant"),
            );
        }
        items.iter().filter_map(|item| self.text_of(key, "texts", item)).collect()
    }

    /// Returns what `read` makes of one text or several; what it refuses is a fault.
    pub(super) fn read_all<T>(&self, key: &'static str, read: impl Fn(&str) -> anyhow::Result<T>) -> Vec<Placed<T>> {
        self.texts(key).into_iter().filter_map(|text| self.read_text(text, &read)).collect()
    }

    /// Returns what `read` makes of a text.
    pub(super) fn read<T>(&self, key: &'static str, read: impl Fn(&str) -> anyhow::Result<T>) -> Option<Placed<T>> {
        self.read_text(self.text(key)?, read)
    }

    fn read_text<T>(&self, text: Placed<Text>, read: impl Fn(&str) -> anyhow::Result<T>) -> Option<Placed<T>> {
        match read(text.value) {
            Ok(value) => Some(Placed { value, place: text.place }),
            Err(error) => {
                self.fault(text.place, format_args!("{error:#}"));
                None
            }
        }
    }

    /// Returns a whole number of days.
    pub(super) fn days(&self, key: &'static str) -> Option<Placed<u32>> {
        let value = self.value(key)?;
        let place = self.place_of(value);
        let Some(number) = value.get_ref().as_integer() else {
            self.fault_kind(key, "a whole number of days", value);
            return None;
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(days) if days <= 36_500 => Some(Placed { value: days, place }),
            _ => {
                self.fault(place, format_args!("\"{key}\" takes a number of days from 0 to 36500, not {number}"));
                None
            }
        }
    }

    /// Returns a table of this table.
    pub(super) fn table(&self, key: &'static str, name: &'static str) -> Option<Table<'r, 't>> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.fault_kind(key, &format!("a table, {name}"), value);
            return None;
        };
        Some(Table::new(self.reader, name, table, self.place_of(value)))
    }

    /// Returns the tables of an array of tables.
    pub(super) fn tables(&self, key: &'static str, name: &'static str) -> Vec<Table<'r, 't>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.fault_kind(key, &format!("a list of tables, {name}"), value);
            return Vec::new();
        };
        let table = |item: Value<'r, 't>| {
            let Some(table) = item.get_ref().as_table() else {
                self.fault_kind(key, &format!("tables, {name}"), item);
                return None;
            };
            Some(Table::new(self.reader, name, table, self.place_of(item)))
        };
        items.iter().filter_map(table).collect()
    }

    /// Returns all entries in the order of the file, for a table whose keys are names of something else.
    pub(super) fn entries(&self) -> Vec<(Placed<Text>, Value<'r, 't>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                (Placed { value: intern::text(key.get_ref()), place: self.reader.place(key.span()) }, value)
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.place);
        entries
    }

    /// Ends the table: what nobody asked for is a fault. `elsewhere` says where a key belongs that is known but not here.
    pub(super) fn close(self, elsewhere: impl Fn(&str) -> Option<String>) {
        let asked = self.asked.borrow();
        for (key, _) in self.entries() {
            if asked.contains(key.value) {
                continue;
            }
            let place = if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
            let hint = elsewhere(key.value).unwrap_or_else(|| suggest::hint(key.value, asked.iter().copied()));
            self.fault(key.place, format_args!("unknown key \"{}\"{place}{hint}", key.value.escape_debug()));
        }
    }

    /// Returns the place of a value.
    pub(super) fn place_of(&self, value: Value<'_, '_>) -> Place {
        self.reader.place(value.span())
    }

    /// Records a fault.
    pub(super) fn fault(&self, place: Place, message: impl fmt::Display) {
        self.reader.fault(place, message);
    }

    /// Records that a value is of another kind than its key takes.
    pub(super) fn fault_kind(&self, key: &str, wanted: &str, value: Value<'_, '_>) {
        let message = format!("\"{}\" takes {wanted}, not {}", key.escape_debug(), kind(value.get_ref()));
        self.fault(self.place_of(value), message);
    }

    fn text_of(&self, key: &'static str, wanted: &str, value: Value<'_, '_>) -> Option<Placed<Text>> {
        let place = self.place_of(value);
        let Some(text) = value.get_ref().as_str() else {
            self.fault_kind(key, wanted, value);
            return None;
        };
        if text.trim().is_empty() {
            self.fault(place, format_args!("\"{key}\" is empty"));
            return None;
        }
        Some(Placed { value: intern::text(text), place })
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Which keys of which tables were asked for, so that tests can hold the schema to them.
#[cfg(test)]
pub(super) mod asked {
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    type Asked = BTreeMap<&'static str, BTreeSet<&'static str>>;

    thread_local! {
        static ASKED: RefCell<Asked> = RefCell::default();
    }

    pub(super) fn note(table: &'static str, key: &'static str) {
        ASKED.with_borrow_mut(|asked| asked.entry(table).or_default().insert(key));
    }

    /// Returns what this thread asked for so far.
    pub(in crate::policy) fn all() -> Asked {
        ASKED.with_borrow(Asked::clone)
    }
}
