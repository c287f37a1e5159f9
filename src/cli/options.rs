//! What several commands take alike: outputs, files, the date.

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{ArgAction, Args, ValueEnum, ValueHint};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::files::{self, write, write_with};
use super::names::Names;
use super::{Outcome, actions, terminal};
use crate::intern::Text;
use crate::outputs::template::Template;
use crate::outputs::{self, Output, Style};
use crate::policy;
use crate::report::Report;
use crate::source::{Fault, Faults, Sources};

/// Where and how results are written.
#[derive(Args, Clone)]
pub struct Outputs {
    /// How to print: NAME, or NAME=FILE to write to a file; repeatable. `driftgate list outputs` names them. Of some there
    /// are several versions: NAME@VERSION.
    #[arg(long, short = 'f', value_name = "NAME[=FILE]", value_parser = Names::outputs(), hide_possible_values = true)]
    pub format: Vec<String>,
    /// A template of your own (Jinja), filled with what `json` writes: FILE, or FILE=OUT to write to a file; repeatable.
    #[arg(long, value_name = "FILE[=OUT]")]
    pub template: Vec<String>,
    /// Where the result goes that has no file of its own; `-` is standard output.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print less: the summary alone. Twice, for scripts: nothing but what --format or --output asks for, and what kept
    /// driftgate from its work.
    #[arg(long, short, action = ArgAction::Count)]
    pub quiet: u8,
    /// Print more: every finding in full; and to standard error, a line each, which files were read by which format, and why
    /// others that look like one were not.
    #[arg(long, short)]
    pub verbose: bool,
    /// Print each change by itself, though several have one cause.
    #[arg(long)]
    pub all: bool,
}

/// When colours are used.
#[derive(Clone, Copy, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never; nor links to files.
    Never,
}

/// An output that is asked for.
pub struct Chosen {
    /// The output.
    pub output: &'static dyn Output,
    /// The version of its standard; empty for the usual one.
    pub version: Text,
    /// Its file; none for standard output.
    pub file: Option<PathBuf>,
}

/// A template that is asked for.
struct Filled {
    template: Template,
    /// Its file; none for standard output.
    file: Option<PathBuf>,
}

impl Outputs {
    /// Says whether nothing is printed that no option asks for.
    fn is_silent(&self) -> bool {
        self.quiet > 1
    }

    /// Says what is no result and no failure, to standard error, unless nothing is to be said.
    pub fn say(&self, line: &str) {
        if !self.is_silent() {
            super::say(line);
        }
    }

    /// Returns the outputs that are asked for, each with its file; the one without a file goes to standard output.
    ///
    /// # Errors
    /// Where a name is unknown, or two outputs want standard output.
    pub fn chosen(&self, default: &str) -> Result<Vec<Chosen>> {
        let mut chosen: Vec<Chosen> = Vec::new();
        let is_report = outputs::named(default).is_none_or(|output| !output.is_document());
        let templates = self.templates()?;
        if self.is_silent() && self.format.is_empty() && self.output.is_none() && is_report {
            return Ok(chosen);
        }
        let default = [default.to_owned()];
        let is_printed = self.template.iter().any(|argument| !argument.contains('='));
        let names = match self.format.is_empty() {
            true if is_printed => &[],
            true => &default[..],
            false => &self.format,
        };
        for name in names {
            let (name, file) = name.split_once('=').map_or((name.as_str(), None), |(name, file)| (name, Some(file)));
            let (output, version) = outputs::asked(name)?;
            let file = self.file(&format!("--format {name}"), file)?;
            let taken = templates.iter().map(|filled| &filled.file).chain(chosen.iter().map(|other| &other.file));
            if taken.into_iter().any(|other| *other == file) {
                bail!("two outputs want the same place; give each its file, as in --format {name}=FILE");
            }
            chosen.push(Chosen { output, version, file });
        }
        Ok(chosen)
    }

    /// Returns the file that an argument names, `--output` where it names none; none for standard output.
    fn file(&self, option: &str, named: Option<&str>) -> Result<Option<PathBuf>> {
        match (named, &self.output) {
            (Some(file), _) => files::named(Path::new(file)).with_context(|| option.to_owned()),
            (None, Some(file)) => files::named(file).context("--output"),
            (None, None) => Ok(None),
        }
    }

    /// Reads the templates that are asked for.
    fn templates(&self) -> Result<Vec<Filled>> {
        let mut templates: Vec<Filled> = Vec::new();
        for argument in &self.template {
            let (name, file) =
                argument.split_once('=').map_or((argument.as_str(), None), |(name, file)| (name, Some(file)));
            let text = fs::read_to_string(name).with_context(|| format!("reading the template {name}"))?;
            let file = self.file(&format!("--template {name}"), file)?;
            if templates.iter().any(|other| other.file == file) {
                bail!("two templates want the same place; give each its file, as in --template {name}=FILE");
            }
            templates.push(Filled { template: Template::parse(name, text)?, file });
        }
        Ok(templates)
    }

