//! Every format over its fixtures: what is read, where it stands, and that no damage to a file makes anything panic.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::OnceLock;

use common::{assert_none, files, folders, path, read, read_memory, snapshot};
use driftgate::formats::{self, Format, Role, Yield};
use driftgate::graph::Subject;
use driftgate::model::{Gap, Origin, Scope};
use driftgate::source::{FileId, Source, Sources};
use driftgate::tree::{Memory, Tree};
use proptest::prelude::*;

/// Writes a side for human eyes: each component with its line, digests, source, and who requires it.
fn render(subject: &Subject, sources: &Sources, text: &mut String) {
    let _ = writeln!(text, "== {} ({}), {} components", subject.path, subject.format, subject.component_count());
    for node in subject.components() {
        let at = sources.locate(node.place());
        let component = node.component;
        let _ = write!(text, "{}:{}:{}  {}", at.path, at.line, at.column, component.purl);
        let mut more = Vec::new();
        if !node.copy().is_empty() {
            more.push(format!("as {}", node.copy()));
        }
        if node.is_root() {
            more.push("root".to_owned());
        }
        if node.is_direct() {
            more.push("direct".to_owned());
        }
        more.push(node.scope().map_or("unreached".to_owned(), |scope| scope.name().to_owned()));
        if !node.environment().is_empty() {
            more.push(format!("when {}", node.environment()));
        }
        if component.origin != Origin::Unknown {
            more.push(component.origin.to_string());
        }
        if let Some(first) = component.digests.first() {
            let rest = component.digests.len() - 1;
            let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
            more.push(format!("{}:{}…{rest}", first.algorithm.name(), &first.hex[..8]));
        }
        if !component.licence.is_empty() {
            more.push(component.licence.to_owned());
        }
        more.extend(component.properties.iter().map(|(name, value)| format!("{name}={value}")));
        let _ = writeln!(text, "  [{}]", more.join("; "));
        for link in node.requires() {
            let asked = link.requirement;
            let fields =
                [asked.constraint, asked.extra, asked.environment].into_iter().filter(|field| !field.is_empty());
            let fields: Vec<&str> = std::iter::once(asked.scope.name()).chain(fields).collect();
            let copy = if link.to.copy().is_empty() { String::new() } else { format!(" as {}", link.to.copy()) };
            let _ = writeln!(text, "    → {}{copy} ({})", link.to.component.purl, fields.join("; "));
        }
    }
    for link in subject.requires().filter(|link| !link.to.is_root()) {
        let copy = if link.to.copy().is_empty() { String::new() } else { format!(" as {}", link.to.copy()) };
        let _ = writeln!(text, "itself → {}{copy} ({})", link.to.component.purl, link.requirement.scope.name());
    }
    for declared in &subject.declared {
        let at = sources.locate(declared.place);
        let gap = match &declared.gap {
            Gap::Ambiguous(candidates) => format!("one of {}", candidates.len()),
            gap => format!("{gap:?}"),
        };
        let _ =
            writeln!(text, "{}:{}:{}  {} without an exact answer: {gap}", at.path, at.line, at.column, declared.name);
    }
    for part in &subject.parts {
        let at = sources.locate(part.place);
        let base = part.base.map(|base| format!("from {}", subject.parts[base].name));
        let image = part.image.and_then(|image| subject.node(image)).map(|image| image.component.purl.to_string());
        let runs = part.runs.then(|| "runs".to_owned());
        let more: Vec<String> = base.into_iter().chain(image).chain(runs).collect();
        let _ = writeln!(
            text,
            "{}:{}:{}  {:?} {} [{}]",
            at.path,
            at.line,
            at.column,
            part.kind,
            part.name,
            more.join("; ")
        );
        for fact in &part.facts {
            let at = sources.locate(fact.place);
            let detail = if fact.detail.is_empty() { String::new() } else { format!(" ({})", fact.detail) };
            let _ =
                writeln!(text, "    {}:{} {:?} {} = {}{detail}", at.line, at.column, fact.kind, fact.name, fact.value);
        }
    }
}

#[test]
fn fixtures_are_read_as_reviewed() {
    let mut differs = Vec::new();
    for format in folders(&path("fixtures/formats")) {
        for case in folders(&format) {
            let sources = Sources::default();
            let side = read(&case, &sources);
            let mut text = String::new();
            for subject in side.graph.subjects() {
                render(subject, &sources, &mut text);
            }
            for problem in &side.problems {
                let _ = writeln!(text, "problem: {problem}");
            }
            differs.extend(snapshot(&case.join("expected.snap"), &text));
        }
    }
    assert_none(differs);
}

