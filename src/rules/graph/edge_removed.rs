//! Requirements that went.

use anyhow::Result;
use serde::Deserialize;

use crate::entry;
use crate::graph::Subject;
use crate::model::Requirement;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component no longer requires another one, though it is itself the pinned one and both are still there.
    ///
    /// Allowed by default: what is no longer required does no harm by that.
    ///
    /// # Why
    /// As with `edge-added`: a package of one version and one digest has the requirements that it was published with.
    /// Teams that want to know each switch of an extra or a feature turn this on.
    ///
    /// # Mend
    /// Look for the extra, feature or group that was switched off, and accept it: `driftgate pin`.
    ///
    /// # Options
    /// `upgraded`: whether the requirements that went with a new version are findings too; `false` by default.
    ///
    /// ```toml
    /// [rules]
    /// edge-removed = "warn"
    /// ```
    pub EdgeRemoved = "edge-removed"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    upgraded: bool,
}

impl Rule for EdgeRemoved {
    fn level(&self) -> Level {
        Level::Allow
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
        if case.is_off(self) {
            return Ok(());
        }
        for edge in case.drift.subjects.iter().flat_map(|pair| &pair.edges).filter(|edge| !edge.gained) {
            let link = edge.link;
            // Who required it was not said.
            if link.requirement.extra == Requirement::INDIRECT {
                continue;
            }
            let own = link.from.is_none_or(|from| from.is_root());
            if !edge.same_component && !own && !options.upgraded {
                continue;
            }
            let to = phrase::node(link.to);
            let from = link.from.map_or_else(|| phrase::safe(link.to.subject.path).into_owned(), phrase::node);
            findings
                .add(self, link.to, format!("{from} no longer requires {to}, as it does in the BOM"))
                .place(link.place)
                .name(&from)
                .help("look for an extra, feature or group that was switched off, and accept it with `driftgate pin`");
        }
        Ok(())
    }
}
