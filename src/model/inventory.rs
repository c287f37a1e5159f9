//! What one file says: its components, who requires whom, and what it asks for without an answer.

use std::sync::LazyLock;

use super::{Component, Origin, Part};
use crate::intern::{Table, Text};
use crate::source::{Fault, Place, Source};

/// The number of a node in its inventory.
pub type NodeId = u32;

/// The node that stands for the subject itself; what it requires is direct.
pub const SUBJECT: NodeId = 0;

/// How a requirement is meant, strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Needed to run.
    #[default]
    Runtime,
    /// Expected to be there beside the component, as npm's peer dependencies.
    Peer,
    /// Used if it is there, or if an extra or feature asks for it.
    Optional,
    /// Needed to build.
    Build,
    /// Needed to develop and test.
    Dev,
}

impl Scope {
    /// All scopes, strongest first.
    pub const ALL: [Scope; 5] = [Scope::Runtime, Scope::Peer, Scope::Optional, Scope::Build, Scope::Dev];

    /// Returns the name in reports, policies and BOMs.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Runtime => "runtime",
            Scope::Peer => "peer",
            Scope::Optional => "optional",
            Scope::Build => "build",
            Scope::Dev => "dev",
        }
    }

    /// Finds a scope by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What an edge asks for, and when: stored once for all edges that ask alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// How it is meant.
    pub scope: Scope,
    /// The range asked for, as the file spells it; empty where it gives none.
    pub constraint: Text,
    /// The condition under which it applies (a marker, a target); empty where it always does.
    pub environment: Text,
    /// The extra, feature or group that asks for it; empty where none does.
    pub extra: Text,
}

impl Requirement {
    /// In the place of an extra, of what a project's own file names though only others require it, and does not say who: a
    /// `// indirect` of `go.mod`. What is required so alone is transitive. No extra or group can be called so.
    pub const INDIRECT: Text = "(indirect)";

    /// Returns a requirement of this scope, and no more.
    pub fn of(scope: Scope) -> Self {
        Requirement { scope, ..Requirement::default() }
    }

    /// Keeps the requirement; equal ones are stored once.
    pub fn intern(self) -> &'static Requirement {
        static TABLE: LazyLock<Table<Requirement>> = LazyLock::new(Table::new);
        TABLE.get(self, |requirement| Box::leak(Box::new(requirement)))
    }
}

/// A layer of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// Its number, from 1 at the bottom.
    pub number: u32,
    /// The digest of what it holds, unpacked: `sha256:…`, as the image's configuration lists it.
    pub digest: Text,
    /// The command that made it, as the image's history tells; empty where it does not.
    pub created_by: Text,
}

impl Layer {
    /// Keeps the layer; equal ones are stored once.
    pub fn intern(self) -> &'static Layer {
        static TABLE: LazyLock<Table<Layer>> = LazyLock::new(Table::new);
        TABLE.get(self, |layer| Box::leak(Box::new(layer)))
    }
}

/// A component in a subject.
#[derive(Clone, Copy, Debug, Default)]
pub struct Node {
    /// What it is; none for the subject itself.
    pub component: Option<&'static Component>,
    /// Where the file says so.
    pub place: Place,
    /// Whether it is the project itself or a member of its workspace, so that what it requires is direct.
    pub root: bool,
    /// The condition under which the file locks it; empty where it always does.
    pub environment: Text,
    /// The layer of the image that brought it; none outside of images.
    pub layer: Option<&'static Layer>,
    /// What tells it from other nodes of the same component, where one component is there several times with different
    /// edges: the peers that it was resolved with (`(react@18.2.0)`), the folder that it is installed into. Empty where
    /// there is one.
    pub copy: Text,
    /// Which facts are known of it, where those are others than of the rest of its inventory.
    pub says: Option<Says>,
}

/// A requirement with its answer: an exact node needs an exact node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who requires.
    pub from: NodeId,
    /// What is required.
    pub to: NodeId,
    /// How.
    pub requirement: &'static Requirement,
    /// Where the file says so.
    pub place: Place,
}

