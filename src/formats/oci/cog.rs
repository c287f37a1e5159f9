//! `cog.yaml`: how Cog packs a model into an image.
//!
//! Specification: the "`cog.yaml` reference" of Cog's documentation.

use anyhow::Result;

use super::deployment::Deployment;
use super::packed::{Packed, python};
use crate::entry;
use crate::formats::Format;
use crate::formats::Yield::{self, Environments, Sources};
use crate::formats::pypi::listed;
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::yaml::{self, Node};

entry! {
    /// `cog.yaml`, what Cog installs into the image that a model runs in.
    ///
    /// What `python_packages` pins (`torch==2.4.0`) is a component; the rest of that list is reported as unpinned. Python is one
    /// where its version has three numbers. `python_requirements` names a file that is a subject of its own, and belongs to the
    /// image. With `gpu: true`, the `cuda` of the file is the toolkit of the image to the GPU rules; the packages that the file
    /// pins are held to drivers and to each other. Also read are `system_packages`, the commands of `run` with the models that they
    /// fetch, and `environment`, as of a Dockerfile.
    ///
    /// The image that Cog starts from, the CUDA that it picks where none is named, and cuDNN do not stand in the file. Weights that
    /// the code fetches do not either: none of it is compared.
    pub Cog = "cog"
}

impl Format for Cog {
    fn files(&self) -> &'static [&'static str] {
        &["cog.yaml"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Sources, Environments]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| ["build:", "predict:", "train:", "image:"].iter().any(|key| line.starts_with(key)))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let Some(document) = yaml::trees(source)?.into_iter().next() else {
            return Err(source.fault(source.start(), "the file is empty"));
        };
        let mut deployment = Deployment::new(source, self);
        let mut packed = Packed::new(source, "cog");
        for variable in document.get("environment").map_or(&[][..], Node::items) {
            if let Some((name, value)) = variable.text().and_then(|text| text.split_once('=')) {
                packed.set(name, value, variable.place);
            }
        }
        let Some(build) = document.get("build") else {
            return Ok(packed.finish(deployment, None, document.place));
        };
        python(&mut deployment.inventory, build);
        let list = |key: &str| build.get(key).map_or(&[][..], Node::items);
        packed.system(list("system_packages"));
        listed::add(&mut deployment.inventory, list("python_packages"));
        if let Some(file) = build.get("python_requirements") {
            packed.requirements(file);
        }
        let is_on = build.get("gpu").and_then(Node::text) == Some("true");
        if let Some(cuda) = build.get("cuda").filter(|_| is_on) {
            packed.cuda(cuda);
        }
        // Before it was called `run`, what had to come first was `pre_install`.
        for command in ["pre_install", "run"].iter().flat_map(|key| list(key)) {
            packed.run(command.get("command").unwrap_or(command));
        }
        Ok(packed.finish(deployment, None, build.place))
    }
}
