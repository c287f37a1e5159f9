//! Where a stack is meant to run: a pool of nodes, a workstation.

use std::collections::BTreeMap;

use super::version::Dotted;

/// Where a stack is meant to run.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// The driver (its kernel module); none where it is not known.
    pub driver: Option<Dotted>,
    /// The GPUs, as people or tools name them.
    pub gpus: Vec<String>,
    /// What kind of system it is.
    pub platform: Platform,
    /// The board's brand as the container runtime names it: `tesla`, `geforce`; by the GPUs where it is none.
    pub brand: Option<String>,
    /// How containers get their GPUs.
    pub mode: Mode,
    /// Which kernel modules drive the boards.
    pub module: Module,
    /// The CUDA that the driver says it implements, where that was read; else it is looked up by the driver's branch.
    pub capability: Option<Dotted>,
    /// The compute capability, where it was read from the machine; else it is looked up by the GPUs.
    pub compute: Option<Dotted>,
    /// The driver's user-space half, where it was read: it must be the same build as the kernel module.
    pub user_driver: Option<String>,
    /// Whether a tool said that the two halves are of different builds, whatever they are.
    pub mismatched: bool,
    /// NVSwitch's manager, where it was read: it must be the same build as the driver.
    pub fabric_manager: Option<Dotted>,
    /// Whether its GPUs were seen to be joined by NVSwitch; false where that is not known.
    pub nvswitch: bool,
    /// The ROCm release of the kernel driver, for AMD's GPUs.
    pub rocm: Option<Dotted>,
    /// The machines behind it, where they were read one by one; empty where it is only declared.
    pub nodes: Vec<Node>,
}

/// One machine of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its driver; none where it is not known.
    pub driver: Option<Dotted>,
    /// The CUDA that the driver says it implements.
    pub capability: Option<Dotted>,
    /// Its GPUs, one entry a model.
    pub gpus: Vec<String>,
    /// Their compute capability, where it was read.
    pub compute: Option<Dotted>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints: key and value (empty where there is none), for those that keep pods away.
    pub taints: Vec<(String, String)>,
    /// When it was made, in RFC 3339; empty where that was not read.
    pub created: String,
}

impl Node {
    /// Says whether pods are put on it: a node that is being emptied takes none any more.
    pub fn takes_pods(&self) -> bool {
        // `kubectl cordon` and drains set this taint beside `spec.unschedulable`.
        !self.taints.iter().any(|(key, _)| key == "node.kubernetes.io/unschedulable")
    }
}

/// What kind of system a target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Linux with NVIDIA's driver of its own.
    #[default]
    Linux,
    /// Linux inside Windows, which brings the driver.
    Wsl,
    /// NVIDIA's boards with the driver in the system image.
    Jetson,
    /// Windows, which numbers drivers otherwise.
    Windows,
}

/// How containers get their GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Not known.
    #[default]
    Unknown,
    /// By the runtime's hook, which checks `NVIDIA_REQUIRE_*`.
    Legacy,
    /// By the container device interface, which checks nothing.
    Cdi,
    /// No container: on the machine itself.
    None,
}

/// Which kernel modules drive the boards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Module {
    /// Not known.
    #[default]
    Unknown,
    /// The open ones.
    Open,
    /// The closed ones.
    Closed,
}
