//! `deno.lock`, versions 3, 4 and 5.
//!
//! Specification: <https://docs.deno.com/runtime/fundamentals/modules/#integrity-checking-and-lock-files>; the crate
//! `deno_lockfile` reads and writes it. What is asked for (`npm:chalk@^5`) stands under `specifiers` with its answer; since
//! version 4 a package names what it requires by the name alone, where the lock holds one package of that name.

mod modules;
mod reader;

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;

use super::importers;
use super::shapes::{Lenient, Names, Words};
use super::yarn_classic::parted;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern;
use crate::model::{Declared, Gap, Inventory, NodeId, Requirement, Says};
use crate::source::Source;
use crate::syntax::json;

entry! {
    /// `deno.lock`, every package and module that Deno resolved for a project, a workspace or a script.
    ///
    /// # What it reads
    /// Versions 3, 4 and 5: the packages of npm and of JSR, each with what it requires, and the modules that are loaded from an
    /// address, with their digests. A version of npm that is resolved with several sets of peers is several components, which
    /// require differently. Peers that may be missing are `optional`.
    ///
    /// # How things are called
    /// A package of JSR is `pkg:jsr/%40std/path@1.0.0`, as its registry's own attestations have it. The modules below one
    /// version of an address are one component, with the digest of each: `pkg:generic/deno.land/std@0.224.0`; one whose
    /// address has no version is a component of its own. Projects are called as their `package.json` or `deno.json` has it, or
    /// after their folders.
    ///
    /// # What is direct
    /// What a project of the workspace asks for, and what is asked for by no package: a script names its packages itself.
    /// What is for development alone a `package.json` beside the lock says.
    ///
    /// # What the file does not say
    /// Which module loads which other, so that all of them count as direct; which projects require each other, other than by
    /// the names that their `deno.json`s give them; licences; before
    /// version 5, for which platforms a package is and whether it may be missing.
    pub DenoLock = "deno-lock"
}

impl Format for DenoLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["deno.lock"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let lock: Lock<'_> = json::read(source)?;
        let version = &lock.version.0;
        let said = match version.parse::<u32>() {
            Ok(3..=5) => None,
            Ok(1 | 2) => Some(format!("version {} is older than is read (3 to 5); run `deno install`", &**version)),
            Ok(_) => Some(format!("version {} is newer than is read (3 to 5)", &**version)),
            Err(_) => Some("no \"version\" as Deno writes it: \"3\", \"4\" or \"5\"".to_owned()),
        };
        if let Some(message) = said {
            return Err(source.fault(version.place(source, source.start()), message));
        }
        let mut inventory = Inventory::new(source, "deno-lock");
        inventory.says = Says { licence: false, ..Says::ALL };
        reader::read(source, &lock, &mut inventory);
        modules::read(source, &lock, &mut inventory);
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        importers::scopes(inventory, near);
        importers::describe(inventory, near);
        link_members(inventory);
    }
}

