//! Targets that nothing of the tree runs on.

use anyhow::Result;

use super::{near, paths};
use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A target is for nothing here: no lockfile or manifest is at its path, or none is meant to run there.
    ///
    /// Each path of a target counts by itself. It denies where there is nothing at a path, and warns where there is, and
    /// neither `image` nor what the workloads ask of their nodes leads to the target. Silent where one file is checked
    /// rather than its tree, and for images that are not at hand.
    ///
    /// # Why
    /// What runs on no target is judged against no driver and no GPU. One letter wrong in a path, and the gate that
    /// the target was written for is off.
    ///
    /// # Mend
    /// Correct the path, which is that of a lockfile or manifest below the root of the tree, or a glob on it
    /// (`services/**`). Where `image` says what runs there, it names images as deployments spell them, without tags. Delete a
    /// target that is no more.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// target-unused = "deny"
    /// ```
    pub TargetUnused = "target-unused"
}

impl Rule for TargetUnused {
    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.policy.of_part || case.is_off(self) || case.policy.targets.is_empty() {
            return Ok(());
        }
        let paths = paths(case);
        for (number, target) in case.policy.targets.iter().enumerate() {
            let name = phrase::safe(&target.target.name);
            let unmatched = target.paths.unmatched(&paths);
            for path in &unmatched {
                let shown = phrase::safe(path.value);
                let help = match near(path.value, &paths) {
                    Some(near) => format!("did you mean \"{}\"?", phrase::safe(&near)),
                    None => "correct the path, or delete it".to_owned(),
                };
                let message = format!("the target {name} is for \"{shown}\", where there is no lockfile or manifest");
                findings.at(self, "", path.place, message).name(path.value).help(help);
            }
            if unmatched.is_empty() && !case.judged().is_used(number) {
                findings
                    .at(
                        self,
                        "",
                        target.place,
                        format!("the target {name} is for nothing here: none is meant to run there"),
                    )
                    .name(&target.target.name)
                    .help("compare its path and image, and what the workloads ask of their nodes; or delete it")
                    .level(Level::Warn);
            }
        }
        Ok(())
    }
}
