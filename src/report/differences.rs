//! From what to what a component changed, beside its version: the words of every list of changes.

use std::collections::BTreeMap;

use crate::compare::{Change, Pair, What};
use crate::graph::Resolved;
use crate::intern::Text;
use crate::model::{Declared, NodeId};
use crate::rules::phrase;

/// One thing that differs between two components of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What: `integrity`, `integrity-weakened`, `source`, `licence`, `scope`, `environment`, `variant`; `pin`: that the
    /// subject asks for it by no exact version any more, or by one now.
    pub what: Text,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
}

/// Returns what differs beside the version, in the order of [`Change::what`]. Another version has other digests: that is
/// left out.
pub fn of(change: &Change<'_>) -> Vec<Difference> {
    let (Some(old), Some(new)) = (change.old, change.new) else { return Vec::new() };
    let moved = change.has(What::Version);
    let is_told = |what: What| what == What::Version || (moved && is_content(what));
    let kinds = change.what.iter().filter(|what| !is_told(**what));
    let difference = |what: &What| {
        let [from, to] = match what {
            What::Variant => change.variants()?.map(|facts| phrase::facts(&facts, "none")),
            what => [old, new].map(|side| value(*what, side)),
        };
        Some(Difference { what: what.name(), from, to })
    };
    kinds.filter_map(difference).collect()
}

fn is_content(what: What) -> bool {
    matches!(what, What::Integrity | What::IntegrityWeakened)
}

fn value(what: What, side: Resolved<'_>) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { phrase::safe(text).into_owned() };
    match what {
        What::Integrity | What::IntegrityWeakened => {
            phrase::digests(&side.component.digests.iter().collect::<Vec<_>>())
        }
        What::Source => phrase::origin(&side.component.origin),
        What::Licence => or_none(side.component.licence),
        What::Scope => phrase::scope(side.scope()).to_owned(),
        What::Environment if side.environment().is_empty() => "all environments".to_owned(),
        What::Environment => phrase::safe(side.environment()).into_owned(),
        What::Version | What::Variant => phrase::version(side.component).into_owned(),
    }
}

/// What of a pair came or went because the subject asks for it in another way: by a range in place of an exact version, or
/// by an exact version in place of a range.
pub struct Pins<'g> {
    loosened: BTreeMap<NodeId, &'g Declared>,
    tightened: BTreeMap<NodeId, &'g Declared>,
}

impl<'g> Pins<'g> {
    /// Returns those of a pair.
    pub fn of(pair: &Pair<'g>) -> Self {
        let loosened = pair.loosened().into_iter().filter(|known| known.change.is_some());
        let tightened = pair.tightened().into_iter();
        Pins {
            loosened: loosened.map(|known| (known.old.id(), known.declared)).collect(),
            tightened: tightened.filter_map(|known| Some((known.change.new?.id(), known.declared))).collect(),
        }
    }

    /// Returns what became of the pin of what came or went.
    pub fn difference(&self, change: &Change<'_>) -> Option<Difference> {
        let what = "pin";
        let asked = |declared: &Declared| match declared.requirement.constraint {
            "" => "any version".to_owned(),
            constraint => phrase::safe(constraint).into_owned(),
        };
        match (change.old, change.new) {
            (Some(old), None) => {
                let declared = self.loosened.get(&old.id())?;
                Some(Difference { what, from: value(What::Version, old), to: asked(declared) })
            }
            (None, Some(new)) => {
                let declared = self.tightened.get(&new.id())?;
                Some(Difference { what, from: asked(declared), to: value(What::Version, new) })
            }
            _ => None,
        }
    }
}

/// Returns what became of the pin of what a build installs at no exact version any more: `at no fixed version`.
pub fn loosened(change: &Change<'_>, how: &str) -> Option<Difference> {
    let from = match change.old? {
        old if old.component.version().is_empty() => phrase::origin(&old.component.origin),
        old => value(What::Version, old),
    };
    Some(Difference { what: "pin", from, to: how.trim_start_matches("at ").to_owned() })
}
