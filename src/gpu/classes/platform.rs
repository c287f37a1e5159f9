//! JETSON and WSL: systems that have a driver and CUDA of their own kind.

use crate::gpu::facts::{self, ImageKind};
use crate::gpu::image;
use crate::gpu::judge;
use crate::gpu::{Answer, Carrier, Evidence, Gravity, Install, Platform, Stack, Target, Verdict};
use crate::model::Origin;

const JETSON: &str = "bitsandbytes-foundation/bitsandbytes#1930, PR#1941; pinokiocomputer/pinokio#1027; dusty-nv/jetson-containers documentation";
const WSL: &str = "microsoft/WSL#7056; NVIDIA CUDA on WSL user guide";

/// Says whether a carrier is a wheel for Jetson: by its local version or the index that it comes from.
fn is_for_jetson(carrier: &Carrier) -> bool {
    let (Origin::Registry(address) | Origin::Url(address)) = carrier.component.origin else { return false };
    ["jetson", "/jp/v", "/jp5", "/jp6"].iter().any(|word| address.contains(word))
}

/// Says whether a carrier is a wheel for servers; where that is not known, it is neither.
fn is_for_servers(carrier: &Carrier) -> bool {
    let name = carrier.component.purl.name();
    let version = carrier.component.version();
    let is_nvidias = version.split_once('+').is_some_and(|(_, local)| local.contains("nv"));
    let is_elsewhere = matches!(carrier.component.origin, Origin::Url(_) | Origin::Path(_) | Origin::Git { .. });
    let is_wheel = matches!(name, "torch" | "vllm" | "onnxruntime-gpu")
        || name.starts_with("nvidia-")
        || name.starts_with("cupy-cuda");
    carrier.component.purl.ty() == "pypi"
        && is_wheel
        && !is_for_jetson(carrier)
        && !is_nvidias
        && !is_elsewhere
        && carrier.cuda.major().is_some()
}

/// JETSON: packages or images for servers on a Jetson, or the reverse.
pub(super) fn jetson(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    match target.platform {
        Platform::Jetson => servers_on_jetson(stack, target, answers),
        Platform::Linux => jetsons_on_server(stack, target, answers),
        Platform::Wsl | Platform::Windows => {}
    }
}

/// Says whether a target is a Thor, whose system takes packages for servers.
fn is_thor(target: &Target) -> bool {
    target.gpus.iter().any(|name| {
        name.to_ascii_lowercase().contains("thor")
            || facts::gpus().find(name).is_some_and(|gpu| gpu.class == "jetson" && gpu.sm >= 110)
    })
}

fn servers_on_jetson(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let (gravity, verdict) =
        if is_thor(target) { (Gravity::Warning, Verdict::RunsIf) } else { (Gravity::Error, Verdict::FailsAtStart) };
    let thor = "JetPack 7 on Thor moved to the libraries of servers: whether all of them run there is not verified";
    let rule = "a Jetson's driver and CUDA are part of its system image (L4T), and builds for server Arm are linked against others";
    if let Some(stage) = stack.environment.image()
        && let Some(base) = stage.base
        && let Some(row) = image::row(base)
    {
        // NVIDIA's images for both kinds say which in their tag.
        let is_server = matches!(row.kind, ImageKind::Cuda | ImageKind::Pytorch | ImageKind::Ngc | ImageKind::Vllm)
            && !["igpu", "l4t", "tegra", "jetson"].iter().any(|word| base.version().contains(word));
        if is_server {
            let about = Evidence { component: None, subject: stage.subject, place: stage.base_place };
            let message = format!(
                "the image of {} starts from {}, which is for servers, and cannot use the GPU",
                stage.subject, row.path
            );
            let mut answer = Answer::new("JETSON", verdict, gravity, about, message)
                .because(format!("{}:{} is built for servers", row.path, base.version()), &row.source)
                .because(rule, JETSON)
                .mend("start from an image for L4T: nvidia/l4t-jetpack, dustynv's, or a tag that ends in -igpu");
            if gravity == Gravity::Warning {
                answer = answer.because(thor, JETSON);
            }
            answers.push(answer);
            return;
        }
    }
    let Some(at) = stack.carriers.iter().position(|carrier| {
        is_for_servers(carrier) && stack.carried(carrier.component.purl.name()).all(is_for_servers)
    }) else {
        return;
    };
    let carrier = &stack.carriers[at];
    let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
    let mut answer = Answer::new(
        "JETSON",
        verdict,
        gravity,
        stack.evidence(at),
        format!("{shown} is a wheel for servers, and cannot use the GPU"),
    )
    .because(carrier.because.clone(), carrier.source)
    .because(rule, JETSON)
    .says("named symbol not found")
    .mend("install NVIDIA's wheel for the board's JetPack, or build it on the board");
    if gravity == Gravity::Warning {
        answer.message = format!("{shown} is a wheel for servers, and may not run");
        answer = answer.because(thor, JETSON);
    }
    answers.push(answer);
}

