//! Rules on what is in the graph: components, subjects and the requirements between them.

mod ambiguous_edge;
mod component_added;
mod component_removed;
mod duplicate_versions;
mod edge_added;
mod edge_removed;
mod scope_drift;
mod subject_added;
mod subject_removed;
mod unmet_requirement;
mod unpinned_requirement;

use std::collections::BTreeMap;

use super::{Case, Findings, Rule, phrase};
use crate::compare;
use crate::entry::Entry;
use crate::graph::Subject;
use crate::intern::Text;
use crate::policy::Level;
use subject_added::SubjectAdded;
use subject_removed::SubjectRemoved;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &ambiguous_edge::AmbiguousEdge,
    &component_added::ComponentAdded,
    &component_removed::ComponentRemoved,
    &duplicate_versions::DuplicateVersions,
    &edge_added::EdgeAdded,
    &edge_removed::EdgeRemoved,
    &scope_drift::ScopeDrift,
    &SubjectAdded,
    &SubjectRemoved,
    &unmet_requirement::UnmetRequirement,
    &unpinned_requirement::UnpinnedRequirement,
];

/// Tells the lockfiles and manifests that stand at another path than the BOM says, where that is for a rule to tell: to the
/// policy one is gone and one is new, and what it takes more gravely counts. Those of one folder are told once.
fn tell_moved<'g>(rule: &dyn Rule, case: &Case<'g>, findings: &mut Findings<'g>) {
    let moved = case.drift.subjects.iter().filter_map(|pair| pair.moved());
    let level = |rule: &dyn Rule, path| case.policy.level(rule.id(), rule.level(), path, None, None);
    // What may be waived is told by itself, and by both rules: who let the old path go has not let the new one in.
    let is_named = |id: Text| [SubjectRemoved.id(), SubjectAdded.id(), "*"].contains(&id);
    let is_waivable = case.policy.waivers.iter().any(|one| one.rules.iter().any(|it| is_named(it.value)));
    for ((from, to), pairs) in compare::by_folder(moved) {
        let mut by_level: BTreeMap<(Level, usize), Vec<(&Subject, &Subject)>> = BTreeMap::new();
        for (at, (old, new)) in pairs.into_iter().enumerate() {
            let (removed, added) = (level(&SubjectRemoved, old.path), level(&SubjectAdded, new.path));
            let teller: &dyn Rule = if added > removed { &SubjectAdded } else { &SubjectRemoved };
            if teller.id() == rule.id() || is_waivable {
                by_level.entry((added.max(removed), if is_waivable { at } else { 0 })).or_default().push((old, new));
            }
        }
        for pairs in by_level.into_values() {
            let (old, new) = pairs[0];
            let subject = if rule.id() == SubjectAdded.id() { new.path } else { old.path };
            let message = match pairs.len() {
                1 => {
                    let (was, is) = (phrase::safe(old.path), phrase::safe(new.path));
                    let (olds, news) = (old.by_key(), new.by_key());
                    let here = olds.keys().filter(|key| news.contains_key(*key)).count();
                    let all = phrase::count(olds.len(), "package");
                    format!(
                        "{was} is in the BOM and no longer in the tree: {is} has {here} of its {all}, and is held to it"
                    )
                }
                many => {
                    let folder = |path: &'static str| match path {
                        "" => "the root".into(),
                        path => phrase::safe(path),
                    };
                    let (from, to) = (folder(from), folder(to));
                    format!(
                        "{many} files of {from} are in the BOM and no longer in the tree: by what they hold, they are in {to} \
                         now, and each is held to what was pinned of it"
                    )
                }
            };
            let draft = findings.at(rule, subject, new.place, message);
            draft.name(old.path).help(
                "what drifted on the way is told by itself; once that is settled, `driftgate pin` takes the new path into the \
                 BOM; and look for the old one in the policy",
            );
            for (old, _) in pairs.iter().take(3) {
                draft.related(old.place, "pinned here");
            }
        }
    }
}
