//! The report as a comment on a pull request: GitHub Flavored Markdown.

mod changes;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io;

use anyhow::Result;

use super::alike::{self, Told};
use super::caused::caused;
use super::tally::Tally;
use super::text::{self, clip, count, plain};
use super::{Output, Style};
use crate::entry;
use crate::intern::Text;
use crate::report::{ChangeLine, Finding, Level, Problem, Report};

entry! {
    /// Markdown for a comment on a pull request: the verdict first, a table, details folded.
    ///
    /// Names from files stand in code spans, so that none of them mentions a person, links, or becomes markup.
    ///
    /// # Limits
    /// The whole stays below 60,000 characters, which is what comments take. What did not fit is counted in its place;
    /// write the `json` or `sarif` output beside it to keep the full report.
    pub Markdown = "markdown"
}

/// From how many findings on that came with a package's step are one row for each rule.
const MANY: usize = 3;
/// How long the comment may become, in bytes.
const MOST: usize = 60_000;
/// What is kept back for the lines that end it.
const SPARE: usize = 2_000;
/// How far what stands above the table may reach, in bytes, where no problem does.
const HEADLINES: usize = MOST / 4;
/// How far the table may reach, in bytes, so that details find room.
const TABLE: usize = 30_000;

impl Output for Markdown {
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()> {
        let mut page = Page { text: String::new(), report, tally: Tally::of(report) };
        page.heading();
        page.problems();
        page.headlines();
        if !style.quiet {
            if report.findings.is_empty() && (report.gate.is_none() || style.verbose) {
                page.changes(style.all || style.verbose);
            }
            page.table(style.all || style.verbose);
            page.images();
            page.details(style.all || style.verbose);
            page.waived();
            page.notes();
        }
        Ok(to.write_all(page.text.as_bytes())?)
    }
}

struct Page<'r> {
    text: String,
    report: &'r Report,
    tally: Tally,
}

