//! What a document says, in whatever of its forms, as an inventory.

use hashbrown::{HashMap, HashSet};

use super::own::{self, Remarks};
use crate::intern::{self, Text};
use crate::model::{
    Algorithm, Component, Digest, Inventory, Kind, Node, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
};
use crate::source::{Place, Source};

/// A package of a document.
#[derive(Default)]
pub(super) struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub purls: Vec<String>,
    pub digests: Vec<(String, String)>,
    /// As concluded by who wrote the document, or else as the package declares it.
    pub concluded: String,
    pub declared: String,
    pub download: String,
    /// What it is for: `CONTAINER`, `APPLICATION`.
    pub purpose: String,
    /// What driftgate says of it beside that, in a document of its own.
    pub remarks: Option<Remarks>,
    pub place: Place,
}

/// A relationship between two elements, by their ids.
pub(super) struct Relation {
    pub from: String,
    pub to: String,
    /// In capitals, as SPDX 2 has it: `DEPENDS_ON`.
    pub kind: String,
    pub place: Place,
}

/// A document.
#[derive(Default)]
pub(super) struct Document {
    pub id: String,
    /// The ids of what it is about.
    pub describes: Vec<String>,
    pub packages: Vec<Package>,
    pub relations: Vec<Relation>,
    /// Whether driftgate wrote it.
    pub is_own: bool,
}

/// A way to say that one package requires another: its name, whether it is said of the one that is required, and how.
const REQUIRES: &[(&str, bool, Scope)] = &[
    ("DEPENDS_ON", false, Scope::Runtime),
    ("DEPENDENCY_OF", true, Scope::Runtime),
    ("RUNTIME_DEPENDENCY_OF", true, Scope::Runtime),
    ("PROVIDED_DEPENDENCY_OF", true, Scope::Peer),
    ("OPTIONAL_DEPENDENCY_OF", true, Scope::Optional),
    ("OPTIONAL_COMPONENT_OF", true, Scope::Optional),
    ("BUILD_DEPENDENCY_OF", true, Scope::Build),
    ("BUILD_TOOL_OF", true, Scope::Build),
    ("DEV_DEPENDENCY_OF", true, Scope::Dev),
    ("DEV_TOOL_OF", true, Scope::Dev),
    ("TEST_DEPENDENCY_OF", true, Scope::Dev),
    ("TEST_TOOL_OF", true, Scope::Dev),
    ("HAS_PREREQUISITE", false, Scope::Runtime),
    ("PREREQUISITE_FOR", true, Scope::Runtime),
    // With the scope of SPDX 3 behind it.
    ("DEPENDS_ON development", false, Scope::Dev),
    ("DEPENDS_ON test", false, Scope::Dev),
    ("DEPENDS_ON build", false, Scope::Build),
];

/// SPDX's words for what is not known.
pub(super) fn is_said(text: &str) -> bool {
    !matches!(text, "" | "NOASSERTION" | "NONE")
}

