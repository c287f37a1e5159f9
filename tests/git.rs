//! `git diff` and `git show`, with driftgate set up in them as the README says.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::project::{CARGO, Project, scrubbed};

/// Runs git as somebody who has set driftgate up by the README's lines.
fn git(project: &Project, arguments: &[&str]) -> String {
    project.git(&with_settings(arguments).iter().map(String::as_str).collect::<Vec<_>>())
}

fn with_settings(arguments: &[&str]) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_driftgate")).display().to_string();
    let of = |name: &str| format!("diff.driftgate.{name}='{program}' diff --git");
    let settings = ["command", "textconv"].into_iter().flat_map(|name| ["-c".to_owned(), of(name)]);
    settings.chain(arguments.iter().map(|argument| (*argument).to_owned())).collect()
}

/// Runs git likewise, with more in its environment and on its standard input.
fn git_with(project: &Project, (name, value): (&str, &str), input: &str, arguments: &[&str]) -> String {
    let mut git = scrubbed(Command::new("git"), project.folder.path());
    git.args(with_settings(arguments)).env("TERM", "xterm").env(name, value);
    let mut running = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap()
}

const ATTRIBUTES: &str = "*.lock diff=driftgate\npackage-lock.json diff=driftgate\ngo.mod diff=driftgate\n";

fn project() -> Project {
    let project = Project::repository();
    project.put(".gitattributes", ATTRIBUTES);
    project.put("unknown.lock", "one\n");
    commit(&project);
    project
}

fn commit(project: &Project) {
    project.git(&["add", "."]);
    project.git(&["commit", "--quiet", "-m", "more"]);
}

const NPM: &str = r#"{
  "name": "app",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "app", "version": "1.0.0", "dependencies": { "tiny": "^1.0.0" } },
    "node_modules/tiny": {
      "version": "1.0.3",
      "resolved": "https://mirror.example/npm/tiny/-/tiny-1.0.3.tgz"
    }
  }
}
"#;

const UV: &str = r#"version = 1
requires-python = ">=3.9"

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "idna" }]

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://mirror.example/pypi/simple" }
"#;

const GO: &str = "module app.example/app\n\ngo 1.21\n\nrequire lib.example/uuid v1.6.0\n\nretract v0.9.0\n";
const LATER_GO: &str =
    "module app.example/app\n\ngo 1.23\n\nrequire lib.example/uuid v1.6.0\n\nexclude lib.example/uuid v1.5.0\n";

