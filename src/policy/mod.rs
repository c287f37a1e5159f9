//! The policy file, `driftgate.toml`: what is held to what, how much it weighs, and what is let through.
//!
//! ```toml
#![doc = include_str!("example.toml")]
//! ```
//!
//! Nothing here reads the disk or the clock. All that is wrong with a file is said at once, each with its place.

mod cursor;
pub mod date;
mod environment;
mod globs;
mod level;
mod options;
mod overrides;
#[cfg(test)]
pub(crate) mod shape;
mod sources;
mod target;
mod waiver;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

pub use cursor::Placed;
use cursor::{Reader, Table, Value};
pub use environment::Environment;
pub use globs::Globs;
pub use level::Level;
pub use options::Options;
pub use overrides::Override;
pub use sources::AllowedSource;
pub use target::{Target, read_driver};
pub use waiver::{Demands, State, Waiver};

use crate::intern::Text;
use crate::model::{Origin, Purl, Scope};
use crate::source::{Place, Source};
use crate::suggest;

/// A policy with every key in its place, as `explain` and the README show it.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The path of the pinned BOM where a policy names none.
pub const BOM: &str = "bom.cdx.json";

/// What is held to what, how much it weighs, and what is let through.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The path of the pinned BOM relative to the policy file, where it names one: see [`Policy::bom`].
    pub bom: Option<Placed<Text>>,
    /// The level from which on findings fail the gate.
    pub fail_on: Level,
    /// Paths that are walked although they would be left out.
    pub include: Globs,
    /// Paths that are left out.
    pub exclude: Globs,
    /// What is said of each rule.
    pub rules: BTreeMap<Text, RulePolicy>,
    /// Other levels for parts of the tree; the last that matches wins.
    pub overrides: Vec<Override>,
    /// Where components may come from; none for anywhere.
    pub sources: Option<Vec<AllowedSource>>,
    /// What a waiver must have.
    pub demands: Demands,
    /// Findings let through.
    pub waivers: Vec<Waiver>,
    /// The places that subjects are meant to run on.
    pub targets: Vec<Target>,
    /// What runs as one, where the tree does not show it.
    pub environments: Vec<Environment>,
    /// Whether it is held to a part of the tree that it is for: what it says of the rest is no fault then.
    pub of_part: bool,
}

/// What a policy says of one rule.
#[derive(Clone, Debug)]
pub struct RulePolicy {
    /// Its level; none where the rule's own stands.
    pub level: Option<Placed<Level>>,
    /// Its options; none where there are none.
    pub options: Option<Options>,
    /// Where the policy names it.
    pub place: Place,
}

impl Policy {
    /// Reads a policy. `rules` are the ids that there are.
    ///
    /// # Errors
    /// All that is wrong with it, as [`crate::source::Faults`].
    pub fn parse(source: &Source<'_>, rules: &[&str]) -> Result<Self> {
        let (reader, document) = Reader::parse(source);
        let policy = document.map(|document| {
            let document = Table::new(&reader, "", &document, source.start());
            Self::read(document, source, &Rules { known: rules })
        });
        reader.finish()?;
        Ok(policy.unwrap_or_default())
    }

    fn read(document: Table<'_, '_>, source: &Source<'_>, rules: &Rules<'_>) -> Self {
        if let Some(version) = document.value("version")
            && version.get_ref().as_integer().is_none_or(|number| number.as_str() != "1")
        {
            document.fault(document.place_of(version), "\"version\" is 1, the only form that this driftgate reads");
        }
        let mut policy = Policy { bom: document.text("bom"), ..Policy::default() };
        if let Some(gate) = document.table("gate", "[gate]") {
            if let Some(value) = gate.value("fail-on")
                && let Some(level) = level_of(&gate, "fail-on", value)
            {
                policy.fail_on = level.value;
                if level.value == Level::Allow {
                    gate.fault(
                        level.place,
                        "\"fail-on\" is \"deny\" or \"warn\"; what is allowed never fails the gate",
                    );
                }
            }
            gate.close(|_| None);
        }
        if let Some(scan) = document.table("scan", "[scan]") {
            policy.include = Globs::read(&scan, "include");
            policy.exclude = Globs::read(&scan, "exclude");
            scan.close(|_| None);
        }
        if let Some(table) = document.table("rules", "[rules]") {
            policy.rules = rules.read(&table, source);
        }
        let overrides = document.tables("override", "[[override]]");
        policy.overrides = overrides.into_iter().map(|table| Override::read(table, rules)).collect();
        if let Some(sources) = document.table("sources", "[sources]") {
            policy.sources = AllowedSource::read(&sources, "allowed");
            sources.close(|_| None);
        }
        policy.demands = Demands::read(&document);
        let waivers = document.tables("waiver", "[[waiver]]");
        policy.waivers = waivers.into_iter().map(|table| Waiver::read(table, rules, &policy.demands)).collect();
        policy.targets = document.tables("target", "[[target]]").into_iter().map(Target::read).collect();
        target::tell_apart(&document, &policy.targets);
        policy.environments =
            document.tables("environment", "[[environment]]").into_iter().map(Environment::read).collect();
        document.close(|key| match key {
            "fail-on" => Some(", it belongs into [gate]".to_owned()),
            "include" | "exclude" => Some(", it belongs into [scan]".to_owned()),
            "require" | "longest" | "warn-before" => Some(", it belongs into [waivers]".to_owned()),
            "allowed" => Some(", it belongs into [sources]".to_owned()),
            key => rules.known.contains(&key).then(|| ", it belongs into [rules]".to_owned()),
        });
        policy
    }

