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

use super::{Case, Findings, Rule, phrase};
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
/// policy one is gone and one is new, and what it takes more gravely counts.
fn tell_moved<'g>(rule: &dyn Rule, case: &Case<'g>, findings: &mut Findings<'g>) {
    for (old, new) in case.drift.subjects.iter().filter_map(|pair| pair.moved()) {
        let level = |rule: &dyn Rule| -> Level { case.policy.level(rule.id(), rule.level(), new.path, None, None) };
        let teller: &dyn Rule =
            if level(&SubjectAdded) > level(&SubjectRemoved) { &SubjectAdded } else { &SubjectRemoved };
        if teller.id() != rule.id() {
            continue;
        }
        let (was, is) = (phrase::safe(old.path), phrase::safe(new.path));
        let message = format!("{was} is in the BOM and no longer in the tree: by what it holds, it is {is} now");
        findings.at(rule, new.path, new.place, message).name(old.path).related(old.place, "pinned here").help(
            "what drifted in it is told by itself; once that is settled, `driftgate pin` takes the new path into the BOM; and \
             look for the old one in the policy",
        );
    }
}
