//! `yarn.lock` of yarn 1.
//!
//! Specification: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>; its grammar is that of yarn's own
//! `src/lockfile/parse.js`: blocks by indentation, words bare or in quotation marks.

use anyhow::Result;
use hashbrown::HashMap;

use super::origin;
use super::workspaces::Workspaces;
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{
    Algorithm, Component, Digest, Gap, Inventory, Manifest, NodeId, Origin, Requirement, SUBJECT, Says, Scope,
    without_credentials,
};
use crate::source::{self, Source};

/// An entry: the descriptors that it answers, and its fields.
#[derive(Default)]
struct Entry<'t> {
    keys: Vec<Word<'t>>,
    version: Option<Word<'t>>,
    resolved: Option<Word<'t>>,
    integrity: Option<Word<'t>>,
    dependencies: Vec<(Word<'t>, Word<'t>)>,
    optional: Vec<(Word<'t>, Word<'t>)>,
}

/// A word: what it says, and its text.
#[derive(Clone)]
struct Word<'t> {
    value: std::borrow::Cow<'t, str>,
    text: &'t str,
}

/// Reads a lock of yarn 1.
///
/// # Errors
/// Where it is of another version.
pub(super) fn read(source: &Source<'_>) -> Result<Inventory> {
    const MARK: &str = "# yarn lockfile v";
    let marked =
        source.text.lines().take(8).find_map(|line| line.trim_end().strip_prefix(MARK).map(|rest| (line, rest)));
    match marked {
        Some((_, "1")) => {}
        Some((line, other)) => {
            let message = format!("version {} of yarn's lockfile is not known; 1 is read", other.escape_debug());
            return Err(source.fault(source.place(line), message));
        }
        None => return Err(source.fault(source.start(), "neither \"# yarn lockfile v1\" nor \"__metadata\" in it")),
    }
    let mut inventory = Inventory::new(source, "yarn-lock");
    inventory.says = Says { licence: false, environments: false, ..Says::ALL };
    let entries = entries(source, &mut inventory);
    let mut descriptors: HashMap<&str, NodeId> = HashMap::new();
    let mut names: HashMap<&str, Vec<NodeId>> = HashMap::new();
    let mut nodes = Vec::with_capacity(entries.len());
    for entry in &entries {
        let Some(node) = add(source, &mut inventory, entry) else {
            nodes.push(None);
            continue;
        };
        nodes.push(Some(node));
        for key in &entry.keys {
            if descriptors.insert(&key.value, node).is_some() {
                let message = format!("\"{}\" stands twice in the lock", key.value.escape_debug());
                inventory.fault(source.place(key.text), message);
            }
            let all = names.entry(parted(&key.value).0).or_default();
            if !all.contains(&node) && all.len() < 64 {
                all.push(node);
            }
        }
    }
    let mut required = vec![false; inventory.nodes.len()];
    for (entry, from) in entries.iter().zip(&nodes) {
        let Some(from) = *from else { continue };
        let runtime = entry.dependencies.iter().map(|asked| (asked, Scope::Runtime));
        let optional = entry.optional.iter().map(|asked| (asked, Scope::Optional));
        for ((name, range), scope) in runtime.chain(optional) {
            let place = source.place(name.text);
            let constraint = intern::text(&without_credentials(&range.value));
            let requirement = Requirement { constraint, ..Requirement::of(scope) };
            let exact = descriptors.get(format!("{}@{}", name.value, range.value).as_str()).copied();
            match (exact, names.get(&*name.value).map_or(&[][..], Vec::as_slice)) {
                // A resolution of the project's may have put another range in its place.
                (Some(to), _) | (None, &[to]) => {
                    required[to as usize] |= to != from;
                    inventory.edge(from, to, requirement, place);
                }
                (None, []) if scope == Scope::Optional => {}
                (None, []) => {
                    let (name, range) = (name.value.escape_debug(), range.value.escape_debug());
                    let message = format!("\"{name}@{range}\" is required and not in the lock; run `yarn install`");
                    inventory.fault(place, message);
                }
                (None, several) => {
                    let gap = Gap::Ambiguous(several.to_vec());
                    inventory.declare(from, intern::text(&name.value), requirement, place, gap);
                }
            }
        }
    }
    // Until the manifests are seen.
    for node in 1..inventory.nodes.len() as NodeId {
        if !required[node as usize] {
            let place = inventory.nodes[node as usize].place;
            inventory.edge(SUBJECT, node, Requirement::default(), place);
        }
    }
    let mut facts: Vec<(Text, Text)> = descriptors
        .iter()
        .map(|(descriptor, node)| (intern::text(descriptor), intern::text(&node.to_string())))
        .collect();
    facts.sort_unstable();
    inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
    Ok(inventory)
}

