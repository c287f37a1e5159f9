//! How two components differ that were paired.

use std::cmp::Ordering;

use super::{Change, ChangeKind, What};
use crate::formats::{self, pypi};
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Component, Origin, index};
use crate::versions::{self, Step};

/// Returns how two paired components differ; none where they do not.
pub(super) fn change<'g>(old: Resolved<'g>, new: Resolved<'g>) -> Option<Change<'g>> {
    let (a, b) = (old.component, new.component);
    let (says_old, says_new) = (old.subject.says, new.subject.says);
    let mut what = Vec::new();
    let scheme = versions::scheme(b.purl.ty());
    let same = scheme.same(a.version(), b.version());
    if !same {
        what.push(What::Version);
    }
    if !std::ptr::eq(a, b) {
        // A lock and an environment made of it say the same where the environment's records say nothing.
        let is_one_installed = || is_installed(old.subject) != is_installed(new.subject);
        if says_old.integrity && says_new.integrity {
            if shares(a, b) == Some(false) {
                what.push(What::Integrity);
            } else if same && is_weakened(a, b) && !is_one_installed() {
                what.push(What::IntegrityWeakened);
            }
        }
        let is_told = || (a.origin != Origin::Unknown && b.origin != Origin::Unknown) || !is_one_installed();
        if says_old.origin
            && says_new.origin
            && is_moved(a.origin, b.origin)
            && is_bundled(a) == is_bundled(b)
            && is_told()
        {
            what.push(What::Source);
        }
        if says_old.licence
            && says_new.licence
            && !a.licence.is_empty()
            && !b.licence.is_empty()
            && a.licence != b.licence
        {
            what.push(What::Licence);
        }
        if !a.purl.is_same_variant(&b.purl) || (same && is_other_variant(a, b, what.contains(&What::Integrity))) {
            what.push(What::Variant);
        }
    }
    if says_old.scopes && says_new.scopes && says_old.edges && says_new.edges && old.scope() != new.scope() {
        what.push(What::Scope);
    }
    // Which Pythons a project is locked for, a BOM that was pinned before driftgate kept it does not know.
    let is_known = || {
        let has_project = old.is_root() || new.is_root();
        !has_project || (!old.environment().is_empty() && !new.environment().is_empty())
    };
    if says_old.scopes
        && says_new.scopes
        && !is_same_condition(old.environment(), new.environment())
        && is_known()
        && !(b.purl.ty() == "pypi" && pypi::is_same_marker(old.environment(), new.environment()))
    {
        what.push(What::Environment);
    }
    if what.is_empty() {
        return None;
    }
    let kind = match scheme.order(a.version(), b.version()) {
        _ if same => ChangeKind::Changed,
        Some(Ordering::Greater) => ChangeKind::Downgraded,
        _ => ChangeKind::Upgraded,
    };
    let step = if same { Step::None } else { scheme.step(a.version(), b.version()) };
    Some(Change { old: Some(old), new: Some(new), kind, what, step })
}

/// Says whether two conditions are the same but for the order of what they join: tools write markers anew in any order.
fn is_same_condition(old: &str, new: &str) -> bool {
    old == new || (old.len() == new.len() && ordered(old, 0) == ordered(new, 0))
}

/// Returns a condition with the parts of each `or` and `and` in order.
fn ordered(condition: &str, depth: usize) -> String {
    let condition = condition.trim();
    if depth > 8 {
        return condition.to_owned();
    }
    for word in [" or ", " and "] {
        let parts = parts(condition, word);
        if parts.len() > 1 {
            let mut parts: Vec<String> = parts.into_iter().map(|part| ordered(part, depth + 1)).collect();
            parts.sort();
            return format!("({})", parts.join(word));
        }
    }
    match condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => ordered(inner, depth + 1),
        None => condition.to_owned(),
    }
}

