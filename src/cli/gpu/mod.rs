//! `driftgate gpu`: the GPU stack of each subject, the driver floor it needs, the targets it can run on.

mod facts;
mod view;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::input::{Files, Work, read_nodes};
use super::names::Names;
use super::printing::{Printing, Volume};
use super::{Outcome, say, tell};
use crate::gpu::summary::Summary;
use crate::gpu::{self, Gravity, Stack, Verdict};
use crate::graph::{Graph, Ways};
use crate::intern::Text;
use crate::outputs::links::Links;
use crate::policy::{Target, read_driver};
use crate::source::{Location, Place, Sources};
use crate::stacks;
use view::{Row, View};

#[cfg(test)]
pub use {facts::Document as FactsDocument, view::json::Document as GpuDocument};

/// Show the GPU stack of each subject, the driver it needs, and the targets it can run on
///
/// Targets stand in the policy, one `target` table each; --driver and --gpu ask what would be, --nodes and --host ask about
/// machines. With -q, the driver that each stack needs and a line for each target.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Gpu {
    #[command(subcommand)]
    look_up: Option<LookUp>,
    /// The folder, file of a known format, or git revision (REV, REV:PATH) to look into.
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: String,
    /// A driver to ask about, as nvidia-smi prints it, in place of the policy's targets.
    #[arg(long, value_name = "VERSION")]
    driver: Option<String>,
    /// A GPU to ask about, in place of the policy's targets; repeatable.
    #[arg(long, value_name = "NAME", value_parser = Names::gpus(), hide_possible_values = true)]
    gpu: Vec<String>,
    /// A list of nodes (`kubectl get nodes -o json`) or the output of nvidia-smi to ask about, in place of the policy's
    /// targets; repeatable, `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    nodes: Vec<PathBuf>,
    /// Ask about this machine, in place of the policy's targets. It loads the driver's library and may run nvidia-smi.
    #[arg(long)]
    host: bool,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    printing: Printing<Form>,
    #[command(flatten)]
    pub(super) volume: Volume,
}

#[derive(Subcommand)]
enum LookUp {
    Facts(facts::Facts),
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Terminal,
    Markdown,
    Json,
}