impl Document {
    /// Makes an inventory of it.
    pub(super) fn inventory(self, source: &Source<'_>, format: &'static str) -> Inventory {
        let mut inventory = Inventory::new(source, format);
        let described: HashSet<&str> = self
            .describes
            .iter()
            .map(String::as_str)
            .chain(self.relations.iter().filter(|said| said.kind == "DESCRIBES").map(|said| said.to.as_str()))
            .chain(self.relations.iter().filter(|said| said.kind == "DESCRIBED_BY").map(|said| said.from.as_str()))
            .collect();
        let contained = |said: &&Relation| self.is_own && said.kind == "CONTAINS" && said.from == own::TREE;
        let contained: HashSet<&str> = self.relations.iter().filter(contained).map(|said| said.to.as_str()).collect();
        let mut nodes: HashMap<&str, NodeId> = HashMap::new();
        let mut same: HashMap<(*const Component, Text), NodeId> = HashMap::new();
        for package in &self.packages {
            // The tree is no component of its own.
            if self.is_own && package.id == own::TREE {
                nodes.insert(&package.id, SUBJECT);
                continue;
            }
            let Some(component) = package.component(&mut inventory) else { continue };
            let component = component.intern();
            let (environment, copy) =
                package.remarks.as_ref().map_or(("", ""), |remarks| (remarks.environment, remarks.copy));
            // What the document is about is the project, where it is one thing.
            let root = (described.len() == 1 && described.contains(package.id.as_str()))
                || contained.contains(package.id.as_str());
            let node = *same.entry((std::ptr::from_ref(component), copy)).or_insert_with(|| {
                let place = package.place;
                inventory.add_node(Node { component: Some(component), place, root, environment, copy, layer: None })
            });
            if nodes.insert(&package.id, node).is_some() {
                let message = format!("the id \"{}\" stands twice", package.id.escape_debug());
                inventory.fault(package.place, message);
            }
        }
        let mut seen = HashSet::new();
        let mut required = vec![false; inventory.nodes.len()];
        let (mut has_edges, mut has_scopes) = (false, false);
        for said in &self.relations {
            let Some((_, is_turned, scope)) = REQUIRES.iter().find(|(kind, ..)| *kind == said.kind) else { continue };
            has_edges = true;
            has_scopes |= *scope != Scope::Runtime;
            let (from, to) = if *is_turned { (&said.to, &said.from) } else { (&said.from, &said.to) };
            // NONE and NOASSERTION, files, and elements of other documents are no packages of this one.
            let Some(&to) = nodes.get(to.as_str()).filter(|to| **to != SUBJECT) else { continue };
            let from = match nodes.get(from.as_str()) {
                Some(&from) => from,
                None if *from == self.id => SUBJECT,
                None => continue,
            };
            if (from != to || self.is_own) && seen.insert((from, to, *scope)) {
                required[to as usize] = true;
                inventory.edge(from, to, Requirement::of(*scope), said.place);
            }
        }
        for id in 1..inventory.nodes.len() as NodeId {
            let node = inventory.nodes[id as usize];
            if node.root || (has_edges && !required[id as usize] && described.len() != 1 && !self.is_own) {
                inventory.edge(SUBJECT, id, Requirement::default(), node.place);
            }
        }
        let any = |says: fn(&Component) -> bool| inventory.nodes.iter().filter_map(|node| node.component).any(says);
        inventory.says = Says {
            edges: has_edges,
            scopes: has_scopes,
            integrity: any(|component| !component.digests.is_empty()),
            origin: self.is_own && any(|component| component.origin != Origin::Unknown),
            licence: any(|component| !component.licence.is_empty()),
        };
        inventory
    }
}

impl Package {
    fn component(&self, inventory: &mut Inventory) -> Option<Component> {
        let purl = self.purls.iter().find_map(|purl| match Purl::parse(purl) {
            Ok(purl) => Some(purl),
            Err(error) => {
                inventory.fault(self.place, format!("{error:#}"));
                None
            }
        });
        if purl.is_none() && self.name.is_empty() {
            inventory.fault(self.place, "a package without a name");
            return None;
        }
        let version = if is_said(&self.version) { self.version.as_str() } else { "" };
        let mut component = Component::new(purl.unwrap_or_else(|| Purl::new("generic", "", &self.name, version)));
        component.kind = match self.purpose.to_ascii_uppercase().as_str() {
            "CONTAINER" => Kind::Container,
            "APPLICATION" => Kind::Application,
            "OPERATING-SYSTEM" | "OPERATING_SYSTEM" | "OPERATINGSYSTEM" => Kind::OperatingSystem,
            "FRAMEWORK" => Kind::Framework,
            "FIRMWARE" | "DEVICE" => Kind::Platform,
            "MODEL" => Kind::Model,
            "DATA" => Kind::Data,
            "FILE" => Kind::File,
            _ => Kind::Library,
        };
        for (algorithm, hex) in &self.digests {
            // ADLER32, MD2 and the like prove nothing.
            let known = Algorithm::named(&algorithm.replace('_', "-")).or_else(|| Algorithm::named(algorithm));
            let Some(known) = known else { continue };
            match Digest::hex(known, hex) {
                Some(digest) => component.digests.push(digest),
                None => inventory.fault(self.place, format!("\"{}\" is no such digest", hex.escape_debug())),
            }
        }
        let licence = [&self.concluded, &self.declared].into_iter().find(|licence| is_said(licence));
        component.licence = licence.map_or("", |licence| intern::text(licence));
        if let Some(remarks) = &self.remarks {
            component.kind = remarks.kind.unwrap_or(component.kind);
            component.origin = remarks.origin;
            component.properties.clone_from(&remarks.properties);
        } else if let Some(address) = self.download.strip_prefix("git+").filter(|_| is_said(&self.download)) {
            let (address, commit) = address.rsplit_once('@').unwrap_or((address, ""));
            component.origin = Origin::git(address, commit.split('#').next().unwrap_or(commit), "");
        }
        Some(component)
    }
}
