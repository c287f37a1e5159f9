//! What is written where: outputs, files, streams, and what CI systems make of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::project::{CARGO, Project, REQUIREMENTS, Ran, driftgate};

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

/// A run leaves what it was told to write, and nothing else as it ends or fails; what stood beside is as it was.
#[test]
fn no_other_file_is_touched() {
    let project = Project::pinned();
    let files = || -> Vec<String> {
        let names = fs::read_dir(project.path("")).unwrap();
        let mut names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for file in ["c.csv.new", "bom.cdx.json.new", "driftgate.toml.new"] {
        project.put(file, "precious");
    }
    let before = files();
    project.run(&["check", "-qq", "-f", "csv=c.csv"]).ends(0, &[]);
    project.run(&["pin"]).ends(0, &[]);
    project.run(&["init", "--force"]).ends(0, &[]);
    for file in ["c.csv.new", "bom.cdx.json.new", "driftgate.toml.new"] {
        assert_eq!(project.get(file), "precious", "{file}");
    }
    assert!(project.get("c.csv").contains(",line,"), "{}", project.get("c.csv"));
    fs::remove_file(project.path("c.csv")).unwrap();
    assert_eq!(files(), before);
}

#[test]
fn files_that_cannot_be_written_are_said_before_the_work() {
    let project = Project::pinned();
    project.bump();
    project.put("a.j2", "fine");
    fs::create_dir(project.path("folder")).unwrap();
    for (arguments, words) in [
        (&["--format", "json="][..], "--format json: a file's name is empty"),
        (&["--format", "sarif=good", "--format", "json="], "--format json: a file's name is empty"),
        (&["--template", "a.j2="], "--template a.j2: a file's name is empty"),
        (&["--template", "a.j2=", "-qq"], "--template a.j2: a file's name is empty"),
        (&["--output", ""], "a value is required for '--output <FILE>'"),
        (&["--format", "json=no/such/file"], "writing no/such/file: there is no folder no/such"),
        (&["--format", "sarif=good", "--format", "json=folder"], "writing folder: it is a folder"),
    ] {
        for command in ["check", "pin"] {
            // The work itself would fail for another reason, and is not begun.
            let ran = project.run(&[&[command, "nowhere"][..], arguments].concat()).ends(2, &[words]);
            assert!(ran.out.is_empty() && !ran.err.contains("nowhere"), "{arguments:?}: {}", ran.err);
        }
    }
    assert!(!project.path("good").exists() && !project.path(".new").exists());
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

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

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

    fn mode(project: &Project, file: &str) -> u32 {
        fs::metadata(project.path(file)).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_has_the_mode_of_any_new_one_and_keeps_its_own() {
        let project = Project::pinned();
        let asked = ["check", "-qq", "-f", "json=a.json"];
        let mut check = Command::new("sh");
        check.args(["-c", "umask 027; exec \"$0\" \"$@\""]).arg(assert_cmd::cargo::cargo_bin!("driftgate")).args(asked);
        assert!(check.current_dir(project.path("")).status().unwrap().success());
        assert_eq!(mode(&project, "a.json"), 0o640);
        for kept in [0o600, 0o664] {
            fs::set_permissions(project.path("a.json"), fs::Permissions::from_mode(kept)).unwrap();
            fs::set_permissions(project.path("bom.cdx.json"), fs::Permissions::from_mode(kept)).unwrap();
            project.run(&asked).ends(0, &[]);
            project.run(&["pin", "-qq"]).ends(0, &[]);
            assert_eq!((mode(&project, "a.json"), mode(&project, "bom.cdx.json")), (kept, kept));
        }
    }

    #[test]
    fn pipes_and_streams_are_written_to_and_links_to_files_replaced() {
        let (project, other) = (Project::pinned(), Project::empty());
        project.bump();
        let json = project.run(&["check", "-f", "json"]).out;
        // A pipe, and a link to one.
        pipe(&project, "pipe");
        symlink("pipe", project.path("link")).unwrap();
        for file in ["pipe", "link"] {
            let at = project.path("pipe");
            let reader = std::thread::spawn(move || fs::read_to_string(at).unwrap());
            project.run(&["check", "-qq", "-f", &format!("json={file}")]).ends(1, &[]);
            assert_eq!(reader.join().unwrap(), json, "{file}");
        }
        assert!(project.path("link").is_symlink());
        project.run(&["check", "-qq", "-f", "json=/dev/null"]).ends(1, &[]);
        // The streams, where they are pipes and where they are files that something stands in.
        for name in ["/dev/stdout", "/dev/fd/1", "-"] {
            let asked = ["check", "-qq", "-f", &format!("json={name}")];
            assert_eq!(project.run(&asked).ends(1, &[]).out, json, "{name}");
            project.put("log", "before\n");
            let log = fs::OpenOptions::new().append(true).open(project.path("log")).unwrap();
            assert_eq!(driftgate(&project.path("")).args(asked).stdout(log).status().unwrap().code(), Some(1));
            assert_eq!(project.get("log"), format!("before\n{json}"), "{name}");
        }
        project.put("log", "before\n");
        let log = fs::OpenOptions::new().append(true).open(project.path("log")).unwrap();
        let asked = ["check", "-qq", "-f", "json=/dev/stderr"];
        assert_eq!(driftgate(&project.path("")).args(asked).stderr(log).status().unwrap().code(), Some(1));
        assert_eq!(project.get("log"), format!("before\n{json}"));
        assert_eq!(project.run(&asked).ends(1, &[]).err, json);
        // A link in a tree leads no result out of it.
        other.put("out.json", "theirs");
        symlink(other.path("out.json"), project.path("out.json")).unwrap();
        project.run(&["check", "-qq", "-f", "json=out.json"]).ends(1, &[]);
        assert_eq!((other.get("out.json").as_str(), project.get("out.json")), ("theirs", json));
        assert!(!project.path("out.json").is_symlink());
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
        "<b>torch 2.10.0 → 2.11.0</b> <span class=\"quiet\">transitive, 31 came with it, perhaps 2</span>",
    ] {
        assert!(first.contains(part), "{part}");
    }
    assert_eq!(first.matches("<tr class=\"change\"").count(), 35);
}

#[test]
fn what_goes_into_a_file_is_whole_however_little_is_printed() {
    let project = Project::pinned();
    project.bump();
    project.run(&["check", "--format", "markdown=whole.md", "--format", "terminal=whole.txt"]).ends(1, &[]);
    for quiet in ["-q", "-qq"] {
        let check = project.run(&["check", quiet, "--format", "markdown=a.md", "--format", "terminal=a.txt"]);
        assert_eq!(check.ends(1, &[]).out, "");
        assert_eq!([project.get("a.md"), project.get("a.txt")], [project.get("whole.md"), project.get("whole.txt")]);
    }
}

/// The same step of a package in each of twelve lockfiles; in the last one another package moves too.
#[test]
fn what_many_lockfiles_have_in_common_is_told_once() {
    let project = Project::empty();
    let lock = |version: &str, other: &str| {
        format!(
            r#"{{"name": "app", "lockfileVersion": 3, "packages": {{
  "": {{"name": "app", "dependencies": {{"react": "*", "left-pad": "*"}}}},
  "node_modules/react": {{"version": "{version}"}},
  "node_modules/left-pad": {{"version": "{other}"}}
}}}}"#
        )
    };
    let put = |number: usize, text: &str| project.put(&format!("app{number:02}/package-lock.json"), text);
    (0..12).for_each(|number| put(number, &lock("17.0.2", "1.0.0")));
    project.run(&["init"]).ends(0, &[]);
    (0..12).for_each(|number| put(number, &lock("18.2.0", if number == 11 { "2.0.0" } else { "1.0.0" })));

    let check = project.run(&["check", "--format", "terminal", "--format", "markdown=a.md"]).ends(1, &[]);
    assert_eq!(check.out.matches("error[version-drift]: react is 18.2.0").count(), 1, "{}", check.out);
    assert_eq!(check.out.matches("error[version-drift]: left-pad is 2.0.0").count(), 1, "{}", check.out);
    check.prints(&["the same in 11 more: app01/package-lock.json:3", "13 errors in 12 subjects"]);
    let page = project.get("a.md");
    assert_eq!(page.matches("| `react` |").count(), 1, "{page}");
    assert!(page.contains("`app00/package-lock.json:3` and 11 more |"), "{page}");
    let all = project.run(&["check", "--all"]).ends(1, &[]);
    assert_eq!(all.out.matches("react is 18.2.0").count(), 12, "{}", all.out);
    let annotations = project.run(&["check", "--format", "github"]).ends(1, &[]).out;
    assert_eq!(annotations.lines().count(), 2, "{annotations}");
    let results = project.json(&["check", "--format", "sarif"])["runs"][0]["results"].as_array().unwrap().len();
    assert_eq!(results, 13);
}

