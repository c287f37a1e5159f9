//! Other builds of a component.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::compare::{Change, What};
use crate::entry;
use crate::graph::Subject;
use crate::intern::Text;
use crate::model::{Component, PROVENANCE};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component is another build or variant than the BOM pins: another architecture, build string or property.
    ///
    /// # Why
    /// Name and version are the same, and what runs is not: a build for another architecture, against another runtime or
    /// with other options.
    ///
    /// # Mend
    /// Look at what chooses the build (`--platform`, a channel, a target). If the change is meant:
    /// `driftgate pin --only pkg:docker/python`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// variant-drift = "warn"
    /// ```
    pub VariantDrift = "variant-drift"
}

impl Rule for VariantDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within().filter(|change| change.has(What::Variant)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let (mut is, mut was) = (facts(new.component, change), facts(old.component, change));
            // What a BOM of another tool does not say is no drift.
            if old.says().whole != new.says().whole {
                is.retain(|name, _| was.contains_key(name));
                was.retain(|name, _| is.contains_key(name));
            }
            is.retain(|name, value| was.get(name) != Some(value) || was.remove(name).is_none());
            if is.is_empty() && was.is_empty() {
                continue;
            }
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let message =
                format!("{full} is another variant than the BOM pins: {} instead of {}", spelled(&is), spelled(&was));
            findings
                .change(self, change, message)
                .help(format!("look at what chooses the build; if it is meant, accept it with {accept}"));
        }
        Ok(())
    }
}

/// Qualifiers that say where a component comes from, which is for `source-drift` to say.
const SOURCES: &[&str] = &["repository_url", "download_url", "vcs_url", "file_name", "checksum"];

/// Returns what tells builds apart, by name.
fn facts(component: &Component, change: &Change<'_>) -> BTreeMap<String, String> {
    let mut facts: BTreeMap<String, String> = component.purl.qualifiers().into_iter().collect();
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
    // That other content is larger, or has another mark in its store, `integrity-drift` says with its digest.
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

fn spelled(facts: &BTreeMap<String, String>) -> String {
    if facts.is_empty() {
        return "nothing".to_owned();
    }
    phrase::list(facts.iter().map(|(name, value)| format!("{}={}", phrase::safe(name), phrase::safe(value))))
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
