//! The GitHub action: its steps, run with what Actions sets and a `gh` that writes down what it is asked.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use common::path;
use common::project::Project;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Keeps its arguments, and the file that it is given, in two files a call. Where it is asked for comments, it says what
/// it is asked to of each page that is there.
const GH: &str = r#"#!/usr/bin/env bash
number=$(ls "$CALLS" | grep -c words)
printf '%s\n' "$@" "host $GH_HOST" "token $GH_TOKEN" "enterprise $GH_ENTERPRISE_TOKEN" >"$CALLS/$number.words"
for argument; do
  case $argument in *=@*) cp "${argument#*=@}" "$CALLS/$number.body" ;; esac
done
if [ -n "${REFUSES:-}" ]; then
  echo "gh: Resource not accessible by integration (HTTP 403)" >&2
  exit 1
fi
while [ $# -gt 0 ] && [ "$1" != --jq ]; do shift; done
if [ $# -gt 0 ]; then
  for page in "$CALLS"/../page.*; do
    [ ! -e "$page" ] || jq -r "$2" <"$page"
  done
fi
"#;

/// A call of `gh`.
#[derive(Debug)]
struct Call {
    words: Vec<String>,
    body: String,
}

impl Call {
    /// Says whether these words are among those of the call, one after the other.
    fn has(&self, words: &[&str]) -> bool {
        self.words.windows(words.len()).any(|some| some == words)
    }
}

/// A job of Actions: a checked out project, what happened to it, and the runner's folder, kept from step to step.
struct Job {
    project: Project,
    runner: TempDir,
    /// The context `github`, of which expressions in `action.yml` are made.
    github: Value,
    settings: Vec<(&'static str, String)>,
}

struct Ran {
    code: i32,
    out: String,
    err: String,
    calls: Vec<Call>,
    outputs: String,
    summary: String,
    /// The reports' folder.
    reports: String,
}

impl Job {
    /// A job of pull request 5, whose branch is in the repository itself.
    fn of(project: Project) -> Self {
        let pull = json!({ "number": 5, "head": { "sha": "a".repeat(40), "repo": { "full_name": "acme/app" } } });
        let github = json!({ "token": "t0ken", "event": { "pull_request": pull } });
        let runner = tempfile::tempdir().unwrap();
        fs::create_dir(runner.path().join("temp")).unwrap();
        let job = Job { project, runner, github, settings: Vec::new() };
        job.program("gh", GH);
        job
    }

    /// The same, with something that Actions sets.
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.push((name, value.into()));
        self
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.runner.path().join(name)
    }

    /// Puts a program before all others.
    fn program(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at("bin")).unwrap();
        let file = self.at("bin").join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts comments there, a page after the other: number, whether this token wrote it, text.
    fn comments(&self, pages: &[&[(u64, bool, &str)]]) {
        for (number, page) in pages.iter().enumerate() {
            let node = |(id, is_ours, body): &(u64, bool, &str)| {
                let url = format!("https://github.com/acme/app/pull/5#issuecomment-{id}");
                json!({ "url": url, "viewerDidAuthor": is_ours, "body": body })
            };
            let nodes: Vec<Value> = page.iter().map(node).collect();
            let page = json!({ "data": { "repository": { "pullRequest": { "comments": { "nodes": nodes } } } } });
            fs::write(self.at(&format!("page.{number}")), page.to_string()).unwrap();
        }
    }

    /// Returns what an expression of `action.yml` comes to, as the runner has it: nothing for what is not there.
    fn value(&self, inputs: &Value, text: &str) -> String {
        let Some(path) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
            return text.to_owned();
        };
        let context = json!({ "inputs": inputs, "github": self.github });
        match path.split('.').fold(&context, |value, name| &value[name]) {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Runs a step of the action, given inputs beside their defaults.
    fn step(&self, name: &str, given: &[(&str, &str)]) -> Ran {
        let action: Value = serde_saphyr::from_str(&fs::read_to_string(path("action.yml")).unwrap()).unwrap();
        let mut inputs = json!({});
        for (name, input) in action["inputs"].as_object().unwrap() {
            assert!(input["description"].is_string(), "{name}");
            inputs[name] = json!(self.value(&json!({}), input["default"].as_str().unwrap()));
        }
        for (name, value) in given {
            assert!(inputs[*name].is_string(), "there is no input {name}");
            inputs[*name] = json!(value);
        }
        let steps = action["runs"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["name"] == name).unwrap();
        let calls = self.at("calls");
        let _ = fs::remove_dir_all(&calls);
        fs::create_dir(&calls).unwrap();
        for file in ["outputs", "summary"] {
            let _ = fs::remove_file(self.at(file));
        }
        let mut command = Command::new("bash");
        command
            // As `shell: bash` runs a step.
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"].as_str().unwrap()])
            .current_dir(self.project.folder.path())
            .env_clear()
            .env("PATH", format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap()))
            .env("CALLS", &calls)
            .env("RUNNER_TEMP", self.at("temp"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", path(""))
            .env("GITHUB_WORKSPACE", self.project.folder.path())
            .env("GITHUB_OUTPUT", self.at("outputs"))
            .env("GITHUB_STEP_SUMMARY", self.at("summary"))
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_REPOSITORY", "acme/app")
            .env("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")
            .env("GITHUB_EVENT_NAME", "pull_request")
            .env("GITHUB_REF", "refs/pull/5/merge");
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, self.value(&inputs, value.as_str().unwrap()));
        }
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let read = |name: &str| fs::read_to_string(self.at(name)).unwrap_or_default();
        let amount = fs::read_dir(&calls).unwrap().filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|ending| ending == "words"))
        });
        let call = |number: usize| Call {
            words: read(&format!("calls/{number}.words")).lines().map(str::to_owned).collect(),
            body: read(&format!("calls/{number}.body")),
        };
        let outputs = read("outputs");
        let reports = outputs.lines().find_map(|line| line.strip_prefix("report=")).unwrap_or_default().to_owned();
        Ran {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
            calls: (0..amount.count()).map(call).collect(),
            outputs,
            summary: read("summary"),
            reports,
        }
    }

    /// Runs the check, with the driftgate that is tested here.
    fn check(&self, given: &[(&str, &str)]) -> Ran {
        self.step("Check", &[&[("binary", env!("CARGO_BIN_EXE_driftgate"))], given].concat())
    }
}

