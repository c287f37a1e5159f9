//! Each case under `fixtures/rules/<rule>/<case>/`: a tree with its policy, the tree that was pinned, the root file systems
//! of images below `images/<name>/`, and what the rules
//! say of the difference on the first of June 2026, or on the day in its file `date`. `UPDATE_SNAPSHOTS=1 cargo test --test rules` writes it anew.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driftgate::compare::{self, ChangeKind, What};
use driftgate::discover::{self, Scan};
use driftgate::graph::{Graph, Link};
use driftgate::images;
use driftgate::judge;
use driftgate::model::{Component, Requirement};
use driftgate::policy::{Policy, date};
use driftgate::report::{Finding, Level, Looked};
use driftgate::rules::{self, Case};
use driftgate::source::{Location, Source, Sources};
use driftgate::tree::{Folder, Tree};
use globset::{Glob, GlobSetBuilder};
use time::Date;

const POLICY: &str = "driftgate.toml";

/// A case, read.
struct Read {
    pinned: Graph,
    resolved: Graph,
    policy: Policy,
    sources: Sources,
    problems: String,
    today: Date,
}

fn read(folder: &Path) -> Read {
    let sources = Sources::default();
    let mut problems = String::new();
    let mut graph = |sources: &Sources, folder: PathBuf, side: &str| {
        if !folder.is_dir() {
            return Graph::default();
        }
        let mut exclude = GlobSetBuilder::new();
        exclude.add(Glob::new("pinned/**").unwrap());
        exclude.add(Glob::new("images/**").unwrap());
        let scan = Scan { exclude: exclude.build().unwrap(), ..Scan::default() };
        let tree: Arc<dyn Tree> = Arc::new(Folder::new(&folder).unwrap());
        let read = discover::read(sources, &tree, &scan).unwrap();
        for problem in &read.problems {
            writeln!(problems, "problem in the {side} tree: {problem}").unwrap();
        }
        let mut graph = Graph::join(read.inventories);
        for image in folders(&folder.join("images")) {
            let prefix = format!("{}{}", image.file_name().unwrap().to_str().unwrap(), images::MARK);
            let tree: Arc<dyn Tree> = Arc::new(Folder::new(&image).unwrap());
            let read = discover::read_below(sources, &tree, &Scan::default(), &prefix).unwrap();
            for problem in &read.problems {
                writeln!(problems, "problem in an image of the {side} tree: {problem}").unwrap();
            }
            graph.replace(Graph::join(read.inventories));
        }
        graph
    };
    let resolved = graph(&sources, folder.to_owned(), "resolved");
    let pinned = graph(&sources, folder.join("pinned"), "pinned");
    let mut policy = Policy::default();
    if folder.join(POLICY).is_file() {
        let tree = sources.add_tree(Arc::new(Folder::new(folder).unwrap()));
        let file = sources.add_file(tree, POLICY);
        let text = sources.read(file).unwrap();
        let ids: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
        let source = Source { file, path: POLICY, text: &text };
        policy = Policy::parse(&source, &ids).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let open = |path: &str| sources.read(sources.add_file(tree, path));
        policy.read_targets(open).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
    let day = fs::read_to_string(folder.join("date")).unwrap_or_else(|_| "2026-06-01".to_owned());
    Read { pinned, resolved, policy, sources, problems, today: date::parse(day.trim()).unwrap() }
}

fn judge(read: &Read) -> Vec<Finding> {
    judge_and_look(read).0
}

/// Judges, and says which rules looked at what.
fn judge_and_look(read: &Read) -> (Vec<Finding>, Vec<Looked>) {
    let drift = compare::drift_by_path(&read.pinned, &read.resolved);
    let case = Case::new((&read.pinned, &read.resolved), &drift, &read.policy, &read.sources, read.today);
    (judge::judge(&case).unwrap(), judge::looked(&case))
}

fn snapshot(read: &Read) -> String {
    let at = |Location { path, line, column, .. }: &Location| format!("{path}:{line}:{column}");
    let mut text = read.problems.clone();
    for finding in judge(read) {
        let (level, rule) = (finding.level.name().to_uppercase(), finding.rule);
        writeln!(text, "{level} {rule} {}", at(&finding.location)).unwrap();
        writeln!(text, "  {}", finding.message).unwrap();
        for note in &finding.notes {
            writeln!(text, "  note: {note}").unwrap();
        }
        writeln!(text, "  help: {}", finding.help.replace('\n', "\n        ")).unwrap();
        for related in &finding.related {
            writeln!(text, "  {}: {}", related.note, at(&related.location)).unwrap();
        }
        for path in &finding.paths {
            writeln!(text, "  by {}", path.join(" > ")).unwrap();
        }
        if let Some(waived) = &finding.waived {
            let (owner, until) = (&waived.owner, &waived.until);
            writeln!(text, "  waived until {until} by {owner}: {} ({})", waived.reason, at(&waived.location)).unwrap();
        }
    }
    if text.is_empty() { "nothing\n".to_owned() } else { text }
}

/// Returns the folders in a folder, sorted.
fn folders(of: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(of) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// Returns the cases, sorted: the rule's id and the case's folder.
fn cases() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    folders(&root).iter().flat_map(|rule| folders(rule).into_iter().map(|case| (name(rule), case))).collect()
}

#[test]
fn cases_say_what_they_said() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = String::new();
    for (_, folder) in cases() {
        let text = snapshot(&read(&folder));
        let file = folder.join("expected.snap");
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if text != expected {
            writeln!(wrong, "{}\n--- expected\n{expected}--- is\n{text}", folder.display()).unwrap();
            if update {
                fs::write(file, text).unwrap();
            }
        }
    }
    assert!(wrong.is_empty() || update, "{wrong}");
}

