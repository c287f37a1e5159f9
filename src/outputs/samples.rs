//! Reports for tests, made by hand over a tree in memory, and the check of what outputs make of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::graph::Graph;
use crate::images::Meaning;
use crate::intern::{Text, text};
use crate::model::{Component, Gap, Inventory, Layer, Origin, Purl, Requirement, Scope};
use crate::report::{
    ChangeLine, Difference, EdgeLine, Finding, Level, Looked, Problem, Related, Report, SubjectLine, Waived,
};
use crate::report::{ImageRow, ImageTable, StackCell, StackLine, TargetLine};
use crate::source::{FileId, Location, Open, Place, Source, Sources};

/// Files in memory.
struct Memory(BTreeMap<String, String>);

impl Open for Memory {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.0.get(path).context("no such file")?.clone().into_bytes())
    }

    fn on_disk(&self, path: &str) -> Option<PathBuf> {
        Some(Path::new("/tree").join(path))
    }
}

/// Compares an output with `fixtures/outputs/<id>/<case>.expected`; `UPDATE_SNAPSHOTS=1` writes it.
pub fn check(id: &str, case: &str, bytes: &[u8]) {
    let version = env!("CARGO_PKG_VERSION");
    let shown = String::from_utf8_lossy(bytes).replace(&format!("\"{version}\""), "\"VERSION\"");
    let shown = shown.replace(&format!(">{version}<"), ">VERSION<");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/outputs/{id}/{case}.expected"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
        std::fs::write(&path, &shown).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == shown, "{id}/{case} is not as expected; UPDATE_SNAPSHOTS=1 rewrites it:\n{shown}");
}

/// Returns every case of the snapshots.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("clean", clean()),
        ("drift", drift()),
        ("diff", diff()),
        ("hostile", hostile()),
        ("images", images()),
        ("many", many()),
        ("minified", minified()),
        ("problems", problems()),
    ]
}

/// Builds reports.
struct Builder {
    report: Report,
    files: Vec<(String, String)>,
}

impl Builder {
    fn new(files: &[(&str, &str)]) -> Self {
        let sources = Sources::default();
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let tree = sources.add_tree(Arc::new(Memory(files.iter().cloned().collect())));
        files.iter().for_each(|(path, _)| {
            sources.add_file(tree, path);
        });
        Builder { report: Report { sources, gate: Some(Level::Deny), ..Report::default() }, files }
    }

    fn subject(&mut self, path: Text, components: usize) {
        self.report.subjects.push(SubjectLine { path, format: "uv-lock", components, edges: components * 2 });
    }

    /// Returns the place of a part of a file; of nothing where the file is not there.
    fn place(&self, path: &str, part: &str) -> Place {
        let Some(file) = self.files.iter().position(|(known, _)| known == path) else {
            return Place { file: FileId(u32::MAX), ..Place::default() };
        };
        let start = self.files[file].1.find(part).expect("the part stands in the file");
        Place { file: FileId(file as u32), start: start as u32, len: part.len() as u32 }
    }

    fn at(&self, path: &str, part: &str) -> (Place, Location) {
        let place = self.place(path, part);
        let start = Location { path: text(path), line: 1, column: 1, end_line: 1, end_column: 1 };
        let location = if self.report.sources.path(place.file).is_empty() { start } else { self.locate(place) };
        (place, location)
    }

    fn locate(&self, place: Place) -> Location {
        self.report.sources.locate(place)
    }

    /// Notes that rules looked at a subject, beside those that found something.
    fn looked(&mut self, subject: Text, rules: &[Text]) {
        self.report.looked.push(Looked { subject, rules: rules.to_vec() });
    }

