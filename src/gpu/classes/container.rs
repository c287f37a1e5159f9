//! CAPS, NO-DRIVER and CPU-BUILD: whether a container gets the driver, all of it that it needs, and has a use for it.

use crate::gpu::facts::ImageKind;
use crate::gpu::image;
use crate::gpu::{Answer, Cuda, Evidence, Gravity, Package, Setting, Stack, Verdict, Workload};

const TOOLKIT: &str = "NVIDIA Container Toolkit documentation";

/// What needs more of the driver than computing: its package, what it needs, what is said without it, and where that is from.
const NEEDS: &[(&str, &str, &str, Gravity, &str)] = &[
    (
        "pynvvideocodec",
        "video",
        "libnvcuvid.so.1: cannot open shared object file",
        Gravity::Warning,
        "NVIDIA/VideoProcessingFramework#29; NVIDIA/DALI#2362",
    ),
    (
        "pynvcodec",
        "video",
        "libnvcuvid.so.1: cannot open shared object file",
        Gravity::Warning,
        "NVIDIA/VideoProcessingFramework#29; NVIDIA/DALI#2362",
    ),
    // Its readers of video alone need it.
    (
        "nvidia-dali-cuda",
        "video",
        "Failed to load libnvcuvid.so, needed by the VideoReader operator",
        Gravity::Info,
        "NVIDIA/DALI#2362",
    ),
    ("nvitop", "utility", "NVML Shared Library Not Found", Gravity::Warning, TOOLKIT),
    ("gpustat", "utility", "NVML Shared Library Not Found", Gravity::Warning, TOOLKIT),
    ("nvidia-ml-py", "utility", "NVML Shared Library Not Found", Gravity::Warning, TOOLKIT),
    ("pynvml", "utility", "NVML Shared Library Not Found", Gravity::Warning, TOOLKIT),
];

const DEFAULT: &str = "compute,utility";

/// CAPS: the container is not given a part of the driver that something in it needs.
pub(super) fn capabilities(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let said = environment.setting("NVIDIA_DRIVER_CAPABILITIES");
    // Without an image or a container there is nothing to inject into.
    let Some(stage) = environment.image() else { return };
    let list = match said {
        Some(setting) if setting.value.contains('$') => return,
        Some(setting) => setting.value.to_ascii_lowercase(),
        None => {
            let base = stage.base.filter(|_| !stage.whole);
            let Some(base) = base else { return };
            let is_default = image::is_plain(base)
                || image::row(base).is_some_and(|row| matches!(row.kind, ImageKind::Cuda | ImageKind::Pytorch));
            if !is_default {
                return;
            }
            DEFAULT.to_owned()
        }
    };
    let list = if list.trim().is_empty() { DEFAULT.to_owned() } else { list };
    let has =
        |capability: &str| list.split(',').any(|own| matches!(own.trim(), own if own == capability || own == "all"));
    let place = |place| Evidence { component: None, subject: stage.subject, place };
    let about = match said {
        Some(setting) => Evidence { subject: subject(stack, setting), ..place(setting.place) },
        None => place(stage.base_place),
    };
    let given = match said {
        Some(setting) => format!("NVIDIA_DRIVER_CAPABILITIES is {}", setting.value),
        None => format!("nothing sets NVIDIA_DRIVER_CAPABILITIES, which is {DEFAULT} then"),
    };
    let condition = "the container runtime's hook injects what is listed and no more; where devices come by CDI, all of the driver is there";
    let mut told: Vec<&str> = Vec::new();
    if let (false, Some(at)) = (has("compute"), uses_cuda(stack)) {
        let carrier = &stack.carriers[at];
        let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
        let message = format!(
            "{shown} needs the driver's \"compute\" part, which {} does not list",
            "NVIDIA_DRIVER_CAPABILITIES"
        );
        answers.push(
            Answer::new("CAPS", Verdict::RunsIf, Gravity::Warning, about, message)
                .because(given.clone(), "")
                .because(carrier.because.clone(), carrier.source)
                .because(condition, TOOLKIT)
                .beside(stack.evidence(at), "what needs it")
                .says("libcuda.so.1: cannot open shared object file")
                .mend(format!("set NVIDIA_DRIVER_CAPABILITIES={}", with(&list, "compute"))),
        );
    }
    for package in environment.packages.iter().filter(|package| package.component.purl.ty() == "pypi") {
        let is_it =
            |name: &str| package.name() == name || (name.ends_with("-cuda") && package.name().starts_with(name));
        let Some((_, part, says, gravity, source)) = NEEDS.iter().find(|(name, ..)| is_it(name)) else { continue };
        if has(part) || told.contains(part) {
            continue;
        }
        told.push(part);
        let message =
            format!("{} needs the driver's \"{part}\" part, which the container is not given", package.shown());
        answers.push(
            Answer::new("CAPS", Verdict::RunsIf, *gravity, about, message)
                .because(given.clone(), TOOLKIT)
                .because(format!("{} loads a library of that part", package.shown()), source)
                .because(condition, TOOLKIT)
                .beside(Evidence::from(package), "what needs it")
                .says(says)
                .mend(format!("set NVIDIA_DRIVER_CAPABILITIES={}", with(&list, part))),
        );
    }
}

