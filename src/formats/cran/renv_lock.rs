//! `renv.lock`, of renv.
//!
//! Specification: renv's "Lockfiles" and "The renv.lock file" articles.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::entry;
use crate::formats::hang::hang;
use crate::formats::pins::{Named, repository, require, text};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Inventory, Origin, Purl, Requirement, Says, Scope};
use crate::source::Source;
use crate::syntax::json;
use crate::syntax::yaml::Node;

entry! {
    /// `renv.lock`, the packages of R that renv recorded for a project.
    ///
    /// Read are both shapes: `Requirements`, and the fields of a package's `DESCRIPTION` (`Depends`, `Imports`, `LinkingTo`) that
    /// renv writes since 1.1. Packages that no other requires count as direct. renv's `Hash` is of a package's description
    /// and not of its files, so it is kept as the property `renv:hash`. What comes with R itself is left out. Licences stand
    /// there since 1.1, as R spells them.
    ///
    /// The file does not hold digests of archives, nor what the project itself asks for.
    pub RenvLock = "renv-lock"
}

/// What comes with R.
const BASE: &[&str] = &[
    "R",
    "base",
    "compiler",
    "datasets",
    "grDevices",
    "graphics",
    "grid",
    "methods",
    "parallel",
    "splines",
    "stats",
    "stats4",
    "tcltk",
    "tools",
    "utils",
];

impl Format for RenvLock {
    fn files(&self) -> &'static [&'static str] {
        &["renv.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Sources, Yield::Licences]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = json::tree(source)?;
        let mut inventory = Inventory::new(source, "renv-lock");
        let Some(packages) = file.get("Packages") else {
            return Err(source.fault(source.start(), "no \"Packages\" in it; write it anew with `renv::snapshot()`"));
        };
        let licence = packages.entries().iter().any(|entry| entry.node.get("License").is_some());
        inventory.says = Says { integrity: false, licence, ..Says::ALL };
        let mut repositories = BTreeMap::new();
        for listed in file.at(&["R", "Repositories"]).map_or(&[][..], Node::items) {
            if let Some(url) = listed.get("URL") {
                inventory.look_up(url.text().unwrap_or_default(), url.place);
            }
            repositories.insert(text(listed, "Name"), text(listed, "URL"));
        }
        let mut named = Named::new();
        let mut nodes = Vec::new();
        for entry in packages.entries() {
            let package = &entry.node;
            let (name, version) = (text(package, "Package"), text(package, "Version"));
            if name.is_empty() || version.is_empty() {
                inventory.fault(entry.place, format!("{} has no name or no version", entry.key.escape_debug()));
                continue;
            }
            let mut component = Component::new(Purl::new("cran", "", name, version));
            component.origin = origin(package, &repositories);
            component.licence = intern::text(text(package, "License"));
            if text(package, "Source") == "Bioconductor" && !text(package, "Repository").is_empty() {
                component.properties.push(("renv:repository", intern::text(text(package, "Repository"))));
            }
            let hash = text(package, "Hash");
            if !hash.is_empty() {
                component.properties.push(("renv:hash", intern::text(hash)));
            }
            let node = inventory.add(component, package.get("Package").map_or(entry.place, |node| node.place));
            named.entry(name).or_default().push(node);
            nodes.push((node, package));
        }
        for (from, package) in nodes {
            let kinds = [
                ("Requirements", Scope::Runtime),
                ("Depends", Scope::Runtime),
                ("Imports", Scope::Runtime),
                ("LinkingTo", Scope::Build),
            ];
            for (kind, scope) in kinds {
                let Some(list) = package.get(kind) else { continue };
                let one = list
                    .text()
                    .map(|text| (text, list.place))
                    .into_iter()
                    .flat_map(|(all, place)| all.split(',').map(move |text| (text, place)));
                let many = list.items().iter().filter_map(|item| Some((item.text()?, item.place)));
                for (asked, place) in one.chain(many) {
                    let (name, range) = asked.split_once('(').unwrap_or((asked, ""));
                    let name = name.trim();
                    if name.is_empty() || BASE.contains(&name) {
                        continue;
                    }
                    let constraint = intern::text(range.trim_end().trim_end_matches(')').trim());
                    require(
                        &mut inventory,
                        &named,
                        from,
                        name,
                        Requirement { constraint, ..Requirement::of(scope) },
                        place,
                    );
                }
            }
        }
        hang(&mut inventory, |_| Requirement::default());
        Ok(inventory)
    }
}

/// Reads where a package comes from.
fn origin(package: &Node<'_>, repositories: &BTreeMap<&str, &str>) -> Origin {
    let get = |key| text(package, key);
    let kind = get("RemoteType");
    let sha = get("RemoteSha");
    // What a repository served may say beside it of which commit that was built.
    let is_served = get("Source") == "Repository" && matches!(kind, "" | "standard" | "repository");
    if is_served && let Some(served) = registry(get("Repository"), repositories) {
        return served;
    }
    if kind == "local" && !get("RemoteUrl").is_empty() {
        return Origin::path(get("RemoteUrl"));
    }
    if !sha.is_empty() && !get("RemoteUrl").is_empty() && kind != "standard" {
        return repository(get("RemoteUrl"), sha, get("RemoteRef"), "").origin;
    }
    if !sha.is_empty() && !get("RemoteRepo").is_empty() {
        let host = match (get("RemoteHost"), kind) {
            ("", "gitlab") => "gitlab.com",
            ("", "bitbucket") | ("api.bitbucket.org/2.0", _) => "bitbucket.org",
            ("" | "api.github.com", _) => "github.com",
            // The addresses of the interfaces of hosts of one's own.
            (host, _) => host.trim_end_matches("/api/v4").trim_end_matches("/api/v3"),
        };
        let url = format!("https://{host}/{}/{}", get("RemoteUsername"), get("RemoteRepo"));
        return Origin::git(&url, sha, get("RemoteRef"));
    }
    match (get("Source"), get("Repository")) {
        ("Repository", name) => registry(name, repositories).unwrap_or_default(),
        // Its repositories go with its release, and are not listed.
        ("Bioconductor", _) => Origin::registry("Bioconductor"),
        ("URL", _) => Origin::url(get("RemoteUrl")),
        _ => Origin::Unknown,
    }
}

/// Returns the repository of a name, or at an address.
fn registry(name: &str, repositories: &BTreeMap<&str, &str>) -> Option<Origin> {
    match repositories.get(name) {
        Some(url) => Some(Origin::registry(url)),
        None => name.contains("://").then(|| Origin::registry(name)),
    }
}
