//! The GPU stacks of a tree and what becomes of them on targets, for screens, pull requests and programs.

pub mod json;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{Alike, boards, no_floor};
use crate::gpu::summary::{Outcome, Summary};
use crate::gpu::{Answer, Gravity, Stack, Verdict};
use crate::intern::Text;
use crate::outputs::columns;
use crate::outputs::links::Links;
use crate::outputs::markdown::{cell_words, prose, tag};
use crate::outputs::text::{path, plain};
use crate::rules::gpu::rule_of;
use crate::source::{Location, Place, Sources};

/// A stack with its summary.
pub(super) struct Row {
    /// The stack.
    pub stack: Stack,
    /// The stack at a glance.
    pub summary: Summary,
    /// What brings the carriers in that fail somewhere, by their number among the stack's: the shortest way, root first.
    pub ways: BTreeMap<usize, Vec<Text>>,
}

/// What is shown.
pub(super) struct View<'v> {
    /// The stacks that carry a GPU runtime.
    pub rows: &'v [Row],
    /// What the targets are called.
    pub targets: &'v [String],
    /// What is worth telling of the machines of a target, with its number.
    pub fleet: &'v [(usize, Answer)],
    /// The files.
    pub sources: &'v Sources,
    /// How wide a table for a terminal may be; 0 for no limit.
    pub width: usize,
    /// Makes links of places on a terminal that has them.
    pub links: Links<'v>,
}

const NOTHING: &str = "no subject here carries a GPU runtime that driftgate knows";

