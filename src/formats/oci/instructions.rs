//! A Dockerfile's text to its instructions, each word with its place.
//!
//! Follows BuildKit's `frontend/dockerfile/parser`: parser directives, continued lines with comments and blank lines in
//! between, and heredocs, whose lines are no instructions.

use std::borrow::Cow;
use std::ops::Range;

use super::checks;
use super::line::{Line, Word};
use crate::syntax::json::Located;

/// A Dockerfile, read.
#[derive(Debug)]
pub(super) struct File<'t> {
    /// The image of the frontend that `# syntax=` asks for.
    pub syntax: Option<&'t str>,
    /// The character that continues lines and escapes: `\`, or what `# escape=` says.
    pub escape: char,
    /// The instructions, in order.
    pub instructions: Vec<Instruction<'t>>,
    /// What is malformed, with its place.
    pub faults: Vec<(Range<usize>, String)>,
}

/// One instruction.
#[derive(Debug)]
pub(super) struct Instruction<'t> {
    /// What it does, in upper case: `FROM`.
    pub keyword: String,
    /// Whether it stands behind `ONBUILD`, and runs only in a build that starts from this one.
    pub onbuild: bool,
    /// Where the keyword stands in the text.
    pub place: Range<usize>,
    /// The flags, `--from=base`, without their quotation marks.
    pub flags: Vec<Word>,
    line: Line<'t>,
    rest: Range<usize>,
    /// The lines of its heredocs with those that close them, and where they begin.
    heredocs: (&'t str, usize),
}

impl<'t> Instruction<'t> {
    /// Returns the words behind keyword and flags, parted by blanks.
    pub fn words(&self) -> Vec<Word> {
        let rest = &self.line.text[self.rest.clone()];
        let words = rest.split_ascii_whitespace().map(|word| {
            let start = self.rest.start + word.as_ptr() as usize - rest.as_ptr() as usize;
            self.line.word(start..start + word.len())
        });
        words.collect()
    }

    /// Returns the words behind keyword and flags, parted by blanks outside of quotation marks, which are kept.
    pub fn quoted_words(&self, escape: char) -> Vec<Word> {
        let words = split(&self.line.text[self.rest.clone()], escape).0;
        words.into_iter().map(|word| self.line.word(self.rest.start + word.start..self.rest.start + word.end)).collect()
    }

    /// Returns the words of the array form, `["a", "b"]`; none where it is in no such form.
    pub fn array(&self) -> Option<Vec<Word>> {
        let rest = &self.line.text[self.rest.clone()];
        if !rest.starts_with('[') {
            return None;
        }
        let words: Vec<Located<'_, String>> = serde_json::from_str(rest).ok()?;
        let words = words.into_iter().map(|word| {
            let start = self.rest.start + word.text.as_ptr() as usize - rest.as_ptr() as usize;
            Word { text: word.value, range: self.line.range(start + 1..start + word.text.len() - 1) }
        });
        Some(words.collect())
    }

    /// Returns what stands behind keyword and flags, as one word.
    pub fn rest(&self) -> Word {
        self.line.word(self.rest.clone())
    }

    /// Returns what stands behind keyword and flags as a shell is given it: with the lines of its heredocs.
    pub fn script(&self) -> Line<'t> {
        let mut script: Line<'t> = self.line.part(self.rest.clone());
        let (lines, at) = self.heredocs;
        if !lines.is_empty() {
            script.push("\n", at);
            script.push(lines, at);
        }
        script
    }
}

/// The instructions that there are.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The most faults that are kept: a file of another kind has one a line.
const MAX_FAULTS: usize = 20;

/// Reads a Dockerfile.
pub(super) fn read(text: &str) -> File<'_> {
    let mut file = File { syntax: None, escape: '\\', instructions: Vec::new(), faults: Vec::new() };
    file.directives(text);
    let mut lines = Lines { text, at: 0 };
    while let Some((_, line)) = lines.next() {
        if file.faults.len() >= MAX_FAULTS {
            break;
        }
        let line = line.trim_ascii_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = file.logical(line, &mut lines);
        if line.text.trim_ascii().is_empty() {
            continue;
        }
        let Some(mut instruction) = file.instruction(line) else { continue };
        let start = lines.at;
        file.heredocs(&instruction, &mut lines);
        instruction.heredocs = (&text[start..lines.at], start);
        let faults = checks::faults(&instruction, file.escape);
        // Of pairs, those that are whole are known; of others, what was meant is not.
        if faults.is_empty() || matches!(instruction.keyword.as_str(), "ENV" | "LABEL") {
            file.instructions.push(instruction);
        }
        file.faults.extend(faults);
    }
    file
}

