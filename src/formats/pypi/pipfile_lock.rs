//! `Pipfile.lock`: pipfile-spec 6, which all of Pipenv's releases since 2017 write.
//!
//! Specification: none is published beyond the example of "Pipfile & Pipfile.lock" in Pipenv's documentation.

use anyhow::Result;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::pep508::{normal, shown};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Digest, Gap, Inventory, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{self, Source};
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `Pipfile.lock`, every package that Pipenv resolved for a project.
    ///
    /// Categories beside `default` count as development. A lock does not say who requires whom, so that edges are not
    /// compared and every package counts as direct; the ranges of those that were asked for stand in the `Pipfile` beside
    /// it.
    pub PipfileLock = "pipfile-lock"
}

impl Format for PipfileLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["Pipfile.lock"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains("\"pipfile-spec\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Map<Str<'_>, &RawValue> = json::read(source)?;
        let mut inventory = Inventory::new(source, "pipfile-lock");
        inventory.says = Says { edges: false, licence: false, ..Says::ALL };
        let Some((_, meta)) = lock.0.iter().find(|(key, _)| &**key == "_meta") else {
            return Err(source.fault(source.start(), "no \"_meta\" in it; is it a lock of Pipenv's?"));
        };
        let meta: Meta<'_> = json::part(source, meta)?;
        match meta.spec {
            Some(6) => {}
            Some(spec) => {
                let message = format!("pipfile-spec {spec} is not known; 6 is read");
                return Err(source.fault(source.start(), message));
            }
            None => inventory.fault(source.start(), "\"_meta\" has no pipfile-spec; run `pipenv lock`"),
        }
        let mut indexes: BTreeMap<String, Text> = BTreeMap::new();
        for index in &meta.sources {
            let url = intern::text(&crate::model::without_credentials(&index.url));
            indexes.insert(index.name.as_ref().map(|name| name.to_string()).unwrap_or_default(), url);
            inventory.look_up(&index.url, index.url.place(source, source.start()));
        }
        // Without a name of an index, the first is meant.
        let first =
            meta.sources.first().map_or("", |index| intern::text(&crate::model::without_credentials(&index.url)));
        let mut is_empty = true;
        for (category, packages) in lock.0.iter().filter(|(key, _)| &**key != "_meta") {
            let packages: Map<Str<'_>, Package<'_>> = json::part(source, packages)?;
            for (name, package) in &packages.0 {
                is_empty = false;
                add(source, &mut inventory, category, name, package, (&indexes, first));
            }
        }
        if is_empty && lock.0.len() < 3 {
            inventory.fault(source.start(), "neither \"default\" nor \"develop\" in it; run `pipenv lock`");
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let Some(path) = source::join(source::folder(inventory.subject), "Pipfile") else { return };
        let Some(manifest) = near.get(&path).filter(|manifest| manifest.format == "pipfile") else { return };
        for asked in manifest.declared.iter().filter(|asked| asked.gap == Gap::Open) {
            let name = normal(asked.name.split('[').next().unwrap_or(asked.name));
            let extras = asked.name.split_once('[').map_or("", |(_, extras)| extras.trim_end_matches(']'));
            for at in 0..inventory.edges.len() {
                let edge = inventory.edges[at];
                let is_it = inventory.component(edge.to).is_some_and(|component| component.purl.name() == name);
                let (asked_as, locked_as) = (asked.requirement, edge.requirement);
                if is_it && (asked_as.scope, asked_as.extra) == (locked_as.scope, locked_as.extra) {
                    let extra = if extras.is_empty() { edge.requirement.extra } else { intern::text(extras) };
                    let requirement =
                        Requirement { constraint: asked.requirement.constraint, extra, ..*edge.requirement };
                    inventory.edges[at].requirement = requirement.intern();
                    inventory.edges[at].place = asked.place;
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct Meta<'t> {
    #[serde(rename = "pipfile-spec")]
    spec: Option<u64>,
    #[serde(default, borrow)]
    sources: Vec<Index<'t>>,
}

#[derive(Deserialize)]
struct Index<'t> {
    #[serde(borrow)]
    name: Option<Str<'t>>,
    #[serde(borrow)]
    url: Str<'t>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow)]
    version: Option<Str<'t>>,
    #[serde(default, borrow)]
    hashes: Vec<Str<'t>>,
    #[serde(borrow)]
    index: Option<Str<'t>>,
    #[serde(borrow)]
    markers: Option<Str<'t>>,
    #[serde(borrow)]
    git: Option<Str<'t>>,
    #[serde(rename = "ref", borrow)]
    reference: Option<Str<'t>>,
    #[serde(borrow)]
    file: Option<Str<'t>>,
    #[serde(borrow)]
    path: Option<Str<'t>>,
}

fn add(
    source: &Source<'_>,
    inventory: &mut Inventory,
    category: &str,
    name: &Str<'_>,
    package: &Package<'_>,
    (indexes, first): (&BTreeMap<String, Text>, Text),
) {
    let place = name.place(source, source.start());
    let version = package.version.as_deref().unwrap_or_default();
    let pinned = version.strip_prefix("===").or_else(|| version.strip_prefix("==")).unwrap_or_default();
    let origin = match (&package.git, &package.file, &package.path) {
        (Some(git), ..) => {
            let git = git.strip_prefix("git+").unwrap_or(git);
            let reference = package.reference.as_deref().unwrap_or_default();
            let is_commit = reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_commit { Origin::git(git, reference, "") } else { Origin::git(git, "", reference) }
        }
        (_, Some(file), _) => Origin::url(file),
        (.., Some(path)) => Origin::path(path),
        _ => {
            let named = package.index.as_ref().and_then(|index| indexes.get(&**index)).copied().unwrap_or(first);
            if named.is_empty() { Origin::Unknown } else { Origin::Registry(named) }
        }
    };
    let is_dev = category != "default";
    let requirement = Requirement {
        scope: if is_dev { Scope::Dev } else { Scope::Runtime },
        environment: intern::text(package.markers.as_deref().unwrap_or_default()),
        extra: if matches!(category, "default" | "develop") { "" } else { intern::text(category) },
        ..Requirement::default()
    };
    if pinned.is_empty() && matches!(origin, Origin::Unknown | Origin::Registry(_)) {
        let requirement = Requirement { constraint: intern::text(version), ..requirement };
        inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Unpinned);
        return;
    }
    let mut component = Component::new(Purl::new("pypi", "", name, pinned));
    component.origin = origin;
    for hash in &package.hashes {
        match Digest::colon(hash) {
            Some(digest) => component.digests.push(digest),
            None => {
                inventory.fault(hash.place(source, place), format!("\"{}\" is no digest that is known", shown(hash)))
            }
        }
    }
    let node = inventory.add(component, place);
    inventory.nodes[node as usize].environment = requirement.environment;
    inventory.edge(SUBJECT, node, requirement, place);
}
