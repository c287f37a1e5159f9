//! `dvc.lock`: what the stages of a DVC pipeline read and wrote when they last ran.
//!
//! Specification: DVC's "`dvc.lock` file"; `LOCKFILE_SCHEMA` in its own source.

use std::collections::BTreeMap;

use anyhow::Result;

use super::dvc::Files;
use crate::entry;
use crate::formats::Yield::{self, Digests, Edges, Scopes, Sources};
use crate::formats::pins::text;
use crate::formats::{Format, hang};
use crate::model::{Inventory, NodeId, Requirement, Says, Scope};
use crate::source::{self, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `dvc.lock`, the files that the stages of a DVC pipeline read and wrote: data, models, metrics.
    ///
    /// Each path is a component with the digest that DVC has of it: `pkg:generic/out/all.csv`; the `wdir` of a stage, which its
    /// paths are seen from, stands in the `dvc.yaml` beside, and one made of variables other than `${item}` and `${key}` is
    /// not followed. The digest of a folder is that
    /// of the list of its files. What a stage wrote requires, to be built, what the stage read; where two stages have one
    /// path with two digests (a stage that was not run again), they are two components, and each stage has its own. What no
    /// stage reads is required by the project itself. Versions of a remote that keeps them (`version_id`, `etag`), sizes and
    /// numbers of files are properties. Data sets (`datasets`) are components with the commit or the version that they are
    /// locked to.
    ///
    /// DVC knows no digest but MD5, so no finding asks for a better one. Commands, parameters and scopes of `dvc.yaml` are not
    /// compared.
    pub DvcLock = "dvc-lock"
}

/// The version of the format that is read.
const SCHEMA: &str = "2.0";

impl Format for DvcLock {
    fn files(&self) -> &'static [&'static str] {
        &["dvc.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Edges, Scopes, Digests, Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        let has = |start: &str| text.lines().any(|line| line.starts_with(start));
        has("schema: ") && has("stages:") && text.contains("  md5: ")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        self.read(source, None)
    }

    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        let pipeline = source::join(source.folder(), "dvc.yaml").and_then(|path| open(&path));
        Ok(vec![self.read(source, pipeline.as_deref())?])
    }
}

impl DvcLock {
    /// Reads the file, and of the pipeline beside it the folders of its stages.
    fn read(&self, source: &Source<'_>, pipeline: Option<&str>) -> Result<Inventory> {
        let document = yaml::trees(source)?.into_iter().next();
        let Some(document) = document.filter(|document| !document.entries().is_empty()) else {
            return Err(source.fault(source.start(), "no `stages` in it; write it with `dvc repro`"));
        };
        if let Some(schema) = document.get("schema").filter(|schema| schema.text() != Some(SCHEMA)) {
            let shown: String =
                schema.text().unwrap_or_default().chars().take(20).flat_map(char::escape_debug).collect();
            return Err(source.fault(schema.place, format!("schema {shown} is not known; {SCHEMA} is read")));
        }
        let stages = match document.get("schema") {
            Some(_) => document.get("stages"),
            // Before schema 2.0, the stages stood at the top.
            None => Some(&document),
        };
        let mut inventory = Inventory::new(source, "dvc-lock");
        inventory.says = Says { licence: false, ..Says::ALL };
        let pipeline = match pipeline.map(|text| yaml::trees(&Source { text, ..*source })) {
            Some(Ok(documents)) => documents.into_iter().next(),
            Some(Err(_)) => {
                inventory.fault(
                    source.start(),
                    "the dvc.yaml beside it is malformed: the folders of its stages are not known",
                );
                None
            }
            None => None,
        };
        let mut files = Files::default();
        let mut datasets: BTreeMap<String, NodeId> = BTreeMap::new();
        for dataset in document.get("datasets").map_or(&[][..], Node::items) {
            let place = dataset.get("name").map_or(dataset.place, |name| name.place);
            if let Some(node) = files.dataset(&mut inventory, dataset, "", place) {
                datasets.insert(format!("ds://{}", text(dataset, "name")), node);
            }
        }
        for stage in stages.map_or(&[][..], Node::entries) {
            if stage.node.entries().is_empty() {
                inventory.fault(stage.place, "a stage that says nothing; run it with `dvc repro`");
                continue;
            }
            let folder = pipeline.as_ref().map_or_else(String::new, |pipeline| folder(pipeline, &stage.key));
            let mut all = |key: &str| -> Vec<NodeId> {
                let entries = stage.node.get(key).map_or(&[][..], Node::items).iter();
                let node = |entry: &Node<'_>| match datasets.get(text(entry, "path")) {
                    Some(dataset) => Some(*dataset),
                    None => files.add(&mut inventory, entry, &folder, None),
                };
                entries.filter_map(node).collect()
            };
            let (deps, outs) = (all("deps"), all("outs"));
            files.require(&mut inventory, &outs, &deps, Scope::Build, stage.place);
        }
        hang::hang(&mut inventory, |_| Requirement::default());
        if inventory.nodes.len() == 1
            && inventory.faults.is_empty()
            && stages.is_none_or(|stages| stages.entries().is_empty())
        {
            inventory.fault(source.start(), "no `stages` in it; write it with `dvc repro`");
        }
        Ok(inventory)
    }
}

