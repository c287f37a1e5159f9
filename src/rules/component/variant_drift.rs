//! Other builds of a component.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::compare::{Change, What};
use crate::entry;
use crate::model::Component;
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

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for change in case.drift.changes_within().filter(|change| change.has(What::Variant)) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            let (mut is, mut was) = (facts(new.component, change), facts(old.component, change));
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
    if change.has(What::Source) || change.has(What::Version) {
        facts.retain(|name, _| !SOURCES.contains(&name.as_str()));
    }
    // Of another version, as in the comparison, only the purl counts.
    if !change.has(What::Version) {
        facts.extend(component.properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }
    if let Some((_, subpath)) = component.purl.as_str().rsplit_once('#') {
        facts.insert("subpath".to_owned(), subpath.to_owned());
    }
    facts
}

fn spelled(facts: &BTreeMap<String, String>) -> String {
    if facts.is_empty() {
        return "nothing".to_owned();
    }
    phrase::list(facts.iter().map(|(name, value)| format!("{}={}", phrase::safe(name), phrase::safe(value))))
}
