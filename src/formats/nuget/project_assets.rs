//! `project.assets.json`, what `dotnet restore` leaves in `obj` for the build.
//!
//! Specification: NuGet's `src/NuGet.Core/NuGet.ProjectModel/LockFile/LockFileFormat.cs`.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frameworks::{self, Frameworks};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `project.assets.json`, every package that `dotnet restore` resolved for a project.
    ///
    /// Versions 2 to 4. Read are `targets` with who requires whom, the digests of `libraries`, what the project asks for
    /// (`projectFileDependencyGroups`), its name and the feeds it is restored from; not the files in each package. Each target,
    /// a framework (`net8.0`) or a runtime of one (`net8.0/win-x64`), is an environment. What the project keeps to itself
    /// (`PrivateAssets="all"`, written `suppressParent`) is there to develop. Which feed a package is from the file does not
    /// say, and it holds no licences.
    pub ProjectAssets = "project-assets"
}

impl Format for ProjectAssets {
    fn files(&self) -> &'static [&'static str] {
        &["project.assets.json"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let assets: Assets<'_> = json::read(source)?;
        match assets.version {
            Some(2..=4) => {}
            Some(version) if version > 4 => {
                let message =
                    format!("version {version} of project.assets.json is newer than driftgate reads (2 to 4)");
                return Err(source.fault(source.start(), message));
            }
            _ => {
                let message = "no version that is known in it; write it anew with `dotnet restore`";
                return Err(source.fault(source.start(), message));
            }
        }
        if assets.targets.0.is_empty() {
            return Err(source.fault(source.start(), "no \"targets\" in it; write it anew with `dotnet restore`"));
        }
        let mut inventory = Inventory::new(source, "project-assets");
        inventory.says = Says { licence: false, ..Says::ALL };
        assets.fill(source, &mut inventory);
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct Assets<'t> {
    version: Option<u32>,
    #[serde(borrow, default)]
    targets: Map<Str<'t>, Map<Str<'t>, Package<'t>>>,
    #[serde(borrow, default)]
    libraries: Map<Str<'t>, Library<'t>>,
    #[serde(borrow, default, rename = "projectFileDependencyGroups")]
    groups: Map<Str<'t>, Option<Vec<Str<'t>>>>,
    #[serde(borrow)]
    project: Option<Project<'t>>,
}

#[derive(Deserialize)]
struct Package<'t> {
    #[serde(borrow, default, rename = "type")]
    kind: Str<'t>,
    #[serde(borrow, default)]
    dependencies: Map<Str<'t>, Str<'t>>,
}

#[derive(Deserialize)]
struct Library<'t> {
    #[serde(borrow)]
    sha512: Option<Str<'t>>,
    #[serde(borrow)]
    path: Option<Str<'t>>,
}

#[derive(Deserialize)]
struct Project<'t> {
    #[serde(borrow, default)]
    version: Option<Str<'t>>,
    #[serde(borrow)]
    restore: Option<Restore<'t>>,
    #[serde(borrow, default)]
    frameworks: Map<Str<'t>, Framework<'t>>,
}

#[derive(Deserialize)]
struct Restore<'t> {
    #[serde(borrow, rename = "projectName")]
    name: Option<Str<'t>>,
    #[serde(borrow, default)]
    sources: Map<Str<'t>, IgnoredAny>,
}

#[derive(Deserialize)]
struct Framework<'t> {
    #[serde(borrow, default)]
    dependencies: Map<Str<'t>, Dependency<'t>>,
}

#[derive(Deserialize)]
struct Dependency<'t> {
    #[serde(borrow, rename = "suppressParent")]
    suppress_parent: Option<Str<'t>>,
}

