//! Downgrades: the version in the tree is before the pinned one.

use anyhow::Result;

use crate::compare::ChangeKind;
use crate::entry;
use crate::graph::Subject;
use crate::rules::{Case, Findings, Rule, phrase};
use crate::versions::Step;

entry! {
    /// A component resolves to an earlier version than the BOM pins.
    ///
    /// # Why
    /// A step back undoes fixes that the review relied on, and hardly anyone asks for one: it comes from a new upper
    /// bound deep in the graph, from a lock merged the wrong way, or from someone who wants a known hole back.
    ///
    /// # Mend
    /// Find the bound that holds the version down (the paths show who requires it), lift it and lock again. Where the
    /// step back is meant, accept it: `driftgate pin --only pkg:pypi/urllib3`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// downgrade = "deny"
    /// ```
    pub Downgrade = "downgrade"
}

impl Rule for Downgrade {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within().filter(|change| change.kind == ChangeKind::Downgraded) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let (name, is, was) =
                (phrase::name(new.component), phrase::version(new.component), phrase::version(old.component));
            let step = match change.step {
                Step::Unknown => String::new(),
                step => format!("{step} step, "),
            };
            let how = phrase::how(new);
            let accept = phrase::accept(new.component);
            let back = match phrase::is_written(new) {
                true => format!("name {was} again"),
                false => format!("find what holds it below {was} and lock again"),
            };
            findings
                .change(self, change, format!("{name} went back to {is}, the BOM pins {was} ({step}{how})"))
                .help(format!("{back}; if it is meant, accept it with {accept}"));
        }
        Ok(())
    }
}
