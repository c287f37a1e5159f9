//! `*.deps.json`, what a built .NET program is made of.
//!
//! Specification: the runtime's `docs/design/features/host-probing.md` and `Microsoft.Extensions.DependencyModel`.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;

use super::frameworks;
use crate::entry;
use crate::formats::hang::hang;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Gap, Inventory, NodeId, Purl, Requirement, Says, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `*.deps.json`, the packages that a built .NET program loads; it lies beside the program.
    ///
    /// Read is the target named by `runtimeTarget`, with who requires whom, and the digests of `libraries`. The program and
    /// its projects are roots. A runtime that is shipped along (`runtimepack.Microsoft.NETCore.App.Runtime.linux-x64`) is
    /// the package of that name. What nothing requires counts as direct. The file holds no feeds, no licences and nothing
    /// that is needed only to build or develop.
    pub DepsJson = "deps-json"
}

impl Format for DepsJson {
    fn files(&self) -> &'static [&'static str] {
        &["*.deps.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"runtimeTarget\":") && text.contains("\"libraries\":")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file: File<'_> = json::read(source)?;
        let Some(name) = file.runtime_target.as_ref().map(Target::name).filter(|name| !name.is_empty()) else {
            return Err(source.fault(source.start(), "no \"runtimeTarget\" in it; build the program anew"));
        };
        let Some(packages) = file.targets.get(name) else {
            let message = format!("its runtimeTarget \"{}\" is not among the targets", name.escape_debug());
            return Err(source.fault(source.place(name), message));
        };
        let mut inventory = Inventory::new(source, "deps-json");
        inventory.says = Says { scopes: false, origin: false, licence: false, ..Says::ALL };
        fill(source, &mut inventory, packages, &file.libraries);
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct File<'t> {
    #[serde(borrow, rename = "runtimeTarget")]
    runtime_target: Option<Target<'t>>,
    #[serde(borrow, default)]
    targets: Map<Str<'t>, Map<Str<'t>, Package<'t>>>,
    #[serde(borrow, default)]
    libraries: Map<Str<'t>, Library<'t>>,
}

/// Old tools write the name alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Target<'t> {
    Named {
        #[serde(borrow)]
        name: Str<'t>,
    },
    Name(#[serde(borrow)] Str<'t>),
}

impl Target<'_> {
    fn name(&self) -> &str {
        match self {
            Target::Named { name } | Target::Name(name) => name,
        }
    }
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow, default)]
    dependencies: Map<Str<'t>, Str<'t>>,
}

#[derive(Deserialize)]
struct Library<'t> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'t>,
    #[serde(borrow)]
    sha512: Option<Str<'t>>,
}

fn fill<'t>(
    source: &Source<'t>,
    inventory: &mut Inventory,
    packages: &Map<Str<'t>, Package<'t>>,
    libraries: &Map<Str<'t>, Library<'t>>,
) {
    let libraries: HashMap<&str, &Library<'_>> = libraries.0.iter().map(|(name, library)| (&**name, library)).collect();
    let mut named: HashMap<String, NodeId> = HashMap::with_capacity(packages.0.len());
    let mut ids = Vec::with_capacity(packages.0.len());
    for (entry, _) in &packages.0 {
        let place = entry.place(source, source.start());
        let (name, version) = entry.split_once('/').unwrap_or((entry, ""));
        if name.is_empty() || version.is_empty() {
            inventory.fault(place, format!("\"{}\" is no name and version of a package", entry.escape_debug()));
            ids.push(None);
            continue;
        }
        let library = libraries.get(&**entry).copied();
        let digest = library.and_then(|library| library.sha512.as_deref()).unwrap_or_default();
        let plain = name.strip_prefix("runtimepack.").unwrap_or(name);
        let (mut component, wrong) = frameworks::package(plain, version, digest);
        if library.is_some_and(|library| &*library.kind == "reference") {
            // A library that is named by its path.
            component.purl = Purl::new("generic", "", plain, version);
        }
        if let Some(wrong) = wrong {
            inventory.fault(place, wrong);
        }
        let is_project = library.is_some_and(|library| &*library.kind == "project");
        let node = if is_project { inventory.add_root(component, place) } else { inventory.add(component, place) };
        if named.insert(name.to_ascii_lowercase(), node).is_some() {
            inventory.fault(place, format!("{} is listed twice", name.escape_debug()));
        }
        ids.push(Some(node));
    }
    for ((_, package), from) in packages.0.iter().zip(ids) {
        let Some(from) = from else { continue };
        for (other, constraint) in &package.dependencies.0 {
            let place = other.place(source, source.start());
            match named.get(&other.to_ascii_lowercase()) {
                Some(&to) => {
                    let constraint = intern::text(constraint);
                    inventory.edge(from, to, Requirement { constraint, ..Requirement::of(Scope::Runtime) }, place);
                }
                None => {
                    let requirement =
                        Requirement { constraint: intern::text(constraint), ..Requirement::of(Scope::Runtime) };
                    inventory.declare(from, intern::text(other), requirement, place, Gap::Unpinned);
                }
            }
        }
    }
    hang(inventory, |_| Requirement::of(Scope::Runtime));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        DepsJson.parse(&Source { file: FileId(0), path: "app.deps.json", text })
    }

    #[test]
    fn the_runtime_target_is_read() {
        let text = r#"{"runtimeTarget": {"name": "n/linux-x64"}, "targets": {"n": {}, "n/linux-x64": {
            "app/1.0.0": {"dependencies": {"A": "1", "runtimepack.R.linux-x64": "8", "gone": "1"}},
            "A/1": {}, "B/1": {}, "odd": {}, "runtimepack.R.linux-x64/8": {}}},
            "libraries": {"app/1.0.0": {"type": "project"}, "A/1": {"type": "package", "sha512": ""}}}"#;
        let expected = [
            "pkg:nuget/app@1.0.0 [app/1.0.0] an unknown source root",
            "pkg:nuget/A@1 [A/1] an unknown source",
            "pkg:nuget/B@1 [B/1] an unknown source",
            "pkg:nuget/R.linux-x64@8 [runtimepack.R.linux-x64/8] an unknown source",
            "- -> pkg:nuget/app@1.0.0 runtime",
            "pkg:nuget/app@1.0.0 -> pkg:nuget/A@1 runtime; 1",
            "pkg:nuget/app@1.0.0 -> pkg:nuget/R.linux-x64@8 runtime; 8",
            "- -> pkg:nuget/B@1 runtime",
            "pkg:nuget/app@1.0.0 ?? gone",
            "! \"odd\" is no name and version of a package",
        ];
        assert_eq!(lines(&parse(text).unwrap(), text), expected);
    }

    #[test]
    fn what_is_no_such_file_is_an_error() {
        for (text, expected) in [
            ("{}", "no \"runtimeTarget\" in it; build the program anew"),
            (r#"{"runtimeTarget": "x"}"#, "its runtimeTarget \"x\" is not among the targets"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
