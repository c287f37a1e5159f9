//! Parts for AMD's GPUs and for NVIDIA's in one environment, or on the other's GPU.

use super::super::carriers::release;
use super::super::facts::{self, frameworks};
use super::super::{Answer, Carrier, Cuda, Evidence, Gravity, Package, Setting, Stack, Target, Verdict};
use super::mix::{requirers, wheels};

const CLASS: &str = "ROCM-MIX";
const SOURCE: &str = "hartmark/sd-rocm#3; ROCm documentation";

/// Returns the package of a carrier.
fn package<'s>(stack: &'s Stack, carrier: &Carrier) -> Option<&'s Package> {
    stack.environment.packages.iter().find(|package| std::ptr::eq(package.component, carrier.component))
}

/// Returns the first carrier of a kind, where all that are locked of its name are of that kind.
fn all_of<'s>(stack: &'s Stack, is_kind: fn(&Cuda) -> bool) -> impl Iterator<Item = (&'s Package, &'s Carrier)> {
    let is_first = move |carrier: &&'s Carrier| {
        let name = carrier.component.purl.name();
        let mut own = stack.carried(name);
        !carrier.is_part()
            && own.next().is_some_and(|first| std::ptr::eq(first.component, carrier.component))
            && stack.carried(name).all(|carrier| is_kind(&carrier.cuda))
    };
    stack.carriers.iter().filter(is_first).filter_map(|carrier| Some((package(stack, carrier)?, carrier)))
}

fn is_rocm(cuda: &Cuda) -> bool {
    matches!(cuda, Cuda::Rocm(_))
}

fn is_cuda(cuda: &Cuda) -> bool {
    cuda.major().is_some()
}

/// Tells builds for ROCm and for CUDA in one environment, and a build that asks for the other maker's GPU.
pub(super) fn inside(stack: &Stack, answers: &mut Vec<Answer>) {
    let has_triton = stack.environment.python("triton").next().is_some();
    // Two providers of triton are told with torch's pins.
    let is_own = |package: &Package| !(has_triton && package.name().contains("triton"));
    let rocm = all_of(stack, is_rocm).find(|(package, _)| is_own(package));
    let pair = rocm.and_then(|rocm| {
        let mut cuda = all_of(stack, is_cuda);
        Some((rocm, cuda.find(|cuda| stack.environment.together(rocm.0, cuda.0))?))
    });
    if let Some(((rocm, carries), (cuda, other))) = pair {
        let message = format!(
            "{} is built for {}, and {} beside it for {}",
            cuda.shown(),
            other.cuda,
            rocm.shown(),
            carries.cuda
        );
        let answer = Answer::new(CLASS, Verdict::FailsAtStart, Gravity::Error, Evidence::from(cuda), message)
            .because(&carries.because, carries.source)
            .because(&other.because, other.source)
            .because(
                "ROCm's parts run on AMD's GPUs alone and CUDA's on NVIDIA's alone: on either, one of the two is dead",
                SOURCE,
            )
            .beside(rocm.into(), "the build for ROCm")
            .mend(match rocm.name().contains("triton") {
                true => format!(
                    "take {} for ROCm too, from the index that has {}, or leave that out",
                    cuda.name(),
                    rocm.name()
                ),
                false => {
                    format!("take both for one maker's GPUs: {} for ROCm, or {} for CUDA", cuda.name(), rocm.name())
                }
            });
        answers.push(answer);
    } else {
        left_over(stack, answers);
    }
    asked_of_the_other(stack, answers);
}

/// Tells wheels of CUDA's libraries that stand beside a torch for ROCm, which loads none of them. NCCL alone is no sign of
/// CUDA: what trains on the CPU requires it too.
fn left_over(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some((torch, carrier)) = all_of(stack, is_rocm).find(|(package, _)| package.name() == "torch") else { return };
    let wheel = [11, 12, 13].into_iter().find_map(|major| wheels(environment, major));
    let Some(wheel) = wheel.filter(|wheel| environment.together(torch, wheel)) else { return };
    let message =
        format!("{} is of CUDA, and {} beside it is built for {}", wheel.shown(), torch.shown(), carrier.cuda);
    let answer = Answer::new(CLASS, Verdict::RunsIf, Gravity::Warning, Evidence::from(wheel), message)
        .because(&carrier.because, carrier.source)
        .because("ROCm's parts run on AMD's GPUs alone and CUDA's on NVIDIA's alone", SOURCE)
        .beside(torch.into(), "the build for ROCm");
    let mut by = requirers(environment, wheel);
    by.retain(|name| !name.starts_with("nvidia-"));
    answers.push(match by.is_empty() {
        true => answer.mend("leave the nvidia-* wheels out: a torch for ROCm loads none of them"),
        false => answer
            .because(format!("{} is required by {}", wheel.shown(), by.join(", ")), "")
            .mend(format!("leave out what requires it, {}, or take torch for CUDA", by.join(", "))),
    });
}

