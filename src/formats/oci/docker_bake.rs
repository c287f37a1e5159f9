//! Bake files of BuildKit: the images that targets are built with, and what they are built by.
//!
//! Specification: the "Bake file reference" of the Docker documentation.

use std::collections::BTreeMap;

use anyhow::Result;

use super::arguments;
use super::contexts::MADE;
use super::deployment::{Deployment, is_placeholder, said};
use super::pipeline::{self, defaults, filled};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Fact, FactKind, Inventory, Scope};
use crate::source::{Place, Source};
use crate::syntax::hcl;
use crate::syntax::yaml::{self, Entry, Node};

entry! {
    /// `docker-bake.hcl` and `docker-bake.json`, the images that targets are built with.
    ///
    /// Read are `contexts` that are images (`docker-image://…`), and of each target its Dockerfile, stage, arguments and
    /// platforms, with what it takes over of others (`inherits`). Its Dockerfile is read with these arguments. Defaults of variables are used; an image that is named by another expression is reported as unpinned. `tags` are
    /// what it makes, and no images that it needs: deployments of these run what its Dockerfile builds.
    pub DockerBake = "docker-bake"
}

impl Format for DockerBake {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["docker-bake.hcl", "docker-bake.*.hcl", "docker-bake.json", "docker-bake.*.json"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let trees = if source.path.ends_with(".json") { yaml::trees(source)? } else { vec![hcl::read(source)?] };
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Build;
        let variables = defaults(
            trees.iter().flat_map(Node::entries).filter(|entry| entry.key == "variable").map(|entry| &entry.node),
        );
        let blocks = trees.iter().flat_map(Node::entries).filter(|entry| entry.key == "target");
        let blocks: Vec<&Entry<'_>> = blocks.flat_map(|block| block.node.entries()).collect();
        let targets: BTreeMap<&str, &Node<'_>> =
            blocks.iter().map(|target| (target.key.as_str(), &target.node)).collect();
        let groups = trees.iter().flat_map(Node::entries).filter(|entry| entry.key == "group");
        let groups = groups.flat_map(|groups| groups.node.entries());
        let grouped: Vec<&str> = groups
            .flat_map(|group| group.node.get("targets").map_or(&[][..], Node::items))
            .filter_map(Node::text)
            .collect();
        let inherited: Vec<&str> = blocks.iter().flat_map(|target| parents(&target.node)).collect();
        for target in &blocks {
            let name = target.key.as_str();
            // What others take over, and nobody asks for, is not built by itself.
            let is_shared = inherited.contains(&name) && !grouped.contains(&name);
            let is_built = !is_shared || (grouped.is_empty() && !name.starts_with('_'));
            let whole = whole(&target.node, &targets);
            read(name, target.place, &whole, is_built, &variables, &mut deployment);
        }
        if trees.iter().all(|tree| tree.entries().is_empty()) {
            deployment.inventory.fault(source.start(), "the file says nothing");
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        pipeline::is_subject(inventory) || !inventory.parts.is_empty()
    }
}

/// How many targets one may take over, directly and through others.
const MAX_INHERITED: usize = 64;

/// Returns the names of the targets that one takes over.
fn parents<'n>(target: &'n Node<'_>) -> impl DoubleEndedIterator<Item = &'n str> {
    target.get("inherits").map_or(&[][..], Node::items).iter().filter_map(Node::text)
}

/// Returns a target and those that it takes over: what an earlier one says holds, of what stands in several.
fn whole<'n, 't>(target: &'n Node<'t>, targets: &BTreeMap<&str, &'n Node<'t>>) -> Vec<&'n Node<'t>> {
    let mut whole: Vec<&Node<'_>> = Vec::new();
    let mut open = vec![target];
    while let Some(next) = open.pop().filter(|_| whole.len() < MAX_INHERITED) {
        if whole.iter().any(|known| std::ptr::eq(*known, next)) {
            continue;
        }
        whole.push(next);
        open.extend(parents(next).filter_map(|name| targets.get(name)));
    }
    whole
}

/// Reads one target, with those that it takes over behind it.
fn read(
    name: &str,
    place: Place,
    whole: &[&Node<'_>],
    is_built: bool,
    variables: &BTreeMap<&str, &str>,
    deployment: &mut Deployment<'_, '_>,
) {
    let target = whole[0];
    for context in target.get("contexts").map_or(&[][..], Node::entries) {
        image(&context.node, variables, deployment);
    }
    if let Some(context) = target.get("context") {
        image(context, variables, deployment);
    }
    if !is_built {
        return;
    }
    let get = |field: &str| whole.iter().find_map(|target| target.get(field));
    let text = |node: &Node<'_>| filled(node.text()?, variables);
    let mut facts: Vec<Fact> = Vec::new();
    let file = get("dockerfile");
    let folder = get("context").map_or(Some(".".to_owned()), text);
    let file_name = file.map_or(Some("Dockerfile".to_owned()), text);
    if let (Some(folder), Some(file_name)) = (folder.filter(|folder| !folder.contains("://")), file_name)
        && get("dockerfile-inline").is_none()
    {
        let parts = [folder.trim_start_matches("./").trim_end_matches('/'), file_name.trim_start_matches("./")];
        let path = parts.into_iter().filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
        let at = file.or(get("context")).map_or(place, |node| node.place);
        facts.push(said(FactKind::Label, "build.dockerfile", &path, at));
    }
    if let Some(node) = get("target") {
        facts.extend(text(node).map(|stage| said(FactKind::Label, "build.target", &stage, node.place)));
    }
    let known = |text: &str| filled(text, variables);
    for of in whole {
        let arguments = arguments::facts(of.get("args"), &known, &|_| None);
        let is_known = |facts: &[Fact], fact: &Fact| {
            facts.iter().any(|known| known.kind == FactKind::Arg && known.name == fact.name)
        };
        let new: Vec<Fact> = arguments.into_iter().filter(|fact| !is_known(&facts, fact)).collect();
        facts.extend(new);
    }
    for tag in get("tags").map_or(&[][..], Node::items) {
        let made = text(tag).filter(|text| !is_placeholder(text));
        facts.extend(made.map(|made| said(FactKind::Label, MADE, &made, tag.place)));
    }
    for platform in get("platforms").map_or(&[][..], Node::items) {
        facts.extend(text(platform).map(|value| said(FactKind::Platform, "platform", &value, platform.place)));
    }
    deployment.container(name, None, false, facts, place);
}

/// Reads a context that is an image.
fn image(node: &Node<'_>, variables: &BTreeMap<&str, &str>, deployment: &mut Deployment<'_, '_>) {
    const SCHEME: &str = "docker-image://";
    let Some(written) = node.text() else { return };
    let text = filled(written, variables).unwrap_or_else(|| written.to_owned());
    let Some(image) = text.strip_prefix(SCHEME) else { return };
    let from = node.place.start as usize + SCHEME.len();
    let range = from..(node.place.start + node.place.len) as usize;
    let is_plain =
        written.starts_with(SCHEME) && deployment.source.text.get(range.clone()) == Some(&written[SCHEME.len()..]);
    let place = if is_plain { deployment.source.place_at(range) } else { node.place };
    deployment.image(image, place);
}
