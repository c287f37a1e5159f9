//! What Go's files have in common: modules, their versions and digests, and the statements of `go.mod` and `go.work`.
//!
//! Specification: the Go Modules Reference, "Versions", "go.mod files" and "Workspaces".

use std::cmp::Ordering;
use std::collections::BTreeMap;

use semver::{BuildMetadata, Version};

use crate::formats::Near;
use crate::intern::{self, Text};
use crate::model::{Component, Digest, Inventory, NodeId, Origin, Purl, Requirement};
use crate::source::Source;

/// Returns the purl of a module; `(devel)` is no version, but the word for none.
pub(super) fn purl(module: &str, version: &str) -> Purl {
    let (namespace, name) = module.rsplit_once('/').unwrap_or(("", module));
    Purl::new("golang", namespace, name, if version == "(devel)" { "" } else { version })
}

/// Returns the path of a component's module.
pub(super) fn path(component: &Component) -> String {
    match component.purl.namespace() {
        "" => component.purl.name().to_owned(),
        namespace => format!("{namespace}/{}", component.purl.name()),
    }
}

/// Reads a digest of `go.sum`, `h1:…`: the SHA-256 of the list of a module's files and their SHA-256.
pub(super) fn digest(h1: &str) -> Option<Digest> {
    Digest::sri(&format!("sha256-{}", h1.strip_prefix("h1:")?))
}

/// Returns a fact of Go's own beside a component.
pub(super) fn property(name: &str, value: &str) -> (Text, Text) {
    (intern::text(&format!("go:{name}")), intern::text(value))
}

/// Returns the module that stands in for another at a version.
pub(super) fn stand_in(module: &str, version: &str, replace: Option<&Replace<'_>>) -> Component {
    let Some(replace) = replace else { return Component::new(purl(module, version)) };
    if replace.is_folder() {
        // A folder has no name of its own.
        return Component { origin: Origin::path(replace.new), ..Component::new(purl(module, version)) };
    }
    let replaced = if version.is_empty() { module.to_owned() } else { format!("{module}@{version}") };
    let properties = vec![property("replaces", &replaced)];
    Component { properties, ..Component::new(purl(replace.new, replace.new_version)) }
}

/// Returns the module that was asked for, where another may stand in for it.
pub(super) fn asked_for(component: &Component) -> String {
    let replaced = component.properties.iter().find(|(name, _)| *name == "go:replaces").map(|(_, value)| *value);
    match replaced {
        Some(replaced) => replaced.split_once('@').map_or(replaced, |(module, _)| module).to_owned(),
        None => path(component),
    }
}

/// Says whether a word is a version, not a branch or another query.
pub(super) fn is_version(word: &str) -> bool {
    word.strip_prefix('v').is_some_and(|version| Version::parse(version).is_ok())
}

/// Orders two versions as Go does: `+incompatible` counts for nothing, and what is no version is lowest.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let version = |text: &str| {
        let mut version = Version::parse(text.strip_prefix('v')?).ok()?;
        version.build = BuildMetadata::EMPTY;
        Some(version)
    };
    version(a).cmp(&version(b)).then_with(|| a.cmp(b))
}

/// What stands in for a module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replace<'t> {
    /// The module that is replaced.
    pub(super) old: &'t str,
    /// The one version of it that is; empty for all.
    pub(super) old_version: &'t str,
    /// A module or a folder.
    pub(super) new: &'t str,
    /// The module's version; empty for a folder.
    pub(super) new_version: &'t str,
}

impl<'t> Replace<'t> {
    /// Reads `old [version] => new [version]`.
    pub(super) fn read(words: &[&'t str]) -> Option<Self> {
        let arrow = words.iter().position(|word| *word == "=>")?;
        let (old, old_version) = one_or_two(&words[..arrow])?;
        let (new, new_version) = one_or_two(&words[arrow + 1..])?;
        let replace = Replace { old, old_version, new, new_version };
        (replace.is_folder() == new_version.is_empty()).then_some(replace)
    }

    /// Says whether a folder replaces the module.
    pub(super) fn is_folder(&self) -> bool {
        let drive = || self.new.as_bytes().get(1) == Some(&b':');
        self.new.starts_with(['.', '/', '\\']) || drive()
    }

    /// Spells it as `go.mod` does.
    pub(super) fn spelled(&self) -> String {
        let words = [self.old, self.old_version, "=>", self.new, self.new_version];
        let spell =
            |word: &str| if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() };
        words.into_iter().filter(|word| !word.is_empty()).map(spell).collect::<Vec<_>>().join(" ")
    }
}