    fn finding(&mut self, rule: Text, level: Level, path: &str, part: &str, message: &str) -> &mut Finding {
        let (place, location) = self.at(path, part);
        self.report.findings.push(Finding {
            rule,
            level,
            message: message.to_owned(),
            help: String::new(),
            place,
            location,
            related: Vec::new(),
            paths: Vec::new(),
            purl: None,
            subject: text(path),
            identity: [rule, path, part].join("\u{1f}"),
            cause: None,
            notes: Vec::new(),
            waived: None,
        });
        self.report.findings.last_mut().expect("one was just added")
    }

    fn change(&mut self, kind: Text, subject: &str, name: &str, versions: [Option<&str>; 2]) -> &mut ChangeLine {
        let version = versions[1].or(versions[0]).unwrap_or_default();
        self.report.changes.push(ChangeLine {
            kind,
            purl: text(&format!("pkg:pypi/{name}@{version}")),
            name: text(name),
            ecosystem: "pypi",
            subject: text(subject),
            from: versions[0].map(text),
            to: versions[1].map(text),
            direct: false,
            scope: Some("runtime"),
            what: if kind == "upgraded" || kind == "downgraded" { vec!["version"] } else { vec![] },
            differences: Vec::new(),
            introduced_by: vec![],
            old: None,
            new: None,
        });
        self.report.changes.last_mut().expect("one was just added")
    }
}

const UV: &str = "version = 1\n\n[[package]]\nname = \"requests\"\nversion = \"2.32.3\"\n\n[[package]]\nname = \"torch\"\n\
                  version = \"2.3.0\"\n\n[[package]]\nname = \"urllib3\"\nversion = \"2.5.0\"\n";
const BOM: &str = "{\n  \"bomFormat\": \"CycloneDX\",\n  \"components\": [\n    {\n      \"name\": \"torch\",\n      \
                   \"version\": \"2.3.0\"\n    },\n    {\n      \"name\": \"urllib3\",\n      \"version\": \"1.26.18\"\n    \
                   }\n  ]\n}\n";
const POLICY: &str = "[[waiver]]\nrule = \"component-added\"\npackage = \"pkg:npm/left-pad\"\nreason = \"audited\"\n";
const WEB: &str =
    "{\n  \"packages\": {\n    \"node_modules/left-pad\": {\n      \"version\": \"1.3.0\"\n    }\n  }\n}\n";
const API: Text = "services/api/uv.lock";
const NPM: Text = "web/package-lock.json";

