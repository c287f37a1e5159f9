//! An extension of torch compiled by another CUDA than torch's own.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// An extension of torch is compiled by a CUDA of another major version than torch's own.
    ///
    /// # Why
    /// torch holds the compiler to the CUDA that it was built for itself, and refuses to build:
    /// `The detected CUDA version (11.8) mismatches the version that was used to compile PyTorch (12.1)`. Of another minor version
    /// it only warns, and the build works; apex refuses that too:
    /// `Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries`.
    ///
    /// The compiler is that of the stage that compiles. A base image of another CUDA in which nothing is compiled is no fault,
    /// and neither is a package whose installation fetches a wheel.
    ///
    /// # Mend
    /// Compile in an image of torch's CUDA, or take the same torch built for the compiler's; the finding names both.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// build-cuda-major = "deny"
    /// ```
    pub BuildCudaMajor = "build-cuda-major"
}

impl Rule for BuildCudaMajor {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "BUILD-MAJOR", case, findings);
        Ok(())
    }
}
