//! JAX with parts of different releases.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// JAX's CUDA plugin is of another release than jaxlib or its pjrt, or its CUDA parts are older than it takes.
    ///
    /// # Why
    /// `jax-cuda12-plugin`, `jax-cuda12-pjrt` and `jaxlib` are one release in three packages, and pip holds none of them to the
    /// others when one is moved. Of different releases JAX crashes, or says `Mismatched PJRT plugin PJRT API version`, or warns that
    /// `JAX plugin jax_cuda12_plugin version 0.9.2 is installed, but it is not compatible with the installed jaxlib version`
    /// 0.9.0.1, and computes on the CPU. A fourth number of the plugin is a rebuild, and no difference.
    ///
    /// The plugin compares the loaded cuDNN with the one it was built against, and refuses an older one.
    ///
    /// # Mend
    /// Ask for `jax[cuda12]` or `jax[cuda13]` at one version, and lock nothing of it by another way.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// jax-plugin = "deny"
    /// ```
    pub JaxPlugin = "jax-plugin"
}

impl Rule for JaxPlugin {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "JAX-PLUGIN", case, findings);
        Ok(())
    }
}
