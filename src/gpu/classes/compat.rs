//! The forward-compatibility driver: when it helps an older host, when it breaks a newer one, where it may not run.
//!
//! CUDA's own images hold the user-space driver of their release. The container runtime puts it before the host's where the
//! host is older and the board allows it; a path that leads to it does so always, which is why such a path is a fault once
//! the host is newer, or where the board is none of those.

use crate::gpu::facts::{self, Gpu, toolkits};
use crate::gpu::image::{Compat, Known};
use crate::gpu::requirement::Truth;
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Cuda, Evidence, Gravity, Link, Platform, Stack, Target, Verdict, judge};

use super::require;

/// Whether a forward-compatibility driver lets a newer CUDA run on an older driver.
pub(in crate::gpu) enum Help {
    /// There is none, or it is for another CUDA.
    None,
    /// It does, and why.
    Runs(Vec<Link>),
    /// It is there, and not for hosts of this driver branch.
    Branch(Vec<Link>),
    /// It is there, and not for boards of this kind.
    Hardware(Vec<Link>),
    /// It is there, and a fact is missing.
    Unknown(Vec<Link>),
}

fn link(text: impl Into<String>, source: &'static str) -> Link {
    Link { text: text.into(), source }
}

/// Says whether the forward-compatibility driver of the image lets a carrier's CUDA run on a driver below its floor.
pub(in crate::gpu) fn help(stack: &Stack, target: &Target, driver: &Dotted, cuda: &Cuda) -> Help {
    let Some(image) = stack.environment.image() else { return Help::None };
    let Some(known) = image.compat() else { return Help::None };
    let Known { value: Compat { cuda: of, branch, .. }, because, source, .. } = known;
    let is_newer = branch.is_some_and(|branch| branch > driver.major());
    if cuda.major() != Some(of.major()) || !is_newer {
        return Help::None;
    }
    let mut chain = vec![link(because, source)];
    if let Some(why) = forbidden(target) {
        chain.push(why);
        return Help::Hardware(chain);
    }
    let boards = judge::models(target);
    if boards.is_empty() || boards.len() < target.gpus.len() {
        chain.push(link("not known: whether the boards allow forward compatibility", ""));
        return Help::Unknown(chain);
    }
    match require::of(image).into_iter().find(|requirement| requirement.name == "NVIDIA_REQUIRE_CUDA") {
        Some(requirement) if requirement.is_certain => match requirement.on(target, &boards) {
            (Truth::True, why) => chain.push(why),
            (Truth::False, why) => {
                chain.push(why);
                return Help::Branch(chain);
            }
            (Truth::Unknown, why) => {
                chain.push(why);
                return Help::Unknown(chain);
            }
        },
        _ => match hosts(&of) {
            Some((branches, row)) if branches.contains(&driver.major()) => {
                chain.push(link(format!("it is for hosts of R{}, among others", driver.major()), &row.source));
            }
            Some((branches, row)) if !row.unverified => {
                let list = branches.iter().map(|branch| format!("R{branch}")).collect::<Vec<_>>().join(", ");
                chain.push(link(format!("it is for hosts of {list}, and not of R{}", driver.major()), &row.source));
                return Help::Branch(chain);
            }
            _ => {
                chain.push(link(format!("not known: whether it is for hosts of R{}", driver.major()), ""));
                return Help::Unknown(chain);
            }
        },
    }
    chain.push(link(
        "the container runtime loads it in place of the host's: the condition is that it does",
        toolkits().rule("forward_compat"),
    ));
    Help::Runs(chain)
}

/// Returns the host branches that the library of a CUDA is for.
fn hosts(cuda: &Dotted) -> Option<(Vec<u32>, &'static facts::CompatHosts)> {
    let of = |row: &&facts::CompatHosts| {
        Dotted::parse(row.image_cuda.trim_end_matches(".x")).is_some_and(|image| image.major_minor() == *cuda)
    };
    let row = toolkits().compat_hosts.iter().find(of)?;
    let numbers =
        row.host_driver_branches.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    Some((numbers.collect(), row))
}

/// Returns why boards of a target may not use forward compatibility; none where they may, or where that is not known.
fn forbidden(target: &Target) -> Option<Link> {
    let rule = toolkits().rule("forward_compat");
    if target.platform == Platform::Wsl {
        return Some(link("inside WSL the host brings the driver, and forward compatibility is not for it", rule));
    }
    let board: &Gpu = judge::models(target).into_iter().find(|gpu| !gpu.forward_compat)?;
    Some(link(format!("{} is none of the boards that forward compatibility is for (error 804)", board.name), rule))
}

/// FC-HW and FC-STALE: a path leads to the library, whatever the host is.
pub(super) fn on_path(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let Some(image) = stack.environment.image() else { return };
    let Some(known) = image.compat() else { return };
    let (Some(path), Some(driver)) = (known.value.on_path, &target.driver) else { return };
    let Some(branch) = known.value.branch else { return };
    let rule = toolkits().rule("forward_compat");
    let about = Evidence { component: None, subject: image.subject, place: path };
    let shown = format!("the forward-compatibility driver of CUDA {} (R{branch})", known.value.cuda);
    let fails = |class, message: String| {
        Answer::new(class, Verdict::FailsAtStart, Gravity::Error, about, message)
            .because(&*known.because, known.source)
            .because("a path leads to it, so that it is loaded before the host's driver, whatever that is", rule)
    };
    let is_told = answers.iter().any(|answer| answer.class == judge::DRV_FLOOR && answer.gravity == Gravity::Error);
    if let Some(why) = forbidden(target).filter(|_| branch > driver.major() && !is_told) {
        let answer = fails("FC-HW", format!("{shown} is on the library path of {}, and fails", image.subject))
            .because(why.text, why.source)
            .because(format!("R{branch} is newer than the host's R{}", driver.major()), "")
            .says("forward compatibility was attempted on non supported HW")
            .mend("take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d: the host's own driver is enough");
        answers.push(answer);
    } else if branch < driver.major() {
        let answer = fails("FC-STALE", format!("{shown} is on the library path of {}, and fails", image.subject))
            .because(format!("R{branch} is older than the host's R{}, and must never win over it", driver.major()), rule)
            .says("system has unsupported display driver / cuda driver combination")
            .mend("take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d: the container runtime puts it there where it is needed");
        answers.push(answer);
    }
}
