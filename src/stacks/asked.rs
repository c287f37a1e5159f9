//! What of a lockfile an image's build asks for: the members, extras and groups that its command names, and the packages
//! that those reach.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::formats::{conda, pypi};
use crate::graph::{Link, Resolved, Subject};
use crate::intern::Text;
use crate::model::{Gap, NodeId, Requirement, SUBJECT, Scope};

/// What a command asks for of a lockfile's project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// The members of the workspace; none for all.
    members: BTreeSet<String>,
    extras: Names,
    groups: Names,
    /// Whether it asks for the groups alone, without the project.
    only_groups: bool,
}

/// Some names, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Names {
    all: bool,
    named: BTreeSet<String>,
    without: BTreeSet<String>,
}

impl Names {
    fn hold(&self, name: &str) -> bool {
        let name = pypi::normal(name);
        (self.all || self.named.contains(&name)) && !self.without.contains(&name)
    }
}

impl Asked {
    /// Reads the command of a tool, with the variables that are known where it runs; none where it leaves open what it asks
    /// for, or the tool asks for all that is locked.
    pub fn of(tool: &str, command: &str, get: &dyn Fn(&str) -> Option<Text>) -> Option<Asked> {
        if !matches!(tool, "uv" | "poetry") {
            return None;
        }
        let mut asked = Asked::default();
        let words: Vec<String> = words(command, get);
        let mut words = words.iter().map(String::as_str).peekable();
        while let Some(word) = words.next() {
            let (name, own) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ if tool == "poetry" && word.starts_with("-E") && word.len() > 2 => ("-E", Some(&word[2..])),
                _ => (word, None),
            };
            let mut value = || own.or_else(|| words.next()).unwrap_or_default();
            match (tool, name) {
                // What such a variable holds may be any option.
                (_, word) if word.starts_with(['$', '`']) => return None,
                ("uv", "--package") => add(value(), &mut asked.members)?,
                ("uv", "--extra") | ("poetry", "--extras" | "-E") => add(value(), &mut asked.extras.named)?,
                ("uv", "--no-extra") => add(value(), &mut asked.extras.without)?,
                (_, "--all-extras") => asked.extras.all = true,
                ("uv", "--group") | ("poetry", "--with") => add(value(), &mut asked.groups.named)?,
                ("uv", "--no-group") | ("poetry", "--without") => add(value(), &mut asked.groups.without)?,
                (_, "--all-groups") => asked.groups.all = true,
                ("uv", "--only-group") | ("poetry", "--only") => {
                    asked.only_groups = true;
                    add(value(), &mut asked.groups.named)?;
                }
                ("uv", "--only-dev") | ("poetry", "--dev-only") => asked.only_groups = true,
                // A variable is the value of another option.
                (_, option) if option.starts_with('-') && own.is_none() => {
                    words.next_if(|next| next.starts_with('$'));
                }
                _ => {}
            }
        }
        // To Poetry, the project itself is a group.
        if tool == "poetry" && asked.groups.named.remove("main") {
            asked.only_groups = false;
        }
        Some(asked)
    }
}

/// Adds the names of an option's value; none where it is not known.
fn add(value: &str, names: &mut BTreeSet<String>) -> Option<()> {
    let is_known = !value.contains(['$', '`']);
    let parts = value.split([' ', ',']).filter(|name| !name.is_empty());
    names.extend(parts.map(pypi::normal));
    is_known.then_some(())
}

/// Returns the words of a command without quotation marks, with known variables put in.
fn words(command: &str, get: &dyn Fn(&str) -> Option<Text>) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for sign in command.chars() {
        match (sign, quote) {
            (sign, Some(mark)) if sign == mark => quote = None,
            ('"' | '\'', None) => quote = Some(sign),
            (sign, None) if sign.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(sign),
        }
    }
    words.push(word);
    let known = |word: String| {
        let Some((before, name)) = word.split_once('$') else { return vec![word] };
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let (name, default) = name.split_once(":-").unwrap_or((name, ""));
        let value = get(name).filter(|value| !value.is_empty()).unwrap_or(default);
        match value {
            "" => vec![word],
            // A variable may hold several options.
            _ if before.is_empty() && value.starts_with('-') => value.split(' ').map(str::to_owned).collect(),
            _ => vec![format!("{before}{value}")],
        }
    };
    words.into_iter().flat_map(known).filter(|word| !word.is_empty()).collect()
}

