//! Packages that a build installs beside the lockfile that it installs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::{Allowed, Package};
use crate::entry;
use crate::formats::pypi;
use crate::graph::{Resolved, Subject};
use crate::intern::Text;
use crate::model::{Fact, FactKind, Origin};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};
use crate::source::Place;
use crate::stacks::Image;

entry! {
    /// A command of an image's build installs a package beside the lockfile that the same image installs.
    ///
    /// It counts what comes after the lockfile: `RUN pip install debugpy` after `uv sync`. A package that the lockfile has is
    /// told where the command asks for another version, or for another index; where the locked version is what it asks for,
    /// nothing changes. Of a lockfile that is forked by platform, what it locks for Linux counts. Silent for stages that are not in what runs, for programs with an environment of their own (pipx,
    /// `npm install -g`), for what comes before the lockfile, and where only the build knows the name.
    ///
    /// # Why
    /// The lockfile was reviewed, and this is installed over it. `pip install` takes whatever versions it likes of what the
    /// package requires: a small tool replaces the locked torch by one for another CUDA, and no lockfile and no BOM shows it.
    ///
    /// # Mend
    /// Add the package to the project and lock again (`uv add`, `poetry add`, `npm install`), then take the command out.
    ///
    /// # Options
    /// `allow`: packages that may be installed beside the lockfile, names or patterns.
    ///
    /// ```toml
    /// [rules]
    /// install-not-locked = { level = "deny", allow = ["debugpy"] }
    /// ```
    pub InstallNotLocked = "install-not-locked"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    allow: Vec<Allowed>,
}

/// An ecosystem of lockfiles: the purl type of what they lock, who installs such packages, and who installs the lockfiles.
struct Family {
    ty: &'static str,
    manager: &'static str,
    tools: &'static [&'static str],
}

const FAMILIES: &[Family] = &[
    Family {
        ty: "pypi",
        manager: "pip",
        tools: &["uv", "poetry", "pdm", "pipenv", "pip", "pip-sync", "pixi", "conda-lock"],
    },
    Family { ty: "npm", manager: "npm", tools: &["npm", "pnpm", "yarn", "bun"] },
    Family { ty: "conda", manager: "conda", tools: &["conda", "mamba", "micromamba", "conda-lock", "pixi"] },
];

