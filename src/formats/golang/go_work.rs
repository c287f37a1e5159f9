//! `go.work`: which modules are built together.
//!
//! Specification: "Workspaces" of the Go Modules Reference.

use anyhow::Result;

use super::directives::{self, Replace};
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;

entry! {
    /// `go.work`, which modules are built together; read to be joined with the `go.mod`s that it uses.
    ///
    /// What it replaces is replaced in all of them.
    pub GoWork = "go-work"
}

impl Format for GoWork {
    fn files(&self) -> &'static [&'static str] {
        &["go.work"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "go-work");
        let directives = directives::read(source, &mut inventory);
        let mut facts = Vec::new();
        for directive in &directives {
            match directive.verb {
                "use" => facts.extend(directive.words.first().map(|folder| ("use", intern::text(folder)))),
                "replace" if Replace::of(source, directive, &mut inventory).is_some() => {
                    facts.push(("replace", intern::text(&directive.words.join(" "))));
                }
                "go" | "toolchain" | "godebug" | "replace" => {}
                other => {
                    let message = format!("the directive \"{}\" is not known", other.escape_debug());
                    inventory.fault(source.place(other), message);
                }
            }
        }
        facts.sort_unstable();
        inventory.manifest = Some(Manifest { facts, ..Manifest::default() });
        Ok(inventory)
    }
}
