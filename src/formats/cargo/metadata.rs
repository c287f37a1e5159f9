//! What `cargo metadata` adds to a lock: licences, features, and how every package means its requirements.
//!
//! Cargo reads the tree's own configuration, which can name programs to run; so this is for trees that are trusted, and only
//! where the user asked for it. It runs locked and offline, and changes nothing.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use hashbrown::HashMap;

use super::lock;
use crate::intern;
use crate::model::{Edge, Inventory, NodeId, Origin, Requirement, Scope};

/// Adds to the inventory of a `Cargo.lock` what Cargo itself says of the workspace in `folder`.
///
/// # Errors
/// Where Cargo is not installed, refuses (a stale lock, crates that were never fetched), or answers nothing.
pub fn enrich(inventory: &mut Inventory, folder: &Path) -> Result<()> {
    let mut command = MetadataCommand::new();
    command.current_dir(folder).manifest_path("Cargo.toml").other_options(["--locked".into(), "--offline".into()]);
    let metadata = command.exec().map_err(refused).context("running cargo metadata --locked --offline")?;
    apply(inventory, &metadata)
}

/// Returns Cargo's own first line of error.
fn refused(error: cargo_metadata::Error) -> anyhow::Error {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            let line = stderr.lines().find_map(|line| line.strip_prefix("error: "));
            let line = line.or_else(|| stderr.lines().find(|line| !line.trim().is_empty()));
            anyhow!("{}", line.unwrap_or("it failed without a word").escape_debug())
        }
        cargo_metadata::Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow!("cargo is not to be found; install it, or leave the enrichment out")
        }
        other => other.into(),
    }
}

fn apply(inventory: &mut Inventory, metadata: &Metadata) -> Result<()> {
    let Some(resolve) = &metadata.resolve else { bail!("cargo metadata resolved nothing") };
    let nodes = pair(inventory, metadata);
    let features: HashMap<&str, String> = resolve
        .nodes
        .iter()
        .map(|node| {
            let mut features: Vec<String> = node.features.iter().map(ToString::to_string).collect();
            features.sort_unstable();
            (node.id.repr.as_str(), features.join(","))
        })
        .collect();
    for package in &metadata.packages {
        let Some(&node) = nodes.get(package.id.repr.as_str()) else { continue };
        let Some(component) = inventory.component(node) else { continue };
        let mut component = component.clone();
        component.licence = intern::text(package.license.as_deref().unwrap_or_default());
        if let Some(features) = features.get(package.id.repr.as_str()).filter(|features| !features.is_empty()) {
            component.properties.push(("cargo:features", intern::text(features)));
        }
        inventory.nodes[node as usize].component = Some(component.intern());
    }
    let mut kinds: HashMap<(NodeId, NodeId), Vec<Requirement>> = HashMap::new();
    for node in &resolve.nodes {
        let Some(&from) = nodes.get(node.id.repr.as_str()) else { continue };
        for dependency in &node.deps {
            let Some(&to) = nodes.get(dependency.pkg.repr.as_str()) else { continue };
            for kind in &dependency.dep_kinds {
                let scope = match kind.kind {
                    DependencyKind::Build => Scope::Build,
                    DependencyKind::Development => Scope::Dev,
                    _ => Scope::Runtime,
                };
                let environment = kind.target.as_ref().map(ToString::to_string).unwrap_or_default();
                let requirement = Requirement { environment: intern::text(&environment), ..Requirement::of(scope) };
                kinds.entry((from, to)).or_default().push(requirement);
            }
        }
    }
    tell(inventory, &kinds);
    inventory.says.licence = true;
    inventory.says.scopes = true;
    Ok(())
}

/// Puts Cargo's kinds in the place of edges that only the lock told of; what a manifest told is told better.
fn tell(inventory: &mut Inventory, kinds: &HashMap<(NodeId, NodeId), Vec<Requirement>>) {
    let lock = inventory.nodes[0].place.file;
    let mut edges = Vec::with_capacity(inventory.edges.len());
    for edge in inventory.edges.drain(..) {
        match kinds.get(&(edge.from, edge.to)).filter(|_| edge.place.file == lock) {
            Some(kinds) => edges.extend(kinds.iter().map(|kind| Edge { requirement: kind.intern(), ..edge })),
            None => edges.push(edge),
        }
    }
    inventory.edges = edges;
}

