//! A ROCm that the kernel driver was not tested with.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A component runs a ROCm that the kernel driver of a target was not tested with.
    ///
    /// # Why
    /// AMD tests each kernel driver with the user space of two releases before and after it. Beyond that window it may run; where
    /// it does not, it says `HSA_STATUS_ERROR_OUT_OF_RESOURCES` or finds no device. So it is a warning.
    ///
    /// # Mend
    /// Take a build for a ROCm inside the window, or move the nodes' driver; the finding lists the window.
    ///
    /// # Options
    /// None. A target says its kernel driver's ROCm release:
    ///
    /// ```toml
    /// [[target]]
    /// name = "mi300-pool"
    /// rocm = "6.2"
    /// gpus = ["MI300X"]
    /// ```
    pub RocmKernelDriver = "rocm-kernel-driver"
}

impl Rule for RocmKernelDriver {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ROCM-KFD", case, findings);
        Ok(())
    }
}
