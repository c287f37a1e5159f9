//! One tag, another image.

use anyhow::Result;

use crate::compare::What;
use crate::entry;
use crate::graph::Subject;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// An image has the pinned tag and another digest, or lost its digest.
    ///
    /// # Why
    /// A tag is a name that its owner can move, and the digest is the image. A new digest under an old tag is a new
    /// image: most often a rebuild with patched system packages, at times with another CUDA or another libc.
    ///
    /// # Mend
    /// See what is in the new image (`docker buildx imagetools inspect`, an SBOM of both), then accept it:
    /// `driftgate pin --only pkg:docker/python`. A digest that went missing belongs back after the tag.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// image-digest-drift = "deny"
    /// ```
    pub ImageDigestDrift = "image-digest-drift"
}

impl Rule for ImageDigestDrift {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within() {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let differs = change.has(What::Integrity) || change.has(What::IntegrityWeakened);
            if !differs || change.has(What::Version) || !phrase::is_image(new.component) {
                continue;
            }
            let digests = |digests: &[_]| phrase::digests(&digests.iter().collect::<Vec<_>>());
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let was = digests(&old.component.digests);
            if new.component.digests.is_empty() {
                findings
                    .change(self, change, format!("{full} has no digest any more, the BOM pins {was}"))
                    .help(format!("write the digest back after the tag: {full}@{}", whole(&old.component.digests)));
                continue;
            }
            let is = digests(&new.component.digests);
            findings.change(self, change, format!("{full} is another image: {is}, the BOM pins {was}")).help(format!(
                "see what is in the new image, then accept it with {accept}; or go back to the pinned digest"
            ));
        }
        Ok(())
    }
}

fn whole(digests: &[crate::model::Digest]) -> String {
    digests.first().map(ToString::to_string).unwrap_or_default()
}
