//! `pip install --report`: the JSON in which pip reports an installation, version 1.
//!
//! Specification: "Installation Report" of pip's documentation.

use anyhow::Result;

use super::reported::{self, Report, YIELDS, is_pips};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::Inventory;
use crate::source::Source;
use crate::syntax::json;

entry! {
    /// What `pip install --report FILE` writes: every package that pip would install, or did.
    ///
    /// The markers of requirements are held against the environment that the report tells; what was asked for by name
    /// counts as direct. Version 1.
    pub PipReport = "pip-report"
}

impl Format for PipReport {
    fn yields(&self) -> &'static [Yield] {
        YIELDS
    }

    fn files(&self) -> &'static [&'static str] {
        &["pip-report*.json", "*.pip-report.json", "*-pip-report.json"]
    }

    fn recognizes(&self, text: &str) -> bool {
        is_pips(text) && text.contains("\"download_info\"") && text.contains("\"install\"")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let report: Report<'_> = json::read(source)?;
        let Some(packages) = report.install else {
            return Err(source.fault(source.start(), "no \"install\" in it; is it what `pip install --report` writes?"));
        };
        reported::read(source, "pip-report", report.version, packages, report.environment)
    }
}
