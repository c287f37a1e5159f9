//! Kubernetes manifests: the containers that they run, with what they ask of the nodes.
//!
//! Specification: the Kubernetes API reference. Resources that others define are read by their shape: whatever holds a pod's
//! `containers`, or a `container`, runs them.

use std::borrow::Cow;
use std::cell::OnceCell;

use anyhow::Result;

use super::block;
use super::deployment::{Deployment, fact, is_placeholder};
use super::gitops;
use super::models;
use super::operated::{self, Before};
use super::parameters::{self, Values};
use super::pod::{claimed, is_container, limits, selects, settings, wishes_of};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Part, PartKind};
use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// Kubernetes manifests in YAML, the images that their containers run.
    ///
    /// A `.yaml` or `.yml` file is one if it has a document with `apiVersion` and `kind`; it is a subject if one of its
    /// documents runs a container: a Deployment, a Job, a List of them, or a resource of another kind that holds a pod's
    /// `containers` somewhere, as those of KServe, Ray, Kubeflow and Argo do. The GPU operator's ClusterPolicy is read for
    /// the driver that it installs. Templates of Helm charts are passed over: render them with `helm template`, and check
    /// what it writes. A manifest in JSON is read where it is named.
    pub Kubernetes = "kubernetes"
}

impl Format for Kubernetes {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.yaml", "*.yml"]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        let has_mark = || MARKS.iter().any(|mark| text.contains(mark));
        // Controllers deploy what others describe.
        kinds(text).any(|kind| gitops::KINDS.contains(&kind) || (!RUN_NOTHING.contains(&kind) && has_mark()))
            && !is_template(path, text)
    }

    fn recognizes(&self, text: &str) -> bool {
        kinds(text).next().is_some()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = block::json_documents(source).map_or_else(|| yaml::trees(source), Ok)?;
        let mut deployment = Deployment::new(source, self);
        if !documents.iter().any(|document| document.get("kind").is_some() && document.get("apiVersion").is_some()) {
            return Err(source.fault(source.start(), "no document has \"apiVersion\" and \"kind\""));
        }
        documents.iter().for_each(|document| read(document, &mut deployment));
        Ok(deployment.inventory)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        let inventory = self.parse(source)?;
        // What runs nothing (a Service, a ConfigMap) is no subject.
        let is_subject = inventory.nodes.len() > 1
            || !(inventory.parts.is_empty() && inventory.declared.is_empty() && inventory.faults.is_empty());
        Ok(is_subject.then_some(inventory).into_iter().collect())
    }
}

/// Kinds that run nothing, and are often large.
const RUN_NOTHING: [&str; 4] = ["CustomResourceDefinition", "ConfigMap", "Secret", "Kustomization"];

/// The groups whose objects hold patterns of containers, to be matched or changed.
const POLICIES: [&str; 2] = ["kyverno.io", "gatekeeper.sh"];

/// What a file holds at least once if it runs something.
const MARKS: [&str; 7] = ["ontainer", "sidecars", "steps", "script", "driver", "image:", "\"image\""];

/// Says whether a file is a template of manifests.
fn is_template(path: &str, text: &str) -> bool {
    let in_chart = path.contains("/templates/") || path.starts_with("templates/");
    // Elsewhere, quoted marks may be some controller's; others no parser takes.
    let source = Source { file: Default::default(), path: "", text };
    yaml::is_template(text) && (in_chart || yaml::trees(&source).is_err())
}

/// Returns the kinds of a file's objects by a look at its lines; none where it is no manifest.
fn kinds(text: &str) -> impl Iterator<Item = &str> {
    fn value<'t>(line: &'t str, key: &str) -> Option<&'t str> {
        let rest = line.strip_prefix('"').unwrap_or(line).strip_prefix(key)?;
        let value = rest.strip_prefix('"').unwrap_or(rest).trim_start().strip_prefix(':')?;
        Some(value.trim().trim_matches(['"', '\'', ',']))
    }
    // An object in JSON is indented, and may be all on one line; kubectl writes its version first.
    let is_json = text.trim_start().starts_with('{');
    let has_version = match is_json {
        true => text.lines().take(8).any(|line| line.contains("\"apiVersion\"")) && text.contains("\"kind\""),
        false => text.lines().any(|line| value(line, "apiVersion").is_some()),
    };
    let lines = text.lines().filter(move |_| has_version && !is_json).filter_map(|line| value(line, "kind"));
    lines.chain((has_version && is_json).then_some(""))
}

