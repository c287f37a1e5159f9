//! `Chart.lock`: the charts that Helm resolved a chart's dependencies to.
//!
//! Specification: Helm's "Charts" topic, "Chart Dependencies", and `pkg/chart` of Helm for the file itself. Its `digest` is of
//! the two lists of dependencies, asked for and resolved, and of no chart.

use anyhow::Result;

use super::component;
use crate::entry;
use crate::formats::oci::deployment::Deployment;
use crate::formats::{Format, Yield};
use crate::model::{Inventory, Says};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `Chart.lock`, the charts that Helm resolved a chart's dependencies to.
    ///
    /// Each is a component with its version and the repository that it is pulled from. A chart of the tree itself
    /// (`file://…`) is none.
    pub ChartLock = "chart-lock"
}

impl Format for ChartLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["Chart.lock"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let Some(file) = documents.first().filter(|file| file.get("dependencies").is_some()) else {
            return Err(source.fault(source.start(), "no Chart.lock: a map with \"dependencies\" is expected"));
        };
        let mut deployment = Deployment::new(source, self);
        deployment.inventory.says = Says { licence: false, integrity: false, ..Says::ALL };
        for dependency in file.get("dependencies").map_or(&[][..], Node::items) {
            let text = |key: &str| dependency.get(key).and_then(Node::text).unwrap_or_default();
            let (Some(name), version) = (dependency.get("name"), text("version")) else {
                deployment.inventory.fault(dependency.place, "a dependency without a name");
                continue;
            };
            if version.is_empty() {
                deployment.inventory.fault(name.place, "a dependency without a version; run `helm dependency update`");
            } else if !text("repository").starts_with("file:") {
                let asked = dependency.get("version").unwrap_or(name).place;
                deployment.package(component(text("name"), version, text("repository")), name.place, asked);
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 1 || !inventory.faults.is_empty()
    }
}
