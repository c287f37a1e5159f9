//! LIB-SHADOW and BASE-WHEEL: CUDA's libraries of the image beside those of a wheel.
//!
//! A wheel runs on its own libraries, whatever image it is in: that the two differ is no fault. It is one where a path puts
//! the image's before the wheel's, and those are older.

use crate::gpu::facts::ImageKind;
use crate::gpu::image::{self, Known};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Cuda, Evidence, Gravity, Setting, Stack, Stage, Verdict};

use super::compiled;

const SHADOW: &str = "pytorch/pytorch#134929, #111469; infiniflow/ragflow#4466";
const PRELOADED: &str = "pytorch/pytorch PR#141063";

/// LIB-SHADOW: a path puts older CUDA libraries before those of the wheel.
pub(super) fn shadowed(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let (Some(stage), Some(setting)) = (environment.image(), environment.setting("LD_LIBRARY_PATH")) else { return };
    let Some(path) = leading(setting) else { return };
    let Some(found) = of_path(path, stage) else { return };
    let Some((wheel, about)) = wheel(stack) else { return };
    let cuda = found.value.major_minor();
    // nvJitLink came with CUDA 12; another major has another name, which no path mixes up.
    if cuda.major() < 12 || cuda.major() != wheel.major() || cuda >= wheel {
        return;
    }
    let Some(torch) = environment.the("torch") else { return };
    let Some(release) = torch.release() else { return };
    let preloads = release >= Dotted::of(2, 6) && (wheel == Dotted::of(12, 4) || wheel == Dotted::of(12, 6));
    // Before 2.1 no wheel of torch is linked to it.
    if preloads || release < Dotted::of(2, 1) {
        return;
    }
    let gravity = if release >= Dotted::of(2, 6) { Gravity::Warning } else { Gravity::Error };
    let subject = environment.workloads.iter().find(|workload| workload.settings.contains(setting));
    let place = Evidence {
        component: None,
        subject: subject.map_or(stage.subject, |workload| workload.subject),
        place: setting.place,
    };
    let may = if gravity == Gravity::Error { "fails" } else { "may fail" };
    let message = format!(
        "LD_LIBRARY_PATH puts the libraries of CUDA {cuda} before those of {} (CUDA {wheel}), which {may} to load",
        torch.shown()
    );
    let mut answer = Answer::new("LIB-SHADOW", Verdict::FailsAtStart, gravity, place, message)
        .because(format!("{}, and LD_LIBRARY_PATH leads to {path}", found.because), found.source)
        .because(format!("{} brings libcusparse and libnvJitLink of CUDA {wheel} along", torch.shown()), SHADOW)
        .because(
            format!("LD_LIBRARY_PATH is searched before the wheel's own path, and a libnvJitLink.so.12 of {cuda} lacks the symbols of {wheel}: {cuda} < {wheel}"),
            SHADOW,
        )
        .beside(about, "the wheel that is shadowed")
        .beside(found.about, "the older libraries come from here")
        .says("undefined symbol: __nvJitLink");
    if gravity == Gravity::Warning {
        answer = answer.because("torch from 2.6 on loads its own nvJitLink first for CUDA 12.4 and 12.6; for others it was reported to fail", PRELOADED);
    }
    answers.push(
        answer
            .mend(format!("take {path} out of LD_LIBRARY_PATH: the wheel finds its libraries by itself"))
            .mend(format!("or start from an image of CUDA {wheel} or later")),
    );
}

/// Returns the first folder of a path that holds CUDA's libraries; none where the wheel's own come before it.
fn leading(setting: &Setting) -> Option<&'static str> {
    for folder in setting.value.split(':') {
        let folder = folder.trim_end_matches('/');
        if folder.contains("site-packages") || folder.contains("dist-packages") {
            return None;
        }
        let is_library = folder.ends_with("/lib64") || folder.ends_with("/targets/x86_64-linux/lib");
        if is_library && folder.starts_with("/usr/local/cuda") {
            return Some(folder);
        }
    }
    None
}

