//! `requirements.txt`: what pip installs, written by hand or compiled by pip-compile or uv.
//!
//! Specification: pip's "Requirements File Format". Who requires whom stands in the `# via` comments of the compilers.

mod join;
mod lines;
#[cfg(test)]
mod tests;
mod via;

use std::collections::BTreeSet;

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use self::join::{INDEX, Joined, add, from_index, index_of, settle};
use self::lines::{Line, lines, options, unquoted, without_comment};
use self::via::{From, Links, Via, from};
use super::constraint::pinned;
use super::marker::is_marker;
use super::pep508::{self, Address, is_name, normal, shown};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{
    Component, Digest, Gap, Include, Inventory, Manifest, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
    without_credentials,
};
use crate::source::{self, Place, Source};

entry! {
    /// `requirements.txt`, what pip is told to install.
    ///
    /// Pins, hashes, markers, extras, addresses, included files and constraint files are read; `# via` comments of
    /// pip-compile and uv say who requires whom, and without them everything counts as direct. A line that pins no
    /// version is reported as such.
    pub RequirementsTxt = "requirements-txt"
}

impl Format for RequirementsTxt {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["requirements*.txt", "*-requirements.txt", "*.requirements.txt"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        let mut inventory = Inventory::new(source, "requirements-txt");
        inventory.says = Says { licence: false, edges: false, ..Says::ALL };
        let mut reader = Reader { source, inventory, items: Vec::new(), indexes: Indexes::default(), via: Via::None };
        for line in lines(source) {
            reader.line(&line);
        }
        Ok(reader.finish())
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let mut seen = BTreeSet::from([(inventory.subject.to_owned(), false)]);
        let mut waiting: Vec<Include> = inventory.includes.iter().rev().cloned().collect();
        let mut others = Vec::new();
        while let Some(include) = waiting.pop() {
            if !seen.insert((include.path.clone(), include.constraint)) {
                continue;
            }
            let Some(other) = near.get(&include.path).filter(|other| other.format == "requirements-txt") else {
                let message = format!("the included file \"{}\" is not in the tree", shown(&include.path));
                inventory.fault(include.place, message);
                continue;
            };
            inventory.sources.extend(&other.sources);
            others.push((other, include.constraint));
            let nested = other.includes.iter().rev().cloned();
            waiting
                .extend(nested.map(|nested| Include { constraint: nested.constraint || include.constraint, ..nested }));
        }
        // An index holds for all files of one installation, whichever of them names it.
        let index = index_of(inventory).or_else(|| others.iter().find_map(|(other, _)| index_of(other)));
        for node in &mut inventory.nodes {
            node.component = node.component.map(|component| from_index(component, index));
        }
        let mut joined = Joined::of(inventory);
        let mut constraints = Vec::new();
        for (other, is_constraint) in others {
            if is_constraint {
                constraints.push(other);
            } else {
                joined.absorb(inventory, other, index);
            }
        }
        settle(inventory, &constraints, index);
    }
}

/// A requirement of the file.
struct Item {
    name: String,
    spelled: Text,
    place: Place,
    component: Option<Component>,
    /// Whether what the component is can change: a branch or tag of a repository.
    floats: bool,
    constraint: Text,
    environment: Text,
    /// The extras that it is asked for with, joined by commas.
    extras: Text,
    vias: Vec<From>,
}

/// Where the options say that packages are looked up.
#[derive(Default)]
struct Indexes {
    index: Option<(Text, Place)>,
    extra: Vec<(Text, Place)>,
    links: Vec<(Text, Place)>,
    none: bool,
}

impl Indexes {
    /// Returns the main index, which stands for all: which of several a package comes from, the file does not say.
    fn origin(&self) -> Origin {
        self.index.filter(|_| !self.none).map_or(Origin::Unknown, |(address, _)| Origin::registry(address))
    }

