//! A graph to CycloneDX 1.5 JSON, the same bytes for the same graph.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use cyclonedx_bom::external_models::date_time::DateTime;
use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::spdx::SpdxExpression;
use cyclonedx_bom::external_models::uri::Uri;
use cyclonedx_bom::models::bom::{Bom, SpecVersion, UrnUuid};
use cyclonedx_bom::models::component::{Classification, Component, Components, Scope};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::external_reference::{ExternalReference, ExternalReferenceType, ExternalReferences};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::Tools;
use cyclonedx_bom::validation::Validate;
use hashbrown::HashMap;

use super::serial;
use crate::formats::cyclonedx::properties::{self, Fields, UNMET};
use crate::formats::{self, Yield};
use crate::graph::{Graph, Resolved, Subject};
use crate::intern::{self, Text};
use crate::model::{self, Gap, Kind, Layer, Origin, Requirement};

/// What a BOM holds beside the graph.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The time that the BOM names, in RFC 3339; it names none without (`SOURCE_DATE_EPOCH`, never the clock).
    pub timestamp: Option<String>,
    /// What the BOM is about, where that is one thing that has a name of its own: a container image.
    pub about: Option<model::Component>,
    /// Whether the document is checked by cyclonedx-bom's own rules before it is returned.
    pub validate: bool,
}

/// Writes a graph as CycloneDX 1.5 JSON.
///
/// # Errors
/// Where the graph holds something that CycloneDX cannot say.
pub fn write(graph: &Graph, options: &Options) -> Result<Vec<u8>> {
    let bom = bom(graph, options, properties::is_plain)?;
    if options.validate {
        let result = bom.validate_version(SpecVersion::V1_5);
        if !result.passed() {
            bail!(
                "the BOM would not be valid CycloneDX 1.5: {}",
                first_error(&format!("{:?}", result.errors().next()))
            );
        }
    }
    let mut bytes = Vec::new();
    bom.output_as_json_v1_5(&mut bytes).context("writing CycloneDX JSON")?;
    bytes.push(b'\n');
    serial::number(&mut bytes)?;
    Ok(bytes)
}

/// Makes the BOM of a graph. Texts that are not plain stand in properties, encoded.
///
/// # Errors
/// Where the time is none.
pub(super) fn bom(graph: &Graph, options: &Options, is_plain: fn(&str) -> bool) -> Result<Bom> {
    let mut bom = Writer::new(graph, is_plain).bom(options.about.as_ref());
    bom.spec_version = SpecVersion::V1_5;
    if let Some(timestamp) = &options.timestamp {
        let time = DateTime::try_from(timestamp.clone()).context("SOURCE_DATE_EPOCH")?;
        bom.metadata.get_or_insert_default().timestamp = Some(time);
    }
    Ok(bom)
}

/// Names the layers that brought a subject's components.
fn layers(subject: &Subject) -> impl Iterator<Item = Property> {
    let layers: BTreeSet<&'static Layer> = subject.components().filter_map(|node| node.layer()).collect();
    layers.into_iter().map(|layer| {
        let by = (!layer.created_by.is_empty()).then(|| ("by".to_owned(), layer.created_by.to_owned()));
        let fields: Fields = [("number".to_owned(), layer.number.to_string())].into_iter().chain(by).collect();
        Property::new(properties::LAYER, &properties::encode(layer.digest, &fields))
    })
}

fn first_error(text: &str) -> String {
    text.chars().take(300).collect()
}

/// A component of the BOM: a node's component, or a subject by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Subject(u32),
    Component(u32),
}

