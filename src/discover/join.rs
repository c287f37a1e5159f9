//! What several files say together: parts of one subject gathered, lockfiles joined with what stands around them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Read;
use crate::formats::{self, Near};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Node, Purl};
use crate::report::Problem;
use crate::source::{Source, Sources};

/// Counts the files of each subject that many files are parts of.
pub(super) fn gathered(inventories: &[Inventory]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for inventory in inventories {
        let subject = formats::named(inventory.format).and_then(|format| format.gathers(inventory.subject));
        subject.into_iter().for_each(|subject| *counts.entry(subject).or_default() += 1);
    }
    counts
}

/// Makes one inventory of those that are parts of one subject.
pub(super) fn gather(inventories: &mut Vec<Inventory>) {
    let mut gathered: BTreeMap<(Text, &'static str), Vec<Inventory>> = BTreeMap::new();
    for inventory in std::mem::take(inventories) {
        let subject = formats::named(inventory.format).and_then(|format| format.gathers(inventory.subject));
        match subject {
            Some(subject) => {
                gathered.entry((intern::text(&subject), inventory.format)).or_default().push(inventory);
            }
            None => inventories.push(inventory),
        }
    }
    let gathered: Vec<_> = gathered.into_iter().collect();
    inventories.par_extend(gathered.into_par_iter().filter_map(|((subject, format), mut files)| {
        files.sort_by_key(|file| file.subject);
        Some(formats::named(format)?.gather(subject, files))
    }));
}

/// Lets each lockfile take in what the files around it say, as they were read.
pub(super) fn join(inventories: &mut [Inventory], sources: &Sources) {
    let includes = inventories.iter().flat_map(|inventory| &inventory.includes);
    let included: BTreeSet<String> = includes.map(|include| include.path.clone()).collect();
    let mut later = Vec::new();
    for index in 0..inventories.len() {
        let inventory = &mut inventories[index];
        let Some(format) = formats::named(inventory.format).filter(|format| format.joins()) else { continue };
        let is_seen = included.contains(inventory.subject) || format.is_joined_by_others();
        let mut joined = if is_seen { inventory.clone() } else { take(inventory) };
        format.join(&mut joined, &Near { inventories, sources: Some(sources) });
        if is_seen { later.push((index, joined)) } else { inventories[index] = joined }
    }
    for (index, joined) in later {
        inventories[index] = joined;
    }
}

/// Takes what an inventory says out of it, and leaves the name.
fn take(inventory: &mut Inventory) -> Inventory {
    let file = inventory.nodes.first().map(|node| node.place.file).unwrap_or_default();
    let left = Inventory::new(&Source { file, path: inventory.subject, text: "" }, inventory.format);
    std::mem::replace(inventory, left)
}

/// Says of components without a name that they have none, and gives them one: a BOM of them can be read again.
pub(super) fn name(inventory: &mut Inventory) {
    for at in 0..inventory.nodes.len() {
        let Node { component, place, .. } = inventory.nodes[at];
        let Some(component) = component.filter(|component| component.purl.name().is_empty()) else { continue };
        inventory.fault(place, "a component without a name");
        let purl = Purl::new(component.purl.ty(), component.purl.namespace(), "unnamed", component.purl.version());
        inventory.nodes[at].component = Some(Component { purl, ..component.clone() }.intern());
    }
}

/// Returns the subjects that stand twice, each with a problem: none of the two is picked.
pub(super) fn doubled(read: &mut Read, sources: &Sources) -> BTreeSet<Text> {
    let pairs = read.inventories.windows(2).filter(|pair| pair[0].subject == pair[1].subject);
    let doubled: BTreeSet<Text> = pairs.map(|pair| pair[0].subject).collect();
    for inventory in read.inventories.iter().filter(|inventory| doubled.contains(inventory.subject)) {
        let place = inventory.nodes.first().map(|node| node.place).unwrap_or_default();
        let message = format!("the subject \"{}\" stands twice", inventory.subject.escape_debug());
        read.problems.push(Problem::at(sources.locate(place), message));
    }
    doubled
}
