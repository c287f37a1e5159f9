//! `driftgate diff`: what differs between any two.

use anyhow::{Context, Result};
use clap::{Args, ValueEnum, ValueHint};

use super::input::{Files, Work};
use super::options::{Outputs, outcome, timestamp};
use super::{Outcome, tell};
use crate::diff;
use crate::source::Sources;

/// Show what differs between any two of: folder, lockfile, container image, BOM, git revision
///
/// Exits 0 on differences, unless --fail-on says otherwise.
#[derive(Args)]
pub struct Diff {
    /// The old side: a folder, a file of a known format, a container image, a BOM, a git revision (REV or REV:PATH), `-`.
    #[arg(value_hint = ValueHint::AnyPath)]
    old: String,
    /// The new side.
    #[arg(value_hint = ValueHint::AnyPath)]
    new: String,
    /// The kinds of change that make the exit code 1; repeatable.
    #[arg(long, value_name = "KIND")]
    fail_on: Vec<Kind>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Any,
    Added,
    Removed,
    Upgraded,
    Downgraded,
    Changed,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Any => "any",
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Upgraded => "upgraded",
            Kind::Downgraded => "downgraded",
            Kind::Changed => "changed",
        }
    }
}

impl Diff {
    /// Runs the command.
    ///
    /// # Errors
    /// Where a side can't be read at all.
    pub fn run(self) -> Result<Outcome> {
        self.outputs.chosen("terminal")?;
        let sources = Sources::that_keep();
        let open = |argument: &str| Work::open(argument, &self.files, None, &sources);
        let side = |argument: &str| open(argument)?.telling(self.outputs.verbose).read(&self.files);
        let (old, new) = rayon::join(|| side(&self.old), || side(&self.new));
        let (old, new) = (old.context("reading the old side")?, new.context("reading the new side")?);
        [&old, &new].into_iter().for_each(tell);
        let mut report = diff(old, new, &sources);
        report.sources = sources;
        report.timestamp = timestamp()?;
        self.outputs.write(&report, "terminal")?;
        let fails = |kind: &str| self.fail_on.iter().any(|fail| *fail == Kind::Any || fail.name() == kind);
        Ok(match outcome(&report) {
            Outcome::Clean if report.changes.iter().any(|change| fails(change.kind)) => Outcome::Findings,
            outcome => outcome,
        })
    }
}
