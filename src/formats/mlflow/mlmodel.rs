//! `MLmodel`: what MLflow says of a model that it saved.
//!
//! Specification: MLflow's "MLflow Models" (storage format), and what its flavors write beside `flavors`. The file has no
//! version of its own; `mlflow_version` is that of the program that wrote it.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::entry;
use crate::formats::oci::models::{self, MODEL};
use crate::formats::pins::text;
use crate::formats::{Format, Near};
use crate::intern;
use crate::model::{Component, Gap, Inventory, Kind, NodeId, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{self, Place, Source};
use crate::syntax::yaml::{self, Entry, Node};

entry! {
    /// `MLmodel`, a model that MLflow saved: which one it is, and which releases it was saved with.
    ///
    /// The model is `pkg:mlflow/NAME@VERSION` where it came out of a registry, which the file `registered_model_meta` beside it
    /// says. One that is not registered has no name and no number: it is called by its `artifact_path`, else by its folder, and
    /// its `model_uuid` is its version, so that a model that was trained again is another version of the same. The run
    /// (`run_id`) is a property.
    ///
    /// It requires the releases that its flavors name (`sklearn_version`, `pytorch_version`, …), Python's and MLflow's own.
    /// What else has to be installed stands in the `requirements.txt` beside it, which is a subject of its own. A model or a
    /// tokenizer of the hub that is not saved along (`source_model_name` of the flavor `transformers`) is required at the
    /// commit that stands beside its name; without one it is reported as floating. Where the weights are saved along, that
    /// name only tells where they once came from, and is not read.
    ///
    /// The file holds no digest of the weights, and no licence: neither is compared. Nor are its signature, example, size and
    /// the time of writing.
    pub MlModel = "mlmodel"
}

/// The keys of flavors that hold a release, and the package whose release it is. Keras's key in TensorFlow's flavor holds
/// the release of TensorFlow.
const RELEASES: &[(&str, &str, &str)] = &[
    ("catboost", "catboost_version", "catboost"),
    ("johnsnowlabs", "pyspark_version", "pyspark"),
    ("keras", "keras_version", "keras"),
    ("langchain", "langchain_version", "langchain"),
    ("lightgbm", "lgb_version", "lightgbm"),
    ("llama_index", "llama_index_version", "llama-index-core"),
    ("onnx", "onnx_version", "onnx"),
    ("openai", "openai_version", "openai"),
    ("paddle", "paddle_version", "paddlepaddle"),
    ("pmdarima", "pmdarima_version", "pmdarima"),
    ("prophet", "prophet_version", "prophet"),
    ("python_function", "cloudpickle_version", "cloudpickle"),
    ("pytorch", "pytorch_version", "torch"),
    ("sentence_transformers", "sentence_transformers_version", "sentence-transformers"),
    ("shap", "shap_version", "shap"),
    ("sklearn", "sklearn_version", "scikit-learn"),
    ("spacy", "spacy_version", "spacy"),
    ("spark", "pyspark_version", "pyspark"),
    ("statsmodels", "statsmodels_version", "statsmodels"),
    ("tensorflow", "keras_version", "tensorflow"),
    ("transformers", "transformers_version", "transformers"),
    ("xgboost", "xgb_version", "xgboost"),
];

/// The parts of a pipeline that the flavor `transformers` names apart from the model: `tokenizer_name`,
/// `tokenizer_revision`.
const PARTS: &[&str] = &["source_model", "tokenizer", "feature_extractor", "image_processor", "processor"];

impl Format for MlModel {
    fn files(&self) -> &'static [&'static str] {
        &["MLmodel"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let document = yaml::trees(source)?.into_iter().next();
        let flavors = document.as_ref().and_then(|document| document.get("flavors"));
        let (Some(document), Some(flavors)) = (document.as_ref(), flavors) else {
            return Err(source.fault(source.start(), "no `flavors` in it; is it an MLmodel of MLflow's?"));
        };
        let mut inventory = Inventory::new(source, "mlmodel");
        inventory.says = Says { edges: false, integrity: false, origin: false, licence: false, ..Says::ALL };
        let model = model(source, document, &mut inventory);
        let mut known = BTreeSet::new();
        let mut add = |ty: &str, name: &str, version: &str, place: Place| {
            let purl = Purl::new(ty, "", name, version);
            if !version.is_empty() && known.insert(purl) {
                let node = inventory.add(Component::new(purl), place);
                inventory.edge(model, node, Requirement::default(), place);
            }
        };
        let line = |entry: &Entry<'_>| entry.place.to(entry.node.place);
        for entry in document.entries().iter().filter(|entry| entry.key == "mlflow_version") {
            add("pypi", "mlflow", entry.node.text().unwrap_or_default(), line(entry));
        }
        for flavor in flavors.entries() {
            for entry in flavor.node.entries() {
                let value = entry.node.text().unwrap_or_default();
                let release = RELEASES.iter().find(|(of, key, _)| *of == flavor.key && *key == entry.key);
                if let Some((.., package)) = release {
                    add("pypi", package, value, line(entry));
                }
                if entry.key == "python_version" {
                    add("generic", "python", value, line(entry));
                }
            }
        }
        for flavor in flavors.entries().iter().filter(|flavor| flavor.key == "transformers") {
            from_hub(source, &flavor.node, model, &mut inventory);
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let folder = source::folder(inventory.subject);
        let path = if folder.is_empty() { String::new() } else { format!("{folder}/") } + "registered_model_meta";
        let Some(registered) = near.get(&path) else { return };
        let Some(manifest) = &registered.manifest else { return };
        let Some(root) = inventory.nodes.iter_mut().find(|node| node.root) else { return };
        let Some(component) = root.component else { return };
        let version = component.version();
        let mut component =
            Component { purl: Purl::new("mlflow", "", manifest.name, manifest.version), ..component.clone() };
        if !version.is_empty() {
            component.properties.push(("model_uuid", version));
        }
        root.component = Some(component.intern());
        root.place = registered.nodes.first().map_or(root.place, |node| node.place);
    }
}

/// Adds the model itself.
fn model(source: &Source<'_>, document: &Node<'_>, inventory: &mut Inventory) -> NodeId {
    let path = text(document, "artifact_path");
    // Since its version 3 MLflow writes an address of its store there.
    let path = if path.starts_with('/') || path.contains(':') { "" } else { path };
    let key = if last(path).is_empty() { "model_uuid" } else { "artifact_path" };
    let name = [path, source.folder()].into_iter().map(last).find(|name| !name.is_empty()).unwrap_or("model");
    let uuid = text(document, "model_uuid");
    let mut model = Component::new(Purl::new("mlflow", "", name, uuid));
    let run = text(document, "run_id");
    if !run.is_empty() {
        model.properties.push(("run_id", intern::text(run)));
    }
    let entry = document.entries().iter().find(|entry| entry.key == key);
    let place = entry.map_or(source.start(), |entry| entry.place.to(entry.node.place));
    let node = inventory.add_root(model.clone(), place);
    // A root is an application; this one is a model.
    model.kind = Kind::Model;
    inventory.nodes[node as usize].component = Some(model.intern());
    node
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Adds what the flavor `transformers` takes from the hub when the model is loaded.
fn from_hub(source: &Source<'_>, flavor: &Node<'_>, model: NodeId, inventory: &mut Inventory) {
    // The weights stand beside the file, or in a folder of the machine.
    let is_saved = flavor.get("model_binary").is_some() || flavor.get("local_base_model_path").is_some();
    for part in PARTS {
        let (name, revision) = (flavor.get(&format!("{part}_name")), text(flavor, &format!("{part}_revision")));
        let Some(place) = name.map(|name| name.place) else { continue };
        let name = name.and_then(Node::text).unwrap_or_default();
        let is_read = models::is_name(name) || models::is_commit(revision) && models::is_base(name);
        if !is_read || (is_saved && revision.is_empty()) {
            continue;
        }
        let requirement = Requirement { extra: MODEL, ..Requirement::of(Scope::Runtime) };
        if !models::is_commit(revision) {
            let requirement = Requirement { constraint: intern::text(revision), ..requirement };
            inventory.declare(SUBJECT, intern::text(name), requirement, place, Gap::Unpinned);
            continue;
        }
        let purl = models::purl(name, revision);
        let known = inventory.nodes.iter().any(|node| node.component.is_some_and(|known| known.purl == purl));
        if !known {
            let place = if place.len == 0 { source.start() } else { place };
            let node = inventory.add(Component { kind: Kind::Model, ..Component::new(purl) }, place);
            inventory.edge(model, node, requirement, place);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn read(text: &str) -> Vec<String> {
        let source = Source { file: FileId(0), path: "models/churn/MLmodel", text };
        lines(&MlModel.parse(&source).unwrap(), text)
    }

    #[test]
    fn models_of_the_hub_are_read_where_they_are_loaded_from_there() {
        let commit = "a09a35458c702b33eeacc393d103063234e8bc28";
        for (flavor, expected) in [
            // The weights are saved along.
            ("source_model_name: org/a, model_binary: model", vec![]),
            (
                "source_model_name: org/a, model_binary: model, tokenizer_name: org/t, tokenizer_revision: v1",
                vec!["- ?? org/t"],
            ),
            ("source_model_name: org/a, local_base_model_path: /x", vec![]),
            // They are not.
            ("source_model_name: org/a", vec!["- ?? org/a"]),
            ("source_model_name: ./a", vec![]),
            ("source_model_name: /a/b", vec![]),
            ("source_model_name: models/b", vec![]),
            ("source_model_name: gpt2", vec![]),
        ] {
            let told = read(&format!("flavors:\n  transformers: {{{flavor}}}\nmodel_uuid: u\n"));
            assert_eq!(told[2..], expected, "{flavor}");
        }
        let told = read(&format!(
            "flavors:\n  transformers:\n    source_model_name: gpt2\n    source_model_revision: {commit}\nmodel_uuid: u\n"
        ));
        assert!(told.contains(&format!("pkg:huggingface/gpt2@{commit} [gpt2] an unknown source")), "{told:?}");
    }

    #[test]
    fn what_is_no_model_is_said() {
        for text in ["a: 1\n", "flavors:\n", "- a\n", "x\n"] {
            let source = Source { file: FileId(0), path: "MLmodel", text };
            let message = MlModel.parse(&source).unwrap_err().to_string();
            assert_eq!(message, "no `flavors` in it; is it an MLmodel of MLflow's?", "{text}");
        }
        assert_eq!(
            read("flavors: {}\n"),
            ["pkg:mlflow/churn [] an unknown source root", "- -> pkg:mlflow/churn runtime"]
        );
    }

    #[test]
    fn a_release_is_of_its_flavor() {
        let told =
            read("flavors:\n  tensorflow: {keras_version: 2.16.1}\n  other: {keras_version: 3}\nmodel_uuid: u\n");
        assert_eq!(told[1], "pkg:pypi/tensorflow@2.16.1 [keras_version: 2.16.1] an unknown source", "{told:?}");
        assert_eq!(told.len(), 4, "{told:?}");
    }
}
