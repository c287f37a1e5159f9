//! `registered_model_meta`: the name and the version under which a registry of MLflow has a model.
//!
//! Specification: MLflow writes it beside `MLmodel` when a registered model is downloaded (`ModelsArtifactRepository`).

use anyhow::Result;

use crate::entry;
use crate::formats::pins::text;
use crate::formats::{Format, Role};
use crate::intern;
use crate::model::{Inventory, Manifest};
use crate::source::Source;
use crate::syntax::yaml;

entry! {
    /// `registered_model_meta`, which name and version a downloaded model of MLflow's registry has.
    ///
    /// It is no subject by itself: the `MLmodel` beside it takes its name and version from it.
    pub RegisteredModelMeta = "mlflow-registered-model"
}

impl Format for RegisteredModelMeta {
    fn files(&self) -> &'static [&'static str] {
        &["registered_model_meta"]
    }

    fn role(&self) -> Role {
        Role::Manifest
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "mlflow-registered-model");
        let document = yaml::trees(source)?.into_iter().next();
        let (name, version) =
            document.as_ref().map(|node| (text(node, "model_name"), text(node, "model_version"))).unwrap_or_default();
        if name.is_empty() || version.is_empty() {
            return Err(
                source.fault(source.start(), "`model_name` and `model_version` are expected; download the model again")
            );
        }
        // Where the name stands, for whom it is the name of.
        let place = document.as_ref().and_then(|node| node.get("model_name")).map(|name| name.place);
        inventory.nodes[0].place = place.unwrap_or(source.start());
        inventory.manifest =
            Some(Manifest { name: intern::text(name), version: intern::text(version), ..Manifest::default() });
        Ok(inventory)
    }
}
