//! Templates of one's own, as the command line takes them, over the demo. `UPDATE_SNAPSHOTS=1` writes what they make of it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::project::{Project, Ran, driftgate};
use common::{assert_none, path, snapshot};
use serde_json::Value;

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

/// What the README shows of templates does what it says, each under the name in its first line.
#[test]
fn the_readmes_templates_work() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let project = Project::empty();
    let (old, new) = (path("fixtures/demo/approved"), path("fixtures/demo/proposed"));
    let sides = [old.to_str().unwrap(), new.to_str().unwrap()];
    let filled: Vec<(&str, String)> = readme
        .split("```jinja\n")
        .skip(1)
        .map(|block| {
            let text = block.split("```").next().unwrap();
            let name = text.strip_prefix("{# ").and_then(|text| text.split(" #}\n").next()).unwrap();
            project.put(name, text);
            (name, project.run(&["diff", sides[0], sides[1], "--template", name]).ends(0, &[]).out)
        })
        .collect();
    let [("changes.md.j2", list), ("changes.json.j2", json)] = &filled[..] else { panic!("{filled:?}") };
    let changes = project.json(&["diff", sides[0], sides[1], "--format", "json"])["changes"].take();
    let changes = changes.as_array().unwrap();
    let word = |value: &Value, none: &str| value.as_str().unwrap_or(none).to_owned();
    let direct = changes.iter().filter(|change| change["direct"] == true);
    let lines = direct.map(|change| {
        let (from, to) = (word(&change["from"], "new"), word(&change["to"], "gone"));
        format!("- {} {from} → {to} ({})\n", word(&change["name"], ""), word(&change["subject"], ""))
    });
    assert_eq!(*list, lines.collect::<String>());
    let of = |change: &Value| serde_json::json!({"purl": change["purl"], "to": change["to"], "ways": change["introduced_by"]});
    let read: Value = serde_json::from_str(json).unwrap();
    assert_eq!(read, changes.iter().map(of).collect::<Value>());
    assert!(read.as_array().unwrap().len() > 10);
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