/// A rule that finds something in what is there has looked at it: so what [`judge::looked`] leaves out is nothing that the
/// rule looks at. Rules on GPUs look at what runs on a target with no fact missing; they find without one too. A rule that is
/// allowed but for one package has looked at no subject.
#[test]
fn what_finds_has_looked() {
    let mut wrong = BTreeSet::new();
    let mut gpu = 0;
    for (_, folder) in cases() {
        let read = read(&folder);
        let (findings, looked) = judge_and_look(&read);
        for finding in &findings {
            let subject = finding.listed_under();
            let has_looked = looked.iter().any(|one| one.subject == subject && one.rules.contains(&finding.rule));
            let tells_class = rules::gpu::class_of(finding.rule).is_some();
            gpu += usize::from(tells_class && has_looked);
            let default = rules::named(finding.rule).map_or(Level::Deny, |rule| rule.level());
            let is_on = read.policy.level(finding.rule, default, subject, None, None) > Level::Allow;
            let is_here = read.resolved.subject(subject).is_some() || finding.rule.starts_with("waiver-");
            if !has_looked && !tells_class && is_on && is_here {
                wrong.insert(format!("{}: {} in {subject}", folder.display(), finding.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(gpu > 0, "no rule on GPUs has looked at anything");
}

/// A case whose name begins with `silent` has no finding of its rule; any other has one.
#[test]
fn cases_are_what_they_are_called() {
    let mut wrong = Vec::new();
    for (rule, folder) in cases() {
        let finds = judge(&read(&folder)).iter().any(|finding| finding.rule == rule);
        let is_silent = folder.file_name().unwrap().to_str().unwrap().starts_with("silent");
        if finds == is_silent {
            wrong.push(folder);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a user sees at run time leads to the rule: `driftgate explain` has it, on one line.
#[test]
fn rules_say_what_is_seen_at_run_time() {
    let mut wrong = Vec::new();
    for (_, folder) in cases() {
        for finding in judge(&read(&folder)) {
            let texts = finding.notes.iter().filter_map(|note| note.strip_prefix("at run time it says: "));
            let docs = rules::named(finding.rule).unwrap().docs();
            wrong.extend(texts.filter(|text| !docs.contains(text)).map(|text| format!("{}: {text}", finding.rule)));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A tree held to itself has nothing that fails the gate: what its own state is blamed for only warns, but for sources
/// that the policy forbids, targets that it names, and packages or images that cannot run or be built whatever was pinned.
#[test]
fn what_is_pinned_does_not_fail() {
    for (rule, folder) in cases() {
        let mut read = read(&folder);
        read.pinned = self::read(&folder).resolved;
        read.policy.waivers.clear();
        read.policy.rules.clear();
        read.policy.overrides.clear();
        read.policy.targets.clear();
        let is_of_gpu = |finding: &Finding| rules::gpu::RULES.iter().any(|rule| rule.id() == finding.rule);
        let fails = |finding: &Finding| finding.level == Level::Deny && !is_of_gpu(finding);
        let failing: Vec<Finding> = judge(&read).into_iter().filter(fails).collect();
        let is_state = rule == "source-not-allowed";
        assert!(failing.is_empty() || is_state, "{}: {failing:#?}", folder.display());
    }
}

/// With all rules and options at their strictest, each change in a subject that both sides have is in a finding.
#[test]
fn no_change_is_dropped() {
    let strict = "[rules]\n\
        version-drift = { level = \"deny\", allow = \"none\", own = \"none\" }\n\
        scope-drift = { level = \"deny\", weaker = true }\n\
        edge-added = { level = \"deny\", upgraded = true }\n\
        edge-removed = { level = \"deny\", upgraded = true }\n";
    let ids: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    let mut wrong = Vec::new();
    for (_, folder) in cases() {
        let mut read = read(&folder);
        let tree = read.sources.add_tree(Arc::new(Folder::new(&folder).unwrap()));
        let file = read.sources.add_file(tree, POLICY);
        read.policy = Policy::parse(&Source { file, path: POLICY, text: strict }, &ids).unwrap();
        let findings = judge(&read);
        let drift = compare::drift_by_path(&read.pinned, &read.resolved);
        // What lost its version or got one is told by that, and not as gone or new.
        let mut versions = HashSet::new();
        for pair in &drift.subjects {
            versions.extend(pair.loosened().iter().map(|one| (one.old.subject.path, one.old.component.purl)));
            let new = pair.tightened();
            versions
                .extend(new.iter().filter_map(|one| one.change.new).map(|new| (new.subject.path, new.component.purl)));
        }
        for change in drift.changes_within() {
            let either = change.either();
            let of_version = versions.contains(&(either.subject.path, either.component.purl));
            let mut expected: Vec<&str> =
                change.what.iter().map(|what| rule_of(*what, either.component, change.kind)).collect();
            match change.kind {
                ChangeKind::Added | ChangeKind::Removed if of_version => expected.push("version-drift"),
                ChangeKind::Added => expected.push("component-added"),
                ChangeKind::Removed => expected.push("component-removed"),
                _ => {}
            }
            // Of another version, other digests are a matter of course, and so is another commit or archive.
            if change.has(What::Version) {
                expected.retain(|rule| !matches!(*rule, "integrity-drift" | "image-digest-drift" | "source-drift"));
            }
            // conda builds each version anew, and each build is an artifact of its own.
            if either.component.purl.ty() == "conda" {
                let (version, variant) = (change.has(What::Version), change.has(What::Variant));
                expected.retain(|rule| !(version && *rule == "variant-drift" || variant && *rule == "integrity-drift"));
            }
            // What a component of another source lacks or is called follows from the source.
            if change.has(What::Source) {
                expected.retain(|rule| !matches!(*rule, "integrity-missing" | "variant-drift"));
            }
            for rule in expected {
                let is_it = |finding: &&Finding| {
                    let about = finding.purl.is_none_or(|purl| purl == either.component.purl.as_str());
                    // What a command of a build installs at no version any more is told by that.
                    let is_loose = || {
                        rule == "component-removed"
                            && finding.rule == "version-drift"
                            && finding.message.contains("the build")
                    };
                    (finding.rule == rule || is_loose()) && finding.subject == either.subject.path && about
                };
                if !findings.iter().any(|finding| is_it(&finding)) {
                    wrong.push(format!("{}: {} is no {rule}", folder.display(), either.component.purl));
                }
            }
        }
        // Those who require another version than in the BOM have one finding for all.
        let mut moved = HashSet::new();
        let mut edges = 0;
        // Who requires what is named for others alone is not said.
        let is_said = |edge: &&compare::EdgeChange<'_>| edge.link.requirement.extra != Requirement::INDIRECT;
        for edge in drift.subjects.iter().flat_map(|pair| &pair.edges).filter(is_said) {
            let path = edge.link.to.subject.path;
            let of = |link: Link<'_>| (path, link.to.id());
            edges += match edge.instead.filter(|_| edge.gained) {
                Some(instead) => usize::from(moved.insert((of(edge.link), of(instead)))),
                None => 1,
            };
        }
        let found = findings.iter().filter(|finding| finding.rule.starts_with("edge-")).count();
        if edges != found {
            wrong.push(format!("{}: {edges} requirements came or went, {found} found", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the rule that speaks of a difference.
fn rule_of(what: What, component: &Component, kind: ChangeKind) -> &'static str {
    let is_image = matches!(component.purl.ty(), "docker" | "oci");
    match what {
        What::Version if kind == ChangeKind::Downgraded => "downgrade",
        What::Version => "version-drift",
        What::Integrity | What::IntegrityWeakened if is_image => "image-digest-drift",
        What::Integrity => "integrity-drift",
        What::IntegrityWeakened if component.digests.is_empty() => "integrity-missing",
        What::IntegrityWeakened => "integrity-weak",
        What::Source => "source-drift",
        What::Licence => "licence-drift",
        What::Scope => "scope-drift",
        What::Environment => "environment-drift",
        What::Variant => "variant-drift",
    }
}
