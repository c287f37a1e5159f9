//! Waivers for nothing.

use anyhow::Result;

use super::{about, owner};
use crate::entry;
use crate::graph::Subject;
use crate::images;
use crate::policy::Level;
use crate::rules::{Case, Findings, Review, Rule};

entry! {
    /// A waiver matches no finding.
    ///
    /// Silent for one that has ended, which is `waiver-expired`, and for one that runs too long, which is `waiver-too-long`.
    ///
    /// # Why
    /// What it was for is mended, or it never matched: a misspelled package, a version that moved on. Left in place it
    /// lets the next drift of that package through, unseen, with a reason written for another.
    ///
    /// # Mend
    /// Delete it. If it should match, compare its rule, package, path, from and to with the finding.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// waiver-unused = "deny"
    /// ```
    pub WaiverUnused = "waiver-unused"
}

impl Rule for WaiverUnused {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    fn review<'g>(&self, case: &Case<'g>, review: &Review<'_>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        let here = images::names(case.resolved);
        for (waiver, used) in case.policy.waivers.iter().zip(review.used) {
            let holds = waiver.state(case.today, &case.policy.demands).holds();
            // What is in an image that is not at hand has no findings.
            let images: Vec<&str> =
                waiver.paths.texts().iter().filter_map(|path| images::image_of(path.value)).collect();
            let is_absent = |image: &&str| !here.contains(image);
            if used.matched > 0 || !holds || (!images.is_empty() && images.iter().all(is_absent)) {
                continue;
            }
            let (about, owner) = (about(waiver), owner(waiver));
            findings
                .at(self, "", waiver.place, format!("the waiver for {about} matches no finding{owner}"))
                .name(&about)
                .help("delete it; if it should match, compare its rule, package, path and versions with the finding");
        }
        Ok(())
    }
}
