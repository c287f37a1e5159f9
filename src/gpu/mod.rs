//! Which GPU runtime a component carries, which driver it needs, and whether that runs where it is meant to.
//!
//! The tables are data, the lookups are code. An [`Environment`] is what runs as one, a [`Stack`] what its packages and image
//! carry; [`inspect`] looks at it by itself, [`judge()`] holds it against a [`Target`]. A fact that is not in the tables is
//! said to be unknown, and never makes a failure.

mod advice;
mod carriers;
mod classes;
mod conda_carriers;
pub mod environment;
pub mod facts;
pub mod image;
mod image_carriers;
mod judge;
#[cfg(test)]
mod laws;
mod pool;
pub mod probe;
mod python;
mod requirement;
pub mod summary;
pub mod tables;
pub mod target;
#[cfg(test)]
mod tests;
mod together;
pub mod version;

use std::fmt;

use crate::intern::{self, Text};
use crate::model::Component;
use crate::source::Place;

pub use classes::{across, end_of_life, least_of_libraries};

pub use classes::fleet::fleet;
pub use classes::unknown_image;
pub use environment::{Environment, Install, Package, Setting, Stage, Workload};
pub use judge::{inspect, judge};
pub use target::{Mode, Module, Node, Platform, Target};
pub use version::Dotted;

/// An environment, with what its packages carry of a GPU runtime.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// What runs as one.
    pub environment: Environment,
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
    /// The carrier on whose CUDA it runs and with which it is judged; none where it speaks for itself.
    pub runs_on: Option<&'static Component>,
    /// How this is known: one sentence with the numbers.
    pub because: String,
    /// Where the row of the table comes from.
    pub source: &'static str,
}

impl Carrier {
    /// Adds the architectures that its wheel has kernels for, where that very release was read.
    fn add_kernels(&mut self) {
        let is_open = self.architectures.is_empty() && self.cuda.major().is_some();
        let Some(row) = self.wheel_kernels().filter(|_| is_open) else { return };
        self.architectures = row.sm.iter().map(|sm| intern::text(&format!("sm_{sm}"))).collect();
        self.architectures.extend(row.ptx().map(|(_, of)| -> Text { intern::text(&format!("compute_{of}")) }));
        self.architectures_source = &row.source;
    }

    /// Returns the row of its wheel's kernels.
    fn wheel_kernels(&self) -> Option<&'static facts::Kernels> {
        let purl = &self.component.purl;
        let is_default = purl.ty() == "pypi" && !carriers::names_build(self.component);
        let of = |name: &str| facts::frameworks().wheel_kernels(name, self.component.version());
        // RAPIDS has its kernels in wheels of their own, of the same release: `libcudf-cu12` of `cudf-cu12`.
        of(purl.name()).or_else(|| of(&format!("lib{}", purl.name()))).filter(|_| is_default)
    }
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

impl Carrier {
    /// Says whether its kernels serve a compute capability (times ten): its own, or what the driver makes of PTX.
    pub fn serves(&self, sm: u32) -> bool {
        judge::cover(&self.architectures, sm) != judge::Cover::None
    }

    /// Returns the least Linux driver that it starts on, where that is known.
    pub fn driver_floor(&self) -> Option<&'static Dotted> {
        judge::floor_of(self).map(|(floor, _)| floor)
    }
}

impl Cuda {
    /// Says whether it is known what it is.
    pub fn is_known(&self) -> bool {
        !matches!(self, Cuda::Unknown(_))
    }

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
    /// How it is reckoned: what the carrier was built for, and the rule with its numbers.
    pub because: String,
    /// The rule alone.
    pub rule: String,
    /// Where the row of the table comes from.
    pub source: &'static str,
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

/// How grave it is what an answer tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// Worth knowing; it never fails a build.
    Info,
    /// It fails under some conditions, or runs degraded.
    Warning,
    /// It will fail at start or at the first use of the GPU.
    #[default]
    Error,
}

/// What an answer is about, and where that stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// The component; none where it is a setting, a command, a target.
    pub component: Option<&'static Component>,
    /// The path of the subject that it is in; empty for a target.
    pub subject: Text,
    /// Where it stands.
    pub place: Place,
}

