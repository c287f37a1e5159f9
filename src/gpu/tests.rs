//! What holds of the tables, and what the lookups make of them: each class with what fires it and what must not.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::carriers::cuda_of_variant;
use super::facts::{self, drivers, frameworks, gpus, toolkits};
use super::*;
use crate::model::Purl;

fn component(text: &str) -> &'static Component {
    let (name, version) = text.split_once(' ').expect("a name and a version");
    Component::new(Purl::new("pypi", "", name, version)).intern()
}

fn stack(components: impl IntoIterator<Item = &'static Component>) -> Stack {
    Stack::of(Environment::of("test", components))
}

fn stack_of(lines: &[&str]) -> Stack {
    stack(lines.iter().map(|line| component(line)))
}

fn target(driver: &str, gpus: &[&str]) -> Target {
    Target {
        name: "the pool".to_owned(),
        driver: Dotted::parse(driver),
        gpus: gpus.iter().map(|gpu| (*gpu).to_owned()).collect(),
        ..Target::default()
    }
}

/// Returns what is told, as `CLASS verdict`.
fn told(stack: &Stack, target: &Target) -> Vec<String> {
    // That a driver which a case does not give is not known is of no interest to it.
    let is_asked = |answer: &&Answer| {
        !(target.driver.is_none() && answer.class == "DRV-FLOOR" && answer.verdict == Verdict::Unknown)
    };
    let answers = judge(stack, target);
    answers.iter().filter(is_asked).map(|answer| format!("{} {:?}", answer.class, answer.verdict)).collect()
}

#[test]
fn every_row_has_a_source() {
    let (t, d, g, f) = (toolkits(), drivers(), gpus(), frameworks());
    let sources = (t.releases.iter().map(|row| &row.source))
        .chain(t.floors.iter().map(|row| &row.source))
        .chain(d.branches.iter().map(|row| &row.source))
        .chain(d.gpu_support.iter().map(|row| &row.source))
        .chain(g.models.iter().map(|row| &row.source))
        .chain(f.torch_release.iter().map(|row| &row.source))
        .chain(f.torch_local.iter().map(|row| &row.source))
        .chain(f.torch_pins.iter().map(|row| &row.source))
        .chain(f.torch_arch.iter().map(|row| &row.source))
        .chain(f.tensorflow.iter().map(|row| &row.source))
        .chain(f.jax.iter().map(|row| &row.source))
        .chain(f.onnxruntime_gpu.iter().map(|row| &row.source))
        .chain(f.cupy.iter().map(|row| &row.source))
        .chain(f.vllm.iter().map(|row| &row.source))
        .chain(f.ngc.iter().map(|row| &row.source))
        .chain(f.torch_pair.iter().map(|row| &row.source))
        .chain(f.torchvision_range.iter().map(|row| &row.source))
        .chain(f.triton_pair.iter().map(|row| &row.source))
        .chain(f.toolkit_extra.iter().map(|row| &row.source))
        .chain(f.xformers.iter().map(|row| &row.source))
        .chain(f.vllm_pins.iter().map(|row| &row.source))
        .chain(f.tensorflow_pins.iter().map(|row| &row.source))
        .chain(f.jax_plugin.iter().map(|row| &row.source))
        .chain(
            [&f.torch_pair_rule, &f.vllm_rules, &f.flash_attn_rules, &f.torch_rules, &f.jax_rules]
                .map(|note| &note.source),
        );
    let mut count = 0;
    for source in sources {
        assert!(!source.is_empty());
        count += 1;
    }
    assert!(count > 400, "{count} rows");
    assert_eq!(facts::data_date().len(), 10);
    for rule in ["binary_compat", "ptx_jit", "minor_version_compat"] {
        assert!(!toolkits().rule(rule).is_empty(), "{rule}");
    }
}

#[test]
fn every_toolkit_has_its_floor() {
    for row in &toolkits().releases {
        let version = Dotted::parse(&row.version).expect("a version");
        assert_eq!(version.major_minor(), row.major_minor, "{}", row.version);
        assert!(row.min_sm <= row.max_sm, "{}", row.version);
        let major = toolkits().floors.iter().find(|floor| floor.major == version.major());
        // Below 11 there is no compatibility within a major, and 11.0 has a floor of its own.
        match major {
            Some(major) if row.major_minor == Dotted::of(11, 0) => {
                assert!(row.min_driver_linux < major.min_driver_linux)
            }
            Some(major) => assert_eq!(row.min_driver_linux, major.min_driver_linux, "{}", row.version),
            None => assert!(version.major() < 11, "{} has no floor", row.version),
        }
        let (floor, _) = toolkits().floor(&row.major_minor).expect("a floor");
        assert!(*floor <= row.min_driver_linux);
    }
    assert!(toolkits().floors.is_sorted_by(|a, b| a.major < b.major && a.min_driver_linux < b.min_driver_linux));
    let versions: BTreeSet<_> = toolkits().releases.iter().map(|row| &row.version).collect();
    assert_eq!(versions.len(), toolkits().releases.len(), "a toolkit is there twice");
}

