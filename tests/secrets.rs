//! What looks like a secret in a Dockerfile or a Compose file is in nothing that driftgate prints or writes.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The secret, wherever it may stand.
const SECRET: &str = "hunter2";

const DOCKERFILE: &str = r#"ARG BASE_TOKEN=hunter2
FROM python:3.12.7-slim AS base
ARG TOKEN=hunter2
ARG NPM_TOKEN="hunter2"
ENV API_KEY=hunter2 DB_PASSWORD=hunter2 INDEX=https://me:hunter2@mirror.example/simple
LABEL deploy.secret=hunter2
COPY uv.lock ./
RUN uv sync --frozen
RUN SECRET=hunter2 pip install --index-url https://me:hunter2@mirror.example/simple torch requests
RUN pip install git+https://hunter2@git.example/team/tool.git "b @ https://x:hunter2@files.example/b-1.0.tar.gz"
RUN curl -u me:hunter2 -H "Authorization: Bearer hunter2" https://files.example/latest/x?token=hunter2 | tar x
RUN pip install -r https://me:hunter2@files.example/r.txt $(TOKEN=hunter2 packages)
RUN export PASSWORD='hunter2'; npm i --registry=https://me:hunter2@mirror.example/npm --token hunter2 left-pad
"#;

/// What is wrong is named without its words.
const BROKEN: &str = "FROM python:3.12.7\nENV A=1 TOKEN= hunter2\nTOKEN=hunter2\nENV =hunter2\n";

const COMPOSE: &str = r#"services:
  api:
    build: .
    environment:
      POSTGRES_PASSWORD: hunter2
      DATABASE_URL: postgres://me:hunter2@db/app
  db:
    image: postgres
    environment: ["API_TOKEN=hunter2"]
"#;

const LOCK: &str = r#"version = 1
requires-python = ">=3.12"

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "torch" }]

[[package]]
name = "torch"
version = "2.5.1"
source = { registry = "https://mirror.example/simple" }
wheels = [{ url = "https://mirror.example/torch-2.5.1-cp312-cp312-linux_x86_64.whl", hash = "sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a" }]
"#;

/// Runs driftgate and returns all that it prints.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftgate"));
    let output = command.args(arguments).current_dir(folder).env_clear().output().unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

#[test]
fn secrets_are_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("old")).unwrap();
    fs::write(folder.join("old/Dockerfile"), DOCKERFILE.replace("python:3.12.7", "python:3.12.6")).unwrap();
    fs::write(folder.join("Dockerfile"), DOCKERFILE.replace("python:3.12.7", "python:3.12.6")).unwrap();
    fs::write(folder.join("compose.yaml"), COMPOSE).unwrap();
    fs::write(folder.join("uv.lock"), LOCK).unwrap();
    let mut all = vec![run(folder, &["init"])];
    assert!(folder.join("bom.cdx.json").is_file(), "{}", all[0]);
    fs::write(folder.join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(folder.join("broken.Dockerfile"), BROKEN).unwrap();
    for format in ["terminal", "json", "sarif", "markdown", "cyclonedx-json"] {
        let text = run(folder, &["check", "--format", format, "-v"]);
        assert!(text.contains("torch") || text.contains("python"), "{format}: {text}");
        all.push(text);
        all.push(run(folder, &["diff", "old", ".", "--format", format]));
    }
    for arguments in [
        &["sbom", ".", "--format", "cyclonedx-json", "-o", "-"][..],
        &["why", "torch"],
        &["why", "python"],
        &["gpu", "--driver", "550.54.15", "--gpu", "H100"],
        &["gpu", "--format", "json"],
        &["gpu", "--format", "markdown"],
        &["pin"],
    ] {
        all.push(run(folder, arguments));
    }
    for file in ["bom.cdx.json", "driftgate.toml"] {
        all.push(fs::read_to_string(folder.join(file)).unwrap());
    }
    for text in &all {
        let line = text.lines().find(|line| line.contains(SECRET));
        assert_eq!(line, None, "{text}");
    }
    // It did look: the lines are told of, with the secrets covered.
    let terminal = &all[1];
    assert!(terminal.contains("install-not-locked") && terminal.contains("SECRET=*******"), "{terminal}");
}

