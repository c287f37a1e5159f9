//! Explicit specifications of conda, `conda list --explicit` and conda-lock's `conda-linux-64.lock`.
//!
//! Specification: conda's user guide, "Building identical conda environments". After `@EXPLICIT` stands one address a line,
//! with the archive's digest after `#`; conda-lock adds what pip is to install as comments, `# pip name @ address`.

use anyhow::Result;

use super::address::{Address, is_subdir};
use super::wheel;
use crate::entry;
use crate::formats::pypi::pep508::{self, shown};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Algorithm, Component, Digest, Inventory, Requirement, SUBJECT, Says};
use crate::source::{Place, Source};

entry! {
    /// `conda-linux-64.lock` and other explicit specifications: a list of addresses after the line `@EXPLICIT`.
    ///
    /// Name, version, build, channel and platform stand in each address, and the digest after it. Who requires whom the
    /// file does not say: everything counts as direct. The `# pip` lines of conda-lock are read too.
    pub CondaExplicit = "conda-explicit"
}

/// The line after which addresses stand.
const MARK: &str = "@EXPLICIT";

impl Format for CondaExplicit {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["conda-*.lock", "*.conda.lock", "explicit*.txt", "*-explicit.txt", "*_explicit.txt", "*.explicit.txt"]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        path.ends_with(".lock") || text.trim().is_empty() || self.recognizes(text)
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim() == MARK)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        if !self.recognizes(source.text) {
            let message = "no line `@EXPLICIT` in it; is it a list of `conda list --explicit`?";
            return Err(source.fault(source.start(), message));
        }
        let mut inventory = Inventory::new(source, "conda-explicit");
        inventory.says = Says { edges: false, scopes: false, licence: false, ..Says::ALL };
        let platform = platform(source);
        for line in source.text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != MARK) {
            let read = match line.strip_prefix('#') {
                Some(comment) => project(source, comment),
                None => Some(archive(source, line)),
            };
            match read {
                None => {}
                Some(Ok((component, place))) => {
                    let node = inventory.add(component, place);
                    inventory.nodes[node as usize].environment = platform;
                    inventory.edge(SUBJECT, node, Requirement::default(), place);
                }
                Some(Err(message)) => inventory.fault(source.place(line), message),
            }
        }
        if inventory.nodes.len() == 1 && inventory.faults.is_empty() {
            inventory.fault(source.start(), "no package after `@EXPLICIT`");
        }
        Ok(inventory)
    }
}

/// Returns the platform that a file is for: by its comment, or by the addresses, where they name but one.
fn platform(source: &Source<'_>) -> &'static str {
    let comments = source.text.lines().filter_map(|line| line.strip_prefix('#'));
    let named = comments.map(str::trim).find_map(|comment| comment.strip_prefix("platform:")).map(str::trim);
    if let Some(platform) = named.filter(|platform| is_subdir(platform)) {
        return intern::text(platform);
    }
    let lines = source.text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut found = lines.filter_map(Address::read).map(|address| address.subdir);
    let mut found = found.by_ref().filter(|subdir| !matches!(*subdir, "" | "noarch"));
    let Some(first) = found.next() else { return "" };
    if found.all(|other| other == first) { intern::text(first) } else { "" }
}

fn archive(source: &Source<'_>, line: &str) -> Result<(Component, Place), String> {
    let (url, digest) = line.split_once('#').unwrap_or((line, ""));
    let Some(address) = Address::read(url.trim_end()) else {
        return Err(format!("\"{}\" is no address of a conda package", shown(line)));
    };
    let mut component = address.component();
    if !digest.is_empty() {
        let md5 = || Digest::hex(Algorithm::Md5, digest);
        let sha256 = || Digest::hex(Algorithm::Sha256, digest);
        let Some(digest) = md5().or_else(sha256).or_else(|| Digest::colon(digest)) else {
            return Err(format!("\"{}\" is no digest", shown(digest)));
        };
        component.digests.push(digest);
    }
    Ok((component, source.place(address.name)))
}

/// Reads what conda-lock leaves to pip; none where the comment is another.
fn project(source: &Source<'_>, comment: &str) -> Option<Result<(Component, Place), String>> {
    let text = comment.trim_start().strip_prefix("pip ")?.trim();
    let (text, hash) = text.split_once(" --hash=").unwrap_or((text, ""));
    let (name, url) = text.split_once('@').map(|(name, url)| (name.trim(), url.trim()))?;
    if !pep508::is_name(name) || url.is_empty() {
        return Some(Err(format!("\"{}\" is no `name @ address`", shown(text))));
    }
    let mut component = wheel::component(name, "", url, false);
    component.digests.extend(Digest::colon(hash.trim().trim_start_matches('=')));
    Some(Ok((component, source.place(name))))
}
