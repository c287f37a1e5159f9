//! Package URLs, `pkg:pypi/torch@2.9.0`: how a component is named everywhere.
//!
//! Specification: the purl standard, ECMA-427. Two forms are kept: the canonical spelling, and the key by which
//! components of two documents are paired (type, namespace and name, without version and qualifiers).

use std::borrow::Borrow;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};

use super::{Ecosystem, Fold, Namespace, secret, strict, without_credentials};
use crate::intern::{self, Table, Text};

/// The qualifiers that change with the release of an operating system or the version of a source package, and say nothing
/// of their own: `distro=debian-12`, `upstream=glibc@2.36`.
pub const PROVENANCE: &[&str] = &["distro", "upstream"];

/// A package URL in canonical spelling.
#[derive(Clone, Copy, Default)]
pub struct Purl {
    text: Text,
    key: Text,
    ty: Text,
    namespace: Text,
    name: Text,
    version: Text,
    qualifiers: Text,
    subpath: Text,
}

impl Purl {
    /// Returns the purl of a package. `namespace` may hold several segments parted by `/`; empty parts are left out.
    pub fn new(ty: &str, namespace: &str, name: &str, version: &str) -> Self {
        Self::build(ty, namespace, name, version, &[], "")
    }

    /// Returns the same purl with these qualifiers (sorted here; empty values are dropped).
    #[must_use]
    pub fn with_qualifiers(self, qualifiers: &[(&str, &str)]) -> Self {
        Self::build(self.ty, self.namespace, self.name, self.version, qualifiers, self.subpath)
    }

    /// Returns the same purl with another version; empty for none.
    #[must_use]
    pub fn with_version(self, version: &str) -> Self {
        let qualifiers = self.qualifiers();
        let qualifiers: Vec<(&str, &str)> =
            qualifiers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Self::build(self.ty, self.namespace, self.name, version, &qualifiers, self.subpath)
    }

    /// Returns the same purl, at a version that stands beside it where it has none itself. What names no one version, a range
    /// (`>= 2.0`, `4.*`), is none.
    #[must_use]
    pub fn or_version(self, version: &str) -> Self {
        let is_range = version.starts_with(['<', '>', '=', '~', '^', '!'])
            || version.contains(|sign: char| sign.is_whitespace() || matches!(sign, '*' | '|' | ','));
        if self.version.is_empty() && !version.is_empty() && !is_range { self.with_version(version) } else { self }
    }

