//! `Chart.yaml`: the charts that a chart asks for.
//!
//! Specification: Helm's "Charts" topic, "The Chart.yaml File".

use anyhow::Result;

use super::asked;
use crate::entry;
use crate::formats::oci::deployment::Deployment;
use crate::formats::{Format, Near, Yield};
use crate::model::{Inventory, Says, Scope};
use crate::source::{self, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `Chart.yaml`, the charts that a chart depends on, where no `Chart.lock` beside it says what they resolved to.
    ///
    /// One with an exact version is a component; a range is reported as unpinned. One with a condition or tags is optional. A
    /// chart without dependencies is no subject.
    pub ChartYaml = "chart-yaml"
}

impl Format for ChartYaml {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["Chart.yaml"]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        // A template of a chart may have that name too.
        !text.contains("{{")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let Some(file) = documents.first().filter(|file| file.get("name").is_some()) else {
            return Err(source.fault(source.start(), "no chart: a map with \"name\" and \"version\" is expected"));
        };
        let mut deployment = Deployment::new(source, self);
        deployment.inventory.says = Says { licence: false, integrity: false, ..Says::ALL };
        for dependency in file.get("dependencies").map_or(&[][..], Node::items) {
            let is_optional = dependency.get("condition").or(dependency.get("tags")).is_some();
            deployment.scope = if is_optional { Scope::Optional } else { Scope::Runtime };
            let get = |key: &str| dependency.get(key);
            asked(get("name"), get("version"), get("repository"), &mut deployment);
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        inventory.nodes.len() > 1 || !inventory.declared.is_empty() || !inventory.faults.is_empty()
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let path = if folder.is_empty() { "Chart.lock".to_owned() } else { format!("{folder}/Chart.lock") };
        let Some(lock) = near.get(&path) else { return };
        let is_locked = |name: &str| {
            let mut locked = lock.nodes.iter().filter_map(|node| node.component);
            locked.any(|component| component.purl.name() == name)
        };
        // What the lock has, it says; what it lacks, it is too old for.
        let mut declared = std::mem::take(&mut inventory.declared);
        declared.retain(|declared| !is_locked(declared.name));
        inventory.declared = declared;
        let is_kept = |node: u32| {
            let component = inventory.nodes[node as usize].component;
            component.is_none_or(|component| !is_locked(component.purl.name()))
        };
        let kept: Vec<_> = inventory.edges.iter().filter(|edge| is_kept(edge.to)).copied().collect();
        let nodes = std::mem::take(&mut inventory.nodes);
        inventory.nodes.extend(nodes.first().copied());
        inventory.edges.clear();
        for edge in kept {
            let node = inventory.add_node(nodes[edge.to as usize]);
            inventory.edges.push(crate::model::Edge { to: node, ..edge });
        }
    }
}
