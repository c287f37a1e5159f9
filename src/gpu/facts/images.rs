//! Rows on images: those that teams start from, and for which releases and systems CUDA's own are made.

use serde::Deserialize;

use super::{Toolkit, images};
use crate::gpu::version::Dotted;

/// An image that teams start from.
#[derive(Debug, Deserialize)]
pub struct Image {
    /// The end of its repository's path.
    pub path: String,
    /// How its tag is read.
    pub kind: ImageKind,
    /// Whether nvcc is in it, where that does not depend on the tag and is known.
    pub compiler: Option<bool>,
    /// Where the row comes from.
    pub source: String,
}

/// How an image's tag is read.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ImageKind {
    /// CUDA's own images.
    Cuda,
    /// torch in a build for one CUDA.
    Pytorch,
    /// TensorFlow with the CUDA it is built for.
    Tensorflow,
    /// vLLM with its torch.
    Vllm,
    /// NVIDIA's monthly images.
    Ngc,
    /// ROCm's user space.
    Rocm,
    /// For Jetson's system image alone.
    L4t,
}

/// Images without CUDA.
#[derive(Debug, Deserialize)]
pub struct Plain {
    /// The last part of their paths.
    pub names: Vec<String>,
    /// Where the list comes from.
    pub source: String,
}

/// What is known of images.
#[derive(Debug, Deserialize)]
pub struct Images {
    /// The day the file was last looked through.
    pub data_date: String,
    /// The images.
    #[serde(rename = "image")]
    pub rows: Vec<Image>,
    /// The systems that CUDA's own images are made for, oldest first.
    pub cuda_system: Vec<CudaSystem>,
    /// Releases of the toolkit that there are no such images of.
    pub cuda_without_image: WithoutImage,
    /// Images without CUDA.
    pub plain: Plain,
}

/// A system that CUDA's own images are made for.
#[derive(Debug, Deserialize)]
pub struct CudaSystem {
    /// Its name in the tags: `ubuntu22.04`.
    pub system: String,
    /// The first release that has an image of it.
    pub first: Dotted,
    /// The last one, where there is an end.
    pub last: Option<Dotted>,
    /// Where the row comes from.
    pub source: String,
}

/// Releases of the toolkit with an installer, and without an image.
#[derive(Debug, Deserialize)]
pub struct WithoutImage {
    /// The releases.
    pub releases: Vec<Dotted>,
    /// Where the list comes from.
    pub source: String,
}

impl CudaSystem {
    /// Says whether there are images of a release for it.
    pub fn holds(&self, cuda: &Dotted) -> bool {
        *cuda >= self.first && self.last.as_ref().is_none_or(|last| cuda <= last)
    }
}

impl Toolkit {
    /// Says whether there are images of CUDA's own of the release: those of wheels alone have none.
    pub fn has_image(&self) -> bool {
        let is_it = |release: &Dotted| Dotted::parse(&self.version).is_some_and(|own| own == *release);
        self.driver_linux.is_some() && !images().cuda_without_image.releases.iter().any(is_it)
    }
}
