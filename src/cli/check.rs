//! `driftgate check`: the gate.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};

use super::input::{Files, Images, Work, read_nodes};
use super::options::{Outputs, day, located, outcome, timestamp};
use super::{Outcome, tell};
use crate::policy::Level;
use crate::source::{Location, Sources};
use crate::stacks;
use crate::tree;
use crate::{check, narrow};

/// Hold a tree to its pinned BOM and judge what drifted: the gate
///
/// In a job of GitHub Actions, and without --format or --template, it prints annotations after the report, and adds the
/// report to the summary of the job.
#[derive(Args)]
pub struct Check {
    /// The folder (or lockfile, or git revision `REV`, `REV:PATH`) to check.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: String,
    /// The pinned BOM; by the policy `bom.cdx.json` beside it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    bom: Option<PathBuf>,
    /// The level from which findings fail the run; by the policy `deny`.
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<Gate>,
    /// The day of the check, which decides whether a waiver has ended; today without it.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
    /// A list of nodes (`kubectl get nodes -o json`) or the output of nvidia-smi, whose machines are targets beside the
    /// policy's; repeatable, `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    nodes: Vec<PathBuf>,
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Gate {
    Warn,
    Deny,
}

impl Check {
    /// Runs the command.
    ///
    /// # Errors
    /// Where no work could be done at all.
    pub fn run(self) -> Result<Outcome> {
        self.outputs.chosen("terminal")?;
        let today = day(self.date.as_deref())?;
        let sources = Sources::default();
        let work = Work::open(&self.path, &self.files, self.bom.as_deref(), &sources)?;
        let mut work = work.telling(self.outputs.verbose);
        // The folder is what a gate reads; who meant the branch must not take it for that.
        tree::ambiguous(&self.path).iter().for_each(|said| self.outputs.say(said));
        work.policy.targets.extend(read_nodes(&sources, &self.nodes)?);
        let (pinned, resolved) = rayon::join(|| work.pinned(), || work.read(&self.files));
        let (mut pinned, mut resolved) = (pinned?, resolved?);
        self.images.add_to(&mut resolved, Some(&pinned.graph), &work, &self.files)?;
        tell(&resolved);
        if work.is_file() {
            narrow(&mut pinned, &resolved);
        }
        let gate = match self.fail_on {
            Some(Gate::Warn) => Level::Warn,
            Some(Gate::Deny) => Level::Deny,
            None => work.policy.fail_on,
        };
        let mut report = match check(pinned, resolved, &work.policy, today, gate, &sources) {
            Ok(report) => report,
            Err(error) => return Err(located(error, &sources)),
        };
        if !work.is_file() && report.problems.is_empty() {
            for (place, note) in stacks::misspelled(&report.resolved, &work.policy) {
                let Location { path, line, column, .. } = sources.locate(place);
                report.notes.push(format!("{path}:{line}:{column}: {note}"));
            }
        }
        report.root = work.root(&self.path);
        report.sources = sources;
        report.timestamp = timestamp()?;
        if report.subjects.is_empty() && report.problems.is_empty() {
            self.outputs.say("nothing here has a format that driftgate reads; `driftgate list formats` names them");
        }
        self.outputs.write_for_ci(&mut report, "terminal")?;
        Ok(outcome(&report))
    }
}
