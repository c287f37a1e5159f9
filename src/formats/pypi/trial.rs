//! What tests of this folder share: a handful of files, read and joined, told in lines.

#![allow(clippy::unwrap_used)]

use crate::formats::{self, Near};
use crate::intern;
use crate::model::{Gap, Inventory, NodeId, Requirement, Scope};
use crate::source::{FileId, Place, Source};

/// Reads files, joins the one at `path` with the others, and tells what it says, a line each.
pub fn told(files: &[(&str, &str)], path: &str) -> Vec<String> {
    let mut inventories = Vec::new();
    for ((path, text), file) in files.iter().zip(0..) {
        let source = Source { file: FileId(file), path: intern::text(path), text };
        let format = formats::of_file(path).unwrap_or(&super::requirements::RequirementsTxt);
        match format.parse(&source) {
            Ok(inventory) => inventories.push(inventory),
            Err(error) => return vec![format!("error: {error}")],
        }
    }
    inventories.sort_by_key(|inventory| inventory.subject);
    let mut inventory = inventories.iter().find(|inventory| inventory.subject == path).unwrap().clone();
    let format = formats::named(inventory.format).unwrap();
    format.join(&mut inventory, &Near { inventories: &inventories, sources: None });
    tell(&inventory, files)
}

fn tell(inventory: &Inventory, files: &[(&str, &str)]) -> Vec<String> {
    let cut = |place: Place| {
        let text = files[place.file.0 as usize].1;
        &text[place.start as usize..(place.start + place.len) as usize]
    };
    let name = |node: NodeId| {
        inventory.component(node).map_or("·", |component| &component.purl.as_str()["pkg:pypi/".len()..])
    };
    let asks = |requirement: &Requirement| {
        let mut text = String::new();
        if requirement.scope != Scope::Runtime {
            text.push_str(&format!(" {}", requirement.scope.name()));
        }
        for (sign, part) in [("", requirement.constraint), ("; ", requirement.environment), ("+", requirement.extra)] {
            if !part.is_empty() {
                text.push_str(&format!(" {sign}{part}"));
            }
        }
        text
    };
    let mut lines = Vec::new();
    for edge in &inventory.edges {
        let spelled = super::pep508::normal(cut(edge.place));
        let wanted = inventory.component(edge.to).unwrap().purl.name();
        assert!(spelled.contains(wanted), "the place of {wanted} is at {spelled:?}");
        lines.push(format!("{} > {}{}", name(edge.from), name(edge.to), asks(edge.requirement)));
    }
    for declared in &inventory.declared {
        let gap = match &declared.gap {
            Gap::Ambiguous(nodes) => nodes.iter().map(|node| name(*node)).collect::<Vec<_>>().join(" or "),
            gap => format!("{gap:?}").to_lowercase(),
        };
        lines.push(format!("{} > {} ?{}: {gap}", name(declared.from), declared.name, asks(declared.requirement)));
    }
    for fault in &inventory.faults {
        lines.push(format!("{}: {}", cut(fault.place), fault.message));
    }
    lines
}

/// Says that reading any cut of a text, or the text with one byte changed, neither panics nor hangs.
pub fn survives(path: &str, text: &str) {
    let check = |text: &str| {
        let manifest = "[project]\nname = \"a\"\ndependencies = [\"b>=1\"]\n";
        for inventory in told_raw(&[("pyproject.toml", manifest), (path, text)]) {
            for node in &inventory.nodes {
                assert!(node.place.file.0 == 0 || (node.place.start + node.place.len) as usize <= text.len());
            }
        }
    };
    for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        check(&text[..at]);
        for instead in ["", "\"", "[", "]", "\\", "\n", "é", "#", "@", ";"] {
            let next = (at + 1..=text.len()).find(|&next| text.is_char_boundary(next)).unwrap();
            check(&format!("{}{instead}{}", &text[..at], &text[next..]));
        }
    }
}

fn told_raw(files: &[(&str, &str)]) -> Vec<Inventory> {
    let mut inventories = Vec::new();
    for ((path, text), file) in files.iter().zip(0..) {
        let source = Source { file: FileId(file), path: intern::text(path), text };
        inventories.extend(formats::of_file(path).unwrap().parse(&source));
    }
    inventories.sort_by_key(|inventory| inventory.subject);
    let near = inventories.clone();
    for inventory in &mut inventories {
        formats::named(inventory.format).unwrap().join(inventory, &Near { inventories: &near, sources: None });
    }
    inventories
}
