//! How a lock's requirements find the packages that answer them, and the project its direct ones.

use hashbrown::{HashMap, HashSet};

use super::locked::{Answer, Locked};
use super::marker::both;
use super::pep508::{normal, shown};
use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{Declared, Edge, Gap, Inventory, NodeId, Requirement, SUBJECT, Scope};
use crate::source::{self, Place, Source};

/// Which groups and extras of a project a lock was made for, where it does not say so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MadeFor {
    /// All that its tool knows: of one that it holds something of, all is there.
    All,
    /// Those that people chose: what it holds may be there for others, so that only one of which all is there is held.
    Chosen,
}

/// Lets the project of the `pyproject.toml` beside a lock require what it asks for; until then the subject itself requires
/// what no other package leads to. Of the groups and extras that the lock was not made for nothing is asked. Where a lock does
/// not keep all of who requires whom, what the project does not ask for itself is there for others, and not by its own wish.
/// `mend` says how to make a lock whole that lacks something.
pub fn join_project(inventory: &mut Inventory, near: &Near<'_>, made_for: MadeFor, mend: &'static str) {
    let Some(path) = source::join(source::folder(inventory.subject), "pyproject.toml") else { return };
    let Some(manifest) = near.get(&path).filter(|manifest| manifest.format == "pyproject") else { return };
    inventory.sources.extend(&manifest.sources);
    let root = manifest.nodes.iter().find(|node| node.root);
    if root.is_none() && manifest.declared.is_empty() {
        return;
    }
    let groups = inventory.manifest.take().map(|held| held.facts);
    let (mut heads, edges): (Vec<Edge>, Vec<Edge>) =
        std::mem::take(&mut inventory.edges).into_iter().partition(|edge| edge.from == SUBJECT);
    // PDM's table in `pylock.toml` lacks what extras require.
    if !inventory.says.edges || inventory.format == "pylock" {
        for head in &mut heads {
            head.requirement = Requirement { extra: Requirement::INDIRECT, ..*head.requirement }.intern();
        }
    }
    inventory.edges = edges;
    inventory.says.scopes = true;
    let project = root.and_then(|node| Some(inventory.add_root(node.component?.clone(), node.place)));
    let from = project.unwrap_or(SUBJECT);
    if let Some(project) = project {
        let of_subject = std::mem::take(&mut inventory.nodes[SUBJECT as usize].environment);
        inventory.nodes[project as usize].environment = of_subject;
    }
    let locked = Locked::of(inventory);
    let open = || manifest.declared.iter().filter(|asked| asked.gap == Gap::Open);
    let groups: HashSet<String> = match groups {
        Some(facts) => facts.into_iter().filter(|(key, _)| *key == GROUP).map(|(_, group)| normal(group)).collect(),
        None => held_groups(inventory, &locked, open(), made_for),
    };
    for asked in open().filter(|asked| groups.contains(&group(asked))) {
        let (name, wanted) = asked.name.split_once('[').unwrap_or((asked.name, ""));
        let mut requirement = *asked.requirement;
        let Requirement { scope, environment, .. } = requirement;
        let is_excused = !environment.is_empty() || (scope == Scope::Optional && requirement.extra.is_empty());
        if scope == Scope::Runtime && requirement.extra.is_empty() {
            requirement.extra = asked_extras(wanted.trim_end_matches(']').split(','));
        }
        let ask = Asking { from, name, requirement, place: asked.place, is_excused, may_be_overridden: false, mend };
        ask.settle(inventory, &locked, &[environment]);
    }
    reattach(inventory, &heads);
}

/// Records for which Pythons a lock was made, as it says so: the condition of its project, once; of the subject itself until
/// there is one.
pub fn pythons(inventory: &mut Inventory, asked: Option<&str>) {
    let words: Vec<&str> = asked.unwrap_or_default().split_whitespace().collect();
    if words.is_empty() {
        return;
    }
    let condition = intern::text(&format!("python {}", words.join(" ")));
    let project = inventory.nodes.iter().position(|node| node.root).unwrap_or(SUBJECT as usize);
    inventory.nodes[project].environment = condition;
}