/// What is worth telling of a stack, by itself or on a target.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The class of mismatch, as the catalogue calls it: `DRV-FLOOR`, `TV-PAIR`.
    pub class: &'static str,
    /// What becomes of the stack.
    pub verdict: Verdict,
    /// How grave that is.
    pub gravity: Gravity,
    /// What it is about.
    pub about: Evidence,
    /// What is the matter, in one line with names and versions; the target's name is added by who shows it.
    pub message: String,
    /// Why: facts and rules in the order of the argument.
    pub chain: Vec<Link>,
    /// Other places that belong to it, each with what stands there.
    pub related: Vec<(Place, Text)>,
    /// What a user sees at run time; empty where there is no such text.
    pub error_text: &'static str,
    /// The smallest moves that mend it, reckoned from the tables.
    pub advice: Vec<String>,
}

impl Answer {
    /// Returns an answer without argument yet.
    pub fn new(
        class: &'static str,
        verdict: Verdict,
        gravity: Gravity,
        about: Evidence,
        message: impl Into<String>,
    ) -> Self {
        Answer {
            class,
            verdict,
            gravity,
            about,
            message: message.into(),
            chain: Vec::new(),
            related: Vec::new(),
            error_text: "",
            advice: Vec::new(),
        }
    }

    /// Adds a step of the argument: a fact or a rule with its numbers, and its source; an empty source for what was given.
    pub fn because(mut self, text: impl Into<String>, source: &'static str) -> Self {
        self.chain.push(Link { text: text.into(), source });
        self
    }

    /// Adds another place that belongs to it.
    pub fn beside(mut self, about: Evidence, note: Text) -> Self {
        self.related.push((about.place, note));
        self
    }

    /// Says what a user sees at run time.
    pub fn says(mut self, error_text: &'static str) -> Self {
        self.error_text = error_text;
        self
    }

    /// Adds a move that mends it.
    pub fn mend(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

/// Says whether an image is one that the tables know to carry a GPU runtime.
pub fn is_known(image: &Component) -> bool {
    image::row(image).is_some()
}

impl From<&Package> for Evidence {
    fn from(package: &Package) -> Self {
        Evidence { component: Some(package.component), subject: package.subject, place: package.place }
    }
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
    /// Finds out what the packages of an environment carry.
    pub fn of(environment: Environment) -> Self {
        let mut carriers = carriers::carriers(&environment);
        carriers.extend(conda_carriers::carriers(&environment));
        carriers.extend(image_carriers::carriers(&environment, &carriers));
        carriers.iter_mut().for_each(Carrier::add_kernels);
        Stack { environment, carriers }
    }

    /// Returns where a carrier stands.
    pub fn evidence(&self, carrier: usize) -> Evidence {
        let component = self.carriers[carrier].component;
        let package = self.environment.packages.iter().find(|package| std::ptr::eq(package.component, component));
        if let Some(package) = package {
            return Evidence::from(package);
        }
        let stage =
            self.environment.image().filter(|stage| stage.base.is_some_and(|base| std::ptr::eq(base, component)));
        let (subject, place) = stage.map_or_else(Default::default, |stage| (stage.subject, stage.base_place));
        Evidence { component: Some(component), subject, place }
    }

    /// Names the packages that have CUDA code of their own of which the tables tell nothing: a verdict does not speak of them.
    pub fn unjudged(&self) -> Vec<String> {
        let is_carrier =
            |package: &Package| self.carriers.iter().any(|carrier| std::ptr::eq(carrier.component, package.component));
        let is_it = |package: &&Package| {
            package.component.purl.ty() == "pypi" && facts::frameworks().unjudged.has(package.name())
        };
        let packages = self.environment.packages.iter().filter(is_it).filter(|package| !is_carrier(package));
        let mut names: Vec<String> = packages.map(|package| package.shown().trim_end().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the carriers of a package's name; several where several are locked.
    pub fn carried(&self, name: &str) -> impl Iterator<Item = &Carrier> {
        self.carriers.iter().filter(move |carrier| carrier.component.purl.name() == name)
    }

    /// Returns the least driver on which all carriers can start, with the carrier that asks for it; none where no carrier
    /// brings CUDA, or where it is not known which.
    pub fn driver_floor(&self) -> Option<Floor> {
        judge::driver_floor(self)
    }
}
