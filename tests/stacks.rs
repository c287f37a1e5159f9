//! Which locks, images and installs become one environment, over small trees held in memory.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use driftgate::discover::{self, Scan};
use driftgate::gpu::Stack;
use driftgate::graph::Graph;
use driftgate::policy::Policy;
use driftgate::source::{Source, Sources};
use driftgate::stacks;
use driftgate::tree::{Memory, Tree};

/// Each environment as `name: packages; workloads`: of the packages those that are about GPUs, with their versions.
fn environments(files: &[(&str, &str)]) -> Vec<String> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let tree: Arc<dyn Tree> = Arc::new(Memory::new(files));
    let read = discover::read(&Sources::default(), &tree, &Scan::default()).unwrap();
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let graph = Graph::join(read.inventories);
    // A deployment file by itself runs nothing.
    let stacks = stacks::stacks(&graph, &Policy::default());
    stacks.iter().filter(|stack| !stack.environment.name.starts_with("compose")).map(shown).collect()
}

fn shown(stack: &Stack) -> String {
    let environment = &stack.environment;
    let packages = environment.packages.iter();
    let packages: Vec<String> = packages
        .filter(|package| {
            matches!(package.name(), "torch" | "torchvision" | "vllm" | "onnxruntime-gpu" | "candle-core")
        })
        .map(|package| package.shown())
        .collect();
    let workloads: Vec<&str> = environment.workloads.iter().map(|workload| workload.name).collect();
    let workloads = if workloads.is_empty() { String::new() } else { format!("; {}", workloads.join(", ")) };
    format!("{}: {}{workloads}", environment.name, packages.join(", "))
}

/// A lock of uv's: the head, the project's own tables, and packages as `name version requirements`.
fn uv_lock(project: &str, packages: &[(&str, &str, &str)]) -> String {
    let mut text = format!("version = 1\nrequires-python = \">=3.12\"\n\n{project}\n");
    for (name, version, requires) in packages {
        let requires: String = requires.split_whitespace().map(|name| format!("{{ name = \"{name}\" }}, ")).collect();
        text += &format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://mirror.example/simple\" }}\ndependencies = [{requires}]\n\n"
        );
    }
    text
}

#[test]
fn an_environment_copied_out_of_another_stage_counts() {
    for (dockerfile, expected) in [
        (
            "FROM python:3.11 AS builder\nRUN python -m venv /opt/venv\nRUN pip install torch==2.5.1\nFROM python:3.11-slim\nCOPY --from=builder /opt/venv /opt/venv\n",
            "torch 2.5.1",
        ),
        // By number, and through a third stage, with what the stage starts from.
        (
            "FROM python:3.11 AS base\nRUN pip install torch==2.5.1\nFROM base AS builder\nRUN pip install vllm==0.6.0\nFROM alpine AS mid\nCOPY --from=1 /usr/local/lib/python3.11 /x/python3.11\nFROM python:3.11-slim\nCOPY --from=MID /x /usr/local/lib\n",
            "torch 2.5.1, vllm 0.6.0",
        ),
        // What runs may replace it.
        (
            "FROM python:3.11 AS builder\nRUN pip install torch==2.5.1\nFROM python:3.11-slim\nCOPY --from=builder /opt/venv /opt/venv\nRUN pip install torch==2.6.0\n",
            "torch 2.6.0",
        ),
        // A program, a file, a folder of wheels or of weights is no environment; another image is no stage.
        (
            "FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nCOPY --from=b /usr/local/bin/tool /usr/bin/tool\n",
            "",
        ),
        ("FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nCOPY --from=b /x/lib.so /x/\n", ""),
        ("FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nCOPY --from=b /wheels /wheels\n", ""),
        ("FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nCOPY --from=b /models /models\n", ""),
        ("FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nCOPY --from=c:1 /opt/venv /opt/venv\n", ""),
        // What is mounted is only there while the command runs.
        (
            "FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM a\nRUN --mount=type=bind,from=b,target=/b cp /b/x /x\n",
            "",
        ),
        // Which of the stages it starts from, the build says.
        (
            "FROM a:1 AS base-amd64\nRUN pip install torch==2.5.1\nFROM a:2 AS base-arm64\nRUN pip install vllm==0.6.0\nFROM a:3 AS other\nRUN pip install torchvision==0.20.1\nFROM base-${TARGETARCH}\n",
            "torch 2.5.1, vllm 0.6.0",
        ),
        // Nothing is taken over from a stage beside it.
        (
            "FROM python:3.11 AS b\nRUN pip install torch==2.5.1\nFROM python:3.11-slim\nRUN pip install vllm==0.6.0\n",
            "vllm 0.6.0",
        ),
    ] {
        assert_eq!(environments(&[("Dockerfile", dockerfile)]), [format!("Dockerfile: {expected}")], "{dockerfile}");
    }
}