impl View<'_> {
    fn at(&self, place: Place) -> Option<Location> {
        (place != Place::default()).then(|| self.sources.locate(place))
    }

    fn where_(&self, place: Place) -> String {
        let shown = |at: Location| plain(&format!("{}:{}:{}", at.path, at.line, at.column)).into_owned();
        self.at(place).map_or(String::new(), |at| self.links.at(place, shown(at)))
    }

    fn target(&self, outcome: &Outcome) -> &str {
        self.targets.get(outcome.target).map_or("", String::as_str)
    }

    /// Returns the view for a terminal: a table of stacks and targets, then each stack.
    pub fn terminal(&self) -> String {
        if self.rows.is_empty() {
            return format!("{NOTHING}\n");
        }
        let mut text = String::new();
        if self.rows.len() + self.targets.len() > 2 && !self.targets.is_empty() {
            self.table(&mut text);
        }
        for (target, answer) in self.fleet {
            let _ = writeln!(text, "on {}", plain(&self.targets[*target]));
            self.answer(&mut text, "  ", answer);
        }
        if !self.fleet.is_empty() {
            text.push('\n');
        }
        for Row { stack, summary, ways } in self.rows {
            let _ = writeln!(text, "{}", plain(stack.environment.name));
            for carrier in stack.carriers.iter().filter(|carrier| !carrier.is_part()) {
                let component = carrier.component;
                let at = stack.carriers.iter().position(|other| std::ptr::eq(other, carrier)).unwrap_or_default();
                let place = self.where_(stack.evidence(at).place);
                let shown = format!("{} {}", component.name(), component.version());
                let _ = writeln!(text, "  {}: {}  {}", plain(shown.trim()), plain(&carrier.cuda.to_string()), place);
                let _ = writeln!(text, "      {}", plain(&carrier.because));
                if !carrier.architectures.is_empty() {
                    let _ = writeln!(text, "      kernels for {}", carrier.architectures.join(", "));
                }
                if let Some(way) = ways.get(&at) {
                    let _ = writeln!(text, "      brought in by {}", plain(&path(way)));
                }
            }
            match &summary.floor {
                Some(floor) => {
                    let component = stack.carriers[floor.carrier].component;
                    let who = format!("{} {}", component.name(), component.version());
                    let _ =
                        writeln!(text, "  driver {} or later ({}): {}", floor.driver, plain(&who), plain(&floor.rule));
                }
                None => {
                    let _ = writeln!(text, "  driver: {}", plain(&no_floor(stack)));
                }
            }
            if let Some(line) = boards(stack, &summary.reach) {
                let _ = writeln!(text, "  {}", plain(&line));
            }
            let unjudged = stack.unjudged();
            if !unjudged.is_empty() {
                let _ = writeln!(text, "  not judged: {}", plain(&unjudged.join(", ")));
            }
            for answer in &summary.inside {
                self.answer(&mut text, "  ", answer);
            }
            self.outcomes(&mut text, &summary.outcomes);
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    /// Returns the view in few words: of each stack the driver that it needs, and what becomes of it on each target.
    pub fn summary(&self) -> String {
        if self.rows.is_empty() {
            return format!("{NOTHING}\n");
        }
        let mut text = String::new();
        for Row { stack, summary, .. } in self.rows {
            let _ = writeln!(text, "{}", plain(stack.environment.name));
            let _ = match &summary.floor {
                Some(floor) => writeln!(text, "  driver {} or later", floor.driver),
                None => writeln!(text, "  driver: {}", plain(&no_floor(stack))),
            };
            for outcome in &summary.outcomes {
                let _ = writeln!(text, "  on {}: {}", plain(self.target(outcome)), outcome.words);
            }
        }
        text
    }

    /// Tells of the targets; what is told of one in full is not told again of others that have the same.
    fn outcomes(&self, text: &mut String, outcomes: &[Outcome]) {
        let mut told: Vec<(Alike<'_>, &str)> = Vec::new();
        for outcome in outcomes {
            let name = self.target(outcome);
            let _ = write!(text, "  on {}: {}", plain(name), outcome.words);
            if !outcome.because.is_empty() {
                let rules: Vec<&str> = outcome.because.iter().map(|class| rule_of(class).unwrap_or(class)).collect();
                let _ = write!(text, " because of {}, above", rules.join(", "));
            }
            let shown = outcome.answers.iter().map(|answer| Alike { answer, lines: self.lines(answer) });
            let shown: Vec<Alike<'_>> = shown.collect();
            let same: Vec<_> = shown.iter().map(|one| told.iter().find(|(other, _)| one.is(other))).collect();
            // Where all of it was told of one other target, a word on the target's own line says so.
            let of = same.first().copied().flatten().map(|(_, of)| *of);
            let all = of.filter(|of| same.iter().all(|same| same.is_some_and(|(_, other)| other == of)));
            if let Some(of) = all {
                let _ = write!(text, ", as on {}", plain(of));
            }
            text.push('\n');
            for (one, same) in shown.iter().zip(&same) {
                let Some((other, of)) = same else {
                    one.lines.iter().for_each(|line| {
                        let _ = writeln!(text, "    {line}");
                    });
                    continue;
                };
                if all.is_none() {
                    let (word, rule) = (word(one.answer), rule_of(one.answer.class).unwrap_or(one.answer.class));
                    let _ = writeln!(text, "    {word}[{rule}]: {}, as on {}", plain(&one.answer.message), plain(of));
                }
                for line in one.beyond(other) {
                    let _ = writeln!(text, "    {line}");
                }
            }
            let is_new: Vec<bool> = same.iter().map(Option::is_none).collect();
            told.extend(shown.into_iter().zip(is_new).filter(|(_, is_new)| *is_new).map(|(one, _)| (one, name)));
        }
    }

    fn lines(&self, answer: &Answer) -> Vec<String> {
        let mut text = String::new();
        self.answer(&mut text, "", answer);
        text.lines().map(str::to_owned).collect()
    }

    fn table(&self, text: &mut String) {
        let first = self.rows.iter().map(|row| row.stack.environment.name.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.targets.len())
            .map(|at| {
                let words =
                    self.rows.iter().flat_map(|row| &row.summary.outcomes).filter(|outcome| outcome.target == at);
                let widest = words.map(|outcome| outcome.words.len()).max().unwrap_or(1);
                widest.max(self.targets[at].chars().count())
            })
            .collect();
        let wide = first + widths.iter().map(|width| width + 2).sum::<usize>();
        if self.width > 0 && wide > self.width {
            return self.list(text);
        }
        let mut line = " ".repeat(first);
        for (name, width) in self.targets.iter().zip(&widths) {
            let _ = write!(line, "  {:width$}", plain(name));
        }
        let _ = writeln!(text, "{}", line.trim_end());
        for row in self.rows {
            let mut line = format!("{:first$}", plain(row.stack.environment.name));
            for (at, width) in widths.iter().enumerate() {
                let outcome = row.summary.outcomes.iter().find(|outcome| outcome.target == at);
                let _ = write!(line, "  {:width$}", outcome.map_or("-", |outcome| outcome.words));
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }

    /// Lists the targets below each stack, where a table would be too wide.
    fn list(&self, text: &mut String) {
        for row in self.rows {
            let _ = writeln!(text, "{}", plain(row.stack.environment.name));
            let outcomes = self.targets.iter().enumerate().map(|(at, target)| {
                let outcome = row.summary.outcomes.iter().find(|outcome| outcome.target == at);
                vec![plain(target).into_owned(), outcome.map_or("-", |outcome| outcome.words).to_owned()]
            });
            for line in columns::lines(&outcomes.collect::<Vec<_>>(), 2, self.width) {
                let _ = writeln!(text, "{line}");
            }
        }
        text.push('\n');
    }

    fn answer(&self, text: &mut String, indent: &str, answer: &Answer) {
        let word = word(answer);
        let rule = rule_of(answer.class).unwrap_or(answer.class);
        let place = self.where_(answer.about.place);
        let _ = writeln!(text, "{indent}{word}[{rule}]: {}  {}", plain(&answer.message), place);
        for link in &answer.chain {
            let source = if link.source.is_empty() { String::new() } else { format!(" [{}]", link.source) };
            let _ = writeln!(text, "{indent}  - {}{}", plain(&link.text), plain(&source));
        }
        if let Some(said) = answer.says_so().filter(|_| answer.verdict != Verdict::Unknown) {
            let _ = writeln!(text, "{indent}  {}", plain(&said));
        }
        for advice in &answer.advice {
            let _ = writeln!(text, "{indent}  help: {}", plain(advice));
        }
    }

    /// Returns the view for a pull request.
    pub fn markdown(&self) -> String {
        if self.rows.is_empty() {
            return format!("{NOTHING}\n");
        }
        let mut text = String::from("| stack | driver floor |");
        for name in self.targets {
            let _ = write!(text, " {} |", cell_words(name));
        }
        text.push_str("\n| --- | --- |");
        self.targets.iter().for_each(|_| text.push_str(" --- |"));
        text.push('\n');
        for Row { stack, summary, .. } in self.rows {
            let floor = summary.floor.as_ref().map_or("-".to_owned(), |floor| floor.driver.to_string());
            let _ = write!(text, "| {} | {floor} |", cell_words(stack.environment.name));
            for at in 0..self.targets.len() {
                let outcome = summary.outcomes.iter().find(|outcome| outcome.target == at);
                let _ = write!(text, " {} |", outcome.map_or("-".to_owned(), |outcome| marked(outcome.verdict)));
            }
            text.push('\n');
        }
        if !self.fleet.is_empty() {
            text.push('\n');
        }
        for (target, answer) in self.fleet {
            let rule = rule_of(answer.class).unwrap_or(answer.class);
            let on = prose(&self.targets[*target]);
            let _ = writeln!(text, "- **{} on {on}** (`{rule}`, {})", prose(&answer.message), word(answer));
            for link in &answer.chain {
                let _ = writeln!(text, "  - {}", prose(&link.text));
            }
        }
        for Row { stack, summary, .. } in self.rows {
            let told: Vec<(Option<&str>, &Answer)> = (summary.inside.iter().map(|answer| (None, answer)))
                .chain(
                    summary
                        .outcomes
                        .iter()
                        .flat_map(|outcome| outcome.answers.iter().map(|answer| (Some(self.target(outcome)), answer))),
                )
                .collect();
            let unjudged = stack.unjudged();
            if !unjudged.is_empty() {
                let name = prose(stack.environment.name);
                let _ = writeln!(text, "\nNot judged in {name}: {}", prose(&unjudged.join(", ")));
            }
            if told.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n<details><summary>{}</summary>\n", tag(&plain(stack.environment.name)));
            for (target, answer) in told {
                let on = target.map_or(String::new(), |target| format!(" on {}", prose(target)));
                let rule = rule_of(answer.class).unwrap_or(answer.class);
                let _ = writeln!(text, "- **{}{on}** (`{rule}`, {})", prose(&answer.message), word(answer));
                for link in &answer.chain {
                    let _ = writeln!(text, "  - {}", prose(&link.text));
                }
                for advice in &answer.advice {
                    let _ = writeln!(text, "  - mend: {}", prose(advice));
                }
            }
            text.push_str("\n</details>\n");
        }
        text
    }
}

fn because(answer: &Answer) -> String {
    let chain: Vec<&str> = answer.chain.iter().map(|link| link.text.as_str()).collect();
    format!("{}: {}", answer.message, chain.join("; "))
}

fn word(answer: &Answer) -> &'static str {
    match (answer.verdict, answer.gravity) {
        (Verdict::Unknown, _) => "unknown",
        (_, Gravity::Error) => "error",
        (_, Gravity::Warning) => "warning",
        (Verdict::RunsIf, Gravity::Info) => "condition",
        (_, Gravity::Info) => "info",
    }
}

fn marked(verdict: Verdict) -> String {
    match verdict {
        Verdict::Runs | Verdict::RunsIf | Verdict::Unknown => verdict.words().to_owned(),
        Verdict::FailsAtStart | Verdict::FailsAtKernel | Verdict::FallsBackToCpu => format!("**{}**", verdict.words()),
    }
}
