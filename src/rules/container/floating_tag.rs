//! Images by a tag that moves.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use super::repository;
use crate::entry;
use crate::graph::Subject;
use crate::intern::Text;
use crate::model::{Component, Digest, Origin};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// An image is named by a tag that moves, or by none, and not by its digest.
    ///
    /// So is a repository that a workflow takes an action from, or pre-commit its hooks: by a branch, and not by its commit.
    /// Silent for an image with a digest, whatever its tag, for an action with a commit, and for stages of the same file.
    ///
    /// # Why
    /// `latest` is whatever was pushed last. The image that was tested and the one that a node pulls tonight share the
    /// name and nothing else, and no file in the repository changes.
    ///
    /// # Mend
    /// Name the version and the digest: `python:3.12.4-slim@sha256:…`. Where another file of the tree or the pinned BOM
    /// knows them, the finding says the line to write; else `docker buildx imagetools inspect python:3.12.4-slim` prints
    /// the digest, and update bots keep it current.
    ///
    /// # Options
    /// `require`: what an image must have at least.
    ///
    /// - `"tag"`, the default: a tag, other than `latest`, `stable`, `main`, `edge`, `nightly` and the like.
    /// - `"version"`: a tag with three numbers at least, `3.12.4-slim`; `3.12` moves with each patch. Dates count.
    /// - `"digest"`: a digest, or an action's commit.
    ///
    /// ```toml
    /// [rules]
    /// floating-tag = { level = "deny", require = "digest" }
    /// ```
    pub FloatingTag = "floating-tag"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    require: Require,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "kebab-case")]
enum Require {
    #[default]
    Tag,
    Version,
    Digest,
}

impl Rule for FloatingTag {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, subject: &Subject) -> bool {
        subject.components().any(|node| phrase::is_image(node.component) || is_action(node.component))
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
        let mut digests = None;
        for resolved in case.resolved.components() {
            let component = resolved.component;
            let is_action = is_action(component);
            if !(phrase::is_image(component) || is_action) || !component.digests.is_empty() {
                continue;
            }
            if is_action {
                let full = phrase::full(component);
                let message = match (component.version(), options.require) {
                    (tag, _) if is_floating(tag) => format!("{full} is a branch that moves, and no commit"),
                    (_, Require::Digest) => format!("{full} has no commit: its tag can be moved"),
                    (tag, Require::Version) if !is_full(tag) => format!("{full} has no full version, and no commit"),
                    _ => continue,
                };
                let name = phrase::name(component);
                findings
                    .add(self, resolved, message)
                    .help(format!("name the commit, with its tag in a comment: {name}@COMMIT"));
                continue;
            }
            let full = phrase::full(component);
            let message = match (component.version(), options.require) {
                ("", _) => format!("{full} has neither tag nor digest: what was pushed last is used"),
                (tag, _) if is_floating(tag) => format!("{full} has a tag that moves, and no digest"),
                (_, Require::Digest) => format!("{full} has no digest: its tag can be pushed anew"),
                (tag, Require::Version) if !is_full(tag) => format!("{full} has no full version, and no digest"),
                _ => continue,
            };
            let digests = digests.get_or_insert_with(|| Known::of(case));
            let help = digests.line(component).unwrap_or_else(|| {
                let name = repository(component);
                format!("name the full version and the digest: {}:VERSION@sha256:DIGEST", phrase::safe(&name))
            });
            findings.add(self, resolved, message).help(help);
        }
        Ok(())
    }
}

/// Says whether a component is an action of a workflow that is not named by its commit.
fn is_action(component: &Component) -> bool {
    component.purl.ty() == "github" && matches!(component.origin, Origin::Git { commit: "", .. })
}

/// The digests of images that the tree and the pinned BOM know, by their names: of each tag, the digest and who has it.
struct Known(BTreeMap<Text, BTreeMap<Text, (Digest, String)>>);

impl Known {
    fn of(case: &Case<'_>) -> Self {
        let mut known = Known(BTreeMap::new());
        for (graph, is_pinned) in [(case.resolved, false), (case.pinned, true)] {
            for node in graph.components().filter(|node| phrase::is_image(node.component)) {
                let Some(digest) = node.component.digests.first() else { continue };
                let who =
                    if is_pinned { "the BOM pins it".to_owned() } else { format!("{} has it", node.subject.path) };
                let tags = known.0.entry(node.component.purl.key()).or_default();
                tags.entry(node.component.version()).or_insert((*digest, who));
            }
        }
        known
    }

