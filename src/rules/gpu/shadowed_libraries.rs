//! Older CUDA libraries of the image that a path puts before a wheel's own.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A path puts older CUDA libraries of the image before those of a wheel.
    ///
    /// # Why
    /// A wheel finds the CUDA libraries that it brings along by a path of its own, which `LD_LIBRARY_PATH` comes before. Where
    /// that leads to an older toolkit of the same major version, the wheel's libcusparse meets the image's libnvJitLink, which
    /// lacks symbols, and the import fails: `undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12`.
    ///
    /// Libraries of the same or a later minor version are harmless, and so is an image with CUDA by itself: without the path,
    /// the wheel's own libraries win.
    ///
    /// # Mend
    /// Take the folder out of `LD_LIBRARY_PATH`, or start from an image of the wheel's CUDA or a later one.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// shadowed-libraries = "deny"
    /// ```
    pub ShadowedLibraries = "shadowed-libraries"
}

impl Rule for ShadowedLibraries {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "LIB-SHADOW", case, findings);
        Ok(())
    }
}
