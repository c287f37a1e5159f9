//! `driftgate schema`: the JSON Schemas of what people write and programs read.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueHint};

use super::{Outcome, files, print};
use crate::schemas::SCHEMAS;

/// Print a JSON Schema: of the policy, or of what a command's `--format json` writes
///
/// `report` is that of `check`, `diff` and `pin`; `why`, `gpu`, `gpu-facts` and `list` are those of the commands of that name.
///
/// For completion in an editor, `init` writes the policy's beside driftgate.toml, which names it in its first line,
/// `#:schema ./.driftgate.schema.json`. After an update of driftgate, `driftgate schema policy -o .driftgate.schema.json` writes it
/// anew, and adds it to an older project.
#[derive(Args)]
pub struct Schema {
    /// Which one.
    #[arg(value_parser = SCHEMAS.iter().map(|schema| schema.name).collect::<Vec<_>>())]
    name: String,
    /// Where it goes; `-` is standard output.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Schema {
    /// Runs the command.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn run(self) -> Result<Outcome> {
        let schema = SCHEMAS.iter().find(|schema| schema.name == self.name).context("clap takes no other name")?;
        let file = self.output.as_deref().map_or(Ok(None), files::named).context("--output")?;
        match file {
            Some(file) => files::write(&file, schema.text.as_bytes())?,
            None => print(schema.text.as_bytes())?,
        }
        Ok(Outcome::Clean)
    }
}
