//! A shell script's text to words and operators, as POSIX says in "Token Recognition", with what bash adds.
//!
//! Nothing is run: a command substitution is a part of its word.

use std::ops::Range;

use super::line::Piece;

/// A token of a script, with its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word, quotation marks and all.
    Word(Range<usize>),
    /// A redirection with its target.
    Redirect(Range<usize>),
    /// The beginning of a heredoc, and its number.
    Heredoc(Range<usize>, usize),
    /// What parts commands.
    Operator(Operator),
}

/// What parts commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `;`, the end of a line, and the end of the script.
    Next,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|` and `&`
    Beside,
    /// `;;`
    CaseEnd,
    /// `(`
    Open,
    /// `)`
    Close,
}

/// Reads a script's tokens.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// The heredocs whose lines follow the end of this line: the closing line, and whether tabs before it are left out.
    waiting: Vec<(String, bool)>,
    /// The lines of the heredocs so far.
    pub bodies: Vec<Range<usize>>,
    /// Where this line's heredocs end, once they are read.
    ended: bool,
}

impl<'t> Lexer<'t> {
    /// Returns a reader of a script.
    pub fn new(text: &'t str) -> Self {
        Lexer { text, at: 0, waiting: Vec::new(), bodies: Vec::new(), ended: false }
    }

    /// Returns the next token; a last [`Operator::Next`] before the end.
    pub fn token(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                None if self.ended => return None,
                None => {
                    self.ended = true;
                    self.heredocs();
                    return Some(Token::Operator(Operator::Next));
                }
                Some(b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c') => self.at += 1,
                Some(b'\\') if continues(&bytes[self.at..]) > 0 => self.at += continues(&bytes[self.at..]),
                Some(b'#') => self.at += bytes[self.at..].iter().take_while(|byte| **byte != b'\n').count(),
                Some(_) => break,
            }
        }
        let start = self.at;
        let rest = &bytes[start..];
        let starts = |sign: &[u8]| rest.starts_with(sign);
        let (operator, len) = match rest[0] {
            b'\n' => {
                self.at += 1;
                self.heredocs();
                return Some(Token::Operator(Operator::Next));
            }
            b';' if starts(b";;&") => (Operator::CaseEnd, 3),
            b';' if starts(b";;") || starts(b";&") => (Operator::CaseEnd, 2),
            b';' => (Operator::Next, 1),
            b'&' if starts(b"&>>") => return Some(self.redirect(start, 3)),
            b'&' if starts(b"&>") => return Some(self.redirect(start, 2)),
            b'&' if starts(b"&&") => (Operator::And, 2),
            b'&' => (Operator::Beside, 1),
            b'|' if starts(b"||") => (Operator::Or, 2),
            b'|' => (Operator::Beside, if starts(b"|&") { 2 } else { 1 }),
            b'(' => (Operator::Open, 1),
            b')' => (Operator::Close, 1),
            b'<' | b'>' if rest.get(1) == Some(&b'(') => {
                self.at = self.word_end(parenthesis(bytes, start + 2));
                return Some(Token::Word(start..self.at));
            }
            b'<' | b'>' => return Some(self.redirect(start, 0)),
            first => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if first.is_ascii_digit() && matches!(rest.get(digits), Some(b'<' | b'>')) {
                    return Some(self.redirect(start, digits));
                }
                self.at = self.word_end(start);
                return Some(Token::Word(start..self.at));
            }
        };
        self.at += len;
        Some(Token::Operator(operator))
    }

    /// Reads a redirection, whose sign is `skip` bytes behind its start.
    fn redirect(&mut self, start: usize, skip: usize) -> Token {
        let bytes = self.text.as_bytes();
        let sign = start + skip;
        let mut at = sign;
        while matches!(bytes.get(at), Some(b'<' | b'>')) && at < sign + 3 {
            at += 1;
        }
        let is_heredoc = &bytes[sign..at] == b"<<";
        let chomp = is_heredoc && bytes.get(at) == Some(&b'-');
        if chomp || (!is_heredoc && matches!(bytes.get(at), Some(b'&' | b'|'))) {
            at += 1;
        }
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let end = self.word_end(at);
        self.at = end;
        if !is_heredoc {
            return Token::Redirect(start..end);
        }
        let name = self.text[at..end].chars().filter(|sign| !matches!(sign, '"' | '\'' | '\\')).collect();
        self.waiting.push((name, chomp));
        Token::Heredoc(start..end, self.bodies.len() + self.waiting.len() - 1)
    }

    /// Steps over the lines of the heredocs that the line just read opens.
    fn heredocs(&mut self) {
        for (name, chomp) in std::mem::take(&mut self.waiting) {
            let start = self.at;
            let mut end = self.text.len();
            while self.at < self.text.len() {
                let rest = &self.text[self.at..];
                let len = rest.find('\n').map_or(rest.len(), |end| end + 1);
                let line = rest[..len].trim_end_matches(['\n', '\r']);
                let line = if chomp { line.trim_start_matches('\t') } else { line };
                self.at += len;
                if line == name {
                    end = self.at - len;
                    break;
                }
            }
            self.bodies.push(start..end);
        }
    }

    /// Returns where the word ends that begins at `at`.
    fn word_end(&self, mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let start = at;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0b' | b'\x0c' | b';' | b'&' | b'|' | b')' | b'<' | b'>' => break,
                // An array: `names=(a b)`.
                b'(' if at > start && bytes[at - 1] == b'=' => at = parenthesis(bytes, at + 1),
                b'(' => break,
                _ => at = piece_end(bytes, at),
            }
        }
        // A backslash at the end of the text escapes what is not there.
        at.min(bytes.len())
    }
}

/// Returns how many bytes a continuation mark with its line end has; none where there is none.
fn continues(bytes: &[u8]) -> usize {
    match bytes {
        [b'\\', b'\n', ..] => 2,
        [b'\\', b'\r', b'\n', ..] => 3,
        _ => 0,
    }
}

/// Returns where the piece of a word ends that begins at `at`: a quoted text, a substitution, or one byte.
fn piece_end(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        // The bytes of a longer character are no signs of the shell: they follow one by one.
        b'\\' => at + continues(&bytes[at..]).max(2),
        b'\'' => closed(bytes, at + 1, b'\'', false),
        b'"' => closed(bytes, at + 1, b'"', true),
        b'`' => closed(bytes, at + 1, b'`', true),
        b'$' => dollar_end(bytes, at),
        _ => at + 1,
    }
    .min(bytes.len())
}

/// Returns where a substitution ends, `$a`, `${a:-b}`, `$(a)`; one byte on where there is none.
fn dollar_end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at + 1) {
        Some(b'(') => parenthesis(bytes, at + 2),
        Some(b'{') => nested(bytes, at + 2, b'{', b'}'),
        Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0'..=b'9') => at + 2,
        _ => {
            let name = &bytes[(at + 1).min(bytes.len())..];
            at + 1 + name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
        }
    }
}

fn parenthesis(bytes: &[u8], at: usize) -> usize {
    nested(bytes, at, b'(', b')')
}

/// Returns where a nest ends whose first sign is before `at`.
fn nested(bytes: &[u8], mut at: usize, open: u8, close: u8) -> usize {
    let mut depth = 1;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'\\' => at + 2,
            b'\'' => closed(bytes, at + 1, b'\'', false),
            b'"' => closed(bytes, at + 1, b'"', false),
            _ => {
                depth += usize::from(byte == open);
                depth -= usize::from(byte == close);
                at + 1
            }
        };
        if depth == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

/// Returns the place behind the sign that closes what was opened before `at`.
fn closed(bytes: &[u8], mut at: usize, close: u8, substitutes: bool) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            _ if byte == close => return at + 1,
            b'\\' if close != b'\'' => at + 2,
            b'$' if substitutes && matches!(bytes.get(at + 1), Some(b'(' | b'{')) => dollar_end(bytes, at),
            _ => at + 1,
        };
    }
    bytes.len()
}

/// A word without its quotation marks, and where its pieces stand in the script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// The word.
    pub text: String,
    /// Its pieces.
    pub pieces: Vec<Piece>,
    /// Whether it is one, though it may be empty.
    quoted: bool,
}

/// Takes the quotation marks off a word that begins at byte `base`, and puts in the variables that `expand` knows; a
/// variable's blanks part it. What is not known stays as written.
pub(super) fn unquote(raw: &str, base: usize, expand: &dyn Fn(&str) -> Option<String>, fields: &mut Vec<Field>) {
    let bytes = raw.as_bytes();
    let (mut at, mut field, mut is_double) = (0, Field::default(), false);
    while let Some(&byte) = bytes.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => {
                is_double = !is_double;
                field.quoted = true;
            }
            b'\'' if !is_double => {
                end = closed(bytes, end, b'\'', false);
                let inner = raw[at + 1..end].strip_suffix('\'').unwrap_or(&raw[at + 1..end]);
                field.quoted = true;
                field.push(inner, base + at + 1);
            }
            b'\\' => {
                let len = raw[end..].chars().next().map_or(0, char::len_utf8);
                let is_escape = !is_double || matches!(bytes.get(end), Some(b'"' | b'$' | b'\\' | b'`'));
                match continues(&bytes[at..]) {
                    0 => field
                        .push(&raw[if is_escape { end } else { at }..end + len], base + end - usize::from(!is_escape)),
                    line => end = at + line - len,
                }
                end += len;
            }
            b'$' if !is_double && bytes.get(end) == Some(&b'\'') => {}
            b'$' => {
                end = dollar_end(bytes, at).min(bytes.len());
                let written = &raw[at..end];
                let is_variable = end > at + 1 && bytes[at + 1] != b'(';
                match is_variable.then(|| expand(written)).flatten() {
                    Some(value) if is_double => field.put(&value, base + at..base + end),
                    Some(value) => {
                        for (index, part) in value.split(|sign: char| sign.is_ascii_whitespace()).enumerate() {
                            if index > 0 {
                                field.end(fields);
                            }
                            field.put(part, base + at..base + end);
                        }
                    }
                    None => field.push(written, base + at),
                }
            }
            b'`' => {
                end = closed(bytes, end, b'`', true);
                field.push(&raw[at..end], base + at);
            }
            _ => {
                let signs = if is_double { b"\"\\$`".as_slice() } else { b"\"\\$`'" };
                end += bytes[end..].iter().take_while(|byte| !signs.contains(byte)).count();
                field.push(&raw[at..end], base + at);
            }
        }
        at = end;
    }
    field.end(fields);
}

