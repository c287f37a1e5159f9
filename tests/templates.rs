//! Templates of one's own, as the command line takes them, over the demo. `UPDATE_SNAPSHOTS=1` writes what they make of it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::project::{Project, Ran, driftgate};
use common::{assert_none, path, snapshot};

fn run(arguments: &[&str]) -> Ran {
    Ran::of(driftgate(&path("fixtures")).args(arguments).output().unwrap())
}

#[test]
fn the_demo_is_told_in_words_of_ones_own() {
    let page = run(&["diff", "demo/approved", "demo/proposed", "--template", "templates/changes.html.j2"]).ends(0, &[]);
    let review = ["check", "demo/proposed", "--date", "2026-06-01", "--template", "templates/review.md.j2"];
    let review = run(&review).ends(1, &[]);
    assert_none(
        [("changes.html", &page), ("review.md", &review)]
            .into_iter()
            .filter_map(|(name, ran)| snapshot(&path("fixtures/templates").join(name), &ran.out))
            .collect(),
    );
}

#[test]
fn one_run_fills_several() {
    let project = Project::pinned();
    project.put("a.j2", "{{ summary.exit_code }}\n");
    project.put("b.json.j2", "{{ changes }}\n");
    let ran = project.run(&["check", "--template", "a.j2=a.txt", "--template", "b.json.j2=b.json"]).ends(0, &[]);
    assert!(ran.out.contains("no drift") || ran.out.contains("clean"), "{}", ran.out);
    assert_eq!((&*project.get("a.txt"), &*project.get("b.json")), ("0\n", "[]\n"));
    // With nothing else asked for, a template is the result; with a format, each has its place.
    assert_eq!(project.run(&["check", "--template", "a.j2"]).ends(0, &[]).out, "0\n");
    project.run(&["check", "--template", "a.j2", "--format", "json=c.json"]).ends(0, &[]).prints(&["0"]);
    assert!(project.get("c.json").starts_with('{'));
    project.run(&["check", "--template", "a.j2", "--format", "json"]).ends(2, &["two outputs want the same place"]);
    project.run(&["check", "--template", "a.j2", "--template", "b.json.j2"]).ends(2, &["two templates want"]);
    project.run(&["check", "--template", "a.j2", "-o", "d.txt"]).ends(0, &[]);
    assert_eq!(project.get("d.txt"), "0\n");
}

#[test]
fn a_template_that_is_wrong_is_told_by_its_place_and_nothing_is_written() {
    let project = Project::pinned();
    project.put("a.j2", "fine\n{{ sumary.errors }}\n");
    project.run(&["check", "--template", "a.j2=out.txt"]).ends(2, &["a.j2:2:4: undefined value"]);
    assert!(!project.path("out.txt").exists() && !Path::new(&project.path("out.txt.new")).exists());
    project.put("b.j2", "{% if %}");
    let ran = project.run(&["check", "--template", "b.j2"]).ends(2, &["b.j2:1:"]);
    assert_eq!(ran.out, "", "what is no template is said before the work");
    project.run(&["check", "--template", "none.j2"]).ends(2, &["reading the template none.j2"]);
    project.run(&["sbom", "--template", "a.j2"]).ends(2, &["no SBOM has one"]);
}