impl<'r> Page<'r> {
    /// Adds a piece if all of it fits below `most` bytes.
    fn fits(&mut self, piece: &str, most: usize) -> bool {
        let fits = self.text.len() + piece.len() <= most;
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    fn heading(&mut self) {
        let Page { tally, report, .. } = self;
        let verdict = match report.problems.len() {
            0 if tally.findings() == 0 && report.gate.is_none() => tally.changes(),
            0 if tally.findings() > 0 => tally.verdict(),
            0 if tally.subjects == 0 && report.changes.is_empty() => "nothing to check".to_owned(),
            0 => "clean".to_owned(),
            amount => format!("{}, {}", count(amount, "problem"), tally.verdict()),
        };
        let _ = write!(self.text, "## driftgate: {verdict}\n\n{}", tally.extent());
        if report.gate.is_some() || tally.findings() > 0 {
            let _ = write!(self.text, "; {}", prose(&tally.changes()));
        }
        if tally.waived > 0 {
            let _ = write!(self.text, "; {} waived", text::number(tally.waived));
        }
        self.text.push('\n');
    }

    /// Says what the drift means as a whole.
    fn headlines(&mut self) {
        let headlines = &self.report.headlines;
        let line = |line: &String| format!("\n**{}**\n", prose(&clip(line, 1_000)));
        let fitting = headlines.iter().take_while(|headline| self.fits(&line(headline), HEADLINES)).count();
        if fitting < headlines.len() {
            let _ = write!(self.text, "\n**{} in the full report.**\n", more(headlines.len() - fitting));
        }
    }

    fn problems(&mut self) {
        let problems: Vec<&Problem> = self.report.problems.iter().collect();
        if problems.is_empty() {
            return;
        }
        self.text.push_str("\n### Not read whole\n\nWhat follows is not complete.\n\n");
        for (at, Problem { location, message }) in problems.iter().enumerate() {
            let place =
                location.as_ref().map(|location| format!("{}: ", code(&text::at(location)))).unwrap_or_default();
            if !self.fits(&format!("- {place}{}\n", prose(&clip(message, 500))), MOST / 4) {
                let _ = writeln!(self.text, "- **{} in the full report**", more(problems.len() - at));
                return;
            }
        }
    }

    /// Adds the table of findings that count, errors first; many that came with a package's step are a row for each rule,
    /// unless all are to be shown.
    fn table(&mut self, all: bool) {
        let findings = counted(self.report, all);
        if findings.is_empty() {
            return;
        }
        let changes: HashMap<(Text, Text), &ChangeLine> =
            self.report.changes.iter().map(|change| ((change.subject, change.purl), change)).collect();
        let caused = if all { BTreeMap::new() } else { caused(self.report) };
        let is_caused = |finding: &Finding| {
            finding
                .cause
                .is_some_and(|cause| caused.get(&(finding.subject, cause)).is_some_and(|all| all.len() >= MANY))
        };
        let mut told: BTreeSet<(Text, Text)> = BTreeSet::new();
        let mut left: usize = findings.iter().map(Told::amount).sum();
        self.text.push_str("\n| level | rule | package | from → to | where |\n| --- | --- | --- | --- | --- |\n");
        for told_once in findings.into_iter().filter(|told| !is_caused(told.first)) {
            let finding = told_once.first;
            let change = finding.purl.and_then(|purl| changes.get(&(finding.subject, purl)).copied());
            let (name, version) = finding.purl.map(named).unwrap_or_default();
            let name = change.map_or(name, |change| change.name.to_owned());
            let versions = change.map_or_else(|| cell(&version), versions);
            let mut place = cell(&format!("{}:{}", finding.location.path, finding.location.line));
            if !told_once.others.is_empty() {
                let _ = write!(place, " and {}", more(told_once.others.len()));
            }
            let row = [grave(finding.level).to_owned(), cell(finding.rule), cell(&name), versions, place];
            let mut rows = format!("| {} |\n", row.join(" | "));
            let mut amount = 1;
            let key = finding.purl.map(|purl| (finding.subject, purl)).filter(|key| told.insert(*key));
            if let Some(with) = key.and_then(|key| caused.get(&key)).filter(|with| with.len() >= MANY) {
                amount += with.len();
                rows.push_str(&folded(with, &name));
            }
            if !self.fits(&rows, TABLE) {
                let _ = write!(self.text, "\n**{} in the full report.**\n", more(left));
                return;
            }
            left -= amount * told_once.amount();
        }
    }

    /// Adds what is approved, locked and installed, where that is not the same.
    fn images(&mut self) {
        let report = self.report;
        for table in &report.images {
            let (image, lock) = (code(&clip(table.image, 200)), code(&clip(table.lock, 200)));
            let places = if table.is_approved { "locked and installed as approved" } else { "installed as locked" };
            let same = count(table.same, "package");
            let mut piece = format!("\n### The image {image} and {lock}\n\n{same} {places}.\n");
            if !table.rows.is_empty() {
                piece.push_str("\n| package | approved | locked | installed | what it means |\n");
                piece.push_str("| --- | --- | --- | --- | --- |\n");
            }
            if !self.fits(&piece, TABLE * 3 / 2) {
                return;
            }
            for (at, row) in table.rows.iter().enumerate() {
                let [approved, locked, installed] = text::three(table, row);
                // The words are ours, and hold no markup.
                let mut words = row.words.to_owned();
                if let Some(layer) = row.layer.filter(|_| !row.installed.is_empty()) {
                    let _ = write!(words, " (layer {})", layer.number);
                }
                let cells = [cell(row.name), cell(&approved), cell(&locked), cell(&installed), words];
                if !self.fits(&format!("| {} |\n", cells.join(" | ")), TABLE * 3 / 2) {
                    let _ = write!(self.text, "\n**{} in the full report.**\n", more(table.rows.len() - at));
                    return;
                }
            }
        }
    }

    /// Adds what each finding says, folded by subject.
    fn details(&mut self, all: bool) {
        let mut subjects: BTreeMap<Text, Vec<Told<'_>>> = BTreeMap::new();
        let mut left = 0;
        for told in counted(self.report, all) {
            left += told.amount();
            subjects.entry(told.first.listed_under()).or_default().push(told);
        }
        for (path, inside) in subjects {
            let title = format!("{}: {}", tag(path), count(inside.len(), "finding"));
            if !self.fits(&format!("\n<details>\n<summary>{title}</summary>\n\n"), MOST - SPARE) {
                break;
            }
            let fitting = inside.iter().take_while(|told| self.fits(&item(told), MOST - SPARE)).count();
            self.text.push_str("\n</details>\n");
            left -= inside[..fitting].iter().map(Told::amount).sum::<usize>();
            if fitting < inside.len() {
                break;
            }
        }
        if left > 0 {
            let _ = write!(self.text, "\n**Details of {} in the full report.**\n", more(left));
        }
    }

    fn waived(&mut self) {
        let waived: Vec<String> = self.report.findings.iter().filter_map(excuse).collect();
        if waived.is_empty() || !self.fits("\n<details>\n<summary>waived</summary>\n\n", MOST - SPARE) {
            return;
        }
        let fitting = waived.iter().take_while(|line| self.fits(line, MOST - SPARE)).count();
        if fitting < waived.len() {
            let _ = writeln!(self.text, "- **{} in the full report**", more(waived.len() - fitting));
        }
        self.text.push_str("\n</details>\n");
    }

    fn notes(&mut self) {
        let notes = &self.report.notes;
        if notes.is_empty() {
            return;
        }
        self.text.push('\n');
        let line = |note: &String| format!("- note: {}\n", prose(&clip(note, 500)));
        let fitting = notes.iter().take_while(|note| self.fits(&line(note), MOST - SPARE / 2)).count();
        if fitting < notes.len() {
            let _ = writeln!(self.text, "- **{} in the full report**", more(notes.len() - fitting));
        }
    }
}

/// Returns a row for each level and rule of the findings that came with a package's step.
fn folded(with: &[&Finding], name: &str) -> String {
    let mut groups: BTreeMap<(std::cmp::Reverse<Level>, Text), Vec<&Finding>> = BTreeMap::new();
    with.iter().for_each(|other| groups.entry((std::cmp::Reverse(other.level), other.rule)).or_default().push(other));
    let mut rows = String::new();
    for ((level, rule), others) in groups {
        let names: Vec<String> = others.iter().filter_map(|other| other.purl).map(|purl| named(purl).0).collect();
        let mut shown: Vec<String> = names.iter().take(2).map(|name| cell(name)).collect();
        if names.len() > shown.len() {
            shown.push(format!("and {}", more(names.len() - shown.len())));
        }
        let package = format!("{} with {}", text::number(others.len()), cell(name));
        let cells = [grave(level.0).to_owned(), cell(rule), package, shown.join(", "), "below".to_owned()];
        let _ = writeln!(rows, "| {} |", cells.join(" | "));
    }
    rows
}

fn more(amount: usize) -> String {
    format!("{} more", text::number(amount))
}

/// Returns the findings that no waiver lets through, errors first; what several subjects have in common once, unless all are
/// to be shown.
fn counted(report: &Report, all: bool) -> Vec<Told<'_>> {
    let mut findings = if all { alike::each(report) } else { alike::told(report) };
    // What stands for itself comes before what it brought about.
    findings.sort_by_key(|told| (std::cmp::Reverse(told.first.level), told.first.cause.is_some()));
    findings
}

