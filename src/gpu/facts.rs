//! The tables, as typed rows: what is known of toolkits, drivers, GPUs and frameworks, each row with its source.
//!
//! The TOML files of `data/` are part of the program, and are read once, when something first asks. What a file knows
//! beyond these rows is kept there for readers, and for rules to come.

mod libraries;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::python::Asked;
use super::tables;
use super::version::Dotted;

mod build;
mod images;
mod kernels;
mod machines;
mod names;
mod pairs;
mod rocm;
mod wheels;

pub use build::{ArchSupport, Extension, extension, extensions};
pub use images::{CudaSystem, Image, ImageKind, Images, Plain, WithoutImage};
pub use kernels::Kernels;
pub use libraries::*;
pub use machines::{Cloud, NodeLabel, NvSwitch, PoolLabel};
pub use names::{gpu_hint, is_gpu};
pub use pairs::{
    JaxPlugin, Note, Pin, TensorFlowPins, ToolkitExtra, TorchPair, TorchPins, TorchvisionRange, TritonPair, VllmPins,
    Xformers, wheels,
};
pub use rocm::{AmdGpu, Rocm, release as rocm_release, rocm};
pub use wheels::{Unjudged, WheelMove};

/// A toolkit release.
#[derive(Debug, Deserialize)]
pub struct Toolkit {
    /// Its full version: `12.8.1`.
    pub version: String,
    /// The first two numbers of it.
    pub major_minor: Dotted,
    /// The Linux driver in its installer, where it has one.
    pub driver_linux: Option<Dotted>,
    /// The least Linux driver that a program built with it starts on.
    pub min_driver_linux: Dotted,
    /// The least architecture that it builds for, ten times the compute capability.
    pub min_sm: u32,
    /// The greatest architecture that it builds for.
    pub max_sm: u32,
    /// The Python wheels of its parts, with their versions.
    #[serde(default)]
    pub wheels: BTreeMap<String, String>,
    /// Where the list of wheels comes from; empty where the row's own source says it.
    #[serde(default)]
    pub wheels_source: String,
    /// Where the row comes from.
    pub source: String,
}

