//! The few lines of a file that a finding stands on, cut to what fits a screen and with nothing in them that acts on it.

use std::ops::Range;

use super::text::push_plain;
use crate::model::secret;

/// Lines of a file around a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines, long ones cut, controls spelled out.
    pub text: String,
    /// Where in `text` the place stands, in bytes.
    pub span: Range<usize>,
}

/// A place over more lines than this is shown by its first.
const MOST_LINES: usize = 4;

/// Returns the lines at `start..start + len`, none of them much wider than `width` columns.
pub fn excerpt(text: &str, start: usize, len: usize, width: usize) -> Excerpt {
    let start = boundary(text, start);
    let end = boundary(text, start.saturating_add(len));
    let mut end = start + text[start..end].trim_end().len();
    if text[start..end].matches('\n').count() >= MOST_LINES {
        end = start + text[start..end].find(['\r', '\n']).unwrap_or(end - start);
    }
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let mut cut = Excerpt { text: String::new(), span: 0..0 };
    let mut at = first;
    for line in text[first..last].split('\n') {
        let range = at..at + line.trim_end_matches('\r').len();
        at += line.len() + 1;
        if range.start > first {
            cut.text.push('\n');
        }
        cut.add(text, range, start..end, width);
    }
    cut
}

impl Excerpt {
    /// Adds a line, or the part of it that shows the span.
    fn add(&mut self, text: &str, line: Range<usize>, span: Range<usize>, width: usize) {
        let focus = span.start.clamp(line.start, line.end)..span.end.clamp(line.start, line.end);
        let mut shown = line.clone();
        // No character is shown in more than ten columns, so a short line needs no counting.
        if line.len() * 10 > width && columns(text[line.clone()].chars(), width).1 {
            let (ahead, _) = columns(text[focus.start..line.end].chars(), width * 2 / 3);
            let (behind, _) = columns(text[line.start..focus.start].chars().rev(), width / 4);
            shown = focus.start - behind..focus.start + ahead;
        }
        if shown.start > line.start {
            self.text.push('…');
        }
        let secrets = secrets(text, &line, &shown);
        for (at, c) in text[shown.clone()].char_indices() {
            let at = shown.start + at;
            self.mark(at, &line, &span);
            match c {
                _ if secrets.iter().any(|secret| secret.contains(&at)) => self.text.push('*'),
                '\t' => self.text.push(c),
                _ => push_plain(&mut self.text, c),
            }
        }
        self.mark(shown.end, &line, &span);
        if shown.end < line.end {
            if focus.end > shown.end {
                self.span.end = self.text.len();
            }
            self.text.push('…');
        }
    }

    /// Notes the span's ends where they pass.
    fn mark(&mut self, at: usize, line: &Range<usize>, span: &Range<usize>) {
        if at == span.start.min(line.end) && line.contains(&span.start) || at == span.start {
            self.span = self.text.len()..self.text.len();
        }
        if at == span.end {
            self.span.end = self.text.len();
        }
    }
}

/// Returns where secrets stand in the part of a line that is shown, and around it: one may begin before what is shown.
fn secrets(text: &str, line: &Range<usize>, shown: &Range<usize>) -> Vec<Range<usize>> {
    const AROUND: usize = 2048;
    let start = boundary(text, shown.start.saturating_sub(AROUND)).max(line.start);
    let end = boundary(text, shown.end.saturating_add(AROUND)).min(line.end);
    let found = secret::secrets(&text[start..end]).into_iter();
    found.map(|secret| start + secret.start..start + secret.end).collect()
}

/// Returns how many bytes of characters fit `width` columns, and whether some did not.
fn columns(chars: impl Iterator<Item = char>, width: usize) -> (usize, bool) {
    let (mut bytes, mut used) = (0, 0);
    let mut shown = String::new();
    for c in chars {
        shown.clear();
        push_plain(&mut shown, c);
        // A character beyond ASCII may be two columns wide.
        used += if c == '\t' { 4 } else { shown.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum() };
        if used > width {
            return (bytes, true);
        }
        bytes += c.len_utf8();
    }
    (bytes, false)
}

/// Returns the nearest offset at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, part: &str, width: usize) -> String {
        let start = text.find(part).expect("the part stands in the text");
        let Excerpt { text, span } = excerpt(text, start, part.len(), width);
        format!("{}«{}»{}", &text[..span.start], &text[span.clone()], &text[span.end..])
    }

    #[test]
    fn a_line_is_shown_whole_or_around_its_span() {
        assert_eq!(show("a\nname = \"x\"\r\nb", "x", 80), "name = \"«x»\"");
        let long = format!("{}NAME{}", "a".repeat(500_000), "b".repeat(500_000));
        assert_eq!(show(&long, "NAME", 24), format!("…{}«NAME»{}…", "a".repeat(6), "b".repeat(12)));
        assert_eq!(show(&long, "NAMEbbbbbbbbbbbbbbbbbbb", 24), format!("…{}«NAME{}»…", "a".repeat(6), "b".repeat(12)));
    }

    #[test]
    fn controls_move_the_span_with_them() {
        assert_eq!(show("\u{1b}[31m\u{202e}x\u{7}", "x\u{7}", 80), r"\u{1b}[31m\u{202e}«x\u{7}»");
    }

    #[test]
    fn a_span_of_few_lines_is_shown_and_a_long_one_by_its_first() {
        let toml = "[[package]]\nname = \"x\"\nversion = \"1\"\nsource = 1\nother = 2\n";
        assert_eq!(show(toml, "[[package]]\nname = \"x\"\n", 80), "«[[package]]\nname = \"x\"»");
        assert_eq!(show(toml, toml, 80), "«[[package]]»");
    }

    #[test]
    fn no_offset_panics() {
        for start in 0..12 {
            for len in [0, 1, 3, usize::MAX] {
                let Excerpt { text, span } = excerpt("é\u{1b}\n→\r\n", start, len, 10);
                assert!(span.end <= text.len() && text.get(span).is_some());
            }
        }
    }
}
