//! One version, other bytes.

use anyhow::Result;

use crate::compare::{Digests, What};
use crate::entry;
use crate::graph::Subject;
use crate::intern::Text;
use crate::model::{Component, Digest};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component has the pinned version and other digests.
    ///
    /// Digests compare as sets: a wheel that a release got later is no drift, nor is one that it lost. Two sets with nothing
    /// in common are, and so are digests that went while others came: one of several files is another one. In `uv.lock`
    /// and `pylock.toml`, which list the files for the Pythons and platforms that are asked for, that can be a lock for
    /// others, and it warns only. Images are held to their digests by `image-digest-drift`.
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
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            if Digests::of(old.component, new.component) == Digests::Replaced {
                let (came, gone) = (lone(new.component, old.component), lone(old.component, new.component));
                let found = findings.change(
                    self,
                    change,
                    format!("files of {full} are not those that the BOM pins: {came} came in the place of {gone}"),
                );
                found.help(format!(
                    "a release gets files and rarely loses any; look in the lockfile which these are, fetch them anew and \
                     compare them; accept it with {accept} only once you know why"
                ));
                if LISTS_WHAT_IS_ASKED_FOR.contains(&new.subject.format) {
                    found.level(Level::Warn);
                }
                continue;
            }
            let (is, was) = comparable(new.component, old.component);
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

/// The formats that list only those files of a release that can be installed where the project says that it runs.
const LISTS_WHAT_IS_ASKED_FOR: &[Text] = &["pylock", "uv-lock"];

/// Returns the digests that only one side has, of the algorithms that both use.
fn lone(own: &Component, other: &Component) -> String {
    let is_lone = |digest: &&Digest| {
        !other.digests.contains(digest) && other.digests.iter().any(|their| their.algorithm == digest.algorithm)
    };
    phrase::digests(&own.digests.iter().filter(is_lone).collect::<Vec<_>>())
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
