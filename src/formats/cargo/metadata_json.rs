//! What `cargo metadata` prints, kept as a file.
//!
//! Specification: "cargo metadata" of the Cargo book, format version 1. The types of `cargo_metadata` own their texts; these
//! here know where they stand.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lock;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, NodeId, Origin, Purl, Requirement, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Str};

entry! {
    /// What `cargo metadata` prints, kept as `cargo-metadata.json` or the like: every package that Cargo resolved.
    ///
    /// Version 1, with its `resolve`. Requirements are exact, with their kinds and targets, as Cargo resolved them for the
    /// features that it was asked for; licences and features (`cargo:features`) are those of the packages. Members of the
    /// workspace are the roots.
    ///
    /// It does not hold digests. Folders of the machine that it was printed on are in it, and are not kept.
    pub CargoMetadata = "cargo-metadata"
}

impl Format for CargoMetadata {
    fn files(&self) -> &'static [&'static str] {
        &["cargo-metadata*.json", "*.cargo-metadata.json", "*-cargo-metadata.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Sources, Yield::Environments, Yield::Licences]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{')
            && text.contains("\"workspace_members\"")
            && text.contains("\"packages\"")
            && text.contains("\"resolve\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let metadata: Metadata<'_> = json::read(source)?;
        match metadata.version.map(RawValue::get) {
            Some("1") => {}
            Some(version) => {
                let shown: String = version.chars().take(40).collect();
                let message = format!("version {} of cargo's metadata is not known; 1 is read", shown.escape_debug());
                return Err(source.fault(source.place(version), message));
            }
            None => {
                return Err(source.fault(source.start(), "no \"version\" in it; is it what `cargo metadata` prints?"));
            }
        }
        let Some(resolve) = metadata.resolve else {
            return Err(source.fault(source.start(), "no \"resolve\" in it; run `cargo metadata` without `--no-deps`"));
        };
        let mut inventory = Inventory::new(source, "cargo-metadata");
        inventory.says = Says { integrity: false, ..Says::ALL };
        let members: BTreeSet<&str> = metadata.workspace_members.iter().map(|id| &**id).collect();
        let features: BTreeMap<&str, String> = resolve
            .nodes
            .iter()
            .map(|node| {
                let mut features: Vec<&str> = node.features.iter().map(|feature| &**feature).collect();
                features.sort_unstable();
                (&*node.id, features.join(","))
            })
            .collect();
        let mut packages: BTreeMap<String, (NodeId, Asked<'_>)> = BTreeMap::new();
        for raw in metadata.packages {
            let place = source.place(raw.get());
            let package: Package<'_> = match serde_json::from_str(raw.get()) {
                Ok(package) => package,
                Err(error) => {
                    inventory.fault(place, format!("no package as cargo prints it: {error}"));
                    continue;
                }
            };
            let place = package.name.place(source, place);
            let component = component(&package, features.get(&*package.id).map_or("", String::as_str));
            let id = &*package.id;
            let node = if members.contains(id) {
                inventory.add_root(component, place)
            } else {
                inventory.add(component, place)
            };
            if packages.insert(id.to_owned(), (node, Asked::new(package.dependencies))).is_some() {
                inventory.fault(place, format!("{} is listed twice", package.name.escape_debug()));
            }
        }
        if packages.is_empty() {
            return Err(source.fault(source.start(), "no package in it; a workspace has at least its own"));
        }
        for node in &resolve.nodes {
            let Some((from, asked)) = packages.get(&*node.id) else {
                inventory.fault(node.id.place(source, source.start()), "a package is resolved that is not listed");
                continue;
            };
            for dependency in &node.deps {
                let place = dependency.pkg.place(source, inventory.nodes[*from as usize].place);
                let Some((to, _)) = packages.get(&*dependency.pkg) else {
                    inventory.fault(place, "a package is required that is not listed");
                    continue;
                };
                dependency.tell(&mut inventory, asked, (*from, *to), place);
            }
            // Cargo before 1.31 says no more than which.
            for id in node.dependencies.iter().filter(|_| node.deps.is_empty()) {
                let place = id.place(source, inventory.nodes[*from as usize].place);
                match packages.get(&**id) {
                    Some((to, _)) => inventory.edge(*from, *to, Requirement::default(), place),
                    None => inventory.fault(place, "a package is required that is not listed"),
                }
            }
        }
        Ok(inventory)
    }
}

fn component(package: &Package<'_>, features: &str) -> Component {
    let mut component = Component::new(Purl::new("cargo", "", &package.name, &package.version));
    component.origin = package.source.as_ref().map_or(Origin::Path(""), |source| lock::origin(source, true));
    component.licence = intern::text(package.license.as_deref().unwrap_or_default());
    if !features.is_empty() {
        component.properties.push(("cargo:features", intern::text(features)));
    }
    component
}

#[derive(Deserialize)]
struct Metadata<'t> {
    #[serde(borrow)]
    version: Option<&'t RawValue>,
    #[serde(borrow)]
    packages: Vec<&'t RawValue>,
    #[serde(borrow, default)]
    workspace_members: Vec<Str<'t>>,
    #[serde(borrow)]
    resolve: Option<Resolve<'t>>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow)]
    id: Str<'t>,
    #[serde(borrow)]
    license: Option<Str<'t>>,
    #[serde(borrow)]
    source: Option<Str<'t>>,
    #[serde(borrow, default)]
    dependencies: Vec<Dependency<'t>>,
}

