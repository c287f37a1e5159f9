//! Makes inventories of a document: one of a foreign BOM here, one a subject of driftgate's own in `own`.

use std::borrow::Cow;

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::document::{self, Document, ExternalReference, LicenceChoice, Service};
use super::own::Own;
use super::properties;
use crate::intern::{self, Text};
use crate::model::{
    Algorithm, Component, Digest, Inventory, Kind, Node, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
    secret,
};
use crate::source::{Fault, Place, Source};
use crate::syntax::json::Str;

/// Returns what a document says, one inventory a subject, sorted by path.
///
/// # Errors
/// Where the version of CycloneDX or of driftgate's own encoding is not known.
pub(super) fn all(source: &Source<'_>, format: &'static str, document: &Document<'_>) -> Result<Vec<Inventory>> {
    let place = |text: Option<&Str<'_>>| text.map_or(source.start(), |text| place_of(source, text));
    document.check_version().map_err(|error| source.fault(place(document.spec_version.as_ref()), error))?;
    match document.property(properties::SCHEMA) {
        None => Ok(vec![foreign(source, format, document)]),
        Some(version) if &**version == properties::VERSION => Ok(Own::new(source, format, document).read()),
        Some(version) => {
            let message = format!(
                "the BOM's {} is \"{}\"; a newer driftgate wrote it",
                properties::SCHEMA,
                version.escape_debug()
            );
            Err(source.fault(place_of(source, version), message))
        }
    }
}

/// Returns the only inventory of several.
///
/// # Errors
/// Where there are several: none of them is the file.
pub(super) fn first(source: &Source<'_>, inventories: Vec<Inventory>) -> Result<Inventory> {
    let message = "the BOM holds no subjects";
    inventories.into_iter().next().ok_or_else(|| source.fault(source.start(), message))
}

/// Reads another generator's BOM.
fn foreign(source: &Source<'_>, format: &'static str, document: &Document<'_>) -> Inventory {
    let mut inventory = Inventory::new(source, format);
    let (mut faults, mut left) = (Vec::new(), Left::default());
    let mut refs: HashMap<&str, Option<NodeId>> = HashMap::new();
    let mut nodes: HashMap<(Purl, Origin, &'static [Digest]), NodeId> = HashMap::new();
    // How components are meant, by node; a merged one is needed as its strongest needs it.
    let mut scopes = vec![Scope::default()];
    let root = document.metadata.as_ref().and_then(|metadata| metadata.component.as_ref());
    let listed = flatten(root.into_iter().chain(document.components.iter().flatten()));
    let mut says = Says { edges: document.dependencies.as_ref().is_some_and(|all| !all.is_empty()), ..NOTHING };
    for component in &listed {
        let node = resolve(source, component, &mut faults, &mut left.digests).map(|(found, place)| {
            if !left.digests.is_empty() {
                left.of.get_or_insert(found.purl);
            }
            let found = found.intern();
            says.integrity |= !found.digests.is_empty();
            says.licence |= !found.licence.is_empty();
            let scope = scope(component.scope.as_deref());
            let key = (found.purl, found.origin, found.digests.as_slice());
            let node = *nodes.entry(key).or_insert_with(|| {
                scopes.push(scope);
                let root = root.is_some_and(|root| std::ptr::eq(root, *component));
                inventory.add_node(Node { component: Some(found), place, root, ..Node::default() })
            });
            scopes[node as usize] = scopes[node as usize].min(scope);
            node
        });
        match &component.bom_ref {
            Some(id) => register(source, &mut refs, id, node, &mut faults),
            // Some generators write no references, and purls in their place.
            None => drop(component.purl.as_deref().map(|purl| refs.entry(purl).or_insert(node))),
        }
    }
    for id in services(document.services.as_deref().unwrap_or_default()) {
        register(source, &mut refs, id, None, &mut faults);
    }
    if inventory.nodes.get(1).is_some_and(|node| node.root) {
        let place = inventory.nodes[1].place;
        inventory.edge(SUBJECT, 1, Requirement::default(), place);
    }
    let mut seen = HashSet::new();
    for dependency in document.dependencies.iter().flatten() {
        let Some(from) = dependency.from.as_ref() else { continue };
        let from = find(source, &refs, from, &mut left.references);
        for to in dependency.depends_on.iter().flatten() {
            let to_node = find(source, &refs, to, &mut left.references);
            let (Some(from), Some(to_node)) = (from, to_node) else { continue };
            if seen.insert((from, to_node)) {
                inventory.edge(from, to_node, Requirement::of(scopes[to_node as usize]), place_of(source, to));
            }
        }
    }
    inventory.says = says;
    inventory.faults = faults;
    inventory.notes = left.notes();
    inventory
}

/// What is left out of another tool's BOM, since it does not fit: nobody can mend a file that a tool writes anew.
#[derive(Default)]
struct Left {
    /// Digests that have another length than their algorithm's.
    digests: Vec<Fault>,
    /// The component that the first of them is of.
    of: Option<Purl>,
    /// References that name no component.
    references: Vec<Fault>,
}

impl Left {
    /// Says so, of each kind with the number and the first.
    fn notes(self) -> Vec<Fault> {
        let of = self.of.map_or("", |purl| purl.as_str());
        let note = |faults: Vec<Fault>, noun: &str, of: &str| {
            let count = faults.len();
            let Fault { place, message } = faults.into_iter().next()?;
            let message = match count {
                1 => format!("a {noun}{of} is left out: {message}"),
                _ => format!("{count} {noun}s are left out, the first{of}: {message}"),
            };
            Some(Fault { place, message })
        };
        let digests = note(self.digests, "digest", &format!(" of {of}"));
        digests.into_iter().chain(note(self.references, "reference", "")).collect()
    }
}

/// What a BOM says that another tool wrote, before it is read.
const NOTHING: Says = Says { whole: false, ..Says::NOTHING };

/// Lists components and their parts, in the order of the text.
fn flatten<'d, 't: 'd>(top: impl Iterator<Item = &'d document::Component<'t>>) -> Vec<&'d document::Component<'t>> {
    let mut listed = Vec::new();
    let mut open: Vec<&document::Component<'t>> = top.collect();
    open.reverse();
    while let Some(component) = open.pop() {
        listed.push(component);
        open.extend(component.components.iter().flatten().rev());
    }
    listed
}

