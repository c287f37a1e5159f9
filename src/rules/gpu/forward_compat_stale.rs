//! A forward-compatibility driver that is older than the host, or not for it.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// A path in an image leads to a forward-compatibility driver that is older than a target's driver, or not for its branch.
    ///
    /// # Why
    /// The user-space driver must not be older than the kernel module. A hard-wired `LD_LIBRARY_PATH` or a line in `ld.so.conf.d`
    /// puts the image's copy first on every host, so that an image which ran for a year fails on the day the *host* is upgraded:
    /// `system has unsupported display driver / cuda driver combination` (error 803). The container toolkit's own hook passes an
    /// older copy by.
    ///
    /// # Mend
    /// Take the compat folder out of the path; the container toolkit puts it there where the host is older.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [[target]]
    /// name = "h100-pool"
    /// driver = "580.95.05"
    /// gpus = ["H100"]
    /// ```
    pub ForwardCompatStale = "forward-compat-stale"
}

impl Rule for ForwardCompatStale {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "FC-STALE", case, findings);
        Ok(())
    }
}
