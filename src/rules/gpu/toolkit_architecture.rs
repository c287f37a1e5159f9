//! An architecture that the compiler does not know.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A build asks for an architecture that its compiler does not know.
    ///
    /// # Why
    /// `TORCH_CUDA_ARCH_LIST`, `CMAKE_CUDA_ARCHITECTURES` and nvcc's own options name what to compile for. A compiler knows
    /// architectures from one release to another: 12.0 from CUDA 12.8 on, nothing below 7.5 from 13.0 on. Beyond that it ends with
    /// `nvcc fatal   : Unsupported gpu architecture 'compute_120'`.
    ///
    /// The compiler is that of the stage that compiles, not of the one that runs. Thor is `101` up to CUDA 12.9, and `110` from
    /// 13.0 on.
    ///
    /// # Mend
    /// Compile with a release that knows all of the list, or take what it does not know off the list.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// toolkit-architecture = "deny"
    /// ```
    pub ToolkitArchitecture = "toolkit-architecture"
}

impl Rule for ToolkitArchitecture {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ARCH-TOOLKIT", case, findings);
        Ok(())
    }
}
