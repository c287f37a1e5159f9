//! What does not fit among the machines of a target themselves, whatever runs there: drivers of several branches in one
//! pool, the two halves of a driver, NVSwitch's manager.

use std::collections::BTreeMap;

use crate::gpu::target::{Node, Platform, Target};
use crate::gpu::version::Dotted;
use crate::gpu::{Answer, Evidence, Gravity, Verdict, facts, pool};

const POOL_MIX: &str = "POOL-MIX";
const NVML_MIX: &str = "NVML-MIX";
const FABRIC: &str = "FABRIC";

/// Tells what does not fit among the machines of a target. Where the target stands is for the caller to say.
pub fn fleet(target: &Target) -> Vec<Answer> {
    [mixed(target), halves(target), fabric(target)].into_iter().flatten().collect()
}

/// Tells of drivers of several branches in one pool. Parts of GPUs and whole ones beside each other are no mismatch, and
/// neither are builds of one branch. Nodes that are being emptied do not count.
fn mixed(target: &Target) -> Option<Answer> {
    if matches!(target.platform, Platform::Jetson | Platform::Windows) {
        return None;
    }
    let mut branches: BTreeMap<u32, Vec<&Node>> = BTreeMap::new();
    for node in target.nodes.iter().filter(|node| node.takes_pods()) {
        if let Some(driver) = &node.driver {
            branches.entry(driver.major()).or_default().push(node);
        }
    }
    if branches.len() < 2 {
        return None;
    }
    let count = |nodes: usize| if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") };
    let each: Vec<String> =
        branches.iter().map(|(branch, nodes)| format!("R{branch} on {}", count(nodes.len()))).collect();
    let (last, first) = each.split_last()?;
    let message = format!("drivers of {} branches are mixed, {} and {last},", branches.len(), first.join(", "));
    let mut answer = Answer::new(POOL_MIX, Verdict::RunsIf, Gravity::Warning, Evidence::default(), message);
    for (branch, nodes) in &branches {
        let mut drivers: Vec<&Dotted> = nodes.iter().filter_map(|node| node.driver.as_ref()).collect();
        drivers.sort();
        drivers.dedup();
        let drivers = drivers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        answer = match facts::drivers().branches.iter().find(|row| row.branch == *branch) {
            Some(row) => answer
                .because(format!("{} with {drivers}, of CUDA up to {}", pool::names(nodes), row.max_cuda), &row.source),
            None => answer.because(format!("{} with {drivers}", pool::names(nodes)), ""),
        };
    }
    let unknown = target.nodes.iter().filter(|node| node.driver.is_none()).count();
    if unknown > 0 {
        answer = answer.because(format!("of {} the driver is not known", count(unknown)), "");
    }
    answer = match rolling(&branches) {
        Some(since) => answer
            .because(
                format!("the nodes with the newer branch are the newer ones, from {since} on: it looks like an upgrade that is under way"),
                "",
            )
            .mend("let the upgrade end, or roll the older nodes over"),
        None => answer.mend("bring the nodes to one branch, or make a pool of each and choose between them by a label"),
    };
    Some(answer.because(
        "a pod may land on any of them, and what the newest branch runs may not start on the oldest",
        "wilicc/gpu-burn#7",
    ))
}

/// Returns the day of the first node of the newest branch, where all of them are younger than all others.
fn rolling<'n>(branches: &BTreeMap<u32, Vec<&'n Node>>) -> Option<&'n str> {
    let (newest, young) = branches.last_key_value()?;
    let old = branches.iter().filter(|(branch, _)| *branch != newest).flat_map(|(_, nodes)| nodes);
    // Times of Kubernetes are in UTC and of one form, so that they sort as texts.
    let latest = old.map(|node| node.created.as_str()).max()?;
    let first = young.iter().map(|node| node.created.as_str()).min()?;
    let told = branches.values().flatten().all(|node| node.created.ends_with('Z'));
    (told && first > latest).then(|| first.split('T').next()).flatten()
}