/// A gate that fails for a good reason.
pub fn drift() -> Report {
    let mut all = Builder::new(&[(API, UV), ("bom.cdx.json", BOM), (NPM, WEB), ("driftgate.toml", POLICY)]);
    all.subject(API, 204);
    all.subject(NPM, 1_000);
    all.subject("worker/Cargo.lock", 12);
    all.looked("driftgate.toml", &["waiver-expired", "waiver-unused"]);
    all.looked(API, &["version-drift", "integrity-drift", "source-drift"]);
    all.looked(NPM, &["version-drift", "integrity-drift", "source-drift"]);
    all.looked("worker/Cargo.lock", &["version-drift", "integrity-drift", "source-drift"]);
    let pinned = |all: &Builder, part| {
        let (place, location) = all.at("bom.cdx.json", part);
        Related { place, location, note: "pinned here" }
    };

    let related = pinned(&all, "\"torch\"");
    let message = "torch 2.3.0 has other digests than the BOM pins: none of 3 is the same";
    let torch = all.finding("integrity-drift", Level::Deny, API, "torch", message);
    torch.related.push(related);
    torch.help = "do not deploy; find out who published it anew, then accept it with `driftgate pin --only \
                  pkg:pypi/torch`"
        .to_owned();
    torch.purl = Some("pkg:pypi/torch@2.3.0");
    torch.paths = vec![vec!["app", "torch"]];

    let related = pinned(&all, "\"urllib3\"");
    let urllib3 = all.finding("version-drift", Level::Deny, API, "urllib3", "urllib3 is 2.5.0, the BOM pins 1.26.18");
    urllib3.related.push(related);
    urllib3.help = "review it, then accept it with `driftgate pin --only pkg:pypi/urllib3`".to_owned();
    urllib3.purl = Some("pkg:pypi/urllib3@2.5.0");
    urllib3.paths = vec![
        vec!["app", "requests", "urllib3"],
        vec!["app", "boto3", "botocore", "urllib3"],
        vec!["app", "sentry-sdk", "urllib3"],
        vec!["app", "docker", "urllib3"],
    ];

    let left_pad = "node_modules/left-pad";
    let added = all.finding("component-added", Level::Warn, NPM, left_pad, "left-pad 1.3.0 is new");
    added.purl = Some("pkg:npm/left-pad@1.3.0");
    added.paths = vec![vec!["web", "left-pad"]];
    let location = all.locate(all.place("driftgate.toml", "[[waiver]]"));
    let waived = all.finding("duplicate-versions", Level::Warn, NPM, left_pad, "left-pad is locked in 2 versions");
    let (reason, owner) = ("audited, harmless".to_owned(), "web".to_owned());
    waived.waived = Some(Waived { reason, owner, until: "2027-01-31".to_owned(), location });

    let (old, new) = (all.at("bom.cdx.json", "urllib3").1, all.at(API, "urllib3").1);
    let change = all.change("upgraded", API, "urllib3", [Some("1.26.18"), Some("2.5.0")]);
    change.introduced_by = vec![vec!["app", "requests", "urllib3"], vec!["app", "boto3", "botocore", "urllib3"]];
    (change.old, change.new) = (Some(old), Some(new));
    let change = all.change("changed", API, "torch", [Some("2.3.0"), Some("2.3.0")]);
    (change.direct, change.what) = (true, vec!["integrity"]);
    change.differences = vec![difference("integrity", "sha256:0d5c59b9bd3b…", "sha256:9f1c3b2a77aa…")];
    let change = all.change("added", NPM, "left-pad", [None, Some("1.3.0")]);
    (change.purl, change.ecosystem, change.direct) = ("pkg:npm/left-pad@1.3.0", "npm", true);
    let (from, to) = ("pkg:pypi/requests@2.32.3", "pkg:pypi/urllib3@2.5.0");
    all.report.edges.push(EdgeLine { kind: "gained", subject: API, from, to });
    all.report.notes.push("the BOM says nothing of licences, so they were not compared".to_owned());
    let target = |name: &str, driver: Option<&str>, gpus: &[&str]| TargetLine {
        name: name.to_owned(),
        driver: driver.map(str::to_owned),
        gpus: gpus.iter().map(|gpu| (*gpu).to_owned()).collect(),
    };
    all.report.targets = vec![target("a100-pool", Some("535.183.06"), &["A100"]), target("old <pool>", None, &[])];
    let cell = |target, words, level, because: &[&str]| StackCell {
        target,
        words,
        level,
        because: because.iter().map(|reason| (*reason).to_owned()).collect(),
    };
    let stack = |name, floor: Option<&str>, cells| StackLine {
        name,
        floor: floor.map(str::to_owned),
        because: floor.map(|_| "torch 2.3.0: all of CUDA 12 starts from there on".to_owned()).unwrap_or_default(),
        cells,
    };
    let fails = cell(1, "fails at start", Level::Deny, &["torch 2.3.0 cannot start", "b", "c", "d"]);
    all.report.stacks = vec![
        stack(API, Some("525.60.13"), vec![cell(0, "runs", Level::Allow, &[]), fails]),
        stack("worker/Cargo.lock", None, vec![cell(0, "unknown", Level::Warn, &["not known: the CUDA of <x>"])]),
    ];
    all.report
}

fn clean() -> Report {
    let mut all = Builder::new(&[]);
    all.subject(API, 204);
    all.subject(NPM, 1_000);
    all.looked(API, &["version-drift", "integrity-drift"]);
    all.report
}

