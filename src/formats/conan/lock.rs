//! `conan.lock`, of Conan 1 and 2.
//!
//! Specification: "Lockfiles" in Conan's documentation.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::entry;
use crate::formats::hang::hang;
use crate::formats::pins::text;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::json;
use crate::syntax::yaml::Node;

entry! {
    /// `conan.lock`, the recipes that Conan locked.
    ///
    /// Versions 0.1 to 0.5. Conan 1 (to 0.4) writes a graph: who requires whom, and packages. Conan 2 (0.5) writes lists: what
    /// is needed to run, to build, and by recipes (`python_requires`); all of it counts as direct. Revisions of recipes and
    /// packages are in the purl (`rrev`, `prev`), as its standard has them.
    ///
    /// The file does not say where a recipe comes from. That of Conan 2 does not say who requires whom.
    pub ConanLock = "conan-lock"
}

impl Format for ConanLock {
    fn files(&self) -> &'static [&'static str] {
        &["conan.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = json::tree(source)?;
        let mut inventory = Inventory::new(source, "conan-lock");
        inventory.says = Says { scopes: true, environments: true, ..Says::NOTHING };
        match text(&file, "version") {
            "0.1" | "0.2" | "0.3" | "0.4" => graph(&file, source, &mut inventory)?,
            "0.5" => lists(&file, &mut inventory),
            version => {
                let place = file.get("version").map_or(source.start(), |node| node.place);
                let message =
                    format!("version \"{}\" of conan.lock is not known; 0.1 to 0.5 are read", version.escape_debug());
                return Err(source.fault(place, message));
            }
        }
        Ok(inventory)
    }
}

/// Reads the lists of Conan 2.
fn lists(file: &Node<'_>, inventory: &mut Inventory) {
    let kinds = [
        ("requires", Scope::Runtime),
        ("build_requires", Scope::Build),
        ("python_requires", Scope::Build),
        ("config_requires", Scope::Build),
    ];
    let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
    for (kind, scope) in kinds {
        for item in file.get(kind).map_or(&[][..], Node::items) {
            // A reference that leads to packages is a list: itself and these.
            let node = item.items().first().unwrap_or(item);
            let Some(component) = node.text().and_then(|text| recipe(text, "")) else {
                inventory.fault(node.place, NO_REFERENCE);
                continue;
            };
            let purl = component.purl.as_str();
            let to = *nodes.entry(purl).or_insert_with(|| inventory.add(component, node.place));
            inventory.edge(SUBJECT, to, Requirement::of(scope), node.place);
        }
    }
}

/// Reads the graph of Conan 1.
fn graph(file: &Node<'_>, source: &Source<'_>, inventory: &mut Inventory) -> Result<()> {
    inventory.says.edges = true;
    let all = file.at(&["graph_lock", "nodes"]).filter(|all| !all.entries().is_empty());
    let Some(all) = all else {
        return Err(
            source.fault(source.start(), "no \"graph_lock\" with \"nodes\"; write it anew with `conan lock create`")
        );
    };
    let mut nodes: BTreeMap<&str, NodeId> = BTreeMap::new();
    let mut has_consumer = false;
    for entry in all.entries() {
        // Until 0.3 one text for the recipe, the package's id and its revision.
        let spelled = entry.node.get("ref").or(entry.node.get("pref")).filter(|spelled| !spelled.is_null());
        let spelled = spelled.filter(|spelled| !spelled.text().is_some_and(|text| text.starts_with(NO_NAME)));
        let Some(spelled) = spelled else {
            // The consumer, a conanfile without a name.
            match has_consumer {
                false => _ = nodes.insert(&entry.key, SUBJECT),
                true => inventory.fault(entry.place, NO_REFERENCE),
            }
            has_consumer = true;
            continue;
        };
        match spelled.text().and_then(|text| recipe(text, self::text(&entry.node, "prev"))) {
            Some(component) if entry.node.get("path").is_some() => {
                nodes.insert(&entry.key, inventory.add_root(component, spelled.place));
            }
            Some(component) => {
                let copy = intern::text(&entry.key);
                nodes.insert(&entry.key, inventory.add_copy(component, copy, spelled.place));
            }
            None => inventory.fault(spelled.place, NO_REFERENCE),
        }
    }
    let mut bases: BTreeMap<&str, NodeId> = BTreeMap::new();
    for entry in all.entries() {
        let Some(&from) = nodes.get(entry.key.as_str()) else { continue };
        for item in entry.node.get("python_requires").map_or(&[][..], Node::items) {
            // These are no nodes of the graph, but recipes that a recipe is built on, by their names.
            let spelled = item.text().unwrap_or_default();
            let to = match (bases.get(spelled), recipe(spelled, "")) {
                (Some(&to), _) => to,
                (None, Some(component)) => inventory.add(component, item.place),
                (None, None) => {
                    inventory.fault(item.place, NO_REFERENCE);
                    continue;
                }
            };
            bases.insert(spelled, to);
            inventory.edge(from, to, Requirement::of(Scope::Build), item.place);
        }
        for (kind, scope) in [("requires", Scope::Runtime), ("build_requires", Scope::Build)] {
            let Some(required) = entry.node.get(kind) else { continue };
            // Until 0.2 by reference: a map.
            for item in required.items().iter().chain(required.entries().iter().map(|entry| &entry.node)) {
                let place: Place = item.place;
                match item.text().and_then(|text| nodes.get(text)) {
                    Some(&to) => inventory.edge(from, to, Requirement::of(scope), place),
                    None => inventory.fault(place, "requires a node that the lock does not hold"),
                }
            }
        }
    }
    hang(inventory, |_| Requirement::default());
    Ok(())
}

/// What is said of a text that is no reference.
const NO_REFERENCE: &str = "no reference to a recipe: name/version#revision is expected";

/// How the reference of a conanfile without a name begins, where it has one.
const NO_NAME: &str = "None/";

/// Reads `name/version@user/channel#revision%time` and, of a package, `name/version@user/channel#revision:id#revision`.
fn recipe(text: &str, prev: &str) -> Option<Component> {
    let text = text.split('%').next()?;
    let (text, package) = text.split_once(':').unwrap_or((text, ""));
    let prev = package.split_once('#').map_or(prev, |(_, prev)| prev);
    let (text, rrev) = text.split_once('#').unwrap_or((text, ""));
    let (text, user) = text.split_once('@').unwrap_or((text, ""));
    let (user, channel) = user.split_once('/').unwrap_or((user, ""));
    let (name, version) = text.split_once('/')?;
    if name.is_empty() || version.is_empty() {
        return None;
    }
    // As Conan 1 spells what is not given.
    let given = |text| if matches!(text, "_" | "0" | "None") { "" } else { text };
    let version = if version == "None" { "" } else { version };
    let qualifiers = [("user", given(user)), ("channel", given(channel)), ("rrev", given(rrev)), ("prev", given(prev))];
    Some(Component::new(Purl::new("conan", "", name, version).with_qualifiers(&qualifiers)))
}
