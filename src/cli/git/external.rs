//! An external diff: the packages that changed in a file, and the lines where none did.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::bytes;
use crate::cli::input::read_bytes;
use crate::cli::options::{Color, Outputs, timestamp};
use crate::outputs::text::plain;
use crate::report::Report;
use crate::source::Sources;
use crate::{Side, diff};

/// How git names a side that is not there.
pub const NOTHING: &str = "/dev/null";

/// The mode of a side that is not there.
const NO_MODE: &str = ".";

/// One file on both sides.
pub struct Pair<'a> {
    /// Its paths, for people.
    pub from: String,
    /// The same on the new side.
    pub to: String,
    /// Where the old side's content stands.
    pub old: &'a Path,
    /// Where the new side's does.
    pub new: &'a Path,
    /// The modes of both sides.
    pub modes: [String; 2],
    /// What git says of a file that was renamed or copied; else empty.
    pub moved: &'a str,
}

impl Pair<'_> {
    /// Shows what changed.
    ///
    /// # Errors
    /// Where git can't be run, or nothing can be written.
    pub fn show(&self, outputs: &Outputs) -> Result<()> {
        let color = is_colored(outputs);
        let outputs = Outputs { color: if color { Color::Always } else { Color::Never }, ..outputs.clone() };
        let facts = self.facts();
        let mut head = String::new();
        let bold = anstyle::Style::new().bold();
        for line in std::iter::once(format!("diff --driftgate a/{} b/{}", self.from, self.to)).chain(facts.clone()) {
            let _ = if color { writeln!(head, "{bold}{line}{bold:#}") } else { writeln!(head, "{line}") };
        }
        crate::cli::print(head.as_bytes())?;
        let (Ok(old), Ok(new)) = (bytes(self.old), bytes(self.new)) else { return self.lines(color) };
        if old == new {
            let is_said = !facts.is_empty();
            return if is_said { Ok(()) } else { crate::cli::print(b"the content is the same\n") };
        }
        if !self.modes.iter().all(|mode| is_file(mode)) {
            return self.lines(color);
        }
        let sources = Sources::that_keep();
        let side = |name: &str, file: &Path, bytes: Vec<u8>| match file == Path::new(NOTHING) {
            true => Ok(Side::default()),
            false => read_bytes(&sources, name, bytes),
        };
        let (Ok(old), Ok(new)) = (side(&self.from, self.old, old), side(&self.to, self.new, new)) else {
            return self.lines(color);
        };
        let mut report = diff(old, new, &sources);
        if !report.problems.is_empty() {
            report.problems.iter().for_each(|problem| crate::cli::say(&problem.to_string()));
            return self.lines(color);
        }
        report.sources = sources;
        report.timestamp = timestamp()?;
        // What asks for an output of its own is no reader of lines.
        let is_read = outputs.format.is_empty() && outputs.template.is_empty() && outputs.quiet < 2;
        if is_read && report.changes.is_empty() {
            crate::cli::print(b"no package changes\n")?;
        } else {
            outputs.write(&mut report, "terminal")?;
        }
        if is_read && outputs.quiet == 0 && has_no_package(&report) { self.lines(color) } else { Ok(()) }
    }

    /// Returns what changed beside the content, as git says it: the modes, the name.
    fn facts(&self) -> Vec<String> {
        let mut facts = match &self.modes {
            [old, new] if old == new => Vec::new(),
            [old, new] if old == NO_MODE => vec![format!("new file mode {new}")],
            [old, new] if new == NO_MODE => vec![format!("deleted file mode {old}")],
            [old, new] => vec![format!("old mode {old}"), format!("new mode {new}")],
        };
        let moved = self.moved.lines().filter(|line| !line.starts_with("index "));
        facts.extend(moved.map(|line| plain(line).into_owned()));
        facts
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
        // What stands above names git's own files. A line may end with a carriage return, which is of its content.
        let body: Vec<&str> = text.split_inclusive('\n').skip_while(|line| !is_hunk(line)).collect();
        if body.is_empty() {
            let is_same = output.status.success();
            let said = if is_same { "the content is the same\n" } else { "the files differ, and are no text\n" };
            return crate::cli::print(said.as_bytes());
        }
        let name = |file: &Path, side: char, name: &str| match file == Path::new(NOTHING) {
            true => NOTHING.to_owned(),
            false => format!("{side}/{name}"),
        };
        let (old, new) = (name(self.old, 'a', &self.from), name(self.new, 'b', &self.to));
        crate::cli::print(format!("--- {old}\n+++ {new}\n{}", body.concat()).as_bytes())
    }
}

/// Says whether a mode is that of a file, or of a side that is not there.
fn is_file(mode: &str) -> bool {
    mode.starts_with("100") || mode == NO_MODE
}

/// Says whether a line of a diff begins a hunk, in colour or not.
fn is_hunk(line: &str) -> bool {
    let mut line = line;
    while let Some((_, rest)) = line.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')) {
        line = rest;
    }
    line.starts_with("@@ ")
}

/// Says whether no package changed, but the project itself at most.
fn has_no_package(report: &Report) -> bool {
    let nodes = report.resolved.subjects().iter().flat_map(|subject| subject.components());
    let roots: BTreeSet<_> = nodes.filter(|node| node.is_root()).map(|node| node.component.purl.as_str()).collect();
    report.changes.iter().all(|change| roots.contains(change.purl))
}

/// Says whether git itself would write colours here, by its configuration and for its pager. What stands on git's own command
/// line (`--no-color`) it tells nobody.
fn is_colored(outputs: &Outputs) -> bool {
    let is_usual = outputs.style(false).color;
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !matches!(outputs.color, Color::Auto) || is_set("NO_COLOR") {
        return is_usual;
    }
    let config = |arguments: &[&str]| {
        let mut git = Command::new("git");
        // With a terminal said to be there or not, git asks for its pager no more.
        git.arg("config").args(arguments).env_remove("GIT_PAGER_IN_USE").stdin(Stdio::null()).stderr(Stdio::null());
        let said = git.output().ok().filter(|output| output.status.success())?;
        String::from_utf8_lossy(&said.stdout).trim().parse::<bool>().ok()
    };
    let pager = || is_set("GIT_PAGER_IN_USE") && config(&["--type=bool", "--get", "color.pager"]).unwrap_or(true);
    let is_shown = stdout().is_terminal() || pager();
    config(&["--get-colorbool", "color.diff", if is_shown { "true" } else { "false" }]).unwrap_or(is_usual)
}
