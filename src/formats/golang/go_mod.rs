//! `go.mod`, what a module of Go requires, with the `go.sum` beside it and the `go.work` above.
//!
//! Specification: "Go Modules Reference", <https://go.dev/ref/mod>.

use anyhow::Result;
use hashbrown::HashMap;

use super::directives::{self, Directive, Replace};
use super::go_build_info::{property, purl};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Digest, Inventory, Node, NodeId, Origin, Requirement, Says};
use crate::source::{self, Source};

entry! {
    /// `go.mod`, the modules that a module of Go is built of, with the digests of the `go.sum` beside it.
    ///
    /// Since Go 1.17 a `go.mod` lists every module that is needed, in the version that is selected; before, only what the
    /// module asks for itself. What is marked `// indirect` counts as transitive; through whom it comes, the file does not
    /// say: edges are not compared (`go mod graph > go-mod-graph.txt` has them). A module that another one replaces is named as
    /// that one, one that a folder replaces keeps its name. A `go.work` that uses the module replaces too. Digests are
    /// those of the modules' files (`h1:`); what `go.sum` lists beside is of versions that were looked at and not selected.
    pub GoMod = "go-mod"
}

impl Format for GoMod {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        let mut inventory = Inventory::new(source, "go-mod");
        inventory.says = Says { edges: false, scopes: false, integrity: false, licence: false, ..Says::ALL };
        let directives = directives::read(source, &mut inventory);
        let of = |verb: &'static str| directives.iter().filter(move |directive| directive.verb == verb);
        let Some(module) = of("module").next().and_then(|module| module.words.first()) else {
            return Err(source.fault(source.start(), "no module directive in it; is it a go.mod?"));
        };
        let word = |verb: &'static str| of(verb).next().and_then(|directive| directive.words.first());
        let versions = ["go", "toolchain"].map(|verb| Some(property(verb, word(verb)?)));
        let root =
            Component { properties: versions.into_iter().flatten().collect(), ..Component::new(purl(module, "")) };
        let root = inventory.add_root(root, source.place(module));
        let replaces: Vec<Replace<'_>> =
            of("replace").filter_map(|directive| Replace::of(source, directive, &mut inventory)).collect();
        let mut seen: HashMap<&str, NodeId> = HashMap::new();
        for required in of("require") {
            let Some((name, version)) = pair(source, required, &mut inventory) else { continue };
            let place = source.place(name);
            let node = Node { component: Some(component(name, version, &replaces).intern()), place, ..Node::default() };
            let node = inventory.add_node(node);
            if seen.insert(name, node).is_some() {
                inventory.fault(place, format!("\"{}\" is required twice", name.escape_debug()));
            }
            if !required.is_indirect() {
                let requirement = Requirement { constraint: intern::text(version), ..Requirement::default() };
                inventory.edge(root, node, requirement, place);
            }
        }
        const KNOWN: &[&str] =
            &["module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];
        for other in directives.iter().filter(|directive| !KNOWN.contains(&directive.verb)) {
            let message = format!("the directive \"{}\" is not known", other.verb.escape_debug());
            inventory.fault(source.place(other.verb), message);
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let home = source::folder(inventory.subject).to_owned();
        let work = work(&home, near);
        if let Some((_, work)) = work {
            let facts = work.manifest.iter().flat_map(|manifest| &manifest.facts);
            let replaces: Vec<Replace<'_>> =
                facts.filter(|fact| fact.0 == "replace").filter_map(|fact| Replace::read(fact.1)).collect();
            for node in inventory.nodes.iter_mut().filter(|node| !node.root) {
                let Some(own) = node.component.filter(|own| own.origin == Origin::Unknown) else { continue };
                let name = own.name();
                let is_replaced = own.properties.iter().any(|(name, _)| *name == "go:replaces");
                if !is_replaced && replaces.iter().any(|replace| replace.is_of(name, own.version())) {
                    node.component = Some(component(name, own.version(), &replaces).intern());
                }
            }
        }
        let sums = [(home.as_str(), "go.sum"), (work.map_or("", |(folder, _)| folder), "go.work.sum")];
        for (folder, file) in sums {
            let sum = source::join(folder, file).and_then(|path| near.get(&path));
            let Some(facts) = sum.filter(|sum| sum.format == "go-sum").and_then(|sum| sum.manifest.as_ref()) else {
                continue;
            };
            inventory.says.integrity = true;
            for node in inventory.nodes.iter_mut().filter(|node| !node.root) {
                let Some(own) = node.component.filter(|own| own.digests.is_empty()) else { continue };
                let key = format!("{} {}", own.name(), own.version());
                let found = facts.facts.binary_search_by(|(known, _)| (*known).cmp(key.as_str())).ok();
                let is_folder = matches!(own.origin, Origin::Path(_));
                let digest = found.filter(|_| !is_folder).and_then(|at| digest(facts.facts[at].1));
                if let Some(digest) = digest {
                    node.component = Some(Component { digests: vec![digest], ..own.clone() }.intern());
                }
            }
        }
    }
}

/// Returns the workspace that uses the module of a folder, and its own folder.
fn work<'n>(home: &str, near: &Near<'n>) -> Option<(&'n str, &'n Inventory)> {
    let mut folder = home;
    loop {
        let work = source::join(folder, "go.work").and_then(|path| near.get(&path));
        if let Some(work) = work.filter(|work| work.format == "go-work") {
            let uses = work.manifest.iter().flat_map(|manifest| &manifest.facts).filter(|fact| fact.0 == "use");
            let is_used = |used: &str| source::join(folder, used).is_some_and(|used| used == home);
            return uses.into_iter().any(|fact| is_used(fact.1)).then(|| (source::folder(work.subject), work));
        }
        if folder.is_empty() {
            return None;
        }
        folder = source::folder(folder);
    }
}

/// Returns the name and the version of a directive.
fn pair<'d>(
    source: &Source<'_>,
    directive: &'d Directive<'_>,
    inventory: &mut Inventory,
) -> Option<(&'d str, &'d str)> {
    match directive.words[..] {
        [name, version] => Some((name, version)),
        _ => {
            let place = directive.words.first().map_or(source.place(directive.verb), |word| source.place(word));
            inventory.fault(place, "a module and its version are wanted here");
            None
        }
    }
}

/// Returns the module as it is built, after what replaces it.
pub(super) fn component(name: &str, version: &str, replaces: &[Replace<'_>]) -> Component {
    // One that names the version goes before one for all of them.
    let mut of = replaces.iter().filter(|replace| replace.is_of(name, version));
    let first = of.clone().find(|replace| !replace.old_version.is_empty()).or_else(|| of.next());
    let Some(replace) = first else { return Component::new(purl(name, version)) };
    if replace.is_folder() {
        return Component { origin: Origin::path(replace.new), ..Component::new(purl(name, version)) };
    }
    let properties: Vec<(Text, Text)> = vec![property("replaces", &format!("{name}@{version}"))];
    Component { properties, ..Component::new(purl(replace.new, replace.new_version)) }
}

fn digest(text: &str) -> Option<Digest> {
    Digest::sri(&format!("sha256-{}", text.strip_prefix("h1:")?))
}
