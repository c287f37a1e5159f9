//! The ten real stacks of `fixtures/gpu/stacks/` on their three targets: the answers were reckoned by hand before the engine
//! was asked (see the README there). `UPDATE_SNAPSHOTS=1 cargo test --test gpu_stacks` writes `expected.snap` anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use driftgate::discover::{self, Scan};
use driftgate::gpu::summary::Summary;
use driftgate::gpu::{Answer, Gravity, Verdict};
use driftgate::graph::Graph;
use driftgate::policy::Policy;
use driftgate::rules;
use driftgate::source::{Source, Sources};
use driftgate::stacks;
use driftgate::tree::{Folder, Tree};

#[test]
fn stacks_are_answered_as_they_were_by_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gpu/stacks");
    let sources = Sources::default();
    let tree: Arc<dyn Tree> = Arc::new(Folder::new(&folder).unwrap());
    let read = discover::read(&sources, &tree, &Scan::default()).unwrap();
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let number = sources.add_tree(tree);
    let file = sources.add_file(number, "driftgate.toml");
    let text = sources.read(file).unwrap();
    let ids: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    let policy = Policy::parse(&Source { file, path: "driftgate.toml", text: &text }, &ids).unwrap();
    let graph = Graph::join(read.inventories);
    let mut shown = String::new();
    for stack in stacks::stacks(&graph, &policy).iter().filter(|stack| !stack.carriers.is_empty()) {
        let targets = policy.targets.iter().enumerate().map(|(number, target)| (number, &target.target));
        let summary = Summary::of(stack, targets);
        let floor = summary.floor.as_ref().map_or("no floor".to_owned(), |floor| format!("driver {}", floor.driver));
        let _ = writeln!(shown, "{} ({floor})", stack.environment.name);
        tell(&mut shown, "  ", &summary.inside);
        for outcome in &summary.outcomes {
            let name = &policy.targets[outcome.target].target.name;
            let _ = writeln!(shown, "  {name}: {}", outcome.verdict.words());
            tell(&mut shown, "    ", &outcome.answers);
        }
    }
    let snap = folder.join("expected.snap");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&snap, &shown).unwrap();
    }
    assert_eq!(shown, fs::read_to_string(&snap).unwrap());
}

fn tell(shown: &mut String, indent: &str, answers: &[Answer]) {
    for answer in answers {
        let gravity = match (answer.verdict, answer.gravity) {
            (Verdict::Unknown, _) => "unknown",
            (_, Gravity::Error) => "error",
            (_, Gravity::Warning) => "warning",
            (_, Gravity::Info) => "info",
        };
        let _ = writeln!(shown, "{indent}{gravity} {}: {}", answer.class, answer.message);
    }
}
