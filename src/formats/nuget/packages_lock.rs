//! `packages.lock.json`, what NuGet resolved for a project.
//!
//! Specification: NuGet's `src/NuGet.Core/NuGet.ProjectModel/ProjectLockFile/PackagesLockFileFormat.cs`.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frameworks::{self, Frameworks};
use crate::entry;
use crate::formats::hang::hang;
use crate::formats::{Format, Yield};
use crate::intern::{self, Text};
use crate::model::{Inventory, NodeId, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `packages.lock.json`, every package NuGet resolved for a project.
    ///
    /// Versions 1 to 3. Each target framework (`net8.0`), and each runtime of one (`net8.0/win-x64`), is an environment: a
    /// package that is not in all frameworks names those that it is in. `Direct` packages are what the project asks for;
    /// `Transitive` and `CentralTransitive` ones hang from who requires them. A `Project` is one of the solution. Digests are
    /// SHA-512, of the package without its signature.
    ///
    /// The lock holds no feeds and no licences, and does not tell what is needed to develop.
    pub PackagesLock = "packages-lock"
}

impl Format for PackagesLock {
    fn files(&self) -> &'static [&'static str] {
        &["packages.lock.json", "packages.*.lock.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Environments]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"contentHash\":") && text.contains("\"resolved\":")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        let targets = match lock.version {
            Some(1 | 2) => lock.dependencies.map(|targets| targets.0),
            Some(3) => Some(aliased(source)?),
            Some(version) if version > 3 => {
                let message = format!("version {version} of packages.lock.json is newer than driftgate reads (1 to 3)");
                return Err(source.fault(source.start(), message));
            }
            _ => return Err(source.fault(source.start(), "no version in it; is it a lock of NuGet's?")),
        };
        let Some(targets) = targets else {
            let message = "no \"dependencies\" in it; write it anew with `dotnet restore --force-evaluate`";
            return Err(source.fault(source.start(), message));
        };
        let mut inventory = Inventory::new(source, "packages-lock");
        inventory.says = Says { origin: false, licence: false, ..Says::ALL };
        fill(source, &mut inventory, &targets);
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct Lock<'t> {
    version: Option<u32>,
    #[serde(borrow)]
    dependencies: Option<Map<Str<'t>, Packages<'t>>>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'t>,
    #[serde(borrow)]
    requested: Option<Str<'t>>,
    #[serde(borrow)]
    resolved: Option<Str<'t>>,
    #[serde(borrow, rename = "contentHash")]
    content_hash: Option<Str<'t>>,
    #[serde(borrow, default)]
    dependencies: Map<Str<'t>, Option<Str<'t>>>,
}

type Packages<'t> = Map<Str<'t>, Package<'t>>;

/// What stands at the top of a lock of version 3.
#[derive(Deserialize)]
#[serde(untagged)]
enum Top<'t> {
    Target {
        #[serde(borrow)]
        dependencies: Packages<'t>,
    },
    Version(IgnoredAny),
}

/// Reads version 3: the frameworks, by the names that the project gives them, stand at the top.
fn aliased<'t>(source: &Source<'t>) -> Result<Vec<(Str<'t>, Packages<'t>)>> {
    let top: Map<Str<'t>, Top<'t>> = json::read(source)?;
    let mut targets = Vec::with_capacity(top.0.len());
    for (name, target) in top.0 {
        match target {
            Top::Target { dependencies } => targets.push((name, dependencies)),
            Top::Version(_) if &*name == "version" => {}
            Top::Version(_) => {
                let message = format!("\"{}\" is no target that can be read", name.escape_debug());
                return Err(source.fault(name.place(source, source.start()), message));
            }
        }
    }
    Ok(targets)
}

