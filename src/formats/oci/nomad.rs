//! Nomad's job files: the images that their tasks run.
//!
//! Specification: the "Job Specification" of Nomad, with its `docker` and `podman` drivers.

use std::collections::BTreeMap;

use anyhow::Result;

use super::deployment::{Deployment, fact, said};
use super::models;
use super::pipeline::{self, defaults, filled};
use crate::entry;
use crate::formats::{self, Format, Yield};
use crate::model::{Fact, FactKind, Inventory};
use crate::source::{Place, Source};
use crate::syntax::hcl;
use crate::syntax::yaml::Node;

entry! {
    /// `*.nomad` and `*.nomad.hcl`, the images that tasks of a job run.
    ///
    /// Read are `config { image = … }` of the docker and podman drivers, variables of the environment, and the devices that a task
    /// asks for. Models that its command loads by name are
    /// read with their revisions. Defaults of variables are used; an image that is named by another expression is reported as unpinned.
    pub Nomad = "nomad"
}

impl Format for Nomad {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.nomad", "*.nomad.hcl"]
    }

    fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.files().iter().any(|glob| formats::matches(glob, name))
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("job ") || line.starts_with("job\""))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let file = hcl::read(source)?;
        let mut deployment = Deployment::new(source, self);
        let blocks =
            |name: &'static str| file.entries().iter().filter(move |entry| entry.key == name).map(|entry| &entry.node);
        let variables = defaults(blocks("variable"));
        // In a job, they are called `var.name`.
        let named: Vec<(String, &str)> =
            variables.iter().map(|(name, value)| (format!("var.{name}"), *value)).collect();
        let variables: BTreeMap<&str, &str> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        for job in blocks("job").flat_map(Node::entries) {
            let groups =
                job.node.entries().iter().filter(|entry| entry.key == "group").flat_map(|entry| entry.node.entries());
            for group in groups {
                let tasks = group.node.entries().iter().filter(|entry| entry.key == "task");
                for task in tasks.flat_map(|entry| entry.node.entries()) {
                    let name = format!("{}/{} {}", job.key, group.key, task.key);
                    read(&name, task.place, &task.node, &variables, &mut deployment);
                }
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        pipeline::is_subject(inventory)
    }
}

/// Reads one task.
fn read(
    name: &str,
    place: Place,
    task: &Node<'_>,
    variables: &BTreeMap<&str, &str>,
    deployment: &mut Deployment<'_, '_>,
) {
    let driver = task.get("driver").and_then(Node::text).unwrap_or("docker");
    let image = task.at(&["config", "image"]).filter(|image| image.text().is_some());
    let Some(image) = image.filter(|_| matches!(driver, "docker" | "podman" | "containerd-driver")) else { return };
    let written = image.text().unwrap_or_default();
    let node = match filled(written, variables) {
        Some(text) => deployment.image(text.strip_prefix("docker://").unwrap_or(&text), image.place),
        None => {
            deployment.unpinned(written, image.place);
            None
        }
    };
    let mut facts: Vec<Fact> = Vec::new();
    for variable in task.get("env").map_or(&[][..], Node::entries) {
        if variable.node.text().is_some() {
            facts.push(fact(FactKind::Env, &variable.key, &variable.node));
        }
    }
    let resources = task.get("resources").map_or(&[][..], Node::entries);
    for device in resources.iter().filter(|entry| entry.key == "device").flat_map(|entry| entry.node.entries()) {
        // `vendor/type/model`, or less of it.
        let vendor = device.key.split('/').next().filter(|vendor| *vendor != "gpu").unwrap_or("nvidia");
        let count = device.node.get("count").and_then(Node::text).unwrap_or("1");
        facts.push(said(FactKind::Limit, &format!("{vendor}.com/gpu"), count, device.place));
    }
    let runtime = task.at(&["config", "runtime"]);
    facts.extend(runtime.map(|runtime| fact(FactKind::Runtime, "runtime", runtime)));
    let words: Vec<models::Word> = ["entrypoint", "command", "args"]
        .into_iter()
        .filter_map(|key| task.at(&["config", key]))
        .flat_map(|node| if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() })
        .filter_map(|word| Some(models::Word { text: word.text()?.to_owned(), place: word.place }))
        .collect();
    let found = models::of(written, &words, &models::variables(&facts));
    models::add(deployment.source, &mut deployment.inventory, found);
    deployment.container(name, node, true, facts, place);
}
