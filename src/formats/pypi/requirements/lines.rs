//! Lines of a requirements file: continuations, comments, quotes, options.

use std::borrow::Cow;

use crate::source::{Place, Source};

/// A line with its continuations. The text has the length it has in the file, so that parts of it know their places.
pub(super) struct Line<'t> {
    pub(super) text: Cow<'t, str>,
    offset: usize,
    /// Whether it goes on past the end of the file.
    pub(super) cut: bool,
}

impl Line<'_> {
    /// Returns the place of a slice of this line.
    pub(super) fn place(&self, source: &Source<'_>, part: &str) -> Place {
        let within = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if within > self.text.len() {
            return source.place_at(self.offset..self.offset + self.text.len());
        }
        source.place_at(self.offset + within..self.offset + within + part.len())
    }
}

pub(super) fn lines<'t>(source: &Source<'t>) -> Vec<Line<'t>> {
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    for physical in source.text.split_inclusive('\n') {
        let content = physical.trim_end_matches(['\n', '\r']);
        let begin = *start.get_or_insert(at);
        let is_comment = content.trim_start().starts_with('#');
        let goes_on = content.ends_with('\\') && !is_comment;
        let end = at + content.len();
        at += physical.len();
        let cut = goes_on && at == source.text.len();
        if goes_on && !cut {
            continue;
        }
        let text = &source.text[begin..end];
        let text = match text.contains('\n') || cut {
            // As many blanks as bytes: places stay what they are.
            true => Cow::Owned(text.replace("\\\r\n", "   ").replace("\\\n", "  ")),
            false => Cow::Borrowed(text),
        };
        found.push(Line { text, offset: begin, cut });
        start = None;
    }
    found
}

/// Parts a line from its comment: a `#` at the beginning or after a blank.
pub(super) fn without_comment(line: &str) -> (&str, Option<&str>) {
    let mut before = true;
    for (at, sign) in line.char_indices() {
        if sign == '#' && before {
            return (&line[..at], Some(&line[at..]));
        }
        before = sign.is_whitespace();
    }
    (line, None)
}

/// Returns a text without the quotation marks around all of it.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = |mark: char| text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Parts a requirement from the options after it: `--hash=…`.
pub(super) fn options(text: &str) -> (&str, &str) {
    let at = text.match_indices("--").map(|(at, _)| at).find(|&at| {
        text[..at].ends_with(char::is_whitespace) && text[at + 2..].starts_with(|sign: char| sign.is_ascii_alphabetic())
    });
    at.map_or((text, ""), |at| (text[..at].trim_end(), &text[at..]))
}
