//! Components under another licence.

use anyhow::Result;

use crate::compare::What;
use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component is under another licence than the BOM records.
    ///
    /// Only where both sides name one; most lockfiles name none.
    ///
    /// # Why
    /// A release under new terms arrives as a minor step. What the old licence allowed (to host it, to sell it, to keep
    /// changes private) the new one may not.
    ///
    /// # Mend
    /// Ask whoever answers for licences, then accept it: `driftgate pin --only pkg:npm/terraform`. Or stay with the last
    /// version under the old terms.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// licence-drift = "warn"
    /// ```
    pub LicenceDrift = "licence-drift"
}

impl Rule for LicenceDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within().filter(|change| change.has(What::Licence)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let (is, was) = (phrase::safe(new.component.licence), phrase::safe(old.component.licence));
            findings
                .change(self, change, format!("{full} is under {is}, the BOM records {was}"))
                .help(format!("have the new terms looked at, then accept them with {accept}"));
        }
        Ok(())
    }
}
