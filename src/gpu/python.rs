//! Versions of Python packages, and what the metadata of a wheel asks of one.
//!
//! Specification: the Python packaging specification "Version specifiers" (PEP 440).

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a version; none where it is malformed.
pub(super) fn version(text: &str) -> Option<Version> {
    Version::from_str(text).ok()
}

/// Reads a version that is a release of a project itself: neither a pre-release nor a development version, nor a
/// post-release, which is somebody's rebuild as often as not.
pub(super) fn release(text: &str) -> Option<Version> {
    version(text).filter(|version| !version.any_prerelease() && version.post().is_none())
}

/// What is asked of a package: one version (`9.1.0.70`), a range (`>=13.0.3,<14`), or nothing (`*`).
#[derive(Clone, Debug)]
pub struct Asked {
    written: String,
    exact: Option<Version>,
    range: Option<VersionSpecifiers>,
}

impl Asked {
    /// Reads what is asked, as tables and metadata write it; none where it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let written = text.trim().to_owned();
        if written.is_empty() {
            return None;
        }
        if written == "*" {
            return Some(Asked { written, exact: None, range: None });
        }
        let pin = written.strip_prefix("==").filter(|pin| !pin.contains('*')).unwrap_or(&written);
        match version(pin) {
            Some(exact) => Some(Asked { written: pin.to_owned(), exact: Some(exact), range: None }),
            None => {
                let range = VersionSpecifiers::from_str(&written).ok()?;
                Some(Asked { written, exact: None, range: Some(range) })
            }
        }
    }

    /// Returns the one version that is asked for, where it is one.
    pub fn exact(&self) -> Option<&Version> {
        self.exact.as_ref()
    }

    /// Says whether a version is what is asked for. A local version is the same release built otherwise, and a
    /// post-release of the pinned one brings no other code: both are.
    pub fn allows(&self, version: &Version) -> bool {
        if let Some(exact) = &self.exact {
            let public = version.clone().without_local();
            return public == *exact
                || (exact.post().is_none() && !public.any_prerelease() && public.only_release() == *exact);
        }
        self.range.as_ref().is_none_or(|range| range.contains(version))
    }

    /// Returns the least version that is let through, where there is a bound.
    pub fn least(&self) -> Option<&Version> {
        let bounds = self.range.iter().flat_map(|range| range.iter());
        let lower = |text: &str| matches!(text, ">=" | ">" | "~=" | "==");
        let of_range = bounds.filter(|bound| lower(&bound.operator().to_string())).map(|bound| bound.version()).max();
        self.exact.as_ref().or(of_range)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Asked::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is neither a version nor a range")))
    }
}

/// Reads a version of a table.
pub(super) fn of_table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    version(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no version")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_held_against_versions() {
        for (asked, version, expected) in [
            ("9.1.0.70", "9.1.0.70", true),
            ("==9.1.0.70", "9.1.0.70", true),
            ("9.1.0.70", "9.1.1.17", false),
            // By PEP 440 a missing part is zero, and a local version is the same release.
            ("13.0.3", "13.0.3.0", true),
            ("2.9.1", "2.9.1+cu128", true),
            ("3.5.1", "3.5.1.post2", true),
            ("3.5.1", "3.5.1rc1", false),
            ("8.6.1.post1", "8.6.1", false),
            ("8.6.1.post1", "8.6.1.post1", true),
            ("~=3.8.0", "3.8.4", true),
            ("~=3.8.0", "3.9.0", false),
            (">=13.0.3,<14", "13.5.0", true),
            (">=13.0.3,<14", "14.0.0", false),
            ("<10.0,>=9.8", "9.1.0.70", false),
            ("*", "1", true),
        ] {
            let asked = Asked::parse(asked).expect("of the table of cases");
            assert_eq!(asked.allows(&super::version(version).expect("a version")), expected, "{asked} {version}");
        }
        for text in ["", "cublas,cudart", "x"] {
            assert!(Asked::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn releases_are_told_from_builds_on_the_way() {
        for (text, expected) in [
            ("2.9.1", true),
            ("2.9.1+cu128", true),
            ("2.7.0a0+7c8ec84dab.nv25.3", false),
            ("2.12.0.dev20260101+cu130", false),
            ("2.9.0rc3", false),
            ("2.1.0.post301", false),
            ("main", false),
        ] {
            assert_eq!(release(text).is_some(), expected, "{text}");
        }
    }
}
