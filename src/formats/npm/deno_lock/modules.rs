//! The modules that are loaded from an address.

use hashbrown::HashMap;

use super::Lock;
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Inventory, Origin, Purl, Requirement, SUBJECT, without_credentials};
use crate::source::{Place, Source};

/// Adds a component for each version of an address, `https://deno.land/std@0.224.0`, with the digests of all modules below it, and
/// one for each module whose address has no version.
pub(super) fn read(source: &Source<'_>, lock: &Lock<'_>, inventory: &mut Inventory) {
    // What was asked for, by what it led to.
    let mut asked: HashMap<&str, &str> = HashMap::new();
    for (from, to) in &lock.redirects.0 {
        asked.insert(&to.0, from);
    }
    let mut all: Vec<(Component, Place, &str)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut near = source.start();
    for (address, digest) in &lock.remote.0 {
        let place = address.place(source, near);
        near = place;
        let Some((home, purl)) = called(address) else {
            inventory.fault(place, format!("\"{}\" is no address of a module", address.escape_debug()));
            continue;
        };
        let at = *known.entry(home).or_insert_with(|| {
            let component = Component { origin: Origin::url(home), ..Component::new(purl) };
            all.push((component, Place { len: place.len.min(home.len() as u32), ..place }, ""));
            all.len() - 1
        });
        if let Some(from) = asked.get(&**address) {
            all[at].2 = from;
        }
        match Digest::hex(Algorithm::Sha256, &digest.0) {
            Some(digest) => all[at].0.digests.push(digest),
            None => {
                let message = format!("\"{}\" is no SHA-256", digest.0.escape_debug());
                inventory.fault(digest.0.place(source, place), message);
            }
        }
    }
    for (mut component, place, asked) in all {
        component.digests.sort();
        component.digests.dedup();
        let constraint = intern::text(&without_credentials(asked));
        let node = inventory.add(component, place);
        inventory.edge(SUBJECT, node, Requirement { constraint, ..Requirement::default() }, place);
    }
}

/// Returns the part of an address that a version stands in, and what is there: `https://deno.land/std@0.224.0/fs/mod.ts`
/// is of `std` at 0.224.0. An address without a version is a name as a whole.
fn called(address: &str) -> Option<(&str, Purl)> {
    let (scheme, path) = address.split_once("://").filter(|(_, path)| !path.is_empty())?;
    let start = scheme.len() + "://".len();
    let plain = path.split(['?', '#']).next().unwrap_or(path);
    let mut end = plain.find('/')?;
    // A host may hold `user@`, and a scope begins with `@`.
    for part in plain[end..].split('/').skip(1) {
        end += 1 + part.len();
        let version = part.get(1..).and_then(|rest| rest.rfind('@')).map(|at| at + 1);
        if let Some(at) = version.filter(|at| at + 1 < part.len()) {
            let (before, version) = (&plain[..end - part.len() + at], &part[at + 1..]);
            return Some((&address[..start + end], purl(before, version)));
        }
    }
    Some((address, purl(path, "")))
}

/// Returns the purl of a path that begins with a host.
fn purl(path: &str, version: &str) -> Purl {
    let address = format!("https://{path}");
    let path = without_credentials(&address);
    let path = path.trim_start_matches("https://").trim_end_matches('/');
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    Purl::new("generic", namespace, name, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_called_by_its_version() {
        for (address, home, expected) in [
            (
                "https://deno.land/std@0.224.0/fs/mod.ts",
                "https://deno.land/std@0.224.0",
                "pkg:generic/deno.land/std@0.224.0",
            ),
            (
                "https://deno.land/x/ts_morph@22.0.0/mod.ts",
                "https://deno.land/x/ts_morph@22.0.0",
                "pkg:generic/deno.land/x/ts_morph@22.0.0",
            ),
            (
                "https://esm.example/v135/@s/a@1.2.3/es2022/a.mjs",
                "https://esm.example/v135/@s/a@1.2.3",
                "pkg:generic/esm.example/v135/%40s/a@1.2.3",
            ),
            (
                "https://x.example/lib/@s/mod.ts?target=es2022",
                "https://x.example/lib/@s/mod.ts?target=es2022",
                "pkg:generic/x.example/lib/%40s/mod.ts%3Ftarget%3Des2022",
            ),
            ("https://me:secret@x.example/a.ts", "https://me:secret@x.example/a.ts", "pkg:generic/x.example/a.ts"),
        ] {
            let (found, purl) = called(address).expect(address);
            assert_eq!((found, purl.as_str()), (home, expected));
        }
        for text in ["", "a.ts", "https://", "https://x.example"] {
            assert!(called(text).is_none(), "{text}");
        }
    }
}
