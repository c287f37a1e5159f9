//! A framework beside a cuDNN of another major version.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// The cuDNN that a framework finds is of another major version than the one it was built with.
    ///
    /// # Why
    /// cuDNN 8 and 9 do not stand in for one another. torch up to 2.3 is built with 8 and from 2.4 with 9, TensorFlow up to
    /// 2.17 with 8 and from 2.18 with 9, onnxruntime-gpu from 1.19 with 9. At run time it says
    /// `Could not load library libcudnn_ops_infer.so.8` or
    /// `libcudnn.so.9: cannot open shared object file: No such file or directory`; ONNX Runtime falls back to the CPU. Both
    /// may be there side by side, one from the system and one from a wheel: it is found only where the one that is needed is
    /// absent.
    ///
    /// # Mend
    /// Pin the wheel to the major version that the framework was built with, or take a release built with the other.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// cudnn-major = "warn"
    /// ```
    pub CudnnMajor = "cudnn-major"
}

impl Rule for CudnnMajor {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "CUDNN-MAJOR", case, findings);
        Ok(())
    }
}
