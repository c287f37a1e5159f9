//! What each release of torch resolves to by itself (`fixtures/gpu/torch-pins/`) is in order; and each of its pins that is
//! moved alone is told, once, and by the rule that is there for it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use driftgate::discover::{self, Scan};
use driftgate::graph::Graph;
use driftgate::policy::{Policy, date};
use driftgate::report::Finding;
use driftgate::rules::Case;
use driftgate::source::Sources;
use driftgate::tree::{Folder, Memory, Tree};
use driftgate::{compare, judge};

/// The rules that speak of what torch pins: of several that fit a package, the most specific one does.
const PINS: &[&str] = &["torch-pin-drift", "triton-pin", "cudnn-too-old", "cudnn-major", "cuda-python-major"];

/// The rules that hold packages built for one torch against it, beside those.
const PAIRS: &[&str] = &["torch-pair", "xformers-pair", "vllm-variant", "flash-attn-wheel"];

/// The others that hold packages against each other.
const OTHERS: &[&str] = &["tensorflow-build", "jax-plugin"];

/// Returns what the rules say of a lockfile of this text.
fn findings(text: &str) -> Vec<Finding> {
    findings_in(Arc::new(Memory::new([("requirements.txt".to_owned(), text.as_bytes().to_vec())])))
}

/// Returns what the rules say of a tree.
fn findings_in(tree: Arc<dyn Tree>) -> Vec<Finding> {
    let sources = Sources::default();
    let read = discover::read(&sources, &tree, &Scan::default()).unwrap();
    let (pinned, resolved) = (Graph::default(), Graph::join(read.inventories));
    let drift = compare::drift_by_path(&pinned, &resolved);
    let (policy, today) = (Policy::default(), date::parse("2026-06-01").unwrap());
    let case = Case::new((&pinned, &resolved), &drift, &policy, &sources, today);
    judge::judge(&case).unwrap()
}

/// Returns what these rules say, as `rule package`.
fn told(text: &str, rules: &[&[&str]]) -> Vec<String> {
    let is_asked = |finding: &Finding| rules.iter().any(|rules| rules.contains(&finding.rule));
    let found = findings(text).into_iter().filter(is_asked);
    let name =
        |finding: &Finding| finding.purl.unwrap_or_default().rsplit(['/', '@']).nth(1).unwrap_or_default().to_owned();
    found.map(|finding| format!("{} {}", finding.rule, name(&finding))).collect()
}

/// Returns the releases of torch with what each resolves to.
fn locks() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gpu/torch-pins");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut locks: Vec<_> =
        folders.map(|path| (name(&path), fs::read_to_string(path.join("requirements.txt")).unwrap())).collect();
    locks.sort();
    assert!(locks.len() >= 30, "{} releases", locks.len());
    locks
}

/// Returns the packages of a lockfile that torch, or its `cuda-toolkit`, pins to one version: from which versions on which
/// part floats is told in the fixtures' README.
fn pinned<'t>(torch: &str, lock: &'t str) -> Vec<(&'t str, &'t str)> {
    let numbers: Vec<u32> = torch.split('.').map(|part| part.parse().unwrap()).collect();
    let release = (numbers[0], numbers[1]);
    let floats = |name: &str| match name {
        "nvidia-nvjitlink-cu12" => release < (2, 5),
        "nvidia-cublas" => release == (2, 12),
        "nvidia-nvjitlink" => release >= (2, 13),
        "nvidia-cuda-cccl" => true,
        "nvidia-curand" => release >= (2, 15),
        "triton" => release >= (2, 14),
        _ => false,
    };
    let lines = lock.lines().filter_map(|line| line.split_once("=="));
    let is_part = |name: &str| name.starts_with("nvidia-") || name == "triton" || name == "cuda-toolkit";
    lines.filter(|(name, _)| is_part(name) && !floats(name)).collect()
}

/// Returns another version that might be locked: the last number a step further.
fn next(version: &str) -> String {
    let (before, last) = version.rsplit_once('.').unwrap();
    format!("{before}.{}", last.parse::<u32>().unwrap() + 1)
}