/// Returns what a finding says, as an item of a list.
fn item(told: &Told<'_>) -> String {
    let finding = told.first;
    let mut item = format!(
        "- **{}** {} at {}: {}\n",
        grave(finding.level),
        code(&plain(finding.rule)),
        code(&text::at(&finding.location)),
        prose(&clip(&finding.message, 1_000)),
    );
    if let Some(also) = told.also() {
        let _ = writeln!(item, "  - {}", prose(&also));
    }
    for path in finding.paths.iter().take(3) {
        let _ = writeln!(item, "  - brought in by {}", code(&text::path(path)));
    }
    if finding.paths.len() > 3 {
        let _ = writeln!(item, "  - and {} in", count(finding.paths.len() - 3, "more way"));
    }
    for related in finding.related.iter().take(3) {
        let _ = writeln!(item, "  - {}: {}", prose(&clip(related.note, 200)), code(&text::at(&related.location)));
    }
    for note in finding.notes.iter().take(8) {
        let _ = writeln!(item, "  - {}", prose(&clip(note, 1_000)));
    }
    for line in finding.help.lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(item, "  - help: {}", prose(&clip(line, 1_000)));
    }
    item
}

fn excuse(finding: &Finding) -> Option<String> {
    let waived = finding.waived.as_ref()?;
    let mut line = format!("- {}: {}", code(&plain(finding.rule)), prose(&clip(&finding.message, 500)));
    let _ = write!(line, "; {}", prose(&clip(&waived.reason, 500)));
    if !waived.owner.is_empty() {
        let _ = write!(line, "; owner {}", code(&clip(&waived.owner, 100)));
    }
    if !waived.until.is_empty() {
        let _ = write!(line, "; until {}", prose(&clip(&waived.until, 20)));
    }
    line.push('\n');
    Some(line)
}

