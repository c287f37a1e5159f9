//! Lockfiles and manifests that the BOM knows nothing of.

use anyhow::Result;

use super::tell_moved;
use crate::entry;
use crate::graph::Subject;
use crate::images;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A lockfile or container manifest is in the tree that the BOM does not cover.
    ///
    /// One finding for the file, whatever it holds. One that the BOM covers at another path, by what it holds, is held to that
    /// and told by `subject-removed` as moved; by this rule where the policy takes it more gravely.
    ///
    /// # Why
    /// A service, an image or a tool came in, and nothing of it was reviewed. As long as the BOM lacks it, drift in it
    /// goes unseen.
    ///
    /// # Mend
    /// Review it as a whole and run `driftgate pin`. If it is none of yours (an example, a test's data), leave it out of
    /// the scan:
    ///
    /// ```toml
    /// [scan]
    /// exclude = ["examples/**"]
    /// ```
    ///
    /// # Options
    /// None.
    pub SubjectAdded = "subject-added"
}

impl Rule for SubjectAdded {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        // An image that nobody pinned is held to its lockfiles, and no finding.
        images::image_of(subject.path).is_none() || case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in case.drift.subjects.iter().filter(|pair| pair.old.is_none()) {
            let Some(new) = pair.new else { continue };
            let components = phrase::count(new.component_count(), "component");
            let direct = new.components().filter(|resolved| resolved.is_direct()).count();
            let message = format!("{} is not in the BOM: {components}, {direct} direct", phrase::safe(new.path));
            findings
                .at(self, new.path, new.place, message)
                .help("review it, then take it into the BOM with `driftgate pin`; or leave it out with [scan] exclude");
        }
        tell_moved(self, case, findings);
        Ok(())
    }
}
