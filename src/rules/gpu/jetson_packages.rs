//! Packages for servers on a Jetson, or the reverse.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// What is built for servers is meant for a Jetson, or the reverse.
    ///
    /// # Why
    /// A Jetson's driver and CUDA are part of its system image. Wheels for 64-bit Arm from PyPI and images of CUDA's own are built
    /// for servers with Arm processors and linked against other libraries: `Error named symbol not found`, or no GPU at all. An image
    /// for L4T starts on no server: `exec format error`.
    ///
    /// JetPack 7 on Thor moved to the libraries of servers; there it is a warning.
    ///
    /// # Mend
    /// Install NVIDIA's wheels for the board's JetPack, and start from an image for L4T.
    ///
    /// # Options
    /// None. A board is a target of its own platform:
    ///
    /// ```toml
    /// [[target]]
    /// name = "robots"
    /// platform = "jetson"
    /// gpus = ["Jetson AGX Orin"]
    /// ```
    pub JetsonPackages = "jetson-packages"
}

impl Rule for JetsonPackages {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "JETSON", case, findings);
        Ok(())
    }
}
