//! What the package managers of Linux distributions install: apt, apk, dnf and zypper by name, dpkg and rpm from files.

use super::installs::{Found, is_no_package, is_unknown};
use super::line::Word;
use super::options::Options;
use crate::model::{FactKind, without_credentials};

/// A package manager: the type that its facts have, the verbs that install, and the options that take a value.
struct Manager {
    names: &'static [&'static str],
    ty: &'static str,
    verbs: &'static [&'static str],
    valued: &'static [&'static str],
}

const MANAGERS: &[Manager] = &[
    Manager {
        names: &["apt", "apt-get", "aptitude", "nala"],
        ty: "apt",
        verbs: &["install"],
        valued: &["-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file"],
    },
    Manager {
        names: &["apk"],
        ty: "apk",
        verbs: &["add"],
        valued: &[
            "-t",
            "--virtual",
            "-X",
            "--repository",
            "-p",
            "--root",
            "--arch",
            "--keys-dir",
            "--repositories-file",
            "--cache-dir",
            "--wait",
        ],
    },
    Manager {
        names: &["dnf", "dnf5", "yum", "microdnf", "tdnf"],
        ty: "rpm",
        verbs: &["install", "localinstall"],
        valued: &[
            "-c",
            "--config",
            "--setopt",
            "--enablerepo",
            "--disablerepo",
            "--repo",
            "--repoid",
            "--releasever",
            "--installroot",
            "--exclude",
            "-x",
        ],
    },
    Manager {
        names: &["zypper"],
        ty: "rpm",
        verbs: &["install", "in"],
        valued: &["-r", "--repo", "--from", "-t", "--type", "-R", "--root", "-D", "--reposd-dir"],
    },
];

/// Returns what a command of a distribution's tools installs; none where the tool is another.
pub(super) fn of(tool: &str, words: &[Word]) -> Option<Vec<Found>> {
    if matches!(tool, "dpkg" | "rpm") {
        return Some(files(tool, words));
    }
    let manager = MANAGERS.iter().find(|manager| manager.names.contains(&tool))?;
    let options = Options::read(words, manager.valued);
    let (verb, packages) = options.verb();
    if !manager.verbs.contains(&verb) {
        return Some(Vec::new());
    }
    let release = options.one(&["-t", "--target-release", "--default-release"]);
    let packages = packages.iter().filter(|word| !is_no_package(&word.text));
    let found = packages.filter_map(|word| {
        if word.text.ends_with(".deb") || word.text.ends_with(".rpm") {
            return of_file(word);
        }
        let (name, value, detail) = match manager.ty {
            _ if is_unknown(&word.text) => (word.text.as_str(), "", ""),
            "apt" => debian(&word.text, release)?,
            // Where in `cuda-toolkit-12-4-12.4.1-1` the version begins, only the repository knows.
            "rpm" if tool != "zypper" => (word.text.as_str(), "", ""),
            _ => {
                let end = word.text.find(['=', '<', '>', '~', '@']).unwrap_or(word.text.len());
                let (name, value) = word.text.split_at(end);
                value.strip_prefix('@').map_or((name, value, ""), |repository| (name, "", repository))
            }
        };
        Some(Found::new(FactKind::Install, &format!("{}:{name}", manager.ty), value, detail, word))
    });
    Some(found.collect())
}

/// Reads `name=version`, `name/release`.
fn debian<'w>(word: &'w str, release: &'w str) -> Option<(&'w str, &'w str, &'w str)> {
    // `name-` removes; a file's name is no package's.
    if word.ends_with('-') || word.starts_with(['.', '/']) {
        return None;
    }
    if let Some(at) = word.find('=') {
        return Some((&word[..at], &word[at..], release));
    }
    let (name, release) = word.split_once('/').unwrap_or((word, release));
    Some((name, "", release))
}

/// `dpkg -i a.deb`, `rpm -Uvh a.rpm`.
fn files(tool: &str, words: &[Word]) -> Vec<Found> {
    let installs = |word: &Word| match word.text.strip_prefix('-') {
        Some(long) if long.starts_with('-') => matches!(long, "-install" | "-upgrade"),
        Some(short) => short.contains('i') && tool == "dpkg" || short.starts_with(['i', 'U']) && tool == "rpm",
        None => false,
    };
    if !words.iter().any(installs) {
        return Vec::new();
    }
    words.iter().filter(|word| !word.text.starts_with('-')).filter_map(of_file).collect()
}

/// Reads what a file's name tells: `name_version_arch.deb`, `name-version-release.arch.rpm`.
fn of_file(word: &Word) -> Option<Found> {
    let path = without_credentials(&word.text);
    let last = path.split(['?', '#']).next()?.rsplit('/').next()?;
    let (ty, name, version) = match last.strip_suffix(".deb") {
        Some(stem) => {
            let mut parts = stem.split('_');
            ("apt", parts.next()?, parts.next()?.replace("%3a", ":").replace("%3A", ":").replace("%2B", "+"))
        }
        None => {
            let (stem, _) = last.strip_suffix(".rpm")?.rsplit_once('.')?;
            let mut parts = stem.rsplitn(3, '-');
            let (release, version, name) = (parts.next()?, parts.next()?, parts.next()?);
            ("rpm", name, format!("{version}-{release}"))
        }
    };
    let is_known = version.starts_with(|first: char| first.is_ascii_digit()) && !version.contains(['*', '$', '?']);
    let is_name = !name.is_empty() && !name.contains(['*', '$', '?']);
    let found =
        || Found::new(FactKind::Install, &format!("{ty}:{name}"), &format!("={version}"), &path, word).addressed();
    (is_known && is_name).then(found)
}
