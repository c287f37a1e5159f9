//! What the image that runs brings of CUDA by itself, apart from what is locked.
//!
//! Only images whose content is known by their name and tag are told, and only where nothing that the build does can
//! change it: anything else may bring CUDA along and is not known.

use super::super::carriers::show;
use super::super::facts::{ImageKind, frameworks};
use super::super::version::Dotted;
use super::super::{Environment, Stage, image};

/// What an image holds of CUDA.
pub(super) enum Held {
    /// Not known: no image, or one that is not known by its name.
    Unknown,
    /// Nothing; the text says so of the image.
    Nothing(String),
    /// A toolkit's libraries.
    Cuda(Libraries),
}

/// The libraries in one of NVIDIA's CUDA images.
pub(super) struct Libraries {
    /// The image: `nvidia/cuda:12.4.1-base-ubuntu22.04`.
    pub(super) image: String,
    /// The toolkit.
    pub(super) cuda: Dotted,
    /// Whether all libraries are there, and not the runtime's alone.
    pub(super) all: bool,
    /// The cuDNN: none where there is none.
    pub(super) cudnn: Option<u32>,
}

/// What stands in a name, a command or a path where CUDA may come from elsewhere.
const TRACES: &[&str] = &["cuda", "nvidia", "cudnn", "cublas", "conda", "mamba", "pixi", "spack"];

/// Returns what the image that runs brings of CUDA.
pub(super) fn held(environment: &Environment) -> Held {
    let Some(stage) = environment.image() else { return Held::Unknown };
    let Some(base) = stage.base else { return Held::Unknown };
    let Some(libraries) = stage.libraries().filter(|_| !is_changed(stage)) else { return Held::Unknown };
    if image::is_plain(base) {
        return if libraries.value { Held::Unknown } else { Held::Nothing(libraries.because) };
    }
    match image::row(base).map(|row| row.kind) {
        Some(ImageKind::Cuda) => of_tag(show(base), base.version()).map_or(Held::Unknown, Held::Cuda),
        _ => Held::Unknown,
    }
}

/// Says whether something in the build may bring CUDA into the stage that its packages do not tell, or lead to it.
fn is_changed(stage: &Stage) -> bool {
    let has_trace = |text: &str| {
        let text = text.to_ascii_lowercase();
        TRACES.iter().any(|trace| text.contains(trace))
    };
    // pip's packages are in the environment, and its indexes are named after CUDA.
    let is_python = |name: &str| matches!(name, "pip" | "pip3" | "uv" | "poetry" | "python" | "python3" | "npm");
    let installs = stage.installs.iter().any(|install| !is_python(install.manager) && has_trace(install.name));
    let commands = stage.commands.iter().any(|command| !is_python(command.name) && has_trace(command.value));
    // What another stage of the build hands over is found only by a path that leads to it.
    let leads = stage.setting("LD_LIBRARY_PATH").is_some_and(|path| has_trace(path.value));
    let is_cuda = stage.base.is_some_and(|base| !image::is_plain(base));
    installs || commands || stage.copied.iter().any(|from| has_trace(from)) || (leads && !is_cuda)
}

/// Reads a tag of NVIDIA's CUDA images: `12.4.1-cudnn-runtime-ubuntu22.04`.
fn of_tag(image: String, tag: &str) -> Option<Libraries> {
    let mut words = tag.split('-');
    let cuda = Dotted::parse(words.next()?).filter(|cuda| cuda.parts() >= 2)?.major_minor();
    let rest: Vec<&str> = words.collect();
    let flavour = rest.iter().find(|word| matches!(**word, "base" | "runtime" | "devel"))?;
    let cudnn = rest.iter().find_map(|word| word.strip_prefix("cudnn"));
    let cudnn = match cudnn {
        None => None,
        // Plain `cudnn` came with cuDNN 9.
        Some("") => Some(9),
        Some(digits) => Some(digits.parse().ok()?),
    };
    Some(Libraries { image, cuda, all: *flavour != "base", cudnn })
}

impl Held {
    /// Returns why there are no libraries of a CUDA major in the image; none where there are, or where that is not known.
    pub(super) fn lacks(&self, major: u32) -> Option<String> {
        match self {
            Held::Unknown => None,
            Held::Nothing(says) => Some(says.clone()),
            Held::Cuda(libraries) if libraries.cuda.major() != major => {
                Some(format!("the image {} brings CUDA {}, and none of {major}", libraries.image, libraries.cuda))
            }
            Held::Cuda(libraries) if !libraries.all => {
                Some(format!("the image {} brings the runtime alone, without cuBLAS and cuDNN", libraries.image))
            }
            Held::Cuda(_) => None,
        }
    }

    /// Returns why there is no cuDNN in an image that has the libraries of a CUDA major.
    pub(super) fn lacks_cudnn(&self, major: u32) -> Option<String> {
        match self {
            Held::Cuda(libraries) if libraries.cuda.major() == major && libraries.cudnn.is_none() => {
                Some(format!("the image {} brings CUDA without cuDNN", libraries.image))
            }
            _ => None,
        }
    }

    /// Returns what brings the libraries of a CUDA major, where the image is known to.
    pub(super) fn brings(&self, major: u32) -> Option<String> {
        match self {
            Held::Cuda(libraries) if libraries.cuda.major() == major && libraries.all => {
                Some(format!("the image {} brings CUDA {}", libraries.image, libraries.cuda))
            }
            _ => None,
        }
    }
}

/// Returns the source of what is known of NVIDIA's images.
pub(super) fn source() -> &'static str {
    &frameworks().libraries.cuda_image_rules.source
}
