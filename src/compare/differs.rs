//! How two components differ that were paired.

use std::cmp::Ordering;

use super::moves::is_environment;
use super::{Change, ChangeKind, What};
use crate::formats::pypi;
use crate::graph::Resolved;
use crate::intern::Text;
use crate::model::{Component, Kind, Origin, PROVENANCE, index};
use crate::versions::{self, Step};

/// Returns how two paired components differ; none where they do not.
pub(super) fn change<'g>(old: Resolved<'g>, new: Resolved<'g>) -> Option<Change<'g>> {
    let (a, b) = (old.component, new.component);
    let (says_old, says_new) = (old.says(), new.says());
    let is_whole = says_old.whole == says_new.whole;
    let mut what = Vec::new();
    let scheme = versions::scheme(b.purl.ty());
    let same = scheme.same(a.version(), b.version());
    if !same {
        what.push(What::Version);
    }
    if !std::ptr::eq(a, b) {
        // A lock and an environment made of it say the same where the environment's records say nothing.
        let is_one_installed = || is_environment(old.subject) != is_environment(new.subject);
        if says_old.integrity && says_new.integrity {
            let digests = Digests::of(a, b);
            let is_replaced = || digests == Digests::Replaced && same && !is_one_installed() && !is_image(b);
            if digests == Digests::Other || is_replaced() {
                what.push(What::Integrity);
            } else if same && is_weakened(a, b) && !is_one_installed() {
                what.push(What::IntegrityWeakened);
            }
        }
        // Nor does it say where the project itself stands, which is here.
        let is_itself = || old.is_root() && new.is_root();
        let is_told =
            || (a.origin != Origin::Unknown && b.origin != Origin::Unknown) || (!is_one_installed() && !is_itself());
        if says_old.origin
            && says_new.origin
            && (is_moved(a.origin, b.origin) || came_from(a, b).next().is_some())
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
        let is_other = match is_whole {
            true => {
                !a.purl.is_same_variant(&b.purl) || (same && is_other_variant(a, b, what.contains(&What::Integrity)))
            }
            // What a BOM of another tool does not say is no drift.
            false => contradicts(a, b),
        };
        if is_other {
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
    if says_old.environments
        && says_new.environments
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

/// Says whether a qualifier that both sides have tells another build.
fn contradicts(old: &Component, new: &Component) -> bool {
    let theirs = new.purl.qualifiers();
    old.purl.qualifiers().iter().any(|(name, value)| {
        let is_other = |(their, other): &(String, String)| their == name && other != value;
        !PROVENANCE.contains(&name.as_str()) && theirs.iter().any(is_other)
    })
}

/// Says whether a property differs. One under `cargo:` is there only where cargo was asked, and one under `yarn:` only where
/// yarn packs as it did then, so that one side may lack it; who installed a component is no part of it, nor is where its
/// files come from.
fn is_other_variant(old: &Component, new: &Component, is_other_content: bool) -> bool {
    let lacks = |side: &Component, (name, value): &(Text, Text)| {
        if [Component::INSTALLER, Component::FILES].contains(name)
            || (is_other_content && Component::CONTENT.contains(name))
        {
            return false;
        }
        let found = side.properties.iter().find(|(other, _)| other == name);
        found.map_or(!name.starts_with("cargo:") && !name.starts_with("yarn:"), |(_, other)| other != value)
    };
    old.properties.iter().any(|property| lacks(new, property))
        || new.properties.iter().any(|property| lacks(old, property))
}

/// Says whether a component comes inside of another one, so that it has no source of its own.
pub(super) fn is_bundled(component: &Component) -> bool {
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

/// Returns the hosts that files of the new side come from though the others of their registry do not, and the old side's
/// files did not.
pub fn came_from<'c>(old: &'c Component, new: &'c Component) -> impl Iterator<Item = Text> + 'c {
    new.odd_hosts().filter(move |host| !old.odd_hosts().any(|known| known == *host))
}

/// Images are named by digests of several kinds: one of a list grows by a platform and is another.
fn is_image(component: &Component) -> bool {
    component.kind == Kind::Container
}

/// How the digests of two sides stand to each other, of the strongest algorithm that both have: what is checked at install
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digests {
    /// That can't be said: one side has no digest, or had only broken ones and now has better.
    Unknown,
    /// They have nothing in common.
    Other,
    /// They have some in common, and others came in the place of some that went: one of several files is another one.
    Replaced,
    /// One side has all that the other has: files came, or went, or nothing did.
    Same,
}

impl Digests {
    /// Compares the digests of two sides.
    pub fn of(old: &Component, new: &Component) -> Self {
        let has = |algorithm| new.digests.iter().any(|digest| digest.algorithm == algorithm);
        let common = old.digests.iter().map(|digest| digest.algorithm).filter(|algorithm| has(*algorithm)).max();
        let Some(strongest) = common else {
            return if is_strong(old) && is_strong(new) { Digests::Other } else { Digests::Unknown };
        };
        let count = |side: &Component| side.digests.iter().filter(|digest| digest.algorithm == strongest).count();
        let shared = old.digests.iter().filter(|digest| digest.algorithm == strongest);
        match shared.filter(|digest| new.digests.binary_search(digest).is_ok()).count() {
            0 => Digests::Other,
            shared if shared < count(old) && shared < count(new) => Digests::Replaced,
            _ => Digests::Same,
        }
    }

    /// Says whether both sides have some digest.
    pub fn are_shared(self) -> bool {
        matches!(self, Digests::Replaced | Digests::Same)
    }
}

fn is_strong(component: &Component) -> bool {
    component.digests.iter().any(|digest| !digest.algorithm.is_weak())
}

#[cfg(test)]
mod tests {
    use super::{Digests, is_same_condition};
    use crate::model::{Algorithm, Component, Digest};

    #[test]
    fn digests_compare_as_sets() {
        let side = |hexes: &str| {
            let digest = |hex: char| {
                let algorithm = if hex.is_ascii_digit() { Algorithm::Md5 } else { Algorithm::Sha256 };
                Digest::hex(algorithm, &hex.to_string().repeat(if hex.is_ascii_digit() { 32 } else { 64 }))
            };
            Component { digests: hexes.chars().filter_map(digest).collect(), ..Component::default() }.intern()
        };
        for (old, new, expected) in [
            ("ab", "ab", Digests::Same),
            ("ab", "abc", Digests::Same),
            ("abc", "ab", Digests::Same),
            ("ab", "ac", Digests::Replaced),
            ("ab", "acd", Digests::Replaced),
            ("ab", "cd", Digests::Other),
            ("a", "b", Digests::Other),
            ("", "a", Digests::Unknown),
            ("1", "a", Digests::Unknown),
            ("1", "2", Digests::Other),
            // The strongest that both have counts.
            ("1a", "2a", Digests::Same),
            ("1a", "1b", Digests::Other),
        ] {
            assert_eq!(Digests::of(side(old), side(new)), expected, "{old} | {new}");
        }
    }

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
