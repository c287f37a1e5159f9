//! Components that are locked for other environments.

use anyhow::Result;

use crate::compare::What;
use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component is locked for another environment than the BOM pins: another platform, Python or extra.
    ///
    /// Markers of Python are compared by when they hold, however they are written. The Pythons that a whole lockfile is made
    /// for (`requires-python`), and the machines that pixi's is made for (`__cuda=12.9`), are the environment of its project, or
    /// of itself: one finding, whatever else changes by it. A BOM that was pinned before driftgate kept them says nothing of them.
    ///
    /// # Why
    /// What was reviewed as a shim for one platform now gets installed on all, or no longer on the one that needs it.
    ///
    /// # Mend
    /// Look at the markers and targets in the manifests, and at the versions of Python or node that the lock is made
    /// for. If the change is meant: `driftgate pin --only pkg:pypi/colorama`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// environment-drift = "warn"
    /// ```
    pub EnvironmentDrift = "environment-drift"
}

impl Rule for EnvironmentDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in &case.drift.subjects {
            // A lock that names no project of its own.
            if let (Some(old), Some(new)) = (pair.old, pair.new)
                && ![old.environment, new.environment].contains(&"")
                && old.environment != new.environment
            {
                let (path, is, was) = (phrase::safe(new.path), spelled(new.environment), spelled(old.environment));
                findings
                    .at(self, new.path, new.place, format!("{path} is locked for {is}, the BOM pins it for {was}"))
                    .related(old.place, "pinned here")
                    .help("look at what the project asks for; if it is meant, accept it with `driftgate pin`");
            }
        }
        for change in case.drift.changes_within().filter(|change| change.has(What::Environment)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let (is, was) = (spelled(new.environment()), spelled(old.environment()));
            let what =
                if new.is_root() { "what the project asks for" } else { "the markers and targets in the manifests" };
            findings
                .change(self, change, format!("{full} is locked for {is}, the BOM pins it for {was}"))
                .help(format!("look at {what}; if it is meant, accept it with {accept}"));
        }
        Ok(())
    }
}

fn spelled(environment: &str) -> String {
    const MOST: usize = 160;
    if environment.is_empty() {
        return "all environments".to_owned();
    }
    let shown: String = environment.chars().take(MOST).collect();
    let more = if shown.len() < environment.len() { "…" } else { "" };
    format!("`{}{more}`", phrase::safe(&shown))
}