#[test]
fn a_lock_installed_in_a_copied_stage_is_joined() {
    let files = [
        ("requirements.txt", "vllm==0.6.0\n"),
        (
            "Dockerfile",
            "FROM nvidia/cuda:12.1.1-devel-ubuntu22.04 AS builder\nCOPY requirements.txt .\nRUN pip install torch==2.5.1 && pip install -r requirements.txt\nFROM nvidia/cuda:12.1.1-base-ubuntu22.04\nCOPY --from=builder /opt/venv /opt/venv\n",
        ),
    ];
    assert_eq!(environments(&files), ["requirements.txt in Dockerfile: torch 2.5.1, vllm 0.6.0"]);
    // A program holds what Cargo compiled into it, by its lock, but nothing of Python's.
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"candle-core\"]\n\n[[package]]\nname = \"candle-core\"\nversion = \"0.9.1\"\nsource = \"registry+https://mirror.example/index\"\nchecksum = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";
    let files = [
        ("Cargo.lock", lock),
        ("requirements.txt", "torch==2.5.1\n"),
        (
            "Dockerfile",
            "FROM rust:1 AS build\nCOPY . .\nRUN pip install -r requirements.txt\nRUN cargo build --release --locked\nFROM debian\nCOPY --from=build /src/target/release/app /usr/bin/app\n",
        ),
    ];
    assert_eq!(environments(&files), ["Cargo.lock in Dockerfile: candle-core 0.9.1", "requirements.txt: torch 2.5.1"]);
}

#[test]
fn a_stage_beside_what_runs_does_not_count() {
    let dockerfile = "FROM python:3.11-slim AS base\nFROM base AS gpu\nCOPY requirements-gpu.txt .\nRUN pip install -r requirements-gpu.txt\nFROM base AS cpu\nCOPY requirements-cpu.txt .\nRUN pip install -r requirements-cpu.txt\nFROM cpu AS final\n";
    let mut files = vec![
        ("requirements-cpu.txt", "torch==2.5.1+cpu\n"),
        ("requirements-gpu.txt", "torch==2.12.1\n"),
        ("Dockerfile", dockerfile),
    ];
    assert_eq!(
        environments(&files),
        ["requirements-cpu.txt in Dockerfile: torch 2.5.1+cpu", "requirements-gpu.txt: torch 2.12.1"]
    );
    // A deployment may name the stage.
    files.push((
        "compose.yaml",
        "services:\n  a:\n    build: {context: ., target: GPU}\n  b:\n    build: {context: ., target: cpu}\n  c:\n    build: .\n  d:\n    build: {context: ., target: final}\n",
    ));
    assert_eq!(
        environments(&files),
        [
            "requirements-cpu.txt in Dockerfile: torch 2.5.1+cpu; c, d",
            "requirements-cpu.txt in Dockerfile (cpu): torch 2.5.1+cpu; b",
            "requirements-gpu.txt in Dockerfile (gpu): torch 2.12.1; a",
        ]
    );
}

