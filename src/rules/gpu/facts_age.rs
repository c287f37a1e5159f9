//! Facts about drivers and frameworks that nobody has looked through for long.

use anyhow::Result;
use serde::Deserialize;

use crate::entry;
use crate::gpu::facts;
use crate::graph::Subject;
use crate::policy::{Level, date};
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// The tables that the GPU stack is judged by are older than the policy lets them be.
    ///
    /// Only told where the policy has a `[[target]]`: without one nothing is judged by a driver.
    ///
    /// # Why
    /// Driver branches come and end every quarter, and each release of a framework may be built for another CUDA. What is
    /// not in the tables is unknown, and what is may have changed.
    ///
    /// # Mend
    /// Take a newer release of driftgate; or lay rows of your own over its tables with `--facts DIR`, in files named and
    /// written as `driftgate gpu facts` shows them, with a `data_date` of their own.
    ///
    /// # Options
    /// `days`: how old they may be on the day of the check; 270 if not given.
    ///
    /// ```toml
    /// [rules]
    /// gpu-facts-age = { level = "warn", days = 120 }
    /// ```
    pub FactsAge = "gpu-facts-age"
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    days: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { days: 270 }
    }
}

impl Rule for FactsAge {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        false
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        let Some(target) = case.policy.targets.first() else { return Ok(()) };
        let Ok(of) = date::parse(facts::data_date()) else { return Ok(()) };
        let age = (case.today - of).whole_days();
        if age <= i64::from(options.days) {
            return Ok(());
        }
        let age = phrase::count(usize::try_from(age).unwrap_or_default(), "day");
        let message = format!("the facts about drivers, GPUs and frameworks are of {of}, {age} ago");
        findings
            .at(self, "", target.place, message)
            .name("facts")
            .note(format!("the policy lets them be {} old", phrase::count(options.days as usize, "day")))
            .help("take a newer driftgate, or lay newer rows over the tables with --facts DIR");
        Ok(())
    }
}
