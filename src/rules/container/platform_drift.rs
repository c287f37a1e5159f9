//! Images of one platform where another runs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::entry;
use crate::graph::{Graph, Subject};
use crate::intern::Text;
use crate::model::{Fact, FactKind, Part, PartKind};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};
use crate::source::Place;
use crate::stacks;

entry! {
    /// An image is fixed to a platform that is not the one of the nodes it is meant for.
    ///
    /// The image's platform is what its last stage starts from by `FROM --platform=linux/arm64`, or what a Compose service
    /// says of an image that it does not build. The nodes' is what the deployment itself selects (`kubernetes.io/arch`), the
    /// `platform` that a Compose service is built for, or the label of all nodes of the targets that the image is meant for.
    /// Silent where either is not known: a platform that is a variable, targets without nodes. That a platform is another
    /// than the BOM pins, environment-drift tells.
    ///
    /// # Why
    /// The image builds and is pushed, and its pods stop at `exec format error`; or it runs, emulated, at a tenth of the speed.
    ///
    /// # Mend
    /// Take the platform out of the last stage's `FROM`, and build for the platform that it runs on
    /// (`docker buildx build --platform linux/arm64`); a `--platform=$BUILDPLATFORM` belongs to builder stages alone.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// platform-drift = "deny"
    /// ```
    pub PlatformDrift = "platform-drift"
}

/// The label by which nodes tell their processors.
const LABELS: [&str; 2] = ["kubernetes.io/arch", "beta.kubernetes.io/arch"];

/// A platform that something is fixed to or runs on: its processor, and where that is said.
#[derive(Clone)]
struct Said {
    architecture: String,
    place: Place,
}

impl Rule for PlatformDrift {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, subject: &Subject) -> bool {
        subject.components().any(|node| phrase::is_image(node.component))
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.is_off(self) {
            return Ok(());
        }
        let mut told: BTreeSet<(Place, String)> = BTreeSet::new();
        let targets = on_targets(case);
        for subject in case.resolved.subjects() {
            for part in subject.parts.iter().filter(|part| part.kind == PartKind::Container && part.runs) {
                let own = fixed(part);
                let built = stacks::built_from(subject, part).and_then(|path| case.resolved.subject(&path));
                let (image, is) = match built {
                    Some(image) => (image, platform_of(image, stacks::target(part).as_deref())),
                    None => (subject, own.clone()),
                };
                let Some(is) = is else { continue };
                let selected = selected(part);
                let runs = match (own.filter(|_| built.is_some()), selected) {
                    (Some(own), _) => Some((own, "the service is for".to_owned())),
                    (None, Some(selected)) => Some((selected, "the deployment selects nodes of".to_owned())),
                    (None, None) => targets.get(subject.path).cloned(),
                };
                tell(self, findings, &mut told, image, &is, runs);
            }
            if let (Some(is), Some(runs)) = (platform_of(subject, None), targets.get(subject.path)) {
                tell(self, findings, &mut told, subject, &is, Some(runs.clone()));
            }
        }
        Ok(())
    }
}

/// Adds a finding where a platform is not the one that it runs on.
fn tell<'g>(
    rule: &dyn Rule,
    findings: &mut Findings<'g>,
    told: &mut BTreeSet<(Place, String)>,
    image: &'g Subject,
    is: &Said,
    runs: Option<(Said, String)>,
) {
    let Some((runs, whose)) = runs.filter(|(runs, _)| runs.architecture != is.architecture) else { return };
    if !told.insert((is.place, runs.architecture.clone())) {
        return;
    }
    let message = format!(
        "the image is fixed to {}, and {whose} {}",
        phrase::safe(&is.architecture),
        phrase::safe(&runs.architecture)
    );
    findings
        .at(rule, image.path, is.place, message)
        .related(runs.place, "where it runs")
        .name(&runs.architecture)
        .help(format!("take the platform out, and build for linux/{}; or run it elsewhere", runs.architecture));
}

/// Returns the platform that the image of a file is fixed to: that of the stage which all that runs starts from.
fn platform_of(image: &Subject, target: Option<&str>) -> Option<Said> {
    let named = target.and_then(|name| image.parts.iter().rposition(|part| part.name == name));
    let last = || image.parts.iter().rposition(|part| part.kind == PartKind::Stage && part.runs);
    let mut part = image.parts.get(named.or_else(last)?)?;
    while let Some(base) = part.base.and_then(|base| image.parts.get(base)) {
        part = base;
    }
    (part.kind == PartKind::Stage).then(|| fixed(part)).flatten()
}

fn fixed(part: &Part) -> Option<Said> {
    part.facts_of(FactKind::Platform).find_map(said)
}

/// Returns the one processor that a container's nodes must have.
fn selected(part: &Part) -> Option<Said> {
    let mut labels = part.facts_of(FactKind::Select).filter(|fact| LABELS.contains(&fact.name));
    labels.find_map(said)
}

/// Reads a platform, `linux/arm64/v8`, or a processor; none where it is a variable or one of several.
fn said(fact: &Fact) -> Option<Said> {
    if fact.value.is_empty() || fact.value.contains(['$', ',', '{']) {
        return None;
    }
    let mut parts = fact.value.split('/');
    let first = parts.next()?;
    let architecture = normal(parts.next().unwrap_or(first));
    // `linux` alone names no processor.
    (!matches!(architecture.as_str(), "linux" | "windows")).then_some(Said { architecture, place: fact.place })
}

fn normal(architecture: &str) -> String {
    match architecture.to_ascii_lowercase().as_str() {
        "x86_64" | "x86-64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns the processor that each subject is to run on by the policy's targets, by its path: where all agree.
fn on_targets(case: &Case<'_>) -> BTreeMap<Text, (Said, String)> {
    let mut processors: BTreeMap<Text, BTreeMap<String, (Place, String)>> = BTreeMap::new();
    let known: Vec<(&crate::policy::Target, BTreeSet<String>)> = case
        .policy
        .targets
        .iter()
        .map(|target| (target, labelled(target)))
        .filter(|(_, all)| !all.is_empty())
        .collect();
    if known.is_empty() {
        return BTreeMap::new();
    }
    let graph: &Graph = case.resolved;
    for stack in stacks::stacks(graph, case.policy) {
        for (target, all) in known.iter().filter(|(target, _)| stacks::runs(&stack.environment, target)) {
            for subject in &stack.environment.subjects {
                for architecture in all {
                    let whose = format!("the target {} has", target.target.name);
                    processors.entry(subject).or_default().entry(architecture.clone()).or_insert((target.place, whose));
                }
            }
        }
    }
    let one = processors.into_iter().filter(|(_, all)| all.len() == 1);
    one.filter_map(|(subject, all)| {
        let (architecture, (place, whose)) = all.into_iter().next()?;
        Some((subject, (Said { architecture, place }, whose)))
    })
    .collect()
}

/// Returns the processors of a target's nodes; none where one of them does not tell.
fn labelled(target: &crate::policy::Target) -> BTreeSet<String> {
    let of = |node: &crate::gpu::Node| LABELS.iter().find_map(|label| node.labels.get(*label)).map(|name| normal(name));
    target.target.nodes.iter().map(of).collect::<Option<BTreeSet<String>>>().unwrap_or_default()
}
