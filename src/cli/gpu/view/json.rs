//! The GPU stacks of a tree as `gpu --format json` prints them.

use serde::Serialize;

use super::{Row, View, because};
use crate::gpu::{Answer, Gravity};
use crate::intern::Text;
use crate::rules::gpu::rule_of;
use crate::source::Location;

impl View<'_> {
    /// Returns the view for programs.
    ///
    /// # Errors
    /// None that is expected: texts and numbers can be written.
    pub fn json(&self) -> serde_json::Result<String> {
        let subjects: Vec<Subject<'_>> = self.rows.iter().map(|row| self.subject(row)).collect();
        let fleet = self
            .fleet
            .iter()
            .map(|(target, answer)| OnMachines { target: &self.targets[*target], answer: self.told(answer) });
        let fleet = fleet.collect();
        let mut text = serde_json::to_string_pretty(&Document { schema: 1, subjects, fleet })?;
        text.push('\n');
        Ok(text)
    }

    fn subject<'r>(&self, Row { stack, summary, ways }: &'r Row) -> Subject<'r>
    where
        Self: 'r,
    {
        let carriers = stack.carriers.iter().enumerate().map(|(at, carrier)| Carrier {
            purl: carrier.component.purl.as_str(),
            runtime: carrier.cuda.to_string(),
            because: &carrier.because,
            source: carrier.source,
            kernels: carrier.architectures.clone(),
            at: self.at(stack.evidence(at).place).map(Spot::of),
            brought_in_by: ways.get(&at).cloned().unwrap_or_default(),
        });
        let of = |answer: &'r Answer| self.told(answer);
        Subject {
            subject: stack.environment.name,
            subjects: &stack.environment.subjects,
            carriers: carriers.collect(),
            driver_floor: summary.floor.as_ref().map(|floor| floor.driver.to_string()),
            because: summary.floor.as_ref().map_or("", |floor| &floor.because),
            compute_capability: Capability {
                least: summary.reach.least.as_ref().map(|(least, _)| least.to_string()),
                greatest_major: summary.reach.greatest.map(|(greatest, _)| greatest),
            },
            unjudged: stack.unjudged(),
            answers: summary.inside.iter().map(of).collect(),
            targets: summary
                .outcomes
                .iter()
                .map(|outcome| On {
                    name: self.targets.get(outcome.target).cloned().unwrap_or_default(),
                    verdict: outcome.words,
                    because: outcome.answers.iter().map(because).collect(),
                    advice: outcome.answers.iter().flat_map(|answer| answer.advice.iter().cloned()).collect(),
                    answers: outcome.answers.iter().map(of).collect(),
                })
                .collect(),
        }
    }
}

impl View<'_> {
    fn told<'r>(&self, answer: &'r Answer) -> Told<'r> {
        Told {
            rule: rule_of(answer.class),
            class: answer.class,
            verdict: answer.words(),
            gravity: gravity(answer),
            message: &answer.message,
            purl: answer.about.component.map(|component| component.purl.as_str()),
            at: self.at(answer.about.place).map(Spot::of),
            chain: answer.chain.iter().map(|link| Step { text: &link.text, source: link.source }).collect(),
            error_text: answer.error_text,
            advice: &answer.advice,
        }
    }
}

fn gravity(answer: &Answer) -> &'static str {
    match answer.gravity {
        Gravity::Error => "error",
        Gravity::Warning => "warning",
        Gravity::Info => "info",
    }
}

/// What `gpu --format json` prints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document<'r> {
    /// The form of this document: moves when a field changes its meaning.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema: u32,
    /// The stacks that carry a GPU runtime.
    subjects: Vec<Subject<'r>>,
    /// What is worth telling of a target's machines, whatever runs on them.
    fleet: Vec<OnMachines<'r>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OnMachines<'r> {
    /// The target's name.
    target: &'r str,
    /// What is told.
    answer: Told<'r>,
}

/// A stack: what runs as one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Subject<'r> {
    /// What it is called.
    subject: &'r str,
    /// The subjects that it is made of.
    subjects: &'r [&'static str],
    /// The components that carry a GPU runtime.
    carriers: Vec<Carrier<'r>>,
    /// The least driver that it starts on; null where it needs none or that is not known.
    driver_floor: Option<String>,
    /// Why that is the least driver.
    because: &'r str,
    /// The GPUs that it has kernels for.
    compute_capability: Capability,
    /// Packages with CUDA code that the tables tell nothing of.
    unjudged: Vec<String>,
    /// What is told of it by itself, wherever it runs.
    answers: Vec<Told<'r>>,
    /// What becomes of it on each target.
    targets: Vec<On<'r>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Carrier<'r> {
    /// The component's package URL.
    purl: &'static str,
    /// The runtime that it carries.
    runtime: String,
    /// How that is known.
    because: &'r str,
    /// The fact's source.
    source: &'static str,
    /// The architectures that it has kernels for, where they are known.
    kernels: Vec<&'static str>,
    /// Where it is named; null where no file does.
    at: Option<Spot>,
    /// What brings it in, by the shortest way from the root; empty unless it fails somewhere.
    brought_in_by: Vec<Text>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Capability {
    /// The least compute capability; null where that is not known.
    least: Option<String>,
    /// The major version of the greatest; null where there is none or that is not known.
    greatest_major: Option<u32>,
}

/// A stack on a target.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct On<'r> {
    /// The target's name.
    name: String,
    /// What becomes of it there: `runs`, `fails at start` and so on.
    verdict: &'static str,
    /// Why, a line for each answer.
    because: Vec<String>,
    /// What would help.
    advice: Vec<String>,
    /// The answers, with their arguments.
    answers: Vec<Told<'r>>,
}

/// An answer: a verdict and its argument.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told<'r> {
    /// The rule that finds it in a check; null where none does.
    rule: Option<&'static str>,
    /// The class of mismatch.
    class: &'static str,
    /// What becomes of the stack.
    verdict: &'static str,
    /// `error`, `warning` or `info`.
    gravity: &'static str,
    /// The answer in a line.
    message: &'r str,
    /// The component that it is about; null where it is about none.
    purl: Option<&'static str>,
    /// Where that is named; null where no file does.
    at: Option<Spot>,
    /// The argument, a step each.
    chain: Vec<Step<'r>>,
    /// What a program prints when it fails so; empty where that is not known.
    error_text: &'static str,
    /// What would help.
    advice: &'r [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Step<'r> {
    /// A fact or a rule.
    text: &'r str,
    /// Its source; empty where it follows from the steps before.
    source: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Spot {
    /// From the root, with forward slashes.
    path: &'static str,
    /// Counted from 1.
    line: u32,
    /// In characters, counted from 1.
    column: u32,
}

impl Spot {
    fn of(at: Location) -> Self {
        Spot { path: at.path, line: at.line, column: at.column }
    }
}
