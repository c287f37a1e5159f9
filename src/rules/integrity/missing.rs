//! Artifacts that nothing holds to their bytes.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::compare::{Pair, What};
use crate::entry;
use crate::formats;
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, Origin, PartKind};
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component that is downloaded has no digest, though the BOM pins one or its neighbours have theirs.
    ///
    /// Silent for what is not downloaded from a registry or an address (folders, members of the workspace, git commits,
    /// what is bundled in another package), for images and what commands of their builds install, for files that hold no
    /// digest at all, and for what the BOM already pins without one. Where a whole file lost its digests there is one finding for it.
    ///
    /// # Why
    /// Without a digest, whatever the registry or anyone between serves under that name and version gets installed.
    /// One line without a hash among hundreds is easily overlooked, and is the one to look at.
    ///
    /// # Mend
    /// Lock again with a tool that records digests: `uv lock`, `npm install --package-lock-only`,
    /// `pip-compile --generate-hashes`. Some private indexes give none; then say so:
    ///
    /// ```toml
    /// [[override]]
    /// package = "pkg:pypi/our-*"
    /// rules = { integrity-missing = "allow" }
    /// ```
    ///
    /// It warns by default, and denies where the BOM pins a digest that is gone.
    ///
    /// # Options
    /// None.
    pub IntegrityMissing = "integrity-missing"
}

impl Rule for IntegrityMissing {
    fn level(&self) -> crate::policy::Level {
        crate::policy::Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, subject: &Subject) -> bool {
        // What is installed has the digests that its records happen to keep; none of them is checked again.
        let is_installed = formats::named(subject.format).is_some_and(|format| format.is_installed());
        subject.says.integrity && !is_installed
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.is_off(self) {
            return Ok(());
        }
        // Both sides are sorted by path: a subject's pair is found as the subjects are walked.
        let mut pairs = case.drift.subjects.iter().peekable();
        for subject in case.resolved.subjects() {
            while pairs.next_if(|pair| pair.new.is_none_or(|new| new.path < subject.path)).is_some() {}
            let pair = pairs.next_if(|pair| pair.new.is_some_and(|new| std::ptr::eq(new, subject)));
            if self.looks_at(case, subject) {
                self.check_subject(subject, pair, findings);
            }
        }
        Ok(())
    }
}

impl IntegrityMissing {
    fn check_subject<'g>(&self, subject: &'g Subject, pair: Option<&Pair<'g>>, findings: &mut Findings<'g>) {
        let has_some = subject.components().any(|resolved| !resolved.component.digests.is_empty());
        let mut lost = BTreeSet::new();
        if let Some(pair) = pair.filter(|pair| pair.old.is_some()) {
            let gone = pair.changes.iter().filter(|change| {
                change.has(What::IntegrityWeakened)
                    && change
                        .new
                        .is_some_and(|new| new.component.digests.is_empty() && !phrase::is_image(new.component))
            });
            let gone: Vec<_> = gone.collect();
            if !has_some && gone.len() > 1 {
                let count = phrase::count(gone.len(), "component");
                findings
                    .at(
                        self,
                        subject.path,
                        subject.place,
                        format!("no digest is left in it, the BOM pins those of {count}"),
                    )
                    .help("lock again with the tool and the options that record digests")
                    .grave();
                return;
            }
            for change in gone {
                if change.has(What::Source) && change.new.is_some_and(|new| !is_download(new.component)) {
                    continue;
                }
                let (Some(old), Some(new)) = (change.old, change.new) else { continue };
                lost.insert(new.id());
                let was = phrase::digests(&old.component.digests.iter().collect::<Vec<_>>());
                let full = phrase::full(new.component);
                findings
                    .change(self, change, format!("{full} has no digest any more, the BOM pins {was}"))
                    .help("lock again with the tool and the options that record digests")
                    .grave();
            }
        }
        if !has_some {
            return;
        }
        // A file may name no source at all: then what has a digest shows that the others should.
        let is_proved = |resolved: Resolved<'_>| {
            resolved.component.origin == Origin::Unknown && !resolved.component.digests.is_empty()
        };
        let proves_unknown = subject.components().any(is_proved);
        let mut accepted: Option<BTreeSet<Text>> = None;
        for resolved in subject.components().filter(is_bare) {
            let is_unknown = resolved.component.origin == Origin::Unknown;
            if lost.contains(&resolved.id()) || (is_unknown && !proves_unknown) {
                continue;
            }
            let accepted = accepted.get_or_insert_with(|| pair.and_then(|pair| pair.old).map(bare).unwrap_or_default());
            if accepted.contains(resolved.component.purl.key()) {
                continue;
            }
            let full = phrase::full(resolved.component);
            findings
                .add(self, resolved, format!("{full} has no digest, others in the file have theirs"))
                .help("lock again with the tool and the options that record digests");
        }
    }
}

/// Says whether a component should have a digest and has none.
fn is_bare(resolved: &Resolved<'_>) -> bool {
    let component = resolved.component;
    component.digests.is_empty()
        && !resolved.is_root()
        && !phrase::is_image(component)
        && (is_download(component) || component.origin == Origin::Unknown)
        && !component.properties.iter().any(|(name, _)| *name == "bundled")
        && !is_commanded(resolved)
}

/// Says whether a command of an image's build installs a component: by its name, it can name no digest.
fn is_commanded(resolved: &Resolved<'_>) -> bool {
    resolved.subject.parts.iter().any(|part| part.kind == PartKind::Stage)
}

/// Says whether a component is fetched as one file, of which there can be a digest.
fn is_download(component: &Component) -> bool {
    matches!(component.origin, Origin::Registry(_) | Origin::Url(_))
}

/// Returns what the BOM pins without a digest.
fn bare(old: &Subject) -> BTreeSet<Text> {
    let bare = old.components().filter(|resolved| resolved.component.digests.is_empty());
    bare.map(|resolved| resolved.component.purl.key()).collect()
}