/// Returns what a level is called where people read it.
fn grave(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Allow => "note",
    }
}

/// Returns name and version of a purl.
pub(crate) fn named(purl: &str) -> (String, String) {
    let rest = purl.strip_prefix("pkg:").unwrap_or(purl);
    let rest = rest.split_once('/').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // An `@` at the start is the scope of an npm name.
    let (name, version) = match rest.rfind('@') {
        Some(at) if at > 0 => (&rest[..at], &rest[at + 1..]),
        _ => (rest, ""),
    };
    (name.replace("%40", "@"), version.replace("%2B", "+"))
}

fn versions(change: &ChangeLine) -> String {
    match (change.from, change.to) {
        (Some(from), Some(to)) if from != to => {
            let version = |text: Text| if text.is_empty() { "no version".to_owned() } else { cell(text) };
            format!("{} → {}", version(from), version(to))
        }
        (Some(_), Some(to)) => cell(to),
        (Some(""), None) => "gone".to_owned(),
        (None, Some("")) => "new".to_owned(),
        (Some(from), None) => format!("{} → gone", cell(from)),
        (None, Some(to)) => format!("new → {}", cell(to)),
        (None, None) => String::new(),
    }
}

/// Returns text from a file as a cell of a table; a bar, which would end the cell even within a code span, is spelled out.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { code(&clip(text, 120).replace('|', r"\u{7c}")) }
}

/// Returns words as a cell of a table.
pub(crate) fn cell_words(text: &str) -> String {
    prose(&text.replace('|', r"\u{7c}"))
}

/// Returns text without hidden characters as a code span, its fence longer than any run of backticks within. Nothing in
/// one links, mentions or is markup; in an HTML tag of code, GitHub would still link addresses.
fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns text as code within a block of HTML, where no Markdown is read, with everything that HTML could read as markup
/// written as an entity.
pub(crate) fn tag(text: &str) -> String {
    let mut html = String::from("<code>");
    for c in clip(text, 400).chars() {
        match c {
            '/' | '.' | '-' | ',' | ';' | '=' | '+' | '%' => html.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(html, "&#{};", u32::from(c));
            }
            c => html.push(c),
        }
    }
    html.push_str("</code>");
    html
}

/// Returns words as they are, what stands in backticks as a code span, and each run of words that Markdown could read as
/// more than words as one too.
pub(crate) fn prose(text: &str) -> String {
    let text = plain(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|part| !part.trim().is_empty());
    if !paired {
        return words(&text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, part) in parts.iter().enumerate() {
        let part = if at % 2 == 1 { code(part) } else { words(part) };
        // Two spans that touch would be one.
        if shown.ends_with('`') && part.starts_with('`') {
            shown.push(' ');
        }
        shown.push_str(&part);
    }
    shown
}

/// Returns safe words as they are and each run of others as a code span; blanks stay.
fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    let mut risky = String::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let (bare, opens, closes) = bracketed(bare);
        if opens {
            spell(&mut risky, &mut shown);
            shown.push_str("\\[");
        }
        let rest = &word[usize::from(opens) + bare.len()..];
        if is_safe(bare) {
            spell(&mut risky, &mut shown);
            shown.push_str(bare);
            shown.push_str(&if closes { rest.replacen(']', "\\]", 1) } else { rest.to_owned() });
            continue;
        }
        risky.push_str(bare);
        if closes {
            spell(&mut risky, &mut shown);
            shown.push_str(&rest.replacen(']', "\\]", 1));
            continue;
        }
        risky.push_str(rest);
        // A name ends where the sentence goes on.
        if bare.ends_with([',', ';', ':']) {
            spell(&mut risky, &mut shown);
        }
    }
    spell(&mut risky, &mut shown);
    shown
}