#[test]
fn a_member_of_a_workspace_brings_its_own() {
    let lock = uv_lock(
        "[manifest]\nmembers = [\"core\", \"train\", \"web\"]\n\n\
         [[package]]\nname = \"core\"\nversion = \"0\"\nsource = { virtual = \"packages/core\" }\n\n[package.optional-dependencies]\ngpu = [{ name = \"vllm\" }]\n\n\
         [[package]]\nname = \"train\"\nversion = \"0\"\nsource = { virtual = \"packages/train\" }\ndependencies = [{ name = \"torch\" }]\n\n\
         [[package]]\nname = \"web\"\nversion = \"0\"\nsource = { virtual = \"packages/web\" }\ndependencies = [{ name = \"core\", extra = [\"gpu\"] }]\n",
        &[("torch", "2.11.0", ""), ("vllm", "0.6.0", "")],
    );
    for (options, expected) in [
        ("--package web", "vllm 0.6.0"),
        ("--package=train", "torch 2.11.0"),
        ("--package core", ""),
        ("--package core --extra gpu", "vllm 0.6.0"),
        ("--all-packages", "torch 2.11.0, vllm 0.6.0"),
        ("--frozen", "torch 2.11.0, vllm 0.6.0"),
        ("--package $MEMBER", "torch 2.11.0, vllm 0.6.0"),
    ] {
        let dockerfile = format!("FROM python:3.12\nCOPY . .\nRUN uv sync {options}\n");
        let files = [("uv.lock", lock.as_str()), ("Dockerfile", &dockerfile)];
        assert_eq!(environments(&files), [format!("uv.lock in Dockerfile: {expected}")], "{options}");
    }
}

#[test]
fn extras_and_groups_are_installed_where_they_are_asked_for() {
    let lock = uv_lock(
        "[[package]]\nname = \"svc\"\nversion = \"0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"fastapi\" }]\n\n\
         [package.optional-dependencies]\ngpu = [{ name = \"torchvision\" }]\n\n\
         [package.dev-dependencies]\nserve = [{ name = \"vllm\" }]\ndev = [{ name = \"onnxruntime-gpu\" }]\n",
        &[
            ("fastapi", "0.115.6", ""),
            ("onnxruntime-gpu", "1.20.0", ""),
            ("torch", "2.5.1", ""),
            ("torchvision", "0.20.1", "torch"),
            ("vllm", "0.6.0", ""),
        ],
    );
    for (commands, expected) in [
        ("RUN uv sync --frozen --no-dev", ""),
        ("RUN uv sync --extra gpu", "torch 2.5.1, torchvision 0.20.1"),
        ("RUN uv sync --all-extras", "torch 2.5.1, torchvision 0.20.1"),
        ("RUN uv sync --all-extras --no-extra gpu", ""),
        ("RUN uv sync --group serve", "vllm 0.6.0"),
        ("RUN uv sync --only-group serve --extra gpu", "vllm 0.6.0"),
        ("RUN uv sync --all-groups --no-group dev", "vllm 0.6.0"),
        ("RUN uv sync --no-install-project\nRUN uv sync --extra gpu", "torch 2.5.1, torchvision 0.20.1"),
        ("ARG EXTRA=gpu\nRUN uv sync --extra $EXTRA", "torch 2.5.1, torchvision 0.20.1"),
        // Not known: all of them may be.
        ("ARG EXTRA\nRUN uv sync --extra $EXTRA", "torch 2.5.1, torchvision 0.20.1"),
    ] {
        let dockerfile = format!(
            "FROM python:3.12 AS build\nCOPY . .\n{commands}\nFROM python:3.12-slim\nCOPY --from=build /app /app\n"
        );
        let files = [("uv.lock", lock.as_str()), ("Dockerfile", &dockerfile)];
        assert_eq!(environments(&files), [format!("uv.lock in Dockerfile: {expected}")], "{commands}");
    }
}