impl Field {
    /// Returns a word that stands as it is.
    pub fn plain(text: &str, from: usize) -> Self {
        let mut field = Field::default();
        field.push(text, from);
        field
    }

    fn push(&mut self, text: &str, from: usize) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), from: from..from + text.len(), exact: true });
            self.text.push_str(text);
        }
    }

    fn put(&mut self, text: &str, from: Range<usize>) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), from, exact: false });
            self.text.push_str(text);
        }
    }

    /// Ends a word; an empty one is none, unless quotation marks say so.
    fn end(&mut self, fields: &mut Vec<Field>) {
        let field = std::mem::take(self);
        if !field.text.is_empty() || field.quoted {
            fields.push(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        while let Some(token) = lexer.token() {
            tokens.push(match token {
                Token::Word(range) => text[range].to_owned(),
                Token::Redirect(range) => format!("> {}", &text[range]),
                Token::Heredoc(range, number) => format!("<<{number} {}", &text[range]),
                Token::Operator(operator) => format!("{operator:?}"),
            });
        }
        tokens.extend(lexer.bodies.into_iter().map(|body| format!("body {}", &text[body])));
        tokens
    }

    #[test]
    fn scripts_fall_into_words_and_operators() {
        for (text, expected) in [
            ("a b&&c||d;e|f", vec!["a", "b", "And", "c", "Or", "d", "Next", "e", "Beside", "f", "Next"]),
            ("a 'b c' \"d 'e\" f\\ g", vec!["a", "'b c'", "\"d 'e\"", "f\\ g", "Next"]),
            ("a #b c\nd#e", vec!["a", "Next", "d#e", "Next"]),
            ("a \\\n b\\\nc", vec!["a", "b\\\nc", "Next"]),
            ("a $(b; c \")\") ${d:-e f} `g h`", vec!["a", "$(b; c \")\")", "${d:-e f}", "`g h`", "Next"]),
            ("a \"$(b \"c d\")\" e", vec!["a", "\"$(b \"c d\")\"", "e", "Next"]),
            ("a > b 2>&1 &>c <<<d", vec!["a", "> > b", "> 2>&1", "> &>c", "> <<<d", "Next"]),
            ("a>=2", vec!["a", "> >=2", "Next"]),
            ("(a) ; x) b ;; y", vec!["Open", "a", "Close", "Next", "x", "Close", "b", "CaseEnd", "y", "Next"]),
            ("x=(a b) c <(d e)", vec!["x=(a b)", "c", "<(d e)", "Next"]),
            (
                "a <<E <<-'F' b\n1\nE\n\t2\n\tF\nc",
                vec!["a", "<<0 <<E", "<<1 <<-'F'", "b", "Next", "c", "Next", "body 1\n", "body \t2\n"],
            ),
            ("a << E\r\n1\r\nE\r\nb", vec!["a", "<<0 << E", "Next", "b", "Next", "body 1\r\n"]),
            ("a <<E\nb", vec!["a", "<<0 <<E", "Next", "Next", "body b"]),
            ("a 'b", vec!["a", "'b", "Next"]),
            ("a \\", vec!["a", "\\", "Next"]),
            ("é\\é\"é", vec!["é\\é\"é", "Next"]),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn words_lose_their_quotation_marks() {
        let expand = |part: &str| match part {
            "$A" | "${A}" => Some("1".to_owned()),
            "$L" => Some(" x  y".to_owned()),
            "$E" => Some(String::new()),
            _ => None,
        };
        for (word, expected) in [
            ("a", vec!["a"]),
            ("a'b c'\"d\"", vec!["ab cd"]),
            ("'$A'\"$A\"${A}", vec!["$A11"]),
            ("$B-${B:-c}$(d e)", vec!["$B-${B:-c}$(d e)"]),
            ("a$L", vec!["a", "x", "y"]),
            ("\"a$L\"", vec!["a x  y"]),
            ("$E", vec![]),
            ("\"$E\"", vec![""]),
            ("a\\ b\\\nc", vec!["a bc"]),
            ("\"\\a\\\"\\$A\"", vec!["\\a\"$A"]),
            ("$'a'", vec!["a"]),
            ("a$", vec!["a$"]),
            ("'é", vec!["é"]),
            ("\\é\\", vec!["é"]),
            ("\"\\é", vec!["\\é"]),
        ] {
            let mut fields = Vec::new();
            unquote(word, 0, &expand, &mut fields);
            let texts: Vec<&str> = fields.iter().map(|field| field.text.as_str()).collect();
            assert_eq!(texts, expected, "{word}");
        }
    }
}