#[test]
fn all_unfolds_what_a_step_brought_about() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shown = |option: &str| {
        let words = ["check", "fixtures/demo/proposed", "--date", "2026-12-01", option];
        Ran::of(driftgate(root).args(words).output().unwrap()).ends(1, &[]).out
    };
    let (folded, all) = (shown("--color=never"), shown("--all"));
    assert!(folded.contains("--all shows each") && !folded.contains("component-removed nvidia"), "{folded}");
    assert!(!all.contains("with it"), "{all}");
    assert_eq!(all.matches("component-removed").count(), folded.matches("component-removed").count() + 15, "{all}");
}

#[test]
fn a_difference_that_fails_the_run_fails_it_in_every_output() {
    let project = Project::repository();
    let run = |options: &[&str]| {
        let files = ["--format", "json=o.json", "--format", "sarif=o.sarif", "--format", "html=o.html"];
        let code = project.run(&[&["diff", "HEAD~1", "HEAD"], options, &files].concat()).code;
        let json: Value = serde_json::from_str(&project.get("o.json")).unwrap();
        let sarif: Value = serde_json::from_str(&project.get("o.sarif")).unwrap();
        let codes = [&json["summary"]["exit_code"], &sarif["runs"][0]["invocations"][0]["exitCode"]];
        assert!(codes.iter().all(|said| said.as_i64() == Some(i64::from(code))), "{codes:?} {code}");
        (code, project.get("o.html").contains("Failed"))
    };
    assert_eq!(run(&[]), (0, false));
    assert_eq!(run(&["--fail-on", "removed"]), (0, false));
    assert_eq!(run(&["--fail-on", "any"]), (1, true));
}

