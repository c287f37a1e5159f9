//! `conda-meta`: what conda, mamba, micromamba and pixi installed into an environment, a JSON file a package.
//!
//! Specification: conda's developer guide, "conda-meta", and rattler's `PrefixRecord`. A name stands once in an environment,
//! so that what a package depends on is exact.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use super::address::Address;
use super::conda_lock::digests;
use super::solved::{Asked, is_virtual, property};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, Manifest, Node, NodeId, Origin, Requirement, SUBJECT};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Str};

entry! {
    /// `conda-meta/*.json`, every package that is installed into a conda environment.
    ///
    /// Name, version, build, channel, digests, licence, and what each depends on. All files of one `conda-meta` are one
    /// subject. What was asked for by name counts as direct, and what nothing else requires. A dependency that is not
    /// installed stays open. What pip installed into the environment stands in its `site-packages`.
    pub CondaMeta = "conda-meta"
}

/// The fact that a package was asked for by name.
const REQUESTED: Text = "requested";

impl Format for CondaMeta {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["conda-meta/*.json"]
    }

    fn takes(&self, path: &str) -> bool {
        self.gathers(path).is_some()
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn gathers(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/')?;
        let is_meta = folder == "conda-meta" || folder.ends_with("/conda-meta");
        (is_meta && name.ends_with(".json") && !name.starts_with('.')).then(|| folder.to_owned())
    }

    fn gather(&self, subject: Text, files: Vec<Inventory>) -> Inventory {
        gather(subject, files)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let record: Record<'_> = json::read(source)?;
        let mut inventory = Inventory::new(source, "conda-meta");
        if record.name.is_empty() {
            inventory.fault(source.start(), "no name in it; install the package again");
            return Ok(inventory);
        }
        let mut component = record.component();
        match digests(Some(&*record.md5), Some(&*record.sha256)) {
            Ok(digests) => component.digests = digests,
            Err(message) => inventory.fault(source.start(), message),
        }
        // Where a recipe has none, its builder writes that as a word.
        component.licence = if &*record.license == "None" { "" } else { intern::text(&record.license) };
        let of_machine = |kind: &'static str| move |text: &Str<'_>| property(kind, text);
        component.properties.extend(record.depends.iter().filter_map(of_machine("requires")));
        component.properties.extend(record.constrains.iter().filter_map(of_machine("constrains")));
        let node = inventory.add(component, record.name.place(source, source.start()));
        for text in &record.depends {
            let place = text.place(source, source.start());
            let asked = Asked::conda(text, place);
            if !is_virtual(&asked.name) && !asked.name.is_empty() {
                let requirement = Requirement { constraint: intern::text(&asked.constraint), ..Requirement::default() };
                inventory.declare(node, intern::text(&asked.name), requirement, place, Gap::Open);
            }
        }
        if record.is_requested() {
            inventory.manifest = Some(Manifest { facts: vec![(REQUESTED, "")], ..Manifest::default() });
        }
        Ok(inventory)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record<'t> {
    #[serde(borrow)]
    name: Str<'t>,
    #[serde(borrow)]
    version: Str<'t>,
    #[serde(borrow)]
    build: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    subdir: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    channel: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    url: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    md5: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    sha256: Str<'t>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    license: Str<'t>,
    #[serde(borrow)]
    depends: Vec<Str<'t>>,
    #[serde(borrow)]
    constrains: Vec<Str<'t>>,
    #[serde(borrow, deserialize_with = "or_nothing")]
    requested_spec: Str<'t>,
    #[serde(borrow)]
    requested_specs: Vec<Str<'t>>,
}

/// Reads a text; `null` is none.
fn or_nothing<'de: 't, 't, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Str<'t>, D::Error> {
    Ok(Option::<Str<'t>>::deserialize(deserializer)?.unwrap_or_default())
}

impl Record<'_> {
    fn component(&self) -> Component {
        let told = Address { name: &self.name, version: &self.version, build: &self.build, ..Address::default() };
        if let Some(address) = Address::read(&self.url) {
            return Address { channel: address.channel, subdir: address.subdir, ty: address.ty, ..told }.component();
        }
        // A channel is told by its address with the platform, or by its name alone.
        let subdir = &*self.subdir;
        let channel = self.channel.trim_end_matches('/');
        let channel = channel.strip_suffix(subdir).filter(|_| !subdir.is_empty()).unwrap_or(channel);
        let channel = channel.trim_end_matches('/');
        if channel.contains("://") {
            return Address { channel, subdir, ..told }.component();
        }
        Component { origin: Origin::Unknown, ..Component::new(Address { subdir, ..told }.purl(channel)) }
    }

    /// Says whether it was asked for by name: older condas write "None" where it was not.
    fn is_requested(&self) -> bool {
        !matches!(&*self.requested_spec, "" | "None") || !self.requested_specs.is_empty()
    }
}

/// Makes one inventory of the files of an environment, sorted by path.
fn gather(subject: Text, files: Vec<Inventory>) -> Inventory {
    let file = files.first().map(|first| first.nodes[SUBJECT as usize].place.file).unwrap_or_default();
    let mut inventory = Inventory::new(&Source { file, path: subject, text: "" }, "conda-meta");
    let mut names: BTreeMap<Text, NodeId> = BTreeMap::new();
    let (mut requires, mut requested) = (Vec::new(), Vec::new());
    for mut file in files {
        inventory.faults.append(&mut file.faults);
        let Some(&Node { component: Some(component), place, .. }) = file.nodes.get(1) else { continue };
        let node = inventory.add_node(Node { ..file.nodes[1] });
        if names.insert(component.purl.name(), node).is_some() {
            let message = format!("{} is installed twice", component.purl.name().escape_debug());
            inventory.fault(place, message);
        }
        requires.push((node, file.declared));
        if file.manifest.is_some() {
            requested.push(node);
        }
    }
    for (from, asked) in requires.into_iter().flat_map(|(from, all)| all.into_iter().map(move |asked| (from, asked))) {
        // Channels write names in lower case, and what asks for them not always.
        match names.get(asked.name).or_else(|| names.get(asked.name.to_lowercase().as_str())) {
            Some(&to) if to == from => {}
            Some(&to) => inventory.edge(from, to, *asked.requirement, asked.place),
            None => inventory.declare(from, asked.name, *asked.requirement, asked.place, Gap::Open),
        }
    }
    ask(&mut inventory, requested);
    inventory
}

/// Lets the environment itself ask for what was asked for by name, and for what nothing else leads to.
fn ask(inventory: &mut Inventory, requested: Vec<NodeId>) {
    let mut ways: Vec<Vec<NodeId>> = vec![Vec::new(); inventory.nodes.len()];
    let mut is_required = vec![false; inventory.nodes.len()];
    for edge in &inventory.edges {
        ways[edge.from as usize].push(edge.to);
        is_required[edge.to as usize] = true;
    }
    let places: Vec<Place> = inventory.nodes.iter().map(|node| node.place).collect();
    let mut reached = vec![false; inventory.nodes.len()];
    let all = || 1..ways.len() as NodeId;
    let heads = all().filter(|&node| !is_required[node as usize]);
    // Of a circle that nothing else leads to, the first stands for all.
    let others = heads.chain(all()).map(|node| (node, false));
    for (node, is_requested) in requested.into_iter().map(|node| (node, true)).chain(others) {
        if !is_requested && reached[node as usize] {
            continue;
        }
        inventory.edge(SUBJECT, node, Requirement::default(), places[node as usize]);
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut reached[node as usize], true) {
                open.extend(&ways[node as usize]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn records_are_read_in_the_words_of_each_tool() {
        for (text, purl, origin, is_requested) in [
            (
                r#"{"name": "a", "version": "1", "build": "h0_0", "url": "https://mirror.example/t/s3cret/forge/linux-64/a-1-h0_0.conda", "requested_spec": "None"}"#,
                "pkg:conda/a@1?build=h0_0&channel=forge&subdir=linux-64&type=conda",
                "registry https://mirror.example/forge",
                false,
            ),
            (
                r#"{"name": "a", "version": "1", "build": "0", "subdir": "noarch", "channel": "https://mirror.example/pkgs/main/noarch", "url": null, "license": null, "requested_spec": "a >=1"}"#,
                "pkg:conda/a@1?build=0&channel=main&subdir=noarch",
                "registry https://mirror.example/pkgs/main",
                true,
            ),
            (
                r#"{"name": "a", "version": "1", "build": "0", "channel": "forge", "requested_specs": ["a"]}"#,
                "pkg:conda/a@1?build=0&channel=forge",
                "an unknown source",
                true,
            ),
        ] {
            let record: Record<'_> = serde_json::from_str(text).unwrap();
            let component = record.component();
            let told = (component.purl.as_str(), component.origin.to_string(), record.is_requested());
            assert_eq!(told, (purl, origin.to_owned(), is_requested));
        }
    }
}
