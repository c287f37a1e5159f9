//! What files that deploy containers have in common: the images that they name, and facts with their places.

use std::collections::{BTreeMap, BTreeSet};

use super::reference::Reference;
use crate::formats::Format;
use crate::intern::{self, Text};
use crate::model::{
    Component, Digest, Fact, FactKind, Gap, Inventory, NodeId, Part, PartKind, Requirement, SUBJECT, Says, Scope,
    secret,
};
use crate::source::{Place, Source};
use crate::syntax::yaml::Node;

/// What a file deploys, while it is read.
pub(crate) struct Deployment<'s, 't> {
    /// The file.
    pub source: &'s Source<'t>,
    /// What it says so far.
    pub inventory: Inventory,
    /// How the images that are added next are required.
    pub scope: Scope,
    images: Images,
}

impl<'s, 't> Deployment<'s, 't> {
    /// Returns a deployment that says nothing yet.
    pub fn new(source: &'s Source<'t>, format: &dyn Format) -> Self {
        let mut inventory = Inventory::new(source, format.id());
        inventory.says = Says { licence: false, ..Says::ALL };
        Deployment { source, inventory, scope: Scope::Runtime, images: Images::default() }
    }

    /// Adds an image that runs: one node, however many containers run it.
    pub fn image(&mut self, text: &str, place: Place) -> Option<NodeId> {
        self.image_at(text, place, place)
    }

    /// Adds an image whose version stands at another place than its name.
    pub fn image_at(&mut self, text: &str, place: Place, asked: Place) -> Option<NodeId> {
        if is_placeholder(text) {
            self.unpinned(text, place);
            return None;
        }
        match Reference::parse(text) {
            Ok(reference) => {
                Some(self.images.add(&mut self.inventory, reference.component(), place, self.scope, asked))
            }
            Err(message) => {
                self.inventory.fault(place, message);
                None
            }
        }
    }

    /// Gives each image the platforms that its containers name; none where one names none.
    pub fn platforms(&mut self) {
        let mut platforms: BTreeMap<NodeId, BTreeSet<Text>> = BTreeMap::new();
        for part in &self.inventory.parts {
            let Some(image) = part.image else { continue };
            let named = part.facts_of(FactKind::Platform).next().map_or("", |fact| fact.value);
            platforms.entry(image).or_default().insert(named);
        }
        for (image, platforms) in platforms.into_iter().filter(|(_, platforms)| !platforms.contains("")) {
            let all: Vec<Text> = platforms.into_iter().collect();
            self.inventory.nodes[image as usize].environment = intern::text(&all.join(" or "));
        }
    }

    /// Adds an image whose name is filled in elsewhere.
    pub fn unpinned(&mut self, text: &str, place: Place) {
        unpinned(&mut self.inventory, text, place, self.scope);
    }

    /// Adds a package that is no image: a chart.
    pub fn package(&mut self, component: Component, place: Place, asked: Place) {
        self.images.add(&mut self.inventory, component, place, self.scope, asked);
    }

    /// Adds a container.
    pub fn container(&mut self, name: &str, image: Option<NodeId>, runs: bool, mut facts: Vec<Fact>, place: Place) {
        facts.sort_by_key(|fact| fact.place);
        let (name, kind) = (intern::text(name), PartKind::Container);
        self.inventory.parts.push(Part { name, kind, base: None, image, runs, facts, place });
    }
}

/// The images of an inventory: each is one node, however many containers run it.
#[derive(Debug, Default)]
pub(crate) struct Images {
    nodes: BTreeMap<(Text, Option<Digest>), NodeId>,
    edges: BTreeSet<(NodeId, Scope)>,
}

impl Images {
    /// Adds an image to what a subject requires, and returns its number.
    pub fn add(
        &mut self,
        inventory: &mut Inventory,
        component: Component,
        place: Place,
        scope: Scope,
        asked: Place,
    ) -> NodeId {
        // Two digests of one tag are two images.
        let key = (component.purl.as_str(), component.digests.first().copied());
        let node = *self.nodes.entry(key).or_insert_with(|| inventory.add(component, place));
        if self.edges.insert((node, scope)) {
            inventory.edge(SUBJECT, node, Requirement::of(scope), asked);
        }
        node
    }
}

/// Declares an image whose name is filled in elsewhere.
pub(crate) fn unpinned(inventory: &mut Inventory, text: &str, place: Place, scope: Scope) {
    let requirement = Requirement { constraint: intern::text(text), ..Requirement::of(scope) };
    inventory.declare(SUBJECT, intern::text(text), requirement, place, Gap::Unpinned);
}

/// Says whether an image's name has parts that something else fills in: `${TAG}`, `{{tag}}`, `<tag>`, `PROJECT_ID`. No
/// repository is named so.
pub(crate) fn is_placeholder(text: &str) -> bool {
    let path = text.split_once('/').map_or(text, |(_, path)| path);
    let path = path.split(['@', ':']).next().unwrap_or(path);
    let tag = text.split('@').next().and_then(|text| text.rsplit_once(':')).map_or("", |(_, tag)| tag);
    let is_mark = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_word = |part: &str| part.starts_with(|first: char| first.is_ascii_uppercase());
    text.contains(['$', '{', '}', '<', '>', '%', '(', ')', '*', '!'])
        || path.contains(|letter: char| letter.is_ascii_uppercase())
        || (tag.contains('_') && tag.bytes().all(is_mark) && tag.split('_').all(is_word))
}

/// Returns a fact whose value is this scalar.
pub(crate) fn fact(kind: FactKind, name: &str, value: &Node<'_>) -> Fact {
    said(kind, name, value.text().unwrap_or_default(), value.place)
}

/// Returns a fact that is said at a place.
pub(crate) fn said(kind: FactKind, name: &str, value: &str, place: Place) -> Fact {
    let value = if kind == FactKind::Env { secret::value(name, value).0 } else { value.into() };
    Fact { kind, name: intern::text(name), value: intern::text(&value), detail: "", place }
}

/// Returns the place from the begin of the first to the end of the last of these.
pub(crate) fn across(nodes: &[&Node<'_>]) -> Option<Place> {
    let (first, last) = (nodes.first()?.place, nodes.last()?.place);
    let len = (last.start + last.len).checked_sub(first.start).unwrap_or(first.len);
    Some(Place { len, ..first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_filled_in_are_told_from_names() {
        for (text, expected) in [
            ("nginx:1.27", false),
            ("registry.example:5000/team/app:V1", false),
            ("Registry.example/team/app", false),
            ("app@sha256:00", false),
            ("registry.example/PROJECT_ID/app:1", true),
            ("IMAGE:TAG", true),
            ("app:IMAGE_TAG", true),
            ("app:V1_2", false),
            ("app:V1-2", false),
            ("app:${TAG}", true),
            ("{{inputs.parameters.image}}", true),
            ("<registry>/app", true),
            ("$(params.image)", true),
        ] {
            assert_eq!(is_placeholder(text), expected, "{text}");
        }
    }
}
