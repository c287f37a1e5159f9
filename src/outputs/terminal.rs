//! The report for a person at a screen: diagnostics with the lines they stand on, then a summary.

mod changes;
mod findings;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Effects};
use anyhow::Result;

use super::alike::{self, Told};
use super::caused::caused;
use super::columns;
use super::links::Links;
use super::tally::Tally;
use super::tame::Tame;
use super::text::{self, clip, count, number};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{Finding, ImageRow, ImageTable, Level, Problem, Report};

entry! {
    /// Diagnostics for people, with the lines they stand on, and a summary.
    ///
    /// What could not be read comes first. Each finding then shows its rule, the line it stands on, the places that belong
    /// to it, the ways by which its component gets in, and how to mend it. What brought others about has them under it, and
    /// what several subjects have in common is told once. Where one rule finds much in one subject, the
    /// first are shown in full and the rest a line each: `path:line:column rule message`.
    ///
    /// A comparison that nobody judges is a list by subject: `+` added, `-` removed, `~` upgraded, `↓` downgraded, `!` the
    /// same version with other content. What has one cause stands together: under a direct change what came with it, the
    /// packages of a family as one (`nvidia-*-cu12`), the same changes of several subjects once. What moved though nothing
    /// that requires it changed is a refresh of the lockfile; what may have come by itself is told apart, where the lockfile
    /// names no ranges.
    ///
    /// # Options
    /// `--all` shows each finding and each change by itself, whatever brought it about; `-v` shows all findings in full, waived
    /// ones, and requirements that came and went; `-q` shows the summary alone, `-qq` nothing. On a terminal, tables are as wide as it is, and locations are
    /// links to their files where it has links; in pipes and files there is neither limit nor link.
    /// Characters that a terminal obeys or that can't be seen are spelled out, as `\u{1b}`, and so is what CI systems would
    /// take for a command in a log: `##\u{5b}error]`, and `\u{3a}:error::` at the start of a line.
    pub Terminal = "terminal"
}

/// How many subjects a summary lists.
const SUBJECTS: usize = 20;
/// How many rows of a table of an image are shown.
const ROWS: usize = 30;
impl Output for Terminal {
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut to = Tame::new(io::BufWriter::new(to));
        let caused = if style.verbose || style.all { BTreeMap::new() } else { caused(report) };
        let links = Links::new(style.host, &report.sources);
        let (tally, told) = (Tally::of(report), BTreeSet::new());
        let alike = if style.verbose || style.all { Vec::new() } else { alike::told(report) };
        let alike = alike.into_iter().filter(|told| !told.others.is_empty());
        let alike = alike.map(|told| (std::ptr::from_ref(told.first), told)).collect();
        let mut screen = Screen { report, style, tally, links, caused, told, alike, to: &mut to };
        screen.problems()?;
        screen.headlines()?;
        if !style.quiet {
            screen.findings()?;
            if report.findings.is_empty() && (report.gate.is_none() || style.verbose) {
                screen.changes()?;
            }
            screen.details()?;
            screen.images()?;
            screen.notes()?;
        }
        screen.summary()?;
        Ok(io::Write::flush(&mut to)?)
    }
}

struct Screen<'s> {
    report: &'s Report,
    style: Style,
    tally: Tally,
    links: Links<'s>,
    /// By subject and purl of a finding, what it brought about.
    caused: BTreeMap<(Text, Text), Vec<&'s Finding>>,
    /// Of which of these it has been told: two findings about one component tell it once.
    told: BTreeSet<(Text, Text)>,
    /// What is found in several subjects in the same words, by the first of each.
    alike: HashMap<*const Finding, Told<'s>>,
    to: &'s mut dyn io::Write,
}

impl<'s> Screen<'s> {
    fn problems(&mut self) -> Result<()> {
        let problems = &self.report.problems;
        if problems.is_empty() {
            return Ok(());
        }
        let heading = self.paint(Level::Deny, &count(problems.len(), "problem"));
        writeln!(self.to, "{heading}: not everything could be read, so what follows is not complete")?;
        for Problem { location, message } in problems {
            let place =
                location.as_ref().map(|location| format!("{}: ", self.links.of(location.path, text::at(location))));
            let place = place.unwrap_or_default();
            writeln!(self.to, "  {}: {place}{}", self.paint(Level::Deny, "error"), clip(message, 1_000))?;
        }
        Ok(writeln!(self.to)?)
    }

    /// Says what the drift means as a whole.
    fn headlines(&mut self) -> Result<()> {
        for line in &self.report.headlines {
            writeln!(self.to, "{}", self.bold(&clip(line, 1_000)))?;
        }
        if !self.report.headlines.is_empty() {
            writeln!(self.to)?;
        }
        Ok(())
    }

