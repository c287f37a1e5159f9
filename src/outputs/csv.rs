//! The report as one flat table, for spreadsheets and databases: CSV, RFC 4180.

use std::collections::HashMap;
use std::io::{self, Write as _};

use anyhow::Result;

use super::markdown::named;
use super::text::{self, clip, fingerprint, number};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{ChangeLine, Finding, Problem, Report, Waived};
use crate::source::Location;

entry! {
    /// CSV, one flat table of problems, findings and changes, for spreadsheets and databases.
    ///
    /// # Rows
    /// The first names the columns; they stay in this order, and later ones may be added behind. `record` says what a row is:
    ///
    /// - `problem`: what could not be read whole (`path`, `line`, `column`, `message`);
    /// - `finding`: what a rule found (`level`, `rule`, `message`, `help`, `fingerprint`; `cause`, the purl whose step brought it
    ///   about; `waived`, the reason, `owner` and `until` where a waiver lets it through), with what changed of its component;
    /// - `change`: a difference, as a fact (`kind`, `from`, `to`, `direct`, `scope`, `what`, and `differences`: beside the version,
    ///   with both values); `path`, `line` and `column` are of
    ///   the new side, or of the old one where it was removed.
    ///
    /// `introduced_by` has the ways in, `app > requests > urllib3`, with ` | ` between them, ten at most. `what` has blanks
    /// between its words. Tables of images and requirements that came and went are in the `json` output alone.
    ///
    /// # Form
    /// RFC 4180 in UTF-8 without a mark: commas, lines that end in CR LF, quotes where a cell has a comma or a quote.
    ///
    /// No cell is a formula: before `=`, `+`, `-` and `@` (also in their wide forms) at the start of a cell, and after a
    /// semicolon, which separates cells for spreadsheets of some languages, stands a `'`. So the name `@babel/core` is written
    /// `'@babel/core`; `purl` has it as it is. Tabs, line breaks and what can't be seen are spelled out, as `\t`, and a cell is
    /// cut after 4,000 characters.
    pub Csv = "csv"
}

impl Output for Csv {
    fn write(&self, report: &Report, _style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut to = io::BufWriter::new(to);
        write!(to, "{}\r\n", COLUMNS.join(","))?;
        let changes: HashMap<(Text, Text), &ChangeLine> =
            report.changes.iter().map(|change| ((change.subject, change.purl), change)).collect();
        let problems = report.problems.iter().map(Row::problem);
        let findings = report.findings.iter().map(|finding| {
            let change = finding.purl.and_then(|purl| changes.get(&(finding.subject, purl)).copied());
            Row::finding(finding, change)
        });
        for row in problems.chain(findings).chain(report.changes.iter().map(Row::change)) {
            row.write(&mut to)?;
        }
        Ok(to.flush()?)
    }
}

const COLUMNS: [&str; 25] = [
    "record",
    "level",
    "rule",
    "kind",
    "subject",
    "ecosystem",
    "name",
    "from",
    "to",
    "direct",
    "scope",
    "what",
    "introduced_by",
    "purl",
    "path",
    "line",
    "column",
    "message",
    "help",
    "waived",
    "owner",
    "until",
    "fingerprint",
    "cause",
    "differences",
];

/// How many characters a cell has at most.
const LONGEST: usize = 4_000;
/// How many ways in a cell names.
const MOST_PATHS: usize = 10;

/// A row; what is empty is not known, or has no meaning for this record.
#[derive(Default)]
struct Row<'r> {
    record: &'r str,
    level: &'r str,
    rule: &'r str,
    kind: &'r str,
    subject: &'r str,
    ecosystem: &'r str,
    name: String,
    from: &'r str,
    to: &'r str,
    direct: &'r str,
    scope: &'r str,
    what: String,
    introduced_by: String,
    purl: &'r str,
    at: Option<&'r Location>,
    message: &'r str,
    help: String,
    waived: [&'r str; 3],
    fingerprint: String,
    cause: &'r str,
    differences: String,
}

impl<'r> Row<'r> {
    fn problem(problem: &'r Problem) -> Self {
        let at = problem.location.as_ref();
        Row { record: "problem", at, message: &problem.message, ..Row::default() }
    }

    fn finding(finding: &'r Finding, change: Option<&'r ChangeLine>) -> Self {
        let purl = finding.purl.unwrap_or_default();
        let ecosystem = purl.strip_prefix("pkg:").and_then(|purl| purl.split('/').next()).unwrap_or_default();
        let waived = finding.waived.as_ref();
        Row {
            record: "finding",
            level: finding.level.name(),
            rule: finding.rule,
            subject: finding.subject,
            ecosystem,
            name: change.map_or_else(|| named(purl).0, |change| change.name.to_owned()),
            introduced_by: ways(&finding.paths),
            purl,
            at: Some(&finding.location),
            message: &finding.message,
            help: finding.help.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("; "),
            waived: waived.map(|waived| [reason(waived), &waived.owner, &waived.until]).unwrap_or_default(),
            fingerprint: fingerprint(&finding.identity),
            cause: finding.cause.unwrap_or_default(),
            ..change.map(Row::change).unwrap_or_default()
        }
    }

    fn change(change: &'r ChangeLine) -> Self {
        Row {
            record: "change",
            kind: change.kind,
            subject: change.subject,
            ecosystem: change.ecosystem,
            name: change.name.to_owned(),
            from: change.from.unwrap_or_default(),
            to: change.to.unwrap_or_default(),
            direct: if change.direct { "true" } else { "false" },
            scope: change.scope.unwrap_or_default(),
            what: change.what.join(" "),
            differences: text::differences(change).collect::<Vec<_>>().join("; "),
            introduced_by: ways(&change.introduced_by),
            purl: change.purl,
            at: change.new.as_ref().or(change.old.as_ref()),
            ..Row::default()
        }
    }

