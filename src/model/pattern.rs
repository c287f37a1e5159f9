//! Purls with wildcards, by which policies, waivers and command lines say what they mean.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};

use super::purl::{decode, normalize, segments, split_path, strip_scheme};
use super::{Ecosystem, Fold, Namespace, Purl};
use crate::versions;

/// A purl with wildcards: `pkg:pypi/torch@2.9.*`, `pkg:npm/@scope/*`, `pkg:*/openssl*`, or a bare name, `torch`.
///
/// - `*` stands for any letters but `/`, `**` for any letters; in a version and a type `*` stands for any letters.
/// - Without a version, any version is meant. A version without a wildcard is compared as its ecosystem compares versions:
///   `2.9` is `2.9.0` for Python, but not `2.9.0+cpu`.
/// - A bare name, and one behind `pkg:*/`, is the name as the ecosystem writes it: `@scope/name`, `group:artifact`, and
///   without the distribution for system packages, so that `openssl` is `pkg:deb/debian/openssl` too.
/// - Names are compared by the rules of their ecosystem: `Nvidia_CuDNN*` is `nvidia-cudnn-cu12`.
/// - Qualifiers that are given must be there with the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    ty: String,
    path: String,
    version: String,
    qualifiers: Vec<(String, String)>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says what is wrong with it and what was probably meant.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let pattern = match strip_scheme(text) {
            Some(rest) => Self::read(text, rest),
            None => Self::read_bare(text),
        };
        pattern.with_context(|| format!("\"{}\" names no package", text.escape_debug()))
    }

    fn read(text: &str, rest: &str) -> Result<Self> {
        if rest.contains('#') {
            bail!("a pattern has no subpath");
        }
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let Some((ty, path)) = rest.split_once('/') else {
            bail!("a type and a name are needed, as in pkg:pypi/{}", if rest.is_empty() { "torch" } else { rest });
        };
        let ty = ty.to_ascii_lowercase();
        if !ty.starts_with(|first: char| first.is_ascii_alphabetic() || first == '*')
            || !ty.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-*".contains(&byte))
        {
            bail!("a type holds letters, digits, '.' and '-', or is \"*\"");
        }
        if !ty.contains('*')
            && Ecosystem::known(&ty).is_none()
            && let Some(meant) = Ecosystem::meant(&ty)
        {
            bail!("there is no type \"{ty}\", did you mean pkg:{meant}/{path}?");
        }
        let mut pairs = Vec::new();
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else { bail!("the qualifier \"{pair}\" has no value") };
            pairs.push((key.to_ascii_lowercase(), decode(value)));
        }
        let (namespace, name, version) = split_path(path);
        Self::checked(text, ty, namespace, name, version, pairs)
    }

    /// Reads a name without a type. What looks like a purl, a requirement or an address is sent back with what to write.
    fn read_bare(text: &str) -> Result<Self> {
        if text.is_empty() {
            bail!("it is empty");
        }
        if text.contains("://") {
            bail!("an address is no name; write a package URL, as in pkg:pypi/torch");
        }
        if let Some(at) = text.find(['=', '<', '>', '~', '^', '!']) {
            let (name, rest) = text.split_at(at);
            let version = rest.trim_start_matches(['=', '<', '>', '~', '^', '!', ' ']);
            bail!("a version follows \"@\" and has no operators; write {}@{version}", name.trim());
        }
        let typed = text.split_once(':').and_then(|(ty, name)| Some((Ecosystem::called(ty)?, name)));
        // `python/…` may be an image of somebody, `pypi/…` hardly is.
        let slashed = || text.split_once('/').and_then(|(ty, name)| Some((Ecosystem::known(ty)?, name)));
        if let Some((ecosystem, name)) = typed.or_else(slashed) {
            bail!("did you mean pkg:{}/{name}?", ecosystem.ty);
        }
        let (namespace, name, version) = split_path(text);
        let (namespace, name) =
            if namespace.is_empty() { name.split_once(':').unwrap_or(("", name)) } else { (namespace, name) };
        Self::checked(text, "*".to_owned(), namespace, name, version, Vec::new())
    }

    fn checked(
        text: &str,
        ty: String,
        namespace: &str,
        name: &str,
        version: &str,
        qualifiers: Vec<(String, String)>,
    ) -> Result<Self> {
        if name.is_empty() {
            bail!("it has no name; \"*\" stands for any");
        }
        let mut path = segments(namespace).map(decode).collect::<Vec<_>>().join("/");
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&decode(name));
        let version = decode(version);
        if path.chars().chain(version.chars()).any(|character| character.is_whitespace() || character.is_control()) {
            bail!("a name and a version have no blanks");
        }
        Ok(Pattern { text: text.to_owned(), ty, path, version, qualifiers })
    }

    /// Says whether a purl is meant.
    pub fn matches(&self, purl: &Purl) -> bool {
        self.matches_package(purl) && self.matches_version(purl) && self.matches_qualifiers(purl)
    }

    /// Returns the version that is asked for, as it is written; empty where any is meant.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn matches_package(&self, purl: &Purl) -> bool {
        if !wild(&self.ty, purl.ty(), Star::Any) {
            return false;
        }
        let ecosystem = Ecosystem::of(purl.ty());
        let (namespace, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let (namespace, name) = normalize(purl.fold(), namespace, name);
        let (wanted, had) = (join(&namespace, &name), join(purl.namespace(), purl.name()));
        let same = |wanted: &str, had: &str| {
            if ecosystem.fold == Fold::Key {
                wild(&wanted.to_ascii_lowercase(), &had.to_ascii_lowercase(), Star::Segment)
            } else {
                wild(wanted, had, Star::Segment)
            }
        };
        same(&wanted, &had) || ecosystem.namespace == Namespace::Vendor && same(&wanted, purl.name())
    }

    fn matches_version(&self, purl: &Purl) -> bool {
        self.version.is_empty()
            || wild(&self.version, purl.version(), Star::Any)
            || !self.version.contains('*') && versions::scheme(purl.ty()).same(&self.version, purl.version())
    }

    fn matches_qualifiers(&self, purl: &Purl) -> bool {
        self.qualifiers.is_empty() || {
            let had = purl.qualifiers();
            self.qualifiers.iter().all(|wanted| had.contains(wanted))
        }
    }
}

fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Pattern::parse(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What one `*` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Star {
    /// Any letters.
    Any,
    /// Any letters but `/`; two of them stand for any letters.
    Segment,
}

/// Says whether a text matches a pattern with stars, in time of the product of both lengths at most.
fn wild(pattern: &str, text: &str, star: Star) -> bool {
    if !pattern.contains('*') {
        return pattern == text;
    }
    let text = text.as_bytes();
    // Whether what is read of the pattern matches the first so many bytes of the text.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut rest = pattern.as_bytes();
    while let Some(&byte) = rest.first() {
        let stars = rest.iter().take_while(|byte| **byte == b'*').count();
        rest = &rest[stars.max(1)..];
        if stars > 0 {
            let crosses = stars > 1 || star == Star::Any;
            for at in 1..reached.len() {
                reached[at] |= reached[at - 1] && (crosses || text[at - 1] != b'/');
            }
        } else {
            for at in (1..reached.len()).rev() {
                reached[at] = reached[at - 1] && text[at - 1] == byte;
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_match_patterns() {
        for (pattern, purl, expected) in [
            ("pkg:pypi/torch", "pkg:pypi/torch@2.9.0", true),
            ("pkg:pypi/torch", "pkg:pypi/torchvision@2.9.0", false),
            ("pkg:pypi/torch", "pkg:conda/torch@2.9.0", false),
            ("pkg:pypi/Torch", "pkg:pypi/torch", true),
            ("pkg:pypi/torch@2.9.*", "pkg:pypi/torch@2.9.1+cu128", true),
            ("pkg:pypi/torch@2.9.*", "pkg:pypi/torch@2.10.0", false),
            ("pkg:pypi/torch@2.9", "pkg:pypi/torch@2.9.0", true),
            ("pkg:pypi/torch@2.9", "pkg:pypi/torch@2.9.0+cpu", false),
            ("pkg:pypi/torch@2.9", "pkg:pypi/torch", false),
            ("pkg:pypi/nvidia_*", "pkg:pypi/nvidia-cudnn-cu12@9", true),
            ("pkg:pypi/nvidia-*", "pkg:pypi/nvidia", false),
            ("pkg:npm/%40scope/*", "pkg:npm/%40scope/name@1.0.0", true),
            ("pkg:npm/@scope/*", "pkg:npm/%40scope/name@1.0.0", true),
            ("pkg:npm/@scope/*@1.*", "pkg:npm/%40scope/name@1.0.0", true),
            ("pkg:npm/@scope/*@2.*", "pkg:npm/%40scope/name@1.0.0", false),
            ("pkg:npm/*", "pkg:npm/%40scope/name@1.0.0", false),
            ("pkg:npm/**", "pkg:npm/%40scope/name@1.0.0", true),
            ("pkg:golang/github.com/**", "pkg:golang/github.com/a/b@v1", true),
            ("pkg:golang/github.com/burntsushi/*", "pkg:golang/github.com/BurntSushi/toml@v1", true),
            ("pkg:*/openssl*", "pkg:deb/debian/openssl@3", true),
            ("pkg:*/openssl*", "pkg:deb/debian/openssl-dev@3", true),
            ("pkg:*/openssl*", "pkg:cargo/openssl-sys@0.9.0", true),
            ("pkg:*/openssl*", "pkg:npm/%40x/openssl@1.0.0", false),
            ("pkg:deb/openssl", "pkg:deb/debian/openssl@3", true),
            ("pkg:deb/ubuntu/openssl", "pkg:deb/debian/openssl@3", false),
            ("torch", "pkg:pypi/torch@2.9.0", true),
            ("torch", "pkg:conda/torch", true),
            ("torch@2.*", "pkg:pypi/torch@2.9.0", true),
            ("core", "pkg:npm/%40babel/core@7.0.0", false),
            ("@babel/core", "pkg:npm/%40babel/core@7.0.0", true),
            ("@babel/core@7.*", "pkg:npm/%40babel/core@7.0.0", true),
            ("org.slf4j:slf4j-api", "pkg:maven/org.slf4j/slf4j-api@2.0.0", true),
            ("library/nginx", "pkg:docker/library/nginx@1.27", true),
            ("*", "pkg:pypi/torch@2.9.0", true),
            ("pkg:pypi/a?x=1", "pkg:pypi/a@1?x=1&y=2", true),
            ("pkg:pypi/a?x=2", "pkg:pypi/a@1?x=1&y=2", false),
            ("pkg:some-type/a", "pkg:some-type/a@1", true),
            ("pkg:docker/nginx@sha256:*", "pkg:docker/nginx@sha256:aa", true),
        ] {
            let purl = Purl::parse(purl).expect(purl);
            assert_eq!(Pattern::parse(pattern).expect(pattern).matches(&purl), expected, "{pattern} {purl}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_what_was_meant() {
        for (text, expected) in [
            ("", "\"\" names no package: it is empty"),
            ("pkg:", "\"pkg:\" names no package: a type and a name are needed, as in pkg:pypi/torch"),
            ("pkg:torch", "\"pkg:torch\" names no package: a type and a name are needed, as in pkg:pypi/torch"),
            (
                "pkg:pipy/torch",
                "\"pkg:pipy/torch\" names no package: there is no type \"pipy\", did you mean pkg:pypi/torch?",
            ),
            (
                "pkg:python/torch",
                "\"pkg:python/torch\" names no package: there is no type \"python\", did you mean pkg:pypi/torch?",
            ),
            ("pypi/torch", "\"pypi/torch\" names no package: did you mean pkg:pypi/torch?"),
            ("python:torch", "\"python:torch\" names no package: did you mean pkg:pypi/torch?"),
            ("npm:left-pad", "\"npm:left-pad\" names no package: did you mean pkg:npm/left-pad?"),
            (
                "torch>=2.9",
                "\"torch>=2.9\" names no package: a version follows \"@\" and has no operators; write torch@2.9",
            ),
            ("pkg:npm/@scope", "\"pkg:npm/@scope\" names no package: it has no name; \"*\" stands for any"),
            ("pkg:pypi/a b", "\"pkg:pypi/a b\" names no package: a name and a version have no blanks"),
            ("pkg:pypi/a#b", "\"pkg:pypi/a#b\" names no package: a pattern has no subpath"),
            ("pkg:py pi/a", "\"pkg:py pi/a\" names no package: a type holds letters, digits, '.' and '-', or is \"*\""),
            (
                "https://x.example/a",
                "\"https://x.example/a\" names no package: an address is no name; write a package URL, as in pkg:pypi/torch",
            ),
        ] {
            assert_eq!(format!("{:#}", Pattern::parse(text).expect_err(text)), expected);
        }
    }

    #[test]
    fn stars_stand_for_letters() {
        for (pattern, text, segment, any) in [
            ("", "", true, true),
            ("*", "", true, true),
            ("*", "a/b", false, true),
            ("**", "a/b", true, true),
            ("a*c", "abc", true, true),
            ("a*c", "a/c", false, true),
            ("*a*a*a*b", "aaaaaaaa", false, false),
            ("a/*/c", "a/b/c", true, true),
            ("a/*/c", "a/b/b/c", false, true),
            ("**/c", "a/b/c", true, true),
            ("é*", "éa", true, true),
        ] {
            assert_eq!(wild(pattern, text, Star::Segment), segment, "{pattern} {text}");
            assert_eq!(wild(pattern, text, Star::Any), any, "{pattern} {text}");
        }
        assert!(!wild(&"*a".repeat(1000), &"a".repeat(999), Star::Any));
    }
}
