//! JSON, with places: what is borrowed from the text knows where it stands.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::yaml::{Entry, Node, Value};
use crate::source::{Place, Source};

/// Reads a whole document into borrowed, typed values.
///
/// # Errors
/// Names line and column of what is malformed, nested past 128 levels or of another type than expected.
pub fn read<'t, T: Deserialize<'t>>(source: &Source<'t>) -> Result<T> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    serde_json::from_str(source.text).map_err(|error| malformed(source, &error))
}

/// Reads the documents of a file, one after another: what a tool appended to what was there.
///
/// # Errors
/// As [`read`].
pub fn read_all<'t, T: Deserialize<'t>>(source: &Source<'t>) -> Result<Vec<T>> {
    if source.text.trim().is_empty() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    let documents = serde_json::Deserializer::from_str(source.text).into_iter();
    documents.map(|document| document.map_err(|error| malformed(source, &error))).collect()
}

/// Says what is malformed, and where.
fn malformed(source: &Source<'_>, error: &serde_json::Error) -> anyhow::Error {
    let message = error.to_string();
    // serde_json ends its messages with " at line L column C", which the fault's place says already.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    // What a broken download or a full disk leaves.
    let cut = if error.is_eof() { "; the file is cut off, write it anew with its tool" } else { "" };
    source.fault_at(error.line(), error.column(), format_args!("{message}{cut}"))
}

/// Reads a part of a document, which was kept as it stands.
///
/// # Errors
/// As [`read`], with the place in the document.
pub fn part<'t, T: Deserialize<'t>>(source: &Source<'t>, raw: &'t RawValue) -> Result<T> {
    let text = raw.get();
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let line = text.split_inclusive('\n').nth(error.line().saturating_sub(1)).unwrap_or(text);
        let mut end = error.column().min(line.len());
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        source.fault(source.place(&line[end..end]), message)
    })
}

/// Returns a text of the same length with blanks in the place of comments and of commas before a closing bracket, which some
/// programs allow.
pub fn without_comments(text: &str) -> String {
    let mut plain = text.as_bytes().to_vec();
    let (mut at, mut comma) = (0, None);
    while at < plain.len() {
        match (plain[at], plain.get(at + 1)) {
            (b'"', _) => {
                comma = None;
                at += 1;
                while at < plain.len() && plain[at] != b'"' {
                    at += if plain[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            (b'/', Some(b'/')) => {
                let end = plain[at..].iter().position(|byte| *byte == b'\n').map_or(plain.len(), |end| at + end);
                plain[at..end].fill(b' ');
                at = end;
            }
            (b'/', Some(b'*')) => {
                let end = text.as_bytes()[at + 2..].windows(2).position(|two| two == b"*/");
                let end = end.map_or(plain.len(), |end| at + 2 + end + 2);
                plain[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
            }
            (byte, _) => {
                match byte {
                    b',' => comma = Some(at),
                    b'}' | b']' => {
                        if let Some(comma) = comma.take() {
                            plain[comma] = b' ';
                        }
                    }
                    byte if byte.is_ascii_whitespace() => {}
                    _ => comma = None,
                }
                at += 1;
            }
        }
    }
    // Only whole comments are blanked, and they end at an ASCII character.
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

/// A string that is borrowed where it holds no escape, so that it knows its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str<'t>(pub Cow<'t, str>);

impl<'t> Str<'t> {
    /// Returns the place of the string between its quotation marks; where escapes keep it from being borrowed, the next
    /// place after the start of `near` that spells it as serde_json would, or else `near` itself.
    pub fn place(&self, source: &Source<'t>, near: Place) -> Place {
        // The search must not cross a big file for each name.
        const REACH: usize = 1 << 12;
        if let Cow::Borrowed(text) = self.0 {
            return source.place(text);
        }
        let start = near.start as usize;
        let mut end = source.text.len().min(start.saturating_add(REACH));
        while !source.text.is_char_boundary(end) {
            end -= 1;
        }
        let spelled = serde_json::to_string(&self.0).unwrap_or_default();
        match source.text.get(start..end).and_then(|reach| reach.find(&spelled)) {
            Some(at) => source.place_at(start + at + 1..start + at + spelled.len() - 1),
            None => near,
        }
    }
}

impl std::ops::Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de: 't, 't> Deserialize<'de> for Str<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Str)
    }
}

/// An object in the order of the text, doubles and all.
#[derive(Clone, Debug)]
pub struct Map<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map(Vec::new())
    }
}

impl<'t, V> Map<Str<'t>, V> {
    /// Returns the first value under a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// Returns the first key that stands twice: what the second one means, no reader can say.
    pub fn doubled(&self) -> Option<&Str<'t>> {
        let mut seen = std::collections::BTreeSet::new();
        self.0.iter().map(|(key, _)| key).find(|key| !seen.insert(&***key))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Map<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Map<K, V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Map(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A value and the text it was read from, which knows its place. Put it around entries, not around every field.
#[derive(Clone, Copy, Debug)]
pub struct Located<'t, T> {
    /// The value.
    pub value: T,
    /// Its text.
    pub text: &'t str,
}

impl<T> Located<'_, T> {
    /// Returns the place of the whole value.
    pub fn place(&self, source: &Source<'_>) -> Place {
        source.place(self.text)
    }
}

impl<'de: 't, 't, T: Deserialize<'de>> Deserialize<'de> for Located<'t, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        let value = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Located { value, text: raw.get() })
    }
}