    /// Shows what `-v` asks for: waived findings, requirements that came and went.
    fn details(&mut self) -> Result<()> {
        if !self.style.verbose {
            return Ok(());
        }
        for finding in &self.report.findings {
            let Some(waived) = &finding.waived else {
                continue;
            };
            let place = self.links.at(finding.place, text::at(&finding.location));
            write!(self.to, "waived: {place} {} {}", clip(finding.rule, 100), clip(&finding.message, 400))?;
            let mut because = vec![clip(&waived.reason, 400).into_owned()];
            if !waived.owner.is_empty() {
                because.push(format!("owner {}", clip(&waived.owner, 100)));
            }
            if !waived.until.is_empty() {
                because.push(format!("until {}", clip(&waived.until, 20)));
            }
            because.retain(|part| !part.is_empty());
            let there = self.links.of(waived.location.path, text::at(&waived.location));
            writeln!(self.to, " ({}; {there})", because.join(", "))?;
        }
        for edge in &self.report.edges {
            let (from, to) = (clip(edge.from, 200), clip(edge.to, 200));
            writeln!(self.to, "{}: {} requires {to} in {}", clip(edge.kind, 20), from, clip(edge.subject, 400))?;
        }
        Ok(())
    }

    /// Shows what is approved, locked and installed, where that is not the same.
    fn images(&mut self) -> Result<()> {
        for table in &self.report.images {
            let (image, lock) = (clip(table.image, 200), clip(table.lock, 200));
            writeln!(self.to, "{}", self.bold(&format!("the image {image} and {lock}")))?;
            let most = if self.style.verbose || table.rows.len() <= ROWS + 1 { table.rows.len() } else { ROWS };
            let heads = ["package", "approved", "locked", "installed", "what it means"].map(str::to_owned);
            let rows = table.rows[..most].iter().map(|row| image_row(table, row).to_vec());
            let rows: Vec<Vec<String>> = std::iter::once(heads.to_vec()).filter(|_| most > 0).chain(rows).collect();
            for line in columns::lines(&rows, 2, self.style.width) {
                writeln!(self.to, "{line}")?;
            }
            if most < table.rows.len() {
                writeln!(self.to, "  and {} more; -v shows all", number(table.rows.len() - most))?;
            }
            let same = count(table.same, "package");
            let beside = if table.rows.is_empty() { "" } else { "else, " };
            let places = if table.is_approved { "locked and installed as approved" } else { "installed as locked" };
            for line in columns::lines(&[vec![format!("{beside}{same} {places}")]], 2, self.style.width) {
                writeln!(self.to, "{line}")?;
            }
            writeln!(self.to)?;
        }
        Ok(())
    }

    fn notes(&mut self) -> Result<()> {
        for note in &self.report.notes {
            writeln!(self.to, "{}: {}", self.bold("note"), clip(note, 1_000))?;
        }
        Ok(())
    }

    fn summary(&mut self) -> Result<()> {
        let Tally { waived, .. } = self.tally;
        let waived = if waived > 0 { format!("; {} waived", number(waived)) } else { String::new() };
        let (extent, changes) = (self.tally.extent(), self.tally.changes());
        let changed = !self.report.changes.is_empty();
        if self.tally.findings() == 0 {
            return Ok(match (self.report.gate, self.report.problems.is_empty()) {
                (None, _) if changed => writeln!(self.to, "{changes} ({extent}){waived}"),
                (None, _) => writeln!(self.to, "no changes ({extent}){waived}"),
                (Some(_), false) => writeln!(self.to, "no findings in what could be read ({extent}){waived}"),
                (Some(_), true) if self.tally.subjects == 0 && !changed => {
                    writeln!(self.to, "nothing to check: no file of a known format was found")
                }
                (Some(_), true) => {
                    let clean = self.colored(AnsiColor::Green.on_default().effects(Effects::BOLD), "clean");
                    let state = match changed {
                        true => format!("; within the policy: {changes}"),
                        false if !self.report.unpinned.is_empty() => {
                            let images: Vec<_> = self.report.unpinned.iter().map(|image| clip(image, 200)).collect();
                            format!("; held to their lockfiles alone, and not pinned: {}", images.join(", "))
                        }
                        false => " match what is pinned".to_owned(),
                    };
                    writeln!(self.to, "{clean}: {extent}{state}{waived}")
                }
            }?);
        }
        let worst = if self.tally.errors > 0 { Level::Deny } else { Level::Warn };
        let verdict = self.paint(worst, &self.tally.verdict());
        let subjects = count(self.tally.subjects, "subject");
        let components = count(self.tally.components, "component");
        writeln!(self.to, "{verdict} in {subjects} ({components}){waived}")?;
        self.subjects()?;
        if changed {
            writeln!(self.to, "drift: {changes}")?;
        }
        self.next()
    }

