//! `requirements.txt`: what pip installs, written by hand or compiled by pip-compile or uv.
//!
//! Specification: pip's "Requirements File Format". Who requires whom stands in the `# via` comments of the compilers.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::constraint::pinned;
use super::locked::{Answer, Locked};
use super::marker::{Overlap, is_marker, overlap};
use super::pep508::{self, Address, is_name, normal, shown};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{
    Component, Declared, Digest, Gap, Include, Inventory, Manifest, Node, NodeId, Origin, Purl, Requirement, SUBJECT,
    Says, Scope, without_credentials,
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

/// A line with its continuations. The text has the length it has in the file, so that parts of it know their places.
struct Line<'t> {
    text: Cow<'t, str>,
    offset: usize,
    cut: bool,
}

impl Line<'_> {
    /// Returns the place of a slice of this line.
    fn place(&self, source: &Source<'_>, part: &str) -> Place {
        let within = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        if within > self.text.len() {
            return source.place_at(self.offset..self.offset + self.text.len());
        }
        source.place_at(self.offset + within..self.offset + within + part.len())
    }
}

fn lines<'t>(source: &Source<'t>) -> Vec<Line<'t>> {
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    for physical in source.text.split_inclusive('\n') {
        let content = physical.trim_end_matches(['\n', '\r']);
        let begin = *start.get_or_insert(at);
        let is_comment = content.trim_start().starts_with('#');
        let goes_on = content.ends_with('\\') && !is_comment;
        let end = at + content.len();
        at += physical.len();
        let cut = goes_on && at == source.text.len();
        if goes_on && !cut {
            continue;
        }
        let text = &source.text[begin..end];
        let text = match text.contains('\n') || cut {
            // As many blanks as bytes: places stay what they are.
            true => Cow::Owned(text.replace("\\\r\n", "   ").replace("\\\n", "  ")),
            false => Cow::Borrowed(text),
        };
        found.push(Line { text, offset: begin, cut });
        start = None;
    }
    found
}

/// Where the reader stands in the comments after a requirement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Via {
    /// In none that matter.
    None,
    /// After a requirement: a `# via` may follow.
    Possible,
    /// Inside of a `# via` of several lines.
    Open,
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