fn with(list: &str, part: &str) -> String {
    let mut parts: Vec<&str> = list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.push(part);
    parts.join(",")
}

/// Returns the image of a stack that asks for GPUs and of which nothing is known: its name, and where it is asked for.
pub(in crate::gpu) fn unknown(stack: &Stack) -> Option<(String, Evidence)> {
    let environment = &stack.environment;
    let base = environment.image()?.unknown_base().filter(|_| stack.carriers.is_empty())?;
    let asks =
        |workload: &&Workload| workload.limits.iter().any(|limit| is_gpu(limit) && limit.name.contains("nvidia"));
    let workload = environment.workloads.iter().find(asks)?;
    let limit = workload.limits.iter().find(|limit| is_gpu(limit))?;
    Some((base, Evidence { component: None, subject: workload.subject, place: limit.place }))
}

/// Returns the file that a setting stands in.
fn subject(stack: &Stack, setting: &Setting) -> crate::intern::Text {
    let workload = stack.environment.workloads.iter().find(|workload| workload.settings.contains(setting));
    workload
        .map(|workload| workload.subject)
        .or_else(|| stack.environment.image().map(|image| image.subject))
        .unwrap_or_default()
}

/// Returns the carrier that speaks for a use of CUDA: one that runs by itself, where all of its name are for CUDA.
fn uses_cuda(stack: &Stack) -> Option<usize> {
    stack.carriers.iter().position(|carrier| {
        !carrier.is_part() && stack.carried(carrier.component.purl.name()).all(|carrier| carrier.cuda.major().is_some())
    })
}

/// Says whether a limit asks for a GPU, in whatever form: whole, a slice, shared, by a claim.
fn is_gpu(limit: &Setting) -> bool {
    let name = limit.name.to_ascii_lowercase();
    let is_none = limit.value == "0";
    !is_none && (name.contains("gpu") || name.contains("nvidia") || name.contains("amd.com") || name.contains("claim"))
}

/// Says whether a label or taint is one of nodes with GPUs.
fn is_gpu_node(label: &Setting) -> bool {
    label.name.starts_with("nvidia.com/")
        || label.name.contains("gke-accelerator")
        || label.name.contains("instance-gpu-")
}

fn has_limit(workload: &Workload) -> bool {
    workload.limits.iter().any(is_gpu)
}

/// What is known of the devices that a workload gets by the runtime alone.
enum ByRuntime {
    /// The runtime is not asked for.
    No,
    /// It injects the driver.
    Yes,
    /// It is asked for and injects nothing: why, and where that stands.
    Nothing(String, Evidence),
    Unknown,
}

fn by_runtime(stack: &Stack, workload: &Workload) -> ByRuntime {
    let Some(runtime) =
        workload.runtime.as_ref().filter(|runtime| runtime.value.contains("nvidia") || runtime.name.contains("nvidia"))
    else {
        return ByRuntime::No;
    };
    let own = workload.settings.iter().find(|setting| setting.name == "NVIDIA_VISIBLE_DEVICES");
    let image = stack.environment.image();
    let setting = own.or_else(|| image?.setting("NVIDIA_VISIBLE_DEVICES"));
    if let Some(setting) = setting {
        let about = Evidence { component: None, subject: subject(stack, setting), place: setting.place };
        return match setting.value.trim() {
            "" | "void" | "none" => {
                ByRuntime::Nothing(format!("NVIDIA_VISIBLE_DEVICES is \"{}\"", setting.value.trim()), about)
            }
            _ => ByRuntime::Yes,
        };
    }
    let Some(base) = image.filter(|image| !image.whole).and_then(|image| image.base) else { return ByRuntime::Unknown };
    if image::row(base).is_some() {
        return ByRuntime::Yes;
    }
    if image::is_plain(base) {
        let about = Evidence { component: None, subject: workload.subject, place: runtime.place };
        return ByRuntime::Nothing(
            "nothing sets NVIDIA_VISIBLE_DEVICES, and the runtime injects nothing without it".to_owned(),
            about,
        );
    }
    ByRuntime::Unknown
}