/// A requirement without one exact answer.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Who requires.
    pub from: NodeId,
    /// What is required, as the file spells it.
    pub name: Text,
    /// How.
    pub requirement: &'static Requirement,
    /// Where the file says so.
    pub place: Place,
    /// Why there is no exact answer.
    pub gap: Gap,
}

/// Why a requirement has no exact answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The file pins no version.
    Unpinned,
    /// Several nodes answer and the file does not say which.
    Ambiguous(Vec<NodeId>),
    /// Nothing that is installed answers: the environment is broken.
    Unmet,
    /// Not tried yet: a manifest's requirement, waiting for its lockfile.
    Open,
}

/// A file that another one includes.
#[derive(Clone, Debug)]
pub struct Include {
    /// Path below the tree's root.
    pub path: String,
    /// Where the including file says so.
    pub place: Place,
    /// Whether it only narrows versions (`-c`), and adds nothing.
    pub constraint: bool,
}

/// What a manifest says of the project it describes; joined to the lockfile that resolves it.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The project's name; empty where it has none (a virtual workspace).
    pub name: Text,
    /// The project's version; empty where it has none.
    pub version: Text,
    /// Facts that only its own ecosystem reads, sorted: `("workspace.member", "crates/*")`.
    pub facts: Vec<(Text, Text)>,
}

/// Which facts a file carries at all: what it does not say is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// Who requires whom.
    pub edges: bool,
    /// Scopes of requirements.
    pub scopes: bool,
    /// Conditions under which components are locked.
    pub environments: bool,
    /// Digests.
    pub integrity: bool,
    /// Where components come from.
    pub origin: bool,
    /// Licences.
    pub licence: bool,
    /// Whatever else a component has: which are the project's own and what it requires itself, builds and other properties,
    /// and that there are several of one version. A BOM that another tool wrote says none of it for sure.
    pub whole: bool,
}

impl Says {
    /// Everything.
    pub const ALL: Says = Says {
        edges: true,
        scopes: true,
        environments: true,
        integrity: true,
        origin: true,
        licence: true,
        whole: true,
    };

    /// Names and versions alone.
    pub const NOTHING: Says = Says {
        edges: false,
        scopes: false,
        environments: false,
        integrity: false,
        origin: false,
        licence: false,
        whole: true,
    };

    /// Returns what either of two says.
    pub fn or(self, other: Says) -> Says {
        Says {
            edges: self.edges || other.edges,
            scopes: self.scopes || other.scopes,
            environments: self.environments || other.environments,
            integrity: self.integrity || other.integrity,
            origin: self.origin || other.origin,
            licence: self.licence || other.licence,
            whole: self.whole || other.whole,
        }
    }

    /// Returns what both of two say of a component that both have: its digests, its source and its licence, if it has them,
    /// are said whoever is silent on them.
    pub fn of_both(self, other: Says, component: &Component) -> Says {
        let is_known = component.origin != Origin::Unknown;
        Says {
            edges: self.edges && other.edges,
            scopes: self.scopes && other.scopes,
            environments: self.environments && other.environments,
            integrity: (self.integrity && other.integrity) || !component.digests.is_empty(),
            origin: (self.origin && other.origin) || is_known,
            licence: (self.licence && other.licence) || !component.licence.is_empty(),
            whole: self.whole && other.whole,
        }
    }
}

/// What one file says.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The subject's name: the file's path below the tree's root.
    pub subject: Text,
    /// The id of the format that read it.
    pub format: &'static str,
    /// The nodes; the first is the subject itself.
    pub nodes: Vec<Node>,
    /// Requirements with an exact answer.
    pub edges: Vec<Edge>,
    /// Requirements without one.
    pub declared: Vec<Declared>,
    /// The files it includes.
    pub includes: Vec<Include>,
    /// The addresses that it looks packages up at, where it says so apart from the packages: indexes and pages of links.
    pub sources: Vec<(Text, Place)>,
    /// The things in it that are built or run by themselves: stages of an image, containers of a deployment.
    pub parts: Vec<Part>,
    /// What it says as a manifest.
    pub manifest: Option<Manifest>,
    /// Which facts it carries.
    pub says: Says,
    /// What could not be read; everything else still counts.
    pub faults: Vec<Fault>,
    /// What was left out, and nobody can mend: a tool wrote it so.
    pub notes: Vec<Fault>,
}

