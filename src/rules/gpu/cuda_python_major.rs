//! CUDA's bindings for another major.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// cuda-python or cuda-bindings are for another CUDA major than the framework beside them.
    ///
    /// # Why
    /// Their major version is CUDA's, and they load the libraries of that major: `cuda-bindings` 13 beside a torch for
    /// CUDA 12 finds none of its own: `libnvrtc.so.13: cannot open shared object file: No such file or directory`.
    /// Bindings newer than the driver within one major lack nothing but the newest calls, and are let be.
    ///
    /// # Mend
    /// Pin them to the CUDA major of the framework: 12.9.x for CUDA 12, 13.x for CUDA 13.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// cuda-python-major = "deny"
    /// ```
    pub CudaPythonMajor = "cuda-python-major"
}

impl Rule for CudaPythonMajor {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CUDA-PY", case, findings);
        Ok(())
    }
}
