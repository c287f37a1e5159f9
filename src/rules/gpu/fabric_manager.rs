//! NVSwitch's manager of another build than the driver.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The fabric manager of a machine with NVSwitch is of another build than its driver.
    ///
    /// # Why
    /// The fabric manager sets up NVSwitch, and starts only beside the driver of its very build; else its log says
    /// `fabric manager NVIDIA GPU driver interface version 530.30.02 don't match with driver version 530.41.03`. Without it
    /// no program can use the GPUs, although `nvidia-smi` lists them all: CUDA says `system not yet initialized` (error
    /// 802).
    ///
    /// Boards on PCIe need no manager, and nothing is said of them. Where the name of a GPU leaves open which board it is
    /// (`A100`), it warns.
    ///
    /// # Mend
    /// Install the manager of the driver's build, and pin the two packages to each other.
    ///
    /// # Options
    /// None. Both versions are read from a file, or stand in the policy:
    ///
    /// ```toml
    /// [[target]]
    /// name = "dgx"
    /// driver = "535.161.08"
    /// gpus = ["A100-SXM4-80GB"]
    /// fabric-manager = "535.161.08"    # nv-fabricmanager --version
    /// ```
    pub FabricManager = "fabric-manager"
}

impl Rule for FabricManager {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "FABRIC", case, findings);
        Ok(())
    }
}
