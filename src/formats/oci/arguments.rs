//! The arguments that a build is given by those who ask for it: Compose services, bake targets, steps of a workflow. They take
//! the place of the defaults in the Dockerfile; builds with other arguments are variants of it.
//!
//! Specification: `build.args` of the Compose file reference, `target.args` of the Bake file reference; BuildKit's build
//! arguments.

use std::collections::{BTreeMap, BTreeSet};

use super::contexts;
use super::dockerfile;
use super::instructions;
use super::project;
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{
    Component, Declared, Edge, Fact, FactKind, Gap, Inventory, NodeId, Part, PartKind, Requirement, SUBJECT, secret,
};
use crate::source::{FileId, Place, Source};
use crate::syntax::yaml::Node;

/// The detail of an argument whose value stands elsewhere: in the shell of whoever builds, in a secret.
const OPEN: Text = "open";

/// The label of a stage that is built with arguments of its own: the file that says so, and its container in the detail.
pub(crate) const FOR: Text = "build.for";

/// The most variants of one file.
const MAX_VARIANTS: usize = 32;

/// The arguments of a build by their names, each with the place that says it; no value where that stands elsewhere.
pub(super) type Given = BTreeMap<Text, (Option<Text>, Place)>;

/// Returns the arguments that a build is given, as a map or as a list; `value` fills in variables, `environment` knows what
/// is named without a value.
pub(super) fn facts(
    arguments: Option<&Node<'_>>,
    value: &dyn Fn(&str) -> Option<String>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Vec<Fact> {
    let Some(arguments) = arguments else { return Vec::new() };
    let of_map = arguments.entries().iter().map(|entry| {
        let known = match entry.node.text() {
            Some(text) => value(text),
            None => environment(&entry.key),
        };
        fact(&entry.key, known, if entry.node.text().is_some() { entry.node.place } else { entry.place })
    });
    let of_list = arguments.items().iter().filter_map(|item| {
        let text = item.text()?;
        Some(match text.split_once('=') {
            Some((name, text)) => fact(name, value(text), item.place),
            None => fact(text, environment(text), item.place),
        })
    });
    of_map.chain(of_list).filter(|fact| !fact.name.is_empty()).collect()
}

/// Returns the fact that a build is given an argument.
pub(super) fn fact(name: &str, value: Option<String>, place: Place) -> Fact {
    let (shown, is_secret) = value.as_deref().map_or(("".into(), true), |value| secret::value(name, value));
    let detail = if is_secret { OPEN } else { "" };
    Fact { kind: FactKind::Arg, name: intern::text(name), value: intern::text(&shown), detail, place }
}

/// A file as it is built with some arguments.
struct Variant {
    given: Given,
    /// Who builds it so: files with their containers, and the stages that these name.
    builders: Vec<(Text, Text, Option<Text>)>,
}

impl Variant {
    /// Says with which arguments: `CUDA=12.8.1 and PYTHON=3.12`.
    fn condition(&self) -> String {
        let said = self.given.iter().map(|(name, (value, _))| match value {
            Some(value) => format!("{name}={value}"),
            None => format!("{name} from elsewhere"),
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() { "no build arguments".to_owned() } else { said.join(" and ") }
    }
}

/// Reads a Dockerfile again with the arguments that it is built with. Where these differ, it holds what all of its builds do,
/// each with the arguments under which it does.
pub(super) fn join(inventory: &mut Inventory, near: &Near<'_>) {
    let builders = builders(inventory.subject, near);
    if builders.iter().all(|(_, part)| part.facts_of(FactKind::Arg).next().is_none()) {
        return;
    }
    let Some(text) = near.text(inventory) else { return };
    let file = inventory.nodes[SUBJECT as usize].place.file;
    let declared = declared(&text);
    let mut variants: Vec<Variant> = Vec::new();
    for (subject, part) in builders {
        let arguments = part.facts_of(FactKind::Arg).filter(|fact| declared.contains(fact.name));
        let given: Given =
            arguments.map(|fact| (fact.name, (Some(fact.value).filter(|_| fact.detail != OPEN), fact.place))).collect();
        let stage = part.facts_of(FactKind::Label).find(|fact| fact.name == "build.target").map(|fact| fact.value);
        let builder = (subject, part.name, stage);
        let is_same = |other: &&mut Variant| values(&other.given).eq(values(&given));
        match variants.iter_mut().find(is_same) {
            Some(variant) => variant.builders.push(builder),
            None => variants.push(Variant { given, builders: vec![builder] }),
        }
    }
    // What is built as the file says by itself is what it is first of all.
    variants.sort_by_key(|variant| !variant.given.is_empty());
    let left_out = variants.get(MAX_VARIANTS).map(|variant| variant.builders[0].0);
    variants.truncate(MAX_VARIANTS);
    let read = variants.into_iter().filter_map(|variant| {
        let read = if variant.given.is_empty() { inventory.clone() } else { again(&text, file, inventory, &variant)? };
        Some((variant, read))
    });
    let mut read: Vec<(Variant, Inventory)> = read.collect();
    if read.is_empty() {
        return;
    }
    if read.len() > 1 {
        reduce(&mut read, |variant| again(&text, file, inventory, variant));
    }
    let (first, mut whole) = read.remove(0);
    if !read.is_empty() {
        merge(&mut whole, &first, read);
    }
    if let Some(subject) = left_out {
        let message = format!("it is built with more than {MAX_VARIANTS} sets of arguments, {subject} has more");
        whole.fault(whole.nodes[SUBJECT as usize].place, message);
    }
    *inventory = whole;
}

/// How often a file is read again to learn which arguments matter; past that, all of them are said to.
const MAX_TRIALS: usize = 256;

/// Leaves out of variants the arguments without which they hold the same, and makes one of those that hold the same.
fn reduce(read: &mut Vec<(Variant, Inventory)>, again: impl Fn(&Variant) -> Option<Inventory>) {
    let names: BTreeSet<Text> = read.iter().flat_map(|(variant, _)| variant.given.keys().copied()).collect();
    if names.len().saturating_mul(read.len()) <= MAX_TRIALS {
        let matters = |name: &Text| {
            read.iter().filter(|(variant, _)| variant.given.contains_key(name)).any(|(variant, inventory)| {
                let mut given = variant.given.clone();
                given.remove(name);
                let without = again(&Variant { given, builders: Vec::new() });
                without.is_none_or(|without| held(&without) != held(inventory))
            })
        };
        let idle: Vec<Text> = names.into_iter().filter(|name| !matters(name)).collect();
        for (variant, _) in read.iter_mut() {
            variant.given.retain(|name, _| !idle.contains(name));
        }
    }
    let mut kept: Vec<(Variant, Inventory)> = Vec::new();
    for (variant, inventory) in read.drain(..) {
        let known = kept.iter().position(|(_, known)| held(known) == held(&inventory));
        match known {
            Some(known) => kept[known].0.builders.extend(variant.builders),
            None => kept.push((variant, inventory)),
        }
    }
    *read = kept;
}

/// Returns what a file holds, and what it leaves open.
fn held(inventory: &Inventory) -> (BTreeSet<*const Component>, BTreeSet<Text>) {
    let components = inventory.nodes.iter().filter_map(|node| node.component);
    let open = inventory.declared.iter().map(|declared| declared.name);
    (components.map(std::ptr::from_ref).collect(), open.collect())
}

fn values(given: &Given) -> impl Iterator<Item = (Text, Option<Text>)> + '_ {
    given.iter().map(|(name, (value, _))| (*name, *value))
}

fn again(text: &str, file: FileId, inventory: &Inventory, variant: &Variant) -> Option<Inventory> {
    let source = Source { file, path: inventory.subject, text };
    dockerfile::read(&source, &variant.given).ok()
}

/// Returns the containers that are built by a file, each with the path of the file that says so. An override of a Compose
/// file builds what that builds, with its own arguments over those.
fn builders(file: &str, near: &Near<'_>) -> Vec<(Text, Part)> {
    let mut builders = Vec::new();
    for other in near.inventories {
        let under = project::overridden(other.subject, near).filter(|_| other.format == "compose");
        for part in other.parts.iter().filter(|part| part.kind == PartKind::Container) {
            let below = under.and_then(|under| under.parts.iter().find(|below| below.name == part.name));
            let part = match below {
                Some(below) => {
                    let mut part = part.clone();
                    let mut facts = below.facts.clone();
                    super::overlay::merge(&mut facts, &part.facts);
                    part.facts = facts;
                    part
                }
                None => part.clone(),
            };
            if contexts::builds(&part, other.subject, file) {
                builders.push((other.subject, part));
            }
        }
    }
    builders
}

/// Returns the names of the arguments that a file declares.
fn declared(text: &str) -> BTreeSet<String> {
    let file = instructions::read(text);
    let arguments = file.instructions.iter().filter(|instruction| instruction.keyword == "ARG");
    let words = arguments.flat_map(|instruction| instruction.quoted_words(file.escape));
    words.map(|word| word.text.split('=').next().unwrap_or_default().to_owned()).collect()
}

/// Adds to what a file is with some arguments what it is with others.
fn merge(whole: &mut Inventory, first: &Variant, others: Vec<(Variant, Inventory)>) {
    let conditions: Vec<String> =
        std::iter::once(first).chain(others.iter().map(|(variant, _)| variant)).map(Variant::condition).collect();
    let mut holders: BTreeMap<*const Component, BTreeSet<usize>> = BTreeMap::new();
    for (number, inventory) in std::iter::once(&*whole).chain(others.iter().map(|(_, inventory)| inventory)).enumerate()
    {
        for component in inventory.nodes.iter().filter_map(|node| node.component) {
            holders.entry(std::ptr::from_ref(component)).or_default().insert(number);
        }
    }
    let condition = |component: &'static Component| -> String {
        let numbers = holders.get(&std::ptr::from_ref(component)).cloned().unwrap_or_default();
        let is_everywhere = numbers.len() == conditions.len();
        let said: Vec<&str> = numbers.into_iter().map(|number| conditions[number].as_str()).collect();
        if is_everywhere { String::new() } else { said.join(" or ") }
    };
    let limit = |inventory: &mut Inventory| {
        for node in &mut inventory.nodes {
            if let Some(component) = node.component {
                node.environment = both(node.environment, &condition(component));
            }
        }
        for at in 0..inventory.edges.len() {
            let Edge { to, requirement, .. } = inventory.edges[at];
            if let Some(component) = inventory.component(to) {
                let environment = both(requirement.environment, &condition(component));
                inventory.edges[at].requirement = Requirement { environment, ..*requirement }.intern();
            }
        }
    };
    limit(whole);
    for (variant, mut inventory) in others {
        limit(&mut inventory);
        let condition = variant.condition();
        add(whole, &variant, &condition, inventory);
    }
}

/// Returns a condition that holds where two do.
fn both(one: Text, other: &str) -> Text {
    match (one, other) {
        (one, "") => one,
        ("", other) => intern::text(other),
        (one, other) => intern::text(&format!("({one}) and ({other})")),
    }
}

/// Adds a variant: what it holds that is not there yet, and its stages.
fn add(whole: &mut Inventory, variant: &Variant, condition: &str, inventory: Inventory) {
    let Inventory { nodes, edges, declared, sources, parts, faults, .. } = inventory;
    let mut number: Vec<NodeId> = vec![SUBJECT; nodes.len()];
    for (id, node) in nodes.into_iter().enumerate().skip(1) {
        let known = whole.nodes.iter().position(|known| is_same(known.component, node.component));
        number[id] = known.map_or_else(|| whole.add_node(node), |known| known as NodeId);
    }
    for edge in edges {
        let edge = Edge { from: number[edge.from as usize], to: number[edge.to as usize], ..edge };
        if !whole.edges.contains(&edge) {
            whole.edges.push(edge);
        }
    }
    for mut declared in declared {
        declared.from = number[declared.from as usize];
        if let Gap::Ambiguous(candidates) = &mut declared.gap {
            candidates.iter_mut().for_each(|candidate| *candidate = number[*candidate as usize]);
        }
        let is_it = |known: &Declared| {
            (known.name, known.place, known.requirement) == (declared.name, declared.place, declared.requirement)
        };
        if !whole.declared.iter().any(is_it) {
            whole.declared.push(declared);
        }
    }
    whole.sources.extend(sources);
    for fault in faults {
        if !whole.faults.iter().any(|known| known.place == fault.place) {
            whole.faults.push(fault);
        }
    }
    stages(whole, variant, condition, parts, &number);
}

fn is_same(one: Option<&'static Component>, other: Option<&'static Component>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Adds the stages of a variant under names of their own; its last is called as its arguments are.
fn stages(whole: &mut Inventory, variant: &Variant, condition: &str, parts: Vec<Part>, number: &[NodeId]) {
    let from = whole.parts.len();
    let last = parts.len().saturating_sub(1);
    let names: Vec<Text> = parts.iter().map(|part| part.name).collect();
    let own = |at: usize| {
        let name = if at == last { condition.to_owned() } else { format!("{}, {condition}", names[at]) };
        intern::text(&name)
    };
    let find = |name: &str| {
        let named = names.iter().rposition(|own| *own == name);
        named.or_else(|| name.parse().ok().filter(|at| *at < names.len()))
    };
    for (at, mut part) in parts.into_iter().enumerate() {
        part.name = own(at);
        part.base = part.base.map(|base| base + from);
        part.image = part.image.map(|image| number[image as usize]);
        part.runs = false;
        for fact in part.facts.iter_mut().filter(|fact| fact.kind == FactKind::Copy) {
            let begin = if fact.detail.starts_with("mount ") { "mount " } else { "" };
            let stage = fact.detail.trim_start_matches("mount ").strip_prefix("from=").and_then(find);
            if let Some(stage) = stage {
                fact.detail = intern::text(&format!("{begin}from={}", own(stage)));
            }
        }
        for (subject, container, stage) in &variant.builders {
            let meant = stage.and_then(|stage| find(&stage.to_lowercase())).unwrap_or(last);
            if meant == at {
                let (kind, place) = (FactKind::Label, part.place);
                part.facts.push(Fact { kind, name: FOR, value: subject, detail: container, place });
            }
        }
        whole.parts.push(part);
    }
}
