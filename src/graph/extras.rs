//! What extras bring in: a requirement of `httpx[http2]` is one of whoever asks httpx for `http2`, and of nobody else.

use std::collections::BTreeMap;

use hashbrown::HashSet;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::{Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Requirement, SUBJECT, Scope};

/// Extras that are asked for, and how strongly.
pub(super) type Extras = BTreeMap<(NodeIndex, Text), Scope>;

/// In the place of an extra: any of them. No extra can be called so.
pub(super) const ANY: Text = "*";

/// Returns the extras that a requirement asks of what it requires. What an extra or a group requires tells that one's name in
/// their place.
pub(super) fn asked_by(requirement: &Requirement) -> impl Iterator<Item = Text> {
    let extras = if requirement.scope > Scope::Peer { ANY } else { requirement.extra };
    extras.split(',').filter(|extra| !extra.is_empty())
}

/// Says whether a requirement asks for an extra of what it requires, or may.
pub(super) fn asks(requirement: &Requirement, extra: Text) -> bool {
    asked_by(requirement).any(|asked| asked == extra || asked == ANY)
}

impl Subject {
    /// Returns the extras that requirements ask for, with whose they are; [`ANY`] where one does not say for which.
    pub(super) fn asked_extras(&self) -> HashSet<(NodeIndex, Text)> {
        let edges = self.inner.edge_references();
        let asked = edges.flat_map(|edge| {
            let (to, requirement) = (edge.target(), edge.weight().requirement);
            asked_by(requirement).map(move |extra| (to, extra))
        });
        asked.collect()
    }

    /// Says whether a requirement is there for those alone who ask for its extra. Of the project itself, people choose extras;
    /// and where nobody asks for one, it is not known who does.
    pub(super) fn is_of_extra(&self, from: NodeIndex, requirement: &Requirement) -> bool {
        requirement.scope == Scope::Optional
            && !requirement.extra.is_empty()
            && from.index() != SUBJECT as usize
            && !self.inner[from].root
            && [requirement.extra, ANY].iter().any(|extra| self.asked_extras.contains(&(from, *extra)))
    }
}

impl<'g> Link<'g> {
    /// Returns who asks for the extra that this is a requirement of; none where it is of no extra that anybody names.
    pub fn askers(&self) -> Option<Vec<Resolved<'g>>> {
        let from = self.from.filter(|from| from.subject.is_of_extra(from.index, self.requirement))?;
        let links = from.required_by().filter(|link| asks(link.requirement, self.requirement.extra));
        Some(links.filter_map(|link| link.from).collect())
    }
}