#[test]
fn extras_that_exclude_each_other_are_told_apart() {
    // As uv writes it: `accelerate` is shared, and requires the one torch or the other.
    let torch = |version: &str, local: &str| {
        format!(
            "[[package]]\nname = \"torch\"\nversion = \"{version}{local}\"\nsource = {{ registry = \"https://mirror.example/whl{local}\" }}\n\n"
        )
    };
    let entry = |local: &str, marker: &str| {
        format!(
            "{{ name = \"torch\", version = \"2.7.0{local}\", source = {{ registry = \"https://mirror.example/whl{local}\" }}, marker = \"{marker}\" }},\n"
        )
    };
    let (cpu, gpu) = ("extra == 'extra-3-app-cpu'", "extra == 'extra-3-app-cu128'");
    let lock = format!(
        "version = 1\nrequires-python = \">=3.12\"\nconflicts = [[\n    {{ package = \"app\", extra = \"cpu\" }},\n    {{ package = \"app\", extra = \"cu128\" }},\n]]\n\n\
         [[package]]\nname = \"accelerate\"\nversion = \"1.0.0\"\nsource = {{ registry = \"https://mirror.example/simple\" }}\ndependencies = [\n{}{}{}]\n\n\
         [[package]]\nname = \"app\"\nversion = \"0\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"accelerate\" }}]\n\n\
         [package.optional-dependencies]\ncpu = [\n{}]\ncu128 = [\n{}]\n\n{}{}{}",
        entry("", &format!("(sys_platform == 'darwin' and {cpu}) or ({cpu} and {gpu})")),
        entry("+cpu", &format!("(sys_platform != 'darwin' and {cpu}) or ({cpu} and {gpu})")),
        entry("+cu128", gpu),
        entry("+cpu", &format!("sys_platform != 'darwin' or ({cpu} and {gpu})")),
        entry("+cu128", "sys_platform == 'linux'"),
        torch("2.7.0", ""),
        torch("2.7.0", "+cpu"),
        torch("2.7.0", "+cu128"),
    );
    for (options, expected) in
        [("--extra cpu", "torch 2.7.0+cpu"), ("--extra cu128", "torch 2.7.0+cu128"), ("--no-dev", "")]
    {
        let dockerfile = format!("FROM python:3.12\nCOPY uv.lock .\nRUN uv sync {options}\n");
        let files = [("uv.lock", lock.as_str()), ("Dockerfile", &dockerfile)];
        assert_eq!(environments(&files), [format!("uv.lock in Dockerfile: {expected}")], "{options}");
    }
}

#[test]
fn poetrys_extras_and_groups_are_told_apart() {
    let package = |name: &str, version: &str, more: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\noptional = false\npython-versions = \"*\"\nfiles = []\n{more}\n"
        )
    };
    let lock = format!(
        "# This file is automatically @generated by Poetry 1.8.4 and should not be changed by hand.\n\n{}{}{}\
         [extras]\ngpu = [\"torch\"]\n\n[metadata]\nlock-version = \"2.0\"\npython-versions = \"^3.12\"\ncontent-hash = \"00\"\n",
        package("fastapi", "0.115.6", ""),
        package("torch", "2.5.1", ""),
        package("vllm", "0.6.0", ""),
    );
    let manifest = "[tool.poetry]\nname = \"svc\"\nversion = \"0\"\n\n[tool.poetry.dependencies]\npython = \"^3.12\"\nfastapi = \"^0.115\"\ntorch = { version = \"^2.5\", optional = true }\n\n[tool.poetry.group.serve.dependencies]\nvllm = \"^0.6\"\n\n[tool.poetry.extras]\ngpu = [\"torch\"]\n";
    for (options, expected) in [
        ("--only main", ""),
        ("--extras gpu", "torch 2.5.1"),
        ("-E \"gpu x\" --with serve", "torch 2.5.1, vllm 0.6.0"),
        ("--all-extras", "torch 2.5.1"),
        ("--only serve", "vllm 0.6.0"),
    ] {
        let dockerfile = format!("FROM python:3.12\nCOPY . .\nRUN poetry install {options}\n");
        let files = [("poetry.lock", lock.as_str()), ("pyproject.toml", manifest), ("Dockerfile", &dockerfile)];
        assert_eq!(environments(&files), [format!("poetry.lock in Dockerfile: {expected}")], "{options}");
    }
}

