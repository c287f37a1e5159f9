//! The command line as scripts meet it: arguments, exit codes, streams. The environment is scrubbed, no network is there.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::project::{CARGO, Project, REQUIREMENTS, Ran, driftgate};
use serde_json::Value;

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
fn pin_takes_all_or_one() {
    let project = Project::pinned();
    project.bump();
    project.put("api/requirements.txt", &REQUIREMENTS.replace("2.2.0", "2.2.1").replace("051d", "051e"));
    let before = project.get("bom.cdx.json");
    project.run(&["pin", "--dry-run"]).ends(0, &["2 upgraded"]);
    assert_eq!(project.get("bom.cdx.json"), before);
    project.run(&["pin", "--only", "pkg:cargo/itoa"]).ends(0, &["1 upgraded"]);
    let check = project.run(&["check"]).ends(1, &[]).prints(&["urllib3 is 2.2.1"]);
    assert!(!check.out.contains("itoa"));
    project.run(&["pin", "--only", "nope"]).ends(2, &["nope"]);
    project.run(&["pin"]).ends(0, &[]);
    project.run(&["check"]).ends(0, &[]);
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
        "what": ["version", "integrity"], "introduced_by": [["app", "itoa"], ["app", "serde", "itoa"]],
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
fn diff_takes_git_revisions() {
    let project = Project::repository();
    let purls = |ran: Ran| -> Vec<String> {
        let value: Value = serde_json::from_str(&ran.ends(0, &[]).out).unwrap();
        let purl = |change: &Value| format!("{} {}", change["subject"], change["purl"]).replace('"', "");
        value["changes"].as_array().unwrap().iter().map(purl).collect()
    };
    let diff = |old: &str, new: &str| purls(project.run(&["diff", old, new, "-f", "json"]));
    let itoa = ["Cargo.lock pkg:cargo/itoa@1.0.15"];
    assert_eq!(diff("HEAD~1", "HEAD"), itoa);
    assert_eq!(diff("HEAD~1", "."), itoa);
    assert_eq!(diff("HEAD", "."), [""; 0]);
    assert_eq!(diff("HEAD~1:Cargo.lock", "Cargo.lock"), itoa);
    assert_eq!(diff("HEAD~1:api", "api"), [""; 0]);

    // In a folder of the repository, a revision means that folder.
    let urllib3 = ["requirements.txt pkg:pypi/urllib3@2.2.1"];
    project.put("api/requirements.txt", &REQUIREMENTS.replace("2.2.0", "2.2.1"));
    assert_eq!(purls(project.run_in("api", &["diff", "HEAD", ".", "-f", "json"])), urllib3);
    assert_eq!(purls(project.run_in("api", &["diff", "HEAD~1", "HEAD", "-f", "json"])), [""; 0]);
    assert_eq!(
        purls(project.run_in("api", &["diff", "HEAD:./requirements.txt", "requirements.txt", "-f", "json"])),
        urllib3
    );
}

#[test]
fn a_file_of_a_revision_is_read_with_the_manifests_beside_it() {
    let project = Project::empty();
    let dev = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nserde = \"1\"\n[dev-dependencies]\nitoa = \"1\"\n";
    for folder in ["", "sub/"] {
        project.put(&format!("{folder}Cargo.lock"), CARGO);
        project.put(&format!("{folder}Cargo.toml"), dev);
    }
    project.git(&["init", "--quiet", "--initial-branch=main"]);
    project.git(&["add", "."]);
    project.git(&["commit", "--quiet", "-m", "one"]);
    project.put("sub/Cargo.toml", &dev.replace("dev-dependencies", "build-dependencies"));
    for (folder, old, changes) in [
        ("", "HEAD:Cargo.lock", 0),
        ("", ":Cargo.lock", 0),
        ("sub", "HEAD:./Cargo.lock", 0),
        ("sub", "HEAD:sub/Cargo.lock", 0),
    ] {
        let diff = project.run_in(folder, &["diff", old, "Cargo.lock", "-f", "json"]).ends(0, &[]);
        let value: Value = serde_json::from_str(&diff.out).unwrap();
        assert_eq!(value["changes"].as_array().unwrap().len(), changes, "{old}: {}", diff.out);
        let alone = old.starts_with(':');
        assert_eq!(value["notes"].as_array().unwrap().is_empty(), !alone, "{old}: {}", diff.out);
    }
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
fn git_is_read_and_not_touched() {
    let project = Project::repository();
    project.put("untracked.txt", "x");
    project.put("api/requirements.txt", &REQUIREMENTS.replace("2.2.0", "2.2.1"));
    let files = || {
        let mut files = Vec::new();
        let mut open = vec![project.path("")];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let (path, metadata) = (entry.path(), entry.metadata().unwrap());
                if metadata.is_dir() {
                    open.push(path);
                } else {
                    files.push((path, metadata.modified().unwrap(), metadata.len()));
                }
            }
        }
        files.sort();
        files
    };
    let (status, before) = (project.git(&["--no-optional-locks", "status", "--porcelain"]), files());
    project.run(&["diff", "HEAD~1", "."]).ends(0, &[]);
    project.run(&["diff", "HEAD~1", "HEAD:Cargo.lock"]).ends(0, &[]);
    project.run(&["sbom", "HEAD"]).ends(0, &[]);
    assert_eq!(files(), before);
    assert_eq!(project.git(&["--no-optional-locks", "status", "--porcelain"]), status);
    assert!(!project.path(".git/index.lock").exists());
}