/// The least driver for all toolkits of one major version.
#[derive(Debug, Deserialize)]
pub struct MajorFloor {
    /// The major version.
    pub major: u32,
    /// The least Linux driver.
    pub min_driver_linux: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// The host drivers that the forward-compatibility library of an image is for.
#[derive(Debug, Deserialize)]
pub struct CompatHosts {
    /// The CUDA of the image: `12.8.1`, or `12.4.x` for all of a minor version.
    pub image_cuda: String,
    /// The branches, parted by commas.
    pub host_driver_branches: String,
    /// The brands that the image's start condition lists, parted by commas; in words where it is another row's list.
    #[serde(default)]
    pub brands_listed: String,
    /// Not read from an image itself.
    #[serde(default)]
    pub unverified: bool,
    /// Where the row comes from.
    pub source: String,
}

/// A version of PTX's instruction set.
#[derive(Debug, Deserialize)]
pub struct PtxIsa {
    /// The version.
    pub ptx: Dotted,
    /// The first CUDA that makes it and whose drivers compile it.
    pub first_cuda: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// A version of CUDA that there never was as a toolkit.
#[derive(Debug, Deserialize)]
pub struct Phantom {
    /// The version.
    pub version: String,
    /// What it is instead.
    pub note: String,
    /// Where the row comes from.
    pub source: String,
}

/// A branch of drivers.
#[derive(Debug, Deserialize)]
pub struct Branch {
    /// The first number of its Linux versions.
    pub branch: u32,
    /// What kind of branch it is: `LTSB`, `PB`, `NFB`; empty where it is not known.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// The newest CUDA that its drivers implement.
    pub max_cuda: Dotted,
    /// The least build of it that came with a toolkit.
    pub first_toolkit_driver_linux: Dotted,
    /// The newest build known.
    pub latest_linux: Option<Dotted>,
    /// The day its support ends, `YYYY-MM-DD`; empty where it is not known.
    #[serde(default)]
    pub eol: String,
    /// What is odd about that day; empty where nothing is.
    #[serde(default)]
    pub eol_note: String,
    /// Where the row comes from.
    pub source: String,
}

/// Which branches drive an architecture.
#[derive(Debug, Deserialize)]
pub struct GpuSupport {
    /// The architecture.
    pub architecture: String,
    /// The first branch that does, where there is a bound.
    pub first_branch: Option<u32>,
    /// The last branch that does, where there is a bound.
    pub last_branch: Option<u32>,
    /// No page of the vendor was found that says so.
    #[serde(default)]
    pub unverified: bool,
    /// The classes of boards of it that only the open kernel modules drive.
    #[serde(default)]
    pub open_modules_only: Vec<String>,
    /// Where that comes from.
    #[serde(default)]
    pub open_modules_source: String,
    /// Where the row comes from.
    pub source: String,
}

/// A model of GPU.
#[derive(Debug, Deserialize)]
pub struct Gpu {
    /// What it is called.
    pub name: String,
    /// Its compute capability.
    pub compute_capability: Dotted,
    /// Ten times its compute capability.
    pub sm: u32,
    /// Its architecture.
    pub architecture: String,
    /// The processor that it comes with, where it comes with no other: `aarch64`; empty otherwise.
    #[serde(default)]
    pub host: String,
    /// The class of board: `datacenter`, `geforce`, `workstation`, `jetson`, `dgx`.
    pub class: String,
    /// Whether a forward-compatibility library runs on it.
    #[serde(default)]
    pub forward_compat: bool,
    /// Where the row comes from.
    pub source: String,
}

/// A release of torch.
#[derive(Debug, Deserialize)]
pub struct TorchRelease {
    /// The first two numbers of its version.
    pub version: Dotted,
    /// The builds that the project's index has, by local version.
    pub variants: Vec<String>,
    /// The build that PyPI has for Linux on x86-64.
    pub pypi_variant: String,
    /// The CUDA major version of that one.
    pub pypi_cuda_major: u32,
    /// Where the row comes from.
    pub source: String,
}

/// A CUDA build of torch, whatever the release.
#[derive(Debug, Deserialize)]
pub struct TorchLocal {
    /// The local version: `cu121`.
    pub local: String,
    /// The toolkit it is built with.
    pub toolkit: Dotted,
    /// The least Linux driver that it starts on.
    pub min_driver_linux: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// The architectures that a build of torch has kernels for.
#[derive(Debug, Deserialize)]
pub struct TorchArch {
    /// The first two numbers of torch's version.
    pub torch: Dotted,
    /// The build, by local version.
    pub variant: String,
    /// The architectures with code of their own.
    pub sm: Vec<u32>,
    /// The architecture with code that the driver can compile for later ones, where there is such.
    pub ptx: Option<String>,
    /// That code is named by the build's scripts, and was not found in, or not looked for in the wheel.
    #[serde(default)]
    pub ptx_unverified: bool,
    /// The system and processor that it is built for.
    pub platform: String,
    /// The list was not read from the release itself.
    #[serde(default)]
    pub unverified: bool,
    /// Where the row comes from.
    pub source: String,
}

/// A release of TensorFlow.
#[derive(Debug, Deserialize)]
pub struct TensorFlow {
    /// The first two numbers of its version.
    pub version: Dotted,
    /// The CUDA it is built and tested with.
    pub cuda: Dotted,
    /// The cuDNN it is built and tested with.
    pub cudnn: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// Releases of JAX.
#[derive(Debug, Deserialize)]
pub struct Jax {
    /// Which, in words.
    pub versions: String,
    /// The CUDA they are built for, in words.
    pub cuda: String,
    /// Where the row comes from.
    pub source: String,
}

/// Releases of ONNX Runtime's GPU package.
#[derive(Debug, Deserialize)]
pub struct OnnxRuntime {
    /// Which: `1.19 .. 1.26`, or one alone.
    pub versions: String,
    /// The CUDA that the PyPI wheel is built for; a major version alone where that is all that is known.
    pub pypi_cuda: Dotted,
    /// The cuDNN that it is built for, in words.
    pub cudnn: String,
    /// Where the row comes from.
    pub source: String,
}

/// A package of CuPy.
#[derive(Debug, Deserialize)]
pub struct CuPy {
    /// The package.
    pub package: String,
    /// Where the row comes from.
    pub source: String,
}

/// A release of vLLM.
#[derive(Debug, Deserialize)]
pub struct Vllm {
    /// The full version.
    pub version: Dotted,
    /// The CUDA that the PyPI wheel is built for; several versions where it is not known which.
    pub wheel_cuda: String,
    /// Not read from the wheel itself.
    #[serde(default)]
    pub wheel_cuda_unverified: bool,
    /// The packages that it asks for, each at one version.
    #[serde(default)]
    pub pins: BTreeMap<String, Asked>,
    /// Where the row comes from.
    pub source: String,
}

/// A release of candle, the machine-learning crates.
#[derive(Debug, Deserialize)]
pub struct Candle {
    /// Its version.
    pub candle: Dotted,
    /// The version of cudarc that it binds CUDA through.
    pub cudarc: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// A monthly image of NVIDIA's.
#[derive(Debug, Deserialize)]
pub struct Ngc {
    /// The month: `25.03`.
    pub month: Dotted,
    /// The CUDA in it.
    pub cuda: Dotted,
    /// Where the row comes from.
    pub source: String,
}

/// What is known of toolkits.
#[derive(Debug, Deserialize)]
pub struct Toolkits {
    /// The day the file was last looked through.
    pub data_date: String,
    /// The least driver of each major version with minor-version compatibility.
    #[serde(rename = "mvc_floor")]
    pub floors: Vec<MajorFloor>,
    /// The releases.
    #[serde(rename = "toolkit")]
    pub releases: Vec<Toolkit>,
    /// The host drivers that forward-compatibility libraries are for.
    #[serde(rename = "forward_compat_hosts")]
    pub compat_hosts: Vec<CompatHosts>,
    /// Which toolkits compile for which architectures.
    pub arch_support: Vec<ArchSupport>,
    /// Which CUDA came with which version of PTX.
    pub ptx_isa: Vec<PtxIsa>,
    /// Versions that there never were.
    #[serde(rename = "phantom_release")]
    pub phantoms: Vec<Phantom>,
    /// What holds of them all.
    rules: BTreeMap<String, Rule>,
}

/// A rule of compatibility, in words.
#[derive(Debug, Deserialize)]
struct Rule {
    source: String,
}

/// What is known of drivers.
#[derive(Debug, Deserialize)]
pub struct Drivers {
    /// The day the file was last looked through.
    pub data_date: String,
    /// The branches, oldest first.
    #[serde(rename = "branch")]
    pub branches: Vec<Branch>,
    /// Which branches drive which architecture.
    pub gpu_support: Vec<GpuSupport>,
}

/// What is known of GPUs.
#[derive(Debug, Deserialize)]
pub struct Gpus {
    /// The day the file was last looked through.
    pub data_date: String,
    /// The models.
    #[serde(rename = "gpu")]
    pub models: Vec<Gpu>,
    /// The types of machines that clouds lend.
    pub cloud: Vec<Cloud>,
    /// The labels of nodes that tell their GPU.
    pub node_label: Vec<NodeLabel>,
    /// The labels of nodes that name their pool; the first that a node has counts.
    pub pool_label: Vec<PoolLabel>,
    /// The models of which some boards sit on NVSwitch.
    pub nvswitch: Vec<NvSwitch>,
}

/// What is known of frameworks.
#[derive(Debug, Deserialize)]
pub struct Frameworks {
    /// The day the file was last looked through.
    pub data_date: String,
    /// The releases of torch, oldest first.
    pub torch_release: Vec<TorchRelease>,
    /// The CUDA builds of torch.
    pub torch_local: Vec<TorchLocal>,
    /// What releases of torch pin.
    pub torch_pins: Vec<TorchPins>,
    /// Which architectures builds of torch have.
    pub torch_arch: Vec<TorchArch>,
    /// Which architectures other wheels have.
    pub kernels: Vec<Kernels>,
    /// The releases of TensorFlow.
    pub tensorflow: Vec<TensorFlow>,
    /// The releases of JAX.
    pub jax: Vec<Jax>,
    /// The releases of ONNX Runtime.
    pub onnxruntime_gpu: Vec<OnnxRuntime>,
    /// The packages of CuPy.
    pub cupy: Vec<CuPy>,
    /// The releases of vLLM.
    pub vllm: Vec<Vllm>,
    /// NVIDIA's monthly images.
    pub ngc: Vec<Ngc>,
    /// Which releases of torch, torchvision and torchaudio belong together.
    pub torch_pair: Vec<TorchPair>,
    /// What holds of these pairs.
    pub torch_pair_rule: Note,
    /// The releases of torchvision that take more than one torch.
    pub torchvision_range: Vec<TorchvisionRange>,
    /// Which triton goes with which torch.
    pub triton_pair: Vec<TritonPair>,
    /// What the extras of `cuda-toolkit` bring.
    pub toolkit_extra: Vec<ToolkitExtra>,
    /// Which torch a release of xformers is built for.
    pub xformers: Vec<Xformers>,
    /// What further releases of vLLM pin.
    pub vllm_pins: Vec<VllmPins>,
    /// What holds of vLLM's wheels.
    pub vllm_rules: Note,
    /// What holds of flash-attn's wheels.
    pub flash_attn_rules: Note,
    /// What holds of torch's builds.
    pub torch_rules: Note,
    /// What releases of TensorFlow pin.
    pub tensorflow_pins: Vec<TensorFlowPins>,
    /// What JAX's plugins ask for.
    pub jax_plugin: Vec<JaxPlugin>,
    /// What holds of JAX's plugins.
    pub jax_rules: Note,
    /// The releases of candle.
    pub rust_candle: Vec<Candle>,
    /// Releases that moved to another CUDA major's wheels.
    pub wheel_move: Vec<WheelMove>,
    /// Packages with CUDA code of their own that nothing more is known of.
    pub unjudged: Unjudged,
    /// The libraries beside them.
    #[serde(flatten)]
    pub libraries: Libraries,
}

/// Reads a file's tables as typed rows, and says what is wrong with them.
pub(super) fn check(file: &str, tables: toml::Table) -> Result<(), String> {
    let told = |error: toml::de::Error| error.message().to_owned();
    match file {
        "toolkits.toml" => tables.try_into::<Toolkits>().map(drop).map_err(told),
        "drivers.toml" => tables.try_into::<Drivers>().map(drop).map_err(told),
        "gpus.toml" => tables.try_into::<Gpus>().map(drop).map_err(told),
        "frameworks.toml" => tables.try_into::<Frameworks>().map(drop).map_err(told),
        "images.toml" => tables.try_into::<Images>().map(drop).map_err(told),
        "extensions.toml" => tables.try_into::<build::Extensions>().map(drop).map_err(told),
        "rocm.toml" => tables.try_into::<Rocm>().map(drop).map_err(told),
        _ => Ok(()),
    }
}

/// Returns what is known of toolkits.
pub fn toolkits() -> &'static Toolkits {
    static TABLE: LazyLock<Toolkits> = LazyLock::new(|| tables::typed("toolkits.toml"));
    &TABLE
}

/// Returns what is known of drivers.
pub fn drivers() -> &'static Drivers {
    static TABLE: LazyLock<Drivers> = LazyLock::new(|| tables::typed("drivers.toml"));
    &TABLE
}

/// Returns what is known of GPUs.
pub fn gpus() -> &'static Gpus {
    static TABLE: LazyLock<Gpus> = LazyLock::new(|| tables::typed("gpus.toml"));
    &TABLE
}

/// Returns what is known of frameworks.
pub fn frameworks() -> &'static Frameworks {
    static TABLE: LazyLock<Frameworks> = LazyLock::new(|| tables::typed("frameworks.toml"));
    &TABLE
}

/// Returns what is known of images.
pub fn images() -> &'static Images {
    static TABLE: LazyLock<Images> = LazyLock::new(|| tables::typed("images.toml"));
    &TABLE
}

