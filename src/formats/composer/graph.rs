//! Packages of Composer's made nodes and edges, and joined with the `composer.json` that asks for them.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};

use super::package::{Package, is_platform};
use crate::formats::Near;
use crate::formats::hang::hang;
use crate::intern::{self, Text};
use crate::model::{Gap, Inventory, Manifest, NodeId, Requirement, SUBJECT, Scope, without_credentials};
use crate::source::{self, Source};

/// The fact that names what a package provides or replaces, with the node's number: `psr/log-implementation 3`.
const PROVIDES: Text = "composer.provides";

/// The fact that names a node that is there to develop.
const DEV: Text = "composer.dev";

/// How many packages that provide one name are told apart; real projects have a handful.
const MOST: usize = 16;

/// Adds packages, each with whether it is there to develop, and what they require. `gap` is what a requirement has that
/// nothing answers.
pub(super) fn add<'t>(source: &Source<'t>, inventory: &mut Inventory, packages: &[(&Package<'t>, bool)], gap: &Gap) {
    let mut named: HashMap<Cow<'_, str>, NodeId> = HashMap::with_capacity(packages.len());
    let mut provided: HashMap<Cow<'_, str>, Vec<NodeId>> = HashMap::new();
    let mut ids = Vec::with_capacity(packages.len());
    let (mut facts, mut dev, mut addresses) = (Vec::new(), HashSet::new(), HashSet::new());
    for &(package, is_dev) in packages {
        let place = package.name.place(source, source.start());
        if package.name.is_empty() || package.version.as_deref().is_none_or(str::is_empty) {
            let message =
                format!("\"{}\" has no version; write it anew with `composer update`", package.name.escape_debug());
            inventory.fault(place, message);
            ids.push(None);
            continue;
        }
        if named.contains_key(&lower(&package.name)) {
            inventory.fault(place, format!("{} is listed twice", package.name.escape_debug()));
            ids.push(None);
            continue;
        }
        let (component, wrong) = package.component();
        if let Some(wrong) = wrong {
            inventory.fault(place, wrong);
        }
        let node = inventory.add(component, place);
        if is_dev {
            dev.insert(node);
            facts.push((DEV, intern::text(&node.to_string())));
        }
        named.insert(lower(&package.name), node);
        for (name, _) in package.provide.each().iter().chain(package.replace.each()) {
            let providers = provided.entry(lower(name)).or_default();
            if providers.len() < MOST && providers.last() != Some(&node) {
                providers.push(node);
                facts.push((PROVIDES, intern::text(&format!("{} {node}", lower(name)))));
            }
        }
        if let Some(url) = package.notification_url.as_deref().filter(|url| !url.is_empty()) {
            let address = intern::text(&without_credentials(url.strip_suffix("downloads/").unwrap_or(url)));
            if addresses.insert(address) {
                inventory.sources.push((address, source.place(url)));
            }
        }
        ids.push(Some(node));
    }
    for (&(package, _), from) in packages.iter().zip(&ids) {
        let Some(from) = *from else { continue };
        for (name, constraint) in package.require.each().iter().filter(|(name, _)| !is_platform(name)) {
            let place = name.place(source, inventory.nodes[from as usize].place);
            let requirement = Requirement { constraint: intern::text(constraint), ..Requirement::of(Scope::Runtime) };
            let key = lower(name);
            let providers = provided.get(&key).map_or(&[][..], Vec::as_slice);
            match (named.get(&key), providers) {
                (Some(&to), _) => inventory.edge(from, to, requirement, place),
                (None, &[to]) => inventory.edge(from, to, requirement, place),
                (None, []) => inventory.declare(from, intern::text(name), requirement, place, gap.clone()),
                (None, several) => {
                    let gap = Gap::Ambiguous(several.to_vec());
                    inventory.declare(from, intern::text(name), requirement, place, gap);
                }
            }
        }
    }
    facts.sort_unstable();
    inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
    hang(inventory, |node| asked(&dev, node));
}

/// Returns how a package is meant that the project itself asks for.
fn asked(dev: &HashSet<NodeId>, node: NodeId) -> Requirement {
    Requirement::of(if dev.contains(&node) { Scope::Dev } else { Scope::Runtime })
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Takes in what the `composer.json` at `path` asks for and provides; then forgets what was kept for that.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>, path: Option<String>) {
    let facts = inventory.manifest.take().unwrap_or_default().facts;
    let manifest = path.and_then(|path| near.get(&path)).filter(|manifest| manifest.format == "composer-json");
    if let Some((manifest, said)) = manifest.and_then(|manifest| Some((manifest, manifest.manifest.as_ref()?))) {
        inventory.edges.retain(|edge| edge.from != SUBJECT);
        let provides = |name: &str| said.facts.iter().any(|(_, provided)| provided.eq_ignore_ascii_case(name));
        inventory.declared.retain(|declared| matches!(declared.gap, Gap::Ambiguous(_)) || !provides(declared.name));
        let mut answers: HashMap<String, Vec<NodeId>> = HashMap::with_capacity(inventory.nodes.len());
        for (_, fact) in facts.iter().filter(|(key, _)| *key == PROVIDES) {
            let Some((name, node)) = fact.split_once(' ') else { continue };
            answers.entry(name.to_owned()).or_default().extend(node.parse::<NodeId>());
        }
        for (number, node) in inventory.nodes.iter().enumerate() {
            if let Some(component) = node.component {
                answers.insert(component.name().to_ascii_lowercase(), vec![number as NodeId]);
            }
        }
        let root = manifest.nodes.iter().find(|node| node.root);
        let project = root.and_then(|node| Some(inventory.add_root(node.component?.clone(), node.place)));
        let from = project.unwrap_or(SUBJECT);
        for asked in &manifest.declared {
            match answers.get(&*lower(asked.name)).map_or(&[][..], Vec::as_slice) {
                &[to] => inventory.edge(from, to, *asked.requirement, asked.place),
                [] if provides(asked.name) => {}
                // What is installed may have been installed without what is needed to develop.
                [] if asked.requirement.scope == Scope::Dev && inventory.format != "composer-lock" => {}
                [] => {
                    let gap = if inventory.format == "composer-lock" { Gap::Unpinned } else { Gap::Open };
                    inventory.declare(from, asked.name, *asked.requirement, asked.place, gap);
                }
                several => {
                    let gap = Gap::Ambiguous(several.to_vec());
                    inventory.declare(from, asked.name, *asked.requirement, asked.place, gap);
                }
            }
        }
        let dev = facts.iter().filter(|(key, _)| *key == DEV).filter_map(|(_, node)| node.parse().ok()).collect();
        hang(inventory, |node| asked(&dev, node));
    }
}

/// Returns the path of the `composer.json` that stands `up` folders above the file's own.
pub(super) fn manifest_path(inventory: &Inventory, up: usize) -> Option<String> {
    let folder = (0..up).fold(source::folder(inventory.subject), |folder, _| source::folder(folder));
    source::join(folder, "composer.json")
}
