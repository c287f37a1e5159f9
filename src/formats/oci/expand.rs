//! Expands variables in a word of a Dockerfile, as BuildKit's shell lexer does.
//!
//! Specification: "Environment replacement" in the Dockerfile reference, and BuildKit's `frontend/dockerfile/shell`.

use std::iter::Peekable;
use std::str::Chars;

/// What stands in an expansion where a variable has no value here; no image reference may hold it.
pub(super) const MISSING: char = '*';

/// How deep `${a:-${b:-…}}` may nest, and how long a result may grow.
const MAX_DEPTH: usize = 64;
const MAX_LEN: usize = 4096;

/// What is known of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// Its value.
    Known(String),
    /// Its value, with [`MISSING`] where another variable's value belongs that is not known here.
    Partial(String),
    /// It has none, unless the build is told one.
    Unset,
    /// It has one that only the build knows, as the platform it builds for.
    Unknown,
}

/// An expanded word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    /// The text.
    pub text: String,
    /// Whether a value was missing: the text then holds [`MISSING`] in its place.
    pub missing: bool,
    /// The variables whose values were looked up.
    pub names: Vec<String>,
}

/// Expands one word: variables, quotes and escapes.
///
/// # Errors
/// Says what is malformed, in words close to BuildKit's.
pub(super) fn expand(word: &str, escape: char, lookup: &dyn Fn(&str) -> Variable) -> Result<Expansion, String> {
    let mut lexer =
        Lexer { chars: word.chars().peekable(), escape, lookup, names: Vec::new(), missing: false, depth: 0 };
    let text = lexer.until(None, false)?;
    Ok(Expansion { text, missing: lexer.missing, names: lexer.names })
}

struct Lexer<'w> {
    chars: Peekable<Chars<'w>>,
    escape: char,
    lookup: &'w dyn Fn(&str) -> Variable,
    names: Vec<String>,
    missing: bool,
    depth: usize,
}

