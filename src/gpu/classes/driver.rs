//! The driver by itself: past its end of life, or mistaken for a toolkit; and PTX that it cannot compile.

use std::collections::BTreeSet;

use crate::gpu::facts::{self, Gpu, drivers, toolkits};
use crate::gpu::image::Known;
use crate::gpu::version::Dotted;
use crate::gpu::{
    Answer, Environment, Evidence, Gravity, Link, Platform, Setting, Stack, Stage, Target, Verdict, advice, image,
    judge, pool,
};

use super::{Help, Need, cannot_start, help};

/// DRV-EOL: a target's driver branches that get no fixes any more on a day, `YYYY-MM-DD`, or will not on a later one.
///
/// A branch of two published ends is at its end on the later one. `lasts` is the day on which a branch must be in support to
/// be worth moving to.
pub fn end_of_life(target: &Target, today: &str, soon: &str, lasts: &str) -> Vec<Answer> {
    if target.platform != Platform::Linux {
        return Vec::new();
    }
    let mut told: Vec<u32> = Vec::new();
    let mut drivers: Vec<&Dotted> = target.nodes.iter().filter_map(|node| node.driver.as_ref()).collect();
    drivers.sort();
    if target.nodes.is_empty() {
        drivers.extend(&target.driver);
    }
    let mut answers = Vec::new();
    for driver in drivers {
        if told.contains(&driver.major()) {
            continue;
        }
        told.push(driver.major());
        let Some(answer) = ended(target, driver, today, soon, lasts) else { continue };
        let nodes: Vec<_> = target
            .nodes
            .iter()
            .filter(|node| node.driver.as_ref().is_some_and(|other| other.major() == driver.major()))
            .collect();
        let of = target.nodes.len();
        answers.push(match nodes.len() {
            0 => answer,
            all if all == of => answer,
            some => answer.because(format!("that is so on {some} of the {of} nodes: {}", pool::names(&nodes)), ""),
        });
    }
    answers
}

fn ended(target: &Target, driver: &Dotted, today: &str, soon: &str, lasts: &str) -> Option<Answer> {
    let row = drivers().branch(driver)?;
    // The dates sort as texts.
    if row.eol.is_empty() || row.eol.as_str() >= soon.max(today) {
        return None;
    }
    let how = if row.eol.as_str() < today { "runs past" } else { "nears" };
    let message = format!("driver {driver} {how} the end of its branch, R{} ({}),", row.branch, row.eol);
    let mut answer = Answer::new("DRV-EOL", Verdict::Runs, Gravity::Warning, Evidence::default(), message)
        .because(
            format!("the last day on which R{} gets fixes is {}, and today is {today}", row.branch, row.eol),
            &row.source,
        )
        .because("that fails nothing by itself, and vendors of clouds may go on with fixes of their own", "");
    if !row.eol_note.is_empty() {
        answer = answer.because(&*row.eol_note, &row.source);
    }
    let (models, day) = (judge::models(target), lasts.max(soon).max(today));
    let moves = advice::drivers_on(None, &models, day);
    Some(answer.mend(moves.unwrap_or_else(|| no_branch(&models, day))))
}

/// Says what to do where no branch in support drives all GPUs of a target: a driver that is newer helps none of those that none
/// drives.
fn no_branch(models: &[&'static Gpu], day: &str) -> String {
    let out: BTreeSet<&str> = models
        .iter()
        .filter(|gpu| advice::drivers_on(None, std::slice::from_ref(*gpu), day).is_none())
        .map(|gpu| gpu.name.as_str())
        .collect();
    let (date, names) = (facts::data_date(), |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", "));
    match out.len() {
        0 => {
            let all = models.iter().map(|gpu| gpu.name.as_str()).collect();
            format!("part the nodes: by the tables of {date} no branch in support drives all of {}", names(all))
        }
        count => {
            let is = if count == 1 { "is" } else { "are" };
            format!(
                "{} {is} out of support: by the tables of {date} no branch that still gets fixes drives it; move what runs \
                 there to newer GPUs",
                names(out)
            )
        }
    }
}

