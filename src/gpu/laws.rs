//! Laws of the judgement, by random stacks: a newer driver and more kernels never make it worse, but for what is named.

use proptest::prelude::*;

use super::facts::{drivers, frameworks, gpus};
use super::summary::gravest;
use super::*;
use crate::model::{Component, Purl};

const IMAGES: &[&str] = &[
    "",
    "nvidia/cuda 11.8.0-base-ubuntu22.04",
    "nvidia/cuda 12.4.1-runtime-ubuntu22.04",
    "nvidia/cuda 12.8.1-cudnn-devel-ubuntu22.04",
    "nvidia/cuda 13.0.2-base-ubuntu24.04",
    "nvidia/pytorch 25.03-py3",
    "pytorch/pytorch 2.5.1-cuda12.4-cudnn9-runtime",
    "python 3.12-slim",
];

const PACKAGES: &[&str] = &[
    "",
    "torch 2.5.1+cu118",
    "torch 2.5.1+cu124",
    "torch 2.8.0",
    "torch 2.10.0",
    "torch 2.11.0",
    "torch 2.11.0+cpu",
    "jax-cuda12-plugin 0.8.0",
    "jax-cuda13-plugin 0.8.0",
    "cupy-cuda12x 13.4.0",
    "onnxruntime-gpu 1.26.0",
    "onnxruntime-gpu 1.27.0",
    "tensorflow 2.18.1",
    "vllm 0.24.0",
];

fn component(ty: &str, text: &str) -> &'static Component {
    let (name, version) = text.split_once(' ').expect("a name and a version");
    let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
    Component::new(Purl::new(ty, namespace, name, version)).intern()
}

fn stack(package: &str, image: &str, on_path: bool) -> Stack {
    let packages = (!package.is_empty()).then(|| component("pypi", package));
    let mut environment = Environment::of("test", packages);
    if !image.is_empty() {
        let path = Setting {
            name: "LD_LIBRARY_PATH",
            value: "/usr/local/cuda/compat:/usr/local/cuda/lib64",
            place: Place::default(),
        };
        environment.stages.push(Stage {
            runs: true,
            base: Some(component("docker", image)),
            settings: on_path.then_some(path).into_iter().collect(),
            ..Stage::default()
        });
    }
    Stack::of(environment)
}

fn fails(answers: &[Answer]) -> bool {
    matches!(gravest(answers), Verdict::FailsAtStart | Verdict::FailsAtKernel | Verdict::FallsBackToCpu)
}

fn known_drivers() -> Vec<&'static Dotted> {
    let rows = drivers().branches.iter();
    let mut known: Vec<&Dotted> =
        rows.flat_map(|row| std::iter::once(&row.first_toolkit_driver_linux).chain(&row.latest_linux)).collect();
    known.sort();
    known
}

proptest! {
    /// A newer driver makes nothing fail that ran, but for the generations that it drops, and for forward compatibility: a path
    /// may put its driver before a newer one, and it and an image's start condition are for some branches and not for all.
    #[test]
    fn a_newer_driver_makes_nothing_worse(
        package in 0..PACKAGES.len(),
        image in 0..IMAGES.len(),
        board in any::<prop::sample::Index>(),
        drivers in any::<(prop::sample::Index, prop::sample::Index)>(),
        on_path in any::<bool>(),
        legacy in any::<bool>(),
    ) {
        let boards: Vec<_> = gpus().models.iter().filter(|gpu| gpu.class != "jetson").collect();
        let known = known_drivers();
        let (a, b) = (drivers.0.get(&known), drivers.1.get(&known));
        let (older, newer) = if a <= b { (a, b) } else { (b, a) };
        let stack = stack(PACKAGES[package], IMAGES[image], on_path);
        let on = |driver: &Dotted| Target {
            name: "pool".to_owned(),
            driver: Some(driver.clone()),
            gpus: vec![board.get(&boards).name.clone()],
            mode: if legacy { Mode::Legacy } else { Mode::Cdi },
            ..Target::default()
        };
        let (before, after) = (judge(&stack, &on(older)), judge(&stack, &on(newer)));
        if !fails(&before) && fails(&after) {
            let named = after.iter().any(|answer| {
                answer.gravity > Gravity::Info && matches!(answer.class, "DRV-ARCH" | "FC-STALE" | "FC-HW" | "FC-BRANCH" | "REQ-UNMET")
            });
            // What was not known with the older driver may be known to fail with the newer one.
            let unknown = gravest(&before) == Verdict::Unknown;
            prop_assert!(named || unknown, "{} {} {older} {newer}: {before:#?} {after:#?}", PACKAGES[package], IMAGES[image]);
        }
    }

    /// A build for more architectures serves every GPU that it served before.
    #[test]
    fn more_kernels_lose_no_gpu(
        row in any::<prop::sample::Index>(),
        board in any::<prop::sample::Index>(),
        more in proptest::sample::subsequence(vec!["sm_50", "sm_61", "sm_75", "sm_89", "sm_100", "sm_103", "sm_120", "compute_90", "compute_120"], 0..6),
    ) {
        let rows = &frameworks().torch_arch;
        let row = row.get(rows);
        let boards: Vec<_> = gpus().models.iter().filter(|gpu| gpu.class != "jetson").collect();
        let board = board.get(&boards);
        let names: Vec<String> = row.sm.iter().map(|sm| format!("sm_{sm}")).chain(row.ptx.iter().map(|ptx| format!("compute_{ptx}"))).collect();
        let with_more: Vec<String> = names.iter().cloned().chain(more.iter().map(|name| (*name).to_owned())).collect();
        let before = judge::cover(&names, board.sm);
        let after = judge::cover(&with_more, board.sm);
        prop_assert!(before == judge::Cover::None || after != judge::Cover::None);
        prop_assert!(before != judge::Cover::Kernel || after == judge::Cover::Kernel);
    }
}
