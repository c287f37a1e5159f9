//! The GPU runtime that an image itself brings: a framework in a build of its own, or CUDA's libraries where nothing else
//! in the environment carries any.

use super::carriers::{plain, release, show};
use super::facts::{self, ImageKind, frameworks};
use super::{Carrier, Cuda, Dotted, Environment, image};
use crate::intern::{self, Text};
use crate::model::Component;

/// Returns what the image of an environment carries, beside what its packages do.
pub(super) fn carriers(environment: &Environment, packages: &[Carrier]) -> Vec<Carrier> {
    let Some(stage) = environment.image() else { return Vec::new() };
    let Some(base) = stage.base else { return Vec::new() };
    let Some(row) = image::row(base) else { return Vec::new() };
    // A framework that is installed anew takes the place of the image's.
    let has = |name: &str| !["pypi", "conda"].iter().all(|ty| environment.packages(ty, name).next().is_none());
    let found = match row.kind {
        ImageKind::Pytorch if !has("torch") => pytorch(base),
        ImageKind::Tensorflow if !has("tensorflow") => by_tag(base),
        ImageKind::Vllm if !has("vllm") => vllm(base),
        ImageKind::Ngc if !has("torch") && !has("tensorflow") && !has("jax") => by_tag(base),
        ImageKind::Rocm if !has("torch") => image::rocm_of_tag(base).map(|version| {
            let because = format!("{} is for ROCm {version}, as its tag says", show(base));
            plain(base, Cuda::Rocm(version.to_string()), because, &row.source)
        }),
        // A framework brings its own CUDA, or none: the image's is only used where nothing else says what it uses.
        ImageKind::Cuda if !packages.iter().any(says) => by_tag(base),
        _ => None,
    };
    found.into_iter().collect()
}

/// Says whether a carrier tells what its program uses: CUDA of its own, or the CPU. A crate or a package of npm links or
/// loads the image's.
fn says(carrier: &Carrier) -> bool {
    matches!(carrier.component.purl.ty(), "pypi" | "conda")
}

fn by_tag(base: &'static Component) -> Option<Carrier> {
    let (cuda, because, source) = image::cuda_of_tag(base)?;
    Some(plain(base, Cuda::Version(cuda.major_minor()), because, source))
}

/// `pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime`: torch in that build, with its kernels.
fn pytorch(base: &'static Component) -> Option<Carrier> {
    let (cuda, because, source) = image::cuda_of_tag(base)?;
    let torch = release(image::leading(base.version())?.to_string().as_str())?;
    let variant = format!("cu{}{}", cuda.major(), cuda.minor());
    let mut carrier = plain(base, Cuda::Version(cuda.major_minor()), because, source);
    kernels(&mut carrier, Some(&torch), &variant);
    Some(carrier)
}

/// `vllm/vllm-openai:v0.20.0[-cu129]`: by its variant, else as the wheel of that release.
pub(super) fn vllm(base: &'static Component) -> Option<Carrier> {
    let version = image::leading(base.version())?;
    let torch = torch_of(&version.to_string());
    if let Some(mut carrier) = by_tag(base) {
        let variant = carrier.cuda.to_string().trim_start_matches("CUDA ").replace('.', "");
        kernels(&mut carrier, torch.as_ref(), &format!("cu{variant}"));
        return Some(carrier);
    }
    let row = frameworks().vllm.iter().filter(|row| row.version <= version).max_by(|a, b| a.version.cmp(&b.version))?;
    let above = frameworks().vllm.iter().filter(|row| row.version >= version).min_by(|a, b| a.version.cmp(&b.version));
    let major = |row: &facts::Vllm| super::carriers::versions_in(&row.wheel_cuda).map(|cuda| cuda.major()).next();
    let major = major(row).filter(|first| above.is_none_or(|above| major(above) == Some(*first)))?;
    let because = format!("{} holds vLLM {version}, whose wheel is built for CUDA {major}", show(base));
    let mut carrier = plain(base, Cuda::Major(major), because, &row.source);
    // In which build the image has its torch is not known: what none of them has kernels for, it has none for either.
    for row in torch.as_ref().into_iter().flat_map(|torch| frameworks().builds(torch)) {
        let of_major = super::carriers::cuda_of_variant(&row.variant).is_some_and(|cuda| cuda.major() == major);
        if of_major && row.platform == "linux x86_64" {
            carrier.unverified |= row.unverified;
            add(&mut carrier, row);
        }
    }
    Some(carrier)
}

/// Returns the release of torch that a release of vLLM pins, first two numbers.
fn torch_of(vllm: &str) -> Option<Dotted> {
    let tables = frameworks();
    let own = tables.vllm.iter().find(|row| row.version.to_string() == vllm).map(|row| &row.pins);
    let more = || tables.vllm_pins.iter().find(|row| row.version.to_string() == vllm).map(|row| &row.pins);
    let pins = own.filter(|pins| !pins.is_empty()).or_else(more)?;
    release(&pins.get("torch")?.to_string())
}

/// Gives a carrier the kernels of the torch that it brings.
fn kernels(carrier: &mut Carrier, torch: Option<&Dotted>, variant: &str) {
    let Some(row) = torch.and_then(|torch| frameworks().kernels(torch, variant)) else { return };
    carrier.unverified = row.unverified;
    add(carrier, row);
}

/// Adds the kernels of a build of torch; vLLM's own are for 7.0 and later (its installation page).
fn add(carrier: &mut Carrier, row: &'static facts::TorchArch) {
    let least = if carrier.component.purl.name() == "vllm-openai" { 70 } else { 0 };
    let own = row.sm.iter().filter(|sm| **sm >= least).map(|sm| -> Text { intern::text(&format!("sm_{sm}")) });
    let ptx = row.ptx.as_ref().map(|ptx| -> Text { intern::text(&format!("compute_{ptx}")) });
    for name in own.chain(ptx) {
        if !carrier.architectures.contains(&name) {
            carrier.architectures.push(name);
        }
    }
    carrier.architectures_source = &row.source;
}
