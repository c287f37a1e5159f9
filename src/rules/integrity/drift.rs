//! One version, other bytes.

use anyhow::Result;

use crate::compare::What;
use crate::entry;
use crate::graph::Subject;
use crate::model::{Component, Digest};
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component has the pinned version and none of its digests.
    ///
    /// Digests compare as sets: a wheel added to a release is no drift, two sets with nothing in common are. Images are
    /// held to theirs by `image-digest-drift`.
    ///
    /// # Why
    /// A published version does not change. Where its digests do, the artifact is not the one that was reviewed: it was
    /// replaced where it is stored or on the way, a mirror serves a rebuild of its own, or someone edited the lockfile.
    /// No version number gives it away.
    ///
    /// # Mend
    /// Do not accept it before you know why. Fetch the artifact from its first source and from yours, and compare both
    /// with both digests. Ask the mirror's owner. Where the change is explained: `driftgate pin --only pkg:pypi/torch`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// integrity-drift = "deny"
    /// ```
    pub IntegrityDrift = "integrity-drift"
}

impl Rule for IntegrityDrift {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within() {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            // The digests of another version are other digests.
            if !change.has(What::Integrity) || change.has(What::Version) || phrase::is_image(new.component) {
                continue;
            }
            // Another build is another artifact by its name already, which variant-drift says.
            if phrase::build(new.component) != phrase::build(old.component) {
                continue;
            }
            let (is, was) = comparable(new.component, old.component);
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            findings
                .change(self, change, format!("{full} is not the artifact that the BOM pins: {is}, pinned {was}"))
                .help(format!(
                    "the artifact was replaced, rebuilt by a mirror, or the lockfile was edited: fetch {full} anew and \
                     compare it with both digests; accept it with {accept} only once you know why"
                ));
        }
        Ok(())
    }
}

/// Returns both sides' digests of the algorithms that both use; all of them where they use none alike.
fn comparable(new: &Component, old: &Component) -> (String, String) {
    let common = |own: &'_ Component, other: &Component| {
        let shared = |digest: &&Digest| other.digests.iter().any(|their| their.algorithm == digest.algorithm);
        let mut digests: Vec<&Digest> = own.digests.iter().filter(shared).collect();
        if digests.is_empty() {
            digests = own.digests.iter().collect();
        }
        phrase::digests(&digests)
    };
    (common(new, old), common(old, new))
}