/// The file's lines with their offsets, without their ends.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lines<'t> {
    /// Returns the next line and where its text, less line end, stands.
    fn next(&mut self) -> Option<(usize, &'t str)> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let (start, len) = (self.at, rest.find('\n').map_or(rest.len(), |end| end + 1));
        self.at += len;
        Some((start, rest[..len].trim_end_matches(['\r', '\n'])))
    }
}

impl<'t> File<'t> {
    /// Reads the parser directives: comments `# name=value` before anything else.
    fn directives(&mut self, text: &'t str) {
        let mut lines = Lines { text, at: 0 };
        let mut seen = Vec::new();
        while let Some((start, line)) = lines.next() {
            if start == 0 && line.starts_with("#!") {
                continue;
            }
            let directive = line.trim_ascii_start().strip_prefix('#').and_then(|line| line.split_once('='));
            let Some((name, value)) = directive else { break };
            let (name, value) = (name.trim_ascii().to_ascii_lowercase(), value.trim_ascii());
            if !matches!(name.as_str(), "syntax" | "escape" | "check") || value.is_empty() {
                break;
            }
            let place = start..start + line.len();
            match name.as_str() {
                "syntax" => self.syntax = value.split_ascii_whitespace().next(),
                "escape" if matches!(value, "\\" | "`") => self.escape = if value == "`" { '`' } else { '\\' },
                "escape" => self.fault(place.clone(), "the escape directive takes ` or \\"),
                _ => {}
            }
            if seen.contains(&name) {
                self.fault(place, format!("the directive {name} stands twice"));
            }
            seen.push(name);
        }
    }

    /// Joins a line with those that continue it.
    fn logical(&self, first: &'t str, lines: &mut Lines<'t>) -> Line<'t> {
        let mut line = Line::default();
        let mut part = first;
        loop {
            let at = part.as_ptr() as usize - lines.text.as_ptr() as usize;
            let Some(kept) = continued(part, self.escape) else {
                line.push(part, at);
                return line;
            };
            line.push(kept, at);
            part = loop {
                // A continued last line just ends.
                let Some((_, next)) = lines.next() else { return line };
                let trimmed = next.trim_ascii();
                if !trimmed.is_empty() && !trimmed.starts_with('#') {
                    break next;
                }
            };
        }
    }

    /// Parts a logical line into keyword, flags and the rest.
    fn instruction(&mut self, line: Line<'t>) -> Option<Instruction<'t>> {
        let text: &str = &line.text;
        let (mut keyword, mut rest) = first_word(text, 0);
        let mut onbuild = false;
        if text[keyword.clone()].eq_ignore_ascii_case("ONBUILD") {
            (keyword, rest) = first_word(text, rest);
            onbuild = true;
        }
        let name = text[keyword.clone()].to_ascii_uppercase();
        let place = line.range(keyword);
        if !KEYWORDS.contains(&name.as_str()) {
            let message = match name.as_str() {
                "" => "ONBUILD names no instruction".to_owned(),
                _ => {
                    // A line that was meant to continue another may set anything.
                    let name = name.split('=').next().unwrap_or_default();
                    format!("unknown instruction \"{}\"", shortened(name).escape_debug())
                }
            };
            self.fault(place, message);
            return None;
        }
        let (flags, start) = cut_flags(&line, rest);
        let end = text.trim_ascii_end().len().max(start);
        Some(Instruction { keyword: name, onbuild, place, flags, rest: start..end, line, heredocs: ("", 0) })
    }

    /// Steps over the lines of the heredocs that an instruction opens.
    fn heredocs(&mut self, instruction: &Instruction<'t>, lines: &mut Lines<'t>) {
        if !matches!(instruction.keyword.as_str(), "ADD" | "COPY" | "RUN") {
            return;
        }
        let rest = &instruction.line.text[instruction.rest.clone()];
        if !rest.contains("<<") || serde_json::from_str::<Vec<Cow<'_, str>>>(rest).is_ok() {
            return;
        }
        // BuildKit looks for heredocs with the plain escape character, whatever the directive says.
        let (words, closed) = split(rest, '\\');
        if !closed {
            return;
        }
        for word in words {
            let Some((name, chomp)) = heredoc(&rest[word]) else { continue };
            loop {
                let Some((_, line)) = lines.next() else {
                    let name = shortened(&name).escape_debug().to_string();
                    self.fault(instruction.place.clone(), format!("the heredoc \"{name}\" is not closed"));
                    return;
                };
                let line = if chomp { line.trim_start_matches('\t') } else { line };
                if line == name {
                    break;
                }
            }
        }
    }

    fn fault(&mut self, place: Range<usize>, message: impl Into<String>) {
        self.faults.push((place, message.into()));
    }
}

