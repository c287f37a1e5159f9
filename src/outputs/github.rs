//! The report as annotations of GitHub Actions: workflow commands, a line each.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Result;

use super::alike::{self, Told};
use super::text::{self, clip, count};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{Level, Problem, Report};
use crate::source::Location;

entry! {
    /// Annotations for GitHub Actions: findings beside the lines of a pull request.
    ///
    /// Written by itself: where `GITHUB_ACTIONS` is `true` and no `--format` is given, `driftgate check` prints the terminal's
    /// report and then the annotations, and adds the Markdown report to the summary of the job, the file that
    /// `GITHUB_STEP_SUMMARY` names. Any `--format` turns that off; `--format github` asks for annotations and summary alone.
    ///
    /// # Form
    /// A workflow command a line: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`. What could not be read
    /// and what the policy denies is an `error`, what it warns of a `warning`, and what the drift means as a whole a `notice`.
    /// Waived findings are left out. Columns are told of places within one line, as GitHub wants it. Paths are those in the
    /// repository, though a folder of it was checked: from the folder that `GITHUB_WORKSPACE` names, else from git's root. What
    /// stands in an image is told where the lockfile speaks of it.
    ///
    /// No name from a file becomes a command: line breaks and the marks of commands are written as GitHub escapes them, and
    /// what can't be seen is spelled out, as `\u{1b}`.
    ///
    /// # Limits
    /// GitHub shows 10 errors, 10 warnings and 10 notices of a step and drops the others without a word. The first of each rule
    /// goes before the second, what several subjects have in common is told once, and a last notice says how many more there
    /// are. Messages are cut below the
    /// 4,096 characters that GitHub takes. The summary is not written where it would be larger than the 1 MiB of a step.
    pub Github = "github"
}

/// How many annotations of each kind GitHub shows of a step.
const MOST: usize = 10;
/// How long a message may be, in characters; GitHub counts units of UTF-16, of which a character has two at most.
const LONGEST: usize = 2_000;

impl Output for Github {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut to = io::BufWriter::new(to);
        let of = |level: Level| ranked(report, level).into_iter().map(annotation);
        let errors: Vec<String> = report.problems.iter().map(unreadable).chain(of(Level::Deny)).collect();
        let warnings: Vec<String> = of(Level::Warn).collect();
        let headlines: Vec<String> = report.headlines.iter().map(|line| headline(line)).collect();
        let mut more = Vec::new();
        // One notice is kept back for the last.
        for (lines, most, thing) in
            [(errors, MOST, "error"), (warnings, MOST, "warning"), (headlines, MOST - 1, "notice")]
        {
            for line in lines.iter().take(most) {
                writeln!(to, "{line}")?;
            }
            if lines.len() > most {
                more.push(count(lines.len() - most, &format!("more {thing}")));
            }
        }
        if !more.is_empty() {
            let message =
                format!("{}: GitHub shows {MOST} of each in a step; --format json=FILE has all", more.join(", "));
            writeln!(to, "{}", command("notice", None, "driftgate", &message))?;
        }
        Ok(to.flush()?)
    }

    fn is_for_code_host(&self) -> bool {
        true
    }
}

/// Returns the findings of a level that no waiver lets through: the first of each rule before the second, what stands for
/// itself before what it brought about, and of each rule one in each subject before others. What is said of several
/// subjects in the same words is told once.
fn ranked(report: &Report, level: Level) -> Vec<Told<'_>> {
    let mut told = alike::told(report);
    told.retain(|told| told.first.level == level);
    let mut of_subject: HashMap<(Text, Text), usize> = HashMap::new();
    told.sort_by_cached_key(|told| {
        let number = of_subject.entry((told.first.rule, told.first.listed_under())).or_default();
        *number += 1;
        (told.first.cause.is_some(), *number)
    });
    let mut of_rule: HashMap<Text, usize> = HashMap::new();
    told.sort_by_cached_key(|told| {
        let number = of_rule.entry(told.first.rule).or_default();
        *number += 1;
        *number
    });
    told
}

fn annotation(told: Told<'_>) -> String {
    let finding = told.first;
    let mut message = clip(&finding.message, LONGEST / 2).into_owned();
    if let Some(also) = told.also() {
        let _ = write!(message, "\n{also}");
    }
    if let Some(path) = finding.paths.first() {
        let _ = write!(message, "\nbrought in by {}", text::path(path));
    }
    for line in finding.help.lines().filter(|line| !line.trim().is_empty()) {
        let _ = write!(message, "\nhelp: {}", clip(line, LONGEST / 2));
    }
    let kind = if finding.level == Level::Deny { "error" } else { "warning" };
    let title = format!("driftgate: {}", clip(finding.rule, 100));
    command(kind, Some(&finding.location), &title, &message)
}

