//! Random small graphs, and what they say in lines that can be held against each other.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use driftgate::graph::{Graph, Link, Resolved, Subject};
use driftgate::intern;
use driftgate::model::{
    Algorithm, Component, Digest, Gap, Inventory, Kind, Node, Origin, Purl, Requirement, SUBJECT, Says, Scope,
};
use driftgate::source::{FileId, Source, Sources};
use driftgate::tree::Memory;
use proptest::prelude::*;

/// Texts that escape, part, end or forge something somewhere.
pub fn hostile() -> impl Strategy<Value = String> {
    let parts = [
        "a",
        "B",
        "1",
        " ",
        "|",
        " | ",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "\u{1b}[31m",
        "\0",
        "é",
        "\u{202e}",
        "=",
        "\"",
        "#",
        "%",
        "/",
        "+",
        "@",
        ":",
        "!2",
        "scope=dev",
        " or ",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..5).prop_map(|parts| parts.concat())
}

/// Mostly ordinary texts.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![2 => Just(String::new()), 2 => "[a-z]{1,3}", 1 => hostile()]
}

fn purl() -> impl Strategy<Value = Purl> {
    let ty = prop_oneof![3 => Just("pypi"), 1 => prop::sample::select(vec!["npm", "generic", "cargo", "docker"])];
    let name = prop_oneof![4 => "[abc]", 1 => hostile()];
    let version = prop_oneof![8 => "[12]\\.[01](\\.[01])?", 1 => Just(String::new()), 1 => hostile()];
    (ty, text(), name, version, prop::option::weighted(0.1, hostile())).prop_map(|(ty, space, name, version, arch)| {
        let space = if ty == "cargo" { "" } else { space.as_str() };
        let name = if name.is_empty() { "n" } else { name.as_str() };
        let purl = Purl::new(ty, space, name, &version);
        arch.map_or(purl, |arch| purl.with_qualifiers(&[("arch", &arch)]))
    })
}

fn origin() -> impl Strategy<Value = Origin> {
    (0..6, text(), text(), text()).prop_map(|(which, a, b, c)| {
        let [a, b, c] = [a, b, c].map(|text| intern::text(&text));
        match which {
            0 => Origin::Registry(a),
            1 => Origin::Url(a),
            2 => Origin::Path(a),
            3 => Origin::Git { url: a, commit: b, reference: c },
            _ => Origin::Unknown,
        }
    })
}

fn digest() -> impl Strategy<Value = Digest> {
    let algorithms = [
        (Algorithm::Md5, 16),
        (Algorithm::Sha224, 28),
        (Algorithm::Sha256, 32),
        (Algorithm::Sha512, 64),
        (Algorithm::Blake2b256, 32),
        (Algorithm::Blake3, 32),
    ];
    (prop::sample::select(algorithms.to_vec()), 0..3)
        .prop_map(|((algorithm, bytes), fill)| Digest::hex(algorithm, &format!("a{fill}").repeat(bytes)).unwrap())
}

fn component() -> impl Strategy<Value = Component> {
    let kinds = [
        Kind::Library,
        Kind::Application,
        Kind::Container,
        Kind::OperatingSystem,
        Kind::Framework,
        Kind::Model,
        Kind::Data,
        Kind::File,
        Kind::Platform,
    ];
    let kind = prop_oneof![3 => Just(Kind::Library), 1 => prop::sample::select(kinds.to_vec())];
    let licence = prop_oneof![2 => Just(String::new()), 1 => Just("MIT OR Apache-2.0".to_owned()), 1 => text()];
    let name = prop_oneof![Just("variant".to_owned()), Just("driftgate:in".to_owned()), hostile()];
    let properties = prop::collection::vec((name, text()), 0..2);
    (purl(), kind, origin(), prop::collection::vec(digest(), 0..3), licence, properties).prop_map(
        |(purl, kind, origin, digests, licence, properties)| Component {
            purl,
            kind,
            origin,
            digests,
            licence: intern::text(&licence),
            properties: properties
                .into_iter()
                .filter(|(name, _)| !name.is_empty())
                .map(|(name, value)| (intern::text(&name), intern::text(&value)))
                .collect(),
        },
    )
}

fn requirement() -> impl Strategy<Value = Requirement> {
    (prop::sample::select(Scope::ALL.to_vec()), text(), text(), text()).prop_map(
        |(scope, constraint, environment, extra)| Requirement {
            scope,
            constraint: intern::text(&constraint),
            environment: intern::text(&environment),
            extra: intern::text(&extra),
        },
    )
}

/// A component of the pool, whether it is a root, its condition, and which copy it is.
type Member = (prop::sample::Index, bool, String, String);
/// Who requires what and how, as indexes that are taken modulo the nodes.
type Edge = (usize, usize, Requirement);

