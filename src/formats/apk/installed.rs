//! `lib/apk/db/installed`: what apk has installed.
//!
//! Specification: apk-tools' "Apk spec", section "Installed Database V2". A purl carries the qualifiers that the field's
//! other tools write: `arch`, `distro`, and `upstream` for a package that was built as a part of another one.

use anyhow::Result;
use hashbrown::HashMap;

use super::dependency::Dependency;
use super::world;
use crate::entry;
use crate::formats::{Format, Near, Yield, os};
use crate::intern::{self, Text};
use crate::model::{Component, Declared, Gap, Inventory, Manifest, Node, NodeId, Purl, Requirement, Says};
use crate::source::{Place, Source};

entry! {
    /// `lib/apk/db/installed`, every package that apk has installed.
    ///
    /// Who requires whom is read, by package, library, command or path; what `etc/apk/world` asks for counts as direct, and
    /// without that file what nothing requires. The checksum is of a package's description, not of its files: it is kept as
    /// the property `apk:checksum`, for it tells two builds of one version apart.
    pub ApkInstalled = "apk-installed"
}

/// The paths of the database.
const FILES: &[&str] = &["usr/lib/apk/db/installed", "lib/apk/db/installed"];

impl Format for ApkInstalled {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["installed"]
    }

    fn takes(&self, path: &str) -> bool {
        os::is_below_root(path, FILES)
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with("C:Q") && text.contains("\nP:")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "apk-installed");
        inventory.says = Says { integrity: false, origin: false, ..Says::ALL };
        let mut package = Package::default();
        for line in source.text.lines().map(str::trim_end).chain([""]) {
            if line.is_empty() {
                std::mem::take(&mut package).add(&mut inventory, source);
            } else if line.as_bytes().get(1) == Some(&b':') && line.is_char_boundary(2) {
                package.field(&line[..1], line[2..].trim());
            } else {
                inventory.fault(source.place(line), "this is no field: a letter and a colon are missing");
            }
        }
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let root = os::root(inventory.subject, FILES).unwrap_or_default();
        let offers = offers(&inventory.nodes, &inventory.manifest.take().unwrap_or_default());
        resolve(inventory, &offers);
        let world = near.get(&format!("{root}{}", world::FILE)).and_then(|world| world.manifest.as_ref());
        let asked = world.into_iter().flat_map(|world| &world.facts).map(|(word, _)| Dependency::read(word));
        let chosen: Vec<NodeId> =
            asked.flat_map(|asked| offers.answers(asked.name, |offer| asked.fits(offer.version))).collect();
        os::ask(inventory, &chosen);
        os::release::name(inventory, near, root, "alpine");
    }
}

/// A package, as far as it has been read.
#[derive(Default)]
struct Package<'t> {
    is_begun: bool,
    first: &'t str,
    name: &'t str,
    version: &'t str,
    architecture: &'t str,
    licence: &'t str,
    origin: &'t str,
    checksum: &'t str,
    requires: Vec<&'t str>,
    provides: Vec<&'t str>,
}

impl<'t> Package<'t> {
    fn field(&mut self, letter: &str, value: &'t str) {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.first = value;
        }
        match letter {
            "P" => self.name = value,
            "V" => self.version = value,
            "A" => self.architecture = value,
            "L" => self.licence = value,
            "o" => self.origin = value,
            "C" => self.checksum = value,
            "D" => self.requires.extend(value.split_whitespace()),
            "p" => self.provides.extend(value.split_whitespace()),
            _ => {}
        }
    }

    /// Adds the package. What it requires waits as it stands for [`resolve`]; what it provides, as facts under its purl.
    fn add(self, inventory: &mut Inventory, source: &Source<'_>) {
        if self.name.is_empty() || self.version.is_empty() {
            if self.is_begun {
                let near = if self.name.is_empty() { self.first } else { self.name };
                let missing = if self.name.is_empty() { "no name" } else { "no version" };
                inventory.fault(source.place(near), format!("a package with {missing}"));
            }
            return;
        }
        let upstream = if self.origin == self.name { "" } else { self.origin };
        let qualifiers = [("arch", self.architecture), ("upstream", upstream)];
        let purl = Purl::new("apk", "alpine", self.name, self.version).with_qualifiers(&qualifiers);
        let checksum = (!self.checksum.is_empty()).then(|| ("apk:checksum", intern::text(self.checksum)));
        let component = Component {
            licence: intern::text(self.licence),
            properties: checksum.into_iter().collect(),
            ..Component::new(purl)
        };
        let node = inventory.add(component, source.place(self.name));
        let provides = self.provides.into_iter().map(|provided| (purl.as_str(), intern::text(provided)));
        inventory.manifest.get_or_insert_with(Manifest::default).facts.extend(provides);
        for required in self.requires.into_iter().filter(|word| !word.starts_with('!')) {
            let place = source.place(required);
            inventory.declare(node, intern::text(required), Requirement::default(), place, Gap::Open);
        }
    }
}

/// Returns what the packages offer.
fn offers(nodes: &[Node], provided: &Manifest) -> os::Offers {
    let mut offers = os::Offers::default();
    let mut by_purl: HashMap<Text, NodeId> = HashMap::with_capacity(nodes.len());
    for (node, id) in nodes.iter().zip(0..).skip(1) {
        let purl = node.component.map(|component| component.purl).unwrap_or_default();
        offers.add(purl.name(), os::Offer { node: id, version: purl.version(), is_own: true });
        by_purl.insert(purl.as_str(), id);
    }
    for (purl, provided) in &provided.facts {
        let Some(&node) = by_purl.get(purl) else { continue };
        let Dependency { name, version, .. } = Dependency::read(provided);
        offers.add(intern::text(name), os::Offer { node, version: intern::text(version), is_own: false });
    }
    offers
}

/// Makes edges of what waits; what nothing installed answers stays open.
fn resolve(inventory: &mut Inventory, offers: &os::Offers) {
    for waiting in std::mem::take(&mut inventory.declared) {
        if offers.is_spent() {
            inventory.fault(waiting.place, os::SPENT);
            break;
        }
        let asked = Dependency::read(waiting.name);
        let constraint = intern::text(&asked.constraint());
        let requirement = Requirement { constraint, ..*waiting.requirement };
        let place = Place { len: asked.name.len() as u32, ..waiting.place };
        let answers = offers.answers(asked.name, |offer| asked.fits(offer.version));
        if answers.is_empty() {
            let (name, requirement) = (intern::text(asked.name), requirement.intern());
            inventory.declared.push(Declared { name, requirement, place, ..waiting });
        }
        // What a package provides itself, it does not need of another.
        let is_own = answers.binary_search(&waiting.from).is_ok();
        for to in answers.into_iter().filter(|_| !is_own) {
            inventory.edge(waiting.from, to, requirement, place);
        }
    }
}
