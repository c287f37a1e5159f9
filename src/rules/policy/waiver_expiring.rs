//! Waivers near their last day.

use anyhow::Result;

use super::{about, owner};
use crate::entry;
use crate::graph::Subject;
use crate::policy::{Level, State};
use crate::rules::{Case, Findings, Review, Rule, phrase};

entry! {
    /// A waiver will soon be past its last day, and what it lets through will count again.
    ///
    /// How soon is policy: `warn-before`, in days; 14 where the policy says nothing. Silent for a waiver that lets
    /// nothing through: that is `waiver-unused`.
    ///
    /// # Why
    /// The build that fails on the day after is nobody's surprise if the ones before said so.
    ///
    /// # Mend
    /// Accept or undo what it is for and delete it, or decide anew and set a new last day.
    ///
    /// # Options
    /// None of its own.
    ///
    /// ```toml
    /// [waivers]
    /// warn-before = 30
    ///
    /// [rules]
    /// waiver-expiring = "warn"
    /// ```
    pub WaiverExpiring = "waiver-expiring"
}

impl Rule for WaiverExpiring {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn review<'g>(&self, case: &Case<'g>, review: &Review<'_>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for (waiver, used) in case.policy.waivers.iter().zip(review.used) {
            let State::Soon { days } = waiver.state(case.today, &case.policy.demands) else { continue };
            if used.matched == 0 {
                continue;
            }
            let (about, owner) = (about(waiver), owner(waiver));
            let left = match days {
                0 => "today is its last day".to_owned(),
                days => format!("{} left", phrase::count(days as usize, "day")),
            };
            let through = phrase::count(used.matched, "finding");
            findings
                .at(self, "", waiver.place, format!("the waiver for {about} lets {through} through, {left}{owner}"))
                .name(&about)
                .help("mend what it is for and delete it, or set a new last day");
        }
        Ok(())
    }
}
