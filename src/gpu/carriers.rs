//! Finds the components that carry a GPU runtime, and what each carries.
//!
//! A Python wheel that brings its own CUDA runs on that, whatever image it is installed into. What a wheel was built for
//! is in its local version (`+cu121`); where it has none, in the address it came from, in the `nvidia-*` wheels that
//! were resolved beside it, and at last in the tables: what a plain install of that release gives on Linux.

mod elsewhere;
mod libraries;

use super::facts::{self, frameworks};
use super::version::Dotted;
use super::{Carrier, Cuda, Environment};
use crate::intern::{self, Text};
use crate::model::{Component, Origin};

/// Returns what the packages of an environment carry, in their order. A fork that locks several releases of one name with
/// several runtimes says by what each requires which is whose.
pub(super) fn carriers(environment: &Environment) -> Vec<Carrier> {
    let packages = &environment.packages;
    let python = || packages.iter().filter(|package| package.component.purl.ty() == "pypi");
    let runtimes: Vec<_> = python().filter_map(|package| runtime(package.component)).collect();
    let first = packages.iter().map(|package| {
        let component = package.component;
        if component.purl.ty() != "pypi" {
            return elsewhere::carrier(package, environment);
        }
        let own = if runtimes.len() > 1 { environment.near(package) } else { Vec::new() };
        let is_own = |runtime: &&Runtime| own.iter().any(|own| std::ptr::eq(*own, runtime.component));
        let own: Vec<Runtime> = runtimes.iter().filter(is_own).cloned().collect();
        carrier(component, if own.is_empty() { &runtimes } else { &own }).or_else(|| carrier(component, &runtimes))
    });
    // What runs on another's CUDA needs that other first.
    let mut carriers: Vec<Option<Carrier>> = first.collect();
    for (at, package) in packages.iter().enumerate().filter(|(_, package)| package.component.purl.ty() == "pypi") {
        if carriers[at].is_none() {
            carriers[at] = libraries::carrier(package, environment, &carriers);
        }
    }
    carriers.into_iter().flatten().collect()
}

impl Carrier {
    /// Says whether it is a part that others bring along or that runs on another's CUDA, and none that runs by itself.
    pub fn is_part(&self) -> bool {
        let name = self.component.purl.name();
        if self.component.purl.ty() == "conda" {
            return super::conda_carriers::is_part(name);
        }
        let is_python = self.component.purl.ty() == "pypi";
        let is_own = name.starts_with("nvidia-") || matches!(name, "cuda-toolkit" | "cuda-bindings" | "cuda-python");
        self.runs_on.is_some() || (is_python && is_own)
    }
}

/// The CUDA runtime as a wheel of its own.
#[derive(Clone)]
struct Runtime {
    component: &'static Component,
    /// Major and minor.
    cuda: Dotted,
}

/// Reads the runtime's own wheels: the name's suffix and the version's major must agree, as they do but for placeholders.
fn runtime(component: &'static Component) -> Option<Runtime> {
    let version = Dotted::parse(component.version())?;
    let holds = match component.purl.name() {
        "cuda-toolkit" => version.major() >= 11,
        "nvidia-cuda-runtime" => version.major() >= 13,
        name => name.strip_prefix("nvidia-cuda-runtime-cu")?.parse() == Ok(version.major()),
    };
    holds.then(|| Runtime { component, cuda: version.major_minor() })
}

fn carrier(component: &'static Component, runtimes: &[Runtime]) -> Option<Carrier> {
    if let Some(own) = runtimes.iter().find(|runtime| std::ptr::eq(runtime.component, component)) {
        let because = format!("{component} is a part of CUDA {}", own.cuda, component = show(component));
        return Some(plain(component, Cuda::Version(own.cuda.clone()), because, wheel_source(component)));
    }
    match component.purl.name() {
        "torch" => torch(component, runtimes),
        "vllm" => vllm(component),
        "tensorflow" => tensorflow(component),
        "onnxruntime-gpu" => onnxruntime(component),
        name if name.starts_with("cupy-") => cupy(component),
        name => jax(component, name.strip_prefix("jax-cuda")?.strip_suffix("-plugin")?),
    }
}

pub(super) fn plain(component: &'static Component, cuda: Cuda, because: String, source: &'static str) -> Carrier {
    Carrier {
        component,
        cuda,
        architectures: Vec::new(),
        architectures_source: "",
        unverified: false,
        runs_on: None,
        because,
        source,
    }
}

