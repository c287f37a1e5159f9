//! The report for programs, as `docs` of [`Json`] and the design page promise it.

mod changes;
mod images;
mod stacks;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use anyhow::Result;
use serde::{Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};

use super::tally::Tally;
use super::text::{begins_command, fingerprint, hides, is_seen};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{CauseLine, ChangeLine, Finding, Level, Problem, Related, Report};
use crate::source::Location;
use changes::Change;
use images::Image;
use stacks::Stack;

entry! {
    /// The whole report for programs: versioned JSON.
    ///
    /// One object, two blanks an indent, a newline at its end. `schema` is 1 and moves when a field changes its meaning;
    /// fields may be added without that. `driftgate schema report` prints its JSON Schema. Templates (`--template`) know
    /// it all by these names.
    ///
    /// # Fields
    /// `schema`: 1. `driftgate`: the version that wrote it.
    ///
    /// `changes`: the differences, as facts. Each has `kind` (`added`, `removed`, `upgraded`, `downgraded`, `changed`),
    /// `purl` (the new one, or the old one of what was removed), `name`, `ecosystem` (the purl's type), `subject`,
    /// `from` (null for added), `to` (null for removed), `direct`, `scope` (null where nothing requires it), `what`
    /// (`version`, `integrity`, `integrity-weakened`, `source`, `licence`, `scope`, `environment`, `variant`),
    /// `differences` (of what differs beside the version: `what`, and in words `from` and `to`), `introduced_by` (a path of
    /// names from the root for each direct requirement that brings it in), `old` and `new` (`path`, `line`, `column`, or null).
    ///
    /// `problems`: what could not be read whole: `path`, `line`, `column` (null where no file is known), `message`.
    ///
    /// `summary`: `errors`, `warnings`, `waived`, `problems`, `subjects`, `components`, `changes` (how many of each kind),
    /// `gate` (the level that fails the run, or null), `exit_code`.
    ///
    /// `findings`: `rule`, `level` (`deny` or `warn`), `message`, `help`, `notes` (the argument, a step each), `subject` (empty for the policy), `purl` (or
    /// null), `at` (`path`, `line`, `column`, `end_line`, `end_column`; ends are just past the last character),
    /// `related` (`path`, `line`, `column`, `note`), `introduced_by`, `fingerprint` (the same tomorrow, when lines have
    /// moved), `cause` (the purl whose change brought it about, or null), `waived` (null, or `reason`, `owner`, `until`, `path`,
    /// `line`, `column`).
    ///
    /// `subjects`: `path`, `format`, `components`, `edges`. `edges`: requirements that came or went: `kind` (`gained` or
    /// `lost`), `subject`, `from`, `to`. `notes`: what was not compared, and why. `headlines`: what the drift
    /// means as a whole, a line each.
    ///
    /// `causes`: which changes have one cause; each change is of one. `kind` (`direct`: what the project requires, with what
    /// came with it; `transitive`: likewise of what others require and came with nothing; `edges`: a component that is the
    /// same and requires others; `refresh`: what moved though nothing that requires it did; `source`: packages from another
    /// host; `content`, `project`, `subject`), `purl` (that of the component which stands for it, or null), `from` and `to` (its
    /// versions, or the hosts), `subjects`, `changes` (their numbers in `changes`, from 0, subject by subject, the one that
    /// stands for it first), `perhaps` (likewise, of those that it asks for and that may have come without it).
    ///
    /// `images`: of each image at hand and each lockfile that it is built from: `image`, `lock`, `installed` (the
    /// environment's subject), `approved` (whether the BOM pins the lockfile), `same` (how many packages are the same
    /// wherever they are known), `rows` (the others: `purl` less the version, `name`, `approved`, `locked`, `installed`
    /// (versions each), `meaning` (`replaced`, `behind`, `unapproved`, `apart`, `content`, `missing`, `extra`), `layer`
    /// (null, or `number`, `digest`, `created_by`)).
    ///
    /// `stacks`: of each GPU stack: `name`, `driver` (the least one; null where it needs none or that is not known), `because`,
    /// `targets` (`name`, `driver`, `gpus`, `verdict` (`runs`, `fails at start`), `level` (`allow`, `warn`, `deny`), `because`).
    ///
    /// Lines count from 1, columns in characters from 1. What can't be seen in a string is written as `\uXXXX`.
    pub Json = "json"
}

