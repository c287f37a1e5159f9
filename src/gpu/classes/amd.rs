//! ROCM-KFD and ROCM-ARCH: ROCm's user space on a kernel driver, and on GPUs of AMD's.

use crate::gpu::facts::{self, rocm, rocm_release};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Cuda, Evidence, Gravity, Stack, Target, Verdict};

/// The user space of ROCm that a stack runs on, and what says so.
struct User {
    release: Dotted,
    because: String,
    source: &'static str,
    about: Evidence,
    shown: String,
}

/// Returns the user space of a stack: of its one carrier for ROCm, else of its image.
fn user(stack: &Stack) -> Option<User> {
    let mut found = stack.carriers.iter().enumerate().filter_map(|(at, carrier)| match &carrier.cuda {
        Cuda::Rocm(version) => Some((at, carrier, Dotted::parse(version)?)),
        _ => None,
    });
    if let Some((at, carrier, release)) = found.next() {
        let is_one = stack.carried(carrier.component.purl.name()).count() == 1;
        let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
        let because = format!("{}: it is built for ROCm {release}", carrier.because);
        return is_one.then(|| User { release, because, source: carrier.source, about: stack.evidence(at), shown });
    }
    let known = stack.environment.image()?.rocm()?;
    let shown = format!("the image of {}", known.about.subject);
    Some(User { release: known.value, because: known.because, source: known.source, about: known.about, shown })
}

/// How a user space stands to what a kernel driver was tested with.
#[derive(Debug, PartialEq, Eq)]
enum Window {
    Tested,
    /// It is outside; the text lists what was tested.
    Outside(String),
    Unknown,
}

/// ROCM-KFD: the user space is outside of what the kernel driver was tested with.
pub(super) fn kernel_driver(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let (Some(kernel), Some(user)) = (&target.rocm, user(stack)) else { return };
    let (Window::Outside(list), source) = window(kernel, &user.release) else { return };
    let message =
        format!("{} runs ROCm {}, which was not tested with the kernel driver of {kernel}", user.shown, user.release);
    let own = kernel.major_minor();
    answers.push(
        Answer::new("ROCM-KFD", Verdict::RunsIf, Gravity::Warning, user.about, message)
            .because(user.because, user.source)
            .because(format!("the kernel driver of ROCm {own} was tested with {list}"), source)
            .because("outside of that window it may run, and nobody has tried", source)
            .mend(format!(
                "take a build for one of {list}, or move the nodes' driver to one that lists ROCm {}",
                user.release.major_minor()
            )),
    );
}

/// Returns how a user space stands to a kernel driver, and where that comes from.
fn window(kernel: &Dotted, user: &Dotted) -> (Window, &'static str) {
    let (kernel, user) = (kernel.major_minor(), user.major_minor());
    let tables = rocm();
    let own = tables.kfd.iter().find(|row| rocm_release(&row.kernel) == Some(kernel.clone()));
    let own = own.map(|row| (&row.user_space, row.source.as_str()));
    let newer = || {
        let row = tables.amdgpu.iter().find(|row| rocm_release(&row.driver) == Some(kernel.clone()))?;
        Some((&row.user_space, row.source.as_str()))
    };
    let Some((list, source)) = own.or_else(newer) else { return (Window::Unknown, "") };
    let releases: Vec<Dotted> = list.iter().filter_map(|text| rocm_release(text)).collect();
    if releases.contains(&user) {
        return (Window::Tested, source);
    }
    let shown = releases.iter().map(Dotted::to_string).collect::<Vec<_>>().join(", ");
    // What came after the row was written is in it only where the window was full: two releases beyond the driver's own.
    let beyond = releases.iter().filter(|release| **release > kernel).count();
    let is_full = beyond >= 2 || releases.iter().all(|release| *release < kernel);
    match (releases.iter().min(), releases.iter().max()) {
        (Some(least), _) if user < *least => (Window::Outside(shown), source),
        (_, Some(most)) if user > *most && is_full && kernel.major() < 30 => (Window::Outside(shown), source),
        _ => (Window::Unknown, source),
    }
}

/// ROCM-ARCH: a GPU that the user space has no code for.
pub(super) fn architecture(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let Some(user) = user(stack) else { return };
    for name in &target.gpus {
        let Some(board) = rocm().find(name) else { continue };
        let Some(first) = board.first_rocm.as_ref().filter(|first| user.release.major_minor() < **first) else {
            continue;
        };
        let forced = stack.environment.setting("HSA_OVERRIDE_GFX_VERSION");
        let (verdict, gravity) = match forced {
            Some(_) => (Verdict::RunsIf, Gravity::Info),
            None => (Verdict::FailsAtKernel, Gravity::Error),
        };
        let message = format!(
            "{} runs ROCm {}, which has no code for {} ({}), and fails at its first kernel",
            user.shown, user.release, board.name, board.gfx
        );
        let mut answer = Answer::new("ROCM-ARCH", verdict, gravity, user.about, message)
            .because(user.because.clone(), user.source)
            .because(
                format!(
                    "{} is {}, which ROCm has code for from {first} on: {} < {first}",
                    board.name, board.gfx, user.release
                ),
                &board.source,
            )
            .says("HIP error: invalid device function")
            .mend(mend(stack, first));
        if let Some(forced) = forced {
            answer = answer
                .because(
                    format!("HSA_OVERRIDE_GFX_VERSION={} makes it run code for another target", forced.value),
                    "ROCm documentation",
                )
                .beside(
                    Evidence { component: None, subject: user.about.subject, place: forced.place },
                    "the target is forced here",
                );
        }
        answers.push(answer);
        return;
    }
}

/// Returns the first release of torch that is built for a ROCm.
fn mend(stack: &Stack, first: &Dotted) -> String {
    let is_for =
        |local: &&String| local.strip_prefix("rocm").and_then(Dotted::parse).is_some_and(|built| built >= *first);
    let torch = stack.environment.the("torch").and_then(|_| {
        facts::frameworks().torch_release.iter().find_map(|row| Some((row, row.variants.iter().find(is_for)?)))
    });
    match torch {
        Some((row, local)) => format!("take torch {} or later for ROCm {first} or later: +{local}", row.version),
        None => format!("take a build or an image for ROCm {first} or later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_drivers_were_tested_with_some_user_spaces() {
        let told = |kernel: &str, user: &str| {
            let (window, _) =
                window(&Dotted::parse(kernel).expect("a version"), &Dotted::parse(user).expect("a version"));
            match window {
                Window::Tested => "tested",
                Window::Outside(_) => "outside",
                Window::Unknown => "unknown",
            }
        };
        for (kernel, user, expected) in [
            ("6.2", "6.2.4", "tested"),
            ("6.2.4", "6.0", "tested"),
            ("5.7", "6.2", "outside"),
            ("6.3", "6.0", "outside"),
            ("6.1", "6.4", "outside"),
            // The row may be older than the release.
            ("6.2", "6.4", "unknown"),
            ("6.3", "7.2", "unknown"),
            ("30.30", "7.2", "tested"),
            ("30.30.3", "6.2", "outside"),
            ("30.30", "7.14", "unknown"),
            ("5.0", "6.2", "unknown"),
        ] {
            assert_eq!(told(kernel, user), expected, "{kernel} {user}");
        }
    }
}
