//! `deno.json` and `deno.jsonc`: what a project of Deno's is called.
//!
//! Specification: <https://docs.deno.com/runtime/fundamentals/configuration/>; Deno reads it with the crate `jsonc-parser` as that
//! is by default: JSON with comments, trailing and missing commas, names without quotation marks and strings in single ones. A
//! file without a value is an empty object.

use std::borrow::Cow;

use anyhow::Result;

use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Inventory, Manifest, SUBJECT};
use crate::source::Source;

entry! {
    /// `deno.json`, a project of Deno's; read to be joined with `deno.lock`, which knows its projects by their folders alone.
    ///
    /// Read are `name` and `version`, of all that Deno takes for JSON: comments, commas too many or too few, names without
    /// quotation marks, an empty file. What it imports stands in the lock.
    pub DenoJson = "deno-json"
}

impl Format for DenoJson {
    fn files(&self) -> &'static [&'static str] {
        &["deno.json", "deno.jsonc"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "deno-json");
        let [name, version] = members(source, ["name", "version"])?;
        if !name.is_empty() {
            inventory.nodes[SUBJECT as usize].place = source.place(name);
        }
        let (name, version) = (intern::text(&unescaped(name)), intern::text(&unescaped(version)));
        inventory.manifest = Some(Manifest { name, version, facts: Vec::new() });
        Ok(inventory)
    }
}

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    /// One of `{}[]:,`.
    Mark(u8),
    /// A string, between its quotation marks.
    Text(&'t str),
    /// What stands without any: a name, a number, `true`.
    Word(&'t str),
}

/// What may stand next in an object or a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// An entry, or the end.
    Entry,
    /// The colon behind a key.
    Colon,
    /// The value of a key.
    Value,
    /// A comma, or none.
    Comma,
}

/// Returns the strings under some keys of the file's object; empty where there is none.
fn members<'t, const N: usize>(source: &Source<'t>, keys: [&str; N]) -> Result<[&'t str; N]> {
    let mut found = [""; N];
    // What closes each object and list that is open.
    let mut open: Vec<u8> = Vec::new();
    let (mut next, mut is_over, mut key) = (Next::Value, false, "");
    let mut rest = source.text;
    while let Some((token, part, after)) = token(source, rest)? {
        rest = after;
        let Some(&close) = open.last() else {
            if is_over || token != Token::Mark(b'{') {
                return Err(source.fault(source.place(part), "one object is expected"));
            }
            open.push(b'}');
            next = Next::Entry;
            continue;
        };
        let is_entry = matches!(next, Next::Entry | Next::Comma);
        let is_value = next == Next::Value || (is_entry && close == b']');
        next = match token {
            Token::Mark(b',') if next == Next::Comma => Next::Entry,
            Token::Mark(b':') if next == Next::Colon => Next::Value,
            Token::Mark(mark) if is_entry && mark == close => {
                open.pop();
                is_over = open.is_empty();
                Next::Comma
            }
            Token::Mark(mark @ (b'{' | b'[')) if is_value => {
                open.push(if mark == b'{' { b'}' } else { b']' });
                Next::Entry
            }
            Token::Text(text) | Token::Word(text) if is_entry && close == b'}' => {
                key = text;
                Next::Colon
            }
            Token::Text(text) if is_value => {
                if let Some(at) = keys.iter().position(|wanted| open.len() == 1 && *wanted == key) {
                    found[at] = text;
                }
                Next::Comma
            }
            Token::Word(word) if is_value && is_literal(word) => Next::Comma,
            _ => return Err(source.fault(source.place(part), "this is not expected here, nor does Deno take it")),
        };
    }
    if !open.is_empty() {
        let end = source.text.len();
        return Err(source.fault(source.place_at(end..end), "the file is cut off, or a bracket is not closed"));
    }
    Ok(found)
}

/// Says whether a word is a value.
fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false" | "null") || word.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it))
}

/// Returns the first token of a text, with its part of the text and what follows; none where there is none.
fn token<'t>(source: &Source<'t>, text: &'t str) -> Result<Option<(Token<'t>, &'t str, &'t str)>> {
    const MARKS: &[u8] = b"{}[]:,";
    let text = without_comments(source, text)?;
    let Some(&first) = text.as_bytes().first() else { return Ok(None) };
    if MARKS.contains(&first) {
        return Ok(Some((Token::Mark(first), &text[..1], &text[1..])));
    }
    if matches!(first, b'"' | b'\'') {
        let mut is_escaped = false;
        let end = text.bytes().skip(1).position(|byte| {
            let is_end = byte == first && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end || byte == b'\n'
        });
        let Some(end) = end.map(|end| end + 1).filter(|end| text.as_bytes()[*end] == first) else {
            let line = text.lines().next().unwrap_or_default();
            return Err(source.fault(source.place(line), "a string that is not closed"));
        };
        return Ok(Some((Token::Text(&text[1..end]), &text[..=end], &text[end + 1..])));
    }
    let is_end = |it: char| it.is_whitespace() || "{}[]:,\"'/".contains(it);
    let end = text.find(is_end).unwrap_or(text.len());
    // A lone `/` is nothing that is known.
    let (word, rest) = text.split_at(if end == 0 { 1 } else { end });
    Ok(Some((Token::Word(word), word, rest)))
}

/// Returns what follows blanks and comments.
fn without_comments<'t>(source: &Source<'t>, text: &'t str) -> Result<&'t str> {
    let mut rest = text.trim_start();
    loop {
        rest = if rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let Some((_, after)) = comment.split_once("*/") else {
                return Err(source.fault(source.place(&rest[..2]), "a comment that is not closed"));
            };
            after
        } else {
            return Ok(rest);
        }
        .trim_start();
    }
}

/// Returns what a string says.
fn unescaped(text: &str) -> Cow<'_, str> {
    let read = || serde_json::from_str(&format!("\"{text}\"")).ok();
    let escaped = Some(text).filter(|text| text.contains('\\'));
    escaped.and_then(|_| read()).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> Result<(&'static str, &'static str)> {
        let inventory = DenoJson.parse(&Source { file: FileId(0), path: "deno.json", text })?;
        let manifest = inventory.manifest.unwrap();
        Ok((manifest.name, manifest.version))
    }

    #[test]
    fn what_deno_takes_is_read() {
        for (text, expected) in [
            ("", ("", "")),
            ("// only\n/* comments */", ("", "")),
            ("{}", ("", "")),
            (r#"{"tasks": {"name": "b"} "name": "x"}"#, ("x", "")),
            (r#"{name: 'x', "version": "1.0.0",}"#, ("x", "1.0.0")),
            ("{'imports': {'a': 'https://x.example/'}, /* { */ name: \"@w/\\u0062\" // }\n}", ("@w/b", "")),
            (r#"{"a": [1, -2.5e3 true, null, ["name"], {name: 7}], "name": ["x"], "version": null}"#, ("", "")),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_deno_refuses_is_said() {
        for (text, expected) in [
            ("[]", "one object is expected"),
            ("{} {}", "one object is expected"),
            (r#"{"name": "x""#, "the file is cut off"),
            (r#"{"name": "x]}"#, "a string that is not closed"),
            ("{} /*", "a comment that is not closed"),
            (r#"{"a": b}"#, "this is not expected"),
            (r#"{"a" "b"}"#, "this is not expected"),
            (r#"{"a":}"#, "this is not expected"),
            (r#"{"a": 1,, "b": 2}"#, "this is not expected"),
            ("{\"a\": [1}", "this is not expected"),
            ("{/}", "this is not expected"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