/// Bills of other tools name repositories with what lets in, by themselves and in purls; also in what can't be read of them.
#[test]
fn secrets_of_bills_are_nowhere() {
    const URL: &str = "git+https://me:hunter2@git.example/dep.git";
    const ENCODED: &str = "git%2Bhttps%3A%2F%2Fme%3Ahunter2%40git.example%2Fdep.git";
    const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","packages":[
        {"name":"dep","SPDXID":"SPDXRef-URL","versionInfo":"VERSION","downloadLocation":"URL"},
        {"name":"again","SPDXID":"SPDXRef-b","versionInfo":"URL","downloadLocation":"URL@VERSION"},
        {"name":"URL","SPDXID":"SPDXRef-c","downloadLocation":"git+me:hunter2@git.example:dep.git"},
        {"name":"purl","SPDXID":"SPDXRef-d","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/purl@VERSION?vcs_url=ENCODED"}]}]}"#;
    const SPDX_3: &str = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[
        {"type":"software_Package","spdxId":"urn:a","name":"third","software_packageUrl":"pkg:npm/third@VERSION?vcs_url=URL","software_downloadLocation":"URL"}]}"#;
    const TAGS: &str = "SPDXVersion: SPDX-2.2\nPackageName: tagged\nPackageVersion: VERSION\nPackageDownloadLocation: URL@v1\n\
        ExternalRef: PACKAGE-MANAGER purl pkg:npm/tagged?download_url=ENCODED\n";
    const CYCLONEDX: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[
        {"type":"library","name":"cdx","version":"VERSION","bom-ref":"pkg:npm/cdx@VERSION?vcs_url=ENCODED",
         "purl":"pkg:npm/cdx@VERSION?vcs_url=ENCODED","externalReferences":[{"type":"distribution","url":"URL"}]},
        {"type":"library","name":"URL","version":"URL"}]}"#;
    const BROKEN: [(&str, &str); 3] = [
        (
            "b.spdx.json",
            r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"a","SPDXID":"URL"},{"name":"b","SPDXID":"URL"},{"name":"c","versionInfo":["URL"]},
            {"name":"d","checksums":"URL"},{"name":"e","externalRefs":[{"referenceType":"purl","referenceLocator":"npm/e?vcs_url=ENCODED"}]}]}"#,
        ),
        ("b.spdx3.json", r#"{"@graph":[{"type":"software_Package","name":"a","verifiedUsing":["URL"]}]}"#),
        (
            "b.cdx.json",
            r#"{"bomFormat":"CycloneDX","components":[{"name":"a","bom-ref":"a"}],"dependencies":[{"ref":"pkg:npm/a?vcs_url=ENCODED","dependsOn":["URL"]}]}"#,
        ),
    ];
    const GOOD: [(&str, &str); 4] =
        [("a.spdx.json", SPDX), ("a.spdx3.json", SPDX_3), ("a.spdx", TAGS), ("a.cdx.json", CYCLONEDX)];
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (at, version, files) in [("old", "1.0.0", &GOOD[..]), ("new", "1.1.0", &GOOD), ("broken", "1.0.0", &BROKEN)] {
        fs::create_dir(folder.join(at)).unwrap();
        for (name, text) in files {
            let text = text.replace("URL", URL).replace("ENCODED", ENCODED).replace("VERSION", version);
            fs::write(folder.join(at).join(name), text).unwrap();
        }
    }
    let mut all = vec![run(folder, &["check", "old", "--bom", "new/a.cdx.json", "-v"])];
    assert!(all[0].contains("tagged") && all[0].contains("third"), "{}", all[0]);
    let broken = run(folder, &["diff", "broken", "broken"]);
    assert_eq!(broken.matches("***").count(), 6, "{broken}");
    all.push(broken);
    for format in ["terminal", "json", "sarif", "markdown", "cyclonedx-json"] {
        all.push(run(folder, &["diff", "old", "new", "--format", format]));
        all.push(run(folder, &["check", "new", "--bom", "old/a.spdx.json", "--format", format, "-v"]));
        all.push(run(folder, &["check", "broken", "--bom", "old/a.spdx3.json", "--format", format]));
    }
    for arguments in [&["sbom", "new", "--format", "cyclonedx-json", "-o", "-"][..], &["init", "new"], &["why", "dep"]]
    {
        all.push(run(folder, arguments));
    }
    all.push(fs::read_to_string(folder.join("new/bom.cdx.json")).unwrap());
    for text in &all {
        let line = text.lines().find(|line| line.contains(SECRET));
        assert_eq!(line, None, "{text}");
    }
}
