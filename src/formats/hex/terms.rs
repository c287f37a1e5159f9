//! Terms of Elixir and Erlang: as much of both as their locks are written in.

use crate::source::Source;

/// How deep terms may nest; locks have five levels.
const DEEPEST: usize = 64;

/// Whose terms are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// `%{"jason": {:hex, :jason, "1.4.4", [hex: :jason]}}`
    Elixir,
    /// `{"1.2.0", [{<<"cowboy">>, {pkg, <<"cowboy">>, <<"2.9.0">>}, 0}]}.`
    Erlang,
}

/// A term; names and texts are slices of the file, escapes and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term<'t> {
    /// A name or a number: `:hex`, `pkg`, `true`, `0`.
    Atom(&'t str),
    /// What stands between quotation marks.
    Text(&'t str),
    List(Vec<Term<'t>>),
    Tuple(Vec<Term<'t>>),
    /// A map's keys and values.
    Map(Vec<(Term<'t>, Term<'t>)>),
}

impl<'t> Term<'t> {
    /// Returns a text or a name; none for what holds others.
    pub(super) fn text(&self) -> Option<&'t str> {
        match *self {
            Term::Atom(text) | Term::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Term<'t>] {
        match self {
            Term::List(items) | Term::Tuple(items) => items,
            _ => &[],
        }
    }

    /// Returns what a list of pairs has under a name.
    pub(super) fn get(&self, name: &str) -> Option<&Term<'t>> {
        self.items().iter().find_map(|pair| match pair {
            Term::Tuple(pair) if pair.len() == 2 && pair[0] == Term::Atom(name) => Some(&pair[1]),
            _ => None,
        })
    }
}

/// Reads all terms of a file.
///
/// # Errors
/// Names the place of what is no term.
pub(super) fn read<'t>(source: &Source<'t>, language: Language) -> anyhow::Result<Vec<Term<'t>>> {
    let mut reader = Reader { text: source.text, at: 0, language };
    let mut terms = Vec::new();
    let fault = |(at, message): (usize, &str)| source.fault(source.place_at(at..at), message);
    reader.blank();
    if reader.at == source.text.len() {
        return Err(source.fault(source.start(), "the file is empty"));
    }
    while reader.at < source.text.len() {
        terms.push(reader.term(0).map_err(fault)?);
        reader.blank();
        if language == Language::Erlang && !reader.takes(".") {
            return Err(fault((reader.at, "a term ends with \".\"; the file is cut off or damaged, write it anew")));
        }
        reader.blank();
    }
    Ok(terms)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    language: Language,
}

type Read<T> = Result<T, (usize, &'static str)>;

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Steps over blanks and comments.
    fn blank(&mut self) {
        let comment = if self.language == Language::Elixir { '#' } else { '%' };
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with(comment) || self.is_map() {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn is_map(&self) -> bool {
        self.language == Language::Elixir && self.rest().starts_with("%{")
    }

    fn takes(&mut self, mark: &str) -> bool {
        let is_there = self.rest().starts_with(mark);
        self.at += if is_there { mark.len() } else { 0 };
        is_there
    }

    fn term(&mut self, depth: usize) -> Read<Term<'t>> {
        self.blank();
        let start = self.at;
        if depth > DEEPEST {
            return Err((start, "terms are nested too deep"));
        }
        if self.is_map() {
            self.at += 2;
            return self.map(depth);
        }
        let is_elixir = self.language == Language::Elixir;
        if self.takes("{") {
            return Ok(Term::Tuple(self.items("}", depth)?));
        }
        if self.takes("[") {
            return Ok(Term::List(self.items("]", depth)?));
        }
        if self.takes("<<") {
            self.blank();
            let text = self.quoted()?;
            self.blank();
            // Erlang marks a text of more than Latin letters: <<"…"/utf8>>.
            self.takes("/utf8");
            return if self.takes(">>") { Ok(Term::Text(text)) } else { Err((self.at, "a binary ends with \">>\"")) };
        }
        if self.rest().starts_with('"') {
            return self.quoted().map(Term::Text);
        }
        if is_elixir && self.takes(":") && self.rest().starts_with('"') {
            return self.quoted().map(Term::Atom);
        }
        if self.rest().starts_with('\'') {
            return self.quoted().map(Term::Atom);
        }
        let is_part = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '@' | '?' | '!' | '-');
        let is_sign = |sign: char| is_part(sign) || (is_elixir && sign == '.');
        let end = self.rest().find(|sign| !is_sign(sign)).unwrap_or(self.rest().len());
        if end == 0 {
            return Err((self.at, "no term is here; the file is cut off or damaged, write it anew"));
        }
        let name = &self.rest()[..end];
        self.at += end;
        Ok(Term::Atom(name))
    }

    /// Reads what stands between quotation marks.
    fn quoted(&mut self) -> Read<&'t str> {
        let start = self.at;
        let mut signs = self.rest().char_indices();
        let Some((_, quote @ ('"' | '\''))) = signs.next() else {
            return Err((start, "a text begins with a quotation mark"));
        };
        let mut is_escaped = false;
        for (at, sign) in signs {
            match sign {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                _ if sign == quote => {
                    self.at = start + at + 1;
                    return Ok(&self.text[start + 1..start + at]);
                }
                _ => {}
            }
        }
        Err((start, "a text without its closing quotation mark; the file is cut off, write it anew"))
    }

    /// Reads a list's items, up to its end. Elixir's `name: value` is a pair.
    fn items(&mut self, end: &str, depth: usize) -> Read<Vec<Term<'t>>> {
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.takes(end) {
                return Ok(items);
            }
            let term = self.term(depth + 1)?;
            let is_pair = self.language == Language::Elixir && self.rest().starts_with(": ");
            items.push(match term.text().filter(|_| is_pair) {
                Some(name) => {
                    self.at += 1;
                    Term::Tuple(vec![Term::Atom(name), self.term(depth + 1)?])
                }
                None => term,
            });
            self.parted(end)?;
        }
    }

    fn map(&mut self, depth: usize) -> Read<Term<'t>> {
        let mut entries = Vec::new();
        loop {
            self.blank();
            if self.takes("}") {
                return Ok(Term::Map(entries));
            }
            let key = self.term(depth + 1)?;
            self.blank();
            if !self.takes("=>") && !self.takes(":") {
                return Err((self.at, "a key of a map has a value after \":\" or \"=>\""));
            }
            entries.push((key, self.term(depth + 1)?));
            self.parted("}")?;
        }
    }

    /// Steps over the comma between items.
    fn parted(&mut self, end: &str) -> Read<()> {
        self.blank();
        if self.takes(",") || self.rest().starts_with(end) {
            return Ok(());
        }
        Err((self.at, "items are parted by commas; the file is cut off or damaged, write it anew"))
    }
}
