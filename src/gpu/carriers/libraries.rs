//! Libraries that run on the CUDA of a framework beside them, or that name their own in their name or version.
//!
//! None of them makes a driver floor of its own where its framework is known: it is judged with that, so that one cause is
//! told once.

use super::super::facts::frameworks;
use super::super::{Carrier, Cuda, Environment, Package};
use super::{Variant, plain, show};
use crate::model::Component;

/// Returns what a Python package carries that is no framework, with the frameworks known.
pub(super) fn carrier(package: &Package, environment: &Environment, known: &[Option<Carrier>]) -> Option<Carrier> {
    let component = package.component;
    let name: &str = component.purl.name();
    match name {
        "torchvision" | "torchaudio" => {
            named_or_torch(component, known, "built against one release of torch", TORCH_FAMILY)
        }
        "xformers" => named_or_torch(component, known, "built against one release of torch", XFORMERS),
        "flash-attn" => flash_attn(component, known),
        "triton" | "bitsandbytes" => {
            let rules = &frameworks().libraries.bitsandbytes_rules.source;
            let (how, source) = match name {
                "triton" => ("compiles its kernels at run time for", "pytorch/pytorch RELEASE.md"),
                _ => ("loads the library for", rules.as_str()),
            };
            on_torch(component, known, |torch, cuda| format!("{torch}'s {cuda}"), how, source)
        }
        "pytorch-triton-rocm" | "triton-rocm" => {
            let because = format!("{} is for ROCm, as its name says", show(component));
            let mut carrier = plain(component, Cuda::Rocm(String::new()), because, "pytorch/pytorch RELEASE.md");
            let torch = leader(known, "torch").filter(|torch| matches!(torch.cuda, Cuda::Rocm(_)));
            carrier.runs_on = torch.map(|torch| torch.component);
            Some(carrier)
        }
        "cuda-python" | "cuda-bindings" => {
            let major = package.release()?.major();
            // Before 11 there was another package of that name.
            let row = frameworks().libraries.cuda_python.first().filter(|_| (11..100).contains(&major))?;
            let because = format!("{} binds CUDA {major}, as its version says", show(component));
            Some(plain(component, Cuda::Major(major), because, &row.source))
        }
        "numba-cuda" => numba_cuda(package, environment),
        _ => tensorrt(package, environment).or_else(|| rapids(package, environment)).or_else(|| rocm(component)),
    }
}

const TORCH_FAMILY: &str = "pytorch/vision#8985";
const XFORMERS: &str = "facebookresearch/xformers CHANGELOG.md";

/// Returns the one carrier of a name; none where several are locked.
fn leader<'c>(known: &'c [Option<Carrier>], name: &str) -> Option<&'c Carrier> {
    let mut found = known.iter().flatten().filter(|carrier| carrier.component.purl.name() == name);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Returns a carrier that runs on torch's CUDA.
fn on_torch(
    component: &'static Component,
    known: &[Option<Carrier>],
    what: impl Fn(&str, &Cuda) -> String,
    how: &str,
    source: &'static str,
) -> Option<Carrier> {
    let torch = leader(known, "torch").filter(|torch| !matches!(torch.cuda, Cuda::Unknown(_)))?;
    let because = format!("{} {how} {}", show(component), what(&show(torch.component), &torch.cuda));
    Some(Carrier { runs_on: Some(torch.component), ..plain(component, torch.cuda.clone(), because, source) })
}

/// Returns what a local version names, judged with torch where torch is of the same; else torch's.
fn named_or_torch(
    component: &'static Component,
    known: &[Option<Carrier>],
    how: &str,
    source: &'static str,
) -> Option<Carrier> {
    let Some((_, local)) = component.version().split_once('+') else {
        let what = |torch: &str, cuda: &Cuda| format!("and runs on the CUDA of {torch}: {cuda}");
        return on_torch(component, known, what, &format!("is {how}"), source);
    };
    let cuda = match Variant::local(local) {
        Variant::Cuda(cuda, _) => Cuda::Version(cuda),
        Variant::Cpu => Cuda::Cpu,
        Variant::Rocm(version) => Cuda::Rocm(version),
        Variant::Other | Variant::Unknown(_) => return None,
    };
    let torch = leader(known, "torch").filter(|torch| torch.cuda == cuda);
    let because = format!("{} names its build itself: it is for {cuda}", show(component));
    Some(Carrier { runs_on: torch.map(|torch| torch.component), ..plain(component, cuda, because, source) })
}

/// Reads flash-attn's local version, `cu12torch2.6cxx11abiFALSE`. A build from source is compiled for torch's CUDA.
fn flash_attn(component: &'static Component, known: &[Option<Carrier>]) -> Option<Carrier> {
    let source = &frameworks().flash_attn_rules.source;
    let local = component.version().split_once('+').and_then(|(_, local)| local.strip_prefix("cu"));
    let Some((digits, _)) = local.and_then(|local| local.split_once("torch")) else {
        let what = |torch: &str, cuda: &Cuda| format!("and runs on the CUDA of {torch}: {cuda}");
        return on_torch(component, known, what, "is compiled for one torch", source);
    };
    let cuda = match digits.parse::<u32>().ok()? {
        major @ 9..=99 => Cuda::Major(major),
        _ => Cuda::Version(super::cuda_of_variant(&format!("cu{digits}"))?),
    };
    let torch = leader(known, "torch").filter(|torch| torch.cuda.major() == cuda.major());
    let because = format!("{} names its build itself: it is for {cuda}", show(component));
    Some(Carrier { runs_on: torch.map(|torch| torch.component), ..plain(component, cuda, because, source) })
}

