//! Kubernetes manifests: the containers that they run, with what they ask of the nodes.
//!
//! Specification: the Kubernetes API reference. Resources that others define are read by their shape: whatever holds a pod's
//! `containers`, or a `container`, runs them.

use std::borrow::Cow;

use anyhow::Result;

use super::deployment::{Deployment, across, fact, said};
use crate::entry;
use crate::formats::Format;
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Part, PartKind};
use crate::source::Source;
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
    fn files(&self) -> &'static [&'static str] {
        &["*.yaml", "*.yml"]
    }

    fn is_of(&self, path: &str, text: &str) -> bool {
        kinds(text).any(|kind| !RUN_NOTHING.contains(&kind))
            && MARKS.iter().any(|mark| text.contains(mark))
            && !is_template(path, text)
    }

    fn recognizes(&self, text: &str) -> bool {
        kinds(text).next().is_some()
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        if !documents.iter().any(|document| document.get("kind").is_some() && document.get("apiVersion").is_some()) {
            return Err(source.fault(source.start(), "no document has \"apiVersion\" and \"kind\""));
        }
        for object in documents.iter().flat_map(objects) {
            object.read(&mut deployment);
        }
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
const MARKS: [&str; 5] = ["ontainer", "sidecars", "steps", "script", "driver"];

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

/// One object of a manifest.
struct Object<'n, 't> {
    group: &'n str,
    kind: &'n str,
    name: Cow<'n, str>,
    node: &'n Node<'t>,
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
    vec![Object { group, kind, name, node }]
}

/// The fields that list containers: of a pod, of an Argo template, of a Tekton task.
const LISTS: [&str; 5] = ["initContainers", "containers", "ephemeralContainers", "sidecars", "steps"];

/// The fields that hold one container: of an Argo template.
const SINGLES: [&str; 2] = ["container", "script"];

impl Object<'_, '_> {
    fn read(&self, deployment: &mut Deployment<'_, '_>) {
        match (self.group, self.kind) {
            ("nvidia.com", "ClusterPolicy" | "NVIDIADriver") => self.driver(deployment),
            (_, kind) if RUN_NOTHING.contains(&kind) => {}
            (group, _) if POLICIES.iter().any(|of| group == *of || group.ends_with(&format!(".{of}"))) => {}
            _ => self.walk(self.node, deployment),
        }
    }

    /// Looks for what holds containers, whatever kind it is.
    fn walk(&self, node: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
        let mut wishes = None;
        for entry in node.entries() {
            let is_list = LISTS.contains(&entry.key.as_str());
            let is_single = SINGLES.contains(&entry.key.as_str());
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
    }

    /// Reads one container of a pod.
    fn container(&self, pod: &Node<'_>, container: &Node<'_>, wishes: &[Fact], deployment: &mut Deployment<'_, '_>) {
        let named = container.get("name").or(pod.get("name")).filter(|name| name.text().is_some());
        let name = named.and_then(Node::text).map_or(self.name.to_string(), |name| format!("{} {name}", self.name));
        let image = container.get("image").filter(|image| image.text().is_some_and(|text| !text.is_empty()));
        let mut facts = wishes.to_vec();
        facts.extend(settings(container));
        facts.extend(limits(container));
        facts.extend(claimed(pod, container));
        facts.sort_by_key(|fact| fact.place);
        let part = Part {
            name: intern::text(&name),
            kind: PartKind::Container,
            base: None,
            image: image.and_then(|image| deployment.image(image.text().unwrap_or_default(), image.place)),
            runs: true,
            facts,
            place: named.unwrap_or(container).place,
        };
        deployment.inventory.parts.push(part);
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

/// Says whether a map is a container: a patch of one may name no image.
fn is_container(node: &Node<'_>) -> bool {
    ["image", "env", "resources", "command", "args"].iter().any(|field| node.get(field).is_some())
}

/// Returns the variables that a container sets; what it takes from elsewhere is not known here.
fn settings(container: &Node<'_>) -> Vec<Fact> {
    let variables = container.get("env").map_or(&[][..], Node::items);
    let setting = |variable: &Node<'_>| {
        let name = variable.get("name").filter(|name| name.text().is_some())?;
        match variable.get("value") {
            Some(value) => value.text().is_some().then(|| fact(FactKind::Env, name.text().unwrap_or_default(), value)),
            None if variable.get("valueFrom").is_some() => None,
            None => Some(said(FactKind::Env, name.text().unwrap_or_default(), "", name.place)),
        }
    };
    variables.iter().filter_map(setting).collect()
}

/// Returns the devices that a container asks for: resources whose names begin with a domain.
fn limits(container: &Node<'_>) -> Vec<Fact> {
    let mut limits: Vec<Fact> = Vec::new();
    for field in ["limits", "requests"] {
        for entry in container.at(&["resources", field]).map_or(&[][..], Node::entries) {
            let is_known = limits.iter().any(|limit| limit.name == entry.key);
            if entry.key.contains('/') && !is_known && entry.node.text().is_some() {
                limits.push(fact(FactKind::Limit, &entry.key, &entry.node));
            }
        }
    }
    limits
}

/// Returns the claims of dynamic resources that a container uses, by what the pod claims under their names.
fn claimed(pod: &Node<'_>, container: &Node<'_>) -> Vec<Fact> {
    let used = container.at(&["resources", "claims"]).map_or(&[][..], Node::items);
    let claims = pod.get("resourceClaims").map_or(&[][..], Node::items);
    let claim = |used: &Node<'_>| {
        let name = used.get("name")?;
        let claim = claims.iter().find(|claim| claim.get("name").and_then(Node::text) == name.text());
        let of = claim.and_then(|claim| claim.get("resourceClaimTemplateName").or(claim.get("resourceClaimName")));
        Some(fact(FactKind::Limit, "resource-claim", of.unwrap_or(name)))
    };
    used.iter().filter_map(claim).collect()
}

/// Returns what a pod asks of its node, for all of its containers.
fn wishes_of(pod: &Node<'_>) -> Vec<Fact> {
    let mut wishes = selects(pod);
    for toleration in pod.get("tolerations").map_or(&[][..], Node::items) {
        let key = toleration.get("key");
        let text = |field: &str| toleration.get(field).and_then(Node::text).unwrap_or_default();
        let place = key.or_else(|| toleration.get("operator")).unwrap_or(toleration).place;
        let mut fact = said(FactKind::Tolerate, text("key"), text("value"), place);
        fact.detail = intern::text(text("effect"));
        wishes.push(fact);
    }
    wishes.extend(pod.get("runtimeClassName").map(|class| fact(FactKind::Runtime, "runtimeClassName", class)));
    wishes
}

/// Returns the labels that a node must have.
fn selects(pod: &Node<'_>) -> Vec<Fact> {
    let labels = pod.get("nodeSelector").map_or(&[][..], Node::entries).iter();
    let mut selects: Vec<Fact> = labels.map(|label| fact(FactKind::Select, &label.key, &label.node)).collect();
    let terms = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    // One term must hold, with all that it says: what all of them say of a label, the node must meet.
    let terms: Vec<Vec<Term<'_>>> = pod.at(&terms).map_or(&[][..], Node::items).iter().map(terms_of).collect();
    let Some((first, rest)) = terms.split_first() else { return selects };
    for term in first {
        let alike: Option<Vec<&Term<'_>>> =
            rest.iter().map(|terms| terms.iter().find(|other| other.key == term.key)).collect();
        let Some(alike) = alike else { continue };
        let all: Vec<&Term<'_>> = std::iter::once(term).chain(alike).collect();
        let values: Vec<&Node<'_>> = all.iter().flat_map(|term| term.values.iter().copied()).collect();
        let exists = all.iter().any(|term| term.values.is_empty());
        let mut texts: Vec<&str> = values.iter().filter_map(|value| value.text()).filter(|_| !exists).collect();
        let mut seen = std::collections::BTreeSet::new();
        texts.retain(|text| seen.insert(*text));
        let place = if exists { term.place.place } else { across(&values).unwrap_or(term.place.place) };
        selects.push(said(FactKind::Select, term.key, &texts.join(","), place));
    }
    selects
}

/// What a term says of one label: the values that it may have; any where there are none.
struct Term<'n> {
    key: &'n str,
    place: &'n Node<'n>,
    values: Vec<&'n Node<'n>>,
}

/// Returns what a term says of labels that a node must have; what it must not have is left out.
fn terms_of<'n>(term: &'n Node<'n>) -> Vec<Term<'n>> {
    let expressions = term.get("matchExpressions").map_or(&[][..], Node::items);
    let read = |expression: &'n Node<'n>| {
        let key = expression.get("key")?;
        let values = match expression.get("operator").and_then(Node::text)? {
            "In" => expression.get("values")?.items().iter().filter(|value| value.text().is_some()).collect(),
            "Exists" => Vec::new(),
            _ => return None,
        };
        Some(Term { key: key.text()?, place: key, values })
    };
    expressions.iter().filter_map(read).collect()
}

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
