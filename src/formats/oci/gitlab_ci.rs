//! GitLab's pipelines: the images that their jobs run in.
//!
//! Specification: the "CI/CD YAML syntax reference" of GitLab.

use std::collections::BTreeMap;

use anyhow::Result;

use super::deployment::Deployment;
use super::overlay::Deployed;
use super::pipeline::{self, filled, is_subject};
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::model::{Include, Inventory, Scope};
use crate::source::{self, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `.gitlab-ci.yml`, the images that jobs and services run in.
    ///
    /// Images of all jobs, of hidden ones that others extend and of `default` are read, with variables that the file gives
    /// literal values and inputs that it gives defaults; files of the tree that it includes are read with it. An image that is
    /// named by another variable is reported as unpinned. None of them is what a cluster runs: they are needed to develop.
    pub GitlabCi = "gitlab-ci"
}

impl Format for GitlabCi {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &[".gitlab-ci.yml", ".gitlab-ci.yaml", "*.gitlab-ci.yml", "*.gitlab-ci.yaml"]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        !text.trim().is_empty()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Dev;
        let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
        let mut inputs: Vec<(String, &Node<'_>)> = Vec::new();
        for document in &documents {
            variables.extend(set(document));
            for input in document.at(&["spec", "inputs"]).map_or(&[][..], Node::entries) {
                let default = input.node.get("default").filter(|default| default.text().is_some());
                inputs.extend(default.map(|default| (input.key.clone(), default)));
            }
        }
        for document in &documents {
            read("default", document, &variables, &inputs, &mut deployment);
            for job in document.entries().iter().filter(|job| !OTHERS.contains(&job.key.as_str())) {
                let mut own = variables.clone();
                own.extend(set(&job.node));
                read(&job.key, &job.node, &own, &inputs, &mut deployment);
            }
        }
        Ok(deployment.inventory)
    }

    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        let mut inventory = self.parse(source)?;
        for include in yaml::trees(source)?.iter().filter_map(|document| document.get("include")) {
            for include in std::iter::once(include).chain(include.items()) {
                let Some(node) = include.get("local").or_else(|| include.text().is_some().then_some(include)) else {
                    continue;
                };
                let text = node.text().unwrap_or_default();
                // Paths begin at the root of the repository, which the tree may be a part of.
                let path = source::join("", text.trim_start_matches('/')).filter(|_| !text.contains("://"));
                let path = path.filter(|path| path != source.path && open(path).is_some());
                let place = node.place;
                inventory.includes.extend(path.map(|path| Include { path, place, constraint: false }));
            }
        }
        Ok(vec![inventory])
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        is_subject(inventory)
    }

    fn is_joined_by_others(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        if inventory.includes.is_empty() {
            return;
        }
        let mut deployed = Deployed::default();
        deployed.add(inventory);
        let mut seen = std::collections::BTreeSet::from([inventory.subject.to_owned()]);
        let mut waiting: Vec<String> = inventory.includes.iter().map(|include| include.path.clone()).collect();
        while let Some(path) = waiting.pop() {
            let Some(other) = near.get(&path).filter(|_| seen.insert(path.clone())) else { continue };
            deployed.add(other);
            waiting.extend(other.includes.iter().map(|include| include.path.clone()));
        }
        deployed.write(inventory);
    }
}

/// The keys of a pipeline that are no jobs.
const OTHERS: [&str; 10] = [
    "after_script",
    "before_script",
    "cache",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "variables",
    "workflow",
];

/// How long an image's name may grow.
const MAX_LEN: usize = 4096;

/// Returns the variables that a map sets to literal values.
fn set<'n>(node: &'n Node<'_>) -> BTreeMap<&'n str, &'n str> {
    let variables = node.get("variables").map_or(&[][..], Node::entries);
    let value = |node: &'n Node<'_>| node.text().or_else(|| node.get("value").and_then(Node::text));
    variables.iter().filter_map(|entry| Some((entry.key.as_str(), value(&entry.node)?))).collect()
}

/// Reads the images of a job, of `default`, or of the pipeline itself.
fn read(
    name: &str,
    job: &Node<'_>,
    variables: &BTreeMap<&str, &str>,
    inputs: &[(String, &Node<'_>)],
    deployment: &mut Deployment<'_, '_>,
) {
    let services = job.get("services").map_or(&[][..], Node::items);
    for image in job.get("image").into_iter().chain(services) {
        let Some(node) = image.text().map(|_| image).or_else(|| image.get("name")) else { continue };
        let Some(text) = node.text().filter(|text| !text.is_empty()) else { continue };
        let (mut whole, mut place) = (text.to_owned(), node.place);
        for (input, default) in inputs.iter().filter(|_| text.contains("$[[")) {
            let mark = format!("$[[ inputs.{input} ]]");
            if text.contains(&mark) && whole.len() < MAX_LEN {
                place = if text == mark { default.place } else { place };
                whole = whole.replace(&mark, default.text().unwrap_or_default());
            }
        }
        match filled(&whole, variables) {
            Some(whole) => pipeline::runs_in(name, &whole, place, deployment),
            None => {
                deployment.unpinned(text, node.place);
                deployment.container(name, None, false, Vec::new(), node.place);
            }
        }
    }
}
