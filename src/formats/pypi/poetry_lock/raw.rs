//! How `poetry.lock` is spelled.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::super::answers::Bringing;
use super::super::marker::without_extras;
use super::super::pep508::{self, normal};
use super::super::poetry::Asked;
use crate::model::Origin;
use crate::syntax::json::Map;

#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) metadata: Option<Metadata>,
    pub(super) package: Option<Vec<IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Metadata {
    pub(super) lock_version: Option<String>,
    pub(super) content_hash: Option<String>,
    pub(super) python_versions: Option<String>,
    pub(super) files: Option<BTreeMap<String, Vec<File>>>,
    pub(super) hashes: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct File {
    #[serde(default)]
    pub(super) file: String,
    #[serde(default)]
    pub(super) hash: String,
}

#[derive(Deserialize)]
pub(super) struct Tables {
    pub(super) package: Vec<Package>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: Option<Spanned<String>>,
    pub(super) version: Option<String>,
    pub(super) category: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
    pub(super) groups: Option<Vec<String>>,
    pub(super) markers: Option<Markers>,
    pub(super) files: Option<Vec<File>>,
    #[serde(default)]
    pub(super) dependencies: Map<Spanned<String>, Asked>,
    #[serde(default)]
    pub(super) extras: BTreeMap<String, Vec<String>>,
    pub(super) source: Option<From>,
}

/// When a package is installed: alike for all its groups, or group by group.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Markers {
    All(String),
    Groups(BTreeMap<String, String>),
}

#[derive(Deserialize)]
pub(super) struct From {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) resolved_reference: String,
}

impl From {
    pub(super) fn origin(&self) -> Origin {
        match self.kind.as_str() {
            "git" => Origin::git(&self.url, &self.resolved_reference, &self.reference),
            "url" => Origin::url(&self.url),
            "directory" | "file" => Origin::path(&self.url),
            _ if self.url.is_empty() => Origin::Unknown,
            _ => Origin::registry(&self.url),
        }
    }
}

impl Package {
    /// Returns the marker of one of its groups; empty where it is always installed.
    pub(super) fn marker(&self, group: &str) -> &str {
        match &self.markers {
            None => "",
            Some(Markers::All(marker)) => marker,
            Some(Markers::Groups(groups)) => groups.get(group).map_or("", String::as_str),
        }
    }

    /// Returns the marker under which any of its groups installs it.
    pub(super) fn environment(&self) -> String {
        match &self.markers {
            None => String::new(),
            Some(Markers::All(marker)) => marker.clone(),
            Some(Markers::Groups(groups)) => {
                let named = self.groups.as_deref().unwrap_or_default();
                if named.iter().any(|group| !groups.contains_key(group)) {
                    return String::new();
                }
                let mut markers: Vec<&str> = groups.values().map(String::as_str).collect();
                markers.sort_unstable();
                markers.dedup();
                match markers.as_slice() {
                    [one] => (*one).to_owned(),
                    several => several.iter().map(|marker| format!("({marker})")).collect::<Vec<_>>().join(" or "),
                }
            }
        }
    }

    /// Says whether a name in its normal form is the package's own.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| normal(own.as_ref()) == name)
    }

    /// Returns which of its extras bring others along, by the table of them and by what it requires of itself.
    pub(super) fn bringing(&self) -> Bringing {
        let mut bringing = Bringing::default();
        for (extra, entries) in &self.extras {
            for entry in entries.iter().filter_map(|entry| pep508::Requirement::read(entry).ok()) {
                if self.is_called(&normal(entry.name)) {
                    entry.extras.iter().for_each(|brought| bringing.add(extra, brought));
                }
            }
        }
        for (_, value) in self.dependencies.0.iter().filter(|(name, _)| self.is_called(&normal(name.as_ref()))) {
            for ask in value.each() {
                for extra in without_extras(&ask.marker).0.into_iter().take(Bringing::MOST) {
                    ask.extras.iter().for_each(|brought| bringing.add(extra, brought));
                }
            }
        }
        bringing
    }

    /// Returns the extras of this package that bring in a dependency, by the table of them.
    pub(super) fn extras_with(&self, dependency: &str) -> Vec<&str> {
        let named = |entry: &String| {
            let end = entry.find(|sign: char| !sign.is_ascii_alphanumeric() && !"._-".contains(sign));
            normal(&entry[..end.unwrap_or(entry.len())]) == dependency
        };
        self.extras.iter().filter(|(_, entries)| entries.iter().any(named)).map(|(extra, _)| extra.as_str()).collect()
    }
}
