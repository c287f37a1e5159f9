//! `Pipfile`, what a project of Pipenv's asks for.
//!
//! Specification: "Pipfile & Pipfile.lock" in Pipenv's documentation.

use std::fmt;

use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use toml::Spanned;

use super::answers::bare;
use super::pep508::{self, shown, with_extras};
use super::poetry::Asked;
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Gap, Inventory, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::json::Map;
use crate::syntax::toml::read;

entry! {
    /// `Pipfile`, what a project of Pipenv's asks for; read to be joined with the `Pipfile.lock` beside it.
    pub Pipfile = "pipfile"
}

/// The tables that list no packages.
const OTHERS: &[&str] = &["source", "requires", "scripts", "pipenv", "pipfile"];

impl Format for Pipfile {
    fn files(&self) -> &'static [&'static str] {
        &["Pipfile"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let packages: Packages = read(source)?;
        let mut inventory = Inventory::new(source, "pipfile");
        inventory.says = Says { edges: false, integrity: false, licence: false, ..Says::ALL };
        for (category, entries) in packages.0 {
            for (name, asked) in &entries.0 {
                let place = bare(source, source.place_at(name.span()));
                if !pep508::is_name(name.as_ref()) {
                    inventory.fault(place, format!("\"{}\" is no package's name", shown(name.as_ref())));
                    continue;
                }
                for ask in asked.each() {
                    let is_dev = category != "packages";
                    let requirement = Requirement {
                        scope: if is_dev { Scope::Dev } else { Scope::Runtime },
                        constraint: ask.constraint,
                        environment: intern::text(&ask.marker),
                        extra: if matches!(&*category, "packages" | "dev-packages") {
                            ""
                        } else {
                            intern::text(&category)
                        },
                    };
                    let name = with_extras(name.as_ref(), ask.extras.iter().map(String::as_str));
                    inventory.declare(SUBJECT, name, requirement, place, Gap::Open);
                }
            }
        }
        Ok(inventory)
    }
}

/// The tables that list packages, by their names.
struct Packages(Vec<(String, Map<Spanned<String>, Asked>)>);

impl<'de> Deserialize<'de> for Packages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tables;
        impl<'de> Visitor<'de> for Tables {
            type Value = Packages;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tables of packages")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Packages, A::Error> {
                let mut tables = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if OTHERS.contains(&name.as_str()) {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        tables.push((name, map.next_value()?));
                    }
                }
                Ok(Packages(tables))
            }
        }
        deserializer.deserialize_map(Tables)
    }
}