fn fill<'t>(source: &Source<'t>, inventory: &mut Inventory, targets: &[(Str<'t>, Packages<'t>)]) {
    let mut frameworks = Frameworks::of(targets.iter().map(|(name, _)| &**name));
    let mut named: HashMap<(&str, String), NodeId> = HashMap::new();
    for (framework, (target, packages)) in targets.iter().enumerate() {
        for (name, package) in &packages.0 {
            let place = name.place(source, source.start());
            let is_project = package.kind.eq_ignore_ascii_case("Project");
            if !is_project && !["Direct", "Transitive", "CentralTransitive"].contains(&&*package.kind) {
                let message = format!(
                    "\"{}\" is of the type \"{}\", which is none that driftgate knows",
                    name.escape_debug(),
                    package.kind.escape_debug()
                );
                inventory.fault(place, message);
            }
            let version = package.resolved.as_deref().unwrap_or_default();
            if version.is_empty() && !is_project {
                let message = format!(
                    "\"{}\" has no resolved version; write it anew with `dotnet restore --force-evaluate`",
                    name.escape_debug()
                );
                inventory.fault(place, message);
                continue;
            }
            let hash = package.content_hash.as_deref().unwrap_or_default();
            let (component, wrong) = frameworks::package(name, version, hash);
            if let Some(wrong) = wrong {
                inventory.fault(place, wrong);
            }
            let node = frameworks.add(inventory, framework, component, place, is_project);
            if named.insert((&**target, name.to_ascii_lowercase()), node).is_some() {
                inventory
                    .fault(place, format!("{} is listed twice for {}", name.escape_debug(), target.escape_debug()));
            }
        }
    }
    for (framework, (target, packages)) in targets.iter().enumerate() {
        let base = target.split('/').next().unwrap_or_default();
        for (name, package) in &packages.0 {
            let Some(&from) = named.get(&(&**target, name.to_ascii_lowercase())) else { continue };
            if &*package.kind == "Direct" {
                let constraint = intern::text(package.requested.as_deref().unwrap_or_default());
                let requirement = Requirement { constraint, ..Requirement::of(Scope::Runtime) };
                frameworks.link(framework, SUBJECT, from, requirement, name.place(source, source.start()));
            }
            for (other, constraint) in &package.dependencies.0 {
                let place = other.place(source, source.start());
                let key = other.to_ascii_lowercase();
                let found = named.get(&(&**target, key.clone())).or_else(|| named.get(&(base, key)));
                let Some(&to) = found else {
                    let (name, other) = (name.escape_debug(), other.escape_debug());
                    let message =
                        format!("{name} requires {other}, which the lock does not hold for {}", target.escape_debug());
                    inventory.fault(place, message);
                    continue;
                };
                let requirement = Requirement {
                    constraint: intern::text(constraint.as_deref().unwrap_or_default()),
                    ..Requirement::of(Scope::Runtime)
                };
                frameworks.link(framework, from, to, requirement, place);
            }
        }
    }
    frameworks.finish(inventory);
    // What a runtime identifier alone brings in nobody in the file requires.
    let environments: Vec<Text> = inventory.nodes.iter().map(|node| node.environment).collect();
    hang(inventory, |node| Requirement { environment: environments[node as usize], ..Requirement::of(Scope::Runtime) });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        PackagesLock.parse(&Source { file: FileId(0), path: "packages.lock.json", text })
    }

    #[test]
    fn each_framework_has_its_own_answer() {
        let text = r#"{"version": 2, "dependencies": {
            "net48": {"A": {"type": "Direct", "requested": "[1, )", "resolved": "1.0", "dependencies": {"b": "1"}},
                      "B": {"type": "Transitive", "resolved": "1.0"}},
            "net8.0": {"A": {"type": "Direct", "requested": "[1, )", "resolved": "1.0", "dependencies": {"B": "1"}},
                      "B": {"type": "CentralTransitive", "requested": "[2, )", "resolved": "2.0"},
                      "p": {"type": "Project", "dependencies": {"A": "[1, )"}}},
            "net8.0/win-x64": {"B": {"type": "Transitive", "resolved": "2.0", "dependencies": {"R": "3"}},
                      "R": {"type": "Transitive", "resolved": "3"}}}}"#;
        let expected = [
            "pkg:nuget/A@1.0 [A] an unknown source",
            "pkg:nuget/B@1.0 [B] an unknown source net48",
            "pkg:nuget/B@2.0 [B] an unknown source net8.0",
            "pkg:nuget/p [p] an unknown source net8.0 root",
            "pkg:nuget/R@3 [R] an unknown source net8.0/win-x64",
            "- -> pkg:nuget/p runtime",
            "- -> pkg:nuget/A@1.0 runtime; [1, )",
            "pkg:nuget/A@1.0 -> pkg:nuget/B@1.0 runtime; 1; net48",
            "pkg:nuget/A@1.0 -> pkg:nuget/B@2.0 runtime; 1; net8.0",
            "pkg:nuget/B@2.0 -> pkg:nuget/R@3 runtime; 3; net8.0/win-x64",
            "pkg:nuget/p -> pkg:nuget/A@1.0 runtime; [1, )",
        ];
        assert_eq!(lines(&parse(text).unwrap(), text), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("{}", "no version in it; is it a lock of NuGet's?"),
            (r#"{"version": 9}"#, "version 9 of packages.lock.json is newer than driftgate reads (1 to 3)"),
            (r#"{"version": 1}"#, "no \"dependencies\" in it; write it anew with `dotnet restore --force-evaluate`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        for (packages, expected) in [
            (
                r#""A": {"type": "Direct"}"#,
                "! \"A\" has no resolved version; write it anew with `dotnet restore --force-evaluate`",
            ),
            (
                r#""A": {"type": "Direct", "resolved": "1", "dependencies": {"B": "1"}}"#,
                "! A requires B, which the lock does not hold for net8.0",
            ),
            (
                r#""A": {"type": "Odd", "resolved": "1"}"#,
                "! \"A\" is of the type \"Odd\", which is none that driftgate knows",
            ),
            (
                r#""A": {"type": "Direct", "resolved": "1", "contentHash": "%"}"#,
                "! \"%\" is no SHA-512 digest in base64",
            ),
        ] {
            let text = format!(r#"{{"version": 1, "dependencies": {{"net8.0": {{{packages}}}}}}}"#);
            let lines = lines(&parse(&text).unwrap(), &text);
            assert_eq!(lines.last().unwrap(), expected);
        }
    }
}
