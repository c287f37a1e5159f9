//! Lists of requirement strings in other tools' files: what such a list asks of pip.

use super::constraint::pinned;
use super::pep508;
use crate::intern;
use crate::model::{Component, Gap, Inventory, Purl, Requirement, SUBJECT};
use crate::syntax::yaml::Node;

/// Adds what a list asks for: what it pins as components, the rest as requirements without an exact answer. Of options, those
/// count that name an index.
pub(in crate::formats) fn add(inventory: &mut Inventory, items: &[Node<'_>]) {
    for item in items {
        let (Some(text), place) = (item.text().map(str::trim), item.place) else {
            inventory.fault(item.place, "no requirement; write `name==version`");
            continue;
        };
        if text.starts_with('-') {
            let parted = text.split_once([' ', '=']);
            let address = parted.map_or("", |(_, address)| address.trim_matches(['=', ' ']));
            let names_index =
                |option: &str| matches!(option, "-i" | "--index-url" | "--extra-index-url" | "-f" | "--find-links");
            if parted.is_some_and(|(option, _)| names_index(option)) && !address.is_empty() {
                inventory.look_up(address, place);
            }
            continue;
        }
        // A folder or a file of the project's own has no name here.
        if text.is_empty() || text.starts_with(['.', '/']) {
            continue;
        }
        let read = pep508::Requirement::read(text);
        let address = read.as_ref().map_or(text, |read| read.address);
        let (name, marker) = match &read {
            Ok(read) => (read.name, read.marker),
            Err(_) => (pep508::Address::read(text).name.unwrap_or_default(), ""),
        };
        if let Err(message) = &read
            && name.is_empty()
        {
            let is_address = text.contains("://");
            let message = if is_address { "the address names no package; write `name @ address`" } else { message };
            inventory.fault(place, message);
            continue;
        }
        let constraint = match &read {
            Ok(read) => read.constraint(),
            Err(_) => pep508::constraint_of(text),
        };
        let environment = intern::text(marker);
        let requirement = Requirement { constraint, environment, ..Requirement::default() };
        let mut component = None;
        let mut floats = true;
        if !address.is_empty() {
            let address = pep508::Address::read(address);
            let mut found = Component::new(Purl::new("pypi", "", name, address.version.unwrap_or_default()));
            (found.origin, found.digests, floats) = (address.origin, address.digests, address.floats);
            component = Some(found);
        } else if let Some(version) = read.as_ref().ok().and_then(|read| pinned(read.specifiers)) {
            component = Some(Component::new(Purl::new("pypi", "", name, version)));
            floats = false;
        }
        if let Some(component) = component {
            let node = inventory.add(component, place);
            inventory.nodes[node as usize].environment = environment;
            inventory.edge(SUBJECT, node, requirement, place);
        }
        if floats {
            let name = read.as_ref().map_or_else(|_| intern::text(name), |read| read.with_extras());
            inventory.declare(SUBJECT, name, requirement, place, Gap::Unpinned);
        }
    }
}
