//! Other levels for a part of the tree.

use anyhow::bail;

use super::cursor::{Placed, Table};
use super::globs::Globs;
use super::{Level, Rules};
use crate::intern::{self, Text};
use crate::model::{Ecosystem, Pattern, Purl, Scope};
use crate::source::Place;
use crate::suggest;

/// Other levels for what matches all that the override gives.
#[derive(Clone, Debug)]
pub struct Override {
    /// The lockfiles and manifests; empty for any.
    pub paths: Globs,
    /// The purl types; empty for any.
    pub ecosystems: Vec<Placed<Text>>,
    /// The scopes; empty for any.
    pub scopes: Vec<Placed<Scope>>,
    /// The packages; empty for any.
    pub packages: Vec<Placed<Pattern>>,
    /// The rules with their levels, in the order of the file; `*` for those that are not named.
    pub rules: Vec<(Placed<Text>, Placed<Level>)>,
    /// Where it begins.
    pub place: Place,
}

impl Override {
    /// Reads one `[[override]]`.
    pub(super) fn read(table: Table<'_, '_>, rules: &Rules<'_>) -> Self {
        let found = Override {
            paths: Globs::read(&table, "path"),
            ecosystems: table.read_all("ecosystem", ecosystem),
            scopes: table.read_all("scope", scope),
            packages: table.read_all("package", Pattern::parse),
            rules: Self::read_rules(&table, rules),
            place: table.place,
        };
        if ["path", "ecosystem", "scope", "package"].iter().all(|key| table.value(key).is_none()) {
            table.fault(
                found.place,
                "the override is for everything; give it a \"path\", \"ecosystem\", \"scope\" or \"package\", or set the level in [rules]",
            );
        }
        table.close(|key| {
            let is_rule = rules.known.contains(&key);
            is_rule.then(|| format!(", write rules = {{ {key} = … }}"))
        });
        found
    }

    fn read_rules(table: &Table<'_, '_>, rules: &Rules<'_>) -> Vec<(Placed<Text>, Placed<Level>)> {
        if table.value("rules").is_none() {
            table.fault(table.place, "the override has no \"rules\", as in rules = { version-drift = \"warn\" }");
        }
        let Some(inner) = table.table("rules", "rules of the override") else { return Vec::new() };
        let mut levels = Vec::new();
        for (rule, value) in inner.entries() {
            if rule.value != "*" && !rules.check(&inner, rule) {
                continue;
            }
            if value.get_ref().is_table() {
                let message = "an override sets a level and no more; a rule's options stand in [rules]";
                inner.fault(inner.place_of(value), message);
            } else if let Some(level) = super::level_of(&inner, rule.value, value) {
                levels.push((rule, level));
            }
        }
        levels
    }

    /// Returns the level of a rule in this part of the tree; none where the override is not for it.
    pub fn level(&self, rule: &str, path: &str, purl: Option<&Purl>, scope: Option<Scope>) -> Option<Placed<Level>> {
        let named = |name: &str| self.rules.iter().find(|(rule, _)| rule.value == name).map(|(_, level)| *level);
        let level = named(rule).or_else(|| named("*"))?;
        self.matches(path, purl, scope).then_some(level)
    }

    /// Says whether all that it gives matches.
    pub fn matches(&self, path: &str, purl: Option<&Purl>, scope: Option<Scope>) -> bool {
        let is_type = |ecosystem: &Placed<Text>| purl.is_some_and(|purl| purl.ty() == ecosystem.value);
        (self.paths.is_empty() || self.paths.matches(path))
            && (self.ecosystems.is_empty() || self.ecosystems.iter().any(is_type))
            && (self.scopes.is_empty() || self.scopes.iter().any(|wanted| Some(wanted.value) == scope))
            && (self.packages.is_empty()
                || purl.is_some_and(|purl| self.packages.iter().any(|wanted| wanted.value.matches(purl))))
    }
}

fn ecosystem(name: &str) -> anyhow::Result<Text> {
    if Ecosystem::known(name).is_none() {
        match Ecosystem::meant(name) {
            Some(meant) => bail!("unknown ecosystem \"{}\", did you mean \"{meant}\"?", name.escape_debug()),
            None => bail!("unknown ecosystem \"{}\", expected a purl type, as in \"pypi\"", name.escape_debug()),
        }
    }
    Ok(intern::text(name))
}

fn scope(name: &str) -> anyhow::Result<Scope> {
    let Some(scope) = Scope::named(name) else {
        bail!("unknown scope \"{}\"{}", name.escape_debug(), suggest::hint(name, Scope::ALL.map(Scope::name)));
    };
    Ok(scope)
}
