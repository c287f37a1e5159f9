//! What a document says, in whatever of its forms, as an inventory.

use hashbrown::{HashMap, HashSet};

use super::own::{self, Remarks};
use crate::formats::pins;
use crate::intern::{self, Text};
use crate::model::{
    Algorithm, Component, Digest, Inventory, Kind, Node, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
    secret, without_credentials,
};
use crate::source::{Fault, Place, Source};

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
    pub said: Said,
    pub place: Place,
}

/// What a relationship says, as far as it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The document is about it.
    Describes,
    /// The one holds the other.
    Contains,
    /// The one requires the other.
    Requires(Scope),
}

/// A document.
#[derive(Default)]
pub(super) struct Document {
    pub id: String,
    /// The ids of what it is about.
    pub describes: Vec<String>,
    pub packages: Vec<Package>,
    pub relations: Vec<Relation>,
    /// Whether it lists files, so that it need not list packages.
    pub has_files: bool,
    /// What could not be read.
    pub faults: Vec<Fault>,
    /// Whether driftgate wrote it.
    pub is_own: bool,
}

/// The relationships of SPDX 2: the name, whether it is said of the one that is required or described, and what it says.
const RELATIONS: &[(&str, bool, Said)] = &[
    ("DESCRIBES", false, Said::Describes),
    ("DESCRIBED_BY", true, Said::Describes),
    ("CONTAINS", false, Said::Contains),
    ("DEPENDS_ON", false, Said::Requires(Scope::Runtime)),
    ("DEPENDENCY_OF", true, Said::Requires(Scope::Runtime)),
    ("RUNTIME_DEPENDENCY_OF", true, Said::Requires(Scope::Runtime)),
    ("DYNAMIC_LINK", false, Said::Requires(Scope::Runtime)),
    ("STATIC_LINK", false, Said::Requires(Scope::Runtime)),
    ("PROVIDED_DEPENDENCY_OF", true, Said::Requires(Scope::Peer)),
    ("OPTIONAL_DEPENDENCY_OF", true, Said::Requires(Scope::Optional)),
    ("OPTIONAL_COMPONENT_OF", true, Said::Requires(Scope::Optional)),
    ("BUILD_DEPENDENCY_OF", true, Said::Requires(Scope::Build)),
    ("BUILD_TOOL_OF", true, Said::Requires(Scope::Build)),
    ("DEV_DEPENDENCY_OF", true, Said::Requires(Scope::Dev)),
    ("DEV_TOOL_OF", true, Said::Requires(Scope::Dev)),
    ("TEST_DEPENDENCY_OF", true, Said::Requires(Scope::Dev)),
    ("TEST_TOOL_OF", true, Said::Requires(Scope::Dev)),
    ("HAS_PREREQUISITE", false, Said::Requires(Scope::Runtime)),
    ("PREREQUISITE_FOR", true, Said::Requires(Scope::Runtime)),
];

/// SPDX's words for what is not known.
pub(super) fn is_said(text: &str) -> bool {
    !matches!(text, "" | "NOASSERTION" | "NONE")
}

/// Returns the fault of a part that is not as the standard has it, where it stands.
pub(super) fn unread(what: &str, whole: Place, error: &anyhow::Error) -> Fault {
    let place = error.downcast_ref::<Fault>().map_or(whole, |fault| fault.place);
    Fault { place, message: format!("{what} that can't be read: {}", secret::covered(&error.to_string())) }
}

/// Says whether the type of a reference to another system's name for a package is that of purls, short or in full.
pub(super) fn is_purl(reference: &str) -> bool {
    let last = reference.rsplit_once('/').map_or(reference, |(before, last)| match before {
        "http://spdx.org/rdf/references" | "https://spdx.org/rdf/references" => last,
        _ => "",
    });
    last == "purl"
}

/// Finds an algorithm by its name in SPDX 2 (`BLAKE2b-256`) or 3 (`blake2b256`, `sha3_256`).
fn algorithm(name: &str) -> Option<Algorithm> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let blake = name.strip_prefix("blake2b").map(|bits| format!("blake2b-{}", bits.trim_start_matches('-')));
    Algorithm::named(&blake.unwrap_or(name))
}

/// Reads where a package is downloaded from, if that is a git repository: `git+https://host/path@v1.0#folder`.
///
/// Behind the `@` stands a commit, a tag or a branch, behind the `#` a folder; npm writes the commit there.
///
/// Source: SPDX 2.3, 7.7.
fn git(location: &str) -> Option<Origin> {
    // What lets in goes first: it may hold an `@` too.
    let location = without_credentials(location);
    let (address, fragment) = location.split_once('#').unwrap_or((&location, ""));
    let plain = address.strip_prefix("git+");
    let mut address =
        plain.or_else(|| (address.starts_with("git://") || address.starts_with("git@")).then_some(address))?;
    let path = match address.split_once("://") {
        Some((scheme, rest)) => rest.find('/').map(|at| scheme.len() + 3 + at),
        None => {
            let user = address.find('@').filter(|&at| !address[..at].contains('/'));
            if user.is_some_and(|at| address[..at].contains(':')) {
                address = &address[user.map_or(0, |at| at + 1)..];
            }
            let host = address.find('@').filter(|&at| !address[..at].contains(['/', ':'])).map_or(0, |at| at + 1);
            address[host..].find(['/', ':']).map(|at| host + at)
        }
    };
    let path = path.unwrap_or(address.len());
    // An `@` that begins a folder's name is part of it.
    let at = address[path..].rfind('@').map(|at| path + at).filter(|at| !address[..*at].ends_with('/'));
    let (url, revision) = at.map_or((address, ""), |at| (&address[..at], &address[at + 1..]));
    let (commit, reference) = match (pins::is_commit(revision), pins::is_commit(fragment)) {
        (true, _) => (revision, ""),
        (false, true) => (fragment, revision),
        (false, false) => ("", revision),
    };
    Some(Origin::git(url, commit, reference))
}