const SMI_MISREAD: &str = "SMI-MISREAD";

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
            let message = format!("{} selects nodes by {}, which tells of no toolkit", workload.name, label.name);
            answers.push(
                Answer::new(SMI_MISREAD, Verdict::Runs, Gravity::Info, about, message)
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
        if let Some((cuda, ..)) = stage.base.and_then(image::cuda_of_tag) {
            let about = Evidence { component: None, subject: stage.subject, place: stage.base_place };
            phantom(&cuda, "the image that it starts from", about, answers);
        }
        for install in &stage.installs {
            let words = ["cuda-toolkit-", "cuda-version", "cudatoolkit", "cuda-"];
            let named = words.iter().find_map(|word| install.name.strip_prefix(word));
            let text = match install.manager {
                "conda" => install.constraint.trim_start_matches('='),
                _ => named.unwrap_or_default(),
            };
            let Some(version) = Dotted::parse(&text.replace('-', ".")).filter(|_| named.is_some()) else { continue };
            let about = Evidence { component: None, subject: stage.subject, place: install.place };
            phantom(&version, install.name, about, answers);
        }
    }
}

/// Tells of a version that drivers say and no toolkit has.
fn phantom(version: &Dotted, shown: &str, about: Evidence, answers: &mut Vec<Answer>) {
    let Some(row) = toolkits().phantoms.iter().find(|row| row.version == "12.7") else { return };
    let is_told = answers.iter().any(|answer| answer.class == SMI_MISREAD && answer.about.place == about.place);
    if Dotted::parse(&row.version).is_none_or(|row| row != version.first_parts(row.parts())) || is_told {
        return;
    }
    let message = format!("{shown} asks for CUDA {}, which is no toolkit: only drivers say it", row.version);
    answers.push(
        Answer::new(SMI_MISREAD, Verdict::Runs, Gravity::Info, about, message)
            .because(
                "there is no public toolkit 12.7; nvidia-smi prints it on R565 drivers, as what they implement",
                &row.source,
            )
            .mend("ask for 12.6 or 12.8: what nvidia-smi prints is what the driver implements, and no toolkit"),
    );
}

