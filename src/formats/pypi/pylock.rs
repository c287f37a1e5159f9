//! `pylock.toml`, the lockfile of all of Python's installers: lock-version 1.
//!
//! Specification: PEP 751, "pylock.toml Specification" of the Python packaging user guide. Which requirements the lock
//! answers it does not say, and who requires whom only where the locker kept it.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use toml::Spanned;

use super::answers::{
    ALWAYS, Asking, GROUP, MadeFor, asked_extras, bare, either, join_project, named, pythons, reattach,
};
use super::hosts::Hosts;
use super::locked::Locked;
use super::pep508::{self, normal, shown};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{
    Algorithm, Component, Digest, Edge, Gap, Inventory, Manifest, Node, NodeId, Origin, Purl, Requirement, SUBJECT,
    Says, Scope,
};
use crate::source::{Place, Source};
use crate::syntax::toml::{Chunk, chunked};

entry! {
    /// `pylock.toml` and `pylock.*.toml`, the packages to install for Python, as PEP 751 has them.
    ///
    /// Lock version 1. `uv export`, `pip lock` and `pdm export` write such files. Who requires whom is optional in them, and
    /// PDM keeps it in a table of its own, which is read too: where a file keeps none of it, edges are not compared. What the
    /// project itself requires stands in the `pyproject.toml` beside it, and all else is transitive; without one, the packages
    /// that no other requires count as direct. What is there for an extra is optional, what is there for a dependency group is
    /// there to develop, unless the file names the group as one that is installed by default. For which extras and groups a
    /// lock of a single use was made it does not say: those of which all is there count.
    pub Pylock = "pylock"
}

const MEND: &str = "lock again";

impl Format for Pylock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["pylock.toml", "pylock.*.toml"]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("lock-version") && text.contains("[[packages]]") && text.contains("created-by")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let (head, chunks): (Head, Vec<Chunk<Tables>>) = chunked(source, "packages")?;
        let Some(version) = head.lock_version else {
            return Err(source.fault(source.start(), "no lock-version in it; is it a lock as PEP 751 has it?"));
        };
        let place = bare(source, source.place_at(version.span()));
        let mut inventory = Inventory::new(source, "pylock");
        inventory.says = Says { licence: false, ..Says::ALL };
        match version.as_ref().split_once('.') {
            Some(("1", "0")) => {}
            // What a minor version adds may be left out by who does not know it, who has to say so.
            Some(("1", _)) => {
                let message = format!("lock-version {} is newer than the 1.0 that is read", shown(version.as_ref()));
                inventory.fault(place, message);
            }
            _ => {
                let message = format!("lock-version {} is not known; 1.0 is read", shown(version.as_ref()));
                return Err(source.fault(place, message));
            }
        }
        if head.packages.is_some_and(|inline| !inline.is_empty()) {
            return Err(source.fault(source.start(), "`packages` is no array of tables; lock again"));
        }
        if head.created_by.is_none() {
            inventory.fault(source.start(), "no created-by in it, so the lock is cut off; lock again");
        }
        // Of a lock for several uses, what they are; one for a single use does not say for which.
        let groups = head.extras.iter().chain(&head.dependency_groups);
        let mut facts: Vec<_> = groups.map(|group| (GROUP, intern::text(group))).collect();
        if !facts.is_empty() {
            // PDM has a group for what the project always requires.
            if head.created_by.as_deref() != Some("pdm") {
                facts.push((GROUP, ALWAYS));
            }
            inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        }
        let mut reader = Reader { source, inventory, held: Vec::new(), default_groups: head.default_groups };
        reader.components(chunks);
        reader.requirements();
        reader.requirements_of_pdm();
        reader.heads();
        pythons(&mut reader.inventory, head.requires_python.as_deref());
        Ok(reader.inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        join_project(inventory, near, MadeFor::Chosen, MEND);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    lock_version: Option<Spanned<String>>,
    created_by: Option<String>,
    #[serde(default)]
    extras: Vec<String>,
    #[serde(default)]
    dependency_groups: Vec<String>,
    #[serde(default)]
    default_groups: Vec<String>,
    requires_python: Option<String>,
    packages: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Tables {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Option<Spanned<String>>,
    version: Option<String>,
    marker: Option<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    index: Option<String>,
    vcs: Option<Vcs>,
    directory: Option<Directory>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
    #[serde(default)]
    tool: Tool,
}

/// What a locker keeps for itself.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Tool {
    pdm: Pdm,
}

/// PDM keeps who requires whom here, as requirement strings.
#[derive(Default, Deserialize)]
#[serde(default, expecting = "a table")]
struct Pdm {
    dependencies: Vec<Spanned<String>>,
}