    /// Builds a purl from its parts, by the rules of its type. They are taken as they are: [`Purl::checked`] looks first.
    /// Addresses among them (`vcs_url`) are kept without credentials.
    pub fn build(
        ty: &str,
        namespace: &str,
        name: &str,
        version: &str,
        qualifiers: &[(&str, &str)],
        subpath: &str,
    ) -> Self {
        let ty = lower(Cow::Borrowed(ty), true);
        let [namespace, name, version] = [namespace, name, version].map(without_credentials);
        let (namespace, name, version) = (&*namespace, &*name, &*version);
        let is_git = ty == "git";
        let (host, path) = if is_git { at_host(namespace, name) } else { (String::new(), String::new()) };
        let (namespace, name) = if is_git { (host.as_str(), path.as_str()) } else { (namespace, name) };
        let fold = fold_of(&ty, namespace, qualifiers);
        let (mut namespace, name) = normalize(fold, namespace.trim_matches('/'), name);
        if namespace.contains("//") {
            namespace = segments(&namespace).collect::<Vec<_>>().join("/").into();
        }
        let version = lower(Cow::Borrowed(version), ty == "huggingface" && is_commit(version));
        let mut text = spell(&ty, &namespace, &name);
        let has_case = |text: &str| text.bytes().any(|byte| byte.is_ascii_uppercase());
        let key = if fold == Fold::Key && (has_case(&namespace) || has_case(&name)) {
            intern::text(&spell(&ty, &namespace.to_ascii_lowercase(), &name.to_ascii_lowercase()))
        } else {
            intern::text(&text)
        };
        if !version.is_empty() {
            text.push('@');
            encode(&version, &mut text);
        }
        let mut sorted: Vec<(String, &str)> = qualifiers
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_ascii_lowercase(), *value))
            .collect();
        sorted.sort();
        let mut encoded = String::new();
        for (key, value) in sorted {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            encoded.push_str(&key);
            encoded.push('=');
            encode(&without_credentials(value), &mut encoded);
        }
        if !encoded.is_empty() {
            text.push('?');
            text.push_str(&encoded);
        }
        let segments: Vec<&str> = subpath.split('/').filter(|segment| !matches!(*segment, "" | "." | "..")).collect();
        for (index, segment) in segments.iter().enumerate() {
            text.push(if index == 0 { '#' } else { '/' });
            encode(segment, &mut text);
        }
        Purl {
            text: intern::text(&text),
            key,
            ty: intern::text(&ty),
            namespace: intern::text(&namespace),
            name: intern::text(&name),
            version: intern::text(&version),
            qualifiers: intern::text(&encoded),
            subpath: intern::text(&segments.join("/")),
        }
    }

    /// Builds a purl from parts that may be malformed, and holds them to all that the standard and the type ask for.
    ///
    /// # Errors
    /// Says what part is missing or malformed.
    pub fn checked(
        ty: &str,
        namespace: &str,
        name: &str,
        version: &str,
        qualifiers: &[(&str, &str)],
        subpath: &str,
    ) -> Result<Self> {
        let purl = Self::tolerated(ty, namespace, name, version, qualifiers, subpath)?;
        strict::check(&purl, qualifiers)?;
        Ok(purl)
    }

    /// Builds a purl from parts that may be malformed, as [`Purl::parse`] takes them.
    fn tolerated(
        ty: &str,
        namespace: &str,
        name: &str,
        version: &str,
        qualifiers: &[(&str, &str)],
        subpath: &str,
    ) -> Result<Self> {
        if !is_type(ty) {
            bail!("its type may hold letters, digits, '.' and '-', and begins with a letter");
        }
        if name.is_empty() {
            bail!("it has no name");
        }
        let ecosystem = Ecosystem::of(&ty.to_ascii_lowercase());
        match ecosystem.namespace {
            Namespace::Always if namespace.is_empty() => bail!("the type {} always has a namespace", ecosystem.ty),
            Namespace::Never if !namespace.is_empty() => bail!("the type {} has no namespace", ecosystem.ty),
            _ => {}
        }
        for (at, (key, _)) in qualifiers.iter().enumerate() {
            let letters = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
            if !letters || !key.starts_with(|first: char| first.is_ascii_alphabetic()) {
                bail!("\"{}\" is no qualifier's name", key.escape_debug());
            }
            if qualifiers[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(key)) {
                bail!("the qualifier \"{key}\" is there twice");
            }
        }
        let purl = Self::build(ty, namespace, name, version, qualifiers, subpath);
        if purl.name().is_empty() {
            bail!("it has no name");
        }
        Ok(purl)
    }

    /// Reads a purl of another tool. What real tools get wrong but leaves no doubt is taken: an `@` left bare before an npm
    /// scope, a version with a bare slash, capital letters in a qualifier's name. So is what only the definition of a type
    /// refuses, the letters of a name, a qualifier that is missing: a purl that is refused is a component that nobody guards.
    /// [`Purl::strict`] refuses both.
    ///
    /// # Errors
    /// Says what part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self> {
        /// What has been read before, by its canonical spelling: two BOMs of one tree name the same packages.
        static READ: LazyLock<Table<Canonical>> = LazyLock::new(Table::new);
        if let Some(Canonical(known)) = READ.find(text) {
            return Ok(*known);
        }
        let purl = Self::read(text, Self::tolerated).with_context(|| no_purl(text))?;
        READ.get(Canonical(purl), |purl| Box::leak(Box::new(purl)));
        Ok(purl)
    }

    /// Reads a purl, and holds it to all that the standard and the definition of its type ask for.
    ///
    /// # Errors
    /// Says what part is missing or malformed.
    pub fn strict(text: &str) -> Result<Self> {
        Self::read(text, Self::checked).with_context(|| no_purl(text))
    }

    fn read(text: &str, make: Make) -> Result<Self> {
        let Some(rest) = strip_scheme(text) else { bail!("it does not begin with \"pkg:\"") };
        let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let Some((ty, rest)) = rest.split_once('/') else { bail!("it has no name") };
        // An address is no name, and its user no version.
        let rest = &*without_credentials(rest);
        let (namespace, name, version) = split_path(rest);
        let mut pairs = Vec::new();
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                bail!("the qualifier \"{}\" has no value", pair.escape_debug());
            };
            pairs.push((key, decode(value)));
        }
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let namespace = segments(namespace).map(decode).collect::<Vec<_>>().join("/");
        let subpath = subpath.split('/').map(decode).collect::<Vec<_>>().join("/");
        make(ty, &namespace, &decode(name), &decode(version), &pairs, &subpath)
    }

    /// Returns the canonical spelling.
    pub fn as_str(&self) -> Text {
        self.text
    }

    /// Returns the spelling without version, qualifiers and subpath: what two documents are paired by. For types that
    /// keep case but are paired without it ([`Fold::Key`]) it is in lower case.
    pub fn key(&self) -> Text {
        self.key
    }

    /// Returns the type, which is the ecosystem: `pypi`.
    pub fn ty(&self) -> Text {
        self.ty
    }

    /// Returns the namespace, decoded; empty where there is none.
    pub fn namespace(&self) -> Text {
        self.namespace
    }

    /// Returns the name, decoded.
    pub fn name(&self) -> Text {
        self.name
    }

    /// Returns the version, decoded; empty where there is none.
    pub fn version(&self) -> Text {
        self.version
    }

    /// Returns the qualifiers, decoded, sorted by name.
    pub fn qualifiers(&self) -> Vec<(String, String)> {
        let pairs = self.qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), decode(value))).collect()
    }

    /// Says whether both are one artifact of their versions: they differ in no more than these, and in what only tells of the
    /// release or the source that a package was made for and from ([`PROVENANCE`]).
    pub fn is_same_variant(&self, other: &Self) -> bool {
        let qualifiers = |purl: &Self| {
            let mut qualifiers = purl.qualifiers();
            qualifiers.retain(|(key, _)| !PROVENANCE.contains(&key.as_str()));
            qualifiers
        };
        (self.ty, self.namespace, self.name, self.subpath) == (other.ty, other.namespace, other.name, other.subpath)
            && (self.qualifiers == other.qualifiers || qualifiers(self) == qualifiers(other))
    }

    /// Returns what is made of the case of its names.
    pub(super) fn fold(&self) -> Fold {
        let qualifiers = if self.ty == "mlflow" { self.qualifiers() } else { Vec::new() };
        let qualifiers: Vec<(&str, &str)> =
            qualifiers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        fold_of(self.ty, self.namespace, &qualifiers)
    }

    /// Returns the path inside the package, decoded; empty where there is none.
    pub fn subpath(&self) -> Text {
        self.subpath
    }

    /// Returns name and namespace as the ecosystem writes them: `@scope/name`, `group:artifact`.
    pub fn display_name(&self) -> Text {
        // A distribution's packages go by their names alone.
        if self.namespace.is_empty() || Ecosystem::of(self.ty).namespace == Namespace::Vendor {
            return self.name;
        }
        let separator = if self.ty == "maven" { ':' } else { '/' };
        intern::text(&format!("{}{separator}{}", self.namespace, self.name))
    }
}

