//! A part of the driver that a container needs and is not given.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A container is not given a part of the driver that something in it needs.
    ///
    /// # Why
    /// `NVIDIA_DRIVER_CAPABILITIES` says which libraries of the driver the container runtime puts into a container: `compute` for
    /// CUDA, `utility` for nvidia-smi and NVML, `video` for the decoder and encoder. Unset, it is `compute,utility`. What is left
    /// out is missing at run time: `libnvcuvid.so.1: cannot open shared object file` (the decoder), `libnvidia-encode.so.1` (the
    /// encoder), `NVML Shared Library Not Found`, or `libcuda.so.1: cannot open shared object file`.
    ///
    /// Where devices are injected by CDI all of the driver is there, whatever the variable says: so it is a warning.
    ///
    /// # Mend
    /// Set the variable to what it lists now and the missing part.
    ///
    /// # Options
    /// None. Its level:
    ///
    /// ```toml
    /// [rules]
    /// driver-capabilities = "deny"
    /// ```
    pub DriverCapabilities = "driver-capabilities"
}

impl Rule for DriverCapabilities {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CAPS", case, findings);
        Ok(())
    }
}
