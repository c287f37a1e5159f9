//! The differences as the JSON report has them.

use serde::Serialize;

use super::Spot;
use crate::intern::Text;
use crate::report::{self, ChangeLine};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Change<'r> {
    /// What became of it.
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "upgraded", "downgraded", "changed"])))]
    kind: Text,
    /// The new one, or the old one of what was removed.
    purl: Text,
    /// The name as its ecosystem writes it.
    name: Text,
    /// The purl's type.
    ecosystem: Text,
    /// The lockfile or manifest.
    subject: Text,
    /// The version before; null for added.
    from: Option<Text>,
    /// The version after; null for removed.
    to: Option<Text>,
    /// Whether the project itself requires it.
    direct: bool,
    /// How it is required; null where nothing requires it.
    scope: Option<Text>,
    /// What differs.
    what: &'r [Text],
    /// From what to what, of what differs beside the version.
    differences: Vec<Difference<'r>>,
    /// A path of names from the root for each direct requirement that brings it in.
    introduced_by: &'r [Vec<Text>],
    /// Where it stood.
    old: Option<Spot>,
    /// Where it stands.
    new: Option<Spot>,
}

/// Something that differs between two components of one name.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Difference<'r> {
    /// `integrity`, `integrity-weakened`, `source`, `licence`, `scope`, `environment`, `variant`, or `pin`: how the subject asks for
    /// what came or went, by an exact version or not.
    what: Text,
    /// What it was, in words.
    from: &'r str,
    /// What it is, in words.
    to: &'r str,
}

impl<'r> Difference<'r> {
    fn of(difference: &'r report::Difference) -> Self {
        Difference { what: difference.what, from: &difference.from, to: &difference.to }
    }
}

impl<'r> Change<'r> {
    pub(super) fn of(change: &'r ChangeLine) -> Self {
        Change {
            kind: change.kind,
            purl: change.purl,
            name: change.name,
            ecosystem: change.ecosystem,
            subject: change.subject,
            from: change.from,
            to: change.to,
            direct: change.direct,
            scope: change.scope,
            what: &change.what,
            differences: change.differences.iter().map(Difference::of).collect(),
            introduced_by: &change.introduced_by,
            old: change.old.as_ref().map(Spot::of),
            new: change.new.as_ref().map(Spot::of),
        }
    }
}