#[test]
fn what_is_no_revision_is_refused() {
    let project = Project::repository();
    project.run(&["diff", "--", "-x", "."]).ends(2, &["\"-x\" is no revision"]);
    project.run(&["diff", "--", "--output=stolen", "."]).ends(2, &["is no revision"]);
    assert!(!project.path("stolen").exists());
    project.run(&["diff", "nope", "."]).ends(2, &["reading the old side", "\"nope\" is no file or folder here"]);
    project.run(&["diff", "HEAD:nope.lock", "."]).ends(2, &["HEAD:nope.lock"]);
    project.run(&["diff", "", "."]).ends(2, &["an empty argument"]);
    Project::new().run(&["diff", "HEAD", "."]).ends(2, &["\"HEAD\" is no file or folder here", "git repository"]);
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
fn one_run_writes_several_outputs() {
    let project = Project::pinned();
    project.bump();
    let formats =
        ["--format", "terminal", "--format", "sarif=out.sarif", "--format", "markdown=out.md", "-f", "json=o.json"];
    let check = project.run(&[&["check"][..], &formats].concat()).ends(1, &[]).prints(&["error[version-drift]"]);
    assert!(!check.out.contains('{'));
    let sarif: Value = serde_json::from_str(&project.get("out.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(project.get("out.md").contains("itoa"));
    assert!(serde_json::from_str::<Value>(&project.get("o.json")).is_ok());

    let two = project.run(&["check", "--format", "json", "--format", "sarif"]).ends(2, &["--format sarif=FILE"]);
    assert_eq!(two.out, "");
    project.run(&["check", "--format", "json=a", "--format", "sarif=a"]).ends(2, &["same place"]);
    project.run(&["check", "--format", "jsn"]).ends(2, &["\"jsn\"", "json"]);
    project.run(&["check", "--format", "json", "-o", "no/such/folder"]).ends(2, &["writing no/such/folder"]);
    project.run(&["check", "--format", "json", "-o", "x.json"]).ends(1, &[]);
    assert_eq!(project.get("x.json"), project.get("o.json"));
}

/// What nobody looked at has not passed: drift of an image that the BOM does not pin, GPUs where no target says where it runs.
#[test]
fn junit_has_a_case_of_what_was_looked_at_and_of_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = |arguments: &str| {
        let words = format!("check {arguments} --format junit");
        Ran::of(driftgate(root).args(words.split(' ')).output().unwrap()).ends(1, &[]).out
    };
    let case = |rule: &str, subject: &str| format!("<testcase name=\"{rule}\" classname=\"{subject}\" time=\"0\"");
    let installed = "api!/srv/.venv/lib/python3.12/site-packages";

    let proposed = page("fixtures/demo/proposed");
    for rule in ["unreadable", "version-drift", "source-drift", "driver-floor", "torch-pair"] {
        assert!(proposed.contains(&case(rule, "api/uv.lock")), "{rule}");
    }
    assert!(proposed.contains(&format!("{}/>", case("version-drift", "web/package-lock.json"))));
    assert!(proposed.contains(&format!("{}>\n      <failure ", case("driver-floor", "api/uv.lock"))));
    assert!(!proposed.contains(&case("driver-floor", "web/package-lock.json")));
    assert!(proposed.contains("warning[driver-end-of-life]: "));

    let image = "--bom fixtures/demo/proposed/bom.cdx.json --image api=fixtures/demo/api-image.tar";
    let approved = page(&format!("fixtures/demo/approved {image}"));
    assert!(approved.contains(&case("image-extra-package", installed)));
    assert!(approved.contains(&case("version-drift", "api/uv.lock")));
    assert!(!approved.contains(&case("version-drift", installed)));
    assert!(!approved.contains(&case("torch-pair", "api/uv.lock")));
}

/// Runs a check as a step of GitHub Actions does.
fn in_actions(project: &Project, arguments: &[&str]) -> Ran {
    let mut check = driftgate(&project.path(""));
    check
        .arg("check")
        .args(arguments)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", project.path("summary"));
    Ran::of(check.output().unwrap())
}

#[test]
fn actions_gets_annotations_and_a_summary_by_itself() {
    let project = Project::pinned();
    project.bump();
    let report = project.run(&["check"]).ends(1, &[]).out;
    let annotations = project.run(&["check", "--format", "github"]).ends(1, &[]).out;
    assert!(
        annotations.starts_with("::error file=Cargo.lock,line=12,col=8,endLine=12,endColumn=14,title=driftgate%3A ")
    );
    assert!(!project.path("summary").exists());

    let ran = in_actions(&project, &[]).ends(1, &[]);
    assert_eq!((ran.out, ran.err.as_str()), (format!("{report}{annotations}"), ""));
    let page = project.run(&["check", "--format", "markdown"]).out;
    assert_eq!(project.get("summary"), page);
    in_actions(&project, &["--format", "github=notes"]).ends(1, &[]);
    assert_eq!(project.get("notes"), annotations);
    assert_eq!(project.get("summary"), format!("{page}\n\n{page}"));
    // The report goes to its file, and the annotations where Actions reads them.
    assert_eq!(in_actions(&project, &["-o", "report"]).ends(1, &[]).out, annotations);
    assert_eq!(project.get("report"), report);
}

#[test]
fn a_format_that_is_asked_for_turns_that_off() {
    let project = Project::pinned();
    project.bump();
    let report = project.run(&["check"]).ends(1, &[]).out;
    assert_eq!(in_actions(&project, &["--format", "terminal"]).ends(1, &[]).out, report);
    assert!(!project.path("summary").exists());
    let elsewhere = driftgate(&project.path("")).arg("check").env("GITHUB_ACTIONS", "false").output();
    assert_eq!(Ran::of(elsewhere.unwrap()).out, report);
}

#[test]
fn a_summary_that_cannot_be_written_is_said_and_fails_nothing() {
    let project = Project::pinned();
    fs::write(project.path("summary"), vec![b'x'; (1 << 20) - 10]).unwrap();
    in_actions(&project, &[]).ends(0, &["no summary of the job", "1 MiB"]).prints(&["clean"]);
    assert_eq!(project.get("summary").len(), (1 << 20) - 10);
    fs::remove_file(project.path("summary")).unwrap();
    fs::create_dir(project.path("summary")).unwrap();
    in_actions(&project, &[]).ends(0, &["no summary of the job: writing "]).prints(&["clean"]);
}

/// Names that want to be commands to Actions, in every place that a lockfile has for one.
#[test]
fn no_name_is_a_command_to_actions() {
    let project = Project::pinned();
    let evil = "::error::x##[add-mask]y%0A::stop-commands::z";
    let lock = CARGO.replace("itoa", evil).replace("1.0.14", "##[error]1\\n::warning::");
    project.put(&format!("{evil}/Cargo.lock"), &lock);
    project.put("::set-env name=A::B/Cargo.lock", "version = ");
    for arguments in [
        &["check"][..],
        &["check", "-v"],
        &["check", "-f", "github"],
        &["diff", "bom.cdx.json", "."],
        &["why", "*mask*"],
    ] {
        let ran = driftgate(&project.path("")).args(arguments).env("GITHUB_ACTIONS", "true").output().unwrap();
        let ran = Ran::of(ran);
        assert!(ran.out.contains("stop-commands"), "{arguments:?}: {}{}", ran.out, ran.err);
        for line in ran.out.lines().chain(ran.err.lines()) {
            assert!(!line.contains("##["), "{line}");
            let start = line.trim_start();
            let ours = ["::error file=", "::warning file=", "::notice title="].iter().any(|own| start.starts_with(own));
            // Three colons begin a place in a diagnostic.
            assert!(ours || !start.starts_with("::") || start.starts_with("::: "), "{line}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let project = Project::pinned();
    for arguments in [&["list"][..], &["sbom"], &["check"], &["diff", ".", "."]] {
        let mut child =
            driftgate(&project.path("")).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap()).ends(0, &[]);
        assert_eq!(ran.err, "", "{arguments:?}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let project = Project::pinned();
    project.bump();
    let plain = project.run(&["check"]).ends(1, &[]);
    assert!(!plain.out.contains('\u{1b}'));
    let colour = project.run(&["check", "--color", "always"]).ends(1, &[]);
    assert!(colour.out.contains("\u{1b}["));
    let without = |no_color: &str, how: &str| {
        let ran = driftgate(&project.path("")).args(["check", "--color", how]).env("NO_COLOR", no_color).output();
        Ran::of(ran.unwrap()).out
    };
    assert_eq!(without("1", "auto"), plain.out);
    assert_eq!(without("1", "never"), plain.out);
    assert_eq!(without("1", "always"), colour.out);
}

#[test]
fn the_same_bytes_wherever_it_runs() {
    let (project, other) = (Project::pinned(), Project::pinned());
    assert_eq!(project.get("bom.cdx.json"), other.get("bom.cdx.json"));
    assert_eq!(project.get("driftgate.toml"), other.get("driftgate.toml"));
    project.bump();
    other.bump();
    let root = project.folder.path().to_str().unwrap();
    for format in driftgate::outputs::OUTPUTS.iter().map(|output| output.id()) {
        let here = project.run(&["check", "--format", format]).ends(1, &[]).out;
        let outside = project.run_in("api", &["check", root, "--format", format]).ends(1, &[]).out;
        assert_eq!(here, outside, "{format} from another folder");
        let there = driftgate(&other.path(""))
            .args(["check", "--format", format])
            .env("HOME", "/nowhere")
            .env("USER", "eve")
            .output();
        assert_eq!(here, Ran::of(there.unwrap()).out, "{format} in another place");
        assert!(!here.contains(root), "{format} names a path of the machine");
    }
    for arguments in [&["sbom"][..], &["why", "itoa"], &["diff", ".", "Cargo.lock"]] {
        assert!(!project.run(arguments).out.contains(root));
        assert_eq!(project.run(arguments).out, other.run(arguments).out);
    }
}

#[test]
fn documents_have_a_time_only_from_source_date_epoch() {
    let project = Project::new();
    let sbom = |epoch: &str| {
        Ran::of(driftgate(&project.path("")).arg("sbom").env("SOURCE_DATE_EPOCH", epoch).output().unwrap())
    };
    assert!(!project.run(&["sbom"]).out.contains("\"timestamp\""));
    assert!(sbom("1700000000").ends(0, &[]).out.contains("\"timestamp\": \"2023-11-14T22:13:20Z\""));
    sbom("yesterday").ends(2, &["SOURCE_DATE_EPOCH"]);
}

/// Locks torch for CUDA 13, and the nodes of a pool on which it starts on one alone.
fn pool() -> Project {
    let project = Project::new();
    project.put("api/requirements.txt", &REQUIREMENTS.replace("urllib3==2.2.0", "torch==2.9.1+cu130"));
    assert_eq!(project.run(&["init"]).code, 0);
    let nodes = fixture("fixtures/rules/mixed-pool/image-fits-some/ops/nodes.json");
    project.put("ops/nodes.json", &nodes);
    project
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn nodes_are_targets_wherever_they_are_named() {
    let project = pool();
    project.run(&["check"]).ends(0, &[]);
    let said = ["torch 2.9.1+cu130 cannot start on a100", "drivers of 2 branches are mixed"];
    project.run(&["check", "--nodes", "ops/nodes.json"]).ends(1, &[]).prints(&said).prints(&["ops/nodes.json:1:1"]);
    project
        .run(&["gpu", "--nodes", "ops/nodes.json"])
        .ends(0, &[])
        .prints(&["on a100: fails at start", "5 of the 6 nodes"]);
    project.run(&["check", "--nodes", "ops/none.json"]).ends(2, &["--nodes ops/none.json", "no file"]);
    project.run(&["gpu", "--nodes", "Cargo.lock"]).ends(2, &["--nodes Cargo.lock", "kubectl get nodes -o json"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"ops/nodes.json\"\npath = \"api/**\"\n");
    project.run(&["check"]).ends(1, &[]).prints(&said).prints(&["driftgate.toml:3:1"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"ops/none.json\"\n");
    project.run(&["check"]).ends(2, &["driftgate.toml:4:8", "ops/none.json", "no such file"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"../nodes.json\"\n");
    project.run(&["check"]).ends(2, &["driftgate.toml:4:8", "leads out"]);
}

#[test]
fn nodes_come_by_standard_input_too() {
    let project = pool();
    let nodes = fs::File::open(project.path("ops/nodes.json")).unwrap();
    let mut check = driftgate(&project.path(""));
    let ran = Ran::of(check.args(["check", "--nodes", "-"]).stdin(nodes).output().unwrap());
    ran.ends(1, &[]).prints(&["cannot start on a100", "<stdin>:1:1"]);
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

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    fn pipe(project: &Project, file: &str) {
        assert!(Command::new("mkfifo").arg(project.path(file)).status().unwrap().success());
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let project = Project::pinned();
        pipe(&project, "uv.lock");
        pipe(&project, "Cargo.toml");
        project.run(&["check"]).ends(0, &[]);
        project.run(&["sbom", "Cargo.lock"]).ends(0, &[]);
        project.run(&["sbom", "uv.lock"]).ends(2, &["uv.lock:1:1", "no regular file"]);
        project.run(&["check", "--config", "uv.lock"]).ends(2, &["no regular file"]);
        project.run(&["check", "--bom", "uv.lock"]).ends(2, &["no regular file"]);
        pipe(&project, "api/base.txt");
        project.put("api/requirements.txt", "-r base.txt\n");
        project.run(&["check"]).ends(2, &[]).prints(&["no regular file"]);
    }

    #[test]
    fn links_do_not_lead_out_of_the_tree() {
        let (project, other) = (Project::new(), Project::empty());
        other.put("secret.txt", "user:$ecret\n");
        symlink(other.path("secret.txt"), project.path("api/base.txt")).unwrap();
        project.put("api/requirements.txt", "-r base.txt\n");
        let sbom = project.run(&["sbom"]).ends(2, &["api/base.txt", "leads out of the folder"]);
        assert!(!sbom.err.contains("ecret"));
        fs::remove_file(project.path("api/base.txt")).unwrap();
        project.put("base.txt", REQUIREMENTS);
        symlink("../base.txt", project.path("api/base.txt")).unwrap();
        symlink(".", project.path("loop")).unwrap();
        project.run(&["sbom"]).ends(0, &[]).prints(&["pkg:pypi/urllib3@2.2.0"]);
    }
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
fn accepting_one_step_invents_no_edge() {
    let project = Project::pinned();
    let older =
        "[[package]]\nname = \"itoa\"\nversion = \"0.4.8\"\nsource = \"registry+https://index.example/crates\"\n\n";
    let two = CARGO.replacen("[[package]]\nname = \"itoa\"", &format!("{older}[[package]]\nname = \"itoa\""), 1);
    let two = two.replace(" \"itoa\",", " \"itoa 1.0.14\",");
    project.put("Cargo.lock", &two.replacen("itoa 1.0.14", "itoa 0.4.8", 1));
    assert_eq!(project.run(&["pin"]).code, 0);
    // serde moves, and with it the itoa that it requires: neither of the two that are pinned.
    let moved = two.replacen("itoa 1.0.14", "itoa 0.4.8", 1).replace("1.0.219", "1.0.228").replace("1.0.14", "1.0.15");
    project.put("Cargo.lock", &moved);
    assert_eq!(project.run(&["pin", "--only", "serde"]).code, 0);
    let bom: Value = serde_json::from_str(&fs::read_to_string(project.path("bom.cdx.json")).unwrap()).unwrap();
    let edges = bom["dependencies"].as_array().unwrap().iter().find(|edge| edge["ref"] == "pkg:cargo/serde@1.0.228");
    assert_eq!(edges.unwrap()["dependsOn"], serde_json::json!(["pkg:cargo/itoa@1.0.14"]));
}

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

/// The page of the demo is XML as well, is the same each time, and shows what becomes of the stack on the targets.
#[test]
fn the_demo_makes_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = || {
        let arguments = ["check", "fixtures/demo/proposed", "--date", "2026-12-01", "--format", "html"];
        Ran::of(driftgate(root).args(arguments).output().unwrap()).ends(1, &[]).out
    };
    let first = page();
    assert_eq!(first, page());
    let mut reader = quick_xml::Reader::from_str(&first);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    for part in [
        "<span class=\"word\">Failed</span> <span>19 errors, 16 warnings</span>",
        "data-head=\"a100-pool (driver 535.183.06, A100-SXM4-80GB)\"><b>fails at start</b>",
        "data-head=\"h100-pool (driver 580.65.06, H100)\"><b>runs</b>",
        "<b>torch 2.10.0 → 2.11.0</b> <span class=\"quiet\">transitive, 31 came with it</span>",
    ] {
        assert!(first.contains(part), "{part}");
    }
    assert_eq!(first.matches("<tr class=\"change\"").count(), 35);
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

#[test]
fn gpu_prints_a_table_in_three_forms() {
    let project = pool();
    let asked = ["gpu", "--nodes", "ops/nodes.json", "--format"];
    project.run(&[&asked[..], &["markdown"]].concat()).ends(0, &[]).prints(&[
        "| stack | driver floor |",
        "| **fails at start** |",
        "`mixed-pool`",
    ]);
    let ran = project.run(&[&asked[..], &["json"]].concat()).ends(0, &[]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let subject = &json["subjects"][0];
    assert_eq!((&json["schema"], &subject["driver_floor"]), (&Value::from(1), &Value::from("580.65.06")));
    let answer = &subject["targets"][0]["answers"][0];
    assert_eq!((&answer["rule"], &answer["at"]["path"]), (&"driver-floor".into(), &"api/requirements.txt".into()));
    assert!(answer["chain"].as_array().unwrap().iter().any(|step| step["source"] != ""), "{answer}");
    project.run(&["gpu", "--driver", "535.183.06", "--gpu", "A100"]).ends(0, &[]).prints(&["fails at start"]);
    project.run(&["gpu", "--driver", "12.2x"]).ends(2, &["--driver 12.2x"]);
    project.run(&["gpu", "--driver", "12.4"]).ends(2, &["is CUDA's version rather than a driver's"]);
    project.run(&["gpu", "--gpu", "RTX 4900"]).ends(0, &["did you mean \"GeForce RTX 4090\"?"]);
}

#[test]
fn gpu_says_which_images_it_knows_nothing_of() {
    let project = Project::empty();
    let pod = |image: &str, limit: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: api\nspec:\n  containers:\n    - name: api\n      image: {image}\n      \
             resources:\n        limits:\n          {limit}: 1\n"
        )
    };
    project.put("pod.yaml", &pod("registry.example/team/server:1.4", "nvidia.com/gpu"));
    let asked = ["gpu", "--driver", "535.183.06", "--gpu", "A100"];
    project.run(&asked).ends(0, &["pod.yaml:11:27: a GPU is asked for, and what team/server:1.4 holds is not known"]);
    project.put("pod.yaml", &pod("registry.example/team/server:1.4", "cpu"));
    assert!(!project.run(&asked).err.contains("pod.yaml"));
    project.put("pod.yaml", &pod("python:3.12-slim", "nvidia.com/gpu"));
    assert!(!project.run(&asked).err.contains("pod.yaml"));
}

#[test]
fn a_stage_that_the_image_does_not_have_is_said() {
    let project = Project::empty();
    project.put("Dockerfile", "FROM python:3.12-slim AS Server\nRUN pip install torch==2.11.0\nFROM server AS dev\n");
    let policy = |stage: &str| {
        format!(
            "version = 1\n\n[[environment]]\nimage = \"Dockerfile\"\nstage = \"{stage}\"\ndeployed-as = [\"team/api\"]\n"
        )
    };
    let told = "driftgate.toml:5:9: Dockerfile has no stage \"serve\", and its last is judged: it has server, dev";
    project.put("driftgate.toml", &policy("serve"));
    project.run(&["pin"]).ends(0, &[]);
    project.run(&["gpu"]).ends(0, &[told]);
    project.run(&["check"]).prints(&[told]);
    project.put("driftgate.toml", &policy("Server"));
    assert!(!project.run(&["gpu"]).err.contains("driftgate.toml"));
}

#[test]
fn gpu_markdown_makes_no_markup_of_names() {
    let project = Project::empty();
    project.put("requirements.txt", "torch==2.11.0\n");
    project.put(
        "driftgate.toml",
        "version = 1\n\n[[target]]\nname = \"@team [a](b) *c*\"\ndriver = \"535.183.06\"\ngpus = [\"A100\"]\n",
    );
    let ran = project.run(&["gpu", "--format", "markdown"]).ends(0, &[]);
    let all = ran.out.matches("@team [a](b) *c*").count();
    assert!(all >= 1 && all == ran.out.matches("`@team [a](b) *c*`").count(), "{}", ran.out);
}

#[test]
fn gpu_tells_one_cause_once_and_names_who_brings_it() {
    let project = Project::new();
    project.put(
        "api/uv.lock",
        "version = 1\nrequires-python = \">=3.11\"\n\n\
         [[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
         dependencies = [{ name = \"encoder\" }, { name = \"sglang\" }]\n\n\
         [[package]]\nname = \"encoder\"\nversion = \"5.1.0\"\n\
         source = { registry = \"https://mirror.example/simple\" }\ndependencies = [{ name = \"torch\" }]\n\n\
         [[package]]\nname = \"sglang\"\nversion = \"0.5.3\"\nsource = { registry = \"https://mirror.example/simple\" }\n\n\
         [[package]]\nname = \"torch\"\nversion = \"2.11.0\"\nsource = { registry = \"https://mirror.example/simple\" }\n",
    );
    let target = |name: &str, driver: &str, gpu: &str| {
        format!("\n[[target]]\nname = \"{name}\"\ndriver = \"{driver}\"\ngpus = [\"{gpu}\"]\n")
    };
    let targets =
        [target("a100", "535.183.06", "A100"), target("l4", "550.90.07", "L4"), target("v100", "550.90.07", "V100")];
    let targets = targets.concat();
    project.put("driftgate.toml", &format!("version = 1\n{targets}"));
    let ran = project.run(&["gpu"]).ends(0, &[]).prints(&[
        "brought in by app → encoder → torch",
        "not judged: sglang 0.5.3",
        "on l4: fails at start, as on a100",
        "l4 has driver 550.90.07",
        "torch 2.11.0 cannot start, as on a100",
    ]);
    // The argument stands there once, and what is another's own beside it.
    assert_eq!(ran.out.matches("- all of CUDA 13 starts").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("error[missing-architecture]").count(), 1, "{}", ran.out);
    let json: Value = serde_json::from_str(&project.run(&["gpu", "-f", "json"]).out).unwrap();
    let subject = &json["subjects"][0];
    assert_eq!(subject["unjudged"], serde_json::json!(["sglang 0.5.3"]));
    assert_eq!(subject["carriers"][0]["brought_in_by"], serde_json::json!(["app", "encoder", "torch"]));
    // The driver's line says why there is none.
    for (line, expected) in [
        ("torch==2.9.1+cpu", "driver: none needed (CPU build)"),
        ("torch==2.99.0", "driver: not known, because of torch 2.99.0"),
        ("jax-cuda12-plugin==0.6.0", "has kernels for is not known"),
    ] {
        let project = Project::new();
        project.put("api/requirements.txt", &REQUIREMENTS.replace("urllib3==2.2.0", line));
        project.run(&["gpu", "api"]).ends(0, &[]).prints(&[expected]);
    }
}

#[test]
fn facts_are_looked_up_and_laid_over() {
    let project = pool();
    project.run(&["gpu", "facts", "R535"]).ends(0, &[]).prints(&["branch 535", "max_cuda", "12.2", "source"]);
    project.run(&["gpu", "facts", "torch", "2.11"]).ends(0, &[]).prints(&["torch release 2.11", "cu130"]);
    project.run(&["gpu", "facts"]).ends(0, &[]).prints(&["toolkits.toml", "rows"]);
    let ran = project.run(&["gpu", "facts", "A100", "--format", "json"]).ends(0, &[]);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["rows"][0]["fields"]["compute_capability"], "8.0");
    project.run(&["gpu", "facts", "A10000"]).ends(2, &["nothing is known of \"A10000\""]);
    // A vendor that lets an older driver start CUDA 13 is not so in the tables, and in ours from here on.
    project.put(
        "facts/toolkits.toml",
        "[[mvc_floor]]\nmajor = 13\nmin_driver_linux = \"535.1\"\nsource = \"our vendor\"\n",
    );
    let asked = ["gpu", "--driver", "535.183.06", "--facts", "facts"];
    project.run(&asked).ends(0, &[]).prints(&["torch 2.9.1+cu130"]);
    project.put("facts/toolkits.toml", "[[mvc_floor]]\nmajor = \"13\"\nsource = \"our vendor\"\n");
    project.run(&asked).ends(2, &["facts/toolkits.toml:2:9", "\"major\" is a whole number"]);
    project.put("facts/toolkits.toml", "[[mvc_flour]]\nmajor = 13\n");
    project.run(&asked).ends(2, &["facts/toolkits.toml:1:3", "did you mean \"mvc_floor\"?"]);
    project.run(&["gpu", "--facts", "ops"]).ends(2, &["no .toml file there"]);
}

#[test]
fn errors_of_programs_lead_to_their_rule() {
    let project = Project::empty();
    let printed = "RuntimeError: CUDA error: no kernel image is available for execution on the device";
    for (text, rule) in [
        ("The NVIDIA driver on your system is too old", "driver-floor"),
        ("forward compatibility was attempted on non supported HW", "forward-compat-hardware"),
        ("operator torchvision::nms does not exist", "torch-pair"),
        ("TV-PAIR", "torch-pair"),
        ("libcublasLt.so.11: cannot open shared object file: No such file or directory", "cuda-major-mix"),
        ("xFormers was built for: PyTorch 2.1.0+cu121 (you have 2.2.0)", "xformers-pair"),
        ("hipErrorNoBinaryForGpu", "rocm-architecture"),
        ("undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12", "shadowed-libraries"),
        (printed, "missing-architecture"),
    ] {
        project.run(&["explain", text]).ends(0, &[]).prints(&[rule]);
    }
    project.run(&["explain", "my program is on fire today"]).ends(2, &["no format, rule or output"]);
}