/// What `diff` finds.
fn diff() -> Report {
    let mut all = Builder::new(&[]);
    all.report.gate = None;
    all.subject(API, 204);
    all.subject(NPM, 1_000);
    let change = all.change("upgraded", API, "urllib3", [Some("1.26.18"), Some("2.5.0")]);
    change.introduced_by = vec![vec!["app", "requests", "urllib3"]];
    let change = all.change("downgraded", API, "numpy", [Some("2.0.0"), Some("1.26.4")]);
    change.direct = true;
    let change = all.change("added", API, "anyio", [None, Some("4.4.0")]);
    change.introduced_by = vec![vec!["app", "fastapi", "starlette", "anyio"], vec!["app", "httpx", "anyio"]];
    let change = all.change("removed", API, "six", [Some("1.16.0"), None]);
    change.scope = Some("dev");
    let change = all.change("changed", NPM, "left-pad", [Some("1.3.0"), Some("1.3.0")]);
    change.what = vec!["integrity", "source"];
    change.differences = vec![
        difference("integrity", "sha512:a1b2c3d4e5f6…", "sha512:0f1e2d3c4b5a…"),
        difference("source", "registry https://mirror.example/npm", "https://evil.example/left-pad.tgz"),
    ];
    change.direct = true;
    all.report
}

fn difference(what: Text, from: &str, to: &str) -> Difference {
    Difference { what, from: from.to_owned(), to: to.to_owned() }
}

const EVIL: &str = "\u{1b}[31m<script>alert(1)</script>|`x`\u{202e}gnp.\r\n@team";

/// Names that want to be more than names.
fn hostile() -> Report {
    let long = "x".repeat(10_000);
    let path = text(&format!("a|b/{EVIL}.lock"));
    let lock = format!("{{\"name\": \"{}\", \"pad\": \"{long}\"}}\n", EVIL.replace(['\r', '\n'], ""));
    let mut all = Builder::new(&[(path, &lock)]);
    all.subject(path, 1);
    let (evil, long) = (text(EVIL), text(&long));
    let message = format!("{EVIL} is {long}, see [here](https://evil.example) {{0}}");
    let finding = all.finding("version-drift", Level::Deny, path, "<script>", &message);
    finding.help = format!("run {EVIL}");
    finding.purl = Some(text(&format!("pkg:npm/{EVIL}@1|2")));
    finding.paths = vec![vec!["a|b", evil, "`"], vec![text(&long[..300]); 40]];
    let (purl, help) = (finding.purl, "</details><img src=x>".to_owned());
    let finding = all.finding("floating-tag", Level::Warn, path, &long[..500], "a long span");
    (finding.purl, finding.help) = (purl, help);
    let change = all.change("upgraded", path, EVIL, [Some("1|2"), Some("``2`")]);
    (change.purl, change.introduced_by) = (purl.unwrap_or_default(), vec![vec!["a", evil, "b"]]);
    all.report.notes.push(EVIL.to_owned());
    all.report
}

/// One rule that finds much in one subject.
pub fn many() -> Report {
    let mut report = flood(30);
    report.findings.iter_mut().step_by(2).for_each(|finding| finding.level = Level::Warn);
    report
}

/// Returns as many findings of one rule in one subject.
pub fn flood(amount: usize) -> Report {
    let lock: String = (0..amount).map(|at| format!("package-{at}==1.0\n")).collect();
    let mut all = Builder::new(&[("requirements.txt", &lock)]);
    all.subject("requirements.txt", amount);
    let mut start = 0;
    for (at, line) in lock.lines().enumerate() {
        let name = &line[..line.len() - "==1.0".len()];
        let message = format!("{name} 1.0 is new");
        let line = at as u32 + 1;
        let finding = all.finding("component-added", Level::Deny, "requirements.txt", "package", &message);
        finding.place = Place { start, len: name.len() as u32, ..finding.place };
        finding.location = Location { line, end_line: line, end_column: name.len() as u32 + 1, ..finding.location };
        finding.purl = Some(text(&format!("pkg:pypi/{name}@1.0")));
        finding.identity = name.to_owned();
        start += name.len() as u32 + "==1.0\n".len() as u32;
    }
    all.report
}