/// Returns the packages of a lockfile that run on Linux when a command asks for this.
pub(super) fn reached(lock: &Subject, asked: &Asked) -> BTreeSet<NodeId> {
    let roots: Vec<Resolved<'_>> = lock.components().filter(Resolved::is_root).collect();
    let is_named = |root: &Resolved<'_>| asked.members.contains(&pypi::normal(root.component.purl.name()));
    // A name that is none of the members' is none that is understood here.
    let is_all = !roots.iter().any(is_named);
    let mut chosen: BTreeSet<NodeId> = roots.iter().filter(|root| is_all || is_named(root)).map(Resolved::id).collect();
    if is_all {
        chosen.insert(SUBJECT);
    }
    let members: BTreeSet<NodeId> = roots.iter().map(Resolved::id).chain([SUBJECT]).collect();
    let mut conditions = Conditions { asked, names: roots.iter().map(name).collect(), known: HashMap::new() };
    let open = open(lock);
    let mut reached = chosen.clone();
    let mut extras: BTreeSet<(NodeId, String)> = BTreeSet::new();
    let mut work: Vec<NodeId> = chosen.iter().copied().collect();
    while let Some(from) = work.pop() {
        let is_chosen = chosen.contains(&from);
        let certain = match lock.node(from) {
            Some(node) => node.requires().map(way).collect::<Vec<_>>(),
            None => lock.requires().map(way).collect(),
        };
        for (to, requirement) in certain.into_iter().chain(open.get(&from).into_iter().flatten().copied()) {
            let Requirement { scope, extra, .. } = requirement;
            let is_asked_by_others =
                || extras.contains(&(from, pypi::normal(extra))) || extras.contains(&(from, ALL.to_owned()));
            let is_followed = match scope {
                Scope::Build => false,
                Scope::Dev => is_chosen && asked.groups.hold(extra),
                // uv locks only what is asked for of others' extras.
                Scope::Optional if lock.format == "uv-lock" && !members.contains(&from) => true,
                Scope::Optional => {
                    (is_chosen && !asked.only_groups && asked.extras.hold(extra)) || is_asked_by_others()
                }
                _ => !is_chosen || !asked.only_groups,
            };
            if !is_followed
                || !conditions.hold(requirement.environment)
                || !lock.node(to).is_some_and(|node| conditions.hold(node.environment()))
            {
                continue;
            }
            let mut again = reached.insert(to);
            if *scope <= Scope::Peer {
                for extra in extra.split(',').filter(|extra| !extra.is_empty()) {
                    again |= extras.insert((to, pypi::normal(extra)));
                }
            } else if members.contains(&to) {
                // With which extras a member is asked for by an extra or a group is not kept.
                again |= extras.insert((to, ALL.to_owned()));
            }
            if again {
                work.push(to);
            }
        }
    }
    reached
}

/// All extras, where those that are asked for are not known.
const ALL: &str = "*";

fn name(node: &Resolved<'_>) -> String {
    pypi::normal(node.component.purl.name())
}

fn way(link: Link<'_>) -> (NodeId, &'static Requirement) {
    (link.to.id(), link.requirement)
}

/// Returns what each package may require where the file leaves that open.
fn open(lock: &Subject) -> HashMap<NodeId, Vec<(NodeId, &'static Requirement)>> {
    let mut open: HashMap<NodeId, Vec<(NodeId, &'static Requirement)>> = HashMap::new();
    for declared in &lock.declared {
        if let Gap::Ambiguous(candidates) = &declared.gap {
            let ways = candidates.iter().map(|to| (*to, declared.requirement));
            open.entry(declared.from).or_default().extend(ways);
        }
    }
    open
}

/// Whether conditions can hold on Linux with what is asked for.
struct Conditions<'a> {
    asked: &'a Asked,
    /// The names of the members.
    names: Vec<String>,
    known: HashMap<Text, bool>,
}

