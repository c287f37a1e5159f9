//! Package URLs, `pkg:pypi/torch@2.9.0`: how a component is named everywhere.
//!
//! Specification: the purl standard, ECMA-427. Two forms are kept: the canonical spelling, and the key by which
//! components of two documents are paired (type, namespace and name, without version and qualifiers).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use anyhow::{Result, bail};

use crate::intern::{self, Text};

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

    /// Builds a purl from its parts, by the rules of its type.
    pub fn build(
        ty: &str,
        namespace: &str,
        name: &str,
        version: &str,
        qualifiers: &[(&str, &str)],
        subpath: &str,
    ) -> Self {
        let ty = ty.to_ascii_lowercase();
        let (namespace, name, version) = normalize(&ty, namespace.trim_matches('/'), name, version);
        let mut text = format!("pkg:{ty}/");
        for segment in namespace.split('/').filter(|segment| !segment.is_empty()) {
            encode(segment, &mut text);
            text.push('/');
        }
        encode(&name, &mut text);
        let key = intern::text(&text);
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
            encode(value, &mut encoded);
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

    /// Builds a purl from parts that may be malformed.
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
        Ok(Self::build(ty, namespace, name, version, qualifiers, subpath))
    }

    /// Reads a purl.
    ///
    /// # Errors
    /// Says what part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self> {
        let Some(rest) = text.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("pkg:")).map(|_| &text[4..]) else {
            bail!("\"{}\" is no package URL: it does not begin with \"pkg:\"", text.escape_debug());
        };
        let rest = rest.trim_start_matches('/');
        let (rest, subpath) = rest.rsplit_once('#').map_or((rest, ""), |(rest, subpath)| (rest, subpath));
        let (rest, qualifiers) = rest.rsplit_once('?').map_or((rest, ""), |(rest, qualifiers)| (rest, qualifiers));
        let Some((ty, rest)) = rest.split_once('/') else {
            bail!("\"{}\" is no package URL: it has no name", text.escape_debug());
        };
        if !ty.starts_with(|first: char| first.is_ascii_alphabetic())
            || !ty.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
        {
            bail!("\"{}\" is no package URL: its type may hold letters, digits, '.' and '-'", text.escape_debug());
        }
        let rest = rest.trim_matches('/');
        let at = rest.rfind('@').filter(|&at| at > 0 && at > rest.rfind('/').map_or(0, |slash| slash + 1));
        let (path, version) = at.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
        let path = path.trim_end_matches('/');
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() {
            bail!("\"{}\" is no package URL: it has no name", text.escape_debug());
        }
        let namespace =
            namespace.split('/').filter(|segment| !segment.is_empty()).map(decode).collect::<Vec<_>>().join("/");
        let mut pairs = Vec::new();
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                bail!("\"{}\" is no package URL: the qualifier \"{pair}\" has no value", text.escape_debug());
            };
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
                bail!("\"{}\" is no package URL: \"{key}\" is no qualifier's name", text.escape_debug());
            }
            pairs.push((key, decode(value)));
        }
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let subpath = subpath.split('/').map(decode).collect::<Vec<_>>().join("/");
        Ok(Self::build(ty, &namespace, &decode(name), &decode(version), &pairs, &subpath))
    }

    /// Returns the canonical spelling.
    pub fn as_str(&self) -> Text {
        self.text
    }

    /// Returns the spelling without version, qualifiers and subpath: what two documents are paired by.
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

    /// Returns the path inside the package, decoded; empty where there is none.
    pub fn subpath(&self) -> Text {
        self.subpath
    }

    /// Returns name and namespace as the ecosystem writes them: `@scope/name`, `group:artifact`.
    pub fn display_name(&self) -> Text {
        if self.namespace.is_empty() {
            return self.name;
        }
        let separator = if self.ty == "maven" { ':' } else { '/' };
        intern::text(&format!("{}{separator}{}", self.namespace, self.name))
    }
}

/// Applies the rules of a purl type to namespace, name and version.
fn normalize(ty: &str, namespace: &str, name: &str, version: &str) -> (String, String, String) {
    let same = || (namespace.to_owned(), name.to_owned(), version.to_owned());
    match ty {
        "pypi" => (namespace.to_ascii_lowercase(), python_name(name), version.to_owned()),
        "github" | "bitbucket" | "gitlab" | "composer" | "alpm" | "deb" | "apk" => {
            (namespace.to_ascii_lowercase(), name.to_ascii_lowercase(), version.to_owned())
        }
        "oci" => (namespace.to_owned(), name.to_ascii_lowercase(), version.to_owned()),
        _ => same(),
    }
}

/// Returns a Python project's name in normal form: lower case, runs of `-`, `_` and `.` as one `-`.
///
/// Source: the Python packaging specification "Names and normalization" (PEP 503).
fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            character => normal.extend(character.to_lowercase()),
        }
    }
    normal
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

fn decode(text: &str) -> String {
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
