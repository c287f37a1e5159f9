//! `go.work`: the modules that are worked on together, and the modules that they are built of.
//!
//! Specification: the Go Modules Reference, "Workspaces".

use std::collections::BTreeMap;

use anyhow::Result;

use super::module::{self, Replace, Replaces, order, property, stand_in, statements};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Gap, Inventory, Manifest, NodeId, Requirement, SUBJECT, Says, Scope};
use crate::source::{self, Place, Source};

entry! {
    /// `go.work`, the modules that are worked on together; what they require is read from the `go.mod` of each.
    ///
    /// Of each module that members require, the highest version is selected, as Go does; a member is taken for any version of
    /// itself. Replacements of `go.work` go before those of members. Digests are those of `go.work.sum` and of each member's
    /// `go.sum`. A member counts though it is no subject itself, for it is git-ignored or left out. One outside of the tree, or
    /// without a `go.mod`, is reported.
    ///
    /// Who requires whom the files do not say. A member under a `go` directive before 1.17 lists its direct requirements only.
    pub GoWork = "go-work"
}

impl Format for GoWork {
    fn files(&self) -> &'static [&'static str] {
        &["go.work"]
    }

    fn takes(&self, path: &str) -> bool {
        path.rsplit('/').next() == Some("go.work") && !module::is_cached(path)
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn leads_to(&self) -> &'static [&'static str] {
        &["vendor/modules.txt"]
    }

    fn looks_at(&self, inventory: &Inventory) -> Vec<String> {
        let folder = source::folder(inventory.subject);
        let members = inventory.declared.iter().filter_map(|used| source::join(folder, used.name));
        members.flat_map(|member| module::beside(&member, &["go.mod", "go.sum"])).collect()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-work");
        inventory.says = Says { origin: true, ..Says::NOTHING };
        let statements = statements(source, &mut inventory);
        if statements.is_empty() {
            return Err(source.fault(source.start(), "nothing in it; is it a go.work?"));
        }
        let mut facts = Vec::new();
        for statement in &statements {
            let place = source.place(statement.line);
            match (statement.verb, statement.words.as_slice()) {
                ("go" | "toolchain", [version]) => {
                    facts.push((intern::text(statement.verb), intern::text(version)));
                }
                // Its name stands in its go.mod; until that is joined the folder is all that is known.
                ("use", [folder]) => inventory.declare(
                    SUBJECT,
                    intern::text(folder),
                    Requirement::default(),
                    source.place(folder),
                    Gap::Open,
                ),
                ("replace", words) => match Replace::read(words) {
                    Some(replace) => facts.push(("replace", intern::text(&replace.spelled()))),
                    None => inventory.fault(place, "`old => folder` or `old => module version` is expected"),
                },
                ("godebug", _) => {}
                ("go" | "toolchain" | "use", _) => {
                    inventory.fault(place, format!("`{}` takes other words than these", statement.verb));
                }
                (verb, _) => {
                    let message = format!("`{}` is no directive that driftgate knows (Go 1.25)", verb.escape_debug());
                    inventory.fault(place, message);
                }
            }
        }
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }

    fn is_joined_by_others(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let before = inventory.clone();
        let mut members: Vec<(String, &Inventory)> = Vec::new();
        for used in std::mem::take(&mut inventory.declared) {
            let member = source::join(folder, used.name);
            let file = member.as_ref().map(|member| module::beside(member, &["go.mod"]).remove(0));
            match (member, file.and_then(|file| near.get(&file))) {
                (Some(member), Some(file)) => members.push((member, file)),
                _ => inventory
                    .fault(used.place, format!("no go.mod in {}, which go.work uses", used.name.escape_debug())),
            }
        }
        let mut replaces = Replaces::default();
        replaces.add_of(&before);
        members.iter().for_each(|(_, member)| replaces.add_of(member));
        let mut sums = module::beside(folder, &["go.work.sum"]);
        sums.extend(members.iter().flat_map(|(member, _)| module::beside(member, &["go.sum"])));
        let members: Vec<&Inventory> = members.into_iter().map(|(_, member)| member).collect();
        add(inventory, &before, &members, &replaces);
        inventory.says.integrity = module::add_digests(inventory, near, &sums);
    }
}

/// What a member asks for.
struct Asked {
    from: NodeId,
    requirement: &'static Requirement,
    place: Place,
}

/// Adds the members, and of each module that they require the highest version.
fn add(inventory: &mut Inventory, work: &Inventory, members: &[&Inventory], replaces: &Replaces<'_>) {
    let facts = work.manifest.iter().flat_map(|manifest| &manifest.facts);
    let of_work: Vec<(Text, Text)> =
        facts.filter(|(name, _)| *name != "replace").map(|(name, value)| property(name, value)).collect();
    let mut asked: BTreeMap<String, (Text, Vec<Asked>)> = BTreeMap::new();
    let mut roots: BTreeMap<String, NodeId> = BTreeMap::new();
    for member in members {
        let Some(own) = member.nodes.iter().find(|node| node.root) else { continue };
        let Some(component) = own.component else { continue };
        let mut component = component.clone();
        component.properties.retain(|(name, _)| !of_work.iter().any(|(of_work, _)| of_work == name));
        component.properties.extend(&of_work);
        let path = module::path(&component);
        let root = inventory.add_root(component, own.place);
        roots.insert(path, root);
        for edge in member.edges.iter().filter(|edge| edge.requirement.scope == Scope::Runtime) {
            let node = &member.nodes[edge.to as usize];
            let Some(component) = node.component.filter(|_| !node.root) else { continue };
            let version = edge.requirement.constraint;
            let (selected, all) = asked.entry(module::asked_for(component)).or_insert((version, Vec::new()));
            if order(selected, version).is_lt() {
                *selected = version;
            }
            all.push(Asked { from: root, requirement: edge.requirement, place: edge.place });
        }
        for declared in &member.declared {
            inventory.declare(root, declared.name, *declared.requirement, declared.place, declared.gap.clone());
        }
    }
    for (path, (version, all)) in &asked {
        // A member answers whatever version of it is asked for.
        if let Some(&root) = roots.get(path) {
            for Asked { from, requirement, place } in all.iter().filter(|asked| asked.from != root) {
                inventory.edge(*from, root, **requirement, *place);
            }
            continue;
        }
        let component = stand_in(path, version, replaces.of(path, version));
        let is_named = |asked: &&Asked| asked.requirement.constraint == *version;
        let Some(place) = all.iter().find(is_named).map(|asked| asked.place) else { continue };
        let node = inventory.add(component, place);
        for Asked { from, requirement, place } in all {
            inventory.edge(*from, node, **requirement, *place);
        }
    }
}