    fn write(&self, to: &mut impl io::Write) -> io::Result<()> {
        let count = |count: Option<u32>| count.map(|count| count.to_string()).unwrap_or_default();
        let [waived, owner, until] = self.waived;
        let cells: [&str; COLUMNS.len()] = [
            self.record,
            self.level,
            self.rule,
            self.kind,
            self.subject,
            self.ecosystem,
            &self.name,
            self.from,
            self.to,
            self.direct,
            self.scope,
            &self.what,
            &self.introduced_by,
            self.purl,
            self.at.map_or("", |at| at.path),
            &count(self.at.map(|at| at.line)),
            &count(self.at.map(|at| at.column)),
            self.message,
            &self.help,
            waived,
            owner,
            until,
            &self.fingerprint,
            self.cause,
            &self.differences,
        ];
        write!(to, "{}\r\n", cells.map(cell).join(","))
    }
}

/// Returns why a finding is let through; an empty cell would say that it is not.
fn reason(waived: &Waived) -> &str {
    if waived.reason.trim().is_empty() { "no reason given" } else { &waived.reason }
}

/// Returns the ways by which a component gets in.
fn ways(paths: &[Vec<Text>]) -> String {
    let mut ways: Vec<String> = paths.iter().take(MOST_PATHS).map(|path| path.join(" > ")).collect();
    if paths.len() > MOST_PATHS {
        ways.push(format!("and {} more", number(paths.len() - MOST_PATHS)));
    }
    ways.join(" | ")
}

/// Returns a text as a cell: nothing in it acts on who opens the table.
fn cell(text: &str) -> String {
    let text = tame(&clip(text, LONGEST));
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Returns a text without formulas. Where a semicolon separates cells, quotes within one of ours mean nothing, and one may
/// begin behind each semicolon, in quotes of its own.
fn tame(text: &str) -> String {
    let mut tame = String::with_capacity(text.len() + 1);
    let (mut begins, mut is_first) = (true, true);
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            tame.push('\'');
        }
        begins = c == ';' || begins && (c == '"' || is_first && c == ' ');
        is_first &= c != ';';
        tame.push(c);
    }
    tame
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::outputs::samples::{self, check};
    use crate::outputs::text;

    fn page(report: &Report) -> String {
        let mut bytes = Vec::new();
        Csv.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("it is text")
    }

    /// Reads a table: each row by the names of the columns.
    fn read(page: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = ::csv::ReaderBuilder::new().terminator(::csv::Terminator::CRLF).from_reader(page.as_bytes());
        let columns = reader.headers().expect("it has a first row").clone();
        assert_eq!(columns, ::csv::StringRecord::from(COLUMNS.to_vec()));
        let rows = reader.records().map(|row| row.expect("each row has as many cells"));
        rows.map(|row| columns.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect())
            .collect()
    }

    #[test]
    fn tables_are_as_expected() {
        for (case, report) in samples::all() {
            let page = page(&report);
            let rows = report.problems.len() + report.findings.len() + report.changes.len();
            assert_eq!(read(&page).len(), rows, "{case}");
            assert_eq!(page.matches("\r\n").count(), rows + 1, "{case}");
            check("csv", case, page.as_bytes());
        }
    }

    #[test]
    fn a_finding_has_what_changed_of_its_component() {
        let rows = read(&page(&samples::drift()));
        let drift = rows.iter().find(|row| row["rule"] == "version-drift").expect("it is there");
        let cells =
            ["record", "level", "kind", "name", "from", "to", "direct", "path", "line"].map(|name| &*drift[name]);
        let expected =
            ["finding", "deny", "upgraded", "urllib3", "1.26.18", "2.5.0", "false", "services/api/uv.lock", "12"];
        assert_eq!(cells, expected);
        let change =
            rows.iter().find(|row| row["record"] == "change" && row["name"] == "urllib3").expect("it is there");
        assert_eq!((&*change["rule"], &*change["message"], &*change["line"]), ("", "", "12"));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@babel/core", "'@babel/core"),
            ("-x", "'-x"),
            ("＝1", "'＝1"),
            (" +1", " '+1"),
            ("\t=1", r"\t=1"),
            ("\r=1", r"\r=1"),
            ("a;=1", "a;'=1"),
            ("a;\"=1", "\"a;\"\"'=1\""),
            ("wait; -v shows all", "wait; -v shows all"),
            ("a=b-c@d", "a=b-c@d"),
            ("a,b", "\"a,b\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// A reader gets each text as it is shown elsewhere, but for the marks before formulas.
        #[test]
        fn what_is_written_is_what_is_read(texts in prop::collection::vec("[=+@;\",a\\r\\n-]{0,6}|.{0,8}", 12)) {
            let report = samples::of(&texts, "", 0, 0);
            let rows = read(&page(&report));
            prop_assert_eq!(rows.len(), 4);
            for (record, column, text) in
                [("finding", "message", &texts[0]), ("change", "name", &texts[4]), ("change", "to", &texts[11])]
            {
                let row = rows.iter().find(|row| row["record"] == record).expect("it is there");
                prop_assert_eq!(row[column].replace('\'', ""), text::plain(text).replace('\'', ""));
            }
            for cell in rows.iter().flat_map(BTreeMap::values) {
                // As a spreadsheet takes it that separates by semicolons too.
                for part in cell.split(';').map(|part| part.trim_start_matches('"')) {
                    prop_assert!(!part.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{cell:?}");
                }
            }
        }
    }
}