/// Parts a condition at a word that stands outside of brackets.
fn parts<'c>(condition: &'c str, word: &str) -> Vec<&'c str> {
    let (mut parts, mut start, mut open) = (Vec::new(), 0, 0_usize);
    for (at, character) in condition.char_indices() {
        match character {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            ' ' if open == 0 && at >= start && condition[at..].starts_with(word) => {
                parts.push(&condition[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(condition.get(start..).unwrap_or_default());
    parts
}

/// Says whether the new side proves less: its digests are gone, or all of broken algorithms where the old ones were not.
fn is_weakened(old: &Component, new: &Component) -> bool {
    (!old.digests.is_empty() && new.digests.is_empty()) || (is_strong(old) && !is_strong(new))
}

/// Says whether a property differs. One under `cargo:` is there only where cargo was asked, and one under `yarn:` only where
/// yarn packs as it did then, so that one side may lack it; who installed a component is no part of it.
fn is_other_variant(old: &Component, new: &Component, is_other_content: bool) -> bool {
    let lacks = |side: &Component, (name, value): &(Text, Text)| {
        if *name == Component::INSTALLER || (is_other_content && Component::CONTENT.contains(name)) {
            return false;
        }
        let found = side.properties.iter().find(|(other, _)| other == name);
        found.map_or(!name.starts_with("cargo:") && !name.starts_with("yarn:"), |(_, other)| other != value)
    };
    old.properties.iter().any(|property| lacks(new, property))
        || new.properties.iter().any(|property| lacks(old, property))
}

/// Says whether a subject is what its package manager's own records tell to be installed.
fn is_installed(subject: &Subject) -> bool {
    formats::named(subject.format).is_some_and(|format| format.is_installed())
}

/// Says whether a component comes inside of another one, so that it has no source of its own.
fn is_bundled(component: &Component) -> bool {
    component.properties.iter().any(|(name, _)| *name == "bundled")
}

/// Says whether a component comes from elsewhere. Of git sources the commit counts, and the address; not the branch's
/// name. To the file, "not said" is the default registry, so a source that comes or goes is a move. A slash at the end of an
/// index's address is none.
fn is_moved(old: Origin, new: Origin) -> bool {
    match (old, new) {
        // A lockfile alone does not say in which folder a package of the workspace stands.
        (Origin::Path(""), Origin::Path(_)) | (Origin::Path(_), Origin::Path("")) => false,
        (Origin::Git { url: a, commit: b, .. }, Origin::Git { url: c, commit: d, .. }) => (a, b) != (c, d),
        (Origin::Registry(a), Origin::Registry(b)) => index(a) != index(b),
        (old, new) => old != new,
    }
}

pub(super) fn same_version(old: &Component, new: &Component) -> bool {
    versions::scheme(old.purl.ty()).same(old.version(), new.version())
}

/// Says whether two sides share a digest of the strongest algorithm that both have: what is checked at install time.
/// None where that can't be said: one side has no digest, or had only broken ones and now has better.
pub(super) fn shares(old: &Component, new: &Component) -> Option<bool> {
    let has = |algorithm| new.digests.iter().any(|digest| digest.algorithm == algorithm);
    let common = old.digests.iter().map(|digest| digest.algorithm).filter(|algorithm| has(*algorithm)).max();
    let Some(strongest) = common else {
        return (is_strong(old) && is_strong(new)).then_some(false);
    };
    let mut comparable = old.digests.iter().filter(|digest| digest.algorithm == strongest);
    Some(comparable.any(|digest| new.digests.binary_search(digest).is_ok()))
}

fn is_strong(component: &Component) -> bool {
    component.digests.iter().any(|digest| !digest.algorithm.is_weak())
}

#[cfg(test)]
mod tests {
    use super::is_same_condition;

    #[test]
    fn the_order_of_a_condition_is_no_drift() {
        for (old, new, expected) in [
            ("a == '1' or b == '2'", "b == '2' or a == '1'", true),
            ("(x and y) or z", "z or (y and x)", true),
            ("x and (y or z)", "(z or y) and x", true),
            ("x and y or z", "x or y and z", false),
            ("(x or y) and z", "x or (y and z)", false),
            ("x", "y", false),
            ("", "x", false),
        ] {
            assert_eq!(is_same_condition(old, new), expected, "{old} | {new}");
        }
    }
}
