//! Policies as text, against what they say or what is wrong with them.

use serde::Deserialize;
use time::macros::date;

use super::*;
use crate::source::{Fault, Faults, FileId};

const RULES: &[&str] = &["version-drift", "floating-tag", "integrity-drift", "disallowed-source"];

fn source(text: &str) -> Source<'_> {
    Source { file: FileId(0), path: "driftgate.toml", text }
}

fn read(text: &str) -> Policy {
    Policy::parse(&source(text), RULES).unwrap_or_else(|error| panic!("{error:#}\n{text}"))
}

/// Returns the faults of a policy as people see them: line, column, what stands there, message.
fn faults(text: &str) -> Vec<String> {
    let error = Policy::parse(&source(text), RULES).expect_err(text);
    error.downcast::<Faults>().expect("faults").0.iter().map(|fault| show(text, fault)).collect()
}

fn show(text: &str, Fault { place, message }: &Fault) -> String {
    let start = place.start as usize;
    let line = text[..start].matches('\n').count() + 1;
    let column = text[..start].rsplit('\n').next().map_or(0, |before| before.chars().count()) + 1;
    format!("{line}:{column} {:?} {message}", &text[start..start + place.len as usize])
}

#[test]
fn the_example_says_what_it_shows() {
    let policy = read(EXAMPLE);
    assert_eq!(policy.bom(), "bom.cdx.json");
    assert_eq!(policy.fail_on, Level::Deny);
    assert!(policy.include.matches("deploy/a.yaml") && policy.exclude.matches("examples/x/uv.lock"));
    assert_eq!(policy.rules.len(), 2);
    assert_eq!(policy.overrides.len(), 1);
    assert_eq!(policy.sources.as_ref().map(Vec::len), Some(2));
    assert_eq!(policy.demands.require, ["reason", "owner", "until"]);
    assert_eq!(policy.demands.longest.map(|days| days.value), Some(90));
    let waiver = &policy.waivers[0];
    assert_eq!((waiver.owner, waiver.reason), ("ml-platform", "CVE fix, reviewed in #123"));
    assert_eq!(waiver.ends.map(|day| day.value), Some(date!(2026 - 12 - 31)));
}

