//! A driver below the floor of the CUDA that a component was built for.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A component was built for a CUDA that the driver of a target is too old for.
    ///
    /// # Why
    /// A program built with CUDA X.Y starts on every driver from the floor of its major version on (525.60.13 for CUDA
    /// 12, 580.65.06 for CUDA 13), whatever its minor version. Below the floor it fails at start: PyTorch says
    /// `The NVIDIA driver on your system is too old (found version 12020)`, the runtime
    /// `CUDA driver version is insufficient for CUDA runtime version` (error 35). The number is the newest CUDA that the
    /// driver implements: 12020 is 12.2, 11040 is 11.4. The nodes have the driver; the image cannot bring it along.
    ///
    /// That `nvidia-smi` prints a smaller CUDA minor version than the component's is fine and found by no rule.
    ///
    /// # Mend
    /// Take a variant or release that the driver can run, or move the nodes to a driver branch at or above the floor. The
    /// finding names both, from the tables.
    ///
    /// # Options
    /// None. Where subjects run is said by `[[target]]` in the policy:
    ///
    /// ```toml
    /// [[target]]
    /// name = "a100-pool"
    /// driver = "535.183.06"
    /// gpus = ["A100"]
    /// path = "services/**"
    /// ```
    pub DriverFloor = "driver-floor"
}

impl Rule for DriverFloor {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "DRV-FLOOR", case, findings);
        Ok(())
    }
}
