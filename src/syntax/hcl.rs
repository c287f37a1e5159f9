//! HCL, as far as configuration files need it: blocks and attributes, with places.
//!
//! Specification: "HCL Native Syntax Specification" of HashiCorp. A value is a text, a list or a map as far as it is literal;
//! of any other expression the text is kept, as `${expression}`, which stands for what is not known here.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::Result;

use super::yaml::{Entry, Node, Value};
use crate::source::Source;

/// How deep blocks, lists and maps may nest: as deep as in JSON.
const MAX_DEPTH: usize = 128;

/// Reads a file: a map of its attributes, and of its blocks under their types. A block `a "b" "c" {…}` is `a: {b: {c: {…}}}`;
/// keys may stand several times.
///
/// # Errors
/// Names the place of what is malformed, or nested too deep.
pub fn read<'t>(source: &Source<'t>) -> Result<Node<'t>> {
    let mut reader = Reader { source, at: 0 };
    reader.body(None, 0)
}

struct Reader<'s, 't> {
    source: &'s Source<'t>,
    at: usize,
}

impl<'t> Reader<'_, 't> {
    /// Reads attributes and blocks, up to `}` where a block is open.
    fn body(&mut self, open: Option<usize>, depth: usize) -> Result<Node<'t>> {
        let start = open.unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(self.fault(start, format_args!("blocks nest deeper than {MAX_DEPTH} levels")));
        }
        let mut entries = Vec::new();
        loop {
            self.blank(true);
            match (self.peek(), open) {
                (None, None) => break,
                (None, Some(open)) => return Err(self.fault(open, "a block that is not closed")),
                (Some(b'}'), Some(_)) => {
                    self.at += 1;
                    break;
                }
                _ => entries.push(self.item(depth)?),
            }
        }
        Ok(Node { value: Value::Map(entries), place: self.source.place_at(start..start) })
    }

    /// Reads an attribute or a block.
    fn item(&mut self, depth: usize) -> Result<Entry<'t>> {
        let start = self.at;
        let Some(name) = self.word() else { return Err(self.fault(start, "a name is expected here")) };
        let place = self.source.place_at(name.clone());
        let key = self.source.text[name].to_owned();
        self.blank(false);
        if self.peek() == Some(b'=') && self.source.text.as_bytes().get(self.at + 1) != Some(&b'=') {
            self.at += 1;
            self.blank(false);
            let node = self.expression(depth + 1)?;
            return Ok(Entry { key, place, node });
        }
        let mut labels: Vec<(String, Range<usize>)> = Vec::new();
        loop {
            self.blank(false);
            match self.peek() {
                Some(b'{') => break,
                Some(b'"') => {
                    let from = self.at;
                    let text = self.text()?;
                    labels.push((text.into_owned(), from + 1..self.at - 1));
                }
                _ => match self.word() {
                    Some(word) => labels.push((self.source.text[word.clone()].to_owned(), word)),
                    None => return Err(self.fault(self.at, "\"=\" or \"{\" is expected here")),
                },
            }
            if labels.len() > MAX_DEPTH {
                return Err(self.fault(start, "a block with so many labels is none"));
            }
        }
        let open = self.at;
        self.at += 1;
        let mut node = self.body(Some(open), depth + 1)?;
        for (key, range) in labels.into_iter().rev() {
            let place = self.source.place_at(range);
            node = Node { value: Value::Map(vec![Entry { key, place, node }]), place };
        }
        Ok(Entry { key, place, node })
    }

    /// Reads a value: what is no literal is kept as it is written.
    fn expression(&mut self, depth: usize) -> Result<Node<'t>> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(self.fault(start, format_args!("values nest deeper than {MAX_DEPTH} levels")));
        }
        let value = match self.peek() {
            Some(b'"') => {
                let text = self.text()?;
                let place = self.source.place_at(start + 1..self.at - 1);
                if self.ends() {
                    return Ok(Node { value: Value::Scalar(text), place });
                }
                None
            }
            Some(b'[') => self.list(depth)?,
            Some(b'{') => self.map(depth)?,
            _ => None,
        };
        if let Some(value) = value.filter(|_| self.ends()) {
            return Ok(Node { value, place: self.source.place_at(start..start) });
        }
        self.at = start;
        self.skip()?;
        let place = self.source.place_at(start..self.at);
        let text = self.source.text[start..self.at].trim_end();
        let place = crate::source::Place { len: text.len() as u32, ..place };
        let is_literal =
            text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') || matches!(text, "true" | "false");
        let value = match text {
            "null" => Value::Null,
            text if is_literal => Value::Scalar(Cow::Borrowed(text)),
            text => Value::Scalar(Cow::Owned(format!("${{{text}}}"))),
        };
        Ok(Node { value, place })
    }

    /// Reads a list; none where it is made by a loop.
    fn list(&mut self, depth: usize) -> Result<Option<Value<'t>>> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank(true);
            match self.peek() {
                None => return Err(self.fault(open, "a list that is not closed")),
                Some(b']') => break self.at += 1,
                Some(b',') => self.at += 1,
                _ if self.rest().starts_with("for ") => return Ok(None),
                _ => items.push(self.expression(depth + 1)?),
            }
        }
        Ok(Some(Value::List(items)))
    }

    /// Reads a map; none where it is made by a loop.
    fn map(&mut self, depth: usize) -> Result<Option<Value<'t>>> {
        let open = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.blank(true);
            let start = self.at;
            let (key, range) = match self.peek() {
                None => return Err(self.fault(open, "a map that is not closed")),
                Some(b'}') => break self.at += 1,
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(b'"') => {
                    let text = self.text()?;
                    (text.into_owned(), start + 1..self.at - 1)
                }
                _ if self.rest().starts_with("for ") => return Ok(None),
                _ => match self.word() {
                    Some(word) => (self.source.text[word.clone()].to_owned(), word),
                    None => return Ok(None),
                },
            };
            self.blank(false);
            if !matches!(self.peek(), Some(b'=' | b':')) {
                return Ok(None);
            }
            self.at += 1;
            self.blank(false);
            let node = self.expression(depth + 1)?;
            entries.push(Entry { key, place: self.source.place_at(range), node });
        }
        Ok(Some(Value::Map(entries)))
    }

    /// Passes over an expression: to the end of the line, or of what holds it.
    fn skip(&mut self) -> Result<()> {
        let (start, mut nest) = (self.at, 0_usize);
        while let Some(next) = self.peek() {
            match next {
                b'"' => {
                    self.text()?;
                    continue;
                }
                b'#' if nest == 0 => break,
                b'#' => {
                    self.blank(true);
                    continue;
                }
                b'<' if self.rest().starts_with("<<") => {
                    self.heredoc();
                    continue;
                }
                b'(' | b'[' | b'{' => nest += 1,
                b')' | b']' | b'}' if nest == 0 => break,
                b')' | b']' | b'}' => nest -= 1,
                b'\n' | b',' if nest == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        // What is empty would be passed over for ever.
        match self.at == start && !matches!(self.peek(), None | Some(b'\n')) {
            true => Err(self.fault(start, "a value is expected here")),
            false => Ok(()),
        }
    }

    /// Passes over `<<EOT` up to its end.
    fn heredoc(&mut self) {
        let rest = self.rest();
        let line = rest.lines().next().unwrap_or_default();
        let mark = line.trim_start_matches(['<', '-']).trim();
        let is_end = |at: &usize| rest[*at..].lines().next().is_some_and(|line| line.trim() == mark);
        let found = rest.match_indices('\n').map(|(at, _)| at + 1).find(is_end);
        let end = found.map_or(rest.len(), |at| at + rest[at..].lines().next().map_or(0, str::len));
        self.at += end;
    }

    /// Reads a text in quotation marks; what it fills in is kept as it is written.
    fn text(&mut self) -> Result<Cow<'t, str>> {
        let open = self.at;
        let bytes = self.source.text.as_bytes();
        let mut owned: Option<String> = None;
        let mut from = open + 1;
        let mut at = from;
        let mut nest = 0_usize;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' if nest == 0 => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.source.text[from..at]);
                    let Some(next) = self.source.text[at + 1..].chars().next() else { break };
                    text.push(match next {
                        'n' => '\n',
                        't' => '\t',
                        other => other,
                    });
                    at += 1 + next.len_utf8();
                    from = at;
                    continue;
                }
                b'$' if bytes.get(at + 1) == Some(&b'{') && bytes.get(at.wrapping_sub(1)) != Some(&b'$') => {
                    nest += 1;
                    at += 1;
                }
                b'{' if nest > 0 => nest += 1,
                b'}' if nest > 0 => nest -= 1,
                b'"' if nest == 0 => {
                    self.at = at + 1;
                    let last = &self.source.text[from..at];
                    return Ok(match owned {
                        Some(text) => Cow::Owned(text + last),
                        None => Cow::Borrowed(last),
                    });
                }
                b'\n' if nest == 0 => break,
                _ => {}
            }
            at += 1;
        }
        Err(self.fault(open, "a text that is not closed"))
    }

    fn word(&mut self) -> Option<Range<usize>> {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
        let len = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let range = self.at..self.at + len;
        self.at += len;
        (len > 0).then_some(range)
    }

    /// Passes over blanks and comments, and line ends too where they mean nothing.
    fn blank(&mut self, lines: bool) {
        while let Some(next) = self.peek() {
            let rest = self.rest();
            match next {
                b'\n' if !lines => break,
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => self.at += rest.find('\n').unwrap_or(rest.len()),
                b'/' if rest.starts_with("//") => self.at += rest.find('\n').unwrap_or(rest.len()),
                b'/' if rest.starts_with("/*") => self.at += rest.find("*/").map_or(rest.len(), |end| end + 2),
                _ => break,
            }
        }
    }

    /// Says whether a value ends here.
    fn ends(&mut self) -> bool {
        self.blank(false);
        matches!(self.peek(), None | Some(b'\n' | b',' | b']' | b'}'))
    }

    fn peek(&self) -> Option<u8> {
        self.source.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        let text: &'t str = self.source.text;
        text.get(self.at..).unwrap_or_default()
    }

    fn fault(&self, at: usize, message: impl std::fmt::Display) -> anyhow::Error {
        self.source.fault(self.source.place_at(at..at), message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(text: &str) -> String {
        fn tell(node: &Node<'_>, text: &str, told: &mut String) {
            match &node.value {
                Value::Null => told.push('~'),
                Value::Scalar(scalar) => {
                    let cut = &text[node.place.start as usize..(node.place.start + node.place.len) as usize];
                    *told += &if cut == scalar { scalar.to_string() } else { format!("{scalar}@{cut}") };
                }
                Value::List(list) => {
                    told.push('[');
                    list.iter().for_each(|node| {
                        tell(node, text, told);
                        told.push(' ');
                    });
                    told.push(']');
                }
                Value::Map(map) => {
                    told.push('{');
                    for entry in map {
                        *told += &format!("{}:", entry.key);
                        tell(&entry.node, text, told);
                        told.push(' ');
                    }
                    told.push('}');
                }
            }
        }
        let mut told = String::new();
        match read(&Source { file: Default::default(), path: "x.hcl", text }) {
            Ok(node) => tell(&node, text, &mut told),
            Err(error) => told = error.to_string(),
        }
        told
    }

    #[test]
    fn blocks_and_attributes_are_read() {
        for (text, expected) in [
            ("", "{}"),
            ("a = 1 # x\nb = \"é\\n\" // y\n/* z */ c = true", "{a:1 b:é\n@é\\n c:true }"),
            ("a \"b\" c {\n d = [\"e\", f, ]\n}\na {}", "{a:{b:{c:{d:[e ${f}@f ] } } } a:{} }"),
            ("a = { b = \"c\", \"d\": 2\n e = {} }", "{a:{b:c d:2 e:{} } }"),
            ("a = \"x-${b[\"c\"]}\"", "{a:x-${b[\"c\"]} }"),
            ("a = b ? \"c\" : \"d\"\ne = null", "{a:${b ? \"c\" : \"d\"}@b ? \"c\" : \"d\" e:~ }"),
            (
                "a = [for x in y : x]\nb = f(1,\n 2)",
                "{a:${[for x in y : x]}@[for x in y : x] b:${f(1,\n 2)}@f(1,\n 2) }",
            ),
            ("a = <<-E\n b = {\n E\nc = 1", "{a:${<<-E\n b = {\n E}@<<-E\n b = {\n E c:1 }"),
            ("a {", "a block that is not closed"),
            ("a = [", "a list that is not closed"),
            ("a = \"x", "a text that is not closed"),
            ("a = }", "a value is expected here"),
            ("a b", "\"=\" or \"{\" is expected here"),
            ("= 1", "a name is expected here"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        for deep in
            ["a {".repeat(100_000), format!("a = {}", "[".repeat(100_000)), format!("a = {}", "{b=".repeat(100_000))]
        {
            assert!(told(&deep).contains("deeper than 128"), "{}", told(&deep));
        }
    }
}
