//! Image references: `registry.example:5000/team/app:1.2@sha256:…`, taken apart.
//!
//! Grammar: the `reference` package of the CNCF distribution project, with the rule by which a client reads a first part
//! without a dot, a port or a capital as no host.

use crate::model::{Component, Digest, Kind, Origin, Purl};

/// The names of the registry that a reference without a host means; the first is its own name.
const HUB: [&str; 2] = ["docker.io", "index.docker.io"];

/// The namespace of the hub's official images.
const OFFICIAL: &str = "library";

/// The most characters that a repository's path may have.
const MAX_PATH: usize = 255;

/// An image reference. Tag and digest are kept apart: one moves, the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'t> {
    /// The registry's host with its port; the hub's own name where none is written.
    pub host: &'t str,
    /// The repository's path; without `library/` for the hub's official images.
    pub path: &'t str,
    /// The tag.
    pub tag: Option<&'t str>,
    /// The digest.
    pub digest: Option<Digest>,
}

impl<'t> Reference<'t> {
    /// Takes a reference apart.
    ///
    /// # Errors
    /// Says which part is malformed.
    pub fn parse(text: &'t str) -> Result<Self, String> {
        if text.len() == 64 && text.bytes().all(is_hex) {
            return Err("an image id is no reference; name the repository".to_owned());
        }
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let digest = digest.map(read_digest).transpose()?;
        let (host, rest) = cut_host(name);
        let colon = rest.rfind(':').filter(|&colon| colon > rest.rfind('/').unwrap_or(0));
        let (path, tag) = colon.map_or((rest, None), |colon| (&rest[..colon], Some(&rest[colon + 1..])));
        if let Some(host) = host
            && !is_host(host)
        {
            return Err(format!("\"{}\" is no registry's host", host.escape_debug()));
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(format!("the repository \"{}\" must be in lower case", path.escape_debug()));
        }
        if !path.split('/').all(is_path_part) {
            return Err(format!("\"{}\" is no repository's path", path.escape_debug()));
        }
        if path.len() > MAX_PATH {
            return Err(format!("the repository's path is longer than {MAX_PATH} characters"));
        }
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(format!("\"{}\" is no tag", tag.escape_debug()));
        }
        let host = host.filter(|host| !HUB.contains(host)).unwrap_or(HUB[0]);
        let path = path
            .strip_prefix(OFFICIAL)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|_| host == HUB[0])
            .unwrap_or(path);
        Ok(Reference { host, path, tag, digest })
    }

    /// Returns the image as a component: `pkg:docker/team/app@1.2?repository_url=registry.example`.
    pub fn component(&self) -> Component {
        let (namespace, name) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let mut purl = Purl::new("docker", namespace, name, self.tag.unwrap_or_default());
        if self.host != HUB[0] {
            purl = purl.with_qualifiers(&[("repository_url", self.host)]);
        }
        let mut component = Component::new(purl);
        component.kind = Kind::Container;
        component.origin = Origin::registry(self.host);
        component.digests.extend(self.digest);
        component
    }
}

/// Cuts the host off, if the first part is one.
fn cut_host(name: &str) -> (Option<&str>, &str) {
    let Some((first, rest)) = name.split_once('/') else { return (None, name) };
    let is_host = first.contains(['.', ':'])
        || first == "localhost"
        || first.chars().any(|character| character.to_lowercase().ne([character]));
    if is_host { (Some(first), rest) } else { (None, name) }
}

/// Says whether a text is a host: a domain name, or an IPv6 address in brackets, and maybe a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rfind(']') {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':'));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    is_port && (is_address || name.split('.').all(is_label))
}

/// Says whether a text is one part of a path: letters and digits, parted by `.`, `_`, `__` or any run of `-`.
fn is_path_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().next_back()) else { return false };
    let separators = part.split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit());
    let mut separators = separators.filter(|separator| !separator.is_empty());
    let is_separator =
        |separator: &str| matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
    is_plain(first) && is_plain(last) && separators.all(is_separator)
}