/// Returns the folder that the paths of a stage are seen from; empty for that of the file.
fn folder(pipeline: &Node<'_>, stage: &str) -> String {
    let of = |name: &str| pipeline.at(&["stages", name]);
    // One of a `foreach` or `matrix` is called after its item.
    let (name, item) = stage.rsplit_once('@').filter(|_| of(stage).is_none()).unwrap_or((stage, ""));
    let Some(stage) = of(name) else { return String::new() };
    let folder = match stage.get("do") {
        Some(template) => text(template, "wdir"),
        None => text(stage, "wdir"),
    };
    let folder = folder.replace("${item}", item).replace("${key}", item);
    if folder.contains("${") { String::new() } else { folder }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn read(text: &str) -> Inventory {
        DvcLock.parse(&Source { file: FileId(0), path: "dvc.lock", text }).unwrap()
    }

    #[test]
    fn stages_that_disagree_have_a_file_each() {
        let (a, b) = ("0a".repeat(16), "0b".repeat(16));
        let text = format!(
            "schema: '2.0'\nstages:\n  one:\n    cmd: x\n    outs:\n    - {{path: a, md5: {a}}}\n  two:\n    cmd: y\n    deps:\n    \
             - {{path: a, md5: {b}}}\n    outs:\n    - {{path: b, md5: {a}.dir}}\n"
        );
        let inventory = read(&text);
        let told = lines(&inventory, &text);
        assert_eq!(told.iter().filter(|line| line.starts_with("pkg:generic/a [a]")).count(), 2, "{told:?}");
        assert!(told.contains(&"pkg:generic/b -> pkg:generic/a build".to_owned()), "{told:?}");
        assert_eq!(inventory.edges.len(), 3);
    }

    #[test]
    fn paths_of_stages_are_seen_from_their_folders() {
        let md5 = "0a".repeat(16);
        let stage = |name: &str| format!("  {name}:\n    cmd: x\n    outs:\n    - {{path: out, md5: {md5}}}\n");
        let names = ["plain", "own", "each@one", "open"];
        let text = format!("schema: '2.0'\nstages:\n{}", names.map(stage).concat());
        let source = Source { file: FileId(0), path: "p/dvc.lock", text: &text };
        let read = |pipeline: &str| {
            let open = |path: &str| (path == "p/dvc.yaml").then(|| pipeline.to_owned());
            DvcLock.parse_with(&source, &open).unwrap().remove(0)
        };
        let inventory = read(
            "stages:\n  plain: {cmd: x}\n  own: {cmd: x, wdir: ../w}\n  open: {cmd: x, wdir: '${params.w}/v'}\n  \
             each: {foreach: [one], do: {cmd: x, wdir: 'e/${item}'}}\n",
        );
        let told = lines(&inventory, &text);
        let told: Vec<&str> = told[..inventory.nodes.len() - 1].iter().map(String::as_str).collect();
        assert_eq!(
            told,
            [
                "pkg:generic/out [out] path out",
                "pkg:generic/w/out [out] path ../w/out",
                "pkg:generic/e/one/out [out] path e/one/out"
            ]
        );
        assert_eq!(inventory.faults, []);
        let faults = read("stages: [").faults;
        assert!(faults.iter().any(|fault| fault.message.starts_with("the dvc.yaml beside it")), "{faults:?}");
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (text, expected) in [
            ("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs: [{md5: 00}]\n", "an entry without `path`"),
            ("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs: [{path: a, md5: 00}]\n", "no MD5 digest"),
            (
                "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs: [{path: ../.., md5: 00}]\n",
                "an entry without `path`",
            ),
            ("schema: '2.0'\nstages:\n  a:\n", "a stage that says nothing"),
            ("schema: '2.0'\nstages: {}\n", "no `stages` in it"),
            ("schema: '2.0'\ndatasets: [{url: x}]\n", "a data set without `name`"),
        ] {
            let faults = read(text).faults;
            assert!(faults.iter().any(|fault| fault.message.starts_with(expected)), "{text}: {faults:?}");
        }
    }

    #[test]
    fn the_first_form_had_its_stages_at_the_top() {
        let text = format!("a:\n  cmd: x\n  outs:\n  - path: data/x\n    md5: {}\n", "0a".repeat(16));
        assert_eq!(lines(&read(&text), &text)[0], "pkg:generic/data/x [data/x] path data/x");
    }

    #[test]
    fn a_stage_of_many_files_is_given_up() {
        let many = |name: &str| (0..2000).map(|at| format!("    - path: {name}{at}\n")).collect::<String>();
        let text =
            format!("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    deps:\n{}    outs:\n{}", many("d"), many("o"));
        let inventory = read(&text);
        assert_eq!((inventory.nodes.len(), inventory.faults.len()), (4001, 1));
    }
}