#[test]
fn wheels_belong_to_one_minor() {
    let mut of: BTreeMap<(&str, &str), Dotted> = BTreeMap::new();
    for row in &toolkits().releases {
        for (name, version) in row.wheels.iter().filter(|(name, _)| name.starts_with("nvidia-cuda-runtime")) {
            let wheel = Dotted::parse(version).expect("a version").major_minor();
            assert_eq!(wheel, row.major_minor, "{name} {version} of {}", row.version);
            assert_eq!(*of.entry((name, version)).or_insert_with(|| row.major_minor.clone()), row.major_minor);
        }
    }
    assert!(!of.is_empty());
}

#[test]
fn branches_are_in_order() {
    assert!(drivers().branches.is_sorted_by(|a, b| a.branch < b.branch && a.max_cuda < b.max_cuda));
    for row in &drivers().branches {
        assert_eq!(row.first_toolkit_driver_linux.major(), row.branch);
        assert!(row.latest_linux.as_ref().is_none_or(|latest| latest.major() == row.branch), "R{}", row.branch);
        assert!(row.eol.is_empty() || row.eol.len() == 10, "R{}", row.branch);
    }
    for floor in &toolkits().floors {
        let branch = drivers().branch(&floor.min_driver_linux).expect("a floor is in a branch");
        assert_eq!(branch.max_cuda.major(), floor.major);
    }
}

#[test]
fn every_gpu_has_an_architecture() {
    let names: BTreeSet<_> = gpus().models.iter().map(|row| &row.name).collect();
    assert_eq!(names.len(), gpus().models.len(), "a model is there twice");
    let mut of = BTreeMap::new();
    for row in &gpus().models {
        assert_eq!(row.compute_capability.major() * 10 + row.compute_capability.minor(), row.sm, "{}", row.name);
        assert!(!row.architecture.is_empty() && !row.class.is_empty(), "{}", row.name);
        assert_eq!(*of.entry(row.sm).or_insert(&row.architecture), &row.architecture, "{}", row.name);
        assert_eq!(gpus().find(&row.name).map(|gpu| &gpu.name), Some(&row.name));
    }
    for row in &drivers().gpu_support {
        assert!(of.values().any(|architecture| **architecture == row.architecture), "{}", row.architecture);
        assert!(row.first_branch.is_some() || row.last_branch.is_some());
    }
}

#[test]
fn every_build_of_torch_names_a_toolkit() {
    let tables = frameworks();
    assert!(tables.torch_release.is_sorted_by(|a, b| a.version < b.version));
    for row in &tables.torch_release {
        assert!(row.variants.contains(&row.pypi_variant), "{}", row.version);
        let default = cuda_of_variant(&row.pypi_variant).expect("a build for CUDA");
        assert_eq!(default.major(), row.pypi_cuda_major, "{}", row.version);
        for variant in &row.variants {
            let cuda = cuda_of_variant(variant);
            assert!(
                variant.starts_with("rocm") || cuda.is_some_and(|cuda| toolkits().of(&cuda).next().is_some()),
                "{variant}"
            );
        }
    }
    for row in &tables.torch_local {
        let cuda = cuda_of_variant(&row.local).expect("a build for CUDA");
        assert_eq!(cuda, row.toolkit.major_minor(), "{}", row.local);
        assert_eq!(toolkits().floor(&cuda).map(|(floor, _)| floor), Some(&row.min_driver_linux), "{}", row.local);
    }
    let mut lists = BTreeSet::new();
    for row in &tables.torch_arch {
        assert!(tables.torch(&row.torch).is_some(), "{}", row.torch);
        assert!(
            lists.insert((row.torch.to_string(), &row.variant, &row.platform)),
            "{} {} twice",
            row.torch,
            row.variant
        );
        let cuda = cuda_of_variant(&row.variant).expect("a build for CUDA");
        let toolkit = toolkits().of(&cuda).max_by_key(|toolkit| toolkit.max_sm).expect("a toolkit");
        for sm in &row.sm {
            assert!((toolkit.min_sm..=toolkit.max_sm).contains(sm), "sm_{sm} of {} {}", row.torch, row.variant);
        }
    }
    for row in &tables.torch_pins {
        let release = tables.torch(&row.version.major_minor()).expect("a release");
        let default = cuda_of_variant(&release.pypi_variant).expect("a build for CUDA");
        let runtime =
            row.pins.iter().filter(|(name, _)| name.starts_with("nvidia-cuda-runtime") || *name == "cuda-toolkit");
        for (name, version) in runtime {
            let version = Dotted::parse(&version.to_string()).expect("a version");
            assert_eq!(version.major_minor(), default, "{name} of torch {}", row.version);
        }
    }
}

