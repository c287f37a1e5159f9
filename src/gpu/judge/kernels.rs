//! GPU against kernels: machine code of its own, PTX that the driver compiles first, or neither.

use super::{ARCH_MISSING, DRV_FLOOR, FC_BRANCH, Judged, PTX_NEW, families, link, models, speaker, unknown};
use crate::gpu::carriers::release;
use crate::gpu::facts::{self, Branch, Gpu};
use crate::gpu::version::Dotted;
use crate::gpu::{Carrier, Cuda, Link, Platform, Stack, Target, Verdict, advice, classes};

/// How a carrier's kernels stand to a GPU.
enum Fit {
    Runs,
    /// Only through code that the driver compiles first.
    Compiled(u32),
    Missing(Link),
    Unknown(String),
}

pub(super) fn kernels(stack: &Stack, target: &Target, answers: &mut Vec<Judged>) {
    let Some(speaker) = speaker(stack) else { return };
    let mut told: Vec<u32> = Vec::new();
    for name in &target.gpus {
        let known = facts::gpus().find(name);
        // A board that the tables do not have is as any other of the capability that the machine reports for it.
        let alike = || target.compute.as_ref().and_then(|compute| facts::gpus().alike(compute));
        let Some(gpu) = known.or_else(alike) else {
            let text =
                format!("not known: the compute capability of `{}`, which the tables do not have", name.escape_debug());
            answers.push(unknown(ARCH_MISSING, speaker, vec![link(text, "")]));
            continue;
        };
        if gpu.class == "jetson" || told.contains(&gpu.sm) {
            continue;
        }
        told.push(gpu.sm);
        for family in families(stack) {
            let cuda = family.iter().copied().filter(|at| stack.carriers[*at].cuda.major().is_some());
            let fits: Vec<(usize, Fit)> = cuda.map(|at| (at, fit(&stack.carriers[at], gpu))).collect();
            let others = family.len() > 1;
            let runs = others && fits.iter().any(|(_, fit)| matches!(fit, Fit::Runs));
            let grave = |fit: &Fit| match fit {
                Fit::Missing(_) => 0,
                Fit::Compiled(_) => 1,
                Fit::Unknown(_) => 2,
                Fit::Runs => 3,
            };
            let worst = fits.into_iter().min_by_key(|(_, fit)| grave(fit));
            let Some((at, worst)) = worst.filter(|(_, fit)| !matches!(fit, Fit::Runs)) else { continue };
            let mut answer = kernel_answer(stack, target, gpu, at, worst, answers);
            if known.is_none() {
                let text = format!("the machine reports the compute capability of {}", name.escape_debug());
                answer.chain[1] = link(format!("{text}: {}", gpu.compute_capability), "");
            }
            if others && answer.verdict == Verdict::FailsAtKernel {
                let all = family.iter().all(|at| matches!(fit(&stack.carriers[*at], gpu), Fit::Missing(_)))
                    && family.iter().all(|at| stack.carriers[*at].cuda.major().is_some());
                if !all {
                    answer.verdict = Verdict::RunsIf;
                    answer
                        .chain
                        .push(link("another build of it is beside it, and may be the one that is installed", ""));
                }
            } else if runs && answer.verdict == Verdict::Unknown {
                continue;
            }
            answers.push(answer);
        }
    }
}

fn kernel_answer(stack: &Stack, target: &Target, gpu: &'static Gpu, at: usize, fit: Fit, before: &[Judged]) -> Judged {
    let carrier = &stack.carriers[at];
    let mut chain = vec![
        link(&carrier.because, carrier.source),
        link(format!("{} has compute capability {}", gpu.name, gpu.compute_capability), &gpu.source),
    ];
    let rule = facts::toolkits().rule("binary_compat");
    if !carrier.architectures.is_empty() {
        chain.push(link(
            format!("its kernels are for {}", carrier.architectures.join(", ")),
            carrier.architectures_source,
        ));
    }
    match fit {
        Fit::Runs => unknown(ARCH_MISSING, at, chain),
        Fit::Unknown(missing) => {
            chain.push(link(format!("not known: {missing}"), ""));
            unknown(ARCH_MISSING, at, chain)
        }
        Fit::Missing(why) => {
            chain.push(why);
            chain.push(link("a kernel runs on its own major capability from its minor on, and on no other", rule));
            let mut advice = advice::for_gpu(stack, carrier, target.driver.as_ref(), gpu);
            if advice.is_empty() {
                let capability = gpu.compute_capability.to_string().replace('.', "");
                advice
                    .push(format!("run it on GPUs that it has kernels for, or one that is built for sm_{capability}"));
            }
            let error_text = "no kernel image is available for execution on the device";
            Judged {
                class: ARCH_MISSING,
                verdict: Verdict::FailsAtKernel,
                carrier: at,
                chain,
                error_text,
                advice,
                gravity: None,
            }
        }
        Fit::Compiled(ptx) => compiled(stack, target, at, ptx, chain, before),
    }
}