fn unreadable(problem: &Problem) -> String {
    let message = format!("{}\nwhat driftgate says is not complete", clip(&problem.message, LONGEST / 2));
    command("error", problem.location.as_ref(), "driftgate: not read whole", &message)
}

fn headline(line: &str) -> String {
    command("notice", None, "driftgate", &clip(line, LONGEST / 2))
}

/// Returns a workflow command. Title and message hold nothing hidden but line breaks of ours.
fn command(kind: &str, at: Option<&Location>, title: &str, message: &str) -> String {
    let mut command = format!("::{kind} ");
    if let Some(at) = at.filter(|at| !at.path.is_empty()) {
        let line = at.line.max(1);
        let end_line = at.end_line.max(line);
        let _ = write!(command, "file={},line={line},", property(&text::plain(at.path)));
        if end_line == line {
            let column = at.column.max(1);
            let _ = write!(command, "col={column},endLine={line},endColumn={},", at.end_column.max(column));
        } else {
            let _ = write!(command, "endLine={end_line},");
        }
    }
    let end = message.char_indices().nth(LONGEST).map_or(message.len(), |(at, _)| at);
    let cut = if end < message.len() { "…" } else { "" };
    let _ = write!(command, "title={}::{}{cut}", property(title), data(&message[..end]));
    command
}

/// Returns a message as GitHub reads it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a property's value as GitHub reads it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outputs::samples::{self, check};

    fn page(report: &Report) -> String {
        let mut bytes = Vec::new();
        Github.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("it is text")
    }

    /// A command, as the runner reads a line of a log.
    #[derive(Debug)]
    struct Read {
        name: String,
        properties: BTreeMap<String, String>,
        message: String,
    }

    impl Read {
        fn of(line: &str) -> Option<Self> {
            let (info, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
            let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
            let undo = |text: &str| {
                let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
                text.replace("%25", "%")
            };
            let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), undo(value)));
            let properties = properties.trim().split(',').filter_map(pair).collect();
            let message = message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
            Some(Read { name: name.to_owned(), properties, message })
        }

        fn all(report: &Report) -> Vec<Self> {
            page(report).lines().map(|line| Read::of(line).unwrap_or_else(|| panic!("no command: {line}"))).collect()
        }
    }

    #[test]
    fn pages_are_as_expected() {
        for (case, report) in samples::all() {
            check("github", case, page(&report).as_bytes());
        }
    }

    #[test]
    fn what_is_written_is_what_github_reads() {
        let evil = "x,line=1::y%0A%25\n::error::z";
        let report = samples::of(&vec![evil.to_owned(); 12], "abc", 1, 1);
        let read = Read::all(&report);
        assert_eq!(read.iter().map(|read| read.name.as_str()).collect::<Vec<_>>(), ["error", "error", "notice"]);
        let spelled = evil.replace('\n', "\\n");
        for read in &read[..2] {
            assert_eq!(read.properties["file"], format!("x/{spelled}"));
            assert_eq!(read.properties.len(), 6, "{read:?}");
            assert!(read.message.starts_with(&format!("{spelled}\n")), "{read:?}");
        }
        assert_eq!(read[2].message, spelled);
    }

    #[test]
    fn no_more_than_github_shows_and_the_rest_is_counted() {
        let mut report = samples::flood(40);
        report.findings.iter_mut().skip(15).for_each(|finding| finding.level = Level::Warn);
        report.findings[14].rule = "floating-tag";
        report.headlines = vec!["it moved".to_owned(); 12];
        let read = Read::all(&report);
        let amount = |kind: &str| read.iter().filter(|read| read.name == kind).count();
        assert_eq!([amount("error"), amount("warning"), amount("notice")], [10, 10, 10]);
        let last = &read.last().expect("there are some").message;
        assert!(last.starts_with("5 more errors, 15 more warnings, 3 more notices: "), "{last}");
        // The first of another rule goes before the second of the same.
        assert!(read[1].properties["title"].contains("floating-tag"), "{:?}", read[1]);
    }

    #[test]
    fn columns_are_told_of_one_line_alone_and_messages_are_cut() {
        let mut report = samples::flood(1);
        report.findings[0].message = "\u{1f980}".repeat(9_000);
        report.findings[0].help = "line\n".repeat(900);
        let read = Read::all(&report).remove(0);
        assert_eq!(read.properties["endColumn"], "10");
        assert!(read.message.encode_utf16().count() < 4_096);
        report.findings[0].location.end_line = 4;
        let read = Read::all(&report).remove(0);
        assert_eq!(read.properties.keys().collect::<Vec<_>>(), ["endLine", "file", "line", "title"]);
    }
}