/// Reads the objects of a document.
pub(crate) fn read(document: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    objects(document).iter().for_each(|object| object.read(deployment));
}

/// One object of a manifest.
struct Object<'n, 't> {
    group: &'n str,
    kind: &'n str,
    name: Cow<'n, str>,
    node: &'n Node<'t>,
    values: OnceCell<Values<'n, 't>>,
}

/// Returns the objects of a document: itself, or those that it lists.
fn objects<'n, 't>(node: &'n Node<'t>) -> Vec<Object<'n, 't>> {
    let text = |node: Option<&'n Node<'t>>| node.and_then(Node::text);
    let (Some(kind), Some(version)) = (text(node.get("kind")), text(node.get("apiVersion"))) else { return Vec::new() };
    if kind.ends_with("List")
        && let Some(items) = node.get("items")
    {
        return items.items().iter().flat_map(objects).collect();
    }
    let name = text(node.at(&["metadata", "name"])).or(text(node.at(&["metadata", "generateName"])));
    let name = name.map_or(Cow::Borrowed(kind), |name| Cow::Owned(format!("{kind}/{name}")));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    vec![Object { group, kind, name, node, values: OnceCell::new() }]
}

/// The fields that list containers: of a pod, of an Argo template, of a Tekton task.
const LISTS: [&str; 5] = ["initContainers", "containers", "ephemeralContainers", "sidecars", "steps"];

/// The fields of a predictor that are containers of their own kind.
const MODELS: [&str; 9] =
    ["model", "huggingface", "lightgbm", "onnx", "paddle", "pytorch", "sklearn", "tensorflow", "triton"];

/// Says whether a group is the API's own, whose fields are all known.
fn is_built_in(group: &str) -> bool {
    let is_own = group.ends_with(".k8s.io") && !group.ends_with("x-k8s.io");
    is_own || matches!(group, "" | "apps" | "autoscaling" | "batch" | "policy" | "extensions")
}

/// The label of a container whose image is not known here: what stands in its place.
pub(crate) const IMAGE: &str = "image";

/// The fields that hold one container: of an Argo template.
const SINGLES: [&str; 2] = ["container", "script"];

impl Object<'_, '_> {
    fn read(&self, deployment: &mut Deployment<'_, '_>) {
        match (self.group, self.kind) {
            ("nvidia.com", "ClusterPolicy" | "NVIDIADriver") => self.driver(deployment),
            (group, kind) if gitops::read(group, kind, &self.name, self.node, deployment) => {}
            (_, kind) if RUN_NOTHING.contains(&kind) => {}
            (group, _) if POLICIES.iter().any(|of| group == *of || group.ends_with(&format!(".{of}"))) => {}
            (group, _) => {
                let before = Before::of(&deployment.inventory);
                self.walk(self.node, deployment);
                if !is_built_in(group)
                    && let Some(spec) = self.node.get("spec")
                {
                    operated::read(&self.name, spec, &before, deployment);
                }
            }
        }
    }

    /// Looks for what holds containers, whatever kind it is.
    fn walk(&self, node: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
        let mut wishes = None;
        for entry in node.entries() {
            let is_list = LISTS.contains(&entry.key.as_str());
            let is_model = || self.group == "serving.kserve.io" && MODELS.contains(&entry.key.as_str());
            let is_single = SINGLES.contains(&entry.key.as_str()) || is_model();
            let listed = entry.node.items().iter().filter(|_| is_list);
            let single = std::iter::once(&entry.node).filter(|_| is_single);
            for container in listed.chain(single).filter(|container| is_container(container)) {
                let wishes = wishes.get_or_insert_with(|| wishes_of(node));
                self.container(node, container, wishes, deployment);
            }
        }
        for entry in node.entries().iter().filter(|entry| !matches!(entry.key.as_str(), "metadata" | "status")) {
            self.walk(&entry.node, deployment);
        }
        for item in node.items() {
            self.walk(item, deployment);
        }
        for volume in node.get("volumes").map_or(&[][..], Node::items) {
            if let Some((text, place)) = volume.at(&["image", "reference"]).and_then(|it| Some((it.text()?, it.place)))
            {
                deployment.image(text, place);
            }
        }
    }

