//! Trees: what is listed and opened, what is left alone, and what the gate makes of it.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::read_memory;
use driftgate::discover::{self, Read, Scan};
use driftgate::source::{Open, Sources};
use driftgate::tree::{Enter, Folder, Memory, Revision, Single, Tree};
use driftgate::{Side, bom};
use globset::{Glob, GlobSet};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn walked(tree: impl Tree + 'static) -> Read {
    let tree: Arc<dyn Tree> = Arc::new(tree);
    discover::read(&Sources::default(), &tree, &Scan::default()).unwrap()
}

fn named(tree: impl Tree + 'static, path: &str) -> Read {
    let tree: Arc<dyn Tree> = Arc::new(tree);
    discover::read_file(&Sources::default(), &tree, path).unwrap()
}

fn memory(files: &[(&str, &str)]) -> Memory {
    Memory::new(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())))
}

fn listed(root: &Path) -> Vec<String> {
    Folder::new(root).unwrap().list(&(Arc::new(|_: &str| true) as Enter), false).unwrap().files
}

/// Returns each subject with its components' purls.
fn told(read: Read) -> Vec<String> {
    let side = read.side();
    let subjects = side.graph.subjects().iter();
    subjects
        .map(|subject| {
            let purls: Vec<&str> = subject.components().map(|node| node.component.purl.as_str()).collect();
            format!("{}: {}", subject.path, purls.join(" "))
        })
        .collect()
}

fn problems(read: &Read) -> Vec<String> {
    read.problems.iter().map(ToString::to_string).collect()
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").current_dir(folder).args(identity).args(arguments).status().unwrap();
    assert!(status.success(), "git {arguments:?}");
}

/// Returns a BOM of driftgate's own with these subjects, each of a format.
fn own(subjects: &[(&str, &str)]) -> String {
    let subject = |(index, (path, format)): (usize, &(&str, &str))| {
        format!(
            r#"{{"type":"file","bom-ref":"{index}","name":"{path}","properties":[{{"name":"driftgate:subject","value":"{format}"}}]}}"#
        )
    };
    let subjects: Vec<String> = subjects.iter().enumerate().map(subject).collect();
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{{"properties":[{{"name":"driftgate:schema","value":"1"}}],
"component":{{"type":"application","name":"tree","components":[{}]}}}},"components":[]}}"#,
        subjects.join(",")
    )
}

const PINNED: &str = "left==1.0\n";

#[test]
fn a_bom_of_our_own_in_a_walked_tree_is_no_subject() {
    let side: Side = read_memory(&[("requirements.txt", b"left==0.9\n")], &Sources::default());
    let bytes = String::from_utf8(bom::write(&side.graph, &Default::default()).unwrap()).unwrap();
    let files = [("requirements.txt", PINNED), ("z/z.cdx.json", bytes.as_str())];
    let read = walked(memory(&files));
    assert_eq!(read.notes, ["z/z.cdx.json is a BOM of driftgate's own and no subject"]);
    assert_eq!(problems(&read), [""; 0]);
    assert_eq!(told(read), ["requirements.txt: pkg:pypi/left@1.0"]);

    let read = named(memory(&files), "z/z.cdx.json");
    assert_eq!(read.notes, [""; 0]);
    assert_eq!(told(read), ["requirements.txt: pkg:pypi/left@0.9"]);

    // One without subjects, and one that takes the path of a file but poses as another format.
    let files = [("a.cdx.json", own(&[])), ("b.cdx.json", own(&[("b.cdx.json", "poetry-lock")]))];
    let read = walked(memory(&files.each_ref().map(|(path, text)| (*path, text.as_str()))));
    assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
    assert_eq!(told(read), [""; 0]);
}

#[test]
fn a_subject_that_stands_twice_is_a_problem_and_none_is_picked() {
    let text = own(&[("a/uv.lock", "uv-lock"), ("a/uv.lock", "uv-lock"), ("b/uv.lock", "uv-lock")]);
    let read = named(memory(&[("bom.json", &text)]), "bom.json");
    assert_eq!(read.inventories.iter().map(|one| one.subject).collect::<Vec<_>>(), ["b/uv.lock"]);
    assert!(problems(&read).iter().any(|problem| problem.contains("the subject \"a/uv.lock\" stands twice")));
    assert!(read.unread.contains("a/uv.lock"));
}

