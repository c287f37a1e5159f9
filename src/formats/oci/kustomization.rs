//! Kustomizations: what an overlay makes of the images of the manifests that it lists.
//!
//! Specification: the Kustomize reference, `images`, `resources`, `components`, `patches` and `helmCharts`; where it is silent,
//! what `imagetag` of kustomize's `api` does. What the file itself says is kept as parts until the join, which puts the
//! containers in their place.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::block;
use super::deployment::{Deployment, said};
use super::kubernetes;
use super::overlay::{self, Deployed, Image, Open};
use super::reference::Reference;
use crate::entry;
use crate::formats::helm;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Kind, Part, Scope};
use crate::source::{self, Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `kustomization.yaml`, the images of the manifests that it lists as it changes them.
    ///
    /// `images` (names, tags, digests, suffixes) and patches of containers are applied to the manifests, bases and components
    /// of the tree; what it changes is a subject of its own, and one that changes no image is none: its manifests are. A base
    /// elsewhere cannot be read: it is reported as unpinned where its address has no `ref`, and the images that are set for it
    /// count as they are set. The models that the manifests load are told by these alone. Charts of `helmCharts` are components.
    pub Kustomization = "kustomization"
}

impl Format for Kustomization {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &NAMES
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        // A controller's object of that kind may be in a file of that name.
        !text.lines().any(|line| line.starts_with("apiVersion:") && line.contains("toolkit.fluxcd.io"))
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("kustomize.config.k8s.io/")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let Some(file) = documents.first().filter(|document| !document.entries().is_empty()) else {
            return Err(
                source.fault(source.start(), "no kustomization: a map with \"resources\" or the like is expected")
            );
        };
        let mut deployment = Deployment::new(source, self);
        let part = |name: &'static str, facts: Vec<Fact>, place: Place| Part { name, facts, place, ..Part::default() };
        let label = |name: &str, node: &Node<'_>| Some(said(FactKind::Label, name, node.text()?, node.place));
        let mut patches: Vec<Fact> = Vec::new();
        for (field, name) in LISTS {
            let items = file.get(field).map_or(&[][..], Node::items);
            for fact in items.iter().filter_map(|item| label(PATH, item.get("path").unwrap_or(item))) {
                // A patch may stand in the list itself.
                match fact.value.contains('\n') {
                    true => patches.push(fact),
                    false => deployment.inventory.parts.push(part(name, vec![fact], fact.place)),
                }
            }
        }
        let inner = file.get("patches").map_or(&[][..], Node::items).iter().filter_map(|patch| patch.get("patch"));
        patches.extend(inner.filter_map(|patch| label(PATH, patch)));
        for image in file.get("images").map_or(&[][..], Node::items) {
            let facts: Vec<Fact> = FIELDS.iter().filter_map(|field| label(field, image.get(field)?)).collect();
            deployment.inventory.parts.push(part(IMAGES, facts, image.place));
        }
        for chart in file.get("helmCharts").map_or(&[][..], Node::items) {
            helm::asked(chart.get("name"), chart.get("version"), chart.get("repo"), &mut deployment);
            deployment.inventory.parts.push(part(CHART, Vec::new(), chart.place));
        }
        patches.iter().for_each(|patch| inline(patch, &mut deployment));
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 1 || !inventory.declared.is_empty() || !inventory.faults.is_empty()
    }

    fn is_joined_by_others(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let changes = [IMAGES, PATCH, CHART, INLINE];
        let mut build = Build { near, seen: BTreeSet::new(), open: false, changes: false };
        let mut deployed = build.read(inventory);
        build.changes |= inventory.parts.iter().any(|part| changes.contains(&part.name)) || build.open;
        if !build.changes {
            deployed = Deployed::default();
        }
        deployed.forget_open();
        deployed.write(inventory);
    }
}

/// The names that kustomize looks for in a folder, in its order.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The parts that the file's own entries are kept as.
const RESOURCE: &str = "resource";
const COMPONENT: &str = "component";
const PATCH: &str = "patch";
const INLINE: &str = "inline";
const IMAGES: &str = "images";
const CHART: &str = "chart";

/// The label of what such a part names.
const PATH: &str = "path";

/// The lists of files, and what they are kept as.
const LISTS: [(&str, &str); 5] = [
    ("resources", RESOURCE),
    ("bases", RESOURCE),
    ("components", COMPONENT),
    ("patches", PATCH),
    ("patchesStrategicMerge", PATCH),
];

/// What an entry of `images` says.
const FIELDS: [&str; 5] = ["name", "newName", "newTag", "digest", "tagSuffix"];

