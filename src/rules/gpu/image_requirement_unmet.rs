//! A start condition of an image that the nodes do not meet.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// An image asks for a driver by `NVIDIA_REQUIRE_CUDA`, and a target does not have it.
    ///
    /// # Why
    /// CUDA's own images, and all that start from them, carry a start condition: a driver that implements their CUDA, or one of the
    /// listed branches with a board of a listed brand. Where the container runtime's hook injects the devices (`docker --gpus`, mode
    /// `legacy`) it refuses to start the container:
    /// `requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container`.
    /// The condition is stricter than CUDA itself, which may well run there by minor-version compatibility; CDI does not check it. It
    /// is an error for targets with `mode = "legacy"`, a warning where the mode is not said, and nothing with `mode = "cdi"`.
    ///
    /// Where it is an error it is told in place of `driver-floor`: the container does not get that far.
    ///
    /// # Mend
    /// Start from an image of an earlier CUDA, or move the driver. Where what runs in the image brings its own CUDA and the driver is
    /// enough for that, `NVIDIA_DISABLE_REQUIRE=1` drops the check; spelled `…_REQUIRES` it does nothing.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "workstations"
    /// driver = "575.64.03"
    /// gpus = ["GeForce RTX 5090"]
    /// mode = "legacy"                # how containers get their GPUs: legacy, cdi
    /// ```
    pub ImageRequirementUnmet = "image-requirement-unmet"
}

impl Rule for ImageRequirementUnmet {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "REQ-UNMET", case, findings);
        Ok(())
    }
}
