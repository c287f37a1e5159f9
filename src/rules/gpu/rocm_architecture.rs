//! A GPU of AMD's that a ROCm has no code for.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A component runs a ROCm that has no code for a GPU of a target.
    ///
    /// # Why
    /// Code for AMD's GPUs is compiled for each of them, and there is none that a driver could compile on. A release of ROCm, and
    /// torch's wheels for it, know the GPUs of their time; on a later one the first kernel ends with
    /// `HIP error: invalid device function` or `hipErrorNoBinaryForGpu`.
    ///
    /// `HSA_OVERRIDE_GFX_VERSION` makes a GPU run code for another target; where it is set, nothing is found.
    ///
    /// # Mend
    /// Take a build for a ROCm that knows the GPU: the finding names the first.
    ///
    /// # Options
    /// None. A target names its GPUs:
    ///
    /// ```toml
    /// [[target]]
    /// name = "workstation"
    /// gpus = ["Radeon RX 9070 XT"]
    /// ```
    pub RocmArchitecture = "rocm-architecture"
}

impl Rule for RocmArchitecture {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ROCM-ARCH", case, findings);
        Ok(())
    }
}