/// Tells of a driver whose libraries are of another build than its kernel module. Inside of WSL the driver is the host's,
/// and its libraries are numbered otherwise.
fn halves(target: &Target) -> Option<Answer> {
    if target.platform != Platform::Linux {
        return None;
    }
    let (module, library) = (target.driver.as_ref(), target.user_driver.as_deref().and_then(Dotted::parse));
    let differ = |module: &Dotted, library: &Dotted| {
        // The tools cut the library's version to two numbers, and a policy may give a branch alone.
        let told = library.parts().min(module.parts());
        library.first_parts(told) != module.first_parts(told)
    };
    let seen = module.zip(library.as_ref()).is_some_and(|(module, library)| differ(module, library));
    if !seen && !target.mismatched {
        return None;
    }
    let libraries = library.as_ref().map_or("not known".to_owned(), ToString::to_string);
    let message = match module {
        Some(module) => format!("the driver's libraries are {libraries} and its kernel module is {module}"),
        None => format!("the driver's libraries are {libraries} and its kernel module is of another build"),
    };
    let mut answer = Answer::new(NVML_MIX, Verdict::FailsAtStart, Gravity::Error, Evidence::default(), message);
    if let Some(module) = module {
        answer = answer.because(format!("the kernel module that is loaded is {module}"), "");
    }
    if let Some(library) = &library {
        let cut = if library.parts() == 2 { ", as far as the tool tells their version" } else { "" };
        answer = answer.because(format!("the libraries beside it are {library}{cut}"), "");
    }
    if target.mismatched {
        answer = answer.because("nvidia-smi itself said that the two are of different builds", "");
    }
    answer = answer
        .because(
            "both halves must be of one build: the module refuses libraries of another",
            "tinygrad/open-gpu-kernel-modules#47",
        )
        .says("Failed to initialize NVML: Driver/library version mismatch");
    let advice = match module.zip(library.as_ref()) {
        Some((module, library)) if differ(module, library) && library < module => {
            "install the libraries of the module's build: those that are there are older than the module"
        }
        _ => {
            "reboot, or unload the module and load it anew: most often the packages were upgraded under the running module"
        }
    };
    Some(answer.mend(advice).mend("keep nvidia-* out of unattended upgrades, so that both halves change at one time"))
}

/// Tells of a fabric manager of another build than the driver. Boards on PCIe need none, whatever its build.
fn fabric(target: &Target) -> Option<Answer> {
    if target.platform != Platform::Linux {
        return None;
    }
    let (manager, driver) = (target.fabric_manager.as_ref()?, target.driver.as_ref()?);
    // A branch alone says nothing of the build.
    let told = if driver.parts() == 1 || manager.parts() == 1 { 1 } else { driver.parts().max(manager.parts()) };
    if manager.first_parts(told) == driver.first_parts(told) {
        return None;
    }
    let joined: Vec<Option<bool>> = target.gpus.iter().map(|gpu| facts::gpus().on_nvswitch(gpu)).collect();
    let is_joined = target.nvswitch || joined.contains(&Some(true));
    let may_be = joined.is_empty() || joined.contains(&None);
    if !is_joined && !may_be {
        return None;
    }
    let gravity = if is_joined { Gravity::Error } else { Gravity::Warning };
    let message = format!("NVSwitch's fabric manager is {manager} and the driver is {driver}");
    let mut answer = Answer::new(FABRIC, Verdict::FailsAtStart, gravity, Evidence::default(), message)
        .because(
            "the fabric manager must be of the driver's very build, else it does not start",
            "NVIDIA/gpu-operator#544",
        )
        .because(
            "without it the GPUs on NVSwitch are not joined, and CUDA does not come up on any of them (error 802)",
            "CUDA driver API: CUDA_ERROR_SYSTEM_NOT_READY",
        );
    answer = answer.because(
        "its log says: fabric manager NVIDIA GPU driver interface version … don't match with driver version …",
        "NVIDIA/gpu-operator#544",
    );
    let on_switch = target.gpus.iter().find(|gpu| facts::gpus().on_nvswitch(gpu) == Some(true));
    let row = on_switch.and_then(|gpu| facts::gpus().nvswitch_of(gpu));
    answer = match (on_switch, row) {
        (Some(gpu), Some(row)) => answer.because(
            format!("{gpu} is a board for NVSwitch; a machine of four without a switch needs no manager"),
            &row.source,
        ),
        _ if is_joined => answer.because("the GPUs themselves tell that they are joined by NVSwitch", ""),
        _ => answer.because("whether these GPUs sit on NVSwitch is not known: boards on PCIe need no manager", ""),
    };
    Some(
        answer
            .says("system not yet initialized")
            .mend(format!("install the fabric manager of build {driver}, and pin it to the driver's package")),
    )
}
