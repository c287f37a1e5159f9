//! A CUDA of the base image that nothing uses.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The base image holds a CUDA of another major version than the wheels in it, and nothing uses it.
    ///
    /// # Why
    /// A wheel that brings its own CUDA runs on that; only the driver of the host counts. That the image's differs is no fault,
    /// and it is often taken for one. It costs some gigabytes, and misleads who reads `CUDA_VERSION` in the container.
    ///
    /// # Mend
    /// Where nothing is compiled in it, start from an image without CUDA.
    ///
    /// # Options
    /// None. It is worth knowing and never fails a build; a policy that wants to hear of it raises its level:
    ///
    /// ```toml
    /// [rules]
    /// base-image-cuda = "warn"
    /// ```
    pub BaseImageCuda = "base-image-cuda"
}

impl Rule for BaseImageCuda {
    fn level(&self) -> Level {
        Level::Allow
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "BASE-WHEEL", case, findings);
        Ok(())
    }
}
