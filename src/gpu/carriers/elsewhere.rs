//! Carriers of other ecosystems: crates and packages of npm.
//!
//! `Cargo.lock` holds the optional dependencies of a crate only where some feature of the workspace can turn them on, and
//! says neither whether that feature is built nor with which toolkit. So `cudarc` in a lock is a sign that a build for CUDA
//! exists, and no more: it carries a CUDA that is not known, which is never a finding. Crates whose CUDA is a feature
//! without a dependency (`ort`, `tch`) are the same. A crate without any of these carries nothing: `candle-core` alone is
//! the CPU's.

use super::super::classes::rust_build;
use super::super::facts::{Sourced, frameworks};
use super::super::version::Dotted;
use super::super::{Carrier, Cuda, Environment, Package};
use super::{Variant, covers, plain, show};
use crate::intern::Text;
use crate::model::Component;

/// Returns what a package of another ecosystem than Python's carries.
pub(super) fn carrier(package: &Package, environment: &Environment) -> Option<Carrier> {
    match package.component.purl.ty() {
        "cargo" => crate_of(package, environment),
        "npm" => npm(package),
        _ => None,
    }
}

fn crate_of(package: &Package, environment: &Environment) -> Option<Carrier> {
    let libraries = &frameworks().libraries;
    let shown = show(package.component);
    let source = |rows: &'static [Sourced]| rows.first().map_or("", |row| row.source.as_str());
    let has = |name: &str| environment.packages("cargo", name).next();
    let unknown = |missing: &str, because: String, source: &'static str| {
        Some(plain(package.component, Cuda::Unknown(missing.to_owned()), because, source))
    };
    match package.name() {
        "candle-kernels" => {
            let missing = "whether the feature cuda is built, and with which nvcc: its PTX needs a driver of that CUDA";
            let because = format!("{shown} compiles PTX with the nvcc that its build finds");
            if let Some(build) = rust_build(environment).filter(|build| build.is_built) {
                let because = format!("{because}; {}", build.compiler.because);
                return Some(plain(package.component, Cuda::Version(build.cuda), because, build.compiler.source));
            }
            unknown(missing, because, frameworks().rust_candle.first().map_or("", |row| row.source.as_str()))
        }
        "cudarc" => {
            let because = format!("{shown} binds the CUDA that its features name, and loads it at run time");
            let mut carrier = match bound(package.component) {
                Some((feature, cuda)) => {
                    let because = format!("{because}; it is built with {feature}");
                    plain(package.component, Cuda::Version(cuda), because, source(&libraries.rust_cudarc))
                }
                None => {
                    let missing =
                        "for which CUDA its feature cuda-… is, which Cargo.lock does not say; --cargo-metadata does";
                    unknown(missing, because, source(&libraries.rust_cudarc))?
                }
            };
            carrier.runs_on = has("candle-kernels").map(|kernels| kernels.component);
            Some(carrier)
        }
        "cust" => unknown("for which toolkit it is built", format!("{shown} links the driver's API"), ""),
        "ort-sys" => {
            let missing = "whether ort's feature cuda is built, and for which CUDA, which Cargo.lock does not say";
            let because = format!("{shown} takes ready-made binaries of ONNX Runtime");
            unknown(missing, because, source(&libraries.rust_ort))
        }
        "torch-sys" => Some(tch(package, environment)),
        _ => None,
    }
}

/// Returns the feature of cudarc that names its CUDA, where the features are known: `cuda-12040` is 12.4.
fn bound(component: &Component) -> Option<(Text, Dotted)> {
    let (_, features) = component.properties.iter().find(|(name, _)| *name == "cargo:features")?;
    features.split(',').find_map(|feature| {
        let number: u32 = feature.strip_prefix("cuda-").filter(|digits| digits.len() == 5)?.parse().ok()?;
        Some((feature, Dotted::of(number / 1000, number % 1000 / 10)))
    })
}

/// Returns what tch carries: its release binds one libtorch, and a variable of the build picks the variant.
fn tch(package: &Package, environment: &Environment) -> Carrier {
    let release = package.release();
    let rows = || frameworks().libraries.rust_tch.iter();
    let row = release.as_ref().and_then(|release| {
        rows().filter(|row| release.first_parts(row.tch.parts()) == row.tch).max_by_key(|row| row.tch.parts())
    });
    let (libtorch, source) = match row {
        Some(row) => (format!("libtorch {}", row.libtorch), row.source.as_str()),
        None => ("a libtorch".to_owned(), rows().next().map_or("", |row| row.source.as_str())),
    };
    let because = format!("{} binds {libtorch}", show(package.component));
    let chosen = environment.stages.iter().rev().find_map(|stage| stage.setting("TORCH_CUDA_VERSION"));
    match chosen.map(|setting| (setting.value, Variant::local(setting.value))) {
        Some((value, Variant::Cuda(cuda, _))) => {
            let because = format!("{because}, and the image's build sets TORCH_CUDA_VERSION={}", value.escape_debug());
            plain(package.component, Cuda::Version(cuda), because, source)
        }
        _ => {
            let missing = format!("which variant of {libtorch} is linked: TORCH_CUDA_VERSION or LIBTORCH says it");
            plain(package.component, Cuda::Unknown(missing), because, source)
        }
    }
}

fn npm(package: &Package) -> Option<Carrier> {
    let purl = package.component.purl;
    let name = match purl.namespace() {
        "" => purl.name().to_owned(),
        namespace => format!("{namespace}/{}", purl.name()),
    };
    let mut rows = frameworks().libraries.npm.iter().filter(|row| row.package == name).peekable();
    rows.peek()?;
    let release = package.release()?;
    let of_major = |versions: &str| versions.strip_suffix(".x").and_then(Dotted::parse);
    let row = rows.find(|row| match of_major(&row.versions) {
        Some(major) => release.first_parts(major.parts()) == major,
        None => covers(&row.versions, &release),
    });
    let shown = show(package.component);
    let Some(row) = row else {
        let missing = format!("which CUDA {shown} is built for: the tables have no such release");
        return Some(plain(package.component, Cuda::Unknown(missing), format!("{shown} is not in the tables"), ""));
    };
    let because = format!("{shown} is built for CUDA {}", row.cuda);
    // onnxruntime-node runs on the CPU unless a session asks for CUDA, which no lockfile says.
    let cuda = match Dotted::parse(row.cuda.split(' ').next().unwrap_or_default()) {
        Some(cuda) if name != "onnxruntime-node" => Cuda::Version(cuda),
        _ => Cuda::Unknown(format!("whether its sessions ask for CUDA; its binaries are for CUDA {}", row.cuda)),
    };
    Some(plain(package.component, cuda, because, &row.source))
}