impl Relation {
    /// Returns a relationship of SPDX 2, as it is said of `one`; none of a kind that is not read.
    pub(super) fn second(one: &str, kind: &str, other: &str, place: Place) -> Option<Self> {
        let (_, is_turned, said) = RELATIONS.iter().find(|(name, ..)| *name == kind)?;
        let (from, to) = if *is_turned { (other, one) } else { (one, other) };
        Some(Relation { from: from.to_owned(), to: to.to_owned(), said: *said, place })
    }
}

impl Document {
    /// Makes an inventory of it.
    pub(super) fn inventory(self, source: &Source<'_>, format: &'static str) -> Inventory {
        let mut inventory = Inventory::new(source, format);
        let described: HashSet<&str> = self
            .describes
            .iter()
            .map(String::as_str)
            .chain(self.relations.iter().filter(|one| one.said == Said::Describes).map(|one| one.to.as_str()))
            .collect();
        let contained = |one: &&Relation| self.is_own && one.said == Said::Contains && one.from == own::TREE;
        let contained: HashSet<&str> = self.relations.iter().filter(contained).map(|one| one.to.as_str()).collect();
        let mut nodes: HashMap<&str, NodeId> = HashMap::new();
        let mut same: HashMap<(*const Component, Text), NodeId> = HashMap::new();
        let mut digests: Vec<Fault> = Vec::new();
        for package in &self.packages {
            // The tree is no component of its own.
            if self.is_own && package.id == own::TREE {
                nodes.insert(&package.id, SUBJECT);
                continue;
            }
            let Some(component) = package.component(&mut inventory, &mut digests) else { continue };
            let component = component.intern();
            let (environment, copy) =
                package.remarks.as_ref().map_or(("", ""), |remarks| (remarks.environment, remarks.copy));
            // What the document is about is the project, where it is one thing.
            let root = (described.len() == 1 && described.contains(package.id.as_str()))
                || contained.contains(package.id.as_str());
            let node = *same.entry((std::ptr::from_ref(component), copy)).or_insert_with(|| {
                let place = package.place;
                inventory.add_node(Node {
                    component: Some(component),
                    place,
                    root,
                    environment,
                    copy,
                    ..Node::default()
                })
            });
            if !package.id.is_empty() && nodes.insert(&package.id, node).is_some() {
                let message = format!("the id \"{}\" stands twice", secret::covered(&package.id).escape_debug());
                inventory.fault(package.place, message);
            }
        }
        let mut seen = HashSet::new();
        let mut required = vec![false; inventory.nodes.len()];
        let (mut has_edges, mut has_scopes) = (false, false);
        for relation in &self.relations {
            let Said::Requires(scope) = relation.said else { continue };
            has_edges = true;
            has_scopes |= scope != Scope::Runtime;
            // NONE and NOASSERTION, files, and elements of other documents are no packages of this one.
            let Some(&to) = nodes.get(relation.to.as_str()).filter(|to| **to != SUBJECT) else { continue };
            let from = match nodes.get(relation.from.as_str()) {
                Some(&from) => from,
                None if relation.from == self.id => SUBJECT,
                None => continue,
            };
            if (from != to || self.is_own) && seen.insert((from, to, scope)) {
                required[to as usize] = true;
                inventory.edge(from, to, Requirement::of(scope), relation.place);
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
            environments: self.is_own,
            whole: self.is_own,
            integrity: any(|component| !component.digests.is_empty()),
            origin: self.is_own && any(|component| component.origin != Origin::Unknown),
            licence: any(|component| !component.licence.is_empty()),
        };
        inventory.faults.extend(self.faults);
        match (digests.len(), digests.first().cloned()) {
            (_, None) => {}
            _ if self.is_own => inventory.faults.extend(digests),
            // Nobody can mend a file that a tool writes anew.
            (1, Some(Fault { place, message })) => {
                inventory.notes.push(Fault { place, message: format!("a digest is left out: {message}") });
            }
            (count, Some(Fault { place, message })) => {
                let message = format!("{count} digests are left out, the first: {message}");
                inventory.notes.push(Fault { place, message });
            }
        }
        if inventory.nodes.len() < 2 && inventory.faults.is_empty() && !self.has_files && !self.is_own {
            inventory.fault(source.start(), "the document lists no package");
        }
        inventory
    }
}

impl Package {
    /// Makes a component of it; what is wrong with its digests goes to `digests`.
    fn component(&self, inventory: &mut Inventory, digests: &mut Vec<Fault>) -> Option<Component> {
        let version = if is_said(&self.version) { self.version.as_str() } else { "" };
        let purl = self.purls.iter().find_map(|purl| match Purl::parse(purl) {
            Ok(purl) => Some(purl.or_version(version)),
            Err(error) => {
                inventory.fault(self.place, format!("{error:#}"));
                None
            }
        });
        if purl.is_none() && self.name.is_empty() {
            inventory.fault(self.place, "a package without a name");
            return None;
        }
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
        for (named, hex) in &self.digests {
            // ADLER32, MD2 and the like prove nothing.
            let Some(known) = algorithm(named) else { continue };
            match Digest::hex(known, hex) {
                Some(digest) => component.digests.push(digest),
                None => {
                    let (name, hex) = (secret::covered(&self.name), secret::covered(hex));
                    let message = format!(
                        "\"{}\" of {} is no {} digest",
                        hex.escape_debug(),
                        name.escape_debug(),
                        known.cyclonedx()
                    );
                    digests.push(Fault { place: self.place, message });
                }
            }
        }
        let licence = [&self.concluded, &self.declared].into_iter().find(|licence| is_said(licence));
        component.licence = licence.map_or("", |licence| intern::text(licence));
        match &self.remarks {
            Some(remarks) => {
                component.kind = remarks.kind.unwrap_or(component.kind);
                component.origin = remarks.origin;
                component.properties.clone_from(&remarks.properties);
            }
            None => component.origin = git(&self.download).unwrap_or_default(),
        }
        Some(component)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_without_what_lets_in() {
        const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
        for (location, expected) in [
            ("git+https://g.example/a.git@COMMIT", "git https://g.example/a.git at COMMIT"),
            ("git+https://g.example/a.git@COMMIT#b/c", "git https://g.example/a.git at COMMIT"),
            ("git+https://g.example/a.git@v1.0", "git https://g.example/a.git (v1.0)"),
            ("git+https://g.example/a.git@feature/b#c", "git https://g.example/a.git (feature/b)"),
            ("git+https://g.example/a.git@0123456", "git https://g.example/a.git (0123456)"),
            ("git+https://g.example/@team/a@v1", "git https://g.example/@team/a (v1)"),
            ("git+https://g.example/@team/a", "git https://g.example/@team/a"),
            ("git+https://me:s3cret@g.example/a.git", "git https://g.example/a.git"),
            ("git+https://s3cret@g.example/a.git@v1", "git https://g.example/a.git (v1)"),
            ("git+https://me:s3cret@g.example", "git https://g.example"),
            ("git+https://g.example/a.git?token=s3@cret", "git https://g.example/a.git"),
            ("git+ssh://git@g.example/a.git#COMMIT", "git ssh://git@g.example/a.git at COMMIT"),
            ("git+ssh://git:s3cret@g.example/a.git#COMMIT", "git ssh://git@g.example/a.git at COMMIT"),
            ("git+git@g.example:team/a.git@v1", "git git@g.example:team/a.git (v1)"),
            ("git+me:s3cret@g.example:team/a.git@v1", "git g.example:team/a.git (v1)"),
            ("git@g.example:team/a.git", "git git@g.example:team/a.git"),
            ("git://g.example/a", "git git://g.example/a"),
            ("git+file:///a/b@v1", "git file:///a/b (v1)"),
            ("git+", "git "),
            ("git+@", "git @"),
            ("https://g.example/a.tar.gz", "an unknown source"),
            ("hg+https://g.example/a", "an unknown source"),
            ("NOASSERTION", "an unknown source"),
        ] {
            let origin = git(&location.replace("COMMIT", COMMIT)).unwrap_or_default().to_string();
            assert_eq!(origin, expected.replace("COMMIT", COMMIT), "{location}");
        }
    }

    #[test]
    fn algorithms_have_the_names_of_both_versions() {
        for (name, expected) in [
            ("SHA256", Some(Algorithm::Sha256)),
            ("sha3_256", Some(Algorithm::Sha3_256)),
            ("SHA3-384", Some(Algorithm::Sha3_384)),
            ("blake2b256", Some(Algorithm::Blake2b256)),
            ("BLAKE2b-384", Some(Algorithm::Blake2b384)),
            ("blake2b512", Some(Algorithm::Blake2b512)),
            ("BLAKE3", Some(Algorithm::Blake3)),
            ("ADLER32", None),
            ("blake2b", None),
        ] {
            assert_eq!(algorithm(name), expected, "{name}");
        }
    }

    #[test]
    fn purls_are_known_by_the_short_and_the_full_type() {
        for (of, expected) in [
            ("purl", true),
            ("http://spdx.org/rdf/references/purl", true),
            ("https://spdx.org/rdf/references/purl", true),
            ("http://spdx.org/rdf/references/cpe23Type", false),
            ("http://other.example/purl", false),
            ("", false),
        ] {
            assert_eq!(is_purl(of), expected, "{of}");
        }
    }
}