    /// Lists what was found by subject.
    fn subjects(&mut self) -> Result<()> {
        let mut subjects = Tally::by_subject(self.report);
        subjects.retain(|(_, tally)| tally.findings() > 0);
        if subjects.len() < 2 {
            return Ok(());
        }
        subjects.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.errors, tally.warnings)));
        let most = if self.style.verbose { subjects.len() } else { SUBJECTS };
        let rows = subjects.iter().take(most).map(|(path, tally)| vec![clip(path, 60).into_owned(), tally.verdict()]);
        for line in columns::lines(&rows.collect::<Vec<_>>(), 2, self.style.width) {
            writeln!(self.to, "{line}")?;
        }
        if subjects.len() > most {
            writeln!(self.to, "  and {} more", count(subjects.len() - most, "subject"))?;
        }
        Ok(())
    }

    /// Says what to do next about what was shown first.
    fn next(&mut self) -> Result<()> {
        if let Some(first) = self.groups().first().and_then(|group| group.first()) {
            let rule = clip(first.rule, 100);
            writeln!(self.to, "next: `driftgate explain {rule}` says what it means and how to mend it")?;
        }
        Ok(())
    }

    fn paint(&self, level: Level, text: &str) -> String {
        let color = if level == Level::Deny { AnsiColor::BrightRed } else { AnsiColor::Yellow };
        self.colored(color.on_default().effects(Effects::BOLD), text)
    }

    fn bold(&self, text: &str) -> String {
        self.colored(anstyle::Style::new().bold(), text)
    }

    fn colored(&self, style: anstyle::Style, text: &str) -> String {
        if self.style.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Returns a row of the table of an image: name, approved, locked, installed, what it means.
fn image_row(table: &ImageTable, row: &ImageRow) -> [String; 5] {
    let [approved, locked, installed] = text::three(table, row);
    let mut words = row.words.to_owned();
    if let Some(layer) = row.layer.filter(|_| !row.installed.is_empty()) {
        let _ = write!(words, " (layer {})", layer.number);
    }
    [clip(row.name, 60).into_owned(), approved, locked, installed, words]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    fn screen(report: &Report, style: Style) -> String {
        let mut bytes = Vec::new();
        Terminal.write(report, style, &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("it is text")
    }

    #[test]
    fn screens_are_as_expected() {
        for (case, report) in samples::all() {
            check("terminal", case, screen(&report, Style::default()).as_bytes());
        }
        let drift = samples::drift();
        check("terminal", "drift-quiet", screen(&drift, Style { quiet: true, ..Style::default() }).as_bytes());
        check("terminal", "drift-verbose", screen(&drift, Style { verbose: true, ..Style::default() }).as_bytes());
    }

    /// Takes the addresses of links away, and says which there are.
    fn unlinked(shown: &str) -> (String, Vec<String>) {
        let (mut text, mut addresses) = (String::new(), Vec::new());
        for (number, part) in shown.split("\u{1b}]8;;").enumerate() {
            let (address, rest) = if number == 0 { ("", part) } else { part.split_once("\u{1b}\\").expect("an end") };
            addresses.extend(Some(address.to_owned()).filter(|address| !address.is_empty()));
            text.push_str(rest);
        }
        (text, addresses)
    }

    #[test]
    fn links_change_no_text() {
        for (case, report) in samples::all() {
            for verbose in [false, true] {
                let plain = screen(&report, Style { verbose, ..Style::default() });
                let linked = screen(&report, Style { verbose, host: Some("box"), ..Style::default() });
                let (text, addresses) = unlinked(&linked);
                assert_eq!(text, plain, "{case}");
                assert_eq!(addresses.is_empty(), plain == linked, "{case}");
                let is_plain = |address: &String| address.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
                assert!(addresses.iter().all(|at| at.starts_with("file://box/tree/") && is_plain(at)), "{addresses:?}");
            }
        }
        let linked = screen(&samples::drift(), Style { host: Some("box"), ..Style::default() });
        assert!(linked.contains("\u{1b}]8;;file://box/tree/"), "{linked}");
    }

    #[test]
    fn tables_are_no_wider_than_the_screen() {
        for width in [40, 60, 80, 100] {
            let shown = screen(&samples::images(), Style { width, ..Style::default() });
            let table = shown.lines().skip_while(|line| !line.starts_with("the image")).skip(1);
            let rows: Vec<&str> = table.take_while(|line| line.starts_with("  ")).collect();
            assert!(rows.len() > 3 && rows.iter().all(|row| row.chars().count() <= width), "{width}:\n{shown}");
        }
    }

    #[test]
    fn a_flood_does_not_drown_the_screen() {
        let report = samples::flood(5_000);
        let shown = screen(&report, Style::default());
        assert!(shown.lines().count() < 80, "{} lines", shown.lines().count());
        let verbose = screen(&report, Style { verbose: true, ..Style::default() });
        assert_eq!(verbose.matches("error[").count(), 5_000);
    }

    #[test]
    fn lines_are_cut_and_name_their_true_column() {
        let shown = screen(&samples::minified(), Style::default());
        assert!(shown.contains("package-lock.json:1:500011\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 300));
    }

    #[test]
    fn colour_is_written_where_it_is_wanted() {
        let colored = screen(&samples::drift(), Style { color: true, ..Style::default() });
        assert!(colored.contains("\u{1b}[1m"));
        let mut stripped = String::new();
        for part in colored.split('\u{1b}') {
            stripped
                .push_str(part.strip_prefix('[').map_or(part, |part| part.split_once('m').map_or(part, |part| part.1)));
        }
        assert_eq!(stripped, screen(&samples::drift(), Style::default()));
    }
}
