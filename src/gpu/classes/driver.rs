//! The driver by itself: past its end of life, or mistaken for a toolkit; and PTX that it cannot compile.

use crate::gpu::facts::{self, drivers, toolkits};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Evidence, Gravity, Platform, Stack, Target, Verdict};

/// DRV-EOL: a target's driver branch gets no fixes any more on a day, `YYYY-MM-DD`.
pub fn end_of_life(target: &Target, today: &str) -> Option<Answer> {
    if target.platform != Platform::Linux {
        return None;
    }
    let driver = target.driver.as_ref()?;
    let row = drivers().branch(driver)?;
    // The dates sort as texts.
    if row.eol.is_empty() || row.eol.as_str() >= today {
        return None;
    }
    let message = format!("driver {driver} is of R{}, which got its last fixes on {}, and runs", row.branch, row.eol);
    let mut answer = Answer::new("DRV-EOL", Verdict::Runs, Gravity::Warning, Evidence::default(), message)
        .because(format!("R{} reached its end of life on {}, and today is {today}", row.branch, row.eol), &row.source)
        .because("vendors of clouds may go on with fixes of their own; it fails nothing by itself", "");
    if !row.note.is_empty() {
        answer = answer.because(&*row.note, &row.source);
    }
    let models = crate::gpu::judge::models(target);
    if let Some(advice) = crate::gpu::advice::drivers_on(None, &models, today) {
        answer = answer.mend(advice);
    }
    Some(answer)
}

/// SMI-MISREAD: what a driver says it implements, taken for an installed toolkit.
pub(super) fn misread(stack: &Stack, answers: &mut Vec<Answer>) {
    const SOURCE: &str = "NVIDIA/k8s-device-plugin docs/gpu-feature-discovery; JuliaGPU/CUDA.jl#2867";
    let environment = &stack.environment;
    for workload in &environment.workloads {
        let selects = workload.selects.iter().filter(|label| {
            label.name.starts_with("nvidia.com/cuda.runtime.")
                || label.name.starts_with("nvidia.com/cuda.runtime-version.")
        });
        for label in selects {
            let about = Evidence { component: None, subject: workload.subject, place: label.place };
            let message =
                format!("{} selects nodes by {}, which tells no toolkit, and runs", workload.name, label.name);
            answers.push(
                Answer::new("SMI-MISREAD", Verdict::Runs, Gravity::Info, about, message)
                    .because("the label says which CUDA the driver implements, as nvidia-smi prints it; no toolkit is installed on the node", SOURCE)
                    .mend("select by nvidia.com/cuda.driver-version.major, the driver's branch, where a floor is meant"),
            );
        }
    }
    for package in environment.packages.iter().filter(|package| {
        package.component.purl.ty() == "conda"
            && matches!(package.name(), "cuda-version" | "cudatoolkit" | "cuda-toolkit")
    }) {
        let Some(version) = package.release() else { continue };
        phantom(&version, &package.shown(), package.into(), answers);
    }
    for stage in &environment.stages {
        for install in &stage.installs {
            let words = ["cuda-toolkit-", "cuda-version", "cudatoolkit", "cuda-"];
            let named = words.iter().find_map(|word| install.name.strip_prefix(word));
            let text = if install.manager == "conda" {
                install.constraint.trim_start_matches('=')
            } else {
                named.unwrap_or_default()
            };
            let Some(version) = Dotted::parse(&text.replace('-', ".")).filter(|_| named.is_some()) else { continue };
            let about = Evidence { component: None, subject: stage.subject, place: install.place };
            phantom(&version, install.name, about, answers);
        }
    }
}

fn phantom(version: &Dotted, shown: &str, about: Evidence, answers: &mut Vec<Answer>) {
    let is_it =
        |row: &&facts::Phantom| Dotted::parse(&row.version).is_some_and(|row| row == version.first_parts(row.parts()));
    let Some(row) = toolkits().phantoms.iter().find(is_it).filter(|row| row.version == "12.7") else { return };
    let message = format!("{shown} asks for CUDA {}, which never was a toolkit, and fails", row.version);
    answers.push(
        Answer::new("SMI-MISREAD", Verdict::FailsAtStart, Gravity::Info, about, message)
            .because(&*row.note, &row.source)
            .mend("ask for 12.6 or 12.8: what nvidia-smi prints is what the driver implements, no toolkit"),
    );
}

/// PTX-NEW: crates whose kernels are PTX, made by the compiler of the build stage, which the driver has to compile.
pub(super) fn embedded_ptx(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(kernels) = environment.packages("cargo", "candle-kernels").next() else { return };
    let (Platform::Linux, Some(driver)) = (target.platform, &target.driver) else { return };
    let Some(branch) = drivers().branch(driver) else { return };
    let builds = |stage: &&crate::gpu::Stage| stage.commands.iter().any(|command| command.name == "cargo");
    let Some(stage) = environment.stages.iter().find(builds) else { return };
    let Some(compiler) = stage.compiler() else { return };
    let Some(cuda) = &compiler.value else { return };
    let capable = target.capability.as_ref().unwrap_or(&branch.max_cuda);
    if cuda.major_minor() <= *capable
        || answers.iter().any(|answer| answer.class == crate::gpu::judge::DRV_FLOOR && answer.gravity == Gravity::Error)
    {
        return;
    }
    let row = facts::frameworks().rust_candle.last();
    let source = row.map_or("", |row| row.source.as_str());
    let message = format!("{} built with CUDA {cuda} fails at its first kernel", kernels.shown());
    answers.push(
        Answer::new("PTX-NEW", Verdict::FailsAtKernel, Gravity::Error, kernels.into(), message)
            .because(compiler.because.clone(), compiler.source)
            .because("its kernels are PTX, made by the compiler that the build finds; the driver compiles them when they are first used", source)
            .because(
                format!("PTX of CUDA {} needs a driver for it, and {driver} (R{}) is for {capable}: {capable} < {}; minor-version compatibility does not help here", cuda.major_minor(), branch.branch, cuda.major_minor()),
                toolkits().rule("ptx_jit"),
            )
            .beside(compiler.about, "the compiler comes from here")
            .says("the provided PTX was compiled with an unsupported toolchain")
            .mend(format!("build it with CUDA {capable} or earlier: start the build stage from an image of that toolkit")),
    );
}
