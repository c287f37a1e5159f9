//! CircleCI's pipelines: the images that their jobs run in.
//!
//! Specification: "Configuration Reference" of CircleCI.

use anyhow::Result;

use super::deployment::Deployment;
use super::pipeline::{self, is_subject};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Inventory, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `.circleci/config.yml`, the images that jobs and executors run in.
    ///
    /// Parameters take the defaults that the job or executor declares. None of them is what a cluster runs: they are needed to
    /// develop. Images of machines are no containers.
    pub CircleciConfig = "circleci-config"
}

impl Format for CircleciConfig {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["config.yml"]
    }

    fn takes(&self, path: &str) -> bool {
        path == ".circleci/config.yml" || path.ends_with("/.circleci/config.yml")
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        !text.trim().is_empty()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Dev;
        for document in &documents {
            for of in ["executors", "jobs"] {
                for job in document.get(of).map_or(&[][..], Node::entries) {
                    for container in job.node.get("docker").map_or(&[][..], Node::items) {
                        let Some(image) = container.get("image").filter(|image| image.text().is_some()) else {
                            continue;
                        };
                        let text = filled(image.text().unwrap_or_default(), &job.node);
                        pipeline::runs_in(&job.key, &text, image.place, &mut deployment);
                    }
                }
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        is_subject(inventory)
    }
}

/// Returns an image's name with the parameters of its job filled in by their defaults.
fn filled(text: &str, job: &Node<'_>) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("<<") {
        let Some((name, after)) = after.split_once(">>") else { break };
        let name = name.trim().strip_prefix("parameters.");
        let default = name.and_then(|name| job.at(&["parameters", name, "default"])).and_then(Node::text);
        let Some(default) = default else { return text.to_owned() };
        filled.push_str(before);
        filled.push_str(default);
        rest = after;
    }
    filled + rest
}
