//! `.pre-commit-config.yaml`, of pre-commit.
//!
//! Specification: "pre-commit-config.yaml - top level", "- repos" and "- hooks" in pre-commit's documentation.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::entry;
use crate::formats::oci::reference::Reference;
use crate::formats::pins::{repository, text};
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `.pre-commit-config.yaml`, the repositories that hooks are taken from, and what is installed beside them.
    ///
    /// A repository's version is its `rev`. An additional dependency with an exact version is a component: `name==1.0` of Python's
    /// index, `name@1.0.0` of npm's registry. Others have no exact answer. Hooks of the tree itself (`local`, `meta`) are none,
    /// but what they have installed counts. All of it is needed to develop.
    ///
    /// The file does not say what a hook's own package requires.
    pub PreCommit = "pre-commit"
}

impl Format for PreCommit {
    fn files(&self) -> &'static [&'static str] {
        &[".pre-commit-config.yaml", ".pre-commit-config.yml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Sources]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let repos = documents.first().and_then(|file| file.get("repos").or((!file.items().is_empty()).then_some(file)));
        let Some(repos) = repos else {
            return Err(source.fault(source.start(), "no \"repos\" in it"));
        };
        let mut inventory = Inventory::new(source, "pre-commit");
        inventory.says = Says { integrity: false, licence: false, ..Says::ALL };
        let mut extra: BTreeMap<&str, NodeId> = BTreeMap::new();
        for entry in repos.items() {
            let (Some(repo), revision) = (entry.get("repo"), text(entry, "rev")) else {
                inventory.fault(entry.place, "a repository without an address: `repo` is missing");
                continue;
            };
            let url = repo.text().unwrap_or_default();
            let mut from = SUBJECT;
            if !matches!(url, "local" | "meta") {
                let component = repository(url, revision, "", "");
                if component.purl.name().is_empty() {
                    inventory.fault(repo.place, "no address of a repository");
                    continue;
                }
                if revision.is_empty() {
                    let name = intern::text(component.purl.display_name());
                    inventory.declare(SUBJECT, name, Requirement::of(Scope::Dev), repo.place, Gap::Unpinned);
                } else {
                    from = inventory.add(component, repo.place);
                    let place = entry.get("rev").map_or(repo.place, |node| node.place);
                    inventory.edge(SUBJECT, from, Requirement::of(Scope::Dev), place);
                }
            }
            for hook in entry.get("hooks").map_or(&[][..], Node::items) {
                if let Some((component, place)) = image(source, hook) {
                    let to = *extra.entry(component.purl.as_str()).or_insert_with(|| inventory.add(component, place));
                    inventory.edge(from, to, Requirement::of(Scope::Dev), place);
                }
                for asked in hook.get("additional_dependencies").map_or(&[][..], Node::items) {
                    let Some(spelled) = asked.text() else { continue };
                    match pinned(spelled) {
                        Some(component) => {
                            let purl = component.purl.as_str();
                            let to = *extra.entry(purl).or_insert_with(|| inventory.add(component, asked.place));
                            inventory.edge(from, to, Requirement::of(Scope::Dev), asked.place);
                        }
                        None => {
                            // An address may hold a password.
                            let name = crate::model::without_credentials(spelled);
                            let requirement = Requirement::of(Scope::Dev);
                            inventory.declare(from, intern::text(&name), requirement, asked.place, Gap::Unpinned);
                        }
                    }
                }
            }
        }
        Ok(inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 1 || !inventory.declared.is_empty() || !inventory.faults.is_empty()
    }
}

/// Returns the image that a hook runs in: the first word of what is entered that is neither an option nor its value.
fn image(source: &Source<'_>, hook: &Node<'_>) -> Option<(Component, Place)> {
    let entry = hook.get("entry").filter(|_| text(hook, "language") == "docker_image")?;
    let mut words = entry.text()?.split_ascii_whitespace();
    let word = loop {
        let word = words.next()?;
        match word {
            "--entrypoint" | "-e" | "--env" | "-v" | "--volume" | "-u" | "--user" | "-w" => drop(words.next()),
            option if option.starts_with('-') => {}
            image => break image,
        }
    };
    let component = Reference::parse(word).ok()?.component();
    let (start, end) = (entry.place.start as usize, (entry.place.start + entry.place.len) as usize);
    let spelled = source.text.get(start..end)?;
    let place = spelled.find(word).map_or(entry.place, |at| source.place(&spelled[at..at + word.len()]));
    Some((component, place))
}

/// Reads an additional dependency that is exact.
fn pinned(text: &str) -> Option<Component> {
    let is_exact = |version: &str| {
        version.starts_with(|first: char| first.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+!".contains(&byte))
    };
    if text.contains(['/', ':', ';', ' ']) && !text.starts_with('@') {
        return None;
    }
    if let Some((name, version)) = text.split_once("==") {
        let name = name.split('[').next().unwrap_or(name);
        return is_exact(version).then(|| Component::new(Purl::new("pypi", "", name, version)));
    }
    let (name, version) = text.rsplit_once('@').filter(|(name, _)| !name.is_empty())?;
    let (scope, name) = name.rsplit_once('/').unwrap_or(("", name));
    semver::Version::parse(version).is_ok().then(|| Component::new(Purl::new("npm", scope, name, version)))
}