fn subject(path: String, pool: Vec<Component>) -> impl Strategy<Value = Inventory> {
    let formats = ["uv-lock", "package-lock", "cargo-lock", "dockerfile", "requirements-txt", "cyclonedx-json"];
    let copy = prop_oneof![5 => Just(String::new()), 2 => "[xy]", 1 => hostile()];
    let members = prop::collection::vec((any::<prop::sample::Index>(), prop::bool::weighted(0.2), text(), copy), 0..7);
    let edges = prop::collection::vec((0..8usize, 0..7usize, requirement()), 0..12);
    let gaps = prop::collection::vec((0..8usize, text(), requirement(), prop::collection::vec(0..7usize, 0..3)), 0..3);
    let says = prop::array::uniform6(prop::bool::weighted(0.85));
    (prop::sample::select(formats.to_vec()), members, edges, gaps, says).prop_map(
        move |(format, members, edges, gaps, says)| {
            let members: Vec<Member> = members;
            let edges: Vec<Edge> = edges;
            let source = Source { file: FileId(0), path: intern::text(&path), text: "tree" };
            let mut inventory = Inventory::new(&source, format);
            let [edges_said, scopes, environments, integrity, origin, licence] = says;
            // A format that knows of none says none.
            let environments = environments && format != "cyclonedx-json";
            let whole = true;
            inventory.says = Says { edges: edges_said, scopes, environments, integrity, origin, licence, whole };
            for (which, root, environment, copy) in &members {
                let component = Some(pool[which.index(pool.len())].clone().intern());
                let environment = intern::text(environment);
                inventory.add_node(Node {
                    component,
                    place: source.start(),
                    root: *root,
                    environment,
                    layer: None,
                    copy: intern::text(copy),
                    says: None,
                });
            }
            let count = members.len();
            if count == 0 {
                return inventory;
            }
            for (from, to, requirement) in edges {
                let (from, to) = ((from % (count + 1)) as u32, (to % count + 1) as u32);
                inventory.edge(from, to, requirement, source.start());
            }
            for (from, name, requirement, candidates) in gaps {
                let candidates: Vec<u32> = candidates.iter().map(|to| (to % count + 1) as u32).collect();
                let gap = if candidates.is_empty() { Gap::Unpinned } else { Gap::Ambiguous(candidates) };
                let from = if from % 2 == 0 { SUBJECT } else { (from % (count + 1)) as u32 };
                inventory.declare(from, intern::text(&name), requirement, source.start(), gap);
            }
            inventory
        },
    )
}

fn inventories(pool: Vec<Component>) -> impl Strategy<Value = Vec<Inventory>> {
    let path = prop_oneof![3 => prop::sample::select(vec!["a/x.lock".to_owned(), "b/x.lock".to_owned(), "x".to_owned()]), 1 => hostile()];
    prop::collection::btree_set(path.prop_filter("a path is not empty", |path| !path.is_empty()), 1..4)
        .prop_flat_map(move |paths| paths.into_iter().map(|path| subject(path, pool.clone())).collect::<Vec<_>>())
}

/// Makes a graph of inventories; a graph can't be cloned, and a test may want it twice.
pub fn join(inventories: &[Inventory]) -> Graph {
    Graph::join(inventories.to_vec())
}

/// Returns what a small graph is joined of.
pub fn one() -> impl Strategy<Value = Vec<Inventory>> {
    prop::collection::vec(component(), 1..7).prop_flat_map(inventories)
}

/// Returns two graphs that have components in common.
pub fn two() -> impl Strategy<Value = (Vec<Inventory>, Vec<Inventory>)> {
    prop::collection::vec(component(), 2..10).prop_flat_map(|pool| (inventories(pool.clone()), inventories(pool)))
}

/// Returns files in which the places of random graphs stand.
pub fn sources() -> Sources {
    let sources = Sources::default();
    let tree = sources.add_tree(Arc::new(Memory::new([("tree".to_owned(), b"tree".to_vec())])));
    sources.add_file(tree, "tree");
    sources
}

/// Which facts are compared.
#[derive(Clone, Copy)]
pub struct Facts {
    pub constraints: bool,
    pub gaps: bool,
}

/// Everything that a graph says of its subjects, a line a fact, sorted; not where it says so.
pub fn facts(graph: &Graph, which: Facts) -> Vec<String> {
    graph.subjects().iter().flat_map(|subject| subject_facts(subject, which)).collect()
}

/// Everything that one subject says.
pub fn subject_facts(subject: &Subject, which: Facts) -> Vec<String> {
    let at = subject.path;
    let mut facts = vec![format!("{at:?} {} {:?}", subject.format, subject.says)];
    let asked = |requirement: &Requirement| {
        let constraint = if which.constraints { requirement.constraint } else { "" };
        format!("{:?}", Requirement { constraint, ..*requirement })
    };
    let id = |node: Resolved<'_>| format!("{:?} {:?}", node.component, node.copy());
    let edge = |link: Link<'_>| {
        format!("{at:?} {} -> {} {}", link.from.map_or("itself".to_owned(), id), id(link.to), asked(link.requirement))
    };
    for node in subject.components() {
        let (root, direct, scope) = (node.is_root(), node.is_direct(), node.scope());
        facts.push(format!("{at:?} {} {root} {direct} {scope:?} {:?}", id(node), node.environment()));
        facts.extend(node.requires().map(edge));
    }
    facts.extend(subject.requires().map(edge));
    for declared in subject.declared.iter().filter(|_| which.gaps) {
        let from = subject.node(declared.from).map_or("itself".to_owned(), id);
        let gap = match &declared.gap {
            Gap::Ambiguous(of) => {
                of.iter().filter_map(|node| subject.node(*node)).map(id).collect::<Vec<_>>().join(" or ")
            }
            gap => format!("{gap:?}"),
        };
        facts.push(format!("{at:?} {from} asks {:?} {:?} {gap}", declared.name, declared.requirement));
    }
    facts.sort();
    facts.dedup();
    facts
}