/// Says whether a text is a tag: up to 128 of letters, digits, `_`, `.` and `-`, the first none of the last two.
fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn read_digest(text: &str) -> Result<Digest, String> {
    let fault = || format!("\"{}\" is no digest", text.escape_debug());
    let (algorithm, hex) = text.split_once(':').ok_or_else(fault)?;
    if !matches!(algorithm, "sha256" | "sha384" | "sha512") {
        return Err(format!("digests of \"{}\" are not known to registries", algorithm.escape_debug()));
    }
    if !hex.bytes().all(is_hex) {
        return Err(fault());
    }
    Digest::colon(text).ok_or_else(|| format!("the digest \"{}\" has the wrong length", text.escape_debug()))
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEX: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    /// The cases of the distribution project's own test tables, and a client's reading of hosts.
    #[test]
    fn references_are_taken_apart() {
        for (text, host, path, tag, digest) in [
            ("test_com", "docker.io", "test_com", None, false),
            ("test.com:tag", "docker.io", "test.com", Some("tag"), false),
            ("test.com:5000", "docker.io", "test.com", Some("5000"), false),
            ("test.example/repo:tag", "test.example", "repo", Some("tag"), false),
            ("test:5000/repo", "test:5000", "repo", None, false),
            ("test:5000/repo:tag", "test:5000", "repo", Some("tag"), false),
            ("test:5000/repo@D", "test:5000", "repo", None, true),
            ("test:5000/repo:tag@D", "test:5000", "repo", Some("tag"), true),
            ("lowercase:Uppercase", "docker.io", "lowercase", Some("Uppercase"), false),
            ("a/a/a/a", "docker.io", "a/a/a/a", None, false),
            (
                "sub-dom1.foo.example/bar/baz/quux:some-long-tag",
                "sub-dom1.foo.example",
                "bar/baz/quux",
                Some("some-long-tag"),
                false,
            ),
            (
                "b.gcr.example/test.example/my-app:test.example",
                "b.gcr.example",
                "test.example/my-app",
                Some("test.example"),
                false,
            ),
            ("xn--n3h.example/myimage:xn--n3h.example", "xn--n3h.example", "myimage", Some("xn--n3h.example"), false),
            ("foo_bar.example:8080", "docker.io", "foo_bar.example", Some("8080"), false),
            ("foo/foo_bar.example:8080", "docker.io", "foo/foo_bar.example", Some("8080"), false),
            ("192.168.1.1/repo:v1", "192.168.1.1", "repo", Some("v1"), false),
            ("[2001:db8::1]:5000/repo:v1", "[2001:db8::1]:5000", "repo", Some("v1"), false),
            ("[2001:db8::1]/repo", "[2001:db8::1]", "repo", None, false),
            ("Uppercase/lowercase:tag", "Uppercase", "lowercase", Some("tag"), false),
            ("localhost/app", "localhost", "app", None, false),
            ("localhost:5000", "docker.io", "localhost", Some("5000"), false),
            ("library/python:3.12", "docker.io", "python", Some("3.12"), false),
            ("docker.io/python:3.12", "docker.io", "python", Some("3.12"), false),
            ("index.docker.io/library/python", "docker.io", "python", None, false),
            ("mirror.example/library/python", "mirror.example", "library/python", None, false),
            ("a--b/c__d.e", "docker.io", "a--b/c__d.e", None, false),
        ] {
            let text = text.replace("@D", &format!("@sha256:{HEX}"));
            let expected = Reference {
                host,
                path,
                tag,
                digest: digest.then(|| Digest::hex(crate::model::Algorithm::Sha256, HEX).unwrap()),
            };
            assert_eq!(Reference::parse(&text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let long = "a/".repeat(128) + "a:tag";
        for text in [
            "",
            ":justtag",
            "@sha256:ffff",
            "repo@sha256:ffff",
            "validname@invaliddigest:ffffffffffffffffffffffffffffffffffffffff",
            "Uppercase:tag",
            "test:5000/Uppercase/lowercase:tag",
            "aa/asdf$$^/aa",
            "a//b",
            "a/",
            "/a",
            "-foo/bar",
            "foo.example/bar-",
            "a..b",
            "a___b",
            "a._b",
            "python:",
            "python:-x",
            "https://github.example/docker/docker",
            "[fe80::1%eth0]:5000/repo",
            "[2001:db8::1]:port/repo",
            "x:5000a/y",
            "ábc",
            HEX,
            &long,
            &format!("repo@sha256:{}", HEX.to_uppercase()),
            &format!("repo@sha512:{HEX}"),
            &format!("repo:{}", "t".repeat(129)),
        ] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn components_name_host_and_digest() {
        for (text, purl, origin) in [
            ("python:3.12", "pkg:docker/python@3.12", "docker.io"),
            ("vllm/vllm-openai", "pkg:docker/vllm/vllm-openai", "docker.io"),
            ("r.example:5000/a/b/c:1", "pkg:docker/a/b/c@1?repository_url=r.example:5000", "r.example:5000"),
        ] {
            let component = Reference::parse(text).unwrap().component();
            assert_eq!((component.purl.as_str(), component.origin), (purl, Origin::Registry(origin)));
        }
        let pinned = format!("python@sha256:{HEX}");
        let component = Reference::parse(&pinned).unwrap().component();
        assert_eq!((component.version(), component.digests.len()), ("", 1));
    }
}
