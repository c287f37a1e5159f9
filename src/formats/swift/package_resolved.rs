//! `Package.resolved`, what Swift's package manager resolved.
//!
//! Specification: the package manager's `Sources/PackageGraph/ResolvedPackagesStore.swift`.

use anyhow::Result;
use hashbrown::HashSet;
use serde::Deserialize;

use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Component, Inventory, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Str};

entry! {
    /// `Package.resolved`, every package Swift's package manager or Xcode resolved.
    ///
    /// Versions 1 to 3. A package is named by its repository's address (`github.com/owner/name`), or, where it is of a
    /// registry, by its identity (`scope.name`). What is pinned to a branch has its commit as version. A repository in a
    /// folder of this machine is a package of no registry (`pkg:generic`).
    ///
    /// The file holds neither who requires whom nor what the project itself asks for: everything counts as direct. It holds
    /// no digests beside the commits, and no licences.
    pub PackageResolved = "package-resolved"
}

impl Format for PackageResolved {
    fn files(&self) -> &'static [&'static str] {
        &["Package.resolved"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.contains("\"pins\"") && text.contains("\"revision\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file: File<'_> = json::read(source)?;
        let pins = match file.version {
            Some(1) => file.object.and_then(|object| object.pins),
            Some(2 | 3) => file.pins,
            Some(version) if version > 3 => {
                let message = format!("version {version} of Package.resolved is newer than driftgate reads (1 to 3)");
                return Err(source.fault(source.start(), message));
            }
            _ => return Err(source.fault(source.start(), "no version in it; is it a file of Swift's package manager?")),
        };
        let Some(pins) = pins else {
            return Err(source.fault(source.start(), "no \"pins\" in it; write it anew with `swift package resolve`"));
        };
        let mut inventory = Inventory::new(source, "package-resolved");
        inventory.says = Says { edges: false, scopes: false, integrity: false, licence: false, ..Says::ALL };
        let mut seen = HashSet::with_capacity(pins.len());
        for pin in &pins {
            let (component, place) = match pin.component(source) {
                Ok(found) => found,
                Err((place, message)) => {
                    inventory.fault(place, message);
                    continue;
                }
            };
            if !seen.insert(component.purl.key()) {
                inventory.fault(place, format!("{} is pinned twice", component.name()));
                continue;
            }
            let node = inventory.add(component, place);
            inventory.edge(SUBJECT, node, Requirement::of(Scope::Runtime), place);
        }
        Ok(inventory)
    }
}

#[derive(Deserialize)]
struct File<'t> {
    version: Option<u32>,
    #[serde(borrow)]
    object: Option<Object<'t>>,
    #[serde(borrow)]
    pins: Option<Vec<Pin<'t>>>,
}

#[derive(Deserialize)]
struct Object<'t> {
    #[serde(borrow)]
    pins: Option<Vec<Pin<'t>>>,
}

#[derive(Deserialize)]
struct Pin<'t> {
    #[serde(borrow, alias = "package")]
    identity: Option<Str<'t>>,
    #[serde(borrow)]
    kind: Option<Str<'t>>,
    #[serde(borrow, alias = "repositoryURL")]
    location: Option<Str<'t>>,
    #[serde(borrow)]
    state: Option<State<'t>>,
}

#[derive(Deserialize)]
struct State<'t> {
    #[serde(borrow)]
    branch: Option<Str<'t>>,
    #[serde(borrow)]
    revision: Option<Str<'t>>,
    #[serde(borrow)]
    version: Option<Str<'t>>,
}

