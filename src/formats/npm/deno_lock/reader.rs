//! The packages, and who asks for them.

use hashbrown::{HashMap, HashSet};

use super::{Lock, Npm, OldNpm};
use crate::formats::npm::shapes::{Lenient, Words};
use crate::formats::npm::yarn_classic::parted;
use crate::formats::npm::{importers, origin};
use crate::intern::{self, Text};
use crate::model::{Algorithm, Component, Digest, Gap, Inventory, Node, NodeId, Purl, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};
use crate::syntax::json::Str;

/// Reads all packages, then who asks for them.
pub(super) fn read(source: &Source<'_>, lock: &Lock<'_>, inventory: &mut Inventory) {
    let mut reader = Reader { source, inventory, near: source.start(), npm: Named::default(), jsr: Named::default() };
    for (key, package) in &lock.npm.0 {
        reader.npm(key, package);
    }
    for (key, package) in &lock.packages.npm.0 {
        reader.npm(key, &Npm { integrity: package.integrity.clone(), ..Npm::default() });
    }
    let jsr = || lock.jsr.0.iter().chain(&lock.packages.jsr.0);
    for (key, package) in jsr() {
        reader.jsr(key, &package.integrity);
    }
    for (key, package) in &lock.npm.0 {
        reader.requirements(key, package);
    }
    for (key, package) in &lock.packages.npm.0 {
        reader.old_requirements(key, package);
    }
    let mut answers = Answers::default();
    for (asked, version) in lock.specifiers.0.iter().chain(&lock.packages.specifiers.0) {
        reader.specifier(&mut answers, asked, version);
    }
    for (key, package) in jsr() {
        if let Some(from) = reader.jsr.get(key) {
            reader.asks(&mut answers, from, &package.dependencies);
        }
    }
    let workspace = &lock.workspace;
    for words in [&workspace.dependencies, &workspace.package_json.dependencies] {
        reader.asks(&mut answers, SUBJECT, words);
    }
    for (folder, member) in &workspace.members.0 {
        let place = reader.place(folder);
        let node = importers::add(reader.inventory, folder, place);
        for words in [&member.dependencies, &member.package_json.dependencies] {
            reader.asks(&mut answers, node, words);
        }
    }
    // A script asks for what no project and no package does.
    for at in 0..answers.all.len() {
        let asked = &answers.all[at];
        if !answers.asked.contains(asked.text) {
            let (text, place) = (asked.text, asked.place);
            reader.ask(&mut answers, SUBJECT, text, place);
        }
    }
}

/// The packages of one registry.
#[derive(Default)]
struct Named<'r> {
    by_key: HashMap<&'r str, NodeId>,
    by_name: HashMap<&'r str, Vec<NodeId>>,
}

impl<'r> Named<'r> {
    fn put(&mut self, key: &'r str, name: &'r str, node: NodeId) {
        self.by_key.insert(key, node);
        self.by_name.entry(name).or_default().push(node);
    }

    fn get(&self, key: &str) -> Option<NodeId> {
        self.by_key.get(key).copied()
    }

    /// Returns the nodes that a key, or a name alone, may mean.
    fn all(&self, key: &str) -> Vec<NodeId> {
        match self.get(key) {
            Some(node) => vec![node],
            None => self.by_name.get(key).cloned().unwrap_or_default(),
        }
    }
}

/// What is asked for, and what answers.
#[derive(Default)]
struct Answers<'r> {
    all: Vec<Answer<'r>>,
    by_text: HashMap<&'r str, usize>,
    /// By registry and name, `jsr:@std/path`; none where several ranges are asked for.
    bare: HashMap<&'r str, Option<usize>>,
    /// What some project or package asks for.
    asked: HashSet<&'r str>,
}

struct Answer<'r> {
    text: &'r str,
    place: Place,
    range: &'r str,
    node: NodeId,
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: &'r mut Inventory,
    /// The place of the key that was read last.
    near: Place,
    npm: Named<'r>,
    jsr: Named<'r>,
}

impl<'r, 't> Reader<'r, 't> {
    fn place(&mut self, text: &Str<'t>) -> Place {
        self.near = text.place(self.source, self.near);
        self.near
    }

    /// Parts a key into name and version, and says so where it has not both.
    fn key(&mut self, key: &'r Str<'t>) -> Option<(&'r str, &'r str, Place)> {
        let place = self.place(key);
        let (name, version) = parted(key);
        if name.is_empty() || version.is_empty() {
            self.inventory.fault(place, format!("\"{}\" has no name or no version", key.escape_debug()));
            return None;
        }
        Some((name, version, Place { len: place.len.min(name.len() as u32), ..place }))
    }

    /// Adds a package of npm: `zustand@4.4.7_react@18.2.0`.
    fn npm(&mut self, key: &'r Str<'t>, package: &Npm<'t>) {
        let Some((name, whole, place)) = self.key(key) else { return };
        let (version, peers) = whole.split_once('_').unwrap_or((whole, ""));
        let mut component = Component::new(origin::purl(name, version));
        let integrity = &package.integrity.0;
        component.digests = origin::digests(integrity);
        if component.digests.is_empty() && !integrity.is_empty() {
            let message = format!("\"{}\" is no digest that is known", integrity.escape_debug());
            self.inventory.fault(integrity.place(self.source, place), message);
        }
        component.origin = origin::origin(&package.tarball.0, name);
        let words = |words: &'_ Words<'t>| -> Vec<Text> { words.0.iter().map(|word| intern::text(word)).collect() };
        let (os, cpu, libc) = (words(&package.os), words(&package.cpu), words(&package.libc));
        let environment = importers::platforms([("os", os), ("cpu", cpu), ("libc", libc)]);
        let component = Some(component.intern());
        let copy = intern::text(peers);
        let node = self.inventory.add_node(Node { component, place, environment, copy, ..Node::default() });
        self.npm.put(key, name, node);
    }

