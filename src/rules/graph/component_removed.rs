//! Components that the BOM has for nothing.

use anyhow::Result;

use crate::compare::ChangeKind;
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::policy::Level;
use crate::rules::version::VersionDrift;
use crate::rules::{Case, Findings, Rule, container, phrase};

entry! {
    /// A component that the BOM pins is no longer in the tree.
    ///
    /// What is still asked for, and only lost its version, is `version-drift`.
    ///
    /// # Why
    /// Less code is mostly good news, so this only warns. But a plugin or a patch package that went missing changes what
    /// the rest does, and a BOM that lists what is not there tells an auditor the wrong thing.
    ///
    /// # Mend
    /// `driftgate pin --only pkg:pypi/idna` takes it out of the BOM. If it should be there, require it again.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// component-removed = "warn"
    /// ```
    pub ComponentRemoved = "component-removed"
}

impl Rule for ComponentRemoved {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in case.drift.subjects.iter().filter(|pair| pair.old.is_some() && pair.new.is_some()) {
            let mut loosened: Vec<Resolved<'g>> = pair.loosened().iter().map(|one| one.old).collect();
            loosened.extend(container::loosened(case.builds(), pair).iter().filter_map(|one| one.change.old));
            for change in pair.changes.iter().filter(|change| change.kind == ChangeKind::Removed) {
                let Some(old) = change.old else { continue };
                // What lost its version is told by that, unless the policy takes it more lightly than what is gone.
                let level = |rule: &dyn Rule| {
                    case.policy.level(rule.id(), rule.level(), pair.path(), Some(&old.component.purl), old.scope())
                };
                if loosened.contains(&old) && level(&VersionDrift) >= level(self) {
                    continue;
                }
                let (full, accept) = (phrase::full(old.component), phrase::accept(old.component));
                let (path, how) = (phrase::safe(pair.path()), phrase::how(old));
                findings
                    .change(self, change, format!("{full} is pinned and no longer in {path} (was {how})"))
                    .help(format!("{accept} takes it out of the BOM; if it should be there, require it again"));
            }
        }
        Ok(())
    }
}
