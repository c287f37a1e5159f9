//! What is known of the libraries beside the frameworks.

use serde::Deserialize;

use super::Dotted;

/// The tables of libraries, a part of those of frameworks.
#[derive(Debug, Deserialize)]
pub struct Libraries {
    /// What builds of torch were built with.
    pub torch_variant: Vec<TorchVariant>,
    /// The releases of TensorRT that changed what it runs on.
    pub tensorrt: Vec<TensorRt>,
    /// The GPUs that cuDNN is built for.
    pub cudnn: Vec<CuDnn>,
    /// The releases of RAPIDS.
    pub rapids: Vec<Rapids>,
    /// Which releases of bitsandbytes have no library for a CUDA.
    pub bitsandbytes_without: Vec<BitsAndBytesWithout>,
    /// The releases of tch.
    pub rust_tch: Vec<Tch>,
    /// The releases of ort.
    pub rust_ort: Vec<Sourced>,
    /// cudarc.
    pub rust_cudarc: Vec<Sourced>,
    /// CUDA's bindings for Python.
    pub cuda_python: Vec<Sourced>,
    /// Packages of npm.
    pub npm: Vec<Npm>,
    /// What holds of cuDNN.
    pub cudnn_rules: Sourced,
    /// What holds of ONNX Runtime.
    pub onnxruntime_rules: Sourced,
    /// What holds of CuPy.
    pub cupy_rules: Sourced,
    /// What holds of TensorRT.
    pub tensorrt_rules: Sourced,
    /// What holds of bitsandbytes.
    pub bitsandbytes_rules: Sourced,
    /// What holds of numba-cuda.
    pub numba_cuda: Sourced,
    /// What holds of NVIDIA's CUDA images.
    pub cuda_image_rules: Sourced,
}

/// A row that is cited for its source.
#[derive(Debug, Deserialize)]
pub struct Sourced {
    /// Where the row comes from.
    pub source: String,
}

/// What a build of torch was built with.
#[derive(Debug, Deserialize)]
pub struct TorchVariant {
    /// The first two numbers of torch's version.
    pub torch: Dotted,
    /// The build, by local version.
    pub variant: String,
    /// The cuDNN.
    pub cudnn: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// A release of TensorRT.
#[derive(Debug, Deserialize)]
pub struct TensorRt {
    /// The release, as far as it is named.
    pub version: Dotted,
    /// The least compute capability, as `>=7.5`; empty where it is not known.
    #[serde(default)]
    pub compute_capability: String,
    /// Where the row comes from.
    pub source: String,
}

/// The GPUs that releases of cuDNN are built for.
#[derive(Debug, Deserialize)]
pub struct CuDnn {
    /// Which, in words.
    pub range: String,
    /// The least architecture, ten times the compute capability.
    pub min_sm: u32,
    /// Where the row comes from.
    pub source: String,
}

/// Releases of RAPIDS.
#[derive(Debug, Deserialize)]
pub struct Rapids {
    /// Which: `25.10 .. 26.02`, or one alone.
    pub versions: String,
    /// The CUDA that they run on: `12`, `13.0 .. 13.1`.
    pub cuda: String,
    /// The least driver, or its branch.
    pub min_driver: Dotted,
    /// The least compute capability, as `>=7.0`.
    pub compute_capability: String,
    /// Not read from the release itself.
    #[serde(default)]
    pub unverified: bool,
    /// Where the row comes from.
    pub source: String,
}

/// Up to which release bitsandbytes has no library for a CUDA.
#[derive(Debug, Deserialize)]
pub struct BitsAndBytesWithout {
    /// The CUDA.
    pub cuda: Dotted,
    /// The last release that is known to have none.
    pub last_without: Dotted,
    /// The first release that is known to have one; none where none is.
    pub first_with: Option<Dotted>,
    /// Where the row comes from.
    pub source: String,
}

/// A release of tch.
#[derive(Debug, Deserialize)]
pub struct Tch {
    /// The release.
    pub tch: Dotted,
    /// The libtorch that it binds.
    pub libtorch: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// Releases of a package of npm.
#[derive(Debug, Deserialize)]
pub struct Npm {
    /// The package.
    pub package: String,
    /// Which releases: `1.17 .. 1.21`, `4.x`.
    pub versions: String,
    /// The CUDA, in words.
    pub cuda: String,
    /// Where the row comes from.
    pub source: String,
}

impl TensorRt {
    /// Returns the least architecture, ten times the compute capability.
    pub fn min_sm(&self) -> Option<u32> {
        at_least(&self.compute_capability)
    }
}

impl Rapids {
    /// Returns the least architecture, ten times the compute capability.
    pub fn min_sm(&self) -> Option<u32> {
        at_least(&self.compute_capability)
    }
}

/// Reads a least compute capability: `>=7.5` is 75.
fn at_least(text: &str) -> Option<u32> {
    Some(Dotted::parse(text.strip_prefix(">=")?)?.sm())
}
