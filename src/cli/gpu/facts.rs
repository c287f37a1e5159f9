//! `driftgate gpu facts`: what the tables say of a toolkit, a driver, a GPU, a framework.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::Outcome;
use crate::cli::printing::{Printing, Volume};
use crate::gpu::tables::{self, Contents, Row};
use crate::outputs::columns;
use crate::outputs::text::plain;
use crate::suggest;

/// Print what the tables know of a toolkit, driver, GPU, framework or image, with sources
#[derive(Args)]
pub struct Facts {
    /// What to look up: `12.4`, `R535`, `550.54.15`, `A100`, `torch`, `torch 2.11`, `onnxruntime-gpu`, `nvidia/cuda`; the
    /// list of the tables without it.
    #[arg(value_name = "NAME")]
    name: Vec<String>,
    #[command(flatten)]
    printing: Printing<Form>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Terminal,
    Json,
}

/// What `gpu facts --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document<'r> {
    /// The form of this document: moves when a field changes its meaning.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u32,
    /// The rows that speak of the name.
    rows: Vec<Written<'r>>,
    /// The tables that there are, where no name is given.
    tables: Vec<Held>,
}

/// A table.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Held {
    /// The file that holds it.
    file: &'static str,
    /// What it is called.
    table: String,
    /// How many rows it has.
    rows: usize,
    /// The day on which the file was last looked through.
    date: String,
}

/// A row of a table.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Written<'r> {
    /// The file that holds the table.
    file: &'static str,
    /// What the table is called.
    table: &'r str,
    /// The row's fields, as the file has them.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    fields: &'r toml::Table,
}

impl Facts {
    /// Runs the command.
    ///
    /// # Errors
    /// Where nothing is known of the name.
    pub fn run(self) -> Result<Outcome> {
        let printing = self.printing.asked(&Volume::default())?;
        let name = self.name.join(" ");
        if name.is_empty() {
            for asked in printing {
                asked.write(&match asked.form {
                    Form::Terminal => listed(asked.look.width),
                    Form::Json => {
                        let held = |Contents { file, date, table, rows }| Held { file, table, rows, date };
                        let tables = tables::contents().into_iter().map(held).collect();
                        json(&Document { schema: 1, rows: Vec::new(), tables })?
                    }
                })?;
            }
            return Ok(Outcome::Clean);
        }
        let rows = tables::about(&name);
        if rows.is_empty() {
            let names = tables::names();
            let hint = suggest::hint(&name, names.iter().map(String::as_str));
            bail!("nothing is known of \"{}\"{hint}; `driftgate gpu facts` lists the tables", name.escape_debug());
        }
        for asked in printing {
            asked.write(&match asked.form {
                Form::Terminal => shown(&rows, asked.look.width),
                Form::Json => {
                    let rows =
                        rows.iter().map(|row| Written { file: row.file, table: &row.table, fields: &row.fields });
                    json(&Document { schema: 1, rows: rows.collect(), tables: Vec::new() })?
                }
            })?;
        }
        Ok(Outcome::Clean)
    }
}

fn json(document: &Document<'_>) -> Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

/// Lists the tables.
fn listed(width: usize) -> String {
    let rows = tables::contents().into_iter().map(|table| {
        let rows = format!("{:4} rows", table.rows);
        vec![table.file.to_owned(), table.table, rows, table.date]
    });
    columns::lines(&rows.collect::<Vec<_>>(), 0, width).into_iter().map(|line| line + "\n").collect()
}

fn shown(rows: &[Row], width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "{} ({})", plain(&row.title()), row.file);
        let rows = row.lines().into_iter().map(|(name, value)| vec![name.to_owned(), plain(&value).into_owned()]);
        for line in columns::lines(&rows.collect::<Vec<_>>(), 2, width) {
            let _ = writeln!(text, "{line}");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_ends_with_any_blank() {
        let mut fields = toml::Table::new();
        fields.insert("source".to_owned(), "a contract\u{2003}".into());
        let row = Row { file: "drivers.toml", table: "branch".to_owned(), fields };
        assert_eq!(shown(&[row], 0), "branch (drivers.toml)\n  source  a contract\n");
    }
}
