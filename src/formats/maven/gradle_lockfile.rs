//! `gradle.lockfile`, and those of the build script and the settings: what Gradle resolved for the configurations that are locked.
//!
//! Specification: Gradle's user manual, "Locking Versions". A line is `group:artifact:version=configurations`; `empty=` lists
//! those without dependencies. Before Gradle 7 a file a configuration, `gradle/dependency-locks/NAME.lockfile`.

use std::collections::BTreeMap;

use anyhow::Result;

use super::coordinates::Coordinates;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Digest, Inventory, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{self, Place, Source};

entry! {
    /// `gradle.lockfile`, `buildscript-gradle.lockfile` and `settings-gradle.lockfile`, the versions that Gradle resolved for locked configurations.
    ///
    /// The configurations are the environment of each requirement. One that is called after tests is for development, one
    /// that compiles or processes annotations is for the build, as are those of the build script and of the settings, and those
    /// that Gradle's plugins keep for themselves; others are to run. A file of a folder (`flatDir`) has no group. Two versions of one module, locked for different configurations, are two components. The files of single configurations
    /// that Gradle before 7 wrote (`gradle/dependency-locks/`) are read too. Digests come from the
    /// `gradle/verification-metadata.xml` beside or above, where there is one.
    ///
    /// Who requires whom the file does not say: everything counts as direct. Nor does it say which repository served a
    /// module, or a classifier.
    pub GradleLockfile = "gradle-lockfile"
}

/// What stands at the top of each.
const MARK: &str = "# This is a Gradle generated file for dependency locking.";

/// The words in the names of configurations that only tools of development have.
const DEV: &[&str] = &["test", "checkstyle", "pmd", "spotbugs", "jacoco", "ktlint", "detekt", "lint", "jmh"];

/// The words in the names of configurations that build.
const BUILD: &[&str] = &[
    "compile classpath",
    "annotation processor",
    "kapt",
    "ksp",
    "compile only",
    "compiler classpath",
    "compiler plugin",
    "build tools api classpath",
    "klib commonizer classpath",
    "errorprone",
];

/// What the names of configurations begin with that Android's plugin keeps for itself.
const INTERNAL: &str = "_internal-";

impl Format for GradleLockfile {
    fn files(&self) -> &'static [&'static str] {
        &["gradle.lockfile", "buildscript-gradle.lockfile", "settings-gradle.lockfile", "*.lockfile"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Environments]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        path.ends_with("gradle.lockfile") || self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        text.trim_start().starts_with(MARK)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "gradle-lockfile");
        inventory.says = Says { scopes: true, environments: true, ..Says::NOTHING };
        let name = source.path.rsplit('/').next().unwrap_or(source.path);
        let is_script = name.starts_with("buildscript-") || name.starts_with("settings-");
        let one = name.strip_suffix(".lockfile").filter(|name| !name.ends_with("gradle"));
        let mut is_locked = false;
        for line in source.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with('#') {
                is_locked |= line == MARK;
                continue;
            }
            let (coordinates, configurations) = match (line.split_once('='), one) {
                (Some(("empty", _)), _) => {
                    is_locked = true;
                    continue;
                }
                (Some((coordinates, configurations)), _) => (coordinates, configurations),
                (None, Some(one)) => (line, one),
                (None, None) => ("", ""),
            };
            // What stands in a folder of files has no group, and so is nothing of Maven's.
            if let Some((artifact, version)) = coordinates.strip_prefix(':').and_then(|rest| rest.split_once(':'))
                && !artifact.is_empty()
                && !version.is_empty()
                && !version.contains(':')
            {
                let component = Component::new(Purl::new("generic", "", artifact, version));
                add(&mut inventory, component, configurations, is_script, source.place(artifact));
                continue;
            }
            let Some(coordinates) = Coordinates::plain(coordinates) else {
                inventory.fault(source.place(line), "`group:artifact:version=configurations` is expected; lock again");
                continue;
            };
            let place = source.place(coordinates.artifact);
            add(&mut inventory, Component::new(coordinates.purl()), configurations, is_script, place);
        }
        if inventory.nodes.len() == 1 && inventory.faults.is_empty() && !is_locked {
            return Err(
                source.fault(source.start(), "no module in it, not even `empty=`; is it a lockfile of Gradle's?")
            );
        }
        Ok(inventory)
    }

    fn looks_at(&self, inventory: &Inventory) -> Vec<String> {
        verifications(inventory.subject)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let verified = verifications(inventory.subject);
        let Some(verified) = verified.iter().find_map(|path| near.get(path)) else { return };
        let components = verified.nodes.iter().filter_map(|node| node.component);
        let digests: BTreeMap<Text, &[Digest]> =
            components.map(|component| (component.purl.as_str(), component.digests.as_slice())).collect();
        for node in &mut inventory.nodes {
            let Some(component) = node.component else { continue };
            if let Some(digests) = digests.get(component.purl.as_str()) {
                node.component = Some(Component { digests: digests.to_vec(), ..component.clone() }.intern());
            }
        }
        inventory.says.integrity = true;
    }
}

/// Returns where the digests may stand: in the lockfile's folder, or in one above it.
fn verifications(lockfile: &str) -> Vec<String> {
    let folders = std::iter::successors(Some(source::folder(lockfile)), |folder| {
        (!folder.is_empty()).then(|| source::folder(folder))
    });
    folders.filter_map(|folder| source::join(folder, "gradle/verification-metadata.xml")).collect()
}

/// Adds what a line says.
fn add(inventory: &mut Inventory, component: Component, configurations: &str, is_script: bool, place: Place) {
    let of_line = || configurations.split(',').map(scope).min().unwrap_or_default();
    let scope = if is_script { Scope::Build } else { of_line() };
    let node = inventory.add(component, place);
    let requirement = Requirement { scope, environment: intern::text(configurations), ..Requirement::default() };
    inventory.edge(SUBJECT, node, requirement, place);
}

/// Returns what a configuration is for, by the words of its name: `integrationTestRuntimeClasspath`.
fn scope(configuration: &str) -> Scope {
    // Each word begins with a capital, so that `latest` is no `test`.
    let mut name = String::with_capacity(configuration.len() + 8);
    for sign in configuration.chars() {
        if sign.is_ascii_uppercase() || name.is_empty() {
            name.push(' ');
        }
        name.push(sign.to_ascii_lowercase());
    }
    name.push(' ');
    let has = |words: &[&str]| {
        words.iter().any(|word| name.contains(&format!(" {word} ")) || name.contains(&format!(" {word}s ")))
    };
    match () {
        () if has(DEV) => Scope::Dev,
        () if has(BUILD) || configuration.starts_with(INTERNAL) => Scope::Build,
        () => Scope::Runtime,
    }
}