impl Output for Json {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        write(&Document::of(report), to)
    }
}

/// Writes a value as indented JSON that shows nothing but what can be seen, and a newline.
pub fn write(value: &impl Serialize, to: &mut dyn io::Write) -> Result<()> {
    let mut to = io::BufWriter::with_capacity(64 << 10, to);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut to, Seen(PrettyFormatter::new())))?;
    io::Write::write_all(&mut to, b"\n")?;
    Ok(io::Write::flush(&mut to)?)
}

/// Serializes each of `items` as `shape` makes it, one at a time.
pub fn each<'r, T, R: Serialize, S: Serializer>(
    items: &'r [T],
    shape: impl FnMut(&'r T) -> R,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(items.iter().map(shape))
}

/// The document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document<'r> {
    /// The form of this document: moves when a field changes its meaning.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u32,
    /// The version of driftgate that wrote it.
    driftgate: &'static str,
    /// The differences, as facts.
    #[cfg_attr(test, schemars(with = "Vec<Change<'static>>"))]
    #[serde(serialize_with = "changes")]
    changes: &'r [ChangeLine],
    /// What could not be read whole.
    #[cfg_attr(test, schemars(with = "Vec<Trouble<'static>>"))]
    #[serde(serialize_with = "problems")]
    problems: &'r [Problem],
    /// The whole in numbers.
    summary: Summary,
    /// What the rules found.
    #[cfg_attr(test, schemars(with = "Vec<Found<'static>>"))]
    #[serde(serialize_with = "findings")]
    findings: &'r [Finding],
    /// What was looked at.
    subjects: Vec<Subject>,
    /// Requirements that came or went.
    edges: Vec<Edge>,
    /// Which changes have one cause; each change is of one.
    causes: Vec<Cause<'r>>,
    /// What was not compared, and why.
    notes: &'r [String],
    /// What the drift means as a whole, a line each.
    headlines: &'r [String],
    /// Of each image at hand and each lockfile that it is built from: what is approved, locked and installed.
    images: Vec<Image<'r>>,
    /// Of each GPU stack: the least driver, and what becomes of it on the policy's targets.
    stacks: Vec<Stack<'r>>,
}

