//! Packages that a build installs at whatever version there is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use super::{Allowed, Package};
use crate::compare::{Change, Pair, What};
use crate::entry;
use crate::formats::pypi;
use crate::graph::{Resolved, Subject};
use crate::images;
use crate::intern::Text;
use crate::model::{PartKind, Scope};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};
use crate::source::Place;
use crate::stacks::{Image, Installed};

entry! {
    /// A command of an image's build installs a package at no fixed version, or fetches what is called `latest`.
    ///
    /// Silent for stages that are not in what runs, for paths and files of requirements, for commands that hold to a file
    /// of constraints, to hashes or to a folder of wheels, and where only the build knows the name or the version: a
    /// variable that nothing in the file sets.
    ///
    /// # Why
    /// Each build installs what is newest on that day. The image that was tested and the one that is built tonight come
    /// of the same commit, and differ: in torch, in its CUDA, in whatever the package brings along.
    ///
    /// # Mend
    /// Put the package into the project's lockfile and install that; or name the version in the command:
    /// `pip install torch==2.5.1`, `npm install -g pnpm@9.12.3`, `cargo install just --version 1.36.0 --locked`.
    ///
    /// # Options
    /// `system`: true for the packages of Linux distributions too (apt, apk, dnf, zypper). Their repositories drop old
    /// versions, so pins break builds; a snapshot of the repository, or the base image's digest, holds them better.
    ///
    /// `installers`: true for pip, setuptools, wheel, uv, poetry, npm and the like too, which a build brings up to date
    /// before it uses them.
    ///
    /// `builders`: true for stages that are not in what runs.
    ///
    /// `allow`: packages that may float, names or patterns.
    ///
    /// ```toml
    /// [rules]
    /// install-unpinned = { level = "deny", system = true, allow = ["pkg:npm/@team/*"] }
    /// ```
    pub InstallUnpinned = "install-unpinned"
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    system: bool,
    installers: bool,
    builders: bool,
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    allow: Vec<Allowed>,
}

impl Options {
    /// Says whether a package is one that is looked at.
    fn ask(&self, package: &Package, installed: &Installed<'_>) -> bool {
        (self.system || !package.is_system())
            && (self.installers || !package.is_installer())
            && (self.builders || package.is_shipped(installed))
            && !self.allow.iter().any(|Allowed(pattern)| pattern.matches(&package.purl))
    }
}

impl Rule for InstallUnpinned {
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
        let mut known = None;
        for image in case.builds() {
            for installed in image.installs() {
                let Some(package) = Package::of(installed.fact) else { continue };
                if !options.ask(&package, &installed) || is_held(package.manager, image, &installed) {
                    continue;
                }
                let (value, detail) = (installed.fact.value, installed.fact.detail);
                let Some(loose) = loose(package.manager, value, detail) else { continue };
                if !seen.insert(installed.fact.place) {
                    continue;
                }
                let name = phrase::safe(&package.name).into_owned();
                let known = known.get_or_insert_with(|| versions(case)).get(package.purl.key());
                // A version that the command itself rules out is no advice.
                let fits = |(version, _): &&(Text, Text)| {
                    package.purl.ty() != "pypi" || pypi::allows(value, version) != Some(false)
                };
                let known = known.into_iter().flatten().find(fits);
                let pinned = case.pinned_at(image.subject.path).and_then(|pinned| {
                    let all = pinned.by_key().remove(package.purl.key())?;
                    all.first().map(|node| node.component.version())
                });
                let pinned = phrase::safe(pinned.unwrap_or_default());
                let help = match known {
                    _ if detail.starts_with("git+") && value.is_empty() => {
                        format!("name a commit or a release of {name}'s repository, or lock it")
                    }
                    Some((version, path)) => {
                        format!("write {}, as {path} has it; or install that lockfile", package.at(version))
                    }
                    None if !pinned.is_empty() => {
                        format!("write {}, as the BOM has it; or lock it", package.at(&pinned))
                    }
                    None => format!("name the version ({}), or lock it", package.at("VERSION")),
                };
                findings
                    .at(self, image.subject.path, installed.fact.place, format!("the build installs {name} {loose}"))
                    .name(package.purl.key())
                    .help(phrase::safe(&help));
            }
            let fetches = image.commands().filter(|command| matches!(command.name, "curl" | "wget"));
            for command in fetches {
                let Some(address) = latest(command.value).filter(|_| seen.insert(command.place)) else { continue };
                let address = phrase::address(address);
                let message = format!("the build fetches {address}: whatever is newest on that day");
                findings
                    .at(self, image.subject.path, command.place, message)
                    .name(&address)
                    .help("fetch a version by its number, and check its digest: `sha256sum -c`");
            }
        }
        Ok(())
    }
}

