//! The README's blocks and tables are what the program prints.

use std::fs;
use std::path::Path;

use crate::common::project::driftgate;

/// The README's block is what its first command prints, up to the cut and from it on.
#[test]
fn the_readme_shows_what_the_demo_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let (head, tail) = block.split_once("\n…\n").unwrap();
    let mut command = driftgate(root);
    let output = command.args(["check", "fixtures/demo/proposed", "--date", "2026-12-01"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.starts_with(head), "{printed}");
    assert!(printed.ends_with(tail), "{printed}");
}

/// The README's second block is the table that its second command prints.
#[test]
fn the_readme_shows_the_table_of_the_demos_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```text\n").nth(2).unwrap().split("```").next().unwrap();
    let line = readme.lines().find(|line| line.contains("--image api=fixtures")).unwrap();
    let arguments = line.strip_prefix("cargo run -- ").unwrap().split(' ');
    let output = driftgate(root).args(arguments).args(["--date", "2026-12-01"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains(block), "{printed}");
}

/// The README's table of formats is the code's. `UPDATE_SNAPSHOTS=1` writes it anew.
#[test]
fn the_readme_lists_the_formats_and_the_outputs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for table in ["formats", "outputs"] {
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        let command = format!("driftgate list {table} --format markdown");
        let (before, rest) = readme.split_once(&format!("<!-- {command} -->\n")).unwrap();
        let (written, after) = rest.split_once("<!-- end -->").unwrap();
        let output = driftgate(root).args(command.split(' ').skip(1)).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            let page = format!("{before}<!-- {command} -->\n{printed}<!-- end -->{after}");
            fs::write(root.join("README.md"), page).unwrap();
        } else {
            assert!(written == printed, "{table}: the table is another: run UPDATE_SNAPSHOTS=1 cargo test --test cli");
        }
    }
}