/// What a package's manifest asks for.
#[derive(Deserialize)]
struct Dependency<'t> {
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    req: Str<'t>,
    #[serde(borrow)]
    kind: Option<Str<'t>>,
    #[serde(borrow)]
    target: Option<Str<'t>>,
    #[serde(borrow)]
    rename: Option<Str<'t>>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct Resolve<'t> {
    #[serde(borrow)]
    nodes: Vec<Resolved<'t>>,
}

#[derive(Deserialize)]
struct Resolved<'t> {
    #[serde(borrow)]
    id: Str<'t>,
    #[serde(borrow, default)]
    deps: Vec<Answer<'t>>,
    #[serde(borrow, default)]
    dependencies: Vec<Str<'t>>,
    #[serde(borrow, default)]
    features: Vec<Str<'t>>,
}

/// What a requirement was answered with.
#[derive(Deserialize)]
struct Answer<'t> {
    /// What the package's own code calls it.
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    pkg: Str<'t>,
    #[serde(borrow, default)]
    dep_kinds: Vec<Kind<'t>>,
}

#[derive(Deserialize)]
struct Kind<'t> {
    #[serde(borrow)]
    kind: Option<Str<'t>>,
    #[serde(borrow)]
    target: Option<Str<'t>>,
}

/// What a manifest asks for, by name, kind and target: several where they are renamed.
struct Asked<'t>(BTreeMap<(String, String, String), Vec<Dependency<'t>>>);

impl<'t> Asked<'t> {
    fn new(all: Vec<Dependency<'t>>) -> Self {
        let mut asked: BTreeMap<_, Vec<Dependency<'t>>> = BTreeMap::new();
        for dependency in all {
            let key = key(&dependency.name, dependency.kind.as_ref(), dependency.target.as_ref());
            asked.entry(key).or_default().push(dependency);
        }
        Asked(asked)
    }

    fn find(&self, name: &str, kind: &Kind<'_>, called: &str) -> Option<&Dependency<'t>> {
        let found = self.0.get(&key(name, kind.kind.as_ref(), kind.target.as_ref()))?;
        let is_renamed =
            |asked: &&Dependency<'_>| asked.rename.as_ref().is_some_and(|rename| rename.replace('-', "_") == called);
        let found = &found[..found.len().min(lock::MOST)];
        found.iter().find(is_renamed).or_else(|| found.iter().find(|asked| asked.rename.is_none())).or(found.first())
    }
}

fn key(name: &str, kind: Option<&Str<'_>>, target: Option<&Str<'_>>) -> (String, String, String) {
    let kind = kind.map_or("", |kind| &**kind);
    // What is needed to run has no kind, or is said to be normal.
    let kind = if kind == "normal" { "" } else { kind };
    (name.to_owned(), kind.to_owned(), target.map_or(String::new(), |target| target.to_string()))
}

impl Answer<'_> {
    fn tell(&self, inventory: &mut Inventory, asked: &Asked<'_>, (from, to): (NodeId, NodeId), place: Place) {
        let name = inventory.component(to).map_or("", |component| component.purl.name());
        let mut told: BTreeSet<Requirement> = BTreeSet::new();
        for kind in &self.dep_kinds {
            let found = asked.find(name, kind, &self.name);
            let scope = match kind.kind.as_deref() {
                Some("build") => Scope::Build,
                Some("dev") => Scope::Dev,
                _ if found.is_some_and(|found| found.optional) => Scope::Optional,
                _ => Scope::Runtime,
            };
            told.insert(Requirement {
                scope,
                constraint: found.map_or("", |found| intern::text(&found.req)),
                environment: intern::text(kind.target.as_deref().unwrap_or_default()),
                extra: "",
            });
        }
        // Cargo before 1.41 does not say how.
        if told.is_empty() {
            told.insert(Requirement::default());
        }
        for requirement in told {
            inventory.edge(from, to, requirement, place);
        }
    }
}
