//! `driftgate diff --git`: what git runs to show how a lockfile changed.
//!
//! Git's two ways are told apart by what it sets: an external diff (`diff.NAME.command`) is given the path and both sides,
//! and a count in `GIT_DIFF_PATH_COUNTER`; a text conversion (`diff.NAME.textconv`) is given one file. Git gives up on the
//! whole diff where either fails, so what can't be read is shown as git would show it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::Outcome;
use super::input::read_bytes;
use super::options::{Outputs, timestamp};
use crate::formats;
use crate::graph::Resolved;
use crate::intern::Text;
use crate::outputs::tame::Tame;
use crate::outputs::text::{count, fingerprint, plain};
use crate::source::{MAX_FILE, Sources};
use crate::{Side, diff};

/// What git set for an external diff alone.
const COUNTER: &str = "GIT_DIFF_PATH_COUNTER";

/// How git names a side that is not there.
const NOTHING: &str = "/dev/null";

/// How many digits of a fingerprint are shown, and how many characters of a digest.
const DIGITS: usize = 16;
const LONG: usize = 32;

/// Shows what git asks for.
///
/// # Errors
/// Where these are no arguments of git, and where a file can't be read at all.
pub fn run(arguments: &[OsString], outputs: &Outputs) -> Result<Outcome> {
    match arguments {
        [path] if std::env::var_os(COUNTER).is_some() => {
            super::print(format!("* Unmerged path {}\n", shown(path)).as_bytes())?;
        }
        [file] => convert(Path::new(file))?,
        // A renamed file has its new path and a text about that besides.
        [path, old, _, old_mode, new, _, new_mode, rest @ ..] if matches!(rest.len(), 0 | 2) => {
            let to = rest.first().unwrap_or(path);
            let pair = Pair { from: shown(path), to: shown(to), old: Path::new(old), new: Path::new(new) };
            let is_link = [old_mode, new_mode].iter().any(|mode| mode.to_str().is_some_and(|mode| !is_file(mode)));
            pair.show(is_link, outputs)?;
        }
        _ => bail!("--git is for git: it gives one file, or a path with both sides; see `driftgate diff --help`"),
    }
    Ok(Outcome::Clean)
}

/// Says whether a mode is that of a file, or of a side that is not there.
fn is_file(mode: &str) -> bool {
    mode.starts_with("100") || mode == "."
}

/// Returns a path for people.
fn shown(path: &OsStr) -> String {
    plain(&path.to_string_lossy()).into_owned()
}

/// One file on both sides.
struct Pair<'a> {
    from: String,
    to: String,
    old: &'a Path,
    new: &'a Path,
}

impl Pair<'_> {
    fn show(&self, is_link: bool, outputs: &Outputs) -> Result<()> {
        let head = format!("diff --driftgate a/{} b/{}\n", self.from, self.to);
        let bold = anstyle::Style::new().bold();
        let style = outputs.style(false);
        super::print(if style.color { format!("{bold}{head}{bold:#}") } else { head }.as_bytes())?;
        let sources = Sources::that_keep();
        let side = |name: &str, file: &Path| side(&sources, name, file);
        match side(&self.from, self.old).and_then(|old| Ok((old, side(&self.to, self.new)?))) {
            Ok((old, new)) if !is_link => {
                let mut report = diff(old, new, &sources);
                if !report.problems.is_empty() {
                    report.problems.iter().for_each(|problem| super::say(&problem.to_string()));
                    return self.lines(style.color);
                }
                report.sources = sources;
                report.timestamp = timestamp()?;
                outputs.write(&mut report, "terminal")
            }
            _ => self.lines(style.color),
        }
    }

    /// Shows the sides as git does, line by line.
    fn lines(&self, color: bool) -> Result<()> {
        let mut git = Command::new("git");
        git.args(["--no-pager", "diff", "--no-index", "--no-ext-diff", "--no-textconv"])
            .arg(if color { "--color=always" } else { "--color=never" })
            .arg("--")
            .args([self.old, self.new])
            .env_remove("GIT_EXTERNAL_DIFF")
            .stdin(Stdio::null());
        let output = git.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        // What stands above names git's own files.
        let body: Vec<&str> = text.lines().skip_while(|line| !line.contains("@@ ")).collect();
        if body.is_empty() {
            let is_same = output.status.success();
            let said = if is_same { "the content is the same\n" } else { "the files differ, and are no text\n" };
            return super::print(said.as_bytes());
        }
        let text = format!("--- a/{}\n+++ b/{}\n{}\n", self.from, self.to, body.join("\n"));
        super::print(text.as_bytes())
    }
}

/// Reads one side as the file of this name.
fn side(sources: &Sources, name: &str, file: &Path) -> Result<Side> {
    if file == Path::new(NOTHING) {
        return Ok(Side::default());
    }
    read_bytes(sources, name, bytes(file)?)
}

fn bytes(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        bail!("the file is too large");
    }
    Ok(bytes)
}

/// Prints a file as a line for each component, for git to compare; as it is, where it can't be read whole.
fn convert(file: &Path) -> Result<()> {
    let name = file.file_name().map(shown).unwrap_or_default();
    // Older gits put a mark and an underscore before the name.
    let is_known = |name: &str| formats::of_file(name).is_some();
    let name = match name.split_once('_') {
        Some((_, rest)) if !is_known(&name) && is_known(rest) => rest.to_owned(),
        _ => name,
    };
    let sources = Sources::that_keep();
    match side(&sources, &name, file) {
        Ok(side) if side.problems.is_empty() && !side.graph.subjects().is_empty() => {
            let mut text = String::new();
            for subject in side.graph.subjects() {
                let mut lines: Vec<(Text, Text, String)> = subject.components().filter_map(line).collect();
                lines.sort();
                lines.dedup();
                let _ = writeln!(text, "{} ({})", count(lines.len(), "component"), subject.format);
                lines.iter().for_each(|(name, version, rest)| {
                    let _ = writeln!(text, "{} {}{rest}", plain(name), plain(version));
                });
            }
            super::print(text.as_bytes())
        }
        _ => {
            let mut file = fs::File::open(file)?;
            super::print_with(&mut |to| {
                let mut to = Tame::new(to);
                io::copy(&mut file, &mut to)?;
                Ok(io::Write::flush(&mut to)?)
            })
        }
    }
}

/// Returns a component's name, version, and what else may change of it; none of the project itself.
fn line(node: Resolved<'_>) -> Option<(Text, Text, String)> {
    if node.is_root() {
        return None;
    }
    let component = node.component;
    let mut rest = String::new();
    let mut add = |word: &str| {
        let _ = write!(rest, " {}", plain(word));
    };
    if node.is_direct() {
        add("direct");
    }
    node.scope().into_iter().for_each(|scope| add(scope.name()));
    if !node.environment().is_empty() {
        add(&format!("[{}]", node.environment()));
    }
    component.origin.address().into_iter().for_each(&mut add);
    if !component.digests.is_empty() {
        let digests: Vec<String> = component.digests.iter().map(ToString::to_string).collect();
        add(&match digests.as_slice() {
            [one] if one.len() > LONG => format!("{}…", &one[..LONG]),
            [one] => one.clone(),
            several => format!("{} {}", count(several.len(), "digest"), &fingerprint(&several.join(" "))[..DIGITS]),
        });
    }
    Some((component.name(), component.version(), rest))
}
