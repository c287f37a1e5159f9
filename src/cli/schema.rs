//! `driftgate schema`: the JSON Schema of the policy or of the report.

use anyhow::{Context, Result};
use clap::Args;

use super::{Outcome, print};
use crate::schemas::SCHEMAS;

/// Print the JSON Schema of the policy (`policy`) or of what `--format json` writes (`report`)
///
/// For completion in an editor: `driftgate schema policy > .driftgate.schema.json`, and as the first line of
/// driftgate.toml: `#:schema ./.driftgate.schema.json`, which `init` writes where that file is.
#[derive(Args)]
pub struct Schema {
    /// Which one.
    #[arg(value_parser = SCHEMAS.iter().map(|schema| schema.name).collect::<Vec<_>>())]
    name: String,
}

impl Schema {
    /// Runs the command.
    ///
    /// # Errors
    /// Where standard output can't be written to.
    pub fn run(self) -> Result<Outcome> {
        let schema = SCHEMAS.iter().find(|schema| schema.name == self.name).context("clap takes no other name")?;
        print(schema.text.as_bytes())?;
        Ok(Outcome::Clean)
    }
}