/// Reads a whole document as a tree, as YAML is: for files whose shape is open, and that are small.
///
/// # Errors
/// As [`read`].
pub fn tree<'t>(source: &Source<'t>) -> Result<Node<'t>> {
    let raw: Raw<'t> = read(source)?;
    Ok(raw.placed(source, source.start()))
}

/// A value before its place is known.
enum Raw<'t> {
    Null,
    Text(Str<'t>),
    Typed(String),
    List(Vec<Raw<'t>>),
    Map(Vec<(Str<'t>, Raw<'t>)>),
}

impl<'t> Raw<'t> {
    /// Gives a value its place: what does not know its own has that of the key before it.
    fn placed(self, source: &Source<'t>, near: Place) -> Node<'t> {
        let (value, place) = match self {
            Raw::Null => (Value::Null, near),
            Raw::Text(text) => {
                let place = text.place(source, near);
                (Value::Scalar(text.0), place)
            }
            Raw::Typed(text) => (Value::Scalar(Cow::Owned(text)), near),
            Raw::List(list) => (Value::List(list.into_iter().map(|raw| raw.placed(source, near)).collect()), near),
            Raw::Map(map) => {
                let entry = |(key, raw): (Str<'t>, Raw<'t>)| {
                    let place = key.place(source, near);
                    Entry { key: key.0.into_owned(), place, node: raw.placed(source, place) }
                };
                (Value::Map(map.into_iter().map(entry).collect()), near)
            }
        };
        Node { value, place }
    }
}

impl<'de: 't, 't> Deserialize<'de> for Raw<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'t>(PhantomData<&'t ()>);
        impl<'de: 't, 't> Visitor<'de> for Any<'t> {
            type Value = Raw<'t>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Raw<'t>, E> {
                Ok(Raw::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Raw<'t>, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Raw<'t>, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Raw<'t>, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Raw<'t>, E> {
                Ok(Raw::Typed(value.to_string()))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Raw<'t>, E> {
                Ok(Raw::Text(Str(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Raw<'t>, E> {
                Ok(Raw::Text(Str(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw<'t>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'t>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_blanked() {
        for (text, expected) in [
            ("{\"a\": 1, // é\n}", "{\"a\": 1       \n}"),
            ("[1, /* é\n */ 2,]", "[1,      \n    2 ]"),
            ("{\"a//b\": \"/*\\\"*/,}\"}", "{\"a//b\": \"/*\\\"*/,}\"}"),
            ("[1,,]", "[1, ]"),
            ("/*", "  "),
            ("\"\\", "\"\\"),
        ] {
            assert_eq!(without_comments(text), expected, "{text}");
            assert_eq!(without_comments(text).len(), text.len());
        }
    }

    #[test]
    fn escaped_names_are_looked_for_nearby_only() {
        let text = format!("é \"\\n\"{}\"\\t\"", "é".repeat(4096));
        let source = Source { file: Default::default(), path: "x.json", text: &text };
        let near = source.place_at(3..4);
        let place = |name: &str| Str(Cow::Owned(name.to_owned())).place(&source, near);
        assert_eq!(place("\n"), source.place_at(4..6));
        assert_eq!(place("\t"), near, "too far away");
    }
}