#[test]
fn gpus_are_found_by_what_tools_call_them() {
    for (name, expected) in [
        ("A100", Some("A100")),
        ("NVIDIA A100-SXM4-40GB", Some("A100")),
        ("NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", Some("A100")),
        ("Tesla-T4", Some("T4")),
        ("tesla t4", Some("T4")),
        ("NVIDIA-L40S-SHARED", Some("L40S")),
        ("NVIDIA L40", Some("L40")),
        ("NVIDIA L4", Some("L4")),
        ("NVIDIA A10G", Some("A10G")),
        ("NVIDIA GB200", Some("GB200")),
        ("H100 80GB HBM3", Some("H100")),
        ("RTX 4090", Some("GeForce RTX 4090")),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", Some("GeForce RTX 4090")),
        ("nvidia-tesla-v100", Some("V100")),
        ("Quadro RTX 6000", Some("Quadro RTX 6000")),
        ("RTX 6000 Ada", Some("RTX 6000 Ada Generation")),
        // Turing or Ada: not guessed.
        ("RTX 6000", None),
        // A virtual GPU has drivers of its own.
        ("GRID T4-16Q", None),
        ("L400", None),
        ("NVIDIA", None),
        ("", None),
    ] {
        assert_eq!(gpus().find(name).map(|gpu| gpu.name.as_str()), expected, "{name}");
    }
}

#[test]
fn drivers_below_the_floor() {
    let cu12: &[&str] = &["torch 2.10.0", "nvidia-cuda-runtime-cu12 12.8.90"];
    let cu13: &[&str] = &["torch 2.11.0", "cuda-toolkit 13.0.2", "nvidia-cuda-runtime 13.0.96"];
    for (lines, driver, expected) in [
        (cu13, "535.183.06", &["DRV-FLOOR FailsAtStart"][..]),
        (cu13, "580.65.05", &["DRV-FLOOR FailsAtStart"]),
        (cu13, "580.65.06", &[]),
        // A newer driver is always fine.
        (cu13, "615.71.09", &[]),
        (&["torch 2.1.0+cu121"], "470.182.03", &["DRV-FLOOR FailsAtStart"]),
        (&["torch 2.1.0+cu118"], "470.182.03", &[]),
        (&["torch 1.12.1"], "440.33.00", &["DRV-FLOOR FailsAtStart"]),
        // It brings no CUDA by itself, and then runs on the CPU.
        (&["tensorflow 2.18.0"], "470.82.01", &["DRV-FLOOR RunsIf"]),
        (&["jax-cuda13-plugin 0.8.0"], "535.183.06", &["DRV-FLOOR FallsBackToCpu"]),
        // One cause is told once.
        (&["vllm 0.24.0", "torch 2.11.0"], "535.183.06", &["DRV-FLOOR FailsAtStart"]),
        // Trap: a driver for an earlier minor of the same major is enough.
        (cu12, "525.60.13", &[]),
        (cu12, "535.183.06", &[]),
        // Trap: the driver that came with a toolkit is not the least one.
        (&["torch 2.8.0+cu129"], "525.60.13", &[]),
        // Trap: 11.0 has a floor of its own, and where the minor is not known that may be it.
        (&["onnxruntime-gpu 1.8.0"], "450.36.06", &[]),
        (&["onnxruntime-gpu 1.10.0"], "450.36.06", &["DRV-FLOOR FallsBackToCpu"]),
        (&["cupy-cuda11x 13.0.0"], "450.51.06", &[]),
        // Trap: an unknown driver is no finding.
        (cu13, "", &[]),
        // A branch alone is each of its builds.
        (cu13, "580", &[]),
        (cu13, "535", &["DRV-FLOOR FailsAtStart"]),
        (&["torch 2.0.0+cu118"], "450", &["DRV-FLOOR RunsIf"]),
        // No CUDA, no floor.
        (&["torch 2.11.0+cpu"], "470.182.03", &[]),
        (&["torch 2.11.0+rocm7.2"], "470.182.03", &["ROCM-MIX FailsAtStart"]),
        // Alternatives: which is installed is not known.
        (&["torch 2.11.0+cpu", "torch 2.11.0+cu130"], "535.183.06", &["DRV-FLOOR RunsIf"]),
        (
            &["torch 2.10.0", "nvidia-cuda-runtime-cu12 12.8.90", "nvidia-cuda-runtime 13.0.96"],
            "535.183.06",
            &["DRV-FLOOR RunsIf"],
        ),
        (&["nvidia-cuda-runtime 13.0.96"], "535.183.06", &["DRV-FLOOR FailsAtStart"]),
        // What is not known is no failure.
        (&["torch 2.99.0"], "410.48", &["DRV-FLOOR Unknown"]),
        (&["torch 2.99.0+cu999"], "580.65.06", &["DRV-FLOOR Unknown"]),
        (&["torch 1.4.0+cu92"], "580.65.06", &["DRV-FLOOR Unknown"]),
    ] {
        assert_eq!(told(&stack_of(lines), &target(driver, &[])), expected, "{lines:?} on {driver}");
    }
}

