//! Compose files: the images that their services run, with what they ask of the host.
//!
//! Specification: the Compose file reference.

use anyhow::Result;

use super::contexts::LABEL;
use super::deployment::{Deployment, fact, said};
use super::expand::{Variable, expand};
use crate::entry;
use crate::formats::Format;
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Part, PartKind};
use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `compose.yaml` and `docker-compose.yml`, the images that their services run.
    ///
    /// A service that is built has no image here: what it starts from, its Dockerfile says. Defaults of variables are used;
    /// an image named by a variable without one is reported as unpinned.
    pub Compose = "compose"
}

impl Format for Compose {
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
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        for document in &documents {
            if document.entries().is_empty() {
                return Err(source.fault(document.place, "no Compose file: a map with \"services\" is expected"));
            }
            for service in document.get("services").map_or(&[][..], Node::entries) {
                read(&service.key, service.place, &service.node, &mut deployment);
            }
        }
        deployment.platforms();
        Ok(deployment.inventory)
    }
}

/// Reads one service.
fn read(name: &str, place: Place, service: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let mut facts = settings(service, deployment.source);
    facts.extend(devices(service));
    facts.extend(service.get("runtime").map(|runtime| fact(FactKind::Runtime, "runtime", runtime)));
    facts.extend(service.get("platform").map(|platform| fact(FactKind::Platform, "platform", platform)));
    let mut image = None;
    if let Some(build) = service.get("build") {
        facts.extend(dockerfile(build));
        facts.extend(target(build));
        facts.extend(contexts(build));
    } else if let Some(node) = service.get("image")
        && let Some(text) = node.text()
    {
        match expanded(text) {
            Some(text) => image = deployment.image(&text, node.place),
            None => deployment.unpinned(text, node.place),
        }
    }
    facts.sort_by_key(|fact| fact.place);
    let (name, kind) = (intern::text(name), PartKind::Container);
    deployment.inventory.parts.push(Part { name, kind, base: None, image, runs: true, facts, place });
}

/// Returns a text with its variables filled in by their defaults; none where one has no default, or it is malformed.
fn expanded(text: &str) -> Option<String> {
    if !text.contains('$') {
        return Some(text.to_owned());
    }
    // In shells, these mean something; here, they stand for themselves.
    if text.contains(['"', '\'', '\\']) {
        return None;
    }
    let lookup = |name: &str| if name == "$" { Variable::Known("$".to_owned()) } else { Variable::Unset };
    expand(text, '\\', &lookup).ok().filter(|expansion| !expansion.missing).map(|expansion| expansion.text)
}

/// Returns the variables that a service sets, as a map or as a list; those that the shell gives are not known here.
fn settings(service: &Node<'_>, source: &Source<'_>) -> Vec<Fact> {
    let Some(environment) = service.get("environment") else { return Vec::new() };
    let value = |text: &str| expanded(text).unwrap_or_else(|| text.to_owned());
    let of_map = environment.entries().iter().filter_map(|entry| {
        let text = entry.node.text()?;
        Some(said(FactKind::Env, &entry.key, &value(text), entry.node.place))
    });
    let of_list = environment.items().iter().filter_map(|item| {
        let (name, text) = item.text()?.split_once('=')?;
        let range = item.place.start as usize + name.len() + 1..(item.place.start + item.place.len) as usize;
        // One with escapes is spelled otherwise.
        let is_plain = source.text.get(range.clone()) == Some(text);
        let place = if is_plain { source.place_at(range) } else { item.place };
        Some(said(FactKind::Env, name, &value(text), place))
    });
    of_map.chain(of_list).collect()
}

/// Returns the path, seen from the file, of the Dockerfile that a service is built by.
fn dockerfile(build: &Node<'_>) -> Option<Fact> {
    let context = if build.text().is_some() { Some(build) } else { build.get("context") };
    let file = build.get("dockerfile");
    let folder = expanded(context.and_then(Node::text).unwrap_or("."))?;
    let name = expanded(file.and_then(Node::text).unwrap_or("Dockerfile"))?;
    // A context elsewhere (a repository, an archive), or a file that stands in this one.
    let is_elsewhere = folder.contains("://") || folder.starts_with("git@") || build.get("dockerfile_inline").is_some();
    let path = [folder.trim_start_matches("./").trim_end_matches('/'), name.trim_start_matches("./")];
    let path = path.into_iter().filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    let place = file.or(context).unwrap_or(build).place;
    (!is_elsewhere).then(|| said(FactKind::Label, "build.dockerfile", &path, place))
}

/// Returns the stage that a service is built up to, where it names one.
fn target(build: &Node<'_>) -> Option<Fact> {
    let target = build.get("target")?;
    Some(said(FactKind::Label, "build.target", &expanded(target.text()?)?, target.place))
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
            assert_eq!(expanded(text).as_deref(), expected, "{text}");
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