/// As much of another package's entry as tells it from the others.
#[derive(Deserialize)]
struct Dependency {
    name: Option<Spanned<String>>,
    version: Option<String>,
    index: Option<String>,
    marker: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    #[serde(default)]
    r#type: String,
    url: Option<String>,
    path: Option<String>,
    requested_revision: Option<String>,
    commit_id: Option<String>,
}

#[derive(Deserialize)]
struct Directory {
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Package {
    fn files(&self) -> impl Iterator<Item = &File> {
        self.archive.iter().chain(&self.sdist).chain(&self.wheels)
    }

    fn origin(&self) -> Origin {
        if let Some(vcs) = &self.vcs {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let url = vcs.url.as_ref().or(vcs.path.as_ref()).cloned().unwrap_or_default();
            return match vcs.r#type.as_str() {
                "git" => Origin::git(&url, &text(&vcs.commit_id), &text(&vcs.requested_revision)),
                _ => Origin::url(&url),
            };
        }
        if let Some(directory) = &self.directory {
            return Origin::path(&directory.path);
        }
        if let Some(archive) = &self.archive {
            return match (&archive.url, &archive.path) {
                (Some(url), _) => Origin::url(url),
                (None, Some(path)) => Origin::path(path),
                (None, None) => Origin::Unknown,
            };
        }
        self.index.as_deref().map_or(Origin::Unknown, Origin::registry)
    }
}

struct Held {
    node: NodeId,
    package: Package,
    places: Places,
}

/// Where its texts stand.
struct Places {
    name: Option<Place>,
    dependencies: Vec<Option<Place>>,
    of_pdm: Vec<Place>,
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    inventory: Inventory,
    held: Vec<Held>,
    default_groups: Vec<String>,
}

/// How many packages of one name are told apart.
const MOST: usize = 64;

impl Reader<'_, '_> {
    fn components(&mut self, chunks: Vec<Chunk<Tables>>) {
        let mut seen: HashMap<*const Component, NodeId> = HashMap::new();
        let mut hosts = Hosts::default();
        for package in chunks.iter().flat_map(|chunk| &chunk.value.packages) {
            hosts.add(package.origin(), package.files().filter_map(|file| file.url.as_deref()));
        }
        let mut odd = hosts.odd().into_iter();
        for chunk in chunks {
            let whole = chunk.whole(self.source);
            let span = |spanned: &Spanned<String>| bare(self.source, chunk.place(self.source, spanned.span()));
            let places = |package: &Package| Places {
                name: package.name.as_ref().map(span),
                dependencies: package.dependencies.iter().map(|asked| asked.name.as_ref().map(span)).collect(),
                of_pdm: package.tool.pdm.dependencies.iter().map(span).collect(),
            };
            let places: Vec<Places> = chunk.value.packages.iter().map(places).collect();
            for (package, places) in chunk.value.packages.into_iter().zip(places) {
                let odd = odd.next().unwrap_or_default();
                let (Some(name), Some(place)) = (&package.name, places.name) else {
                    self.inventory.fault(whole, "a package without a name; lock again");
                    continue;
                };
                let version = package.version.as_deref().unwrap_or_default();
                let mut component = Component::new(Purl::new("pypi", "", name.as_ref(), version));
                component.origin = package.origin();
                component.properties = odd;
                for (algorithm, hex) in package.files().flat_map(|file| &file.hashes) {
                    match Algorithm::named(algorithm).and_then(|algorithm| Digest::hex(algorithm, hex)) {
                        Some(digest) => component.digests.push(digest),
                        None => {
                            let message = format!("\"{}:{}\" is no digest that is known", shown(algorithm), shown(hex));
                            self.inventory.fault(place, message);
                        }
                    }
                }
                let component = component.intern();
                let environment = intern::text(package.marker.as_deref().unwrap_or_default());
                let node = match seen.get(&std::ptr::from_ref(component)) {
                    Some(&known) => {
                        // Listed again under another marker.
                        let shared = &mut self.inventory.nodes[known as usize].environment;
                        *shared = either(shared, environment);
                        known
                    }
                    None => {
                        let is_here =
                            package.directory.as_ref().is_some_and(|folder| matches!(&*folder.path, "." | ""));
                        let node = if is_here {
                            self.inventory.add_root(component.clone(), place)
                        } else {
                            let node = Node { component: Some(component), place, environment, ..Node::default() };
                            self.inventory.add_node(node)
                        };
                        seen.insert(std::ptr::from_ref(component), node);
                        node
                    }
                };
                self.held.push(Held { node, package, places });
            }
        }
        if self.held.is_empty() && self.inventory.faults.is_empty() {
            self.inventory.fault(self.source.start(), "the lock has no packages; lock again");
        }
        let says = |Package { dependencies, tool, .. }: &Package| {
            !dependencies.is_empty() || !tool.pdm.dependencies.is_empty()
        };
        self.inventory.says.edges = self.held.iter().any(|held| says(&held.package));
    }

