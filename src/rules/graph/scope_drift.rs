//! Components that get in as something else than they did.

use std::cmp::Reverse;

use anyhow::Result;
use serde::Deserialize;

use crate::compare::What;
use crate::entry;
use crate::graph::Subject;
use crate::model::Scope;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component gets in with a stronger scope than the BOM pins: a dev dependency became runtime.
    ///
    /// From the strongest: runtime, peer, optional, build, dev, required by nothing. What counts is the strongest way
    /// from the project to the component.
    ///
    /// # Why
    /// Test tools are reviewed as test tools. The same package on a server, with its network access and its plugins, was
    /// not; and no version moved that anyone would notice.
    ///
    /// # Mend
    /// See by the paths which requirement made it stronger, and move that to the right group. If it is meant:
    /// `driftgate pin --only pkg:npm/typescript`.
    ///
    /// # Options
    /// `weaker`: whether a weaker scope (runtime became dev) is a finding too; `false` by default.
    ///
    /// ```toml
    /// [rules]
    /// scope-drift = { level = "deny", weaker = true }
    /// ```
    pub ScopeDrift = "scope-drift"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    weaker: bool,
}

impl Rule for ScopeDrift {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        for change in case.drift.changes_within().filter(|change| change.has(What::Scope)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let is_stronger = strength(new.scope()) > strength(old.scope());
            if !is_stronger && !options.weaker {
                continue;
            }
            let (is, was) = (phrase::scope(new.scope()), phrase::scope(old.scope()));
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            findings
                .change(self, change, format!("{full} is {is}, the BOM pins it as {was} ({})", phrase::how(new)))
                .help(format!(
                    "move the requirement that makes it {is} to its group; if it is meant, accept it with {accept}"
                ));
        }
        Ok(())
    }
}

/// Orders scopes by strength; what nothing requires is the weakest.
fn strength(scope: Option<Scope>) -> Option<Reverse<Scope>> {
    scope.map(Reverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtime_is_the_strongest() {
        let scopes = [
            None,
            Some(Scope::Dev),
            Some(Scope::Build),
            Some(Scope::Optional),
            Some(Scope::Peer),
            Some(Scope::Runtime),
        ];
        assert!(scopes.map(strength).is_sorted());
    }
}