/// Lists the references of services.
fn services<'d, 't>(top: &'d [Service<'t>]) -> Vec<&'d Str<'t>> {
    let mut open: Vec<&Service<'t>> = top.iter().collect();
    let mut ids = Vec::new();
    while let Some(service) = open.pop() {
        ids.extend(&service.bom_ref);
        open.extend(service.services.iter().flatten());
    }
    ids
}

/// Keeps what a reference means; one that stands twice is a fault.
pub(super) fn register<'d, T>(
    source: &Source<'_>,
    refs: &mut HashMap<&'d str, T>,
    id: &'d Str<'_>,
    target: T,
    faults: &mut Vec<Fault>,
) {
    if refs.contains_key(&**id) {
        faults.push(fault(source, id, format!("the bom-ref \"{}\" stands twice", shortened(id))));
        return;
    }
    refs.insert(id, target);
}

/// Looks a reference up; one that means nothing here is a fault, unless it names another document.
pub(super) fn find<T: Copy>(
    source: &Source<'_>,
    refs: &HashMap<&str, Option<T>>,
    id: &Str<'_>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match refs.get(&**id) {
        Some(target) => *target,
        None if id.starts_with("urn:cdx:") => None,
        None => {
            faults.push(fault(source, id, format!("no component has the bom-ref \"{}\"", shortened(id))));
            None
        }
    }
}

pub(super) fn fault(source: &Source<'_>, at: &Str<'_>, message: impl Into<String>) -> Fault {
    Fault { place: place_of(source, at), message: message.into() }
}

/// Returns the place of a string that is borrowed; the file's first byte for others.
pub(super) fn place_of(source: &Source<'_>, text: &Str<'_>) -> Place {
    match text.0 {
        Cow::Borrowed(text) => source.place(text),
        Cow::Owned(_) => source.start(),
    }
}

pub(super) fn shortened(text: &str) -> String {
    secret::covered(text).chars().take(80).flat_map(char::escape_debug).collect()
}

