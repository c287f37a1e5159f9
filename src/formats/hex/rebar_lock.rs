//! `rebar.lock`, what rebar3 resolved.
//!
//! Specification: rebar3's `apps/rebar/src/rebar_config.erl` (`consult_lock_file/1`). The oldest lock is a bare list; from
//! version 1.1.0 on a version stands before it, and checksums after.

use anyhow::Result;
use hashbrown::HashMap;

use super::terms::{self, Language, Term};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::Source;

entry! {
    /// `rebar.lock`, every package rebar3 resolved for an Erlang project.
    ///
    /// Locks without a version and those of versions 1.1.0 and 1.2.0. Read are packages of Hex with their checksums
    /// (`pkg_hash`, of what is in a package; `pkg_hash_ext`, of its archive), and git repositories at their commits, whose
    /// commit is the version.
    ///
    /// The lock holds each package's level and not who requires it: everything counts as direct. It tells neither what is
    /// needed to develop nor from which repository a package of Hex is, and holds no licences.
    pub RebarLock = "rebar-lock"
}

impl Format for RebarLock {
    fn files(&self) -> &'static [&'static str] {
        &["rebar.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let terms = terms::read(source, Language::Erlang)?;
        let first = &terms[0];
        let packages = match first {
            Term::List(packages) => packages,
            Term::Tuple(parts) => {
                let (Some(version), Some(Term::List(packages))) = (parts.first().and_then(Term::text), parts.get(1))
                else {
                    return Err(source.fault(source.start(), "no list of packages: this is no lock of rebar3's"));
                };
                if !is_known(version) {
                    let message = format!(
                        "version {} of rebar.lock is newer than driftgate reads (1.1.0 and 1.2.0)",
                        version.escape_debug()
                    );
                    return Err(source.fault(source.place(version), message));
                }
                packages
            }
            _ => return Err(source.fault(source.start(), "no list of packages: this is no lock of rebar3's")),
        };
        let mut inventory = Inventory::new(source, "rebar-lock");
        inventory.says = Says { edges: false, scopes: false, licence: false, ..Says::ALL };
        let hashes = hashes(&terms[1..]);
        inventory.says.integrity = !hashes.is_empty();
        let mut seen = HashMap::with_capacity(packages.len());
        for entry in packages {
            let Some(app) = entry.items().first().and_then(Term::text) else {
                inventory.fault(source.start(), "an entry without a name; write the lock anew with `rebar3 lock`");
                continue;
            };
            let (component, name) = match package(app, entry, &hashes) {
                Ok(found) => found,
                Err(message) => {
                    inventory.fault(source.place(app), message);
                    continue;
                }
            };
            let place = source.place(name);
            if seen.insert(app, ()).is_some() {
                inventory.fault(place, format!("{} is listed twice", app.escape_debug()));
                continue;
            }
            let node = inventory.add(component, place);
            inventory.edge(SUBJECT, node, Requirement::of(Scope::Runtime), place);
        }
        Ok(inventory)
    }
}

/// Says whether a lock's version is one that is read: a later patch of it changes nothing.
fn is_known(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(1)), Some(Ok(0..=2))))
}

/// Returns the checksums by the names of their packages.
fn hashes<'t>(terms: &[Term<'t>]) -> HashMap<&'t str, Vec<&'t str>> {
    let mut hashes: HashMap<&str, Vec<&str>> = HashMap::new();
    for kind in ["pkg_hash", "pkg_hash_ext"] {
        let lists = terms.iter().filter_map(|term| term.get(kind));
        for pair in lists.flat_map(Term::items) {
            if let [name, hash] = pair.items() {
                hashes.entry(name.text().unwrap_or_default()).or_default().extend(hash.text());
            }
        }
    }
    hashes
}

