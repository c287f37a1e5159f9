//! `driftgate man`: the manual.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command, ValueHint};
use clap_mangen::Man as Page;

use super::files::write;
use super::{Outcome, print_with, say};
use crate::outputs::text::count;

/// Print the manual page, or write one of each command into a folder
///
/// `driftgate man | man -l -` shows it; `driftgate man ~/.local/share/man/man1` puts all where `man driftgate-check` finds them.
#[derive(Args)]
pub struct Man {
    /// The folder that pages are written into: driftgate.1, and one of each command.
    #[arg(value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// Where a page can't be written.
    pub fn run(self, whole: Command) -> Result<Outcome> {
        let mut whole = whole.disable_help_subcommand(true);
        whole.build();
        let Some(dir) = &self.dir else {
            let page = rendered(whole)?;
            print_with(&mut |to| Ok(to.write_all(&page)?))?;
            return Ok(Outcome::Clean);
        };
        fs::create_dir_all(dir).with_context(|| format!("making the folder {}", dir.display()))?;
        let mut pages = 0;
        let mut commands = vec![whole];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
            let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
            write(&dir.join(format!("{name}.1")), &rendered(command)?)?;
            pages += 1;
        }
        say(&format!("wrote {} to {}", count(pages, "page"), dir.display()));
        Ok(Outcome::Clean)
    }
}

fn rendered(command: Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page)?;
    Ok(page)
}
