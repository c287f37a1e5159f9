//! What a rule is told beside its level: handed over unread.

use std::sync::Arc;

use anyhow::Result;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::intern::Text;
use crate::source::{Fault, FileId, Place};
use crate::suggest;

/// The options of a rule, with their places.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rule.
    pub rule: Text,
    /// Where the policy names it.
    pub place: Place,
    /// The policy's text. What is parsed of it borrows it, so the table is parsed again when the rule reads it.
    pub(super) policy: Arc<str>,
}

impl Options {
    /// Reads the options as the rule's own struct. It says `deny_unknown_fields` and has a default for each field.
    ///
    /// # Errors
    /// Names the place of the option that is unknown or of another type, and what was probably meant.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let span = self.place.start as usize..(self.place.start + self.place.len) as usize;
        let table = Spanned::new(span.clone(), DeValue::Table(self.table()));
        T::deserialize(ValueDeserializer::from(table)).map_err(|error| {
            let place = place(self.place.file, error.span().unwrap_or(span));
            Fault { place, message: self.explain(error.message().trim()) }.into()
        })
    }

    /// Returns the rule's table less its level.
    fn table(&self) -> DeTable<'_> {
        let (document, _) = DeTable::parse_recoverable(&self.policy);
        let mut table = inside(inside(document.into_inner(), "rules"), self.rule);
        table.remove("level");
        table
    }

    /// Says what serde says, with what was probably meant.
    fn explain(&self, message: &str) -> String {
        let rule = self.rule;
        let mut quoted = message.split('`').skip(1).step_by(2);
        let wrong = quoted.next().unwrap_or_default();
        let names: Vec<&str> = quoted.collect();
        if message.starts_with("unknown field") {
            return match names.is_empty() {
                true => format!("{rule} has no options, so no \"{}\"", wrong.escape_debug()),
                false => format!("{rule} has no option \"{}\"{}", wrong.escape_debug(), suggest::hint(wrong, names)),
            };
        }
        if message.starts_with("unknown variant") {
            return format!("{rule}: unknown \"{}\"{}", wrong.escape_debug(), suggest::hint(wrong, names));
        }
        format!("{rule}: {message}")
    }
}

fn place(file: FileId, span: std::ops::Range<usize>) -> Place {
    Place { file, start: span.start as u32, len: span.end.saturating_sub(span.start) as u32 }
}

fn inside<'t>(mut table: DeTable<'t>, key: &str) -> DeTable<'t> {
    match table.remove(key).map(Spanned::into_inner) {
        Some(DeValue::Table(table)) => table,
        _ => DeTable::new(),
    }
}