/// PTX-NEW: crates whose kernels are PTX, made by the compiler of the build stage, which the driver has to compile.
///
/// A lock names the crate whether or not the build asks for it: that it is built is known by a feature that the command
/// names, or by the variable that its build reads.
pub(super) fn embedded_ptx(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(kernels) = environment.packages("cargo", "candle-kernels").next() else { return };
    // The floor of a crate whose compiler is not known from the lock alone.
    let is_open = |answer: &Answer| {
        let is_it = answer.about.component.is_some_and(|component| std::ptr::eq(component, kernels.component));
        is_it && answer.verdict == Verdict::Unknown && answer.class == judge::DRV_FLOOR
    };
    let Some(RustBuild { stage, compiler, cuda, is_built }) = rust_build(environment) else {
        if target.platform == Platform::Linux && target.driver.is_some() && !answers.iter().any(is_open) {
            let message = format!("{} is not judged", kernels.shown());
            let answer = Answer::new("PTX-NEW", Verdict::Unknown, Gravity::Info, kernels.into(), message);
            answers.push(
                answer
                    .because("not known: with which CUDA's compiler it is built, and so which PTX its kernels are", ""),
            );
        }
        return;
    };
    let source = facts::frameworks().rust_candle.last().map_or("", |row| row.source.as_str());
    let compute = stage.setting("CUDA_COMPUTE_CAP");
    answers.retain(|answer| !is_open(answer));
    let shown = format!("{} built with CUDA {cuda}", kernels.shown());
    let made = "its kernels are PTX, made by the compiler that the build finds; the driver compiles them when they are first used";
    let answer = |class, verdict, message: String| {
        let gravity = if verdict == Verdict::FailsAtKernel { Gravity::Error } else { Gravity::Info };
        Answer::new(class, verdict, gravity, kernels.into(), message)
            .because(&*compiler.because, compiler.source)
            .because(made, source)
            .beside(compiler.about, "the compiler comes from here")
    };
    let above = compute.and_then(|setting| {
        let sm: u32 = setting.value.replace('.', "").parse().ok()?;
        judge::models(target).into_iter().find(|gpu| gpu.sm < sm).map(|gpu| (setting, sm, gpu))
    });
    if let Some((setting, sm, gpu)) = above {
        let about = Evidence { component: None, subject: stage.subject, place: setting.place };
        answers.push(
            answer(judge::ARCH_MISSING, Verdict::FailsAtKernel, format!("{shown} fails at its first kernel"))
                .because(
                    format!(
                        "{} has compute capability {}, and CUDA_COMPUTE_CAP={} makes PTX for {}.{} and later",
                        gpu.name,
                        gpu.compute_capability,
                        setting.value,
                        sm / 10,
                        sm % 10
                    ),
                    &gpu.source,
                )
                .beside(about, "the architecture is set here")
                .says("no kernel image is available for execution on the device")
                .mend(format!(
                    "set CUDA_COMPUTE_CAP={} for the build: what is made for it runs on later ones too",
                    gpu.sm
                )),
        );
        return;
    }
    let (Platform::Linux, Some(driver)) = (target.platform, &target.driver) else { return };
    let Some(capable) = target.capability.as_ref().or_else(|| Some(&drivers().branch(driver)?.max_cuda)) else {
        return;
    };
    let needs = toolkits().ptx_needs(&cuda);
    if needs <= *capable || answers.iter().any(cannot_start) {
        return;
    }
    let rule = toolkits().rule("ptx_jit");
    let why = format!(
        "PTX of CUDA {cuda} needs a driver for {needs} or later, and {driver} is for {capable}: {capable} < {needs}; minor-version compatibility does not help here"
    );
    let answer = |verdict, message: String| answer("PTX-NEW", verdict, message).because(&*why, rule);
    if !is_built {
        let answer = answer(Verdict::Unknown, format!("{shown} is not judged"));
        answers.push(
            answer.because("not known: whether the build asks for it; no feature or CUDA_COMPUTE_CAP says so", ""),
        );
        return;
    }
    let fails = || {
        answer(Verdict::FailsAtKernel, format!("{shown} fails at its first kernel"))
            .says("the provided PTX was compiled with an unsupported toolchain")
            .mend(format!(
                "build it with CUDA {capable} or earlier: start the build stage from an image of that toolkit"
            ))
    };
    let mut told = match help(stack, target, driver, &Need::Capability(&needs)) {
        Help::Runs(chain) => with(answer(Verdict::RunsIf, format!("{shown} runs on a condition")), chain),
        Help::Unknown(chain) => with(answer(Verdict::Unknown, format!("{shown} is not judged")), chain),
        Help::Branch(chain) | Help::Hardware(chain) => with(fails(), chain),
        Help::None | Help::Maybe(_) => fails(),
    };
    if told.gravity == Gravity::Error {
        let floor = drivers().branches.iter().find(|branch| branch.max_cuda >= needs);
        let moves =
            floor.and_then(|branch| advice::drivers(Some(&branch.first_toolkit_driver_linux), &judge::models(target)));
        told.advice.extend(moves);
    }
    answers.push(told);
}

/// The stage that builds a program in Rust, with CUDA's compiler in it.
pub(in crate::gpu) struct RustBuild<'e> {
    stage: &'e Stage,
    /// The compiler.
    pub compiler: Known<Option<Dotted>>,
    /// Its CUDA, major and minor.
    pub cuda: Dotted,
    /// Whether the build is known to ask for CUDA: by a feature that the command names, or the variable that it reads.
    pub is_built: bool,
}

