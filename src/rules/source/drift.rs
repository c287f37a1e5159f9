//! Components that come from elsewhere than they did.

use anyhow::Result;

use crate::compare::{self, Change, What};
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Origin, host, index};
use crate::rules::{Case, Findings, Rule, phrase};
use crate::source::Place;

entry! {
    /// A component comes from elsewhere than the BOM says: another registry, index, repository, commit or address.
    ///
    /// So does one of whose files some come from another host: `uv.lock` and `pylock.toml` name an address for each. The host
    /// of the registry, and the one that has the files of the registry's other packages in that lock, are none to speak of.
    ///
    /// Of an upgraded component only the registry, repository or host counts: another version has another commit and
    /// another archive. A place that a file newly looks packages up at (an index, a page of links) counts too: which of
    /// several places a package comes from, such a file does not say. A slash at the end of an index's address is no other
    /// place.
    ///
    /// # Why
    /// A name means nothing without the place it is looked up in. A package that was taken from an internal index and now
    /// comes from a public one is how dependency confusion begins; a registry package that became a git commit is code
    /// that nobody published.
    ///
    /// # Mend
    /// Look at the index, mirror or `[patch]` settings that the lock was made with, and lock again with the right ones. Of an
    /// image or an action, correct the name where it is written.
    /// If the move is meant: `driftgate pin --only pkg:pypi/torch`, and for many at once `driftgate pin`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// source-drift = "deny"
    /// ```
    pub SourceDrift = "source-drift"
}

impl Rule for SourceDrift {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in &case.drift.subjects {
            if let (Some(old), Some(new)) = (pair.old, pair.new)
                && old.says.origin
                && new.says.origin
            {
                self.check_places(old, new, findings);
            }
        }
        for change in case.drift.changes_within().filter(|change| change.has(What::Source)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            if change.has(What::Version) && !is_other_place(change) {
                continue;
            }
            let (is, was) = (phrase::origin(&new.component.origin), phrase::origin(&old.component.origin));
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let hosts: Vec<String> = compare::came_from(old.component, new.component).map(phrase::address).collect();
            if old.component.origin == new.component.origin && !hosts.is_empty() {
                let hosts = phrase::list(&hosts);
                findings
                    .change(self, change, format!("files of {full} come from {hosts}, others of its registry do not"))
                    .help(format!(
                        "an installer fetches what stands in the lock: look at the addresses of its files and lock again; \
                         if it is meant, accept it with {accept}"
                    ));
                continue;
            }
            let message = if is == was {
                format!("{full} comes from {is}, under another spelling or account than the BOM says")
            } else {
                format!("{full} comes from {is}, the BOM says {was}")
            };
            let back = match phrase::is_written(new) {
                true => format!("take it from {was} again"),
                false => format!("lock again with the settings that lead to {was}"),
            };
            findings
                .change(self, change, message)
                .help(format!("{back}; if the move is meant, accept it with {accept}"));
        }
        Ok(())
    }
}

impl SourceDrift {
    /// Reports the places that a subject looks packages up at, and the pinned one did not.
    fn check_places<'g>(&self, old: &Subject, new: &Subject, findings: &mut Findings<'g>) {
        for &(address, place) in &new.sources {
            let is_it = |other: &(Text, Place)| index(other.0) == index(address);
            // Of what a command names, the package alone may say it.
            let is_source = |node: Resolved<'_>| matches!(node.component.origin, Origin::Registry(known) if index(known) == index(address));
            if !old.sources.iter().any(is_it) && !old.components().any(is_source) {
                let shown = phrase::address(address);
                findings
                    .at(
                        self,
                        new.path,
                        place,
                        format!("packages are looked up at {shown}, which the BOM does not know"),
                    )
                    .name(address)
                    .help(format!("{}; if it is meant, accept it with `driftgate pin`", phrase::take_out(new)));
            }
        }
    }
}

/// Says whether a component of another version comes from another place, and not just under another name in it.
fn is_other_place(change: &Change<'_>) -> bool {
    let (Some(old), Some(new)) = (change.old, change.new) else { return false };
    if compare::came_from(old.component, new.component).next().is_some() {
        return true;
    }
    match (old.component.origin, new.component.origin) {
        (Origin::Git { url: old, .. }, Origin::Git { url: new, .. }) => old != new,
        (Origin::Url(old), Origin::Url(new)) => host(old) != host(new),
        _ => true,
    }
}
