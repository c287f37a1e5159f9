//! PTX made by a toolkit that is newer than the driver.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The kernels that a GPU of a target needs are PTX, made by a CUDA that the target's driver does not know yet.
    ///
    /// # Why
    /// PTX is compiled by the driver when it is first used, and each CUDA makes a newer version of it. Minor-version compatibility,
    /// which lets CUDA 12.8 start on a driver for 12.2, does not cover that: the program starts, and its first kernel fails with
    /// `the provided PTX was compiled with an unsupported toolchain` (error 222), or
    /// `Unsupported .version 8.7; current version is '8.4'`. Crates that embed PTX (candle-kernels) are made by the `nvcc` of
    /// the image that they are built in, and so is what an image compiles for a list that covers the GPU by
    /// `+PTX` alone; a wheel has only PTX for a GPU that is newer than its machine code.
    ///
    /// # Mend
    /// Build with a CUDA that the driver is for, move the nodes to a newer driver branch, or take a build with machine code for the
    /// GPU. On data-centre boards the forward-compatibility driver of the image helps: then it runs on that condition, and this is
    /// no finding.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "a100-pool"
    /// driver = "535.183.06"
    /// gpus = ["A100"]
    /// ```
    pub PtxTooNew = "ptx-too-new"
}

impl Rule for PtxTooNew {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "PTX-NEW", case, findings);
        Ok(())
    }
}
