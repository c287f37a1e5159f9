//! `driftgate why`: every way by which a package gets in.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum, ValueHint};
use serde::Serialize;

use super::input::{Files, Work};
use super::printing::{Printing, Volume};
use super::{Outcome, say, tell};
use crate::graph::{Graph, Resolved};
use crate::model::{Gap, Pattern, Requirement, Scope};
use crate::outputs::links::Links;
use crate::outputs::text::{count, plain};
use crate::source::Sources;
use crate::suggest;

/// Show every way by which a package gets in, in each subject
///
/// With -q, a line for each component and no ways.
#[derive(Args)]
pub struct Why {
    /// The package: a name, a purl, or one with wildcards (`torch`, `pkg:npm/@scope/*`); the last part of a name is enough
    /// where one package has it (`vllm-openai`).
    name: String,
    /// The folder, file of a known format, or git revision (REV, REV:PATH) to look into.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: String,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    printing: Printing<Form>,
    #[command(flatten)]
    pub(super) volume: Volume,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Terminal,
    Json,
}

/// What `why --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    /// The form of this document: moves when a field changes its meaning.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u32,
    /// The components that the name means, subject by subject.
    components: Vec<Answer>,
}

/// One component, and how it gets in.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Answer {
    /// The subject that it is in.
    subject: &'static str,
    /// Its package URL.
    purl: &'static str,
    /// The file that names it.
    path: &'static str,
    /// Counted from 1.
    line: u32,
    /// In characters, counted from 1.
    column: u32,
    /// Whether it is the project itself or a member of its workspace.
    root: bool,
    /// Whether the project itself requires it.
    direct: bool,
    /// How it is required; null where nothing requires it.
    scope: Option<&'static str>,
    /// The condition under which it is a part; empty for always.
    environment: &'static str,
    /// Which copy it is, where the subject has several of one component that require differently.
    copy: &'static str,
    /// Where it comes from; empty where the file does not say.
    source: String,
    /// Who requires it, by name and version.
    required_by: Vec<Asks>,
    /// Who may require it: the file leaves open which of several versions is meant.
    maybe_required_by: Vec<Asks>,
    /// Each direct requirement that brings it in, by its shortest path.
    introduced_by: Vec<Vec<&'static str>>,
}

/// Who requires a component, and how.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Asks {
    /// Its name and version; the subject's path where the project itself does.
    name: String,
    /// How it is required.
    scope: &'static str,
    /// The range of versions that is asked for.
    constraint: &'static str,
    /// The condition under which it is required; empty for always.
    environment: &'static str,
    /// The extra or feature that it is required for; empty for none.
    extra: &'static str,
}

impl Why {
    /// Runs the command.
    ///
    /// # Errors
    /// Where nothing here has that name.
    pub fn run(self) -> Result<Outcome> {
        let asked = self.printing.asked(&self.volume)?;
        let pattern = Pattern::parse(&self.name).context("the package's name")?;
        let sources = Sources::default();
        let work = Work::open(&self.path, &self.files, None, &sources)?.telling(self.volume.verbose);
        let side = work.read(&self.files)?;
        tell(&side);
        side.problems.iter().for_each(|problem| say(&problem.to_string()));
        let mut found: Vec<Resolved<'_>> =
            side.graph.components().filter(|node| pattern.matches(&node.component.purl)).collect();
        if found.is_empty() {
            // As a BOM calls it: without its namespace, where that leaves no doubt.
            let called: Vec<Resolved<'_>> = side
                .graph
                .components()
                .filter(|node| suggest::is_last_part(&self.name, node.component.name()))
                .collect();
            let keys: BTreeSet<&str> = called.iter().map(|node| node.component.purl.key()).collect();
            if keys.len() == 1 {
                found = called;
            }
        }
        let found: Vec<Answer> = found.into_iter().map(|node| answer(node, &sources)).collect();
        if found.is_empty() {
            let hint = other_versions(&self.name, &side.graph).unwrap_or_else(|| {
                suggest::package(&self.name, side.graph.components().map(|node| node.component.name()))
            });
            bail!(
                "nothing in {} is called \"{}\"{hint}",
                count(side.graph.subjects().len(), "subject"),
                self.name.escape_debug()
            );
        }
        let document = Document { schema: 1, components: found };
        for asked in asked {
            asked.write(&match asked.form {
                Form::Json => serde_json::to_string_pretty(&document)? + "\n",
                Form::Terminal => {
                    let links = Links::new(asked.look.host, &sources);
                    render(&document.components, &links, self.volume.quiet > 0)
                }
            })?;
        }
        Ok(if side.problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete })
    }
}

