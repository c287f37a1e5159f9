//! GitHub workflows and actions: the actions that their jobs use, and the images that they run in.
//!
//! Specification: "Workflow syntax for GitHub Actions" and "Metadata syntax for GitHub Actions".

use anyhow::Result;

use super::arguments;
use super::contexts::MADE;
use super::deployment::{Deployment, fact, said};
use super::pipeline::{self, is_subject};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, FactKind, Gap, Inventory, Origin, Purl, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};
use crate::syntax::yaml::{self, Node};

entry! {
    /// `.github/workflows/*.yml` and `action.yml`, the actions and workflows that jobs use, and the images that they run in.
    ///
    /// Of images, `container`, `services` and `uses: docker://…` are read; values of a job's own matrix are filled in, each of
    /// them. What another expression names is reported as unpinned. An action is named by its repository, its folder and what
    /// stands after the `@`: a commit, a tag or a branch; the version in a comment after a commit (`# v4.1.0`) is kept as its
    /// property `github:comment`. What `docker/build-push-action` builds is known with its `build-args`: its Dockerfile is read
    /// with them, as far as no expression stands in them. Actions of the tree itself (`./…`) are none. A workflow that uses none of these is no
    /// subject. None of them is what a cluster runs: they are needed to develop.
    ///
    /// The file does not say what an action uses in turn, and nothing proves what a tag or a branch leads to.
    pub GithubWorkflow = "github-workflow"
}

impl Format for GithubWorkflow {
    fn files(&self) -> &'static [&'static str] {
        &["*.yml", "*.yaml"]
    }

    fn takes(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        is_yaml && (folder.ends_with(".github/workflows") || matches!(name, "action.yml" | "action.yaml"))
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Digests, Yield::Sources]
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(|line| line.starts_with("jobs:") || line.starts_with("runs:"))
            && ["container", "services", "docker", "uses"].iter().any(|mark| text.contains(mark))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let documents = yaml::trees(source)?;
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Dev;
        for document in &documents {
            for job in document.get("jobs").map_or(&[][..], Node::entries) {
                read(&job.key, &job.node, &mut deployment);
            }
            if let Some(runs) = document.get("runs") {
                if let Some(image) = runs.get("image") {
                    docker(image, "runs", &mut deployment);
                }
                steps("runs", runs, &mut deployment);
            }
        }
        Ok(deployment.inventory)
    }

    fn parse_all(&self, source: &Source<'_>) -> Result<Vec<Inventory>> {
        let inventory = self.parse(source)?;
        Ok(is_subject(&inventory).then_some(inventory).into_iter().collect())
    }
}

/// Reads one job.
fn read(name: &str, job: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let services = job.get("services").map_or(&[][..], Node::entries);
    let services = services.iter().map(|service| (format!("{name} {}", service.key), &service.node));
    for (name, container) in job.get("container").map(|node| (name.to_owned(), node)).into_iter().chain(services) {
        let image = if container.text().is_some() { Some(container) } else { container.get("image") };
        let Some(image) = image.filter(|image| image.text().is_some_and(|text| !text.is_empty())) else { continue };
        for (text, place) in filled(image, job) {
            pipeline::runs_in(&name, &text, place, deployment);
        }
    }
    // A workflow of another repository, in place of steps.
    if let Some(uses) = job.get("uses") {
        action(uses, deployment);
    }
    steps(name, job, deployment);
}

/// Reads the steps that are images or actions.
fn steps(name: &str, job: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    for step in job.get("steps").map_or(&[][..], Node::items) {
        if let Some(uses) = step.get("uses") {
            docker(uses, name, deployment);
            action(uses, deployment);
            if uses.text().is_some_and(|uses| uses.starts_with(BUILDER)) {
                build(name, step, deployment);
            }
        }
    }
}

/// The action that builds an image by a Dockerfile.
const BUILDER: &str = "docker/build-push-action@";

/// Reads what a step builds: its paths are seen from the root of the repository, whose folder `.github` is.
fn build(name: &str, step: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let empty = &[][..];
    let with = step.get("with").map_or(empty, Node::entries);
    let input = |name: &str| with.iter().find(|entry| entry.key == name);
    let text = |name: &str| input(name).and_then(|entry| entry.node.text()).unwrap_or_default();
    let (context, file) = (text("context"), text("file"));
    // Without a context, it is the repository at the commit.
    let context = context.trim_start_matches("./").trim_end_matches('/');
    let is_known = |text: &str| !text.contains("${{") && !text.contains("://") && !text.contains("{{");
    if !is_known(context) || !is_known(file) {
        return;
    }
    let path = match (file.trim_start_matches("./"), context) {
        ("", "" | ".") => "Dockerfile".to_owned(),
        ("", context) => format!("{context}/Dockerfile"),
        (file, _) => file.to_owned(),
    };
    let folder = deployment.source.folder();
    let Some((_, below)) = folder.split_once(".github").filter(|(_, rest)| rest.is_empty() || rest.starts_with('/'))
    else {
        return;
    };
    let up = 1 + below.split('/').filter(|part| !part.is_empty()).count();
    let place = input("file").or(input("context")).map_or(step.place, |entry| entry.node.place);
    let mut facts = vec![said(FactKind::Label, "build.dockerfile", &format!("{}{path}", "../".repeat(up)), place)];
    if let Some(target) = input("target").filter(|entry| entry.node.text().is_some_and(is_known)) {
        facts.push(fact(FactKind::Label, "build.target", &target.node));
    }
    if let Some(entry) = input("build-args") {
        let lines = entry.node.text().unwrap_or_default().lines().map(str::trim);
        let arguments = lines.filter_map(|line| line.split_once('=')).filter(|(name, _)| !name.starts_with('#'));
        facts.extend(arguments.map(|(name, value)| {
            let value = Some(value.to_owned()).filter(|value| !value.contains("${{"));
            arguments::fact(name, value, entry.node.place)
        }));
    }
    if let Some(entry) = input("tags") {
        let tags = entry.node.text().unwrap_or_default().split(['\n', ',']).map(str::trim);
        let tags = tags.filter(|tag| !tag.is_empty() && is_known(tag));
        facts.extend(tags.map(|tag| said(FactKind::Label, MADE, tag, entry.node.place)));
    }
    let step_name = ["name", "id"].iter().find_map(|field| step.get(field)?.text()).unwrap_or("build");
    deployment.container(&format!("{name} {step_name}"), None, false, facts, step.place);
}

