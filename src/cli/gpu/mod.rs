//! `driftgate gpu`: the GPU stack of each subject, the driver floor it needs, the targets it can run on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::input::{Files, Work, read_nodes};
use super::{Outcome, print, say};
use crate::gpu::{self, Dotted, Stack, Verdict};
use crate::graph::Subject;
use crate::outputs::text::plain;
use crate::policy::Target;
use crate::source::Sources;
use crate::stacks;

/// Show the GPU stack of each subject, the driver it needs, and the targets it can run on
///
/// Targets stand in the policy, one `target` table each; --driver and --gpu ask what would be.
#[derive(Args)]
pub struct Gpu {
    /// The folder, file of a known format, or git revision (REV, REV:PATH) to look into.
    #[arg(default_value = ".")]
    path: String,
    /// A driver to ask about, as nvidia-smi prints it, in place of the policy's targets.
    #[arg(long, value_name = "VERSION")]
    driver: Option<String>,
    /// A GPU to ask about, in place of the policy's targets; repeatable.
    #[arg(long, value_name = "NAME")]
    gpu: Vec<String>,
    /// A list of nodes (`kubectl get nodes -o json`) or the output of nvidia-smi to ask about, in place of the policy's
    /// targets; repeatable, `-` is standard input.
    #[arg(long, value_name = "FILE")]
    nodes: Vec<PathBuf>,
    /// Ask about this machine, in place of the policy's targets. It loads the driver's library and may run nvidia-smi.
    #[arg(long)]
    host: bool,
    /// How to print.
    #[arg(long, short = 'f', value_name = "NAME", default_value = "terminal")]
    format: Form,
    #[command(flatten)]
    files: Files,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Terminal,
    Json,
}

#[derive(Serialize)]
struct Row {
    subject: &'static str,
    carriers: Vec<Carrier>,
    driver_floor: Option<String>,
    because: String,
    targets: Vec<Place>,
}

#[derive(Serialize)]
struct Carrier {
    purl: &'static str,
    runtime: String,
    because: String,
    source: &'static str,
}

#[derive(Serialize)]
struct Place {
    name: String,
    verdict: &'static str,
    because: Vec<String>,
    advice: Vec<String>,
}

impl Gpu {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the tree can't be read at all, or the driver is no version.
    pub fn run(self) -> Result<Outcome> {
        let sources = Sources::default();
        let asked = self.asked_targets(&sources)?;
        let work = Work::open(&self.path, &self.files, None, &sources)?;
        let side = work.read(&self.files)?;
        side.problems.iter().for_each(|problem| say(&problem.to_string()));
        let rows: Vec<Row> = side
            .graph
            .subjects()
            .iter()
            .filter_map(|subject| row(subject, asked.as_deref(), &work.policy.targets))
            .collect();
        match self.format {
            Form::Json => {
                let mut text = serde_json::to_string_pretty(&serde_json::json!({ "schema": 1, "subjects": rows }))?;
                text.push('\n');
                print(text.as_bytes())?;
            }
            Form::Terminal if rows.is_empty() && !side.problems.is_empty() => say("nothing was judged: see above"),
            Form::Terminal => print(render(&rows).as_bytes())?,
        }
        Ok(if side.problems.is_empty() { Outcome::Clean } else { Outcome::Incomplete })
    }

    /// Returns the targets that the arguments ask about; none where they ask about none.
    fn asked_targets(&self, sources: &Sources) -> Result<Option<Vec<gpu::Target>>> {
        let mut asked: Vec<gpu::Target> = self.asked()?.into_iter().collect();
        asked.extend(read_nodes(sources, &self.nodes)?.into_iter().map(|target| target.target));
        if self.host {
            let host = gpu::probe::host();
            if host.targets.is_empty() {
                bail!("--host: {}", host.notes.join("; "));
            }
            host.notes.iter().for_each(|note| say(note));
            asked.extend(host.targets);
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
            Some(text) => match Dotted::parse(text) {
                Some(driver) => Some(driver),
                None => bail!("--driver {}: no driver version, write it as in 550.54.15", text.escape_debug()),
            },
        };
        let of = self.driver.iter().cloned().chain(self.gpu.iter().cloned());
        let name = of.collect::<Vec<_>>().join(", ");
        Ok(Some(gpu::Target { name, driver, gpus: self.gpu.clone(), ..gpu::Target::default() }))
    }
}

fn row(subject: &Subject, asked: Option<&[gpu::Target]>, targets: &[Target]) -> Option<Row> {
    let stack = stacks::stack(subject);
    if stack.carriers.is_empty() {
        return None;
    }
    let floor = stack.driver_floor();
    let targets: Vec<&gpu::Target> = match asked {
        Some(asked) => asked.iter().collect(),
        None => targets.iter().filter(|target| target.runs(subject.path)).map(|target| &target.target).collect(),
    };
    Some(Row {
        subject: subject.path,
        carriers: stack
            .carriers
            .iter()
            .map(|carrier| Carrier {
                purl: carrier.component.purl.as_str(),
                runtime: carrier.cuda.to_string(),
                because: carrier.because.clone(),
                source: carrier.source,
            })
            .collect(),
        driver_floor: floor.as_ref().map(|floor| floor.driver.to_string()),
        because: floor.map(|floor| floor.because).unwrap_or_default(),
        targets: targets.into_iter().map(|target| place(&stack, target)).collect(),
    })
}

/// Judges a stack on a target: the gravest answer, with what led to each answer.
fn place(stack: &Stack, target: &gpu::Target) -> Place {
    let answers = gpu::judge(stack, target);
    let rank = |verdict: Verdict| match verdict {
        Verdict::FailsAtStart => 5,
        Verdict::FailsAtKernel => 4,
        Verdict::FallsBackToCpu => 3,
        Verdict::Unknown => 2,
        Verdict::RunsIf => 1,
        Verdict::Runs => 0,
    };
    let verdict = answers.iter().map(|answer| answer.verdict).max_by_key(|verdict| rank(*verdict));
    let mut because: BTreeMap<usize, String> = BTreeMap::new();
    for (index, answer) in answers.iter().enumerate() {
        let chain: Vec<&str> = answer.chain.iter().map(|link| link.text.as_str()).collect();
        because.insert(index, format!("{}: {}", answer.message, chain.join("; ")));
    }
    Place {
        name: target.name.clone(),
        verdict: name(verdict.unwrap_or(Verdict::Runs)),
        because: because.into_values().collect(),
        advice: answers.into_iter().flat_map(|answer| answer.advice).collect(),
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Runs => "runs",
        Verdict::RunsIf => "runs on a condition",
        Verdict::FailsAtStart => "fails at start",
        Verdict::FailsAtKernel => "fails at its first kernel",
        Verdict::FallsBackToCpu => "falls back to the CPU",
        Verdict::Unknown => "unknown",
    }
}

fn render(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no subject here carries a GPU runtime that driftgate knows\n".to_owned();
    }
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, "{}", plain(row.subject));
        for carrier in &row.carriers {
            let _ = writeln!(text, "  {}  {}: {}", plain(carrier.purl), carrier.runtime, plain(&carrier.because));
        }
        match &row.driver_floor {
            Some(floor) => drop(writeln!(text, "  driver floor {floor}: {}", plain(&row.because))),
            None => text.push_str("  driver floor unknown, or none needed\n"),
        }
        for target in &row.targets {
            let _ = writeln!(text, "  on {}: {}", plain(&target.name), target.verdict);
            for line in target.because.iter().chain(&target.advice) {
                let _ = writeln!(text, "    {}", plain(line));
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len() + 1);
    text
}
