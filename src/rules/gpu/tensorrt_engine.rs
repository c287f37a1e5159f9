//! TensorRT in several versions.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// TensorRT is there in several versions: its parts differ, or the build has another one than what runs.
    ///
    /// # Why
    /// An engine is tied to the very version of TensorRT that built it, to the last number, unless it was built with a
    /// compatibility flag: `The engine plan file is not compatible with this version of TensorRT`, or, by older ones,
    /// `Version tag does not match`. The wheels `tensorrt`, `tensorrt-cu12`, `-libs` and `-bindings` must be of one version too.
    /// Engines that come from elsewhere, from a bucket or a model server, are not seen, and neither is the GPU that one was built
    /// on: on another it says `generated on an incompatible device`.
    ///
    /// # Mend
    /// Pin one version for the builder and the server, or build the engine where it runs.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// tensorrt-engine = "warn"
    /// ```
    pub TensorrtEngine = "tensorrt-engine"
}

impl Rule for TensorrtEngine {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "TRT-ENGINE", case, findings);
        Ok(())
    }
}