#[test]
fn a_bom_brings_no_manifest_and_is_not_joined_with_those_beside_it() {
    let text = own(&[("Cargo.toml", "cargo-toml"), ("Cargo.lock", "cargo-lock")]);
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[dependencies]\nb = \"1\"\n";
    let read = named(memory(&[("bom.json", &text), ("Cargo.toml", manifest)]), "bom.json");
    assert_eq!(problems(&read), [""; 0]);
    let formats: Vec<_> = read.inventories.iter().map(|one| (one.subject, one.format)).collect();
    assert_eq!(formats, [("Cargo.lock", "cargo-lock"), ("Cargo.toml", "cyclonedx-json")]);
}

#[test]
fn a_file_of_a_revision_sees_its_neighbours() {
    let root = folder(&[
        ("app/requirements.txt", "-r base.txt\n-r sub/more.txt\nleft==1.0\n"),
        ("app/base.txt", "right==2.0\n"),
        ("app/sub/more.txt", "up==3.0\n"),
        ("pyproject.toml", "[project]\nname = \"a\"\n"),
        ("poetry.lock", "[metadata]\nlock-version = \"2.1\"\n"),
    ]);
    git(root.path(), &["init", "-q"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "-q", "-m", "x"]);
    for (spec, from, name) in [
        ("HEAD:app/requirements.txt", "", "requirements.txt"),
        ("HEAD:./requirements.txt", "app", "requirements.txt"),
        ("HEAD:poetry.lock", "app", "poetry.lock"),
        ("HEAD:../poetry.lock", "app", "poetry.lock"),
    ] {
        let revision = Revision::new(&root.path().join(from), spec).unwrap();
        assert_eq!(revision.file(), Some(name), "{spec}");
        if name == "poetry.lock" {
            assert!(revision.has("pyproject.toml"), "{spec}");
            continue;
        }
        assert!(!revision.has("poetry.lock"), "{spec}");
        let there = named(revision, name);
        assert_eq!(problems(&there), [""; 0], "{spec}");
        let here = named(Single::new(&root.path().join("app/requirements.txt")).unwrap(), name);
        let there = told(there);
        assert_eq!(there, ["requirements.txt: pkg:pypi/left@1.0 pkg:pypi/right@2.0 pkg:pypi/up@3.0"], "{spec}");
        assert_eq!(there, told(here));
    }
    let index = Revision::new(root.path(), ":app/base.txt").unwrap();
    assert_eq!(index.file(), Some("base.txt"));
    assert_eq!(index.open("base.txt").unwrap(), b"right==2.0\n");
    assert!(Revision::new(root.path(), "HEAD:app").unwrap().file().is_none());
}

