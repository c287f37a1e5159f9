//! Revisions of git in the place of a folder.

use std::fs;

use serde_json::Value;

use crate::common::project::{CARGO, Project, REQUIREMENTS, Ran};

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

    // Ranges, as git has them: of three dots, what the new side brings since it left the old one.
    let range = |range: &str| purls(project.run(&["diff", range, "-f", "json"]));
    assert_eq!(range("HEAD~1..HEAD"), itoa);
    assert_eq!(range("HEAD~1.."), itoa);
    assert_eq!(range("HEAD~1...HEAD"), itoa);
    assert_eq!(range("HEAD...HEAD~1"), [""; 0]);
    project.run(&["diff", "HEAD...nowhere"]).ends(2, &["\"nowhere\" is no revision that git knows here"]);
    project.run(&["diff", "HEAD"]).ends(2, &["there is no new side: driftgate diff HEAD NEW"]);
    assert_eq!(range("HEAD~1:Cargo.lock...HEAD:Cargo.lock"), itoa);
    for path in ["../nowhere", "api/../nowhere", "/nowhere..", "./a..b"] {
        project.run(&["diff", path]).ends(2, &["there is no new side"]);
    }
    project.run(&["diff", "--", "-x...HEAD"]).ends(2, &["\"-x\" is no revision"]);

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
fn submodules_that_are_not_there_are_said_and_nothing_of_them_is_removed() {
    let (part, whole) = (Project::repository(), Project::empty());
    whole.put("requirements.txt", REQUIREMENTS);
    whole.git(&["init", "--quiet", "--initial-branch=main"]);
    let add = |from: &Project, path: &str| {
        let from = from.path("").display().to_string();
        whole.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &from, path]);
    };
    add(&part, "libs/part");
    add(&part, "other");
    // What is to be ignored here is tracked there.
    whole.put(".gitignore", "Cargo.lock\n");
    whole.put("driftgate.toml", "version = 1\n[scan]\nexclude = [\"other\"]\n");
    whole.run(&["pin"]).ends(0, &["3 subjects"]);
    whole.git(&["add", "."]);
    whole.git(&["commit", "--quiet", "-m", "one"]);
    whole.run(&["check"]).ends(0, &[]).prints(&["clean"]);

    // A commit holds none of their files, and the policy leaves the other one out.
    let said = "libs/part:1:1: 2 pinned subjects not looked at: a submodule, whose files are in no commit";
    let check = whole.run(&["check", "HEAD"]).ends(2, &[]).prints(&[said]);
    assert!(!check.out.contains("removed") && !check.out.contains("other"), "{}", check.out);
    whole.run(&["check", "HEAD", "-v"]).ends(2, &["driftgate: libs/part/: not read: a submodule"]);
    whole.run(&["diff", "HEAD", "."]).ends(0, &[]).prints(&["not read: libs/part: a submodule", "no changes"]);

    // Nor does a clone that did not ask for them.
    let clone = Project::empty();
    let from = whole.path("").display().to_string();
    clone.git(&["clone", "--quiet", &from, "at"]);
    let update = "`git submodule update --init --recursive`";
    let check = clone.run_in("at", &["check"]).ends(2, &[]).prints(&["libs/part:1:1: 2 pinned subjects", update]);
    assert!(!check.out.contains("removed"), "{}", check.out);
    clone.run_in("at", &["pin"]).ends(0, &[update, "now pins 5 components of 3 subjects: no change"]);
    // Where nothing of it is pinned, a note is enough.
    clone.run_in("at", &["diff", "requirements.txt", "."]).ends(0, &[]);
    fs::remove_file(clone.path("at/bom.cdx.json")).unwrap();
    clone.run_in("at", &["pin"]).ends(0, &["libs/part", update, "1 subject"]);
    clone.run_in("at", &["check"]).ends(0, &[]).prints(&["note: not read: libs/part", "clean"]);
}

#[test]
fn a_folder_of_a_revision_is_held_to_the_policy_and_the_bom_of_that_folder() {
    let project = Project::repository();
    project.run(&["init"]).ends(0, &[]);
    project.run(&["init", "api"]).ends(0, &[]);
    for (folder, of) in [("", "HEAD:api"), ("", "HEAD:api/"), ("api", "HEAD:./"), ("api", "HEAD:api"), ("api", "HEAD")]
    {
        project.run_in(folder, &["check", of]).ends(0, &[]).prints(&["clean: 1 subject, 1 component"]);
    }
    for (folder, of) in
        [("", "HEAD:api/requirements.txt"), ("api", "HEAD:./requirements.txt"), ("api", "HEAD:Cargo.lock")]
    {
        project.run_in(folder, &["check", of]).ends(0, &[]).prints(&["clean: 1 subject"]);
    }
    fs::remove_file(project.path("api/bom.cdx.json")).unwrap();
    project.run(&["check", "HEAD:api"]).ends(2, &["no pinned BOM at api/bom.cdx.json"]);
    // The BOM of the root knows the file by its path from there.
    let of_root = ["check", "HEAD:api/requirements.txt", "--bom", "bom.cdx.json"];
    project.run(&of_root).ends(0, &[]).prints(&["clean: 1 subject, 1 component"]);
}

#[test]
fn a_folder_that_is_named_as_a_branch_is_not_taken_for_it() {
    let project = Project::repository();
    project.put("main/requirements.txt", REQUIREMENTS);
    let said =
        "\"main\" is a folder here, and refs/heads/main in git: ./main is the folder, refs/heads/main the revision";
    project.run(&["diff", "main", "HEAD"]).ends(2, &[said]);
    project.run(&["diff", "HEAD", "main"]).ends(2, &[said]);
    project.run(&["diff", "refs/heads/main", "HEAD"]).ends(0, &[]).prints(&["no changes"]);
    project.run(&["diff", "main:", "HEAD"]).ends(0, &[]).prints(&["no changes"]);
    project.run(&["diff", "./main", "main/"]).ends(0, &[]).prints(&["no changes (1 subject"]);
    project.run(&["pin", "main"]).ends(0, &[]);
    project.run(&["check", "main"]).ends(0, &[said]).prints(&["clean: 1 subject"]);
    assert_eq!(project.run(&["check", "./main"]).ends(0, &[]).err, "");
}

#[test]
fn a_shallow_clone_is_said_to_be_one() {
    let (project, clone) = (Project::repository(), Project::empty());
    let from = format!("file://{}", project.path("").display());
    clone.git(&["clone", "--quiet", "--depth", "1", &from, "at"]);
    clone.run_in("at", &["diff", "HEAD~1", "."]).ends(2, &["\"HEAD~1\"", "this clone is shallow", "fetch-depth: 0"]);
    let whole = project.run(&["diff", "HEAD~7", "."]).ends(2, &["\"HEAD~7\""]);
    assert!(!whole.err.contains("shallow"), "{}", whole.err);
}
