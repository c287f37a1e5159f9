//! The packages of conda that carry a GPU runtime, and what each carries.
//!
//! All of an environment of conda's shares one CUDA runtime: `cudatoolkit` up to CUDA 11, `cuda-cudart` from 12 on, each
//! pinned by `cuda-version`. What a framework was built for is in its build string (`cuda129_mkl_py313_h…`,
//! `py3.11_cuda12.1_cudnn8.9.2_0`); where that only says that it is for CUDA, in the pin that it requires.

use super::carriers::{plain, show};
use super::version::Dotted;
use super::{Carrier, Cuda, Environment, Package};
use crate::intern;
use crate::model::Component;

/// The runtime itself and what pins it, each with the version's meaning: that of the toolkit.
const PARTS: &[&str] = &["cuda-cudart", "cuda-runtime", "cuda-toolkit", "cuda-version", "cudatoolkit", "pytorch-cuda"];

/// The parts that hold the runtime's own library.
const RUNTIMES: &[&str] = &["cuda-cudart", "cudatoolkit"];

/// What is built for a CUDA, and says in its build string for which.
const BUILDS: &[&str] = &[
    "cudf",
    "cugraph",
    "cuml",
    "cupy",
    "cupy-core",
    "cuspatial",
    "cuvs",
    "faiss-gpu",
    "jaxlib",
    "libcudf",
    "libcuml",
    "libfaiss-gpu",
    "libraft",
    "librmm",
    "libtorch",
    "onnxruntime",
    "onnxruntime-cpp",
    "pylibraft",
    "pytorch",
    "pytorch-gpu",
    "raft-dask",
    "rmm",
    "tensorflow",
    "tensorflow-base",
    "tensorflow-gpu",
    "torchaudio",
    "torchvision",
    "triton",
    "vllm",
    "xformers",
];

/// Of these, what others load: it runs when they do.
const LIBRARIES: &[&str] =
    &["cupy-core", "libcudf", "libcuml", "libfaiss-gpu", "libraft", "librmm", "libtorch", "triton"];

/// What is on a GPU all the same where its build string says nothing of one.
const ALWAYS: &[&str] = &["cudf", "cugraph", "cuml", "cupy", "cupy-core", "faiss-gpu", "libcudf", "libcuml", "rmm"];

/// The frameworks that are used for themselves: a build of these for the CPU alone is worth knowing.
const FRAMEWORKS: &[&str] = &["jaxlib", "libtorch", "onnxruntime", "pytorch", "tensorflow", "tensorflow-base"];

const BUILD: &str = "conda-forge CUDA guide: the build string names the CUDA that a package is built for";
const PIN: &str = "conda-forge cuda-version recipe: its version is the CUDA that the environment is pinned to";

/// Returns what the conda packages of an environment carry, in their order.
pub(super) fn carriers(environment: &Environment) -> Vec<Carrier> {
    let packages = || environment.packages.iter().filter(|package| package.component.purl.ty() == "conda");
    let runtimes: Vec<(&Package, Dotted)> = packages()
        .filter(|package| RUNTIMES.contains(&package.name()))
        .filter_map(|package| Some((package, toolkit(package)?)))
        .collect();
    let carrier = |package: &Package| match package.name() {
        "cuda-version" => pin(package, environment, &runtimes),
        name if PARTS.contains(&name) => part(package),
        name if BUILDS.contains(&name) => build(package, environment),
        _ => None,
    };
    packages().filter_map(carrier).collect()
}

/// Says whether a package of conda's is a part that others bring along.
pub(super) fn is_part(name: &str) -> bool {
    PARTS.contains(&name) || LIBRARIES.contains(&name)
}

/// Returns the toolkit that a part belongs to, by its version's first two numbers.
fn toolkit(package: &Package) -> Option<Dotted> {
    let release = package.release()?;
    (release.parts() >= 2 && (8..100).contains(&release.major())).then(|| release.major_minor())
}

fn part(package: &Package) -> Option<Carrier> {
    let cuda = toolkit(package)?;
    let because = format!("{} is a part of CUDA {cuda}", package.shown());
    Some(plain(package.component, Cuda::Version(cuda), because, BUILD))
}

/// Reads the pin of the stack. It carries nothing by itself: where nothing requires it, nothing is known to run on it; and
/// where the runtime beside it is of another major, as NVIDIA's own channel lets it be, that is what runs.
fn pin(package: &Package, environment: &Environment, runtimes: &[(&Package, Dotted)]) -> Option<Carrier> {
    let cuda = toolkit(package)?;
    let mut requirers = environment
        .packages
        .iter()
        .filter(|other| other.requires.iter().any(|required| std::ptr::eq(*required, package.component)));
    if requirers.next().is_none() || runtimes.iter().any(|(_, runtime)| runtime.major() != cuda.major()) {
        return None;
    }
    let because = format!("{} pins the environment to CUDA {cuda}", package.shown());
    Some(plain(package.component, Cuda::Version(cuda), because, PIN))
}

