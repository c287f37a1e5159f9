//! What `init` writes, and that it is clean.

use std::fs;

use serde_json::Value;

use crate::common;
use crate::common::project::{Project, REQUIREMENTS};

#[test]
fn init_then_check_is_clean() {
    let project = Project::new();
    let init = project.run(&["init"]).ends(0, &["Cargo.lock (cargo-lock)", "driftgate.toml", "bom.cdx.json"]);
    assert_eq!(init.out, "");
    assert!(project.get("driftgate.toml").contains("https://index.example/crates"));
    let bom: Value = serde_json::from_str(&project.get("bom.cdx.json")).unwrap();
    assert_eq!(bom["bomFormat"], "CycloneDX");
    project.run(&["check"]).ends(0, &[]).prints(&["clean"]);
    project.run(&["init"]).ends(2, &["is there already", "driftgate pin", "--force"]);
    project.bump();
    project.run(&["init", "--force"]).ends(0, &[]);
    project.run(&["check"]).ends(0, &[]);
    Project::empty().run(&["init"]).ends(2, &["no file that driftgate reads", "driftgate list formats"]);
}

#[test]
fn init_takes_what_any_format_holds() {
    for case in common::folders(&common::path("fixtures/formats")).iter().flat_map(|format| common::folders(format)) {
        let project = Project::empty();
        for file in common::files(&case) {
            let below = project.path(file.strip_prefix(&case).unwrap().to_str().unwrap());
            fs::create_dir_all(below.parent().unwrap()).unwrap();
            fs::copy(&file, below).unwrap();
        }
        let ran = project.run(&["init"]);
        assert!(ran.code == 0 || ran.code == 2 && !ran.err.contains("a bug"), "{}: {}", case.display(), ran.err);
    }
}

#[test]
fn init_lists_an_index_once() {
    let project = Project::empty();
    project.put("a/requirements.txt", &format!("--index-url https://packages.example/simple\n{REQUIREMENTS}"));
    project.put("b/requirements.txt", &format!("--index-url https://packages.example/simple/\n{REQUIREMENTS}"));
    project.run(&["init"]).ends(0, &[]);
    assert_eq!(project.get("driftgate.toml").matches("packages.example").count(), 1);
    project.run(&["check"]).ends(0, &[]).prints(&["clean"]);
}
