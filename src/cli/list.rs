//! `driftgate list`: what formats, rules and outputs there are, and what each format holds.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Outcome, print, terminal};
use crate::entry::Entry;
use crate::formats::{self, Format, Role, Yield};
use crate::outputs::columns;
use crate::{outputs, rules};

/// List what formats, rules and outputs there are
///
/// Of each format it says what its files hold beyond names and versions: who requires whom (edges), how it is meant
/// (scopes), digests, where packages come from (sources), the conditions under which a part applies (environments), and
/// licences. What a file does not hold is not compared.
#[derive(Args)]
pub struct List {
    /// Which table; all three without it.
    table: Option<Table>,
    /// How to print.
    #[arg(long, short = 'f', value_name = "NAME", default_value = "terminal")]
    format: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    Formats,
    Rules,
    Outputs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Terminal,
    Markdown,
    Json,
}

/// How wide a screen must be for all columns of the formats.
const WIDE: usize = 104;

/// One table for human eyes: the first line names the columns.
struct Rows {
    rows: Vec<Vec<String>>,
}

impl List {
    /// Runs the command.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub fn run(self) -> Result<Outcome> {
        let wants = |table: Table| self.table.is_none_or(|wanted| wanted == table);
        let width = terminal::width();
        let text = match self.format {
            Form::Json => json(&wants)?,
            Form::Terminal => {
                let tables = self.tables(&wants, (1..WIDE).contains(&width));
                tables.map(|rows| aligned(&rows, width)).collect::<Vec<_>>().join("\n")
            }
            Form::Markdown => self.tables(&wants, false).map(|rows| markdown(&rows)).collect::<Vec<_>>().join("\n"),
        };
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }

    /// Returns the tables that are wanted; `narrow` says that what formats hold is told in words, and in no columns.
    fn tables(&self, wants: &impl Fn(Table) -> bool, narrow: bool) -> impl Iterator<Item = Rows> {
        let marks = if self.format == Form::Markdown { ("✓", "") } else { ("yes", "-") };
        let row = |entry: &dyn Entry, more: Vec<String>| {
            [vec![entry.id().to_owned()], more, vec![entry.summary().to_owned()]].concat()
        };
        let named = |title: &'static str, columns: &[&str], rows: Vec<Vec<String>>| {
            let head = [&[title], columns, &[""]].concat().into_iter().map(str::to_owned).collect();
            Rows { rows: [vec![head], rows].concat() }
        };
        let formats = wants(Table::Formats).then(|| {
            if narrow {
                let holds = |format: &dyn Format| {
                    let yields: Vec<&str> = format.yields().iter().map(|held| held.name()).collect();
                    if yields.is_empty() { String::new() } else { format!(" Holds {}.", yields.join(", ")) }
                };
                let row =
                    |format: &dyn Format| vec![format.id().to_owned(), format.summary().to_owned() + &holds(format)];
                return named("formats", &[], formats::all().map(row).collect());
            }
            let rows = formats::all().map(|format| row(format, held(format, marks))).collect();
            named("formats", &Yield::ALL.map(Yield::name), rows)
        });
        let rules = wants(Table::Rules).then(|| {
            named("rules", &["level"], rules::all().map(|rule| row(rule, vec![rule.level().to_string()])).collect())
        });
        let outputs = wants(Table::Outputs)
            .then(|| named("outputs", &[], outputs::OUTPUTS.iter().map(|output| row(*output, Vec::new())).collect()));
        formats.into_iter().chain(rules).chain(outputs)
    }
}

/// Marks what a format's files hold; of a manifest, nothing: what it says counts with the lockfile beside it.
fn held(format: &dyn Format, (yes, no): (&str, &str)) -> Vec<String> {
    let mark = |held: Yield| match format.role() {
        Role::Subject if format.yields().contains(&held) => yes,
        Role::Subject => no,
        Role::Manifest => "",
    };
    Yield::ALL.iter().map(|held| mark(*held).to_owned()).collect()
}

fn aligned(table: &Rows, width: usize) -> String {
    let mut rows = table.rows.clone();
    // The table's name stands two places further left.
    rows.iter_mut().skip(1).for_each(|row| row[0].insert_str(0, "  "));
    columns::lines(&rows, 0, width).into_iter().map(|line| line + "\n").collect()
}

fn markdown(table: &Rows) -> String {
    let mut text = String::new();
    for (number, row) in table.rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| match (number, column) {
                (1.., 0) => format!("`{cell}`"),
                _ => cell.replace('|', "\\|"),
            })
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if number == 0 {
            let _ = writeln!(text, "|{}", " --- |".repeat(row.len()));
        }
    }
    text
}

#[derive(Serialize)]
struct Listed {
    id: &'static str,
    summary: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
}

fn listed(entry: &dyn Entry) -> Listed {
    Listed { id: entry.id(), summary: entry.summary(), files: None, role: None, holds: None, level: None }
}

fn json(wants: &impl Fn(Table) -> bool) -> Result<String> {
    let mut all = serde_json::Map::new();
    all.insert("schema".to_owned(), 1.into());
    if wants(Table::Formats) {
        let formats = formats::all().map(|format| Listed {
            files: Some(format.files()),
            role: Some(match format.role() {
                Role::Subject => "subject",
                Role::Manifest => "manifest",
            }),
            holds: Some(format.yields().iter().map(|held| held.name()).collect()),
            ..listed(format)
        });
        all.insert("formats".to_owned(), serde_json::to_value(formats.collect::<Vec<_>>())?);
    }
    if wants(Table::Rules) {
        let rules = rules::all().map(|rule| Listed { level: Some(rule.level().to_string()), ..listed(rule) });
        all.insert("rules".to_owned(), serde_json::to_value(rules.collect::<Vec<_>>())?);
    }
    if wants(Table::Outputs) {
        let outputs = outputs::OUTPUTS.iter().map(|output| listed(*output));
        all.insert("outputs".to_owned(), serde_json::to_value(outputs.collect::<Vec<_>>())?);
    }
    let mut text = serde_json::to_string_pretty(&all)?;
    text.push('\n');
    Ok(text)
}