/// What a build string says of CUDA.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Build {
    Cuda(Cuda),
    /// It is for CUDA, and does not say which.
    SomeCuda,
    Cpu,
    Silent,
}

impl Build {
    /// Reads a build string.
    fn read(build: &str) -> Self {
        let words = || build.split(['_', '-']);
        for word in words() {
            let Some(rest) = word.strip_prefix("cuda").or_else(|| word.strip_prefix("cu")) else { continue };
            let digits = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
            let (version, after) = rest.split_at(digits);
            if let Some(cuda) = version_of(version.trim_end_matches('.'))
                && (word.starts_with("cuda") || after.is_empty())
            {
                return Build::Cuda(cuda);
            }
        }
        // `cuda_12_py310_…`: the number is a word of its own.
        let pairs = words().zip(words().skip(1));
        if let Some(cuda) = pairs.filter(|(word, _)| *word == "cuda").find_map(|(_, number)| version_of(number)) {
            return Build::Cuda(cuda);
        }
        if words().any(|word| matches!(word, "cuda" | "gpu")) {
            return Build::SomeCuda;
        }
        let is_cpu = |word: &str| word == "cpu" || word.strip_prefix("cpu").is_some_and(|rest| rest.starts_with("py"));
        if words().any(is_cpu) { Build::Cpu } else { Build::Silent }
    }
}

/// Reads a version as build strings write it: `12.1` and `12.1.1`, `129` is 12.9, `92` is 9.2, `12` is all of CUDA 12.
fn version_of(text: &str) -> Option<Cuda> {
    if text.contains('.') {
        return Some(Cuda::Version(Dotted::parse(text)?.major_minor()));
    }
    let number: u32 = text.parse().ok()?;
    match (text.len(), number) {
        (2, 10..=19) => Some(Cuda::Major(number)),
        (2, 80..=99) | (3, 100..=199) => Some(Cuda::Version(Dotted::of(number / 10, number % 10))),
        _ => None,
    }
}

