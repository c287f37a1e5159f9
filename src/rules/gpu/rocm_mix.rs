//! Builds for ROCm and for CUDA in one place.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A build for ROCm stands beside one for CUDA, or is meant for the other maker's GPU.
    ///
    /// # Why
    /// torch for ROCm finds no GPU of NVIDIA's (`No HIP GPUs are available`), torch for CUDA none of AMD's
    /// (`Found no NVIDIA driver on your system`), and a package for the other one beside it is dead weight at best. It happens
    /// when an extra index is lost at a lock refresh, and the default build comes in. Wheels of CUDA's libraries alone, which
    /// torch for ROCm does not load, warn; NCCL's alone, which XGBoost requires, is let be.
    ///
    /// # Mend
    /// Take all builds from one index, for the GPUs that the nodes have.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "h100-pool"
    /// driver = "580.65.06"
    /// gpus = ["H100"]
    /// ```
    pub RocmMix = "rocm-mix"
}

impl Rule for RocmMix {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ROCM-MIX", case, findings);
        Ok(())
    }
}
