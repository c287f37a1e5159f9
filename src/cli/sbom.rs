//! `driftgate sbom`: the SBOM of what is there.

use anyhow::{Result, bail};
use clap::{Args, ValueHint};

use super::input::{Files, Work};
use super::options::{Chosen, Outputs, outcome, timestamp};
use super::{Outcome, say, tell};
use crate::inventory;
use crate::source::Sources;

/// Write an SBOM of what a tree resolves to
#[derive(Args)]
pub struct Sbom {
    /// The folder, file of a known format, container image (OCI layout or archive), or git revision (REV, REV:PATH) to
    /// describe.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: String,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

const DEFAULT: &str = "cyclonedx-json";

impl Sbom {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the tree can't be read at all.
    pub fn run(self) -> Result<Outcome> {
        if let Some(template) = self.outputs.template.first() {
            bail!("\"{template}\" is filled with a report, and no SBOM has one; `driftgate check` takes it");
        }
        for Chosen { output, .. } in self.outputs.chosen(DEFAULT)? {
            if !output.is_document() {
                bail!("\"{}\" is no SBOM; write one with --format {DEFAULT}", output.id());
            }
        }
        let sources = Sources::default();
        let work = Work::open(&self.path, &self.files, None, &sources)?.telling(self.outputs.verbose);
        let side = work.read(&self.files)?;
        tell(&side);
        side.notes.iter().chain(&side.notes_of_absent()).for_each(|note| self.outputs.say(note));
        let mut report = inventory(side);
        report.about = work.input.tree.about().filter(|_| work.input.file.is_none());
        report.sources = sources;
        report.timestamp = timestamp()?;
        if report.subjects.is_empty() && report.problems.is_empty() {
            self.outputs.say(
                "nothing here has a format that driftgate reads: the SBOM is empty; `driftgate list formats` names them",
            );
        }
        if report.subjects.is_empty() && !report.problems.is_empty() {
            report.problems.iter().for_each(|problem| say(&problem.to_string()));
            say("nothing could be read, so no SBOM is written");
            return Ok(Outcome::Incomplete);
        }
        self.outputs.write(&mut report, DEFAULT)?;
        Ok(outcome(&report))
    }
}