impl Lexer<'_> {
    /// Reads up to `stop`, which is taken too; up to the end where there is none.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<String, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("substitutions nest deeper than {MAX_DEPTH} levels"));
        }
        let mut text = String::new();
        while let Some(next) = self.chars.next() {
            match next {
                _ if Some(next) == stop => {
                    self.depth -= 1;
                    return Ok(text);
                }
                '$' => text.push_str(&self.dollar()?),
                '\'' => self.single(&mut text)?,
                '"' => self.double(&mut text)?,
                _ if next == self.escape => {
                    if raw_escapes {
                        text.push(next);
                    }
                    text.extend(self.chars.next());
                }
                _ => text.push(next),
            }
            if text.len() > MAX_LEN {
                return Err(format!("the expanded word is longer than {MAX_LEN} bytes"));
            }
        }
        self.depth -= 1;
        match stop {
            Some('}') => Err("syntax error: missing '}'".to_owned()),
            Some(stop) => Err(format!("unexpected end of statement while looking for matching {stop}")),
            None => Ok(text),
        }
    }

    fn single(&mut self, text: &mut String) -> Result<(), String> {
        loop {
            match self.chars.next() {
                Some('\'') => return Ok(()),
                Some(character) => text.push(character),
                None => return Err("unexpected end of statement while looking for matching single-quote".to_owned()),
            }
        }
    }

    fn double(&mut self, text: &mut String) -> Result<(), String> {
        loop {
            match self.chars.next() {
                Some('"') => return Ok(()),
                Some('$') => text.push_str(&self.dollar()?),
                Some(character) if character == self.escape => match self.chars.peek() {
                    Some(&next) if matches!(next, '"' | '$') || next == self.escape => text.extend(self.chars.next()),
                    // "Ignore \ at end of word", which then misses its quotation mark.
                    Some(_) => text.push(character),
                    None => {}
                },
                Some(character) => text.push(character),
                None => return Err("unexpected end of statement while looking for matching double-quote".to_owned()),
            }
        }
    }

    /// Reads what follows a dollar sign.
    fn dollar(&mut self) -> Result<String, String> {
        if self.chars.peek() != Some(&'{') {
            let name = self.name();
            if name.is_empty() {
                return Ok("$".to_owned());
            }
            let value = self.value(&name);
            return Ok(self.plain(value));
        }
        self.chars.next();
        match self.chars.peek() {
            None => return Err("syntax error: missing '}'".to_owned()),
            Some('{' | '}' | ':') => return Err("syntax error: bad substitution".to_owned()),
            Some(_) => {}
        }
        let name = self.name();
        match self.chars.next() {
            Some('}') => {
                let value = self.value(&name);
                Ok(self.plain(value))
            }
            Some(':') => match self.chars.next() {
                Some(modifier @ ('+' | '-' | '?')) => self.choose(&name, modifier, true),
                Some(modifier) => Err(format!("unsupported modifier (:{}) in substitution", modifier.escape_debug())),
                None => Err("syntax error: missing '}'".to_owned()),
            },
            Some(modifier @ ('+' | '-' | '?')) => self.choose(&name, modifier, false),
            Some(modifier @ ('#' | '%')) => self.trim(&name, modifier),
            Some('/') => self.replace(&name),
            Some(modifier) => Err(format!("unsupported modifier ({}) in substitution", modifier.escape_debug())),
            None => Err("syntax error: missing '}'".to_owned()),
        }
    }

    /// Reads a variable's name: letters, digits and `_`; digits alone; or one special character.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(&next) = self.chars.peek() {
            if name.is_empty() && next.is_numeric() {
                while let Some(digit) = self.chars.next_if(|next| next.is_numeric()) {
                    name.push(digit);
                }
                break;
            }
            if name.is_empty() && matches!(next, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
                name.extend(self.chars.next());
                break;
            }
            if !next.is_alphanumeric() && next != '_' {
                break;
            }
            name.extend(self.chars.next());
        }
        name
    }

    fn value(&mut self, name: &str) -> Variable {
        self.names.push(name.to_owned());
        (self.lookup)(name)
    }

    fn plain(&mut self, value: Variable) -> String {
        match value {
            Variable::Known(text) => text,
            Variable::Partial(text) => {
                self.missing = true;
                text
            }
            Variable::Unset | Variable::Unknown => self.absent(),
        }
    }

    fn absent(&mut self) -> String {
        self.missing = true;
        MISSING.to_string()
    }

    /// `${name-word}`, `${name+word}`, `${name?word}`, and with a colon.
    fn choose(&mut self, name: &str, modifier: char, empty_is_unset: bool) -> Result<String, String> {
        let before = self.missing;
        let word = self.until(Some('}'), false)?;
        let in_word = std::mem::replace(&mut self.missing, before);
        let value = self.value(name);
        let is_set = match &value {
            Variable::Known(text) => !(empty_is_unset && text.is_empty()),
            Variable::Partial(_) | Variable::Unknown => true,
            Variable::Unset => false,
        };
        match (modifier, is_set) {
            ('+', true) | ('-', false) => {
                self.missing |= in_word;
                Ok(word)
            }
            ('+', false) => Ok(String::new()),
            // The build must be told it: to us, a value that is missing.
            ('?', false) => Ok(self.absent()),
            _ => Ok(self.plain(value)),
        }
    }

    /// `${name#pattern}`, `${name%pattern}`, and doubled.
    fn trim(&mut self, name: &str, modifier: char) -> Result<String, String> {
        let word = self.until(Some('}'), true)?;
        let (pattern, greedy) = word.strip_prefix(modifier).map_or((word.as_str(), false), |rest| (rest, true));
        // Of a value that is not known whole, no part is.
        let Variable::Known(value) = self.value(name) else { return Ok(self.absent()) };
        let mut pattern = Pattern::new(pattern, self.escape);
        let mut text: Vec<char> = value.chars().collect();
        let is_suffix = modifier == '%';
        if is_suffix {
            pattern.0.reverse();
            text.reverse();
        }
        if let Some(len) = pattern.prefix(&text, greedy) {
            text.drain(..len);
        }
        if is_suffix {
            text.reverse();
        }
        Ok(text.into_iter().collect())
    }

    /// `${name/pattern/word}` and `${name//pattern/word}`.
    fn replace(&mut self, name: &str) -> Result<String, String> {
        let all = self.chars.next_if_eq(&'/').is_some();
        let pattern = self.until(Some('/'), true)?;
        let word = self.until(Some('}'), true)?;
        // Of a value that is not known whole, no part is.
        let Variable::Known(value) = self.value(name) else { return Ok(self.absent()) };
        let pattern = Pattern::new(&pattern, self.escape);
        let text: Vec<char> = value.chars().collect();
        let mut replaced = String::new();
        let (mut at, mut done) = (0, false);
        while at < text.len() {
            let found = if done { None } else { pattern.prefix(&text[at..], true).filter(|&len| len > 0) };
            match found {
                Some(len) => {
                    replaced.push_str(&word);
                    at += len;
                    done = !all;
                }
                None => {
                    replaced.push(text[at]);
                    at += 1;
                }
            }
            if replaced.len() > MAX_LEN {
                return Err(format!("the expanded word is longer than {MAX_LEN} bytes"));
            }
        }
        Ok(replaced)
    }
}

/// A shell pattern of `*`, `?` and escapes.
struct Pattern(Vec<Piece>);

#[derive(Clone, Copy)]
enum Piece {
    Any,
    One,
    Exactly(char),
}

impl Pattern {
    fn new(text: &str, escape: char) -> Self {
        let mut chars = text.chars();
        let mut pieces = Vec::new();
        while let Some(next) = chars.next() {
            pieces.push(match next {
                '*' => Piece::Any,
                '?' => Piece::One,
                _ if next == '\\' || next == escape => match chars.next() {
                    Some(escaped) => Piece::Exactly(escaped),
                    None => Piece::Exactly(next),
                },
                _ => Piece::Exactly(next),
            });
        }
        Pattern(pieces)
    }

