//! `MODULE.bazel`: the modules that a project asks for.
//!
//! Specification: "MODULE.bazel files" in Bazel's reference.

use std::collections::BTreeMap;

use anyhow::Result;

use super::starlark::{self, Call, Value};
use crate::entry;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Component, Digest, Gap, Inventory, Manifest, Origin, Purl, Requirement, SUBJECT, Scope};
use crate::source::Source;

entry! {
    /// `MODULE.bazel`, the modules that a Bazel project asks for; read to be joined with its lock.
    ///
    /// Read are calls with literal arguments: `module`, `bazel_dep` (what a version names is the least one), `include`, and
    /// `git_override`, `archive_override` and `local_path_override`, whose modules a lock of Bazel 7.2 and newer does not hold.
    /// Nothing is run.
    pub BazelModule = "bazel-module"
}

/// The fact that names a file which is read as a part of this one.
pub(super) const INCLUDE: &str = "bazel.include";

impl Format for BazelModule {
    fn files(&self) -> &'static [&'static str] {
        &["MODULE.bazel", "*.MODULE.bazel"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "bazel-module");
        let mut manifest = Manifest::default();
        let calls = starlark::calls(source.text);
        let mut asked: BTreeMap<&str, &str> = BTreeMap::new();
        for call in &calls {
            match call.name {
                "module" => {
                    let name = call.text("name");
                    manifest.name = intern::text(name);
                    manifest.version = intern::text(call.text("version"));
                    if !name.is_empty() {
                        inventory.nodes[SUBJECT as usize].place = source.place(name);
                    }
                }
                "bazel_dep" => {
                    let (name, version) = (call.text("name"), call.text("version"));
                    // One without a repository asks for no module, and holds only for one that others ask for.
                    if name.is_empty() || call.get("repo_name") == Some(&Value::None) {
                        continue;
                    }
                    asked.insert(name, version);
                    let scope = if call.is_true("dev_dependency") { Scope::Dev } else { Scope::Runtime };
                    let requirement = Requirement { constraint: intern::text(version), ..Requirement::of(scope) };
                    inventory.declare(SUBJECT, intern::text(name), requirement, source.place(name), Gap::Open);
                }
                "include" => {
                    let label = call.arguments.first().map(|(_, value)| value);
                    if let Some(Value::Text(label)) = label {
                        manifest.facts.push((INCLUDE, intern::text(label)));
                    }
                }
                _ => {}
            }
        }
        for call in &calls {
            let name = call.text("module_name");
            if name.is_empty() {
                continue;
            }
            let Some((origin, digest, commit)) = overriding(call) else { continue };
            let version = asked.get(name).copied().filter(|version| !version.is_empty()).unwrap_or(commit);
            let mut component = Component::new(Purl::new("bazel", "", name, version));
            component.origin = origin;
            component.digests.extend(digest);
            inventory.add(component, source.place(name));
        }
        manifest.facts.sort_unstable();
        inventory.manifest = Some(manifest);
        Ok(inventory)
    }
}

/// Reads where an override takes a module from: its source, digest and commit.
fn overriding<'t>(call: &Call<'t>) -> Option<(Origin, Option<Digest>, &'t str)> {
    match call.name {
        "git_override" => {
            let (commit, tag) = (call.text("commit"), call.text("tag"));
            let reference = if tag.is_empty() { call.text("branch") } else { tag };
            let version = if commit.is_empty() { tag } else { commit };
            Some((Origin::git(call.text("remote"), commit, reference), None, version))
        }
        "archive_override" => {
            let url = match call.get("urls").or(call.get("url")) {
                Some(Value::Text(url)) => url,
                Some(Value::List(urls)) => urls.first().copied().unwrap_or_default(),
                _ => "",
            };
            let origin = if url.is_empty() { Origin::Unknown } else { Origin::url(url) };
            Some((origin, Digest::sri(call.text("integrity")), ""))
        }
        "local_path_override" => Some((Origin::path(call.text("path")), None, "")),
        _ => None,
    }
}
