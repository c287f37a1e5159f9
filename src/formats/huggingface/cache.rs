//! The cache of the hub's client: the models that an image was built with.
//!
//! Specification: the guide of `huggingface_hub`, "Understand caching": folders of repositories, their `refs`, their `snapshots`.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::entry;
use crate::formats::Format;
use crate::formats::oci::models::{self, is_commit};
use crate::intern::{self, Text};
use crate::model::{Component, Inventory, Kind, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};

entry! {
    /// The cache of Hugging Face's client, the models and data sets that were downloaded into an image, each at its commit.
    ///
    /// `hf download`, `snapshot_download` and `from_pretrained` fill it, often while an image is built. All repositories of
    /// one cache are one subject; each snapshot of a model is a component, `pkg:huggingface/ORGANISATION/NAME@COMMIT`, each of a
    /// data set `pkg:generic/datasets/ORGANISATION/NAME@COMMIT`.
    ///
    /// # What is read
    /// The commits that `refs` names, and those by which folders in `snapshots` and files in `trees` are called. A commit says
    /// what each file is, so that none is hashed; that the files are still what was downloaded is not looked at. A snapshot
    /// of a repository that has neither `.gitattributes` nor a configuration, which an old client fetched by its commit
    /// alone, is not seen.
    pub HuggingfaceCache = "huggingface-cache"
}

/// The files by which a snapshot is known: nearly every repository has the first, and models have one of the others.
const MARKERS: [&str; 6] = [
    ".gitattributes",
    "adapter_config.json",
    "config.json",
    "model_index.json",
    "modules.json",
    "tokenizer_config.json",
];

/// What a file of a cache tells of.
struct Told<'p> {
    /// The folder of the cache; empty at the root.
    cache: &'p str,
    is_model: bool,
    /// `ORGANISATION/NAME`, or a name alone.
    repository: String,
    /// The commit; none where the file's text has it.
    commit: Option<&'p str>,
}

/// Reads a path: `CACHE/models--ORGANISATION--NAME/refs/main`.
fn told(path: &str) -> Option<Told<'_>> {
    let from_end = |folder: &str| path.rmatch_indices(folder).next().map(|(at, _)| at);
    let (at, commit) = if let Some(at) = from_end("/refs/") {
        (at, None)
    } else if let Some(at) = from_end("/snapshots/") {
        let (commit, file) = path[at..].trim_start_matches("/snapshots/").split_once('/')?;
        (at, Some(commit).filter(|_| MARKERS.contains(&file)))
    } else {
        let at = from_end("/trees/")?;
        (at, Some(path[at..].trim_start_matches("/trees/").strip_suffix(".json")?))
    };
    let is_ref = path[at..].starts_with("/refs/");
    if !is_ref && !commit.is_some_and(is_commit) {
        return None;
    }
    let (cache, folder) = path[..at].rsplit_once('/').unwrap_or(("", &path[..at]));
    let (kind, repository) = folder.split_once("--")?;
    let is_model = kind == "models";
    if !is_model && kind != "datasets" || repository.is_empty() {
        return None;
    }
    Some(Told { cache, is_model, repository: repository.replacen("--", "/", 1), commit })
}

impl Format for HuggingfaceCache {
    fn files(&self) -> &'static [&'static str] {
        &["models--*/refs/*", "datasets--*/refs/*"]
    }

    fn takes(&self, path: &str) -> bool {
        told(path).is_some()
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn gathers(&self, path: &str) -> Option<String> {
        let cache = told(path)?.cache;
        Some(if cache.is_empty() { "./".to_owned() } else { cache.to_owned() })
    }

    fn gather(&self, subject: Text, mut files: Vec<Inventory>) -> Inventory {
        let mut known = BTreeSet::new();
        // Snapshots are links, of which no layer is known.
        files.sort_by_key(|file| file.subject.contains("/snapshots/"));
        let mut whole = files.remove(0);
        whole.subject = subject;
        known.extend(whole.nodes.iter().filter_map(|node| node.component).map(|component| component.purl.as_str()));
        for file in files {
            let purl = file.nodes.get(1).and_then(|node| node.component).map(|component| component.purl.as_str());
            // What `refs` names is there as a snapshot too.
            if purl.is_none_or(|purl| known.insert(purl)) {
                whole.absorb(file);
            }
        }
        whole
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let Some(Told { is_model, repository, commit, .. }) = told(source.path) else {
            return Err(source.fault(source.start(), "no file of a cache of the hub's client"));
        };
        let mut inventory = Inventory::new(source, "huggingface-cache");
        inventory.says = Says::NOTHING;
        let written = source.text.trim();
        let (commit, place) = match commit {
            Some(commit) => (commit, source.start()),
            None if is_commit(written) => (written, source.place(written)),
            None => {
                inventory.fault(source.start(), "no commit in it; download the repository again");
                return Ok(inventory);
            }
        };
        add(&mut inventory, is_model, &repository, commit, place);
        Ok(inventory)
    }
}

fn add(inventory: &mut Inventory, is_model: bool, repository: &str, commit: &str, place: Place) {
    let component = if is_model {
        Component { kind: Kind::Model, ..Component::new(models::purl(repository, commit)) }
    } else {
        let (organisation, name) = repository.split_once('/').unwrap_or(("", repository));
        let namespace = ["datasets", organisation].join("/");
        let purl =
            Purl::new("generic", intern::text(namespace.trim_end_matches('/')), name, &commit.to_ascii_lowercase());
        Component { kind: Kind::Data, ..Component::new(purl) }
    };
    let node = inventory.add(component, place);
    inventory.edge(SUBJECT, node, Requirement::of(Scope::Runtime), place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_cache_are_told_by_their_paths() {
        let commit = "0ef720684c76e06bc458918d109e9dcf6803320b";
        let cases = [
            ("root/hub/models--acme--llm/refs/main".to_owned(), Some(("root/hub", "acme/llm"))),
            ("models--gpt2/refs/pr/1".to_owned(), Some(("", "gpt2"))),
            ("h/datasets--acme--corpus/refs/v1".to_owned(), Some(("h", "acme/corpus"))),
            (format!("h/models--a--b/snapshots/{commit}/config.json"), Some(("h", "a/b"))),
            (format!("h/models--a--b/trees/{commit}.json"), Some(("h", "a/b"))),
            (format!("h/models--a--b/snapshots/{commit}/model.safetensors"), None),
            (format!("h/models--a--b/snapshots/{commit}/sub/config.json"), None),
            ("h/models--a--b/snapshots/main/config.json".to_owned(), None),
            ("h/models--a--b/blobs/refs".to_owned(), None),
            ("h/spaces--a--b/refs/main".to_owned(), None),
            ("h/models--/refs/main".to_owned(), None),
            (".git/refs/heads/main".to_owned(), None),
            ("refs/main".to_owned(), None),
        ];
        for (path, expected) in &cases {
            let told = told(path);
            assert_eq!(told.as_ref().map(|told| (told.cache, told.repository.as_str())), *expected, "{path}");
        }
    }
}
