//! Upgrades: the version in the tree is past the pinned one.

use anyhow::Result;
use serde::{Deserialize, Deserializer};

use crate::compare::{Change, ChangeKind, Loosened, Pair, Tightened};
use crate::entry;
use crate::graph::Subject;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, container, phrase};
use crate::versions::Step;

entry! {
    /// A component resolves to a later version than the BOM pins.
    ///
    /// Versions that have no order (a commit, a tag of another make) count as later. A step back is `downgrade`. What is
    /// pinned, and asked for without a version now (`urllib3>=2`, a model at `main`, `pip install vllm` in a Dockerfile),
    /// counts as well: whatever is newest would ship. What the BOM has without a version, and has one now, is told too, and only warns.
    ///
    /// # Why
    /// The pinned version was reviewed; the one that would ship was not. A lock refresh moves far more than what was
    /// asked for, and what breaks a cluster at night is most often a minor step that nobody required.
    ///
    /// # Mend
    /// Review the new version, then accept it: `driftgate pin --only pkg:pypi/urllib3`. Or require the pinned version
    /// where the drift comes from (the paths show who requires it) and lock again. What lost its version gets it back.
    ///
    /// # Options
    /// Each is the largest step let through: `"none"`, `"local"` (the same release, built otherwise: `+cu121`),
    /// `"patch"`, `"minor"` or `"major"`. A step of unknown size is never let through.
    ///
    /// - `allow`: for every component; `"none"` by default.
    /// - `direct`: for what the project itself requires; as `allow` by default.
    /// - `transitive`: for all else; as `allow` by default.
    /// - `own`: for the project itself and the members of its workspace; `"major"` by default: a release is no drift.
    ///
    /// ```toml
    /// [rules]
    /// version-drift = { level = "deny", direct = "patch", transitive = "none" }
    /// ```
    pub VersionDrift = "version-drift"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Options {
    #[cfg_attr(test, schemars(schema_with = "steps"))]
    allow: Option<Largest>,
    #[cfg_attr(test, schemars(schema_with = "steps"))]
    direct: Option<Largest>,
    #[cfg_attr(test, schemars(schema_with = "steps"))]
    transitive: Option<Largest>,
    #[cfg_attr(test, schemars(schema_with = "steps"))]
    own: Option<Largest>,
}

impl Options {
    /// Returns the largest step that a change may make.
    fn largest(&self, change: &Change<'_>) -> Step {
        let resolved = change.either();
        if resolved.is_root() {
            return self.own.map_or(Step::Major, |largest| largest.0);
        }
        let own = if resolved.is_direct() { self.direct } else { self.transitive };
        own.or(self.allow).map_or(Step::None, |largest| largest.0)
    }
}

/// A step as the policy names it.
#[derive(Clone, Copy)]
struct Largest(Step);

impl<'de> Deserialize<'de> for Largest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let step = Step::NAMED.into_iter().find(|step| step.name() == name);
        step.map(Largest)
            .ok_or_else(|| serde::de::Error::unknown_variant(&name, &["none", "local", "patch", "minor", "major"]))
    }
}

#[cfg(test)]
fn steps(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "enum": Step::NAMED.map(Step::name) })
}

impl Rule for VersionDrift {
    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.is_pinned(subject)
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        for change in case.drift.changes_within().filter(|change| change.kind == ChangeKind::Upgraded) {
            let (Some(old), Some(new)) = (change.old, change.new) else { continue };
            if change.step <= options.largest(change) {
                continue;
            }
            let (name, is, was) =
                (phrase::name(new.component), phrase::version(new.component), phrase::version(old.component));
            let step = match change.step {
                Step::Unknown => "no known order".to_owned(),
                step => format!("{step} step"),
            };
            let accept = phrase::accept(new.component);
            let help = match phrase::is_written(new) {
                // What floats cannot be reviewed.
                true if new.component.version().is_empty() => {
                    format!(
                        "name {was} again, or the version that was reviewed; if it is meant, accept it with {accept}"
                    )
                }
                true => format!("review {is}, then accept it with {accept}; or go back to {was}"),
                false => format!("review {is}, then accept it with {accept}; or go back to {was} and lock again"),
            };
            findings
                .change(self, change, format!("{name} is {is}, the BOM pins {was} ({step}, {})", phrase::how(new)))
                .help(help);
        }
        for pair in &case.drift.subjects {
            self.loosened(pair, findings);
            self.loosened_installs(case, pair, findings);
            self.tightened(pair, findings);
        }
        Ok(())
    }
}