/// Says whether a component is of another build than the default one, by its version or the address it comes from.
pub(super) fn names_build(component: &Component) -> bool {
    component.version().contains('+') || Variant::address(&component.origin).is_some()
}

/// Names a component in a sentence.
pub(super) fn show(component: &Component) -> String {
    format!("{} {}", component.name(), component.version())
}

/// Returns the toolkit that has this very wheel, for its source.
fn wheel_source(component: &Component) -> &'static str {
    let (name, version) = (component.purl.name(), component.version());
    let has = |toolkit: &&facts::Toolkit| match name {
        "cuda-toolkit" => toolkit.version == version,
        _ => toolkit.wheels.get(name).is_some_and(|wheel| wheel == version),
    };
    facts::toolkits().releases.iter().find(has).map_or("the version of the wheel itself", |toolkit| &toolkit.source)
}

/// A build of a wheel, as its local version or its index names it.
pub(super) enum Variant {
    Cuda(Dotted, String),
    Cpu,
    Rocm(String),
    /// For no GPU of NVIDIA's or AMD's.
    Other,
    Unknown(String),
}

impl Variant {
    /// Reads a local version: `cu121`, `cpu`, `rocm6.2.4`, `cpu.cxx11.abi`.
    pub(super) fn local(local: &str) -> Self {
        let first = local.split('.').next().unwrap_or_default();
        if let Some(cuda) = cuda_of_variant(first) {
            return Variant::Cuda(cuda, first.to_owned());
        }
        if let Some(version) = local.strip_prefix("rocm") {
            return Variant::Rocm(version.to_owned());
        }
        match first {
            "cpu" => Variant::Cpu,
            "xpu" => Variant::Other,
            _ => Variant::ngc(local).unwrap_or_else(|| {
                Variant::Unknown(format!("the local version `{}` names no build that is known", local.escape_debug()))
            }),
        }
    }

    /// Returns the build that a wheel of torch's family names itself, by its local version or the index it comes from; none
    /// where it names none.
    pub(super) fn named(component: &Component) -> Option<Self> {
        match component.version().split_once('+') {
            Some((_, local)) => Some(Variant::local(local)),
            None => Variant::address(&component.origin),
        }
    }

    /// Reads the local version of NVIDIA's own builds: a commit and the month of the image, `7c8ec84dab.nv25.3`.
    fn ngc(local: &str) -> Option<Self> {
        let (_, month) = local.split_once("nv")?;
        let month = Dotted::parse(month)?;
        let row = frameworks().ngc.iter().find(|row| row.month == month)?;
        Some(Variant::Cuda(row.cuda.major_minor(), format!("the {} image", row.month)))
    }

    /// Reads the address that a wheel comes from: the indexes of one build are named after it, `…/whl/cu124`.
    fn address(origin: &Origin) -> Option<Self> {
        let (Origin::Registry(address) | Origin::Url(address)) = *origin else { return None };
        let folders = || address.split('/');
        let mut after = folders().skip_while(|folder| *folder != "whl").skip(1);
        let of_project = after.find(|folder| !matches!(*folder, "nightly" | "test"));
        let of_project = of_project.filter(|folder| *folder == "cpu" || folder.starts_with("rocm"));
        let variant = of_project.or_else(|| folders().rfind(|folder| cuda_of_variant(folder).is_some()))?;
        Some(Variant::local(variant))
    }
}

/// Reads a build's name: `cu121` is CUDA 12.1, `cu92` 9.2.
pub(super) fn cuda_of_variant(variant: &str) -> Option<Dotted> {
    let digits = variant.strip_prefix("cu")?;
    if !(2..=3).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (major, minor) = digits.split_at(digits.len() - 1);
    Dotted::parse(&format!("{major}.{minor}"))
}

/// Returns the first two numbers of a Python version: `2.7` of `2.7.0a0+7c8ec84dab`.
pub(super) fn release(version: &str) -> Option<Dotted> {
    let public = version.split('+').next()?;
    let mut parts = public.split('.');
    Dotted::parse(&format!("{}.{}", parts.next()?, parts.next()?))
}