/// Makes a purl of its parts: type, namespace, name, version, qualifiers and subpath.
type Make = fn(&str, &str, &str, &str, &[(&str, &str)], &str) -> Result<Purl>;

fn no_purl(text: &str) -> String {
    format!("\"{}\" is no package URL", secret::covered(text).escape_debug())
}

/// Parts the path of a git repository as its type does: the host, and the rest, bare slashes and all, which is the name.
///
/// Source: the definition of the type `git` beside the purl standard.
fn at_host(namespace: &str, name: &str) -> (String, String) {
    let path = segments(namespace).chain(segments(name)).collect::<Vec<_>>().join("/");
    path.split_once('/').map_or((String::new(), path.clone()), |(host, path)| (host.to_owned(), path.to_owned()))
}

/// Returns what a type makes of case, for two types at the host that the package is at.
///
/// Source: the definitions of the types `git` and `mlflow` beside the purl standard, and their tests.
fn fold_of(ty: &str, namespace: &str, qualifiers: &[(&str, &str)]) -> Fold {
    let is_folded = match ty {
        "git" => ["github", "github.com"].iter().any(|host| host.eq_ignore_ascii_case(namespace)),
        "mlflow" => {
            qualifiers.iter().any(|(key, value)| key.eq_ignore_ascii_case("repository_url") && is_databricks(value))
        }
        _ => false,
    };
    if is_folded { Fold::Both } else { Ecosystem::of(ty).fold }
}