/// What a file is joined with counts, though it is a subject itself and is not looked at for its own sake.
#[test]
fn what_a_file_is_joined_with_is_read_though_it_is_left_out() {
    let (a, b) = ("module e.org/a\n\nrequire e.org/x v1.0.0\n", "module e.org/b\n\nrequire e.org/x v1.1.0\n");
    let digest = format!("{}=", "A".repeat(43));
    let sum = format!("e.org/x v1.1.0 h1:{digest}\n");
    let files = [
        ("go.work", "go 1.24\n\nuse (\n\t./a/ // first\n\tb\n)\n"),
        ("a/go.mod", a),
        ("b/go.mod", b),
        ("b/go.sum", &sum),
    ];
    let work = "go.work: pkg:golang/e.org/a pkg:golang/e.org/b pkg:golang/e.org/x@v1.1.0";
    let root = folder(&files);
    git(root.path(), &["init", "-q"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "-q", "-m", "x"]);
    let by_name = |read: Read| {
        assert_eq!(problems(&read), [""; 0]);
        assert!(read.inventories.iter().all(|inventory| inventory.says.integrity), "the members' go.sum is read");
        assert_eq!(told(read), [work]);
    };
    by_name(named(Single::new(&root.path().join("go.work")).unwrap(), "go.work"));
    by_name(named(Revision::new(root.path(), "HEAD:go.work").unwrap(), "go.work"));
    by_name(named(memory(&files), "go.work"));
    // Left out by the policy.
    let tree: Arc<dyn Tree> = Arc::new(memory(&files));
    let exclude = GlobSet::new([Glob::new("b/**").unwrap()]).unwrap();
    let read = discover::read(&Sources::default(), &tree, &Scan { exclude, ..Scan::default() }).unwrap();
    assert_eq!(problems(&read), [""; 0]);
    assert_eq!(told(read), ["a/go.mod: pkg:golang/e.org/a pkg:golang/e.org/x@v1.0.0", work]);
    // Left out by git, which does not track it.
    git(root.path(), &["rm", "-q", "-r", "--cached", "b"]);
    fs::write(root.path().join(".gitignore"), "/b/\n").unwrap();
    let read = walked(Folder::new(root.path()).unwrap());
    assert_eq!(problems(&read), [""; 0]);
    assert_eq!(told(read).len(), 2);
    fs::remove_file(root.path().join("b/go.mod")).unwrap();
    let read = walked(Folder::new(root.path()).unwrap());
    assert_eq!(problems(&read), ["go.work:5:2: no go.mod in b, which go.work uses"]);
    let lock = "# This is a Gradle generated file for dependency locking.\ng:a:1.0=runtimeClasspath\nempty=\n";
    let verified = "<verification-metadata><components><component group=\"g\" name=\"a\" version=\"1.0\"/></components>\
                    </verification-metadata>";
    let gradle = memory(&[("p/gradle.lockfile", lock), ("gradle/verification-metadata.xml", verified)]);
    let read = named(gradle, "p/gradle.lockfile");
    assert!(read.inventories[0].says.integrity);
    assert_eq!(told(read), ["p/gradle.lockfile: pkg:maven/g/a@1.0"]);
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_tree_is_opened() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret.txt", "token==1.0\n")]);
    let root = folder(&[
        ("requirements.txt", "-r out.txt\n-r pipe.txt\n-r over/secret.txt\n-r dir\n-r in.txt\nleft==1.0\n"),
        ("real.txt", "right==2.0\n"),
        ("dir/x", ""),
    ]);
    let at = |name: &str| root.path().join(name);
    symlink(outside.path().join("secret.txt"), at("out.txt")).unwrap();
    symlink(outside.path(), at("over")).unwrap();
    symlink("real.txt", at("in.txt")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.txt")).status().unwrap().success());
    let linked = outside.path().join("linked");
    symlink(root.path(), &linked).unwrap();
    let all = "requirements.txt: pkg:pypi/left@1.0 pkg:pypi/right@2.0";
    for read in [
        walked(Folder::new(root.path()).unwrap()),
        walked(Folder::new(&linked).unwrap()),
        named(Single::new(&at("requirements.txt")).unwrap(), "requirements.txt"),
    ] {
        let problems = problems(&read);
        for expected in [
            "out.txt:1:1: is a link that leads out of the folder; such files are not read",
            "over/secret.txt:1:1: is a link that leads out of the folder; such files are not read",
            "pipe.txt:1:1: is no regular file; what comes through a pipe is read as `-`",
            "dir:1:1: is no regular file; what comes through a pipe is read as `-`",
        ] {
            assert!(problems.iter().any(|problem| problem == expected), "{expected}: {problems:?}");
        }
        assert_eq!(told(read), [all]);
    }
    let folder = Folder::new(root.path()).unwrap();
    for path in ["../secret.txt", "/dev/null", "out.txt", "pipe.txt", "dir", "none"] {
        assert!(folder.open(path).is_err() && !folder.has(path), "{path}");
    }
    assert!(folder.has("in.txt"));
    // What is named by hand may be a link.
    assert!(Single::new(&at("out.txt")).unwrap().open("out.txt").is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_there() {
    let read = walked(memory(&[("a/uv.lock", "no toml"), ("package.json", "{"), ("requirements.txt", PINNED)]));
    assert_eq!(read.problems.len(), 2);
    assert_eq!(read.unread.iter().copied().collect::<Vec<_>>(), ["a/uv.lock"]);
    let side = read.side();
    assert!(side.is_unread("a/uv.lock") && !side.is_unread("requirements.txt") && !side.is_unread("b"));
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_a_problem_and_the_rest_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder(&[("requirements.txt", PINNED), ("shut/deep/requirements.txt", PINNED)]);
    let shut = root.path().join("shut");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
    // Nothing is shut to root.
    if fs::read_dir(&shut).is_err() {
        let read = walked(Folder::new(root.path()).unwrap());
        assert_eq!(problems(&read), ["shut:1:1: cannot be listed: permission denied"]);
        let side = read.side();
        assert_eq!(side.graph.subjects().len(), 1);
        assert!(side.is_unread("shut/deep/requirements.txt"));
    }
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn weights_are_the_same_however_they_are_there() {
    let pointer = "version https://git-lfs.github.com/spec/v1\n\
                   oid sha256:411a485216e432ece6b9af94fa32154cf79a2a56d4f81266baa50063f45092bd\nsize 10\n";
    let weights = "\u{2}\0\0\0\0\0\0\0{}";
    let said = |read: Read| {
        let side = read.side();
        let nodes = side.graph.components();
        nodes.map(|node| format!("{}: {:?}", node.subject.path, node.component)).collect::<Vec<_>>()
    };
    let files = |text| [("m/a.safetensors", text), ("m/notes.gguf", "no weights")];
    let expected = said(walked(memory(&files(pointer))));
    assert_eq!(expected.len(), 1, "{expected:?}");
    assert_eq!(said(walked(memory(&files(weights)))), expected, "in memory");
    let root = folder(&files(weights));
    assert_eq!(said(walked(Folder::new(root.path()).unwrap())), expected, "in a folder");
    git(root.path(), &["init", "-q"]);
    git(root.path(), &["add", "."]);
    git(root.path(), &["commit", "-qm", "one"]);
    assert_eq!(said(walked(Revision::new(root.path(), "HEAD").unwrap())), expected, "in a commit");
    // A root file system, as one that was copied out of an image.
    let mut installed = files(weights).to_vec();
    installed.push(("etc/os-release", "ID=debian\nVERSION_ID=12\n"));
    let found = said(walked(Folder::new(folder(&installed).path()).unwrap()));
    assert!(found.contains(&expected[0]), "{found:?}");
    // Named by hand, with what is wrong with one that is no weights.
    let single = Single::new(&root.path().join("m/a.safetensors")).unwrap();
    assert_eq!(said(named(single, "a.safetensors")).len(), 1);
    let other = Memory::new([("a.gguf".to_owned(), vec![0xff, 0])]);
    assert_eq!(problems(&named(other, "a.gguf")), ["a.gguf:1:1: byte 0xff is not UTF-8"]);
}

#[test]
fn only_the_repository_says_what_is_ignored() {
    let root = folder(&[
        (".gitignore", "uv.lock\n"),
        (".ignore", "*\n"),
        ("repo/.gitignore", "/app/gone\n*.skip\n/top\nback*\n"),
        ("repo/.git/info/exclude", "keep\n"),
        ("repo/app/.gitignore", "own\n!back\n"),
        ("repo/app/uv.lock", ""),
        ("repo/app/keep", ""),
        ("repo/app/gone", ""),
        ("repo/app/sub/gone", ""),
        ("repo/app/top", ""),
        ("repo/app/a.skip", ""),
        ("repo/app/own", ""),
        ("repo/app/back", ""),
        ("plain/uv.lock", ""),
    ]);
    assert_eq!(listed(&root.path().join("repo/app")), ["back", "keep", "sub/gone", "top", "uv.lock"]);
    assert_eq!(listed(&root.path().join("plain")), ["uv.lock"]);
}

#[test]
fn the_order_of_paths_does_not_change_what_is_joined() {
    let chain = |names: [&str; 3]| {
        let path = |name: &str| format!("requirements-{name}.txt");
        let texts = [
            format!("-r {}\none==1\n", path(names[1])),
            format!("-r {}\n-c {}\ntwo==2\n", path(names[2]), path(names[1])),
            format!("-r {}\nthree==3\n", path(names[0])),
        ];
        let files: Vec<(String, String)> = names.iter().map(|name| path(name)).zip(texts).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let read = walked(memory(&files));
        let mut said = problems(&read);
        for inventory in &read.inventories {
            let role = names.iter().position(|name| path(name) == inventory.subject).unwrap();
            let mut parts: Vec<&str> =
                inventory.nodes.iter().filter_map(|node| Some(node.component?.purl.as_str())).collect();
            parts.sort_unstable();
            said.push(format!("{role}: {} {}", parts.join(" "), inventory.declared.len()));
        }
        said.sort();
        said
    };
    let first = chain(["a", "b", "c"]);
    assert_eq!(first.len(), 3, "{first:?}");
    for names in [["a", "c", "b"], ["b", "a", "c"], ["b", "c", "a"], ["c", "a", "b"], ["c", "b", "a"]] {
        assert_eq!(chain(names), first, "{names:?}");
    }
}

#[test]
fn what_git_tracks_is_read_whatever_pattern_matches_it() {
    let root = folder(&[
        (".gitignore", "svc/\n"),
        (".ignore", "kept\n"),
        ("svc/requirements.txt", PINNED),
        ("svc/sub/requirements.txt", PINNED),
        ("svc/new/requirements.txt", PINNED),
        ("svc/gone/requirements.txt", PINNED),
        ("svc/node_modules/x/requirements.txt", PINNED),
        ("kept/requirements.txt", PINNED),
    ]);
    git(root.path(), &["init", "-q"]);
    let tracked = ["svc/requirements.txt", "svc/sub/requirements.txt", "svc/gone/requirements.txt"];
    git(root.path(), &["add", "-f", "svc/node_modules/x/requirements.txt", tracked[0], tracked[1], tracked[2]]);
    fs::write(root.path().join(tracked[0]), "left==2.0\n").unwrap();
    fs::remove_file(root.path().join(tracked[2])).unwrap();
    let read = walked(Folder::new(root.path()).unwrap());
    assert_eq!((problems(&read), &read.notes), (vec![], &vec![]));
    let expected = [
        "kept/requirements.txt: pkg:pypi/left@1.0",
        "svc/requirements.txt: pkg:pypi/left@2.0",
        "svc/sub/requirements.txt: pkg:pypi/left@1.0",
    ];
    assert_eq!(told(read), expected);
    // Of a folder below, with the repository's root above.
    let read = walked(Folder::new(&root.path().join("svc/sub")).unwrap());
    assert_eq!(told(read), ["requirements.txt: pkg:pypi/left@1.0"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_read_where_it_leads_or_is_a_problem() {
    use std::os::unix::fs::symlink;
    let root = folder(&[
        ("requirements.txt", PINNED),
        ("locks/a.list", "right==1.0\n"),
        ("vendor/x/requirements.txt", "up==1.0\n"),
        ("models/kept/a", ""),
    ]);
    let link = |to: &str, path: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(to, path).unwrap();
    };
    // To what is read where it stands, to what is read nowhere, over a folder that is a link.
    link("../requirements.txt", "same/requirements.txt");
    link("../locks/a.list", "named/requirements.txt");
    link("../vendor/x/requirements.txt", "hidden/requirements.txt");
    link("vendor", "over");
    link("../over/x/requirements.txt", "through/requirements.txt");
    // To a folder, and what is no subject by its name.
    link("../locks", "folder/requirements.txt");
    link("/nowhere/notes.md", "notes.md");
    link("/nowhere/a.gguf", "models/a.gguf");
    let expected = [
        "hidden/requirements.txt: pkg:pypi/up@1.0",
        "named/requirements.txt: pkg:pypi/right@1.0",
        "requirements.txt: pkg:pypi/left@1.0",
        "through/requirements.txt: pkg:pypi/up@1.0",
    ];
    git(root.path(), &["init", "-q"]);
    let commit = || {
        git(root.path(), &["add", "."]);
        git(root.path(), &["commit", "-qm", "x"]);
        Revision::new(root.path(), "HEAD").unwrap()
    };
    let read = walked(Folder::new(root.path()).unwrap());
    assert_eq!((problems(&read), told(read)), (vec![], expected.map(str::to_owned).to_vec()));
    let read = walked(commit());
    assert_eq!((problems(&read), told(read)), (vec![], expected.map(str::to_owned).to_vec()), "in a commit");

    let outside = folder(&[("requirements.txt", "secret==1.0\n")]);
    link(outside.path().join("requirements.txt").to_str().unwrap(), "out/requirements.txt");
    link("nothing", "dangling/requirements.txt");
    link("b.txt", "loop/requirements.txt");
    link("requirements.txt", "loop/b.txt");
    let read = walked(Folder::new(root.path()).unwrap());
    let expected = [
        "dangling/requirements.txt:1:1: is a link that leads to no file",
        "loop/requirements.txt:1:1: is a link that leads to no file",
        "out/requirements.txt:1:1: is a link that leads out of the folder; such files are not read",
    ];
    assert_eq!(problems(&read), expected);
    assert!(read.side().is_unread("out/requirements.txt"));
    let read = walked(commit());
    let expected = ["dangling", "loop", "out"]
        .map(|at| format!("{at}/requirements.txt:1:1: is a link that leads to no file of HEAD"));
    assert_eq!(problems(&read), expected, "in a commit");
}
