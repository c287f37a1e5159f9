//! `*.dvc`: a file or folder that DVC keeps, and where it was imported from.
//!
//! Specification: DVC's "`.dvc` files"; `SINGLE_STAGE_SCHEMA` and `RepoDependency` in its own source.

use anyhow::Result;

use super::dvc::{Files, component};
use crate::entry;
use crate::formats::Yield::{self, Digests, Edges, Scopes, Sources};
use crate::formats::pins::text;
use crate::formats::{Format, hang};
use crate::model::{Inventory, NodeId, Origin, Requirement, Says, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `*.dvc`, files and folders that DVC keeps out of git: data and the weights of models.
    ///
    /// Each output is a component with its path as the file spells it, seen from the folder of the file, and the digest that
    /// DVC has of it: `pkg:generic/model.gguf`. The digest of a folder is that of the list of its files; without `hash: md5`
    /// (before DVC 3), that of a text is one of it with Unix line ends. What `dvc import` took from another repository comes
    /// from there, at the commit of `rev_lock`; what `dvc import-url` fetched comes from its address. An output of a stage (a
    /// file with `cmd`) requires, to be built, what the stage read.
    ///
    /// DVC knows no digest but MD5, so no finding asks for a better one.
    pub DvcFile = "dvc-file"
}

impl Format for DvcFile {
    fn files(&self) -> &'static [&'static str] {
        &["*.dvc"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Edges, Scopes, Digests, Sources]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("outs:"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let document = yaml::trees(source)?.into_iter().next();
        let outs = document.as_ref().and_then(|document| document.get("outs"));
        let (Some(document), Some(outs)) = (document.as_ref(), outs.filter(|outs| !outs.items().is_empty())) else {
            return Err(source.fault(source.start(), "no `outs` in it; write it with `dvc add`"));
        };
        let mut inventory = Inventory::new(source, "dvc-file");
        inventory.says = Says { licence: false, ..Says::ALL };
        let mut files = Files::default();
        let deps = document.get("deps").map_or(&[][..], Node::items);
        // What is imported is the one thing that the file depends on, and has no command.
        let imported = match deps {
            [dep] if document.get("cmd").is_none() => Some(origin(dep)),
            _ => None,
        };
        let mut add = |entries: &[Node<'_>], origin: Option<&Origin>| -> Vec<NodeId> {
            entries.iter().filter_map(|entry| files.add(&mut inventory, entry, "", origin)).collect()
        };
        let outs = add(outs.items(), imported.as_ref());
        if imported.is_none() {
            let deps = add(deps, None);
            let place = document.get("deps").map_or(source.start(), |deps| deps.place);
            files.require(&mut inventory, &outs, &deps, Scope::Build, place);
        }
        hang::hang(&mut inventory, |_| Requirement::default());
        Ok(inventory)
    }
}

/// Returns where an import comes from.
fn origin(dep: &Node<'_>) -> Origin {
    match dep.get("repo") {
        Some(repo) => Origin::git(text(repo, "url"), text(repo, "rev_lock"), text(repo, "rev")),
        None => component(text(dep, "path")).origin,
    }
}