/// Two images: one that is not what is locked, and one that is.
pub fn images() -> Report {
    let mut all = Builder::new(&[(API, UV)]);
    all.subject(API, 204);
    all.subject("api!/opt/venv/lib/python3.12/site-packages", 206);
    let layer = Layer { number: 5, digest: "sha256:0123", created_by: "RUN pip install debugpy" }.intern();
    let row = |name: Text, [approved, locked, installed]: [Text; 3], meaning: Meaning| ImageRow {
        purl: text(&format!("pkg:pypi/{name}")),
        name,
        approved: approved.split_whitespace().collect(),
        locked: locked.split_whitespace().collect(),
        installed: installed.split_whitespace().collect(),
        meaning: meaning.name(),
        words: meaning.words(),
        layer: Some(layer),
    };
    let rows = vec![
        row("debugpy", ["", "", "1.8.1"], Meaning::Extra),
        row("numpy", ["1.26.4 2.1.0", "1.26.4 2.1.0", "2.2.0"], Meaning::Replaced),
        row("sentry-sdk", ["2.0.1", "2.0.1", ""], Meaning::Missing),
        row("\u{1b}[31mevil`|<b>", ["1", "2", "1"], Meaning::Behind),
    ];
    let table = |image, is_approved, rows| {
        let installed = "api!/opt/venv/lib/python3.12/site-packages";
        ImageTable { image, lock: API, installed, is_approved, rows, same: 201 }
    };
    all.report.images = vec![table("api", true, rows), table("web", false, Vec::new())];
    all.report
}

/// A lockfile of a megabyte in one line.
pub fn minified() -> Report {
    let lock =
        format!("{{\"pad\":\"{}\",\"x\":\"left-pad\",\"end\":\"{}\"}}", "a".repeat(499_990), "b".repeat(500_000));
    let mut all = Builder::new(&[("package-lock.json", &lock)]);
    all.subject("package-lock.json", 1);
    all.finding("component-added", Level::Deny, "package-lock.json", "\"left-pad\"", "left-pad is new");
    let (place, location) = all.at("package-lock.json", "left-pad");
    let location = Location { column: 500_011, end_column: 500_011 + place.len, ..location };
    let finding = all.report.findings.last_mut().expect("one was just added");
    (finding.place, finding.location) = (place, location);
    all.report
}

/// Files that could not be read.
fn problems() -> Report {
    let mut all = Builder::new(&[]);
    all.subject(API, 204);
    let place = |path, line, column| Location { path, line, column, end_line: line, end_column: column };
    let nul = "a NUL byte; this is not a text file".to_owned();
    all.report.problems.push(Problem::at(place("web/package-lock.json", 3, 9), nul));
    all.report.problems.push(Problem { location: None, message: format!("the tree {EVIL} can't be listed") });
    // Its file is gone by now.
    all.finding("floating-tag", Level::Warn, "Dockerfile", "", "python:latest is a tag that moves");
    all.report
}

/// What a small tree resolves to: a project with all kinds of requirements, and a list beside it.
pub fn resolved() -> Report {
    let mut report = Report { about: None, ..Report::default() };
    let sources = Sources::default();
    let files = [("app/package-lock.json", LOCK), ("requirements.txt", REQUIREMENTS)];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let tree: Arc<dyn crate::tree::Tree> = Arc::new(crate::tree::Memory::new(files));
    let read = crate::discover::read(&sources, &tree, &crate::discover::Scan::default());
    let side = read.expect("the tree can be read").side();
    assert_eq!(side.problems, []);
    (report.subjects, report.resolved, report.sources) = (crate::report::subjects(&side.graph), side.graph, sources);
    report
}

