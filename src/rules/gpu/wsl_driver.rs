//! A Linux driver inside WSL, which has the host's.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// An image for WSL brings a Linux driver along, where Windows brings the driver.
    ///
    /// # Why
    /// Inside WSL the driver's library is put in place by Windows. A Linux driver package (`nvidia-driver-550`, `cuda`,
    /// `cuda-12-4`, `cuda-drivers`) brings another one, for a kernel module that is not there:
    /// `no CUDA-capable device is detected`. A path to the forward-compatibility driver does the same, with
    /// `forward compatibility was attempted on non supported HW`.
    ///
    /// # Mend
    /// Install `cuda-toolkit-12-4` and the like, which have no driver in them; take the compat folder off the path.
    ///
    /// # Options
    /// None. A machine with WSL is a target of its own platform:
    ///
    /// ```toml
    /// [[target]]
    /// name = "desktops"
    /// platform = "wsl"
    /// gpus = ["GeForce RTX 4090"]
    /// ```
    pub WslDriver = "wsl-driver"
}

impl Rule for WslDriver {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "WSL", case, findings);
        Ok(())
    }
}
