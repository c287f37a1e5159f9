//! Rules on the policy itself: the waivers that let findings through, overrides and targets.

mod override_unused;
mod target_unused;
mod waiver_expired;
mod waiver_expiring;
mod waiver_too_long;
mod waiver_unused;

use std::collections::BTreeSet;

use super::{Case, Rule};
use crate::intern::Text;
use crate::policy::{Policy, Waiver};
use crate::rules::phrase;
use crate::source::Place;
use crate::suggest;

/// The rules of this folder.
pub const RULES: &[&dyn Rule] = &[
    &override_unused::OverrideUnused,
    &target_unused::TargetUnused,
    &waiver_expired::WaiverExpired,
    &waiver_expiring::WaiverExpiring,
    &waiver_too_long::WaiverTooLong,
    &waiver_unused::WaiverUnused,
];

/// Returns where the policy says something that a rule of this folder looks at; none where it says nothing of the kind.
pub fn looked_at(rule: &str, policy: &Policy) -> Option<Place> {
    match rule {
        "override-unused" => policy.overrides.iter().find(|other| !other.paths.is_empty()).map(|other| other.place),
        "target-unused" => policy.targets.first().map(|target| target.place),
        _ => policy.waivers.first().map(|waiver| waiver.place),
    }
}

/// Returns the paths that there are: the tree's lockfiles and manifests, and those that the BOM has.
fn paths(case: &Case<'_>) -> BTreeSet<Text> {
    let all = case.resolved.subjects().iter().chain(case.pinned.subjects());
    all.map(|subject| subject.path).collect()
}

/// Returns the path or glob that was probably meant by one that matches nothing; none where no folder or file is called
/// nearly so.
fn near(wrong: &str, paths: &BTreeSet<Text>) -> Option<String> {
    let plain = wrong.trim_start_matches("./").trim_end_matches('/');
    let head: Vec<&str> = plain.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
    let (depth, head) = (head.len(), head.join("/"));
    if head.is_empty() {
        return None;
    }
    let cut = |path: Text| {
        let end = path.match_indices('/').nth(depth - 1).map_or(path.len(), |(at, _)| at);
        (path.split('/').count() >= depth).then(|| &path[..end])
    };
    let candidates: BTreeSet<&str> = paths.iter().copied().filter_map(cut).collect();
    let near = suggest::closest(&head, candidates).filter(|near| *near != head)?;
    Some(format!("{near}{}", &plain[head.len()..]))
}

/// Returns what a waiver is for: `version-drift of pkg:pypi/torch in services/**`.
fn about(waiver: &Waiver) -> String {
    let mut about = phrase::list(waiver.rules.iter().map(|rule| phrase::safe(rule.value)));
    if let Some(package) = &waiver.package {
        about.push_str(&format!(" of {}", phrase::safe(&package.value.to_string())));
    }
    if !waiver.paths.is_empty() {
        about.push_str(&format!(
            " in {}",
            phrase::list(waiver.paths.texts().iter().map(|path| phrase::safe(path.value)))
        ));
    }
    for (word, version) in [("from", waiver.from), ("to", waiver.to)] {
        if let Some(version) = version {
            about.push_str(&format!(" {word} {}", phrase::safe(version.value)));
        }
    }
    about
}

/// Returns whom to ask about a waiver: ` (owner ml-platform)`; empty where it names nobody.
fn owner(waiver: &Waiver) -> String {
    if waiver.owner.is_empty() { String::new() } else { format!(" (owner {})", phrase::safe(waiver.owner)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_paths_are_met_with_near_ones() {
        let paths = BTreeSet::from(["services/api/uv.lock", "services/batch/requirements.txt", "Dockerfile"]);
        for (wrong, expected) in [
            ("servces/**", Some("services/**")),
            ("services/bach/**", Some("services/batch/**")),
            ("services/ap1/uv.lock", Some("services/api/uv.lock")),
            ("Dockerfil", Some("Dockerfile")),
            ("services/**/poetry.lock", None),
            ("ops/**", None),
            ("**/x", None),
        ] {
            assert_eq!(near(wrong, &paths).as_deref(), expected, "{wrong}");
        }
    }
}
