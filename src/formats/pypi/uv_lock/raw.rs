//! `uv.lock` as it is written.

use std::collections::BTreeMap;

use ::toml::Spanned;
use serde::Deserialize;

use crate::intern::{self, Text};
use crate::model::Origin;

/// All but the packages.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) version: Option<Spanned<i64>>,
    #[serde(rename = "requires-python")]
    pub(super) requires_python: Option<String>,
    #[serde(default)]
    pub(super) manifest: Manifest,
}

/// What the workspace is made of and asks for. Overrides and constraints only narrow, and are not read.
#[derive(Default, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    pub(super) members: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) requirements: Vec<Asked>,
    #[serde(default, rename = "dependency-groups")]
    pub(super) groups: BTreeMap<String, Vec<Asked>>,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) package: Vec<Package>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: Spanned<String>,
    /// None where the project computes it.
    pub(super) version: Option<String>,
    pub(super) source: From,
    #[serde(default, rename = "resolution-markers")]
    pub(super) markers: Vec<String>,
    #[serde(default)]
    pub(super) dependencies: Vec<Entry>,
    #[serde(default, rename = "optional-dependencies")]
    pub(super) extras: BTreeMap<String, Vec<Entry>>,
    #[serde(default, rename = "dev-dependencies")]
    pub(super) groups: BTreeMap<String, Vec<Entry>>,
    pub(super) sdist: Option<File>,
    #[serde(default)]
    pub(super) wheels: Vec<File>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

/// A file of a package; one in the tree itself has no hash.
#[derive(Deserialize)]
pub(super) struct File {
    pub(super) url: Option<String>,
    pub(super) hash: Option<Spanned<String>>,
}

/// A requirement, answered: version and source are left out where the name is unique.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) name: Spanned<String>,
    pub(super) version: Option<String>,
    pub(super) source: Option<From>,
    #[serde(default)]
    pub(super) extra: Vec<String>,
    pub(super) marker: Option<String>,
}

/// What a local package's own metadata asks for.
#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default, rename = "requires-dist")]
    pub(super) requires: Vec<Asked>,
    #[serde(default, rename = "requires-dev")]
    pub(super) groups: BTreeMap<String, Vec<Asked>>,
}

/// A requirement, as it was asked.
#[derive(Deserialize)]
pub(super) struct Asked {
    pub(super) name: Spanned<String>,
    pub(super) specifier: Option<String>,
    pub(super) marker: Option<String>,
    #[serde(default)]
    pub(super) extras: Vec<String>,
}

impl Asked {
    pub(super) fn constraint(&self) -> Text {
        intern::text(self.specifier.as_deref().unwrap_or_default())
    }
}

/// Where a package comes from: one of these.
#[derive(Deserialize)]
pub(super) struct From {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    r#virtual: Option<String>,
}

/// What kind of source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Where {
    Registry,
    Git,
    Url,
    Path,
    Directory,
    Editable,
    Virtual,
    Unknown,
}

impl From {
    /// Returns what two sources are compared by.
    pub(super) fn key(&self) -> (Where, &str) {
        let all = [
            (Where::Registry, &self.registry),
            (Where::Git, &self.git),
            (Where::Url, &self.url),
            (Where::Path, &self.path),
            (Where::Directory, &self.directory),
            (Where::Editable, &self.editable),
            (Where::Virtual, &self.r#virtual),
        ];
        let found = all.into_iter().find_map(|(kind, text)| Some((kind, text.as_deref()?)));
        found.unwrap_or((Where::Unknown, ""))
    }

    /// Says whether it is a project's folder, so that it can be a member of the workspace.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.key().0, Where::Directory | Where::Editable | Where::Virtual)
    }

    /// Says whether it is the folder that the lock stands in.
    pub(super) fn is_here(&self) -> bool {
        self.is_local() && matches!(self.key().1, "." | "")
    }

    pub(super) fn origin(&self) -> Origin {
        match self.key() {
            (Where::Registry, url) => Origin::registry(url),
            (Where::Url, url) => Origin::url(url),
            (Where::Git, text) => git(text),
            (Where::Unknown, _) => Origin::Unknown,
            (_, path) => Origin::path(path),
        }
    }
}

/// Reads `URL?tag=NAME&subdirectory=FOLDER#COMMIT`.
fn git(text: &str) -> Origin {
    let (rest, commit) = text.split_once('#').unwrap_or((text, ""));
    let (url, query) = rest.split_once('?').unwrap_or((rest, ""));
    let reference = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| matches!(*key, "rev" | "tag" | "branch"))
        .map_or("", |(_, value)| value);
    Origin::git(url, commit, reference)
}
