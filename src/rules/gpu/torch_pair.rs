//! torchvision and torchaudio beside a torch that they are not built for.

use anyhow::Result;

use super::tell;
use crate::entry;
use crate::rules::{Case, Findings, Rule};

entry! {
    /// torchvision or torchaudio is built for another torch than the one that is locked beside it.
    ///
    /// # Why
    /// Their operators are compiled against one release of torch, and for one build of it. Beside another one they do not load, and
    /// the import of torchvision fails: `RuntimeError: operator torchvision::nms does not exist`. Where only the CUDA differs it
    /// says `Detected that PyTorch and torchvision were compiled with different CUDA major versions`; torchaudio compares the minor
    /// version too: `Detected that PyTorch and TorchAudio were compiled with different CUDA versions`, and beside another torch it
    /// says `libtorchaudio.so: undefined symbol`.
    ///
    /// From 2.11.0 on torchaudio asks for no torch, and 2.11.0 beside a later torch is right. Nightlies and rebuilds are not judged.
    ///
    /// # Mend
    /// Lock the release that goes with the torch: the finding names it. Take all three from one index, so that all have the same
    /// local version (`+cu128`).
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// torch-pair = "deny"
    /// ```
    pub TorchPair = "torch-pair"
}

impl Rule for TorchPair {
    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        tell(self, "TV-PAIR", case, findings);
        Ok(())
    }
}
