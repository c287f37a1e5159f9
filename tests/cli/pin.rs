//! What `pin` writes, whole and `--only`.

use serde_json::Value;

use crate::common::project::{CARGO, Project, REQUIREMENTS};

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
fn a_pin_that_got_loose_fails_until_it_is_accepted() {
    let project = Project::pinned();
    project.put("api/requirements.txt", "urllib3>=2\n");
    let check = project.run(&["check"]).ends(1, &[]);
    check.prints(&["version-drift", "urllib3 2.2.0 is pinned, and api/requirements.txt asks for >=2"]);
    project.run(&["pin", "--only", "pkg:pypi/urllib3"]).ends(0, &["1 removed"]);
    project.run(&["check"]).ends(0, &[]);
    // And back: what the BOM has without a version is no addition.
    project.put("api/requirements.txt", REQUIREMENTS);
    project.run(&["check"]).ends(0, &[]).prints(&["urllib3 2.2.0 is pinned now"]);
    project.run(&["pin", "--only", "urllib3"]).ends(0, &["1 added"]);
    let check = project.run(&["check"]).ends(0, &[]);
    assert!(!check.out.contains("urllib3"), "{}", check.out);
}

#[test]
fn a_model_that_got_its_commit_is_accepted_alone() {
    let pod = |revision: &str| {
        let args = format!("[\"--model=Qwen/Qwen2.5-7B-Instruct\", \"--revision={revision}\"]");
        let containers =
            format!("  containers:\n    - name: v\n      image: vllm/vllm-openai:v0.10.1\n      args: {args}\n");
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: v}}\nspec:\n{containers}")
    };
    let project = Project::empty();
    project.put("pod.yaml", &pod("main"));
    project.run(&["init"]).ends(0, &[]);
    project.put("pod.yaml", &pod("a09a35458c702b33eeacc393d103063234e8bc28"));
    project.run(&["check"]).ends(0, &[]).prints(&["warning[version-drift]", "is pinned now"]);
    project.run(&["pin", "--only", "pkg:huggingface/Qwen/Qwen2.5-7B-Instruct"]).ends(0, &["1 added"]);
    assert!(!project.get("bom.cdx.json").contains("driftgate:gap"));
    let check = project.run(&["check"]).ends(0, &[]);
    assert!(!check.out.contains("version-drift"), "{}", check.out);
}

/// Whatever addresses a fixture has, the policy that is made of them is one.
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
    let before = project.get("bom.cdx.json");
    for (more, itoa) in [(&["--alone"][..], "pkg:cargo/itoa@1.0.14"), (&[], "pkg:cargo/itoa@1.0.15")] {
        project.put("bom.cdx.json", &before);
        project.run(&[&["pin", "--only", "serde"], more].concat()).ends(0, &[]);
        let bom: Value = serde_json::from_str(&project.get("bom.cdx.json")).unwrap();
        let edges = bom["dependencies"].as_array().unwrap();
        let edges = edges.iter().find(|edge| edge["ref"] == "pkg:cargo/serde@1.0.228").unwrap();
        assert_eq!(edges["dependsOn"], serde_json::json!([itoa]), "{more:?}");
    }
}

#[test]
fn accepting_a_step_takes_what_came_with_it_and_nothing_else() {
    let project = Project::pinned();
    // In one lockfile serde and memchr move, and itoa, which serde requires; in the other one that moved by itself.
    let memchr =
        "\n[[package]]\nname = \"memchr\"\nversion = \"2.7.0\"\nsource = \"registry+https://index.example/crates\"\n";
    let pinned = CARGO.replacen(" \"itoa\",\n \"serde\",", " \"memchr\",\n \"serde\",", 1) + memchr;
    project.put("Cargo.lock", &pinned);
    project.put("b/Cargo.lock", &pinned);
    project.run(&["pin"]).ends(0, &[]);
    let itoa = pinned.replace("1.0.14", "1.0.15");
    project.put("Cargo.lock", &itoa.replace("1.0.219", "1.0.228").replace("2.7.0", "2.7.1"));
    project.put("b/Cargo.lock", &itoa);
    let before = project.get("bom.cdx.json");
    let errors = |project: &Project| -> Vec<String> {
        let value = project.json(&["check", "--format", "json"]);
        let findings = value["findings"].as_array().unwrap().iter();
        let error = |finding: &Value| format!("{} {}", finding["subject"], finding["purl"]).replace('"', "");
        findings.filter(|finding| finding["level"] == "deny").map(error).collect()
    };
    assert_eq!(errors(&project).len(), 4, "{:?}", errors(&project));
    let left = ["Cargo.lock pkg:cargo/memchr@2.7.1", "b/Cargo.lock pkg:cargo/itoa@1.0.15"];
    project.run(&["pin", "--only", "serde"]).ends(0, &["2 upgraded"]);
    assert_eq!(errors(&project), left);
    project.put("bom.cdx.json", &before);
    project.run(&["pin", "--only", "serde", "--alone"]).ends(0, &["1 upgraded"]);
    assert_eq!(errors(&project), [&["Cargo.lock pkg:cargo/itoa@1.0.15"], &left[..]].concat());
    project.run(&["pin", "--alone"]).ends(2, &["--only"]);
}

#[test]
fn pin_says_what_it_writes_though_no_component_moved() {
    let project = Project::pinned();
    let bare = CARGO.lines().filter(|line| !line.starts_with("checksum")).map(|line| format!("{line}\n"));
    project.put("Cargo.lock", &bare.collect::<String>());
    project.run(&["pin"]).ends(0, &[]);
    project.run(&["pin", "--dry-run"]).ends(0, &["bom.cdx.json would take in no change"]);
    project.put("Cargo.lock", CARGO);
    let said = "no other component, and what it did not say: 2 digests";
    project.run(&["pin", "--dry-run"]).ends(0, &[&format!("would take in {said}")]);
    project.put("api/requirements.txt", &REQUIREMENTS.replace("2.2.0", "2.2.1"));
    project.run(&["pin", "--dry-run"]).ends(0, &["1 upgraded; and what it did not say: 2 digests"]);
    project.put("api/requirements.txt", REQUIREMENTS);
    project.run(&["pin"]).ends(0, &["now pins 4 components of 2 subjects", said]);
    project.run(&["pin"]).ends(0, &["2 subjects: no change"]);
}

#[test]
fn a_bom_with_a_merge_conflict_is_written_anew() {
    let project = Project::pinned();
    let whole = project.get("bom.cdx.json");
    let torn = whole.replacen(
        "  \"serialNumber\"",
        "<<<<<<< HEAD\n  \"a\": 1,\n=======\n>>>>>>> other\n  \"serialNumber\"",
        1,
    );
    assert_ne!(torn, whole);
    project.put("bom.cdx.json", &torn);
    project.run(&["check"]).ends(2, &["bom.cdx.json:5:1", "keep either side, and then `driftgate pin`"]);
    for of_a_part in [&["pin", "--only", "itoa"][..], &["pin", "Cargo.lock"]] {
        project.run(of_a_part).ends(2, &["merge conflict", "`driftgate pin` of the whole tree"]);
        assert_eq!(project.get("bom.cdx.json"), torn);
    }
    project.run(&["pin"]).ends(0, &["what it pinned is not known", "now pins 4 components of 2 subjects"]);
    assert_eq!(project.get("bom.cdx.json"), whole);
}
