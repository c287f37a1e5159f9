//! A forward-compatibility driver that is not for the host's branch.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A target's driver is below the floor of a component's CUDA, and the image's forward-compatibility driver is not for its branch.
    ///
    /// # Why
    /// The forward-compatibility driver of CUDA's images runs on the kernel modules of some branches: those with long support and
    /// the production branches of their time. New-feature branches are usually not among them, so that R535 can run an image that the
    /// newer R560 cannot. It then fails as without the library: `CUDA driver version is insufficient for CUDA runtime version`
    /// (error 35), PyTorch with `The NVIDIA driver on your system is too old`, or
    /// `system has unsupported display driver / cuda driver combination` (error 803).
    ///
    /// # Mend
    /// Move the nodes to a branch at or above the floor, or take a build for the CUDA that they have. The finding names both, and the
    /// branches that the library is for.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "a100-pool"
    /// driver = "560.35.03"
    /// gpus = ["A100"]
    /// ```
    pub ForwardCompatBranch = "forward-compat-branch"
}

impl Rule for ForwardCompatBranch {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "FC-BRANCH", case, findings);
        Ok(())
    }
}
