//! What needs more than a lockfile: images, their build, containers of one job.

use super::super::{Environment, Gravity, Install, Package, Setting, Stack, Stage, Workload, across, inspect};
use crate::intern;
use crate::model::{Component, Purl};
use crate::source::Place;

fn environment(packages: &[&str]) -> Environment {
    let component = |text: &&str| {
        let (name, version) = text.split_once(' ').expect("a name and a version");
        Component::new(Purl::new("pypi", "", name, version)).intern()
    };
    Environment::of("test", packages.iter().map(component))
}

fn image(text: &str) -> &'static Component {
    let (path, tag) = text.split_once(':').expect("a tag");
    let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
    Component::new(Purl::new("docker", namespace, name, tag)).intern()
}

fn setting(name: &'static str, value: &'static str) -> Setting {
    Setting { name, value, place: Place::default() }
}

fn runs(base: &str) -> Stage {
    Stage { runs: true, base: Some(image(base)), ..Stage::default() }
}

/// Returns what is told as a finding, `CLASS gravity`.
fn told(packages: &[&str], stages: Vec<Stage>) -> Vec<String> {
    let stack = Stack::of(Environment { stages, ..environment(packages) });
    let answers = inspect(&stack);
    let found = answers.iter().filter(|answer| answer.gravity > Gravity::Info);
    found.map(|answer| format!("{} {:?}", answer.class, answer.gravity)).collect()
}

#[test]
fn onnxruntime_runs_on_what_the_image_has() {
    let alone = &["onnxruntime-gpu 1.22.0"][..];
    let with_torch = &["onnxruntime-gpu 1.22.0", "torch 2.5.1"][..];
    let other_major = &["onnxruntime-gpu 1.27.0", "torch 2.5.1"][..];
    let with_cudnn_8 = &["onnxruntime-gpu 1.19.2", "torch 2.3.1", "nvidia-cudnn-cu12 8.9.2.26"][..];
    for (packages, base, expected) in [
        (alone, "python:3.12-slim", &["ORT-EXTRA Warning"][..]),
        (alone, "nvidia/cuda:12.4.1-base-ubuntu22.04", &["ORT-EXTRA Warning"]),
        (alone, "nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", &["ORT-EXTRA Warning"]),
        (alone, "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", &[]),
        (alone, "team/base:1", &[]),
        (with_torch, "python:3.12-slim", &[]),
        (other_major, "python:3.12-slim", &["MAJOR-MIX Error"]),
        (other_major, "nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", &["MAJOR-MIX Warning"]),
        (other_major, "team/base:1", &["MAJOR-MIX Warning"]),
        (alone, "nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04", &["CUDNN-MAJOR Error"]),
        (with_cudnn_8, "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", &[]),
        (with_cudnn_8, "python:3.12-slim", &["CUDNN-MAJOR Error"]),
        (with_cudnn_8, "team/base:1", &[]),
    ] {
        assert_eq!(told(packages, vec![runs(base)]), expected, "{packages:?} {base}");
    }
    assert!(told(alone, Vec::new()).is_empty());
    // What else may bring libraries in makes it unknown.
    let install = |manager, name| Install { manager, name, constraint: "", index: "", place: Place::default() };
    for stage in [
        Stage { installs: vec![install("apt", "cuda-libraries-12-4")], ..runs("python:3.12-slim") },
        Stage { installs: vec![install("conda", "cudnn")], ..runs("python:3.12-slim") },
        Stage { commands: vec![setting("sh", "cuda_12.4.1_550.54.15_linux.run --silent")], ..runs("ubuntu:22.04") },
        Stage { copied: vec!["nvidia/cuda:12.4.1-runtime-ubuntu22.04 /usr/local/cuda"], ..runs("python:3.12-slim") },
        Stage { settings: vec![setting("LD_LIBRARY_PATH", "/usr/local/cuda/lib64")], ..runs("python:3.12-slim") },
        Stage { whole: true, ..runs("python:3.12-slim") },
    ] {
        assert!(told(alone, vec![stage.clone()]).is_empty(), "{stage:?}");
    }
}

#[test]
fn packages_that_compile_need_a_toolkit() {
    for (packages, base, expected) in [
        (&["cupy-cuda12x 13.4.1"][..], "nvidia/cuda:13.0.1-runtime-ubuntu24.04", &["CUPY Error"][..]),
        (&["cupy-cuda12x 13.4.1"], "nvidia/cuda:12.4.1-runtime-ubuntu22.04", &[]),
        (&["cupy-cuda12x 13.4.1", "nvidia-cublas-cu12 12.4.5.8"], "python:3.12-slim", &[]),
        (&["numba-cuda 0.20.0"], "python:3.12-slim", &["NUMBA Warning"]),
        (&["numba-cuda 0.20.0"], "nvidia/cuda:12.4.1-devel-ubuntu22.04", &[]),
        (&["numba 0.61.2"], "python:3.12-slim", &[]),
    ] {
        assert_eq!(told(packages, vec![runs(base)]), expected, "{packages:?} {base}");
    }
}

