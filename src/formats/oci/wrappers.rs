//! Programs that only run another one: `sudo`, `env`, `conda run`, and shells with their scripts.

/// Reads `name=value`.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name, value))
}

/// Returns a program's name without its folder.
pub(super) fn base_name(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

/// Says whether a program is a shell whose language is read here.
pub(super) fn is_shell(program: &str) -> bool {
    matches!(base_name(program), "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh" | "busybox")
}

/// Says whether a script is one of a shell by its first line, where that names an interpreter.
pub(super) fn is_shell_script(text: &str) -> bool {
    let first = text.trim_start_matches(['\t', ' ']).lines().next().unwrap_or_default();
    first.strip_prefix("#!").is_none_or(|interpreter| interpreter.split_whitespace().any(is_shell))
}

/// What a shell reads its commands from.
pub(super) enum Script {
    /// A word of its command line.
    Word(usize),
    /// Its input.
    Input,
    /// A file.
    File,
}

/// Returns what the shell at word `at` reads its commands from.
pub(super) fn script_of(words: &[&str], at: usize) -> Script {
    let (mut index, mut is_inline) = (at + 1, false);
    while let Some(word) = words.get(index) {
        match word.strip_prefix(['-', '+']) {
            Some("" | "-") | None => break,
            Some(long) if long.starts_with('-') => {
                index += usize::from(matches!(*word, "--rcfile" | "--init-file"));
            }
            Some(short) => {
                is_inline |= word.starts_with('-') && short.contains('c');
                // `-o pipefail`, also in `-euo pipefail`.
                index += short.matches(['o', 'O']).count();
            }
        }
        index += 1;
    }
    index += usize::from(words.get(index).is_some_and(|word| *word == "--"));
    match words.get(index) {
        Some(_) if is_inline => Script::Word(index),
        None | Some(&"-" | &"/dev/stdin") => Script::Input,
        Some(_) => Script::File,
    }
}

/// A program that only runs another one.
struct Wrapper {
    name: &'static str,
    /// The word behind it that makes it one.
    word: &'static str,
    /// Its options that take a value.
    valued: &'static [&'static str],
    /// How many words stand between its options and the command.
    words: usize,
}

const fn wrapper(name: &'static str, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { name, word: "", valued, words: 0 }
}

const fn runner(name: &'static str, valued: &'static [&'static str]) -> Wrapper {
    Wrapper { name, word: "run", valued, words: 0 }
}

/// The options of `conda run` and its kind that take a value.
const CONDA_RUN: &[&str] =
    &["-n", "--name", "-p", "--prefix", "-r", "--root-prefix", "--cwd", "-a", "--attach", "-e", "--env"];

const WRAPPERS: &[Wrapper] = &[
    wrapper("sudo", &["-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-D", "-R", "-T", "-U"]),
    wrapper("env", &["-u", "--unset", "-C", "--chdir"]),
    wrapper("exec", &["-a"]),
    wrapper("time", &["-f", "--format", "-o", "--output"]),
    wrapper("command", &[]),
    wrapper("builtin", &[]),
    wrapper("nohup", &[]),
    wrapper("eatmydata", &[]),
    wrapper("nice", &["-n", "--adjustment"]),
    wrapper("ionice", &["-c", "-n", "--class", "--classdata"]),
    wrapper("stdbuf", &["-i", "-o", "-e"]),
    Wrapper { name: "timeout", word: "", valued: &["-s", "--signal", "-k", "--kill-after"], words: 1 },
    Wrapper { name: "gosu", word: "", valued: &[], words: 1 },
    Wrapper { name: "su-exec", word: "", valued: &[], words: 1 },
    wrapper(
        "xargs",
        &["-n", "-L", "-P", "-I", "-a", "-d", "-s", "-E", "--max-args", "--max-procs", "--arg-file", "--delimiter"],
    ),
    runner(
        "uv",
        &[
            "-p",
            "--python",
            "--project",
            "--directory",
            "--package",
            "--extra",
            "--group",
            "--with",
            "--env-file",
            "--index",
            "--default-index",
            "--index-url",
            "--extra-index-url",
        ],
    ),
    runner("conda", CONDA_RUN),
    runner("mamba", CONDA_RUN),
    runner("micromamba", CONDA_RUN),
    runner("pixi", CONDA_RUN),
    runner("poetry", &["-C", "--directory", "-P", "--project"]),
    runner("pipenv", &[]),
    runner("pdm", &["-p", "--project"]),
];

/// Returns the number of the word that is the program itself.
pub(super) fn unwrapped(words: &[&str], settings: &mut Vec<(String, String)>) -> usize {
    let mut at = 0;
    'wrappers: while let Some(program) = words.get(at) {
        let name = base_name(program);
        let next = words.get(at + 1).copied().unwrap_or_default();
        let is_it = |wrapper: &&Wrapper| wrapper.name == name && (wrapper.word.is_empty() || wrapper.word == next);
        let Some(wrapper) = WRAPPERS.iter().find(is_it) else { break };
        let mut inner = at + 1 + usize::from(!wrapper.word.is_empty());
        while let Some(word) = words.get(inner).filter(|word| word.starts_with('-') && word.len() > 1) {
            // `command -v` only looks for a program.
            if name == "command" && matches!(*word, "-v" | "-V") {
                break 'wrappers;
            }
            inner += 1 + usize::from(wrapper.valued.contains(word));
            if *word == "--" {
                break;
            }
        }
        while let Some((name, value)) = words.get(inner).and_then(|word| assignment(word)) {
            settings.push((name.to_owned(), value.to_owned()));
            inner += 1;
        }
        inner += wrapper.words;
        // `sudo -v`, `time` alone.
        if inner >= words.len() {
            break;
        }
        at = inner;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_behind_what_runs_them() {
        for (text, program, settings) in [
            ("a b", "a", ""),
            ("sudo -E -u me -- a", "a", ""),
            ("env -i A=1 B=2 a", "a", "A=1 B=2"),
            ("/usr/bin/env A=1 sudo C=3 a", "a", "A=1 C=3"),
            ("sudo", "sudo", ""),
            ("sudo -v", "sudo", ""),
            ("env", "env", ""),
            ("command -v a", "command", ""),
            ("command a", "a", ""),
            ("timeout -k 5 300 a", "a", ""),
            ("gosu me a", "a", ""),
            ("conda run --no-capture-output -n x a", "a", ""),
            ("conda install a", "conda", ""),
            ("poetry run a", "a", ""),
            ("uv run --no-sync --extra gpu -- a", "a", ""),
            ("uv sync", "uv", ""),
            ("xargs -n 1 a b", "a", ""),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let mut found = Vec::new();
            let at = unwrapped(&words, &mut found);
            let shown: Vec<String> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!((words[at], shown.join(" ").as_str()), (program, settings), "{text}");
        }
    }

    #[test]
    fn shells_say_where_their_script_is() {
        for (text, expected) in [
            ("sh -c x", "x"),
            ("bash -lc x y", "x"),
            ("bash -euxo pipefail -c x", "x"),
            ("bash -o pipefail --norc -c -- x", "x"),
            ("bash", "input"),
            ("bash -s -", "input"),
            ("bash -ex", "input"),
            ("bash x.sh -c y", "file"),
            ("bash -c", "input"),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            let found = match script_of(&words, 0) {
                Script::Word(at) => words[at],
                Script::Input => "input",
                Script::File => "file",
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
