//! What a package asks for: the fields that `package.json` and a lock's entries share, and what they mean together.

use hashbrown::HashSet;

use super::shapes::{Lenient, Meta, Names, Words};
use crate::intern::{self, Text};
use crate::model::Scope;
use crate::syntax::json::Str;

/// One thing that a package asks for.
pub(super) struct Asked<'p, 't> {
    pub name: &'p Str<'t>,
    /// The range, as the file spells it.
    pub constraint: &'p str,
    pub scope: Scope,
    /// Whether it must be there.
    pub needed: bool,
}

/// The fields that ask.
#[derive(Clone, Copy)]
pub(super) struct Asks<'p, 't> {
    pub dependencies: &'p Names<'t, Lenient<'t>>,
    pub dev: &'p Names<'t, Lenient<'t>>,
    pub optional: &'p Names<'t, Lenient<'t>>,
    pub peer: &'p Names<'t, Lenient<'t>>,
    pub peer_meta: &'p Names<'t, Meta>,
}

impl<'p, 't> Asks<'p, 't> {
    /// Returns each requirement. One name may be asked for in several scopes, but as npm has it, what stands in
    /// `dependencies` and in `optionalDependencies` is optional, and what stands in either is no peer.
    pub(super) fn each(self) -> impl Iterator<Item = Asked<'p, 't>> {
        let optional: HashSet<&str> = self.optional.0.iter().map(|(name, _)| &**name).collect();
        let optional_peers: HashSet<&str> =
            self.peer_meta.0.iter().filter(|(_, meta)| meta.optional.0).map(|(name, _)| &**name).collect();
        let peer = self.peer.0.iter();
        let mut own: HashSet<&str> = HashSet::new();
        if peer.len() > 0 {
            own.extend(self.dependencies.0.iter().chain(&self.optional.0).map(|(name, _)| &**name));
        }
        let runtime = self.dependencies.0.iter().filter(move |(name, _)| !optional.contains(&**name));
        let runtime = runtime.map(|entry| asked(entry, Scope::Runtime));
        let dev = self.dev.0.iter().map(|entry| asked(entry, Scope::Dev));
        let optional = self.optional.0.iter().map(|entry| asked(entry, Scope::Optional));
        let peer = peer.filter(move |(name, _)| !own.contains(&**name)).map(move |entry| {
            let scope = if optional_peers.contains(&*entry.0) { Scope::Optional } else { Scope::Peer };
            asked(entry, scope)
        });
        runtime.chain(dev).chain(optional).chain(peer)
    }

    /// Returns the names that stand twice in one field.
    pub(super) fn doubled(self) -> impl Iterator<Item = &'p Str<'t>> {
        [self.dependencies, self.dev, self.optional, self.peer].into_iter().filter_map(Names::doubled)
    }
}

fn asked<'p, 't>((name, constraint): &'p (Str<'t>, Lenient<'t>), scope: Scope) -> Asked<'p, 't> {
    Asked { name, constraint: &constraint.0, scope, needed: scope != Scope::Optional }
}

/// Returns the platforms that a package is for, `os=linux cpu=x64`; empty where it is for all.
pub(super) fn platforms(os: &Words<'_>, cpu: &Words<'_>, libc: &Words<'_>) -> Text {
    let mut text = String::new();
    for (key, words) in [("os", os), ("cpu", cpu), ("libc", libc)] {
        for (index, word) in words.0.iter().enumerate() {
            match index {
                0 if text.is_empty() => text.extend([key, "="]),
                0 => text.extend([" ", key, "="]),
                _ => text.push(','),
            }
            text.push_str(word);
        }
    }
    intern::text(&text)
}
