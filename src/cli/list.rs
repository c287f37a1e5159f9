//! `driftgate list`: what formats, rules and outputs there are, and what each format holds.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Outcome, print};
use crate::entry::Entry;
use crate::formats::{self, Format, Role, Yield};
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
        let text = match self.format {
            Form::Json => json(&wants)?,
            Form::Terminal => self.tables(&wants).map(|rows| aligned(&rows)).collect::<Vec<_>>().join("\n"),
            Form::Markdown => self.tables(&wants).map(|rows| markdown(&rows)).collect::<Vec<_>>().join("\n"),
        };
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }

    fn tables(&self, wants: &impl Fn(Table) -> bool) -> impl Iterator<Item = Rows> {
        let marks = if self.format == Form::Markdown { ("✓", "") } else { ("yes", "-") };
        let row = |entry: &dyn Entry, more: Vec<String>| {
            [vec![entry.id().to_owned()], more, vec![entry.summary().to_owned()]].concat()
        };
        let named = |title: &'static str, columns: &[&str], rows: Vec<Vec<String>>| {
            let head = [&[title], columns, &[""]].concat().into_iter().map(str::to_owned).collect();
            Rows { rows: [vec![head], rows].concat() }
        };
        let formats = wants(Table::Formats).then(|| {
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

fn aligned(table: &Rows) -> String {
    let columns = table.rows[0].len();
    let width = |column: usize| table.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    // The table's name stands two places further left.
    let widths: Vec<usize> = (0..columns).map(|column| if column + 1 == columns { 0 } else { width(column) }).collect();
    let mut text = String::new();
    for (number, row) in table.rows.iter().enumerate() {
        let mut line = if number == 0 { String::new() } else { "  ".to_owned() };
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let width = width + if number == 0 && column == 0 { 2 } else { 0 };
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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