const SCHEME: &str = "docker://";

/// Reads an action or a reusable workflow: `owner/repository/folder@ref`.
fn action(node: &Node<'_>, deployment: &mut Deployment<'_, '_>) {
    let Some(text) = node.text().filter(|text| !text.starts_with(['.', '/']) && !text.starts_with(SCHEME)) else {
        return;
    };
    if text.contains("${{") {
        deployment.unpinned(text, node.place);
        return;
    }
    let (path, reference) = text.split_once('@').unwrap_or((text, ""));
    let mut parts = path.splitn(3, '/');
    let (owner, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let folder = parts.next().unwrap_or_default().trim_matches('/');
    if owner.is_empty() || name.is_empty() {
        let message = format!("\"{}\" names no action; write owner/repository@ref", text.escape_debug());
        deployment.inventory.fault(node.place, message);
        return;
    }
    if reference.is_empty() {
        let requirement = Requirement::of(deployment.scope);
        deployment.inventory.declare(SUBJECT, intern::text(path), requirement, node.place, Gap::Unpinned);
        return;
    }
    let is_commit = matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (commit, tag) = if is_commit { (reference, "") } else { ("", reference) };
    let mut component = Component::new(Purl::build("github", owner, name, reference, &[], folder));
    component.origin = Origin::git(&format!("https://github.com/{owner}/{name}"), commit, tag);
    if let Some(comment) = comment(node, deployment.source).filter(|_| is_commit) {
        component.properties.push(("github:comment", intern::text(comment)));
    }
    deployment.package(component, node.place, node.place);
}

/// Returns the first word of the comment after a value, where it names a version: `v4.1.0`.
fn comment<'t>(node: &Node<'_>, source: &Source<'t>) -> Option<&'t str> {
    let rest = source.text.get((node.place.start + node.place.len) as usize..)?;
    let rest = rest.lines().next()?.trim_start_matches(['"', '\'']);
    let word = rest.trim_start().strip_prefix('#')?.split_whitespace().find(|word| !matches!(*word, "tag" | "pin"))?;
    let word = word.strip_prefix("tag=").unwrap_or(word).trim_end_matches([',', ';']);
    (word.len() <= 64 && word.bytes().any(|byte| byte.is_ascii_digit())).then_some(word)
}

/// Reads what is an image where it begins so: others are actions, or Dockerfiles.
fn docker(node: &Node<'_>, name: &str, deployment: &mut Deployment<'_, '_>) {
    let Some(image) = node.text().and_then(|text| text.strip_prefix(SCHEME)) else { return };
    let start = node.place.start as usize + SCHEME.len();
    let range = start..(node.place.start + node.place.len) as usize;
    let is_plain = deployment.source.text.get(range.clone()) == Some(image);
    let place = if is_plain { deployment.source.place_at(range) } else { node.place };
    pipeline::runs_in(name, image, place, deployment);
}

/// How many images one name may stand for.
const MAX_FILLED: usize = 256;

/// Returns what an image's name stands for: each value of the job's matrix, with its place where that is all of the name.
fn filled(image: &Node<'_>, job: &Node<'_>) -> Vec<(String, Place)> {
    let text = image.text().unwrap_or_default();
    let as_it_is = vec![(text.to_owned(), image.place)];
    let Some((before, rest)) = text.split_once("${{") else { return as_it_is };
    let Some((expression, after)) = rest.split_once("}}") else { return as_it_is };
    let Some(path) = expression.trim().strip_prefix("matrix.") else { return as_it_is };
    if after.contains("${{") {
        return as_it_is;
    }
    let path: Vec<&str> = path.split('.').collect();
    let matrix = job.at(&["strategy", "matrix"]);
    let axis = matrix.and_then(|matrix| matrix.get(path[0])).map_or(&[][..], Node::items);
    let of_axis = axis.iter().filter_map(|value| value.at(&path[1..]));
    let included = matrix.and_then(|matrix| matrix.get("include")).map_or(&[][..], Node::items);
    let values: Vec<&Node<'_>> = of_axis.chain(included.iter().filter_map(|value| value.at(&path))).collect();
    if values.is_empty() || values.len() > MAX_FILLED || values.iter().any(|value| value.text().is_none()) {
        return as_it_is;
    }
    let is_whole = before.is_empty() && after.is_empty();
    let fill = |value: &Node<'_>| {
        let text = format!("{before}{}{after}", value.text().unwrap_or_default());
        (text, if is_whole { value.place } else { image.place })
    };
    // A job without a container has none for that value.
    values.into_iter().map(fill).filter(|(text, _)| !text.is_empty()).collect()
}