/// Returns which CUDA a folder is of: the version in its name, else the image's, where that has libraries.
fn of_path(path: &str, stage: &Stage) -> Option<Known<Dotted>> {
    if !stage.libraries()?.value {
        return None;
    }
    let known = stage.toolkit()?;
    let named = path.strip_prefix("/usr/local/cuda-").and_then(|rest| Dotted::parse(rest.split('/').next()?));
    match named {
        // A folder of another version than the image's is empty, as far as is known.
        Some(named) if named != known.value.first_parts(named.parts()) => None,
        _ => Some(known),
    }
}

/// Returns the CUDA of the wheel's libraries: of nvJitLink's own wheel, else what torch was built for.
fn wheel(stack: &Stack) -> Option<(Dotted, Evidence)> {
    let environment = &stack.environment;
    let mut links = environment.packages.iter().filter(|package| package.name().starts_with("nvidia-nvjitlink"));
    if let (Some(package), None) = (links.next(), links.next()) {
        return Some((package.release()?.major_minor(), package.into()));
    }
    let torch = environment.the("torch")?;
    let mut carriers = stack.carried("torch");
    match (carriers.next(), carriers.next()) {
        (Some(carrier), None) => match &carrier.cuda {
            Cuda::Version(cuda) => Some((cuda.clone(), torch.into())),
            _ => None,
        },
        _ => None,
    }
}

/// BASE-WHEEL: an image brings a CUDA that nothing uses.
pub(super) fn unused(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(stage) = environment.image() else { return };
    let is_cuda = |stage: &&Stage| stage.base.and_then(image::row).is_some_and(|row| row.kind == ImageKind::Cuda);
    let Some(base) = Some(stage).filter(is_cuda).and_then(|stage| stage.base) else { return };
    let Some(toolkit) = stage.toolkit() else { return };
    // What uses the image's libraries, or is not known not to.
    let brings = |name: &str| {
        matches!(name, "torch" | "vllm" | "cuda-toolkit") || name.starts_with("nvidia-") || name.starts_with("jax-")
    };
    let is_own = |carrier: &&crate::gpu::Carrier| !std::ptr::eq(carrier.component, base);
    let carriers: Vec<_> = stack.carriers.iter().filter(is_own).collect();
    let is_used = carriers.is_empty()
        || carriers.iter().any(|carrier| !brings(carrier.component.purl.name()))
        || environment.packages.iter().any(|package| !matches!(package.component.purl.ty(), "pypi" | "docker" | "oci"))
        || !compiled::compiled(environment).is_empty()
        || stage.commands.iter().any(|command| matches!(command.name, "make" | "cmake" | "nvcc" | "ninja" | "cargo"));
    let differs = |major: u32| major != toolkit.value.major();
    if is_used || !carriers.iter().all(|carrier| carrier.cuda.major().is_some_and(differs)) {
        return;
    }
    let Some(at) = stack.carriers.iter().position(|carrier| !carrier.is_part()) else { return };
    let carrier = &stack.carriers[at];
    let about = Evidence { component: None, subject: stage.subject, place: stage.base_place };
    let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
    let message = format!(
        "the image of {} holds CUDA {}, which {shown} does not use: it brings {} along",
        stage.subject, toolkit.value, carrier.cuda
    );
    answers.push(
        Answer::new("BASE-WHEEL", Verdict::Runs, Gravity::Info, about, message)
            .because(toolkit.because, toolkit.source)
            .because(carrier.because.clone(), carrier.source)
            .because("a wheel with its own CUDA runs on that, and only the host's driver counts: the two majors need not agree", carrier.source)
            .beside(stack.evidence(at), "what brings its own CUDA")
            .mend("where nothing is compiled in it, start from an image without CUDA: it is smaller by some gigabytes"),
    );
}
