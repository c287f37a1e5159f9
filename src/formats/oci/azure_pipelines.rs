//! Azure's pipelines: the images that their jobs run in.
//!
//! Specification: the "YAML schema reference for Azure Pipelines".

use std::collections::BTreeSet;

use anyhow::Result;

use super::deployment::Deployment;
use super::pipeline::{self, is_subject};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Inventory, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `azure-pipelines.yml`, the images that jobs run in.
    ///
    /// Read are `resources.containers` and `container`. None of them is what a cluster runs: they are needed to develop.
    pub AzurePipelines = "azure-pipelines"
}

impl Format for AzurePipelines {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["azure-pipelines*.yml", "azure-pipelines*.yaml"]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.contains("container")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Dev;
        for document in &documents {
            let containers = document.at(&["resources", "containers"]).map_or(&[][..], Node::items);
            let mut names = BTreeSet::new();
            for container in containers {
                let name = container.get("container").and_then(Node::text).unwrap_or("container");
                names.insert(name);
                if let Some((text, place)) = container.get("image").and_then(|image| Some((image.text()?, image.place)))
                {
                    pipeline::runs_in(name, text, place, &mut deployment);
                }
            }
            for entry in document.entries().iter().filter(|entry| entry.key != "resources") {
                walk(&entry.key, &entry.node, &names, &mut deployment);
            }
            if let Some(container) = document.get("container") {
                read("pipeline", container, &names, &mut deployment);
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        is_subject(inventory)
    }
}

fn walk(name: &str, node: &Node<'_>, names: &BTreeSet<&str>, deployment: &mut Deployment<'_, '_>) {
    let named = ["job", "deployment", "stage"].iter().find_map(|key| node.get(key)).and_then(Node::text);
    let name = named.unwrap_or(name);
    for entry in node.entries() {
        if entry.key == "container" {
            read(name, &entry.node, names, deployment);
        }
        walk(name, &entry.node, names, deployment);
    }
    node.items().iter().for_each(|item| walk(name, item, names, deployment));
}

/// Reads the container of a job: an image, or the name of one of the resources.
fn read(name: &str, container: &Node<'_>, names: &BTreeSet<&str>, deployment: &mut Deployment<'_, '_>) {
    let node = if container.text().is_some() { Some(container) } else { container.get("image") };
    let Some((text, place)) = node.and_then(|node| Some((node.text()?, node.place))) else { return };
    // Another file may name the resources.
    let is_image = text.contains(['/', ':']) || container.text().is_none();
    if is_image && !names.contains(text) {
        pipeline::runs_in(name, text, place, deployment);
    }
}
