//! One image, deployed at several versions.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::repository;
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::intern::{self, Text};
use crate::model::{Digest, PartKind};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// The tree's manifests deploy one image at several tags or digests.
    ///
    /// It looks at what runs: Kubernetes manifests, Compose files and the like. What images are built from is not compared:
    /// each service may have its own `python`. Places that name different environments in their paths (`dev`, `staging`,
    /// `prod`, `base`) are not compared with each other; one that names none is compared with each. A tag beside the same tag
    /// with a digest is no difference.
    ///
    /// Off unless the policy asks for it: services of one tree may run the same database at versions of their own on
    /// purpose, and only its owners know.
    ///
    /// # Why
    /// What was tested with Compose is another image than the one that the cluster runs, and a fix that was rolled out in one
    /// file is missing in the next.
    ///
    /// # Mend
    /// Deploy one version in all places, by its digest. Where the difference is meant, name the environment in the path, or
    /// let it through.
    ///
    /// # Options
    /// `across`: true to compare the places of different environments too.
    ///
    /// `allow`: images that may differ, by their names with wildcards: `postgres`, `registry.example/team/*`.
    ///
    /// ```toml
    /// [rules]
    /// image-versions-differ = { level = "warn", allow = ["postgres"] }
    /// ```
    pub ImageVersionsDiffer = "image-versions-differ"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    across: bool,
    allow: Vec<String>,
}

/// A tag and a digest; either may be missing.
type Version = (Text, Option<Digest>);

impl Rule for ImageVersionsDiffer {
    fn level(&self) -> Level {
        Level::Allow
    }

    fn looks_at(&self, _case: &Case<'_>, subject: &Subject) -> bool {
        deploys(subject) && subject.components().any(|node| phrase::is_image(node.component))
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        if case.is_off(self) {
            return Ok(());
        }
        let mut repositories: BTreeMap<Text, Vec<Resolved<'g>>> = BTreeMap::new();
        for subject in case.resolved.subjects().iter().filter(|subject| deploys(subject)) {
            for node in subject.components().filter(|node| phrase::is_image(node.component)) {
                repositories.entry(node.component.purl.key()).or_default().push(node);
            }
        }
        for nodes in repositories.into_values().filter(|nodes| nodes.len() > 1) {
            let name = repository(nodes[0].component);
            if options.allow.iter().any(|glob| crate::formats::matches(glob, &name)) {
                continue;
            }
            let differing = differing(&nodes, options.across);
            let Some((first, others)) = differing.split_first() else { continue };
            let versions: BTreeSet<String> = differing.iter().map(|node| shown(node)).collect();
            let message = format!(
                "{} is deployed at {}: {}",
                phrase::safe(&name),
                phrase::count(versions.len(), "version"),
                phrase::list(&versions)
            );
            let draft = findings.add(self, *first, message);
            draft
                .without_paths()
                .help("deploy one version in all places, by its digest; or let the difference through");
            for node in others {
                draft.related(node.place(), intern::text(&format!("{} here", shown(node))));
            }
        }
        Ok(())
    }
}

/// Says whether a subject runs images, and is not what one is built by.
fn deploys(subject: &Subject) -> bool {
    !subject.is_foreign()
        && subject.parts.iter().any(|part| part.kind == PartKind::Container)
        && !subject.parts.iter().any(|part| part.kind == PartKind::Stage)
}

/// Returns the places whose versions differ from another's that is of the same environment.
fn differing<'g>(nodes: &[Resolved<'g>], across: bool) -> Vec<Resolved<'g>> {
    let environments: Vec<Option<&str>> =
        nodes.iter().map(|node| environment(node.subject.path).filter(|_| !across)).collect();
    let differs = |at: usize| {
        let is_other = |other: usize| {
            let meet = match (environments[at], environments[other]) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            meet && !is_same(version(&nodes[at]), version(&nodes[other]))
        };
        (0..nodes.len()).any(is_other)
    };
    // Of very many places, the first are enough to tell it.
    const MOST: usize = 500;
    let nodes_at = (0..nodes.len().min(MOST)).filter(|at| differs(*at));
    nodes_at.map(|at| nodes[at]).collect()
}

fn version(node: &Resolved<'_>) -> Version {
    (node.component.version(), node.component.digests.first().copied())
}

fn is_same(one: Version, other: Version) -> bool {
    match (one.1, other.1) {
        (Some(one), Some(other)) => one == other,
        _ => one.0 == other.0,
    }
}

fn shown(node: &Resolved<'_>) -> String {
    let version = phrase::version(node.component);
    match node.component.digests.first() {
        Some(digest) => format!("{version}@{}", phrase::digest(digest)),
        None => version.into_owned(),
    }
}

/// The words by which a path names an environment: those on one line are one.
const ENVIRONMENTS: &[&[&str]] = &[
    &["base", "common"],
    &["canary"],
    &["demo", "example", "examples", "sandbox"],
    &["dev", "develop", "development", "local"],
    &["live", "prod", "production", "prd"],
    &["preprod", "preview"],
    &["qa", "ci", "test", "testing", "tests", "e2e"],
    &["stage", "staging", "stg", "uat"],
];

/// Returns the environment that a path names; none where it names none.
fn environment(path: &str) -> Option<&'static str> {
    let named = |word: &str| {
        let row = ENVIRONMENTS.iter().find(|row| row.iter().any(|name| word.eq_ignore_ascii_case(name)))?;
        row.first().copied()
    };
    path.split(['/', '.', '-', '_']).rev().find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_environments() {
        for (path, expected) in [
            ("deploy/prod/api.yaml", Some("live")),
            ("overlays/dev/kustomization.yaml", Some("dev")),
            ("compose.production.yaml", Some("live")),
            ("compose-local.yml", Some("dev")),
            ("k8s/base/api.yaml", Some("base")),
            ("k8s/api.yaml", None),
            ("products/api.yaml", None),
        ] {
            assert_eq!(environment(path), expected, "{path}");
        }
    }
}