fn torch(component: &'static Component, runtimes: &[Runtime]) -> Option<Carrier> {
    let version = component.version();
    let release = release(version);
    let (variant, because, source): (Variant, String, &'static str) = if let Some((_, local)) = version.split_once('+')
    {
        (Variant::local(local), format!("{} names its build itself", show(component)), TORCH_LOCALS)
    } else if let Some(variant) = Variant::address(&component.origin) {
        let because = format!("{} comes from the index of one build, {}", show(component), component.origin);
        (variant, because, TORCH_LOCALS)
    } else {
        default_torch(component, release.as_ref(), runtimes)
    };
    let (cuda, name) = match variant {
        Variant::Other => return None,
        Variant::Cuda(cuda, name) => (cuda, name),
        Variant::Cpu => return Some(plain(component, Cuda::Cpu, because, source)),
        Variant::Rocm(version) => return Some(plain(component, Cuda::Rocm(version), because, source)),
        Variant::Unknown(missing) => return Some(plain(component, Cuda::Unknown(missing), because, source)),
    };
    let because = format!("{because}: it is built for CUDA {cuda} ({name})");
    let cuda = if cuda.parts() == 1 { Cuda::Major(cuda.major()) } else { Cuda::Version(cuda) };
    let mut carrier = plain(component, cuda, because, source);
    if let Some(row) = release.and_then(|release| frameworks().kernels(&release, &name)) {
        carrier.architectures = row.sm.iter().map(|sm| intern::text(&format!("sm_{sm}"))).collect();
        carrier.architectures.extend(row.ptx.as_ref().map(|ptx| -> Text { intern::text(&format!("compute_{ptx}")) }));
        carrier.architectures_source = &row.source;
        carrier.unverified = row.unverified;
    }
    Some(carrier)
}

const TORCH_LOCALS: &str = "pytorch/pytorch RELEASE.md release compatibility matrix";

/// Returns the build of a torch that does not name it.
fn default_torch(
    component: &'static Component,
    release: Option<&Dotted>,
    runtimes: &[Runtime],
) -> (Variant, String, &'static str) {
    let shown = show(component);
    let known = release.and_then(|release| frameworks().torch(release));
    // Before 1.13 the libraries were inside the wheel: runtimes beside it are another's.
    let pinned = release.is_some_and(|release| *release >= Dotted::of(1, 13));
    let beside: Vec<_> = runtimes.iter().filter(|_| pinned).collect();
    let of_default: Vec<_> = match known {
        Some(row) => beside.iter().filter(|runtime| runtime.cuda.major() == row.pypi_cuda_major).collect(),
        None => Vec::new(),
    };
    let candidates: Vec<&Runtime> =
        if of_default.is_empty() { beside } else { of_default.into_iter().copied().collect() };
    if let Some(first) = candidates.first() {
        let list = candidates.iter().map(|runtime| show(runtime.component)).collect::<Vec<_>>().join(" and ");
        let because = format!("{shown} is resolved with {list}");
        let source = wheel_source(first.component);
        if candidates.iter().all(|runtime| runtime.cuda == first.cuda) {
            let name = format!("cu{}{}", first.cuda.major(), first.cuda.minor());
            return (Variant::Cuda(first.cuda.clone(), name), because, source);
        }
        if candidates.iter().all(|runtime| runtime.cuda.major() == first.cuda.major()) {
            let major = first.cuda.major();
            return (Variant::Cuda(Dotted::major_alone(major), format!("cu{major}")), because, source);
        }
        let missing = "which of these CUDA runtimes it is built for".to_owned();
        return (Variant::Unknown(missing), because, source);
    }
    if matches!(component.origin, Origin::Git { .. } | Origin::Url(_) | Origin::Path(_)) {
        let because = format!("{shown} comes from {}", component.origin);
        return (Variant::Unknown("which CUDA that build is for".to_owned()), because, "");
    }
    let Some(row) = known else {
        let missing = format!(
            "which CUDA torch {} is built for: the tables of {} have no such release",
            component.version(),
            frameworks().data_date
        );
        return (Variant::Unknown(missing), format!("{shown} names no build"), "");
    };
    let because = format!("{shown} names no build, and the default of {} is {}", row.version, row.pypi_variant);
    (Variant::local(&row.pypi_variant), because, &row.source)
}

fn vllm(component: &'static Component) -> Option<Carrier> {
    let (shown, version) = (show(component), component.version());
    if let Some((_, local)) = version.split_once('+') {
        let because = format!("{shown} names its build itself");
        return match Variant::local(local) {
            Variant::Cuda(cuda, _) => Some(plain(component, Cuda::Version(cuda), because, VLLM)),
            Variant::Cpu => Some(plain(component, Cuda::Cpu, because, VLLM)),
            Variant::Rocm(version) => Some(plain(component, Cuda::Rocm(version), because, VLLM)),
            Variant::Other | Variant::Unknown(_) => None,
        };
    }
    if let Some(Variant::Cuda(cuda, _)) = Variant::address(&component.origin) {
        let because = format!("{shown} comes from the index of one build, {}", component.origin);
        return Some(plain(component, Cuda::Version(cuda), because, VLLM));
    }
    // Its torch is beside it and tells more: what the tables do not know of vLLM itself is left to that.
    let version = Dotted::parse(version.split(".post").next()?)?;
    let rows = &frameworks().vllm;
    let below = rows.iter().filter(|row| row.version <= version).max_by(|a, b| a.version.cmp(&b.version))?;
    let above = rows.iter().filter(|row| row.version >= version).min_by(|a, b| a.version.cmp(&b.version));
    let major = |row: &facts::Vllm| {
        let mut majors = versions_in(&row.wheel_cuda).map(|cuda| cuda.major());
        let first = majors.next()?;
        majors.all(|major| major == first).then_some(first)
    };
    let cuda = match Dotted::parse(&below.wheel_cuda) {
        Some(cuda) if below.version == version && !below.wheel_cuda_unverified => Cuda::Version(cuda),
        _ if major(below)? == above.map_or(major(below), major)? => Cuda::Major(major(below)?),
        _ => return None,
    };
    let because = match below.version == version {
        true => format!("{shown} is built for {cuda}"),
        false => format!("{shown} is built for {cuda}, as the releases before and after it are"),
    };
    Some(plain(component, cuda, because, &below.source))
}

const VLLM: &str = "vllm-project/vllm#42756, #30633";

/// Returns the versions in a text: both of `12.6 or 12.8`.
pub(super) fn versions_in(text: &str) -> impl Iterator<Item = Dotted> {
    text.split_whitespace().filter(|word| word.contains('.')).filter_map(Dotted::parse)
}

fn tensorflow(component: &'static Component) -> Option<Carrier> {
    let release = release(component.version())?;
    let shown = show(component);
    let Some(row) = frameworks().tensorflow.iter().find(|row| row.version == release) else {
        let missing = format!("which CUDA TensorFlow {release} is built for: the tables have no such release");
        return Some(plain(component, Cuda::Unknown(missing), format!("{shown} is not in the tables"), ""));
    };
    let because = format!("{shown} is built and tested with CUDA {}", row.cuda);
    Some(plain(component, Cuda::Version(row.cuda.clone()), because, &row.source))
}

fn onnxruntime(component: &'static Component) -> Option<Carrier> {
    let shown = show(component);
    let version = Dotted::parse(component.version().split('+').next()?)?;
    // The project has feeds of its own for the other CUDA major, and the wheels there have the same names.
    if component.origin.address().is_some_and(|address| address.contains("onnxruntime-cuda")) {
        let because = format!("{shown} comes from {}", component.origin);
        return Some(plain(component, Cuda::Unknown("which CUDA that feed is for".to_owned()), because, ""));
    }
    let Some(row) = frameworks().onnxruntime_gpu.iter().find(|row| covers(&row.versions, &version)) else {
        let missing = format!("which CUDA onnxruntime-gpu {version} is built for: the tables have no such release");
        return Some(plain(component, Cuda::Unknown(missing), format!("{shown} is not in the tables"), ""));
    };
    let because = format!("{shown} is built for CUDA {}, and brings none along", row.pypi_cuda);
    let cuda = match row.pypi_cuda.parts() {
        1 => Cuda::Major(row.pypi_cuda.major()),
        _ => Cuda::Version(row.pypi_cuda.major_minor()),
    };
    Some(plain(component, cuda, because, &row.source))
}

pub(super) use libraries::{rapids_major, suffix};

/// Says whether a range of the tables has a version: `1.19 .. 1.26` has `1.26.2`, `1.18.0` has itself alone.
pub(super) fn covers(range: &str, version: &Dotted) -> bool {
    let (first, last) = range.split_once(" .. ").unwrap_or((range, range));
    let (Some(first), Some(last)) = (Dotted::parse(first), Dotted::parse(last)) else { return false };
    *version >= first && version.first_parts(last.parts()) <= last
}

/// Reads CuPy's names: `cupy-cuda12x`, and of old `cupy-cuda112`.
fn cupy(component: &'static Component) -> Option<Carrier> {
    let name = component.purl.name();
    let source = frameworks().cupy.iter().find(|row| row.package == name).map_or(CUPY, |row| &row.source);
    let because = format!("{} names in its package what it is built for", show(component));
    if let Some(version) = name.strip_prefix("cupy-rocm-") {
        return Some(plain(component, Cuda::Rocm(version.replace('-', ".")), because, source));
    }
    let digits = name.strip_prefix("cupy-cuda")?;
    let cuda = match digits.strip_suffix('x') {
        Some(major) => Cuda::Major(major.parse().ok()?),
        None => Cuda::Version(cuda_of_variant(&format!("cu{digits}"))?),
    };
    Some(plain(component, cuda, because, source))
}

const CUPY: &str = "cupy/cupy docs install page";

fn jax(component: &'static Component, major: &str) -> Option<Carrier> {
    let cuda = Cuda::Major(major.parse().ok()?);
    let row = frameworks().jax.iter().find(|row| row.cuda.split(' ').next() == Some(major));
    let because = format!("{} is built for {cuda}, as its name says", show(component));
    Some(plain(component, cuda, because, row.map_or("jax-ml/jax docs/installation.md", |row| &row.source)))
}

#[cfg(test)]
mod tests {
    use super::super::Stack;
    use super::*;
    use crate::model::Purl;

    /// A component of a table of cases: `name version`, and the address of its index where a third word stands.
    fn component(text: &str) -> &'static Component {
        let mut words = text.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut component = Component::new(Purl::new("pypi", "", name, version));
        if let Some(address) = words.next() {
            component.origin = Origin::registry(address);
        }
        component.intern()
    }

    fn carried(lines: &[&str]) -> Vec<String> {
        let stack = Stack::of(Environment::of("test", lines.iter().map(|line| component(line))));
        stack.carriers.iter().filter(|carrier| !carrier.is_part()).map(|carrier| carrier.cuda.to_string()).collect()
    }

    #[test]
    fn what_carriers_carry() {
        for (lines, expected) in [
            (&["torch 2.5.1+cu121"][..], &["CUDA 12.1"][..]),
            (&["torch 2.5.1+cu118"], &["CUDA 11.8"]),
            (&["torch 2.5.1+cpu"], &["the CPU alone"]),
            (&["torch 2.5.1+cpu.cxx11.abi"], &["the CPU alone"]),
            (&["torch 2.5.1+rocm6.2"], &["ROCm 6.2"]),
            (&["torch 2.8.0+xpu"], &[]),
            // The local version wins over what is resolved beside it.
            (&["torch 2.5.1+cpu", "nvidia-cuda-runtime-cu12 12.4.127"], &["the CPU alone"]),
            // The index of a build wins over the default.
            (&["torch 2.5.1 https://mirror.example/whl/cu118"], &["CUDA 11.8"]),
            (&["torch 2.9.0 https://mirror.example/whl/nightly/cu130/"], &["CUDA 13.0"]),
            (&["torch 2.5.1 https://mirror.example/whl/cpu"], &["the CPU alone"]),
            (&["torch 2.5.1 https://mirror.example/simple"], &["CUDA 12.4"]),
            // The default of a release, and what is resolved beside it.
            (&["torch 2.10.0"], &["CUDA 12.8"]),
            (&["torch 2.11.0"], &["CUDA 13.0"]),
            (&["torch 1.13.1"], &["CUDA 11.7"]),
            (&["torch 2.10.0", "nvidia-cuda-runtime-cu12 12.8.90"], &["CUDA 12.8"]),
            (&["torch 2.11.0", "cuda-toolkit 13.0.2", "nvidia-cuda-runtime 13.0.96"], &["CUDA 13.0"]),
            (&["torch 2.11.0", "nvidia-cuda-runtime-cu12 12.6.77"], &["CUDA 12.6"]),
            (&["torch 2.10.0", "nvidia-cuda-runtime-cu12 12.8.90", "nvidia-cuda-runtime 13.0.96"], &["CUDA 12.8"]),
            (&["torch 1.12.1", "nvidia-cuda-runtime-cu12 12.8.90"], &["CUDA 10.2"]),
            (&["torch 2.99.0", "nvidia-cuda-runtime 13.4.49"], &["CUDA 13.4"]),
            (&["torch 2.7.0a0+7c8ec84dab.nv25.03"], &["CUDA 12.8"]),
            // nvidia-ml-py's numbers are none of CUDA's, and placeholders are no runtime.
            (&["nvidia-ml-py 12.560.30", "nvidia-cuda-runtime-cu13 0.0.1", "triton 3.6.0"], &[]),
            (&["jax 0.6.0", "jax-cuda12-plugin 0.6.0", "jax-cuda12-pjrt 0.6.0"], &["CUDA 12"]),
            (&["jax-cuda13-plugin 0.8.0"], &["CUDA 13"]),
            (&["onnxruntime 1.27.0"], &[]),
            (&["onnxruntime-gpu 1.18.1"], &["CUDA 11.8"]),
            (&["onnxruntime-gpu 1.26.2"], &["CUDA 12"]),
            (&["onnxruntime-gpu 1.27.0"], &["CUDA 13"]),
            (
                &["cupy-cuda12x 13.4.0", "cupy-cuda112 10.0.0", "cupy-rocm-5-0 12.0"],
                &["CUDA 12", "CUDA 11.2", "ROCm 5.0"],
            ),
            (&["tensorflow 2.18.1", "tensorflow-cpu 2.18.1"], &["CUDA 12.5"]),
            (&["vllm 0.24.0"], &["CUDA 13.0"]),
            (&["vllm 0.22.1"], &["CUDA 13"]),
            (&["vllm 0.9.2"], &["CUDA 12"]),
            // Between two majors nothing is guessed.
            (&["vllm 0.19.0"], &[]),
            (&["vllm 0.22.0+cu129"], &["CUDA 12.9"]),
            (&["vllm 0.22.0 https://mirror.example/0.22.0/cu129"], &["CUDA 12.9"]),
            (&["torch 2.5.1 https://cpu.example/simple"], &["CUDA 12.4"]),
            // What runs on torch's CUDA is judged with torch, unless it names another one itself.
            (&["torch 2.5.1", "torchvision 0.20.1", "triton 3.1.0", "xformers 0.0.28.post3"], &["CUDA 12.4"]),
            (&["torch 2.5.1+cu124", "torchvision 0.20.1+cu121"], &["CUDA 12.4", "CUDA 12.1"]),
            (&["flash-attn 2.8.2+cu12torch2.6cxx11abiFALSE"], &["CUDA 12"]),
            (&["flash-attn 2.5.6+cu122torch2.2cxx11abiFALSE"], &["CUDA 12.2"]),
            (&["tensorrt 10.3.0", "tensorrt-cu12 10.3.0", "tensorrt-cu12-libs 10.3.0"], &["CUDA 12"]),
            (&["cudf-cu12 25.10.0", "cuml-cu12 25.10.0", "rmm-cu12 25.10.0"], &["CUDA 12"]),
            (&["cuda-pathfinder 1.3.0", "cuda-bindings 12.9.4", "numba 0.61.2", "xgboost 3.1.1"], &[]),
            (&["jax-rocm60-plugin 0.5.0", "tensorflow-rocm 2.14.0.600"], &["ROCm", "ROCm"]),
        ] {
            assert_eq!(carried(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for lines in [
            &["torch 2.99.0"][..],
            &["torch 2.5.1+mybuild"],
            &["torch main"],
            &["torch 2.99.0", "nvidia-cuda-runtime-cu12 12.8.90", "nvidia-cuda-runtime 13.0.96"],
            &["onnxruntime-gpu 9.0.0"],
            &["tensorflow 9.0.0"],
        ] {
            let shown = carried(lines);
            assert!(shown.len() == 1 && shown[0].starts_with("an unknown CUDA ("), "{lines:?} {shown:?}");
        }
    }

    #[test]
    fn names_of_other_ecosystems_are_others() {
        for (ty, name) in [("cargo", "torch"), ("npm", "torch"), ("cargo", "serde"), ("cargo", "candle-core")] {
            let component = Component::new(Purl::new(ty, "", name, "2.5.1")).intern();
            assert!(Stack::of(Environment::of("test", [component])).carriers.is_empty(), "{ty} {name}");
        }
    }
}
