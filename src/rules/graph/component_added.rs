//! Components that nobody reviewed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::compare::{Change, ChangeKind, Pair};
use crate::entry;
use crate::graph::Subject;
use crate::intern::Text;
use crate::model::NodeId;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component is in the tree that the BOM does not have.
    ///
    /// A further version of a pinned name counts too, unless it stands in for a pinned one: then it is an upgrade or a
    /// downgrade. A subject that is new as a whole is `subject-added`, once, and nothing here. What the BOM has without a
    /// version, and has one now, is `version-drift`.
    ///
    /// # Why
    /// New code runs with all the rights of the old. Most of it was not asked for: it comes with a new version of
    /// something else, whose review does not cover it.
    ///
    /// # Mend
    /// The message names the direct requirement that brings it in. Review the newcomer (who publishes it, what it does at
    /// install time), then accept it: `driftgate pin --only pkg:npm/left-pad`. Or go back with what requires it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// component-added = "deny"
    /// ```
    pub ComponentAdded = "component-added"
}

impl Rule for ComponentAdded {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for pair in &case.drift.subjects {
            let mut added = pair.changes.iter().filter(|change| change.kind == ChangeKind::Added).peekable();
            let (Some(old), Some(new), Some(_)) = (pair.old, pair.new, added.peek()) else { continue };
            let (introducers, pinned, newcomers) = (new.introducers(), pinned_versions(old, pair), newcomers(pair));
            let tightened: BTreeSet<NodeId> =
                pair.tightened().iter().filter_map(|known| known.change.new).map(|new| new.id()).collect();
            for change in added {
                let Some(new) = change.new.filter(|new| !tightened.contains(&new.id())) else { continue };
                let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
                let beside = pinned.get(new.component.purl.key()).map(|versions| {
                    let versions: Vec<_> = versions.iter().map(|version| phrase::safe(version)).collect();
                    format!(", which pins {} of it", phrase::list(versions))
                });
                let how = match introducers.get(new.id() as usize).copied().flatten() {
                    Some(by) if by != new => {
                        let through = phrase::name(by.component);
                        let too = if newcomers.contains(&by.id()) { ", which is new too" } else { "" };
                        format!("transitive, through {through}{too}")
                    }
                    _ => phrase::how(new).to_owned(),
                };
                findings
                    .change(self, change, format!("{full} is not in the BOM{} ({how})", beside.unwrap_or_default()))
                    .help(match phrase::is_written(new) {
                        true => format!("review it, then accept it with {accept}; or take it out"),
                        false => format!(
                            "review it, then accept it with {accept}; or take out what requires it and lock again"
                        ),
                    });
            }
        }
        Ok(())
    }
}

fn newcomers(pair: &Pair<'_>) -> BTreeSet<NodeId> {
    let added = |change: &Change<'_>| change.new.filter(|_| change.old.is_none()).map(|new| new.id());
    pair.changes.iter().filter_map(added).collect()
}

/// Returns the pinned versions of the names that got one more.
fn pinned_versions(old: &Subject, pair: &Pair<'_>) -> BTreeMap<Text, BTreeSet<Text>> {
    let added = pair.changes.iter().filter(|change| change.kind == ChangeKind::Added);
    let keys: BTreeSet<Text> = added.map(|change| change.either().component.purl.key()).collect();
    let mut versions: BTreeMap<Text, BTreeSet<Text>> = BTreeMap::new();
    for resolved in old.components() {
        let (key, version) = (resolved.component.purl.key(), resolved.component.version());
        if keys.contains(key) && !version.is_empty() {
            versions.entry(key).or_default().insert(version);
        }
    }
    versions
}
