//! A build without kernels for the GPU it is meant to run on.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A component has no kernel for a GPU of a target.
    ///
    /// # Why
    /// A wheel holds machine code for a list of architectures. Code for 8.0 runs on 8.6 and 8.9, but not on 9.0 or 12.0;
    /// beyond that only PTX helps, which the driver compiles. Without either it starts, and fails at its first kernel:
    /// `CUDA error: no kernel image is available for execution on the device` (error 209). PyTorch warns before that:
    /// `with CUDA capability sm_120 is not compatible with the current PyTorch installation`. It warns of
    /// GB10 (12.1) too, on which code for 12.0 runs: the kernels that there are decide, and not that text.
    ///
    /// # Mend
    /// Take a release or variant that was built for the GPU: the finding names the first one in the tables.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "workstation"
    /// gpus = ["GeForce RTX 5090"]
    /// ```
    pub MissingArchitecture = "missing-architecture"
}

impl Rule for MissingArchitecture {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ARCH-MISSING", case, findings);
        Ok(())
    }
}
