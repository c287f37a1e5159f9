//! RAPIDS of two CUDA majors or months, or below its own floors.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// Packages of RAPIDS are for different CUDA majors or of different months, or a target is below what they ask for.
    ///
    /// # Why
    /// cuDF, cuML and the others are linked with one another: all of them must have one suffix (`-cu12`, `-cu13`) and one
    /// year and month, else they fail at import with `undefined symbol` or
    /// `libcudf.so: cannot open shared object file: No such file or directory`. RAPIDS asks for more than its CUDA does: a
    /// driver of R535 for CUDA 12, which itself starts from R525 on.
    ///
    /// # Mend
    /// Pin all of RAPIDS to one suffix and one month; for a target, move the driver or take an earlier month.
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
    pub RapidsMix = "rapids-mix"
}

impl Rule for RapidsMix {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "RAPIDS-SUFFIX", case, findings);
        Ok(())
    }
}