/// Lets projects require those of the workspace that they ask for by name: `jsr:@w/b@^1`. Other things that the lock has no
/// answer for have been said.
fn link_members(inventory: &mut Inventory) {
    let is_open = |declared: &Declared| declared.gap == Gap::Open;
    let (open, declared) = std::mem::take(&mut inventory.declared).into_iter().partition(is_open);
    inventory.declared = declared;
    let mut members: HashMap<(&str, &str), NodeId> = HashMap::new();
    for (id, node) in inventory.nodes.iter().enumerate() {
        if let Some(component) = node.component.filter(|_| node.root) {
            members.insert((component.purl.ty(), component.purl.display_name()), id as NodeId);
        }
    }
    for Declared { from, name, place, .. } in open {
        let Some((registry, rest)) = name.split_once(':') else { continue };
        let (name, range) = parted(rest);
        if let Some(&member) = members.get(&(registry, name)).filter(|member| **member != from) {
            let requirement = Requirement { constraint: intern::text(range), ..Requirement::default() };
            inventory.edge(from, member, requirement, place);
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock<'t> {
    #[serde(borrow)]
    version: Lenient<'t>,
    /// What is asked for, and the version that answers.
    #[serde(borrow)]
    specifiers: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    jsr: Names<'t, Jsr<'t>>,
    #[serde(borrow)]
    npm: Names<'t, Npm<'t>>,
    /// Of version 3.
    #[serde(borrow)]
    packages: Packages<'t>,
    /// Addresses that lead to others.
    #[serde(borrow)]
    redirects: Names<'t, Lenient<'t>>,
    /// Modules by their addresses, with the SHA-256 of each.
    #[serde(borrow)]
    remote: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    workspace: Workspace<'t>,
}

/// The packages of version 3.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Packages<'t> {
    /// The answers name the package too: `npm:chalk@5.3.0`.
    #[serde(borrow)]
    specifiers: Names<'t, Lenient<'t>>,
    #[serde(borrow)]
    jsr: Names<'t, Jsr<'t>>,
    #[serde(borrow)]
    npm: Names<'t, OldNpm<'t>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jsr<'t> {
    #[serde(borrow)]
    integrity: Lenient<'t>,
    #[serde(borrow)]
    dependencies: Words<'t>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Npm<'t> {
    #[serde(borrow)]
    integrity: Lenient<'t>,
    #[serde(borrow)]
    tarball: Lenient<'t>,
    #[serde(borrow)]
    dependencies: Words<'t>,
    #[serde(borrow)]
    optional_dependencies: Words<'t>,
    /// Those of the dependencies that are peers which may be missing.
    #[serde(borrow)]
    optional_peers: Words<'t>,
    #[serde(borrow)]
    os: Words<'t>,
    #[serde(borrow)]
    cpu: Words<'t>,
    #[serde(borrow)]
    libc: Words<'t>,
}

/// A package of npm as version 3 has it: what it requires has the whole key of its answer.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OldNpm<'t> {
    #[serde(borrow)]
    integrity: Lenient<'t>,
    #[serde(borrow)]
    dependencies: Names<'t, Lenient<'t>>,
}

/// A project, and on top of the workspace its members.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Workspace<'t> {
    #[serde(borrow)]
    dependencies: Words<'t>,
    #[serde(borrow)]
    package_json: PackageJson<'t>,
    #[serde(borrow)]
    members: Names<'t, Member<'t>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Member<'t> {
    #[serde(borrow)]
    dependencies: Words<'t>,
    #[serde(borrow)]
    package_json: PackageJson<'t>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PackageJson<'t> {
    #[serde(borrow)]
    dependencies: Words<'t>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::package_lock::tests::{lines, parse};

    #[test]
    fn versions_that_are_not_read_are_said() {
        for (text, expected) in [
            (r#"{"version": "6"}"#, "version 6 is newer than is read (3 to 5)"),
            (r#"{"version": "2", "remote": {}}"#, "version 2 is older than is read (3 to 5); run `deno install`"),
            (r#"{"https://x.example/a.ts": "00"}"#, "no \"version\" as Deno writes it: \"3\", \"4\" or \"5\""),
        ] {
            assert_eq!(parse("deno.lock", text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn odd_entries_are_said_and_the_rest_is_read() {
        let text = r#"{"version": "5", "specifiers": {"npm:a@1": "1.0.0", "file:b": "1", "npm:gone@1": "1.0.0"},
            "npm": {"a@1.0.0": {"integrity": "?", "dependencies": ["two", "none", "two@3.0.0"]},
                    "two@1.0.0": {}, "two@2.0.0": {}, "nameless": {}},
            "remote": {"https://x.example/m.ts": "zz", "": ""}}"#;
        let inventory = parse("deno.lock", text).unwrap();
        let expected = [
            "pkg:npm/a@1.0.0 [a] an unknown source",
            "pkg:npm/two@1.0.0 [two] an unknown source",
            "pkg:npm/two@2.0.0 [two] an unknown source",
            "pkg:generic/x.example/m.ts [https://x.example/m.ts] https://x.example/m.ts",
            "pkg:npm/a@1.0.0 ?? two runtime",
            "- -> pkg:npm/a@1.0.0 runtime 1 [npm:a@1]",
            "- -> pkg:generic/x.example/m.ts runtime  [https://x.example/m.ts]",
        ];
        let faults = [
            "! \"?\" is no digest that is known [?]",
            "! \"nameless\" has no name or no version [nameless]",
            "! \"none\" is required and is not in the lock; run `deno install` [none]",
            "! \"two@3.0.0\" is required and is not in the lock; run `deno install` [two@3.0.0]",
            "! \"file:b\" is asked for neither of npm nor of JSR [file:b]",
            "! \"gone@1.0.0\" is required and is not in the lock; run `deno install` [npm:gone@1]",
            "! \"zz\" is no SHA-256 [zz]",
            "! \"\" is no address of a module []",
        ];
        let mut found = lines(&inventory, text);
        let mut expected: Vec<_> = expected.iter().chain(&faults).map(|line| (*line).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}