    /// Returns all places that are looked at; without indexes, the pages of links alone.
    fn all(&self) -> impl Iterator<Item = (Text, Place)> {
        let indexes = self.index.iter().chain(&self.extra).filter(|_| !self.none);
        indexes.chain(&self.links).copied()
    }
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: Inventory,
    items: Vec<Item>,
    indexes: Indexes,
    via: Via,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &Line<'_>) {
        let (text, comment) = without_comment(&line.text);
        let text = text.trim();
        if line.cut {
            let place = line.place(self.source, text);
            self.inventory.fault(place, "the line goes on past the end of the file, which seems cut off");
        }
        if text.is_empty() {
            match comment {
                Some(comment) => self.comment(comment),
                None => self.via = Via::None,
            }
            return;
        }
        self.via = Via::None;
        let count = self.items.len();
        let read = match text.starts_with('-') {
            true => self.options(line, text),
            false => self.requirement(line, text.trim_end_matches('\\').trim_end(), false),
        };
        if let Err(message) = read {
            let place = line.place(self.source, text);
            self.inventory.fault(place, message);
        }
        if self.items.len() > count {
            self.via = Via::Possible;
            if let Some(comment) = comment {
                self.comment(comment);
            }
        }
    }

    fn comment(&mut self, comment: &str) {
        let body = comment.trim_start_matches('#');
        let text = body.trim();
        if self.via != Via::None
            && let Some(index) = text.strip_prefix("from ").filter(|index| index.contains("://"))
        {
            if let Some(component) = self.items.last_mut().and_then(|item| item.component.as_mut())
                && component.origin == Origin::Unknown
            {
                component.origin = Origin::registry(index.trim());
            }
            return;
        }
        let listed = match self.via {
            Via::Possible if text == "via" => {
                self.via = Via::Open;
                self.inventory.says.edges = true;
                return;
            }
            Via::Possible => text.strip_prefix("via "),
            Via::Open if body.starts_with("  ") => Some(text),
            _ => None,
        };
        let Some(listed) = listed else {
            self.via = Via::None;
            return;
        };
        self.inventory.says.edges = true;
        let froms: Vec<From> = listed.split(", ").filter_map(from).collect();
        if let Some(item) = self.items.last_mut() {
            item.vias.extend(froms);
        }
    }

    /// Takes up the options of a line: after an address there may be more.
    fn options(&mut self, line: &Line<'_>, text: &str) -> Result<(), String> {
        let mut rest = text;
        while rest.starts_with('-') {
            rest = self.option(line, rest)?;
        }
        Ok(())
    }

    /// Takes up one option; returns what follows it.
    fn option<'l>(&mut self, line: &Line<'_>, text: &'l str) -> Result<&'l str, String> {
        let end = text.find(|sign: char| sign == '=' || sign.is_whitespace()).unwrap_or(text.len());
        let (mut name, mut value) = (&text[..end], text[end..].trim_start_matches('=').trim());
        if !name.starts_with("--") && name.len() > 2 && name.is_char_boundary(2) {
            // `-rbase.txt`, as optparse reads it.
            (name, value) = (&text[..2], text[2..].trim());
        }
        match name {
            "-r" | "--requirement" => self.include(line, value, false)?,
            "-c" | "--constraint" => self.include(line, value, true)?,
            "-e" | "--editable" => self.requirement(line, value, true)?,
            "-i" | "--index-url" | "--pypi-url" | "--extra-index-url" | "-f" | "--find-links" => {
                let (value, rest) = value.split_at(value.find(char::is_whitespace).unwrap_or(value.len()));
                let value = unquoted(value);
                if value.is_empty() {
                    return Err(format!("\"{name}\" without an address"));
                }
                let place = line.place(self.source, value);
                let source = (intern::text(&without_credentials(value)), place);
                match name {
                    "--extra-index-url" => self.indexes.extra.push(source),
                    "-f" | "--find-links" => self.indexes.links.push(source),
                    _ => self.indexes.index = Some(source),
                }
                return Ok(rest.trim_start());
            }
            "--no-index" => {
                self.indexes.none = true;
                return Ok(value);
            }
            "--no-binary"
            | "--only-binary"
            | "--prefer-binary"
            | "--require-hashes"
            | "--pre"
            | "--trusted-host"
            | "--use-feature"
            | "--always-unzip"
            | "-Z"
            | "--process-dependency-links"
            | "--no-use-wheel"
            | "--use-wheel"
            | "--no-build-isolation"
            | "--config-settings"
            | "--global-option"
            | "--uploaded-prior-to"
            | "--all-releases"
            | "--only-final" => {}
            _ => return Err(format!("\"{}\" is no option of a requirements file", shown(name))),
        }
        Ok("")
    }

    fn include(&mut self, line: &Line<'_>, value: &str, constraint: bool) -> Result<(), String> {
        let value = unquoted(value);
        let place = line.place(self.source, value);
        if value.is_empty() {
            return Err("an option that names no file".to_owned());
        }
        if value.contains("://") {
            return Err(format!("\"{}\" is not in the tree; keep a copy of it beside this file", shown(value)));
        }
        let Some(path) = source::join(self.source.folder(), value) else {
            return Err(format!("the included file \"{}\" is outside of the tree", shown(value)));
        };
        self.inventory.includes.push(Include { path, place, constraint });
        Ok(())
    }

    fn requirement(&mut self, line: &Line<'_>, text: &str, is_editable: bool) -> Result<(), String> {
        let (text, options) = options(text);
        let text = unquoted(text);
        let mut digests = Vec::new();
        let mut words = options.split_whitespace();
        while let Some(word) = words.next() {
            let hash = match word.split_once('=') {
                Some(("--hash", hash)) => hash,
                _ if word == "--hash" => words.next().unwrap_or_default(),
                _ => continue,
            };
            match Digest::colon(unquoted(hash)) {
                Some(digest) => digests.push(digest),
                None => {
                    let place = line.place(self.source, word);
                    self.inventory.fault(place, format!("\"{}\" is no digest", shown(hash)));
                }
            }
        }
        let (first, after) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        let read = pep508::Requirement::read(text);
        // A wheel's file name is a good name too.
        if let Ok(requirement) = &read
            && (!requirement.address.is_empty() || !(is_editable || is_archive(first)))
        {
            self.named(line, requirement, digests);
            return Ok(());
        }
        let looks_so = is_editable
            || is_archive(first)
            || first.starts_with(['.', '/', '~'])
            || first.contains("://")
            || first.starts_with("file:")
            || (first.contains(['/', '\\']) && !first.contains(['<', '>', '=', '!', ';', ',', '[', '@']));
        if !looks_so {
            return Err(read.err().unwrap_or_default());
        }
        let rest = after.trim_start();
        let Some(marker) = rest.strip_prefix(';').or(rest.is_empty().then_some("")) else {
            return Err(format!("\"{}\" after an address means nothing here", shown(rest)));
        };
        self.addressed(line, first, marker.trim(), digests)
    }

    /// Takes up a requirement that begins with a name.
    fn named(&mut self, line: &Line<'_>, requirement: &pep508::Requirement<'_>, mut digests: Vec<Digest>) {
        let place = line.place(self.source, requirement.name);
        let (mut component, mut floats) = (None, false);
        if !requirement.address.is_empty() {
            let address = Address::read(requirement.address);
            digests.extend(&address.digests);
            component = Some(of_address(requirement.name, &address, digests));
            floats = address.floats;
        } else if let Some(version) = pinned(requirement.specifiers) {
            let mut pin = Component::new(Purl::new("pypi", "", requirement.name, version));
            pin.digests = digests;
            component = Some(pin);
        }
        self.items.push(Item {
            name: normal(requirement.name),
            spelled: intern::text(requirement.name),
            place,
            component,
            floats,
            constraint: requirement.constraint(),
            environment: intern::text(requirement.marker),
            extras: intern::text(&requirement.extras.join(",")),
            vias: Vec::new(),
        });
    }

    /// Takes up a bare address: of a repository, an archive or a folder.
    fn addressed(&mut self, line: &Line<'_>, text: &str, marker: &str, mut digests: Vec<Digest>) -> Result<(), String> {
        let plain = match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
            Some((plain, _)) if !plain.contains('#') => plain,
            _ => text,
        };
        let address = Address::read(plain);
        digests.extend(&address.digests);
        let path = plain.split(['#', '?']).next().unwrap_or(plain).trim_end_matches(['/', '\\']);
        let last = path.rsplit(['/', '\\', ':']).next().unwrap_or(path);
        let is_path = matches!(address.origin, Origin::Path(_));
        let constraint = pep508::constraint_of(plain);
        if !is_marker(marker) {
            return Err(format!("\"{}\" is no marker", shown(marker)));
        }
        let environment = intern::text(marker);
        let Some(name) = address.name.or(Some(last).filter(|last| is_path && is_name(last))) else {
            if !is_path {
                return Err("the address names no package; write `name @ address`".to_owned());
            }
            // `-e .`, the project itself: what it is called, this file does not say.
            self.items.push(Item {
                name: String::new(),
                spelled: intern::text(plain),
                place: line.place(self.source, plain),
                component: None,
                floats: false,
                constraint,
                environment,
                extras: "",
                vias: Vec::new(),
            });
            return Ok(());
        };
        let component = Some(of_address(name, &address, digests));
        let place = line.place(self.source, name);
        let spelled = intern::text(name);
        self.items.push(Item {
            name: normal(name),
            spelled,
            place,
            component,
            floats: address.floats,
            constraint,
            environment,
            extras: "",
            vias: Vec::new(),
        });
        Ok(())
    }

    fn finish(mut self) -> Inventory {
        let index = self.indexes.origin();
        let mut inventory = self.inventory;
        inventory.sources = self.indexes.all().collect();
        if let Origin::Registry(address) = index {
            inventory.manifest = Some(Manifest { facts: vec![(INDEX, address)], ..Manifest::default() });
        }
        if self.items.is_empty() && inventory.includes.is_empty() && inventory.faults.is_empty() {
            inventory.fault(self.source.start(), "the file asks for nothing");
        }
        let mut seen = HashMap::new();
        let mut nodes: Vec<Option<NodeId>> = Vec::with_capacity(self.items.len());
        let mut by_name: HashMap<String, Vec<NodeId>> = HashMap::new();
        for item in &mut self.items {
            let Some(mut component) = item.component.take() else {
                nodes.push(None);
                continue;
            };
            if component.origin == Origin::Unknown {
                component.origin = index;
            }
            let fresh = inventory.nodes.len();
            let node = add(&mut inventory, &mut seen, component.intern(), item.place, item.environment);
            if node as usize == fresh {
                by_name.entry(item.name.clone()).or_default().push(node);
            }
            nodes.push(Some(node));
        }
        let unpinned = self.items.iter().zip(&nodes).filter(|(_, node)| node.is_none());
        let loose: HashSet<String> = unpinned.map(|(item, _)| item.name.clone()).collect();
        let mut edges = HashSet::new();
        for (item, node) in self.items.iter().zip(&nodes) {
            if item.name.is_empty() && inventory.says.edges {
                continue;
            }
            let mut links = Links { direct: Vec::new(), from: Vec::new(), unclear: Vec::new() };
            links.of(item, &by_name, &loose, &inventory);
            for (from, scope, group) in
                links.direct.iter().copied().chain(links.from.iter().map(|&from| (from, Scope::Runtime, "")))
            {
                let constraint = if from == SUBJECT || node.is_none() { item.constraint } else { "" };
                // A lock of another kind says it so too: what is asked for with an extra is asked for by it.
                let extra = if group.is_empty() { item.extras } else { group };
                let requirement = Requirement { scope, constraint, environment: item.environment, extra };
                if let Some(to) = node.filter(|&to| from != to)
                    && edges.insert((from, to, requirement))
                {
                    inventory.edge(from, to, requirement, item.place);
                }
                if node.is_none() || item.floats {
                    let requirement = Requirement { constraint: item.constraint, extra: group, ..requirement };
                    inventory.declare(from, item.spelled, requirement, item.place, Gap::Unpinned);
                }
            }
            for from in links.unclear {
                let Some(to) = *node else { continue };
                let requirement = Requirement { environment: item.environment, ..Requirement::default() };
                let gap = Gap::Ambiguous(vec![to]);
                inventory.declare(from, item.spelled, requirement, item.place, gap);
            }
        }
        settle(&mut inventory, &[], None);
        inventory
    }
}

fn of_address(name: &str, address: &Address<'_>, digests: Vec<Digest>) -> Component {
    let version = address.version.unwrap_or_default().replace("%2B", "+").replace("%2b", "+");
    let mut component = Component::new(Purl::new("pypi", "", name, &version));
    component.origin = address.origin;
    component.digests = digests;
    component
}

fn is_archive(word: &str) -> bool {
    let word = word.split(['#', '?']).next().unwrap_or(word);
    [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"].iter().any(|suffix| word.ends_with(suffix))
}
