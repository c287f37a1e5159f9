//! Who requires what, by the `# via` comments of the compilers.

use hashbrown::{HashMap, HashSet};

use super::Item;
use crate::formats::pypi::marker::{Overlap, overlap};
use crate::formats::pypi::pep508::{is_name, normal};
use crate::intern::{self, Text};
use crate::model::{Inventory, NodeId, Requirement, SUBJECT, Scope};

/// Where the reader stands in the comments after a requirement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// In none that matter.
    None,
    /// After a requirement: a `# via` may follow.
    Possible,
    /// Inside of a `# via` of several lines.
    Open,
}

/// Who requires it, by a `# via` comment.
pub(super) enum From {
    /// The project: an input file, or a project's own name.
    Project { group: Text },
    /// Another package, by its name in normal form.
    Package(String),
}

/// Who requires an item.
pub(super) struct Links {
    pub(super) direct: Vec<(NodeId, Scope, Text)>,
    pub(super) from: Vec<NodeId>,
    pub(super) unclear: Vec<NodeId>,
}

/// How many pins of one name a `# via` is held against.
const MOST: usize = 16;

impl Links {
    /// Finds them; `loose` are the names of the lines that pin no version, so that there is no node for them.
    pub(super) fn of(
        &mut self,
        item: &Item,
        by_name: &HashMap<String, Vec<NodeId>>,
        loose: &HashSet<String>,
        inventory: &Inventory,
    ) {
        for via in &item.vias {
            match via {
                From::Project { group } => {
                    let scope = if group.is_empty() { Scope::Runtime } else { Scope::Dev };
                    self.direct.push((SUBJECT, scope, group));
                }
                From::Package(name) => {
                    let named = by_name.get(name).map_or(&[][..], Vec::as_slice);
                    let environment = |node: NodeId| inventory.nodes[node as usize].environment;
                    let possible: Vec<NodeId> = named
                        .iter()
                        .take(MOST)
                        .copied()
                        .filter(|&node| {
                            named.len() == 1
                                || named.len() > MOST
                                || overlap(&[environment(node), item.environment]) != Overlap::Never
                        })
                        .collect();
                    // What only this name requires, is required by it wherever it is installed.
                    if possible.len() == 1 || (item.vias.len() == 1 && named.len() <= MOST) {
                        self.from.extend(possible);
                    } else {
                        self.unclear.extend(possible);
                    }
                }
            }
        }
        if self.direct.is_empty() && self.from.is_empty() && self.unclear.is_empty() {
            // What a package without a version requires is there through that, and not by the project's own wish.
            let is_loose = |via: &From| matches!(via, From::Package(name) if loose.contains(name));
            let how = if item.vias.iter().any(is_loose) { Requirement::INDIRECT } else { "" };
            self.direct.push((SUBJECT, Scope::Runtime, how));
        }
    }
}

/// Reads one entry of a `# via` comment; none for what adds nothing, as a constraint file.
pub(super) fn from(text: &str) -> Option<From> {
    let text = text.trim();
    if ["-r ", "--requirement ", "-e ", "--editable "].iter().any(|option| text.starts_with(option)) {
        return Some(From::Project { group: "" });
    }
    if text.starts_with('-') {
        return None;
    }
    if let Some((_, file)) = text.split_once('(') {
        // uv names a group after a colon: `app (pyproject.toml:dev)`.
        let group = file.trim_end_matches(')').rsplit_once(".toml:").map_or("", |(_, group)| group);
        return Some(From::Project { group: intern::text(group) });
    }
    let name = text.split(['[', ' ']).next().unwrap_or(text);
    is_name(name).then(|| From::Package(normal(name)))
}