fn one_or_two<'t>(words: &[&'t str]) -> Option<(&'t str, &'t str)> {
    match words {
        [one] => Some((one, "")),
        [one, two] => Some((one, two)),
        _ => None,
    }
}

/// Replacements, by the module that is replaced and its version.
#[derive(Debug, Default)]
pub(super) struct Replaces<'t>(BTreeMap<&'t str, BTreeMap<&'t str, Replace<'t>>>);

impl<'t> Replaces<'t> {
    /// Adds one; none that is there already is overruled.
    pub(super) fn add(&mut self, replace: Replace<'t>) {
        self.0.entry(replace.old).or_default().entry(replace.old_version).or_insert(replace);
    }

    /// Finds what stands in for a module at a version: the one for this very version before the one for all.
    pub(super) fn of(&self, module: &str, version: &str) -> Option<&Replace<'t>> {
        let of_module = self.0.get(module)?;
        of_module.get(version).or_else(|| of_module.get(""))
    }

    /// Adds those that the manifest of a `go.mod` or `go.work` tells.
    pub(super) fn add_of(&mut self, inventory: &'t Inventory) {
        let facts = inventory.manifest.iter().flat_map(|manifest| &manifest.facts);
        for (_, spelled) in facts.filter(|(name, _)| *name == "replace") {
            if let Some(replace) = Replace::read(&parted(spelled).0) {
                self.add(replace);
            }
        }
    }
}

/// A statement of `go.mod` or `go.work`.
pub(super) struct Statement<'t> {
    /// The directive: `require`.
    pub(super) verb: &'t str,
    /// What stands after it, or in one line of its block.
    pub(super) words: Vec<&'t str>,
    /// The comment behind it, without `//`.
    pub(super) comment: &'t str,
    /// The line.
    pub(super) line: &'t str,
}

/// Reads the statements of a file; a block gives one for each of its lines.
pub(super) fn statements<'t>(source: &Source<'t>, inventory: &mut Inventory) -> Vec<Statement<'t>> {
    let mut statements = Vec::new();
    let mut block: Option<&str> = None;
    let mut opened = "";
    for whole in source.text.lines() {
        let (mut words, comment) = parted(whole);
        let line = whole[..whole.len() - comment.len()].trim();
        let line = line.strip_suffix("//").unwrap_or(line).trim_end();
        let comment = comment.trim();
        if words.is_empty() {
            continue;
        }
        if let Some(verb) = block {
            if line == ")" {
                block = None;
            } else {
                statements.push(Statement { verb, words, comment, line });
            }
            continue;
        }
        let first = words.remove(0);
        let (verb, is_block) = match first.strip_suffix('(') {
            Some(verb) if words.is_empty() => (verb, true),
            _ => (first, words.first() == Some(&"(")),
        };
        match (is_block, words.get(1..)) {
            (true, None | Some([])) => (block, opened) = (Some(verb), line),
            (true, Some([")"])) => {}
            _ => statements.push(Statement { verb, words, comment, line }),
        }
    }
    if block.is_some() {
        inventory.fault(source.place(opened), "the block is not closed; the file is cut off or a `)` is missing");
    }
    statements
}

/// Parts a line into its words, without the quotation marks that a word with blanks in it has, and the comment behind them.
fn parted(line: &str) -> (Vec<&str>, &str) {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return (words, comment);
        }
        let quoted = Some(first).filter(|first| matches!(first, '"' | '`'));
        let quoted = quoted.and_then(|mark| rest[1..].split_once(mark));
        let (word, after) = quoted.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            // A comment may follow a word without a blank between them.
            let end = rest[..end].find("//").unwrap_or(end);
            rest.split_at(end)
        });
        words.push(word.trim_matches(['"', '`']));
        rest = after.trim_start();
    }
    (words, "")
}