impl Gpu {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the tree can't be read at all, or the driver is no version.
    pub fn run(self) -> Result<Outcome> {
        if let Some(LookUp::Facts(facts)) = self.look_up {
            return facts.run();
        }
        let printing = self.printing.asked(&self.volume)?;
        let sources = Sources::default();
        let work = Work::open(&self.path, &self.files, None, &sources)?.telling(self.volume.verbose);
        let targets = match self.asked_targets(&sources)? {
            Some(asked) => asked,
            None => work.policy.targets.clone(),
        };
        let side = work.read(&self.files)?;
        tell(&side);
        side.problems.iter().for_each(|problem| say(&problem.to_string()));
        let stacks = stacks::stacks(&side.graph, &work.policy);
        let misspelled = if work.is_file() { Vec::new() } else { stacks::misspelled(&side.graph, &work.policy) };
        for (place, note) in stacks::unknown_stages(&side.graph, &work.policy).into_iter().chain(misspelled) {
            let Location { path, line, column, .. } = sources.locate(place);
            self.volume.say(&format!("{path}:{line}:{column}: {note}"));
        }
        for (image, about) in stacks.iter().filter_map(gpu::unknown_image) {
            let Location { path, line, column, .. } = sources.locate(about.place);
            self.volume.say(&format!(
                "{path}:{line}:{column}: a GPU is asked for, and what {image} holds is not known: not judged; if the \
                 tree builds it, say so (`[[environment]] image = \"DOCKERFILE\"` with `deployed-as`); else read its \
                 configuration (`skopeo inspect --config`) or its BOM beside it"
            ));
        }
        let is_answered = self.driver.is_some() || !self.gpu.is_empty();
        if !is_answered {
            for (place, note) in stacks.iter().filter_map(|stack| match stack.carriers.is_empty() {
                true => None,
                false => stacks::unplaced(&stack.environment, &targets),
            }) {
                let Location { path, line, column, .. } = sources.locate(place);
                self.volume.say(&format!("{path}:{line}:{column}: {note}"));
            }
        }
        // What is asked for is no pool that workloads select: what would be if it were.
        let what_if = |number: usize| is_answered && number == 0;
        let rows: Vec<Row> = stacks
            .into_iter()
            .filter(|stack| !stack.carriers.is_empty())
            .map(|stack| {
                let on = targets
                    .iter()
                    .enumerate()
                    .filter(|(number, target)| what_if(*number) || stacks::runs(&stack.environment, target));
                let summary = Summary::of(&stack, on.map(|(number, target)| (number, &target.target)));
                let ways = ways(&side.graph, &stack, &summary);
                Row { stack, summary, ways }
            })
            .collect();
        let names: Vec<String> = targets.iter().map(|target| target.target.name.clone()).collect();
        let machines = targets.iter().enumerate();
        let fleet: Vec<_> = machines
            .flat_map(|(number, target)| gpu::fleet(&target.target).into_iter().map(move |answer| (number, answer)))
            .collect();
        for asked in printing {
            let links = Links::new(asked.look.host, &sources);
            let view =
                View { rows: &rows, targets: &names, fleet: &fleet, sources: &sources, width: asked.look.width, links };
            asked.write(&match asked.form {
                Form::Json => view.json()?,
                Form::Markdown => view.markdown(),
                Form::Terminal if rows.is_empty() && !side.problems.is_empty() => {
                    say("nothing was judged: see above");
                    continue;
                }
                Form::Terminal if self.volume.quiet > 0 => view.summary(),
                Form::Terminal => view.terminal(),
            })?;
        }
        Ok(if side.problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete })
    }

    /// Returns the targets that the arguments ask about; none where they ask about none.
    fn asked_targets(&self, sources: &Sources) -> Result<Option<Vec<Target>>> {
        let of = |target| Target::of(target, Place::default());
        let mut asked: Vec<Target> = self.asked()?.into_iter().map(of).collect();
        asked.extend(read_nodes(sources, &self.nodes)?);
        if self.host {
            let host = gpu::probe::host();
            if host.targets.is_empty() {
                bail!("--host: {}", host.notes.join("; "));
            }
            host.notes.iter().for_each(|note| self.volume.say(note));
            asked.extend(host.targets.into_iter().map(of));
        }
        Ok((!asked.is_empty()).then_some(asked))
    }

    /// Returns the target that --driver and --gpu ask about; none where they are not given.
    fn asked(&self) -> Result<Option<gpu::Target>> {
        if self.driver.is_none() && self.gpu.is_empty() {
            return Ok(None);
        }
        let driver = match &self.driver {
            None => None,
            Some(text) => match read_driver(text) {
                Ok(driver) => Some(driver),
                Err(error) => bail!("--driver {}: {error}", text.escape_debug()),
            },
        };
        for gpu in self.gpu.iter().filter(|gpu| !gpu::facts::is_gpu(gpu)) {
            let hint = gpu::facts::gpu_hint(gpu);
            self.volume.say(&format!("--gpu \"{}\": the tables do not have it{hint}", gpu.escape_debug()));
        }
        let of = self.driver.iter().cloned().chain(self.gpu.iter().cloned());
        let name = of.collect::<Vec<_>>().join(", ");
        Ok(Some(gpu::Target { name, driver, gpus: self.gpu.clone(), ..gpu::Target::default() }))
    }
}

/// Returns what brings the carriers in that fail somewhere, where more than the subject itself does: one way for each, the
/// shortest.
fn ways(graph: &Graph, stack: &Stack, summary: &Summary) -> BTreeMap<usize, Vec<Text>> {
    let answers = summary.inside.iter().chain(summary.outcomes.iter().flat_map(|outcome| &outcome.answers));
    let fails = |at: usize| {
        let component = stack.carriers[at].component;
        answers.clone().any(|answer| {
            answer.gravity > Gravity::Info
                && answer.verdict != Verdict::Unknown
                && answer.about.component.is_some_and(|about| std::ptr::eq(about, component))
        })
    };
    let way = |at: usize| {
        let evidence = stack.evidence(at);
        let subject = graph.subject(evidence.subject)?;
        let node = subject.components().find(|node| std::ptr::eq(node.component, stack.carriers[at].component))?;
        let way = Ways::new(subject).to(node).into_iter().next()?;
        (way.len() > 2).then_some((at, way))
    };
    (0..stack.carriers.len()).filter(|at| fails(*at)).filter_map(way).collect()
}
