//! `composer.json`: what a PHP project asks for.
//!
//! Specification: <https://getcomposer.org/doc/04-schema.md>.

use anyhow::Result;
use serde::Deserialize;

use super::package::{Links, is_platform, purl};
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Component, Gap, Inventory, Manifest, Node, Requirement, SUBJECT, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Str};

entry! {
    /// `composer.json`, what a PHP project asks for; read to be joined with what answers it.
    ///
    /// Read are name and version, `require` and `require-dev`, and what the project itself provides or replaces. Requirements
    /// on PHP, its extensions and Composer itself (`php`, `ext-json`) are on the platform, and no packages.
    pub ComposerJson = "composer-json"
}

impl Format for ComposerJson {
    fn files(&self) -> &'static [&'static str] {
        &["composer.json"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let project: Project<'_> = json::read(source)?;
        let mut inventory = Inventory::new(source, "composer-json");
        let provided = project.provide.each().iter().chain(project.replace.each());
        let facts = provided.map(|(name, _)| ("composer.provides", intern::text(name))).collect();
        let (name, version) = (project.name.unwrap_or_default(), project.version.unwrap_or_default());
        inventory.manifest = Some(Manifest { name: intern::text(&name), version: intern::text(&version), facts });
        if !name.is_empty() {
            let component =
                Component { kind: crate::model::Kind::Application, ..Component::new(purl(&name, &version)) };
            let place = name.place(source, source.start());
            inventory.add_node(Node { component: Some(component.intern()), place, root: true, ..Node::default() });
        }
        for (links, scope) in [(&project.require, Scope::Runtime), (&project.require_dev, Scope::Dev)] {
            for (name, constraint) in links.each().iter().filter(|(name, _)| !is_platform(name)) {
                let requirement = Requirement { constraint: intern::text(constraint), ..Requirement::of(scope) };
                let place = name.place(source, source.start());
                inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Open);
            }
        }
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct Project<'t> {
    #[serde(borrow, default)]
    name: Option<Str<'t>>,
    #[serde(borrow, default)]
    version: Option<Str<'t>>,
    #[serde(borrow, default)]
    require: Links<'t>,
    #[serde(borrow, default, rename = "require-dev")]
    require_dev: Links<'t>,
    #[serde(borrow, default)]
    provide: Links<'t>,
    #[serde(borrow, default)]
    replace: Links<'t>,
}
