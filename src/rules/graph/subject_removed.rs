//! Lockfiles and manifests that are gone.

use anyhow::Result;

use super::tell_moved;
use crate::entry;
use crate::graph::Subject;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A lockfile or container manifest that the BOM covers is no longer in the tree.
    ///
    /// # Why
    /// A file that was deleted, renamed, git-ignored or excluded is a file that nobody holds to anything. The service
    /// may well still be there, and get resolved anew at each build.
    ///
    /// A file that stands at another path now, by what it holds, is told as one that moved: here, or by `subject-added`
    /// where the policy takes that more gravely; by both where a waiver names either rule, for who let the old path go has not
    /// let the new one in. It is held to what was pinned at the old path. What is in a submodule that is not checked out is a
    /// problem (exit 2), and not gone.
    ///
    /// # Mend
    /// If it moved or is really gone, run `driftgate pin`. Else bring the lockfile back.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// subject-removed = "deny"
    /// ```
    pub SubjectRemoved = "subject-removed"
}

impl Rule for SubjectRemoved {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in case.drift.subjects.iter().filter(|pair| pair.new.is_none()) {
            let Some(old) = pair.old else { continue };
            let components = phrase::count(old.component_count(), "component");
            let message = format!("{} is in the BOM and no longer in the tree: {components}", phrase::safe(old.path));
            findings.at(self, old.path, old.place, message).help(
                "bring the file back (is it git-ignored or excluded?), or take it out of the BOM with `driftgate pin`",
            );
        }
        tell_moved(self, case, findings);
        Ok(())
    }
}
