//! Compose files: the images that their services run, with what they ask of the host.
//!
//! Specification: the Compose file reference.

use anyhow::Result;

use super::arguments;
use super::contexts::{LABEL, MADE};
use super::deployment::{Deployment, fact, is_placeholder, said};
use super::dotenv;
use super::expand::{Variable, expand};
use super::kubernetes::IMAGE;
use super::models;
use super::project;
use crate::entry;
use crate::formats::{Format, Near, Yield};
use crate::model::{Fact, FactKind, Inventory, Scope};
use crate::source::{self, Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `compose.yaml` and `docker-compose.yml`, the images that their services run.
    ///
    /// A service that is built has no image here: what it starts from, its Dockerfile says, read with the service's `args` in
    /// the place of its defaults, and its `image` is what that makes: deployments of that name run it. Variables are what a `.env` beside
    /// the file says, and else their defaults; an image named by a variable without either is reported as unpinned. Services
    /// that extend others have what those have, files that are named by `include` are read too, services of a profile are
    /// optional. A `compose.override.yaml` is laid over the `compose.yaml` beside it, as `docker compose up` does: its subject
    /// is both.
    pub Compose = "compose"
}

impl Format for Compose {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "compose.yaml",
            "compose.yml",
            "compose.*.yaml",
            "compose.*.yml",
            "docker-compose*.yaml",
            "docker-compose*.yml",
        ]
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines().any(|line| line.trim_end() == "services:")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        read_file(source, self, &|_| None)
    }

    fn parse_with(&self, source: &Source<'_>, open: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Inventory>> {
        Ok(vec![read_file(source, self, open)?])
    }

    fn is_joined_by_others(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        project::join(inventory, near);
    }
}

/// Reads a file, and of what stands beside it what it asks for.
fn read_file(source: &Source<'_>, format: &dyn Format, open: &dyn Fn(&str) -> Option<String>) -> Result<Inventory> {
    let documents = yaml::trees(source)?;
    let mut deployment = Deployment::new(source, format);
    let settings =
        source::join(source.folder(), ".env").filter(|_| source.text.contains('$') || source.text.contains("args"));
    let settings = settings.and_then(|path| open(&path)).unwrap_or_default();
    let variables = Variables { settings: dotenv::Settings::of(&settings) };
    for document in &documents {
        if document.entries().is_empty() {
            return Err(source.fault(document.place, "no Compose file: a map with \"services\" is expected"));
        }
        for include in document.get("include").map_or(&[][..], Node::items) {
            let paths = include.get("path").unwrap_or(include);
            for path in std::iter::once(paths).chain(paths.items()) {
                project::include(path, &variables, open, false, &mut deployment);
            }
        }
        for service in document.get("services").map_or(&[][..], Node::entries) {
            if let Some(file) = service.node.at(&["extends", "file"]) {
                project::include(file, &variables, open, true, &mut deployment);
            }
            read(&service.key, service.place, &service.node, &variables, &mut deployment);
        }
    }
    deployment.platforms();
    Ok(deployment.inventory)
}

/// Reads one service.
fn read(name: &str, place: Place, service: &Node<'_>, variables: &Variables<'_>, deployment: &mut Deployment<'_, '_>) {
    let mut facts = settings(service, variables, deployment.source);
    facts.extend(devices(service));
    facts.extend(service.get("runtime").map(|runtime| fact(FactKind::Runtime, "runtime", runtime)));
    facts.extend(service.get("platform").map(|platform| fact(FactKind::Platform, "platform", platform)));
    facts.extend(project::extends(service, variables, deployment.source));
    // Services of a profile start where it is asked for.
    let is_optional = service.get("profiles").is_some_and(|profiles| !profiles.items().is_empty());
    deployment.scope = if is_optional { Scope::Optional } else { Scope::Runtime };
    let mut image = None;
    if let Some(build) = service.get("build") {
        // An override may say no more of a build than its arguments.
        let is_over = deployment.source.path.contains(".override.") && build.text().is_none();
        let is_part =
            is_over && ["context", "dockerfile", "dockerfile_inline"].iter().all(|it| build.get(it).is_none());
        facts.extend(dockerfile(build, variables).filter(|_| !is_part));
        facts.extend(target(build, variables));
        facts.extend(contexts(build));
        facts.extend(service.get("image").and_then(|node| {
            let text = variables.expanded(node.text()?).filter(|text| !is_placeholder(text))?;
            Some(said(FactKind::Label, MADE, &text, node.place))
        }));
        let value = |text: &str| variables.expanded(text);
        facts.extend(arguments::facts(build.get("args"), &value, &|name| variables.settings.get(name)));
    } else if let Some(node) = service.get("image")
        && let Some(text) = node.text()
    {
        match variables.expanded(text) {
            Some(text) => image = deployment.image(&text, node.place),
            None => deployment.unpinned(text, node.place),
        }
        // What is laid over it may be told by it.
        facts.extend(Some(fact(FactKind::Label, IMAGE, node)).filter(|_| image.is_none()));
    }
    let words: Vec<models::Word> = ["entrypoint", "command"]
        .iter()
        .filter_map(|field| service.get(field))
        .flat_map(|node| if node.text().is_some() { std::slice::from_ref(node) } else { node.items() })
        .filter_map(|word| {
            let text = variables.expanded(word.text()?).unwrap_or_else(|| "$".to_owned());
            Some(models::Word { text, place: word.place })
        })
        .collect();
    let named = service.get("image").and_then(Node::text).and_then(|text| variables.expanded(text));
    let models = models::of(&named.unwrap_or_default(), &words, &models::variables(&facts));
    models::add(deployment.source, &mut deployment.inventory, models);
    deployment.container(name, image, true, facts, place);
}