/// Returns a line without its continuation mark; none if it has none.
fn continued(line: &str, escape: char) -> Option<&str> {
    let kept = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    // An escaped escape character continues nothing.
    (!kept.ends_with(escape)).then_some(kept)
}

/// Returns the range of the first word behind `from`, and where what follows begins.
fn first_word(text: &str, from: usize) -> (Range<usize>, usize) {
    let rest = &text[from..];
    let start = from + rest.len() - rest.trim_ascii_start().len();
    let len = text[start..].find(|character: char| character.is_ascii_whitespace() || character == '\x0b');
    let end = len.map_or(text.len(), |len| start + len);
    (start..end, end)
}

/// Cuts the flags off, which may be quoted; returns them and where what follows begins.
fn cut_flags(line: &Line<'_>, from: usize) -> (Vec<Word>, usize) {
    let text: &str = &line.text;
    let mut flags = Vec::new();
    let mut at = from;
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        if !text[at..].starts_with("--") {
            return (flags, at);
        }
        let (start, mut word, mut quote) = (at, String::new(), None);
        let mut chars = text[at..].char_indices();
        let mut end = text.len();
        while let Some((index, character)) = chars.next() {
            match (character, quote) {
                ('\\', _) => word.extend(chars.next().map(|(_, escaped)| escaped)),
                (_, Some(open)) if character == open => quote = None,
                ('"' | '\'', None) => quote = Some(character),
                (_, None) if character.is_whitespace() => {
                    end = start + index;
                    break;
                }
                _ => word.push(character),
            }
        }
        at = end;
        if word == "--" {
            let rest = &text[at..];
            return (flags, at + rest.len() - rest.trim_start().len());
        }
        flags.push(Word { text: word, range: line.range(start..end) });
    }
}

/// Parts a text at blanks outside of quotation marks; says whether each quotation mark is closed.
fn split(text: &str, escape: char) -> (Vec<Range<usize>>, bool) {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    let mut chars = text.char_indices();
    while let Some((index, character)) = chars.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(start.take().map(|start| start..index));
            continue;
        }
        start = start.or(Some(index));
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            (_, None) if matches!(character, '"' | '\'') => quote = Some(character),
            _ if character == escape && quote != Some('\'') => drop(chars.next()),
            _ => {}
        }
    }
    words.extend(start.map(|start| start..text.len()));
    (words, quote.is_none())
}

/// Reads a heredoc's word, `<<EOF`, `3<<-"EOF"`: its closing line, and whether tabs before that are left out.
fn heredoc(word: &str) -> Option<(String, bool)> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, chomp) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let (mut name, mut quote) = (String::new(), None);
    let mut chars = rest.chars().peekable();
    while let Some(character) = chars.next() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            (_, None) if matches!(character, '"' | '\'') => quote = Some(character),
            ('\\', None) => name.extend(chars.next()),
            ('\\', Some('"')) => match chars.next_if(|next| matches!(next, '"' | '$' | '\\')) {
                Some(escaped) => name.push(escaped),
                None => name.push('\\'),
            },
            _ => name.push(character),
        }
    }
    Some((name, chomp))
}