#[test]
fn other_platforms_are_silent_on_floors() {
    let stack = stack_of(&["torch 2.11.0"]);
    for (platform, expected) in [
        (Platform::Wsl, &[][..]),
        // That the wheel is one for servers is another matter.
        (Platform::Jetson, &["JETSON FailsAtStart"]),
        (Platform::Windows, &[]),
    ] {
        assert_eq!(told(&stack, &Target { platform, ..target("535.183.06", &["A100"]) }), expected, "{platform:?}");
    }
}

#[test]
fn what_falls_back_has_others_beside_it() {
    let pool = target("535.183.06", &["A100"]);
    for (lines, expected, last) in [
        (&["onnxruntime-gpu 1.27.0"][..], "DRV-FLOOR FallsBackToCpu", "goes on with the CPU's provider"),
        (
            &["onnxruntime-gpu 1.26.0", "onnxruntime-gpu 1.27.0"],
            "DRV-FLOOR RunsIf",
            "1.26.0 beside it, for CUDA 12, runs",
        ),
        (&["torch 2.11.0+cu130", "torch 2.99.0"], "DRV-FLOOR RunsIf", "the tables of "),
        (&["torch 2.11.0+cu130", "torch 2.99.0", "torch 2.11.0+cpu"], "DRV-FLOOR RunsIf", "for the CPU alone, runs"),
    ] {
        let stack = stack_of(lines);
        assert!(told(&stack, &pool).contains(&expected.to_owned()), "{lines:?} {:?}", told(&stack, &pool));
        let answers = judge(&stack, &pool);
        let chain = &answers.iter().find(|answer| answer.class == "DRV-FLOOR").expect("it is told").chain;
        assert!(chain.last().is_some_and(|link| link.text.contains(last)), "{lines:?} {chain:#?}");
    }
}

#[test]
fn drivers_that_do_not_drive_the_gpu() {
    let stack = stack_of(&["torch 2.5.1+cu118"]);
    for (driver, gpu, expected) in [
        ("595.71.05", "GTX 1050", &["DRV-ARCH FailsAtStart"][..]),
        ("580.95.05", "GTX 1050", &[]),
        ("595.71.05", "V100", &["DRV-ARCH FailsAtStart"]),
        ("535.183.06", "K80", &["DRV-ARCH FailsAtStart"]),
        ("470.256.02", "K80", &[]),
        ("595.71.05", "T4", &[]),
        // A bound that no page states is told as unknown.
        ("510.39.01", "H100", &["DRV-ARCH Unknown"]),
        ("535.183.06", "H100", &[]),
    ] {
        assert_eq!(told(&stack, &target(driver, &[gpu])), expected, "{gpu} on {driver}");
    }
    let blackwell = stack_of(&["torch 2.10.0"]);
    assert_eq!(told(&blackwell, &target("565.57.01", &["B200"])), ["DRV-ARCH FailsAtStart"]);
    assert_eq!(told(&blackwell, &target("570.86.10", &["B200"])), [""; 0]);
    assert_eq!(told(&stack_of(&["torch 2.5.1+cpu"]), &target("595.71.05", &["V100"])), [""; 0], "no CUDA, no answer");
}

