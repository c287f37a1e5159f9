//! `driftgate gpu facts`: what the tables say of a toolkit, a driver, a GPU, a framework.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::{Outcome, print, terminal};
use crate::gpu::tables::{self, Row};
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
    /// How to print.
    #[arg(long, short = 'f', value_name = "NAME", default_value = "terminal")]
    format: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Terminal,
    Json,
}

#[derive(Serialize)]
struct Written<'r> {
    file: &'static str,
    table: &'r str,
    fields: &'r toml::Table,
}

impl Facts {
    /// Runs the command.
    ///
    /// # Errors
    /// Where nothing is known of the name.
    pub fn run(self) -> Result<Outcome> {
        let name = self.name.join(" ");
        if name.is_empty() {
            let mut text = String::new();
            for table in tables::contents() {
                let _ = writeln!(text, "{:16} {:22} {:4} rows  {}", table.file, table.table, table.rows, table.date);
            }
            print(text.as_bytes())?;
            return Ok(Outcome::Clean);
        }
        let rows = tables::about(&name);
        if rows.is_empty() {
            let names = tables::names();
            let hint = suggest::hint(&name, names.iter().map(String::as_str));
            bail!("nothing is known of \"{}\"{hint}; `driftgate gpu facts` lists the tables", name.escape_debug());
        }
        let text = match self.format {
            Form::Terminal => shown(&rows, terminal::width()),
            Form::Json => {
                let rows: Vec<Written<'_>> =
                    rows.iter().map(|row| Written { file: row.file, table: &row.table, fields: &row.fields }).collect();
                let mut text = serde_json::to_string_pretty(&serde_json::json!({ "schema": 1, "rows": rows }))?;
                text.push('\n');
                text
            }
        };
        print(text.as_bytes())?;
        Ok(Outcome::Clean)
    }
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