#[test]
fn without_a_word_everything_has_a_default() {
    for text in ["", "\n# nothing\n", "version = 1\n", "version = 1\r\n[gate]\r\n"] {
        let policy = read(text);
        assert_eq!((policy.bom(), policy.fail_on), ("bom.cdx.json", Level::Deny));
        assert_eq!(policy.demands, Demands::default());
        assert!(policy.allows(&Origin::Url("https://anywhere.example/a")));
        assert_eq!(policy.level("version-drift", Level::Warn, "uv.lock", None, None), Level::Warn);
        assert!(policy.options("version-drift").is_none());
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let cases: &[(&str, &[&str])] = &[
        ("version = 2", &["1:11 \"2\" \"version\" is 1, the only form that this driftgate reads"]),
        ("version = \"1\"", &["1:11 \"\\\"1\\\"\" \"version\" is 1, the only form that this driftgate reads"]),
        ("bom = 3", &["1:7 \"3\" \"bom\" takes a text, not a whole number"]),
        ("bom = \" \"", &["1:7 \"\\\" \\\"\" \"bom\" is empty"]),
        ("bon = \"x\"", &["1:1 \"bon\" unknown key \"bon\", did you mean \"bom\"?"]),
        ("gate = true", &["1:8 \"true\" \"gate\" takes a table, [gate], not true"]),
        ("[gates]", &["1:2 \"gates\" unknown key \"gates\", did you mean \"gate\"?"]),
        ("fail-on = \"deny\"", &["1:1 \"fail-on\" unknown key \"fail-on\", it belongs into [gate]"]),
        ("version-drift = \"deny\"", &["1:1 \"version-drift\" unknown key \"version-drift\", it belongs into [rules]"]),
        (
            "[gate]\nfail_on = \"deny\"",
            &["2:1 \"fail_on\" unknown key \"fail_on\" in [gate], did you mean \"fail-on\"?"],
        ),
        (
            "[gate]\nfail-on = \"allow\"",
            &["2:11 \"\\\"allow\\\"\" \"fail-on\" is \"deny\" or \"warn\"; what is allowed never fails the gate"],
        ),
        ("[gate]\nfail-on = \"error\"", &["2:11 \"\\\"error\\\"\" unknown level \"error\", did you mean \"deny\"?"]),
        (
            "[gate]\nfail-on = \"banana\"",
            &["2:11 \"\\\"banana\\\"\" unknown level \"banana\", expected \"deny\", \"warn\" or \"allow\""],
        ),
        ("[scan]\ninclude = [\"a\", 1]", &["2:17 \"1\" \"include\" takes texts, not a whole number"]),
        ("[scan]\ninclude = []", &["2:11 \"[]\" \"include\" is an empty list; leave it out or say what is meant"]),
        (
            "[scan]\ninclude = [\"a[\", \"..\", \"/x\", \"a\\\\b\"]",
            &[
                "2:12 \"\\\"a[\\\"\" \"a[\" is no glob: unclosed character class; missing ']'",
                "2:18 \"\\\"..\\\"\" \"..\" climbs up; paths are below the root of the tree",
                "2:24 \"\\\"/x\\\"\" \"/x\" begins with a slash; paths are below the root of the tree",
                "2:30 \"\\\"a\\\\\\\\b\\\"\" \"a\\\\b\" has a backslash; paths have forward slashes on every system",
            ],
        ),
        (
            "[rules]\nversoin-drift = \"deny\"\nunheard-of = \"deny\"\nfloating-tag = 1\nintegrity-drift = { level = \"dney\" }",
            &[
                "2:1 \"versoin-drift\" unknown rule \"versoin-drift\", did you mean \"version-drift\"?",
                "3:1 \"unheard-of\" unknown rule \"unheard-of\", see `driftgate list rules`",
                "4:16 \"1\" \"floating-tag\" takes a level, \"deny\", \"warn\" or \"allow\", not a whole number",
                "5:29 \"\\\"dney\\\"\" unknown level \"dney\", did you mean \"deny\"?",
            ],
        ),
        (
            "[override]\nrules = {}",
            &["1:1 \"[override]\" \"override\" takes a list of tables, [[override]], not a table"],
        ),
        (
            "[[override]]\nrules = { version-drift = \"warn\" }",
            &[
                "1:1 \"[[override]]\" the override is for everything; give it a \"path\", \"ecosystem\", \"scope\" or \"package\", or set the level in [rules]",
            ],
        ),
        (
            "[[override]]\npath = \"a\"\nversion-drift = \"warn\"",
            &[
                "1:1 \"[[override]]\" the override has no \"rules\", as in rules = { version-drift = \"warn\" }",
                "3:1 \"version-drift\" unknown key \"version-drift\" in [[override]], write rules = { version-drift = … }",
            ],
        ),
        (
            "[[override]]\necosystem = [\"python\", \"fortran\"]\nscope = \"devel\"\npackage = \"pypi/a\"\nrules = { versiondrift = \"warn\", floating-tag = { level = \"warn\" } }",
            &[
                "2:14 \"\\\"python\\\"\" unknown ecosystem \"python\", did you mean \"pypi\"?",
                "2:24 \"\\\"fortran\\\"\" unknown ecosystem \"fortran\", expected a purl type, as in \"pypi\"",
                "3:9 \"\\\"devel\\\"\" unknown scope \"devel\", expected \"runtime\", \"peer\", \"optional\", \"build\" or \"dev\"",
                "4:11 \"\\\"pypi/a\\\"\" \"pypi/a\" names no package: did you mean pkg:pypi/a?",
                "5:11 \"versiondrift\" unknown rule \"versiondrift\", did you mean \"version-drift\"?",
                "5:49 \"{ level = \\\"warn\\\" }\" an override sets a level and no more; a rule's options stand in [rules]",
            ],
        ),
        (
            "[sources]\nallowed = [\"mirror.example\"]\nalowed = 1",
            &[
                "2:12 \"\\\"mirror.example\\\"\" \"mirror.example\" is no address, write it as in \"https://mirror.example/*\"",
                "3:1 \"alowed\" unknown key \"alowed\" in [sources], did you mean \"allowed\"?",
            ],
        ),
        (
            "[waivers]\nrequire = [\"resaon\"]\nlongest = \"90\"\nwarn-before = -1\nreason = \"x\"",
            &[
                "2:12 \"\\\"resaon\\\"\" a waiver has no \"resaon\", did you mean \"reason\"?",
                "3:11 \"\\\"90\\\"\" \"longest\" takes a whole number of days, not a text",
                "4:15 \"-1\" \"warn-before\" takes a number of days from 0 to 36500, not -1",
                "5:1 \"reason\" unknown key \"reason\" in [waivers], it belongs to a waiver, [[waiver]]",
            ],
        ),
        (
            "[[waivers]]\nrule = \"version-drift\"",
            &["1:1 \"[[waivers]]\" what waivers must have is [waivers]; a waiver is [[waiver]]"],
        ),
        (
            "[[waiver]]",
            &[
                "1:1 \"[[waiver]]\" the waiver has no \"rule\"",
                "1:1 \"[[waiver]]\" the waiver would let all that its rule finds through; give it a \"package\" or a \"path\"",
                "1:1 \"[[waiver]]\" the waiver has no \"reason\", which this policy requires",
                "1:1 \"[[waiver]]\" the waiver has no \"until\", which this policy requires",
            ],
        ),
        (
            "[[waiver]]\nrule = [\"version_drift\", \"*\"]\npackage = \"torch>=2\"\nreason = \"\"\nuntil = \"2026-02-30\"\nutnil = 1",
            &[
                "2:9 \"\\\"version_drift\\\"\" unknown rule \"version_drift\", did you mean \"version-drift\"?",
                "2:26 \"\\\"*\\\"\" a waiver names its rules; to let a part of the tree be, write an [[override]]",
                "3:11 \"\\\"torch>=2\\\"\" \"torch>=2\" names no package: a version follows \"@\" and has no operators; write torch@2",
                "4:10 \"\\\"\\\"\" \"reason\" is empty",
                "5:9 \"\\\"2026-02-30\\\"\" the calendar has no day 2026-02-30",
                "6:1 \"utnil\" unknown key \"utnil\" in [[waiver]], did you mean \"until\"?",
            ],
        ),
        (
            "[[waiver]]\nrule = \"version-drift\"\npath = \"a\"\nreason = \"x\"\nuntil = 2026-12-31T00:00:00Z",
            &["5:9 \"2026-12-31T00:00:00Z\" \"until\" takes a day without a time, as in 2026-12-31"],
        ),
        (
            "[[waiver]]\nrule = \"version-drift\"\npath = \"a\"\nreason = \"x\"\nuntil = 3",
            &["5:9 \"3\" \"until\" takes a day, as in 2026-12-31, not a whole number"],
        ),
        (
            "[waivers]\nrequire = []\nlongest = 90\n[[waiver]]\nrule = \"version-drift\"\npath = \"a\"",
            &["4:1 \"[[waiver]]\" the waiver has no \"until\", and none may last longer than 90 days"],
        ),
        // What is no TOML is named once, and the rest of the file is read all the same.
        (
            "bom = nope\n[gate]\nfail-on = deny\n[rules]\nx = \"deny\"\n[[waiver]]\nrule = \"floating-tag\"\npath = \"a\"\nreason = \"b\"\nuntil = 2026-02-30",
            &[
                "1:7 \"nope\" invalid float, expected `nan`",
                "3:11 \"deny\" string values must be quoted, expected literal string",
                "5:1 \"x\" unknown rule \"x\", see `driftgate list rules`",
                "10:9 \"2026-02-30\" invalid date, expected day between 01 and 28",
            ],
        ),
        ("[rules]\nfloating-tag = \"deny\"\nfloating-tag = \"warn\"", &["3:1 \"floating-tag\" duplicate key"]),
        // Where a header is broken, what stands below it may belong anywhere.
        ("[[waiver]\nrule = \"nonsense\"", &["1:10 \"\" unclosed array table, expected `]`"]),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text), *expected, "{text}");
    }
}

