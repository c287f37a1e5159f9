//! Container images as scripts meet them: held to what is locked and pinned, and to each other.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::project::Project;
use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn images_are_pinned_compared_and_judged() {
    let project = Project::empty();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let copy = |from: &str, to: &str| {
        let to = project.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(fixtures.join(from), to).unwrap();
    };
    for file in ["uv.lock", "pyproject.toml", "Dockerfile"] {
        copy(&format!("approved/api/{file}"), &format!("api/{file}"));
    }
    copy("api-image.tar", "api.tar");
    let image = ["--image", "api=api.tar"];
    project.put("driftgate.toml", "[rules]\nfloating-tag = \"allow\"\n");
    assert_eq!(project.run(&[&["pin"][..], &image].concat()).code, 0);
    // Who pins the image has seen that it is not what is locked.
    let ran = project.run(&[&["check"][..], &image].concat()).ends(0, &[]);
    assert!(ran.out.contains("warning[image-lock-mismatch]") && !ran.out.contains("error["), "{}", ran.out);
    // One that is not at hand is not gone, and stays pinned.
    project.run(&["check"]).ends(0, &[]).prints(&["the pinned image api is not at hand and not compared"]);
    let pinned = fs::read(project.path("bom.cdx.json")).unwrap();
    assert_eq!(project.run(&["pin"]).code, 0);
    assert!(
        fs::read(project.path("bom.cdx.json")).unwrap() == pinned,
        "a pin without the image changed what is pinned"
    );
    assert!(String::from_utf8(pinned).unwrap().contains("api!/var/lib/dpkg/status"));
    // An image by itself: an SBOM, a stack, a tree to compare.
    let ran = project.run(&["sbom", "api.tar"]).ends(0, &[]);
    assert!(ran.out.contains("pkg:deb/ubuntu/libc6@2.39-0ubuntu8.4?arch=amd64&distro=ubuntu-24.04"), "{}", ran.out);
    project.run(&["gpu", "api.tar", "--driver", "450.80.02", "--gpu", "V100"]).ends(0, &[]).prints(&["525.60.13"]);
    project.run(&["diff", "api.tar", "api.tar"]).ends(0, &[]).prints(&["no changes"]);
    for (arguments, error) in [
        (vec!["check", "--image", "api.tar"], "it takes NAME=FILE"),
        (vec!["check", "--image", "../api=api.tar"], "a name is a path in the tree"),
        (vec!["check", "--image", "api=driftgate.toml"], "this is no container image"),
        (vec!["check", "--image", "ap=api.tar"], "the tree has nothing there, and the BOM pins no image of that name"),
        (vec!["check", "--image", "api=docker://x"], "driftgate fetches nothing; `skopeo copy docker://x"),
        (vec!["check", "--image", "api=api.tar", "--image", "api/=api.tar"], "--image api is given twice"),
        (vec!["sbom", "api.tar", "--platform", "linux/arm64"], "it holds no image that is asked for"),
        (vec!["sbom", "api.tar#other:1"], "registry.example/ml/inference-api:1.4.0 (linux/amd64)"),
        (vec!["sbom", "driftgate.toml#x"], "is no container image"),
    ] {
        project.run(&arguments).ends(2, &[error]);
    }
    project.run(&["sbom", "api.tar#inference-api:1.4.0"]).ends(0, &[]);
    // A folder of the tree does not pass for an image, nor a project for an environment.
    project.put("evil!/requirements.txt", "evil==6.6.6\n");
    let told = "evil!/requirements.txt:1:1: stands in a folder whose name ends with `!`";
    project.run(&["check"]).ends(2, &[]).prints(&[told]);
    fs::remove_dir_all(project.path("evil!")).unwrap();
    project.put("pyvenv.cfg", "");
    project.put("lib/requirements.txt", "evil==6.6.6\n");
    project.run(&["check"]).ends(1, &[]).prints(&["subject-added"]);
    fs::remove_dir_all(project.path("lib")).unwrap();
    // A damaged one is told of, and nothing is pinned of it.
    let mut bytes = fs::read(project.path("api.tar")).unwrap();
    let at = bytes.windows(2).position(|pair| pair == [0x1f, 0x8b]).unwrap();
    bytes[at + 40] ^= 1;
    fs::write(project.path("api.tar"), bytes).unwrap();
    project.run(&[&["check"][..], &image].concat()).ends(2, &[]).prints(&["error: api.tar:1:1: layer "]);
    project.run(&[&["pin"][..], &image].concat()).ends(2, &["nothing was pinned"]);
}

