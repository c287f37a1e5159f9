//! A file under the name in `DRIFTGATE_FILE` goes all the way: read, joined, written as a BOM, read again. Nothing panics, and
//! what is pinned does not drift.
#![no_main]

use std::sync::{Arc, LazyLock};

use driftgate::bom;
use driftgate::compare;
use driftgate::discover::{self, Scan};
use driftgate::source::Sources;
use driftgate::tree::{Memory, Tree};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<String> =
    LazyLock::new(|| std::env::var("DRIFTGATE_FILE").unwrap_or_else(|_| "Cargo.lock".to_owned()));

/// Graphs past this size are not written: the reader is what is looked for.
const MANY: usize = 200;

fuzz_target!(|bytes: &[u8]| {
    let sources = Sources::default();
    let mut files = vec![(FILE.clone(), bytes.to_vec())];
    // What is installed is looked at in a root file system.
    if FILE.starts_with("usr/") || FILE.starts_with("var/") {
        files.push(("etc/os-release".to_owned(), b"ID=debian\nVERSION_ID=12\n".to_vec()));
    }
    let tree: Arc<dyn Tree> = Arc::new(Memory::new(files));
    let Ok(read) = discover::read(&sources, &tree, &Scan::default()) else { return };
    let side = read.side();
    let count: usize = side.graph.subjects().iter().map(|subject| subject.component_count()).sum();
    if count == 0 || count > MANY {
        return;
    }
    let Ok(written) = bom::write(&side.graph, &bom::Options::default()) else { return };
    let again = Sources::default();
    let tree: Arc<dyn Tree> = Arc::new(Memory::new([("bom.cdx.json".to_owned(), written.clone())]));
    let pinned = discover::read_file(&again, &tree, "bom.cdx.json").expect("a BOM of ours is read").side();
    assert!(pinned.problems.is_empty(), "{:?}", pinned.problems);
    let drift = compare::drift_by_path(&pinned.graph, &side.graph);
    assert!(drift.changes().next().is_none(), "what is pinned drifts");
    assert_eq!(written, bom::write(&pinned.graph, &bom::Options::default()).expect("it was written before"));
});