fn jetsons_on_server(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    // Of a target without a word on its GPUs, and of one that names a Jetson's, nothing is said.
    let is_jetson = target.gpus.iter().any(|name| facts::gpus().find(name).is_some_and(|gpu| gpu.class == "jetson"));
    if is_jetson || (judge::models(target).is_empty() && target.driver.is_none()) {
        return;
    }
    if let Some(stage) = stack.environment.image()
        && let Some(known) = stage.jetson()
    {
        let message = format!("the image of {} is for Jetson, and cannot start", stage.subject);
        answers.push(
            Answer::new("JETSON", Verdict::FailsAtStart, Gravity::Error, known.about, message)
                .because(known.because, known.source)
                .because("it is for Arm processors, and takes CUDA's driver from a Jetson's system image", JETSON)
                .says("exec format error")
                .mend("start from nvidia/cuda or a framework's image for servers"),
        );
        return;
    }
    let Some(at) = stack
        .carriers
        .iter()
        .position(|carrier| is_for_jetson(carrier) && stack.carried(carrier.component.purl.name()).all(is_for_jetson))
    else {
        return;
    };
    let carrier = &stack.carriers[at];
    let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
    answers.push(
        Answer::new(
            "JETSON",
            Verdict::FailsAtStart,
            Gravity::Error,
            stack.evidence(at),
            format!("{shown} is a wheel for Jetson, and cannot run"),
        )
        .because(format!("{shown} comes from {}", carrier.component.origin), JETSON)
        .because("it is linked against the CUDA of a Jetson's system image", JETSON)
        .mend("lock the wheel of the project's own index for servers, by a marker where both are needed"),
    );
}

/// WSL: a Linux driver inside WSL, which has the host's.
pub(super) fn wsl(stack: &Stack, target: &Target, answers: &mut Vec<Answer>) {
    let Some(stage) = stack.environment.image().filter(|_| target.platform == Platform::Wsl) else { return };
    if let Some(install) = stage.installs.iter().find(|install| brings_driver(install)) {
        let about = Evidence { component: None, subject: stage.subject, place: install.place };
        let message = format!("{} brings a Linux driver, and CUDA fails", install.name);
        answers.push(
            Answer::new("WSL", Verdict::FailsAtStart, Gravity::Warning, about, message)
                .because(format!("{} installs {}", install.manager, install.name), "package names of NVIDIA's own apt repository")
                .because("inside WSL libcuda is the host's, put there by Windows; a Linux driver's own libcuda finds no kernel module", WSL)
                .says("no CUDA-capable device is detected")
                .mend(match install.name.strip_prefix("cuda-").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
                    Some(version) => format!("install cuda-toolkit-{version}, which has no driver in it"),
                    None => "install cuda-toolkit, which has no driver in it, or nothing where wheels bring CUDA".to_owned(),
                }),
        );
    }
    let is_told = answers.iter().any(|answer| answer.class == "FC-HW");
    if let Some(known) = stage.compat().filter(|_| !is_told)
        && let Some(place) = known.value.on_path
    {
        let about = Evidence { component: None, subject: stage.subject, place };
        let message = format!(
            "the forward-compatibility driver of CUDA {} is on the library path of {}, and fails",
            known.value.cuda.major_minor(),
            stage.subject
        );
        answers.push(
            Answer::new("WSL", Verdict::FailsAtStart, Gravity::Warning, about, message)
                .because(known.because, known.source)
                .because(
                    "forward compatibility is not for WSL, where the driver is the host's",
                    facts::toolkits().rule("forward_compat"),
                )
                .says("forward compatibility was attempted on non supported HW")
                .mend("take the compat folder out of LD_LIBRARY_PATH and ld.so.conf.d"),
        );
    }
}

/// Says whether a package of the system brings a driver along: CUDA's own do, unless they are the toolkit's.
fn brings_driver(install: &Install) -> bool {
    let name = install.name;
    let is_numbered = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    matches!(install.manager, "apt" | "rpm")
        && (name == "cuda"
            || name.strip_prefix("cuda-").is_some_and(is_numbered)
            || name.starts_with("cuda-drivers")
            || name.starts_with("cuda-runtime-")
            || name.starts_with("nvidia-driver-")
            || name.starts_with("nvidia-open"))
}

/// Says whether a target's carriers are judged by drivers and kernels at all: not where the system has its own kind.
pub(super) fn is_own_kind(target: &Target) -> bool {
    matches!(target.platform, Platform::Jetson | Platform::Windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_bring_a_driver() {
        for (name, expected) in [
            ("cuda", true),
            ("cuda-12-4", true),
            ("cuda-drivers", true),
            ("cuda-drivers-550", true),
            ("nvidia-driver-550-server", true),
            ("cuda-toolkit-12-4", false),
            ("cuda-toolkit", false),
            ("cuda-nvcc-12-4", false),
            ("cuda-compat-12-4", false),
            ("nvidia-container-toolkit", false),
        ] {
            let install = Install { manager: "apt", name, constraint: "", index: "", place: Default::default() };
            assert_eq!(brings_driver(&install), expected, "{name}");
        }
    }

    #[test]
    fn wheels_are_for_servers_or_for_jetson() {
        use crate::model::{Component, Purl};
        for (version, address, servers, jetson) in [
            ("2.11.0", "https://mirror.example/simple", true, false),
            ("2.5.1+cu124", "https://mirror.example/whl/cu124", true, false),
            ("2.5.0a0+872d972e41.nv24.08", "https://mirror.example/simple", false, false),
            ("2.8.0", "https://jetson.mirror.example/jp6/cu126", false, true),
            ("2.5.1+cpu", "https://mirror.example/simple", false, false),
        ] {
            let mut component = Component::new(Purl::new("pypi", "", "torch", version));
            component.origin = Origin::registry(address);
            let stack = Stack::of(crate::gpu::Environment::of("test", [component.intern()]));
            let carrier = &stack.carriers[0];
            assert_eq!((is_for_servers(carrier), is_for_jetson(carrier)), (servers, jetson), "{version} {address}");
        }
    }
}