impl<'r> Document<'r> {
    /// Returns the document of a report.
    pub fn of(report: &'r Report) -> Self {
        let subject = |line: &crate::report::SubjectLine| Subject {
            path: line.path,
            format: line.format,
            components: line.components,
            edges: line.edges,
        };
        let edge = |line: &crate::report::EdgeLine| Edge {
            kind: line.kind,
            subject: line.subject,
            from: line.from,
            to: line.to,
        };
        Document {
            schema: 1,
            driftgate: env!("CARGO_PKG_VERSION"),
            changes: &report.changes,
            problems: &report.problems,
            summary: Summary::of(report),
            findings: &report.findings,
            subjects: report.subjects.iter().map(subject).collect(),
            edges: report.edges.iter().map(edge).collect(),
            causes: report.causes.iter().map(|cause| Cause::of(cause, report)).collect(),
            notes: &report.notes,
            headlines: &report.headlines,
            images: report.images.iter().map(Image::of).collect(),
            stacks: report.stacks.iter().map(|stack| Stack::of(stack, report)).collect(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cause<'r> {
    /// What kind of cause it is.
    kind: Text,
    /// The component that stands for it.
    purl: Option<Text>,
    /// Its version before; of a move between hosts, the old one.
    from: Option<Text>,
    /// Its version after; of a move between hosts, the new one.
    to: Option<Text>,
    /// The subjects that it is found in.
    subjects: &'r [Text],
    /// The numbers of its changes in `changes`, from 0, the one that stands for it first.
    changes: &'r [usize],
    /// Likewise, of those that it asks for and that may have come without it.
    perhaps: &'r [usize],
}

impl<'r> Cause<'r> {
    fn of(cause: &'r CauseLine, report: &Report) -> Self {
        // Of a move between hosts, these; else the step of the component that stands for it.
        let lead =
            cause.changes.first().map(|at| &report.changes[*at]).filter(|change| Some(change.purl) == cause.purl);
        let step = cause.moved.map(|(from, to)| (Some(from), Some(to)));
        let (from, to) = step.or(lead.map(|lead| (lead.from, lead.to))).unwrap_or_default();
        Cause {
            kind: cause.kind,
            purl: cause.purl,
            from,
            to,
            subjects: &cause.subjects,
            changes: &cause.changes,
            perhaps: &cause.perhaps,
        }
    }
}

fn changes<S: Serializer>(changes: &&[ChangeLine], to: S) -> Result<S::Ok, S::Error> {
    each(changes, Change::of, to)
}

fn problems<S: Serializer>(problems: &&[Problem], to: S) -> Result<S::Ok, S::Error> {
    each(problems, Trouble::of, to)
}

fn findings<S: Serializer>(findings: &&[Finding], to: S) -> Result<S::Ok, S::Error> {
    each(findings, Found::of, to)
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Spot {
    /// Relative to the tree's root, with forward slashes.
    path: Text,
    /// From 1.
    line: u32,
    /// In characters, from 1.
    column: u32,
}

impl Spot {
    fn of(location: &Location) -> Self {
        Spot { path: location.path, line: location.line, column: location.column }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Trouble<'r> {
    /// Null where no file is known.
    path: Option<Text>,
    /// From 1.
    line: Option<u32>,
    /// In characters, from 1.
    column: Option<u32>,
    /// What is wrong.
    message: &'r str,
}

impl<'r> Trouble<'r> {
    fn of(problem: &'r Problem) -> Self {
        let at = problem.location.as_ref();
        Trouble {
            path: at.map(|at| at.path),
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
            message: &problem.message,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    /// Findings that are denied.
    errors: usize,
    /// Findings that are warned of.
    warnings: usize,
    /// Findings let through.
    waived: usize,
    /// What could not be read whole.
    problems: usize,
    /// How many were looked at.
    subjects: usize,
    /// How many they resolve to.
    components: usize,
    /// How many of each kind.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, usize>"))]
    #[serde(serialize_with = "kinds")]
    changes: Vec<(Text, usize)>,
    /// The level that fails the run.
    gate: Option<&'static str>,
    /// 0 clean, 1 findings at or above the gate, 2 not all work could be done.
    #[cfg_attr(test, schemars(range(max = 2)))]
    exit_code: u8,
}

impl Summary {
    fn of(report: &Report) -> Self {
        let tally = Tally::of(report);
        Summary {
            errors: tally.errors,
            warnings: tally.warnings,
            waived: tally.waived,
            problems: report.problems.len(),
            subjects: tally.subjects,
            components: tally.components,
            changes: tally.kinds,
            gate: report.gate.map(level),
            exit_code: report.exit_code(),
        }
    }
}

fn kinds<S: Serializer>(kinds: &[(Text, usize)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(kinds.iter().copied())
}

/// Returns a level as the policy spells it.
fn level(level: Level) -> &'static str {
    match level {
        Level::Allow => "allow",
        Level::Warn => "warn",
        Level::Deny => "deny",
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found<'r> {
    /// The rule that found it.
    rule: Text,
    /// How much it weighs.
    #[cfg_attr(test, schemars(extend("enum" = ["deny", "warn"])))]
    level: &'static str,
    /// What is wrong.
    message: &'r str,
    /// What to do, a line each.
    help: &'r str,
    /// The argument, a step each.
    notes: &'r [String],
    /// The lockfile or manifest; empty for the policy.
    subject: Text,
    /// The component that it is about.
    purl: Option<Text>,
    /// Where.
    at: Span,
    /// What else belongs to it.
    related: Vec<Beside>,
    /// A path of names from the root for each direct requirement that brings it in.
    introduced_by: &'r [Vec<Text>],
    /// The same tomorrow, when lines have moved.
    fingerprint: String,
    /// The component whose change brought it about, or asks for it; null where it stands for itself.
    cause: Option<Text>,
    /// The waiver that lets it through.
    waived: Option<Waived<'r>>,
}

impl<'r> Found<'r> {
    fn of(finding: &'r Finding) -> Self {
        Found {
            rule: finding.rule,
            level: level(finding.level),
            message: &finding.message,
            help: &finding.help,
            notes: &finding.notes,
            subject: finding.subject,
            purl: finding.purl,
            at: Span {
                spot: Spot::of(&finding.location),
                end_line: finding.location.end_line,
                end_column: finding.location.end_column,
            },
            related: finding.related.iter().map(Beside::of).collect(),
            introduced_by: &finding.paths,
            fingerprint: fingerprint(&finding.identity),
            cause: finding.cause,
            waived: finding.waived.as_ref().map(|waived| Waived {
                reason: &waived.reason,
                owner: &waived.owner,
                until: &waived.until,
                spot: Spot::of(&waived.location),
            }),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Span {
    #[serde(flatten)]
    spot: Spot,
    /// Just past the last character.
    end_line: u32,
    /// Just past the last character.
    end_column: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Beside {
    #[serde(flatten)]
    spot: Spot,
    /// What stands there.
    note: Text,
}

impl Beside {
    fn of(related: &Related) -> Self {
        Beside { spot: Spot::of(&related.location), note: related.note }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Waived<'r> {
    /// Why.
    reason: &'r str,
    /// Who answers for it.
    owner: &'r str,
    /// The last day on which it holds.
    until: &'r str,
    #[serde(flatten)]
    spot: Spot,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Subject {
    /// The lockfile, manifest or environment.
    path: Text,
    /// The format that it was read by.
    format: Text,
    /// How many it resolves to.
    components: usize,
    /// How many requirements lead to them.
    edges: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Edge {
    /// What became of it.
    #[cfg_attr(test, schemars(extend("enum" = ["gained", "lost"])))]
    kind: Text,
    /// The lockfile or manifest.
    subject: Text,
    /// Who requires.
    from: Text,
    /// What is required.
    to: Text,
}

/// Returns JSON, or a part of it, with what can't be seen and what a CI system obeys as `\uXXXX`, which is the very same
/// string; but for line breaks.
pub fn seen(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| c != '\n' && hides(c)) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let acts = |at: usize, c: char| (c != '\n' && hides(c)) || (c == '[' && begins_command(&text[..at]));
    let mut shown = String::with_capacity(text.len() + 16);
    let mut written = 0;
    for (at, c) in text.char_indices().filter(|(at, c)| acts(*at, *c)) {
        shown.push_str(&text[written..at]);
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
        written = at + c.len_utf8();
    }
    shown.push_str(&text[written..]);
    Cow::Owned(shown)
}

/// Writes strings as [`seen`] does.
struct Seen(PrettyFormatter<'static>);

impl Formatter for Seen {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        if is_seen(fragment) && !fragment.contains("##") {
            return to.write_all(fragment.as_bytes());
        }
        to.write_all(seen(fragment).as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    #[test]
    fn documents_are_as_expected() {
        for (case, report) in samples::all() {
            let mut bytes = Vec::new();
            Json.write(&report, Style::default(), &mut bytes).expect("a Vec takes all");
            check("json", case, &bytes);
        }
    }
}
