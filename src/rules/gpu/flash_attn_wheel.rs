//! A flash-attn wheel for another torch, CUDA, ABI or Python.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A wheel of flash-attn was compiled against another torch, CUDA, ABI or Python than it is installed with.
    ///
    /// # Why
    /// The name of the wheel says what it was compiled against: `cu12torch2.5cxx11abiFALSE-cp311`. torch must be of that minor
    /// release, CUDA of that major version, the C++ ABI the same; else the import fails with
    /// `flash_attn_2_cuda … undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocation…`. Which minor version of CUDA it was is all one.
    /// torch's own wheels have the C++11 ABI from 2.7 on, and in 2.6 only that for CUDA 12.6. A wheel for another CUDA major says
    /// `libcudart.so.12: cannot open shared object file`, and one for another Python is not installed at all: pip says
    /// `is not a supported wheel on this platform`.
    ///
    /// causal-conv1d and mamba-ssm name their wheels likewise. A source distribution names nothing: it is compiled in the image.
    ///
    /// # Mend
    /// Take the wheel whose name fits, which the finding spells, or build from sources against the locked torch.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// flash-attn-wheel = "deny"
    /// ```
    pub FlashAttnWheel = "flash-attn-wheel"
}

impl Rule for FlashAttnWheel {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "FA-WHEEL", case, findings);
        Ok(())
    }
}
