//! A shell script's commands, one by one: what stands behind `&&`, in `if` and `for`, behind `sudo` and `env`, in
//! `bash -c "…"`. Nothing is run, and no branch is chosen: each command that may run is seen.

use std::ops::Range;

use hashbrown::HashMap;

use super::expand::Variable;
use super::lexer::{self, Field, Lexer, Operator, Token};
use super::line::{Line, Word, beginning};
use super::variables::Variables;
use super::wrappers::{Script, assignment, base_name, is_shell, is_shell_script, script_of, unwrapped};
use crate::model::secret;

/// A command without `;`, `|` and the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The program's name without its folder; behind `sudo`, `env` and what else only runs it.
    pub program: String,
    /// The words behind the program, without quotation marks, known variables put in.
    pub words: Vec<Word>,
    /// The variables that are set for it alone: `MAX_JOBS=4 pip install …`.
    pub settings: Vec<(String, String)>,
    /// All of it as written, each run of blanks one blank; the beginning where it is long.
    pub text: String,
    /// Where it stands in the file.
    pub range: Range<usize>,
}

/// How deep `sh -c "…"` may nest.
const MAX_DEPTH: usize = 4;

/// How many words of a command are read, and how many bytes of its text are looked at.
const MAX_WORDS: usize = 10_000;
const MAX_TEXT: usize = 8 << 10;

/// How long a word may be that is read.
const MAX_WORD: usize = 1 << 20;

/// Takes a command, and what is known of variables where it runs; says whether there is room for more.
pub(super) type Take<'s> = dyn FnMut(&dyn Fn(&str) -> Variable, Command) -> bool + 's;

/// Reads scripts, and hands on each command.
pub(super) struct Shell<'s> {
    variables: &'s Variables,
    /// What the scripts themselves set.
    own: HashMap<String, Variable>,
    /// Takes a command, and what is known of variables there; says whether there is room for more.
    found: &'s mut Take<'s>,
    full: bool,
}

/// A command that is being read.
#[derive(Default)]
struct Open {
    words: Vec<Range<usize>>,
    heredoc: Option<usize>,
    range: Option<Range<usize>>,
    /// Whether it only steers: the head of a `for`.
    skipped: bool,
}

/// What the words to come are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Command,
    /// Up to `in`.
    CaseHead,
    /// Up to `)`.
    CasePattern,
    /// Up to `]]`.
    Test,
}

impl<'s> Shell<'s> {
    /// Returns a reader of the scripts of one instruction.
    pub fn new(variables: &'s Variables, found: &'s mut Take<'s>) -> Self {
        Shell { variables, own: HashMap::new(), found, full: false }
    }

    /// Reads a script.
    pub fn script(&mut self, line: &Line<'_>) {
        self.read(line, 0);
    }

    /// Reads a command whose words are known.
    pub fn words(&mut self, words: Vec<Word>) {
        let Some((first, last)) = words.first().zip(words.last()) else { return };
        let range = first.range.start..last.range.end;
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        // The words are a line of their own, each of them there as a whole.
        let mut line = Line::default();
        let mut fields = Vec::new();
        for word in &words {
            let at = line.text.len();
            line.put(&word.text, word.range.clone());
            fields.push((Field::plain(&word.text, at), at..line.text.len()));
        }
        self.run(&line, fields, Vec::new(), None, (text, range), 0);
    }

