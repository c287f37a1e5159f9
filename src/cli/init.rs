//! `driftgate init`: the first policy and the first pinned BOM.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};

use super::files::write;
use super::input::{Files, POLICY, Work};
use super::options::within;
use super::pin::{document, refuse};
use super::printing::Volume;
use super::{Outcome, say, tell};
use crate::graph::Graph;
use crate::model::index;
use crate::outputs::text::count;
use crate::policy::{AllowedSource, Policy};
use crate::rules::{self, source::held_against};
use crate::schemas;
use crate::source::{FileId, Source, Sources};

/// Where the policy's schema stands, beside the policy: what `driftgate schema policy` prints.
pub const SCHEMA: &str = ".driftgate.schema.json";

/// Find what a tree has, and write driftgate.toml and the first pinned BOM
///
/// Beside them it writes .driftgate.schema.json, by which editors complete and check driftgate.toml.
#[derive(Args)]
pub struct Init {
    /// The folder to guard.
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: String,
    /// Write over a policy and a BOM that are there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(super) volume: Volume,
}

impl Init {
    /// Runs the command.
    ///
    /// # Errors
    /// Where there is a policy already, or the tree can't be read whole.
    pub fn run(self) -> Result<Outcome> {
        let folder = Path::new(&self.path);
        if !folder.is_dir() {
            bail!("{} is no folder", folder.display());
        }
        let policy = within(folder, POLICY);
        if policy.exists() && !self.force {
            bail!(
                "{} is there already; `driftgate pin` takes in what changed, --force writes it anew",
                policy.display()
            );
        }
        let files = Files { config: None, facts: None, cargo_metadata: false, platform: None };
        self.write(folder, &policy, &files)
    }

    fn write(&self, folder: &Path, policy: &Path, files: &Files) -> Result<Outcome> {
        let sources = Sources::default();
        // A policy that is written over is not read: it may be the reason for starting anew.
        let work = Work::without_policy(&self.path, &sources)?.telling(self.volume.verbose);
        if work.bom.exists() && !self.force {
            bail!(
                "{} is there already; `driftgate pin` takes in what changed, --force writes it anew",
                work.bom.display()
            );
        }
        let resolved = work.read(files)?;
        tell(&resolved);
        refuse(&resolved)?;
        resolved.notes.iter().chain(&resolved.notes_of_absent()).for_each(|note| say(note));
        let graph = resolved.graph;
        if graph.subjects().is_empty() {
            bail!("{} has no file that driftgate reads; `driftgate list formats` names them", folder.display());
        }
        let bytes = document(&graph)?;
        // Editors find the schema by the first line. There is no address that it could name: the file stands beside.
        let text = format!("#:schema ./{SCHEMA}\n{}", default_policy(&graph));
        accepted(&text)?;
        let schema = within(folder, SCHEMA);
        write(policy, text.as_bytes())?;
        write(&work.bom, &bytes)?;
        write(&schema, schemas::policy().as_bytes())?;
        if self.volume.quiet == 0 {
            for subject in graph.subjects() {
                say(&format!(
                    "{} ({}): {}",
                    subject.path,
                    subject.format,
                    count(subject.component_count(), "component")
                ));
            }
        }
        self.volume.say(&format!(
            "wrote {}, {} and {}, by which editors complete the first; commit all three, and run `driftgate check` in CI",
            policy.display(),
            work.bom.display(),
            schema.display()
        ));
        Ok(Outcome::Clean)
    }
}

/// Makes sure that the policy just made is one.
fn accepted(text: &str) -> Result<()> {
    let source = Source { file: FileId(0), path: POLICY, text };
    let known: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
    Policy::parse(&source, &known).map(|_| ()).context("the policy just made is none; this is a bug in driftgate")
}

/// Returns a policy that a team can live with on day one: the defaults, and the sources that are in use today.
fn default_policy(graph: &Graph) -> String {
    let held = graph.components().filter_map(|node| held_against(node.component));
    let looked_up = graph.subjects().iter().flat_map(|subject| subject.sources.iter().map(|(address, _)| *address));
    let sources: BTreeSet<&str> = held
        .filter_map(|origin| origin.address())
        .chain(looked_up.filter(|address| address.contains("://")))
        .map(index)
        .filter(|address| AllowedSource::can_be(address))
        .collect();
    let mut text = String::from(
        "# The policy of driftgate, the drift guard. `driftgate list rules` names the rules, `driftgate explain RULE` says\n\
         # what one means, how to mend it and which options it has.\nversion = 1\nbom = \"bom.cdx.json\"\n\n\
         [gate]\nfail-on = \"deny\"\n\n\
         # A level (deny, warn, allow), or a table with a level and the rule's options:\n\
         # version-drift = { level = \"deny\", allow = \"patch\" }\n[rules]\n",
    );
    if !sources.is_empty() {
        text.push_str("\n# Where components may come from: what is in use today.\n[sources]\nallowed = [\n");
        for source in sources {
            text.push_str(&format!("  {},\n", toml::Value::from(source)));
        }
        text.push_str("]\n");
    }
    text.push_str(
        "\n# [[waiver]]\n# rule = \"version-drift\"\n# package = \"pkg:pypi/urllib3\"\n# reason = \"security fix, reviewed\"\n\
         # owner = \"ml-platform\"\n# until = 2026-12-31\n",
    );
    text
}
