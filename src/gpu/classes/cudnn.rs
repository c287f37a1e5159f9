//! The cuDNN that a framework finds, against the one that it was built with.

use super::super::carriers::{covers, cuda_of_variant, release};
use super::super::facts::{JaxPlugin, frameworks};
use super::super::version::Dotted;
use super::super::{Answer, Carrier, Cuda, Evidence, Gravity, Package, Stack, Verdict};
use super::held::{self, Held};
use super::mix::{brings_cuda, no_libraries};

/// The cuDNN that something was built with.
struct Built {
    version: Dotted,
    /// Whether the minor version is a bound too, and not the major alone.
    minor: bool,
    because: String,
    source: &'static str,
}

/// Tells frameworks that find a cuDNN of another major version, or an older one, than they were built with.
pub(super) fn cudnn(stack: &Stack, answers: &mut Vec<Answer>) {
    for name in ["torch", "tensorflow", "jax-cuda12-plugin", "jax-cuda13-plugin"] {
        if name == "tensorflow" && !brings_cuda(stack, name) {
            continue;
        }
        by_wheel(stack, name, answers);
    }
    onnxruntime(stack, answers);
}

/// Returns the carriers of a name with their packages.
fn carried<'s>(stack: &'s Stack, name: &str) -> Vec<(&'s Package, &'s Carrier)> {
    let package = |carrier: &Carrier| {
        stack.environment.packages.iter().find(|package| std::ptr::eq(package.component, carrier.component))
    };
    let carriers = stack.carried(name).filter(|carrier| carrier.component.purl.ty() == "pypi");
    carriers.filter_map(|carrier| Some((package(carrier)?, carrier))).collect()
}

/// Returns the wheels of cuDNN for a CUDA major.
fn found(stack: &Stack, major: u32) -> Vec<(&Package, Dotted)> {
    let wheels =
        stack.environment.packages.iter().filter(|package| package.is("pypi", &format!("nvidia-cudnn-cu{major}")));
    wheels
        .filter_map(|package| Some((package, package.release()?)))
        .filter(|(_, version)| version.major() > 1)
        .collect()
}

/// How a cuDNN stands to the one that something was built with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Fits,
    Older,
    OtherMajor,
}

fn stands(built: &Built, found: &Dotted) -> Stands {
    if found.major() != built.version.major() {
        Stands::OtherMajor
    } else if built.minor && found.minor() < built.version.minor() {
        Stands::Older
    } else {
        Stands::Fits
    }
}

/// Judges a framework that loads the cuDNN of the wheel beside it. Several locked releases are alternatives: only where
/// none of them fits is it told.
fn by_wheel(stack: &Stack, name: &str, answers: &mut Vec<Answer>) {
    let carried = carried(stack, name);
    let mut worst: Option<(Stands, &Package, &Carrier, Built, &Package, Dotted)> = None;
    for (package, carrier) in &carried {
        let Some(major) = carrier.cuda.major() else { return };
        let Some(built) = built(package, carrier) else { return };
        let wheels = found(stack, major);
        let required = |wheel: &Package| package.requires.iter().any(|part| std::ptr::eq(*part, wheel.component));
        // A build with a name of its own may have its libraries inside, so that the wheel is another's.
        if wheels.is_empty() || (package.local().is_some() && !wheels.iter().any(|(wheel, _)| required(wheel))) {
            return;
        }
        for (wheel, version) in wheels {
            let stands = stands(&built, &version);
            if stands == Stands::Fits || !stack.environment.together(package, wheel) {
                return;
            }
            if worst.as_ref().is_none_or(|(told, ..)| stands > *told) {
                let built = Built { because: built.because.clone(), version: built.version.clone(), ..built };
                worst = Some((stands, package, carrier, built, wheel, version));
            }
        }
    }
    let Some((stands, package, carrier, built, wheel, version)) = worst else { return };
    let message =
        format!("{} was built with cuDNN {}, and {} is what it finds", package.shown(), built.version, wheel.shown());
    let (class, gravity) = match (stands, name) {
        (Stands::OtherMajor, _) => (super::CUDNN_MAJOR, Gravity::Error),
        (_, "torch") => (super::CUDNN_OLD, Gravity::Warning),
        _ => (super::CUDNN_OLD, Gravity::Error),
    };
    let verdict = if gravity == Gravity::Error { Verdict::FailsAtStart } else { Verdict::RunsIf };
    let rule = match stands {
        Stands::OtherMajor => format!(
            "it loads libcudnn.so.{}, and the wheel holds libcudnn.so.{}",
            built.version.major(),
            version.major()
        ),
        _ => format!(
            "within a major version a newer minor is fine and an older is not: {version} is below {}",
            built.version
        ),
    };
    let error_text = match (stands, name, built.version.major()) {
        (Stands::OtherMajor, "torch", 9) => "libcudnn.so.9: cannot open shared object file: No such file or directory",
        (Stands::OtherMajor, "torch", _) => "Could not load library libcudnn_ops_infer.so.8",
        (_, "torch", _) => "",
        (_, "tensorflow", _) => "Loaded runtime CuDNN library",
        _ => "but JAX was built against version",
    };
    let incident = match (stands, name) {
        (Stands::OtherMajor, _) => "bmaltais/kohya_ss#2787",
        (_, "tensorflow") => "tensorflow/tensorflow#60913",
        _ => "borisdayma/dalle-mini#316; tensorflow/docs",
    };
    let answer = Answer::new(class, verdict, gravity, Evidence::from(wheel), message)
        .because(&carrier.because, carrier.source)
        .because(&built.because, built.source)
        .because(rule, incident)
        .beside(package.into(), "what was built with it")
        .says(error_text)
        .mend(match name.starts_with("jax") {
            true => format!("pin {} to {} or later, below {}", wheel.name(), built.version, built.version.major() + 1),
            false => format!("pin {} to {}, or to a later {}.x", wheel.name(), built.version, built.version.major()),
        });
    answers.push(answer);
}

