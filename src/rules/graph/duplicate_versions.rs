//! Names with several versions.

use anyhow::Result;
use hashbrown::HashMap;
use serde::Deserialize;

use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// One subject resolves several versions of one name.
    ///
    /// Allowed by default: an npm tree has hundreds of such names. One finding a name and subject, at the earliest
    /// version. Versions that are locked each for its own environment (a fork of `uv.lock`) never meet and do not count.
    ///
    /// # Why
    /// Two copies of a client, a runtime or a serializer cost space, and now and then do not understand each other. For
    /// some packages (a web framework, a CUDA wheel) one version is a must.
    ///
    /// # Mend
    /// The paths show who holds the old version; move that up, or bind both with an override of the package manager.
    ///
    /// # Options
    /// - `most`: how many versions a name may have; `1` by default.
    /// - `direct`: whether only names count that the project itself requires; `false` by default.
    ///
    /// ```toml
    /// [[override]]
    /// package = ["pkg:npm/react", "pkg:cargo/openssl-sys"]
    /// rules = { duplicate-versions = "deny" }
    /// ```
    pub DuplicateVersions = "duplicate-versions"
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    most: usize,
    direct: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { most: 1, direct: false }
    }
}

impl Rule for DuplicateVersions {
    fn level(&self) -> Level {
        Level::Allow
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        if case.is_off(self) {
            return Ok(());
        }
        for subject in case.resolved.subjects() {
            self.check_subject(subject, &options, findings);
        }
        Ok(())
    }
}

impl DuplicateVersions {
    fn check_subject<'g>(&self, subject: &'g Subject, options: &Options, findings: &mut Findings<'g>) {
        let mut counts: HashMap<Text, usize> = HashMap::with_capacity(subject.component_count());
        for resolved in subject.components() {
            *counts.entry(resolved.component.purl.key()).or_default() += 1;
        }
        counts.retain(|_, count| *count > options.most);
        if counts.is_empty() {
            return;
        }
        let mut groups: std::collections::BTreeMap<Text, Vec<Resolved<'g>>> = std::collections::BTreeMap::new();
        for resolved in subject.components().filter(|resolved| counts.contains_key(resolved.component.purl.key())) {
            groups.entry(resolved.component.purl.key()).or_default().push(resolved);
        }
        for group in groups.into_values() {
            // Images are not installed side by side: a manifest may well use two tags.
            let Some(&first) = group.first().filter(|first| !phrase::is_image(first.component)) else { continue };
            let mut versions: Vec<Text> = group.iter().map(|resolved| resolved.component.version()).collect();
            versions.dedup();
            if versions.len() <= options.most || !meet(&group) {
                continue;
            }
            if options.direct && !group.iter().any(Resolved::is_direct) {
                continue;
            }
            let name = phrase::name(first.component);
            let shown = phrase::list(versions.iter().map(|version| phrase::safe(version)));
            let message = format!("{name} has {} versions here: {shown}", versions.len());
            let draft = findings.add(self, first, message).help(
                "move up who requires the old one (see the paths), or bind all with an override of the package manager",
            );
            for other in group.iter().skip(1).take(3) {
                draft.related(other.place(), "and here");
            }
        }
    }
}

/// Says whether two of a name can be installed together.
fn meet(group: &[Resolved<'_>]) -> bool {
    let mut environments: Vec<Text> = group.iter().map(Resolved::environment).collect();
    environments.sort_unstable();
    let all = environments.len();
    environments.dedup();
    environments.len() < all || environments.first().is_none_or(|first| first.is_empty())
}
