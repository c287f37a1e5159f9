//! What the controllers of a cluster are told to deploy: charts with their values, and images that overlays set.
//!
//! Specifications: the APIs of Argo CD (`Application`), Flux (`HelmRelease`, `HelmChart`, `Kustomization`) and k3s (`HelmChart`).

use super::block;
use super::deployment::{Deployment, is_placeholder};
use super::image_map;
use super::pod;
use super::reference::Reference;
use crate::formats::helm;
use crate::model::Scope;
use crate::source::Place;
use crate::syntax::yaml::Node;

/// The kinds of objects that are read.
pub(crate) const KINDS: [&str; 5] = ["Application", "ApplicationSet", "HelmChart", "HelmRelease", "Kustomization"];

/// Reads an object; says whether it is one of these.
pub(crate) fn read(
    group: &str,
    kind: &str,
    name: &str,
    object: &Node<'_>,
    deployment: &mut Deployment<'_, '_>,
) -> bool {
    let Some(spec) = object.get("spec") else { return false };
    match (group, kind) {
        ("argoproj.io", "Application") => application(name, spec, deployment),
        ("argoproj.io", "ApplicationSet") => {
            if let Some(spec) = spec.at(&["template", "spec"]) {
                application(name, spec, deployment);
            }
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            if let Some(chart) = spec.at(&["chart", "spec"]) {
                helm::asked(chart.get("chart"), chart.get("version"), None, deployment);
            }
            values(name, spec.get("values"), deployment);
            for renderer in spec.get("postRenderers").map_or(&[][..], Node::items) {
                images(renderer.at(&["kustomize", "images"]), deployment);
            }
        }
        ("source.toolkit.fluxcd.io", "HelmChart") => {
            helm::asked(spec.get("chart"), spec.get("version"), None, deployment);
        }
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => images(spec.get("images"), deployment),
        ("helm.cattle.io", "HelmChart") => {
            helm::asked(spec.get("chart"), spec.get("version"), spec.get("repo"), deployment);
            embedded(name, spec.get("valuesContent"), deployment);
        }
        _ => return false,
    }
    true
}

/// Reads the sources of an application.
fn application(name: &str, spec: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let sources = spec.get("sources").map_or(&[][..], Node::items);
    for source in spec.get("source").into_iter().chain(sources) {
        if source.get("chart").is_some() {
            helm::asked(source.get("chart"), source.get("targetRevision"), source.get("repoURL"), deployment);
        }
        for image in source.at(&["kustomize", "images"]).map_or(&[][..], Node::items) {
            assigned(image, deployment);
        }
        if let Some(helm) = source.get("helm") {
            values(name, helm.get("valuesObject"), deployment);
            embedded(name, helm.get("values"), deployment);
            parameters(helm.get("parameters").map_or(&[][..], Node::items), deployment);
        }
    }
}

/// Reads values that are a text.
fn embedded(name: &str, text: Option<&Node<'_>>, deployment: &mut Deployment<'_, '_>) {
    let Some((node, text)) = text.and_then(|node| Some((node, node.text()?))) else { return };
    // What fills in a template first is not known here.
    if let Ok(trees) = block::trees(deployment.source, node.place, text) {
        values(name, trees.first(), deployment);
    }
}

