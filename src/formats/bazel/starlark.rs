//! Calls with literal arguments, of which a `MODULE.bazel` is made.
//!
//! Specification: "MODULE.bazel files" and "The Starlark language" in Bazel's documentation. Nothing is run: what is no
//! literal is [`Value::Other`].

/// A call at the outermost level.
pub(super) struct Call<'t> {
    /// What is called.
    pub name: &'t str,
    /// Its arguments; those without a name have an empty one.
    pub arguments: Vec<(&'t str, Value<'t>)>,
}

/// An argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A string, between its quotation marks.
    Text(&'t str),
    /// A list of strings.
    List(Vec<&'t str>),
    True,
    None,
    Other,
}

impl<'t> Call<'t> {
    /// Returns an argument by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Value<'t>> {
        self.arguments.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Returns an argument that is a string; empty where it is none.
    pub(super) fn text(&self, name: &str) -> &'t str {
        match self.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// Says whether an argument is `True`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::True)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Text(&'t str),
    Sign(u8),
}

/// Returns the calls of a text, as far as it can be read.
pub(super) fn calls(text: &str) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut rest = text;
    let (mut depth, mut is_call) = (0_usize, false);
    let mut before = [Token::Sign(b' '); 2];
    let mut argument: Vec<Token<'_>> = Vec::new();
    while let Some(token) = next(&mut rest) {
        if depth == 1 && is_call && matches!(token, Token::Sign(b',' | b')')) {
            if let Some(call) = calls.last_mut().filter(|_| !argument.is_empty()) {
                call.arguments.push(read(&argument));
            }
            argument.clear();
        } else if depth > 0 && is_call {
            argument.push(token);
        }
        match token {
            Token::Sign(b'(' | b'[' | b'{') => {
                if depth == 0 {
                    argument.clear();
                    is_call = false;
                    if let (Token::Sign(b'('), [behind, Token::Word(name)]) = (token, before) {
                        // A method of something, and a function that is defined, are others.
                        is_call = !matches!(behind, Token::Sign(b'.') | Token::Word("def"));
                        if is_call {
                            calls.push(Call { name, arguments: Vec::new() });
                        }
                    }
                }
                depth += 1;
            }
            Token::Sign(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = [before[1], token];
    }
    calls
}

/// Reads an argument: `name = value`, or a value.
fn read<'t>(tokens: &[Token<'t>]) -> (&'t str, Value<'t>) {
    match tokens {
        [Token::Word(name), Token::Sign(b'='), rest @ ..] => (name, value(rest)),
        rest => ("", value(rest)),
    }
}

fn value<'t>(tokens: &[Token<'t>]) -> Value<'t> {
    match tokens {
        [Token::Text(text)] => Value::Text(text),
        [Token::Word("True")] => Value::True,
        [Token::Word("None")] => Value::None,
        [Token::Sign(b'['), items @ .., Token::Sign(b']')] => {
            let mut texts = Vec::new();
            for pair in items.chunks(2) {
                match pair {
                    [Token::Text(text)] | [Token::Text(text), Token::Sign(b',')] => texts.push(*text),
                    _ => return Value::Other,
                }
            }
            Value::List(texts)
        }
        _ => Value::Other,
    }
}

/// Takes the next token off a text; comments and blanks are none.
fn next<'t>(rest: &mut &'t str) -> Option<Token<'t>> {
    loop {
        *rest = rest.trim_start();
        let Some(comment) = rest.strip_prefix('#') else { break };
        *rest = comment.find('\n').map_or("", |end| &comment[end..]);
    }
    let first = rest.chars().next()?;
    if matches!(first, '"' | '\'') {
        return Some(string(rest));
    }
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let end = if is_word(first) { rest.find(|sign| !is_word(sign)).unwrap_or(rest.len()) } else { first.len_utf8() };
    let (token, after) = rest.split_at(end);
    *rest = after;
    if matches!(token, "r" | "b" | "rb" | "br") && after.starts_with(['"', '\'']) {
        return Some(string(rest));
    }
    Some(if is_word(first) { Token::Word(token) } else { Token::Sign(token.as_bytes()[0]) })
}

/// Takes a string off; one with an escape, or without an end, is no literal that is read.
fn string<'t>(rest: &mut &'t str) -> Token<'t> {
    let quote = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { &rest[..3] } else { &rest[..1] };
    let (text, bytes) = (&rest[quote.len()..], rest.as_bytes());
    let (mut at, mut is_plain) = (quote.len(), true);
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            is_plain = false;
            at += 2;
        } else if bytes[at..].starts_with(quote.as_bytes()) {
            *rest = &rest[at + quote.len()..];
            return if is_plain { Token::Text(&text[..at - quote.len()]) } else { Token::Sign(b'\\') };
        } else if bytes[at] == b'\n' && quote.len() == 1 {
            break;
        } else {
            at += 1;
        }
    }
    // Escaped signs may be longer than a byte.
    *rest = rest.get(at..).unwrap_or("");
    Token::Sign(b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_calls_are_read() {
        let text = r#"
            # bazel_dep(name = "commented")
            module(name = "app", version = '1.0')
            bazel_dep(name = "a", version = "1.2", dev_dependency = True, repo_name = None,)
            archive_override(module_name = "b", urls = ["https://x.example/b", 'c',], patches = ["a" + "b"])
            ext = use_extension("//:ext.bzl", "ext", dev_dependency = False)
            ext.bazel_dep(name = "of something")
            def bazel_dep(name):
            bazel_dep(name = VERSIONS["a"], version = "1\"2", more = """say "hi" """)
            # the end
        "#;
        let found: Vec<String> = calls(text).iter().map(|call| format!("{} {:?}", call.name, call.arguments)).collect();
        assert_eq!(
            found,
            [
                r#"module [("name", Text("app")), ("version", Text("1.0"))]"#,
                r#"bazel_dep [("name", Text("a")), ("version", Text("1.2")), ("dev_dependency", True), ("repo_name", None)]"#,
                r#"archive_override [("module_name", Text("b")), ("urls", List(["https://x.example/b", "c"])), ("patches", Other)]"#,
                r#"use_extension [("", Text("//:ext.bzl")), ("", Text("ext")), ("dev_dependency", Other)]"#,
                r#"bazel_dep [("name", Other), ("version", Other), ("more", Text("say \"hi\" "))]"#,
            ]
        );
    }

    #[test]
    fn damage_is_survived() {
        for text in ["a(", "a(b =", "a(\"", "a('\\", "\"\"\"\"", "a)(", "'''", "a(é = 'é\\é'", "r\"", "\\", "a(\"\\é"]
        {
            calls(text);
        }
        assert_eq!(calls(&"a([{".repeat(50_000)).len(), 1);
    }
}
