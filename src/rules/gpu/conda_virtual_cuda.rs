//! A conda solve that sees no GPU and takes a build for the CPU.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// An image's build lets conda choose between builds for the CPU and for CUDA, where it sees no GPU.
    ///
    /// # Why
    /// Builds for CUDA ask for the virtual package `__cuda`, which is what the driver of the solving machine implements. While an
    /// image is built there is no driver, and conda, mamba and micromamba take the build for the CPU without a word:
    /// `Torch not compiled with CUDA enabled` at run time.
    ///
    /// It is found only where a GPU is meant: in an image of CUDA's own, beside packages of CUDA, or where a container asks for one.
    ///
    /// # Mend
    /// Set `CONDA_OVERRIDE_CUDA` where it is solved, name the build (`pytorch=*=*cuda*`), or install from a lockfile.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// conda-virtual-cuda = "warn"
    /// ```
    pub CondaVirtualCuda = "conda-virtual-cuda"
}

impl Rule for CondaVirtualCuda {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CONDA-VIRTUAL", case, findings);
        Ok(())
    }
}
