//! Operating systems: which one a tree is, and what the package databases of all of them share.

mod answers;
pub mod release;

pub(crate) use answers::{Offer, Offers, SPENT, ask};

use super::Format;
use crate::intern::Text;
use crate::model::{Inventory, NodeId, SUBJECT};

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&release::OsRelease];

/// Says whether a path is that of one of these files, below any root.
pub(crate) fn is_below_root(path: &str, files: &[&str]) -> bool {
    root(path, files).is_some()
}

/// Returns the root that one of these files stands below, with a closing slash; empty for the tree's own.
pub(crate) fn root<'p>(path: &'p str, files: &[&str]) -> Option<&'p str> {
    let mut roots = files.iter().filter_map(|file| path.strip_suffix(file));
    roots.find(|root| root.is_empty() || root.ends_with('/'))
}

/// Makes one inventory of the files of one subject.
pub(crate) fn gather(subject: Text, files: Vec<Inventory>) -> Inventory {
    let mut files = files.into_iter();
    let mut whole = files.next().expect("there is at least one file");
    whole.subject = subject;
    files.for_each(|file| absorb(&mut whole, file));
    whole
}

/// Adds what another file of the same subject says.
fn absorb(whole: &mut Inventory, file: Inventory) {
    let shift = whole.nodes.len() as NodeId - 1;
    let number = |id: NodeId| if id == SUBJECT { SUBJECT } else { id + shift };
    whole.nodes.extend(file.nodes.into_iter().skip(1));
    whole.edges.extend(file.edges.into_iter().map(|mut edge| {
        (edge.from, edge.to) = (number(edge.from), number(edge.to));
        edge
    }));
    whole.declared.extend(file.declared.into_iter().map(|mut declared| {
        declared.from = number(declared.from);
        declared
    }));
    whole.faults.extend(file.faults);
    if let Some(manifest) = file.manifest {
        whole.manifest.get_or_insert_default().facts.extend(manifest.facts);
    }
}
