//! A file an output: each renders a report, and never asks which rule made a finding.

mod excerpt;
mod json;
mod sarif;
mod tally;
mod terminal;
mod text;

#[cfg(test)]
mod samples;

use std::io;

use anyhow::Result;

use crate::entry::Entry;
use crate::report::Report;

/// One output of findings and changes.
pub trait Output: Entry {
    /// Writes the report.
    ///
    /// # Errors
    /// Where writing fails.
    fn write(&self, report: &Report, style: Style, to: &mut dyn io::Write) -> Result<()>;
}

/// How an output is to look; machine-read ones need none of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether colours are written.
    pub color: bool,
    /// How wide lines may be, in columns; 0 for no limit.
    pub width: usize,
    /// Whether details are left out.
    pub quiet: bool,
    /// Whether all details are shown.
    pub verbose: bool,
}

/// All outputs of a report.
pub const OUTPUTS: &[&dyn Output] = &[&terminal::Terminal, &json::Json, &sarif::Sarif];

/// Finds an output by its id.
pub fn named(id: &str) -> Option<&'static dyn Output> {
    OUTPUTS.iter().copied().find(|output| output.id() == id)
}