/// Returns an earlier version: the first number that can be lowered, but for the first.
fn earlier(version: &str) -> String {
    let mut numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    match numbers.iter().skip(1).position(|number| *number > 0) {
        Some(at) => numbers[at + 1] -= 1,
        None => numbers[0] -= 1,
    }
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[test]
fn what_torch_brings_is_in_order() {
    let mut wrong = Vec::new();
    for (torch, lock) in locks() {
        let told = told(&lock, &[PINS, PAIRS]);
        if !told.is_empty() {
            wrong.push(format!("torch {torch}: {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_pin_that_moves_alone_is_told_once() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (torch, lock) in locks() {
        let pins = pinned(&torch, &lock);
        assert!(pins.len() >= 4, "torch {torch}: {pins:?}");
        for (name, version) in pins {
            for moved in BTreeSet::from([next(version), earlier(version)]) {
                let text = lock.replace(&format!("{name}=={version}\n"), &format!("{name}=={moved}\n"));
                assert_ne!(text, lock, "{name} {version}");
                let rules: &[&str] = match name {
                    "triton" => &["triton-pin"],
                    name if name.starts_with("nvidia-cudnn") => &["torch-pin-drift", "cudnn-too-old"],
                    _ => &["torch-pin-drift"],
                };
                let told = told(&text, &[PINS]);
                if !matches!(&told[..], [one] if rules.iter().any(|rule| *one == format!("{rule} {name}"))) {
                    wrong.push(format!("torch {torch}: {name} {version} moved to {moved}: {told:?}"));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 700, "{count} moves");
}

/// What torch gives as a range may be any version of it, and none beyond.
#[test]
fn what_floats_is_told_beyond_its_range_alone() {
    let lock = |torch: &str| locks().into_iter().find(|(version, _)| version == torch).unwrap().1;
    for (torch, name, version, expected) in [
        ("2.3.1", "nvidia-nvjitlink-cu12", "12.4.127", ""),
        ("2.12.0", "nvidia-cublas", "13.1.0.3", ""),
        ("2.12.0", "nvidia-cublas", "13.2.0.9", "torch-pin-drift nvidia-cublas"),
        ("2.12.0", "cuda-bindings", "13.0.3", ""),
        ("2.12.0", "cuda-bindings", "12.9.4", "cuda-python-major cuda-bindings"),
        ("2.14.0", "nvidia-nvjitlink", "13.3.33", ""),
        ("2.14.0", "nvidia-nvjitlink", "12.9.86", "torch-pin-drift nvidia-nvjitlink"),
        ("2.14.0", "triton", "3.8.7", ""),
        ("2.14.0", "triton", "3.9.0", "triton-pin triton"),
    ] {
        let lock = lock(torch);
        let line = lock
            .lines()
            .find(|line| line.starts_with(&format!("{name}==")))
            .unwrap_or_else(|| panic!("{name} of torch {torch}"));
        let told = told(&lock.replace(line, &format!("{name}=={version}")), &[PINS]);
        assert_eq!(told.join(" "), expected, "torch {torch} {name} {version}");
    }
}

/// A whole set of another toolkit is another build of torch, and what its index calls it was lost on the way.
#[test]
fn the_parts_of_another_build_are_no_drift() {
    let all = locks();
    let parts = |torch: &str| {
        let lock = &all.iter().find(|(version, _)| version == torch).unwrap().1;
        let lines =
            lock.lines().filter_map(|line| line.split_once("==")).filter(|(name, _)| name.starts_with("nvidia-"));
        lines.map(|(name, version)| format!("{name}=={version}\n")).collect::<String>()
    };
    for (torch, of) in [("2.7.1", "2.6.0"), ("2.8.0", "2.7.1"), ("2.5.1", "2.4.1")] {
        let text = format!("{}torch=={torch}\n", parts(of));
        assert_eq!(
            told(&text, &[&["torch-pin-drift", "triton-pin"]]),
            Vec::<String>::new(),
            "torch {torch} with the parts of {of}"
        );
    }
    // A toolkit that moved with all its parts is told as one.
    let (_, lock) = all.iter().find(|(version, _)| version == "2.12.0").unwrap();
    let moved = lock
        .replace("cuda-toolkit==13.0.2", "cuda-toolkit==13.0.1")
        .replace("nvidia-cuda-runtime==13.0.96", "nvidia-cuda-runtime==13.0.88");
    assert_eq!(told(&moved, &[PINS]), ["torch-pin-drift cuda-toolkit"]);
}

/// Stacks that people run, and locks as their tools write them, are what their resolvers made of the same metadata.
#[test]
fn real_locks_are_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for folder in ["gpu/stacks", "demo", "formats/uv-lock", "formats/poetry-lock", "formats/requirements-txt"] {
        let found = findings_in(Arc::new(Folder::new(&root.join(folder)).unwrap()));
        let is_ours = |finding: &&Finding| [PINS, PAIRS, OTHERS].iter().any(|rules| rules.contains(&finding.rule));
        let ours: Vec<String> =
            found.iter().filter(is_ours).map(|finding| format!("{} {}", finding.rule, finding.message)).collect();
        assert!(ours.is_empty(), "{folder}: {ours:#?}");
    }
}
