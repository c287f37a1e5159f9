//! The command line: arguments in, stage calls, bytes out. One file a command.

mod actions;
mod check;
mod completions;
mod diff;
mod explain;
mod files;
mod git;
mod gpu;
mod init;
mod input;
mod list;
mod man;
mod names;
mod options;
mod pin;
mod printing;
mod repository;
mod sbom;
mod schema;
mod terminal;
mod version;
mod why;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::Side;
use crate::intern;
use crate::outputs::tame::Tame;
use crate::syntax::yaml;
use terminal::Ticker;

/// The drift guard: lockfiles and container manifests held to a pinned bill of materials.
///
/// Exit codes: 0 clean; 1 findings at or above the gate; 2 driftgate could not do all its work.
#[derive(Parser)]
#[command(name = "driftgate", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Pin(pin::Pin),
    Diff(diff::Diff),
    Why(why::Why),
    Sbom(sbom::Sbom),
    Gpu(gpu::Gpu),
    Explain(explain::Explain),
    List(list::List),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Says whether the command reads trees, which may take long, and was not asked to be quiet.
    fn works(&self) -> bool {
        match self {
            Command::Check(check) => check.outputs.quiet == 0,
            Command::Pin(pin) => pin.outputs.quiet == 0,
            Command::Diff(diff) => diff.outputs.quiet == 0,
            Command::Sbom(sbom) => sbom.outputs.quiet == 0,
            Command::Init(init) => init.volume.quiet == 0,
            Command::Why(why) => why.volume.quiet == 0,
            Command::Gpu(gpu) => gpu.volume.quiet == 0,
            Command::Explain(_) | Command::List(_) | Command::Schema(_) | Command::Completions(_) | Command::Man(_) => {
                false
            }
        }
    }
}

/// What commands print as JSON that is no report: schemas are made of it.
#[cfg(test)]
pub mod documents {
    pub use super::gpu::{FactsDocument as Facts, GpuDocument as Gpu};
    pub use super::list::Document as List;
    pub use super::why::Document as Why;
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing at or above the gate.
    Clean = 0,
    /// Findings at or above the gate.
    Findings = 1,
    /// Not all work could be done.
    Incomplete = 2,
}

/// Runs driftgate with these arguments, the program's name first, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = Arguments::command();
    if arguments.iter().any(|argument| argument == "--version") {
        command = command.long_version(intern::text(&version::long()));
    }
    let matches = match command.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match yaml::on_deep_threads(|| run_command(&matches)) {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(error) => {
            for line in options::lines_of(&error) {
                say(&line);
            }
            ExitCode::from(Outcome::Incomplete as u8)
        }
    }
}

fn run_command(matches: &ArgMatches) -> Result<Outcome> {
    let command = Arguments::from_arg_matches(matches)?.command;
    let _ticker = Ticker::start(command.works());
    match command {
        Command::Init(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Pin(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Why(command) => command.run(),
        Command::Sbom(command) => command.run(),
        Command::Gpu(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Completions(command) => command.run(&mut Arguments::command()),
        Command::Man(command) => command.run(Arguments::command()),
    }
}

/// Says something that is no result, to standard error.
fn say(line: &str) {
    let _line = terminal::clear();
    let _ = writeln!(io::stderr().lock(), "driftgate: {}", crate::outputs::text::plain(line));
}

/// Says what became of each file of a side, to standard error.
fn tell(side: &Side) {
    side.told.iter().for_each(|told| say(&format!("{}: {}", told.path, told.words)));
}

/// Writes a text to standard output, no line of which is a command to a CI system.
fn print(bytes: &[u8]) -> Result<()> {
    print_with(&mut |to| tamed(bytes, to))
}

/// Writes a text, no line of which is a command to a CI system.
fn tamed(bytes: &[u8], to: &mut dyn Write) -> Result<()> {
    let mut to = Tame::new(to);
    to.write_all(bytes)?;
    Ok(to.flush()?)
}

/// Writes a result to standard output. A reader that has seen enough is no error, and changes no outcome.
fn print_with(writer: files::Writer<'_>) -> Result<()> {
    terminal::end();
    let mut out = io::BufWriter::new(io::stdout().lock());
    match writer(&mut out).and_then(|()| Ok(out.flush()?)) {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        result => result.context("writing to standard output"),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
    error.chain().any(|cause| io(cause) == Some(io::ErrorKind::BrokenPipe))
}