    /// Adds a package of JSR: `@std/path@1.0.0`.
    fn jsr(&mut self, key: &'r Str<'t>, integrity: &Lenient<'t>) {
        let Some((name, version, place)) = self.key(key) else { return };
        let (scope, base) = name.split_once('/').unwrap_or(("", name));
        let mut component = Component::new(Purl::new("jsr", scope, base, version));
        match Digest::hex(Algorithm::Sha256, &integrity.0) {
            Some(digest) => component.digests.push(digest),
            None if integrity.0.is_empty() => {}
            None => {
                let message = format!("\"{}\" is no SHA-256", integrity.0.escape_debug());
                self.inventory.fault(integrity.0.place(self.source, place), message);
            }
        }
        let node = self.inventory.add(component, place);
        self.jsr.put(key, name, node);
    }

    /// Adds what a package of npm requires.
    fn requirements(&mut self, key: &Str<'t>, package: &Npm<'t>) {
        let Some(from) = self.npm.get(key) else { return };
        self.place(key);
        let optional_peers: HashSet<&str> = package.optional_peers.0.iter().map(|peer| &**peer).collect();
        for word in &package.dependencies.0 {
            let is_optional = optional_peers.contains(&**word);
            self.requirement(from, word, word, if is_optional { Scope::Optional } else { Scope::Runtime });
        }
        for word in &package.optional_dependencies.0 {
            self.requirement(from, word, word, Scope::Optional);
        }
    }

    fn old_requirements(&mut self, key: &Str<'t>, package: &OldNpm<'t>) {
        let Some(from) = self.npm.get(key) else { return };
        self.place(key);
        for (_, answer) in &package.dependencies.0 {
            self.requirement(from, &answer.0, &answer.0, Scope::Runtime);
        }
    }

    /// Adds one requirement: `strip-ansi`, `strip-ansi@6.0.1`, `strip-ansi-cjs@npm:strip-ansi@6.0.1`.
    fn requirement(&mut self, from: NodeId, asked: &Str<'t>, answer: &str, scope: Scope) {
        let place = asked.place(self.source, self.near);
        let answer = parted(answer).1.strip_prefix("npm:").unwrap_or(answer);
        let requirement = Requirement::of(scope);
        match self.npm.all(answer).as_slice() {
            &[to] => self.inventory.edge(from, to, requirement, place),
            [] if scope == Scope::Optional => {}
            [] => self.missing(answer, place),
            several => {
                let gap = Gap::Ambiguous(several.to_vec());
                self.inventory.declare(from, intern::text(answer), requirement, place, gap);
            }
        }
    }

    fn missing(&mut self, what: &str, place: Place) {
        let message = format!("\"{}\" is required and is not in the lock; run `deno install`", what.escape_debug());
        self.inventory.fault(place, message);
    }

    /// Reads what is asked for, and its answer: `jsr:@std/path@^1` and `1.0.6`, or in version 3 `jsr:@std/path@1.0.6`.
    fn specifier(&mut self, answers: &mut Answers<'r>, asked: &'r Str<'t>, version: &Lenient<'t>) {
        let place = self.place(asked);
        let Some((registry, rest)) = asked.split_once(':').filter(|(kind, _)| matches!(*kind, "npm" | "jsr")) else {
            let message = format!("\"{}\" is asked for neither of npm nor of JSR", asked.escape_debug());
            self.inventory.fault(place, message);
            return;
        };
        let (name, range) = parted(rest);
        let key = match version.0.split_once(':') {
            Some((_, whole)) => whole.to_owned(),
            None => format!("{name}@{}", &*version.0),
        };
        let packages = if registry == "npm" { &self.npm } else { &self.jsr };
        let Some(node) = packages.get(&key) else {
            self.missing(&key, place);
            return;
        };
        let at = answers.all.len();
        answers.all.push(Answer { text: asked, place, range, node });
        answers.by_text.insert(asked, at);
        let bare = &asked[..registry.len() + 1 + name.len()];
        answers.bare.entry(bare).and_modify(|one| *one = None).or_insert(Some(at));
    }

    /// Adds what a project or a package of JSR asks for.
    fn asks(&mut self, answers: &mut Answers<'r>, from: NodeId, words: &Words<'t>) {
        for word in &words.0 {
            let place = self.place(word);
            self.ask(answers, from, word, place);
        }
    }

    /// Adds one thing that is asked for, by its specifier or, where there is but one range of it, by its name.
    fn ask(&mut self, answers: &mut Answers<'r>, from: NodeId, text: &str, place: Place) {
        let bare = || answers.bare.get(text).copied().flatten();
        let Some(at) = answers.by_text.get(text).copied().or_else(bare) else {
            // What is faulty itself has been said; a member of the workspace answers without a specifier, and what members
            // are called stands in their own files.
            self.inventory.declare(from, intern::text(text), Requirement::default(), place, Gap::Open);
            return;
        };
        let Answer { text, range, node, .. } = answers.all[at];
        answers.asked.insert(text);
        if node != from {
            let requirement = Requirement { constraint: intern::text(range), ..Requirement::default() };
            self.inventory.edge(from, node, requirement, place);
        }
    }
}