/// Returns the cuDNN that a framework was built with, where the tables know.
fn built(package: &Package, carrier: &Carrier) -> Option<Built> {
    let tables = frameworks();
    let shown = package.shown();
    let full = |version: Dotted, source: &'static str| {
        let because = format!("{shown} was built with cuDNN {version}");
        Some(Built { version, minor: true, because, source })
    };
    match package.name() {
        "torch" => {
            let release = release(package.version())?;
            let variant = |row: &&super::super::facts::TorchVariant| {
                let cuda = cuda_of_variant(&row.variant);
                row.torch == release && cuda.is_some_and(|cuda| Cuda::Version(cuda) == carrier.cuda)
            };
            if let Some(row) = tables.libraries.torch_variant.iter().find(variant) {
                return full(row.cudnn.clone(), &row.source);
            }
            let row = tables
                .torch_pins
                .iter()
                .find(|row| package.local().is_none() && Some(&row.version) == package.release().as_ref())?;
            let pin = row.pins.get(&format!("nvidia-cudnn-cu{}", carrier.cuda.major()?))?;
            full(Dotted::parse(&pin.to_string())?, &row.source)
        }
        "tensorflow" => {
            let release = release(package.version())?;
            let row = tables.tensorflow.iter().find(|row| row.version == release)?;
            full(row.cudnn.clone(), &row.source)
        }
        name => {
            let version = package.release()?;
            let of = |row: &JaxPlugin| Dotted::parse(&row.version.to_string()).filter(|of| *of <= version);
            let rows = tables.jax_plugin.iter().filter(|row| row.package == name && of(row).is_some());
            let row = rows.max_by(|a, b| a.version.cmp(&b.version))?;
            let range = row.requires.get(&format!("nvidia-cudnn-cu{}", carrier.cuda.major()?))?;
            let floor = range.to_string().split(',').find_map(|part| Dotted::parse(part.trim().strip_prefix(">=")?))?;
            let because = format!("{} {} and later refuse a cuDNN below {floor}", row.package, row.version);
            Some(Built { version: floor, minor: true, because, source: &row.source })
        }
    }
}

/// Judges ONNX Runtime, which brings no cuDNN along: what the wheels and the image have is all there is.
fn onnxruntime(stack: &Stack, answers: &mut Vec<Answer>) {
    let [(package, carrier)] = carried(stack, "onnxruntime-gpu")[..] else { return };
    let (Some(major), Some(version)) = (carrier.cuda.major(), package.release()) else { return };
    let rows = &frameworks().onnxruntime_gpu;
    let Some(row) = rows.iter().find(|row| covers(&row.versions, &version)) else { return };
    // "9 for the CUDA 12 feed build" is not said of the wheel.
    let plain = Some(&row.cudnn).filter(|text| !text.contains("feed"));
    let Some(needed) = plain.and_then(|text| Dotted::parse(text.split(' ').next()?)).map(|needed| needed.major())
    else {
        return;
    };
    let wheels = found(stack, major);
    if wheels.iter().any(|(_, version)| version.major() == needed) {
        return;
    }
    let held = held::held(&stack.environment);
    let (what, about, source) = match (&held, wheels.first()) {
        (Held::Cuda(libraries), _) if libraries.cudnn == Some(needed) && libraries.cuda.major() == major => return,
        (Held::Cuda(libraries), _)
            if libraries.cuda.major() == major && libraries.cudnn.is_some_and(|is| is != needed) =>
        {
            let is = libraries.cudnn.unwrap_or_default();
            (format!("the image {} has cuDNN {is}", libraries.image), Evidence::from(package), held::source())
        }
        (Held::Unknown, Some((wheel, _))) => {
            let message = format!("{} needs cuDNN {needed}, and {} is beside it", package.shown(), wheel.shown());
            let answer = Answer::new(super::CUDNN_MAJOR, Verdict::Unknown, Gravity::Info, package.into(), message)
                .because(format!("not known: whether the image has cuDNN {needed}"), "");
            answers.push(answer);
            return;
        }
        (_, Some((wheel, _)))
            if no_libraries(stack, &held, major).is_some()
                || held.lacks_cudnn(major).is_some()
                || matches!(held, Held::Nothing(_)) =>
        {
            (format!("{} is the only cuDNN there", wheel.shown()), Evidence::from(*wheel), row.source.as_str())
        }
        _ => return,
    };
    let message = format!("{} needs cuDNN {needed}, and {what}", package.shown());
    let answer = Answer::new(super::CUDNN_MAJOR, Verdict::FallsBackToCpu, Gravity::Error, about, message)
        .because(&carrier.because, carrier.source)
        .because(format!("it is built with cuDNN {}", row.cudnn), &row.source)
        .because(what, source)
        .because("cuDNN 8 and 9 do not stand in for one another", &frameworks().libraries.onnxruntime_rules.source)
        .says(match needed {
            9 => "libcudnn.so.9: cannot open shared object file: No such file or directory",
            _ => "libcudnn.so.8: cannot open shared object file: No such file or directory",
        })
        .mend(format!("bring cuDNN {needed}: onnxruntime-gpu[cuda,cudnn], or an image with it"));
    answers.push(answer);
}