    /// Returns what an image's name is with the parameters filled in that the object itself has values or defaults for.
    fn filled(&self, image: &Node<'_>) -> (String, Place) {
        let text = image.text().unwrap_or_default();
        let as_it_is = || (text.to_owned(), image.place);
        let values = || self.values.get_or_init(|| parameters::of(self.node));
        if !parameters::has_marks(text) {
            return as_it_is();
        }
        match parameters::fill(text, values()) {
            Some((filled, place)) if !is_placeholder(&filled) => (filled, place.unwrap_or(image.place)),
            // What is not known stays as it is.
            _ => as_it_is(),
        }
    }

    /// Reads one container of a pod.
    fn container(&self, pod: &Node<'_>, container: &Node<'_>, wishes: &[Fact], deployment: &mut Deployment<'_, '_>) {
        let named = container.get("name").or(pod.get("name")).filter(|name| name.text().is_some());
        let name = named.and_then(Node::text).map_or(self.name.to_string(), |name| format!("{} {name}", self.name));
        let image = container.get("image").filter(|image| image.text().is_some_and(|text| !text.is_empty()));
        let node = image.and_then(|image| {
            let (text, place) = self.filled(image);
            deployment.image(&text, place)
        });
        let mut facts = wishes.to_vec();
        facts.extend(settings(container));
        facts.extend(limits(container));
        facts.extend(claimed(pod, container));
        self.models(container, image, &facts, deployment);
        // What an overlay may fill in.
        facts.extend(image.filter(|_| node.is_none()).map(|image| fact(FactKind::Label, IMAGE, image)));
        deployment.container(&name, node, true, facts, named.unwrap_or(container).place);
    }

    /// Adds the models that a container loads.
    fn models(
        &self,
        container: &Node<'_>,
        image: Option<&Node<'_>>,
        facts: &[Fact],
        deployment: &mut Deployment<'_, '_>,
    ) {
        let words: Vec<models::Word> = ["command", "args"]
            .iter()
            .flat_map(|field| container.get(field).map_or(&[][..], Node::items))
            .filter_map(|word| Some(models::Word { text: word.text()?.to_owned(), place: word.place }))
            .collect();
        let image = image.and_then(Node::text).unwrap_or_default();
        models::add(deployment.source, &mut deployment.inventory, models::of(image, &words, &models::variables(facts)));
    }

    /// Reads what the GPU operator is to install.
    fn driver(&self, deployment: &mut Deployment<'_, '_>) {
        let Some(spec) = self.node.get("spec") else { return };
        let mut facts = Vec::new();
        for (field, name) in match self.kind {
            "ClusterPolicy" => CLUSTER_POLICY,
            _ => DRIVER,
        } {
            let path: Vec<&str> = field.split('.').collect();
            let value = spec.at(&path).filter(|value| value.text().is_some());
            facts.extend(value.map(|value| fact(FactKind::Label, name, value)));
        }
        facts.extend(selects(spec));
        facts.sort_by_key(|fact| fact.place);
        deployment.inventory.parts.push(Part {
            name: intern::text(&self.name),
            kind: PartKind::Container,
            facts,
            place: self.node.at(&["metadata", "name"]).unwrap_or(self.node).place,
            ..Part::default()
        });
    }
}

/// The fields of a ClusterPolicy's `spec` that say what a node gets, and what they are called here.
const CLUSTER_POLICY: &[(&str, &str)] = &[
    ("cdi.enabled", "cdi.enabled"),
    ("driver.enabled", "driver.enabled"),
    ("driver.image", "driver.image"),
    ("driver.kernelModuleType", "driver.kernelModuleType"),
    ("driver.repository", "driver.repository"),
    ("driver.useOpenKernelModules", "driver.useOpenKernelModules"),
    ("driver.usePrecompiled", "driver.usePrecompiled"),
    ("driver.version", "driver.version"),
    ("mig.strategy", "mig.strategy"),
    ("toolkit.enabled", "toolkit.enabled"),
    ("toolkit.version", "toolkit.version"),
];

