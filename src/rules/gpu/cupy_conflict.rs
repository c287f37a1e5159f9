//! Several CuPys, or one for another CUDA.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// Several packages of CuPy are installed together, or one that is for another CUDA than there is.
    ///
    /// # Why
    /// All packages of CuPy are the module `cupy`, and two overwrite one another:
    /// `CuPy may not function correctly because multiple CuPy packages are installed`. A wheel for CUDA 12 compiles its
    /// kernels with the NVRTC of CUDA 12, which it does not bring along:
    /// `libnvrtc.so.12: cannot open shared object file: No such file or directory`, or
    /// `CuPy failed to load libnvrtc.so.12`.
    ///
    /// # Mend
    /// Keep one, for the CUDA that is there (`cupy-cuda12x`, `cupy-cuda13x`), or ask for its extra `ctk`, which brings its own.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// cupy-conflict = "warn"
    /// ```
    pub CupyConflict = "cupy-conflict"
}

impl Rule for CupyConflict {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CUPY", case, findings);
        Ok(())
    }
}