/// Who requires it, by a `# via` comment.
enum From {
    /// The project: an input file, or a project's own name.
    Project { group: Text },
    /// Another package, by its name in normal form.
    Package(String),
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
        let mut edges = HashSet::new();
        for (item, node) in self.items.iter().zip(&nodes) {
            if item.name.is_empty() && inventory.says.edges {
                continue;
            }
            let mut links = Links { direct: Vec::new(), from: Vec::new(), unclear: Vec::new() };
            links.of(item, &by_name, &inventory);
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

/// Who requires an item.
struct Links {
    direct: Vec<(NodeId, Scope, Text)>,
    from: Vec<NodeId>,
    unclear: Vec<NodeId>,
}

/// How many pins of one name a `# via` is held against.
const MOST: usize = 16;

impl Links {
    fn of(&mut self, item: &Item, by_name: &HashMap<String, Vec<NodeId>>, inventory: &Inventory) {
        for via in &item.vias {
            match via {
                From::Project { group } => {
                    let scope = if group.is_empty() { Scope::Runtime } else { Scope::Dev };
                    self.direct.push((SUBJECT, scope, group));
                }
                From::Package(name) => {
                    let named = by_name.get(name).map_or(&[][..], Vec::as_slice);
                    let environment = |node: NodeId| inventory.nodes[node as usize].environment;
                    let possible: Vec<NodeId> = named
                        .iter()
                        .take(MOST)
                        .copied()
                        .filter(|&node| {
                            named.len() == 1
                                || named.len() > MOST
                                || overlap(&[environment(node), item.environment]) != Overlap::Never
                        })
                        .collect();
                    // What only this name requires, is required by it wherever it is installed.
                    if possible.len() == 1 || (item.vias.len() == 1 && named.len() <= MOST) {
                        self.from.extend(possible);
                    } else {
                        self.unclear.extend(possible);
                    }
                }
            }
        }
        if self.direct.is_empty() && self.from.is_empty() && self.unclear.is_empty() {
            self.direct.push((SUBJECT, Scope::Runtime, ""));
        }
    }
}

/// Reads one entry of a `# via` comment; none for what adds nothing, as a constraint file.
fn from(text: &str) -> Option<From> {
    let text = text.trim();
    if ["-r ", "--requirement ", "-e ", "--editable "].iter().any(|option| text.starts_with(option)) {
        return Some(From::Project { group: "" });
    }
    if text.starts_with('-') {
        return None;
    }
    if let Some((_, file)) = text.split_once('(') {
        // uv names a group after a colon: `app (pyproject.toml:dev)`.
        let group = file.trim_end_matches(')').rsplit_once(".toml:").map_or("", |(_, group)| group);
        return Some(From::Project { group: intern::text(group) });
    }
    let name = text.split(['[', ' ']).next().unwrap_or(text);
    is_name(name).then(|| From::Package(normal(name)))
}

fn of_address(name: &str, address: &Address<'_>, digests: Vec<Digest>) -> Component {
    let version = address.version.unwrap_or_default().replace("%2B", "+").replace("%2b", "+");
    let mut component = Component::new(Purl::new("pypi", "", name, &version));
    component.origin = address.origin;
    component.digests = digests;
    component
}

/// The fact that names a file's main index.
const INDEX: Text = "index";

fn index_of(inventory: &Inventory) -> Option<Origin> {
    let facts = &inventory.manifest.as_ref()?.facts;
    facts.iter().find(|fact| fact.0 == INDEX).map(|(_, address)| Origin::registry(address))
}

/// Returns a component as it comes from the main index, unless its own line says from where it comes.
fn from_index(component: &'static Component, index: Option<Origin>) -> &'static Component {
    match index {
        Some(origin) if component.origin == Origin::Unknown => Component { origin, ..component.clone() }.intern(),
        _ => component,
    }
}

/// The nodes there are, by component and environment.
type Nodes = HashMap<(*const Component, Text), NodeId>;

fn add(
    inventory: &mut Inventory,
    nodes: &mut Nodes,
    component: &'static Component,
    place: Place,
    environment: Text,
) -> NodeId {
    *nodes.entry((std::ptr::from_ref(component), environment)).or_insert_with(|| {
        inventory.add_node(Node { component: Some(component), place, environment, ..Node::default() })
    })
}

/// What an inventory holds, so that nothing joins it twice.
struct Joined {
    nodes: Nodes,
    edges: HashSet<(NodeId, NodeId, *const Requirement)>,
    declared: HashSet<(NodeId, Text, *const Requirement, Place)>,
}

impl Joined {
    fn of(inventory: &Inventory) -> Self {
        let nodes = inventory.nodes.iter().zip(0..);
        Joined {
            nodes: nodes
                .filter_map(|(node, id)| Some(((std::ptr::from_ref(node.component?), node.environment), id)))
                .collect(),
            edges: inventory
                .edges
                .iter()
                .map(|edge| (edge.from, edge.to, std::ptr::from_ref(edge.requirement)))
                .collect(),
            declared: inventory.declared.iter().map(Self::key).collect(),
        }
    }

    fn key(declared: &Declared) -> (NodeId, Text, *const Requirement, Place) {
        (declared.from, declared.name, std::ptr::from_ref(declared.requirement), declared.place)
    }

    /// Adds what an included file says, with the places it has there.
    fn absorb(&mut self, inventory: &mut Inventory, other: &Inventory, index: Option<Origin>) {
        inventory.says.edges |= other.says.edges;
        let ids: Vec<NodeId> = other
            .nodes
            .iter()
            .map(|node| match node.component {
                Some(component) => {
                    let component = from_index(component, index);
                    add(inventory, &mut self.nodes, component, node.place, node.environment)
                }
                None => SUBJECT,
            })
            .collect();
        for edge in &other.edges {
            let (from, to) = (ids[edge.from as usize], ids[edge.to as usize]);
            if self.edges.insert((from, to, std::ptr::from_ref(edge.requirement))) {
                inventory.edge(from, to, *edge.requirement, edge.place);
            }
        }
        for declared in &other.declared {
            let mut declared = declared.clone();
            declared.from = ids[declared.from as usize];
            if let Gap::Ambiguous(nodes) = &mut declared.gap {
                nodes.iter_mut().for_each(|node| *node = ids[*node as usize]);
            }
            if self.declared.insert(Self::key(&declared)) {
                inventory.declared.push(declared);
            }
        }
    }
}

/// Finds versions for lines that pin none: another line may pin the name, or a constraint file.
fn settle(inventory: &mut Inventory, constraints: &[&Inventory], index: Option<Origin>) {
    if !inventory.declared.iter().any(|declared| declared.gap == Gap::Unpinned) {
        return;
    }
    let locked = Locked::of(inventory);
    let narrowing: Vec<(&Inventory, Locked)> =
        constraints.iter().map(|constraint| (*constraint, Locked::of(constraint))).collect();
    let mut nodes = Joined::of(inventory).nodes;
    for declared in std::mem::take(&mut inventory.declared) {
        let Declared { from, name, requirement, place, .. } = declared;
        if declared.gap != Gap::Unpinned || requirement.constraint.starts_with('@') {
            inventory.declared.push(declared);
            continue;
        }
        let key = normal(name);
        let context = [requirement.environment];
        match locked.answer(inventory, &key, requirement.constraint, &context) {
            Answer::Nodes(found) => {
                found.into_iter().for_each(|to| inventory.edge(from, to, *requirement, place));
                continue;
            }
            Answer::Unclear(found) => {
                inventory.declared.push(Declared { gap: Gap::Ambiguous(found), ..declared });
                continue;
            }
            Answer::Missing | Answer::Unmet => {}
        }
        let found = narrowing.iter().find_map(|(constraint, locked)| {
            match locked.answer(constraint, &key, requirement.constraint, &context) {
                Answer::Nodes(found) => Some((constraint, found)),
                _ => None,
            }
        });
        let Some((constraint, found)) = found else {
            inventory.declared.push(declared);
            continue;
        };
        for node in found {
            let Node { component: Some(component), environment, .. } = constraint.nodes[node as usize] else {
                continue;
            };
            let to = add(inventory, &mut nodes, from_index(component, index), place, environment);
            inventory.edge(from, to, *requirement, place);
        }
    }
}

/// Parts a line from its comment: a `#` at the beginning or after a blank.
fn without_comment(line: &str) -> (&str, Option<&str>) {
    let mut before = true;
    for (at, sign) in line.char_indices() {
        if sign == '#' && before {
            return (&line[..at], Some(&line[at..]));
        }
        before = sign.is_whitespace();
    }
    (line, None)
}

/// Returns a text without the quotation marks around all of it.
fn unquoted(text: &str) -> &str {
    let inner = |mark: char| text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Parts a requirement from the options after it: `--hash=…`.
fn options(text: &str) -> (&str, &str) {
    let at = text.match_indices("--").map(|(at, _)| at).find(|&at| {
        text[..at].ends_with(char::is_whitespace) && text[at + 2..].starts_with(|sign: char| sign.is_ascii_alphabetic())
    });
    at.map_or((text, ""), |at| (text[..at].trim_end(), &text[at..]))
}

fn is_archive(word: &str) -> bool {
    let word = word.split(['#', '?']).next().unwrap_or(word);
    [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"].iter().any(|suffix| word.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::super::trial::{survives, told};

    fn alone(text: &str) -> Vec<String> {
        told(&[("requirements.txt", text)], "requirements.txt")
    }

    #[test]
    fn lines_are_read() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, expected) in [
            (
                "a==1\nB.c [x] === 2 ; os_name == 'nt' # why\n",
                vec!["· > a@1 ==1", "· > b-c@2 === 2 ; os_name == 'nt' +x"],
            ),
            (
                "a \\\n  ==1 \\\r\n  --hash=sha256:00\n",
                vec!["· > a@1 ==1", "--hash=sha256:00: \"sha256:00\" is no digest"],
            ),
            ("a==1.*\nb>=1\nc", vec!["· > a ? ==1.*: unpinned", "· > b ? >=1: unpinned", "· > c ?: unpinned"]),
            ("a>=1\na==1.5\n", vec!["· > a@1.5 ==1.5", "· > a@1.5 >=1"]),
            (
                "a==1 ; python_version < '3'\na==2 ; python_version >= '3'\n",
                vec!["· > a@1 ==1 ; python_version < '3'", "· > a@2 ==2 ; python_version >= '3'"],
            ),
            (
                "https://u:p@x.example/a_b-1.0%2Bcu-py3-none-any.whl ; os_name == 'nt'",
                vec!["· > a-b@1.0%2Bcu @ https://x.example/a_b-1.0%2Bcu-py3-none-any.whl ; os_name == 'nt'"],
            ),
            (
                "./dist/a-1.0.tar.gz\na-2-py3-none-any.whl\n-e libs/c[x]\n",
                vec!["· > a@1.0 @ ./dist/a-1.0.tar.gz", "· > a@2 @ a-2-py3-none-any.whl", "· > c @ libs/c"],
            ),
            (
                &format!("git+https://g.example/a@{commit}#egg=a\n-e git+https://g.example/b@v1#egg=b"),
                vec![
                    "· > a @ git+https://g.example/a@0123456789abcdef0123456789abcdef01234567",
                    "· > b @ git+https://g.example/b@v1",
                    "· > b ? @ git+https://g.example/b@v1: unpinned",
                ],
            ),
            ("-e .", vec!["· > . ? @ .: unpinned"]),
            ("# nothing\n", vec![": the file asks for nothing"]),
            ("", vec!["error: the file is empty"]),
            (
                "a==1\n<html>\na b\n--frob x\nhttps://x.example/\n-r\n",
                vec![
                    "· > a@1 ==1",
                    "<html>: \"<html>\" is no requirement: it does not begin with a name",
                    "a b: \"b\" after \"a\" is no version specifier",
                    "--frob x: \"--frob\" is no option of a requirements file",
                    "https://x.example/: the address names no package; write `name @ address`",
                    "-r: an option that names no file",
                ],
            ),
            ("a==1 ; b", vec!["a==1 ; b: \"b\" is no marker"]),
            ("a==1 \\", vec!["· > a@1 ==1", "a==1 \\: the line goes on past the end of the file, which seems cut off"]),
        ] {
            assert_eq!(alone(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_say_who_requires() {
        for (text, expected) in [
            (
                "a==1\n    # via -r x.in\nb==1\n    # via\n    #   -c y.txt\n    #   A\n    #   app (pyproject.toml)\n# via nothing\nc==1\n",
                vec!["· > a@1 ==1", "· > b@1 ==1", "a@1 > b@1", "· > c@1 ==1"],
            ),
            (
                "a==1  # via app (pyproject.toml:dev)\nb==1  # via a, c\nc==1  # via gone\n",
                vec!["· > a@1 dev ==1 +dev", "a@1 > b@1", "c@1 > b@1", "· > c@1 ==1"],
            ),
            (
                "p==1 ; os_name == 'nt'\np==2 ; os_name != 'nt'\nq==1 ; os_name == 'nt'\n    # via p\nr==1\n    # via p\ns==1\n    # via p, r\n",
                vec![
                    "· > p@1 ==1 ; os_name == 'nt'",
                    "· > p@2 ==2 ; os_name != 'nt'",
                    "p@1 > q@1 ; os_name == 'nt'",
                    "p@1 > r@1",
                    "p@2 > r@1",
                    "r@1 > s@1",
                    "p@1 > s ?: s@1",
                    "p@2 > s ?: s@1",
                ],
            ),
        ] {
            assert_eq!(alone(text), expected, "{text}");
        }
    }

    #[test]
    fn files_include_files() {
        let files = [
            ("r/requirements.txt", "-r base.txt\n-c ../limits.txt\nx\ny>=2\nz\n-r gone.txt\n-r ../../out.txt\n"),
            ("r/base.txt", "-r requirements.txt\nb==1\nz>1\n"),
            ("limits.txt", "x==3\ny==1\nz==2 ; os_name == 'nt'\nz==3 ; os_name != 'nt'\nw==1\n"),
        ];
        assert_eq!(
            told(&files, "r/requirements.txt"),
            [
                "· > b@1 ==1",
                "· > x@3",
                "· > z@2",
                "· > z@3",
                "· > z@2 >1",
                "· > z@3 >1",
                "· > y ? >=2: unpinned",
                "-r ../../out.txt: the included file \"../../out.txt\" is outside of the tree",
                "gone.txt: the included file \"r/gone.txt\" is not in the tree",
            ]
        );
    }

    #[test]
    fn the_one_index_is_where_things_come_from() {
        use crate::formats::Format;
        for (options, expected) in [
            ("-i https://u:p@x.example/simple", "registry https://x.example/simple"),
            ("--index-url=https://x.example/s\n--extra-index-url https://x.example/s/", "registry https://x.example/s"),
            ("-i https://x.example/s\n--extra-index-url https://y.example/s", "registry https://x.example/s"),
            ("--extra-index-url https://y.example/s", "an unknown source"),
            ("", "an unknown source"),
        ] {
            let text = format!("{options}\na==1\n");
            let source = crate::source::Source { file: Default::default(), path: "requirements.txt", text: &text };
            let inventory = super::RequirementsTxt.parse(&source).expect("a file");
            assert_eq!(inventory.component(1).expect("a").origin.to_string(), expected, "{options}");
        }
    }

    #[test]
    fn a_file_says_where_it_looks() {
        use crate::bom;
        use crate::formats::{self, Format, Near};
        use crate::graph::Graph;
        use crate::model::Inventory;
        use crate::source::{FileId, Source};
        let read = |path: &'static str, text: &str| -> Inventory {
            super::RequirementsTxt.parse(&Source { file: FileId(0), path, text }).expect("a file")
        };
        let looks = |inventory: &Inventory| -> Vec<&str> { inventory.sources.iter().map(|source| source.0).collect() };
        for (text, expected) in [
            (
                "-i https://u:s3cret@x.example/s --extra-index-url=https://y.example/s?token=s3cret\n",
                "https://x.example/s https://y.example/s",
            ),
            (
                "--find-links ./wheels\n-f https://z.example/\n--no-index\n-i https://x.example/s\n",
                "./wheels https://z.example/",
            ),
            ("--extra-index-url \\\n  \"https://y.example/s\"\n", "https://y.example/s"),
            ("--no-index --find-links=w\n", "w"),
            ("--pre\n", ""),
        ] {
            let inventory = read("requirements.txt", &format!("{text}a==1\n"));
            assert!(inventory.faults.is_empty(), "{:?}", inventory.faults);
            assert_eq!(looks(&inventory).join(" "), expected, "{text}");
            for (address, place) in &inventory.sources {
                let spelled = &text[place.start as usize..(place.start + place.len) as usize];
                assert!(spelled.len() >= address.len(), "{spelled} {address}");
            }
            let bom = bom::write(
                &Graph::join([inventory.clone()]),
                &bom::Options { timestamp: None, about: None, validate: true },
            );
            let bom = String::from_utf8(bom.expect("a BOM")).expect("text");
            assert!(!bom.contains("s3cret"), "{bom}");
            let source = Source { file: FileId(1), path: "bom.cdx.json", text: &bom };
            let back = formats::named("cyclonedx-json").expect("a format").parse_all(&source).expect("a BOM");
            assert_eq!(looks(&back[0]).join(" "), expected, "{bom}");
        }
        // Files that are installed together share their indexes.
        let all = [
            read("a/base.txt", "-i https://x.example/s\nb==1\n"),
            read("a/more.txt", "--extra-index-url https://y.example/s\nc==1\n"),
            read("a/requirements.txt", "-r base.txt\n-c more.txt\na==1\nc\n"),
        ];
        let mut joined = all[2].clone();
        super::RequirementsTxt.join(&mut joined, &Near { inventories: &all });
        assert_eq!(looks(&joined), ["https://x.example/s", "https://y.example/s"]);
        let origins: Vec<String> =
            joined.nodes.iter().filter_map(|node| Some(node.component?.origin.to_string())).collect();
        assert_eq!(origins, ["registry https://x.example/s"; 3]);
    }

    #[test]
    fn malformed_files_are_survived() {
        survives(
            "requirements.txt",
            "-r a\\\n#é\na[b]==1 \\\r\n --hash=sha256:0 # via b\n  # via\n  #   é\n./x@1#egg=é ; é\n",
        );
    }
}