#[test]
fn builds_without_kernels_for_the_gpu() {
    for (line, gpu, expected) in [
        ("torch 2.5.1+cu121", "RTX 5090", &["ARCH-MISSING FailsAtKernel"][..]),
        ("torch 2.10.0", "RTX 5090", &[]),
        ("torch 2.8.0+cu128", "P100", &["ARCH-MISSING FailsAtKernel"]),
        ("torch 2.8.0+cu126", "P100", &[]),
        ("torch 2.11.0+cu128", "V100", &["ARCH-MISSING FailsAtKernel"]),
        ("torch 2.10.0+cu128", "V100", &[]),
        ("torch 2.11.0+cu130", "V100", &["ARCH-MISSING FailsAtKernel"]),
        // The list of 2.15 was not read, but its toolkit builds nothing that old.
        ("torch 2.15.0", "V100", &["ARCH-MISSING FailsAtKernel"]),
        ("jax-cuda13-plugin 0.8.0", "V100", &["ARCH-MISSING FailsAtKernel"]),
        ("jax-cuda12-plugin 0.8.0", "V100", &[]),
        ("cupy-cuda13x 14.0.0", "P100", &["ARCH-MISSING FailsAtKernel"]),
        // Traps: an earlier minor of the same major serves.
        ("torch 2.5.1+cu121", "L4", &[]),
        ("torch 2.5.1+cu121", "A10", &[]),
        ("torch 2.10.0", "B300", &[]),
        ("torch 2.8.0+cu126", "GTX 1080", &[]),
        // GB10 and its like come with another processor, and the list is of the wheel for x86-64.
        ("torch 2.10.0", "GB10", &[]),
        ("torch 2.5.1+cu121", "GB200", &["ARCH-MISSING Unknown"]),
        // Jetson has a userland of its own.
        ("torch 2.11.0", "Jetson Orin NX", &["JETSON FailsAtStart"]),
        // A list that was not read from the release makes no failure.
        ("torch 2.6.0+cu126", "RTX 5090", &["ARCH-MISSING Unknown"]),
        // What is not in the tables is said.
        ("torch 2.10.0", "A9000", &["ARCH-MISSING Unknown"]),
        ("torch 2.10.0+cpu", "A9000", &[]),
        ("torch 2.9.1+cu129", "A100", &["ARCH-MISSING Unknown"]),
        // Its wheel was read: PTX for 9.0 alone covers it.
        ("onnxruntime-gpu 1.26.0", "RTX 5090", &["ARCH-MISSING RunsIf"]),
    ] {
        assert_eq!(told(&stack_of(&[line]), &target("", &[gpu])), expected, "{line} on {gpu}");
    }
}

#[test]
fn ptx_is_a_condition() {
    // What only a build's scripts say of PTX is not known, and where kernels serve nothing is told of it.
    let mut torch = stack_of(&["torch 2.12.0+cu132"]);
    assert!(torch.carriers[0].architectures.contains(&"compute_120"));
    assert_eq!(told(&torch, &target("580.95.05", &["RTX 5090"])), [""; 0]);
    torch.carriers[0].architectures = vec!["sm_80", "compute_90"];
    assert_eq!(told(&torch, &target("595.71.05", &["H100"])), ["ARCH-MISSING Unknown"]);

    // Read from the wheel: no code for 9.0, and PTX 8.3, of CUDA 12.3.
    let mut environment = Environment::of("test", [component("tensorflow 2.18.1")]);
    environment.packages[0].extras = vec!["and-cuda"];
    let tensorflow = Stack::of(environment);
    for (driver, gpu, expected) in [
        ("", "H100", &["ARCH-MISSING RunsIf"][..]),
        ("545.23.06", "H100", &["ARCH-MISSING Runs"]),
        ("580.95.05", "H100", &["ARCH-MISSING Runs"]),
        ("535.183.06", "H100", &["PTX-NEW FailsAtKernel"]),
        ("535.183.06", "A100", &[]),
        ("580.95.05", "GTX 980", &["ARCH-MISSING FailsAtKernel"]),
        // Where the driver is too old to start at all, that is told, and PTX is not.
        ("470.256.02", "H100", &["DRV-FLOOR FailsAtStart", "DRV-ARCH Unknown", "ARCH-MISSING RunsIf"]),
        // CUDA 12.5 knows nothing of Blackwell: PTX may serve its kernels, but not its libraries.
        ("580.95.05", "B200", &["ARCH-MISSING Unknown"]),
    ] {
        assert_eq!(told(&tensorflow, &target(driver, &[gpu])), expected, "{gpu} on {driver}");
    }
    // What the driver itself says counts more than its branch.
    let told_by_driver = Target { capability: Dotted::parse("12.3"), ..target("535.183.06", &["H100"]) };
    assert_eq!(told(&tensorflow, &told_by_driver), ["ARCH-MISSING Runs"]);
}

#[test]
fn kernels_of_wheels_are_known_of_those_that_were_read() {
    for (line, gpu, expected) in [
        ("jax-cuda12-plugin 0.12.0.1", "RTX 5090", &[][..]),
        ("cupy-cuda12x 14.2.0", "B200", &[]),
        ("onnxruntime-gpu 1.27.0", "RTX 5090", &[]),
        ("onnxruntime-gpu 1.27.0", "V100", &["ARCH-MISSING FailsAtKernel"]),
        ("vllm 0.11.0", "B200", &[]),
        // Some of its kernels have PTX for 5.2.
        ("vllm 0.11.0", "P100", &["ARCH-MISSING Unknown", "ARCH-LIB FailsAtKernel"]),
        // Its neighbours were not.
        ("vllm 0.11.1", "P100", &["ARCH-LIB FailsAtKernel"]),
        // Nothing is known of the kernels, and the toolkit builds nothing for the board.
        ("tensorflow 2.18.0", "B200", &["ARCH-MISSING Unknown"]),
        ("tensorflow 2.18.0", "RTX 5090", &["ARCH-MISSING Unknown"]),
        ("tensorflow 2.18.0", "H100", &[]),
        ("tensorflow 2.15.0", "RTX 5090", &["ARCH-MISSING Unknown"]),
        ("cupy-cuda112 10.0.0", "H100", &["ARCH-MISSING Unknown"]),
    ] {
        assert_eq!(told(&stack_of(&[line]), &target("", &[gpu])), expected, "{line} on {gpu}");
    }
}