/// Those of an NVIDIADriver, under the same names.
const DRIVER: &[(&str, &str)] = &[
    ("driverType", "driver.driverType"),
    ("image", "driver.image"),
    ("kernelModuleType", "driver.kernelModuleType"),
    ("repository", "driver.repository"),
    ("useOpenKernelModules", "driver.useOpenKernelModules"),
    ("usePrecompiled", "driver.usePrecompiled"),
    ("version", "driver.version"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<Vec<Inventory>> {
        Kubernetes.parse_all(&Source { file: Default::default(), path: "x.yaml", text })
    }

    #[test]
    fn manifests_are_told_from_other_files_of_their_names() {
        let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]}\n";
        for (path, text, expected) in [
            ("a.yaml", pod, true),
            ("a.yaml", &pod.replace('\n', "\r\n"), true),
            ("a.yaml", &pod.replace("kind: Pod", "\"kind\": \"Pod\""), true),
            ("a.yaml", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {\"containers\": []}}", true),
            ("a.yaml", &format!("{pod}# {{{{ a comment\n"), true),
            ("a.yaml", "", false),
            ("a.yaml", &pod.replace("kind: Pod", "kinds: Pod"), false),
            ("a.yaml", &pod.replace("kind: Pod", "kind: ConfigMap"), false),
            ("a.yaml", &pod.replace("apiVersion", " apiVersion"), false),
            ("a.yaml", &pod.replace("image: a", "image: {{ a }}"), false),
            ("chart/templates/a.yaml", &pod.replace("image: a", "image: '{{ a }}'"), false),
            ("a.yaml", &pod.replace("image: a", "image: '{{ a }}'"), true),
            ("a.yaml", "apiVersion: v1\nkind: Service\nspec: {}\n", false),
            ("a.yaml", "services:\n  a: {image: b}\n", false),
        ] {
            assert_eq!(Kubernetes.is_of(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn what_runs_nothing_is_no_subject() {
        let pattern = "spec: {rules: [{validate: {pattern: {spec: {containers: [{image: '*:1'}]}}}}]}\n";
        for (text, expected) in [
            ("apiVersion: v1\nkind: Service\nspec: {}\n".to_owned(), 0),
            (format!("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n{pattern}"), 0),
            ("apiVersion: v1\nkind: List\nitems: []\n".to_owned(), 0),
            ("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: B}]}]}\n".to_owned(), 1),
            (
                "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {\"containers\": [{\"image\": \"a\"}]}}"
                    .to_owned(),
                1,
            ),
        ] {
            assert_eq!(read(&text).unwrap().len(), expected, "{text}");
        }
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(message("a: 1\n"), "no document has \"apiVersion\" and \"kind\"");
        assert_eq!(message("apiVersion: v1\nkind: [\n"), "unclosed bracket '['");
    }

    #[test]
    fn of_several_terms_what_all_of_them_say_is_asked() {
        let told = |terms: &str| -> Vec<String> {
            let path = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: ";
            let text =
                format!("{{apiVersion: v1, kind: Pod, spec: {{{path}{terms}}}}}}}, containers: [{{image: a}}]}}}}");
            let inventory = read(&text).unwrap().remove(0);
            let facts = inventory.parts[0].facts_of(FactKind::Select);
            facts.map(|fact| format!("{}={}", fact.name, fact.value)).collect()
        };
        let term = |inner: &str| format!("{{matchExpressions: [{inner}]}}");
        let (one, two) = ("{key: k, operator: In, values: [a, b]}", "{key: k, operator: In, values: [b, c]}");
        for (terms, expected) in [
            ("[]".to_owned(), &[][..]),
            (format!("[{}]", term(one)), &["k=a,b"]),
            (format!("[{}, {}]", term(one), term(two)), &["k=a,b,c"]),
            (format!("[{}, {}]", term(one), term("{key: k, operator: Exists}")), &["k="]),
            (format!("[{}, {}]", term(one), term("{key: l, operator: Exists}")), &[]),
            (format!("[{}]", term("{key: k, operator: Gt, values: ['5']}")), &[]),
            (format!("[{}]", term(&format!("{one}, {{key: l, operator: Exists}}"))), &["k=a,b", "l="]),
        ] {
            assert_eq!(told(&terms), expected, "{terms}");
        }
    }
}