#[test]
fn engines_run_on_the_tensorrt_that_built_them() {
    let build = |constraint, command| Stage {
        installs: vec![Install {
            manager: "apt",
            name: "libnvinfer10",
            constraint,
            index: "",
            place: Place::default(),
        }],
        commands: vec![setting("trtexec", command)],
        base: Some(image("nvidia/cuda:12.6.3-devel-ubuntu22.04")),
        ..Stage::default()
    };
    let plain = "trtexec --onnx=model.onnx --saveEngine=model.plan";
    let wheel = &["tensorrt-cu12 10.3.0"][..];
    for (packages, constraint, command, expected) in [
        (wheel, "=10.7.0.23-1+cuda12.6", plain, &["TRT-ENGINE Error"][..]),
        (wheel, "=10.7.0.23-1+cuda12.6", "cp model.plan /out", &["TRT-ENGINE Warning"]),
        (wheel, "=10.7.0.23-1+cuda12.6", "trtexec --versionCompatible", &[]),
        (wheel, "=10.3.0.26-1+cuda12.5", plain, &[]),
        (wheel, "", plain, &[]),
        (wheel, "=10.*", plain, &[]),
        (&["torch 2.5.1"], "=10.7.0.23-1+cuda12.6", plain, &[]),
    ] {
        let stages = vec![build(constraint, command), runs("team/base:1")];
        assert_eq!(told(packages, stages), expected, "{packages:?} {constraint} {command}");
    }
}

#[test]
fn a_variable_picks_the_library_of_bitsandbytes() {
    let packages = &["bitsandbytes 0.47.0", "torch 2.5.1+cu124"][..];
    for (value, expected) in [("121", &["BNB-LIB Warning"][..]), ("124", &[]), ("", &[]), ("$CUDA", &[])] {
        let stage = Stage { settings: vec![setting("BNB_CUDA_VERSION", value)], ..runs("team/base:1") };
        assert_eq!(told(packages, vec![stage]), expected, "{value}");
    }
}

fn rank(name: &'static str, nccl: &str) -> Stack {
    let workload = Workload { name, subject: "job.yaml", ..Workload::default() };
    let packages = [format!("nvidia-nccl-cu12 {nccl}"), "torch 2.5.1".to_owned()];
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    Stack::of(Environment { workloads: vec![workload], ..environment(&packages) })
}

#[test]
fn ranks_of_one_job_load_one_nccl() {
    for (first, second, expected) in [
        (("PyTorchJob/train master", "2.21.5"), ("PyTorchJob/train worker", "2.26.2"), Some(Gravity::Error)),
        (("PyTorchJob/train master", "2.21.5"), ("PyTorchJob/train worker", "2.21.6"), Some(Gravity::Warning)),
        (("PyTorchJob/train master", "2.21.5"), ("PyTorchJob/train worker", "2.21.5"), None),
        (("PyTorchJob/train master", "2.21.5"), ("PyTorchJob/other worker", "2.26.2"), None),
        (("Deployment/api server", "2.21.5"), ("Deployment/api sidecar", "2.26.2"), None),
    ] {
        let answers = across(&[rank(first.0, first.1), rank(second.0, second.1)]);
        assert_eq!(answers.first().map(|answer| answer.gravity), expected, "{first:?} {second:?}");
    }
}

#[test]
fn a_container_asks_for_the_gpus_that_its_torch_is_for() {
    for (torch, limit, expected) in [
        ("2.5.1+cu124", "amd.com/gpu", 1),
        ("2.5.1+rocm6.2", "nvidia.com/gpu", 1),
        ("2.5.1+rocm6.2", "amd.com/gpu", 0),
        ("2.5.1+cu124", "nvidia.com/mig-1g.5gb", 0),
        ("2.5.1+cpu", "amd.com/gpu", 0),
    ] {
        let workload =
            Workload { name: "Deployment/api server", limits: vec![setting(limit, "1")], ..Workload::default() };
        let torch = intern::text(&format!("torch {torch}"));
        let stack = Stack::of(Environment { workloads: vec![workload], ..environment(&[torch]) });
        let found = inspect(&stack).iter().filter(|answer| answer.class == "ROCM-MIX").count();
        assert_eq!(found, expected, "{torch} {limit}");
    }
}

#[test]
fn crates_carry_what_is_not_known() {
    let of = |names: &[(&str, &str)], stages: Vec<Stage>| {
        let packages: Vec<Package> = names
            .iter()
            .map(|(name, version)| Component::new(Purl::new("cargo", "", name, version)).intern())
            .flat_map(|component| Environment::of("test", [component]).packages)
            .collect();
        let stack = Stack::of(Environment { packages, stages, ..Environment::default() });
        let carriers =
            stack.carriers.iter().filter(|carrier| !carrier.is_part() && carrier.component.purl.ty() == "cargo");
        carriers.map(|carrier| format!("{}: {}", carrier.component.purl.name(), carrier.cuda)).collect::<Vec<_>>()
    };
    assert!(of(&[("serde", "1.0.228"), ("candle-core", "0.9.1"), ("ort", "2.0.0-rc.10")], Vec::new()).is_empty());
    let found = of(&[("candle-core", "0.9.1"), ("candle-kernels", "0.9.1"), ("cudarc", "0.16.1")], Vec::new());
    assert!(found.len() == 1 && found[0].starts_with("candle-kernels: an unknown CUDA ("), "{found:?}");
    // What `cargo metadata` tells of features.
    for (features, expected) in
        [("cuda-12040,driver", "CUDA 12.4"), ("cuda-13000", "CUDA 13.0"), ("driver", "an unknown CUDA")]
    {
        let mut cudarc = Component::new(Purl::new("cargo", "", "cudarc", "0.18.1"));
        cudarc.properties.push(("cargo:features", features));
        let stack = Stack::of(Environment::of("test", [cudarc.intern()]));
        let shown = stack.carriers[0].cuda.to_string();
        assert!(shown.starts_with(expected), "{features}: {shown}");
    }
    let tch = &[("tch", "0.17.0"), ("torch-sys", "0.17.0")];
    let found = of(tch, Vec::new());
    assert!(found.len() == 1 && found[0].contains("libtorch 2.4"), "{found:?}");
    let stage = Stage { settings: vec![setting("TORCH_CUDA_VERSION", "cu121")], ..runs("team/base:1") };
    assert_eq!(of(tch, vec![stage]), ["torch-sys: CUDA 12.1"]);
}
