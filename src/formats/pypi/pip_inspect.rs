//! `pip inspect`: the JSON in which pip tells what is installed, version 1.
//!
//! Specification: "pip inspect JSON output format" of pip's documentation.

use anyhow::Result;

use super::reported::{self, Report, YIELDS, is_pips};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::json;

entry! {
    /// What `pip inspect` prints: every package that is installed into an environment.
    ///
    /// The markers of requirements are held against the environment that the output tells; what was asked for by name
    /// counts as direct. Digests and sources are known only of what was not installed by name. Version 1.
    pub PipInspect = "pip-inspect"
}

impl Format for PipInspect {
    fn yields(&self) -> &'static [Yield] {
        YIELDS
    }

    fn files(&self) -> &'static [&'static str] {
        &["pip-inspect*.json", "*.pip-inspect.json", "*-pip-inspect.json"]
    }

    fn recognizes(&self, text: &str) -> bool {
        is_pips(text) && text.contains("\"metadata_location\"") && text.contains("\"installed\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let report: Report<'_> = json::read(source)?;
        let Some(packages) = report.installed else {
            return Err(source.fault(source.start(), "no \"installed\" in it; is it what `pip inspect` prints?"));
        };
        reported::read(source, "pip-inspect", report.version, packages, report.environment)
    }
}