/// Takes from a word the bracket before it and the one behind it, with the comma or stop after that, where it holds no
/// others: a sentence in brackets is no link.
fn bracketed(word: &str) -> (&str, bool, bool) {
    let inner = word.strip_prefix('[').unwrap_or(word);
    let bare = inner.trim_end_matches([',', ';', '.']).strip_suffix(']').unwrap_or(inner);
    if bare.is_empty() || bare.contains(['[', ']', '(', '\\', '`']) {
        return (word, false, false);
    }
    (bare, inner.len() < word.len(), bare.len() < inner.len())
}

/// Adds risky words as a code span, less the stop or comma behind them, which is the sentence's.
fn spell(risky: &mut String, shown: &mut String) {
    let mut name = risky.trim_end_matches([',', ';', ':', '.', ' ']);
    if name.is_empty() {
        name = risky.trim_end_matches(' ');
    }
    if !name.is_empty() {
        shown.push_str(&code(name));
        shown.push_str(&risky[name.len()..]);
    }
    risky.clear();
}

/// Says whether Markdown reads a word as nothing but itself.
fn is_safe(word: &str) -> bool {
    let word = word.strip_suffix(':').unwrap_or(word);
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | ';' | '(' | ')' | '\'' | '"' | '%' | '-' | '→' | '…');
    // `1.` and `1)` begin a list.
    let number = word.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let mark = number || word.starts_with('-') || word.to_ascii_lowercase().contains("www.");
    !mark && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::samples::{self, check};

    fn page(report: &Report) -> String {
        let mut bytes = Vec::new();
        Markdown.write(report, Style::default(), &mut bytes).expect("a Vec takes all");
        String::from_utf8(bytes).expect("it is text")
    }

    #[test]
    fn pages_are_as_expected() {
        for (case, report) in samples::all() {
            check("markdown", case, page(&report).as_bytes());
        }
    }

    #[test]
    fn a_page_stays_short_and_says_what_it_leaves_out() {
        let page = page(&samples::flood(20_000));
        assert!(page.len() < MOST, "{}", page.len());
        assert!(page.contains("more in the full report"));
        assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    }

    #[test]
    fn names_are_no_markup() {
        for (text, expected) in
            [("a|b", "`a|b`"), ("`x``", "``` `x`` ```"), ("<script>", "`<script>`"), ("@user", "`@user`"), ("", "` `")]
        {
            assert_eq!(code(text), expected);
        }
        assert_eq!(cell("a|b"), r"`a\u{7c}b`");
        assert_eq!(tag("<b>&"), "<code>&#60;b&#62;&#38;</code>");
        for (text, expected) in [
            ("urllib3 is 2.5.0, the BOM pins 2.2.1", "urllib3 is 2.5.0, the BOM pins 2.2.1"),
            ("ask @team about <b>, now", "ask `@team` about `<b>`, now"),
            ("see https://x.example/a and *b* [c](d)", "see `https://x.example/a` and `*b* [c](d)`"),
            ("by a rule [public names; notes], and", r"by a rule \[public names; notes\], and"),
            ("[a/b c]: x", r"\[`a/b c]`: x"),
            ("a\n# b", r"`a\n#` b"),
            ("www.x.example", "`www.x.example`"),
            ("run `driftgate pin --only pkg:a/b`, or", "run `driftgate pin --only pkg:a/b`, or"),
            ("`a`@b `` c", "``` `a`@b `` ``` c"),
            ("`a`@b", "`a` `@b`"),
            ("torch 2.3.0+cu121 at services/api", "torch `2.3.0+cu121` at `services/api`"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }

    #[test]
    fn a_purl_has_a_name_and_a_version() {
        let named = |purl| named(purl);
        assert_eq!(named("pkg:npm/%40scope/x@1.0?a=b"), ("@scope/x".to_owned(), "1.0".to_owned()));
        assert_eq!(named("pkg:pypi/torch@2.3.0%2Bcu121"), ("torch".to_owned(), "2.3.0+cu121".to_owned()));
        assert_eq!(named("pkg:npm/@scope/x"), ("@scope/x".to_owned(), String::new()));
    }
}