/// A folder of a repository is checked, and a code host is told of its files by their paths in the repository.
#[test]
fn code_hosts_are_told_paths_in_the_repository() {
    let project = Project::repository();
    project.run(&["init", "api"]).ends(0, &[]);
    project.put("api/requirements.txt", &REQUIREMENTS.replace("2.2.0", "2.2.1"));
    let paths = |folder: &str, argument: &str, variable: Option<&str>| {
        let mut command = driftgate(&project.path(folder));
        if let Some(variable) = variable {
            command.env(variable, project.path(""));
        }
        let files = ["-f", "sarif=a.sarif", "-f", "gitlab=a.json", "-f", "json=b.json", "-f", "github"];
        let ran = Ran::of(command.args(["check", argument]).args(files).output().unwrap()).ends(1, &[]);
        let get = |file: &str| {
            let text = project.get(&Path::new(folder).join(file).to_string_lossy());
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let result = &get("a.sarif")["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let file = ran.out.split("file=").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
        [text(&result["uri"]), text(&get("a.json")[0]["location"]["path"]), file]
    };
    let there = ["api/requirements.txt"; 3].map(str::to_owned);
    assert_eq!(paths("", "api", None), there);
    assert_eq!(paths("api", ".", None), there);
    assert_eq!(paths("api", "requirements.txt", None), there);
    let findings = project.json(&["check", "api", "--format", "json"])["findings"].take();
    assert_eq!(findings[0]["at"]["path"], "requirements.txt");
    // Without git's folder, as in a job's container, the variable of the CI system says where the repository is.
    fs::remove_dir_all(project.path(".git")).unwrap();
    assert_eq!(paths("", "api", None), ["requirements.txt"; 3].map(str::to_owned));
    for variable in ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"] {
        assert_eq!(paths("api", ".", Some(variable)), there);
    }
}

/// No repository has the files of an image.
#[test]
fn what_is_in_an_image_is_annotated_where_its_lockfile_stands() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let image = "--bom fixtures/demo/proposed/bom.cdx.json --image api=fixtures/demo/api-image.tar";
    let words = format!("check fixtures/demo/approved {image} --format github");
    let page = Ran::of(driftgate(root).args(words.split(' ')).output().unwrap()).ends(1, &[]).out;
    let files: Vec<&str> = page.lines().filter_map(|line| line.split("file=").nth(1)?.split(',').next()).collect();
    assert!(files.len() > 3 && page.contains("image-extra-package"), "{page}");
    assert!(files.iter().all(|file| file.ends_with("approved/api/uv.lock")), "{files:?}");
}
