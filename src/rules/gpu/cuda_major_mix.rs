//! Packages for two CUDA majors in one environment.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// Two packages of one environment were built for different CUDA majors.
    ///
    /// # Why
    /// Libraries of CUDA 12 do not serve a package that was built for 11 or 13. A package that brings no CUDA along, as
    /// onnxruntime-gpu, then finds none: `libcublasLt.so.11: cannot open shared object file: No such file or directory`,
    /// `libcublasLt.so.12: cannot open shared object file: No such file or directory`,
    /// `libcublasLt.so.13: cannot open shared object file: No such file or directory`,
    /// and falls back to the CPU. Where each brings its own, one process loads
    /// both, which works until one finds the other's library first. The finding says which of the two it is.
    ///
    /// onnxruntime-gpu changed its CUDA without changing its name: up to 1.18 it is for 11.8, from 1.19 for 12, from 1.27
    /// for 13. What is silent here: onnxruntime for the CPU, nvidia-ml-py (its numbers are a driver's), helper packages that
    /// nvidia-cutlass-dsl installs for both majors, and builds of which only one is ever installed.
    ///
    /// # Mend
    /// Take the release or package for the CUDA that the framework has: the finding names it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// cuda-major-mix = "warn"
    /// ```
    pub CudaMajorMix = "cuda-major-mix"
}

impl Rule for CudaMajorMix {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "MAJOR-MIX", case, findings);
        Ok(())
    }
}
