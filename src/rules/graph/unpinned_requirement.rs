//! Requirements that no version answers.

use anyhow::Result;

use crate::entry;
use crate::formats::oci::is_model;
use crate::model::Gap;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A requirement has no exact version: what gets installed is decided at install time.
    ///
    /// # Why
    /// There is nothing to hold to the BOM. The same file gives another environment tomorrow, and no diff shows it.
    ///
    /// # Mend
    /// Lock it: `uv pip compile --generate-hashes requirements.in -o requirements.txt`, or pin the line with `==`. If the
    /// file only says what was asked for, name it `requirements.in`, or leave it out with `[scan] exclude`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// unpinned-requirement = "warn"
    /// ```
    pub UnpinnedRequirement = "unpinned-requirement"
}

impl Rule for UnpinnedRequirement {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for subject in case.resolved.subjects() {
            for declared in subject.declared.iter().filter(|declared| declared.gap == Gap::Unpinned) {
                // A model without a revision is another rule's.
                if is_model(declared.requirement.extra) {
                    continue;
                }
                let name = phrase::safe(declared.name);
                let asked = match declared.requirement.constraint {
                    "" => "any version".to_owned(),
                    constraint => format!("asked for is {}", phrase::safe(constraint)),
                };
                let by = subject.node(declared.from).filter(|from| !from.is_root());
                let by = by.map_or_else(String::new, |from| format!(", required by {}", phrase::full(from.component)));
                findings
                    .at(self, subject.path, declared.place, format!("{name} is pinned to no version ({asked}{by})"))
                    .name(declared.name)
                    .help("lock it with your package manager, or pin it to an exact version");
            }
        }
        Ok(())
    }
}