/// The fact of a lock that one of the groups or extras is that it was made for.
pub const GROUP: &str = "pypi.group";

/// In the place of a group, what a project always requires.
pub const ALWAYS: &str = "default";

/// Returns the group or the extra of a project that a requirement is of, in its normal form; [`ALWAYS`] for none.
fn group(asked: &Declared) -> String {
    let Requirement { scope, extra, .. } = asked.requirement;
    if matches!(scope, Scope::Dev | Scope::Optional) { normal(extra) } else { ALWAYS.to_owned() }
}

/// Returns the extras that a requirement asks of what it requires, as one text: normal, parted by commas.
pub fn asked_extras<'e>(extras: impl IntoIterator<Item = &'e str>) -> Text {
    let extras: Vec<String> =
        extras.into_iter().map(|extra| normal(extra.trim())).filter(|one| !one.is_empty()).collect();
    intern::text(&extras.join(","))
}

/// Returns the groups and extras that a lock was made for, as far as it shows: `uv export` leaves extras out, `pdm lock --prod`
/// groups, and of those nothing is missing.
fn held_groups<'d>(
    inventory: &Inventory,
    locked: &Locked,
    asked: impl Iterator<Item = &'d Declared>,
    made_for: MadeFor,
) -> HashSet<String> {
    let (mut held, mut open) = (HashSet::new(), HashSet::new());
    for asked in asked {
        let group = group(asked);
        let name = asked.name.split('[').next().unwrap_or(asked.name);
        let Requirement { constraint, environment, .. } = *asked.requirement;
        match locked.answer(inventory, &normal(name), constraint, &[environment]) {
            Answer::Unmet if made_for == MadeFor::All => _ = held.insert(group),
            Answer::Missing | Answer::Unmet if environment.is_empty() => _ = open.insert(group),
            Answer::Missing | Answer::Unmet => {}
            Answer::Nodes(_) | Answer::Unclear(_) => _ = held.insert(group),
        }
    }
    let always = ALWAYS.to_owned();
    if made_for == MadeFor::Chosen {
        let is_for_some = held.contains(&always);
        held.retain(|group| !open.contains(group));
        // Of what a project always requires something may have been added since, unless the lock is for a group alone.
        if !is_for_some && !held.is_empty() {
            return held;
        }
    }
    held.insert(always);
    held
}

/// Which extras of a package bring others of its own along: `all = ["app[web]"]`.
#[derive(Default)]
pub struct Bringing(HashMap<String, Vec<String>>);

impl Bringing {
    /// The most extras that are told to bring one along.
    pub const MOST: usize = 32;

    /// Takes down that one extra brings another along.
    pub fn add(&mut self, extra: &str, brought: &str) {
        let all = self.0.entry(normal(brought)).or_default();
        if all.len() < Self::MOST {
            all.push(normal(extra));
        }
    }

    /// Returns these extras and what brings one of them along, [`Bringing::MOST`] of many, in their normal forms.
    pub fn all<'e>(&self, extras: impl IntoIterator<Item = &'e str>) -> Vec<String> {
        let mut all: Vec<String> = extras.into_iter().map(normal).collect();
        let mut seen: HashSet<String> = all.iter().cloned().collect();
        let most = all.len() + Self::MOST;
        let mut at = 0;
        while at < all.len() {
            for extra in self.0.get(&all[at]).into_iter().flatten() {
                if all.len() < most && seen.insert(extra.clone()) {
                    all.push(extra.clone());
                }
            }
            at += 1;
        }
        all
    }
}

/// A requirement on its way to the node that answers it.
pub struct Asking<'a> {
    /// Who requires.
    pub from: NodeId,
    /// What is required, by name.
    pub name: &'a str,
    /// How.
    pub requirement: Requirement,
    /// Where the file says so.
    pub place: Place,
    /// Whether the lock may lack it.
    pub is_excused: bool,
    /// Whether the lock's tool lets a project override what packages ask for: the one version that is locked is it then.
    pub may_be_overridden: bool,
    /// What to do where the lock lacks it.
    pub mend: &'static str,
}

