//! A driver whose libraries and kernel module are of different builds.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The driver's libraries on a target are of another build than its kernel module.
    ///
    /// # Why
    /// A driver has two halves, and they must be of one build. After an upgrade of the packages the old module runs on
    /// until the reboot, and refuses the new libraries: `nvidia-smi` says
    /// `Failed to initialize NVML: Driver/library version mismatch`, and with it `NVML library version: 570.124`, the
    /// libraries' version cut to its first numbers.
    /// New containers get no GPU from then on, while those that run go on.
    ///
    /// Inside of WSL the driver is the host's, whose number is another; nothing is said there.
    ///
    /// # Mend
    /// Reboot the node, or unload the module and load it anew. Keep the driver's packages out of unattended upgrades.
    ///
    /// # Options
    /// None. Both versions are read from a file, or stand in the policy:
    ///
    /// ```toml
    /// [[target]]
    /// name = "gpu-1"
    /// file = "ops/gpu-1.txt"    # cat /proc/driver/nvidia/version; nvidia-smi
    /// ```
    pub NvmlMismatch = "nvml-mismatch"
}

impl Rule for NvmlMismatch {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "NVML-MIX", case, findings);
        Ok(())
    }
}