/// Pairs Cargo's packages with the lock's nodes, by Cargo's ids.
fn pair<'m>(inventory: &Inventory, metadata: &'m Metadata) -> HashMap<&'m str, NodeId> {
    let mut named: HashMap<(&str, &str), Vec<NodeId>> = HashMap::new();
    for (id, node) in inventory.nodes.iter().enumerate() {
        if let Some(component) = node.component {
            named.entry((component.purl.name(), component.version())).or_default().push(id as NodeId);
        }
    }
    let mut pairs = HashMap::with_capacity(metadata.packages.len());
    for package in &metadata.packages {
        let version = package.version.to_string();
        let Some(candidates) = named.get(&(package.name.as_str(), version.as_str())) else { continue };
        let source = package.source.as_ref().map(|source| lock::origin(&source.repr, true));
        let is_it = |&&node: &&NodeId| {
            let origin = inventory.component(node).map(|component| component.origin);
            match (origin, source) {
                (Some(Origin::Path(_)), None) => true,
                (Some(Origin::Git { url, commit, .. }), Some(Origin::Git { url: other, commit: at, .. })) => {
                    url == other && commit == at
                }
                (Some(origin), Some(source)) => origin == source,
                _ => false,
            }
        };
        if let Some(&node) = candidates.iter().find(is_it).or(candidates.first().filter(|_| candidates.len() == 1)) {
            pairs.insert(package.id.repr.as_str(), node);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::{Format, cargo::lock::CargoLock};
    use crate::source::{FileId, Source};

    const LOCK: &str = r#"
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["cc"]
[[package]]
name = "cc"
version = "1.0.0"
source = "sparse+https://crates.example/index/"
"#;

    fn lock() -> Inventory {
        CargoLock.parse(&Source { file: FileId(0), path: "Cargo.lock", text: LOCK }).unwrap()
    }

    fn package(name: &str, version: &str, source: Option<&str>) -> serde_json::Value {
        serde_json::json!({
            "name": name, "version": version, "id": name, "source": source, "license": "MIT", "dependencies": [],
            "targets": [], "features": {}, "manifest_path": "Cargo.toml", "metadata": null,
        })
    }

    #[test]
    fn cargo_tells_licences_features_and_kinds() {
        let metadata = serde_json::json!({
            "packages": [
                package("app", "0.1.0", None),
                package("cc", "1.0.0", Some("registry+https://crates.example/other")),
                package("unlocked", "1.0.0", None),
            ],
            "workspace_members": ["app"],
            "resolve": {"root": "app", "nodes": [
                {"id": "app", "features": [], "dependencies": ["cc"], "deps": [{"name": "cc", "pkg": "cc", "dep_kinds": [
                    {"kind": "build", "target": "cfg(unix)"}, {"kind": "dev", "target": null},
                ]}]},
                {"id": "cc", "features": ["parallel", "default"], "dependencies": [], "deps": []},
            ]},
            "target_directory": "target", "workspace_root": ".", "version": 1,
        });
        let mut inventory = lock();
        apply(&mut inventory, &serde_json::from_value(metadata).unwrap()).unwrap();
        let cc = inventory.component(2).unwrap();
        assert_eq!((cc.licence, &cc.properties[..]), ("MIT", &[("cargo:features", "default,parallel")][..]));
        let told: Vec<_> = inventory.edges[1..]
            .iter()
            .map(|edge| (edge.to, edge.requirement.scope, edge.requirement.environment))
            .collect();
        assert_eq!(told, [(2, Scope::Build, "cfg(unix)"), (2, Scope::Dev, "")]);
        assert!(inventory.says.licence && inventory.says.scopes);
    }

    #[test]
    fn cargos_own_error_is_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        let error = format!("{:#}", enrich(&mut lock(), folder.path()).unwrap_err());
        assert!(error.starts_with("running cargo metadata --locked --offline: "), "{error}");
        assert!(error.contains("Cargo.toml") && !error.contains('\n'), "{error}");
    }
}
