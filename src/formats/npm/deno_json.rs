//! `deno.json` and `deno.jsonc`: what a project of Deno's is called.
//!
//! Specification: <https://docs.deno.com/runtime/fundamentals/configuration/>. JSON with comments and trailing commas.

use anyhow::Result;
use serde::Deserialize;

use super::shapes::Lenient;
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Inventory, Manifest, SUBJECT};
use crate::source::Source;
use crate::syntax::json;

entry! {
    /// `deno.json`, a project of Deno's; read to be joined with `deno.lock`, which knows its projects by their folders alone.
    ///
    /// Read are `name` and `version`. What it imports stands in the lock.
    pub DenoJson = "deno-json"
}

impl Format for DenoJson {
    fn files(&self) -> &'static [&'static str] {
        &["deno.json", "deno.jsonc"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let plain = json::without_comments(source.text);
        let plain = Source { text: &plain, ..*source };
        let project: Project<'_> = json::read(&plain)?;
        let mut inventory = Inventory::new(source, "deno-json");
        if !project.name.0.is_empty() {
            inventory.nodes[SUBJECT as usize].place = project.name.0.place(&plain, plain.start());
        }
        let (name, version) = (intern::text(&project.name.0), intern::text(&project.version.0));
        inventory.manifest = Some(Manifest { name, version, facts: Vec::new() });
        Ok(inventory)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Project<'t> {
    #[serde(borrow)]
    name: Lenient<'t>,
    #[serde(borrow)]
    version: Lenient<'t>,
}
