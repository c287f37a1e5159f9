//! Values of a chart: the images that its templates put into manifests.
//!
//! What a value means, only the templates say; that an image is one is told by the shapes that charts have in common. Until the
//! join, which knows the values that these are laid over, each image is a part with what is said of it as labels.

use anyhow::Result;

use crate::entry;
use crate::formats::oci::deployment::{Images, is_placeholder, said, unpinned};
use crate::formats::oci::image_map::{self, ImageMap};
use crate::formats::oci::models;
use crate::formats::oci::pod;
use crate::formats::oci::reference::Reference;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Part, PartKind, SUBJECT, Says, Scope};
use crate::source::{self, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `values.yaml` and `values-*.yaml` beside a `Chart.yaml`, the images that a chart runs.
    ///
    /// Read are the shapes that charts have in common: `image: {registry, repository, tag, digest}`, `image: "repo:tag"`,
    /// `imageName` beside `imageTag`, and names that end so, at whatever depth; `global.imageRegistry` holds for all of them. An
    /// empty tag is the chart's `appVersion`; without one it is reported as unpinned. Images under `enabled: false` are
    /// optional. Of `values-prod.yaml`, the images are those that it says something of, laid over `values.yaml`. Models are those
    /// that arguments and variables beside an image name as in a manifest (`args: ["--model-id", "BAAI/bge-m3"]`), and
    /// `model: {name: "organisation/name", revision: COMMIT}`. Templates are not read: check what `helm template` writes to see
    /// all that runs.
    pub Values = "helm-values"
}

impl Format for Values {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "values.yaml",
            "values.yml",
            "values-*.yaml",
            "values-*.yml",
            "values.*.yaml",
            "values.*.yml",
            "values_*.yaml",
        ]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        // Manifests may have such names too.
        !text.trim().is_empty() && !text.lines().any(|line| line.starts_with("apiVersion:"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut all = self.parse_with(source, &|_| None)?;
        Ok(all.pop().unwrap_or_else(|| Inventory::new(source, "helm-values")))
    }

    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        // Without a chart, these are some other program's values.
        let Some(text) = source::join(source.folder(), "Chart.yaml").and_then(|path| open(&path)) else {
            return Ok(Vec::new());
        };
        let chart = Source { text: &text, ..*source };
        let chart = yaml::trees(&chart).unwrap_or_default();
        let mut inventory = Inventory::new(source, "helm-values");
        inventory.says = Says { licence: false, ..Says::ALL };
        let is_template = yaml::is_template(source.text);
        let documents = match yaml::trees(source) {
            Ok(documents) => documents,
            // What is filled in before Helm reads it.
            Err(_) if is_template || is_empty(source.text) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let Some(values) = documents.first() else { return Ok(Vec::new()) };
        let label = |name: &str, value: &str| said(FactKind::Label, name, value, source.start());
        let version = chart.first().and_then(|chart| chart.get("appVersion")?.text()).unwrap_or_default();
        let mut facts = vec![label(VERSION, version)];
        for dependency in chart.first().and_then(|chart| chart.get("dependencies")).map_or(&[][..], Node::items) {
            let name = dependency.get("alias").or(dependency.get("name")).and_then(Node::text);
            facts.extend(name.map(|name| label(DEPENDENCY, name)));
        }
        facts.extend(image_map::registry(values).map(|node| fact(REGISTRY, node)));
        inventory.parts.push(Part { name: CHART, facts, place: source.start(), ..Part::default() });
        inventory.parts.extend(image_map::find(values).iter().map(part));
        let mut named = Vec::new();
        pinned(values, "", 0, &mut named);
        models::add(source, &mut inventory, named);
        Ok(vec![inventory])
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
        let folder = source::folder(inventory.subject);
        let defaults = ["values.yaml", "values.yml"].iter().filter_map(|name| source::join(folder, name));
        let defaults = defaults.filter(|path| path != inventory.subject);
        let under = defaults.filter_map(|path| near.get(&path)).find(|under| under.format == "helm-values");
        let mut parts = std::mem::take(&mut inventory.parts).into_iter();
        let Some(chart) = parts.next() else { return };
        let mut parts: Vec<Part> = parts.collect();
        if let Some(under) = under {
            lay(&mut parts, &chart, under);
        }
        let of_under = under.and_then(|under| under.parts.first()).and_then(|chart| label(chart, REGISTRY));
        let registry = label(&chart, REGISTRY).or(of_under);
        let mut images = Images::default();
        for part in parts {
            let part = resolved(part, &chart, registry, &mut images, inventory);
            inventory.parts.extend(part);
        }
    }
}

