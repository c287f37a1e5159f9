//! What tells two builds of a component apart.

use std::collections::BTreeMap;

use super::{Change, What};
use crate::intern::Text;
use crate::model::{Component, PROVENANCE};

/// What of one side is not the same on the other, by name: qualifiers, properties, the path inside.
pub type Facts = BTreeMap<String, String>;

/// Qualifiers that say where a component comes from, which a change of the source says.
const SOURCES: &[&str] = &["repository_url", "download_url", "vcs_url", "file_name", "checksum"];

impl Change<'_> {
    /// Returns by what the old and the new side are other builds; none where nothing that is worth saying is left.
    pub fn variants(&self) -> Option<[Facts; 2]> {
        let (old, new) = (self.old?, self.new?);
        if !self.has(What::Variant) {
            return None;
        }
        let (mut was, mut is) = (facts(old.component, self), facts(new.component, self));
        // What a BOM of another tool does not say is no drift.
        if old.says().whole != new.says().whole {
            is.retain(|name, _| was.contains_key(name));
            was.retain(|name, _| is.contains_key(name));
        }
        is.retain(|name, value| was.get(name) != Some(value) || was.remove(name).is_none());
        (!was.is_empty() || !is.is_empty()).then_some([was, is])
    }
}

/// Returns what tells builds apart, by name.
fn facts(component: &Component, change: &Change<'_>) -> Facts {
    let mut facts: Facts = component.purl.qualifiers().into_iter().collect();
    facts.retain(|name, _| !PROVENANCE.contains(&name.as_str()));
    if change.has(What::Source) || change.has(What::Version) {
        facts.retain(|name, _| !SOURCES.contains(&name.as_str()));
    }
    // Of another version, as in the comparison, only the purl counts; its archive and its build are others anyway.
    if change.has(What::Version) {
        facts.retain(|name, _| component.purl.ty() != "conda" || name != "type");
        if let Some(build) = facts.remove("build") {
            facts.extend(Some(flavour(&build)).filter(|it| !it.is_empty()).map(|it| ("build".to_owned(), it)));
        }
    } else {
        let is_said = |name: &Text| ![Component::INSTALLER, Component::FILES].contains(name);
        let properties = component.properties.iter().filter(|(name, _)| is_said(name));
        facts.extend(properties.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }
    // That other content is larger, or has another mark in its store, its digest says.
    if change.has(What::Integrity) {
        facts.retain(|name, _| !Component::CONTENT.contains(&name.as_str()));
    }
    if let Some((_, subpath)) = component.purl.as_str().rsplit_once('#') {
        facts.insert("subpath".to_owned(), subpath.to_owned());
    }
    facts
}

/// Returns what a build string says beyond hash, number and Python: `cuda129_mkl` of `cuda129_mkl_py313_h7947483_302`.
fn flavour(build: &str) -> String {
    let of_python = |word: &str| word.find("py").filter(|at| word[at + 2..].starts_with(|c: char| c.is_ascii_digit()));
    let is_hash = |word: &str| {
        word.len() > 6 && word.strip_prefix('h').is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let is_abi =
        |word: &str| word.strip_prefix("cp").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_mark = |word: &str| {
        is_hash(word)
            || is_abi(word)
            || word.bytes().all(|byte| byte.is_ascii_digit())
            || word.starts_with("pyh")
            || word == "py"
    };
    let words = build.split('_').map(|word| of_python(word).map_or(word, |at| &word[..at]));
    words.filter(|word| !word.is_empty() && !is_mark(word)).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::flavour;

    #[test]
    fn builds_have_flavours() {
        for (build, expected) in [
            ("cuda129_mkl_py313_h7947483_302", "cuda129_mkl"),
            ("cuda118py311h3b8d1c1_300", "cuda118"),
            ("py3.11_cuda12.1_cudnn8.9.2_0", "cuda12.1_cudnn8.9.2"),
            ("cpu_generic_py313_h1ee2325_2", "cpu_generic"),
            ("py313h3dea7bd_0", ""),
            ("pyhd8ed1ab_0", ""),
            ("h26f9b46_0", ""),
            ("1_h5875eb1_mkl", "mkl"),
            ("hc97d973_101_cp313", ""),
            ("0", ""),
        ] {
            assert_eq!(flavour(build), expected, "{build}");
        }
    }
}