/// Says at which versions a package is here that was asked for at another one.
fn other_versions(asked: &str, graph: &Graph) -> Option<String> {
    let (name, _) = asked.rsplit_once('@').filter(|(name, _)| !name.is_empty())?;
    let pattern = Pattern::parse(name).ok()?;
    let here = graph.components().filter(|node| pattern.matches(&node.component.purl));
    let versions: BTreeSet<&str> = here.map(|node| node.component.version()).filter(|it| !it.is_empty()).collect();
    let shown: Vec<_> = versions.iter().take(5).map(|version| plain(version)).collect();
    let more = if versions.len() > shown.len() {
        format!(" and {} more", versions.len() - shown.len())
    } else {
        String::new()
    };
    (!shown.is_empty()).then(|| format!("; it is here at {}{more}", shown.join(", ")))
}

fn answer(node: Resolved<'_>, sources: &Sources) -> Answer {
    let at = sources.locate(node.place());
    let asks = |from: Option<Resolved<'_>>, requirement: &Requirement| Asks {
        name: from.map_or_else(
            || node.subject.path.to_owned(),
            |from| format!("{} {}", from.component.name(), from.component.version()).trim_end().to_owned(),
        ),
        scope: requirement.scope.name(),
        constraint: requirement.constraint,
        environment: requirement.environment,
        extra: requirement.extra,
    };
    let sorted = |mut all: Vec<Asks>| {
        all.sort_by(|a, b| (&a.name, a.scope, a.constraint).cmp(&(&b.name, b.scope, b.constraint)));
        all
    };
    let required_by = sorted(node.required_by().map(|link| asks(link.from, link.requirement)).collect());
    let open = node.subject.declared.iter().filter(|declared| match &declared.gap {
        Gap::Ambiguous(candidates) => candidates.contains(&node.id()),
        _ => false,
    });
    let maybe = open.map(|declared| asks(node.subject.node(declared.from), declared.requirement)).collect();
    Answer {
        subject: node.subject.path,
        purl: node.component.purl.as_str(),
        path: at.path,
        line: at.line,
        column: at.column,
        root: node.is_root(),
        direct: node.is_direct(),
        scope: node.scope().map(Scope::name),
        environment: node.environment(),
        copy: node.copy(),
        source: node.component.origin.to_string(),
        required_by,
        maybe_required_by: sorted(maybe),
        introduced_by: node.introduced_by(),
    }
}

fn render(found: &[Answer], links: &Links<'_>, is_brief: bool) -> String {
    let mut text = String::new();
    for answer in found {
        let scope = answer.scope.unwrap_or("required by nothing");
        let how = match (answer.root, answer.direct) {
            (true, _) => "the project itself".to_owned(),
            (false, true) => format!("direct, {scope}"),
            (false, false) => format!("transitive, {scope}"),
        };
        let place = links.of(answer.path, format!("{}:{}:{}", plain(answer.path), answer.line, answer.column));
        let _ = writeln!(text, "{} ({how}) in {place}", plain(answer.purl));
        if is_brief {
            continue;
        }
        if !answer.copy.is_empty() {
            let _ = writeln!(text, "  as {}", plain(answer.copy.trim_start_matches('(').trim_end_matches(')')));
        }
        if !answer.environment.is_empty() {
            let _ = writeln!(text, "  when {}", plain(answer.environment));
        }
        for path in &answer.introduced_by {
            let names: Vec<_> = path.iter().map(|name| plain(name)).collect();
            let _ = writeln!(text, "  {}", names.join(" → "));
        }
        let mut line = |asks: &Asks, verb: &str, end: &str| {
            let more = [asks.constraint, asks.environment, asks.extra];
            let more: Vec<&str> = more.into_iter().filter(|text| !text.is_empty()).collect();
            let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
            let _ = writeln!(text, "  {} {verb} it, {}{}{end}", plain(&asks.name), asks.scope, plain(&more));
        };
        for asks in &answer.required_by {
            line(asks, "requires", "");
        }
        for asks in &answer.maybe_required_by {
            line(asks, "may require", ": the file leaves open which version");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len() + 1);
    text
}
