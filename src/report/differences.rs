//! From what to what a component changed, beside its version: the words of every list of changes.

use std::collections::BTreeMap;

use crate::compare::{Change, What};
use crate::graph::Resolved;
use crate::intern::Text;
use crate::model::Component;
use crate::rules::phrase;

/// One thing that differs between two components of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What: `integrity`, `source`, `licence`, `scope`, `environment`, `variant`.
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
            What::Variant => variants(old.component, new.component),
            what => [old, new].map(|side| value(*what, side)),
        };
        Difference { what: what.name(), from, to }
    };
    kinds.map(difference).collect()
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

/// Returns what of their qualifiers and properties is not the same.
fn variants(old: &Component, new: &Component) -> [String; 2] {
    let facts = |component: &Component| {
        let mut facts: BTreeMap<String, String> = component.purl.qualifiers().into_iter().collect();
        let properties = component.properties.iter().filter(|(name, _)| *name != Component::INSTALLER);
        facts.extend(properties.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        facts.extend(component.purl.as_str().rsplit_once('#').map(|(_, path)| ("subpath".to_owned(), path.to_owned())));
        facts
    };
    let (was, is) = (facts(old), facts(new));
    let spelled = |side: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let differing = side.iter().filter(|(name, value)| other.get(*name) != Some(value));
        let words = differing.map(|(name, value)| format!("{}={}", phrase::safe(name), phrase::safe(value)));
        let words: Vec<String> = words.collect();
        if words.is_empty() { "none".to_owned() } else { phrase::list(words) }
    };
    [spelled(&was, &is), spelled(&is, &was)]
}