impl Conditions<'_> {
    fn hold(&mut self, marker: Text) -> bool {
        if let Some(known) = self.known.get(marker) {
            return *known;
        }
        let holds = conda::can_hold_on_linux(marker) && pypi::can_hold_on_linux(&self.chosen(marker));
        self.known.insert(marker, holds);
        holds
    }

    /// Returns a condition with what is known of extras and groups that exclude each other: uv writes one as
    /// `extra == 'extra-3-app-cpu'`, with how long the package's name is.
    fn chosen(&self, marker: &str) -> String {
        let quoted: BTreeSet<&str> = marker.split('\'').skip(1).step_by(2).collect();
        let known = quoted.into_iter().filter_map(|text| {
            let (names, rest) = match text.strip_prefix("extra-") {
                Some(rest) => (&self.asked.extras, rest),
                None => (&self.asked.groups, text.strip_prefix("group-")?),
            };
            let of = |member: &String| rest.strip_prefix(&format!("{}-{member}-", member.len()));
            let name = self.names.iter().find_map(of)?;
            Some(format!(" and extra {} '{text}'", if names.hold(name) { "==" } else { "!=" }))
        });
        let known: String = known.collect();
        // All of those that exclude each other are asked for by no command that works.
        if known.is_empty() || self.asked.extras.all || self.asked.groups.all {
            return marker.to_owned();
        }
        format!("({marker}){known}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commands_say_what_they_ask_for() {
        let shown = |tool: &str, command: &str| {
            let get = |name: &str| match name {
                "EXTRA" => Some("cu128"),
                "FLAGS" => Some("--extra a --group b"),
                _ => None,
            };
            let Some(asked) = Asked::of(tool, command, &get) else { return "open".to_owned() };
            let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(",");
            let of = |names_of: &Names| {
                let all = if names_of.all { "*" } else { "" };
                let without =
                    if names_of.without.is_empty() { String::new() } else { format!("-{}", names(&names_of.without)) };
                format!("{all}{}{without}", names(&names_of.named))
            };
            let only = if asked.only_groups { " only" } else { "" };
            format!("{}|{}|{}{only}", names(&asked.members), of(&asked.extras), of(&asked.groups))
        };
        for (tool, command, expected) in [
            ("uv", "uv sync --frozen --no-dev", "||"),
            ("uv", "uv sync --package web --extra=GPU_x --extra \"b\"", "web|b,gpu-x|"),
            ("uv", "uv sync --all-extras --no-extra x --group gpu --all-groups --no-group dev", "|*-x|*gpu-dev"),
            ("uv", "uv sync --only-group gpu", "||gpu only"),
            ("uv", "uv sync --extra $EXTRA --extra ${EXTRA:-cpu}", "|cu128|"),
            ("uv", "uv sync $FLAGS", "|a|b"),
            ("uv", "uv sync --extra ${UNKNOWN:-cpu}", "|cpu|"),
            ("uv", "uv sync --extra $UNKNOWN", "open"),
            ("uv", "uv sync ${EXTRA:+--extra $EXTRA}", "open"),
            ("uv", "uv sync $(cat options)", "open"),
            ("uv", "uv sync $UNKNOWN", "open"),
            ("uv", "uv sync --python $UNKNOWN --extra a", "|a|"),
            ("poetry", "poetry install --extras \"a b\" -E c -Ed --with g,h --without dev", "|a,b,c,d|g,h-dev"),
            ("poetry", "poetry install --only main", "||"),
            ("poetry", "poetry install --only=gpu", "||gpu only"),
            ("pip", "pip install -r requirements.txt", "open"),
        ] {
            assert_eq!(shown(tool, command), expected, "{command}");
        }
    }
}
