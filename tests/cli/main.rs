//! The command line as scripts meet it: arguments, exit codes, streams. The environment is scrubbed, no network is there.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod gpu;
mod init;
mod pin;
mod readme;
mod revisions;
mod written;

use std::fs;

use common::project::{CARGO, Project, REQUIREMENTS, Ran, driftgate};
use serde_json::Value;

#[test]
fn a_changed_lock_fails_the_gate() {
    let project = Project::pinned();
    project.bump();
    let check = project.run(&["check"]).ends(1, &[]);
    let check = check.prints(&["version-drift", "itoa is 1.0.15", "pins 1.0.14", "Cargo.lock:12", "app → itoa"]);
    assert_eq!(check.err, "");
    project.run(&["pin"]).ends(0, &["1 upgraded"]);
    project.run(&["check"]).ends(0, &[]);
}

#[test]
fn a_broken_lock_is_a_problem_and_the_rest_is_reported() {
    let project = Project::pinned();
    project.bump();
    project.put("api/requirements.txt", "urllib3 == \n");
    let check = project.run(&["check"]).ends(2, &[]).prints(&["api/requirements.txt:1", "itoa is 1.0.15"]);
    assert!(!check.out.contains("subject-removed"), "{}", check.out);
    let before = project.get("bom.cdx.json");
    project.run(&["pin"]).ends(2, &["api/requirements.txt:1", "nothing was pinned"]);
    project.run(&["pin", "--only", "itoa"]).ends(2, &["nothing was pinned"]);
    assert_eq!(project.get("bom.cdx.json"), before);
}

#[test]
fn what_could_not_be_read_is_said_though_the_report_goes_to_a_file() {
    let project = Project::pinned();
    project.put("api/requirements.txt", "urllib3 == \n");
    project.run(&["check", "--format", "sarif=out.sarif"]).ends(2, &["api/requirements.txt:1"]);
}

#[test]
fn without_a_bom_check_says_what_to_do() {
    let project = Project::new();
    let check = project.run(&["check"]).ends(2, &["bom.cdx.json", "driftgate init"]);
    assert_eq!(check.out, "");
}

#[test]
fn the_gate_moves_with_fail_on() {
    let project = Project::pinned();
    project.put("driftgate.toml", "version = 1\n[rules]\nversion-drift = \"warn\"\n");
    project.bump();
    project.run(&["check"]).ends(0, &[]).prints(&["warning", "version-drift"]);
    project.run(&["check", "--fail-on", "warn"]).ends(1, &[]);
    project.run(&["check", "--fail-on", "deny"]).ends(0, &[]);
    project.put("driftgate.toml", "version = 1\n[gate]\nfail-on = \"warn\"\n[rules]\nversion-drift = \"warn\"\n");
    project.run(&["check"]).ends(1, &[]);
    project.run(&["check", "--fail-on", "deny"]).ends(0, &[]);
}

#[test]
fn waivers_hold_until_their_last_day() {
    let project = Project::pinned();
    project.bump();
    let waiver = "version = 1\n[[waiver]]\nrule = \"version-drift\"\npackage = \"pkg:cargo/itoa\"\n\
                  reason = \"reviewed\"\nuntil = 2030-06-30\n";
    project.put("driftgate.toml", waiver);
    let held = project.run(&["check", "--date", "2030-01-01"]).ends(0, &[]);
    held.prints(&["1 waived"]);
    let in_full = project.run(&["check", "-v", "--date", "2030-01-01"]).ends(0, &[]);
    in_full.prints(&["waived", "reviewed", "2030-06-30"]);
    project.run(&["check", "--date", "2030-06-30"]).ends(0, &[]);
    project.run(&["check", "--date", "2030-07-01"]).ends(1, &[]).prints(&["waiver-expired", "version-drift"]);
    project.run(&["check", "--date", "tomorrow"]).ends(2, &["--date", "tomorrow"]);
}

#[test]
fn an_unknown_policy_key_is_named_with_its_line() {
    let project = Project::pinned();
    for (policy, words) in [
        ("version = 1\n[gate]\nfail-onn = \"deny\"\n", ["driftgate.toml:3:1", "fail-onn", "fail-on\""]),
        ("version = 1\n[rules]\nversion-drif = \"deny\"\n", ["driftgate.toml:3:1", "version-drif", "version-drift"]),
        ("version = 1\n[rules]\nversion-drift = \"denny\"\n", ["driftgate.toml:3:17", "denny", "\"deny\""]),
    ] {
        project.put("driftgate.toml", policy);
        assert_eq!(project.run(&["check"]).ends(2, &words).out, "");
    }
}

