//! The targets, and `driftgate gpu`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::project::{Project, REQUIREMENTS, Ran, driftgate};

/// Locks torch for CUDA 13, and the nodes of a pool on which it starts on one alone.
fn pool() -> Project {
    let project = Project::new();
    project.put("api/requirements.txt", &REQUIREMENTS.replace("urllib3==2.2.0", "torch==2.9.1+cu130"));
    assert_eq!(project.run(&["init"]).code, 0);
    let nodes = fixture("fixtures/rules/mixed-pool/image-fits-some/ops/nodes.json");
    project.put("ops/nodes.json", &nodes);
    project
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn nodes_are_targets_wherever_they_are_named() {
    let project = pool();
    project.run(&["check"]).ends(0, &[]);
    let said = ["torch 2.9.1+cu130 cannot start on a100", "drivers of 2 branches are mixed"];
    project.run(&["check", "--nodes", "ops/nodes.json"]).ends(1, &[]).prints(&said).prints(&["ops/nodes.json:1:1"]);
    project
        .run(&["gpu", "--nodes", "ops/nodes.json"])
        .ends(0, &[])
        .prints(&["on a100: fails at start", "5 of the 6 nodes"]);
    project.run(&["check", "--nodes", "ops/none.json"]).ends(2, &["--nodes ops/none.json", "no file"]);
    project.run(&["gpu", "--nodes", "Cargo.lock"]).ends(2, &["--nodes Cargo.lock", "kubectl get nodes -o json"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"ops/nodes.json\"\npath = \"api/**\"\n");
    project.run(&["check"]).ends(1, &[]).prints(&said).prints(&["driftgate.toml:3:1"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"ops/none.json\"\n");
    project.run(&["check"]).ends(2, &["driftgate.toml:4:8", "ops/none.json", "no such file"]);
    project.put("driftgate.toml", "version = 1\n\n[[target]]\nfile = \"../nodes.json\"\n");
    project.run(&["check"]).ends(2, &["driftgate.toml:4:8", "leads out"]);
}

#[test]
fn nodes_come_by_standard_input_too() {
    let project = pool();
    let nodes = fs::File::open(project.path("ops/nodes.json")).unwrap();
    let mut check = driftgate(&project.path(""));
    let ran = Ran::of(check.args(["check", "--nodes", "-"]).stdin(nodes).output().unwrap());
    ran.ends(1, &[]).prints(&["cannot start on a100", "<stdin>:1:1"]);
}

#[test]
fn gpu_prints_a_table_in_three_forms() {
    let project = pool();
    let asked = ["gpu", "--nodes", "ops/nodes.json", "--format"];
    project.run(&[&asked[..], &["markdown"]].concat()).ends(0, &[]).prints(&[
        "| stack | driver floor |",
        "| **fails at start** |",
        "`mixed-pool`",
    ]);
    let ran = project.run(&[&asked[..], &["json"]].concat()).ends(0, &[]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let subject = &json["subjects"][0];
    assert_eq!((&json["schema"], &subject["driver_floor"]), (&Value::from(1), &Value::from("580.65.06")));
    let answer = &subject["targets"][0]["answers"][0];
    assert_eq!((&answer["rule"], &answer["at"]["path"]), (&"driver-floor".into(), &"api/requirements.txt".into()));
    assert!(answer["chain"].as_array().unwrap().iter().any(|step| step["source"] != ""), "{answer}");
    project.run(&["gpu", "--driver", "535.183.06", "--gpu", "A100"]).ends(0, &[]).prints(&["fails at start"]);
    project.run(&["gpu", "--driver", "12.2x"]).ends(2, &["--driver 12.2x"]);
    project.run(&["gpu", "--driver", "12.4"]).ends(2, &["is CUDA's version rather than a driver's"]);
    project.run(&["gpu", "--gpu", "RTX 4900"]).ends(0, &["did you mean \"GeForce RTX 4090\"?"]);
}

#[test]
fn gpu_says_which_images_it_knows_nothing_of() {
    let project = Project::empty();
    let pod = |image: &str, limit: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: api\nspec:\n  containers:\n    - name: api\n      image: {image}\n      \
             resources:\n        limits:\n          {limit}: 1\n"
        )
    };
    project.put("pod.yaml", &pod("registry.example/team/server:1.4", "nvidia.com/gpu"));
    let asked = ["gpu", "--driver", "535.183.06", "--gpu", "A100"];
    let unknown = "pod.yaml:11:27: a GPU is asked for, and what registry.example/team/server:1.4 holds is not known";
    project.run(&asked).ends(0, &[unknown, "`[[environment]]", "deployed-as"]);
    project.put("pod.yaml", &pod("registry.example/team/server:1.4", "cpu"));
    assert!(!project.run(&asked).err.contains("pod.yaml"));
    project.put("pod.yaml", &pod("python:3.12-slim", "nvidia.com/gpu"));
    assert!(!project.run(&asked).err.contains("pod.yaml"));
}

#[test]
fn a_stage_that_the_image_does_not_have_is_said() {
    let project = Project::empty();
    project.put("Dockerfile", "FROM python:3.12-slim AS Server\nRUN pip install torch==2.11.0\nFROM server AS dev\n");
    let policy = |stage: &str| {
        format!(
            "version = 1\n\n[[environment]]\nimage = \"Dockerfile\"\nstage = \"{stage}\"\ndeployed-as = [\"team/api\"]\n"
        )
    };
    let told = "driftgate.toml:5:9: Dockerfile has no stage \"serve\", and its last is judged: it has server, dev";
    project.put("driftgate.toml", &policy("serve"));
    project.run(&["pin"]).ends(0, &[]);
    project.run(&["gpu"]).ends(0, &[told]);
    project.run(&["check"]).prints(&[told]);
    project.put("driftgate.toml", &policy("Server"));
    assert!(!project.run(&["gpu"]).err.contains("driftgate.toml"));
}

#[test]
fn gpu_markdown_makes_no_markup_of_names() {
    let project = Project::empty();
    project.put("requirements.txt", "torch==2.11.0\n");
    project.put(
        "driftgate.toml",
        "version = 1\n\n[[target]]\nname = \"@team [a](b) *c*\"\ndriver = \"535.183.06\"\ngpus = [\"A100\"]\n",
    );
    let ran = project.run(&["gpu", "--format", "markdown"]).ends(0, &[]);
    let all = ran.out.matches("@team [a](b) *c*").count();
    assert!(all >= 1 && all == ran.out.matches("`@team [a](b) *c*`").count(), "{}", ran.out);
}

#[test]
fn gpu_tells_one_cause_once_and_names_who_brings_it() {
    let project = Project::new();
    project.put(
        "api/uv.lock",
        "version = 1\nrequires-python = \">=3.11\"\n\n\
         [[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
         dependencies = [{ name = \"encoder\" }, { name = \"sglang\" }]\n\n\
         [[package]]\nname = \"encoder\"\nversion = \"5.1.0\"\n\
         source = { registry = \"https://mirror.example/simple\" }\ndependencies = [{ name = \"torch\" }]\n\n\
         [[package]]\nname = \"sglang\"\nversion = \"0.5.3\"\nsource = { registry = \"https://mirror.example/simple\" }\n\n\
         [[package]]\nname = \"torch\"\nversion = \"2.11.0\"\nsource = { registry = \"https://mirror.example/simple\" }\n",
    );
    let target = |name: &str, driver: &str, gpu: &str| {
        format!("\n[[target]]\nname = \"{name}\"\ndriver = \"{driver}\"\ngpus = [\"{gpu}\"]\n")
    };
    let targets =
        [target("a100", "535.183.06", "A100"), target("l4", "550.90.07", "L4"), target("v100", "550.90.07", "V100")];
    let targets = targets.concat();
    project.put("driftgate.toml", &format!("version = 1\n{targets}"));
    let ran = project.run(&["gpu"]).ends(0, &[]).prints(&[
        "brought in by app → encoder → torch",
        "not judged: sglang 0.5.3",
        "on l4: fails at start, as on a100",
        "l4 has driver 550.90.07",
        "torch 2.11.0 cannot start, as on a100",
    ]);
    // The argument stands there once, and what is another's own beside it.
    assert_eq!(ran.out.matches("- all of CUDA 13 starts").count(), 1, "{}", ran.out);
    assert_eq!(ran.out.matches("error[missing-architecture]").count(), 1, "{}", ran.out);
    let json: Value = serde_json::from_str(&project.run(&["gpu", "-f", "json"]).out).unwrap();
    let subject = &json["subjects"][0];
    assert_eq!(subject["unjudged"], serde_json::json!(["sglang 0.5.3"]));
    assert_eq!(subject["carriers"][0]["brought_in_by"], serde_json::json!(["app", "encoder", "torch"]));
    // The driver's line says why there is none.
    for (line, expected) in [
        ("torch==2.9.1+cpu", "driver: none needed (CPU build)"),
        ("torch==2.99.0", "driver: not known, because of torch 2.99.0"),
        ("jax-cuda12-plugin==0.6.0", "has kernels for is not known"),
    ] {
        let project = Project::new();
        project.put("api/requirements.txt", &REQUIREMENTS.replace("urllib3==2.2.0", line));
        project.run(&["gpu", "api"]).ends(0, &[]).prints(&[expected]);
    }
}

#[test]
fn facts_are_looked_up_and_laid_over() {
    let project = pool();
    project.run(&["gpu", "facts", "R535"]).ends(0, &[]).prints(&["branch 535", "max_cuda", "12.2", "source"]);
    project.run(&["gpu", "facts", "torch", "2.11"]).ends(0, &[]).prints(&["torch release 2.11", "cu130"]);
    project.run(&["gpu", "facts"]).ends(0, &[]).prints(&["toolkits.toml", "rows"]);
    let ran = project.run(&["gpu", "facts", "A100", "--format", "json"]).ends(0, &[]);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["rows"][0]["fields"]["compute_capability"], "8.0");
    project.run(&["gpu", "facts", "A10000"]).ends(2, &["nothing is known of \"A10000\""]);
    // A vendor that lets an older driver start CUDA 13 is not so in the tables, and in ours from here on.
    project.put(
        "facts/toolkits.toml",
        "[[mvc_floor]]\nmajor = 13\nmin_driver_linux = \"535.1\"\nsource = \"our vendor\"\n",
    );
    let asked = ["gpu", "--driver", "535.183.06", "--facts", "facts"];
    project.run(&asked).ends(0, &[]).prints(&["torch 2.9.1+cu130"]);
    project.put("facts/toolkits.toml", "[[mvc_floor]]\nmajor = \"13\"\nsource = \"our vendor\"\n");
    project.run(&asked).ends(2, &["facts/toolkits.toml:2:9", "\"major\" is a whole number"]);
    project.put("facts/toolkits.toml", "[[mvc_flour]]\nmajor = 13\n");
    project.run(&asked).ends(2, &["facts/toolkits.toml:1:3", "did you mean \"mvc_floor\"?"]);
    project.run(&["gpu", "--facts", "ops"]).ends(2, &["no .toml file there"]);
}

#[test]
fn errors_of_programs_lead_to_their_rule() {
    let project = Project::empty();
    let printed = "RuntimeError: CUDA error: no kernel image is available for execution on the device";
    for (text, rule) in [
        ("The NVIDIA driver on your system is too old", "driver-floor"),
        ("forward compatibility was attempted on non supported HW", "forward-compat-hardware"),
        ("operator torchvision::nms does not exist", "torch-pair"),
        ("TV-PAIR", "torch-pair"),
        ("libcublasLt.so.11: cannot open shared object file: No such file or directory", "cuda-major-mix"),
        ("xFormers was built for: PyTorch 2.1.0+cu121 (you have 2.2.0)", "xformers-pair"),
        ("hipErrorNoBinaryForGpu", "rocm-architecture"),
        ("undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12", "shadowed-libraries"),
        (printed, "missing-architecture"),
    ] {
        project.run(&["explain", text]).ends(0, &[]).prints(&[rule]);
    }
    project.run(&["explain", "my program is on fire today"]).ends(2, &["no format, rule or output"]);
}