/// What is known of variables: their defaults, and what a `.env` beside the file says.
pub(super) struct Variables<'e> {
    settings: dotenv::Settings<'e>,
}

impl Variables<'_> {
    /// Returns a text with its variables filled in; none where one is not known, or it is malformed.
    pub fn expanded(&self, text: &str) -> Option<String> {
        expanded(text, &|name| self.settings.get(name))
    }
}

/// Returns a text with its variables filled in by what is known of them and by their defaults; none where one has no default,
/// or it is malformed.
fn expanded(text: &str, get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if !text.contains('$') {
        return Some(text.to_owned());
    }
    // In shells, these mean something; here, they stand for themselves.
    if text.contains(['"', '\'', '\\']) {
        return None;
    }
    let lookup = |name: &str| match name {
        "$" => Variable::Known("$".to_owned()),
        name => get(name).map_or(Variable::Unset, Variable::Known),
    };
    expand(text, '\\', &lookup).ok().filter(|expansion| !expansion.missing).map(|expansion| expansion.text)
}

/// Returns the variables that a service sets, as a map or as a list; those that the shell gives are not known here.
fn settings(service: &Node<'_>, variables: &Variables<'_>, source: &Source<'_>) -> Vec<Fact> {
    let Some(environment) = service.get("environment") else { return Vec::new() };
    // Of a `.env`, nothing is kept but what bears on images and GPUs: it holds secrets.
    let is_of_gpus = |name: &str| ["NVIDIA_", "CUDA_"].iter().any(|begin| name.starts_with(begin));
    let value = |name: &str, text: &str| {
        let known = if is_of_gpus(name) { variables.expanded(text) } else { expanded(text, &|_| None) };
        known.unwrap_or_else(|| text.to_owned())
    };
    let of_map = environment.entries().iter().filter_map(|entry| {
        let text = entry.node.text()?;
        Some(said(FactKind::Env, &entry.key, &value(&entry.key, text), entry.node.place))
    });
    let of_list = environment.items().iter().filter_map(|item| {
        let (name, text) = item.text()?.split_once('=')?;
        let range = item.place.start as usize + name.len() + 1..(item.place.start + item.place.len) as usize;
        // One with escapes is spelled otherwise.
        let is_plain = source.text.get(range.clone()) == Some(text);
        let place = if is_plain { source.place_at(range) } else { item.place };
        Some(said(FactKind::Env, name, &value(name, text), place))
    });
    of_map.chain(of_list).collect()
}

/// Returns the path, seen from the file, of the Dockerfile that a service is built by.
fn dockerfile(build: &Node<'_>, variables: &Variables<'_>) -> Option<Fact> {
    let context = if build.text().is_some() { Some(build) } else { build.get("context") };
    let file = build.get("dockerfile");
    let folder = variables.expanded(context.and_then(Node::text).unwrap_or("."))?;
    let name = variables.expanded(file.and_then(Node::text).unwrap_or("Dockerfile"))?;
    // A context elsewhere (a repository, an archive), or a file that stands in this one.
    let is_elsewhere = folder.contains("://") || folder.starts_with("git@") || build.get("dockerfile_inline").is_some();
    let path = [folder.trim_start_matches("./").trim_end_matches('/'), name.trim_start_matches("./")];
    let path = path.into_iter().filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    let place = file.or(context).unwrap_or(build).place;
    (!is_elsewhere).then(|| said(FactKind::Label, "build.dockerfile", &path, place))
}

/// Returns the stage that a service is built up to, where it names one.
fn target(build: &Node<'_>, variables: &Variables<'_>) -> Option<Fact> {
    let target = build.get("target")?;
    Some(said(FactKind::Label, "build.target", &variables.expanded(target.text()?)?, target.place))
}

/// Returns the names that a service's build gives to contexts of its own, as a map or as a list.
fn contexts(build: &Node<'_>) -> Vec<Fact> {
    let Some(contexts) = build.get("additional_contexts") else { return Vec::new() };
    let of_map = contexts.entries().iter().map(|entry| said(FactKind::Label, LABEL, &entry.key, entry.node.place));
    let of_list = contexts.items().iter().filter_map(|item| {
        let (name, _) = item.text()?.split_once('=')?;
        Some(said(FactKind::Label, LABEL, name, item.place))
    });
    of_map.chain(of_list).collect()
}

