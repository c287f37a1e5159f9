//! `bentofile.yaml`: what BentoML packs into a Bento, and the image that is made of it.
//!
//! Specification: BentoML's "Bento build options"; `BentoBuildConfig` in its own source.

use anyhow::Result;

use super::deployment::Deployment;
use super::models::MODEL;
use super::packed::{Packed, python};
use crate::entry;
use crate::formats::Format;
use crate::formats::Yield::{self, Digests, Environments, Sources};
use crate::formats::pypi::listed;
use crate::intern;
use crate::model::{Component, Gap, Inventory, Kind, Purl, Requirement, SUBJECT, Scope};
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `bentofile.yaml`, the models, packages and image of a Bento.
    ///
    /// A model with its version (`iris:hz4nbu2p`) is a component, `pkg:generic/iris@hz4nbu2p`; one at `latest` or without a version
    /// is reported as floating. What `python.packages` pins is a component, the rest of it is reported as unpinned;
    /// `python.requirements_txt`, which counts instead where it is there, names a file that is a subject of its own. `docker.base_image` is the
    /// image that is started from; without one, `docker.cuda_version` is the CUDA of the image, and `docker.system_packages` are
    /// installed. Variables (`envs`, `docker.env`) are read as of a Dockerfile.
    ///
    /// What `conda` names is not read, nor what a `setup_script` or a template of a Dockerfile does, nor models that only the code
    /// of the service names.
    pub Bentofile = "bentofile"
}

impl Format for Bentofile {
    fn files(&self) -> &'static [&'static str] {
        &["bentofile.yaml", "bentofile.yml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Digests, Sources, Environments]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let document = yaml::trees(source)?.into_iter().next();
        let Some(document) = document.filter(|document| !document.entries().is_empty()) else {
            return Err(source.fault(source.start(), "no options of a Bento; `service` is expected"));
        };
        let mut deployment = Deployment::new(source, self);
        let mut packed = Packed::new(source, "bentoml");
        for spec in document.get("models").map_or(&[][..], Node::items) {
            model(&mut deployment.inventory, spec);
        }
        let list = |path: &[&str]| document.at(path).map_or(&[][..], Node::items);
        // BentoML passes the list over where a file is named.
        match document.at(&["python", "requirements_txt"]) {
            Some(file) => packed.requirements(file),
            None => listed::add(&mut deployment.inventory, list(&["python", "packages"])),
        }
        let index = document.at(&["python", "index_url"]).into_iter();
        let more = ["extra_index_url", "find_links"].into_iter().flat_map(|key| list(&["python", key]));
        for address in index.chain(more).filter(|address| address.text().is_some()) {
            deployment.inventory.look_up(address.text().unwrap_or_default(), address.place);
        }
        let base = document.at(&["docker", "base_image"]).filter(|base| base.text().is_some());
        let image = base.and_then(|base| deployment.image(base.text().unwrap_or_default(), base.place));
        // BentoML passes these over where an image is named.
        if let (Some(docker), None) = (document.get("docker"), base) {
            python(&mut deployment.inventory, docker);
            docker.get("cuda_version").into_iter().for_each(|cuda| packed.cuda(cuda));
            packed.system(docker.get("system_packages").map_or(&[][..], Node::items));
        }
        for variable in document.at(&["docker", "env"]).map_or(&[][..], Node::entries) {
            packed.set(&variable.key, variable.node.text().unwrap_or_default(), variable.place.to(variable.node.place));
        }
        for variable in list(&["docker", "env"]) {
            if let Some((name, value)) = variable.text().and_then(|text| text.split_once('=')) {
                packed.set(name, value, variable.place);
            }
        }
        for variable in list(&["envs"]) {
            let Some(name) = variable.get("name").filter(|name| name.text().is_some()) else { continue };
            let value = variable.get("value").and_then(Node::text).unwrap_or_default();
            // One without a value is set where the Bento is deployed.
            if !value.is_empty() {
                packed.set(name.text().unwrap_or_default(), value, name.place);
            }
        }
        Ok(packed.finish(deployment, image, document.place))
    }
}

/// Adds a model by its tag, `name:version`.
fn model(inventory: &mut Inventory, spec: &Node<'_>) {
    let tag = spec.get("tag").unwrap_or(spec);
    let Some((text, place)) = tag.text().map(str::trim).filter(|text| !text.is_empty()).map(|text| (text, tag.place))
    else {
        return inventory.fault(spec.place, "a model without a tag; write `name:version`");
    };
    let (name, version) = text.rsplit_once(':').unwrap_or((text, ""));
    let requirement = Requirement { extra: MODEL, ..Requirement::of(Scope::Runtime) };
    if matches!(version, "" | "latest") {
        let requirement = Requirement { constraint: intern::text(version), ..requirement };
        return inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Unpinned);
    }
    let component = Component { kind: Kind::Model, ..Component::new(Purl::new("generic", "", name, version)) };
    let node = inventory.add(component, place);
    inventory.edge(SUBJECT, node, requirement, place);
}
