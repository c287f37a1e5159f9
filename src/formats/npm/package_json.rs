//! `package.json`: what an npm project asks for.
//!
//! Specification: <https://github.com/npm/cli/blob/latest/docs/lib/content/configuring-npm/package-json.md>.

use anyhow::Result;
use serde::Deserialize;

use super::asked::Asks;
use super::shapes::{Lenient, Meta, Names, Words};
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Gap, Inventory, Manifest, Requirement, SUBJECT, without_credentials};
use crate::source::Source;
use crate::syntax::json;

entry! {
    /// `package.json`, what an npm project asks for; read to be joined with the lockfile that answers it.
    ///
    /// # What it reads
    /// Name and version, the members of the workspace, and the four fields of dependencies.
    pub PackageJson = "package-json"
}

impl Format for PackageJson {
    fn files(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let package: Package<'_> = json::read(source)?;
        if source.text.trim_start().starts_with('[') {
            return Err(source.fault(source.start(), "a list; package.json holds an object"));
        }
        let mut inventory = Inventory::new(source, "package-json");
        let mut facts: Vec<_> =
            package.workspaces.0.iter().map(|pattern| ("workspace.member", intern::text(pattern))).collect();
        facts.sort_unstable();
        facts.dedup();
        let (name, version) = (intern::text(&package.name.0), intern::text(&package.version.0));
        inventory.manifest = Some(Manifest { name, version, facts });
        if !name.is_empty() {
            inventory.nodes[SUBJECT as usize].place = package.name.0.place(source, source.start());
        }
        let asks = package.asks();
        for name in asks.doubled() {
            let message = format!("\"{}\" stands twice among the requirements", name.escape_debug());
            inventory.fault(name.place(source, source.start()), message);
        }
        let mut near = source.start();
        for asked in asks.each() {
            near = asked.name.place(source, near);
            let constraint = intern::text(&without_credentials(asked.constraint));
            let requirement = Requirement { constraint, ..Requirement::of(asked.scope) };
            inventory.declare(SUBJECT, intern::text(asked.name), requirement, near, Gap::Open);
        }
        Ok(inventory)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Package<'t> {
    #[serde(borrow)]
    name: Lenient<'t>,
    #[serde(borrow)]
    version: Lenient<'t>,
    #[serde(borrow)]
    workspaces: Words<'t>,
    #[serde(borrow)]
    dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    dev_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    optional_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    peer_dependencies: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    peer_dependencies_meta: Names<'t, Meta>,
}

impl<'t> Package<'t> {
    fn asks(&self) -> Asks<'_, 't> {
        Asks {
            dependencies: &self.dependencies,
            dev: &self.dev_dependencies,
            optional: &self.optional_dependencies,
            peer: &self.peer_dependencies,
            peer_meta: &self.peer_dependencies_meta,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::package_lock::tests::{lines, parse};

    #[test]
    fn requirements_wait_for_their_lock() {
        let text = r#"{"name": "top", "version": "1.0.0", "workspaces": ["packages/*", "!packages/old"], "type": "module",
            "dependencies": {"a": "^1", "fse": "2"}, "devDependencies": {"b": "2"}, "optionalDependencies": {"fse": "2"},
            "peerDependencies": {"a": "*", "c": "3", "d": "4"}, "peerDependenciesMeta": {"d": {"optional": true}}}"#;
        let inventory = parse("package.json", text).unwrap();
        let expected = ["- ?? a runtime", "- ?? b dev", "- ?? fse optional", "- ?? c peer", "- ?? d optional"];
        assert_eq!(lines(&inventory, text), expected);
        let manifest = inventory.manifest.unwrap();
        assert_eq!((manifest.name, manifest.version), ("top", "1.0.0"));
        let members = [("workspace.member", "!packages/old"), ("workspace.member", "packages/*")];
        assert_eq!(manifest.facts, members);
        assert_eq!(inventory.declared[0].place.start as usize, text.find("a\": \"^1").unwrap());
    }

    #[test]
    fn what_people_write_is_read_as_npm_does() {
        for text in
            ["{}", r#"{"dependencies": [], "version": null, "workspaces": 1, "peerDependenciesMeta": {"a": 1}}"#]
        {
            assert!(parse("package.json", text).unwrap().declared.is_empty(), "{text}");
        }
        for text in ["", "[]", "1", "{", r#"{"name": "a", "name": "b"}"#] {
            assert!(parse("package.json", text).is_err(), "{text}");
        }
    }
}
