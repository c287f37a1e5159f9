//! `Cargo.toml`: what a package or workspace asks for.
//!
//! Specification: the manifest chapter of the Cargo book. Each requirement is declared from the subject and left open; the
//! lock's join answers it. Facts beside them, for that join:
//!
//! | fact | value |
//! | --- | --- |
//! | `workspace` | there is a `[workspace]` |
//! | `workspace.member`, `workspace.exclude` | a pattern, a folder |
//! | `workspace.version` | the version that members inherit |
//! | `workspace.constraint.ALIAS`, `.package.`, `.path.`, `.git.` | a requirement that members inherit |
//! | `inherits.version` | the package inherits its version |
//! | `path.N`, `git.N` | the folder or repository of the N-th requirement |

use std::collections::BTreeMap;
use std::fmt;

use ::toml::Spanned;
use anyhow::Result;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::entry;
use crate::formats::{Format, Role};
use crate::intern::{self, Text};
use crate::model::{Gap, Inventory, Manifest, Requirement, SUBJECT, Scope};
use crate::source::Source;
use crate::syntax::toml;

/// The constraint of a requirement that is written `workspace = true`, until the join puts the workspace's in its place.
pub(super) const INHERITED: Text = "workspace";

entry! {
    /// `Cargo.toml`, what a package asks for; read to tell how the requirements in `Cargo.lock` are meant.
    pub CargoToml = "cargo-toml"
}

impl Format for CargoToml {
    fn files(&self) -> &'static [&'static str] {
        &["Cargo.toml"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut file: File = toml::read(source)?;
        let tables = Tables {
            dependencies: std::mem::take(&mut file.dependencies),
            dev: std::mem::take(&mut file.dev),
            dev_old: std::mem::take(&mut file.dev_old),
            build: std::mem::take(&mut file.build),
            build_old: std::mem::take(&mut file.build_old),
        };
        let package = file.package.as_ref().or(file.project.as_ref());
        if package.is_none() && file.workspace.is_none() {
            return Err(source.fault(source.start(), "neither [package] nor [workspace] in it"));
        }
        let mut inventory = Inventory::new(source, "cargo-toml");
        let mut facts = Facts::default();
        let mut manifest = Manifest::default();
        if let Some(package) = package {
            inventory.nodes[0].place = source.place_at(package.name.span());
            manifest.name = intern::text(package.name.get_ref());
            match &package.version {
                None => manifest.version = "0.0.0",
                Some(Version::Own(version)) => manifest.version = intern::text(version),
                Some(Version::Inherited { .. }) => facts.add("inherits.version", ""),
            }
        }
        if let Some(workspace) = &file.workspace {
            facts.workspace(workspace);
        }
        requirements(source, &tables, "", &mut inventory, &mut facts);
        for (target, tables) in &file.target {
            requirements(source, tables, intern::text(target), &mut inventory, &mut facts);
        }
        facts.0.sort_unstable();
        manifest.facts = facts.0;
        inventory.manifest = Some(manifest);
        Ok(inventory)
    }
}

/// Declares the requirements of one set of tables, all under one target.
fn requirements(source: &Source<'_>, tables: &Tables, environment: Text, to: &mut Inventory, facts: &mut Facts) {
    let sets = [
        (Scope::Runtime, &tables.dependencies),
        (Scope::Dev, &tables.dev),
        (Scope::Dev, &tables.dev_old),
        (Scope::Build, &tables.build),
        (Scope::Build, &tables.build_old),
    ];
    for (scope, set) in sets {
        for (alias, asked) in set {
            let (name, span) = match &asked.package {
                Some(package) => (package.get_ref(), package.span()),
                None => (alias.get_ref(), alias.span()),
            };
            let scope = if asked.optional && scope == Scope::Runtime { Scope::Optional } else { scope };
            let constraint = if asked.workspace { INHERITED } else { intern::text(&asked.version) };
            let index = to.declared.len();
            facts.address(&format!("path.{index}"), &asked.path);
            facts.address(&format!("git.{index}"), &asked.git);
            let requirement = Requirement { scope, constraint, environment, extra: "" };
            to.declare(SUBJECT, intern::text(name), requirement, source.place_at(span), Gap::Open);
        }
    }
}

#[derive(Default)]
struct Facts(Vec<(Text, Text)>);

impl Facts {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push((intern::text(name), intern::text(value)));
    }

    fn address(&mut self, name: &str, value: &Option<String>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn workspace(&mut self, workspace: &Workspace) {
        self.add("workspace", "");
        workspace.members.iter().for_each(|member| self.add("workspace.member", member));
        workspace.exclude.iter().for_each(|folder| self.add("workspace.exclude", folder));
        if let Some(version) = workspace.package.as_ref().and_then(|package| package.version.as_ref()) {
            self.add("workspace.version", version);
        }
        for (alias, asked) in &workspace.dependencies {
            self.add(&format!("workspace.constraint.{alias}"), &asked.version);
            let package = asked.package.as_ref().map(|package| package.get_ref().clone());
            self.address(&format!("workspace.package.{alias}"), &package);
            self.address(&format!("workspace.path.{alias}"), &asked.path);
            self.address(&format!("workspace.git.{alias}"), &asked.git);
        }
    }
}

