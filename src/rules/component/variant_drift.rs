//! Other builds of a component.

use anyhow::Result;

use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component is another build or variant than the BOM pins: another architecture, build string or property.
    ///
    /// # Why
    /// Name and version are the same, and what runs is not: a build for another architecture, against another runtime or
    /// with other options.
    ///
    /// # Mend
    /// Look at what chooses the build (`--platform`, a channel, a target). If the change is meant:
    /// `driftgate pin --only pkg:docker/python`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// variant-drift = "warn"
    /// ```
    pub VariantDrift = "variant-drift"
}

impl Rule for VariantDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within() {
            let (Some(new), Some([was, is])) = (change.new, change.variants()) else { continue };
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let [was, is] = [was, is].map(|facts| phrase::facts(&facts, "nothing"));
            let message = format!("{full} is another variant than the BOM pins: {is} instead of {was}");
            findings
                .change(self, change, message)
                .help(format!("look at what chooses the build; if it is meant, accept it with {accept}"));
        }
        Ok(())
    }
}