/// What has no use without a GPU.
fn is_gpu_only(name: &str) -> bool {
    matches!(name, "vllm" | "vllm-openai" | "sglang" | "onnxruntime-gpu")
        || name.starts_with("cupy-cuda")
        || name.starts_with("tensorrt")
}

/// NO-DRIVER: a container that uses CUDA is given no GPU.
pub(super) fn no_driver(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let Some(at) = uses_cuda(stack) else { return };
    // One image serves the GPU worker and the jobs around it: where one container is given a GPU, the others may do without.
    if environment.workloads.iter().any(|workload| {
        has_limit(workload) || matches!(by_runtime(stack, workload), ByRuntime::Yes | ByRuntime::Unknown)
    }) {
        return;
    }
    // A server says more of a container than the libraries in it.
    let only = |is_it: fn(&str) -> bool| {
        let mut carriers = stack.carriers.iter();
        carriers.position(|carrier| is_it(carrier.component.purl.name()) && carrier.cuda.major().is_some())
    };
    let only = only(|name| matches!(name, "vllm" | "vllm-openai" | "sglang")).or_else(|| only(is_gpu_only));
    // Where NVIDIA's runtime is the default one, an image or a variable that asks for all devices gets them.
    let image = environment.image();
    let may_ask = image.is_some_and(|image| image.whole || image.base.is_none_or(|base| !image::is_plain(base)));
    for workload in &environment.workloads {
        let seeks = workload.selects.iter().chain(&workload.tolerates).find(|label| is_gpu_node(label));
        let nothing = by_runtime(stack, workload);
        let (why, about) = match (&nothing, seeks, only) {
            (ByRuntime::Nothing(why, about), ..) => (why.clone(), *about),
            (_, Some(label), _) => (
                format!("{} is meant for nodes with GPUs, by {}", workload.name, label.name),
                Evidence { component: None, subject: workload.subject, place: label.place },
            ),
            (_, None, Some(_)) => (
                format!("{} asks for no GPU: no limit, no device, no runtime class", workload.name),
                Evidence { component: None, subject: workload.subject, place: workload.place },
            ),
            // Many a service has torch's default build, and is meant for the CPU.
            (_, None, None) => continue,
        };
        let visible = workload.settings.iter().find(|setting| setting.name == "NVIDIA_VISIBLE_DEVICES");
        let visible = visible.or_else(|| image?.setting("NVIDIA_VISIBLE_DEVICES"));
        let injects_nothing = matches!(nothing, ByRuntime::Nothing(..));
        if !injects_nothing && visible.is_some_and(|setting| !matches!(setting.value.trim(), "" | "void" | "none")) {
            continue;
        }
        let gravity = if may_ask && !injects_nothing { Gravity::Warning } else { Gravity::Error };
        let at = only.unwrap_or(at);
        let carrier = &stack.carriers[at];
        let shown = format!("{} {}", carrier.component.name(), carrier.component.version());
        let message = format!("{} runs {shown} and is given no GPU, nor its driver", workload.name);
        let mut answer = Answer::new("NO-DRIVER", Verdict::FailsAtStart, gravity, about, message)
            .because(carrier.because.clone(), carrier.source)
            .because(why, "")
            .because(
                "the driver is the node's, and is put into a container together with a GPU: an image holds none",
                TOOLKIT,
            );
        if gravity == Gravity::Warning {
            let text =
                "its image may ask for all devices by itself, and gets them where NVIDIA's runtime is the default one";
            answer = answer.because(text, TOOLKIT);
        }
        answers.push(
            answer
                .beside(stack.evidence(at), "what needs it")
                .says("libcuda.so.1: cannot open shared object file")
                .mend(match nothing {
                    ByRuntime::Nothing(..) => "set NVIDIA_VISIBLE_DEVICES=all, or better ask for the device itself".to_owned(),
                    _ => "ask for the device: resources.limits \"nvidia.com/gpu\": 1, in a compose file deploy.resources.reservations.devices".to_owned(),
                }),
        );
    }
}

