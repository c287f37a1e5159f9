//! Requirements that came.

use anyhow::Result;
use serde::Deserialize;

use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component requires another one that it did not, though it is itself the pinned one.
    ///
    /// Both are in the BOM; what is new comes as `component-added`. The project's own requirements count as well.
    ///
    /// # Why
    /// A package of one version and one digest has the requirements that it was published with. If the lockfile gives it
    /// another, an extra or a feature was switched on, the tool resolves otherwise than it did, or someone wrote into
    /// the lockfile. With a new version new requirements are a matter of course.
    ///
    /// # Mend
    /// Look for the extra, feature or group that was switched on, and accept it: `driftgate pin`. If there is none, lock
    /// again from the manifests and compare.
    ///
    /// # Options
    /// `upgraded`: whether the requirements that come with a new version are findings too; `false` by default.
    ///
    /// ```toml
    /// [rules]
    /// edge-added = { level = "warn", upgraded = false }
    /// ```
    pub EdgeAdded = "edge-added"
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    upgraded: bool,
}

impl Rule for EdgeAdded {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        let pairs = case.drift.subjects.iter().flat_map(|pair| &pair.edges);
        for edge in pairs.filter(|edge| edge.gained) {
            let link = edge.link;
            let own = link.from.is_none_or(|from| from.is_root());
            if !edge.same_component && !own && !options.upgraded {
                continue;
            }
            let to = phrase::node(link.to);
            let from = link.from.map_or_else(|| phrase::safe(link.to.subject.path).into_owned(), phrase::node);
            let mut message = format!("{from} requires {to}, which it does not in the BOM");
            if !link.requirement.extra.is_empty() {
                message.push_str(&format!(" (by {})", phrase::safe(link.requirement.extra)));
            }
            let help = if own {
                "the project requires it itself now; if that is meant, accept it with `driftgate pin`"
            } else {
                "look for an extra, feature or group that was switched on, and accept it with `driftgate pin`; else lock again"
            };
            findings.add(self, link.to, message).place(link.place).name(&from).help(help);
        }
        Ok(())
    }
}
