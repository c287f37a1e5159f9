//! A text that is put together of pieces of a file: joined lines, words without their quotation marks. Each part of it
//! knows where it stands in the file.

use std::borrow::Cow;
use std::ops::Range;

/// A text and where its pieces stand in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'t> {
    /// The text.
    pub text: Cow<'t, str>,
    pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it begins in the text.
    pub at: usize,
    /// Where it stands in what the text was made of.
    pub from: Range<usize>,
    /// Whether it stands there byte by byte; else it is there as a whole, as a variable's value is where it is used.
    pub exact: bool,
}

/// A word and where it stands in the file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word.
    pub text: String,
    /// Its range, from its first byte to its last.
    pub range: Range<usize>,
}

impl<'t> Line<'t> {
    /// Adds a part of the file's text, which begins at byte `at`.
    pub fn push(&mut self, part: &'t str, at: usize) {
        self.pieces.push(Piece { at: self.text.len(), from: at..at + part.len(), exact: true });
        match &mut self.text {
            Cow::Borrowed(text) if text.is_empty() => *text = part,
            text => text.to_mut().push_str(part),
        }
    }

    /// Adds a text that stands in the file as it is, or else as a whole.
    pub fn put(&mut self, part: &str, from: Range<usize>) {
        self.pieces.push(Piece { at: self.text.len(), exact: from.len() == part.len(), from });
        self.text.to_mut().push_str(part);
    }

    /// Returns where a range of the text stands in the file.
    pub fn range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.start(range.start);
        if range.is_empty() { start..start } else { start..self.end(range.end).max(start) }
    }

    /// Returns a range of the text as a word.
    pub fn word(&self, range: Range<usize>) -> Word {
        Word { text: self.text[range.clone()].to_owned(), range: self.range(range) }
    }

    /// Returns a range of the text as a text of its own.
    pub fn part(&self, range: Range<usize>) -> Line<'static> {
        let pieces = [Piece { at: 0, from: range.clone(), exact: true }];
        self.made_of(self.text[range].to_owned(), &pieces)
    }

    /// Returns a text that was made of pieces of this one.
    pub fn made_of(&self, text: String, pieces: &[Piece]) -> Line<'static> {
        let mut made = Vec::new();
        for piece in pieces {
            if !piece.exact {
                made.push(Piece { at: piece.at, from: self.range(piece.from.clone()), exact: false });
                continue;
            }
            let mut at = piece.from.start;
            let mut index = self.index(at);
            while at < piece.from.end {
                let end = self.pieces.get(index + 1).map_or(piece.from.end, |next| next.at.min(piece.from.end));
                if at < end {
                    let exact = self.pieces.get(index).is_some_and(|own| own.exact);
                    made.push(Piece { at: piece.at + at - piece.from.start, from: self.range(at..end), exact });
                }
                at = at.max(end);
                index += 1;
            }
        }
        Line { text: Cow::Owned(text), pieces: made }
    }

    fn index(&self, at: usize) -> usize {
        self.pieces.partition_point(|piece| piece.at <= at).saturating_sub(1)
    }

    fn start(&self, at: usize) -> usize {
        self.pieces
            .get(self.index(at))
            .map_or(0, |piece| if piece.exact { piece.from.start + at - piece.at } else { piece.from.start })
    }

    fn end(&self, at: usize) -> usize {
        self.pieces
            .get(self.index(at - 1))
            .map_or(0, |piece| if piece.exact { piece.from.start + at - piece.at } else { piece.from.end })
    }
}

impl Word {
    /// Returns the value of a flag, if it has this name, and where the value stands.
    pub fn flag(&self, name: &str) -> Option<Word> {
        let value = self.text.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('=')?;
        let start = self.range.start + self.text.len() - value.len();
        // A quoted or continued flag is longer in the file than here: then the whole flag is the place.
        let range = if self.range.len() == self.text.len() { start..self.range.end } else { self.range.clone() };
        Some(Word { text: value.to_owned(), range })
    }

    /// Returns the value of a field, `type=bind,from=base`, by any of its names, and where the value stands.
    pub fn field(&self, names: &[&str], file: &str) -> Option<Word> {
        let value = self.text.split(',').find_map(|field| {
            let (key, value) = field.split_once('=')?;
            names.iter().any(|name| key.trim().eq_ignore_ascii_case(name)).then_some(value)
        })?;
        let start = value.as_ptr() as usize - self.text.as_ptr() as usize;
        let range = self.range.start + start..self.range.start + start + value.len();
        // A quoted or continued flag is longer in the file: then the whole flag is the place.
        let range = if file.get(range.clone()) == Some(value) { range } else { self.range.clone() };
        Some(Word { text: value.to_owned(), range })
    }
}

/// Returns the beginning of a text, at most so many bytes of it.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_their_places() {
        const FILE: &str = "RUN a \\\n b 'c d'\n";
        let mut line = Line::default();
        line.push(&FILE[4..6], 4);
        line.push(&FILE[8..16], 8);
        assert_eq!(line.text, "a  b 'c d'");
        let cut = |line: &Line<'_>, range: Range<usize>| FILE[line.range(range)].to_owned();
        assert_eq!(cut(&line, 3..4), "b");
        assert_eq!(cut(&line, 0..4), "a \\\n b");
        let part = line.part(1..5);
        assert_eq!(
            (part.text.as_ref(), cut(&part, 0..3), cut(&part, 2..3)),
            ("  b ", " \\\n b".to_owned(), "b".to_owned())
        );
        let quoted = line.made_of(
            "c d!".to_owned(),
            &[Piece { at: 0, from: 6..9, exact: true }, Piece { at: 3, from: 0..1, exact: false }],
        );
        assert_eq!((cut(&quoted, 2..3), cut(&quoted, 3..4)), ("d".to_owned(), "a".to_owned()));
        assert_eq!(Line::default().range(0..0), 0..0);
    }
}