/// Reads a patch that stands in the file, as a part whose parts are the containers.
fn inline(patch: &Fact, deployment: &mut Deployment<'_, '_>) {
    // What is no YAML of its own, kustomize says.
    let Ok(trees) = block::trees(deployment.source, patch.place, patch.value) else { return };
    let from = deployment.inventory.parts.len();
    for tree in &trees {
        for operation in tree.items() {
            let path = operation.get("path").and_then(Node::text).unwrap_or_default();
            let value = operation.get("value").filter(|_| path.ends_with("/image"));
            if let Some((text, place)) = value.and_then(|value| Some((value.text()?, value.place))) {
                deployment.image(text, place);
            }
        }
        kubernetes::read(tree, deployment);
    }
    let own = Part { name: INLINE, facts: vec![Fact { value: "", ..*patch }], place: patch.place, ..Part::default() };
    deployment.inventory.parts.insert(from, own);
}

/// What a kustomization builds, while its files are read.
struct Build<'n> {
    near: &'n Near<'n>,
    seen: BTreeSet<&'n str>,
    /// Whether something in it cannot be read.
    open: bool,
    /// Whether something below changes images.
    changes: bool,
}

/// How deep bases may be bases of others, how many of them there may be, and how much all of them may deploy.
const MAX_DEPTH: usize = 64;
const MAX_FILES: usize = 256;
const MAX_IMAGES: usize = 100_000;

impl<'n> Build<'n> {
    fn read(&mut self, file: &Inventory) -> Deployed {
        let mut deployed = Deployed::default();
        self.accumulate(file, 0, false, &mut deployed);
        deployed
    }

    /// Adds what a kustomization builds; a component is laid over what it is added to.
    fn accumulate(&mut self, file: &Inventory, depth: usize, is_component: bool, to: &mut Deployed) {
        let mut own = Deployed::default();
        let folder = source::folder(file.subject);
        for part in file.parts.iter().filter(|part| part.name == RESOURCE) {
            self.resource(part, folder, depth, file, &mut own);
        }
        for part in file.parts.iter().filter(|part| part.name == COMPONENT) {
            let Some(found) = part.facts.first().and_then(|fact| self.kustomization(folder, fact.value)) else {
                self.open = true;
                continue;
            };
            if depth < MAX_DEPTH && self.seen.insert(found.subject) {
                self.changes = true;
                self.accumulate(found, depth + 1, true, &mut own);
                transform(found, &mut own);
            }
        }
        for part in file.parts.iter().filter(|part| part.name == PATCH) {
            let path = part.facts.first().and_then(|fact| source::join(folder, fact.value));
            if let Some(patch) = path.and_then(|path| self.near.get(&path)) {
                patched(patch, 0, &mut own);
            }
        }
        // Charts, and patches that stand in the file.
        let containers = file.parts.iter().position(|part| part.name == INLINE).unwrap_or(file.parts.len());
        patched(file, containers, &mut own);
        let is_complete = !self.open && !own.images.is_empty();
        transform(file, &mut own);
        if !is_complete && !is_component {
            pinned(file, &mut own);
        }
        to.absorb(own);
    }

    /// Adds what an entry of `resources` names.
    fn resource(&mut self, part: &Part, folder: &str, depth: usize, file: &Inventory, to: &mut Deployed) {
        let Some(fact) = part.facts.first() else { return };
        if is_elsewhere(fact.value) {
            self.open = true;
            if !fact.value.contains("ref=") && !fact.value.contains("version=") {
                to.open.push(Open::image(fact.value, fact.place, Scope::Runtime));
            }
            return;
        }
        if let Some(found) = self.kustomization(folder, fact.value) {
            if found.subject == file.subject || self.seen.contains(found.subject) {
                return;
            }
            // What is past all that people write is not read, and not left out in silence.
            if depth == MAX_DEPTH || self.seen.len() == MAX_FILES || to.images.len() > MAX_IMAGES {
                self.open = true;
                to.open.push(Open::image(fact.value, fact.place, Scope::Runtime));
                return;
            }
            self.seen.insert(found.subject);
            self.changes |= found.parts.iter().any(|part| part.name == IMAGES);
            self.accumulate(found, depth + 1, false, to);
            return;
        }
        let path = source::join(folder, fact.value);
        if let Some(found) = path.and_then(|path| self.near.get(&path)).filter(|found| found.format == "kubernetes") {
            to.add_without_models(found);
        }
    }

    /// Finds the kustomization of a folder.
    fn kustomization(&self, folder: &str, path: &str) -> Option<&'n Inventory> {
        let folder = source::join(folder, path)?;
        let near = self.near;
        let mut found = NAMES.iter().filter_map(|name| {
            near.get(&if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") })
        });
        found.find(|found| found.format == "kustomization")
    }
}

/// Says whether a resource is no path in the tree.
fn is_elsewhere(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.contains("://")
        || path.contains("?ref=")
        || path.starts_with("git@")
        || (path.contains("//") && first.contains('.'))
        || first == "github.com"
}