/// Returns the day of the oldest of the tables, `YYYY-MM-DD`.
pub fn data_date() -> &'static str {
    let dates = [&toolkits().data_date, &drivers().data_date, &gpus().data_date, &frameworks().data_date];
    dates.into_iter().min().map_or("", String::as_str)
}

impl Toolkits {
    /// Returns the toolkits of a version: all of its major where it is a major version alone.
    pub fn of(&'static self, cuda: &Dotted) -> impl Iterator<Item = &'static Toolkit> {
        let (major, minor) = (cuda.major(), (cuda.parts() > 1).then(|| cuda.minor()));
        let fits = move |toolkit: &&Toolkit| {
            toolkit.major_minor.major() == major && minor.is_none_or(|minor| toolkit.major_minor.minor() == minor)
        };
        self.releases.iter().filter(fits)
    }

    /// Returns the least Linux driver that a program built with this CUDA starts on, and where that comes from. Where only
    /// the major version is known it is the least of that major.
    pub fn floor(&'static self, cuda: &Dotted) -> Option<(&'static Dotted, &'static str)> {
        let release = self.of(cuda).min_by(|a, b| a.min_driver_linux.cmp(&b.min_driver_linux));
        let major = self.floors.iter().find(|floor| floor.major == cuda.major());
        match (release, major) {
            // The page on the major version says why; a release says more only where it has a floor of its own.
            (Some(release), Some(major)) if release.min_driver_linux == major.min_driver_linux => {
                Some((&major.min_driver_linux, &major.source))
            }
            (Some(release), _) => Some((&release.min_driver_linux, &release.source)),
            (None, Some(major)) => Some((&major.min_driver_linux, &major.source)),
            (None, None) => None,
        }
    }

    /// Returns the least CUDA that a driver must implement for PTX that a toolkit makes. Several toolkits may make one
    /// version of PTX; of one that is later than the table it is the toolkit's own.
    pub fn ptx_needs(&'static self, cuda: &Dotted) -> Dotted {
        let last = self.ptx_isa.iter().map(|row| &row.first_cuda).max();
        let rows = self.ptx_isa.iter().filter(|row| row.first_cuda <= *cuda).map(|row| &row.first_cuda);
        match rows.max() {
            Some(first) if last.is_some_and(|last| cuda <= last) => first.clone(),
            _ => cuda.clone(),
        }
    }

    /// Returns the hosts that the forward-compatibility library of a CUDA is for, and whether the row was read of just that
    /// release's image; else it is of another release of the same minor version, or not certain.
    pub fn compat_hosts(&'static self, cuda: &Dotted) -> Option<(&'static CompatHosts, bool)> {
        let of = |row: &CompatHosts| Dotted::parse(row.image_cuda.trim_end_matches(".x"));
        let is_it = |row: &&CompatHosts| of(row).is_some_and(|of| of.major_minor() == cuda.major_minor());
        let row = self.compat_hosts.iter().filter(|_| cuda.parts() > 1).find(is_it)?;
        let is_exact = row.image_cuda.ends_with(".x") || of(row).is_some_and(|of| cuda.parts() > 2 && of == *cuda);
        Some((row, is_exact && !row.unverified))
    }

    /// Returns where a rule of compatibility comes from; empty where there is no such rule.
    pub fn rule(&'static self, name: &str) -> &'static str {
        self.rules.get(name).map_or("", |rule| &rule.source)
    }
}

impl Drivers {
    /// Returns the branch that a Linux driver belongs to.
    pub fn branch(&'static self, driver: &Dotted) -> Option<&'static Branch> {
        self.branches.iter().find(|branch| branch.branch == driver.major())
    }

    /// Returns which branches drive an architecture, where there is a bound.
    pub fn support(&'static self, architecture: &str) -> Option<&'static GpuSupport> {
        self.gpu_support.iter().find(|row| row.architecture == architecture)
    }
}

impl CompatHosts {
    /// Returns the driver branches of the hosts.
    pub fn branches(&self) -> Vec<u32> {
        self.host_driver_branches.split(',').filter_map(|branch| branch.trim().parse().ok()).collect()
    }
}

impl Branch {
    /// Says whether NVIDIA qualifies it for production; those of new features it does not, and their support is short.
    pub fn is_for_production(&self) -> bool {
        matches!(self.kind.as_str(), "LTSB" | "PB" | "")
    }

    /// Says whether the branch had fixes still to come on the day of the tables.
    pub fn is_supported(&self) -> bool {
        // The dates sort as texts; a branch without one is not recommended.
        self.eol.as_str() > data_date()
    }
}

impl GpuSupport {
    /// Says whether drivers of a branch drive the architecture.
    pub fn holds(&self, branch: u32) -> bool {
        self.first_branch.is_none_or(|first| branch >= first) && self.last_branch.is_none_or(|last| branch <= last)
    }
}

impl Gpus {
    /// Returns a model of a compute capability, none of Jetson's.
    pub fn alike(&'static self, compute: &Dotted) -> Option<&'static Gpu> {
        self.models.iter().find(|gpu| gpu.compute_capability == *compute && gpu.class != "jetson")
    }

    /// Returns the model that a node's label names: a cloud's own name for it, or what GPU feature discovery says.
    pub fn labelled(&'static self, label: &str, value: &str) -> Option<&'static Gpu> {
        if label == "nvidia.com/gpu.product" {
            return self.find(value);
        }
        let row = self.node_label.iter().find(|row| row.keys().any(|key| key == label) && row.value == value)?;
        self.find(&row.gpu)
    }
}

impl Frameworks {
    /// Returns the release of torch that a version belongs to.
    pub fn torch(&'static self, release: &Dotted) -> Option<&'static TorchRelease> {
        self.torch_release.iter().find(|row| row.version == *release)
    }

    /// Returns a CUDA build of torch.
    pub fn local(&'static self, variant: &str) -> Option<&'static TorchLocal> {
        self.torch_local.iter().find(|row| row.local == variant)
    }

    /// Returns what is known of the kernels of a release of torch, a row a build.
    pub fn builds(&'static self, release: &Dotted) -> impl Iterator<Item = &'static TorchArch> {
        self.torch_arch.iter().filter(move |row| row.torch == *release)
    }

    /// Returns the architectures of a build of torch for Linux on x86-64.
    pub fn kernels(&'static self, release: &Dotted, variant: &str) -> Option<&'static TorchArch> {
        let fits = |row: &&TorchArch| row.torch == *release && row.variant == variant && row.platform == "linux x86_64";
        self.torch_arch.iter().find(fits)
    }
}
