//! Requirement strings, `requests[socks]>=2.31 ; python_version < "3.12"`, and the addresses that stand in them.
//!
//! Specification: the Python packaging specification "Dependency specifiers" (PEP 508). Every part is a slice of the text
//! it was read from, so that it knows its place.

use super::constraint::Constraint;
use super::marker::is_marker;
use crate::intern::{self, Text};
use crate::model::{Algorithm, Digest, Origin, without_credentials};

/// A requirement in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement<'t> {
    /// The project's name, as it is spelled.
    pub name: &'t str,
    /// The extras, as they are spelled.
    pub extras: Vec<&'t str>,
    /// The version specifiers, empty where there are none.
    pub specifiers: &'t str,
    /// The address after the `@`, empty where there is none.
    pub address: &'t str,
    /// The marker, empty where there is none.
    pub marker: &'t str,
}

impl<'t> Requirement<'t> {
    /// Reads a requirement.
    ///
    /// # Errors
    /// Says what is malformed.
    pub fn read(text: &'t str) -> Result<Self, String> {
        let text = text.trim();
        let end = text.find(|sign: char| !sign.is_ascii_alphanumeric() && !"._-".contains(sign)).unwrap_or(text.len());
        let name = &text[..end];
        if !is_name(name) {
            return Err(format!("\"{}\" is no requirement: it does not begin with a name", shown(text)));
        }
        let mut requirement = Requirement { name, ..Requirement::default() };
        let mut rest = text[end..].trim_start();
        if let Some(after) = rest.strip_prefix('[') {
            let Some((extras, after)) = after.split_once(']') else {
                return Err(format!("the extras of \"{name}\" are not closed by ']'"));
            };
            requirement.extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
            if let Some(wrong) = requirement.extras.iter().find(|extra| !is_name(extra)) {
                return Err(format!("\"{}\" is no extra's name", shown(wrong)));
            }
            rest = after.trim_start();
        }
        if let Some(after) = rest.strip_prefix('@') {
            let after = after.trim_start();
            let (address, after) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
            requirement.address = address;
            if address.is_empty() {
                return Err(format!("\"{name}\" has no address after the '@'"));
            }
            rest = after.trim_start();
            if !rest.is_empty() && !rest.starts_with(';') {
                return Err(format!("\"{}\" after the address of \"{name}\" means nothing here", shown(rest)));
            }
        }
        let (specifiers, marker) = rest.split_once(';').unwrap_or((rest, ""));
        requirement.specifiers = specifiers.trim();
        requirement.marker = marker.trim();
        let spelled = requirement.specifiers.trim_start_matches('(');
        if !spelled.is_empty() && !spelled.starts_with(['<', '>', '=', '!', '~']) {
            return Err(format!("\"{}\" after \"{name}\" is no version specifier", shown(requirement.specifiers)));
        }
        if Constraint::read(requirement.specifiers).is_none() {
            return Err(format!("\"{}\" is no version specifier", shown(requirement.specifiers)));
        }
        if !is_marker(requirement.marker) {
            return Err(format!("\"{}\" is no marker", shown(requirement.marker)));
        }
        Ok(requirement)
    }

    /// Returns the name with its extras, as a declared requirement carries them: `requests[socks]`.
    pub fn with_extras(&self) -> Text {
        with_extras(self.name, self.extras.iter().copied())
    }

    /// Returns what it asks for: specifiers, or `@` and the address without credentials.
    pub fn constraint(&self) -> Text {
        if self.address.is_empty() {
            return intern::text(self.specifiers);
        }
        constraint_of(self.address)
    }
}

/// Returns an address as a constraint: `@`, and the address without credentials, digests and the like.
pub fn constraint_of(address: &str) -> Text {
    intern::text(&format!("@ {}", without_credentials(address.split('#').next().unwrap_or(address))))
}

/// Returns a name with extras: `requests[socks]`.
pub fn with_extras<'e>(name: &str, extras: impl IntoIterator<Item = &'e str>) -> Text {
    let extras = extras.into_iter().collect::<Vec<_>>().join(",");
    if extras.is_empty() { intern::text(name) } else { intern::text(&format!("{name}[{extras}]")) }
}

/// Says whether a text is a project's or extra's name.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Returns a name in normal form: lower case, runs of `-`, `_` and `.` as one `-`.
pub fn normal(name: &str) -> String {
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

/// Returns a text as it may stand in a message: short, and without control characters and credentials.
pub fn shown(text: &str) -> String {
    let text = without_credentials(text);
    let mut short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}

/// What an address (`git+https://…@ref#egg=name`, `https://…whl#sha256=…`, `./folder`) says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'t> {
    /// Where it leads.
    pub origin: Origin,
    /// The name that it gives, as spelled: from `#egg=`, or from the file's name.
    pub name: Option<&'t str>,
    /// The version that the file's name gives.
    pub version: Option<&'t str>,
    /// The digests in its fragment.
    pub digests: Vec<Digest>,
    /// Whether what stands there can change: a branch or tag of a repository.
    pub floats: bool,
}

