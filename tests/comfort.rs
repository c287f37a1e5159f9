//! What makes driftgate pleasant to use: completions, the manual, what `--version`, `-v` and `-q` say, hints.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::project::Ran;
use common::project::{CARGO, Project, driftgate};
use driftgate::outputs::OUTPUTS;
use driftgate::{formats, rules};

const COMMANDS: &[&str] =
    &["init", "check", "pin", "diff", "why", "sbom", "gpu", "explain", "list", "schema", "completions", "man"];

#[test]
fn every_shell_completes_every_command() {
    let project = Project::empty();
    let listed = project.run(&["--help"]).out;
    for command in COMMANDS {
        assert!(listed.contains(&format!("\n  {command} ")), "{command} in:\n{listed}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.run(&["completions", shell]).ends(0, &[]).prints(COMMANDS).out;
        assert!(script.contains("fail-on"), "{shell}");
        assert!(script.lines().count() > 100, "{shell}");
    }
    project.run(&["completions", "ksh"]).ends(2, &["ksh", "possible values: bash, elvish, fish, powershell, zsh"]);
}

#[test]
fn completions_know_the_names_that_arguments_take() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = project.run(&["completions", shell]).ends(0, &[]).out;
        for output in OUTPUTS {
            assert!(script.contains(output.id()), "{shell}: {}", output.id());
        }
        for rule in rules::all() {
            assert!(script.contains(rule.id()), "{shell}: {}", rule.id());
        }
        for format in formats::all() {
            assert!(script.contains(format.id()), "{shell}: {}", format.id());
        }
        assert!(script.contains("H100") && script.contains("linux/arm64"), "{shell}");
    }
    // What is no such name is taken all the same.
    project.put("requirements.txt", "urllib3==2.2.0\n");
    project.run(&["diff", ".", ".", "--format", "json=out.json", "--format", "cyclonedx-json@1.6=b.json"]).ends(0, &[]);
}

#[test]
fn bash_loads_its_completions() {
    let project = Project::empty();
    let script = project.run(&["completions", "bash"]).out;
    project.put("completions.bash", &script);
    let ask = "source completions.bash 2>&1; complete -p driftgate; COMP_WORDS=(driftgate che); COMP_CWORD=1; \
               _driftgate driftgate che driftgate 2>/dev/null; echo \"=${COMPREPLY[*]}=\"";
    let bash = common::project::scrubbed(std::process::Command::new("bash"), &project.path(""));
    let ran = { bash }.args(["--noprofile", "--norc", "-c", ask]).output();
    // A machine without bash completes nothing.
    if let Ok(ran) = ran {
        Ran::of(ran).ends(0, &[]).prints(&["_driftgate driftgate", "=check="]);
    }
}

