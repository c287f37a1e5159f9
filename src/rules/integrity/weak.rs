//! Digests that prove little.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::compare::What;
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, NodeId};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component has digests of broken algorithms only: MD5 or SHA-1.
    ///
    /// Where all digests of a file are such, there is one finding for the file. Silent for what DVC keeps: it knows no other.
    ///
    /// # Why
    /// Two artifacts with one MD5 or SHA-1 digest can be made at little cost, one to be reviewed and one to be shipped.
    ///
    /// # Mend
    /// Lock again with a tool of today: npm writes SHA-512 since version 5, for packages published before it may have
    /// to fetch them anew (`npm cache clean --force`, remove the entry, `npm install`).
    ///
    /// It warns by default, and denies where the BOM pins a digest that is not weak.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// integrity-weak = "warn"
    /// ```
    pub IntegrityWeak = "integrity-weak"
}

impl Rule for IntegrityWeak {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.is_off(self) {
            return Ok(());
        }
        let mut weakened = BTreeSet::new();
        for change in case.drift.changes_within().filter(|change| change.has(What::IntegrityWeakened)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            if is_weak(&new) {
                let (full, is, was) = (phrase::full(new.component), digests(new.component), digests(old.component));
                findings
                    .change(self, change, format!("{full} has a weak digest only, {is}, the BOM pins {was}"))
                    .help(ADVICE)
                    .grave();
                weakened.insert((new.subject.path, new.id()));
            }
        }
        for subject in case.resolved.subjects().iter().filter(|subject| !knows_no_other(subject)) {
            self.check_subject(subject, &weakened, findings);
        }
        Ok(())
    }
}

impl IntegrityWeak {
    fn check_subject<'g>(
        &self,
        subject: &'g Subject,
        weakened: &BTreeSet<(Text, NodeId)>,
        findings: &mut Findings<'g>,
    ) {
        let (mut weak, mut strong) = (0_usize, false);
        for resolved in subject.components() {
            weak += usize::from(is_weak(&resolved));
            strong |= resolved.component.digests.iter().any(|digest| !digest.algorithm.is_weak());
        }
        if weak > 1 && !strong {
            let message = format!("all {weak} digests in it are MD5 or SHA-1, which prove little");
            findings.at(self, subject.path, subject.place, message).help(ADVICE);
        } else if weak > 0 {
            for resolved in subject.components().filter(is_weak) {
                if weakened.contains(&(subject.path, resolved.id())) {
                    continue;
                }
                let (full, digests) = (phrase::full(resolved.component), digests(resolved.component));
                findings.add(self, resolved, format!("{full} has a weak digest only: {digests}")).help(ADVICE);
            }
        }
    }
}

/// Says whether the tool of a subject has no better digest that could be asked for: DVC names all data by its MD5.
fn knows_no_other(subject: &Subject) -> bool {
    matches!(subject.format, "dvc-file" | "dvc-lock")
}

const ADVICE: &str = "lock again with a tool that records SHA-256 or better";

fn digests(component: &Component) -> String {
    phrase::digests(&component.digests.iter().collect::<Vec<_>>())
}

fn is_weak(resolved: &Resolved<'_>) -> bool {
    let digests = &resolved.component.digests;
    !digests.is_empty() && digests.iter().all(|digest| digest.algorithm.is_weak())
}