fn add(source: &Source<'_>, inventory: &mut Inventory, entry: &Entry<'_>) -> Option<NodeId> {
    let key = entry.keys.first()?;
    let (alias, range) = parted(&key.value);
    let name = match range.strip_prefix("npm:").map(parted) {
        Some((real, _)) if !real.is_empty() => real,
        _ => alias,
    };
    let at = key.text.find(name).unwrap_or_default();
    let place = source.place(key.text.get(at..at + name.len()).unwrap_or(key.text));
    let Some(version) = &entry.version else {
        inventory.fault(place, format!("\"{}\" has no version; run `yarn install`", name.escape_debug()));
        return None;
    };
    let mut component = Component::new(origin::purl(name, &version.value));
    if let Some(resolved) = &entry.resolved {
        let (address, fragment) = resolved.value.split_once('#').unwrap_or((&resolved.value, ""));
        let sha1 = Digest::hex(Algorithm::Sha1, fragment);
        component.origin = match origin::hosted(address) {
            Some(origin) => origin,
            // The fragment of an archive is its SHA-1, that of a repository a commit.
            None if is_archive(address) => origin::origin(address, name),
            None => origin::origin(&resolved.value, name),
        };
        if entry.integrity.is_none() && is_archive(address) {
            component.digests.extend(sha1);
        }
    } else if let Some(path) = range.strip_prefix("file:").or_else(|| range.strip_prefix("link:")) {
        component.origin = Origin::path(path);
    }
    if let Some(integrity) = &entry.integrity {
        component.digests.extend(origin::digests(&integrity.value));
        if component.digests.is_empty() {
            let message = format!("\"{}\" is no digest that is known", integrity.value.escape_debug());
            inventory.fault(source.place(integrity.text), message);
        }
    }
    Some(inventory.add(component, place))
}

fn is_archive(address: &str) -> bool {
    address.ends_with(".tgz") || address.ends_with(".tar.gz") || address.contains("/-/")
}

/// Parts a descriptor: `@s/a@^1.0.0`, `a@npm:b@^1`.
pub(super) fn parted(descriptor: &str) -> (&str, &str) {
    let at = descriptor.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
    at.map_or((descriptor, ""), |at| (&descriptor[..at], &descriptor[at + 1..]))
}

/// Reads the blocks of a lock.
fn entries<'t>(source: &Source<'t>, inventory: &mut Inventory) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = Vec::new();
    let mut block = "";
    for line in source.text.lines() {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        if body.trim().is_empty() || body.starts_with('#') {
            continue;
        }
        let words = words(body);
        let wrong = |inventory: &mut Inventory| {
            inventory.fault(source.place(body), "no line as yarn writes it; run `yarn install`");
        };
        let Some((words, ends_in_colon)) = words else {
            wrong(inventory);
            continue;
        };
        match (indent, words.as_slice(), ends_in_colon, entries.last_mut()) {
            (0, [_, ..], true, _) => {
                block = "";
                entries.push(Entry { keys: words, ..Entry::default() });
            }
            (2, [name], true, Some(_)) => block = name.text,
            (2, [name, value], false, Some(entry)) => {
                block = "";
                match &*name.value {
                    "version" => entry.version = Some(value.clone()),
                    "resolved" => entry.resolved = Some(value.clone()),
                    "integrity" => entry.integrity = Some(value.clone()),
                    _ => {}
                }
            }
            (4, [name, value], false, Some(entry)) => match block {
                "dependencies" => entry.dependencies.push((name.clone(), value.clone())),
                "optionalDependencies" => entry.optional.push((name.clone(), value.clone())),
                _ => {}
            },
            _ => wrong(inventory),
        }
    }
    if entries.is_empty()
        && inventory.faults.is_empty()
        && source.text.lines().filter(|line| !line.is_empty()).count() > 2
    {
        inventory.fault(source.start(), "no entry in the lock; run `yarn install`");
    }
    entries
}

