//! What a driver implements, taken for an installed toolkit.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A version that only drivers say is taken for a toolkit: CUDA 12.7 is asked for, or nodes are selected by `cuda.runtime`.
    ///
    /// # Why
    /// `nvidia-smi` prints `CUDA Version: 12.7`, and GPU feature discovery labels nodes with `nvidia.com/cuda.runtime.major`: both
    /// tell the newest CUDA that the driver implements. No toolkit is installed on the node by that, and 12.7 never was one. The two
    /// numbers differ on almost every healthy machine, so that their difference alone is found by no rule.
    ///
    /// It is off unless the policy sets a level: it fails nothing by itself.
    ///
    /// # Mend
    /// Pin a toolkit that there is, and select nodes by the driver's branch (`nvidia.com/cuda.driver-version.major`).
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// driver-capability-misread = "warn"
    /// ```
    pub DriverCapabilityMisread = "driver-capability-misread"
}

impl Rule for DriverCapabilityMisread {
    fn level(&self) -> Level {
        Level::Allow
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "SMI-MISREAD", case, findings);
        Ok(())
    }
}