/// Tells a container that asks for the GPUs that its framework is not built for.
fn asked_of_the_other(stack: &Stack, answers: &mut Vec<Answer>) {
    let asks = |prefix: &'static str| {
        let of = move |limit: &&Setting| limit.name.starts_with(prefix) && limit.value != "0";
        stack.environment.workloads.iter().find_map(|workload| Some((workload, workload.limits.iter().find(of)?)))
    };
    let (amd, nvidia) = (asks("amd.com/gpu"), asks("nvidia.com/"));
    let torch = |is_kind| all_of(stack, is_kind).find(|(package, _)| package.name() == "torch");
    let (asked, found, error_text) = match (amd, nvidia) {
        (Some(asked), None) => (asked, torch(is_cuda), "Found no NVIDIA driver on your system"),
        (None, Some(asked)) => (asked, torch(is_rocm), "No HIP GPUs are available"),
        _ => return,
    };
    let ((workload, limit), Some((package, carrier))) = (asked, found) else { return };
    let message =
        format!("{} is built for {}, and {} asks for {}", package.shown(), carrier.cuda, workload.name, limit.name);
    let about = Evidence { component: None, subject: workload.subject, place: limit.place };
    let answer = Answer::new(CLASS, Verdict::FailsAtStart, Gravity::Error, Evidence::from(package), message)
        .because(&carrier.because, carrier.source)
        .because(format!("{} asks for {}: {}", workload.name, limit.name, limit.value), "")
        .because("ROCm's parts run on AMD's GPUs alone and CUDA's on NVIDIA's alone", SOURCE)
        .beside(about, "the GPUs that it asks for")
        .says(error_text)
        .mend(match limit.name.starts_with("amd.com/") {
            true => format!("install the build of {} for ROCm, or ask for nvidia.com/gpu", package.name()),
            false => format!("install the build of {} for CUDA, or ask for amd.com/gpu", package.name()),
        });
    answers.push(answer);
}

/// Tells a build that is for the other maker's GPUs than the target has.
pub(super) fn on_target(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let is_nvidia = target.driver.is_some() || target.gpus.iter().any(|gpu| facts::gpus().find(gpu).is_some());
    let (found, has, error_text) = match (is_nvidia, &target.rocm) {
        (true, None) => (all_of(stack, is_rocm).next(), "GPUs of NVIDIA's", "No HIP GPUs are available"),
        (false, Some(_)) => (all_of(stack, is_cuda).next(), "GPUs of AMD's", "Found no NVIDIA driver on your system"),
        _ => return,
    };
    let Some((package, carrier)) = found else { return };
    // One half of a mix that is told already.
    if found.is_some() && all_of(stack, is_rocm).next().is_some() && all_of(stack, is_cuda).next().is_some() {
        return;
    }
    let message = format!("{} is built for {} and finds no GPU", package.shown(), carrier.cuda);
    let answer = Answer::new(CLASS, Verdict::FailsAtStart, Gravity::Error, Evidence::from(package), message)
        .because(&carrier.because, carrier.source)
        .because(format!("the target has {has}"), "")
        .because("ROCm's parts run on AMD's GPUs alone and CUDA's on NVIDIA's alone", SOURCE)
        .says(error_text);
    let row = release(package.version()).and_then(|release| frameworks().torch(&release));
    answers.push(match row.filter(|_| is_nvidia && package.name() == "torch") {
        Some(row) => {
            let public = package.version().split('+').next().unwrap_or_default();
            answer.mend(format!("install torch {public}+{}, the same release for CUDA", row.pypi_variant))
        }
        None => answer.mend(format!("install the build of {} for the target's GPUs", package.name())),
    });
}