impl<'t> Assets<'t> {
    fn fill(&self, source: &Source<'t>, inventory: &mut Inventory) {
        let root = self.root(source, inventory);
        let libraries: HashMap<&str, &Library<'_>> =
            self.libraries.0.iter().map(|(name, library)| (&**name, library)).collect();
        let mut frameworks = Frameworks::of(self.targets.0.iter().map(|(name, _)| &**name));
        let dev = self.kept();
        for (framework, (target, packages)) in self.targets.0.iter().enumerate() {
            let mut named: HashMap<String, NodeId> = HashMap::with_capacity(packages.0.len());
            let mut ids = Vec::with_capacity(packages.0.len());
            for (entry, package) in &packages.0 {
                let place = entry.place(source, source.start());
                let (name, version) = entry.split_once('/').unwrap_or((entry, ""));
                if name.is_empty() || version.is_empty() {
                    let message = format!("\"{}\" is no name and version of a package", entry.escape_debug());
                    inventory.fault(place, message);
                    ids.push(None);
                    continue;
                }
                let library = libraries.get(&**entry).copied();
                let is_project = &*package.kind == "project";
                let digest = library.and_then(|library| library.sha512.as_deref()).unwrap_or_default();
                let (mut component, wrong) = frameworks::package(name, version, digest);
                if let Some(wrong) = wrong {
                    inventory.fault(place, wrong);
                }
                if is_project {
                    component.origin =
                        Origin::path(library.and_then(|library| library.path.as_deref()).unwrap_or_default());
                }
                let node = frameworks.add(inventory, framework, component, place, is_project);
                named.insert(name.to_ascii_lowercase(), node);
                ids.push(Some(node));
            }
            for ((entry, package), from) in packages.0.iter().zip(&ids) {
                let Some(from) = *from else { continue };
                for (other, constraint) in &package.dependencies.0 {
                    let place = other.place(source, source.start());
                    let requirement =
                        Requirement { constraint: intern::text(constraint), ..Requirement::of(Scope::Runtime) };
                    match named.get(&other.to_ascii_lowercase()) {
                        Some(&to) => frameworks.link(framework, from, to, requirement, place),
                        None => {
                            let (entry, other, target) =
                                (entry.escape_debug(), other.escape_debug(), target.escape_debug());
                            let message =
                                format!("{entry} requires {other}, which the file does not hold for {target}");
                            inventory.fault(place, message);
                        }
                    }
                }
            }
            let base = target.split('/').next().unwrap_or_default();
            for asked in self.groups.get(base).into_iter().flatten().flatten() {
                let place = asked.place(source, source.start());
                let (name, constraint) = asked.split_once(' ').unwrap_or((asked, ""));
                let key = name.to_ascii_lowercase();
                let scope = if dev.contains(&(short(base), key.clone())) { Scope::Dev } else { Scope::Runtime };
                let requirement = Requirement { constraint: intern::text(constraint), ..Requirement::of(scope) };
                match named.get(&key) {
                    Some(&to) => frameworks.link(framework, root, to, requirement, place),
                    None => inventory.declare(root, intern::text(name), requirement, place, Gap::Unpinned),
                }
            }
        }
        frameworks.finish(inventory);
    }

    /// Adds the project itself, and the feeds that it is restored from.
    fn root(&self, source: &Source<'t>, inventory: &mut Inventory) -> NodeId {
        let Some(project) = &self.project else { return SUBJECT };
        let Some(restore) = &project.restore else { return SUBJECT };
        for (address, _) in restore.sources.0.iter().filter(|(address, _)| address.contains("://")) {
            inventory.look_up(address, address.place(source, source.start()));
        }
        let Some(name) = restore.name.as_ref().filter(|name| !name.is_empty()) else { return SUBJECT };
        let purl = Purl::new("nuget", "", name, project.version.as_deref().unwrap_or_default());
        inventory.add_root(Component::new(purl), name.place(source, source.start()))
    }

    /// Returns what the project keeps to itself, as framework and name.
    fn kept(&self) -> HashSet<(String, String)> {
        let frameworks = self.project.iter().flat_map(|project| &project.frameworks.0);
        let all =
            frameworks.flat_map(|(framework, asked)| asked.dependencies.0.iter().map(move |one| (framework, one)));
        all.filter(|(_, (_, asked))| asked.suppress_parent.as_deref() == Some("All"))
            .map(|(framework, (name, _))| (short(framework), name.to_ascii_lowercase()))
            .collect()
    }
}

/// Returns a framework's short name: `.NETStandard,Version=v2.0` is `netstandard2.0`.
fn short(framework: &str) -> String {
    let Some((name, version)) = framework.split_once(",Version=v") else { return framework.to_ascii_lowercase() };
    match name {
        ".NETStandard" => format!("netstandard{version}"),
        ".NETFramework" => format!("net{}", version.replace('.', "")),
        ".NETCoreApp" if version.starts_with(['1', '2', '3']) && version.find('.') == Some(1) => {
            format!("netcoreapp{version}")
        }
        ".NETCoreApp" => format!("net{version}"),
        _ => framework.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn frameworks_have_short_names() {
        for (long, expected) in [
            (".NETStandard,Version=v2.0", "netstandard2.0"),
            (".NETFramework,Version=v4.7.2", "net472"),
            (".NETCoreApp,Version=v3.1", "netcoreapp3.1"),
            (".NETCoreApp,Version=v10.0", "net10.0"),
            ("net8.0", "net8.0"),
        ] {
            assert_eq!(short(long), expected);
        }
    }

    #[test]
    fn what_is_no_such_file_is_an_error() {
        for (text, expected) in [
            ("{}", "no version that is known in it; write it anew with `dotnet restore`"),
            (r#"{"version": 9}"#, "version 9 of project.assets.json is newer than driftgate reads (2 to 4)"),
            (r#"{"version": 3}"#, "no \"targets\" in it; write it anew with `dotnet restore`"),
        ] {
            let source = Source { file: FileId(0), path: "project.assets.json", text };
            assert_eq!(ProjectAssets.parse(&source).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
