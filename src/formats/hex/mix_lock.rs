//! `mix.lock`, what Mix resolved.
//!
//! Specification: Elixir's `lib/mix/lib/mix/scm/git.ex` and Hex's `lib/hex/utils.ex` (`lock/1`): a map whose values are
//! tuples, which grew from four elements to eight.

use anyhow::Result;
use hashbrown::HashMap;

use super::terms::{self, Language, Term};
use crate::entry;
use crate::formats::hang::hang;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Gap, Inventory, NodeId, Origin, Purl, Requirement, Says, Scope};
use crate::source::Source;

entry! {
    /// `mix.lock`, every package Mix resolved for an Elixir project.
    ///
    /// Read are packages of Hex with both checksums (of what is in a package, and of its archive), the repository's name and
    /// what each requires, and git repositories at their commits, whose commit is the version. An optional requirement
    /// that the lock does not hold is not there. A package of an organisation (`hexpm:acme`) has it as its namespace.
    ///
    /// What the project itself asks for stands in `mix.exs`, which is a program: what nobody requires counts as direct. The
    /// lock does not tell what is needed to develop, and holds no licences.
    pub MixLock = "mix-lock"
}

impl Format for MixLock {
    fn files(&self) -> &'static [&'static str] {
        &["mix.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with("%{") && (text.contains("{:hex, ") || text.contains("{:git, "))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let terms = terms::read(source, Language::Elixir)?;
        let [Term::Map(entries)] = &terms[..] else {
            return Err(source.fault(source.start(), "no map `%{…}`: this is no lock of Mix's"));
        };
        let mut inventory = Inventory::new(source, "mix-lock");
        inventory.says = Says { licence: false, ..Says::ALL };
        fill(source, &mut inventory, entries);
        Ok(inventory)
    }
}

fn fill<'t>(source: &Source<'t>, inventory: &mut Inventory, entries: &[(Term<'t>, Term<'t>)]) {
    let mut named: HashMap<&str, NodeId> = HashMap::with_capacity(entries.len());
    let mut required = Vec::new();
    for (key, value) in entries {
        let Some(app) = key.text() else {
            inventory.fault(source.start(), "a key that is no text; write the lock anew with `mix deps.get`");
            continue;
        };
        let (component, place) = match package(app, value) {
            Ok((component, name)) => (component, source.place(name)),
            Err(message) => {
                inventory.fault(source.place(app), message);
                continue;
            }
        };
        let node = inventory.add(component, place);
        if named.insert(app, node).is_some() {
            inventory.fault(place, format!("{} is listed twice", app.escape_debug()));
            continue;
        }
        if value.items().first() == Some(&Term::Atom("hex")) {
            required.extend(value.items().get(5).into_iter().flat_map(Term::items).map(|asked| (node, asked)));
        }
    }
    for (from, asked) in required {
        let [name, rest @ ..] = asked.items() else { continue };
        let Some(name) = name.text() else { continue };
        let options = rest.iter().find(|term| matches!(term, Term::List(_)));
        let constraint = rest.first().filter(|term| matches!(term, Term::Text(_))).and_then(Term::text);
        let is_optional = options.and_then(|options| options.get("optional")) == Some(&Term::Atom("true"));
        let scope = if is_optional { Scope::Optional } else { Scope::Runtime };
        let requirement =
            Requirement { constraint: intern::text(constraint.unwrap_or_default()), ..Requirement::of(scope) };
        let place = source.place(name);
        match named.get(name) {
            Some(&to) => inventory.edge(from, to, requirement, place),
            None if is_optional => {}
            // The project may answer it with a folder of its own, which no lock holds.
            None => inventory.declare(from, intern::text(name), requirement, place, Gap::Unpinned),
        }
    }
    hang(inventory, |_| Requirement::of(Scope::Runtime));
}

/// Reads one entry; returns what it is, and its name where that is spelled.
fn package<'t>(app: &'t str, value: &Term<'t>) -> Result<(Component, &'t str), String> {
    let text = |at: usize| value.items().get(at).and_then(Term::text).unwrap_or_default();
    match text(0) {
        "hex" => {
            let (name, version) = (text(1), text(2));
            if name.is_empty() || version.is_empty() {
                return Err(format!("{} has no version; write the lock anew with `mix deps.get`", app.escape_debug()));
            }
            // Old locks leave the repository out; there was one.
            let repository = Some(text(6)).filter(|text| !text.is_empty()).unwrap_or("hexpm");
            let organisation = repository.strip_prefix("hexpm:").unwrap_or_default();
            let mut component = Component::new(Purl::new("hex", organisation, name, version));
            component.origin = Origin::registry(repository);
            for at in [3, 7] {
                let hex = text(at);
                if !hex.is_empty() {
                    let digest = Digest::hex(Algorithm::Sha256, hex);
                    let wrong = || {
                        format!(
                            "the checksum \"{}\" of {} is no SHA-256 digest",
                            hex.escape_debug(),
                            app.escape_debug()
                        )
                    };
                    component.digests.push(digest.ok_or_else(wrong)?);
                }
            }
            Ok((component, name))
        }
        "git" => {
            let (url, commit) = (text(1), text(2));
            let options = value.items().get(3);
            let reference = ["tag", "branch", "ref"].iter().find_map(|key| options?.get(key)?.text());
            let mut component = Component::new(Purl::new("hex", "", app, commit));
            component.origin = Origin::git(url, commit, reference.unwrap_or_default());
            Ok((component, app))
        }
        other => Err(format!(
            "{} is from \"{}\", which is no source that driftgate knows of a lock of Mix's",
            app.escape_debug(),
            other.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        MixLock.parse(&Source { file: FileId(0), path: "mix.lock", text })
    }

    #[test]
    fn locks_of_all_ages_are_read() {
        let text = r#"%{"a": {:hex, :a_hex, "1.0.0", "", [:mix], [{:"b", "~> 2.0", [hex: :b, optional: true]}, {:c, ">= 0.0.0", [hex: :c]}, {:gone, "1", [optional: true]}], "hexpm:acme"},
  # a comment
  "b" => {:hex, :b, "2.0.0"},
  "c": {:git, "https://github.com/acme/c.git", "0123456789012345678901234567890123456789", [branch: "main"]},
  "d": {:svn, "x"},
}"#;
        let expected = [
            "pkg:hex/acme/a_hex@1.0.0 [a_hex] registry hexpm:acme",
            "pkg:hex/b@2.0.0 [b] registry hexpm",
            "pkg:hex/c@0123456789012345678901234567890123456789 [c] git https://github.com/acme/c.git (main) at 0123456789012345678901234567890123456789",
            "pkg:hex/acme/a_hex@1.0.0 -> pkg:hex/b@2.0.0 optional; ~> 2.0",
            "pkg:hex/acme/a_hex@1.0.0 -> pkg:hex/c@0123456789012345678901234567890123456789 runtime; >= 0.0.0",
            "- -> pkg:hex/acme/a_hex@1.0.0 runtime",
            "- -> pkg:hex/b@2.0.0 runtime",
            "! d is from \"svn\", which is no source that driftgate knows of a lock of Mix's",
        ];
        assert_eq!(lines(&parse(text).unwrap(), text), expected);
    }

    #[test]
    fn what_is_no_lock_is_an_error() {
        for (text, expected) in [
            (" \n", "the file is empty"),
            ("[]", "no map `%{…}`: this is no lock of Mix's"),
            ("%{\"a\": ", "no term is here; the file is cut off or damaged, write it anew"),
            ("%{\"a: ", "a text without its closing quotation mark; the file is cut off, write it anew"),
            ("%{\"a\" 1}", "a key of a map has a value after \":\" or \"=>\""),
            ("%{\"a\": {:hex :a}}", "items are parted by commas; the file is cut off or damaged, write it anew"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        assert!(parse("%{\n}\n").unwrap().faults.is_empty(), "a project without packages is fine");
        assert_eq!(parse(&"%{a: {".repeat(100_000)).unwrap_err().to_string(), "terms are nested too deep");
    }
}