/// Returns what the tree locks, by purls without versions: the versions, each with the path of its lockfile; what images
/// have comes last.
fn versions(case: &Case<'_>) -> BTreeMap<Text, Vec<(Text, Text)>> {
    // What another image's build installs is no lockfile's.
    let is_built = |subject: &Subject| subject.parts.iter().any(|part| part.kind == PartKind::Stage);
    let is_known =
        |node: &Resolved<'_>| !node.is_root() && !node.component.version().is_empty() && !is_built(node.subject);
    let mut known: BTreeMap<Text, Vec<(Text, Text)>> = BTreeMap::new();
    for node in case.resolved.components().filter(is_known) {
        known.entry(node.component.purl.key()).or_default().push((node.component.version(), node.subject.path));
    }
    known.values_mut().for_each(|versions| versions.sort_by_key(|(_, path)| images::image_of(path).is_some()));
    known
}

/// What a build installed at the exact version that is pinned, and installs at no fixed one now.
pub struct Loosened<'g> {
    /// The change by which it went, or by which a stage alone has it that is not in what runs.
    pub change: Change<'g>,
    /// Where the build installs it now.
    pub place: Place,
    /// At which version, in words: `at no fixed version`.
    pub how: String,
}

/// Returns what builds installed at the exact version that is pinned, and install at no fixed one now. Packages of Linux
/// distributions are none: their repositories drop old versions.
pub fn loosened<'g>(builds: &[Image<'g>], pair: &Pair<'g>) -> Vec<Loosened<'g>> {
    let (Some(_), Some(new)) = (pair.old, pair.new) else { return Vec::new() };
    let images: Vec<&Image<'g>> = builds.iter().filter(|image| image.subject.path == new.path).collect();
    if images.is_empty() {
        return Vec::new();
    }
    let has = new.by_key();
    let installs: Vec<(&Image<'g>, Vec<(Package, Installed<'g>)>)> = images
        .into_iter()
        .map(|image| {
            let named = |installed: Installed<'g>| Some((Package::of(installed.fact)?, installed));
            (image, image.installs().into_iter().filter_map(named).collect())
        })
        .collect();
    let loosened = pair.changes.iter().filter_map(|change| {
        let (old, key) = (change.old?, change.either().component.purl.key());
        let ships = old.scope() != Some(Scope::Build);
        let is_gone = match change.new {
            None => !has.contains_key(key),
            Some(new) => ships && change.has(What::Scope) && new.scope() == Some(Scope::Build),
        };
        let find = |(image, installs): &(&Image<'g>, Vec<(Package, Installed<'g>)>)| {
            let here = installs.iter().filter(|(package, _)| package.purl.key() == key);
            let found = here.filter(|(package, installed)| package.is_shipped(installed) == ships).find_map(
                |(package, installed)| {
                    let (value, detail) = (installed.fact.value, installed.fact.detail);
                    let how = match value.contains(['$', '`']) {
                        true => "at a version that the file does not say".to_owned(),
                        false => loose(package.manager, value, detail)?,
                    };
                    let is_held = package.is_system() || is_held(package.manager, image, installed);
                    (!is_held).then_some((installed.fact.place, how))
                },
            )?;
            // What a lockfile brings in is held by that.
            let is_locked = image.locks.iter().any(|lock| lock.components().any(|it| it.component.purl.key() == key));
            (!is_locked).then_some(found)
        };
        let (place, how) = installs.iter().filter(|_| is_gone).find_map(find)?;
        Some(Loosened { change: change.clone(), place, how })
    });
    loosened.collect()
}