#[test]
fn the_last_override_that_matches_wins() {
    let policy = read(
        r#"
[rules]
version-drift = "deny"
[[override]]
path = "services/batch"
rules = { "*" = "warn", floating-tag = "allow" }
[[override]]
ecosystem = ["npm", "cargo"]
scope = ["dev", "build"]
rules = { version-drift = "allow" }
[[override]]
package = ["pkg:npm/eslint*", "torch"]
path = "**/package-lock.json"
rules = { version-drift = "deny" }
"#,
    );
    let npm = Purl::parse("pkg:npm/left-pad@1.0.0").expect("a purl");
    let eslint = Purl::parse("pkg:npm/eslint-x@1.0.0").expect("a purl");
    for (rule, path, purl, scope, expected) in [
        ("version-drift", "uv.lock", None, None, Level::Deny),
        ("integrity-drift", "uv.lock", None, None, Level::Warn),
        ("version-drift", "services/batch/uv.lock", None, None, Level::Warn),
        ("integrity-drift", "services/batch/uv.lock", None, None, Level::Warn),
        ("floating-tag", "services/batch/Dockerfile", None, None, Level::Allow),
        ("version-drift", "package-lock.json", Some(&npm), Some(Scope::Dev), Level::Allow),
        ("version-drift", "package-lock.json", Some(&npm), Some(Scope::Runtime), Level::Deny),
        ("version-drift", "package-lock.json", Some(&npm), None, Level::Deny),
        ("version-drift", "services/batch/package-lock.json", Some(&npm), Some(Scope::Dev), Level::Allow),
        ("version-drift", "a/package-lock.json", Some(&eslint), Some(Scope::Dev), Level::Deny),
        ("version-drift", "a/yarn.lock", Some(&eslint), Some(Scope::Dev), Level::Allow),
    ] {
        assert_eq!(policy.level(rule, Level::Warn, path, purl, scope), expected, "{rule} {path} {purl:?} {scope:?}");
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[derive(Default)]
struct Drift {
    allow: Option<Step>,
    direct: Option<Step>,
    most: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    Patch,
    Minor,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[test]
fn options_are_read_by_the_rule() {
    let text = "[rules]\nversion-drift = { level = \"warn\", allow = \"patch\" }\n[rules.floating-tag]\nmost = 3\n";
    let policy = read(text);
    let options = policy.options("version-drift").expect("options");
    assert_eq!(options.read::<Drift>().expect("options"), Drift { allow: Some(Step::Patch), ..Drift::default() });
    assert_eq!(policy.level("version-drift", Level::Deny, "a", None, None), Level::Warn);
    let options = policy.options("floating-tag").expect("options");
    assert_eq!(options.read::<Drift>().expect("options"), Drift { most: 3, ..Drift::default() });
    assert_eq!(policy.level("floating-tag", Level::Deny, "a", None, None), Level::Deny);

    for (text, expected) in [
        ("{ allwo = 1 }", "2:19 \"allwo\" version-drift has no option \"allwo\", did you mean \"allow\"?"),
        (
            "{ banana = 1 }",
            "2:19 \"banana\" version-drift has no option \"banana\", expected \"allow\", \"direct\" or \"most\"",
        ),
        ("{ allow = \"mnior\" }", "2:27 \"\\\"mnior\\\"\" version-drift: unknown \"mnior\", did you mean \"minor\"?"),
        ("{ most = -1 }", "2:26 \"-1\" version-drift: invalid value: integer `-1`, expected u8"),
        ("{ most = \"x\" }", "2:26 \"\\\"x\\\"\" version-drift: invalid type: string \"x\", expected u8"),
    ] {
        let text = format!("[rules]\nversion-drift = {text}\n");
        let policy = read(&text);
        let error = policy.options("version-drift").expect("options").read::<Drift>().expect_err(&text);
        assert_eq!(show(&text, &error.downcast::<Fault>().expect("a fault")), expected);
    }
    let text = "[rules]\nversion-drift = { a = 1 }\n";
    let error = read(text).options("version-drift").expect("options").read::<Nothing>().expect_err(text);
    assert_eq!(error.to_string(), "version-drift has no options, so no \"a\"");
}

#[test]
fn sources_are_held_to_the_list() {
    let policy = read("[sources]\nallowed = [\"https://mirror.example/*\", \"git+https://git.example/*\"]");
    let git = Origin::Git { url: "https://git.example/a/b", commit: "", reference: "" };
    for (origin, expected) in [
        (Origin::Registry("https://mirror.example/pypi/simple"), true),
        (Origin::Url("https://elsewhere.example/a.whl"), false),
        (git, true),
        (Origin::Path("../a"), true),
        (Origin::Unknown, true),
    ] {
        assert_eq!(policy.allows(&origin), expected, "{origin}");
    }
    assert!(!read("[sources]\nallowed = []").allows(&Origin::Registry("https://mirror.example/")));
}

#[test]
fn waivers_match_what_they_are_for() {
    let policy = read(
        r#"
[[waiver]]
rule = ["version-drift", "integrity-drift"]
package = "pkg:pypi/urllib3"
path = "services/**"
reason = "x"
until = "2026-12-31"
from = "2.2"
to = "2.2.2"
[[waiver]]
rule = "floating-tag"
path = "Dockerfile"
reason = "x"
until = 2026-12-31
"#,
    );
    let purl = Purl::parse("pkg:pypi/urllib3@2.2.2").expect("a purl");
    let other = Purl::parse("pkg:pypi/urllib@2.2.2").expect("a purl");
    let path = "services/a/uv.lock";
    for (rule, purl, path, from, to, expected) in [
        ("version-drift", Some(&purl), path, Some("2.2.0"), Some("2.2.2"), true),
        ("integrity-drift", Some(&purl), path, Some("2.2"), Some("2.2.2"), true),
        ("floating-tag", Some(&purl), path, Some("2.2"), Some("2.2.2"), false),
        ("version-drift", Some(&other), path, Some("2.2"), Some("2.2.2"), false),
        ("version-drift", None, path, Some("2.2"), Some("2.2.2"), false),
        ("version-drift", Some(&purl), "uv.lock", Some("2.2"), Some("2.2.2"), false),
        ("version-drift", Some(&purl), path, Some("2.2.1"), Some("2.2.2"), false),
        ("version-drift", Some(&purl), path, Some("2.2"), Some("2.2.3"), false),
        ("version-drift", Some(&purl), path, None, Some("2.2.2"), false),
    ] {
        assert_eq!(policy.waivers[0].matches(rule, purl, path, from, to), expected, "{rule} {purl:?} {from:?} {to:?}");
    }
    assert!(policy.waivers[1].matches("floating-tag", None, "Dockerfile", None, None));
    assert!(!policy.waivers[1].matches("floating-tag", None, "a/Dockerfile", None, None));
}

#[test]
fn waivers_end() {
    let text = "[waivers]\nlongest = 90\nwarn-before = 14\n[[waiver]]\nrule = \"floating-tag\"\npath = \"a\"\nreason = \"x\"\nuntil = 2026-12-31\n";
    let policy = read(text);
    let waiver = &policy.waivers[0];
    for (today, expected) in [
        (date!(2026 - 10 - 01), State::TooLong { days: 91 }),
        (date!(2026 - 10 - 02), State::Active),
        (date!(2026 - 12 - 16), State::Active),
        (date!(2026 - 12 - 17), State::Soon { days: 14 }),
        (date!(2026 - 12 - 31), State::Soon { days: 0 }),
        (date!(2027 - 01 - 01), State::Expired { days: 1 }),
    ] {
        let state = waiver.state(today, &policy.demands);
        assert_eq!(state, expected, "{today}");
        assert_eq!(state.holds(), matches!(expected, State::Active | State::Soon { .. }));
    }
    let endless = read("[waivers]\nrequire = []\n[[waiver]]\nrule = \"floating-tag\"\npath = \"a\"\n");
    assert_eq!(endless.waivers[0].state(date!(2026 - 10 - 01), &endless.demands), State::Active);
}

#[test]
fn places_slice_to_what_they_name() {
    let policy = read(EXAMPLE);
    let cut = |place: Place| &EXAMPLE[place.start as usize..(place.start + place.len) as usize];
    assert_eq!(cut(policy.waivers[0].place), "[[waiver]]");
    assert_eq!(cut(policy.waivers[0].rules[0].place), "\"version-drift\"");
    assert_eq!(cut(policy.overrides[0].place), "[[override]]");
    assert_eq!(cut(policy.rules["version-drift"].place), "version-drift");
    assert_eq!(cut(policy.sources.as_ref().expect("sources")[1].place), "\"git+https://git.example/*\"");
}

#[test]
fn no_text_panics() {
    assert!(EXAMPLE.is_ascii());
    // Each parse compiles globs, which is slow without optimization.
    for at in (0..EXAMPLE.len()).step_by(5) {
        let (before, after) = EXAMPLE.split_at(at);
        let _ = Policy::parse(&source(before), RULES);
        // One foreign letter at each byte; the letters take turns.
        let byte = ['\0', '"', '[', '\n', '=', 'é', '}'][at % 7];
        let _ = Policy::parse(&source(&format!("{before}{byte}{after}")), RULES);
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(Policy::parse(&source(&deep), RULES).is_err());
    let deep = format!("[{}]", vec!["a"; 100_000].join("."));
    assert!(Policy::parse(&source(&deep), RULES).is_err());
}

/// Reads the files of a policy's targets; each file is called after what it holds.
fn expand(policy: &mut Policy) -> anyhow::Result<()> {
    policy.read_targets(|path| match path {
        "ops/box.txt" => Ok("NVIDIA-SMI version  : 546.01\nDRIVER version      : 546.80\n".to_owned()),
        "ops/gpus.csv" => Ok("name, compute_cap\nNVIDIA L4, 8.9\n".to_owned()),
        "ops/prose.txt" => Ok("nothing of the kind".to_owned()),
        path => anyhow::bail!("cannot be opened: there is no {path}"),
    })
}

#[test]
fn targets_are_read_from_their_files() {
    let mut policy = read(
        "[[target]]\nfile = \"ops/../ops/box.txt\"\n\n\
         [[target]]\nname = \"api\"\nfile = \"./ops/gpus.csv\"\ndriver = \"550.54.15\"\nmode = \"cdi\"\nmodule = \"open\"\n\
         brand = \"Tesla\"\nplatform = \"wsl\"\ngpus = [\"T4\"]\npath = \"services/**\"\n\n\
         [[target]]\nname = \"declared\"\ngpus = [\"A100\"]\n",
    );
    let places: Vec<Place> = policy.targets.iter().map(|target| target.place).collect();
    expand(&mut policy).expect("both files tell of a target");
    let [boxed, api, declared] = &policy.targets[..] else { panic!("{:#?}", policy.targets) };
    assert_eq!((boxed.target.name.as_str(), boxed.target.platform), ("box", crate::gpu::Platform::Wsl));
    let said = &api.target;
    assert_eq!((said.name.as_str(), &said.gpus[..]), ("api", &["NVIDIA L4".to_owned()][..]));
    assert_eq!(said.driver.as_ref().map(ToString::to_string).as_deref(), Some("550.54.15"));
    assert_eq!((said.mode, said.module), (crate::gpu::Mode::Cdi, crate::gpu::Module::Open));
    assert_eq!((said.brand.as_deref(), said.platform), (Some("tesla"), crate::gpu::Platform::Wsl));
    assert!(api.runs("services/a/uv.lock") && !api.runs("tools/uv.lock") && boxed.runs("tools/uv.lock"));
    assert_eq!(declared.target.name, "declared");
    assert_eq!(policy.targets.iter().map(|target| target.place).collect::<Vec<_>>(), places);
    expand(&mut policy).expect("what was read is not read anew");
    assert_eq!(policy.targets.len(), 3);
}

#[test]
fn files_of_targets_that_cannot_be_read_are_named_where_they_stand() {
    let text = "[[target]]\nfile = \"../nodes.json\"\n\n[[target]]\nfile = \"/etc/x\"\n\n[[target]]\nfile = \"ops/none\"\n\n\
         [[target]]\nfile = \"ops/prose.txt\"\n";
    let error = expand(&mut read(text)).expect_err("no file is readable");
    let faults: Vec<String> =
        error.downcast::<Faults>().expect("faults").0.iter().map(|fault| show(text, fault)).collect();
    assert_eq!(
        faults[0],
        "2:8 \"\\\"../nodes.json\\\"\" reading \"../nodes.json\": the file leads out of the policy's folder"
    );
    assert_eq!(faults[1], "5:8 \"\\\"/etc/x\\\"\" reading \"/etc/x\": the file leads out of the policy's folder");
    assert_eq!(faults[2], "8:8 \"\\\"ops/none\\\"\" reading \"ops/none\": cannot be opened: there is no ops/none");
    assert!(
        faults[3].starts_with("11:8 \"\\\"ops/prose.txt\\\"\" reading \"ops/prose.txt\": no node list"),
        "{}",
        faults[3]
    );
}

#[test]
fn targets_of_one_name_are_a_fault() {
    let text = "[[target]]\nname = \"a100\"\ngpus = [\"A100\"]\n\n[[target]]\nname = \"a100\"\ngpus = [\"H100\"]\n";
    assert_eq!(
        faults(text),
        ["5:1 \"[[target]]\" two targets are called \"a100\": findings could not tell which they are about"]
    );
    let of_file = "[[target]]\nfile = \"ops/box.txt\"\n\n[[target]]\nname = \"box\"\ngpus = [\"H100\"]\n";
    let error = expand(&mut read(of_file)).expect_err("the file tells of a target of that name");
    let faults: Vec<String> =
        error.downcast::<Faults>().expect("faults").0.iter().map(|fault| show(of_file, fault)).collect();
    assert_eq!(
        faults,
        ["4:1 \"[[target]]\" two targets are called \"box\": findings could not tell which they are about"]
    );
}