/// Makes a component of a listed one, and says where its name stands; none where it has no name. What is wrong with its
/// digests goes to `digests`.
pub(super) fn resolve(
    source: &Source<'_>,
    listed: &document::Component<'_>,
    faults: &mut Vec<Fault>,
    digests: &mut Vec<Fault>,
) -> Option<(Component, Place)> {
    let (name, group, version) = (trimmed(&listed.name), trimmed(&listed.group), trimmed(&listed.version));
    let purl = listed.purl.as_ref().filter(|purl| !purl.trim().is_empty());
    let parsed = purl.and_then(|purl| match Purl::parse(purl.trim()) {
        Ok(parsed) => Some(parsed.or_version(version)),
        Err(error) => {
            faults.push(fault(source, purl, format!("{error:#}")));
            None
        }
    });
    let place = place(source, listed, parsed.as_ref().map_or("", Purl::name));
    if parsed.is_none() && name.is_empty() {
        faults.push(Fault { place, message: "a component without a name".to_owned() });
        return None;
    }
    let mut component = Component::new(parsed.unwrap_or_else(|| Purl::new("generic", group, name, version)));
    component.kind = kind(listed.kind.as_deref().unwrap_or_default());
    component.licence = licence(listed.licenses.as_deref().unwrap_or_default());
    component.origin = origin(listed.external_references.as_deref().unwrap_or_default(), purl.is_some());
    for hash in listed.hashes.iter().flatten() {
        let (Some(algorithm), Some(content)) = (&hash.alg, &hash.content) else { continue };
        // Algorithms that are not known here can't be compared.
        let Some(known) = Algorithm::named(algorithm.trim()) else { continue };
        match Digest::hex(known, content.trim()) {
            Some(digest) => component.digests.push(digest),
            None => digests.push(fault(
                source,
                content,
                format!("\"{}\" is no {} digest", shortened(content), known.cyclonedx()),
            )),
        }
    }
    Some((component, place))
}

fn trimmed<'d>(text: &'d Option<Str<'_>>) -> &'d str {
    text.as_deref().map_or("", str::trim)
}

/// Returns where a component is named: by its name if that spells `name`, as its purl does, else by the purl; by whatever
/// is borrowed from the text where escapes keep both from it.
pub(super) fn place(source: &Source<'_>, listed: &document::Component<'_>, name: &str) -> Place {
    let spells = |text: &&Str<'_>| matches!(text.0, Cow::Borrowed(part) if part.contains(name));
    let named = listed.name.as_ref().filter(|text| text.contains(name));
    if let (Some(range), Some(_)) = (&listed.name_at, named) {
        return source.place_at(range.clone());
    }
    let named = listed.name.iter().chain(&listed.purl).find(spells);
    let others = [&listed.name, &listed.purl, &listed.bom_ref, &listed.version, &listed.kind].into_iter().flatten();
    let borrowed =
        named.into_iter().chain(others).find(|text| matches!(text.0, Cow::Borrowed(part) if !part.is_empty()));
    borrowed.map_or(source.start(), |text| place_of(source, text))
}

pub(super) fn kind(name: &str) -> Kind {
    match name {
        "application" => Kind::Application,
        "framework" => Kind::Framework,
        "container" => Kind::Container,
        "operating-system" => Kind::OperatingSystem,
        "device" | "device-driver" | "firmware" | "platform" => Kind::Platform,
        "file" => Kind::File,
        "machine-learning-model" => Kind::Model,
        "data" | "cryptographic-asset" => Kind::Data,
        _ => Kind::Library,
    }
}

/// What CycloneDX calls excluded is there for tests and the like.
fn scope(name: Option<&str>) -> Scope {
    match name {
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Dev,
        _ => Scope::Runtime,
    }
}

/// Joins licences that all apply.
fn licence(choices: &[LicenceChoice<'_>]) -> Text {
    let mut names: Vec<&str> = Vec::new();
    for choice in choices {
        let licence = choice.license.as_ref();
        let id = licence.and_then(|licence| licence.id.as_ref().or(licence.name.as_ref()));
        let Some(name) = choice.expression.as_ref().or(id) else { continue };
        let name = name.trim();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => "",
        [one] => intern::text(one),
        several => {
            let part = |name: &&str| if name.contains(" OR ") { format!("({name})") } else { (*name).to_owned() };
            intern::text(&several.iter().map(part).collect::<Vec<_>>().join(" AND "))
        }
    }
}

/// Returns the address a component is distributed from. A repository says where it is developed, not where it came
/// from, so that it counts only where no purl says what kind of package this is.
fn origin(references: &[ExternalReference<'_>], has_purl: bool) -> Origin {
    let address = |kind: &str| {
        let reference = references.iter().find(|reference| reference.kind.as_deref() == Some(kind))?;
        reference.url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    };
    match (address("distribution"), address("vcs")) {
        (Some(url), _) => Origin::url(url),
        (None, Some(url)) if !has_purl => Origin::git(url, "", ""),
        _ => Origin::Unknown,
    }
}