#[test]
fn the_manual_has_every_command() {
    let project = Project::empty();
    let whole = project.run(&["man"]).ends(0, &[]).out;
    assert!(whole.contains(".TH driftgate 1"), "{whole}");
    for command in COMMANDS {
        assert!(whole.contains(&format!("driftgate\\-{command}(1)")), "{command} in:\n{whole}");
    }
    project.run(&["man", "pages/man1"]).ends(0, &["wrote 14 pages to pages/man1"]);
    let mut pages: Vec<String> = fs::read_dir(project.path("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let mut expected: Vec<String> = COMMANDS.iter().map(|command| format!("driftgate-{command}.1")).collect();
    expected.extend(["driftgate.1".to_owned(), "driftgate-gpu-facts.1".to_owned()]);
    expected.sort();
    assert_eq!(pages, expected);
    assert_eq!(project.get("pages/man1/driftgate.1"), whole);
    assert!(project.get("pages/man1/driftgate-check.1").contains("\\-\\-fail\\-on"));
    // No shell is told all names of rules by a manual.
    assert!(!project.get("pages/man1/driftgate-explain.1").contains("version\\-drift\\fR"));
}

#[test]
fn version_says_what_it_is_made_of_and_nothing_else_does() {
    let project = Project::pinned();
    project.bump();
    assert_eq!(project.run(&["-V"]).ends(0, &[]).out, format!("driftgate {}\n", env!("CARGO_PKG_VERSION")));
    let long = project.run(&["--version"]).ends(0, &[]).out;
    let start = format!("driftgate {} (", env!("CARGO_PKG_VERSION"));
    let inside =
        long.strip_prefix(&start).and_then(|rest| rest.strip_suffix(")\n")).unwrap_or_else(|| panic!("{long}"));
    let (from, facts) = inside.rsplit_once("facts of ").unwrap();
    let newest = driftgate::gpu::tables::contents().into_iter().map(|table| table.date).max().unwrap();
    assert_eq!(facts, newest);
    assert!(project.run(&["check", "--version"]).ends(0, &[]).out.contains(inside));
    if let Some(commit) = from.strip_prefix("commit ") {
        let commit = commit.split([',', ';']).next().unwrap();
        assert!(commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{long}");
        for output in OUTPUTS {
            assert!(!project.run(&["check", "--format", output.id()]).out.contains(commit), "{}", output.id());
        }
        for arguments in [&["man"][..], &["--help"], &["check", "--help"], &["completions", "zsh"], &["list"]] {
            assert!(!project.run(arguments).out.contains(commit), "{arguments:?}");
        }
    }
}

#[test]
fn what_is_misspelled_is_met_with_what_was_meant() {
    let project = Project::repository();
    project.run(&["init"]).ends(0, &[]);
    for (arguments, words) in [
        (&["check", "--format", "jsno"][..], "did you mean \"json\"?"),
        (&["check", "--format", "sarfi=x"], "did you mean \"sarif\"?"),
        (&["sbom", "--format", "cyclonedx_json"], "did you mean \"cyclonedx-json\"?"),
        (&["explain", "version-drfit"], "did you mean \"version-drift\"?"),
        (&["explain", "cargo-lok"], "did you mean \"cargo-lock\"?"),
        (&["why", "ursllib3"], "did you mean \"urllib3\"?"),
        (&["why", "pkg:pypi/urlib3@2.2.0"], "did you mean \"urllib3\"?"),
        (&["pin", "--only", "pkg:cargo/itao"], "did you mean \"itoa\"?"),
        (&["check", "apii"], "did you mean \"api\"?"),
        (&["sbom", "api/requirments.txt"], "did you mean \"api/requirements.txt\"?"),
        (&["diff", "mian", "."], "did you mean \"main\"?"),
        (&["check", "--image", "apii=x.tar"], "did you mean \"api\"?"),
        (&["gpu", "facts", "A10O"], "did you mean \"A10"),
        (&["gpu", "facts", "trch"], "did you mean \"torch\"?"),
        (&["list", "rulez"], "'rules'"),
        (&["chekc"], "'check'"),
        (&["check", "--fail-on", "wran"], "'warn'"),
    ] {
        let ran = project.run(arguments).ends(2, &[words]);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    for arguments in [
        &["check", "--format", "banana"][..],
        &["explain", "banana"],
        &["why", "banana"],
        &["pin", "--only", "banana"],
        &["check", "banana"],
        &["gpu", "facts", "banana-split"],
    ] {
        let ran = project.run(arguments).ends(2, &["banana"]);
        assert!(!ran.err.contains("did you mean"), "{}", ran.err);
    }
}

#[test]
fn a_path_of_the_policy_that_is_nearly_one_of_the_tree_is_told() {
    let project = Project::pinned();
    let policy = |lock: &str| {
        format!("version = 1\n[[environment]]\nlocks = [\"{lock}\"]\ndeployed-as = [\"registry.example/api\"]\n")
    };
    project.put("driftgate.toml", &policy("api/requirement.txt"));
    project.run(&["check"]).ends(0, &[]).prints(&[
        "driftgate.toml:3:10: nothing here is called \"api/requirement.txt\", did you mean \"api/requirements.txt\"?",
    ]);
    for lock in ["api/requirements.txt", "api", "web/uv.lock", "api/*.tx"] {
        project.put("driftgate.toml", &policy(lock));
        let ran = project.run(&["check"]).ends(0, &[]);
        assert!(!ran.out.contains("did you mean"), "{lock}: {}", ran.out);
    }
    // Of one file, what the tree has is not known.
    project.put("driftgate.toml", &policy("web/requirements.txt"));
    let ran = project.run(&["check", "api/requirements.txt", "--config", "driftgate.toml"]).ends(0, &[]);
    assert!(!ran.out.contains("did you mean"), "{}", ran.out);
}

#[test]
fn verbose_says_which_files_were_read_and_why_others_were_not() {
    let project = Project::new();
    project.put("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n");
    project.put(".gitignore", "built/\n/old.lock\n");
    project.put("built/a/Cargo.lock", CARGO);
    project.put("built/b/Cargo.lock", CARGO);
    project.put("web/node_modules/x/package-lock.json", "{}");
    project.put("web/package.json", "{\"name\": \"web\"}");
    project.put("examples/uv.lock", "version = 1\n");
    project.put(".cache/Pipfile.lock", "{}");
    project.put("notes.yaml", "a: 1\n");
    project.put("driftgate.toml", "version = 1\n[scan]\nexclude = [\"examples\"]\n");
    project.run(&["pin"]).ends(0, &[]);
    let quiet = project.run(&["check"]).ends(0, &[]);
    assert_eq!(quiet.err, "");
    let told = project.run(&["check", "-v"]).ends(0, &[]);
    let expected = "\
driftgate: .cache/Pipfile.lock: not read: hidden; [scan] include of the policy would take it in
driftgate: Cargo.lock: read as cargo-lock, 3 components
driftgate: Cargo.toml: read as cargo-toml, to be joined with what answers it
driftgate: api/requirements.txt: read as requirements-txt, 1 component
driftgate: bom.cdx.json: not read: it is the pinned BOM
driftgate: built/: 2 files not read: ignored by git; [scan] include of the policy would take it in
driftgate: examples/uv.lock: not read: left out by [scan] exclude of the policy
driftgate: web/node_modules/x/package-lock.json: not read: the folder holds what tools put there; [scan] include of the policy would take it in
driftgate: web/package.json: read as package-json, to be joined with what answers it
";
    assert_eq!(told.err, expected);
    for command in [&["sbom", "-v"][..], &["pin", "-v"], &["diff", ".", ".", "-v"]] {
        let ran = project.run(command).ends(0, &["driftgate: Cargo.lock: read as cargo-lock, 3 components\n"]);
        assert_eq!(ran.out, project.run(&command.iter().copied().filter(|it| *it != "-v").collect::<Vec<_>>()).out);
    }
    // One that can't be read is told of as such, and the problem stands in the report.
    project.put("uv.lock", "version = 99\n");
    project.run(&["check", "-v"]).ends(2, &["driftgate: uv.lock: not read whole as uv-lock: see the problem\n"]);
    let one = project.run(&["sbom", "-v", "Cargo.lock"]).ends(0, &[]);
    assert_eq!(one.err.lines().count(), 2, "{}", one.err);
}

#[cfg(unix)]
#[test]
fn verbose_says_of_a_link_that_it_is_not_followed() {
    let project = Project::new();
    std::os::unix::fs::symlink(project.path("Cargo.lock"), project.path("api/Cargo.lock")).unwrap();
    project.run(&["sbom", "-v"]).ends(0, &["driftgate: api/Cargo.lock: not read: a link"]);
}

#[test]
fn quiet_twice_says_nothing_but_what_is_asked_for() {
    let project = Project::pinned();
    project.bump();
    let once = project.run(&["check", "-q"]).ends(1, &[]);
    assert!(once.out.starts_with("1 error"), "{}", once.out);
    let twice = project.run(&["check", "-qq"]).ends(1, &[]);
    assert_eq!((twice.out.as_str(), twice.err.as_str()), ("", ""));
    let twice = project.run(&["check", "-qq", "--format", "json=out.json"]).ends(1, &[]);
    assert_eq!((twice.out.as_str(), twice.err.as_str()), ("", ""));
    assert!(project.get("out.json").contains("version-drift"));
    assert_eq!(project.run(&["diff", ".", ".", "--quiet", "--quiet"]).ends(0, &[]).out, "");
    let json = project.run(&["check", "-qq", "--format", "json"]).ends(1, &[]);
    assert_eq!(json.out, project.run(&["check", "--format", "json"]).out);
    // What kept driftgate from its work is said, however quiet it is to be.
    project.put("api/requirements.txt", "urllib3 == \n");
    project.run(&["check", "-qq"]).ends(2, &["api/requirements.txt:1"]);
    project.run(&["check", "-qq", "nowhere"]).ends(2, &["nowhere"]);
    project.run(&["pin", "-qq"]).ends(2, &["nothing was pinned"]);
    project.put("api/requirements.txt", "urllib3==2.2.0\n");
    let pin = project.run(&["pin", "-qq"]).ends(0, &[]);
    assert_eq!((pin.out.as_str(), pin.err.as_str()), ("", ""));
    let actions = driftgate(&project.path("")).args(["check", "-qq"]).env("GITHUB_ACTIONS", "true").output();
    assert_eq!(Ran::of(actions.unwrap()).ends(0, &[]).out, "");
}

/// The flags that commands share mean the same where a command makes no report.
#[test]
fn commands_that_make_no_report_take_the_shared_flags_too() {
    let project = Project::new();
    let quiet = project.run(&["init", "-q"]).ends(0, &["wrote driftgate.toml"]);
    assert_eq!((quiet.out.as_str(), quiet.err.lines().count()), ("", 1));
    let silent = project.run(&["init", "--force", "-qq"]).ends(0, &[]);
    assert_eq!((silent.out.as_str(), silent.err.as_str()), ("", ""));
    project.run(&["init", "--force", "-v"]).ends(0, &["Cargo.lock: read as cargo-lock", "Cargo.lock (cargo-lock): "]);

    project.put("gpu/requirements.txt", "torch==2.11.0\n");
    let asked = ["gpu", "--driver", "535.183.06", "--gpu", "A100"];
    for (command, all, brief) in [
        (&["why", "itoa"][..], "app → serde → itoa", "pkg:cargo/itoa@1.0.14 (direct, runtime) in Cargo.lock:12:8\n"),
        (
            &asked,
            "at run time it says",
            "gpu/requirements.txt\n  driver 580.65.06 or later\n  on 535.183.06, A100: fails at start\n",
        ),
    ] {
        let run = |more: &[&str]| project.run(&[command, more].concat()).ends(0, &[]);
        let whole = run(&[]).prints(&[all]);
        assert_eq!(run(&["-q"]).out, brief);
        let silent = run(&["-qq"]);
        assert_eq!((silent.out.as_str(), silent.err.as_str()), ("", ""));
        let told = run(&["-v"]);
        assert_eq!(told.out, whole.out);
        assert!(told.err.contains("driftgate: Cargo.lock: read as cargo-lock, 3 components\n"), "{}", told.err);
        assert_eq!(run(&["--color", "never"]).out, whole.out);

        let json = run(&["--format", "json"]).out;
        assert_eq!(run(&["--format", "terminal", "--format", "json=out.json"]).out, whole.out);
        assert_eq!(project.get("out.json"), json);
        assert_eq!(run(&["-qq", "--format", "json=other.json"]).out, "");
        assert_eq!(project.get("other.json"), json);
        assert_eq!(run(&["-o", "out.txt"]).out, "");
        assert_eq!(project.get("out.txt"), whole.out);
        for (more, words) in [
            (&["--format", "jsno"][..], "did you mean \"json\"?"),
            (&["--format", "json="], "--format json: a file's name is empty"),
            (&["--format", "json", "--format", "terminal"], "two outputs want the same place"),
            (&["-o", "no/such/file"], "there is no folder no/such"),
        ] {
            let ran = project.run(&[command, more].concat()).ends(2, &[words]);
            assert_eq!(ran.out, "", "{more:?}");
        }
    }
    // What kept driftgate from its work is said, however quiet it is to be.
    project.put("uv.lock", "version = 99\n");
    project.run(&["why", "itoa", "-qq"]).ends(2, &["uv.lock:1"]);
    project.run(&["gpu", "-qq"]).ends(2, &["uv.lock:1"]);
    project.run(&["why", "nobody", "-qq"]).ends(2, &["nothing in"]);
    project.run(&["init", "--force", "-qq"]).ends(2, &["nothing was pinned"]);

    for command in [&["list"][..], &["list", "rules"], &["gpu", "facts", "R535"]] {
        let json = project.run(&[command, &["--format", "json"]].concat()).ends(0, &[]).out;
        project.run(&[command, &["-f", "json=list.json", "-f", "terminal"]].concat()).ends(0, &[]);
        assert_eq!(project.get("list.json"), json, "{command:?}");
    }
}

/// What a run printed to a terminal of some width, both of its streams.
#[cfg(unix)]
fn on_a_terminal(project: &Project, columns: u16, arguments: &[&str], settings: &[(&str, &str)]) -> String {
    screen(project, columns, arguments, settings, None)
}

/// The same, with standard input that comes a second late.
#[cfg(unix)]
fn screen(
    project: &Project,
    columns: u16,
    arguments: &[&str],
    settings: &[(&str, &str)],
    late: Option<&'static str>,
) -> String {
    use std::io::{Read, Write};
    use std::process::Stdio;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    let here = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&here).unwrap();
    unlockpt(&here).unwrap();
    let name = ptsname(&here, Vec::new()).unwrap().into_string().unwrap();
    let there = || fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
    // What has no height (as in `script` without a terminal of its own) has a width.
    let rows = if columns == 60 { 0 } else { 24 };
    tcsetwinsize(&here, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = driftgate(&project.path(""));
    command.args(arguments).env("TERM", "xterm-256color").envs(settings.iter().copied());
    command.stdin(if late.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.stdout(Stdio::from(there())).stderr(Stdio::from(there())).spawn().unwrap();
    drop(command);
    let writer = child.stdin.take().zip(late).map(|(mut stdin, text)| {
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(1_500));
            stdin.write_all(text.as_bytes()).unwrap();
        })
    });
    let mut shown = Vec::new();
    // Linux says that the other side is gone by an error.
    let _ = fs::File::from(here).read_to_end(&mut shown);
    child.wait().unwrap();
    writer.into_iter().for_each(|writer| writer.join().unwrap());
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// Takes sequences away, but not what they are about.
#[cfg(unix)]
fn plain(shown: &str) -> String {
    let mut parts = shown.split('\u{1b}');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(match part.as_bytes().first() {
            Some(b'[') => part.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..).unwrap_or_default(),
            Some(b'\\') => &part[1..],
            _ => "",
        });
    }
    text
}

#[cfg(unix)]
#[test]
fn locations_are_links_where_a_terminal_has_them_and_nowhere_else() {
    let project = Project::pinned();
    project.bump();
    let real = project.folder.path().canonicalize().unwrap();
    let file = format!("{}/Cargo.lock\u{1b}\\Cargo.lock:12:8\u{1b}]8;;\u{1b}\\", real.display());
    let shows = |settings: &[(&str, &str)], arguments: &[&str]| {
        let shown = on_a_terminal(&project, 100, arguments, settings);
        assert!(plain(&shown).contains("Cargo.lock:12:8") || arguments[0] == "list", "{shown}");
        assert_eq!(shown.contains("\u{1b}]8;;file://"), shown.contains(&file), "{shown}");
        shown.contains("\u{1b}]8;;")
    };
    for setting in [
        ("VTE_VERSION", "7600"),
        ("TERM_PROGRAM", "WezTerm"),
        ("TERM_PROGRAM", "iTerm.app"),
        ("TERM_PROGRAM", "ghostty"),
        ("WT_SESSION", "1"),
        ("TERM", "xterm-kitty"),
        ("KITTY_WINDOW_ID", "1"),
        ("FORCE_HYPERLINK", "1"),
    ] {
        assert!(shows(&[setting], &["check"]), "{setting:?}");
    }
    let vte = ("VTE_VERSION", "7600");
    assert!(shows(&[vte, ("NO_COLOR", "1")], &["check"]));
    assert!(shows(&[vte], &["why", "itoa"]));
    for (settings, arguments) in [
        (&[][..], &["check"][..]),
        (&[("VTE_VERSION", "4600")], &["check"]),
        (&[vte, ("FORCE_HYPERLINK", "0")], &["check"]),
        (&[vte, ("CI", "true")], &["check"]),
        (&[vte, ("TERM", "dumb")], &["check"]),
        (&[vte], &["check", "--color", "never"]),
        (&[vte], &["check", "--format", "markdown"]),
    ] {
        assert!(!shows(settings, arguments), "{settings:?} {arguments:?}");
    }
    // A pipe gets none, and no file does, whatever is forced.
    let forced =
        driftgate(&project.path("")).args(["check", "--format", "terminal"]).env("FORCE_HYPERLINK", "1").output();
    assert_eq!(Ran::of(forced.unwrap()).out, project.run(&["check"]).out);
    on_a_terminal(&project, 100, &["check", "--format", "terminal=out.txt"], &[vte]);
    assert_eq!(project.get("out.txt"), project.run(&["check"]).out);
}

#[cfg(unix)]
#[test]
fn tables_fit_the_terminal() {
    let project = Project::pinned();
    let piped = project.run(&["list"]).out;
    assert!(piped.lines().any(|line| line.chars().count() > 130));
    for columns in [40, 60, 80, 104, 120, 200] {
        for arguments in [
            &["list"][..],
            &["list", "formats"],
            &["list", "rules"],
            &["gpu", "facts"],
            &["gpu", "facts", "torch 2.10"],
        ] {
            let shown = plain(&on_a_terminal(&project, columns, arguments, &[]));
            assert!(shown.lines().count() > 4, "{shown}");
            let is_list = arguments.len() < 3;
            for line in shown.lines().filter(|line| is_list || line.starts_with("  ")) {
                assert!(line.chars().count() <= columns.into(), "{columns}: {line}");
            }
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let listed = plain(&on_a_terminal(&project, columns, &["list", "outputs"], &[]));
        assert_eq!(words(&listed), words(&project.run(&["list", "outputs"]).out), "{columns}");
    }
    // The terminal is asked, unless COLUMNS says otherwise; in a pipe it says nothing.
    let narrow = plain(&on_a_terminal(&project, 200, &["list", "outputs"], &[("COLUMNS", "50")]));
    assert!(narrow.lines().all(|line| line.chars().count() <= 50), "{narrow}");
    let pipe = driftgate(&project.path("")).arg("list").env("COLUMNS", "50").output();
    assert_eq!(Ran::of(pipe.unwrap()).out, piped);
}

#[cfg(unix)]
#[test]
fn versions_in_a_table_are_whole_however_narrow_the_terminal() {
    let project = Project::empty();
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let at = |below: &str| demo.join(below).to_str().unwrap().to_owned();
    let (tree, bom, image) = (at("approved"), at("proposed/bom.cdx.json"), format!("api={}", at("api-image.tar")));
    for columns in [44, 70, 100] {
        let arguments = ["check", &tree, "--bom", &bom, "--image", &image];
        let shown = plain(&on_a_terminal(&project, columns, &arguments, &[]));
        let table: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("the image api")).skip(1).collect();
        let table: Vec<&str> = table.into_iter().take_while(|line| line.starts_with("  ")).collect();
        assert!(table.len() >= 5, "{shown}");
        assert!(table.iter().all(|line| line.chars().count() <= columns.into()), "{columns}:\n{}", table.join("\n"));
        for word in ["2.10.0+cu126", "1.8.17", "debugpy", "installed (layer"] {
            let whole = table.join(" ");
            let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(word), "{columns}: {word} in\n{}", table.join("\n"));
        }
    }
}