/// The variables that hold pip and uv to a file of constraints, to hashes or to a day.
const HOLDING: &[&str] =
    &["PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "UV_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_REQUIRE_HASHES"];

/// Says whether a command's options, or variables where it runs, hold its packages to versions that stand elsewhere.
fn is_held(manager: &str, image: &Image<'_>, installed: &Installed<'_>) -> bool {
    // To conda, `-c` is a channel.
    if !matches!(manager, "pip" | "pipx") {
        return false;
    }
    let command = installed.command.value;
    let holds = |word: &str| {
        let name = word.split('=').next().unwrap_or(word);
        let options = ["-c", "--constraint", "--constraints", "--require-hashes", "--no-index", "--exclude-newer"];
        options.contains(&name) || (name.starts_with("-c") && !name.starts_with("--"))
    };
    let is_set = |value: &str| !value.trim_matches(['"', '\'']).is_empty();
    // What the command sets, or takes away, is said last.
    let by_command = |name: &str| {
        let mut before = "";
        let mut said = None;
        for word in command.split_whitespace() {
            match word.split_once('=') {
                Some((set, value)) if set == name => said = Some(is_set(value)),
                Some(("--unset", unset)) if unset == name => said = Some(false),
                None if word == name && matches!(before, "-u" | "--unset" | "unset") => said = Some(false),
                _ => {}
            }
            before = word;
        }
        said
    };
    let by_stage = |name: &str| {
        let set = image.settings(installed).filter(|fact| fact.name == name).max_by_key(|fact| fact.place);
        set.is_some_and(|fact| is_set(fact.value))
    };
    command.split_whitespace().any(holds)
        || HOLDING.iter().any(|name| by_command(name).unwrap_or_else(|| by_stage(name)))
}

/// Says in which way what is installed is not fixed; none where it is, or where that is not known.
fn loose(manager: &str, value: &str, detail: &str) -> Option<String> {
    // What the variable holds, only the build knows.
    if value.contains(['$', '`']) {
        return None;
    }
    if let Some(repository) = detail.strip_prefix("git+").filter(|_| value.is_empty()) {
        let is_fixed = revision(repository).is_some_and(|revision| revision.contains('$') || is_fixed(revision));
        return (!is_fixed).then(|| format!("from {}, at no commit or tag", phrase::address(detail)));
    }
    let exact = value.trim_start_matches('=');
    let is_number = exact.starts_with(|first: char| first.is_ascii_digit()) && !exact.contains(['*', '|', ',']);
    let has_three = exact.split('.').take(3).filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count() == 3;
    let is_fixed = match manager {
        "pip" | "pipx" => value.starts_with("==") && !value.contains('*'),
        // `=2.4` holds the numbers that it names, which is what people pin; behind a further sign stands the build.
        "conda" => {
            let version = exact.split('=').next().unwrap_or(exact);
            value.starts_with('=') && !version.contains(['*', '|', ',']) || value.contains('[')
        }
        "npm" | "cargo" => is_number && has_three && !exact.contains([' ', 'x']),
        "go" => is_fixed(value),
        "gem" => is_number,
        "apk" => value.starts_with(['=', '~']),
        // Where in `gcc-12.1.0` the version begins is not known; that there is one is.
        _ => value.starts_with('='),
    };
    match value {
        _ if is_fixed => None,
        "" => Some("at no fixed version".to_owned()),
        value => Some(format!("at \"{}\", which is no fixed version", phrase::safe(value.trim()))),
    }
}

/// Returns the revision that an address of a repository names behind its path.
fn revision(address: &str) -> Option<&str> {
    let address = address.split('#').next().unwrap_or(address);
    let (_, last) = address.rsplit_once('/')?;
    last.split_once('@').map(|(_, revision)| revision)
}

/// Says whether a revision is a commit or a release: `main` is neither.
fn is_fixed(revision: &str) -> bool {
    let is_commit = revision.len() >= 7 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_number = revision.contains(|sign: char| sign.is_ascii_digit()) && revision.contains(['.', '-', '_']);
    let is_release = revision.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_commit || has_number || is_release
}

/// Returns the address of whatever is newest, where a command fetches one.
fn latest(command: &str) -> Option<&str> {
    let words = command.split(|sign: char| sign.is_whitespace() || matches!(sign, '"' | '\'' | '=' | '(' | ')'));
    let mut addresses = words.filter(|word| word.starts_with("https://") || word.starts_with("http://"));
    addresses.find(|address| {
        let mut parts = address.split(['?', '#']).next().unwrap_or(address).split('/').skip(3);
        parts.any(|part| part == "latest")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_ranges() {
        for (manager, value, detail, expected) in [
            ("pip", "==2.5.1", "", true),
            ("pip", "===2.5.1", "", true),
            ("pip", "==2.*", "", false),
            ("pip", ">=2", "", false),
            ("pip", "", "", false),
            ("pip", "==$V", "", true),
            ("pip", "", "https://mirror.example/whl/cu121", false),
            ("pip", "", "git+https://git.example/a/b.git", false),
            ("pip", "", "git+https://git.example/a/b.git@main", false),
            ("pip", "", "git+https://git.example/a/b.git@v1.2", true),
            ("pip", "", "git+ssh://git@git.example/a/b@0123abc", true),
            ("pip", "", "git+https://git.example/a/b@$REF", true),
            ("conda", "=2.4", "", true),
            ("conda", "=2.*", "", false),
            ("conda", ">=2", "", false),
            ("conda", "=2.4=py3", "", true),
            ("conda", "=2.5.1=cuda126*", "", true),
            ("npm", "1.2.3", "", true),
            ("npm", "9", "", false),
            ("npm", "^1.2.3", "", false),
            ("npm", "latest", "", false),
            ("cargo", "=1.2.3", "", true),
            ("cargo", "0.8", "", false),
            ("cargo", "", "git+https://git.example/a/b@v1", true),
            ("go", "v1.2.3", "", true),
            ("go", "latest", "", false),
            ("gem", "2.5", "", true),
            ("gem", "~> 2.5", "", false),
            ("apt", "=1.2-3", "", true),
            ("apk", "~3.12", "", true),
            ("apt", "", "stable", false),
        ] {
            assert_eq!(loose(manager, value, detail).is_none(), expected, "{manager} {value} {detail}");
        }
    }

    #[test]
    fn addresses_say_that_they_are_the_newest() {
        for (command, expected) in [
            ("curl -L https://git.example/a/releases/latest/download/a.tgz | tar xz", true),
            ("curl -o /latest/x https://git.example/a/1.2/a.tgz", false),
            ("wget \"https://files.example/latest/a\"", true),
            ("wget https://latest/a", false),
            ("curl https://git.example/a?from=latest/x", false),
        ] {
            assert_eq!(latest(command).is_some(), expected, "{command}");
        }
    }
}