#[test]
fn targets_are_meant_by_path_image_and_selected_labels() {
    let manifest = "apiVersion: v1\nkind: Pod\nmetadata: {name: api}\nspec:\n  nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-40GB}\n  containers:\n  - {name: server, image: \"registry.example/team/api:1\"}\n";
    let text = "[[environment]]\nimage = \"api/Dockerfile\"\ndeployed-as = [\"registry.example/team/api\"]\n\n\
        [[target]]\nname = \"a100\"\ngpus = [\"A100\"]\n\n[[target]]\nname = \"h100\"\ngpus = [\"H100\"]\n\n\
        [[target]]\nname = \"by-image\"\ngpus = [\"A100\"]\nimage = \"registry.example/team/*\"\n\n\
        [[target]]\nname = \"by-another\"\ngpus = [\"A100\"]\nimage = \"registry.example/other/*\"\n\n\
        [[target]]\nname = \"by-path\"\ngpus = [\"A100\"]\npath = \"api/**\"\n\n\
        [[target]]\nname = \"elsewhere\"\ngpus = [\"A100\"]\npath = \"web/**\"\n";
    let dockerfile = "FROM python:3.12\nRUN pip install torch==2.5.1\n";
    let sources = Sources::default();
    let tree: Arc<dyn Tree> = Arc::new(Memory::new(
        [("api/Dockerfile", dockerfile), ("deploy/api.yaml", manifest), ("driftgate.toml", text)]
            .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())),
    ));
    let graph = Graph::join(discover::read(&sources, &tree, &Scan::default()).unwrap().inventories);
    let number = sources.add_tree(tree);
    let file = sources.add_file(number, "driftgate.toml");
    let policy = Policy::parse(&Source { file, path: "driftgate.toml", text }, &[]).unwrap();
    let stacks = stacks::stacks(&graph, &policy);
    let api = stacks.iter().find(|stack| stack.environment.name == "api/Dockerfile").unwrap();
    let meant = policy.targets.iter().filter(|target| stacks::runs(&api.environment, target));
    let meant: Vec<&str> = meant.map(|target| target.target.name.as_str()).collect();
    assert_eq!(meant, ["a100", "by-image", "by-path"]);
}

#[test]
fn the_stage_that_the_policy_names_runs_in_whatever_case() {
    let dockerfile =
        "FROM python:3.12 AS Server\nRUN pip install torch==2.5.1\nFROM python:3.12\nRUN pip install vllm==0.9.2\n";
    let text =
        "[[environment]]\nimage = \"Dockerfile\"\nstage = \"Server\"\ndeployed-as = [\"registry.example/team/api\"]\n";
    let sources = Sources::default();
    let files = [("Dockerfile", dockerfile), ("driftgate.toml", text)];
    let tree: Arc<dyn Tree> =
        Arc::new(Memory::new(files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))));
    let graph = Graph::join(discover::read(&sources, &tree, &Scan::default()).unwrap().inventories);
    let number = sources.add_tree(tree);
    let file = sources.add_file(number, "driftgate.toml");
    let policy = Policy::parse(&Source { file, path: "driftgate.toml", text }, &[]).unwrap();
    let stacks = stacks::stacks(&graph, &policy);
    assert_eq!(stacks.iter().map(shown).collect::<Vec<_>>(), ["Dockerfile: torch 2.5.1"]);
}

