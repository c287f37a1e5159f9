//! `driftgate completions`: what a shell completes.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

use super::{Outcome, print_with};

/// Print what a shell needs to complete commands, options and names
///
/// bash: `driftgate completions bash > ~/.local/share/bash-completion/completions/driftgate`. zsh: into a file `_driftgate` in a
/// folder of $fpath. fish: into `~/.config/fish/completions/driftgate.fish`. PowerShell and elvish: into a file that the
/// profile, or rc.elv, loads.
#[derive(Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    ///
    /// # Errors
    /// Where standard output can't be written.
    pub fn run(self, whole: &mut Command) -> Result<Outcome> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, whole, "driftgate", &mut script);
        if self.shell == Shell::Fish {
            script.extend(named(whole).into_bytes());
        }
        print_with(&mut |to| Ok(to.write_all(&script)?))?;
        Ok(Outcome::Clean)
    }
}

/// Returns what fish is told of the names that commands take without an option: its generator knows those of options alone.
fn named(whole: &Command) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut lines = String::new();
    for command in whole.get_subcommands() {
        for value in command.get_positionals().flat_map(|arg| arg.get_possible_values()) {
            let line = value.get_help().map(|help| format!(" -d {}", quoted(&help.to_string()))).unwrap_or_default();
            let within = format!("__fish_driftgate_using_subcommand {}", command.get_name());
            let _ = writeln!(lines, "complete -c driftgate -n \"{within}\" -f -a {}{line}", quoted(value.get_name()));
        }
    }
    lines
}