#[test]
fn rows_of_kernels_hold_together() {
    for row in &frameworks().kernels {
        assert!(
            !row.source.is_empty() && !row.library.is_empty() && row.sm.is_sorted(),
            "{} {}",
            row.package,
            row.version
        );
        assert_eq!(row.ptx().count(), row.ptx.len(), "{} {}", row.package, row.version);
        for (isa, _) in row.ptx() {
            assert!(toolkits().ptx_isa.iter().any(|row| row.ptx == isa), "PTX {isa} of {}", row.package);
        }
    }
    assert!(toolkits().ptx_isa.is_sorted_by(|a, b| a.ptx < b.ptx && a.first_cuda < b.first_cuda));
    for (cuda, expected) in [("12.5", "12.5"), ("12.6", "12.5"), ("12.8", "12.8"), ("13.4", "13.4"), ("13.5", "13.5")] {
        assert_eq!(toolkits().ptx_needs(&Dotted::parse(cuda).expect("a version")).to_string(), expected, "{cuda}");
    }
    for row in &toolkits().compat_hosts {
        assert_eq!(row.branches().len(), row.host_driver_branches.split(',').count(), "{}", row.image_cuda);
    }
}

#[test]
fn architectures_cover_what_they_say() {
    use super::judge::{Cover, cover};
    for (list, sm, expected) in [
        (&["sm_80"][..], 86, Cover::Kernel),
        (&["sm_80"], 89, Cover::Kernel),
        (&["sm_86"], 80, Cover::None),
        (&["sm_80"], 90, Cover::None),
        (&["sm_90a"], 90, Cover::Kernel),
        (&["sm_100a"], 103, Cover::None),
        (&["sm_120"], 121, Cover::Kernel),
        (&["sm_80", "compute_80"], 120, Cover::Ptx(80)),
        (&["compute_90a"], 100, Cover::None),
        (&["compute_90", "compute_80", "sm_90"], 120, Cover::Ptx(90)),
        (&["gfx90a", "sm_", "sm_x"], 90, Cover::None),
        (&[], 90, Cover::None),
    ] {
        assert_eq!(cover(list, sm), expected, "{list:?} {sm}");
    }
}

#[test]
fn the_demo() {
    let approved = demo("approved");
    let proposed = demo("proposed");
    let floor = |stack: &Stack| stack.driver_floor().expect("a floor");
    assert_eq!(floor(&approved).driver.to_string(), "525.60.13");
    let moved = floor(&proposed);
    assert_eq!(moved.driver.to_string(), "580.65.06");
    assert_eq!(proposed.carriers[moved.carrier].component.name(), "torch");
    assert!(moved.because.starts_with("torch 2.11.0 is resolved with cuda-toolkit 13.0.2 and nvidia-cuda-runtime 13.0.96: it is built for CUDA 13.0"), "{}", moved.because);

    let old = target("535.183.06", &["A100"]);
    let new = target("580.65.06", &["H100"]);
    assert_eq!(told(&approved, &old), [""; 0]);
    assert_eq!(told(&approved, &new), [""; 0]);
    assert_eq!(told(&proposed, &new), [""; 0]);
    assert_eq!(told(&proposed, &old), ["DRV-FLOOR FailsAtStart"]);
    let answers = judge(&proposed, &old);
    let chain: Vec<_> = answers[0].chain.iter().map(|link| link.text.as_str()).collect();
    assert_eq!(
        chain[1..],
        [
            "all of CUDA 13 starts on Linux drivers from 580.65.06 on; below, only with a forward-compatibility library, which no wheel brings",
            "the pool has driver 535.183.06, and 535.183.06 < 580.65.06: R535 implements CUDA 12.2, which programs report as 12020",
        ]
    );
    assert!(answers[0].chain.iter().all(|link| !link.source.is_empty()));
    assert_eq!(
        answers[0].advice,
        [
            "install torch 2.11.0+cu128, the same release for CUDA 12.8: it starts on drivers from 525.60.13 on",
            "pin torch 2.10.0, the newest whose default build (cu128) runs there",
            "move the driver to 580.65.06 or later: R580 (long-term, supported until 2028-06-30), R620 (long-term, supported until 2029-09-30)",
        ]
    );
}

