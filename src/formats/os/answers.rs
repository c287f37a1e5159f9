//! Who answers what an installed package requires: packages by their names, and what they provide.

use std::cell::Cell;

use hashbrown::{HashMap, HashSet};

use crate::intern::Text;
use crate::model::{Inventory, NodeId, Requirement, SUBJECT};

/// What an installed package offers under a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    /// The package.
    pub(crate) node: NodeId,
    /// The version that it offers; empty where it offers none.
    pub(crate) version: Text,
    /// Whether the name is the package's own, and not one that it provides.
    pub(crate) is_own: bool,
}

/// All that is offered, by name.
pub(crate) struct Offers {
    by_name: HashMap<Text, Vec<Offer>>,
    /// How many offers may still be looked at.
    left: Cell<usize>,
}

/// How many offers are looked at for all requirements together; a large system has some hundred thousand requirements, and
/// most names are offered once.
const MOST: usize = 2_000_000;

impl Default for Offers {
    fn default() -> Self {
        Offers { by_name: HashMap::new(), left: Cell::new(MOST) }
    }
}

impl Offers {
    /// Adds an offer.
    pub(crate) fn add(&mut self, name: Text, offer: Offer) {
        self.by_name.entry(name).or_default().push(offer);
    }

    /// Returns the packages that answer to a name, sorted: those that bear it, or else all those that provide it. The file
    /// does not say which of several was meant, for any will do, and each of them does. None where [`Offers::is_spent`].
    pub(crate) fn answers(&self, name: &str, fits: impl Fn(&Offer) -> bool) -> Vec<NodeId> {
        let offers = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        self.left.set(self.left.get().saturating_sub(offers.len()));
        if self.is_spent() {
            return Vec::new();
        }
        let fitting = |is_own: bool| offers.iter().filter(move |offer| offer.is_own == is_own);
        let mut found: Vec<NodeId> = fitting(true).filter(|offer| fits(offer)).map(|offer| offer.node).collect();
        if found.is_empty() {
            found = fitting(false).filter(|offer| fits(offer)).map(|offer| offer.node).collect();
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Says whether more was looked at than any real system holds, so that nothing is answered any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

/// What is said where [`Offers::is_spent`].
pub(crate) const SPENT: &str = "its packages provide and require more, each for each, than is read; from here on, who \
                                requires whom is missing";

/// Lets the system itself ask for these packages, and for all that nothing leads to then: what nothing requires, and of a
/// circle that nothing else leads to the first.
pub(crate) fn ask(inventory: &mut Inventory, chosen: &[NodeId]) {
    let mut requires: Vec<Vec<NodeId>> = vec![Vec::new(); inventory.nodes.len()];
    let mut required: HashSet<NodeId> = HashSet::new();
    for edge in &inventory.edges {
        requires[edge.from as usize].push(edge.to);
        required.insert(edge.to);
    }
    let all = || 1..inventory.nodes.len() as NodeId;
    let heads = all().filter(|id| !required.contains(id));
    let mut reached = vec![false; inventory.nodes.len()];
    let mut asked = Vec::new();
    let candidates = chosen.iter().copied().map(|id| (id, true));
    for (id, is_chosen) in candidates.chain(heads.map(|id| (id, false))).chain(all().map(|id| (id, false))) {
        if reached[id as usize] && !is_chosen {
            continue;
        }
        asked.push(id);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut reached[id as usize], true) {
                open.extend(&requires[id as usize]);
            }
        }
    }
    for id in asked {
        let place = inventory.nodes[id as usize].place;
        inventory.edge(SUBJECT, id, Requirement::default(), place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_provide_and_all_require_is_given_up() {
        let mut offers = Offers::default();
        for node in 1..=3000 {
            offers.add("x", Offer { node, version: "", is_own: false });
        }
        let answered = (0..3000).take_while(|_| offers.answers("x", |_| true).len() == 3000).count();
        assert_eq!((answered, offers.is_spent()), (MOST / 3000, true));
        assert!(offers.answers("y", |_| true).is_empty());
    }
}