    /// Writes a report in every way that is asked for.
    ///
    /// # Errors
    /// Where a file can't be written.
    pub fn write(&self, report: &mut Report, default: &str) -> Result<()> {
        let (mut chosen, templates) = (self.chosen(default)?, self.templates()?);
        // A run that ends with 2 and shows no report still says why.
        if !chosen.iter().any(|one| one.file.is_none() && !one.output.is_document()) {
            report.problems.iter().for_each(|problem| super::say(&problem.to_string()));
        }
        if chosen.iter().any(|one| one.output.id() == actions::OUTPUT) {
            actions::summarize(report, self.style(true));
        }
        for Filled { template, file } in templates {
            // Whole or not at all: what it asks for in vain is known at its end.
            let mut bytes = Vec::new();
            template.write(report, &mut bytes)?;
            match file {
                Some(file) => write(&file, &bytes)?,
                None => super::print_with(&mut |to| Ok(to.write_all(&bytes)?))?,
            }
        }
        // Last those that know files by other paths.
        chosen.sort_by_key(|one| one.output.is_for_code_host());
        for Chosen { output, version, file } in chosen {
            if output.is_for_code_host() {
                report.stand_in_repository();
            }
            let style = Style { version, ..self.style(file.is_some()) };
            match file {
                Some(file) => write_with(&file, &mut |to| output.write(report, style, to))?,
                None => super::print_with(&mut |to| output.write(report, style, to))?,
            }
        }
        Ok(())
    }

    /// Writes a report in every way that is asked for; where nothing is, and GitHub Actions runs this, its annotations and
    /// the summary of the job too.
    ///
    /// # Errors
    /// As [`Outputs::write`].
    pub fn write_for_ci(&self, report: &mut Report, default: &str) -> Result<()> {
        self.write(report, default)?;
        let is_by_itself = self.format.is_empty() && self.template.is_empty();
        if is_by_itself && !self.is_silent() && actions::is_here() {
            actions::summarize(report, self.style(true));
            report.stand_in_repository();
            actions::annotate(report)?;
        }
        Ok(())
    }

    /// Returns how results look on standard output, or in a file.
    pub fn style(&self, in_file: bool) -> Style {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                // What git runs writes to git's pager.
                let is_shown = stdout().is_terminal() || set("GIT_PAGER_IN_USE");
                !in_file && is_shown && !set("NO_COLOR") && !terminal::is_dumb()
            }
        };
        let host = if in_file || matches!(self.color, Color::Never) { None } else { terminal::link_host() };
        let width = if in_file { 0 } else { terminal::width() };
        // What was asked for into a file is asked for whole.
        let quiet = self.quiet > 0 && !in_file;
        Style { color, host, width, quiet, verbose: self.verbose, all: self.all, ..Style::default() }
    }
}

/// Returns the outcome of a report.
pub fn outcome(report: &Report) -> Outcome {
    match report.exit_code() {
        0 => Outcome::Clean,
        1 => Outcome::Findings,
        _ => Outcome::Incomplete,
    }
}

/// Returns a file in a folder, without a `./` that says nothing.
pub fn within(folder: &Path, file: impl AsRef<Path>) -> PathBuf {
    let path = folder.join(file);
    path.strip_prefix(".").map_or_else(|_| path.clone(), Path::to_owned)
}

/// Reads a day, `2026-12-31`; today in UTC without one.
///
/// # Errors
/// Where it is none.
pub fn day(text: Option<&str>) -> Result<Date> {
    let Some(text) = text else { return Ok(OffsetDateTime::now_utc().date()) };
    policy::date::parse(text).context("--date")
}

/// Returns the time that documents name: `SOURCE_DATE_EPOCH` in RFC 3339, none where it is not set.
///
/// # Errors
/// Where it is no number of seconds.
pub fn timestamp() -> Result<Option<String>> {
    let Some(seconds) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.map(Some).context("SOURCE_DATE_EPOCH is no number of seconds since 1970")
}

/// Gives an error's faults their paths, lines and columns, while the files are at hand.
pub fn located(error: anyhow::Error, sources: &Sources) -> anyhow::Error {
    let faults: Vec<Fault> = match (error.downcast_ref::<Faults>(), error.downcast_ref::<Fault>()) {
        (Some(Faults(faults)), _) => faults.clone(),
        (None, Some(fault)) => vec![fault.clone()],
        (None, None) => return error,
    };
    let lines = faults.iter().map(|fault| {
        let at = sources.locate(fault.place);
        format!("{}:{}:{}: {}", at.path, at.line, at.column, fault.message)
    });
    anyhow::anyhow!(lines.collect::<Vec<_>>().join("\n"))
}

/// Returns an error's lines: one each fault, or one for the whole chain.
pub fn lines_of(error: &anyhow::Error) -> Vec<String> {
    format!("{error:#}").lines().map(str::to_owned).collect()
}
