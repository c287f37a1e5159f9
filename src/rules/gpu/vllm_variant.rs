//! vLLM beside a torch that it is not compiled against.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// vLLM is locked beside another torch than the one that it is compiled against.
    ///
    /// # Why
    /// A release of vLLM is compiled against one release of torch, to the patch digit, and for one CUDA major version. Beside
    /// another one it fails at start: `ImportError: … vllm/_C.abi3.so: undefined symbol`, or, where the CUDA differs,
    /// `libcudart.so.13: cannot open shared object file`. From 0.20 on the wheel on PyPI is built for CUDA 13.
    ///
    /// What that CUDA asks of the driver is told by driver-floor, where a target is declared.
    ///
    /// # Mend
    /// Let vLLM decide which torch is locked, and take torchvision, torchaudio and xformers as it pins them.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// vllm-variant = "deny"
    /// ```
    pub VllmVariant = "vllm-variant"
}

impl Rule for VllmVariant {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "VLLM-VARIANT", case, findings);
        Ok(())
    }
}
