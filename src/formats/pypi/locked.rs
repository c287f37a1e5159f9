//! Which of the locked versions of a name answers a requirement.

use std::str::FromStr;

use hashbrown::HashMap;
use pep440_rs::Version;

use super::constraint::Constraint;
use super::marker::{Overlap, overlap};
use crate::intern::Text;
use crate::model::{Inventory, NodeId, Origin};

/// The nodes of an inventory by their names in normal form.
pub struct Locked {
    by_name: HashMap<Text, Vec<NodeId>>,
    versions: HashMap<NodeId, Version>,
}

/// What the locked nodes say to a requirement.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The name is not locked.
    Missing,
    /// The name is locked, but in no version that satisfies the constraint.
    Unmet,
    /// These nodes answer, each in its own environment.
    Nodes(Vec<NodeId>),
    /// One of these answers, and nothing says which.
    Unclear(Vec<NodeId>),
}

/// How many versions of one name are told apart; a real lock has two or three.
const MOST: usize = 32;

impl Locked {
    /// Lists the nodes of an inventory, less its roots.
    pub fn of(inventory: &Inventory) -> Self {
        let mut locked = Locked { by_name: HashMap::new(), versions: HashMap::new() };
        for (node, id) in inventory.nodes.iter().zip(0..) {
            let Some(component) = node.component.filter(|_| !node.root) else { continue };
            locked.by_name.entry(component.purl.name()).or_default().push(id);
            if let Ok(version) = Version::from_str(component.version()) {
                locked.versions.insert(id, version);
            }
        }
        locked
    }

    /// Finds the nodes that answer a requirement of `name` (in normal form) in the environments of `context`.
    pub fn answer(&self, inventory: &Inventory, name: &str, constraint: &str, context: &[&str]) -> Answer {
        let Some(named) = self.by_name.get(name) else { return Answer::Missing };
        if named.len() > MOST {
            return Answer::Unclear(named[..MOST].to_vec());
        }
        let found = match constraint.strip_prefix("@ ") {
            Some(address) => of_address(inventory, named, address),
            None => {
                let constraint = Constraint::read(constraint);
                let allows = |node: &&NodeId| Constraint::may_allow(constraint.as_ref(), self.versions.get(*node));
                named.iter().filter(allows).copied().collect()
            }
        };
        if found.len() < 2 {
            return if found.is_empty() { Answer::Unmet } else { Answer::Nodes(found) };
        }
        tell_apart(inventory, found, context)
    }
}

/// Keeps the nodes that come from an address of this kind; all where none does.
fn of_address(inventory: &Inventory, named: &[NodeId], address: &str) -> Vec<NodeId> {
    let fits = |node: &&NodeId| match inventory.component(**node).map(|component| component.origin) {
        Some(Origin::Git { .. }) => address.starts_with("git+"),
        Some(Origin::Url(_)) => !address.starts_with("git+") && address.contains("://"),
        Some(Origin::Path(_)) => !address.contains("://"),
        _ => false,
    };
    let found: Vec<NodeId> = named.iter().filter(fits).copied().collect();
    if found.is_empty() { named.to_vec() } else { found }
}

/// Tells nodes that all satisfy a constraint apart by their markers.
fn tell_apart(inventory: &Inventory, found: Vec<NodeId>, context: &[&str]) -> Answer {
    let marker = |node: &NodeId| inventory.nodes[*node as usize].environment;
    let possible: Vec<NodeId> =
        found.iter().filter(|node| overlap(&[context, &[marker(node)]].concat()) != Overlap::Never).copied().collect();
    if possible.is_empty() {
        return Answer::Unclear(found);
    }
    let apart = possible.iter().enumerate().all(|(index, one)| {
        possible[..index].iter().all(|other| overlap(&[marker(one), marker(other)]) == Overlap::Never)
    });
    if apart { Answer::Nodes(possible) } else { Answer::Unclear(possible) }
}