/// Writes an image as `docker save` does: layers of files, each with the command that made it.
fn saved(layers: &[(&str, &[(&str, &str)])]) -> Vec<u8> {
    let archive = |files: &[(String, Vec<u8>)]| {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, content.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    };
    let mut files = Vec::new();
    let (mut history, mut diff_ids) = (Vec::new(), Vec::new());
    for (number, (command, content)) in layers.iter().enumerate() {
        let content: Vec<(String, Vec<u8>)> =
            content.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let bytes = archive(&content);
        let hex: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        diff_ids.push(format!("sha256:{hex}"));
        history.push(serde_json::json!({"created_by": command}));
        files.push((format!("{number}/layer.tar"), bytes));
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}]);
    let config = serde_json::json!({"os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history});
    files.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
    files.push(("config.json".to_owned(), config.to_string().into_bytes()));
    archive(&files)
}

fn metadata(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
}

fn status(packages: &[(&str, &str)]) -> String {
    let stanza = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    packages.iter().map(stanza).collect()
}

#[test]
fn images_are_held_to_what_is_locked() {
    let project = Project::empty();
    project.put("api/requirements.txt", "idna==3.7\nrequests==2.31.0\n");
    project.put(
        "api/Dockerfile",
        "FROM scratch\nCOPY requirements.txt .\nRUN pip install --no-deps -r requirements.txt\n",
    );
    project.put("driftgate.toml", "[rules]\nintegrity-missing = \"allow\"\n");
    assert_eq!(project.run(&["pin"]).code, 0);
    let venv = |name: &str, version: &str| {
        format!("opt/venv/lib/python3.12/site-packages/{name}-{version}.dist-info/METADATA")
    };
    let check = |layers: &[(&str, &[(&str, &str)])]| {
        fs::write(project.path("api.tar"), saved(layers)).unwrap();
        project.run(&["check", "--image", "api=api.tar"])
    };
    let (idna, requests) = (metadata("idna", "3.7"), metadata("requests", "2.31.0"));
    let (idna_path, requests_path) = (venv("idna", "3.7"), venv("requests", "2.31.0"));
    let locked: &[(&str, &str)] = &[(&idna_path, &idna), (&requests_path, &requests)];
    let install = "RUN /bin/sh -c pip install --no-deps -r requirements.txt # buildkit";
    check(&[(install, locked)])
        .ends(0, &[])
        .prints(&["2 packages locked and installed as approved", "not pinned: api"]);
    // Another project's image, or one that its build left empty.
    let (flask, path) = (metadata("flask", "3.0.0"), venv("flask", "3.0.0"));
    check(&[(install, &[(&path, &flask)])]).ends(1, &[]).prints(&[
        "error[image-lock-mismatch]: nothing that is installed in the image api holds half of what api/requirements.txt locks",
    ]);
    // Built from another state of the lockfile: no command of the build is to blame.
    let (old, path) = (metadata("idna", "3.6"), venv("idna", "3.6"));
    check(&[(install, &[(&path, &old), (&requests_path, &requests)])]).ends(1, &[]).prints(&[
        "the image api was built from another state of api/requirements.txt",
        "build the image again",
        "idna     3.7       3.7     3.6        the image was built from another state of the lockfile (layer 1)",
    ]);
    // Replaced by a later command, whose secrets are covered.
    let gone = "opt/venv/lib/python3.12/site-packages/.wh.idna-3.7.dist-info";
    let later = "RUN |1 TOKEN=hunter2 /bin/sh -c pip install --index-url https://bob:s3cret@mirror.example/simple idna==3.6 # buildkit";
    let ran = check(&[(install, locked), (later, &[(gone, ""), (&path, &old)])]).ends(1, &[]);
    let ran = ran.prints(&["take out of the build what installs idna beside the lockfile", "replaced in the image"]);
    assert!(!ran.out.contains("hunter2") && !ran.out.contains("s3cret"), "{}", ran.out);
    // Beside the environment that the lockfile is installed into.
    let (tool, beside) =
        (metadata("debugpy", "1.8.1"), "usr/local/lib/python3.12/site-packages/debugpy-1.8.1.dist-info/METADATA");
    check(&[(install, locked), ("RUN pip install debugpy", &[(beside, &tool)])]).ends(0, &[]).prints(&[
        "warning[image-extra-package]: debugpy 1.8.1 is in the image api, beside what its lockfile is installed into",
        "layer 2 brought it: RUN pip install debugpy",
    ]);
    // What the policy says of the service holds for its image.
    project.put(
        "driftgate.toml",
        "[rules]\nintegrity-missing = \"allow\"\n[[override]]\npath = \"api/**\"\nrules = { image-lock-mismatch = \"warn\" }\n",
    );
    check(&[(install, &[(&path, &old), (&requests_path, &requests)])])
        .ends(0, &[])
        .prints(&["warning[image-lock-mismatch]"]);
    project.put("driftgate.toml", "[scan]\nexclude = [\"api!/opt/**\"]\n[rules]\nintegrity-missing = \"allow\"\n");
    check(&[(install, locked)]).ends(1, &[]).prints(&["nothing that is installed in the image api"]);
}

#[test]
fn two_images_are_compared() {
    let project = Project::empty();
    let release = |version: &str| format!("ID=debian\nVERSION_ID=\"{version}\"\n");
    let image = |python: &str, version: &str, packages: &[(&str, &str)], release: &str| {
        let path = format!("usr/local/lib/{python}/site-packages/idna-{version}.dist-info/METADATA");
        let (status, metadata) = (status(packages), metadata("idna", version));
        let base = [("usr/lib/os-release", release), ("var/lib/dpkg/status", &status)];
        saved(&[("ADD file:1 in /", &base), ("RUN pip install idna", &[(&path, &metadata)])])
    };
    let old = image("python3.11", "3.6", &[("libc6", "2.36-9"), ("bash", "5.2-1")], &release("12"));
    let new = image("python3.12", "3.7", &[("libc6", "2.41-1"), ("bash", "5.2-1")], &release("13"));
    fs::write(project.path("old.tar"), old).unwrap();
    fs::write(project.path("new.tar"), new).unwrap();
    project.run(&["diff", "old.tar", "new.tar"]).ends(0, &[]).prints(&[
        "var/lib/dpkg/status: from debian-12 to debian-13, 1 package of the system changed, by layer 1: ADD file:1 in /",
        "~ libc6 2.36-9 → 2.41-1",
        "~ idna 3.6 → 3.7",
        "2 upgraded",
    ]);
    let ran = project.run(&["sbom", "old.tar"]).ends(0, &[]);
    let bom: Value = serde_json::from_str(&ran.out).unwrap();
    let about = &bom["metadata"]["component"];
    assert_eq!((&about["type"], &about["name"]), (&"container".into(), &"app".into()));
    let purl = about["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:oci/app@sha256") && purl.ends_with("?arch=amd64&os=linux&tag=1"), "{purl}");
}
