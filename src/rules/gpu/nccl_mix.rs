//! Different NCCLs in one job.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The containers of one job load different NCCLs.
    ///
    /// # Why
    /// The ranks of a job speak NCCL's protocol with one another, and must load the same one. torch and JAX load the wheel
    /// `nvidia-nccl-cu12` beside them, whatever `NCCL_VERSION` of the base image says:
    /// `NCCL WARN Mismatched NCCL version detected`, or a hang at the first collective. That an error prints a version, as
    /// `unhandled system error, NCCL version 2.21.5` does, tells nothing of a mismatch. One job is what a manifest says is one: the
    /// containers of one PyTorchJob, MPIJob, JobSet, RayCluster, LeaderWorkerSet or the like. Containers of different objects
    /// are never compared.
    ///
    /// # Mend
    /// Lock the same NCCL for all of them, best by running one image.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// nccl-mix = "deny"
    /// ```
    pub NcclMix = "nccl-mix"
}

impl Rule for NcclMix {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "NCCL-MIX", case, findings);
        Ok(())
    }
}
