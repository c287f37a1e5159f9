//! ONNX Runtime for GPUs without the CUDA libraries that it needs: it then runs on the CPU without failing.

use super::super::facts::frameworks;
use super::super::{Answer, Cuda, Evidence, Gravity, Package, Stack, Verdict};
use super::held;
use super::mix::{brings_cuda, no_libraries, requirers};

const CLASS: &str = "ORT-EXTRA";

const PRELOAD: &str = "onnxruntime.ai CUDA execution provider page, preload_dlls; ELF header of the provider's library in the wheel of onnxruntime-gpu 1.26.0, read 2026-11";

fn is_cudnn(package: &Package) -> bool {
    package.component.purl.ty() == "pypi" && package.name().starts_with("nvidia-cudnn")
}

/// Tells ONNX Runtime for GPUs where it falls back to the CPU.
pub(super) fn fallback(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let source = &frameworks().libraries.onnxruntime_rules.source;
    let Some(gpu) = environment.python("onnxruntime-gpu").next() else { return };
    if let Some(cpu) = environment.python("onnxruntime").next().filter(|cpu| environment.together(gpu, cpu)) {
        let message = format!("{} and {} install the same module", cpu.shown(), gpu.shown());
        let mut answer = Answer::new(CLASS, Verdict::FallsBackToCpu, Gravity::Warning, Evidence::from(cpu), message)
            .because(
                "the one installed last overwrites the other; where that is onnxruntime, there is no CUDA provider",
                source,
            )
            .beside(gpu.into(), "the one for GPUs")
            .says("Specified provider 'CUDAExecutionProvider' is not in available provider names");
        let by = requirers(environment, cpu);
        if by.is_empty() {
            answer = answer.mend("remove onnxruntime: onnxruntime-gpu has the CPU's provider too");
        } else {
            answer = answer.because(format!("{} is required by {}", cpu.shown(), by.join(", ")), "").mend(format!(
                "leave onnxruntime out of the installation, though {} asks for it: onnxruntime-gpu is the same module",
                by.join(", ")
            ));
        }
        answers.push(answer);
    }
    let Some(carrier) = stack.carried("onnxruntime-gpu").next() else { return };
    let (Some(major), None) = (carrier.cuda.major(), stack.carried("onnxruntime-gpu").nth(1)) else { return };
    // The other major beside it is told as a mix; of the same major it brings the libraries along.
    let has_framework = stack.carriers.iter().any(|other| {
        let name: &str = other.component.purl.name();
        let brings =
            name == "torch" || name.starts_with("jax-cuda") || (name == "tensorflow" && brings_cuda(stack, name));
        brings && !matches!(other.cuda, Cuda::Cpu | Cuda::Rocm(_))
    });
    let is_asked = gpu.extras.iter().any(|extra| extra.split(',').any(|extra| extra == "cuda"));
    if has_framework || is_asked {
        // Wheels of libraries lie where the loader does not look: another package must have loaded them, or the program asks.
        if is_asked && !has_framework {
            let message = format!("{} runs on a condition", gpu.shown());
            answers.push(
                Answer::new(CLASS, Verdict::RunsIf, Gravity::Info, gpu.into(), message)
                    .because("its extra brings CUDA's libraries as wheels, and its provider has no path to them", PRELOAD)
                    .because("the condition is that the program calls onnxruntime.preload_dlls() first; else it runs on the CPU", PRELOAD),
            );
        }
        return;
    }
    let held = held::held(environment);
    let without_cudnn = held.lacks_cudnn(major).filter(|_| !environment.packages.iter().any(is_cudnn));
    let (what, lacks) = match (no_libraries(stack, &held, major), without_cudnn) {
        (Some(lacks), _) => (format!("libraries of CUDA {major}"), Some(lacks)),
        (None, lacks) => ("cuDNN".to_owned(), lacks),
    };
    let Some(lacks) = lacks else {
        if matches!(held, held::Held::Unknown) && super::mix::wheels(environment, major).is_none() {
            let message = format!("{} finds its CUDA libraries only if the image has them", gpu.shown());
            let text = format!("not known: whether the image has the libraries of CUDA {major}");
            answers.push(Answer::new(CLASS, Verdict::Unknown, Gravity::Info, gpu.into(), message).because(text, ""));
        }
        return;
    };
    let message = format!("{} finds no {what} and falls back to the CPU", gpu.shown());
    let mut answer = Answer::new(CLASS, Verdict::FallsBackToCpu, Gravity::Warning, Evidence::from(gpu), message)
        .because(&carrier.because, carrier.source)
        .because(lacks, held::source())
        .because(
            "no torch and no wheel of that major is beside it, and it is not asked for with its extra cuda",
            source,
        )
        .because("with libraries missing it warns and runs on the CPU", source)
        .says(match major {
            12 => "Failed to create CUDAExecutionProvider. Require cuDNN 9.* and CUDA 12.*",
            _ => "Failed to create CUDAExecutionProvider",
        })
        .mend("ask for onnxruntime-gpu[cuda,cudnn], which brings the libraries as wheels")
        .mend(format!("or run it in an image of CUDA {major} with cuDNN: nvidia/cuda:{major}…-cudnn-runtime-…"));
    if let Some(stage) = environment.image() {
        let about = Evidence { component: None, subject: stage.subject, place: stage.base_place };
        answer = answer.beside(about, "the image that runs");
    }
    answers.push(answer);
}