/// Lays the containers of a patch over those of their names; `from` is the first part that is one.
fn patched(patch: &Inventory, from: usize, deployed: &mut Deployed) {
    let mut over = Deployed::default();
    over.add(patch);
    let (images, open) = (over.images, over.open);
    let mut used = BTreeSet::new();
    let own = over.parts.into_iter().skip(from).filter(|(part, _)| part.name != INLINE);
    let own = own.map(|(part, of)| {
        used.extend(of);
        (part, of.map(|number| images[number]))
    });
    deployed.lay(own.collect());
    let others = images.iter().enumerate().filter(|(number, _)| !used.contains(number)).map(|(_, image)| *image);
    if patch.format == "kustomization" {
        deployed.images.extend(others);
        deployed.open.extend(open);
    }
}

/// One entry of `images`.
struct Change<'p> {
    name: &'p Fact,
    new_name: Option<&'p Fact>,
    new_tag: Option<&'p Fact>,
    digest: Option<&'p Fact>,
    suffix: Option<&'p Fact>,
}

impl<'p> Change<'p> {
    fn of(part: &'p Part) -> Option<Self> {
        let find = |name: &str| part.facts.iter().find(|fact| fact.name == name && !fact.value.is_empty());
        let (new_name, new_tag) = (find("newName"), find("newTag"));
        let (digest, suffix) = (find("digest"), find("tagSuffix"));
        Some(Change { name: find("name")?, new_name, new_tag, digest, suffix })
    }

    /// Returns the image that it makes of one of its name.
    fn apply(&self, name: &str, tag: &str, digest: &str, scope: Scope) -> Option<Image> {
        let mut text = self.new_name.map_or(name, |fact| fact.value).to_owned();
        let (tag, digest) = match (self.new_tag, self.digest, self.suffix) {
            (Some(tag), Some(digest), _) => (tag.value.to_owned(), digest.value),
            (Some(tag), None, _) => (tag.value.to_owned(), ""),
            (None, Some(digest), _) => (String::new(), digest.value),
            (None, None, Some(suffix)) => (format!("{tag}{}", suffix.value), ""),
            (None, None, None) => (tag.to_owned(), digest),
        };
        for (sign, part) in [(':', tag.as_str()), ('@', digest)] {
            if !part.is_empty() {
                text.push(sign);
                text.push_str(part);
            }
        }
        let component = Reference::parse(&text).ok()?.component().intern();
        let place = self.new_name.unwrap_or(self.name).place;
        let asked = self.new_tag.or(self.digest).or(self.suffix).or(self.new_name).unwrap_or(self.name).place;
        Some(Image { component, place, asked, scope, environment: "", extra: "" })
    }
}

/// How many pairs of entries and images that are not known are looked at: past that, a file is none that people or tools
/// write.
const MAX_PAIRS: usize = 4_000_000;

/// Applies the `images` of a kustomization.
fn transform(file: &Inventory, deployed: &mut Deployed) {
    let changes: Vec<Change<'_>> =
        file.parts.iter().filter(|part| part.name == IMAGES).filter_map(Change::of).collect();
    let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, change) in changes.iter().enumerate() {
        if let Ok(reference) = Reference::parse(change.name.value) {
            named.entry(overlay::name(&reference.component())).or_default().push(number);
        }
    }
    for image in deployed.images.iter_mut().filter(|image| image.component.kind == Kind::Container) {
        let mut next = 0;
        // One entry may name what an earlier one makes.
        loop {
            let component = image.component;
            let name = overlay::name(component);
            let found = named.get(&name).and_then(|numbers| numbers.iter().find(|number| **number >= next));
            let Some(number) = found.copied() else { break };
            let digest = component.digests.first().map(ToString::to_string).unwrap_or_default();
            if let Some(changed) = changes[number].apply(&name, component.version(), &digest, image.scope) {
                *image = Image { environment: image.environment, ..changed };
            }
            next = number + 1;
        }
    }
    if deployed.open.is_empty() {
        return;
    }
    if changes.len().saturating_mul(deployed.open.len() + deployed.parts.len()) > MAX_PAIRS {
        deployed.open.push(Open::image(intern::text("images"), file.parts[0].place, Scope::Runtime));
        return;
    }
    for change in &changes {
        deployed.fill(change.name.value, |text, scope| {
            let tag = text[change.name.value.len()..].trim_start_matches(':');
            change.apply(change.name.value, tag, "", scope)
        });
    }
}

/// Adds what the `images` of a kustomization pin, where the manifests that they are for cannot be read.
fn pinned(file: &Inventory, deployed: &mut Deployed) {
    for change in file.parts.iter().filter(|part| part.name == IMAGES).filter_map(Change::of) {
        let says = change.new_name.or(change.new_tag).or(change.digest).is_some();
        if let Some(image) = change.apply(change.name.value, "", "", Scope::Runtime).filter(|_| says)
            && !deployed.images.iter().any(|other| other.component == image.component)
        {
            deployed.image(image);
        }
    }
}