/// Returns the stage that builds a program in Rust; none where none has a compiler of CUDA, or several have different ones.
pub(in crate::gpu) fn rust_build(environment: &Environment) -> Option<RustBuild<'_>> {
    let mut builds =
        environment.stages.iter().filter(|stage| builds(stage)).filter_map(|stage| Some((stage, stage.compiler()?)));
    let (stage, compiler) = builds.next()?;
    let cuda = compiler.value.as_ref()?.major_minor();
    // Stages that go on from the one that builds have its commands too; another compiler would be another build.
    if builds.any(|(_, other)| other.value.as_ref().map(Dotted::major_minor).as_ref() != Some(&cuda)) {
        return None;
    }
    let asks = |command: &Setting| {
        let text = command.value;
        text.contains("--all-features")
            || (text.contains("features") && ["cuda", "flash-attn"].iter().any(|word| text.contains(word)))
    };
    let is_built = stage.setting("CUDA_COMPUTE_CAP").is_some()
        || stage.commands.iter().any(|command| command.name == "cargo" && asks(command));
    Some(RustBuild { stage, compiler, cuda, is_built })
}

fn with(mut answer: Answer, chain: Vec<Link>) -> Answer {
    answer.chain.extend(chain);
    answer
}

/// Says whether a stage builds a program in Rust.
fn builds(stage: &Stage) -> bool {
    let words = ["build", "install", "rustc", "cook"];
    let is_build = |text: &str| text.split_ascii_whitespace().any(|word| words.contains(&word));
    stage.commands.iter().any(|command| command.name == "cargo" && is_build(command.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Node;

    #[test]
    fn each_branch_of_a_pool_is_told_once() {
        let node =
            |name: &str, driver: &str| Node { name: name.to_owned(), driver: Dotted::parse(driver), ..Node::default() };
        let nodes = vec![node("a", "580.95.05"), node("b", "470.256.02"), node("c", "470.223.02"), node("d", "")];
        let target = Target { driver: Dotted::parse("470.223.02"), nodes, ..Target::default() };
        let answers = end_of_life(&target, "2026-06-01", "2026-06-01", "2026-06-01");
        let last: Vec<_> = answers.iter().filter_map(|answer| answer.chain.last()).map(|link| &*link.text).collect();
        assert_eq!(last, ["that is so on 2 of the 4 nodes: b, c"]);
    }

    #[test]
    fn branches_end_after_their_last_day() {
        let told = |driver: &str, platform, today: &str, soon: &str| {
            let target = Target { driver: Dotted::parse(driver), platform, ..Target::default() };
            end_of_life(&target, today, soon, soon).pop().map(|answer| answer.message)
        };
        let linux = Platform::Linux;
        for (driver, platform, today, soon, expected) in [
            (
                "470.256.02",
                linux,
                "2026-06-01",
                "2026-06-01",
                "driver 470.256.02 runs past the end of its branch, R470 (2024-07-20),",
            ),
            // The last day itself is one on which fixes may come.
            ("535.183.06", linux, "2026-06-01", "2026-06-01", ""),
            (
                "535.183.06",
                linux,
                "2026-06-02",
                "2026-06-02",
                "driver 535.183.06 runs past the end of its branch, R535 (2026-06-01),",
            ),
            (
                "535.183.06",
                linux,
                "2026-05-20",
                "2026-06-19",
                "driver 535.183.06 nears the end of its branch, R535 (2026-06-01),",
            ),
            (
                "535",
                linux,
                "2026-11-25",
                "2026-11-25",
                "driver 535 runs past the end of its branch, R535 (2026-06-01),",
            ),
            // Of two published dates NVIDIA's own counts.
            ("610.43.02", linux, "2026-08-31", "2026-08-31", ""),
            (
                "610.43.02",
                linux,
                "2026-09-01",
                "2026-09-01",
                "driver 610.43.02 runs past the end of its branch, R610 (2026-08-31),",
            ),
            // No date, no branch, another system's numbers.
            ("615.71.09", linux, "2036-06-01", "2036-06-01", ""),
            ("523.10", linux, "2026-06-01", "2026-06-01", ""),
            ("", linux, "2026-06-01", "2026-06-01", ""),
            ("470.256.02", Platform::Wsl, "2026-06-01", "2026-06-01", ""),
        ] {
            assert_eq!(told(driver, platform, today, soon).unwrap_or_default(), expected, "{driver} on {today}");
        }
    }
}