impl Inventory {
    /// Returns an inventory of a file that says nothing yet.
    pub fn new(source: &Source<'_>, format: &'static str) -> Self {
        let subject = Node { place: source.start(), ..Node::default() };
        Inventory {
            subject: source.path,
            format,
            nodes: vec![subject],
            edges: Vec::new(),
            declared: Vec::new(),
            includes: Vec::new(),
            sources: Vec::new(),
            parts: Vec::new(),
            manifest: None,
            says: Says::ALL,
            faults: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a component and returns its number.
    pub fn add(&mut self, component: Component, place: Place) -> NodeId {
        self.add_node(Node { component: Some(component.intern()), place, ..Node::default() })
    }

    /// Adds one of several nodes of a component, told apart by `copy` ([`Node::copy`]), and returns its number. Where the
    /// copies turn out to have the same edges, they are one node.
    pub fn add_copy(&mut self, component: Component, copy: Text, place: Place) -> NodeId {
        self.add_node(Node { component: Some(component.intern()), place, copy, ..Node::default() })
    }

    /// Adds the project itself or a member of its workspace: what it requires is direct.
    pub fn add_root(&mut self, mut component: Component, place: Place) -> NodeId {
        component.kind = super::Kind::Application;
        let root = self.add_node(Node { component: Some(component.intern()), place, root: true, ..Node::default() });
        self.edge(SUBJECT, root, Requirement::default(), place);
        root
    }

    /// Adds a node and returns its number.
    pub fn add_node(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        (self.nodes.len() - 1) as NodeId
    }

    /// Adds a requirement with its answer.
    pub fn edge(&mut self, from: NodeId, to: NodeId, requirement: Requirement, place: Place) {
        self.edges.push(Edge { from, to, requirement: requirement.intern(), place });
    }

    /// Adds a requirement without an exact answer.
    pub fn declare(&mut self, from: NodeId, name: Text, requirement: Requirement, place: Place, gap: Gap) {
        self.declared.push(Declared { from, name, requirement: requirement.intern(), place, gap });
    }

    /// Adds an address that packages are looked up at; it is kept without credentials.
    pub fn look_up(&mut self, address: &str, place: Place) {
        // An address has no spaces; of what is none, a BOM keeps all of one kind.
        let plain = address.split_whitespace().collect::<Vec<_>>().join(" ");
        self.sources.push((crate::intern::text(&super::without_credentials(&plain)), place));
    }

    /// Records that a part of the file could not be read.
    pub fn fault(&mut self, place: Place, message: impl Into<String>) {
        self.faults.push(Fault { place, message: message.into() });
    }

    /// Adds what another file of the same subject says.
    pub fn absorb(&mut self, file: Inventory) {
        let shift = self.nodes.len() as NodeId - 1;
        let number = |id: NodeId| if id == SUBJECT { SUBJECT } else { id + shift };
        self.nodes.extend(file.nodes.into_iter().skip(1));
        self.edges.extend(file.edges.into_iter().map(|edge| Edge {
            from: number(edge.from),
            to: number(edge.to),
            ..edge
        }));
        self.declared
            .extend(file.declared.into_iter().map(|declared| Declared { from: number(declared.from), ..declared }));
        self.faults.extend(file.faults);
        self.notes.extend(file.notes);
        if let Some(manifest) = file.manifest {
            self.manifest.get_or_insert_default().facts.extend(manifest.facts);
        }
    }

    /// Moves everything in it to one place: the file itself, where there are no lines in it.
    pub fn stand_at(&mut self, place: Place) {
        self.nodes.iter_mut().for_each(|node| node.place = place);
        self.edges.iter_mut().for_each(|edge| edge.place = place);
        self.declared.iter_mut().for_each(|declared| declared.place = place);
        self.faults.iter_mut().chain(&mut self.notes).for_each(|fault| fault.place = place);
    }

    /// Returns the component of a node; none for the subject itself.
    pub fn component(&self, node: NodeId) -> Option<&'static Component> {
        self.nodes[node as usize].component
    }
}
