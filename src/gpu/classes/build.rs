//! BUILD-MAJOR and NO-NVCC: what an image's build compiles, held against the compiler that it has and the torch beside it.

use crate::gpu::facts::{ImageKind, frameworks};
use crate::gpu::image::{self, Known};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Cuda, Environment, Evidence, Gravity, Stack, Stage, Verdict};

use super::compiled::{self, Compiled, Torch};

const CHECK: &str = "pytorch/pytorch torch/utils/cpp_extension.py; oobabooga/text-generation-webui#1456";
const NVCC: &str = "Dao-AILab/flash-attention#869, #1229; LlamaChinese/Llama-Chinese#65";

/// BUILD-MAJOR: an extension of torch compiled by another CUDA than torch's own.
pub(super) fn other_major(stack: &Stack, answers: &mut Vec<Answer>) {
    for compiled in compiled::compiled(&stack.environment).into_iter().filter(|compiled| compiled.is_certain) {
        let is_exact = match compiled.row {
            Some(row) if !row.torch => continue,
            Some(row) => row.exact,
            None => false,
        };
        let Some(compiler) = compiled::compiler(compiled.stage) else { continue };
        let torches = compiled::torch(stack, compiled.stage);
        let differs = |torch: &Torch| match &torch.carrier.cuda {
            Cuda::Version(cuda) if is_exact => *cuda != compiler.value.major_minor(),
            cuda => cuda.major().is_some_and(|major| major != compiler.value.major()),
        };
        // Of several that are locked, one that fits is enough.
        let Some(torch) = torches.first().filter(|_| torches.iter().all(differs)) else {
            minor(&compiled, &compiler, &torches, answers);
            continue;
        };
        answers.push(fails(&compiled, &compiler, torch, is_exact));
    }
}

fn fails(compiled: &Compiled<'_>, compiler: &Known<Dotted>, torch: &Torch, is_exact: bool) -> Answer {
    let carrier = &torch.carrier;
    let shown = format!("torch {}", carrier.component.version());
    let (cuda, why) = (compiler.value.major_minor(), compiled::why(compiled));
    let message = format!(
        "{} is compiled by CUDA {cuda}, and {shown} is built for {}: its build fails",
        compiled.shown, carrier.cuda
    );
    let (rule, says) = if is_exact {
        (
            "apex refuses any other version than torch's own, minor versions included",
            "Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries",
        )
    } else {
        (
            "torch refuses to build an extension with a compiler of another CUDA major than its own; of another minor it only warns",
            "mismatches the version that was used to compile PyTorch",
        )
    };
    let source = compiled.row.filter(|row| row.exact).map_or(CHECK, |row| row.source.as_str());
    let mut answer = Answer::new("BUILD-MAJOR", Verdict::FailsAtStart, Gravity::Error, compiled.about, message)
        .because(why.text, why.source)
        .because(format!("{}, in stage {}", compiler.because, stage_name(compiled.stage)), compiler.source)
        .because(carrier.because.clone(), carrier.source)
        .because(rule, source)
        .beside(compiler.about, "the compiler comes from here")
        .beside(torch.about, "the torch that it is built against")
        .says(says);
    if let Some(advice) = other_image(compiled.stage, &carrier.cuda) {
        answer = answer.mend(advice);
    }
    if let Some(advice) = other_torch(carrier.component.version(), &cuda, is_exact) {
        answer = answer.mend(advice);
    }
    answer
}

/// Of one major and different minors the build works, and torch warns.
fn minor(compiled: &Compiled<'_>, compiler: &Known<Dotted>, torches: &[Torch], answers: &mut Vec<Answer>) {
    let [torch] = torches else { return };
    let Cuda::Version(cuda) = &torch.carrier.cuda else { return };
    let built = compiler.value.major_minor();
    if cuda.major() != built.major() || *cuda == built {
        return;
    }
    let message =
        format!("{} is compiled by CUDA {built}, and torch is built for CUDA {cuda}: it runs", compiled.shown);
    answers.push(
        Answer::new("BUILD-MAJOR", Verdict::Runs, Gravity::Info, compiled.about, message)
            .because(compiler.because.clone(), compiler.source)
            .because("within one major version torch warns, and the build works", CHECK),
    );
}

/// Returns what a stage is called in a sentence.
pub(super) fn stage_name(stage: &Stage) -> String {
    if stage.name.is_empty() { stage.subject.to_owned() } else { format!("{} of {}", stage.name, stage.subject) }
}

/// Returns the image with the compiler of torch's CUDA.
fn other_image(stage: &Stage, cuda: &Cuda) -> Option<String> {
    let Cuda::Version(cuda) = cuda else { return None };
    let tag = image::tag_for(stage.base?, cuda)?;
    Some(format!("build from {tag}, which has the compiler of torch's CUDA"))
}

