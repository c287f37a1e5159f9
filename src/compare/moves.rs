//! Environments that stand at another path than they did: of another Python, or moved.

use std::collections::BTreeMap;

use crate::formats;
use crate::graph::{Graph, Subject};
use crate::intern::Text;

/// Returns the environments that stand at another path on either side: those of another Python, and of each kind the one,
/// where each side has just one more.
pub(super) fn moves<'g>(old: &'g Graph, new: &'g Graph) -> Vec<(&'g Subject, &'g Subject)> {
    let alone = |here: &'g Graph, there: &Graph| -> Vec<&'g Subject> {
        let is_alone = |subject: &&Subject| {
            formats::named(subject.format).is_some_and(|format| format.is_installed())
                && there.subject(subject.path).is_none()
        };
        here.subjects().iter().filter(is_alone).collect()
    };
    let (mut olds, mut news) = (alone(old, new), alone(new, old));
    let of_any_python = |subject: &Subject| {
        let parts = subject.path.split('/').map(|part| match part.strip_prefix("python3.") {
            Some(minor) if minor.bytes().all(|digit| digit.is_ascii_digit()) => "python3",
            _ => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let of_any_place = |subject: &Subject| {
        let image = subject.path.split_once("!/").map_or("", |(image, _)| image);
        let name = subject.path.rsplit('/').next().unwrap_or(subject.path);
        format!("{image}!/{name}")
    };
    let kinds: [&dyn Fn(&Subject) -> String; 2] = [&of_any_python, &of_any_place];
    let mut moves = Vec::new();
    for kind in kinds {
        let group = |subjects: &[&'g Subject]| {
            let mut groups: BTreeMap<(Text, String), Vec<&'g Subject>> = BTreeMap::new();
            for subject in subjects {
                groups.entry((subject.format, kind(subject))).or_default().push(subject);
            }
            groups
        };
        let mut by_kind = group(&news);
        for (key, olds) in group(&olds) {
            if let ([old], [new]) = (olds.as_slice(), by_kind.remove(&key).unwrap_or_default().as_slice()) {
                moves.push((*old, *new));
            }
        }
        let is_paired =
            |subject: &Subject| moves.iter().any(|(old, new)| old.path == subject.path || new.path == subject.path);
        olds.retain(|subject| !is_paired(subject));
        news.retain(|subject| !is_paired(subject));
    }
    moves
}
