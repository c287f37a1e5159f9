//! How the JVM's tools name what they resolve: group, artifact, kind of file, classifier, version.
//!
//! Specification: Maven's POM reference, "Maven Coordinates" and "Dependency Scope".

use crate::model::{Purl, Scope};

/// What names a file of a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Coordinates<'t> {
    pub(super) group: &'t str,
    pub(super) artifact: &'t str,
    /// The kind of file: `jar` or empty for the usual one.
    pub(super) kind: &'t str,
    /// Tells files of a release and kind apart; empty for the usual one.
    pub(super) classifier: &'t str,
    /// Empty where it is not said.
    pub(super) version: &'t str,
}

impl<'t> Coordinates<'t> {
    /// Reads `group:artifact:kind[:classifier]:version`, as Maven spells what it resolved.
    pub(super) fn resolved(text: &'t str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        if parts.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace)) {
            return None;
        }
        match parts[..] {
            [group, artifact, kind, version] => Some(Coordinates { group, artifact, kind, classifier: "", version }),
            [group, artifact, kind, classifier, version] => {
                Some(Coordinates { group, artifact, kind, classifier, version })
            }
            _ => None,
        }
    }

    /// Reads `group:artifact:version`.
    pub(super) fn plain(text: &'t str) -> Option<Self> {
        let mut parts = text.split(':').map(str::trim);
        let [group, artifact, version] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let is_whole = !group.is_empty() && !artifact.is_empty() && !version.is_empty() && parts.next().is_none();
        is_whole.then_some(Coordinates { group, artifact, version, ..Coordinates::default() })
    }

    /// Returns the same without its version: of these a build resolves one.
    pub(super) fn key(self) -> Self {
        let kind = if self.kind.is_empty() { "jar" } else { self.kind };
        Coordinates { version: "", kind, ..self }
    }

    /// Returns its purl. `jar` is what a purl without a type is.
    pub(super) fn purl(self) -> Purl {
        let kind = if matches!(self.kind, "jar" | "bundle") { "" } else { self.kind };
        let purl = Purl::new("maven", self.group, self.artifact, self.version);
        if kind.is_empty() && self.classifier.is_empty() {
            return purl;
        }
        purl.with_qualifiers(&[("type", kind), ("classifier", self.classifier)])
    }
}

/// Returns how Maven's scopes are meant. What is provided is expected to be there; what a path of this machine gives
/// (`system`) is needed to run.
pub(super) fn scope(name: &str) -> Option<Scope> {
    match name {
        "" | "compile" | "runtime" | "system" => Some(Scope::Runtime),
        "provided" => Some(Scope::Peer),
        "test" => Some(Scope::Dev),
        "import" => Some(Scope::Build),
        _ => None,
    }
}
