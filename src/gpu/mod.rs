//! Which GPU runtime a component carries, which driver it needs, and whether that runs where it is meant to.
//!
//! The tables are data, the lookups are code. A [`stack`] is what one subject's components carry; [`judge()`] holds it against
//! a [`Target`]. A fact that is not in the tables is said to be unknown, and never makes a failure.

mod advice;
mod carriers;
pub mod facts;
mod judge;
#[cfg(test)]
mod tests;
pub mod version;

use std::fmt;

use crate::intern::Text;
use crate::model::Component;

pub use carriers::{stack, stack_with};
pub use judge::judge;
pub use version::Dotted;

/// What one subject's components carry of a GPU runtime.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Who carries it, in the order of the components.
    pub carriers: Vec<Carrier>,
}

/// A component that brings a GPU runtime along, or says which one it was built for.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// The component.
    pub component: &'static Component,
    /// What its own code was built for and brings along.
    pub cuda: Cuda,
    /// The architectures that it has kernels for: `sm_80`, `sm_90a`, `compute_90` for PTX; empty where not known.
    pub architectures: Vec<Text>,
    /// Where that list comes from; empty where there is none.
    pub architectures_source: &'static str,
    /// The list of architectures was not read from the release itself.
    pub unverified: bool,
    /// How this is known: one sentence with the numbers.
    pub because: String,
    /// Where the row of the table comes from.
    pub source: &'static str,
}

/// The CUDA that a carrier was built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cuda {
    /// A version, major and minor.
    Version(Dotted),
    /// A major version, the minor of which is not known.
    Major(u32),
    /// None: a build for the CPU alone.
    Cpu,
    /// None, but ROCm of this version; empty where it is not known.
    Rocm(String),
    /// Not known; the text says which fact is missing.
    Unknown(String),
}

impl Cuda {
    /// Returns the major version, where it is CUDA and known.
    pub fn major(&self) -> Option<u32> {
        match self {
            Cuda::Version(version) => Some(version.major()),
            Cuda::Major(major) => Some(*major),
            Cuda::Cpu | Cuda::Rocm(_) | Cuda::Unknown(_) => None,
        }
    }
}

impl fmt::Display for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cuda::Version(version) => write!(f, "CUDA {version}"),
            Cuda::Major(major) => write!(f, "CUDA {major}"),
            Cuda::Cpu => f.write_str("the CPU alone"),
            Cuda::Rocm(version) if version.is_empty() => f.write_str("ROCm"),
            Cuda::Rocm(version) => write!(f, "ROCm {version}"),
            Cuda::Unknown(missing) => write!(f, "an unknown CUDA ({missing})"),
        }
    }
}

/// The least driver on which a stack can start.
#[derive(Clone, Debug)]
pub struct Floor {
    /// The driver, as Linux numbers it.
    pub driver: Dotted,
    /// The carrier that asks for it, among the stack's.
    pub carrier: usize,
    /// How it is reckoned: one sentence with the numbers.
    pub because: String,
    /// Where the row of the table comes from.
    pub source: &'static str,
}

/// Where a stack is meant to run.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// The driver; none where it is not known.
    pub driver: Option<Dotted>,
    /// The GPUs, as people or tools name them.
    pub gpus: Vec<String>,
    /// What kind of system it is.
    pub platform: Platform,
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

/// What becomes of a stack on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It runs.
    Runs,
    /// It runs on a condition, which the chain names.
    RunsIf,
    /// It fails when it starts.
    FailsAtStart,
    /// It starts, and fails at its first kernel.
    FailsAtKernel,
    /// It runs, but without the GPU and without saying so.
    FallsBackToCpu,
    /// A fact is missing, which the chain names.
    Unknown,
}

/// What is worth telling of a carrier on a target.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The class of mismatch: `DRV-FLOOR`, `DRV-ARCH`, `ARCH-MISSING`.
    pub class: &'static str,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The carrier, among the stack's.
    pub carrier: usize,
    /// Why: facts and rules in the order of the argument.
    pub chain: Vec<Link>,
    /// What a user sees at run time; empty where there is no such text.
    pub error_text: &'static str,
    /// The smallest moves that mend it, reckoned from the tables.
    pub advice: Vec<String>,
}

/// One step of an argument.
#[derive(Clone, Debug)]
pub struct Link {
    /// A fact or a rule, with its numbers.
    pub text: String,
    /// Where it comes from; empty where it was given.
    pub source: &'static str,
}

impl Stack {
    /// Returns the least driver on which all carriers can start, with the carrier that asks for it; none where no carrier
    /// brings CUDA, or where it is not known which.
    pub fn driver_floor(&self) -> Option<Floor> {
        judge::driver_floor(self)
    }
}