#[derive(Deserialize)]
struct File {
    package: Option<Package>,
    /// What `[package]` was called before 1.0.
    project: Option<Package>,
    workspace: Option<Workspace>,
    // Not `flatten`ed: it would lose the places.
    #[serde(default)]
    dependencies: Set,
    #[serde(default, rename = "dev-dependencies")]
    dev: Set,
    #[serde(default, rename = "dev_dependencies")]
    dev_old: Set,
    #[serde(default, rename = "build-dependencies")]
    build: Set,
    #[serde(default, rename = "build_dependencies")]
    build_old: Set,
    #[serde(default)]
    target: BTreeMap<String, Tables>,
}

/// The requirements under one target.
#[derive(Default, Deserialize)]
struct Tables {
    #[serde(default)]
    dependencies: Set,
    #[serde(default, rename = "dev-dependencies")]
    dev: Set,
    #[serde(default, rename = "dev_dependencies")]
    dev_old: Set,
    #[serde(default, rename = "build-dependencies")]
    build: Set,
    #[serde(default, rename = "build_dependencies")]
    build_old: Set,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Option<Version>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Own(String),
    Inherited {
        #[serde(rename = "workspace")]
        _workspace: bool,
    },
}

#[derive(Deserialize)]
struct Workspace {
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    package: Option<Shared>,
    #[serde(default)]
    dependencies: BTreeMap<String, Asked>,
}

#[derive(Deserialize)]
struct Shared {
    version: Option<String>,
}

type Set = BTreeMap<Spanned<String>, Asked>;

/// One requirement: a range, or a table.
#[derive(Default)]
struct Asked {
    version: String,
    package: Option<Spanned<String>>,
    path: Option<String>,
    git: Option<String>,
    optional: bool,
    workspace: bool,
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Asked;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version range or a table that describes a requirement")
            }
            fn visit_str<E>(self, version: &str) -> Result<Asked, E> {
                Ok(Asked { version: version.to_owned(), ..Asked::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Asked, A::Error> {
                let mut asked = Asked::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "version" => asked.version = map.next_value()?,
                        "package" => asked.package = Some(map.next_value()?),
                        "path" => asked.path = Some(map.next_value()?),
                        "git" => asked.git = Some(map.next_value()?),
                        "optional" => asked.optional = map.next_value()?,
                        "workspace" => asked.workspace = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(asked)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn every_table_is_declared_with_its_place() {
        let text = r#"
[package]
name = "app"
version.workspace = true

[dependencies]
a = "1"
json = { package = "serde_json", version = "1", optional = true }
shared.workspace = true

[dev_dependencies]
b = { path = "../b" }

[build-dependencies.c]
version = "3"

[target.'cfg(unix)'.dependencies]
d = { version = "4", git = "https://git.example/d" }

[target.x86_64-unknown-linux-gnu.dev-dependencies]
e = "5"

[workspace]
members = ["crates/*"]

[workspace.package]
version = "0.3.1"

[workspace.dependencies]
shared = { package = "really-shared", version = "2" }
"#;
        let source = Source { file: FileId(0), path: "Cargo.toml", text };
        let inventory = CargoToml.parse(&source).unwrap();
        let declared: Vec<String> = inventory
            .declared
            .iter()
            .map(|declared| {
                let place = declared.place.start as usize..(declared.place.start + declared.place.len) as usize;
                assert!(text[place.clone()].contains(declared.name), "{} is not in {}", declared.name, &text[place]);
                let Requirement { scope, constraint, environment, .. } = declared.requirement;
                format!("{} {constraint} {} {environment}", declared.name, scope.name())
            })
            .collect();
        assert_eq!(
            declared,
            [
                "a 1 runtime ",
                "serde_json 1 optional ",
                "shared workspace runtime ",
                "b  dev ",
                "c 3 build ",
                "d 4 runtime cfg(unix)",
                "e 5 dev x86_64-unknown-linux-gnu",
            ]
        );
        assert_eq!(
            inventory.manifest.unwrap().facts,
            [
                ("git.5", "https://git.example/d"),
                ("inherits.version", ""),
                ("path.3", "../b"),
                ("workspace", ""),
                ("workspace.constraint.shared", "2"),
                ("workspace.member", "crates/*"),
                ("workspace.package.shared", "really-shared"),
                ("workspace.version", "0.3.1"),
            ]
        );
    }

    #[test]
    fn a_manifest_of_nothing_is_an_error() {
        for (text, message) in
            [("[dependencies]\na = \"1\"\n", "neither [package] nor [workspace] in it"), ("", "the file is empty")]
        {
            let source = Source { file: FileId(0), path: "Cargo.toml", text };
            assert_eq!(CargoToml.parse(&source).unwrap_err().to_string(), message);
        }
    }
}