/// Says whether an address is one of Databricks, whose names have no case.
fn is_databricks(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".azuredatabricks.net", ".databricks.com"].iter().any(|domain| host.ends_with(domain))
}

/// Returns what follows `pkg:` and slashes, which mean nothing there; none where the scheme is another.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    let scheme = text.get(..4)?;
    scheme.eq_ignore_ascii_case("pkg:").then(|| text[4..].trim_start_matches('/'))
}

/// Parts what follows a type into namespace, name and version, each as it is encoded.
///
/// The last `@` parts the version off, except where it opens a segment: that is an npm scope, left bare.
pub(super) fn split_path(text: &str) -> (&str, &str, &str) {
    let text = text.trim_matches('/');
    let opens_segment = |at: usize| at == 0 || text.as_bytes()[at - 1] == b'/';
    let at = text.rfind('@').filter(|&at| !opens_segment(at) || !text[at..].contains('/'));
    let (path, version) = at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    if path.ends_with('/') && at.is_some() {
        return (path.trim_end_matches('/'), "", version);
    }
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    (namespace, name, version)
}

pub(super) fn segments(text: &str) -> impl Iterator<Item = &str> {
    text.split('/').filter(|segment| !segment.is_empty())
}

fn is_type(ty: &str) -> bool {
    ty.starts_with(|first: char| first.is_ascii_alphabetic())
        && ty.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

/// Says whether a version is a full commit id, in which case means nothing.
fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Writes a purl up to its name.
fn spell(ty: &str, namespace: &str, name: &str) -> String {
    let mut text = String::with_capacity(4 + ty.len() + namespace.len() + name.len() + 16);
    text.push_str("pkg:");
    text.push_str(ty);
    text.push('/');
    for segment in segments(namespace) {
        encode(segment, &mut text);
        text.push('/');
    }
    if ty == "git" {
        for (index, segment) in segments(name).enumerate() {
            if index > 0 {
                text.push('/');
            }
            encode(segment, &mut text);
        }
    } else {
        encode(name, &mut text);
    }
    text
}

/// Applies the rules of a purl type to namespace and name.
pub(super) fn normalize<'t>(fold: Fold, namespace: &'t str, name: &'t str) -> (Cow<'t, str>, Cow<'t, str>) {
    let (fold_namespace, fold_name) = match fold {
        Fold::Keep | Fold::Key => (false, false),
        Fold::Name => (false, true),
        Fold::Namespace => (true, false),
        Fold::Both | Fold::Python => (true, true),
    };
    let name = if fold == Fold::Python { python_name(name) } else { lower(Cow::Borrowed(name), fold_name) };
    (lower(Cow::Borrowed(namespace), fold_namespace), name)
}

/// Puts a text in lower case where `fold` says so.
fn lower(text: Cow<'_, str>, fold: bool) -> Cow<'_, str> {
    if fold && text.chars().any(char::is_uppercase) { text.to_lowercase().into() } else { text }
}

/// Returns a Python project's name in normal form: lower case, runs of `-`, `_` and `.` as one `-`.
///
/// Source: the Python packaging specification "Names and normalization" (PEP 503).
pub(super) fn python_name(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'*');
    if bytes.iter().all(plain) && !name.contains("--") {
        return Cow::Borrowed(name);
    }
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            character => normal.extend(character.to_lowercase()),
        }
    }
    Cow::Owned(normal)
}

