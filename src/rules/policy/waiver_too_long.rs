//! Waivers that reach further than a waiver may.

use anyhow::Result;

use super::{about, owner};
use crate::entry;
use crate::graph::Subject;
use crate::policy::State;
use crate::rules::{Case, Findings, Review, Rule, phrase};

entry! {
    /// A waiver's last day is further off than the policy lets a waiver reach; it lets nothing through.
    ///
    /// The longest life of a waiver is policy, counted in days from the day of the check. A waiver that lacks a field the
    /// policy requires is no finding: the policy does not hold together, and the run says so at once.
    ///
    /// # Why
    /// A waiver until 2099 is a rule switched off, by one person, in a line that nobody reads again.
    ///
    /// # Mend
    /// Set a last day within the limit. What should hold for good belongs into an `[[override]]`, where it is read as
    /// policy.
    ///
    /// # Options
    /// None of its own.
    ///
    /// ```toml
    /// [waivers]
    /// longest = 90
    ///
    /// [rules]
    /// waiver-too-long = "deny"
    /// ```
    pub WaiverTooLong = "waiver-too-long"
}

impl Rule for WaiverTooLong {
    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn review<'g>(&self, case: &Case<'g>, _review: &Review<'_>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        let demands = &case.policy.demands;
        for waiver in &case.policy.waivers {
            let State::TooLong { days } = waiver.state(case.today, demands) else { continue };
            let (about, owner) = (about(waiver), owner(waiver));
            let left = phrase::count(days as usize, "day");
            let longest = demands.longest.map_or(0, |longest| longest.value);
            let place = waiver.ends.map_or(waiver.place, |ends| ends.place);
            let draft = findings.at(
                self,
                "",
                place,
                format!("the waiver for {about} runs for {left}, the policy allows {longest}{owner}"),
            );
            draft
                .name(&about)
                .help("set a last day within the limit, or write an [[override]] if it is to hold for good");
            if let Some(longest) = demands.longest {
                draft.related(longest.place, "the limit");
            }
        }
        Ok(())
    }
}