#[test]
fn a_diff_shows_the_packages() {
    let shown = git(&project(), &["diff", "HEAD~2", "--", "Cargo.lock"]);
    let expected = "diff --driftgate a/Cargo.lock b/Cargo.lock\nCargo.lock\n  ~ itoa 1.0.14 → 1.0.15 (patch";
    assert!(shown.starts_with(expected), "{shown}");
    assert!(shown.ends_with("1 upgraded (1 subject, 3 components)\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn what_no_format_reads_is_shown_as_git_shows_it() {
    let project = project();
    project.put("unknown.lock", "two\n");
    let shown = git(&project, &["diff"]);
    let lines = "--- a/unknown.lock\n+++ b/unknown.lock\n@@ -1 +1 @@\n-one\n+two\n";
    assert_eq!(shown, format!("diff --driftgate a/unknown.lock b/unknown.lock\n{lines}"));
}

#[test]
fn a_lockfile_that_is_cut_off_is_shown_as_git_shows_it() {
    let project = project();
    project.put("Cargo.lock", &project.get("Cargo.lock")[..200]);
    let shown = git(&project, &["diff"]);
    assert!(shown.contains("\n--- a/Cargo.lock\n+++ b/Cargo.lock\n@@ -"), "{shown}");
    assert!(!shown.contains("no changes"), "{shown}");
}

#[test]
fn what_changed_of_no_package_is_shown_as_git_shows_it() {
    let project = project();
    project.put("package-lock.json", NPM);
    project.put("uv.lock", UV);
    commit(&project);
    project.put("package-lock.json", &NPM.replace(".tgz\"", ".tgz\",\n      \"hasInstallScript\": true"));
    project.put("uv.lock", &UV.replace("3.9", "3.11"));
    let shown = git(&project, &["diff", "package-lock.json"]);
    let start = "diff --driftgate a/package-lock.json b/package-lock.json\nno package changes\n";
    assert!(shown.starts_with(&format!("{start}--- a/package-lock.json\n+++ b/package-lock.json\n@@ ")), "{shown}");
    assert!(shown.contains("\n+      \"hasInstallScript\": true\n"), "{shown}");
    let shown = git(&project, &["diff", "uv.lock"]);
    let lines = "@@ -1,5 +1,5 @@\n version = 1\n-requires-python = \">=3.9\"\n+requires-python = \">=3.11\"\n";
    assert!(shown.contains("  ! app 0.1.0 (environment: python >=3.9 → python >=3.11)\n"), "{shown}");
    assert!(shown.contains(&format!("\n--- a/uv.lock\n+++ b/uv.lock\n{lines}")), "{shown}");
}

#[test]
fn of_a_project_that_changed_itself_the_lines_are_shown() {
    let project = project();
    project.put("go.mod", GO);
    commit(&project);
    project.put("go.mod", LATER_GO);
    let shown = git(&project, &["diff"]);
    for line in ["--- a/go.mod", "-go 1.21", "+go 1.23", "-retract v0.9.0", "+exclude lib.example/uuid v1.5.0"] {
        assert!(shown.lines().any(|shown| shown == line), "{shown}");
    }
}

#[test]
fn ends_of_lines_are_of_the_content() {
    let project = project();
    project.put("Cargo.lock", &project.get("Cargo.lock").replace('\n', "\r\n"));
    let shown = git(&project, &["-c", "core.autocrlf=false", "diff"]);
    assert!(shown.contains("\n-version = 4\n") && shown.contains("\n+version = 4\r\n"), "{shown}");
}

#[cfg(unix)]
#[test]
fn modes_are_shown_as_git_shows_them() {
    use std::os::unix::fs::PermissionsExt as _;

    let project = project();
    let set =
        |mode| std::fs::set_permissions(project.path("Cargo.lock"), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o755);
    let head = "diff --driftgate a/Cargo.lock b/Cargo.lock\nold mode 100644\nnew mode 100755\n";
    assert_eq!(git(&project, &["diff"]), head);
    project.put("Cargo.lock", CARGO);
    let shown = git(&project, &["diff"]);
    assert!(shown.starts_with(&format!("{head}Cargo.lock\n  ↓ itoa 1.0.15 → 1.0.14 (patch")), "{shown}");
}

#[cfg(unix)]
#[test]
fn names_may_be_anything() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let project = project();
    let odd = |below: &[u8]| project.folder.path().join(OsStr::from_bytes(below));
    for folder in [&b"a b"[..], b"\"q\"", b"n\xff\t", b"--all"] {
        std::fs::create_dir(odd(folder)).unwrap();
        std::fs::write(odd(&[folder, b"/Cargo.lock"].concat()), CARGO).unwrap();
    }
    std::fs::write(odd(b"-v.lock"), "one\n").unwrap();
    project.git(&["add", "."]);
    let shown = git(&project, &["diff", "--cached"]);
    for name in ["a b", "\"q\"", "n\u{fffd}\\t", "--all"] {
        let lines = format!("b/{name}/Cargo.lock\nnew file mode 100644\n{name}/Cargo.lock\n  + new, with");
        assert!(shown.contains(&lines), "{lines}\nin\n{shown}");
    }
    assert!(shown.contains("\n--- /dev/null\n+++ b/-v.lock\n@@ -0,0 +1 @@\n+one\n"), "{shown}");
}

#[test]
fn files_come_go_and_are_renamed() {
    let project = project();
    project.git(&["mv", "Cargo.lock", "old.Cargo.lock"]);
    project.put("sub/Cargo.lock", CARGO);
    project.git(&["rm", "--quiet", "unknown.lock"]);
    project.git(&["add", "."]);
    let shown = git(&project, &["diff", "--cached", "--find-renames"]);
    assert!(
        shown.contains(
            "diff --driftgate a/sub/Cargo.lock b/sub/Cargo.lock\nnew file mode 100644\nsub/Cargo.lock\n  + new, with"
        ),
        "{shown}"
    );
    let moved = "similarity index 100%\nrename from Cargo.lock\nrename to old.Cargo.lock\n";
    assert!(shown.contains(&format!("diff --driftgate a/Cargo.lock b/old.Cargo.lock\n{moved}diff ")), "{shown}");
    let gone = "deleted file mode 100644\n--- a/unknown.lock\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n";
    assert!(shown.contains(gone), "{shown}");
}

#[test]
fn a_conflict_is_named() {
    let project = in_conflict("merge");
    let shown = git(&project, &["diff", "--cached", "--", "Cargo.lock"]);
    assert_eq!(shown, "* Unmerged path Cargo.lock\n");
}

/// A project on a branch with another itoa, into which main does not merge.
fn in_conflict(style: &str) -> Project {
    let project = project();
    project.git(&["checkout", "--quiet", "-b", "other", "HEAD~2"]);
    project.put("Cargo.lock", &CARGO.replace("1.0.14", "1.0.16").replace("d75a", "d75c").replace("1.0.219", "1.0.220"));
    project.put(".gitattributes", ATTRIBUTES);
    commit(&project);
    let style = format!("merge.conflictStyle={style}");
    let mut merge = scrubbed(Command::new("git"), project.folder.path());
    merge.args(["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", &style, "merge", "--quiet", "main"]);
    assert!(!merge.output().unwrap().status.success(), "these do not merge");
    project
}

/// What git shows of the conflict: serde is ours by itself, and itoa in conflict.
const CONFLICT: [&str; 14] = [
    "  2 components (cargo-lock)",
    "++<<<<<<< HEAD",
    " +itoa 1.0.16",
    "++=======",
    "+ itoa 1.0.15",
    " -serde 1.0.219",
    " -whole file sha256",
    "++>>>>>>> main",
    " +serde 1.0.220",
    "++<<<<<<< HEAD",
    " +whole file sha256",
    "++=======",
    "++whole file sha256",
    "++>>>>>>> main",
];

#[test]
fn a_conflict_is_shown_by_its_packages() {
    for style in ["merge", "diff3", "zdiff3"] {
        let project = in_conflict(style);
        let file = project.get("Cargo.lock");
        assert!(file.contains("<<<<<<< HEAD\n") && file.contains("|||||||") == (style != "merge"), "{file}");
        let shown = git(&project, &["diff", "Cargo.lock"]);
        let lines = shown.lines().skip_while(|line| !line.starts_with("@@@")).skip(1);
        let start = |line: &str| line.split(" direct").next().unwrap().split(':').next().unwrap().to_owned();
        assert_eq!(lines.map(start).collect::<Vec<_>>(), CONFLICT, "{shown}");
    }
}

#[test]
fn a_conflict_of_which_a_side_is_cut_off_is_shown_as_it_is() {
    let project = in_conflict("merge");
    let file = project.get("Cargo.lock").replace("=======\n", "=======\n[[package\n");
    project.put("Cargo.lock", &file);
    let shown = git(&project, &["diff", "Cargo.lock"]);
    assert!(shown.contains("\n++[[package\n") && shown.contains("++version = \"1.0.15\"\n"), "{shown}");
}

#[test]
fn no_conversion_hides_a_change() {
    let project = project();
    project.put("go.mod", GO);
    commit(&project);
    project.put("go.mod", LATER_GO);
    commit(&project);
    let shown = git(&project, &["log", "-p", "-1", "--format="]);
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("@@")).skip(1).collect();
    let [head, uuid, old, new] = lines[..] else { panic!("{shown}") };
    assert_eq!((head, uuid), (" 1 component (go-mod)", " lib.example/uuid v1.6.0 direct runtime"));
    assert!(old.starts_with("-whole file sha256:") && new.starts_with("+whole file sha256:"), "{shown}");
    assert_ne!(old[1..], new[1..]);
}