fn encode(text: &str, to: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            to.push(char::from(byte));
        } else {
            to.push('%');
            to.push(char::from(DIGITS[usize::from(byte >> 4)]));
            to.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .flatten();
        decoded.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A purl that is found by its canonical spelling.
#[derive(PartialEq, Eq)]
struct Canonical(Purl);

impl Hash for Canonical {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl Borrow<str> for Canonical {
    fn borrow(&self) -> &str {
        self.0.text
    }
}

impl PartialEq for Purl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Purl {}

impl PartialOrd for Purl {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Purl {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(other.text)
    }
}

impl Hash for Purl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_spelled_by_their_tools_and_paired_by_key() {
        for (text, spelled, key) in [
            ("pkg:pypi/Nvidia_CuDNN.cu12@9", "pkg:pypi/nvidia-cudnn-cu12@9", "pkg:pypi/nvidia-cudnn-cu12"),
            (
                "pkg:golang/github.com/BurntSushi/toml@v1",
                "pkg:golang/github.com/BurntSushi/toml@v1",
                "pkg:golang/github.com/burntsushi/toml",
            ),
            ("pkg:huggingface/Qwen/Qwen3-8B", "pkg:huggingface/Qwen/Qwen3-8B", "pkg:huggingface/qwen/qwen3-8b"),
            ("pkg:npm/@Scope/Name@1.0.0", "pkg:npm/%40Scope/Name@1.0.0", "pkg:npm/%40Scope/Name"),
            ("pkg:generic/a@refs/heads/main", "pkg:generic/a@refs%2Fheads%2Fmain", "pkg:generic/a"),
            ("pkg:deb/Debian/OpenSSL@3", "pkg:deb/debian/openssl@3", "pkg:deb/debian/openssl"),
            ("pkg:generic/a?B=1&a=2&c=", "pkg:generic/a?a=2&b=1", "pkg:generic/a"),
        ] {
            let purl = Purl::parse(text).expect(text);
            assert_eq!((purl.as_str(), purl.key()), (spelled, key), "{text}");
            assert_eq!(Purl::parse(spelled).expect(spelled), purl);
        }
    }

    #[test]
    fn what_lets_in_is_left_out() {
        for (text, expected) in [
            (
                "pkg:npm/a@1?vcs_url=git%2Bhttps%3A%2F%2Fme%3As3cret%40g.example%2Fa.git%40v1",
                "pkg:npm/a@1?vcs_url=git%2Bhttps:%2F%2Fg.example%2Fa.git%40v1",
            ),
            (
                "pkg:npm/a@1?vcs_url=git%2Bssh://git%40g.example/a.git%23v1",
                "pkg:npm/a@1?vcs_url=git%2Bssh:%2F%2Fgit%40g.example%2Fa.git%23v1",
            ),
            (
                "pkg:generic/a?download_url=https://s3cret@f.example/a&x=1",
                "pkg:generic/a?download_url=https:%2F%2Ff.example%2Fa&x=1",
            ),
            (
                "pkg:generic/a@1?download_url=https://f.example/a%3Ftoken%3Ds3cret%26x%3D1",
                "pkg:generic/a@1?download_url=https:%2F%2Ff.example%2Fa%3Fx%3D1",
            ),
            ("pkg:npm/a@git%2Bhttps%3A%2F%2Fme%3As3cret%40g.example%2Fa", "pkg:npm/a@git%2Bhttps:%2F%2Fg.example%2Fa"),
            ("pkg:generic/https:%2F%2Fme:s3cret%40g.example%2Fa", "pkg:generic/https:%2F%2Fg.example%2Fa"),
            ("pkg:generic/https://me:s3cret@g.example/a", "pkg:generic/https:/g.example/a"),
            ("pkg://npm/@scope/a@1", "pkg:npm/%40scope/a@1"),
        ] {
            assert_eq!(Purl::parse(text).expect(text).as_str(), expected, "{text}");
        }
        for text in
            ["npm/a?vcs_url=git+https://me:s3cret@g.example/a", "pkg:npm?x=https%3A%2F%2Fme%3As3cret%40g.example"]
        {
            let said = format!("{:#}", Purl::parse(text).expect_err(text));
            assert!(!said.contains("s3cret") && said.contains("g.example"), "{said}");
        }
    }

    #[test]
    fn a_version_beside_a_purl_is_its_own_where_it_names_one() {
        for (text, version, expected) in [
            ("pkg:npm/a", "1.2.3", "pkg:npm/a@1.2.3"),
            ("pkg:npm/a?x=1#b", "1.2.3", "pkg:npm/a@1.2.3?x=1#b"),
            ("pkg:npm/a@1.0.0", "1.2.3", "pkg:npm/a@1.0.0"),
            ("pkg:deb/debian/a", "1:1.0~rc1-1", "pkg:deb/debian/a@1:1.0~rc1-1"),
            ("pkg:npm/a", "", "pkg:npm/a"),
            ("pkg:pypi/a", ">= 2.0", "pkg:pypi/a"),
            ("pkg:pypi/a", "~=2.0", "pkg:pypi/a"),
            ("pkg:npm/a", "4.*.*", "pkg:npm/a"),
            ("pkg:npm/a", "1.0 || 2.0", "pkg:npm/a"),
        ] {
            assert_eq!(Purl::parse(text).expect(text).or_version(version).as_str(), expected, "{text} {version}");
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (text, expected) in [
            ("torch", "\"torch\" is no package URL: it does not begin with \"pkg:\""),
            ("pkg:pypi", "\"pkg:pypi\" is no package URL: it has no name"),
            ("pkg:pypi/@1", "\"pkg:pypi/@1\" is no package URL: it has no name"),
            ("pkg:npm/@scope", "\"pkg:npm/@scope\" is no package URL: it has no name"),
            (
                "pkg:1/a",
                "\"pkg:1/a\" is no package URL: its type may hold letters, digits, '.' and '-', and begins with a letter",
            ),
            ("pkg:a/b?c", "\"pkg:a/b?c\" is no package URL: the qualifier \"c\" has no value"),
            ("pkg:a/b?c=1&C=2", "\"pkg:a/b?c=1&C=2\" is no package URL: the qualifier \"C\" is there twice"),
            ("pkg:cargo/a/b", "\"pkg:cargo/a/b\" is no package URL: the type cargo has no namespace"),
            ("p\u{1b}", "\"p\\u{1b}\" is no package URL: it does not begin with \"pkg:\""),
        ] {
            assert_eq!(format!("{:#}", Purl::parse(text).expect_err(text)), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_read_back(
            ty in prop::sample::select(vec!["generic", "npm", "pypi", "golang", "deb", "oci", "huggingface", "mlflow"]),
            namespace in "[@a-zA-Z./ é%]{0,6}",
            name in "[-_.@a-zA-Z/?#:%é ]{1,6}",
            version in "[-+@0-9a-zA-Z/?#:%!=]{0,6}",
            value in "[&=#?/%a ]{0,4}",
            subpath in "[a./%#]{0,5}",
        ) {
            let purl = Purl::build(ty, &namespace, &name, &version, &[("b", &value), ("a", "1")], &subpath);
            let read = Purl::parse(purl.as_str()).expect("what is spelled is read");
            prop_assert_eq!(read, purl);
            prop_assert_eq!(read.namespace(), purl.namespace());
            prop_assert_eq!((read.name(), read.version(), read.key()), (purl.name(), purl.version(), purl.key()));
            prop_assert_eq!((read.subpath(), read.qualifiers()), (purl.subpath(), purl.qualifiers()));
        }

        #[test]
        fn no_text_panics(text in "(pkg:)?.{0,16}") {
            let _ = (Purl::parse(&text), crate::model::Pattern::parse(&text));
        }
    }
}