impl Asking<'_> {
    /// Adds the edge, or says why there is none.
    pub fn settle(self, inventory: &mut Inventory, locked: &Locked, context: &[&str]) {
        let Asking { from, name, requirement, place, is_excused, may_be_overridden, mend } = self;
        let mut answer = locked.answer(inventory, &normal(name), requirement.constraint, context);
        if may_be_overridden && answer == Answer::Unmet {
            let all = locked.answer(inventory, &normal(name), "", context);
            answer = if matches!(&all, Answer::Nodes(nodes) if nodes.len() == 1) { all } else { answer };
        }
        match answer {
            Answer::Missing if is_excused => {}
            Answer::Missing => {
                let message = format!("\"{}\" is required, but the lock does not hold it; {mend}", shown(name));
                inventory.fault(place, message);
            }
            Answer::Unmet if is_excused => {}
            Answer::Unmet => inventory.fault(
                place,
                format!(
                    "no locked version of \"{}\" satisfies \"{}\"; {mend}",
                    shown(name),
                    shown(requirement.constraint)
                ),
            ),
            Answer::Nodes(nodes) => {
                for &to in &nodes {
                    let mut requirement = requirement;
                    if nodes.len() > 1 {
                        let own = inventory.nodes[to as usize].environment;
                        requirement.environment = intern::text(&both(requirement.environment, own));
                    }
                    inventory.edge(from, to, requirement, place);
                }
            }
            Answer::Unclear(nodes) => {
                inventory.declare(from, intern::text(name), requirement, place, Gap::Ambiguous(nodes));
            }
        }
    }
}

/// Adds those of `heads`, edges from the subject, whose node no other way leads to.
pub fn reattach(inventory: &mut Inventory, heads: &[Edge]) {
    let mut requires: Vec<Vec<NodeId>> = vec![Vec::new(); inventory.nodes.len()];
    for edge in &inventory.edges {
        requires[edge.from as usize].push(edge.to);
    }
    for declared in &inventory.declared {
        if let Gap::Ambiguous(nodes) = &declared.gap {
            requires[declared.from as usize].extend(nodes);
        }
    }
    let mut reached = vec![false; inventory.nodes.len()];
    let mut flood = |from: NodeId, reached: &mut Vec<bool>| {
        let mut waiting = vec![from];
        while let Some(node) = waiting.pop() {
            if !std::mem::replace(&mut reached[node as usize], true) {
                waiting.append(&mut requires[node as usize]);
            }
        }
    };
    flood(SUBJECT, &mut reached);
    let mut last: Option<NodeId> = None;
    for head in heads {
        // The edges to one node, one for each of its groups, stand side by side.
        if last == Some(head.to) || !reached[head.to as usize] {
            inventory.edges.push(*head);
            flood(head.to, &mut reached);
            last = Some(head.to);
        }
    }
}

/// Returns the condition under which either holds; an empty one always does.
pub fn either(one: Text, other: Text) -> Text {
    match (one, other) {
        ("", _) | (_, "") => "",
        _ if one == other => one,
        _ => intern::text(&format!("({one}) or ({other})")),
    }
}

/// Returns a place without the quotation marks around it.
pub fn bare(source: &Source<'_>, place: Place) -> Place {
    let (start, end) = (place.start as usize, place.start as usize + place.len as usize);
    let Some(text) = source.text.get(start..end) else { return place };
    let inner = text.trim_matches(['"', '\'']);
    if inner.is_empty() { place } else { source.place(inner) }
}

/// Returns the place of a name within that of the requirement that it stands in.
pub fn named(source: &Source<'_>, requirement: Place, name: &str) -> Place {
    let (start, end) = (requirement.start as usize, (requirement.start + requirement.len) as usize);
    let text = source.text.get(start..end).unwrap_or_default();
    text.find(name).map_or(requirement, |at| source.place(&text[at..at + name.len()]))
}