#[test]
fn deployments_run_what_the_tree_builds_under_their_name() {
    let dockerfile = |torch: &str| format!("FROM python:3.12\nRUN pip install torch=={torch}\n");
    let pod = |name: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: '{image}'}}]}}\n"
        )
    };
    let (api, worker) = (dockerfile("2.5.1"), dockerfile("2.6.0"));
    let built = |files: &[(&str, &str)]| -> Vec<String> {
        environments(files).into_iter().filter(|shown| shown.contains("Dockerfile")).collect()
    };
    // By Compose, whatever the release; an image of another registry, or that only ends so, is another.
    let compose = "services:\n  web:\n    image: registry.example/ai/api:${TAG:-1.4.0}\n    build: services/api\n";
    assert_eq!(
        built(&[
            ("services/api/Dockerfile", &api),
            ("compose.yaml", compose),
            ("pod.yaml", &pod("same", "registry.example/ai/api:1.5.0")),
            ("other.yaml", &pod("other", "mirror.example/ai/api:1.4.0")),
            ("longer.yaml", &pod("longer", "registry.example/ai/api-tools:1.4.0")),
        ]),
        ["services/api/Dockerfile: torch 2.5.1; web, Pod/same c"]
    );
    // Two of one name are told apart by their tags, and else not at all.
    let bake = "target \"api\" {\n  context = \"api\"\n  tags = [\"ai/api:cpu\"]\n}\ntarget \"gpu\" {\n  context = \"gpu\"\n  \
                tags = [\"ai/api:gpu\", \"ai/api:gpu-1.4\"]\n}\n";
    assert_eq!(
        built(&[
            ("api/Dockerfile", &api),
            ("gpu/Dockerfile", &worker),
            ("docker-bake.hcl", bake),
            ("a.yaml", &pod("a", "ai/api:gpu-1.4")),
            ("b.yaml", &pod("b", "ai/api:cpu")),
            ("c.yaml", &pod("c", "ai/api:1.5")),
        ]),
        ["api/Dockerfile: torch 2.5.1; Pod/b c", "gpu/Dockerfile: torch 2.6.0; Pod/a c"]
    );
}

#[test]
fn builds_with_other_arguments_are_environments_of_their_own() {
    let dockerfile = "ARG TORCH=2.4.0\nFROM python:3.12 AS build\nARG TORCH\nRUN pip install torch==${TORCH}\nFROM python:3.12-slim\n\
                      COPY --from=build /opt/venv /opt/venv\n";
    let built = |services: &str| environments(&[("Dockerfile", dockerfile), ("compose.yaml", services)]);
    let service = |name: &str, torch: &str| format!("  {name}:\n    build: {{context: ., args: {{TORCH: {torch}}}}}\n");
    assert_eq!(built("services:\n  a:\n    build: .\n"), ["Dockerfile: torch 2.4.0; a"]);
    assert_eq!(built(&format!("services:\n{}", service("a", "2.5.1"))), ["Dockerfile: torch 2.5.1; a"]);
    let two = format!("services:\n{}{}", service("a", "2.5.1"), service("b", "2.6.0"));
    assert_eq!(built(&two), ["Dockerfile: torch 2.5.1; a", "Dockerfile (TORCH=2.6.0): torch 2.6.0; b"]);
    // What the file says by itself comes first.
    let default = format!("services:\n{}  b:\n    build: .\n", service("a", "2.5.1"));
    assert_eq!(built(&default), ["Dockerfile: torch 2.4.0; b", "Dockerfile (TORCH=2.5.1): torch 2.5.1; a"]);
    // Names of services make no variant.
    let same = format!("services:\n{}{}", service("a", "2.5.1"), service("b", "2.5.1"));
    assert_eq!(built(&same), ["Dockerfile: torch 2.5.1; a, b"]);
}