impl<'t> Address<'t> {
    /// Reads an address.
    pub fn read(text: &'t str) -> Self {
        let (plain, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut address =
            Address { origin: Origin::Unknown, name: None, version: None, digests: Vec::new(), floats: false };
        for (key, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            if key == "egg" {
                let name = value.split(['[', ' ']).next().unwrap_or(value);
                address.name = Some(name).filter(|name| is_name(name));
            } else if let Some(algorithm) = Algorithm::named(key) {
                address.digests.extend(Digest::hex(algorithm, value));
            }
        }
        let scheme = plain.split_once(':').map_or("", |(scheme, _)| scheme);
        if let Some((vcs, _)) = scheme.split_once('+').or_else(|| (scheme == "git").then_some(("git", ""))) {
            address.repository(vcs, plain);
            return address;
        }
        let path = plain.split('?').next().unwrap_or(plain);
        if let Some((name, version)) = of_file(path.rsplit(['/', '\\']).next().unwrap_or(path)) {
            address.name = address.name.or(Some(name));
            address.version = Some(version);
        }
        address.origin = if scheme == "file" {
            let path = &plain["file:".len()..];
            Origin::path(path.strip_prefix("//").unwrap_or(path))
        } else if plain.contains("://") {
            Origin::url(plain)
        } else {
            Origin::path(plain)
        };
        address
    }

    fn repository(&mut self, vcs: &str, plain: &'t str) {
        let path = plain.find("://").map_or(0, |at| at + 3);
        let path = plain[path..].find('/').map_or(plain.len(), |at| path + at);
        let at = plain[path..].rfind('@').map(|at| path + at);
        let (repository, reference) = at.map_or((plain, ""), |at| (&plain[..at], &plain[at + 1..]));
        let is_commit = matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.floats = !is_commit;
        if vcs != "git" {
            self.origin = Origin::url(plain);
            return;
        }
        let repository = repository.strip_prefix("git+").unwrap_or(repository);
        let (commit, reference) = if is_commit { (reference, "") } else { ("", reference) };
        self.origin = Origin::git(repository, &commit.to_ascii_lowercase(), reference);
    }
}

/// Returns name and version in the name of a wheel or source archive.
pub fn of_file(file: &str) -> Option<(&str, &str)> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        return (is_name(name) && parts.count() >= 3).then_some((name, version));
    }
    let stem = [".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip"]
        .into_iter()
        .find_map(|suffix| file.strip_suffix(suffix))?;
    let (name, version) = stem.rsplit_once('-')?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    (is_name(name) && is_version).then_some((name, version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn requirements_are_read() {
        for (text, expected) in [
            ("flask", "flask||||"),
            ("requests[socks, use_chardet]>=2.31,<3", "requests|socks,use_chardet|>=2.31,<3||"),
            ("numpy (<2) ; python_version < '3.12'", "numpy||(<2)||python_version < '3.12'"),
            ("zope.interface === 6.4", "zope.interface||=== 6.4||"),
            ("a@https://x.example/a.whl ; os_name == 'nt'", "a|||https://x.example/a.whl|os_name == 'nt'"),
            ("a[] == 1.*;extra=='b'", "a||== 1.*||extra=='b'"),
        ] {
            let read = Requirement::read(text).unwrap();
            let Requirement { name, extras, specifiers, address, marker } = read;
            assert_eq!(format!("{name}|{}|{specifiers}|{address}|{marker}", extras.join(",")), expected);
        }
        for wrong in ["", "==1", "a b", "a[b", "a[é]", "a @", "a=>1", "a==", "a 1.0", "a>=1 foo", "-a", "a-", "a @ b c"]
        {
            assert!(Requirement::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (text, origin, name, version, floats) in [
            (
                format!("git+https://me:secret@git.example/a.git@{commit}#egg=a_b&subdirectory=c"),
                format!("git https://git.example/a.git at {commit}"),
                Some("a_b"),
                None,
                false,
            ),
            (
                "git+ssh://git@git.example/a.git@v1".into(),
                "git ssh://git@git.example/a.git (v1)".into(),
                None,
                None,
                true,
            ),
            ("git+https://git.example/a".into(), "git https://git.example/a".into(), None, None, true),
            (
                "https://t0ken@x.example/w/a_b-1.0-py3-none-any.whl?x=1".into(),
                "https://x.example/w/a_b-1.0-py3-none-any.whl?x=1".into(),
                Some("a_b"),
                Some("1.0"),
                false,
            ),
            ("./dist/a-b-1.0.tar.gz".into(), "path ./dist/a-b-1.0.tar.gz".into(), Some("a-b"), Some("1.0"), false),
            ("file:///opt/x".into(), "path /opt/x".into(), None, None, false),
        ] {
            let read = Address::read(&text);
            assert_eq!(
                (read.origin.to_string(), read.name, read.version, read.floats),
                (origin, name, version, floats),
                "{text}"
            );
        }
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Address::read(&format!("https://x.example/a.zip#sha256={hex}")).digests.len(), 1);
    }
}
