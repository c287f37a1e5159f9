//! `driftgate diff`: what differs between any two.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum, ValueHint};

use super::input::{Files, Work};
use super::options::{Outputs, outcome, timestamp};
use super::{Outcome, git, tell};
use crate::diff;
use crate::source::Sources;
use crate::tree;

/// Show what differs between any two of: folder, lockfile, container image, BOM, git revision
///
/// Exits 0 on differences, unless --fail-on says otherwise.
#[derive(Args)]
#[command(override_usage = "driftgate diff [OPTIONS] <OLD> <NEW>")]
pub struct Diff {
    /// The old side: a folder, a file of a known format, a container image, a BOM, a git revision (REV or REV:PATH), `-`;
    /// or both sides, as git has them: `A..B`, and `A...B` for what B brings since it left A.
    #[arg(required_unless_present = "git", value_hint = ValueHint::AnyPath)]
    old: Option<String>,
    /// The new side.
    #[arg(value_hint = ValueHint::AnyPath)]
    new: Option<String>,
    /// For git to run, which adds its arguments: as `diff.driftgate.command` it shows what changed in the files that have the
    /// attribute `diff=driftgate`, as `diff.driftgate.textconv` it makes a line of each component.
    #[arg(long, value_name = "ARGUMENTS", num_args = 1.., allow_hyphen_values = true, conflicts_with_all = ["old", "new", "fail_on"])]
    git: Option<Vec<OsString>>,
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
        if let Some(arguments) = &self.git {
            return git::run(arguments, &self.outputs);
        }
        let old = self.old.as_deref().unwrap_or_default();
        let both = match &self.new {
            Some(new) => [old.to_owned(), new.clone()],
            None => match tree::both_sides(old) {
                Some(both) => both?,
                None => bail!("there is no new side: driftgate diff {} NEW", old.escape_debug()),
            },
        };
        let [old, new] = both.each_ref().map(String::as_str);
        if let Some(said) = [old, new].into_iter().find_map(tree::ambiguous) {
            bail!("{said}");
        }
        let sources = Sources::that_keep();
        let open = |argument: &str| Work::open(argument, &self.files, None, &sources);
        let side = |argument: &str| {
            let work = open(argument)?.telling(self.outputs.verbose);
            Ok::<_, anyhow::Error>((work.root(argument), work.read(&self.files)?))
        };
        let (old, new) = rayon::join(|| side(old), || side(new));
        let ((_, old), (root, new)) = (old.context("reading the old side")?, new.context("reading the new side")?);
        [&old, &new].into_iter().for_each(tell);
        let mut report = diff(old, new, &sources);
        report.root = root;
        report.sources = sources;
        report.timestamp = timestamp()?;
        let fails = |kind: &str| self.fail_on.iter().any(|fail| *fail == Kind::Any || fail.name() == kind);
        report.fails = report.changes.iter().any(|change| fails(change.kind));
        self.outputs.write(&mut report, "terminal")?;
        Ok(outcome(&report))
    }
}
