//! GitHub Actions: what a check tells it where it runs in a job.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{options, say};
use crate::outputs::{self, Style};
use crate::report::Report;

/// The output that holds annotations.
pub const OUTPUT: &str = "github";

/// How large the summary of a step may be, in bytes; GitHub drops all of a larger one.
const MOST: u64 = 1 << 20;

/// Says whether this is a job of GitHub Actions.
pub fn is_here() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Prints the annotations of a report beside what else is printed.
///
/// # Errors
/// Where standard output can't be written to.
pub fn annotate(report: &Report) -> Result<()> {
    let Some(output) = outputs::named(OUTPUT) else { return Ok(()) };
    super::print_with(&mut |to| output.write(report, Style::default(), to))
}

/// Adds the Markdown report to the summary of the job, where Actions says which file that is. That it can't be written is
/// said, and fails no check.
pub fn summarize(report: &Report, style: Style) {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else { return };
    if let Err(error) = add(report, style, &file) {
        options::lines_of(&error).iter().for_each(|line| say(&format!("no summary of the job: {line}")));
    }
}

fn add(report: &Report, style: Style, file: &OsString) -> Result<()> {
    let file = Path::new(file);
    let Some(markdown) = outputs::named("markdown") else { return Ok(()) };
    let written = fs::metadata(file).map_or(0, |there| there.len());
    // What others wrote before may not end its last line, and a heading begins one.
    let mut page = if written > 0 { b"\n\n".to_vec() } else { Vec::new() };
    markdown.write(report, style, &mut page)?;
    let size = written + page.len() as u64;
    ensure!(size <= MOST, "with {written} bytes that are there it would be larger than the 1 MiB that GitHub takes");
    let to = OpenOptions::new().append(true).create(true).open(file);
    to.and_then(|mut to| to.write_all(&page)).with_context(|| format!("writing {}", file.display()))
}
