//! Requirements that no version answers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::entry;
use crate::formats::oci::is_model;
use crate::intern::Text;
use crate::model::{Declared, Gap};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};
use crate::source::Place;

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
            // A line that several packages require is one finding.
            let mut lines: BTreeMap<(Place, Text, Text), Vec<&Declared>> = BTreeMap::new();
            for declared in subject.declared.iter().filter(|declared| declared.gap == Gap::Unpinned) {
                // A model without a revision is another rule's.
                if !is_model(declared.requirement.extra) {
                    let line = (declared.place, declared.name, declared.requirement.constraint);
                    lines.entry(line).or_default().push(declared);
                }
            }
            for ((place, name, constraint), all) in lines {
                let asked = match constraint {
                    "" => "any version".to_owned(),
                    constraint => format!("asked for is {}", phrase::safe(constraint)),
                };
                let by: BTreeSet<String> = all
                    .iter()
                    .filter_map(|declared| subject.node(declared.from).filter(|from| !from.is_root()))
                    .map(|from| phrase::full(from.component))
                    .collect();
                let by = if by.is_empty() { String::new() } else { format!(", required by {}", phrase::list(by)) };
                let message = format!("{} is pinned to no version ({asked}{by})", phrase::safe(name));
                findings
                    .at(self, subject.path, place, message)
                    .name(name)
                    .packages(all.first().into_iter().flat_map(|declared| subject.may_mean(declared)))
                    .help("lock it with your package manager, or pin it to an exact version");
            }
        }
        Ok(())
    }
}