    fn read(&mut self, line: &Line<'_>, depth: usize) {
        let text: &str = &line.text;
        let mut lexer = Lexer::new(text);
        let (mut open, mut mode, mut nest, mut cases) = (Open::default(), Mode::Command, 0_usize, 0_usize);
        let mut sure = true;
        let mut heredocs: Vec<usize> = Vec::new();
        while let Some(token) = lexer.token() {
            if self.full {
                return;
            }
            match token {
                Token::Word(range) => match (mode, &text[range.clone()]) {
                    (Mode::CaseHead, "in") => mode = Mode::CasePattern,
                    (Mode::CasePattern, "esac") => {
                        cases = cases.saturating_sub(1);
                        mode = Mode::Command;
                    }
                    (Mode::Test, "]]") => {
                        mode = Mode::Command;
                        open.push(range);
                    }
                    (Mode::CaseHead | Mode::CasePattern, _) => {}
                    (Mode::Command, word) if open.words.is_empty() && !open.skipped => match word {
                        "if" | "while" | "until" => nest += 1,
                        "fi" | "done" | "}" => nest = nest.saturating_sub(1),
                        "then" | "else" | "elif" | "do" | "!" | "function" => {}
                        "{" => nest += 1,
                        "for" | "select" => {
                            nest += 1;
                            open.skipped = true;
                        }
                        "case" => {
                            cases += 1;
                            mode = Mode::CaseHead;
                        }
                        "esac" => cases = cases.saturating_sub(1),
                        "[[" => {
                            mode = Mode::Test;
                            open.push(range);
                        }
                        _ => open.push(range),
                    },
                    (_, word) => {
                        // The variable of a `for`.
                        if open.skipped && open.words.is_empty() {
                            self.own.insert(word.to_owned(), Variable::Unknown);
                        }
                        open.push(range);
                    }
                },
                Token::Redirect(range) => open.cover(range),
                Token::Heredoc(range, number) => {
                    open.cover(range);
                    open.heredoc = Some(number);
                }
                Token::Operator(Operator::Close) if mode == Mode::CasePattern => mode = Mode::Command,
                Token::Operator(operator)
                    if matches!(mode, Mode::CasePattern | Mode::Test) && operator != Operator::Next => {}
                Token::Operator(operator) => {
                    if mode == Mode::Test {
                        mode = Mode::Command;
                    }
                    let heads_only = mode == Mode::CaseHead || mode == Mode::CasePattern;
                    let known = sure && nest == 0 && cases == 0 && operator != Operator::Beside;
                    let tests = self.end(line, std::mem::take(&mut open), known, depth, &mut heredocs);
                    sure = match operator {
                        Operator::Next | Operator::CaseEnd => true,
                        Operator::And => sure && !tests,
                        Operator::Or | Operator::Beside => false,
                        Operator::Open | Operator::Close => sure,
                    };
                    match operator {
                        Operator::Open => nest += 1,
                        Operator::Close => nest = nest.saturating_sub(1),
                        Operator::CaseEnd if cases > 0 && !heads_only => mode = Mode::CasePattern,
                        _ => {}
                    }
                }
            }
            // The lines of all heredocs that a line opens follow its end.
            if heredocs.first().is_some_and(|first| *first < lexer.bodies.len()) {
                for body in std::mem::take(&mut heredocs).into_iter().filter_map(|number| lexer.bodies.get(number)) {
                    if is_shell_script(&text[body.clone()]) {
                        self.nested(&line.part(body.clone()), depth);
                    }
                }
            }
        }
    }

    fn nested(&mut self, line: &Line<'_>, depth: usize) {
        if depth < MAX_DEPTH {
            self.read(line, depth + 1);
        }
    }