/// Returns the build of the same torch for the compiler's CUDA.
fn other_torch(version: &str, cuda: &Dotted, is_exact: bool) -> Option<String> {
    let public = version.split('+').next()?;
    let row = frameworks().torch(&Dotted::parse(public)?.first_parts(2))?;
    let fits = |variant: &&String| {
        crate::gpu::carriers::cuda_of_variant(variant)
            .is_some_and(|built| if is_exact { built == *cuda } else { built.major() == cuda.major() })
    };
    let variant =
        row.variants.iter().filter(fits).max_by_key(|variant| crate::gpu::carriers::cuda_of_variant(variant))?;
    Some(format!("or install torch {public}+{variant}, the same release for the compiler's CUDA"))
}

/// NO-NVCC: something is compiled in an image without compiler.
pub(super) fn no_compiler(stack: &Stack, answers: &mut Vec<Answer>) {
    for compiled in compiled::compiled(&stack.environment) {
        let Some(lacks) = compiled.stage.lacks_compiler().filter(|_| may_be_sure(&stack.environment, compiled.stage))
        else {
            continue;
        };
        let why = compiled::why(&compiled);
        let message = format!("{} is built in an image without nvcc, and its build fails", compiled.shown);
        let asks = if compiled.is_certain {
            "CUDA code is compiled by nvcc, which must be in the stage that compiles"
        } else {
            "its setup.py runs nvcc to learn its version, before it looks for a wheel to fetch"
        };
        let mut answer = Answer::new("NO-NVCC", Verdict::FailsAtStart, Gravity::Error, compiled.about, message)
            .because(why.text, why.source)
            .because(asks, compiled.row.map_or(NVCC, |row| row.source.as_str()))
            .because(format!("{}, in stage {}", lacks.because, stage_name(compiled.stage)), lacks.source)
            .beside(lacks.about, "the image that it is built in")
            .says(says(&compiled));
        for advice in advice(stack, &compiled) {
            answer = answer.mend(advice);
        }
        answers.push(answer);
    }
}

/// Says that no other way is seen by which a compiler may get into a stage.
fn may_be_sure(environment: &Environment, stage: &Stage) -> bool {
    let is_nvcc = |name: &str| name.contains("nvcc") || matches!(name, "cuda" | "cuda-compiler" | "cuda-toolkit");
    let by_install = stage.installs.iter().any(|install| is_nvcc(install.name));
    let packages =
        environment.packages.iter().filter(|package| matches!(package.component.purl.ty(), "pypi" | "conda"));
    let by_package = packages.into_iter().any(|package| is_nvcc(package.name()));
    // An environment's file may list anything.
    let by_file = stage.files.iter().any(|file| {
        matches!(file.value, "conda" | "mamba" | "micromamba" | "conda-lock" | "pixi") || file.name.ends_with(".yml")
    });
    let by_script = stage.commands.iter().any(|command| {
        command.name.ends_with(".sh")
            || command.value.split(' ').any(|word| word.ends_with(".sh") || word.ends_with(".run"))
    });
    // Its folder may be copied from another stage of the build.
    let by_stage = environment.stages.iter().any(|other| other.compiler().is_some());
    !(by_install || by_package || by_file || by_script || by_stage)
}

fn says(compiled: &Compiled<'_>) -> &'static str {
    // Without torch it is CMake that looks for it.
    if compiled.row.is_some_and(|row| !row.torch) {
        return "Could not find nvcc, please set CUDAToolkit_ROOT";
    }
    let has_folder = compiled.stage.base.and_then(image::row).is_some_and(|row| row.kind == ImageKind::Cuda);
    if has_folder {
        "No such file or directory: '/usr/local/cuda/bin/nvcc'"
    } else {
        "CUDA_HOME environment variable is not set"
    }
}

fn advice(stack: &Stack, compiled: &Compiled<'_>) -> Vec<String> {
    let mut moves = Vec::new();
    let tag = compiled.stage.base.filter(|base| image::row(base).is_some()).map(|base| base.version());
    if let Some(tag) = tag.filter(|tag| image::flavour(tag).is_some()) {
        let devel = tag.replace("-runtime", "-devel").replace("-base", "-devel");
        moves.push(format!("compile in a stage from the same image with {devel}, and copy what it built from there"));
    } else {
        let torch = compiled::torch(stack, compiled.stage);
        let cuda = torch.first().and_then(|torch| match &torch.carrier.cuda {
            Cuda::Version(cuda) => Some(cuda.to_string()),
            _ => None,
        });
        let of = cuda.map_or(String::new(), |cuda| format!(" of CUDA {cuda}"));
        moves.push(format!("compile in a stage from a -devel image{of}, and copy what it built from there"));
    }
    let is_fetched = compiled.row.filter(|row| row.asks_compiler && !row.skipped_by.is_empty());
    if let Some(row) = is_fetched {
        moves.push(format!(
            "or install a wheel that the project has built, or set {} to do without its kernels",
            row.skipped_by.join(" ")
        ));
    }
    moves
}

/// Returns where a setting of a stage stands.
pub(super) fn about(stage: &Stage, place: crate::source::Place) -> Evidence {
    Evidence { component: None, subject: stage.subject, place }
}
