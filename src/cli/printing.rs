//! Where and how a command prints that makes no report, and how much it says.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{ArgAction, Args, ValueEnum, ValueHint};

use super::files;
use super::names::Names;
use super::options::Color;
use super::terminal;
use crate::intern::Text;
use crate::suggest;

/// Where and how results are written: `F` is the ways there are, the first one where nothing is asked for.
#[derive(Args, Clone)]
pub struct Printing<F: ValueEnum + Send + Sync + 'static> {
    /// How to print: NAME, or NAME=FILE to write to a file; repeatable.
    #[arg(long, short = 'f', value_name = "NAME[=FILE]", value_parser = Names::of::<F>())]
    format: Vec<String>,
    /// Where the result goes that has no file of its own; `-` is standard output.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// When to use colours; `never` means no links to files either.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[arg(skip)]
    forms: PhantomData<F>,
}

/// How a result looks where it goes.
#[derive(Clone, Copy)]
pub struct Look {
    /// How wide a table may be; 0 for no limit.
    pub width: usize,
    /// The machine's name for links to its files; none where there are no links.
    pub host: Option<Text>,
}

/// A way of printing that is asked for.
pub struct Asked<F> {
    /// The way.
    pub form: F,
    /// Its file; none for standard output.
    file: Option<PathBuf>,
    /// How it looks there.
    pub look: Look,
}

impl<F: ValueEnum + Send + Sync + 'static> Printing<F> {
    /// Returns the ways that are asked for; none where none is and nothing is to be said.
    ///
    /// # Errors
    /// Where a name is unknown, a file can't be written, or two ways want the same place.
    pub fn asked(&self, volume: &Volume) -> Result<Vec<Asked<F>>> {
        let mut asked: Vec<Asked<F>> = Vec::new();
        if volume.is_silent() && self.format.is_empty() && self.output.is_none() {
            return Ok(asked);
        }
        let first = F::value_variants().first().and_then(ValueEnum::to_possible_value);
        let first = [first.map_or_else(String::new, |first| first.get_name().to_owned())];
        for argument in if self.format.is_empty() { &first[..] } else { &self.format } {
            let (name, file) =
                argument.split_once('=').map_or((argument.as_str(), None), |(name, file)| (name, Some(file)));
            let Ok(form) = F::from_str(name, false) else {
                let names: Vec<String> = names::<F>().collect();
                let hint = suggest::hint(name, names.iter().map(String::as_str));
                bail!("--format: no output of this command is called \"{}\"{hint}", name.escape_debug());
            };
            let file = match (file, &self.output) {
                (Some(file), _) => files::named(Path::new(file)).with_context(|| format!("--format {name}"))?,
                (None, Some(file)) => files::named(file).context("--output")?,
                (None, None) => None,
            };
            if asked.iter().any(|other| other.file == file) {
                bail!("two outputs want the same place; give each its file, as in --format {name}=FILE");
            }
            let has_links = file.is_none() && !matches!(self.color, Color::Never);
            let look = Look {
                width: if file.is_none() { terminal::width() } else { 0 },
                host: if has_links { terminal::link_host() } else { None },
            };
            asked.push(Asked { form, file, look });
        }
        Ok(asked)
    }
}

impl<F> Asked<F> {
    /// Writes a text where it is to go. No line of it is a command to a CI system.
    ///
    /// # Errors
    /// Where that fails.
    pub fn write(&self, text: &str) -> Result<()> {
        match &self.file {
            Some(file) => files::write_with(file, &mut |to| super::tamed(text.as_bytes(), to)),
            None => super::print(text.as_bytes()),
        }
    }
}

/// Returns what the ways are called.
pub fn names<F: ValueEnum + 'static>() -> impl Iterator<Item = String> {
    F::value_variants().iter().filter_map(ValueEnum::to_possible_value).map(|value| value.get_name().to_owned())
}

/// How much is said beside results.
#[derive(Args, Clone, Default)]
pub struct Volume {
    /// Print less: the summary alone. Twice, for scripts: nothing but what --format or --output asks for, and what kept
    /// driftgate from its work.
    #[arg(long, short, action = ArgAction::Count)]
    pub quiet: u8,
    /// Say on standard error, a line each, which files were read by which format, and why others that look like one were not.
    #[arg(long, short)]
    pub verbose: bool,
}

impl Volume {
    /// Says whether nothing is printed that no option asks for.
    pub fn is_silent(&self) -> bool {
        self.quiet > 1
    }

    /// Says what is no result and no failure, to standard error, unless nothing is to be said.
    pub fn say(&self, line: &str) {
        if !self.is_silent() {
            super::say(line);
        }
    }
}