/// Returns what becomes of a carrier whose kernels the driver has to compile for a GPU.
fn compiled(stack: &Stack, target: &Target, at: usize, ptx: u32, mut chain: Vec<Link>, before: &[Judged]) -> Judged {
    let carrier = &stack.carriers[at];
    let rule = facts::toolkits().rule("ptx_jit");
    chain.push(link(format!("only compute_{ptx} covers it, which the driver compiles when it is first used"), rule));
    let judged = |class, verdict, chain, error_text| Judged {
        class,
        verdict,
        carrier: at,
        chain,
        error_text,
        advice: Vec::new(),
        gravity: None,
    };
    // Where the driver is too old to start, that is told, and PTX is not.
    let raised = before.iter().any(|answer| {
        matches!(answer.class, DRV_FLOOR | FC_BRANCH)
            && matches!(answer.verdict, Verdict::FailsAtStart | Verdict::FallsBackToCpu)
    });
    let driver = target.driver.as_ref().filter(|_| target.platform == Platform::Linux && !raised);
    let branch: Option<&Branch> = driver.and_then(|driver| facts::drivers().branch(driver));
    let capable = target.capability.as_ref().or(branch.map(|branch| &branch.max_cuda));
    let (Some(driver), Some(capable), Some(needs)) = (driver, capable, ptx_needs(carrier, ptx)) else {
        return judged(ARCH_MISSING, Verdict::RunsIf, chain, "");
    };
    let source = branch.map_or("", |branch| &branch.source);
    if needs <= *capable {
        chain.push(link(format!("that needs a driver for CUDA {needs}, and {driver} is for {capable}"), source));
        return judged(ARCH_MISSING, Verdict::Runs, chain, "");
    }
    chain.push(link(
        format!("that needs a driver for CUDA {needs}, and {driver} is for {capable}: {capable} < {needs}; minor-version compatibility does not help here"),
        source,
    ));
    let fails = |chain| {
        let error_text = "the provided PTX was compiled with an unsupported toolchain";
        let branch = facts::drivers().branches.iter().find(|branch| branch.max_cuda >= needs);
        let moves =
            branch.and_then(|branch| advice::drivers(Some(&branch.first_toolkit_driver_linux), &models(target)));
        Judged { advice: moves.into_iter().collect(), ..judged(PTX_NEW, Verdict::FailsAtKernel, chain, error_text) }
    };
    match classes::help(stack, target, driver, &classes::Need::Capability(&needs)) {
        classes::Help::None | classes::Help::Maybe(_) => fails(chain),
        classes::Help::Branch(more) | classes::Help::Hardware(more) => fails([chain, more].concat()),
        classes::Help::Runs(more) => judged(PTX_NEW, Verdict::RunsIf, [chain, more].concat(), ""),
        classes::Help::Unknown(more) => unknown(PTX_NEW, at, [chain, more].concat()),
    }
}

/// Returns the least CUDA that a driver must implement for a carrier's PTX, where that is known.
fn ptx_needs(carrier: &Carrier, ptx: u32) -> Option<Dotted> {
    let toolkits = facts::toolkits();
    if let Some(isa) = carrier.wheel_kernels().and_then(|row| row.isa(ptx)) {
        return toolkits.ptx_isa.iter().find(|row| row.ptx == isa).map(|row| row.first_cuda.clone());
    }
    match &carrier.cuda {
        Cuda::Version(cuda) => Some(toolkits.ptx_needs(cuda)),
        _ => None,
    }
}

