//! How `pixi.lock` is spelled.
//!
//! Specification: the models in rattler's `crates/rattler_lock/src/parse`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::address::plain;
use super::super::text::Scalar;
use crate::intern::{self, Text};
use crate::model::Origin;

#[derive(Deserialize)]
pub(super) struct Lock<'t> {
    #[serde(borrow)]
    pub(super) version: Option<Scalar<'t>>,
    #[serde(borrow, default)]
    pub(super) platforms: Vec<Platform<'t>>,
    #[serde(borrow, default)]
    pub(super) environments: BTreeMap<Scalar<'t>, Environment<'t>>,
    #[serde(borrow, default)]
    pub(super) packages: Vec<Entry<'t>>,
}

/// A platform as version 7 describes it: with a name of its own, where there are several of one kind.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Platform<'t> {
    #[serde(borrow)]
    pub(super) name: Scalar<'t>,
    #[serde(borrow, default)]
    pub(super) subdir: Scalar<'t>,
    #[serde(borrow, default)]
    pub(super) virtual_packages: Vec<Scalar<'t>>,
}

impl Platform<'_> {
    /// Returns its name, after the kind of machine that it is where that is not the same.
    pub(super) fn spelled(&self) -> Text {
        match &*self.subdir {
            subdir if subdir.is_empty() || *subdir == *self.name => intern::text(&self.name),
            subdir => intern::text(&format!("{subdir}/{}", &*self.name)),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Environment<'t> {
    #[serde(borrow, default)]
    pub(super) channels: Vec<Channel<'t>>,
    #[serde(borrow, default)]
    pub(super) indexes: Vec<Scalar<'t>>,
    #[serde(borrow, default)]
    pub(super) packages: Option<BTreeMap<Scalar<'t>, Option<Vec<Reference<'t>>>>>,
}

#[derive(Deserialize)]
pub(super) struct Channel<'t> {
    #[serde(borrow, default)]
    pub(super) url: Scalar<'t>,
}

/// A package in an environment: its address, and what else tells it from others there.
#[derive(Deserialize)]
pub(super) struct Reference<'t> {
    #[serde(borrow)]
    pub(super) conda: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) pypi: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) conda_source: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) name: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) version: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) build: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) subdir: Option<Scalar<'t>>,
    /// The extras of it that are installed, as early versions said.
    #[serde(borrow)]
    pub(super) extras: Option<Vec<Scalar<'t>>>,
}

impl Reference<'_> {
    /// Returns its address.
    pub(super) fn location(&self) -> &str {
        self.conda.as_ref().or(self.pypi.as_ref()).or(self.conda_source.as_ref()).map_or("", |location| location)
    }
}

/// A package.
#[derive(Deserialize)]
pub(super) struct Entry<'t> {
    #[serde(borrow)]
    pub(super) conda: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) pypi: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) conda_source: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) kind: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) url: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) path: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) name: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) version: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) build: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) subdir: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) md5: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) sha256: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) license: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) index: Option<Scalar<'t>>,
    /// The channel that it is of, where its address does not say so.
    #[serde(borrow)]
    pub(super) channel: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) depends: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    pub(super) constrains: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    pub(super) extra_depends: Option<BTreeMap<Scalar<'t>, Vec<Scalar<'t>>>>,
    #[serde(borrow)]
    pub(super) requires_dist: Option<Vec<Scalar<'t>>>,
    #[serde(borrow)]
    pub(super) purls: Option<Vec<Scalar<'t>>>,
    /// What is built, where it stands at another place than its recipe; so called up to version 6.
    #[serde(borrow)]
    pub(super) package_build_source: Option<Built<'t>>,
    /// The same in version 7.
    #[serde(borrow)]
    pub(super) source: Option<Built<'t>>,
    /// What runs while it is built.
    #[serde(borrow)]
    pub(super) build_packages: Option<Vec<Reference<'t>>>,
    /// What it is built against.
    #[serde(borrow)]
    pub(super) host_packages: Option<Vec<Reference<'t>>>,
}

/// Where the source stands that a package is built of.
#[derive(Deserialize)]
pub(super) struct Built<'t> {
    #[serde(borrow)]
    pub(super) url: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) git: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) rev: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) branch: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) tag: Option<Scalar<'t>>,
    #[serde(borrow)]
    pub(super) path: Option<Scalar<'t>>,
    /// Of an archive.
    #[serde(borrow)]
    pub(super) sha256: Option<Scalar<'t>>,
}

impl Built<'_> {
    /// Returns where that is.
    pub(super) fn origin(&self) -> Origin {
        let said = |scalar| given(scalar).unwrap_or_default();
        match (given(self.git.as_ref()), given(self.url.as_ref()), given(self.path.as_ref())) {
            (Some(git), ..) => {
                let reference = given(self.tag.as_ref()).or(given(self.branch.as_ref())).unwrap_or_default();
                Origin::git(git, said(self.rev.as_ref()), reference)
            }
            (None, Some(url), _) => Origin::url(&plain(url)),
            (None, None, Some(path)) => Origin::path(path),
            (None, None, None) => Origin::Unknown,
        }
    }
}

/// Returns what a field says; none where it says nothing.
pub(super) fn given<'l>(scalar: Option<&'l Scalar<'_>>) -> Option<&'l str> {
    scalar.map(|scalar| &**scalar).filter(|text| !text.is_empty())
}
