//! The forward-compatibility driver: when it helps an older host, when it breaks a newer one, where it may not run.
//!
//! CUDA's own images hold the user-space driver of their release. The container toolkit puts it before the host's where the
//! host is older and the board allows it; a path that leads to it does so always, which is why such a path is a fault once
//! the host is newer, or where the board is none of those.

use crate::gpu::environment::Environment;
use crate::gpu::facts::{self, Gpu, toolkits};
use crate::gpu::image::{self, Compat, Known};
use crate::gpu::requirement::Truth;
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Evidence, Gravity, Link, Platform, Stack, Stage, Target, Verdict, judge};

use super::require;

/// What a driver is too old for.
pub(in crate::gpu) enum Need<'a> {
    /// A CUDA that starts on drivers from this one on.
    Floor(&'a Dotted),
    /// PTX that needs a driver which implements this CUDA.
    Capability(&'a Dotted),
}

/// Whether a forward-compatibility driver lets a newer CUDA run on an older driver.
pub(in crate::gpu) enum Help {
    /// There is none, or it is too old itself.
    None,
    /// It does, and why.
    Runs(Vec<Link>),
    /// It is there, and not for hosts of this driver branch.
    Branch(Vec<Link>),
    /// It is there, and not for boards of this kind.
    Hardware(Vec<Link>),
    /// It is there, and a fact is missing.
    Unknown(Vec<Link>),
    /// What the image starts from is not known, and may have it.
    Maybe(Vec<Link>),
}

fn link(text: impl Into<String>, source: &'static str) -> Link {
    Link { text: text.into(), source }
}

/// Which releases of the container toolkit load the library of an image.
const LOADS: &str =
    "NVIDIA/nvidia-container-toolkit releases; NVIDIA/nvidia-container-toolkit PR#877, PR#906, PR#1055, PR#1082";

/// Says whether the forward-compatibility driver of the image gives what a driver lacks.
pub(in crate::gpu) fn help(stack: &Stack, target: &Target, driver: &Dotted, need: &Need<'_>) -> Help {
    let environment = &stack.environment;
    let Some(image) = environment.image() else { return Help::None };
    let Some(known) = image.compat() else { return of_unknown_base(image, target, driver, need) };
    let Known { value: Compat { cuda: of, branch, .. }, because, source, .. } = &known;
    let mut chain = vec![link(because, source)];
    let unknown = |mut chain: Vec<Link>, missing: &str| {
        chain.push(link(format!("not known: {missing}"), ""));
        Help::Unknown(chain)
    };
    let enough = match need {
        Need::Capability(cuda) => of.parts() > 1 && of.major_minor() >= **cuda,
        Need::Floor(floor) => {
            let row = branch.and_then(|branch| facts::drivers().branch(&Dotted::major_alone(branch)));
            // Of a CUDA of which only the major version is known, the driver is one of those that start all of it.
            let all = || toolkits().floor(&Dotted::major_alone(of.major())).is_some_and(|(least, _)| least >= *floor);
            row.map_or_else(all, |row| row.first_toolkit_driver_linux >= **floor)
        }
    };
    if !enough || branch.is_some_and(|branch| branch <= driver.major()) {
        return Help::None;
    }
    if let Some(why) = forbidden(target) {
        chain.push(why);
        return Help::Hardware(chain);
    }
    let boards = judge::models(target);
    if boards.is_empty() || boards.len() < target.gpus.len() || boards.iter().any(|gpu| !gpu.forward_compat) {
        return unknown(chain, "whether the boards allow forward compatibility");
    }
    if branch.is_none() {
        return unknown(chain, "of which driver branch it is, and for which hosts");
    }
    let asked = require::of(environment, image).into_iter().find(|asked| asked.name == "NVIDIA_REQUIRE_CUDA");
    let listed = asked.filter(|asked| !asked.branches().is_empty());
    match listed {
        Some(asked) => match asked.on(target, &boards) {
            (Truth::True, _) => {
                let text = format!("the image's start condition lists R{} among the hosts it is for", driver.major());
                chain.push(link(text, asked.source));
            }
            (Truth::False, _) => {
                let list: Vec<_> = asked.branches().iter().map(|branch| format!("R{branch}")).collect();
                let (last, list) =
                    list.split_last().map_or((String::new(), &[][..]), |(last, rest)| (last.clone(), rest));
                let list = if list.is_empty() { last } else { format!("{} and {last}", list.join(", ")) };
                let text = format!(
                    "the image's start condition lists {list} as the hosts it is for, and not R{}",
                    driver.major()
                );
                chain.push(link(text, asked.source));
                return Help::Branch(chain);
            }
            (Truth::Unknown, why) => {
                chain.push(why);
                return Help::Unknown(chain);
            }
        },
        None => match toolkits().compat_hosts(of) {
            Some((row, _)) if row.branches().contains(&driver.major()) => {
                let text = format!("that of CUDA {} is for hosts of R{}, among others", row.image_cuda, driver.major());
                chain.push(link(text, &row.source));
            }
            _ => return unknown(chain, &format!("whether it is for hosts of R{}", driver.major())),
        },
    }
    chain.push(match leads(environment, image, &known) {
        Some(_) => link("a path leads to it, so that it is loaded in place of the host's", toolkits().rule("forward_compat")),
        None => link(
            "the condition is that the container toolkit loads it in place of the host's, and its version decides: before 1.17.4 it does, 1.17.4 does not, 1.17.5 and 1.17.6 do for the nvidia runtime and CDI but not for plain `docker --gpus`, later ones do",
            LOADS,
        ),
    });
    Help::Runs(chain)
}

/// Says what an image may bring of which the base is not known: most that hold CUDA start from CUDA's own images.
fn of_unknown_base(image: &Stage, target: &Target, driver: &Dotted, need: &Need<'_>) -> Help {
    let boards = judge::models(target);
    let allowed =
        !boards.is_empty() && boards.len() == target.gpus.len() && boards.iter().all(|gpu| gpu.forward_compat);
    let Need::Floor(floor) = need else { return Help::None };
    let major = toolkits().floors.iter().find(|row| row.min_driver_linux == **floor).map(|row| row.major);
    let is_for_host = toolkits().compat_hosts.iter().any(|row| {
        row.image_cuda.split('.').next().and_then(|of| of.parse().ok()) == major
            && row.branches().contains(&driver.major())
    });
    match image.unknown_base() {
        Some(base) if allowed && is_for_host => Help::Maybe(vec![link(
            format!(
                "not known: whether {base}, which it starts from, has a forward-compatibility driver, which would help here"
            ),
            toolkits().rule("forward_compat"),
        )]),
        _ => Help::None,
    }
}

/// Returns why boards of a target may not use forward compatibility; none where they may, or where that is not known.
fn forbidden(target: &Target) -> Option<Link> {
    let rule = toolkits().rule("forward_compat");
    if target.platform == Platform::Wsl {
        return Some(link("inside WSL the host brings the driver, and forward compatibility is not for it", rule));
    }
    let board = judge::models(target).into_iter().find(|gpu| is_forbidden(gpu))?;
    Some(link(format!("{} is none of the boards that forward compatibility is for (error 804)", board.name), rule))
}

/// Says whether a board is none that forward compatibility is for. Some boards for workstations are, and some of TITAN's:
/// which ones is not in the tables.
fn is_forbidden(gpu: &Gpu) -> bool {
    gpu.class == "geforce" && !gpu.forward_compat && !gpu.name.to_ascii_lowercase().contains("titan")
}

/// Returns where a path leads to the library, at run time: a variable of a workload takes the place of the image's.
fn leads(environment: &Environment, image: &Stage, known: &Known<Compat>) -> Option<Evidence> {
    let of_image = known.value.on_path.map(|place| Evidence { component: None, subject: image.subject, place });
    let by_variable =
        image.setting("LD_LIBRARY_PATH").is_some_and(|setting| Some(setting.place) == known.value.on_path);
    let mut replaced = 0;
    for workload in &environment.workloads {
        let Some(setting) = workload.settings.iter().find(|setting| setting.name == "LD_LIBRARY_PATH") else {
            continue;
        };
        if image::leads_to_compat(setting.value, &known.value.cuda) {
            return Some(Evidence { component: None, subject: workload.subject, place: setting.place });
        }
        replaced += 1;
    }
    let is_replaced = by_variable && replaced > 0 && replaced == environment.workloads.len();
    of_image.filter(|_| !is_replaced)
}

/// FC-HW and FC-STALE: a path leads to the library, whatever the host is.
pub(super) fn on_path(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(image) = environment.image() else { return };
    let Some(known) = image.compat() else { return };
    let (Some(about), Some(driver), Some(branch)) =
        (leads(environment, image, &known), &target.driver, known.value.branch)
    else {
        return;
    };
    // Who uses no CUDA never loads it.
    if !stack.carriers.iter().any(|carrier| carrier.cuda.major().is_some()) {
        return;
    }
    let rule = toolkits().rule("forward_compat");
    let shown = format!("the forward-compatibility driver of CUDA {} (R{branch})", known.value.cuda.major_minor());
    let fails = |class, how: &str| {
        Answer::new(
            class,
            Verdict::FailsAtStart,
            Gravity::Error,
            about,
            format!("{shown} is on the library path, and {how}"),
        )
        .because(&*known.because, known.source)
        .because("a path leads to it, so that it is loaded before the host's driver, whatever that is", rule)
        .beside(known.about, "it is in the image from here")
    };
    let is_told = answers
        .iter()
        .any(|answer| matches!(answer.class, judge::DRV_FLOOR | judge::FC_BRANCH) && answer.gravity == Gravity::Error);
    let forbids = forbidden(target).filter(|_| branch > driver.major());
    if let Some(why) = forbids {
        if is_told {
            return;
        }
        let who = if target.platform == Platform::Wsl { "WSL" } else { "the board" };
        answers.push(
            fails("FC-HW", &format!("{who} does not allow it: nothing that needs CUDA starts"))
                .because(why.text, why.source)
                .because(format!("R{branch} is newer than the host's driver, {driver}"), "")
                .says("forward compatibility was attempted on non supported HW")
                .mend("take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d: the host's own driver is enough, and needs no update"),
        );
    } else if target.platform == Platform::Linux && branch < driver.major() {
        answers.push(
            fails("FC-STALE", "is older than the host's: nothing that needs CUDA starts")
                .because(format!("R{branch} is older than the host's R{}, and must never win over it", driver.major()), rule)
                .says("system has unsupported display driver / cuda driver combination")
                .mend("take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d: the container toolkit puts it there where the host is older"),
        );
    } else if target.platform == Platform::Linux && branch > driver.major() && !is_told {
        let Some((row, true)) = toolkits().compat_hosts(&known.value.cuda) else { return };
        if row.branches().contains(&driver.major()) || !judge::models(target).iter().any(|gpu| gpu.forward_compat) {
            return;
        }
        let list = row.branches().iter().map(|branch| format!("R{branch}")).collect::<Vec<_>>().join(", ");
        answers.push(
            fails("FC-STALE", "is not for hosts of this branch: nothing that needs CUDA starts")
                .because(format!("it is for hosts of {list}, and not of R{}", driver.major()), &row.source)
                .says("system has unsupported display driver / cuda driver combination")
                .mend(
                    "take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d: the host's own driver is enough",
                ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Setting, Workload};
    use crate::model::{Component, Purl};
    use crate::source::Place;

    fn component(ty: &str, text: &str) -> &'static Component {
        let (path, version) = text.split_once(' ').expect("a name and a version");
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        Component::new(Purl::new(ty, namespace, name, version)).intern()
    }

    fn setting(name: &'static str, value: &'static str) -> Setting {
        Setting { name, value, place: Place::default() }
    }

    /// An image of CUDA 12.4 with a path to its library, and containers that each set what is given.
    fn stack(image: Vec<Setting>, containers: &[Vec<Setting>]) -> Stack {
        let mut environment = Environment::of("test", [component("pypi", "torch 2.9.1+cu128")]);
        let base = Some(component("docker", "nvidia/cuda 12.4.1-runtime-ubuntu22.04"));
        environment.stages = vec![Stage { runs: true, base, settings: image, ..Stage::default() }];
        let workload = |settings: &Vec<Setting>| Workload { settings: settings.clone(), ..Workload::default() };
        environment.workloads = containers.iter().map(workload).collect();
        Stack::of(environment)
    }

    fn told(stack: &Stack, driver: &str, gpu: &str, mode: crate::gpu::Mode) -> Vec<String> {
        let driver = Dotted::parse(driver);
        let target = Target { driver, gpus: vec![gpu.to_owned()], mode, ..Target::default() };
        judge::judge(stack, &target).iter().map(|answer| format!("{} {:?}", answer.class, answer.verdict)).collect()
    }

    #[test]
    fn what_a_container_sets_takes_the_place_of_the_images() {
        use crate::gpu::Mode;
        let path = || setting("LD_LIBRARY_PATH", "/usr/local/cuda/compat:/usr/lib");
        let other = || setting("LD_LIBRARY_PATH", "/usr/local/nvidia/lib64");
        for (image, containers, expected) in [
            (vec![path()], &[][..], &["FC-STALE FailsAtStart"][..]),
            (vec![path()], &[vec![other()]], &[]),
            // One of two that run the image still has its path.
            (vec![path()], &[vec![other()], vec![]], &["FC-STALE FailsAtStart"]),
            (vec![other()], &[vec![path()]], &["FC-STALE FailsAtStart"]),
            (vec![], &[vec![]], &[]),
        ] {
            assert_eq!(told(&stack(image, containers), "580.95.05", "H100", Mode::Unknown), expected, "{containers:?}");
        }
        let dropped = || setting("NVIDIA_DISABLE_REQUIRE", "1");
        let kept = || setting("NVIDIA_DISABLE_REQUIRE", "0");
        let looser = || setting("NVIDIA_REQUIRE_CUDA", "cuda>=12.0");
        for (image, containers, expected) in [
            (vec![], &[][..], &["REQ-UNMET FailsAtStart"][..]),
            (vec![], &[vec![dropped()]], &["REQ-UNMET Runs"]),
            (vec![dropped()], &[vec![kept()]], &["REQ-UNMET FailsAtStart"]),
            (vec![], &[vec![dropped()], vec![]], &["REQ-UNMET FailsAtStart"]),
            (vec![], &[vec![looser()]], &[]),
            (vec![], &[vec![looser()], vec![]], &["REQ-UNMET FailsAtStart"]),
        ] {
            let stack = stack(image, containers);
            assert_eq!(told(&stack, "530.41.03", "A100", Mode::Legacy), expected, "{containers:?}");
        }
    }

    #[test]
    fn paths_lead_to_the_library_of_their_version() {
        let cuda = Dotted::parse("12.4.1").expect("a version");
        for (path, expected) in [
            ("/usr/local/cuda/compat", true),
            ("/usr/local/cuda-12.4/compat/", true),
            ("/usr/local/cuda-12/compat", true),
            ("/lib:/usr/local/cuda-12.4/compat:/usr/lib", true),
            ("${CUDA_HOME}/compat", true),
            ("/usr/local/cuda-11.8/compat", false),
            ("/usr/local/cuda/lib64", false),
            ("/opt/app/compat", false),
            ("/usr/local/cuda/compatible", false),
            ("", false),
        ] {
            assert_eq!(image::leads_to_compat(path, &cuda), expected, "{path}");
        }
    }
}
