//! A triton that torch does not take.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// triton is another than the one that the locked torch takes, or is there twice.
    ///
    /// # Why
    /// torch's compiler reaches into triton's, and that changes from one release to the next. With another triton torch still
    /// imports, and fails where something is compiled:
    /// `ImportError: cannot import name 'triton_key' from 'triton.compiler.compiler'`, or
    /// `Cannot find a working triton installation`.
    ///
    /// `pytorch-triton`, `pytorch-triton-rocm` and `triton` all install one folder: of two of them the last one wins. From torch
    /// 2.14 on any patch release of a triton is taken; before, one version is.
    ///
    /// # Mend
    /// Leave triton to torch: do not lock it by another way, and find who asks for the other version.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// triton-pin = "deny"
    /// ```
    pub TritonPin = "triton-pin"
}

impl Rule for TritonPin {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "TRITON-PIN", case, findings);
        Ok(())
    }
}