/// Reads one entry; returns what it is, and its name where that is spelled.
fn package<'t>(
    app: &'t str,
    entry: &Term<'t>,
    hashes: &HashMap<&'t str, Vec<&'t str>>,
) -> Result<(Component, &'t str), String> {
    let from = entry.items().get(1).map(Term::items).unwrap_or_default();
    let text = |at: usize| from.get(at).and_then(Term::text).unwrap_or_default();
    match text(0) {
        "pkg" => {
            let (name, version) = (text(1), text(2));
            if name.is_empty() || version.is_empty() {
                return Err(format!("{} has no version; write the lock anew with `rebar3 lock`", app.escape_debug()));
            }
            let mut component = Component::new(Purl::new("hex", "", name, version));
            for hex in hashes.get(app).into_iter().flatten() {
                let digest = Digest::hex(Algorithm::Sha256, hex);
                let wrong = || {
                    format!("the checksum \"{}\" of {} is no SHA-256 digest", hex.escape_debug(), app.escape_debug())
                };
                component.digests.push(digest.ok_or_else(wrong)?);
            }
            Ok((component, name))
        }
        "git" | "git_subdir" => {
            let reference = from.get(2).map(Term::items).unwrap_or_default();
            let (kind, value) = match reference {
                [kind, value] => (kind.text().unwrap_or_default(), value.text().unwrap_or_default()),
                _ => ("", ""),
            };
            let (commit, reference) = if kind == "ref" { (value, "") } else { ("", value) };
            let mut component = Component::new(Purl::new("hex", "", app, commit));
            component.origin = Origin::git(text(1), commit, reference);
            Ok((component, app))
        }
        other => Err(format!(
            "{} is from \"{}\", which is no source that driftgate knows of a lock of rebar3's",
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
        RebarLock.parse(&Source { file: FileId(0), path: "rebar.lock", text })
    }

    #[test]
    fn locks_of_all_versions_are_read() {
        let list = r#"[{<<"a">>,{pkg,<<"a_hex">>,<<"1.0">>},0}, {<<"b">>,{git,"https://github.com/acme/b",{ref,"abc"}},1},
            {<<"c">>,{hg,"x",{ref,"y"}},0}, {'d',{git_subdir,"https://github.com/acme/d",{tag,"v1"},"sub"},0}]"#;
        let hashes =
            "[{pkg_hash,[{<<\"a\">>, <<\"AF5570F5A1810B7A78CBF4703A66C5C2F6F2C3A5B9A1E1F2C1E8C6B3A7D4E5F6\">>}]}].\n";
        for text in [
            format!("{list}.\n"),
            format!("{{\"1.1.0\",\n{list}}}.\n{hashes}"),
            format!("%% a\n{{\"1.2.0\",{list}}}.{hashes}"),
        ] {
            let expected = [
                "pkg:hex/a_hex@1.0 [a_hex] an unknown source",
                "pkg:hex/b@abc [b] git https://github.com/acme/b at abc",
                "pkg:hex/d [d] git https://github.com/acme/d (v1)",
                "- -> pkg:hex/a_hex@1.0 runtime",
                "- -> pkg:hex/b@abc runtime",
                "- -> pkg:hex/d runtime",
                "! c is from \"hg\", which is no source that driftgate knows of a lock of rebar3's",
            ];
            let inventory = parse(&text).unwrap();
            assert_eq!(lines(&inventory, &text), expected);
            let digests = inventory.component(1).unwrap().digests.len();
            assert_eq!(digests, usize::from(text.contains("pkg_hash")));
        }
    }

    #[test]
    fn what_is_no_lock_is_an_error() {
        for (text, expected) in [
            ("", "the file is empty"),
            ("a.", "no list of packages: this is no lock of rebar3's"),
            ("{\"2.0.0\", []}.", "version 2.0.0 of rebar.lock is newer than driftgate reads (1.1.0 and 1.2.0)"),
            ("[]", "a term ends with \".\"; the file is cut off or damaged, write it anew"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        assert!(parse("[].\n").unwrap().faults.is_empty(), "a project without packages is fine");
    }
}