#[test]
fn colours_are_as_git_is_configured() {
    let project = project();
    project.put("Cargo.lock", CARGO);
    let pager = ("GIT_PAGER_IN_USE", "true");
    for (environment, setting, is_colored) in [
        (pager, "color.ui=auto", true),
        (pager, "color.ui=false", false),
        (pager, "color.diff=never", false),
        (pager, "color.pager=false", false),
        (("TERM", "xterm"), "color.ui=auto", false),
        (("TERM", "dumb"), "color.ui=always", true),
        (("NO_COLOR", "1"), "color.ui=always", false),
    ] {
        let shown = git_with(&project, environment, "", &["-c", setting, "diff"]);
        assert_eq!(shown.contains('\u{1b}'), is_colored, "{environment:?} {setting}: {shown}");
        assert!(shown.contains("itoa"), "{shown}");
    }
}

#[test]
fn what_git_applies_is_made_without_it() {
    let project = project();
    project.put("unknown.lock", "two\n");
    project.put("Cargo.lock", CARGO);
    git_with(&project, ("TERM", "dumb"), "y\ny\n", &["add", "-p"]);
    assert_eq!(project.git(&["diff", "--name-only"]), "");
    git(&project, &["-c", "user.name=t", "-c", "user.email=t@t.example", "stash"]);
    let patch = git(&project, &["diff", "--no-ext-diff", "--no-textconv", "HEAD", "stash@{0}"]);
    project.put("p", &patch);
    project.git(&["apply", "--check", "p"]);
    let patch = git(&project, &["format-patch", "--stdout", "-1", "HEAD~1"]);
    assert!(patch.contains("\n-version = \"1.0.14\"\n+version = \"1.0.15\"\n"), "{patch}");
}

#[test]
fn a_commit_is_shown_with_a_line_of_each_component() {
    let shown = git(&project(), &["show", "--format=", "HEAD~1"]);
    let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("@@")).skip(1).collect();
    let digest = |start: &str| format!("direct runtime https://index.example/crates sha256:{start}");
    assert_eq!(lines[0], " 2 components (cargo-lock)");
    assert!(lines[1].starts_with(&format!("-itoa 1.0.14 {}", digest("d75a2a"))), "{shown}");
    assert!(lines[2].starts_with(&format!("+itoa 1.0.15 {}", digest("d75b2a"))), "{shown}");
    assert!(lines[3].starts_with(" serde 1.0.219") && lines.len() == 6, "{shown}");
}

#[test]
fn only_git_runs_it() {
    let project = project();
    project.run(&["diff", "--git", "a", "b"]).ends(2, &["--git is for git"]);
    project.run(&["diff", ".", ".", "--git", "a"]).ends(2, &["cannot be used with"]);
    project.run(&["diff", "."]).ends(2, &["there is no new side"]);
}