    fn requirements(&mut self) {
        let mut named: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, held) in self.held.iter().enumerate() {
            let Some(name) = &held.package.name else { continue };
            let all = named.entry(normal(name.as_ref())).or_default();
            if all.len() < MOST {
                all.push(at);
            }
        }
        for Held { node, package, places } in &self.held {
            for (asked, place) in package.dependencies.iter().zip(&places.dependencies) {
                let (Some(name), Some(place)) = (&asked.name, *place) else {
                    let place = self.inventory.nodes[*node as usize].place;
                    self.inventory.fault(place, "it requires a package without a name; lock again");
                    continue;
                };
                let all = named.get(&normal(name.as_ref())).map_or(&[][..], Vec::as_slice);
                let is_it = |at: &&usize| {
                    let other = &self.held[**at].package;
                    (asked.version.is_none() || asked.version == other.version)
                        && (asked.index.is_none() || asked.index == other.index)
                        && (asked.marker.is_none() || asked.marker == other.marker || all.len() == 1)
                };
                let mut found: Vec<NodeId> = all.iter().filter(is_it).map(|at| self.held[*at].node).collect();
                found.dedup();
                match found[..] {
                    [] => {
                        let message = format!(
                            "\"{}\" is required in a form that the lock does not hold; lock again",
                            shown(name.as_ref())
                        );
                        self.inventory.fault(place, message);
                    }
                    [one] => self.inventory.edge(*node, one, Requirement::default(), place),
                    _ => {
                        let name = intern::text(name.as_ref());
                        self.inventory.declare(*node, name, Requirement::default(), place, Gap::Ambiguous(found));
                    }
                }
            }
        }
    }

    /// Reads who requires whom as PDM keeps it, of packages for which the file itself does not say so.
    fn requirements_of_pdm(&mut self) {
        let locked = Locked::of(&self.inventory);
        for Held { node, package, places } in &self.held {
            let own = self.inventory.component(*node).map_or("", |component| component.purl.name());
            let context = self.inventory.nodes[*node as usize].environment;
            for (text, place) in package.tool.pdm.dependencies.iter().zip(&places.of_pdm) {
                let asked = match pep508::Requirement::read(text.as_ref()) {
                    Ok(asked) => asked,
                    Err(message) => {
                        self.inventory.fault(*place, message);
                        continue;
                    }
                };
                if !package.dependencies.is_empty() || normal(asked.name) == own {
                    continue;
                }
                let requirement = Requirement {
                    scope: Scope::Runtime,
                    constraint: asked.constraint(),
                    environment: intern::text(asked.marker),
                    extra: asked_extras(asked.extras.iter().copied()),
                };
                // A marker may hold on none of the lock's targets.
                let (from, name, is_excused) = (*node, asked.name, !asked.marker.is_empty());
                let place = named(self.source, *place, name);
                let asking = Asking { from, name, requirement, place, is_excused, may_be_overridden: true, mend: MEND };
                asking.settle(&mut self.inventory, &locked, &[context, asked.marker]);
            }
        }
    }

    /// Lets the subject require what no other package leads to.
    fn heads(&mut self) {
        let mut required = vec![false; self.inventory.nodes.len()];
        for edge in self.inventory.edges.iter().filter(|edge| edge.from != edge.to) {
            required[edge.to as usize] = true;
        }
        let (tops, others): (Vec<&Held>, Vec<&Held>) = self.held.iter().partition(|held| !required[held.node as usize]);
        let mut heads = Vec::new();
        for Held { node, package, .. } in tops.into_iter().chain(others) {
            let place = self.inventory.nodes[*node as usize].place;
            let marker = package.marker.as_deref().unwrap_or_default();
            let (scope, extra) = self.asked_by(marker);
            let requirement = Requirement { scope, extra, environment: intern::text(marker), ..Requirement::default() };
            heads.push(Edge { from: SUBJECT, to: *node, requirement: requirement.intern(), place });
        }
        self.inventory.says.scopes = heads.iter().any(|head| head.requirement.scope != Scope::Runtime);
        reattach(&mut self.inventory, &heads);
    }

    /// Says for what a package is there, by its marker: an extra, a group, or always.
    fn asked_by(&self, marker: &str) -> (Scope, intern::Text) {
        let named = |set: &str| {
            let before = marker.split(set).next().filter(|before| before.len() < marker.len())?;
            let before = before.trim_end().strip_suffix("in")?.trim_end().strip_suffix(['\'', '"'])?;
            Some(&before[before.rfind(['\'', '"'])? + 1..])
        };
        match (named("dependency_groups"), named("extras")) {
            (Some(group), None) if !self.default_groups.iter().any(|default| default == group) => {
                (Scope::Dev, intern::text(group))
            }
            (None, Some(extra)) => (Scope::Optional, intern::text(extra)),
            _ => (Scope::Runtime, ""),
        }
    }
}
