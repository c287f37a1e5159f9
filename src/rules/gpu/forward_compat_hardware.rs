//! A forward-compatibility driver on boards that do not allow it.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A path in an image leads to the forward-compatibility driver, and a target's boards do not allow it.
    ///
    /// # Why
    /// The `cuda-compat` package holds the user-space driver of a newer CUDA, for older kernel modules under data-centre boards.
    /// GeForce boards and WSL refuse it: whatever needs CUDA fails with
    /// `forward compatibility was attempted on non supported HW` (error 804). To have the package in the image is harmless; a
    /// `LD_LIBRARY_PATH` or a line in `ld.so.conf.d` that leads to it is not, because it is then loaded on every host that is older.
    ///
    /// # Mend
    /// Take the compat folder out of the path. Nothing needs to be updated: the host's own driver is enough for what starts on it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "workstations"
    /// driver = "550.54.15"
    /// gpus = ["GeForce RTX 4090"]
    /// ```
    pub ForwardCompatHardware = "forward-compat-hardware"
}

impl Rule for ForwardCompatHardware {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "FC-HW", case, findings);
        Ok(())
    }
}
