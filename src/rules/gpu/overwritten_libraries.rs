//! Wheels of two CUDA majors that install into one folder.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// Wheels of cuDNN, NCCL, cuSPARSELt or NVSHMEM for two CUDA majors are installed together.
    ///
    /// # Why
    /// From CUDA 13 on most wheels have a folder of their own, but these four kept theirs: `nvidia-cudnn-cu12` and
    /// `nvidia-cudnn-cu13` both write `nvidia/cudnn/lib/libcudnn.so.9`. The one that is installed last wins, by chance, and
    /// removing one takes the other's files away: `libcudnn.so.9: cannot open shared object file` or
    /// `CUDNN_STATUS_NOT_INITIALIZED` follow. Where the wheel of the other major is older than the one that the framework is
    /// built for, it is told as an error; where it is not, as a warning, since the one that wins may serve both.
    ///
    /// # Mend
    /// Bring all packages to one CUDA major; the finding names who requires which wheel.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// overwritten-libraries = "warn"
    /// ```
    pub OverwrittenLibraries = "overwritten-libraries"
}

impl Rule for OverwrittenLibraries {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "PATH-OVERWRITE", case, findings);
        Ok(())
    }
}
