//! Drivers of several branches in one pool of nodes.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The nodes of one pool have drivers of different branches.
    ///
    /// # Why
    /// A pod lands on any node of its pool. An image that starts on the newest branch may fail on the oldest, so that the
    /// same deployment works on one node and not on the next: it looks like a faulty board, and a restart seems to mend it.
    /// Each image is judged on each kind of node as well: what fails on some of them is found by the rule that speaks of
    /// it (`driver-floor`, for one), which names those nodes.
    ///
    /// Nodes whose GPUs are parted (MIG) and whole ones beside each other are no mismatch, and neither are builds of one
    /// branch. Nodes that are cordoned do not count. Where the nodes with the newer branch are the newer nodes, it says that
    /// an upgrade seems to be under way.
    ///
    /// # Mend
    /// Bring the nodes to one branch, or make a pool of each branch and let workloads choose by a label.
    ///
    /// # Options
    /// None. The nodes are read from a file that the policy names, or by `--nodes`:
    ///
    /// ```toml
    /// [[target]]
    /// file = "ops/nodes.json"    # kubectl get nodes -o json
    /// path = "services/**"
    /// ```
    pub MixedPool = "mixed-pool"
}

impl Rule for MixedPool {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "POOL-MIX", case, findings);
        Ok(())
    }
}
