//! xformers beside a torch that it is not built for.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// xformers is built for another torch than the one that is locked beside it.
    ///
    /// # Why
    /// Before 0.0.34 the extensions of xformers load with the very torch that they were compiled against. Beside another one it
    /// imports with a warning, `xFormers can't load C++/CUDA extensions. xFormers was built for: PyTorch … (you have …)`, and fails
    /// at the first attention:
    /// `No operator found for memory_efficient_attention_forward`. From 0.0.34 on it runs with any torch from 2.10 on.
    ///
    /// # Mend
    /// Pin the pair that belongs together: the finding names it. Or build xformers from sources, in the image that runs it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// xformers-pair = "deny"
    /// ```
    pub XformersPair = "xformers-pair"
}

impl Rule for XformersPair {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "XF-PAIR", case, findings);
        Ok(())
    }
}