    /// Returns the path of the pinned BOM, relative to the policy file.
    pub fn bom(&self) -> Text {
        self.bom.map_or(BOM, |bom| bom.value)
    }

    /// Returns the level of a rule's finding: `default` is the rule's own, `path` the lockfile or manifest it is about,
    /// `purl` and `scope` the component's, where it is about one.
    pub fn level(&self, rule: &str, default: Level, path: &str, purl: Option<&Purl>, scope: Option<Scope>) -> Level {
        let other = self.overrides.iter().rev().find_map(|other| other.level(rule, path, purl, scope));
        let own = || self.rules.get(rule).and_then(|rule| rule.level);
        other.or_else(own).map_or(default, |level| level.value)
    }

    /// Returns the options of a rule; none where the policy gives none.
    pub fn options(&self, rule: &str) -> Option<&Options> {
        self.rules.get(rule)?.options.as_ref()
    }

    /// Says whether components may come from there. What has no address, a path or nothing known, may.
    pub fn allows(&self, origin: &Origin) -> bool {
        let Some(sources) = &self.sources else { return true };
        origin.address().is_none() || sources.iter().any(|source| source.allows(origin))
    }
}

/// The ids of the rules that there are.
struct Rules<'k> {
    known: &'k [&'k str],
}

impl Rules<'_> {
    /// Says whether a rule is there; that it is not is a fault.
    fn check(&self, table: &Table<'_, '_>, rule: Placed<Text>) -> bool {
        let known = self.known.contains(&rule.value);
        if !known {
            let hint = suggest::closest(rule.value, self.known.iter().copied());
            let hint =
                hint.map_or(", see `driftgate list rules`".to_owned(), |near| format!(", did you mean \"{near}\"?"));
            table.fault(rule.place, format_args!("unknown rule \"{}\"{hint}", rule.value.escape_debug()));
        }
        known
    }

    /// Reads `[rules]`.
    fn read(&self, table: &Table<'_, '_>, source: &Source<'_>) -> BTreeMap<Text, RulePolicy> {
        let mut rules = BTreeMap::new();
        let mut policy: Option<Arc<str>> = None;
        for (rule, value) in table.entries() {
            if !self.check(table, rule) {
                continue;
            }
            let mut said = RulePolicy { level: None, options: None, place: rule.place };
            if let Some(inner) = value.get_ref().as_table() {
                said.level = inner.get("level").and_then(|value| level_of(table, "level", value));
                let policy = policy.get_or_insert_with(|| source.text.into()).clone();
                said.options = Some(Options { rule: rule.value, place: rule.place, policy });
            } else {
                said.level = level_of(table, rule.value, value);
            }
            rules.insert(rule.value, said);
        }
        rules
    }
}

/// Reads a level.
fn level_of(table: &Table<'_, '_>, key: &str, value: Value<'_, '_>) -> Option<Placed<Level>> {
    let place = table.place_of(value);
    let Some(name) = value.get_ref().as_str() else {
        table.fault_kind(key, "a level, \"deny\", \"warn\" or \"allow\"", value);
        return None;
    };
    if let Some(value) = Level::named(name) {
        return Some(Placed { value, place });
    }
    let hint = match Level::meant(name) {
        Some(meant) => format!(", did you mean \"{meant}\"?"),
        None => suggest::hint(name, Level::ALL.map(Level::name)),
    };
    table.fault(place, format_args!("unknown level \"{}\"{hint}", name.escape_debug()));
    None
}

#[cfg(test)]
mod tests;
