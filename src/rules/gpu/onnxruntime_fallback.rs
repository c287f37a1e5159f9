//! ONNX Runtime for GPUs that runs on the CPU.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// onnxruntime-gpu falls back to the CPU: onnxruntime is installed over it, or the image has no CUDA libraries.
    ///
    /// # Why
    /// `onnxruntime` and `onnxruntime-gpu` are one module, and the one installed last wins; what requires the former by name
    /// undoes the latter: `Specified provider 'CUDAExecutionProvider' is not in available provider names`. The wheel brings no
    /// CUDA along: in an image without it (`python:3.12-slim`, `nvidia/cuda:…-base-…`), or without cuDNN
    /// (`nvidia/cuda:…-runtime-…`), it warns
    /// `Failed to create CUDAExecutionProvider. Require cuDNN 9.* and CUDA 12.*` and runs on the CPU, ten times slower and without
    /// an error. Where it is not known what the image has, nothing is found.
    ///
    /// # Mend
    /// Leave `onnxruntime` out, and ask for `onnxruntime-gpu[cuda,cudnn]` or take an image with CUDA's libraries.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// onnxruntime-fallback = "deny"
    /// ```
    pub OnnxruntimeFallback = "onnxruntime-fallback"
}

impl Rule for OnnxruntimeFallback {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "ORT-EXTRA", case, findings);
        Ok(())
    }
}