impl VersionDrift {
    /// Reports what is pinned and asked for without a version now, where it is asked for.
    fn loosened<'g>(&self, pair: &Pair<'g>, findings: &mut Findings<'g>) {
        for Loosened { old, declared, change } in pair.loosened() {
            let (full, was) = (phrase::full(old.component), phrase::version(old.component));
            let (path, accept) = (phrase::safe(pair.path()), phrase::accept(old.component));
            let asked = match declared.requirement.constraint {
                "" => "any version".to_owned(),
                constraint => phrase::safe(constraint).into_owned(),
            };
            let draft = match change {
                Some(change) => {
                    let message = format!("{full} is pinned, and {path} asks for {asked}: no version any more");
                    findings.change(self, &change, message)
                }
                None => {
                    let message = format!("{full} is pinned, and {path} asks for {asked} as well: that is no version");
                    let draft = findings.add(self, old, message);
                    (draft.from, draft.to) = (draft.to, "");
                    draft
                }
            };
            draft.place(declared.place).related(old.place(), "pinned here").help(format!(
                "name {was} again, or the version that was reviewed; if any will do, accept that with {accept}"
            ));
        }
    }

    /// Reports what is pinned and a build's commands install without a version now, where they do.
    fn loosened_installs<'g>(&self, case: &Case<'g>, pair: &Pair<'g>, findings: &mut Findings<'g>) {
        for container::Loosened { change, place, how } in container::loosened(case.builds(), pair) {
            let Some(old) = change.old else { continue };
            let full = phrase::full(old.component);
            // One that is built from a repository has a commit in the place of a version.
            let (full, was) = match old.component.version() {
                "" => {
                    let origin = phrase::origin(&old.component.origin);
                    (format!("{full} of {origin}"), "what was pinned".to_owned())
                }
                version => (full, phrase::safe(version).into_owned()),
            };
            let help = format!(
                "name {was} again, or lock it; if any will do, accept that with {}",
                phrase::accept(old.component)
            );
            findings
                .change(self, &change, format!("{full} is pinned, and the build installs it {how}"))
                .place(place)
                .related(old.place(), "pinned here")
                .help(help);
        }
    }

    /// Reports what the BOM has without a version, and has one now.
    fn tightened<'g>(&self, pair: &Pair<'g>, findings: &mut Findings<'g>) {
        for Tightened { change, declared } in pair.tightened() {
            let Some(new) = change.new else { continue };
            let (full, accept) = (phrase::full(new.component), phrase::accept(new.component));
            let asked = match declared.requirement.constraint {
                "" => String::new(),
                constraint => format!(": it asks for {}", phrase::safe(constraint)),
            };
            findings
                .change(self, &change, format!("{full} is pinned now, the BOM has it without a version{asked}"))
                .help(format!("review {}, then accept it with {accept}", phrase::version(new.component)))
                .level(Level::Warn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_name_steps() {
        let options: Options = toml::from_str("allow = 'patch'\ntransitive = 'local'").expect("options");
        assert_eq!(options.allow.map(|largest| largest.0), Some(Step::Patch));
        assert_eq!(options.transitive.map(|largest| largest.0), Some(Step::Local));
        for wrong in ["allow = 'unknown'", "allow = 'Patch'", "allow = 1", "alow = 'patch'"] {
            assert!(toml::from_str::<Options>(wrong).is_err(), "{wrong}");
        }
    }
}
