//! What lost its exact version though it is still asked for, and what got one that was asked for without.

use hashbrown::HashMap;

use super::{Change, ChangeKind, Pair};
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Declared, SUBJECT, Scope};
use crate::versions;

/// What was pinned to an exact version, and is asked for without one now.
pub struct Loosened<'g> {
    /// What was pinned.
    pub old: Resolved<'g>,
    /// The requirement that asks for it now.
    pub declared: &'g Declared,
    /// The change by which it went; none where another requirement still has the exact version.
    pub change: Option<Change<'g>>,
}

/// What was asked for without an exact version, and has one now.
pub struct Tightened<'g> {
    /// What came.
    pub change: Change<'g>,
    /// The requirement that asked for it.
    pub declared: &'g Declared,
}

type Asked<'g> = HashMap<Text, Vec<&'g Declared>>;

impl<'g> Pair<'g> {
    /// Returns what lost its exact version though the subject still asks for it, in the order of the changes.
    pub fn loosened(&self) -> Vec<Loosened<'g>> {
        let (Some(old), Some(new)) = (self.old, self.new) else { return Vec::new() };
        let mut asked = firm(new);
        if asked.is_empty() {
            return Vec::new();
        }
        let (before, has) = (firm(old), new.by_key());
        let mut loosened = Vec::new();
        for change in self.changes.iter().filter(|change| change.kind == ChangeKind::Removed) {
            let Some(gone) = change.old else { continue };
            let key = gone.component.purl.key();
            // A version of several that went is no pin that got loose, where what is open was open before.
            if before.contains_key(key) && has.contains_key(key) {
                continue;
            }
            if let Some(declared) = asked.get(key).and_then(|all| all.first()) {
                loosened.push(Loosened { old: gone, declared, change: Some(change.clone()) });
            }
        }
        // Of a BOM that another tool wrote, nobody knows what was open.
        if old.is_foreign() {
            return loosened;
        }
        asked.retain(|key, _| has.contains_key(key) && !before.contains_key(key));
        let pinned = if asked.is_empty() { Default::default() } else { old.by_key() };
        let mut keys: Vec<Text> = asked.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            let own = asked[key].iter().find(|declared| declared.from == SUBJECT);
            let told = |one: &Loosened<'_>| one.old.component.purl.key() == key;
            if let (Some(declared), Some(old)) = (own, pinned.get(key).and_then(|all| all.first()))
                && !loosened.iter().any(told)
            {
                loosened.push(Loosened { old: *old, declared, change: None });
            }
        }
        loosened
    }

    /// Returns what was asked for without an exact version, and has one now that was let through then.
    pub fn tightened(&self) -> Vec<Tightened<'g>> {
        let (Some(old), Some(_)) = (self.old, self.new) else { return Vec::new() };
        let asked = old.unpinned();
        if asked.is_empty() {
            return Vec::new();
        }
        let had = old.by_key();
        let added = self.changes.iter().filter(|change| change.kind == ChangeKind::Added);
        let tightened = added.filter_map(|change| {
            let purl = change.new?.component.purl;
            let fits = |declared: &&&Declared| {
                versions::fits(purl.ty(), declared.requirement.constraint, purl.version()) != Some(false)
            };
            let declared = asked.get(purl.key()).filter(|_| !had.contains_key(purl.key()))?.iter().find(fits)?;
            Some(Tightened { change: change.clone(), declared })
        });
        tightened.collect()
    }
}

/// Returns what a subject asks for without an exact version, less what it can do without, and less what a branch stands for:
/// of that there is a component.
fn firm(subject: &Subject) -> Asked<'_> {
    let mut asked = subject.unpinned();
    for all in asked.values_mut() {
        all.retain(|declared| {
            let requirement = declared.requirement;
            !matches!(requirement.scope, Scope::Optional | Scope::Peer) && !requirement.constraint.starts_with('@')
        });
    }
    asked.retain(|_, all| !all.is_empty());
    asked
}