    /// Returns what to write for an image: its own tag with its digest, or the one full version that is known where its
    /// own tag moves.
    fn line(&self, component: &Component) -> Option<String> {
        let tags = self.0.get(component.purl.key())?;
        let tag = component.version();
        let is_moving = tag.is_empty() || is_floating(tag);
        let mut others = tags.iter().filter(|(other, _)| is_moving && is_full(other));
        let (tag, (digest, who)) = match (tags.get_key_value(tag).filter(|_| !is_moving), others.next()) {
            (Some(own), _) => own,
            (None, Some(other)) if others.next().is_none() => other,
            _ => tags.get_key_value(tag)?,
        };
        let colon = if tag.is_empty() { "" } else { ":" };
        let line = format!("write {}{colon}{tag}@{digest}, as {who}", repository(component));
        Some(phrase::safe(&line).into_owned())
    }
}

/// Tags, or parts of them, that are pushed anew with every release.
const MOVING: &[&str] = &[
    "alpha",
    "beta",
    "canary",
    "current",
    "dev",
    "devel",
    "develop",
    "development",
    "edge",
    "head",
    "insiders",
    "latest",
    "lts",
    "main",
    "mainline",
    "master",
    "next",
    "nightly",
    "preview",
    "prod",
    "production",
    "rc",
    "release",
    "rolling",
    "snapshot",
    "stable",
    "staging",
    "test",
    "testing",
    "tip",
    "trunk",
    "unstable",
];

/// Variants that, with no version before them, are those of the latest one.
const VARIANTS: &[&str] = &["alpine", "slim", "runtime", "base"];

/// Says whether a tag follows releases: a moving name in it, and no part that begins with a number.
fn is_floating(tag: &str) -> bool {
    let parts = || tag.split(['-', '_', '.']);
    let is_number = |part: &str| {
        let digits = part.strip_prefix('v').unwrap_or(part);
        digits.starts_with(|first: char| first.is_ascii_digit())
    };
    let is_moving = |part: &str| MOVING.iter().any(|moving| part.eq_ignore_ascii_case(moving));
    // The number of another thing (`alpine3.20`, `cuda12.1`, the 20 after the dot) holds nothing still.
    let moves = parts().any(is_moving) || parts().next().is_some_and(|first| VARIANTS.contains(&first));
    moves && !tag.split(['-', '_']).any(is_number) && !is_full(tag)
}

/// Says whether a tag names a version to its third number, or a day, or a commit.
fn is_full(tag: &str) -> bool {
    let is_version = |part: &str| {
        let part = part.strip_prefix('v').unwrap_or(part);
        let numbers =
            part.split(['.', '+']).take_while(|number| number.starts_with(|first: char| first.is_ascii_digit()));
        numbers.count() >= 3
    };
    let is_day = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_commit = |part: &str| {
        part.len() >= 7
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    };
    let spelled_day = |tag: &str| {
        let parts: Vec<&str> = tag.split('-').collect();
        parts.windows(3).any(|parts| {
            [4, 2, 2]
                .iter()
                .zip(parts)
                .all(|(len, part)| part.len() == *len && part.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    tag.split(['-', '_']).any(|part| is_version(part) || is_day(part) || is_commit(part)) || spelled_day(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_move() {
        for (tag, floating, full) in [
            ("latest", true, false),
            ("LATEST", true, false),
            ("latest-gpu", true, false),
            ("latest-cuda12.1", true, false),
            ("lts-alpine3.20", true, false),
            ("slim", true, false),
            ("alpine", true, false),
            ("nightly", true, false),
            ("nightly-2024-06-01", false, true),
            ("nightly-20240601", false, true),
            ("stable-1.27", false, false),
            ("3", false, false),
            ("3.12", false, false),
            ("3.12-slim", false, false),
            ("3.12.4-slim", false, true),
            ("v0.11.0", false, true),
            ("12.4.1-runtime-ubuntu22.04", false, true),
            ("24.05-py3", false, false),
            ("22.04", false, false),
            ("bookworm-slim", false, false),
            ("slim-bookworm", true, false),
            ("alpine3.20", false, false),
            ("main-abc12345", false, true),
            ("bookworm", false, false),
            ("9f86d081", false, true),
            ("sha-9f86d081", false, true),
            ("1.0.0-rc.1", false, true),
            ("", false, false),
        ] {
            assert_eq!((is_floating(tag), is_full(tag)), (floating, full), "{tag}");
        }
    }
}
