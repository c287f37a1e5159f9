//! CUDA code that is compiled in an image without compiler.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// Something is compiled for CUDA in an image that has no nvcc.
    ///
    /// # Why
    /// The `-base` and `-runtime` images of CUDA hold libraries and no compiler; images of Python or an operating system hold
    /// neither. An installation that compiles, or that asks nvcc for its version before it looks for a wheel to fetch, as
    /// flash-attn's does, ends there: `No such file or directory: '/usr/local/cuda/bin/nvcc'`, or
    /// `CUDA_HOME environment variable is not set. Please set it to your CUDA install root`; CMake says
    /// `Could not find nvcc, please set CUDAToolkit_ROOT`.
    ///
    /// # Mend
    /// Compile in a stage that starts from a `-devel` image and copy what it built, or install a wheel that is built already.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// missing-compiler = "deny"
    /// ```
    pub MissingCompiler = "missing-compiler"
}

impl Rule for MissingCompiler {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "NO-NVCC", case, findings);
        Ok(())
    }
}
