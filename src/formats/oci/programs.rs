//! Programs that a command installs by themselves, apart from any project: by cargo, go, gem, pipx and uv.

use super::installs::{Found, is_no_package, is_unknown, unnamed};
use super::line::Word;
use super::options::Options;
use super::pip;
use super::shell::Command;
use crate::model::{FactKind, without_credentials};

/// `pipx install`, and uv's `tool install`: each program has an environment of its own.
pub(super) fn python(words: &[&Word]) -> Vec<Found> {
    let found = words.iter().filter_map(|word| {
        let (name, value, address) = match pip::requirement(&word.text) {
            Some(read) => read,
            None if is_unknown(&word.text) => (word.text.clone(), String::new(), String::new()),
            None => return None,
        };
        let address = without_credentials(&address);
        Some(Found::new(FactKind::Install, &format!("pipx:{name}"), &value, &address, word).addressed())
    });
    found.collect()
}

/// `go install example.org/cmd/tool@v1.2.3`; what has no version is of the project.
pub(super) fn go(words: &[Word]) -> Vec<Found> {
    let Some((verb, words)) = words.split_first() else { return Vec::new() };
    if verb.text != "install" {
        return Vec::new();
    }
    let found = words.iter().filter(|word| !word.text.starts_with('-')).filter_map(|word| {
        let (path, version) = word.text.split_once('@')?;
        Some(Found::new(FactKind::Install, &format!("go:{path}"), version, "", word))
    });
    found.collect()
}

/// `gem install name -v 1.2`, `gem install name:1.2`.
pub(super) fn gem(words: &[Word]) -> Vec<Found> {
    const VALUED: &[&str] =
        &["-v", "--version", "-s", "--source", "-i", "--install-dir", "-n", "--bindir", "-P", "--trust-policy"];
    let options = Options::read(words, VALUED);
    let (verb, gems) = options.verb();
    if !matches!(verb, "install" | "i") {
        return Vec::new();
    }
    let version = options.one(&["-v", "--version"]);
    let source = without_credentials(options.one(&["-s", "--source"]));
    let is_local = |text: &str| text.ends_with(".gem") || text.starts_with(['.', '/']) || is_no_package(text);
    let gems = gems.iter().filter(|word| !is_local(&word.text)).map(|word| {
        let (name, own) = word.text.split_once(':').unwrap_or((&word.text, version));
        Found::new(FactKind::Install, &format!("gem:{name}"), own, &source, word).indexed(&source)
    });
    gems.collect()
}

/// `cargo install`, and `cargo build` of what is locked.
pub(super) fn cargo(command: &Command, words: &[Word]) -> Vec<Found> {
    const VALUED: &[&str] = &[
        "--version",
        "--vers",
        "--git",
        "--branch",
        "--tag",
        "--rev",
        "--path",
        "--root",
        "--features",
        "-F",
        "--target",
        "--target-dir",
        "-p",
        "--package",
        "--bin",
        "--example",
        "--profile",
        "-j",
        "--jobs",
        "--manifest-path",
        "--config",
        "-Z",
        "--index",
        "--registry",
        "--message-format",
        "--color",
        "-C",
    ];
    // `cargo +nightly build`
    let words = if words.first().is_some_and(|word| word.text.starts_with('+')) { &words[1..] } else { words };
    let options = Options::read(words, VALUED);
    let (verb, crates) = options.verb();
    let is_locked = options.has(&["--locked", "--frozen"]);
    match verb {
        "build" | "b" if is_locked => vec![unnamed(command, "Cargo.lock", "cargo")],
        "install" if is_locked && options.has(&["--path"]) => {
            let folder = options.one(&["--path"]).trim_start_matches("./");
            let file = if matches!(folder, "" | ".") {
                "Cargo.lock".to_owned()
            } else {
                options.in_folder(&["--path"], "Cargo.lock")
            };
            vec![unnamed(command, &file, "cargo")]
        }
        "install" | "binstall" if !options.has(&["--path"]) => {
            let mut source = without_credentials(options.one(&["--git", "--index", "--registry"])).into_owned();
            let version = options.one(&["--version", "--vers"]);
            if options.has(&["--git"]) {
                let revision = options.one(&["--rev", "--tag", "--branch"]);
                let name = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
                source = format!("git+{source}{}{revision}", if revision.is_empty() { "" } else { "@" });
                let name = name.trim_end_matches(".git");
                if let (true, Some((_, word))) = (crates.is_empty() && !name.is_empty(), options.all(&["--git"]).next())
                {
                    return vec![
                        Found::new(FactKind::Install, &format!("cargo:{name}"), "", &source, word).addressed(),
                    ];
                }
            }
            let crates = crates.iter().filter(|word| !is_no_package(&word.text)).map(|word| {
                let (name, own) = word.text.split_once('@').unwrap_or((&word.text, version));
                let found = Found::new(FactKind::Install, &format!("cargo:{name}"), own, &source, word);
                if options.has(&["--git"]) { found.addressed() } else { found.indexed(&source) }
            });
            crates.collect()
        }
        _ => Vec::new(),
    }
}
