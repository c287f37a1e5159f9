//! A driver branch that gets no fixes any more.

use anyhow::Result;
use serde::Deserialize;
use time::Duration;

use super::add;
use crate::entry;
use crate::gpu;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A target that something with CUDA runs on has a driver of a branch past its end of life.
    ///
    /// # Why
    /// After its last day a branch gets no security fixes. It fails nothing: programs run on it as before, which is why it
    /// is forgotten. Clouds may go on with fixes of their own. Of a branch with two published dates NVIDIA's own counts; of
    /// one without a date nothing is said.
    ///
    /// # Mend
    /// Move the nodes to a branch in support. The finding names those that drive the target's GPUs.
    ///
    /// # Options
    /// - `before`: how many days before the last day it is told; `0` by default, which is after it.
    ///
    /// ```toml
    /// [rules]
    /// driver-end-of-life = { level = "warn", before = 90 }
    /// ```
    pub DriverEndOfLife = "driver-end-of-life"
}

/// How many days a branch must still be in support to be worth moving to.
const WORTH_MOVING: i64 = 180;

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
struct Options {
    before: u16,
}

impl Rule for DriverEndOfLife {
    fn level(&self) -> Level {
        Level::Warn
    }

    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Options as schemars::JsonSchema>::json_schema(schemas)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        let options: Options = case.options(self)?;
        let after = |days: i64| case.today.saturating_add(Duration::days(days)).to_string();
        let (today, soon, lasts) = (after(0), after(i64::from(options.before)), after(WORTH_MOVING));
        for target in case.judged().used(case.policy) {
            for mut answer in gpu::end_of_life(&target.target, &today, &soon, &lasts) {
                answer.about.place = target.place;
                add(self, case, findings, &answer, Some(target));
            }
        }
        Ok(())
    }
}