/// Reads the CUDA major at the end of a package's name: `cudf-cu12` is `cudf` for 12.
pub(in super::super) fn suffix(name: &str) -> Option<(&str, u32)> {
    let (stem, digits) = name.rsplit_once("-cu")?;
    let major = digits.parse().ok().filter(|major| (9..100).contains(major))?;
    Some((stem, major))
}

/// Returns what TensorRT's packages carry: `tensorrt-cu12` speaks for `-libs` and `-bindings`.
fn tensorrt(package: &Package, environment: &Environment) -> Option<Carrier> {
    let name: &str = package.name();
    let of = |name: &str| {
        let stem = name.strip_suffix("-libs").or_else(|| name.strip_suffix("-bindings")).unwrap_or(name);
        suffix(stem).filter(|(stem, _)| *stem == "tensorrt").map(|(_, major)| major)
    };
    let major = of(name)?;
    let because = format!("{} is for CUDA {major}, as its name says", show(package.component));
    let source = &frameworks().libraries.tensorrt_rules.source;
    let speaker = environment
        .packages
        .iter()
        .filter(|other| other.component.purl.ty() == "pypi" && of(other.name()) == Some(major))
        .min_by_key(|other| other.name().len());
    let runs_on = speaker.map(|speaker| speaker.component).filter(|speaker| !std::ptr::eq(*speaker, package.component));
    Some(Carrier { runs_on, ..plain(package.component, Cuda::Major(major), because, source) })
}

/// The packages of RAPIDS, without the CUDA major at their ends.
const RAPIDS: &[&str] = &[
    "cucim",
    "cudf",
    "cugraph",
    "cugraph-pyg",
    "cuml",
    "cuproj",
    "cuspatial",
    "cuvs",
    "cuxfilter",
    "dask-cudf",
    "kvikio",
    "libcudf",
    "libcugraph",
    "libcuml",
    "libcuspatial",
    "libcuvs",
    "libkvikio",
    "libraft",
    "librmm",
    "libwholegraph",
    "nx-cugraph",
    "pylibcudf",
    "pylibcugraph",
    "pylibraft",
    "pylibwholegraph",
    "raft-dask",
    "rmm",
];

/// Returns the CUDA major of a package of RAPIDS; none for all others.
pub(in super::super) fn rapids_major(name: &str) -> Option<u32> {
    suffix(name).filter(|(stem, _)| RAPIDS.contains(stem)).map(|(_, major)| major)
}

/// Returns what a package of RAPIDS carries; the first of a major speaks for the others.
fn rapids(package: &Package, environment: &Environment) -> Option<Carrier> {
    let major = rapids_major(package.name())?;
    let because = format!("{} is for CUDA {major}, as its name says", show(package.component));
    let source = frameworks().libraries.rapids.first().map_or("", |row| row.source.as_str());
    let is_speaker =
        |other: &&Package| other.component.purl.ty() == "pypi" && rapids_major(other.name()) == Some(major);
    let speaker = environment.packages.iter().find(is_speaker).map(|speaker| speaker.component);
    let runs_on = speaker.filter(|speaker| !std::ptr::eq(*speaker, package.component));
    Some(Carrier { runs_on, ..plain(package.component, Cuda::Major(major), because, source) })
}

/// Returns the CUDA that numba-cuda is asked for with; none where it takes what it finds.
fn numba_cuda(package: &Package, environment: &Environment) -> Option<Carrier> {
    let mut majors = package.extras.iter().filter_map(|extra| extra.strip_prefix("cu")?.parse::<u32>().ok());
    let major = majors.next().filter(|major| (11..100).contains(major) && majors.all(|other| other == *major))?;
    let because = format!("{} is asked for with its extra cu{major}", show(package.component));
    let source = &frameworks().libraries.numba_cuda.source;
    let of = |name: &str| environment.packages.iter().find(|other| other.is("pypi", name)).map(|other| other.component);
    // Its toolkit's parts are locked beside it, and have the floor.
    let runs_on = of("cuda-toolkit").or_else(|| of(&format!("nvidia-cuda-nvcc-cu{major}")));
    Some(Carrier { runs_on, ..plain(package.component, Cuda::Major(major), because, source) })
}

/// Returns the frameworks that are built for ROCm under a name of their own.
fn rocm(component: &'static Component) -> Option<Carrier> {
    let name: &str = component.purl.name();
    let is_rocm = matches!(name, "tensorflow-rocm" | "onnxruntime-rocm" | "onnxruntime-migraphx")
        || (name.starts_with("jax-rocm") && name.ends_with("-plugin"));
    let because = format!("{} is for ROCm, as its name says", show(component));
    is_rocm.then(|| plain(component, Cuda::Rocm(String::new()), because, "ROCm documentation"))
}