/// Reads the images of a chart's values, with the containers that run them.
fn values(name: &str, values: Option<&Node<'_>>, deployment: &mut Deployment<'_, '_>) {
    let Some(values) = values else { return };
    let all = image_map::registry(values);
    for image in image_map::find(values) {
        // Without a repository, it is the chart that knows the image.
        let Some(repository) = image.repository else { continue };
        deployment.scope = if image.is_off { Scope::Optional } else { Scope::Runtime };
        let text = |node: Option<&Node<'_>>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let tag = image.tag.map(|tag| tag.text().unwrap_or_default());
        let reference =
            image_map::reference(&text(all.or(image.registry)), &text(Some(repository)), tag, &text(image.digest));
        let asked = image.tag.filter(|tag| !tag.is_null()).or(image.digest).unwrap_or(repository).place;
        let is_read = |reference: &String| is_placeholder(reference) || Reference::parse(reference).is_ok();
        let node = match reference.filter(is_read) {
            Some(reference) => deployment.image_at(&reference, repository.place, asked),
            None => {
                deployment.unpinned(&text(Some(repository)), repository.place);
                None
            }
        };
        let mut facts = Vec::new();
        if let Some(owner) = image.owner {
            facts.extend(pod::settings(owner));
            facts.extend(pod::limits(owner));
            facts.extend(pod::wishes_of(owner));
        }
        deployment.container(&format!("{name} {}", image.path), node, !image.is_off, facts, repository.place);
    }
    deployment.scope = Scope::Runtime;
}

/// Reads images as a Kustomization lists them: those that it sets count as it sets them.
fn images(list: Option<&Node<'_>>, deployment: &mut Deployment<'_, '_>) {
    for image in list.map_or(&[][..], Node::items) {
        let get = |key: &str| image.get(key).filter(|node| node.text().is_some_and(|text| !text.is_empty()));
        let text = |node: Option<&Node<'_>>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let (Some(name), tag, digest) = (get("newName").or(get("name")), get("newTag"), get("digest")) else {
            continue;
        };
        if tag.is_none() && digest.is_none() && get("newName").is_none() {
            continue;
        }
        let tag_text = tag.and_then(Node::text);
        if let Some(reference) = image_map::reference("", &text(Some(name)), tag_text, &text(digest)) {
            deployment.image_at(&reference, name.place, tag.or(digest).unwrap_or(name).place);
        }
    }
}

/// Reads an image as Argo CD's applications set it: `name=new:tag`, `name:tag`.
fn assigned(image: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let Some(text) = image.text() else { return };
    let new = text.split_once('=').map_or(text, |(_, new)| new);
    if new.contains([':', '@']) || text.contains('=') {
        let from = image.place.start as usize + text.len() - new.len();
        let range = from..from + new.len();
        let is_plain = deployment.source.text.get(range.clone()) == Some(new);
        let place = if is_plain { deployment.source.place_at(range) } else { image.place };
        deployment.image(new, place);
    }
}

/// Reads parameters of a chart that name all of an image: `image.repository` with `image.tag`, or `image`.
fn parameters(parameters: &[Node<'_>], deployment: &mut Deployment<'_, '_>) {
    let pair = |node: &Node<'_>| -> Option<(String, String, Place)> {
        let value = node.get("value")?;
        Some((node.get("name")?.text()?.to_owned(), value.text()?.to_owned(), value.place))
    };
    let pairs: Vec<(String, String, Place)> = parameters.iter().filter_map(pair).collect();
    let find = |name: String| pairs.iter().find(|(own, ..)| *own == name);
    for (name, value, place) in &pairs {
        let is_image = name == "image" || name.ends_with(".image");
        if let Some(stem) = name
            .strip_suffix(".repository")
            .filter(|stem| *stem == "image" || stem.ends_with(".image") || stem.ends_with("Image"))
        {
            let (tag, digest) = (find(format!("{stem}.tag")), find(format!("{stem}.digest")));
            let registry = find(format!("{stem}.registry")).map_or("", |(_, value, _)| value);
            let text = digest.map_or("", |(_, value, _)| value);
            // Without a tag, it is the chart that knows which.
            let Some((_, tag, asked)) = tag.or(digest) else {
                deployment.unpinned(value, *place);
                continue;
            };
            let tag = Some(tag.as_str()).filter(|tag| *tag != text);
            if let Some(reference) = image_map::reference(registry, value, tag, text) {
                deployment.image_at(&reference, *place, *asked);
            }
        } else if is_image && (value.contains([':', '/']) || is_placeholder(value)) {
            deployment.image(value, *place);
        }
    }
}
