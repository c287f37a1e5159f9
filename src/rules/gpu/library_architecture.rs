//! A library that dropped the GPU of a target.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A library has no kernels for a GPU of a target, although its framework may have them.
    ///
    /// # Why
    /// cuDNN for CUDA 12 dropped Maxwell, Pascal and Volta after 9.10, TensorRT Pascal with 10.0 and Volta with 10.5, xformers
    /// Volta with 0.0.31; flash-attn needs 8.0 and vLLM 7.0 at the least. At run time it says
    /// `FlashAttention only supports Ampere GPUs or newer`, `CUDNN_STATUS_ARCH_MISMATCH` or
    /// `no kernel image is available for execution on the device`. Where the framework itself has none, that is told by
    /// missing-architecture and not again here.
    ///
    /// # Mend
    /// Pin the last release that has the GPU, or move to other GPUs: the finding names the release where it is known.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "v100-pool"
    /// gpus = ["V100"]
    /// ```
    pub LibraryArchitecture = "library-architecture"
}

impl Rule for LibraryArchitecture {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ARCH-LIB", case, findings);
        Ok(())
    }
}