    /// Reads a command that is complete, and says whether it is one that tests.
    fn end(&mut self, line: &Line<'_>, open: Open, known: bool, depth: usize, heredocs: &mut Vec<usize>) -> bool {
        if open.skipped {
            return false;
        }
        let Some(range) = open.range else { return false };
        if open.words.is_empty() {
            // `RUN <<EOF`: the lines are the script.
            heredocs.extend(open.heredoc.filter(|_| depth == 0));
            return false;
        }
        let mut words = open.words.iter().peekable();
        let mut settings = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| assignment(&line.text[(*word).clone()])) {
            settings.push((name.to_owned(), self.value(value)));
            words.next();
        }
        if words.peek().is_none() {
            for (name, value) in settings {
                self.set(name, value, known);
            }
            return false;
        }
        let mut fields = Vec::new();
        for word in words.filter(|word| word.len() <= MAX_WORD) {
            let mut found = Vec::new();
            let expand = |part: &str| self.expand(part);
            lexer::unquote(&line.text[word.clone()], word.start, &expand, &mut found);
            fields.extend(found.into_iter().map(|field| (field, word.clone())));
            if fields.len() > MAX_WORDS {
                break;
            }
        }
        let settings = settings.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let Some((first, _)) = fields.first() else { return false };
        let tests = matches!(first.text.as_str(), "[" | "[[" | "test" | "grep" | "false");
        match first.text.as_str() {
            "export" | "declare" | "typeset" | "local" | "readonly" => {
                for (field, word) in &fields[1..] {
                    if let Some((name, _)) = assignment(&field.text) {
                        let value = line.text[word.clone()].split_once('=').and_then(|(_, value)| self.value(value));
                        self.set(name.to_owned(), value, known);
                    }
                }
            }
            "read" | "unset" | "getopts" => {
                let names = fields[1..].iter().map(|(field, _)| field.text.clone());
                let names: Vec<String> = names.filter(|name| !name.starts_with('-')).collect();
                names.into_iter().for_each(|name| self.set(name, None, known));
            }
            _ => {}
        }
        let text = flat(&line.text[range.clone()]);
        if let Some(script) = self.run(line, fields, settings, open.heredoc, (text, line.range(range)), depth) {
            heredocs.push(script);
        }
        tests
    }

    /// Returns the one value of what stands behind a `=`; none where it is not known whole.
    fn value(&self, raw: &str) -> Option<String> {
        let is_open = std::cell::Cell::new(raw.contains('`') || raw.contains("$(") || raw.starts_with('('));
        let expand = |part: &str| {
            let value = self.expand(part);
            is_open.set(is_open.get() || value.is_none());
            value
        };
        let mut fields = Vec::new();
        lexer::unquote(raw, 0, &expand, &mut fields);
        let value = fields.into_iter().map(|field| field.text).collect::<Vec<_>>().join(" ");
        (!is_open.get()).then_some(value)
    }

    fn set(&mut self, name: String, value: Option<String>, known: bool) {
        // What is a secret is in no word that is kept.
        let value = value.filter(|_| known && !secret::is_secret(&name)).map_or(Variable::Unknown, Variable::Known);
        self.own.insert(name, value);
    }

    fn expand(&self, part: &str) -> Option<String> {
        // `[` begins a set of characters in a shell's pattern, which the builder's own patterns do not know.
        if part.contains('[') {
            return None;
        }
        let get = |name: &str| self.own.get(name).cloned().unwrap_or_else(|| self.variables.get(name));
        self.variables.expanded(part, '\\', &get)
    }

    /// Hands a command on, less what only runs it; the script of `sh -c` is read. Returns the heredoc that is one.
    fn run(
        &mut self,
        line: &Line<'_>,
        fields: Vec<(Field, Range<usize>)>,
        mut settings: Vec<(String, String)>,
        heredoc: Option<usize>,
        (text, range): (String, Range<usize>),
        depth: usize,
    ) -> Option<usize> {
        let texts: Vec<&str> = fields.iter().map(|(field, _)| field.text.as_str()).collect();
        let at = unwrapped(&texts, &mut settings);
        let program = base_name(texts.get(at)?).to_owned();
        if is_shell(&program) {
            match script_of(&texts, at) {
                Script::Word(word) if depth < MAX_DEPTH => {
                    let (field, _) = &fields[word];
                    let script = line.made_of(field.text.clone(), &field.pieces);
                    self.nested(&script, depth);
                    return None;
                }
                Script::Input if heredoc.is_some() => return heredoc,
                _ => {}
            }
        }
        if program != "set" && program != ":" {
            let words = fields.into_iter().skip(at + 1);
            let words = words.map(|(field, word)| Word { text: field.text, range: line.range(word) }).collect();
            let command = Command { program, words, settings, text, range };
            let (own, variables) = (&self.own, self.variables);
            let get = |name: &str| own.get(name).cloned().unwrap_or_else(|| variables.get(name));
            self.full = !(self.found)(&get, command);
        }
        None
    }
}

impl Open {
    fn push(&mut self, word: Range<usize>) {
        self.cover(word.clone());
        // The rest of a long command is of no use, and takes room.
        if self.words.len() < MAX_WORDS {
            self.words.push(word);
        }
    }

    fn cover(&mut self, range: Range<usize>) {
        let start = self.range.as_ref().map_or(range.start, |own| own.start);
        self.range = Some(start..range.end);
    }
}

