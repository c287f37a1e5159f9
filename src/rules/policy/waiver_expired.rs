//! Waivers past their last day.

use anyhow::Result;

use super::{about, owner};
use crate::entry;
use crate::graph::Subject;
use crate::policy::{Level, State};
use crate::rules::{Case, Findings, Review, Rule, phrase};

entry! {
    /// A waiver is past its last day and lets nothing through any more.
    ///
    /// It only warns: what the waiver was for counts again by itself, at its own level, with the waiver beside it, unless
    /// another waiver lets it through.
    ///
    /// # Why
    /// A last day is a promise to look again. One that passed unseen is a decision that nobody stands by.
    ///
    /// # Mend
    /// Accept or undo what it was for and delete it, or decide anew and set a new last day.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// waiver-expired = "warn"
    /// ```
    pub WaiverExpired = "waiver-expired"
}

impl Rule for WaiverExpired {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn review<'g>(&self, case: &Case<'g>, review: &Review<'_>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for (waiver, used) in case.policy.waivers.iter().zip(review.used) {
            let State::Expired { days } = waiver.state(case.today, &case.policy.demands) else { continue };
            let (about, owner) = (about(waiver), owner(waiver));
            let ago = phrase::count(days as usize, "day");
            let still = match (used.matched, used.matched - used.covered) {
                (0, _) => "nothing matches it any more".to_owned(),
                (_, 0) => "another waiver lets through what it did".to_owned(),
                (_, 1) => "the finding it let through counts again".to_owned(),
                (_, open) => format!("the {open} findings it let through count again"),
            };
            let is_open = used.matched > used.covered;
            let help = if is_open { "mend what it was for and delete it, or set a new last day" } else { "delete it" };
            findings
                .at(self, "", waiver.place, format!("the waiver for {about} ended {ago} ago, {still}{owner}"))
                .name(&about)
                .help(help);
        }
        Ok(())
    }
}
