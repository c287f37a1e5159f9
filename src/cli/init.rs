//! `driftgate init`: the first policy and the first pinned BOM.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;

use super::input::{Files, POLICY, Work};
use super::options::write;
use super::pin::{document, refuse};
use super::{Outcome, say};
use crate::graph::Graph;
use crate::source::Sources;

/// Find what a tree has, and write driftgate.toml and the first pinned BOM
#[derive(Args)]
pub struct Init {
    /// The folder to guard.
    #[arg(default_value = ".")]
    path: String,
    /// Write over a policy and a BOM that are there.
    #[arg(long)]
    force: bool,
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
        let policy = folder.join(POLICY);
        if policy.exists() && !self.force {
            bail!(
                "{} is there already; `driftgate pin` takes in what changed, --force writes it anew",
                policy.display()
            );
        }
        let files = Files { config: None, cargo_metadata: false };
        // A policy that is written over is not read: it may be the reason for starting anew.
        let kept = policy.exists().then(|| std::fs::read(&policy)).transpose()?;
        if kept.is_some() {
            std::fs::remove_file(&policy)?;
        }
        let written = self.write(folder, &policy, &files);
        if let (Err(_), Some(kept)) = (&written, kept) {
            std::fs::write(&policy, kept)?;
        }
        written
    }

    fn write(&self, folder: &Path, policy: &Path, files: &Files) -> Result<Outcome> {
        let sources = Sources::default();
        let work = Work::open(&self.path, files, None, &sources)?;
        if work.bom.exists() && !self.force {
            bail!(
                "{} is there already; `driftgate pin` takes in what changed, --force writes it anew",
                work.bom.display()
            );
        }
        let resolved = work.read(files)?;
        refuse(&resolved)?;
        let graph = resolved.graph;
        if graph.subjects().is_empty() {
            bail!("{} has no file that driftgate reads; `driftgate list formats` names them", folder.display());
        }
        let bytes = document(&graph)?;
        write(policy, default_policy(&graph).as_bytes())?;
        write(&work.bom, &bytes)?;
        for subject in graph.subjects() {
            say(&format!("{} ({}): {} components", subject.path, subject.format, subject.component_count()));
        }
        say(&format!(
            "wrote {} and {}; commit both, and run `driftgate check` in CI",
            policy.display(),
            work.bom.display()
        ));
        Ok(Outcome::Clean)
    }
}

/// Returns a policy that a team can live with on day one: the defaults, and the sources that are in use today.
fn default_policy(graph: &Graph) -> String {
    let sources: BTreeSet<&str> = graph
        .components()
        .filter_map(|node| node.component.origin.address())
        .filter(|address| !address.is_empty())
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
            text.push_str(&format!("  {},\n", toml::Value::from(glob_escape(source))));
        }
        text.push_str("]\n");
    }
    text.push_str(
        "\n# [[waiver]]\n# rule = \"version-drift\"\n# package = \"pkg:pypi/urllib3\"\n# reason = \"security fix, reviewed\"\n\
         # owner = \"ml-platform\"\n# until = 2026-12-31\n",
    );
    text
}

/// Spells an address so that, read as a glob, it means itself.
fn glob_escape(address: &str) -> String {
    let mut glob = String::with_capacity(address.len());
    for character in address.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            glob.push('[');
            glob.push(character);
            glob.push(']');
        } else {
            glob.push(character);
        }
    }
    glob
}