/// The part that keeps what the chart says, and its labels.
const CHART: &str = "chart";
const VERSION: &str = "appVersion";
const DEPENDENCY: &str = "dependency";

/// The labels of an image's parts.
const REGISTRY: &str = "registry";
const REPOSITORY: &str = "repository";
const TAG: &str = "tag";
const DIGEST: &str = "digest";

fn fact(name: &str, node: &Node<'_>) -> Fact {
    said(FactKind::Label, name, node.text().unwrap_or_default(), node.place)
}

fn label<'p>(part: &'p Part, name: &str) -> Option<&'p Fact> {
    part.facts_of(FactKind::Label).find(|fact| fact.name == name)
}

fn is_empty(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with(['#', '-']))
}

/// Keeps an image as a part, with what stands beside it.
fn part(image: &ImageMap<'_>) -> Part {
    let of = [(REGISTRY, image.registry), (REPOSITORY, image.repository), (TAG, image.tag), (DIGEST, image.digest)];
    let mut facts: Vec<Fact> = of.into_iter().filter_map(|(name, node)| Some(fact(name, node?))).collect();
    let place = image.repository.or(image.tag).or(image.digest).or(image.registry).map(|node| node.place);
    if let Some(owner) = image.owner {
        facts.extend(words(owner));
        facts.extend(pod::settings(owner));
        facts.extend(pod::limits(owner));
        facts.extend(pod::wishes_of(owner));
    }
    Part {
        name: intern::text(&image.path),
        kind: PartKind::Container,
        runs: !image.is_off,
        facts,
        place: place.unwrap_or_default(),
        ..Part::default()
    }
}

/// The fields of a container, and what charts call them, that hold what it is started with.
const STARTED: [&str; 4] = ["command", "args", "extraArgs", "extraArguments"];

/// Returns the words that a container is started with.
fn words(owner: &Node<'_>) -> Vec<Fact> {
    let of = |field: &&'static str| {
        let node = owner.get(field)?;
        let words = if node.text().is_some() { std::slice::from_ref(node) } else { node.items() };
        let words = words.iter().filter(|word| word.text().is_some());
        Some(words.map(|word| Fact { kind: FactKind::Command, ..fact(field, word) }).collect::<Vec<_>>())
    };
    STARTED.iter().filter_map(of).flatten().collect()
}

/// How deep values are looked into for models.
const MAX_DEPTH: usize = 64;

/// Finds the models that values name at a commit: `model: {name: organisation/name, revision: …}`.
fn pinned(node: &Node<'_>, key: &str, depth: usize, named: &mut Vec<models::Named>) {
    if depth > MAX_DEPTH {
        return;
    }
    if key.to_lowercase().contains("model")
        && let Some(revision) = ["revision", "commit"].iter().find_map(|field| node.get(field)?.text())
    {
        let fields = ["name", "id", "repository", "repo", "repoId", "modelId"];
        let found = fields.iter().filter_map(|field| node.get(field));
        named.extend(found.filter_map(|node| models::at_commit(node.text()?, revision, node.place)).next());
    }
    for entry in node.entries() {
        pinned(&entry.node, &entry.key, depth + 1, named);
    }
    // Of a list, each is what the list is called by.
    node.items().iter().for_each(|item| pinned(item, key, depth + 1, named));
}

