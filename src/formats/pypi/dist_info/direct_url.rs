//! `direct_url.json`: where a package came from that was installed from an address, and from no index.
//!
//! Specification: "Direct URL data structure" (PEP 610) of the Python packaging user guide.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use super::records::Record;
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl};
use crate::source::Source;
use crate::syntax::json;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::formats::pypi) struct DirectUrl {
    url: String,
    vcs_info: Option<Vcs>,
    archive_info: Option<Archive>,
    dir_info: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vcs {
    vcs: String,
    requested_revision: Option<String>,
    commit_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Archive {
    hash: Option<String>,
    hashes: BTreeMap<String, String>,
}

impl DirectUrl {
    /// Returns the digests of the archive.
    pub(in crate::formats::pypi) fn digests(&self) -> Vec<Digest> {
        let Some(archive) = &self.archive_info else { return Vec::new() };
        let mut digests: Vec<Digest> =
            archive.hashes.iter().filter_map(|(name, hex)| Digest::hex(Algorithm::named(name)?, hex)).collect();
        if let Some((name, hex)) = archive.hash.as_deref().and_then(|hash| hash.split_once('=')) {
            digests.extend(Algorithm::named(name).and_then(|algorithm| Digest::hex(algorithm, hex)));
        }
        digests
    }
}

/// Reads one file, as a component whose name is the record's, with origin and digests and no more.
///
/// # Errors
/// Where it is no such JSON.
pub(super) fn read(source: &Source<'_>, record: &Record<'_>, inventory: &mut Inventory) -> Result<()> {
    let direct: DirectUrl = json::read(source)?;
    let (name, version) = record.named();
    let mut component = Component::new(Purl::new("pypi", "", name, version));
    component.origin = origin(&direct);
    component.digests = direct.digests();
    inventory.add(component, source.start());
    Ok(())
}

/// Returns where the package came from.
pub(in crate::formats::pypi) fn origin(direct: &DirectUrl) -> Origin {
    let url = direct.url.as_str();
    if let Some(vcs) = &direct.vcs_info {
        let commit = vcs.commit_id.as_deref().unwrap_or_default();
        if vcs.vcs == "git" {
            return Origin::git(
                url,
                &commit.to_ascii_lowercase(),
                vcs.requested_revision.as_deref().unwrap_or_default(),
            );
        }
        return Origin::url(&format!("{}+{url}@{commit}", vcs.vcs));
    }
    match url.strip_prefix("file:") {
        Some(path) => Origin::path(path.strip_prefix("//").unwrap_or(path)),
        None if url.is_empty() => Origin::Unknown,
        None if direct.dir_info.is_some() => Origin::path(url),
        None => Origin::url(url),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn origins_are_read() {
        for (text, expected) in [
            (
                r#"{"url": "https://me:s3cret@git.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "AB12", "requested_revision": "v1"}}"#,
                "git https://git.example/a.git (v1) at ab12",
            ),
            (
                r#"{"url": "https://hg.example/a", "vcs_info": {"vcs": "hg", "commit_id": "ab12"}}"#,
                "hg+https://hg.example/a@ab12",
            ),
            (r#"{"url": "file:///src/a", "dir_info": {"editable": true}}"#, "path /src/a"),
            (r#"{"url": "https://x.example/a.whl", "archive_info": {}}"#, "https://x.example/a.whl"),
            ("{}", "an unknown source"),
        ] {
            let direct: DirectUrl = serde_json::from_str(text).unwrap();
            assert_eq!(origin(&direct).to_string(), expected);
        }
    }
}