fn drifted() -> Project {
    let project = Project::pinned();
    let lock = fs::read_to_string(project.path("Cargo.lock")).unwrap();
    project.put("Cargo.lock", &lock.replace("1.0.219", "1.0.228"));
    project
}

/// A project whose policy in `svc` ends early.
fn broken() -> Project {
    let project = Project::pinned();
    project.put("svc/driftgate.toml", "version = 1\n[gate\n");
    project
}

/// Returns what code scanning was sent.
fn analysis(call: &Call) -> Value {
    let packed = base64::engine::general_purpose::STANDARD.decode(&call.body).unwrap();
    serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_slice())).unwrap()
}

/// Says whether this machine has what the action uses of its runner's.
fn has_jq() -> bool {
    let has = Command::new("jq").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has {
        eprintln!("skipped: there is no jq here");
    }
    has
}

#[test]
fn a_drift_is_annotated_summed_up_and_commented() {
    let job = Job::of(drifted());
    let ran = job.check(&[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("::error file=Cargo.lock,") && ran.out.contains("error[version-drift]"), "{}", ran.out);
    assert!(ran.outputs.contains("exit-code=1\n"), "{}", ran.outputs);
    assert!(ran.summary.starts_with("## driftgate: "), "{}", ran.summary);
    let [_, posted] = ran.calls.as_slice() else { panic!("{:?}", ran.calls) };
    assert!(posted.has(&["--method", "POST", "repos/acme/app/issues/5/comments"]), "{posted:?}");
    assert!(posted.body.starts_with("<!-- driftgate -->\n## driftgate: "), "{}", posted.body);
    for report in ["report.txt", "report.md", "report.json", "report.sarif"] {
        assert!(Path::new(&ran.reports).join(report).is_file(), "{report}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_written() {
    if !has_jq() {
        return;
    }
    let mut job = Job::of(drifted()).with("GITHUB_REF", "refs/heads/main").with("GITHUB_EVENT_NAME", "push");
    job.github["event"] = json!({});
    let ran = job.check(&[("sarif", "true")]);
    assert_eq!(
        (ran.code, written(&ran).as_slice()),
        (1, ["POST repos/acme/app/code-scanning/sarifs".to_owned()].as_slice())
    );
    assert!(ran.calls[0].has(&["ref=refs/heads/main"]) && ran.calls.len() == 1, "{:?}", ran.calls);
    let ran = Job::of(drifted()).check(&[("comment", "false"), ("sarif", "true")]);
    let [posted] = ran.calls.as_slice() else { panic!("{:?}", ran.calls) };
    // Nothing is checked out by git here, so it is the commit that Actions names.
    assert!(posted.has(&["commit_sha=0123456789abcdef0123456789abcdef01234567"]), "{posted:?}");
    assert!(
        posted.has(&["repos/acme/app/code-scanning/sarifs"]) && posted.has(&["ref=refs/pull/5/merge"]),
        "{posted:?}"
    );
}

#[test]
fn the_check_alone_decides() {
    if !has_jq() {
        return;
    }
    let ran = Job::of(Project::pinned()).with("REFUSES", "1").check(&[("sarif", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let warnings: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::warning title=driftgate::")).collect();
    let [comment, scanning] = warnings.as_slice() else { panic!("{}", ran.out) };
    assert!(comment.contains("pull-requests: write") && scanning.contains("security-events: write"), "{}", ran.out);
    // No blank in an argument of the shell's is read by it.
    let ran = Job::of(Project::pinned()).check(&[("arguments", "--fail-on warn\n--date 2026-11-26")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let job = Job::of(Project::pinned());
    let ran = job.check(&[("arguments", "--bom $(touch here)")]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.outputs.contains("exit-code=2\n") && !job.project.path("here").exists());
}

#[test]
fn a_check_that_did_not_run_is_never_clean() {
    if !has_jq() {
        return;
    }
    let job = Job::of(broken());
    job.comments(&[&[(1, true, "<!-- driftgate -->\n## driftgate: clean\n")]]);
    let ran = job.check(&[("sarif", "true")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // In the same job, whose runner keeps what the first check wrote.
    for (given, code, words) in [
        (("path", "svc"), 2, "reading the policy: driftgate.toml:2:"),
        (("binary", "./no-such"), 127, "there is no program ./no-such"),
        (("arguments", "--format json=no/such"), 2, "writing no/such"),
        // What is no driftgate, and what prints its help, end well and report nothing.
        (("binary", "true"), 2, "it said nothing"),
        (("arguments", "--help"), 2, "exit code 0 "),
        (("path", "--version"), 2, "\"--version\" is no revision"),
    ] {
        let ran = job.check(&[given, ("sarif", "true")]);
        assert_eq!(ran.code, code, "{given:?}: {}", ran.err);
        assert!(ran.outputs.contains(&format!("exit-code={code}\n")), "{}", ran.outputs);
        let written: Vec<&Call> = ran.calls.iter().filter(|call| !call.body.is_empty()).collect();
        let [posted] = written.as_slice() else { panic!("{given:?}: {:?}", ran.calls) };
        let comment = &posted.body;
        assert!(comment.contains("\n## driftgate: the check did not run\n"), "{comment}");
        assert!(comment.contains(words), "{given:?}: {comment}");
        let report = &comment[comment.find("## driftgate").unwrap()..];
        assert!(ran.summary.ends_with(report), "{}", ran.summary);
        assert!(ran.out.contains("title=driftgate%3A the check did not run::"), "{}", ran.out);
    }
}

#[test]
fn the_place_of_an_error_is_annotated() {
    let job = Job::of(broken());
    job.project.put("an, odd: 50% name/driftgate.toml", &job.project.get("svc/driftgate.toml"));
    // The root has a policy of the same name.
    for (path, file) in [("svc", "svc/"), ("./svc//", "svc/"), ("an, odd: 50% name", "an%2C odd%3A 50%25 name/")] {
        let ran = job.check(&[("path", path)]);
        let start = format!("::error file={file}driftgate.toml,line=2,col=");
        let line = ran.out.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{}", ran.out));
        assert!(line.contains("::driftgate: reading the policy: driftgate.toml:2:"), "{line}");
    }
    let whole = job.project.folder.path().join("svc");
    let ran = job.check(&[("path", whole.to_str().unwrap())]);
    assert!(ran.out.contains("::error file=svc/driftgate.toml,line=2,"), "{}", ran.out);
}

#[test]
fn an_error_is_harmless_and_bounded() {
    let job = Job::of(Project::pinned());
    let evil = "a ``` b ```` c\\n::error::one\\n  ::add-mask::two\\n##[error]three\\n\\033[31m@someone 100%%\\n";
    job.program(
        "evil",
        &format!("#!/usr/bin/env bash\nprintf 'é%.0s' {{1..9001}} >&2\nprintf '{evil}' >&2\nexit 101\n"),
    );
    let ran = job.check(&[("binary", "evil")]);
    assert_eq!(ran.code, 101, "{}", ran.err);
    assert!(!ran.err.lines().any(|line| line.trim_start().starts_with("::")), "{}", ran.err);
    assert!(!ran.err.contains("##[") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    let comment = &ran.calls.last().unwrap().body;
    // Between two lines of more backticks than there are in it.
    let inside = comment.split("\n`````text\n").nth(1).unwrap().split("\n`````\n").next().unwrap();
    assert!(inside.starts_with('é') && inside.ends_with("[31m@someone 100%"), "{inside}");
    assert!(comment.len() < 4_500 && !comment.contains('\u{1b}'), "{}", comment.len());
    let annotation = ran.out.lines().find(|line| line.starts_with("::error ")).unwrap();
    assert!(annotation.len() < 2_200, "{}", annotation.len());
    assert_eq!(ran.out.lines().filter(|line| line.trim_start().starts_with("::")).count(), 1, "{}", ran.out);
}

#[test]
fn it_is_built_away_from_what_is_checked() {
    let job = Job::of(Project::pinned());
    job.program("cargo", "#!/usr/bin/env bash\npwd >\"$CALLS/../built\"\necho \"$@\" >>\"$CALLS/../built\"\n");
    let stale = job.at("temp/driftgate/bin/driftgate");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "").unwrap();
    let ran = job.step("Build driftgate", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let built = fs::read_to_string(job.at("built")).unwrap();
    let expected = format!("{}\ninstall ", path("").canonicalize().unwrap().display());
    assert!(built.starts_with(&expected), "{built}");
    assert!(built.contains(&format!("--path . --root {}", job.at("temp/driftgate").display())), "{built}");
    // What an older step built is gone where the build fails, and the check says so.
    let ran = job.step("Check", &[]);
    assert_eq!(ran.code, 127, "{}", ran.err);
    assert!(ran.calls.last().unwrap().body.contains("there is no program "), "{:?}", ran.calls);
}

#[test]
fn each_check_of_a_repository_has_its_own_comment() {
    let job = Job::of(drifted());
    for folder in ["svc a", "svc/ä--><b>`", "svc"] {
        for file in ["driftgate.toml", "bom.cdx.json", "Cargo.lock"] {
            job.project.put(&format!("{folder}/{file}"), &job.project.get(file));
        }
    }
    for (path, category, expected) in [
        (".", "", "<!-- driftgate -->\n## "),
        ("./", "", "<!-- driftgate -->\n## "),
        ("svc", "", "<!-- driftgate: svc -->\n`svc`\n\n## "),
        ("./svc//", "", "<!-- driftgate: svc -->\n`svc`\n\n## "),
        ("svc a", "", "<!-- driftgate: svc%20a -->\n`svc%20a`\n\n## "),
        ("svc/ä--><b>`", "", "<!-- driftgate: svc/%C3%A4--%3E%3Cb%3E%60 -->\n`svc/%C3%A4--%3E%3Cb%3E%60`\n\n## "),
        (".", "gpu pool", "<!-- driftgate: gpu%20pool -->\n`gpu%20pool`\n\n## "),
        ("svc", "gpu pool", "<!-- driftgate: gpu%20pool -->\n`gpu%20pool`\n\n## "),
    ] {
        let ran = job.check(&[("path", path), ("category", category)]);
        assert_eq!(ran.code, 1, "{path}: {}", ran.err);
        let comment = &ran.calls.last().unwrap().body;
        assert!(comment.starts_with(expected), "{path}: {comment}");
    }
}

#[test]
fn code_scanning_gets_an_analysis_of_this_check_without_what_is_waived() {
    if !has_jq() {
        return;
    }
    let job = Job::of(drifted());
    job.project.put("Cargo.lock", &job.project.get("Cargo.lock").replace("1.0.14", "1.0.15"));
    for file in ["bom.cdx.json", "Cargo.lock"] {
        job.project.put(&format!("svc/{file}"), &job.project.get(file));
    }
    let waiver =
        "[[waiver]]\nrule = \"version-drift\"\npackage = \"pkg:cargo/serde\"\nreason = \"x\"\nuntil = 2026-12-31\n";
    job.project.put("svc/driftgate.toml", &format!("{}\n{waiver}", job.project.get("driftgate.toml")));
    let has = |sarif: &Value, purl: &str| {
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        results.iter().any(|result| result["properties"]["purl"].as_str().is_some_and(|found| found.starts_with(purl)))
    };
    for (path, category, id) in
        [(".", "", "driftgate/"), ("svc", "", "driftgate/svc/"), ("svc", "a b", "driftgate/a%20b/")]
    {
        let given = [("path", path), ("category", category), ("arguments", "--date 2026-11-26"), ("sarif", "true")];
        let ran = job.check(&given);
        let sent = analysis(ran.calls.last().unwrap());
        assert_eq!(sent["runs"][0]["automationDetails"]["id"], id);
        assert!(has(&sent, "pkg:cargo/itoa@") && has(&sent, "pkg:cargo/serde@") == (path == "."), "{path}: {sent}");
        assert!(!sent.to_string().contains("suppressions"));
        // Readers of the file itself know suppressions.
        let kept = fs::read_to_string(Path::new(&ran.reports).join("report.sarif")).unwrap();
        assert!(has(&serde_json::from_str(&kept).unwrap(), "pkg:cargo/serde@"), "{path}");
        assert_eq!(kept.contains("suppressions"), path == "svc");
    }
}

#[test]
fn it_asks_the_server_that_the_job_is_of_and_shows_the_check_no_token() {
    let job = Job::of(drifted());
    job.program("shows", "#!/usr/bin/env bash\nenv >&2\nexit 3\n");
    for (server, host) in [("https://github.com", "github.com"), ("https://git.acme.example/", "git.acme.example")] {
        let job = Job { settings: vec![("GITHUB_SERVER_URL", server.to_owned())], ..Job::of(drifted()) };
        let ran = job.check(&[]);
        assert!(!ran.calls.is_empty());
        for call in ran.calls {
            assert!(call.has(&[&format!("host {host}"), "token t0ken", "enterprise t0ken"]), "{call:?}");
        }
    }
    let ran = job.check(&[("binary", "shows")]);
    assert!(ran.err.contains("GITHUB_WORKSPACE=") && !ran.err.contains("t0ken"), "{}", ran.err);
    assert_eq!(ran.calls.len(), 2);
}

/// Returns where each call that writes, writes to.
fn written(ran: &Ran) -> Vec<String> {
    let of = |call: &Call| {
        let at = call.words.iter().position(|word| word == "--method")?;
        Some(call.words[at + 1..at + 3].join(" "))
    };
    ran.calls.iter().filter_map(of).collect()
}

#[test]
fn a_comment_of_our_own_is_changed_and_no_other() {
    if !has_jq() {
        return;
    }
    let job = Job::of(drifted());
    let ours = "<!-- driftgate -->\n## driftgate: 1 error\n";
    // Ids are past 31 bits, and two of ours stand on two pages.
    job.comments(&[
        &[(3_000_000_001, false, ours), (3_000_000_002, true, "hello"), (3_000_000_003, true, ours)],
        &[
            (3_000_000_004, true, "<!-- driftgate: svc -->\n"),
            (3_000_000_005, true, ours),
            (3_000_000_006, true, &format!("> {ours}")),
        ],
    ]);
    let ran = job.check(&[]);
    let at = |id: u64| format!("PATCH repos/acme/app/issues/comments/{id}");
    assert_eq!(written(&ran), [at(3_000_000_003), at(3_000_000_005)], "{}", ran.err);
    assert!(ran.calls[0].has(&["api", "graphql", "--paginate"]) && ran.calls[0].has(&["number=5"]), "{:?}", ran.calls);
    assert!(ran.calls[0].has(&["owner=acme"]) && ran.calls[0].has(&["name=app"]), "{:?}", ran.calls);
    assert!(!ran.out.contains("::warning"), "{}", ran.out);
    let ran = job.check(&[("category", "svc")]);
    assert_eq!(written(&ran), [at(3_000_000_004)]);
    let ran = job.check(&[("category", "sv")]);
    assert_eq!(written(&ran), ["POST repos/acme/app/issues/5/comments"]);
}

#[test]
fn a_clean_pull_request_gets_no_first_comment() {
    if !has_jq() {
        return;
    }
    let job = Job::of(Project::pinned());
    let ran = job.check(&[]);
    assert_eq!((ran.code, written(&ran)), (0, Vec::new()), "{:?}", ran.calls);
    job.comments(&[&[(9, false, "<!-- driftgate -->\n"), (10, true, "<!-- driftgate -->\n## driftgate: 1 error\n")]]);
    let ran = job.check(&[]);
    assert_eq!(written(&ran), ["PATCH repos/acme/app/issues/comments/10"]);
    assert!(ran.calls[1].body.starts_with("<!-- driftgate -->\n## driftgate: clean\n"), "{:?}", ran.calls);
}

#[test]
fn a_fork_is_told_nothing_that_nobody_can_mend() {
    if !has_jq() {
        return;
    }
    for repository in [json!({ "full_name": "someone/app" }), Value::Null] {
        let mut job = Job::of(drifted()).with("REFUSES", "1");
        job.github["event"]["pull_request"]["head"]["repo"] = repository;
        let ran = job.check(&[("sarif", "true")]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("the job's summary holds the same") && !ran.err.contains("permission"), "{}", ran.err);
        assert!(!ran.out.contains("permission") && ran.summary.contains("## driftgate: 1 error"), "{}", ran.out);
    }
}

#[test]
fn a_workflow_of_the_target_branch_comments_on_what_it_checked_out() {
    if !has_jq() {
        return;
    }
    let project = Project::repository();
    project.git(&["checkout", "--quiet", "HEAD~1"]);
    assert_eq!(project.run(&["init"]).code, 0);
    project.bump();
    let head = project.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let mut job =
        Job::of(project).with("GITHUB_EVENT_NAME", "pull_request_target").with("GITHUB_REF", "refs/heads/main");
    // The pull request's branch is checked out.
    job.github["event"]["pull_request"]["head"]["sha"] = json!(head);
    let ran = job.check(&[("sarif", "true")]);
    assert_eq!(written(&ran), ["POST repos/acme/app/issues/5/comments", "POST repos/acme/app/code-scanning/sarifs"]);
    let sent = ran.calls.last().unwrap();
    assert!(sent.has(&[&format!("commit_sha={head}")]) && sent.has(&["ref=refs/pull/5/head"]), "{sent:?}");
    // What comes of merging it is, whose alerts are not the target's.
    job.github["event"]["pull_request"]["head"]["sha"] = json!("a".repeat(40));
    let ran = job.check(&[("sarif", "true")]);
    assert_eq!(written(&ran), ["POST repos/acme/app/issues/5/comments"]);
    assert!(ran.out.contains("::warning title=driftgate::code scanning was sent nothing: "), "{}", ran.out);
    // What is checked out is the target, as it is by itself.
    let job = job.with("GITHUB_SHA", head.as_str());
    let ran = job.check(&[("sarif", "true")]);
    assert_eq!(written(&ran), ["POST repos/acme/app/code-scanning/sarifs"]);
    let sent = ran.calls.last().unwrap();
    assert!(sent.has(&[&format!("commit_sha={head}")]) && sent.has(&["ref=refs/heads/main"]), "{sent:?}");
    assert!(ran.out.contains("::warning title=driftgate::no comment: "), "{}", ran.out);
}