/// The formats whose files say what they themselves are.
const ITSELF: [&str; 3] = ["huggingface-cache", "mlmodel", "weights"];

#[test]
fn every_place_shows_the_name() {
    let mut wrong = Vec::new();
    let normal = |text: &str| text.to_lowercase().replace(['_', '.'], "-");
    for format in folders(&path("fixtures/formats")) {
        for case in folders(&format) {
            let sources = Sources::default();
            let side = read(&case, &sources);
            for node in side.graph.components() {
                let (place, component) = (node.place(), node.component);
                // Weights are no text.
                let opened = sources.open(place.file).unwrap_or_default();
                let cut = &opened.text[place.start as usize..(place.start + place.len) as usize];
                let name = component.purl.name();
                let is_called = match component.purl.key() {
                    // Go names its own library by its version alone.
                    "pkg:golang/stdlib" => cut.starts_with("go"),
                    // vcpkg names its own registry by a commit alone.
                    "pkg:github/microsoft/vcpkg" if cut == component.purl.version() => true,
                    _ if name == "unnamed" => true,
                    // MLflow names it as it is imported.
                    "pkg:pypi/scikit-learn" => normal(cut).contains("sklearn"),
                    // What a file itself is, its path says.
                    _ => {
                        sources.path(place.file).split('/').flat_map(|part| part.split("--")).any(|part| part == name)
                            && ITSELF.contains(&node.subject.format)
                    }
                };
                if !is_called && !normal(cut).contains(&normal(name)) {
                    wrong.push(format!("{} {}: \"{}\"", node.subject.path, component.purl, cut.escape_debug()));
                }
            }
            for (subject, part) in
                side.graph.subjects().iter().flat_map(|subject| subject.parts.iter().map(move |part| (subject, part)))
            {
                for fact in &part.facts {
                    let opened = sources.open(fact.place.file).unwrap();
                    let (start, end) = (fact.place.start as usize, (fact.place.start + fact.place.len) as usize);
                    if opened.text.get(start..end).is_none_or(str::is_empty) {
                        wrong.push(format!("{} {}: {fact:?} stands nowhere", subject.path, part.name));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn order_of_files_and_runs_change_nothing() {
    for format in folders(&path("fixtures/formats")) {
        for case in folders(&format) {
            let all: Vec<(String, Vec<u8>)> = files(&case)
                .into_iter()
                .map(|file| (file.strip_prefix(&case).unwrap().to_str().unwrap().to_owned(), fs::read(file).unwrap()))
                .collect();
            let all: Vec<(&str, &[u8])> = all.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
            let (a, b) = (Sources::default(), Sources::default());
            let from_folder = read(&case, &a);
            let from_memory = read_memory(&all, &b);
            let bom = |side: &driftgate::Side| driftgate::bom::write(&side.graph, &Default::default()).unwrap();
            assert_eq!(bom(&from_folder), bom(&from_memory), "{}", case.display());
        }
    }
}

/// A format, a file of it by its name or path, and what is in it.
type Sample = (&'static dyn Format, String, Vec<u8>);

/// Returns a small fixture of each format: damage done to it reaches all of its reader. What tells what is installed is
/// known by its whole path; of that only what makes a tree a root file system by itself is among them.
fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(find_samples)
}

fn find_samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for format in formats::all() {
        let cases = folders(&path("fixtures/formats")).into_iter().flat_map(|format| folders(&format));
        let of_format = cases.flat_map(|case| files(&case).into_iter().map(move |file| (case.clone(), file)));
        let of_format = of_format.filter_map(|(case, file)| {
            let below = file.strip_prefix(&case).unwrap().to_str().unwrap();
            let name = if format.is_installed() { below } else { below.rsplit('/').next().unwrap() }.to_owned();
            let bytes = fs::read(&file).unwrap();
            let is_whole = !format.is_installed()
                || (Memory::new([(name.clone(), Vec::new())]).is_installed() && std::str::from_utf8(&bytes).is_ok());
            let found = if format.is_installed() { formats::of_installed(&name) } else { formats::of_file(&name) };
            (is_whole && !bytes.is_empty() && found.is_some_and(|found| found.id() == format.id()))
                .then_some((format, name, bytes))
        });
        samples.extend(of_format.min_by_key(|(_, _, bytes)| (bytes.len() < 200, bytes.len())));
    }
    samples
}

/// Reads damaged bytes; a panic or a stack overflow fails the test.
fn survives(name: &str, bytes: &[u8]) -> driftgate::Side {
    read_memory(&[(name, bytes)], &Sources::default())
}

#[test]
fn truncated_files_are_problems_or_faithful() {
    for (format, name, bytes) in samples() {
        for part in 0..50 {
            let cut = &bytes[..bytes.len() * part / 50];
            let side = survives(name, cut);
            // What shares its name with other files is none of them when it is empty.
            if part == 0 && format.role() == Role::Subject && format.is_of(name, "") {
                assert!(!side.problems.is_empty(), "an empty {name} passed for a project without packages");
            }
            for problem in &side.problems {
                assert!(problem.location.is_some(), "{name} cut at {part}/50: {problem}");
            }
        }
    }
}

/// Files that are joined with others, or told by their folder, are cut where they stand.
#[test]
fn folders_with_a_truncated_file_are_survived() {
    const MAX_FOLDER: usize = 16 << 10;
    const CUTS: usize = 11;
    for case in folders(&path("fixtures/formats")).iter().flat_map(|format| folders(format)) {
        let named = |file: &std::path::PathBuf| file.strip_prefix(&case).unwrap().to_str().unwrap().to_owned();
        let all: Vec<(String, Vec<u8>)> =
            files(&case).iter().map(|file| (named(file), fs::read(file).unwrap())).collect();
        if all.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MAX_FOLDER {
            continue;
        }
        for cut in (0..all.len()).filter(|at| !all[*at].0.ends_with(".snap")) {
            for part in 0..CUTS {
                let len = all[cut].1.len() * part / CUTS;
                let some = all.iter().enumerate().map(|(at, (path, bytes))| {
                    (path.as_str(), if at == cut { &bytes[..len] } else { bytes.as_slice() })
                });
                for problem in read_memory(&some.collect::<Vec<_>>(), &Sources::default()).problems {
                    assert!(problem.location.is_some(), "{} {} cut to {len}: {problem}", case.display(), all[cut].0);
                }
            }
        }
    }
}

#[test]
fn hostile_files_are_named_and_survived() {
    let deep = |open: &str, close: &str| [open.repeat(100_000), close.repeat(100_000)].concat();
    for (format, name, bytes) in samples() {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let nul = [&bytes[..bytes.len() / 2], b"\0", &bytes[bytes.len() / 2..]].concat();
        for (what, bytes) in [("UTF-16", utf16), ("NUL", nul), ("not UTF-8", b"\xff\xfe\xfd".to_vec())] {
            let side = survives(name, &bytes);
            assert!(!side.problems.is_empty() || !format.is_of(name, ""), "{name}: {what} passed");
        }
        // A byte-order mark and Windows line ends change nothing.
        let marked = [b"\xef\xbb\xbf".as_slice(), text.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes()].concat();
        let names = |side: &driftgate::Side| -> Vec<&'static str> {
            side.graph.components().map(|node| node.component.purl.as_str()).collect()
        };
        let (plain, marked) = (survives(name, bytes), survives(name, &marked));
        assert_eq!(names(&plain), names(&marked), "{name}");
        assert_eq!(plain.problems.len(), marked.problems.len(), "{name}: {:?}", marked.problems);
        for nest in [
            deep("{\"a\":", "}"),
            deep("[", "]"),
            deep("a = [", "]"),
            deep("<a>", "</a>"),
            deep("(", ")"),
            format!("x = {}", deep("{a=", "}")),
            format!("FROM {}", deep("${A:-", "}")),
            format!("a ; {}", deep("(", ")")),
            format!("[[package]]\nname = {}", deep("[", "]")),
        ] {
            let side = survives(name, nest.as_bytes());
            if format.role() == Role::Subject && (name.ends_with(".json") || name.ends_with(".lock")) {
                assert!(!side.problems.is_empty(), "{name}: a nest of 100,000 levels passed");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(seed in any::<u64>(), cuts in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 0..4u8), 1..6)) {
        let samples = samples();
        let (_, name, bytes) = &samples[(seed % samples.len() as u64) as usize];
        let mut bytes = bytes.clone();
        for (from, to, how) in cuts {
            let at = |part: f64, len: usize| ((len as f64 * part) as usize).min(len.saturating_sub(1));
            let (a, b) = (at(from, bytes.len()), at(to, bytes.len()));
            let (a, b) = (a.min(b), a.max(b));
            match how {
                0 => { bytes.drain(a..b.min(a + 200)); }
                1 => { let part = bytes[a..b.min(a + 400)].to_vec(); bytes.splice(a..a, part); }
                2 => bytes.swap(a, b),
                _ => { bytes[a] = b"\"'[]{}=,#\\\n\x1b$<>&;"[b % 17]; }
            }
            if bytes.is_empty() { bytes.push(b' '); }
        }
        survives(name, &bytes);
    }
}

/// Returns what the fixtures show of each format.
fn shown() -> BTreeMap<&'static str, BTreeSet<Yield>> {
    let mut shown: BTreeMap<&'static str, BTreeSet<Yield>> = BTreeMap::new();
    for format in folders(&path("fixtures/formats")) {
        for case in folders(&format) {
            let sources = Sources::default();
            let side = read(&case, &sources);
            for subject in side.graph.subjects() {
                let shown = shown.entry(subject.format).or_default();
                for node in subject.components() {
                    let component = node.component;
                    let mut show = |which: Yield, is_shown: bool| {
                        if is_shown {
                            shown.insert(which);
                        }
                    };
                    show(Yield::Digests, !component.digests.is_empty());
                    show(Yield::Sources, component.origin != Origin::Unknown);
                    show(Yield::Licences, !component.licence.is_empty());
                    show(Yield::Edges, !node.is_root() && node.requires().next().is_some());
                    show(Yield::Environments, !node.environment().is_empty());
                    for link in node.required_by() {
                        show(Yield::Scopes, link.requirement.scope != Scope::Runtime);
                        show(Yield::Environments, !link.requirement.environment.is_empty());
                    }
                }
                for declared in &subject.declared {
                    if declared.requirement.scope != Scope::Runtime {
                        shown.insert(Yield::Scopes);
                    }
                    if !declared.requirement.environment.is_empty() {
                        shown.insert(Yield::Environments);
                    }
                }
            }
        }
    }
    shown
}

#[test]
fn formats_yield_what_they_say_that_they_do() {
    let shown = shown();
    let names = |yields: &mut dyn Iterator<Item = Yield>| yields.map(Yield::name).collect::<Vec<_>>().join(" ");
    let mut wrong = Vec::new();
    for format in formats::all() {
        let claimed = names(&mut format.yields().iter().copied());
        let seen = names(&mut shown.get(format.id()).into_iter().flatten().copied());
        if claimed != seen {
            wrong.push(format!("{}: says \"{claimed}\", and its fixtures show \"{seen}\"", format.id()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a later tool writes is not guessed at.
#[test]
fn newer_versions_of_a_format_are_said() {
    let mut wrong = Vec::new();
    for (name, text) in [
        ("Cargo.lock", "version = 99\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"),
        ("MODULE.bazel.lock", "{\"lockFileVersion\": 99, \"registryFileHashes\": {}}"),
        ("Manifest.toml", "manifest_format = \"99.0\"\n[[deps.A]]\nuuid = \"0\"\n"),
        ("Package.resolved", "{\"version\": 99, \"pins\": []}"),
        ("Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 99}, \"default\": {\"a\": {\"version\": \"==1\"}}}"),
        ("app.spdx", "SPDXVersion: SPDX-99.0\nPackageName: a\n"),
        ("app.spdx.json", "{\"spdxVersion\": \"SPDX-99.0\", \"packages\": [{\"name\": \"a\"}]}"),
        (
            "app.spdx3.json",
            "{\"@graph\": [{\"type\": \"software_Package\", \"name\": \"a\"}, {\"type\": \"CreationInfo\", \"specVersion\": \"3.99.0\"}]}",
        ),
        (
            "app.spdx3.json",
            "{\"@context\": \"https://spdx.org/rdf/3.99/spdx-context.jsonld\", \"@graph\": [{\"type\": \"software_Package\", \"name\": \"a\"}]}",
        ),
        ("bun.lock", "{\"lockfileVersion\": 99, \"workspaces\": {}, \"packages\": {}}"),
        ("deno.lock", "{\"version\": \"99\"}"),
        ("build.sbt.lock", "{\"lockVersion\": 99, \"configurations\": [], \"dependencies\": []}"),
        ("cargo-metadata.json", "{\"version\": 99, \"packages\": [], \"resolve\": null}"),
        ("conan.lock", "{\"version\": \"99.0\", \"requires\": []}"),
        ("conda-lock.yml", "version: 99\nmetadata: {}\npackage: []\n"),
        ("dvc.lock", "schema: '99.0'\nstages:\n  a:\n    cmd: x\n    outs: [{path: a}]\n"),
        ("flake.lock", "{\"version\": 99, \"root\": \"root\", \"nodes\": {\"root\": {}}}"),
        ("maven_install.json", "{\"version\": \"99\", \"artifacts\": {}, \"dependencies\": {}}"),
        ("model.gguf", "version https://git-lfs.github.com/spec/v99\noid sha256:00\nsize 1\n"),
        ("package-lock.json", "{\"name\": \"a\", \"lockfileVersion\": 99, \"packages\": {}}"),
        ("packages.lock.json", "{\"version\": 99, \"dependencies\": {}}"),
        (
            "pdm.lock",
            "[metadata]\nlock_version = \"99.0\"\ncontent_hash = \"x\"\n[[package]]\nname = \"a\"\nversion = \"1\"\n",
        ),
        ("pip-report.json", "{\"version\": \"99\", \"pip_version\": \"99\", \"install\": []}"),
        ("pixi.lock", "version: 99\nenvironments: {}\npackages: []\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '99.0'\nimporters: {}\n"),
        ("poetry.lock", "[metadata]\nlock-version = \"99.0\"\ncontent-hash = \"x\"\n"),
        ("project.assets.json", "{\"version\": 99, \"targets\": {}, \"libraries\": {}}"),
        ("pylock.toml", "lock-version = \"99.0\"\ncreated-by = \"x\"\n"),
        ("rebar.lock", "{\"99.0.0\",\n[]}.\n"),
        ("uv.lock", "version = 99\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"),
        ("yarn.lock", "__metadata:\n  version: 99\n"),
        ("yarn.lock", "# yarn lockfile v99\n"),
    ] {
        let side = survives(name, text.as_bytes());
        let said = side.problems.iter().map(|problem| problem.message.as_str());
        let is_said = said.clone().any(|message| {
            message.contains("99")
                && ["not known", "newer", "are read", "is read"].iter().any(|word| message.contains(word))
        });
        if !is_said || side.graph.components().next().is_some() {
            wrong.push(format!("{name}: {:?}", said.collect::<Vec<_>>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is called as a bill of materials is, and lists no packages, is walked past; named, it is read.
#[test]
fn bills_of_files_and_licences_are_no_subjects() {
    const FILES: &str = "SPDXVersion: SPDX-2.1\nSPDXID: SPDXRef-DOCUMENT\nRelationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\n\n\
                         FileName: ./a.py\nSPDXID: SPDXRef-a\n";
    const LICENCE: &str = "SPDXVersion: SPDX-2.1\nPackageName: tauri\nDataFormat: SPDXRef-1\n\
                           PackageLicenseDeclared: Apache-2.0\nPackageSummary: <text>Makes desktop\napplications.\n</text>\n";
    let format = formats::named("spdx-tag-value").unwrap();
    for (name, text, components) in [("reuse.spdx", FILES, 0), ("LICENSE.spdx", LICENCE, 1)] {
        let side = survives(name, text.as_bytes());
        assert!(side.graph.subjects().is_empty() && side.problems.is_empty(), "{name}: {:?}", side.problems);
        let source = Source { file: FileId(0), path: name, text };
        let read = format.parse(&source).unwrap();
        assert_eq!((read.nodes.len() - 1, read.faults.len()), (components, 0), "{name}");
    }
    let text = "{\"spdxVersion\": \"SPDX-2.3\", \"packages\": null, \"files\": [{\"SPDXID\": \"SPDXRef-a\"}]}";
    assert_eq!(survives("a.spdx.json", text.as_bytes()).problems, []);
    let text = "{\"spdxVersion\": \"SPDX-2.3\", \"packages\": []}";
    assert_eq!(survives("a.spdx.json", text.as_bytes()).problems.len(), 1);
}
