//! The image has less than the lockfile.

use anyhow::Result;

use super::is_compared;
use crate::entry;
use crate::graph::Subject;
use crate::images::Meaning;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A package that is locked for what runs is not in the image.
    ///
    /// # Why
    /// It fails at the first import, or something else fills its place: a copy of the system's, of another version.
    ///
    /// Only what is locked without a condition counts: no extras, groups and platforms that the image may not want, and
    /// where the build says what it asks for of the lockfile, only that.
    ///
    /// # Mend
    /// Build the image again from the lockfile; see that nothing later uninstalls it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// image-missing-package = "deny"
    /// ```
    pub ImageMissingPackage = "image-missing-package"
}

impl Rule for ImageMissingPackage {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        is_compared(case, subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for comparison in &case.images().comparisons {
            for row in comparison.rows.iter().filter(|row| row.meaning == Meaning::Missing) {
                let Some(node) = row.locked.first() else { continue };
                let (full, image) = (phrase::full(node.component), phrase::safe(comparison.image));
                findings
                    .add(self, *node, format!("{full} is locked and not in the image {image}"))
                    .help("build the image again from the lockfile, and see that nothing later uninstalls it");
            }
        }
        Ok(())
    }
}
