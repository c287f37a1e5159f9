//! `driftgate explain` and `driftgate list`: what there is, and what it means.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::{Outcome, print};
use crate::entry::Entry;
use crate::{formats, outputs, rules};

/// Say what a rule, format or output means, and how to mend a finding
#[derive(Args)]
pub struct Explain {
    /// The rule's (or format's, or output's) name.
    name: String,
}

/// List what formats, rules and outputs there are
#[derive(Args)]
pub struct List {
    /// Which table; all three without it.
    table: Option<Table>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    Formats,
    Rules,
    Outputs,
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    /// Where nothing has that name.
    pub fn run(self) -> Result<Outcome> {
        let mut entries = formats::all()
            .map(|entry| ("format", entry as &dyn Entry))
            .chain(rules::all().map(|entry| ("rule", entry as &dyn Entry)))
            .chain(outputs::OUTPUTS.iter().map(|entry| ("output", *entry as &dyn Entry)));
        let Some((table, entry)) = entries.find(|(_, entry)| entry.id() == self.name) else {
            let known = rules::all().map(|rule| rule.id());
            let meant = crate::suggest::closest(&self.name, known)
                .map(|name| format!("; was \"{name}\" meant?"))
                .unwrap_or_default();
            bail!("nothing is called \"{}\"{meant} `driftgate list` names everything", self.name.escape_debug());
        };
        let mut text = format!("{} ({table})\n\n", entry.id());
        for line in entry.docs().lines() {
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
            text.push('\n');
        }
        if let Some(rule) = rules::named(entry.id()) {
            let _ = write!(text, "\n# Level\n`{}` where the policy says nothing.\n", rule.level());
        }
        if let Some(format) = formats::named(entry.id()) {
            let _ = write!(text, "\n# Files\n{}\n", format.files().join(", "));
        }
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }
}

impl List {
    /// Runs the command.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub fn run(self) -> Result<Outcome> {
        let mut text = String::new();
        let mut section = |table: Table, title: &str, rows: Vec<(String, String, String)>| {
            if self.table.is_some_and(|wanted| wanted != table) {
                return;
            }
            let width = |column: fn(&(String, String, String)) -> &String| {
                rows.iter().map(|row| column(row).len()).max().unwrap_or(0)
            };
            let (first, second) = (width(|row| &row.0), width(|row| &row.1));
            let _ = writeln!(text, "{title}");
            for (name, more, summary) in &rows {
                let _ = writeln!(text, "  {name:first$}  {more:second$}  {summary}");
            }
            text.push('\n');
        };
        let row = |entry: &dyn Entry, more: String| (entry.id().to_owned(), more, entry.summary().to_owned());
        section(Table::Formats, "formats", formats::all().map(|format| row(format, some(format.files()))).collect());
        section(Table::Rules, "rules", rules::all().map(|rule| row(rule, rule.level().to_string())).collect());
        section(Table::Outputs, "outputs", outputs::OUTPUTS.iter().map(|output| row(*output, String::new())).collect());
        text.truncate(text.trim_end().len() + 1);
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }
}

/// Returns the first file names of a format; `explain` has all of them.
fn some(files: &[&str]) -> String {
    let shown = files.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    if files.len() > 2 { format!("{shown} …") } else { shown }
}
