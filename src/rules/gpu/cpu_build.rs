//! A build for the CPU where a GPU is given.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A framework is a build for the CPU where a GPU is asked for, or in an image for GPUs.
    ///
    /// # Why
    /// A build for the CPU runs without a word, slowly, on a node that costs what its GPU costs; or it says
    /// `Torch not compiled with CUDA enabled` when a program asks for the GPU by name. It gets into a lock by an index
    /// (`…/whl/cpu`), by a local version (`+cpu`), or by a solver that saw no GPU.
    ///
    /// # Mend
    /// Lock the build for CUDA, or give the GPU back.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// cpu-build = "warn"
    /// ```
    pub CpuBuild = "cpu-build"
}

impl Rule for CpuBuild {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CPU-BUILD", case, findings);
        Ok(())
    }
}