#[cfg(unix)]
#[test]
fn long_work_says_how_far_it_is_and_takes_that_away() {
    let project = Project::new();
    // One side comes late: standard input.
    let late = |arguments: &[&str], settings: &[(&str, &str)]| {
        let shown = screen(&project, 100, arguments, settings, Some(CARGO));
        assert!(shown.contains("1 removed") || arguments.contains(&"-qq"), "{shown}");
        shown
    };
    let shown = late(&["diff", ".", "-"], &[]);
    let (before, result) = shown.rsplit_once("\r\u{1b}[K").unwrap_or_else(|| panic!("nothing was told: {shown}"));
    assert!(before.starts_with("\r\u{1b}[Kdriftgate: 2 files read"), "{before:?}");
    assert!(!result.contains("files read") && result.contains("1 removed"), "{result:?}");
    for (arguments, settings) in [
        (&["diff", ".", "-", "-q"][..], &[][..]),
        (&["diff", ".", "-", "-qq"], &[]),
        (&["diff", ".", "-"], &[("CI", "true")]),
        (&["diff", ".", "-"], &[("TERM", "dumb")]),
    ] {
        let shown = late(arguments, settings);
        assert!(!shown.contains("files read"), "{arguments:?} {settings:?}: {shown:?}");
    }
    // No terminal, no line.
    let piped = driftgate(&project.path("")).args(["diff", ".", "."]).output();
    assert_eq!(Ran::of(piped.unwrap()).err, "");
}
