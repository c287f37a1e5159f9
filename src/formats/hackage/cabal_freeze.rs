//! `cabal.project.freeze`, of `cabal freeze`.
//!
//! Specification: "cabal freeze" and "cabal.project reference" in Cabal's user guide.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::entry;
use crate::formats::Format;
use crate::intern;
use crate::model::{Component, Gap, Inventory, Purl, Requirement, SUBJECT, Says};
use crate::source::Source;

entry! {
    /// `cabal.project.freeze`, the versions that `cabal freeze` held a project to.
    ///
    /// `any.NAME ==VERSION` is a component, and flags (`NAME +simd`) are its property `cabal:flags`. `==1.0 || ==2.0` are
    /// two: cabal writes it where a `Setup.hs` needs another version than the library. Other ranges have no exact answer.
    /// All of them count as direct.
    ///
    /// The file does not hold digests, nor sources, nor who requires whom.
    pub CabalFreeze = "cabal-freeze"
}

impl Format for CabalFreeze {
    fn files(&self) -> &'static [&'static str] {
        &["cabal.project.freeze", "cabal.*.project.freeze"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "cabal-freeze");
        inventory.says = Says::NOTHING;
        let mut flags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut versions = Vec::new();
        let mut is_open = false;
        for line in source.text.lines() {
            if line.trim_start().starts_with("--") {
                continue;
            }
            let mut rest = line;
            if !line.starts_with([' ', '\t']) {
                let field = line.split_once(':');
                is_open = field.is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("constraints"));
                rest = field.map_or("", |(_, rest)| rest);
            }
            for item in rest.split(',').map(str::trim).filter(|item| is_open && !item.is_empty()) {
                let (name, range) = item.split_at(item.find([' ', '=', '<', '>', '^']).unwrap_or(item.len()));
                let (name, range) = (name.rsplit(['.', ':']).next().unwrap_or(name), range.trim());
                if range.starts_with(['+', '-']) {
                    flags.entry(name).or_default().extend(range.split_whitespace());
                } else {
                    versions.push((name, range, item));
                }
            }
        }
        for (name, range, item) in versions {
            let place = source.place(item);
            let requirement = Requirement { constraint: intern::text(range), ..Requirement::default() };
            let Some(exact) = range.split("||").map(exact).collect::<Option<Vec<_>>>() else {
                inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Unpinned);
                continue;
            };
            for version in exact {
                let mut component = Component::new(Purl::new("hackage", "", name, version));
                if let Some(flags) = flags.get(name) {
                    component.properties.push(("cabal:flags", intern::text(&flags.join(" "))));
                }
                let node = inventory.add(component, place);
                inventory.edge(SUBJECT, node, requirement, place);
            }
        }
        if inventory.nodes.len() == 1 && inventory.declared.is_empty() {
            return Err(source.fault(source.start(), "no constraints in it; write it anew with `cabal freeze`"));
        }
        Ok(inventory)
    }
}

/// Returns the version in `==1.2.3`; none where it is another range.
fn exact(part: &str) -> Option<&str> {
    let version = part.trim().strip_prefix("==")?.trim_start();
    let is_exact = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_exact && !version.is_empty()).then_some(version)
}