/// Returns the devices that a service asks for, by whichever of the ways there are.
fn devices(service: &Node<'_>) -> Vec<Fact> {
    let mut devices = Vec::new();
    let reserved = service.at(&["deploy", "resources", "reservations", "devices"]).map_or(&[][..], Node::items);
    let is_gpu = |device: &&Node<'_>| {
        let capabilities = device.get("capabilities").map_or(&[][..], Node::items);
        capabilities.iter().any(|capability| capability.text() == Some("gpu"))
    };
    reserved.iter().filter(is_gpu).for_each(|device| reserve(device, &mut devices));
    if let Some(gpus) = service.get("gpus") {
        match gpus.text() {
            Some(_) => devices.push(fact(FactKind::Limit, GPU, gpus)),
            None => gpus.items().iter().for_each(|device| reserve(device, &mut devices)),
        }
    }
    for device in service.get("devices").map_or(&[][..], Node::items) {
        devices.extend(of_cdi(device));
    }
    devices
}

/// What a GPU is called where no vendor is named.
const GPU: &str = "nvidia.com/gpu";

/// Reads one reservation: so many devices, or these.
fn reserve(device: &Node<'_>, devices: &mut Vec<Fact>) {
    let ids = device.get("device_ids");
    let driver = device.get("driver").and_then(Node::text).unwrap_or("nvidia");
    if driver == "cdi" {
        devices.extend(ids.map_or(&[][..], Node::items).iter().filter_map(of_cdi));
        return;
    }
    let name = if driver == "nvidia" { GPU.to_owned() } else { format!("{driver}.com/gpu") };
    devices.push(match (device.get("count"), ids) {
        (Some(count), _) => fact(FactKind::Limit, &name, count),
        (None, Some(ids)) => said(FactKind::Limit, &name, &ids.items().len().to_string(), ids.place),
        (None, None) => said(FactKind::Limit, &name, "all", device.place),
    });
}

/// Reads a device as the container device interface names it: `nvidia.com/gpu=all`.
fn of_cdi(device: &Node<'_>) -> Option<Fact> {
    let (kind, name) = device.text()?.split_once('=')?;
    let is_kind = kind.split_once('/').is_some_and(|(vendor, class)| vendor.contains('.') && !class.contains('/'));
    is_kind.then(|| said(FactKind::Limit, kind, name, device.place))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn variables_take_their_defaults() {
        for (text, expected) in [
            ("postgres:16", Some("postgres:16")),
            ("${R:-r.example}/a:${T-1}", Some("r.example/a:1")),
            ("${A:-${B:-c}}", Some("c")),
            ("$$5", Some("$5")),
            ("a:$TAG", None),
            ("a:${TAG:?say which}", None),
            ("${A:-'x'}", None),
            ("${A", None),
        ] {
            assert_eq!(expanded(text, &|_| None).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_build_names_its_file() {
        for (build, expected) in [
            ("build: .", Some("Dockerfile")),
            ("build: ./api/", Some("api/Dockerfile")),
            ("build: {context: ..}", Some("../Dockerfile")),
            ("build: {context: .., dockerfile: docker/api.Dockerfile}", Some("../docker/api.Dockerfile")),
            ("build: {dockerfile: ./Dockerfile.gpu}", Some("Dockerfile.gpu")),
            ("build: {context: '${CONTEXT:-api}'}", Some("api/Dockerfile")),
            ("build: {context: '${CONTEXT}'}", None),
            ("build: {dockerfile_inline: FROM scratch}", None),
            ("build: 'https://git.example/a.git'", None),
        ] {
            let text = format!("services: {{a: {{{build}}}}}\n");
            let source = Source { file: Default::default(), path: "compose.yaml", text: &text };
            let inventory = Compose.parse(&source).unwrap();
            let label = inventory.parts[0].facts_of(FactKind::Label).next().map(|fact| fact.value);
            assert_eq!(label, expected, "{build}");
        }
    }

    #[test]
    fn a_build_names_its_stage() {
        for (build, expected) in [
            ("build: .", None),
            ("build: {context: ., target: gpu}", Some("gpu")),
            ("build: {target: '${STAGE:-cpu}', context: .}", Some("cpu")),
            ("build: {target: '${STAGE}', context: .}", None),
        ] {
            let text = format!("services: {{a: {{{build}}}}}\n");
            let source = Source { file: Default::default(), path: "compose.yaml", text: &text };
            let inventory = Compose.parse(&source).unwrap();
            let mut labels = inventory.parts[0].facts_of(FactKind::Label);
            assert_eq!(labels.find(|fact| fact.name == "build.target").map(|fact| fact.value), expected, "{build}");
        }
    }

    #[test]
    fn what_is_no_compose_file_is_said() {
        let read = |text| Compose.parse(&Source { file: Default::default(), path: "compose.yaml", text });
        for text in ["", "# nothing\n", "- a\n", "a\n", "a: [\n"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("services:\n").is_ok());
    }
}