/// Returns what the demo's lock resolves to.
fn demo(side: &str) -> Stack {
    let path = format!("{}/fixtures/demo/{side}/api/uv.lock", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the demo is part of the repository");
    let format = crate::formats::named("uv-lock").expect("a format");
    let source = crate::source::Source { file: crate::source::FileId(0), path: "uv.lock", text: &text };
    let inventory = format.parse(&source).expect("a lock");
    stack(inventory.nodes.iter().filter_map(|node| node.component))
}

#[test]
fn gpus_are_found_as_people_write_them() {
    for (name, expected) in [
        ("RTX4090", "GeForce RTX 4090"),
        ("rtx4070ti", "GeForce RTX 4070 Ti"),
        ("RTX4070TiSUPER", "GeForce RTX 4070 Ti SUPER"),
        ("GeForceRTX4090", "GeForce RTX 4090"),
        ("GTX1080Ti", "GeForce GTX 1080 Ti"),
        ("RTXPRO6000", "RTX PRO 6000 Blackwell Server Edition"),
        ("A100-80GB", "A100"),
        ("TeslaT4", "T4"),
        ("RTX 4909", ""),
        ("T", ""),
    ] {
        let found = facts::gpus().find(name).map_or("", |gpu| gpu.name.as_str());
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(facts::gpu_hint("RTX 4900"), ", did you mean \"GeForce RTX 4090\"?");
    assert_eq!(facts::gpu_hint("quantum annealer"), "");
}

#[test]
fn advice_on_cudnn_names_the_framework_that_is_there() {
    for (framework, expected) in [
        ("torch 2.9.1", ", where what torch asks for allows it"),
        ("jax-cuda12-plugin 0.6.0", ", where what jax-cuda12-plugin asks for allows it"),
        ("tensorflow 2.20.0", ", where what tensorflow asks for allows it"),
        ("numpy 2.1.0", "the last one known to have it"),
    ] {
        let answers = judge(&stack_of(&[framework, "nvidia-cudnn-cu12 9.15.0.57"]), &target("", &["V100"]));
        let told = answers.iter().filter(|answer| answer.class == "ARCH-LIB");
        let advice: Vec<&String> = told.flat_map(|answer| &answer.advice).collect();
        assert!(advice.len() == 1 && advice[0].ends_with(expected), "{framework} {advice:?}");
    }
}

#[test]
fn what_is_not_judged_is_named() {
    let lines = ["torch 2.8.0", "sglang 0.5.3", "sgl-kernel 0.3.9", "faiss-gpu-cu12 1.12.0", "numpy 2.1.0"];
    assert_eq!(stack_of(&lines).unjudged(), ["faiss-gpu-cu12 1.12.0", "sgl-kernel 0.3.9", "sglang 0.5.3"]);
}

#[test]
fn the_build_and_what_is_told_above_are_named() {
    let both = ["torch 2.11.0+cu130", "nvidia-nccl-cu12 2.20.5", "nvidia-nccl-cu13 2.28.9"];
    let pool = target("580.95.05", &["H100"]);
    let summary = super::summary::Summary::of(&stack_of(&both), [(0, &pool)]);
    let outcome = &summary.outcomes[0];
    assert_eq!((outcome.words, &outcome.because[..]), ("fails at start", &["PATH-OVERWRITE"][..]));
    // The other major's wheel is the newer one: it works as long as it serves both.
    let newer = ["torch 2.11.0+cu130", "nvidia-nccl-cu12 2.30.3", "nvidia-nccl-cu13 2.28.9"];
    let summary = super::summary::Summary::of(&stack_of(&newer), [(0, &pool)]);
    assert_eq!((summary.inside[0].gravity, summary.outcomes[0].words), (Gravity::Warning, "runs on a condition"));
    let build = Answer::new("NO-NVCC", Verdict::FailsAtStart, Gravity::Error, Evidence::default(), "");
    assert_eq!(build.words(), "does not build");
}

#[test]
fn advice_fits() {
    let advice = |lines: &[&str], driver: &str, gpus: &[&str]| -> Vec<String> {
        let answers = judge(&stack_of(lines), &target(driver, gpus));
        answers.into_iter().flat_map(|answer| answer.advice).collect()
    };
    for (lines, driver, gpus, expected) in [
        (&["onnxruntime-gpu 1.28.0"][..], "535.183.06", &[][..], "pin onnxruntime-gpu 1.26, the newest for CUDA 12"),
        (&["cupy-cuda13x 14.0.0"], "535.183.06", &[], "install cupy-cuda12x in place of cupy-cuda13x"),
        (&["jax-cuda13-plugin 0.8.0"], "535.183.06", &[], "install jax-cuda12-plugin in place of jax-cuda13-plugin"),
        (&["torch 2.9.0", "cuda-bindings 13.5.0"], "550.54.15", &[], "pin cuda-bindings to 12.9.x, for CUDA 12"),
        // Torch does not move without vLLM.
        (
            &["torch 2.11.0", "vllm 0.24.0"],
            "535.183.06",
            &[],
            "pin vllm 0.17.0 with its torch: it is built for CUDA 12.9",
        ),
        (
            &["torch 2.8.0"],
            "",
            &["P100"],
            "install torch 2.8.0+cu126, the same release for CUDA 12.6: it starts on drivers from 525.60.13 on",
        ),
        (
            &["torch 2.10.0"],
            "595.71.05",
            &["V100"],
            "move the driver to one of R580 (long-term, supported until 2028-06-30)",
        ),
    ] {
        let advice = advice(lines, driver, gpus);
        assert!(advice.iter().any(|text| text == expected), "{lines:?} {advice:#?}");
    }
    // Torch does not move without vLLM, nor alone where another package is compiled for it.
    let gpu = advice(&["torch 2.5.1", "vllm 0.7.0"], "", &["RTX 5090"]);
    assert_eq!(gpu, ["pin vllm 0.10.2 with its torch 2.8.0, the nearest later release whose torch runs there"]);
    assert_eq!(advice(&["torch 2.4.0", "vllm 0.6.3.post1"], "", &["RTX 5090"]), gpu);
    let gpu = advice(&["torch 2.6.0", "sglang 0.4.6"], "", &["B200"]);
    assert_eq!(gpu, ["run it on GPUs that it has kernels for, or one that is built for sm_100"]);
    // The nearest releases: one for which a build must be chosen, and one whose default does.
    let gpu = advice(&["torch 2.6.0", "torchvision 0.21.0"], "580.95.05", &["B200"]);
    assert_eq!(
        gpu,
        [
            "pin torch 2.7.1+cu128, the nearest later release with a build (for CUDA 12.8) that runs there, with the torchvision for it",
            "pin torch 2.8.0, the nearest later release whose default build (cu128) runs there, with the torchvision for it",
        ]
    );
    let gpu = advice(&["torch 2.13.0"], "575.57.08", &["RTX 5090"]);
    assert_eq!(
        gpu[..2],
        [
            "pin torch 2.11.0+cu128, the nearest earlier release with a build (for CUDA 12.8) that runs there",
            "pin torch 2.10.0, the newest whose default build (cu128) runs there",
        ]
    );
    // Nothing that is in support drives a Kepler.
    assert!(advice(&["torch 1.13.1"], "535.183.06", &["K80"]).is_empty());
}

proptest! {
    /// A newer driver is always fine for CUDA.
    #[test]
    fn raising_the_driver_never_makes_it_too_old(
        line in prop::sample::select(vec!["torch 2.11.0", "torch 2.10.0", "torch 2.5.1+cu118", "torch 1.12.1",
            "torch 2.99.0", "tensorflow 2.4.0", "onnxruntime-gpu 1.8.0", "cupy-cuda11x 13.0.0", "jax-cuda13-plugin 0.8.0"]),
        low in (400u32..700, 0u32..200, 0u32..100),
        high in (400u32..700, 0u32..200, 0u32..100),
    ) {
        let (low, high) = (low.min(high), low.max(high));
        let fails = |(a, b, c): (u32, u32, u32)| {
            let answers = judge(&stack_of(&[line]), &target(&format!("{a}.{b}.{c:02}"), &["A100"]));
            answers.iter().any(|answer| {
                answer.class == "DRV-FLOOR" && matches!(answer.verdict, Verdict::FailsAtStart | Verdict::FallsBackToCpu)
            })
        };
        prop_assert!(fails(low) || !fails(high));
    }

    /// One more architecture in a build never loses a GPU.
    #[test]
    fn more_kernels_lose_nothing(
        list in prop::collection::vec(prop::sample::select(vec!["sm_50", "sm_70", "sm_80", "sm_90a", "sm_120", "compute_90"]), 0..4),
        more in prop::sample::select(vec!["sm_60", "sm_86", "sm_100f", "sm_120a", "compute_80", "compute_120"]),
        gpu in 0..gpus().models.len(),
    ) {
        use super::judge::{Cover, cover};
        let sm = gpus().models[gpu].sm;
        let rank = |cover: Cover| match cover { Cover::None => 0, Cover::Ptx(_) => 1, Cover::Kernel => 2 };
        let mut longer = list.clone();
        longer.push(more);
        prop_assert!(rank(cover(&longer, sm)) >= rank(cover(&list, sm)));
    }

    #[test]
    fn no_text_panics(name in ".{0,20}", version in ".{0,20}", gpu in ".{0,20}") {
        let names = ["torch", "vllm", "tensorflow", "onnxruntime-gpu", "cupy-cuda", "jax-cuda-plugin", "nvidia-cuda-runtime-cu12", &name];
        let stack = stack(names.map(|name| Component::new(Purl::new("pypi", "", name, &version)).intern()));
        let _ = (stack.driver_floor(), judge(&stack, &target(&version, &[&gpu])));
    }
}
