//! A framework beside an older cuDNN.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The cuDNN that a framework finds is older than the one it was built with.
    ///
    /// # Why
    /// Within a major version a newer minor is fine, and an older is not. TensorFlow says
    /// `Loaded runtime CuDNN library: 9.1.0 but source was compiled with: 9.3.0` and fails at its first convolution; JAX says
    /// `Found cuDNN version 8600, but JAX was built against version 8906` and does not use the GPU. For torch it is a warning:
    /// its own pin was overridden, and only what is new in the later minor is missing.
    ///
    /// # Mend
    /// Pin the wheel to the minor version that the framework was built with, or to a later one.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// cudnn-too-old = "deny"
    /// ```
    pub CudnnTooOld = "cudnn-too-old"
}

impl Rule for CudnnTooOld {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CUDNN-OLD", case, findings);
        Ok(())
    }
}
