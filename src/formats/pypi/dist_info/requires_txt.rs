//! Requirements, as metadata spells them, and `requires.txt` of an egg-info, which older setuptools write in their place.
//!
//! Specification: setuptools, "The Internal Structure of Python Eggs", `requires.txt`: one requirement a line, in sections
//! `[extra]`, `[:marker]` and `[extra:marker]`.

use crate::formats::pypi::marker;
use crate::formats::pypi::normal;
use crate::formats::pypi::pep508::Requirement as Spelled;
use crate::intern;
use crate::model::{Gap, Inventory, NodeId, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};

/// Reads a `requires.txt`; its requirements are the subject's, until the package is known.
pub(super) fn read(source: &Source<'_>, inventory: &mut Inventory) {
    let mut section = String::new();
    for line in source.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(head) => {
                let (extra, condition) = head.split_once(':').unwrap_or((head, ""));
                let extra = if extra.is_empty() { String::new() } else { format!("extra == '{extra}'") };
                section = marker::both(condition.trim(), &extra);
            }
            None => require(source, inventory, SUBJECT, line, &section),
        }
    }
}

/// Adds a requirement, under a condition beside its own; it waits for what is installed.
pub(super) fn require(source: &Source<'_>, inventory: &mut Inventory, from: NodeId, text: &str, condition: &str) {
    require_at(&|part| source.place(part), inventory, from, text, condition);
}

/// Adds a requirement as [`require`] does, where its text is no slice of the source: `place` says where a part stands.
pub(in crate::formats::pypi) fn require_at(
    place: &dyn Fn(&str) -> Place,
    inventory: &mut Inventory,
    from: NodeId,
    text: &str,
    condition: &str,
) {
    let spelled = match Spelled::read(text) {
        Ok(spelled) => spelled,
        Err(message) => {
            inventory.fault(place(text), message);
            return;
        }
    };
    let marker = marker::both(spelled.marker, condition);
    let (extras, environment) = marker::without_extras(&marker);
    let (constraint, environment) = (spelled.constraint(), intern::text(&environment));
    let (name, place) = (spelled.with_extras(), place(spelled.name));
    if extras.is_empty() {
        let asked: Vec<String> = spelled.extras.iter().map(|extra| normal(extra)).collect();
        let extra = intern::text(&asked.join(","));
        let requirement = Requirement { scope: Scope::Runtime, constraint, environment, extra };
        inventory.declare(from, name, requirement, place, Gap::Open);
    }
    for extra in extras {
        let extra = intern::text(&normal(extra));
        let requirement = Requirement { scope: Scope::Optional, constraint, environment, extra };
        inventory.declare(from, name, requirement, place, Gap::Open);
    }
}