fn build(package: &Package, environment: &Environment) -> Option<Carrier> {
    let qualifiers = package.component.purl.qualifiers();
    let of_purl = qualifiers.iter().find(|(name, _)| name == "build").map(|(_, value)| intern::text(value));
    let pattern = package.component.properties.iter().find(|(name, _)| *name == "conda:build").map(|(_, value)| *value);
    let build = of_purl.or(pattern).unwrap_or_default();
    let name = package.name();
    let shown = format!("{}, build {build}", package.shown());
    let carried = |cuda, because| Some(plain(package.component, cuda, because, BUILD));
    let read = Build::read(build.trim_matches('*'));
    match &read {
        Build::Cuda(cuda) => {
            let because = format!("{shown}, is built for {cuda}");
            return carried(cuda.clone(), because);
        }
        Build::Cpu if FRAMEWORKS.contains(&name) => {
            return carried(Cuda::Cpu, format!("{shown}, is built for the CPU alone"));
        }
        Build::Cpu => return None,
        Build::SomeCuda => {}
        Build::Silent if ALWAYS.contains(&name) => {}
        Build::Silent => return None,
    }
    // It runs on the environment's runtime: on what it requires itself, or the one that there is.
    let of_toolkit = |component: &&&'static Component| {
        component.purl.ty() == "conda"
            && matches!(component.purl.name(), "cuda-version" | "cuda-cudart" | "cudatoolkit")
    };
    let required = package.requires.iter().find(of_toolkit).copied();
    let version = |name: &str| {
        let mut found = environment.packages("conda", name);
        let first = found.next()?;
        found.next().is_none().then_some(first.component)
    };
    let beside = required.or_else(|| version("cuda-version")).or_else(|| version("cudatoolkit"));
    let cuda = beside.and_then(|beside| Some((beside, Dotted::parse(beside.version())?.major_minor())));
    match cuda {
        Some((beside, cuda)) => {
            let because = format!("{shown}, is resolved with {}", show(beside));
            carried(Cuda::Version(cuda), because)
        }
        None if build.is_empty() && read == Build::Silent => None,
        None => {
            let missing = "which CUDA that build is for: its build string does not say".to_owned();
            carried(Cuda::Unknown(missing), format!("{shown}, names no CUDA"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stack;
    use super::*;
    use crate::model::Purl;

    fn carried(lines: &[&str]) -> Vec<String> {
        let component = |line: &&str| {
            let mut words = line.split(' ');
            let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let build = words.next().unwrap_or_default();
            Component::new(Purl::build("conda", "", name, version, &[("build", build)], "")).intern()
        };
        let stack = Stack::of(Environment::of("test", lines.iter().map(component)));
        stack.carriers.iter().map(|carrier| format!("{} {}", carrier.component.purl.name(), carrier.cuda)).collect()
    }

    #[test]
    fn what_packages_carry() {
        for (lines, expected) in [
            (&["pytorch 2.8.0 cuda129_mkl_py313_h7947483_302"][..], &["pytorch CUDA 12.9"][..]),
            (&["pytorch 2.1.0 py3.11_cuda12.1_cudnn8.9.2_0"], &["pytorch CUDA 12.1"]),
            (&["pytorch 2.1.0 cuda118py311h3b8d1c1_300"], &["pytorch CUDA 11.8"]),
            (&["pytorch 1.4.0 py3.7_cuda9.2.148_cudnn7.6.3_0"], &["pytorch CUDA 9.2"]),
            (&["pytorch 2.8.0 cpu_generic_py313_h1ee2325_2"], &["pytorch the CPU alone"]),
            (&["pytorch 2.1.0 py3.11_cpu_0"], &["pytorch the CPU alone"]),
            (&["pytorch 2.1.0 cpu_mkl_py311hb4e9cda_100"], &["pytorch the CPU alone"]),
            (&["torchvision 0.12.0 py38_cu113"], &["torchvision CUDA 11.3"]),
            (&["torchvision 0.12.0 py38_cpu"], &[]),
            (&["libtorch 2.8.0 cuda129_mkl_hf53477d_302"], &["libtorch CUDA 12.9"]),
            (&["jaxlib 0.4.23 cuda120py311h5a49573_202"], &["jaxlib CUDA 12.0"]),
            (&["jaxlib 0.4.23 cpu_py311hee5a3ca_1"], &["jaxlib the CPU alone"]),
            (&["jaxlib 0.1.75 py310hb5077e9_0"], &[]),
            (&["tensorflow-base 2.10.0 cuda112py310hf679b68_0"], &["tensorflow-base CUDA 11.2"]),
            (&["triton 3.4.0 cuda129py313h246eb7c_1"], &["triton CUDA 12.9"]),
            (&["cudf 25.10.0 cuda12_py312_251008_0af5f0a6"], &["cudf CUDA 12"]),
            (&["cudf 23.04.01 cuda_11_py310_230421_g958e5aa2ae_0"], &["cudf CUDA 11"]),
            (&["faiss-gpu 1.8.0 py3.11_h4c7d538_0_cuda12.1.1"], &["faiss-gpu CUDA 12.1"]),
            (&["faiss-cpu 1.2.1 py36_cuda9.0.176_1"], &[]),
            (
                &[
                    "onnxruntime 1.22.0 py311h4107d7c_200_cuda",
                    "cuda-cudart 12.6.77 h5888daf_0",
                    "cuda-version 12.6 h7480c83_3",
                ],
                &["onnxruntime CUDA 12.6", "cuda-cudart CUDA 12.6"],
            ),
            (&["cupy 13.4.0 py312h7d319b9_0", "cuda-version 12.9 h4f385c5_3"], &["cupy CUDA 12.9"]),
            (&["cupy 13.4.0"], &[]),
            (
                &["cudatoolkit 11.8.0 h4ba93d1_12", "pytorch-cuda 11.8 h7e8668a_5"],
                &["cudatoolkit CUDA 11.8", "pytorch-cuda CUDA 11.8"],
            ),
            // A pin that nothing requires, and one beside a runtime of another major.
            (&["cuda-version 12.9 h4f385c5_3"], &[]),
            (&["cuda-version 12.5 3", "cuda-cudart 11.8.89 0"], &["cuda-cudart CUDA 11.8"]),
            (&["numpy 2.3.5 py313hf6604e3_0", "libmagma 2.9.0 ha7672b3_3"], &[]),
        ] {
            assert_eq!(carried(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for line in ["onnxruntime 1.22.0 py311h4107d7c_200_cuda", "cupy 13.4.0 py312h7d319b9_0"] {
            let shown = carried(&[line]);
            assert!(shown.len() == 1 && shown[0].contains("an unknown CUDA ("), "{line} {shown:?}");
        }
    }

    #[test]
    fn parts_are_told_from_what_runs() {
        assert!(is_part("cudatoolkit") && is_part("cuda-version") && !is_part("pytorch"));
    }
}