/// Gives components the digests of the sum files at these paths; says whether one of them is there.
pub(super) fn add_digests(inventory: &mut Inventory, near: &Near<'_>, paths: &[String]) -> bool {
    let sums: Vec<&Inventory> = paths.iter().filter_map(|path| near.get(path)).collect();
    let mut digests: BTreeMap<Text, &[Digest]> = BTreeMap::new();
    for component in sums.iter().flat_map(|sum| &sum.nodes).filter_map(|node| node.component) {
        digests.insert(component.purl.as_str(), &component.digests);
    }
    for node in &mut inventory.nodes {
        let Some(component) = node.component.filter(|component| !matches!(component.origin, Origin::Path(_))) else {
            continue;
        };
        if let Some(found) = digests.get(component.purl.as_str()).filter(|_| component.digests.is_empty()) {
            node.component = Some(Component { digests: found.to_vec(), ..component.clone() }.intern());
        }
    }
    !sums.is_empty()
}

/// Marks what is required only by way of others.
pub(super) fn mark_indirect(inventory: &mut Inventory, is_indirect: impl Fn(&Component) -> bool, from: &[NodeId]) {
    let nodes = &inventory.nodes;
    for edge in inventory.edges.iter_mut().filter(|edge| from.contains(&edge.from)) {
        let component = nodes[edge.to as usize].component;
        if component.is_some_and(&is_indirect) && !nodes[edge.to as usize].root {
            edge.requirement = Requirement { extra: Requirement::INDIRECT, ..*edge.requirement }.intern();
        }
    }
}

/// Says whether a file stands in a module cache: other people's modules, in folders that are called after a version.
pub(super) fn is_cached(path: &str) -> bool {
    crate::source::folder(path).split('/').any(|folder| folder.contains("@v"))
}

/// Returns the paths of files beside a folder's `go.mod` or `go.work`.
pub(super) fn beside(folder: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_go_orders_them() {
        for (a, b, expected) in [
            ("v1.2.3", "v1.10.0", Ordering::Less),
            ("v0.0.0-20210604193023-d5e0c0615ace", "v0.0.0-20220101000000-aaaaaaaaaaaa", Ordering::Less),
            ("v1.0.6-0.20210604193023-d5e0c0615ace", "v1.0.5", Ordering::Greater),
            ("v1.0.6-0.20210604193023-d5e0c0615ace", "v1.0.6", Ordering::Less),
            ("v2.0.0+incompatible", "v1.9.9", Ordering::Greater),
            ("master", "v0.0.1", Ordering::Less),
        ] {
            assert_eq!(order(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn replacements_name_a_version_or_a_folder() {
        let read = |text: &'static str| Replace::read(&parted(text).0).map(|it| it.spelled());
        for text in [
            "a.b/c => ./d",
            "a.b/c v1.0.0 => ../d",
            "a.b/c => e.f/g v1.2.0",
            "a.b/c v1.0.0 => a.b/c v1.2.0",
            "a.b/c => \"../my d\"",
        ] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
        for text in ["a.b/c", "a.b/c => d.e/f", "a.b/c => ./d v1.0.0", "=> ./d", "a v1 v2 => ./d"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn words_may_be_quoted() {
        for (line, words, comment) in [
            ("use \"./my dir\" // why", &["use", "./my dir"][..], " why"),
            ("\t`a b`  \"c\"", &["a b", "c"], ""),
            ("require a.b/c v1.0.0// indirect", &["require", "a.b/c", "v1.0.0"], " indirect"),
            ("use \"./my dir", &["use", "./my", "dir"], ""),
            ("  // alone", &[], " alone"),
            ("\"\"", &[""], ""),
        ] {
            assert_eq!(parted(line), (words.to_vec(), comment), "{line}");
        }
    }
}