fn fit(carrier: &Carrier, gpu: &'static Gpu) -> Fit {
    let toolkits = || {
        let cuda = match &carrier.cuda {
            Cuda::Version(cuda) => Some(cuda.clone()),
            Cuda::Major(major) => Some(Dotted::major_alone(*major)),
            Cuda::Cpu | Cuda::Rocm(_) | Cuda::Unknown(_) => None,
        };
        cuda.into_iter().flat_map(|cuda| facts::toolkits().of(&cuda).collect::<Vec<_>>())
    };
    let shown = |sm: u32| format!("{}.{}", sm / 10, sm % 10);
    if let Some(toolkit) = toolkits().min_by_key(|toolkit| toolkit.min_sm).filter(|toolkit| gpu.sm < toolkit.min_sm) {
        let text = format!("{} builds nothing below {}", carrier.cuda, shown(toolkit.min_sm));
        return Fit::Missing(link(text, &toolkit.source));
    }
    // What a toolkit cannot build for is served by PTX at best, and its libraries and compilers know nothing of it.
    // Where only the major version is known, the wheel may be of its first release.
    let all = || toolkits().map(|toolkit| toolkit.max_sm);
    let is_open = matches!(carrier.cuda, Cuda::Major(_)) && carrier.architectures.is_empty();
    let newest = if is_open { all().min() } else { all().max() };
    let newest = newest.filter(|newest| gpu.sm > *newest);
    let beyond = newest.map(|newest| {
        format!(
            "whether what is built with {} works on it, some of which builds for nothing beyond {}",
            carrier.cuda,
            shown(newest)
        )
    });
    if carrier.architectures.is_empty() {
        return match (carrier.component.purl.name(), beyond) {
            ("torch", _) => Fit::Unknown("which architectures this build has kernels for".to_owned()),
            (_, Some(beyond)) => Fit::Unknown(beyond),
            _ => Fit::Runs,
        };
    }
    match cover(&carrier.architectures, gpu.sm) {
        Cover::Kernel => Fit::Runs,
        _ if !gpu.host.is_empty() => Fit::Unknown(format!("the kernels of the wheel for {}", gpu.host)),
        Cover::Ptx(_) if ptx_is_unverified(carrier) => {
            Fit::Unknown("whether the wheel has the PTX that its build's scripts name".to_owned())
        }
        Cover::Ptx(_) if carrier.wheel_kernels().is_some_and(|row| row.ptx_partial) => {
            Fit::Unknown("whether the kernels that are used are among those with PTX".to_owned())
        }
        Cover::Ptx(ptx) => beyond.map_or(Fit::Compiled(ptx), Fit::Unknown),
        Cover::None if carrier.unverified => Fit::Unknown("whether the list of architectures is all of it".to_owned()),
        Cover::None if carrier.wheel_kernels().is_some_and(|row| row.optional) => {
            Fit::Unknown("what does the work of the kernels that it lacks".to_owned())
        }
        Cover::None => Fit::Missing(link(
            format!("none of them is for {}, or for an earlier minor of {}", gpu.compute_capability, gpu.sm / 10),
            carrier.architectures_source,
        )),
    }
}

/// Says whether the PTX of a torch is known from its build's scripts alone.
fn ptx_is_unverified(carrier: &Carrier) -> bool {
    let Cuda::Version(cuda) = &carrier.cuda else { return false };
    let release = release(carrier.component.version()).filter(|_| carrier.component.purl.name() == "torch");
    let variant = format!("cu{}{}", cuda.major(), cuda.minor());
    let row = release.and_then(|release| facts::frameworks().kernels(&release, &variant));
    row.is_some_and(|row| row.ptx_unverified)
}

/// What of a list of architectures serves a GPU.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gpu) enum Cover {
    Kernel,
    Ptx(u32),
    None,
}

/// Returns what serves a GPU: a kernel of its major and no later minor; else PTX for it or an earlier one.
///
/// A name with `a` at its end is for that architecture alone. One with `f` is for a family, a list of which is not here:
/// it is taken for its own major.
pub(in crate::gpu) fn cover(architectures: &[impl AsRef<str>], sm: u32) -> Cover {
    let mut ptx = None;
    for architecture in architectures {
        let architecture = architecture.as_ref();
        let Some((kind, number)) = architecture.split_once('_') else { continue };
        let exact = number.ends_with('a');
        let Ok(number) = number.trim_end_matches(['a', 'f']).parse::<u32>() else { continue };
        let serves = if exact { number == sm } else { number <= sm };
        match kind {
            "sm" if serves && number / 10 == sm / 10 => return Cover::Kernel,
            "compute" if serves => ptx = ptx.max(Some(number)),
            _ => {}
        }
    }
    ptx.map_or(Cover::None, Cover::Ptx)
}