/// Parts a line into words, parted by blanks or commas, and says whether a colon ends it; none where it is malformed.
fn words(line: &str) -> Option<(Vec<Word<'_>>, bool)> {
    let mut rest = line.trim_end();
    let mut words = Vec::new();
    while !rest.is_empty() {
        if rest == ":" {
            return Some((words, true));
        }
        if let Some(after) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = after.find(|sign| {
                let ends = sign == '"' && !escaped;
                escaped = sign == '\\' && !escaped;
                ends
            })?;
            let value = match after[..end].contains('\\') {
                true => serde_json::from_str::<String>(&rest[..end + 2]).ok()?.into(),
                false => after[..end].into(),
            };
            words.push(Word { value, text: &after[..end] });
            rest = &after[end + 1..];
        } else {
            let end = rest.find([' ', ',', '"']).unwrap_or(rest.len());
            // A colon ends a line; within a word it is a part of it.
            let word = &rest[..end];
            let (word, end) = match (word.strip_suffix(':'), end == rest.len()) {
                (Some(word), true) => (word, end - 1),
                _ => (word, end),
            };
            if word.is_empty() {
                return None;
            }
            words.push(Word { value: word.into(), text: word });
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([' ', ',']);
    }
    Some((words, false))
}

/// Lets the projects of the manifests beside a lock require what they ask for. `descriptors` has the lock's, with their nodes.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>, descriptors: &[(Text, Text)]) {
    let home = source::folder(inventory.subject).to_owned();
    let Some(path) = source::join(&home, "package.json") else { return };
    let Some(top) = near.get(&path).filter(|top| top.format == "package-json") else { return };
    let patterns = top.manifest.iter().flat_map(|manifest| &manifest.facts);
    let workspaces = Workspaces::new(patterns.filter(|fact| fact.0 == "workspace.member").map(|fact| fact.1));
    let members: Vec<(&Inventory, &str)> = near
        .below(&home, "package-json")
        .filter_map(|member| {
            let folder = source::folder(member.subject);
            let below = folder.strip_prefix(home.as_str())?.trim_start_matches('/');
            (!below.is_empty() && workspaces.has(below)).then_some((member, below))
        })
        .collect();
    let heads: Vec<NodeId> = inventory.edges.iter().filter(|edge| edge.from == SUBJECT).map(|edge| edge.to).collect();
    inventory.edges.retain(|edge| edge.from != SUBJECT);
    let mut projects: HashMap<&str, NodeId> = HashMap::new();
    let mut all: Vec<(NodeId, &Inventory)> = Vec::new();
    let root = |inventory: &mut Inventory, manifest: &Inventory, folder: &str| {
        let described = manifest.manifest.as_ref().filter(|described| !described.name.is_empty());
        let Some(described) = described else { return SUBJECT };
        let mut component = Component::new(origin::purl(described.name, described.version));
        component.origin = if folder.is_empty() { Origin::Unknown } else { Origin::path(folder) };
        inventory.add_root(component, manifest.nodes[SUBJECT as usize].place)
    };
    all.push((root(inventory, top, ""), top));
    for (member, folder) in members {
        let node = root(inventory, member, folder);
        if let Some(described) = &member.manifest {
            projects.insert(described.name, node);
        }
        all.push((node, member));
    }
    let find = |name: &str, constraint: &str| -> Option<NodeId> {
        let descriptor = format!("{name}@{constraint}");
        let at = descriptors.binary_search_by(|(known, _)| (*known).cmp(descriptor.as_str())).ok()?;
        descriptors[at].1.parse().ok()
    };
    let sole = |name: &str| -> Vec<NodeId> {
        let from = descriptors.partition_point(|(known, _)| *known < name);
        let of_name = descriptors[from..].iter().take_while(|(known, _)| known.starts_with(name));
        let of_name = of_name.filter(|(known, _)| parted(known).0 == name);
        let mut nodes: Vec<NodeId> = of_name.filter_map(|(_, node)| node.parse().ok()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    };
    let mut reached = std::collections::BTreeSet::new();
    for (from, manifest) in all {
        for asked in &manifest.declared {
            let Requirement { scope, constraint, .. } = *asked.requirement;
            if scope == Scope::Peer {
                continue;
            }
            let found = find(asked.name, constraint).or_else(|| projects.get(asked.name).copied());
            let found = found.map_or_else(|| sole(asked.name), |node| vec![node]);
            match found[..] {
                [to] => {
                    reached.insert(to);
                    inventory.edge(from, to, *asked.requirement, asked.place);
                }
                [] if scope == Scope::Optional => {}
                [] => {
                    let message = format!(
                        "\"{}@{}\" is asked for and not in {}; run `yarn install`",
                        asked.name.escape_debug(),
                        constraint.escape_debug(),
                        inventory.subject
                    );
                    inventory.fault(asked.place, message);
                }
                _ => inventory.declare(from, asked.name, *asked.requirement, asked.place, Gap::Ambiguous(found)),
            }
        }
    }
    // What no manifest asks for, the lock keeps of another day, or a project of it is not at hand.
    for head in heads {
        if !reached.contains(&head) {
            let place = inventory.nodes[head as usize].place;
            inventory.edge(SUBJECT, head, Requirement::default(), place);
        }
    }
}

