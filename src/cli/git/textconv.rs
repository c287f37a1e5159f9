//! A text conversion: a line for each component, for git to compare.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Result;

use super::conflict::{self, Conflict};
use super::{bytes, shown};
use crate::cli::input::read_bytes;
use crate::formats;
use crate::graph::Resolved;
use crate::intern::Text;
use crate::outputs::tame::Tame;
use crate::outputs::text::{count, fingerprint, plain, sha256};
use crate::source::Sources;

/// How many digits of a fingerprint are shown, and how many characters of a digest.
const DIGITS: usize = 16;
const LONG: usize = 32;

/// Prints a file as a line for each component, and one that is another with each change of the file, so that git hides none;
/// as it is, where it can't be read whole.
///
/// # Errors
/// Where the file can't be read at all, or nothing can be written.
pub fn convert(file: &Path) -> Result<()> {
    let name = file.file_name().map(shown).unwrap_or_default();
    // Older gits put a mark and an underscore before the name.
    let is_known = |name: &str| formats::of_file(name).is_some();
    let name = match name.split_once('_') {
        Some((_, rest)) if !is_known(&name) && is_known(rest) => rest.to_owned(),
        _ => name,
    };
    if let Some(text) = bytes(file).ok().and_then(|bytes| converted(&name, bytes)) {
        return crate::cli::print(text.as_bytes());
    }
    let mut file = fs::File::open(file)?;
    crate::cli::print_with(&mut |to| {
        let mut to = Tame::new(to);
        io::copy(&mut file, &mut to)?;
        Ok(to.flush()?)
    })
}

/// Returns a file's lines; of one in conflict, those that both sides have, and the others between markers. None where it, or
/// a side of it, can't be read.
fn converted(name: &str, bytes: Vec<u8>) -> Option<String> {
    let mut text = String::new();
    match conflict::split(&bytes) {
        None => {
            let Listed { parts, digest } = Listed::of(name, bytes)?;
            for Part { head, lines } in &parts {
                let _ = writeln!(text, "{head}");
                lines.iter().for_each(|line| push(&mut text, line));
            }
            let _ = writeln!(text, "{digest}");
        }
        Some(Conflict { sides: [ours, theirs], markers }) => {
            let (ours, theirs) = (Listed::of(name, ours)?, Listed::of(name, theirs)?);
            let mut apart = Apart { text, sides: [String::new(), String::new()], markers };
            apart.add(&ours, &theirs);
            text = apart.text;
        }
    }
    Some(text)
}

/// A component's name, version, and what else may change of it.
type Line = (Text, Text, String);

fn push(text: &mut String, (name, version, rest): &Line) {
    let _ = writeln!(text, "{} {}{rest}", plain(name), plain(version));
}

/// A file's lines.
struct Listed {
    /// What each of its subjects holds.
    parts: Vec<Part>,
    /// What is another with each change of the file.
    digest: String,
}

/// The lines of a subject.
struct Part {
    head: String,
    /// Sorted, and each there once.
    lines: Vec<Line>,
}

impl Listed {
    /// Reads a file; none where it can't be read whole, or holds no subject.
    fn of(name: &str, bytes: Vec<u8>) -> Option<Self> {
        let digest = format!("whole file sha256:{}…", &sha256(&bytes)[..LONG]);
        let side = read_bytes(&Sources::that_keep(), name, bytes).ok()?;
        if !side.problems.is_empty() || side.graph.subjects().is_empty() {
            return None;
        }
        let parts = side.graph.subjects().iter().map(|subject| {
            let mut lines: Vec<Line> = subject.components().filter_map(line).collect();
            lines.sort();
            lines.dedup();
            Part { head: format!("{} ({})", count(lines.len(), "component"), subject.format), lines }
        });
        Some(Listed { parts: parts.collect(), digest })
    }
}

/// Text of what two sides have, with what only one has between markers.
struct Apart {
    text: String,
    /// What each has by itself since the last that both have.
    sides: [String; 2],
    /// What opens and what closes a conflict.
    markers: [String; 2],
}

impl Apart {
    fn add(&mut self, ours: &Listed, theirs: &Listed) {
        for at in 0..ours.parts.len().max(theirs.parts.len()) {
            let parts = [ours, theirs].map(|side| side.parts.get(at));
            self.pair(parts.map(|part| part.map(|part| part.head.as_str())));
            let [ours, theirs] = parts.map(|part| part.map_or(&[][..], |part| &part.lines));
            self.merge(ours, theirs);
        }
        self.pair([Some(&ours.digest), Some(&theirs.digest)]);
        self.close();
    }

    /// Adds a line of each side that stands for the other's.
    fn pair(&mut self, lines: [Option<&str>; 2]) {
        if lines[0] == lines[1] {
            self.close();
            lines[0].into_iter().for_each(|line| self.text.extend([line, "\n"]));
            return;
        }
        for (side, line) in self.sides.iter_mut().zip(lines) {
            line.into_iter().for_each(|line| side.extend([line, "\n"]));
        }
    }

    /// Adds lines that are sorted.
    fn merge(&mut self, mut ours: &[Line], mut theirs: &[Line]) {
        loop {
            let order = match (ours.first(), theirs.first()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(ours), Some(theirs)) => ours.cmp(theirs),
            };
            let to = match order {
                Ordering::Less => &mut self.sides[0],
                Ordering::Greater => &mut self.sides[1],
                Ordering::Equal => {
                    self.close();
                    &mut self.text
                }
            };
            push(to, if order.is_gt() { &theirs[0] } else { &ours[0] });
            ours = &ours[usize::from(order.is_le())..];
            theirs = &theirs[usize::from(order.is_ge())..];
        }
    }

    /// Puts what stands apart between markers.
    fn close(&mut self) {
        let [ours, theirs] = std::mem::take(&mut self.sides);
        if !ours.is_empty() || !theirs.is_empty() {
            let [open, close] = &self.markers;
            let _ = write!(self.text, "{open}\n{ours}=======\n{theirs}{close}\n");
        }
    }
}

/// Returns a component's name, version, and what else may change of it; none of the project itself.
fn line(node: Resolved<'_>) -> Option<Line> {
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