/// Returns a text with each run of blanks as one.
fn flat(text: &str) -> String {
    beginning(text, MAX_TEXT).split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::oci::variables::Variables;

    /// Each command as `program: words @ place`.
    fn commands(text: &str) -> Vec<String> {
        let mut variables = Variables::new('\\');
        variables.begin();
        for (name, value) in [("V", "2.5.1"), ("L", "a b"), ("PIP", "/opt/bin/pip")] {
            variables.set(name.to_owned(), Variable::Known(value.to_owned()));
        }
        let mut found = Vec::new();
        let mut take = |_: &dyn Fn(&str) -> Variable, command: Command| {
            let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
            found.push((format!("{}: {}", command.program, words.join("|")), command.range));
            true
        };
        let mut line = Line::default();
        line.push(text, 0);
        Shell::new(&variables, &mut take).script(&line);
        found.into_iter().map(|(command, range)| format!("{command} @ {}", &text[range])).collect()
    }

    fn programs(text: &str) -> Vec<String> {
        commands(text).into_iter().filter_map(|command| Some(command.split_once(" @ ")?.0.to_owned())).collect()
    }

    #[test]
    fn each_command_is_seen() {
        for (text, expected) in [
            ("a b && c || d; e | f & g", vec!["a: b", "c: ", "d: ", "e: ", "f: ", "g: "]),
            ("set -eux; a 'b c' \"d\"  # e\nf", vec!["a: b c|d", "f: "]),
            ("A=1 B='2 3' /usr/bin/a $A $V x$L", vec!["a: $A|2.5.1|xa|b"]),
            ("(cd x && a); { b; }", vec!["cd: x", "a: ", "b: "]),
            (
                "if [ -f x ]; then a; elif b; then c; else d; fi; e",
                vec!["[: -f|x|]", "a: ", "b: ", "c: ", "d: ", "e: "],
            ),
            ("for x in a b; do pip install $x; done", vec!["pip: install|$x"]),
            ("for V in 1 2\ndo\n  a $V\ndone", vec!["a: $V"]),
            ("while ! a; do b; done", vec!["a: ", "b: "]),
            ("case $V in 1|2) a;; (*) b ;; esac; c", vec!["a: ", "b: ", "c: "]),
            ("[[ -n $V && -f y ]] && a", vec!["[[: -n|2.5.1|-f|y|]]", "a: "]),
            ("f() { a; }; f", vec!["f: ", "a: ", "f: "]),
            ("! a", vec!["a: "]),
            ("$PIP install x", vec!["pip: install|x"]),
            ("a \"$(b; c)\" `d`", vec!["a: $(b; c)|`d`"]),
            ("a > b 2>&1 < c d", vec!["a: d"]),
            ("sudo -E -u me FOO=1 a b", vec!["a: b"]),
            ("env -u X FOO=1 exec time -p nice -n 5 a", vec!["a: "]),
            (
                "timeout 300 a; command -v nvcc; conda run -n x pip install y",
                vec!["a: ", "command: -v|nvcc", "pip: install|y"],
            ),
            ("bash -c \"a b && c\" x", vec!["a: b", "c: "]),
            ("sh -lc 'a; bash -euo pipefail -c \"b\"'", vec!["a: ", "b: "]),
            ("bash x.sh -c y", vec!["bash: x.sh|-c|y"]),
            ("bash -ex <<E\na\nE\nb", vec!["a: ", "b: "]),
            ("cat <<E > x\na\nE\nb", vec!["cat: ", "b: "]),
            ("<<E\na\nE\n", vec!["a: "]),
            ("<<E\n#!/usr/bin/env python3\na\nE\n", vec![]),
            ("<<E\n#!/bin/bash -e\na\nE\n", vec!["a: "]),
            ("<<E python3\na\nE\n", vec!["python3: "]),
            ("a \\\n  b \\\n && c", vec!["a: b", "c: "]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(programs(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_script_sets_is_known_where_it_surely_is() {
        for (text, expected) in [
            ("X=1; a $X", "a: 1"),
            ("X=1 && a ${X:-2}", "a: 1"),
            ("export X=\"1 2\"; a \"$X\"", "a: 1 2"),
            ("[ -f y ] && X=1; a $X", "[: -f|y|] a: $X"),
            ("if b; then V=1; fi; a $V", "b:  a: $V"),
            ("V=$(b); a $V", "a: $V"),
            ("b || V=1; a $V", "b:  a: $V"),
            ("read V; a $V", "read: V a: $V"),
            ("a ${V%.*} ${V//./} ${V/[0-9]/} ${V:0:3}", "a: 2.5|251|${V/[0-9]/}|${V:0:3}"),
        ] {
            let shown: Vec<String> =
                programs(text).into_iter().filter(|command| !command.starts_with("export")).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn commands_know_their_places() {
        for (text, expected) in [
            ("  a  b ; c", vec!["a: b @ a  b", "c:  @ c"]),
            ("X=1 sudo a > y && b", vec!["a:  @ X=1 sudo a > y", "b:  @ b"]),
            ("bash -c \"a  b && 'c'\"", vec!["a: b @ a  b", "c:  @ 'c'"]),
            ("bash -c 'x $V \"y\"'", vec!["x: 2.5.1|y @ x $V \"y\""]),
            ("bash -c \"x $V y\"", vec!["x: 2.5.1|y @ x $V y"]),
            ("bash <<E\n\ta b\nE", vec!["a: b @ a b"]),
        ] {
            assert_eq!(commands(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_scripts_end() {
        for text in [
            "a;".repeat(100_000),
            "(".repeat(100_000),
            "bash -c \"".repeat(10_000),
            "bash -c '".repeat(10_000),
            "$(".repeat(100_000),
            "\"$(".repeat(100_000),
            "${".repeat(100_000),
            "`\\".repeat(100_000),
            "bash <<E;".repeat(100_000),
            "bash <<E\n".repeat(10_000),
            "a ".repeat(100_000),
            "$L".repeat(100_000),
            "case a in b) ".repeat(50_000),
            "sudo ".repeat(50_000),
        ] {
            commands(&text);
        }
        let nested = (0..10).fold("a".to_owned(), |script, _| format!("sh -c {script}"));
        assert!(programs(&nested).len() <= 1);
    }
}
