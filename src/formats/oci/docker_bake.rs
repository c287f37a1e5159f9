//! Bake files of BuildKit: the images that targets are built with, and what they are built by.
//!
//! Specification: the "Bake file reference" of the Docker documentation.

use std::collections::BTreeMap;

use anyhow::Result;

use super::deployment::{Deployment, said};
use super::pipeline::{self, defaults, filled};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Fact, FactKind, Inventory, Scope};
use crate::source::{Place, Source};
use crate::syntax::hcl;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `docker-bake.hcl` and `docker-bake.json`, the images that targets are built with.
    ///
    /// Read are `contexts` that are images (`docker-image://…`), and of each target its Dockerfile, stage, arguments and
    /// platforms. Defaults of variables are used; an image that is named by another expression is reported as unpinned. `tags` are
    /// what it makes, and no images that it needs.
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
        for target in blocks.flat_map(|block| block.node.entries()) {
            read(&target.key, target.place, &target.node, &variables, &mut deployment);
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

/// Reads one target.
fn read(
    name: &str,
    place: Place,
    target: &Node<'_>,
    variables: &BTreeMap<&str, &str>,
    deployment: &mut Deployment<'_, '_>,
) {
    for context in target.get("contexts").map_or(&[][..], Node::entries) {
        image(&context.node, variables, deployment);
    }
    if let Some(context) = target.get("context") {
        image(context, variables, deployment);
    }
    let text = |node: &Node<'_>| filled(node.text()?, variables);
    let mut facts: Vec<Fact> = Vec::new();
    let file = target.get("dockerfile");
    let folder = target.get("context").map_or(Some(".".to_owned()), text);
    let file_name = file.map_or(Some("Dockerfile".to_owned()), text);
    if let (Some(folder), Some(file_name)) = (folder.filter(|folder| !folder.contains("://")), file_name)
        && target.get("dockerfile-inline").is_none()
    {
        let parts = [folder.trim_start_matches("./").trim_end_matches('/'), file_name.trim_start_matches("./")];
        let path = parts.into_iter().filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
        let at = file.or(target.get("context")).map_or(place, |node| node.place);
        facts.push(said(FactKind::Label, "build.dockerfile", &path, at));
    }
    if let Some(node) = target.get("target") {
        facts.extend(text(node).map(|stage| said(FactKind::Label, "build.target", &stage, node.place)));
    }
    for argument in target.get("args").map_or(&[][..], Node::entries) {
        let value = text(&argument.node);
        facts.extend(value.map(|value| said(FactKind::Arg, &argument.key, &value, argument.place)));
    }
    for platform in target.get("platforms").map_or(&[][..], Node::items) {
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
