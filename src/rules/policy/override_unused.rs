//! Overrides for paths that the tree does not have.

use anyhow::Result;

use super::{near, paths};
use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// An override is for a path at which the tree has no lockfile or manifest.
    ///
    /// Each path of an override counts by itself. Silent where one file is checked rather than its tree, and for images that
    /// are not at hand.
    ///
    /// # Why
    /// The levels that someone decided on do not hold: a folder was renamed, or the path never was one. What was meant to
    /// be strict is as lax as the rest, and what was meant to be let be fails the build.
    ///
    /// # Mend
    /// Correct the path, which is that of a lockfile or manifest below the root of the tree, or a glob on it
    /// (`services/batch/**`); or delete it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// override-unused = "deny"
    /// ```
    pub OverrideUnused = "override-unused"
}

impl Rule for OverrideUnused {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.policy.of_part || case.is_off(self) {
            return Ok(());
        }
        let paths = paths(case);
        for other in &case.policy.overrides {
            for unmatched in other.paths.unmatched(&paths) {
                let shown = phrase::safe(unmatched.value);
                let help = match near(unmatched.value, &paths) {
                    Some(near) => format!("did you mean \"{}\"?", phrase::safe(&near)),
                    None => "correct the path, or delete it".to_owned(),
                };
                findings
                    .at(
                        self,
                        "",
                        unmatched.place,
                        format!("the override is for \"{shown}\", where there is no lockfile or manifest"),
                    )
                    .name(unmatched.value)
                    .help(help);
            }
        }
        Ok(())
    }
}
