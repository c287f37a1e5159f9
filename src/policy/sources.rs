//! Where components may come from.

use anyhow::bail;

use super::cursor::{Placed, Table};
use crate::formats;
use crate::intern::{self, Text};
use crate::model::Origin;
use crate::source::Place;

/// An address that components may come from, with wildcards: `https://mirror.example/*`, `git+https://git.example/*`.
///
/// `*` stands for any letters, but none that is given before the first slash reaches past it: a host is matched against
/// the host alone. `git+` before an address means repositories only; without it, registries and archives too. A slash or
/// `.git` at the end, letters' case in the host, and a user's name before it mean nothing. A channel that goes by a name
/// is listed by its name.
#[derive(Clone, Debug)]
pub struct AllowedSource {
    /// The address as it is written.
    pub text: Text,
    /// Where.
    pub place: Place,
    address: Address,
}

impl AllowedSource {
    /// Reads the addresses of a key; none where the key is missing, which lets anything through.
    pub(super) fn read(table: &Table<'_, '_>, key: &'static str) -> Option<Vec<Self>> {
        let value = table.value(key)?;
        if value.get_ref().as_array().is_some_and(|items| items.is_empty()) {
            return Some(Vec::new());
        }
        let addresses = table.read_all(key, |text| {
            let Some(address) = Address::split(text) else {
                bail!("\"{}\" is no address, write it as in \"https://mirror.example/*\"", text.escape_debug());
            };
            Ok((intern::text(text), address))
        });
        let source = |Placed { value: (text, address), place }| AllowedSource { text, place, address };
        Some(addresses.into_iter().map(source).collect())
    }

    /// Says whether a text can stand in the list.
    pub fn can_be(text: &str) -> bool {
        Address::split(text).is_some()
    }

    /// Says whether a component may come from there.
    pub fn allows(&self, origin: &Origin) -> bool {
        let Some(mut address) = origin.address().and_then(Address::split) else { return false };
        if matches!(origin, Origin::Git { .. }) && address.means.is_empty() {
            address.means = "git".to_owned();
        }
        self.address.matches(&address)
    }
}

/// An address in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Address {
    /// What stands before `+` in the scheme: `git`, `sparse`.
    means: String,
    scheme: String,
    host: String,
    path: String,
}

impl Address {
    /// Parts an address; none where it is none, or one that climbs or hides its host.
    fn split(text: &str) -> Option<Self> {
        if text.contains(['\\', ' ']) || text.chars().any(char::is_control) {
            return None;
        }
        let (scheme, rest) = match text.split_once("://") {
            Some(parts) => parts,
            // `git@git.example:team/repository`, as git writes ssh.
            // A name alone, as conda's channels have.
            None if is_name(text) => return Some(Address { host: text.to_ascii_lowercase(), ..Address::default() }),
            None => {
                let (host, path) = text.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                return Self::of("", "ssh", host, path);
            }
        };
        let (means, scheme) = scheme.rsplit_once('+').unwrap_or(("", scheme));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self::of(means, scheme, host, path)
    }

    fn of(means: &str, scheme: &str, host: &str, path: &str) -> Option<Self> {
        let climbs = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
        if path.split(['/', '?', '#']).any(climbs) || scheme.is_empty() {
            return None;
        }
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let path = path.trim_matches('/');
        Some(Address {
            means: means.to_ascii_lowercase(),
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            path: path.strip_suffix(".git").unwrap_or(path).to_owned(),
        })
    }

    /// Says whether this address, which may have wildcards, means another.
    fn matches(&self, other: &Address) -> bool {
        (self.means.is_empty() || self.means == other.means)
            && formats::matches(&self.scheme, &other.scheme)
            && formats::matches(&self.host, &other.host)
            && formats::matches(&self.path, &other.path)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &'static str) -> AllowedSource {
        AllowedSource { text, place: Place::default(), address: Address::split(text).expect(text) }
    }

    #[test]
    fn addresses_are_allowed() {
        let git = |url| Origin::Git { url, commit: "", reference: "" };
        for (allowed, origin, expected) in [
            ("https://mirror.example/pypi/simple", Origin::Registry("https://mirror.example/pypi/simple"), true),
            ("https://mirror.example/pypi/simple/", Origin::Registry("https://mirror.example/pypi/simple"), true),
            ("https://mirror.example/pypi/simple", Origin::Registry("https://Mirror.example/pypi/simple/"), true),
            ("https://mirror.example/pypi/simple", Origin::Registry("https://mirror.example/pypi/other"), false),
            ("https://mirror.example/*", Origin::Url("https://mirror.example/a/b.whl"), true),
            ("https://mirror.example/*", Origin::Url("http://mirror.example/a/b.whl"), false),
            ("https://mirror.example/*", Origin::Url("https://mirror.example.evil.example/a"), false),
            ("https://mirror.example/*", Origin::Url("https://mirror.example@evil.example/a"), false),
            ("https://mirror.example/*", Origin::Url("https://evil.example\\@mirror.example/a"), false),
            ("https://mirror.example/ok/*", Origin::Url("https://mirror.example/ok/../bad/a"), false),
            ("https://mirror.example/ok/*", Origin::Url("https://mirror.example/ok/%2E%2e/bad/a"), false),
            ("https://*.example/*", Origin::Url("https://a.example/b"), true),
            ("https://*.example/*", Origin::Url("https://evil.test/.example/b"), false),
            ("https://mirror.example/*", Origin::Registry("sparse+https://mirror.example/index/"), true),
            ("sparse+https://mirror.example/*", Origin::Registry("sparse+https://mirror.example/index/"), true),
            ("git+https://git.example/*", git("https://git.example/team/repository"), true),
            ("git+https://git.example/*", git("git+https://git.example/team/repository.git"), true),
            ("git+https://git.example/*", Origin::Url("https://git.example/a.tar.gz"), false),
            ("https://git.example/*", git("https://git.example/team/repository"), true),
            ("https://git.example/team/repository", git("https://git.example/team/repository.git"), true),
            ("git+ssh://git.example/*", git("git@git.example:team/repository.git"), true),
            ("git@git.example:team/*", git("ssh://git@git.example/team/repository"), true),
            ("https://git.example/*", git("nonsense"), false),
            ("conda-*", Origin::Registry("conda-forge"), true),
            ("*", Origin::Registry("https://mirror.example/"), false),
            ("https://*", Origin::Registry("conda-forge"), false),
        ] {
            assert_eq!(source(allowed).allows(&origin), expected, "{allowed} {origin}");
        }
    }
}