    /// Returns the length of the longest or shortest beginning that matches.
    fn prefix(&self, text: &[char], longest: bool) -> Option<usize> {
        // The set of pieces that may come next, moved one character at a time: no pattern makes it slow.
        let mut states = vec![false; self.0.len() + 1];
        states[0] = true;
        self.skip(&mut states);
        let mut found = states[self.0.len()].then_some(0);
        for (index, &character) in text.iter().enumerate() {
            if found.is_some() && !longest {
                break;
            }
            let mut next = vec![false; states.len()];
            for (at, piece) in self.0.iter().enumerate().filter(|(at, _)| states[*at]) {
                match *piece {
                    Piece::Any => next[at] = true,
                    Piece::One => next[at + 1] = true,
                    Piece::Exactly(expected) => next[at + 1] |= expected == character,
                }
            }
            self.skip(&mut next);
            states = next;
            if states[self.0.len()] {
                found = Some(index + 1);
            }
            if !states.contains(&true) {
                break;
            }
        }
        found
    }

    /// A star may also match nothing.
    fn skip(&self, states: &mut [bool]) {
        for at in 0..self.0.len() {
            if states[at] && matches!(self.0[at], Piece::Any) {
                states[at + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Variable {
        match name {
            "V" => Variable::Known("value".to_owned()),
            "EMPTY" => Variable::Known(String::new()),
            "TAG" => Variable::Known("3.12-slim-bookworm".to_owned()),
            "PATH" => Variable::Known("a/b/c".to_owned()),
            "HALF" => Variable::Partial("cuda-*".to_owned()),
            "TARGETARCH" => Variable::Unknown,
            _ => Variable::Unset,
        }
    }

    #[test]
    fn words_expand_as_buildkit_does() {
        for (word, expected) in [
            ("a", "a"),
            ("$V", "value"),
            ("${V}x", "valuex"),
            ("$V.x", "value.x"),
            ("$Vx-", "*-"),
            ("${EMPTY:-x}", "x"),
            ("${EMPTY-x}", ""),
            ("${EMPTY:+x}", ""),
            ("${EMPTY+x}", "x"),
            ("${V:+x}", "x"),
            ("${V:-x}", "value"),
            ("${NONE:-x}", "x"),
            ("${NONE-x}", "x"),
            ("${NONE:+x}", ""),
            ("${NONE:-${EMPTY:-${V}}}", "value"),
            ("${NONE:-\"a b\"}", "a b"),
            ("${NONE:-'}'}", "}"),
            ("${V:?no}", "value"),
            ("${NONE:?no}", "*"),
            ("${TAG#3.}", "12-slim-bookworm"),
            ("${TAG#*-}", "slim-bookworm"),
            ("${TAG##*-}", "bookworm"),
            ("${TAG%-*}", "3.12-slim"),
            ("${TAG%%-*}", "3.12"),
            ("${TAG%\\-*}", "3.12-slim"),
            ("${TAG#x}", "3.12-slim-bookworm"),
            ("${TAG#?.?}", "2-slim-bookworm"),
            ("${PATH/\\//-}", "a-b/c"),
            ("${PATH//\\//-}", "a-b-c"),
            ("${TAG/slim-*/x}", "3.12-x"),
            ("${TAG/-*m/}", "3.12"),
            ("'$V'", "$V"),
            ("\"$V\"", "value"),
            ("\"\\$V\\x\\\"\"", "$V\\x\""),
            ("\\$V", "$V"),
            ("\\V", "V"),
            ("a$", "a$"),
            ("a$/", "a$/"),
            ("$1x", "*x"),
            ("${HALF}", "cuda-*"),
            ("${HALF#c}", "*"),
            ("${TARGETARCH:-x}", "*"),
            ("${TARGETARCH+x}", "x"),
            ("${V:-$NONE}", "value"),
        ] {
            let expansion = expand(word, '\\', &lookup).expect(word);
            assert_eq!(expansion.text, expected, "{word}");
            assert_eq!(expansion.missing, expected.contains('*'), "{word}");
        }
        assert_eq!(expand("`$V\\", '`', &lookup).map(|expansion| expansion.text), Ok("$V\\".to_owned()));
    }

    #[test]
    fn malformed_words_are_refused() {
        let deep = "${a:-".repeat(100_000);
        let long = "$TAG".repeat(1000);
        for word in [
            "${V", "${", "${}", "${:x}", "${{V}}", "${V^}", "${V:#x}", "${V:", "'a", "\"a", "\"a\\", "${V/x", &deep,
            &long,
        ] {
            assert!(expand(word, '\\', &lookup).is_err(), "{}", &word[..word.len().min(40)]);
        }
    }
}
