//! Digests that prove little.

use anyhow::Result;

use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component has digests of broken algorithms only: MD5 or SHA-1.
    ///
    /// Where all digests of a file are such, there is one finding for the file.
    ///
    /// # Why
    /// Two artifacts with one MD5 or SHA-1 digest can be made at little cost, one to be reviewed and one to be shipped.
    ///
    /// # Mend
    /// Lock again with a tool of today: npm writes SHA-512 since version 5, for packages published before it may have
    /// to fetch them anew (`npm cache clean --force`, remove the entry, `npm install`).
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
        for subject in case.resolved.subjects() {
            self.check_subject(subject, findings);
        }
        Ok(())
    }
}

impl IntegrityWeak {
    fn check_subject<'g>(&self, subject: &'g Subject, findings: &mut Findings<'g>) {
        let (mut weak, mut strong) = (0usize, false);
        for resolved in subject.components() {
            weak += usize::from(is_weak(&resolved));
            strong |= resolved.component.digests.iter().any(|digest| !digest.algorithm.is_weak());
        }
        let advice = "lock again with a tool that records SHA-256 or better";
        if weak > 1 && !strong {
            let message = format!("all {weak} digests in it are MD5 or SHA-1, which prove little");
            findings.at(self, subject.path, subject.place, message).help(advice);
        } else if weak > 0 {
            for resolved in subject.components().filter(is_weak) {
                let full = phrase::full(resolved.component);
                let digests = phrase::digests(&resolved.component.digests.iter().collect::<Vec<_>>());
                findings.add(self, resolved, format!("{full} has a weak digest only: {digests}")).help(advice);
            }
        }
    }
}

fn is_weak(resolved: &Resolved<'_>) -> bool {
    let digests = &resolved.component.digests;
    !digests.is_empty() && digests.iter().all(|digest| digest.algorithm.is_weak())
}