const LOCK: &str = include_str!("../../fixtures/outputs/package-lock.json");
const REQUIREMENTS: &str = include_str!("../../fixtures/outputs/requirements.txt");

/// Returns a report of the given texts, in every field that comes from files.
pub fn of(texts: &[String], source: &str, start: u32, len: u32) -> Report {
    let path = text(&format!("x/{}", texts[3]));
    let mut all = Builder::new(&[(path, source)]);
    let t: Vec<Text> = texts.iter().map(|one| text(one)).collect();
    all.subject(path, 1);
    let place = Place { file: FileId(0), start, len };
    let location = all.locate(place);
    let related = Related { place, location: location.clone(), note: t[7] };
    let finding = all.finding("version-drift", Level::Deny, path, "", &texts[0]);
    (finding.place, finding.location) = (place, location.clone());
    finding.related.push(related);
    finding.help.clone_from(&texts[1]);
    finding.paths = vec![vec![t[2], t[4]], vec![t[5]]];
    finding.purl = Some(t[2]);
    let waived = all.finding("floating-tag", Level::Warn, path, "", &texts[6]);
    let (reason, owner, until) = (texts[7].clone(), texts[8].clone(), texts[9].clone());
    waived.waived = Some(Waived { reason, owner, until, location: location.clone() });
    let change = all.change("upgraded", path, &texts[4], [Some(&texts[10]), Some(&texts[11])]);
    change.introduced_by = vec![vec!["a", t[5], "b"]];
    change.purl = t[2];
    all.report.edges.push(EdgeLine { kind: "lost", subject: path, from: t[8], to: t[9] });
    (all.report.resolved, all.report.about) = graph_of(path, &t);
    all.report.problems.push(Problem::at(location, texts[10].clone()));
    all.report.notes.push(texts[11].clone());
    all.report.headlines.push(texts[6].clone());
    all.report.targets =
        vec![TargetLine { name: texts[0].clone(), driver: Some(texts[1].clone()), gpus: vec![texts[2].clone()] }];
    let cell = StackCell { target: 0, words: "runs", level: Level::Deny, because: vec![texts[3].clone()] };
    let (floor, because) = (Some(texts[4].clone()), texts[5].clone());
    all.report.stacks = vec![StackLine { name: t[6], floor, because, cells: vec![cell] }];
    let row = ImageRow { purl: t[7], name: t[8], installed: vec![t[9]], ..ImageRow::default() };
    all.report.images = vec![ImageTable { image: t[10], lock: t[11], rows: vec![row], ..ImageTable::default() }];
    all.report.unpinned.push(t[0]);
    all.report
}

/// Returns a graph of the given texts, and what it is about.
fn graph_of(path: Text, t: &[Text]) -> (Graph, Option<Component>) {
    let source = Source { file: FileId(0), path, text: "" };
    let component = |at: usize| Component {
        origin: Origin::Git { url: t[at + 2], commit: "", reference: t[at + 3] },
        licence: t[at + 4],
        properties: vec![(t[at + 5], t[at + 6])],
        ..Component::new(Purl::new("generic", t[at], &format!("x{}", t[at + 1]), t[at + 2]))
    };
    let mut inventory = Inventory::new(&source, "uv-lock");
    let root = inventory.add_root(component(0), source.start());
    let node = inventory.add_copy(component(4), t[3], source.start());
    inventory.nodes[node as usize].environment = t[5];
    let requirement = Requirement { scope: Scope::Dev, constraint: t[6], environment: t[7], extra: t[8] };
    inventory.edge(root, node, requirement, source.start());
    inventory.declare(root, t[9], requirement, source.start(), Gap::Unpinned);
    inventory.look_up(t[10], source.start());
    (Graph::join([inventory]), Some(component(5)))
}

/// Returns a report of changes alone.
pub fn changes_of(texts: &[String]) -> Report {
    let report = of(texts, "", 0, 0);
    Report { changes: report.changes, subjects: report.subjects, ..Report::default() }
}