struct Writer<'g> {
    graph: &'g Graph,
    /// The distinct components, and copies of them, sorted.
    components: Vec<(&'static model::Component, Text)>,
    /// Their numbers.
    numbers: HashMap<(*const model::Component, Text), u32>,
    /// Their references.
    refs: Vec<Text>,
    /// For each component, where it is: subject's number and node, sorted by subject.
    places: Vec<Vec<(u32, Resolved<'g>)>>,
    /// For each component that carries a GPU runtime, what is known of it.
    stacks: HashMap<*const model::Component, Vec<Property>>,
    /// Says which texts the document's form can spell as they are.
    is_plain: fn(&str) -> bool,
}

impl<'g> Writer<'g> {
    fn new(graph: &'g Graph, is_plain: fn(&str) -> bool) -> Self {
        let mut numbers: HashMap<(*const model::Component, Text), u32> = HashMap::new();
        let mut components: Vec<(&'static model::Component, Text)> = Vec::new();
        for resolved in graph.components() {
            numbers.entry(resolved.identity()).or_insert_with(|| {
                components.push((resolved.component, resolved.copy()));
                0
            });
        }
        components.sort_unstable();
        let mut refs: Vec<Text> = Vec::with_capacity(components.len());
        let mut last = ("", 0);
        for (number, (component, copy)) in components.iter().enumerate() {
            numbers.insert((std::ptr::from_ref(*component), *copy), number as u32);
            let purl = component.purl.as_str();
            last = if last.0 == purl { (purl, last.1 + 1) } else { (purl, 1) };
            // No purl has a bare `!`, so that no other one is spelled like this.
            refs.push(if last.1 == 1 { purl } else { intern::text(&format!("{purl}!{}", last.1)) });
        }
        let mut places: Vec<Vec<(u32, Resolved<'g>)>> = vec![Vec::new(); components.len()];
        for (subject, content) in graph.subjects().iter().enumerate() {
            for resolved in content.components() {
                places[numbers[&resolved.identity()] as usize].push((subject as u32, resolved));
            }
        }
        let stacks = stacks(graph);
        Writer { graph, components, numbers, refs, places, stacks, is_plain }
    }

    fn bom(&self, about: Option<&model::Component>) -> Bom {
        let (dependencies, mut extra) = self.dependencies();
        let subjects = self.graph.subjects().iter().enumerate();
        let subjects = subjects
            .map(|(number, subject)| {
                self.subject(subject, extra.remove(&Item::Subject(number as u32)).unwrap_or_default())
            })
            .collect();
        let components = (0..self.components.len())
            .map(|number| self.component(number, extra.remove(&Item::Component(number as u32)).unwrap_or_default()))
            .collect();
        Bom {
            version: 1,
            serial_number: Some(UrnUuid(serial::NONE.to_owned())),
            metadata: Some(Metadata {
                tools: Some(Tools::Object {
                    services: None,
                    components: Some(Components(vec![Component {
                        ..Component::new(Classification::Application, "driftgate", env!("CARGO_PKG_VERSION"), None)
                    }])),
                }),
                component: Some(self.tree(about, subjects)),
                properties: Some(Properties(vec![Property::new(properties::SCHEMA, properties::VERSION)])),
                ..Metadata::default()
            }),
            components: Some(Components(components)),
            services: None,
            external_references: None,
            dependencies: Some(dependencies),
            compositions: None,
            properties: None,
            vulnerabilities: None,
            signature: None,
            annotations: None,
            formulation: None,
            spec_version: SpecVersion::V1_5,
        }
    }

    /// Returns what the BOM is about: the tree, which is made of subjects. It has the name of its one project, if it has
    /// just one; the folder's name is the machine's.
    fn tree(&self, about: Option<&model::Component>, subjects: Vec<Component>) -> Component {
        let roots: BTreeSet<Text> =
            self.graph.components().filter(Resolved::is_root).map(|root| root.component.name()).collect();
        let name = if roots.len() == 1 { roots.first().copied().unwrap_or_default() } else { "tree" };
        let mut tree = Component::new(Classification::Application, name, "", Some(properties::TREE.to_owned()));
        tree.version = None;
        if let Some(about) = about {
            tree.component_type = classification(about.kind);
            tree.name = NormalizedString::new(about.purl.name());
            tree.version = (!about.version().is_empty()).then(|| NormalizedString::new(about.version()));
            tree.purl = about.purl.as_str().parse().ok();
        }
        tree.components = (!subjects.is_empty()).then_some(Components(subjects));
        tree
    }

    fn subject(&self, subject: &Subject, extra: Vec<Property>) -> Component {
        let mut component = Component::new(Classification::File, subject.path, "", Some(subject_ref(subject)));
        component.version = None;
        let path = (!(self.is_plain)(subject.path)).then(|| ("path".to_owned(), subject.path.to_owned()));
        let environment = Some(subject.environment).filter(|environment| !environment.is_empty());
        let environment = environment.map(|environment| ("environment".to_owned(), environment.to_owned()));
        let fields: Fields = path.into_iter().chain(environment).collect();
        let read_by = properties::encode(subject.format, &fields);
        let mut properties = vec![Property::new(properties::SUBJECT, &read_by)];
        let says = subject.says;
        // Of a format that has none, its name says so, where there is none.
        let yields = formats::named(subject.format).map_or(&[][..], |format| format.yields());
        let may_say_environments =
            yields.contains(&Yield::Environments) || subject.components().any(|node| !node.environment().is_empty());
        let facts = [
            ("edges", says.edges),
            ("scopes", says.scopes),
            ("environments", says.environments || !may_say_environments),
            ("integrity", says.integrity),
            ("origin", says.origin),
            ("licence", says.licence),
            ("whole", says.whole),
        ];
        let silent: Vec<&str> = facts.iter().filter(|fact| !fact.1).map(|fact| fact.0).collect();
        if !silent.is_empty() {
            properties.push(Property::new(properties::SILENT, &properties::list(&silent)));
        }
        properties.extend(subject.sources.iter().map(|(address, _)| Property::new(properties::INDEX, address)));
        properties.extend(layers(subject));
        properties.extend(self.gaps(subject));
        properties.extend(extra);
        component.properties = Some(Properties(properties));
        component
    }

    fn component(&self, number: usize, extra: Vec<Property>) -> Component {
        let (of, copy) = self.components[number];
        let purl = of.purl;
        let mut component =
            Component::new(classification(of.kind), purl.name(), of.version(), Some(self.refs[number].to_owned()));
        if of.version().is_empty() {
            component.version = None;
        }
        if !purl.namespace().is_empty() {
            component.group = Some(NormalizedString::new(purl.namespace()));
        }
        component.purl = purl.as_str().parse().ok();
        component.scope = self.places[number].iter().filter_map(|(_, place)| place.scope()).min().map(scope);
        let hashes: Vec<Hash> = of.digests.iter().filter_map(hash).collect();
        component.hashes = (!hashes.is_empty()).then_some(Hashes(hashes));
        if !of.licence.is_empty() {
            let expression = SpdxExpression::try_from(of.licence.to_owned()).map(LicenseChoice::Expression);
            component.licenses =
                Some(Licenses(vec![expression.unwrap_or_else(|_| LicenseChoice::license(of.licence))]));
        }
        component.external_references = reference(of.origin).map(|reference| ExternalReferences(vec![reference]));
        let mut properties: Vec<Property> =
            of.properties.iter().map(|(name, value)| self.property(name, value)).collect();
        if !(self.is_plain)(of.licence) || of.licence.trim() != of.licence {
            properties.push(Property::new(properties::LICENCE, &properties::encode(of.licence, &[])));
        }
        properties.extend(properties::origin(of.origin).map(|value| Property::new(properties::SOURCE, &value)));
        // Digests that CycloneDX has no name for.
        properties.extend(
            of.digests
                .iter()
                .filter(|digest| hash(digest).is_none())
                .map(|digest| Property::new(properties::DIGEST, &digest.to_string())),
        );
        properties.extend(self.stacks.get(&std::ptr::from_ref(of)).into_iter().flatten().cloned());
        if !copy.is_empty() {
            properties.push(Property::new(properties::COPY, &properties::encode(copy, &[])));
        }
        properties.extend(self.occurrences(number));
        properties.extend(self.brought(number));
        properties.extend(extra);
        component.properties = Some(Properties(properties));
        component
    }

    /// Writes a component's own property, by another name where it would be read as another.
    fn property(&self, name: &str, value: &str) -> Property {
        let is_plain = |text: &str| (self.is_plain)(text);
        if name.starts_with(properties::PREFIX) || !is_plain(name) || !is_plain(value) {
            let value = properties::encode(name, &[("value".to_owned(), value.to_owned())]);
            return Property::new(properties::PROPERTY, &value);
        }
        Property::new(name, value)
    }

    /// Says which subjects have the component: those without more to say in one line, the others in one each.
    fn occurrences(&self, number: usize) -> Vec<Property> {
        let mut plain = Vec::new();
        let mut properties = Vec::new();
        for (subject, node) in &self.places[number] {
            let path = self.graph.subjects()[*subject as usize].path;
            let fields: Fields =
                [("root", if node.is_root() { "true" } else { "" }), ("environment", node.environment())]
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
            if fields.is_empty() {
                plain.push(path);
            } else {
                properties.push(Property::new(properties::IN, &properties::encode(path, &fields)));
            }
        }
        if !plain.is_empty() {
            properties.insert(0, Property::new(properties::SUBJECTS, &properties::list(&plain)));
        }
        properties
    }

    /// Says which layers of images brought the component.
    fn brought(&self, number: usize) -> Vec<Property> {
        let places = &self.places[number];
        let brought = places.iter().filter_map(|(subject, node)| Some((*subject, node.layer()?)));
        let property = |(subject, layer): (u32, &'static Layer)| {
            let path = self.graph.subjects()[subject as usize].path.to_owned();
            let path = (places.len() > 1).then_some(("in".to_owned(), path));
            Property::new(properties::BROUGHT, &properties::encode(&layer.number.to_string(), path.as_slice()))
        };
        brought.map(property).collect()
    }

    /// Returns the union of all subjects' edges, and the properties of what the union alone would say wrong.
    fn dependencies(&self) -> (Dependencies, BTreeMap<Item, Vec<Property>>) {
        let mut edges: Vec<(Item, u32, u32, &'static Requirement)> = Vec::new();
        for (number, subject) in self.graph.subjects().iter().enumerate() {
            let number = number as u32;
            let number_of = |node: Resolved<'_>| self.numbers[&node.identity()];
            // The range is the manifest's business and changes without drift; what is pinned is how an edge gets in.
            let kept = |asked: &'static Requirement| Requirement { constraint: "", ..*asked }.intern();
            for link in subject.requires() {
                edges.push((Item::Subject(number), number_of(link.to), number, kept(link.requirement)));
            }
            for node in subject.components() {
                let from = Item::Component(number_of(node));
                for link in node.requires() {
                    edges.push((from, number_of(link.to), number, kept(link.requirement)));
                }
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let mut dependencies: BTreeMap<Item, Vec<String>> = BTreeMap::new();
        let mut extra: BTreeMap<Item, Vec<Property>> = BTreeMap::new();
        for pair in edges.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (from, to) = (pair[0].0, pair[0].1);
            dependencies.entry(from).or_default().push(self.refs[to as usize].to_owned());
            let both = self.both(from, to);
            let default = Requirement::default();
            if pair.iter().all(|edge| *edge.3 == default) && pair.len() == both {
                continue;
            }
            let mut ways: BTreeMap<&'static Requirement, Vec<u32>> = BTreeMap::new();
            for edge in pair {
                ways.entry(edge.3).or_default().push(edge.2);
            }
            for (requirement, subjects) in ways {
                let mut fields: Fields = requirement_fields(requirement);
                if subjects.len() != both {
                    let paths = subjects.iter().map(|subject| self.graph.subjects()[*subject as usize].path);
                    fields.extend(paths.map(|path| ("in".to_owned(), path.to_owned())));
                }
                let value = properties::encode(self.refs[to as usize], &fields);
                extra.entry(from).or_default().push(Property::new(properties::EDGE, &value));
            }
        }
        // Every component has an entry: one without says that it requires nothing, none would say nothing.
        let subjects = self.graph.subjects().iter().enumerate();
        let tree = Dependency {
            dependency_ref: properties::TREE.to_owned(),
            dependencies: self.graph.subjects().iter().map(subject_ref).collect(),
        };
        let items = subjects
            .map(|(number, subject)| (Item::Subject(number as u32), subject_ref(subject)))
            .chain(self.refs.iter().enumerate().map(|(number, id)| (Item::Component(number as u32), (*id).to_owned())));
        let dependencies = items.map(|(item, id)| Dependency {
            dependency_ref: id,
            dependencies: dependencies.remove(&item).unwrap_or_default(),
        });
        (Dependencies(std::iter::once(tree).chain(dependencies).collect()), extra)
    }

    /// Counts the subjects that have both ends of an edge.
    fn both(&self, from: Item, to: u32) -> usize {
        let to = &self.places[to as usize];
        match from {
            Item::Subject(number) => usize::from(to.binary_search_by_key(&number, |place| place.0).is_ok()),
            Item::Component(from) => {
                let from = &self.places[from as usize];
                let (few, many) = if from.len() < to.len() { (from, to) } else { (to, from) };
                few.iter().filter(|place| many.binary_search_by_key(&place.0, |place| place.0).is_ok()).count()
            }
        }
    }

    /// Returns a subject's requirements without an exact answer.
    fn gaps(&self, subject: &Subject) -> impl Iterator<Item = Property> {
        let values = subject.declared.iter().map(|declared| {
            let mut fields = requirement_fields(declared.requirement);
            let id = |node: Resolved<'_>| self.refs[self.numbers[&node.identity()] as usize].to_owned();
            if let Some(from) = subject.node(declared.from) {
                fields.push(("from".to_owned(), id(from)));
            }
            match &declared.gap {
                Gap::Ambiguous(candidates) => {
                    let candidates = candidates.iter().filter_map(|candidate| subject.node(*candidate));
                    fields.extend(candidates.map(|candidate| ("candidate".to_owned(), id(candidate))));
                }
                Gap::Unmet => fields.push(("gap".to_owned(), UNMET.to_owned())),
                Gap::Unpinned | Gap::Open => {}
            }
            properties::encode(declared.name, &fields)
        });
        // Not in the order of the file, which a BOM does not keep.
        let mut values: Vec<String> = values.collect();
        values.sort_unstable();
        values.into_iter().map(|value| Property::new(properties::GAP, &value))
    }
}

fn subject_ref(subject: &Subject) -> String {
    format!("subject:{}", subject.path)
}

/// Returns what is known of the components that carry a GPU runtime; a fork may be built otherwise in one subject than in
/// another, and then each is said.
fn stacks(graph: &Graph) -> HashMap<*const model::Component, Vec<Property>> {
    let mut facts: BTreeMap<(usize, &str, String), *const model::Component> = BTreeMap::new();
    for subject in graph.subjects() {
        let stack = crate::stacks::stack(subject);
        for carrier in stack.carriers.iter().filter(|carrier| carrier.cuda.is_known()) {
            let component = std::ptr::from_ref(carrier.component);
            let mut add = |name: &'static str, value: String| {
                facts.insert((component as usize, name, value), component);
            };
            add(properties::GPU_RUNTIME, carrier.cuda.to_string());
            carrier.driver_floor().into_iter().for_each(|floor| add(properties::GPU_DRIVER, floor.to_string()));
            if !carrier.architectures.is_empty() {
                add(properties::GPU_KERNELS, carrier.architectures.join(", "));
            }
        }
    }
    let mut stacks: HashMap<*const model::Component, Vec<Property>> = HashMap::new();
    // In the order of names and values: the address only tells components apart.
    for ((_, name, value), component) in facts {
        stacks.entry(component).or_default().push(Property::new(name, &value));
    }
    stacks
}

fn requirement_fields(requirement: &Requirement) -> Fields {
    let scope = if requirement.scope == model::Scope::Runtime { "" } else { requirement.scope.name() };
    [
        ("scope", scope),
        ("constraint", requirement.constraint),
        ("environment", requirement.environment),
        ("extra", requirement.extra),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

fn classification(kind: Kind) -> Classification {
    match kind {
        Kind::Library => Classification::Library,
        Kind::Application => Classification::Application,
        Kind::Container => Classification::Container,
        Kind::OperatingSystem => Classification::OperatingSystem,
        Kind::Framework => Classification::Framework,
        Kind::Model => Classification::MachineLearningModel,
        Kind::Data => Classification::Data,
        Kind::File => Classification::File,
        Kind::Platform => Classification::Platform,
    }
}

/// CycloneDX calls what is only needed to develop or build `excluded`.
fn scope(scope: model::Scope) -> Scope {
    match scope {
        model::Scope::Runtime | model::Scope::Peer => Scope::Required,
        model::Scope::Optional => Scope::Optional,
        model::Scope::Build | model::Scope::Dev => Scope::Excluded,
    }
}

fn hash(digest: &model::Digest) -> Option<Hash> {
    let alg = HashAlgorithm::new_unchecked(digest.algorithm.cyclonedx());
    (!matches!(alg, HashAlgorithm::UnknownHashAlgorithm(_)))
        .then(|| Hash { alg, content: HashValue(digest.hex.to_owned()) })
}

/// Returns what other tools read of a component's origin.
fn reference(origin: Origin) -> Option<ExternalReference> {
    let (kind, url) = match origin {
        Origin::Git { url, .. } => (ExternalReferenceType::Vcs, url),
        Origin::Url(url) => (ExternalReferenceType::Distribution, url),
        Origin::Registry(_) | Origin::Path(_) | Origin::Unknown => return None,
    };
    Some(ExternalReference::new(kind, Uri::try_from(url.to_owned()).ok()?))
}
