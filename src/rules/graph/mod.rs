//! Rules on what is in the graph: components, subjects and the requirements between them.

mod ambiguous_edge;
mod component_added;
mod component_removed;
mod duplicate_versions;
mod edge_added;
mod edge_removed;
mod moved;
mod scope_drift;
mod subject_added;
mod subject_removed;
mod unmet_requirement;
mod unpinned_requirement;

use super::Rule;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &ambiguous_edge::AmbiguousEdge,
    &component_added::ComponentAdded,
    &component_removed::ComponentRemoved,
    &duplicate_versions::DuplicateVersions,
    &edge_added::EdgeAdded,
    &edge_removed::EdgeRemoved,
    &scope_drift::ScopeDrift,
    &subject_added::SubjectAdded,
    &subject_removed::SubjectRemoved,
    &unmet_requirement::UnmetRequirement,
    &unpinned_requirement::UnpinnedRequirement,
];
