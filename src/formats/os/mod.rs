//! Operating systems: which one a tree is, and what the package databases of all of them share.

mod answers;
pub mod release;

pub(crate) use answers::{Offer, Offers, SPENT, ask};

use super::Format;

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
