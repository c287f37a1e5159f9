//! bitsandbytes without a library for torch's CUDA.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// bitsandbytes has no library for the CUDA that torch is built for.
    ///
    /// # Why
    /// Its wheel holds one library for each minor version of CUDA and loads the one that torch names. A release older than
    /// that CUDA has none: `Configured CUDA binary not found at …/libbitsandbytes_cuda130.so`, and nothing of it works on the
    /// GPU. `BNB_CUDA_VERSION` picks another one by hand: set for an earlier torch and left in the image, it loads the wrong
    /// library into the process.
    ///
    /// # Mend
    /// Pin the release that has the library, which the finding names, and remove `BNB_CUDA_VERSION`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// bitsandbytes-library = "warn"
    /// ```
    pub BitsandbytesLibrary = "bitsandbytes-library"
}

impl Rule for BitsandbytesLibrary {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "BNB-LIB", case, findings);
        Ok(())
    }
}