#[test]
fn what_is_no_file_is_no_missing_policy() {
    let project = Project::pinned();
    fs::remove_file(project.path("driftgate.toml")).unwrap();
    fs::create_dir(project.path("driftgate.toml")).unwrap();
    project.run(&["check"]).ends(2, &["driftgate.toml", "no regular file"]);
}

#[test]
fn diff_prints_what_the_design_promises() {
    let project = Project::new();
    project.put("new/Cargo.lock", &CARGO.replace("1.0.14", "1.0.15").replace("d75a", "d75b"));
    let diff = project.run(&["diff", "Cargo.lock", "new/Cargo.lock", "--format", "json"]).ends(0, &[]);
    assert_eq!(diff.err, "");
    let value: Value = serde_json::from_str(&diff.out).unwrap();
    assert_eq!(value["schema"], 1);
    assert_eq!(value["problems"], Value::Array(Vec::new()));
    let change = &value["changes"][0];
    let expected = serde_json::json!({
        "kind": "upgraded", "purl": "pkg:cargo/itoa@1.0.15", "name": "itoa", "ecosystem": "cargo",
        "subject": "Cargo.lock", "from": "1.0.14", "to": "1.0.15", "direct": true, "scope": "runtime",
        "what": ["version", "integrity"], "differences": [], "introduced_by": [["app", "itoa"], ["app", "serde", "itoa"]],
        "old": {"path": "Cargo.lock", "line": 12, "column": 8}, "new": {"path": "Cargo.lock", "line": 12, "column": 8},
    });
    assert_eq!(change, &expected);
    in_order(&diff.out, &["schema", "changes", "problems"]);
    let keys = "kind purl name ecosystem subject from to direct scope what introduced_by old path line column new";
    in_order(&diff.out, &keys.split(' ').collect::<Vec<_>>());

    for (old, new, kind, side) in [("e", "Cargo.lock", "added", "from"), ("Cargo.lock", "e", "removed", "to")] {
        project.put("e/Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
        let name = |path: &str| if path == "e" { "e/Cargo.lock".to_owned() } else { path.to_owned() };
        let value = project.json(&["diff", &name(old), &name(new), "--format", "json"]);
        assert_eq!(value["changes"][0]["kind"], kind);
        assert_eq!(value["changes"][0][side], Value::Null);
        assert_eq!(value["changes"].as_array().unwrap().len(), 2);
    }
}

/// Says that the keys stand in a JSON text in this order.
#[track_caller]
fn in_order(json: &str, keys: &[&str]) {
    let mut rest = json;
    for key in keys {
        let at = rest.find(&format!("\"{key}\":"));
        assert!(at.is_some(), "{key} is not where it should be in:\n{json}");
        rest = &rest[at.unwrap()..];
    }
}

#[test]
fn diff_fails_only_when_it_is_asked_to() {
    let project = Project::new();
    project.put("new/Cargo.lock", &CARGO.replace("1.0.14", "1.0.15"));
    let diff = ["diff", "Cargo.lock", "new/Cargo.lock"];
    let with = |more: &[&'static str]| project.run(&[&diff[..], more].concat());
    with(&[]).ends(0, &[]).prints(&["itoa", "1.0.14", "1.0.15"]);
    with(&["--fail-on", "any"]).ends(1, &[]);
    with(&["--fail-on", "upgraded"]).ends(1, &[]);
    with(&["--fail-on", "added", "--fail-on", "removed"]).ends(0, &[]);
    project.run(&["diff", "Cargo.lock", "Cargo.lock", "--fail-on", "any"]).ends(0, &[]);
    project.put("bad/Cargo.lock", "version = ");
    project.run(&["diff", "Cargo.lock", "bad/Cargo.lock"]).ends(2, &[]).prints(&["Cargo.lock:1"]);
}

#[test]
fn what_stands_beside_the_bom_does_not_change_it() {
    let project = Project::empty();
    let with = |table: &str| {
        format!("[package]\nname = \"app\"\nversion = \"0.1.0\"\n[{table}]\nserde = \"1\"\nitoa = \"1\"\n")
    };
    project.put("app/Cargo.lock", CARGO);
    project.put("app/Cargo.toml", &with("dev-dependencies"));
    project.run(&["init"]).ends(0, &[]);
    // The pinned scopes are told by the BOM, also where no manifest stands beside it.
    assert_eq!(project.json(&["check", "-f", "json"])["notes"], Value::Array(Vec::new()));

    project.run(&["init", "app"]).ends(0, &[]);
    project.put("app/Cargo.toml", &with("dependencies"));
    project.run(&["check", "app"]).ends(1, &[]).prints(&["scope-drift", "serde"]);
    project.run_in("app", &["check"]).ends(1, &[]).prints(&["scope-drift", "serde"]);
}

#[test]
fn sbom_of_nothing_is_valid_and_warns() {
    let sbom = Project::empty().run(&["sbom"]).ends(0, &["the SBOM is empty"]);
    let value: Value = serde_json::from_str(&sbom.out).unwrap();
    assert_eq!(value["bomFormat"], "CycloneDX");
    assert!(value["components"].as_array().is_none_or(Vec::is_empty));
}

#[test]
fn sbom_of_a_tree_a_file_and_standard_input() {
    let project = Project::new();
    let purls = |value: &Value| -> Vec<String> {
        let components = value["components"].as_array().unwrap();
        let all = components.iter().flat_map(|one| {
            let inner = one["components"].as_array().cloned().unwrap_or_default();
            std::iter::once(one.clone()).chain(inner).collect::<Vec<_>>()
        });
        all.filter_map(|one| one["purl"].as_str().map(str::to_owned)).collect()
    };
    let of_file = project.json(&["sbom", "Cargo.lock", "--format", "cyclonedx-json", "-o", "-"]);
    assert!(purls(&of_file).contains(&"pkg:cargo/itoa@1.0.14".to_owned()), "{of_file}");
    assert!(!of_file["dependencies"].as_array().unwrap().is_empty());
    assert!(purls(&project.json(&["sbom"])).contains(&"pkg:pypi/urllib3@2.2.0".to_owned()));

    let stdin = fs::File::open(project.path("Cargo.lock")).unwrap();
    let ran = Ran::of(driftgate(&project.path("")).args(["sbom", "-"]).stdin(stdin).output().unwrap()).ends(0, &[]);
    assert_eq!(purls(&serde_json::from_str(&ran.out).unwrap()), purls(&of_file));

    project.put("what.dat", "nothing that anybody knows");
    project.run(&["sbom", "what.dat"]).ends(2, &["what.dat", "no format that driftgate reads"]);
    project.run(&["sbom", "nope.lock"]).ends(2, &["\"nope.lock\" is no file or folder here"]);
    project.run(&["sbom", "--format", "sarif"]).ends(2, &["\"sarif\" is no SBOM"]);
    project.put("api/requirements.txt", "urllib3 == \n");
    let sbom = project.run(&["sbom"]).ends(2, &["api/requirements.txt:1"]);
    assert!(purls(&serde_json::from_str(&sbom.out).unwrap()).contains(&"pkg:cargo/itoa@1.0.14".to_owned()));
}

#[test]
fn why_names_every_way() {
    let project = Project::new();
    let words = ["pkg:cargo/itoa@1.0.14", "Cargo.lock:12:8", "app → itoa", "app → serde → itoa"];
    project.run(&["why", "itoa"]).ends(0, &[]).prints(&words);
    project.run(&["why", "pkg:cargo/itoa", "Cargo.lock"]).ends(0, &[]).prints(&words);
    let value = project.json(&["why", "itoa", "--format", "json"]);
    assert_eq!(value["components"][0]["purl"], "pkg:cargo/itoa@1.0.14");
    let nothing = project.run(&["why", "itao"]).ends(2, &["called \"itao\"", "\"itoa\""]);
    assert_eq!(nothing.out, "");
}

#[test]
fn why_takes_the_last_part_of_a_name() {
    let project = Project::empty();
    project.put("a/Dockerfile", "FROM vllm/vllm-openai:v0.10.1\n");
    project.put("b/Dockerfile", "FROM nvidia/cuda:12.4.1-base\nCOPY --from=team/cuda:1.0 /x /x\n");
    project.run(&["why", "vllm-openai"]).ends(0, &[]).prints(&["pkg:docker/vllm/vllm-openai@v0.10.1"]);
    project.run(&["why", "cuda"]).ends(2, &["did you mean \"nvidia/cuda\" or \"team/cuda\"?"]);
}

#[test]
fn a_target_for_nothing_fails_the_gate_of_the_whole_tree() {
    let project = Project::pinned();
    let target = "version = 1\n[[target]]\nname = \"a100\"\ngpus = [\"A100\"]\npath = \"aip/**\"\n";
    project.put("driftgate.toml", target);
    let check = project.run(&["check"]).ends(1, &[]);
    check.prints(&["target-unused", "driftgate.toml:5:8", "did you mean \"api/**\"?"]);
    project.run(&["check", "api/requirements.txt", "--config", "driftgate.toml"]).ends(0, &[]);
    project.put("driftgate.toml", &target.replace("aip", "api"));
    project.run(&["check"]).ends(0, &[]);
}

#[test]
fn explain_and_list_name_everything() {
    let project = Project::empty();
    project.run(&["explain", "version-drift"]).ends(0, &[]).prints(&["version-drift (rule)", "# Level", "`deny`"]);
    project.run(&["explain", "uv-lock"]).ends(0, &[]).prints(&["uv-lock (format)", "uv.lock"]);
    project.run(&["explain", "version-drft"]).ends(2, &["\"version-drift\""]);
    project.run(&["explain", "uv-lok"]).ends(2, &["\"uv-lock\""]);
    project.run(&["explain", "zzzzzz"]).ends(2, &["\"zzzzzz\"", "driftgate list"]);
    project.run(&["list"]).ends(0, &[]).prints(&[
        "formats",
        "cargo-lock",
        "rules",
        "version-drift",
        "outputs",
        "sarif",
    ]);
    let rules = project.run(&["list", "rules"]).ends(0, &[]);
    assert!(rules.out.contains("version-drift") && !rules.out.contains("cargo-lock"));
    project.run(&["list", "colours"]).ends(2, &["colours"]);
    let listed = project.json(&["list", "formats", "-f", "json"]);
    let uv = listed["formats"].as_array().unwrap().iter().find(|format| format["id"] == "uv-lock").unwrap();
    assert_eq!(uv["holds"], serde_json::json!(["edges", "scopes", "digests", "sources", "environments"]));
    assert!(listed.get("rules").is_none());
}

#[test]
fn arguments_that_are_wrong_are_exit_2() {
    let project = Project::new();
    project.run(&[]).ends(2, &["Usage"]);
    project.run(&["chek"]).ends(2, &["check"]);
    project.run(&["check", "--fail-on", "allow"]).ends(2, &["deny"]);
    project.run(&["diff", "."]).ends(2, &["NEW"]);
    project.run(&["--version"]).ends(0, &[]).prints(&["driftgate "]);
    project.run(&["--help"]).ends(0, &[]).prints(&["check", "pin", "diff", "Exit codes"]);
}

#[test]
fn a_ring_of_direct_requirements_is_named_by_its_shortest_ways() {
    use std::fmt::Write as _;
    let (project, count) = (Project::empty(), 1000);
    let names: String = (0..count).map(|at| format!(" \"p{at}\",\n")).collect();
    let mut lock =
        format!("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n{names}]\n");
    for at in 0..count {
        let next = (at + 1) % count;
        write!(lock, "\n[[package]]\nname = \"p{at}\"\nversion = \"1.0.0\"\nsource = \"registry+https://index.example/crates\"\ndependencies = [\n \"p{next}\",\n]\n").unwrap();
    }
    project.put("Cargo.lock", &lock);
    let value = project.json(&["why", "p0", "--format", "json"]);
    let paths = value["components"][0]["introduced_by"].as_array().unwrap();
    assert_eq!(paths[0], serde_json::json!(["app", "p0"]));
    assert_eq!(paths[1], serde_json::json!(["app", "p999", "p0"]));
    assert!(paths.len() > 10 && paths.iter().map(|path| path.as_array().unwrap().len()).sum::<usize>() <= 4096);
}

#[test]
fn a_merge_that_is_not_resolved_is_named() {
    let project = Project::pinned();
    let merged = CARGO.replacen("name = \"itoa\"", "<<<<<<< HEAD\nname = \"itoa\"\n=======\n>>>>>>> other", 1);
    project.put("Cargo.lock", &merged);
    project.run(&["check"]).ends(2, &[]).prints(&["Cargo.lock:12:1", "unresolved merge conflict"]);
}

#[test]
fn what_git_ignores_is_told_apart_from_what_it_may_track() {
    let project = Project::repository();
    project.put(".gitignore", "built/\n");
    project.put("built/requirements.txt", REQUIREMENTS);
    project.run(&["init"]).ends(0, &[]);
    project
        .run(&["check", "-v"])
        .ends(0, &["built/requirements.txt: not read: ignored by git"])
        .prints(&["clean: 2 subjects"]);
    // Without git nobody knows.
    let mut alone = driftgate(project.folder.path());
    let ran = Ran::of(alone.env("PATH", "").arg("check").output().unwrap());
    ran.ends(0, &[]).prints(&["note: built/requirements.txt not read: .gitignore matches", "is it installed?"]);
    project.git(&["add", "--force", "built/requirements.txt"]);
    project.run(&["check"]).ends(1, &[]).prints(&["built/requirements.txt is not in the BOM"]);
}

#[test]
fn a_lock_that_is_too_large_says_so() {
    let project = Project::pinned();
    fs::File::create(project.path("Cargo.lock")).unwrap().set_len(65 << 20).unwrap();
    project.run(&["check"]).ends(2, &[]).prints(&["Cargo.lock:1:1: is 65 MiB; files past 64 MiB are not read"]);
    project.put("Cargo.lock", CARGO.split_once("0.1").unwrap().0);
    project
        .run(&["check"])
        .ends(2, &[])
        .prints(&["Cargo.lock:5:1", "; the file seems cut off, write it anew with its tool"]);
}
