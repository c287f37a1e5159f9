//! Requirements that came.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;

use crate::entry;
use crate::graph::{Link, Resolved, Subject};
use crate::model::{NodeId, Requirement};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component requires another one that it did not, though it is itself the pinned one.
    ///
    /// Both are in the BOM; what is new comes as `component-added`. The project's own requirements count as well. Where the
    /// BOM has another version of the same package in its place, the finding names both, one for all who require it now.
    ///
    /// # Why
    /// A package of one version and one digest has the requirements that it was published with. If the lockfile gives it
    /// another, an extra or a feature was switched on, the tool resolves otherwise than it did, or someone wrote into
    /// the lockfile. With a new version new requirements are a matter of course.
    ///
    /// # Mend
    /// Look for the extra, feature or group that was switched on, and accept it: `driftgate pin`. If there is none, lock
    /// again from the manifests and compare. Where another version takes the place of the pinned one, look for what asks for
    /// it now: an upgraded package beside it, or an override.
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    upgraded: bool,
}

impl Rule for EdgeAdded {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        let mut moved: Moved<'_> = Vec::new();
        let mut known: HashMap<(usize, NodeId, NodeId), usize> = HashMap::new();
        let pairs = case.drift.subjects.iter().enumerate();
        let edges = pairs.flat_map(|(number, pair)| pair.edges.iter().map(move |edge| (number, edge)));
        for (number, edge) in edges.filter(|(_, edge)| edge.gained) {
            let link = edge.link;
            // Who requires it is not said, and that is no requirement of the project's own.
            if link.requirement.extra == Requirement::INDIRECT {
                continue;
            }
            let own = link.from.is_none_or(|from| from.is_root());
            if !edge.same_component && !own && !options.upgraded {
                continue;
            }
            if let Some(instead) = edge.instead {
                let at = *known.entry((number, link.to.id(), instead.to.id())).or_insert_with(|| {
                    moved.push((link.to, instead.to, Vec::new()));
                    moved.len() - 1
                });
                moved[at].2.push(link);
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
        for (to, instead, links) in moved {
            self.moved(to, instead, &links, findings);
        }
        Ok(())
    }
}

/// The node that is required now, the one in its place in the BOM, and by whom.
type Moved<'g> = Vec<(Resolved<'g>, Resolved<'g>, Vec<Link<'g>>)>;

/// How many of those that require another version are named.
const MOST_NOTES: usize = 4;

impl EdgeAdded {
    /// Adds one finding for all that require another version than in the BOM.
    fn moved<'g>(&self, to: Resolved<'g>, instead: Resolved<'g>, links: &[Link<'g>], findings: &mut Findings<'g>) {
        let from =
            |link: &Link<'_>| link.from.map_or_else(|| phrase::safe(link.to.subject.path).into_owned(), phrase::node);
        let Some(first) = links.first() else { return };
        let who = match links.len() - 1 {
            0 => format!("{} requires", from(first)),
            1 => format!("{} and one more require", from(first)),
            more => format!("{} and {more} more require", from(first)),
        };
        let version = instead.component.version();
        let message = format!("{who} {} instead of {}", phrase::node(to), phrase::safe(version));
        let draft = findings.add(self, to, message).place(first.place).name(&from(first));
        for link in links[1..].iter().take(MOST_NOTES) {
            draft.note(format!("{} requires it as well", from(link)));
        }
        draft.help(
            "other requirements lead the tool to another answer than when it was pinned; review it, and accept it with \
             `driftgate pin`",
        );
    }
}