impl<'t> Pin<'t> {
    fn component(&self, source: &Source<'t>) -> Result<(Component, Place), (Place, String)> {
        let text = |part: &Option<Str<'t>>| part.as_deref().unwrap_or_default().to_owned();
        let (identity, location) = (text(&self.identity), text(&self.location));
        let place =
            |part: &Option<Str<'t>>| part.as_ref().map_or(source.start(), |part| part.place(source, source.start()));
        let state = |part: for<'s> fn(&'s State<'t>) -> &'s Option<Str<'t>>| {
            self.state.as_ref().map(|state| text(part(state))).unwrap_or_default()
        };
        let (branch, commit) = (state(|state| &state.branch), state(|state| &state.revision));
        let version = Some(state(|state| &state.version)).filter(|version| !version.is_empty());
        let Some(version) = version.or_else(|| Some(commit.clone()).filter(|commit| !commit.is_empty())) else {
            let message = format!(
                "\"{}\" has neither version nor revision; run `swift package resolve`",
                identity.escape_debug()
            );
            return Err((place(&self.identity), message));
        };
        if self.kind.as_deref() == Some("registry") {
            let parts = identity.split_once('.').filter(|(scope, name)| !scope.is_empty() && !name.is_empty());
            let Some((scope, name)) = parts else {
                let message = format!("\"{}\" is no identity of a registry, `scope.name`", identity.escape_debug());
                return Err((place(&self.identity), message));
            };
            let mut component = Component::new(Purl::new("swift", scope, name, &version));
            if !location.is_empty() {
                component.origin = Origin::registry(&location);
            }
            return Ok((component, place(&self.identity)));
        }
        if let Some((namespace, name)) = address(&location) {
            let mut component = Component::new(Purl::new("swift", &namespace, &name, &version));
            component.origin = Origin::git(&location, &commit, &branch);
            return Ok((component, place(&self.location)));
        }
        if identity.is_empty() {
            return Err((place(&self.location), "a pin without a name; run `swift package resolve`".to_owned()));
        }
        let mut component = Component::new(Purl::new("generic", "", &identity, &version));
        // A repository in a folder.
        component.origin = Origin::git(&location, &commit, &branch);
        Ok((component, place(&self.identity)))
    }
}

/// Parts a repository's address into host and owner, and its name; none for a folder.
fn address(location: &str) -> Option<(String, String)> {
    let rest = match location.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.to_owned(),
        // As `git` and ssh write it: `git@host:owner/name.git`.
        None => {
            let (host, path) = location.split_once(':')?;
            if host.contains('/') || host.len() < 2 {
                return None;
            }
            format!("{host}/{path}")
        }
    };
    let rest = rest.trim_end_matches('/');
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_whole = !host.is_empty() && !name.is_empty();
    is_whole.then(|| (format!("{}/{owner}", host.to_ascii_lowercase()), name.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    #[test]
    fn addresses_are_parted() {
        for (location, expected) in [
            ("https://github.com/Alamofire/Alamofire.git", Some(("github.com/Alamofire", "Alamofire"))),
            ("https://user:token@Host.example:8443/a/b/c/", Some(("host.example/a/b", "c"))),
            ("git@github.com:apple/swift-nio.git", Some(("github.com/apple", "swift-nio"))),
            ("ssh://git@host.example/name", Some(("host.example/", "name"))),
            ("/srv/code/name", None),
            ("file:///srv/code/name", None),
            ("C:\\code\\name", None),
        ] {
            let expected = expected.map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
            assert_eq!(address(location), expected, "{location}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let parse = |text: &str| {
            let text: &'static str = crate::intern::text(text);
            PackageResolved.parse(&Source { file: FileId(0), path: "Package.resolved", text })
        };
        for (text, expected) in [
            ("{}", "no version in it; is it a file of Swift's package manager?"),
            (r#"{"version": 4, "pins": []}"#, "version 4 of Package.resolved is newer than driftgate reads (1 to 3)"),
            (r#"{"version": 2}"#, "no \"pins\" in it; write it anew with `swift package resolve`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        for (pin, expected) in [
            (r#"{"identity": "a"}"#, "\"a\" has neither version nor revision; run `swift package resolve`"),
            (r#"{"state": {"version": "1"}}"#, "a pin without a name; run `swift package resolve`"),
            (
                r#"{"identity": "a", "kind": "registry", "state": {"version": "1"}}"#,
                "\"a\" is no identity of a registry, `scope.name`",
            ),
        ] {
            let inventory = parse(&format!(r#"{{"version": 3, "pins": [{pin}]}}"#)).unwrap();
            assert_eq!(inventory.faults[0].message, expected);
        }
    }
}