/// CPU-BUILD: a build for the CPU where a GPU is given.
pub(super) fn cpu_build(stack: &Stack, answers: &mut Vec<Answer>) {
    let environment = &stack.environment;
    let packages: Vec<&Package> = environment.packages.iter().filter(|package| is_framework(package)).collect();
    let Some(first) = packages.first() else { return };
    let all_cpu = packages.iter().all(|package| builds_for_cpu(stack, package).is_some());
    // Something else may be what uses the GPU.
    let has_cuda = stack.carriers.iter().any(|carrier| {
        let is_base =
            environment.image().and_then(|image| image.base).is_some_and(|base| std::ptr::eq(base, carrier.component));
        !is_base && !matches!(carrier.cuda, Cuda::Cpu)
    }) || environment.packages.iter().any(|package| {
        let is_image = matches!(package.component.purl.ty(), "docker" | "oci");
        let name = if is_image { "" } else { package.name() };
        name.starts_with("nvidia-") && name != "nvidia-ml-py"
            || name.contains("tensorrt")
            || name.contains("-cuda")
            || name.contains("-cu1")
            || name.starts_with("cuda")
    });
    if !all_cpu || has_cuda {
        return;
    }
    let given = environment.workloads.iter().find_map(|workload| {
        let limit = workload.limits.iter().find(|limit| is_gpu(limit))?;
        let about = Evidence { component: None, subject: workload.subject, place: limit.place };
        Some((format!("{} asks for {}", workload.name, limit.name), about, "the GPU that is asked for"))
    });
    let given = given.or_else(|| {
        let image = environment.image()?;
        let row = image.base.and_then(image::row).filter(|row| row.kind == ImageKind::Cuda)?;
        // The compiler in it may build something else for the GPU.
        let is_built = image.compiler().is_some()
            || image.commands.iter().any(|command| matches!(command.name, "make" | "cmake" | "cargo"));
        let about = Evidence { component: None, subject: image.subject, place: image.base_place };
        (!is_built).then(|| (format!("its image starts from {}", row.path), about, "the image for GPUs"))
    });
    let Some((why, place, note)) = given else { return };
    let (because, source) = builds_for_cpu(stack, first).unwrap_or_default();
    let message = format!("{} is a build for the CPU, and never uses the GPU", first.shown());
    answers.push(
        Answer::new("CPU-BUILD", Verdict::FallsBackToCpu, Gravity::Warning, Evidence::from(*first), message)
            .because(because, source)
            .because(why, "")
            .because(
                "a build for the CPU has no CUDA in it: it runs without a word, or says so when it is asked for a GPU",
                "kijai/ComfyUI-SUPIR#35",
            )
            .beside(place, note)
            .says("Torch not compiled with CUDA enabled")
            .mend(format!("lock a build of {} for CUDA, or ask for no GPU", first.name())),
    );
}

fn is_framework(package: &Package) -> bool {
    match package.component.purl.ty() {
        "pypi" => matches!(package.name(), "torch" | "tensorflow-cpu"),
        "conda" => package.name() == "pytorch",
        _ => false,
    }
}

/// Returns why a package is a build for the CPU; none where it is not, or where that is not known.
fn builds_for_cpu(stack: &Stack, package: &Package) -> Option<(String, &'static str)> {
    if package.component.purl.ty() == "conda" {
        let build = package.component.purl.qualifiers().into_iter().find(|(key, _)| key == "build")?.1;
        let is_cpu = build.contains("cpu") && !build.contains("cuda");
        return is_cpu.then(|| {
            (format!("{} has the build string {build}", package.shown()), "conda-forge pytorch-cpu-feedstock")
        });
    }
    if package.name() == "tensorflow-cpu" {
        return Some((
            format!("{} has no CUDA, as its name says", package.shown()),
            "tensorflow/tensorflow install documentation",
        ));
    }
    let carrier = stack.carriers.iter().find(|carrier| std::ptr::eq(carrier.component, package.component))?;
    (carrier.cuda == Cuda::Cpu).then(|| (format!("{}: it is built for the CPU alone", carrier.because), carrier.source))
}