/// Lays images over those of the values below; what only those say is theirs, unless the registry of all is another.
fn lay(parts: &mut Vec<Part>, chart: &Part, under: &Inventory) {
    for part in parts.iter_mut() {
        let Some(below) = under.parts.iter().skip(1).find(|below| below.name == part.name) else { continue };
        let is_said = |fact: &Fact| part.facts.iter().any(|own| (own.kind, own.name) == (fact.kind, fact.name));
        let below: Vec<Fact> = below.facts.iter().filter(|fact| !is_said(fact)).copied().collect();
        part.facts.extend(below);
    }
    if label(chart, REGISTRY).is_some() {
        let others = under.parts.iter().skip(1).filter(|below| !parts.iter().any(|part| part.name == below.name));
        let others: Vec<Part> = others.cloned().collect();
        parts.extend(others);
    }
}

/// Adds the models that a container loads, where it is this file that says so: what the values below say, they tell.
fn loads(part: &Part, image: &str, inventory: &mut Inventory) {
    let mut words: Vec<&Fact> = part.facts_of(FactKind::Command).collect();
    words.sort_by_key(|fact| STARTED.iter().position(|field| *field == fact.name));
    let words: Vec<models::Word> =
        words.into_iter().map(|fact| models::Word { text: fact.value.to_owned(), place: fact.place }).collect();
    let own = inventory.nodes[SUBJECT as usize].place.file;
    let named = models::of(image, &words, &models::variables(&part.facts)).into_iter();
    models::add_where_they_stand(inventory, named.filter(|named| named.place().file == own));
}

/// Makes a container of an image's part; none where only a part of the image is known, and the chart that has the rest is
/// another.
fn resolved(
    mut part: Part,
    chart: &Part,
    registry: Option<&Fact>,
    images: &mut Images,
    inventory: &mut Inventory,
) -> Option<Part> {
    let repository = *label(&part, REPOSITORY)?;
    let text = |name: &str| label(&part, name).map_or("", |fact| fact.value);
    let own = text(REGISTRY);
    // A registry for all is put in the place of one that stands apart.
    let has_host = Reference::parse(repository.value).is_ok_and(|found| repository.value.starts_with(found.host));
    let host = registry.filter(|_| !own.is_empty() || !has_host).map_or(own, |fact| fact.value);
    let (tag, digest) = (label(&part, TAG).copied(), label(&part, DIGEST).copied());
    // What a chart below calls its version, this file does not know.
    let first = part.name.split(['.', '[']).next().unwrap_or_default();
    let is_below = chart.facts.iter().any(|fact| fact.name == DEPENDENCY && fact.value == first);
    let version = label(chart, VERSION).filter(|_| !is_below).map_or("", |fact| fact.value);
    let said = tag.map(|tag| if tag.value.is_empty() { version } else { tag.value });
    let reference = image_map::reference(host, repository.value, said, digest.map_or("", |digest| digest.value));
    let scope = if part.runs { Scope::Runtime } else { Scope::Optional };
    let asked = tag.filter(|tag| !tag.value.is_empty()).or(digest).unwrap_or(repository).place;
    match reference {
        None => unpinned(inventory, repository.value, repository.place, scope),
        Some(reference) if is_placeholder(&reference) => unpinned(inventory, &reference, repository.place, scope),
        Some(reference) => match Reference::parse(&reference) {
            Ok(found) => part.image = Some(images.add(inventory, found.component(), repository.place, scope, asked)),
            // What it is to be, the templates may know.
            Err(_) => unpinned(inventory, &reference, repository.place, scope),
        },
    }
    loads(&part, repository.value, inventory);
    part.facts.retain(|fact| !matches!(fact.kind, FactKind::Label | FactKind::Command));
    part.facts.sort_by_key(|fact| fact.place);
    part.place = repository.place;
    Some(part)
}