/// The beginning of a text that may be long.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(80).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Each instruction as `KEYWORD flags|words`.
    fn lines(text: &str) -> Vec<String> {
        let instructions = read(text).instructions;
        let join = |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let line = |instruction: &Instruction<'_>| {
            let onbuild = if instruction.onbuild { "ONBUILD " } else { "" };
            format!("{onbuild}{} {}|{}", instruction.keyword, join(&instruction.flags), join(&instruction.words()))
        };
        instructions.iter().map(line).collect()
    }

    #[test]
    fn lines_become_instructions() {
        for (text, expected) in [
            ("from a as b\n", vec!["FROM |a as b"]),
            ("FROM a\r\nRUN x \\\r\n  y\r\n", vec!["FROM |a", "RUN |x y"]),
            ("FROM \\\n# a comment\n\n  # another\n  a\nRUN b", vec!["FROM |a", "RUN |b"]),
            ("FROM a\\  \n:1\n", vec!["FROM |a:1"]),
            ("RUN a \\\\\nRUN b", vec!["RUN |a \\\\", "RUN |b"]),
            ("# escape=`\nFROM a`\n:1\nRUN c:\\\nRUN d", vec!["FROM |a:1", "RUN |c:\\", "RUN |d"]),
            ("#escape=x\nFROM a", vec!["FROM |a"]),
            ("FROM --platform=linux/amd64  a AS b", vec!["FROM --platform=linux/amd64|a AS b"]),
            ("COPY --from=\"a b\" --link x y", vec!["COPY --from=a b --link|x y"]),
            ("COPY -- --from=x y", vec!["COPY |--from=x y"]),
            ("ONBUILD copy --from=a x y", vec!["ONBUILD COPY --from=a|x y"]),
            ("RUN <<EOF\nFROM x\nEOF\nUSER u", vec!["RUN |<<EOF", "USER |u"]),
            ("RUN <<-\"E F\" cat\nFROM x\n\tE F\nUSER u", vec!["RUN |<<-\"E F\" cat", "USER |u"]),
            ("COPY <<a <<'b' /\nFROM x\na\nFROM y\nb\nUSER u", vec!["COPY |<<a <<'b' /", "USER |u"]),
            ("RUN 3<<EOF x\r\nFROM x\r\nEOF\r\nUSER u", vec!["RUN |3<<EOF x", "USER |u"]),
            ("ONBUILD RUN <<EOF\nFROM x\nEOF\nUSER u", vec!["ONBUILD RUN |<<EOF", "USER |u"]),
            ("RUN x <<<EOF\nUSER u", vec!["RUN |x <<<EOF", "USER |u"]),
            ("RUN echo \"a <<EOF\"\nUSER u", vec!["RUN |echo \"a <<EOF\"", "USER |u"]),
            ("RUN [\"a\", \"<<EOF\"]\nUSER u", vec!["RUN |[\"a\", \"<<EOF\"]", "USER |u"]),
            ("CMD cat <<EOF\nUSER u", vec!["CMD |cat <<EOF", "USER |u"]),
            ("FROM a \\", vec!["FROM |a"]),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
    }

    #[test]
    fn directives_stand_before_anything_else() {
        for (text, syntax, escape) in [
            ("# syntax=docker/dockerfile:1\n#escape = `\nFROM a", Some("docker/dockerfile:1"), '`'),
            ("# check=skip=all\n# syntax=a b\nFROM a", Some("a"), '\\'),
            ("#!/usr/bin/env build\n# SYNTAX=a\n", Some("a"), '\\'),
            ("# a comment\n# syntax=a\nFROM a", None, '\\'),
            ("\n# syntax=a\nFROM a", None, '\\'),
        ] {
            let file = read(text);
            assert_eq!((file.syntax, file.escape), (syntax, escape), "{text}");
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (text, expected) in [
            ("RUN <<EOF\nx", "the heredoc \"EOF\" is not closed"),
            ("FORM x", "unknown instruction \"FORM\""),
            ("ONBUILD", "ONBUILD names no instruction"),
            ("# escape=x\nFROM x", "the escape directive takes ` or \\"),
            ("# syntax=x\n# syntax=y", "the directive syntax stands twice"),
        ] {
            let faults: Vec<String> = read(text).faults.into_iter().map(|(_, message)| message).collect();
            assert_eq!(faults, [expected], "{text}");
        }
        assert_eq!(read(&"x\n".repeat(100_000)).faults.len(), MAX_FAULTS);
    }

    #[test]
    fn words_know_their_places() {
        let text = "# x\nARG A=\"b c\" D\nFROM --platform=p \\\n # no\n py\\\nthon AS x\n";
        let file = read(text);
        let places = |words: Vec<Word>| words.into_iter().map(|word| &text[word.range]).collect::<Vec<_>>();
        assert_eq!(places(file.instructions[0].quoted_words('\\')), ["A=\"b c\"", "D"]);
        assert_eq!(places(file.instructions[1].words()), ["py\\\nthon", "AS", "x"]);
        let platform = file.instructions[1].flags[0].flag("platform").unwrap();
        assert_eq!((platform.text.as_str(), &text[platform.range]), ("p", "p"));
    }
}
