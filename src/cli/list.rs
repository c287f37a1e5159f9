//! `driftgate list`: what formats, rules and outputs there are, and what each format holds.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Outcome;
use super::printing::{Printing, Volume};
use crate::entry::Entry;
use crate::formats::{self, Format, Role, Yield};
use crate::outputs;
use crate::outputs::columns;
use crate::rules::{self, Rule};

/// List what formats, rules and outputs there are
///
/// Of each format it says what its files hold beyond names and versions: who requires whom (edges), how it is meant
/// (scopes), digests, where packages come from (sources), the conditions under which a part applies (environments), and
/// licences. What a file does not hold is not compared.
#[derive(Args)]
pub struct List {
    /// Which table; all three without it.
    table: Option<Table>,
    #[command(flatten)]
    printing: Printing<Form>,
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
    /// Where it can't be written.
    pub fn run(self) -> Result<Outcome> {
        let wants = |table: Table| self.table.is_none_or(|wanted| wanted == table);
        for asked in self.printing.asked(&Volume::default())? {
            let width = asked.look.width;
            let tables = self.tables(asked.form, &wants, (1..WIDE).contains(&width));
            asked.write(&match asked.form {
                Form::Json => serde_json::to_string_pretty(&Document::of(&wants))? + "\n",
                Form::Terminal => tables.map(|rows| aligned(&rows, width)).collect::<Vec<_>>().join("\n"),
                Form::Markdown => tables.map(|rows| markdown(&rows)).collect::<Vec<_>>().join("\n"),
            })?;
        }
        Ok(Outcome::Clean)
    }

    /// Returns the tables that are wanted; `narrow` says that what formats hold is told in words, and in no columns.
    fn tables(&self, form: Form, wants: &impl Fn(Table) -> bool, narrow: bool) -> impl Iterator<Item = Rows> {
        let marks = if form == Form::Markdown { ("✓", "") } else { ("yes", "-") };
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

/// What `list --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    /// The form of this document: moves when a field changes its meaning.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u32,
    /// What is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    formats: Option<Vec<Listed>>,
    /// What the outputs are.
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<Listed>>,
    /// What is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Listed>>,
}

/// A format, a rule or an output.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Listed {
    /// Its name.
    id: &'static str,
    /// What it is, in a sentence.
    summary: &'static str,
    /// Of a format: which files are of it, as patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'static [&'static str]>,
    /// Of a format: `subject`, or `manifest` where it is read to be joined with another.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Of a format: what its files hold beyond names and versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<Vec<&'static str>>,
    /// Of a rule: its level where the policy says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
}

impl Document {
    fn of(wants: &impl Fn(Table) -> bool) -> Self {
        let listed = |entry: &dyn Entry| Listed {
            id: entry.id(),
            summary: entry.summary(),
            files: None,
            role: None,
            holds: None,
            level: None,
        };
        let format = |format: &dyn Format| Listed {
            files: Some(format.files()),
            role: Some(match format.role() {
                Role::Subject => "subject",
                Role::Manifest => "manifest",
            }),
            holds: Some(format.yields().iter().map(|held| held.name()).collect()),
            ..listed(format)
        };
        let rule = |rule: &dyn Rule| Listed { level: Some(rule.level().to_string()), ..listed(rule) };
        Document {
            schema: 1,
            formats: wants(Table::Formats).then(|| formats::all().map(format).collect()),
            outputs: wants(Table::Outputs).then(|| outputs::OUTPUTS.iter().map(|output| listed(*output)).collect()),
            rules: wants(Table::Rules).then(|| rules::all().map(rule).collect()),
        }
    }
}
