//! Skaffold's configuration: the images that its builds start from and its steps run in, and the charts that it deploys.
//!
//! Specification: the "skaffold.yaml" reference.

use anyhow::Result;

use super::arguments;
use super::contexts::MADE;
use super::deployment::{Deployment, fact, said};
use super::pipeline;
use crate::entry;
use crate::formats::{Format, Yield, helm};
use crate::model::{Fact, FactKind, Inventory, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `skaffold.yaml`, the images that it builds with, and the charts that it deploys.
    ///
    /// Builders and run images of buildpacks, images that ko and Jib start from, Kaniko's, and the containers of custom actions and
    /// tests are read; they are needed to build. What it builds has no image here: what that starts from, its Dockerfile says.
    pub Skaffold = "skaffold"
}

impl Format for Skaffold {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["skaffold*.yaml", "skaffold*.yml"]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("apiVersion:") && line.contains("skaffold/"))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        for document in &documents {
            for artifact in artifacts(document) {
                build(artifact, &mut deployment);
            }
            deployment.scope = Scope::Build;
            walk("build", document, &mut deployment);
            deployment.scope = Scope::Runtime;
            for release in releases(document) {
                helm::asked(release.get("remoteChart"), release.get("version"), release.get("repo"), &mut deployment);
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        pipeline::is_subject(inventory) || !inventory.parts.is_empty()
    }
}

/// Returns a configuration and its profiles.
fn configurations<'n, 't>(document: &'n Node<'t>) -> impl Iterator<Item = &'n Node<'t>> {
    std::iter::once(document).chain(document.get("profiles").map_or(&[][..], Node::items))
}

fn artifacts<'n, 't>(document: &'n Node<'t>) -> impl Iterator<Item = &'n Node<'t>> {
    configurations(document).flat_map(|of| of.at(&["build", "artifacts"]).map_or(&[][..], Node::items))
}

fn releases<'n, 't>(document: &'n Node<'t>) -> impl Iterator<Item = &'n Node<'t>> {
    let deployed =
        configurations(document).flat_map(|of| of.at(&["deploy", "helm", "releases"]).map_or(&[][..], Node::items));
    let rendered =
        configurations(document).flat_map(|of| of.at(&["manifests", "helm", "releases"]).map_or(&[][..], Node::items));
    deployed.chain(rendered)
}

/// Reads what is built by a Dockerfile.
fn build(artifact: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let Some(image) = artifact.get("image").filter(|image| image.text().is_some()) else { return };
    let context =
        artifact.get("context").and_then(Node::text).unwrap_or(".").trim_start_matches("./").trim_end_matches('/');
    let of = artifact.get("docker").or(artifact.get("kaniko"));
    let others = ["buildpacks", "custom", "ko", "jib", "bazel"];
    if of.is_none() && others.iter().any(|other| artifact.get(other).is_some()) {
        return;
    }
    let file = of.and_then(|of| of.get("dockerfile"));
    let name = file.and_then(Node::text).unwrap_or("Dockerfile").trim_start_matches("./");
    let path: Vec<&str> = [context, name].into_iter().filter(|part| !matches!(*part, "" | ".")).collect();
    let mut facts = vec![said(FactKind::Label, "build.dockerfile", &path.join("/"), file.unwrap_or(image).place)];
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.contains(['{', '$']));
    facts.extend(arguments::facts(of.and_then(|of| of.get("buildArgs")), &known, &|_| None));
    facts.push(fact(FactKind::Label, MADE, image));
    let target = of.and_then(|of| of.get("target"));
    facts.extend(target.and_then(|target| -> Option<Fact> {
        Some(said(FactKind::Label, "build.target", target.text()?, target.place))
    }));
    deployment.container(image.text().unwrap_or_default(), None, false, facts, image.place);
}

/// The fields that name an image that something is built with.
const FIELDS: [&str; 4] = ["builder", "runImage", "fromImage", "initImage"];

/// Looks for what is built with, and for containers that steps run.
fn walk(key: &str, node: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let is_container = matches!(key, "container" | "containers" | "kaniko");
    for entry in node.entries() {
        let is_image = FIELDS.contains(&entry.key.as_str()) || (is_container && entry.key == "image");
        match entry.node.text().filter(|text| is_image && !text.is_empty()) {
            Some(text) => pipeline::runs_in(key, text, entry.node.place, deployment),
            None => walk(&entry.key, &entry.node, deployment),
        }
    }
    node.items().iter().for_each(|item| walk(key, item, deployment));
}
