//! What stands above the list where a change moves a GPU stack, and what moves none.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use driftgate::discover::{self, Scan};
use driftgate::graph::Graph;
use driftgate::policy::Policy;
use driftgate::rules;
use driftgate::source::{Source, Sources};
use driftgate::tree::{Memory, Tree};
use driftgate::{compare, headlines};

const POLICY: &str = "[[target]]\nname = \"a100\"\ndriver = \"535.183.06\"\ngpus = [\"A100\"]\n\n\
    [[target]]\nname = \"v100\"\ndriver = \"580.95.05\"\ngpus = [\"V100\"]\n";

fn graph(sources: &Sources, lines: &[&str]) -> Graph {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let tree: Arc<dyn Tree> = Arc::new(Memory::new([("requirements.txt".to_owned(), text.into_bytes())]));
    Graph::join(discover::read(sources, &tree, &Scan::default()).unwrap().inventories)
}

fn said(old: &[&str], new: &[&str]) -> Vec<String> {
    let sources = Sources::default();
    let tree = sources.add_tree(Arc::new(Memory::new([("driftgate.toml".to_owned(), POLICY.into())])));
    let file = sources.add_file(tree, "driftgate.toml");
    let ids: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    let policy = Policy::parse(&Source { file, path: "driftgate.toml", text: POLICY }, &ids).unwrap();
    let (old, new) = (graph(&sources, old), graph(&sources, new));
    headlines::of(&compare::drift_by_path(&old, &new), &new, &policy)
}

#[test]
fn a_moved_stack_is_told_in_one_line() {
    for (old, new, expected) in [
        (
            &["torch==2.10.0"][..],
            &["torch==2.11.0"][..],
            "requirements.txt: the driver floor goes from 525.60.13 to 580.65.06, because of torch 2.10.0 (CUDA 12.8) → \
             2.11.0 (CUDA 13.0); a100, v100 could run it and no longer can; GPUs lost: 7.0 (V100)",
        ),
        (
            &["torch==2.11.0"],
            &["torch==2.10.0"],
            "requirements.txt: the driver floor goes from 580.65.06 to 525.60.13, because of torch 2.11.0 (CUDA 13.0) → \
             2.10.0 (CUDA 12.8); a100, v100 could not run it and now can; GPUs gained: 7.0 (V100)",
        ),
        // Under one version, for the CPU and back.
        (
            &["torch==2.5.1+cu124"],
            &["torch==2.5.1+cpu"],
            "requirements.txt: torch is built for the CPU alone now, under the version that was for CUDA 12.4",
        ),
        (
            &["torch==2.5.1+cpu"],
            &["torch==2.5.1+cu124"],
            "requirements.txt: torch is built for CUDA 12.4 now, under the version that was for the CPU alone",
        ),
        // Another CUDA major under one name, beside a torch that sets the floor.
        (
            &["torch==2.11.0", "onnxruntime-gpu==1.26.0"],
            &["torch==2.11.0", "onnxruntime-gpu==1.27.0"],
            "requirements.txt: onnxruntime-gpu 1.26.0 (CUDA 12) → 1.27.0 (CUDA 13) changes its CUDA without a change of name",
        ),
    ] {
        let said = said(old, new);
        assert_eq!(said.len(), 1, "{old:?} {new:?}: {said:?}");
        assert_eq!(said[0], expected);
    }
}

#[test]
fn what_is_the_same_in_many_subjects_is_told_once() {
    let read = |line: &str| {
        let sources = Sources::default();
        let files: Vec<(String, &[u8])> =
            (0..90).map(|number| (format!("app{number:02}/requirements.txt"), line.as_bytes())).collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
        common::read_memory(&files, &sources).graph
    };
    let (old, new) = (read("torch==2.10.0\n"), read("torch==2.11.0\n"));
    let said = headlines::of(&compare::drift_by_path(&old, &new), &new, &Policy::default());
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("app00/requirements.txt, app01/requirements.txt and 88 more: the driver floor"),
        "{said:?}"
    );
}

#[test]
fn boards_come_and_go() {
    let said = said(&["torch==2.6.0+cu124"], &["torch==2.7.1+cu128"]).concat();
    let (lost, gained) = said.split_once("GPUs gained: ").unwrap();
    assert!(lost.contains("GPUs lost: 5.0") && lost.contains("6.0 (P100)"), "{said}");
    assert!(gained.contains("10.0") && gained.contains("12.0") && !gained.contains("9.0"), "{said}");
}

#[test]
fn other_changes_say_nothing_of_it() {
    for (old, new) in [
        (&["urllib3==2.2.0"][..], &["urllib3==2.2.1"][..]),
        (&["torch==2.10.0", "urllib3==2.2.0"], &["torch==2.10.0", "urllib3==2.2.1"]),
        (&["torch==2.9.0"], &["torch==2.9.1"]),
        (&["torch==2.5.1+cpu"], &["torch==2.6.0+cpu"]),
        (&["onnxruntime-gpu==1.25.0"], &["onnxruntime-gpu==1.26.0"]),
    ] {
        assert_eq!(said(old, new), Vec::<String>::new(), "{old:?} {new:?}");
    }
}