impl Rule for InstallNotLocked {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        case.builds().iter().any(|image| image.subject.path == subject.path)
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
        let mut seen = BTreeSet::new();
        for image in case.builds() {
            for family in FAMILIES {
                let locks: Vec<&Subject> = image.locks.iter().copied().filter(|lock| holds(lock, family.ty)).collect();
                let Some(locked_at) = locked_at(image, family, &locks) else { continue };
                let locked: Vec<Locked<'g>> = locks.iter().map(|lock| lock.by_key()).collect();
                for installed in image.installs().into_iter().filter(|installed| installed.ships) {
                    let (fact, command) = (installed.fact, installed.command);
                    let Some(package) = Package::of(fact).filter(|package| package.manager == family.manager) else {
                        continue;
                    };
                    let is_allowed = options.allow.iter().any(|Allowed(pattern)| pattern.matches(&package.purl));
                    if fact.place < locked_at || package.is_installer() || is_allowed || is_apart(command) {
                        continue;
                    }
                    let Some(told) = told(fact, command, &package, (&locks, &locked)) else { continue };
                    if !seen.insert(fact.place) {
                        continue;
                    }
                    let lock = locks.first().map_or("", |lock| lock.path);
                    let draft = findings.at(self, image.subject.path, fact.place, told.message);
                    draft.name(package.purl.key());
                    match told.node {
                        Some(node) => {
                            let (full, path) = (phrase::full(node.component), node.subject.path);
                            draft.related(node.place(), "locked here").help(format!(
                                "take it out, for {path} installs {full}; if another version is meant, lock that one"
                            ));
                        }
                        None => {
                            let name = phrase::safe(&package.name);
                            draft.help(format!(
                                "add {name} to the project, lock {lock} again, and take the command out"
                            ));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn holds(lock: &Subject, ty: &str) -> bool {
    lock.components().any(|node| node.component.purl.ty() == ty)
}

/// Returns where an image's build installs its lockfiles of a family; of several places the last, for what is installed
/// before that is put right there.
fn locked_at(image: &Image<'_>, family: &Family, locks: &[&Subject]) -> Option<Place> {
    let installs = image.installs();
    let is_lock = |fact: &Fact| {
        let name = fact.name.rsplit('/').next().unwrap_or(fact.name);
        family.tools.contains(&fact.value) && locks.iter().any(|lock| lock.path.rsplit('/').next() == Some(name))
    };
    let files = installs.iter().filter(|installed| installed.ships && installed.fact.kind == FactKind::InstallFile);
    files.filter(|installed| is_lock(installed.fact)).map(|installed| installed.fact.place).max()
}

/// Says whether a command installs into an environment of its own.
fn is_apart(command: &Fact) -> bool {
    command.value.split_whitespace().any(|word| {
        matches!(
            word,
            "-g" | "--global" | "global" | "--target" | "-t" | "--prefix" | "--root" | "create" | "-n" | "--name"
        ) || word.starts_with("--target=")
            || word.starts_with("--prefix=")
    })
}

/// What a lockfile has, by purls without versions.
type Locked<'g> = BTreeMap<Text, Vec<Resolved<'g>>>;

/// What there is to say of a package.
struct Told<'g> {
    message: String,
    /// What the lockfile has of it.
    node: Option<Resolved<'g>>,
}

/// Returns what is wrong with an install after the lockfiles; none where it changes nothing.
fn told<'g>(
    fact: &Fact,
    command: &Fact,
    package: &Package,
    (locks, locked): (&[&'g Subject], &[Locked<'g>]),
) -> Option<Told<'g>> {
    let name = phrase::safe(&package.name);
    let of_locks = locked.iter().find_map(|lock| lock.get(package.purl.key()));
    let nodes = of_locks.map(|nodes| on_linux(nodes)).unwrap_or_default();
    let Some(node) = nodes.first().copied() else {
        let paths = phrase::list(locks.iter().map(|lock| lock.path));
        let verb = if locks.len() == 1 { "does" } else { "do" };
        return Some(Told { message: format!("the build installs {name}, which {paths} {verb} not have"), node: None });
    };
    let (version, path) = (phrase::version(node.component), node.subject.path);
    let has = format!("after {path}, which has {version}");
    let is_same = |version: &str| match package.manager {
        "pip" => pypi::allows(fact.value, version),
        "conda" => Some(fact.value.trim_start_matches('=').split('=').next().is_some_and(|asked| {
            asked.is_empty()
                || version == asked
                || version.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'))
        }))
        .filter(|_| !fact.value.contains(['<', '>', '*', '|', '!', '~'])),
        _ => (fact.value.starts_with(|first: char| first.is_ascii_digit()) && fact.value.matches('.').count() >= 2)
            .then(|| fact.value == version),
    };
    if fact.value.contains('$') {
        return None;
    }
    // Of several versions that are locked, any may be the one that is installed.
    let is_other = |node: &Resolved<'_>| is_same(node.component.version()) == Some(false);
    if !fact.value.is_empty() && nodes.iter().all(is_other) {
        let asked = phrase::safe(fact.value).into_owned();
        return Some(Told { message: format!("the build installs {name} {asked} {has}"), node: Some(node) });
    }
    // A lockfile for several platforms may have one version from several indexes.
    let fitting = nodes.iter().copied().filter(|node| !is_other(node));
    let of_index: Vec<Option<String>> = fitting.clone().map(|node| other_index(fact, node)).collect();
    if let Some(Some(index)) = of_index.first().filter(|_| of_index.iter().all(Option::is_some)) {
        let node = fitting.clone().next().unwrap_or(node);
        let version = phrase::version(node.component);
        let has = format!("after {path}, which has {version}");
        let from = phrase::origin(&node.component.origin);
        let message = format!("the build installs {name} from {index} {has} from {from}");
        return Some(Told { message, node: Some(node) });
    }
    let is_forced = command.value.split_whitespace().any(|word| {
        matches!(word, "-U" | "--upgrade" | "--force-reinstall" | "--reinstall" | "--pre" | "-I" | "--ignore-installed")
    });
    // An exact version that is forced anew is the same one.
    let is_exact = fact.value.starts_with("==");
    (is_forced && !is_exact && package.manager == "pip")
        .then(|| Told { message: format!("the build brings {name} up to date {has}"), node: Some(node) })
}

/// Returns the nodes that an image may install, those for its most likely processor first; all where none is for Linux.
fn on_linux<'g>(nodes: &[Resolved<'g>]) -> Vec<Resolved<'g>> {
    let can_hold = |node: &&Resolved<'_>| pypi::can_hold_on_any_linux(node.environment());
    let mut fitting: Vec<Resolved<'g>> = nodes.iter().filter(can_hold).copied().collect();
    if fitting.is_empty() {
        return nodes.to_vec();
    }
    fitting.sort_by_key(|node| !pypi::can_hold_on_linux(node.environment()));
    fitting
}

/// Returns the index that a command takes a package from, where the lockfile has it from another.
fn other_index(fact: &Fact, node: Resolved<'_>) -> Option<String> {
    let Origin::Registry(locked) = node.component.origin else { return None };
    let indexes: Vec<&str> = fact.detail.split(',').filter(|index| index.contains("://")).collect();
    let plain = |address: &str| address.trim_end_matches('/').trim_end_matches("/simple").to_owned();
    let is_locked = indexes.iter().any(|index| plain(index) == plain(locked));
    (!is_locked && locked.contains("://")).then(|| indexes.first().map(|index| phrase::address(index))).flatten()
}
