//! A driver branch that does not support the GPU it is meant to drive.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A target names a GPU that its driver branch does not support: no longer, or not yet.
    ///
    /// # Why
    /// Driver branches drop old generations (Kepler after 470, Maxwell, Pascal and Volta after 580) and know new ones only
    /// from some branch on (Blackwell from 570). The module then ignores the board, and nothing that needs CUDA starts:
    /// `no CUDA-capable device is detected` (error 100), or `No devices were found` from `nvidia-smi`. The kernel's log says why:
    /// a board `supported through the NVIDIA 580.xx Legacy drivers` (or 470.xx), or one that
    /// `requires use of the NVIDIA open kernel modules`, as boards of GeForce and RTX PRO from Blackwell on do.
    ///
    /// # Mend
    /// Move the nodes to a branch that supports their GPUs, or correct the target in the policy.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "blackwell-pool"
    /// driver = "580.65.06"
    /// gpus = ["B200"]
    /// ```
    pub DriverArchitecture = "driver-architecture"
}

impl Rule for DriverArchitecture {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "DRV-ARCH", case, findings);
        Ok(())
    }
}