#[cfg(test)]
fn told(text: &str) -> Vec<String> {
    let source = Source { file: Default::default(), path: "yarn.lock", text };
    match read(&source) {
        Err(error) => vec![error.to_string()],
        Ok(inventory) => {
            let cut = |place: crate::source::Place| text[place.start as usize..][..place.len as usize].to_owned();
            let name = |node: NodeId| {
                inventory.component(node).map_or("·".into(), |c| format!("{}@{}", c.name(), c.version()))
            };
            let edges = inventory.edges.iter().map(|edge| format!("{} > {}", name(edge.from), name(edge.to)));
            edges
                .chain(inventory.faults.iter().map(|fault| format!("{}: {}", cut(fault.place), fault.message)))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n";

    #[test]
    fn requirements_go_to_their_descriptors() {
        let text = format!(
            "{HEAD}\"@s/a@^1.0.0\", \"@s/a@~1.0\":\n  version \"1.0.5\"\n  dependencies:\n    b \"^2.0.0\"\n    c \">= 1 || 2\"\n    gone \"1\"\n\nb@^2.0.0:\n  version \"2.1.0\"\n\n\"c@>= 1 || 2\", c@2:\n  version \"2.0.0\"\n  optionalDependencies:\n    none \"1\"\n    b \"9\"\n  broken\n"
        );
        assert_eq!(
            told(&text),
            [
                "@s/a@1.0.5 > b@2.1.0",
                "@s/a@1.0.5 > c@2.0.0",
                "c@2.0.0 > b@2.1.0",
                "· > @s/a@1.0.5",
                "broken: no line as yarn writes it; run `yarn install`",
                "gone: \"gone@1\" is required and not in the lock; run `yarn install`",
            ]
        );
        assert_eq!(told(&text.replace('\n', "\r\n")), told(&text));
    }

    #[test]
    fn other_versions_are_not_guessed() {
        let message = ["version 2 of yarn's lockfile is not known; 1 is read"];
        assert_eq!(told(&HEAD.replace("v1", "v2")), message);
        assert_eq!(told("a@1:\n"), ["neither \"# yarn lockfile v1\" nor \"__metadata\" in it"]);
    }
}
