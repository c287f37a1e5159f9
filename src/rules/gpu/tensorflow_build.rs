//! TensorFlow with CUDA parts that are not those of its build.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// TensorFlow is locked with other CUDA parts than its build was made and tested with.
    ///
    /// # Why
    /// `tensorflow[and-cuda]` asks for the `nvidia-*` wheels of one CUDA and cuDNN: for exact versions up to 2.19, and within ranges
    /// from 2.20 on. A cuDNN of another major version, or of a lower minor one, is refused at the first operation:
    /// `Loaded runtime CuDNN library: 9.1.0 but source was compiled with: 9.3.0`, with
    /// `CuDNN library needs to have matching major version and equal or higher minor version`. Other parts may run, and are not
    /// tested together.
    ///
    /// A TensorFlow without that extra takes the CUDA of its image, and is not judged by what is locked.
    ///
    /// # Mend
    /// Lock the versions that it asks for: the finding lists them. torch and TensorFlow with CUDA rarely agree on them; two
    /// environments are the way out.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// tensorflow-build = "warn"
    /// ```
    pub TensorflowBuild = "tensorflow-build"
}

impl Rule for TensorflowBuild {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "TF-BUILD", case, findings);
        Ok(())
    }
}
