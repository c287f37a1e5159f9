//! A container that uses CUDA and is given no GPU.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A container that uses CUDA is given no GPU, and with it no driver.
    ///
    /// # Why
    /// The driver is the node's, and comes into a container together with a GPU that it asks for: by a limit, a device, a claim,
    /// or a runtime class with `NVIDIA_VISIBLE_DEVICES`. Without one, CUDA's own library is missing:
    /// `libcuda.so.1: cannot open shared object file`; vLLM says `Failed to infer device type`.
    ///
    /// Many a service holds torch's default build and is meant for the CPU: it is found only where it is scheduled to nodes with
    /// GPUs, or holds what has no use without one. Where one container of an image is given a GPU, the others may do without.
    ///
    /// # Mend
    /// Ask for the device in the container that uses it.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// no-driver = "deny"
    /// ```
    pub NoDriver = "no-driver"
}

impl Rule for NoDriver {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "NO-DRIVER", case, findings);
        Ok(())
    }
}
