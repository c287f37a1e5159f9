//! Lockfiles that name no registry beside those that name one for every package: yarn's of berry and of yarn 1.

use super::differs::is_bundled;
use super::{Change, What};
use crate::graph::Subject;
use crate::model::Origin;

/// Says whether one side names a registry for each of npm's packages and the other for none of them, as its form has no
/// word for that: then that they come from a registry is all that both say. A lockfile that names one for some is another
/// thing.
pub fn are_unsaid(old: &Subject, new: &Subject) -> bool {
    let count = |subject: &Subject| {
        let (mut named, mut unnamed) = (0usize, 0usize);
        for node in subject.components().filter(|node| !node.is_root() && node.component.purl.ty() == "npm") {
            match node.component.origin {
                Origin::Registry(_) => named += 1,
                Origin::Unknown if !is_bundled(node.component) => unnamed += 1,
                _ => {}
            }
        }
        (named, unnamed)
    };
    let ((named_old, unnamed_old), (named_new, unnamed_new)) = (count(old), count(new));
    let is_all = |named, unnamed| named > 0 && unnamed == 0;
    let is_one_way = is_all(named_old, unnamed_old) && is_all(unnamed_new, named_new);
    let is_other_way = is_all(named_new, unnamed_new) && is_all(unnamed_old, named_old);
    old.says.origin && new.says.origin && (is_one_way || is_other_way)
}

/// Takes out that packages come from a registry that one side can't name.
pub(super) fn take_out(changes: &mut Vec<Change<'_>>) {
    for change in &mut *changes {
        let (Some(old), Some(new)) = (change.old, change.new) else { continue };
        let origins = [old.component.origin, new.component.origin];
        if matches!(origins, [Origin::Unknown, Origin::Registry(_)] | [Origin::Registry(_), Origin::Unknown]) {
            change.what.retain(|what| *what != What::Source);
        }
    }
    changes.retain(|change| change.old.is_none() || change.new.is_none() || !change.what.is_empty());
}
