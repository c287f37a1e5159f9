//! numba-cuda without its toolkit, or with one too new.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// numba-cuda has no toolkit to compile with, two of them, or one that is newer than the driver.
    ///
    /// # Why
    /// It compiles kernels at run time with the libNVVM of a toolkit: `libNVVM cannot be found` where there is none. Where its
    /// compiler is newer than the driver and no nvJitLink is there to link for it, the driver refuses what it compiles:
    /// `the provided PTX was compiled with an unsupported toolchain` (error 222). numba alone is not judged: most of its users
    /// never leave the CPU.
    ///
    /// # Mend
    /// Ask for `numba-cuda[cu12]` or `numba-cuda[cu13]`, by the framework beside it and the driver.
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
    pub NumbaToolkit = "numba-toolkit"
}

impl Rule for NumbaToolkit {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "NUMBA", case, findings);
        Ok(())
    }
}
