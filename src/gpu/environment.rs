//! What runs as one: the packages of a lockfile, the image that they are installed into, and what deploys it.
//!
//! Everything here knows where it was read, so that an answer can name its evidence. It is made of subjects by the room
//! that knows the graph; this room only asks it questions.

use crate::intern::Text;
use crate::model::{Component, Origin, Purl};
use crate::source::Place;

use super::facts;
use super::target::{Node, Target};
use super::version::Dotted;

/// What runs as one.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What it is called: the path of the lockfile, or of the image's file where there is none.
    pub name: Text,
    /// The paths of the subjects that it is made of, sorted.
    pub subjects: Vec<Text>,
    /// What deployments call its image: host and path, without tag.
    pub images: Vec<Text>,
    /// The packages that run in it, of all ecosystems, sorted by purl: locked ones and those that the image's build
    /// installs at an exact version.
    pub packages: Vec<Package>,
    /// The stages of the image's build, in the order of the file, each with what it takes over from those before it; empty
    /// where no image is known.
    pub stages: Vec<Stage>,
    /// The containers that are known to run it.
    pub workloads: Vec<Workload>,
}

/// A package that runs, and where it says so.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is.
    pub component: &'static Component,
    /// Where it stands.
    pub place: Place,
    /// The path of the subject that it is in.
    pub subject: Text,
    /// What it requires, as far as that is known: exact answers only.
    pub requires: Vec<&'static Component>,
    /// The extras that it is asked for with: `cuda` of `onnxruntime-gpu[cuda]`, sorted.
    pub extras: Vec<Text>,
    /// Whether the image's build installs it, and no lockfile.
    pub installed: bool,
    /// Whether only an extra or a feature brings it in, which may not be asked for.
    pub optional: bool,
}

/// A stage of an image's build.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Its name or number.
    pub name: Text,
    /// The path of the file that describes it.
    pub subject: Text,
    /// Where it begins.
    pub place: Place,
    /// Whether it is what runs in the end.
    pub runs: bool,
    /// The image that it starts from, through whatever stages.
    pub base: Option<&'static Component>,
    /// Where that image is named.
    pub base_place: Place,
    /// The variables that hold at its end, sorted by name: its own, and those of the stages that it starts from. What the
    /// image it starts from sets is not here: see [`super::image`].
    pub settings: Vec<Setting>,
    /// The variables of its build alone, sorted by name.
    pub arguments: Vec<Setting>,
    /// Its labels, sorted by name.
    pub labels: Vec<Setting>,
    /// What its commands install, in order, those of the stages that it starts from first.
    pub installs: Vec<Install>,
    /// The lockfiles and requirements files that its commands install from, likewise: the path as written, and the tool.
    pub files: Vec<Setting>,
    /// Its commands, likewise.
    pub commands: Vec<Setting>,
    /// What it copies from other images than its own build's stages: their names, with the paths copied.
    pub copied: Vec<Text>,
    /// The lockfiles that are installed in it, by their paths below the tree's root.
    pub locks: Vec<Text>,
    /// Whether all of the image is known: an image's own configuration, rather than a file that starts from a base.
    pub whole: bool,
}

/// A name with a value, and where it stands: a variable, a label, a command with its program as its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Text,
    /// Where it stands.
    pub place: Place,
}

/// A package that a command installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// Who installs it: `pip`, `apt`, `conda`, `npm`, `cargo`.
    pub manager: Text,
    /// The package's name.
    pub name: Text,
    /// The version or range, as written: `==2.5.1`, `=12.4`; empty for none.
    pub constraint: Text,
    /// The index or channel that the command names; empty where it names none.
    pub index: Text,
    /// Where it stands.
    pub place: Place,
}

/// A container that runs the image somewhere.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// What it is called: `Deployment/api server`.
    pub name: Text,
    /// The path of the file.
    pub subject: Text,
    /// Where it begins.
    pub place: Place,
    /// The variables that it sets.
    pub settings: Vec<Setting>,
    /// The devices that it asks for: `nvidia.com/gpu` and how many.
    pub limits: Vec<Setting>,
    /// The labels that its nodes must have: the value lists the allowed ones, parted by commas; empty for any.
    pub selects: Vec<Setting>,
    /// The taints that it tolerates.
    pub tolerates: Vec<Setting>,
    /// The runtime class, where it names one.
    pub runtime: Option<Setting>,
}

impl Environment {
    /// Returns an environment of these components, of which nothing more is known.
    pub fn of(name: Text, components: impl IntoIterator<Item = &'static Component>) -> Self {
        let package = |component| Package {
            component,
            place: Place::default(),
            subject: name,
            requires: Vec::new(),
            extras: Vec::new(),
            installed: false,
            optional: false,
        };
        let subjects = vec![name];
        Environment {
            name,
            subjects,
            packages: components.into_iter().map(package).collect(),
            ..Environment::default()
        }
    }

    /// Returns what a package requires of CUDA's own parts, and what those require: the way from torch to the runtime is
    /// two steps long, by the toolkit's wheel.
    pub fn near(&self, package: &Package) -> Vec<&'static Component> {
        let is_part = |component: &&&'static Component| {
            component.purl.name().starts_with("nvidia-") || component.purl.name() == "cuda-toolkit"
        };
        let first: Vec<&'static Component> = package.requires.iter().filter(is_part).copied().collect();
        let second = first.iter().filter_map(|part| {
            self.packages.iter().find(|package| std::ptr::eq(package.component, *part)).map(|package| &package.requires)
        });
        first.iter().copied().chain(second.flatten().copied()).collect()
    }

    /// Returns the stage that runs, where an image is known.
    pub fn image(&self) -> Option<&Stage> {
        self.stages.iter().rfind(|stage| stage.runs)
    }

    /// Returns the packages of a purl type and name; several where several are locked.
    pub fn packages(&self, ty: &str, name: &str) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(move |package| package.is(ty, name))
    }

    /// Returns the Python packages of a name; several where several are locked.
    pub fn python(&self, name: &str) -> impl Iterator<Item = &Package> {
        self.packages("pypi", name)
    }

    /// Returns the one Python package of a name; none where there is none, or where several are locked and it is not known
    /// which is installed.
    pub fn the(&self, name: &str) -> Option<&Package> {
        let mut found = self.python(name);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Returns a variable's value at run time and its place: what a workload sets wins over what the image's file sets.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        let of = |settings: &[Setting]| settings.iter().position(|setting| setting.name == name);
        let deployed = self.workloads.iter().find_map(|workload| Some(&workload.settings[of(&workload.settings)?]));
        deployed.or_else(|| self.image()?.setting(name))
    }
}

impl Workload {
    /// Says whether the workload may run on a target: on one of its nodes, by labels and taints, where those are known; else
    /// by the GPUs that its labels name.
    pub fn may_run_on(&self, target: &Target) -> bool {
        if target.nodes.is_empty() {
            return self.selects.iter().all(|label| {
                let mut named =
                    label.value.split(',').filter_map(|value| facts::gpus().labelled(label.name, value)).peekable();
                let boards: Vec<_> = target.gpus.iter().filter_map(|gpu| facts::gpus().find(gpu)).collect();
                named.peek().is_none()
                    || boards.is_empty()
                    || named.any(|gpu| boards.iter().any(|board| board.sm == gpu.sm))
            });
        }
        target.nodes.iter().any(|node| self.may_run_on_node(node))
    }

    /// Says whether the workload may run on a node, by its labels and taints.
    pub fn may_run_on_node(&self, node: &Node) -> bool {
        let is_selected = |label: &Setting| {
            node.labels
                .get(label.name)
                .is_some_and(|found| label.value.is_empty() || label.value.split(',').any(|value| value == found))
        };
        // The taint of GPU nodes is tolerated for all who ask for a GPU, by admission.
        let asks = |key: &str| self.limits.iter().any(|limit| limit.name == key);
        let is_tolerated = |(key, value): &(String, String)| {
            asks(key)
                || self.tolerates.iter().any(|taint| {
                    (taint.name.is_empty() || taint.name == key) && (taint.value.is_empty() || taint.value == value)
                })
        };
        self.selects.iter().all(is_selected) && node.taints.iter().all(is_tolerated)
    }
}

impl Package {
    /// Says whether it is a package of this purl type and name.
    pub fn is(&self, ty: &str, name: &str) -> bool {
        self.component.purl.ty() == ty && self.component.purl.name() == name
    }

    /// Returns its name.
    pub fn name(&self) -> Text {
        self.component.purl.name()
    }

    /// Returns its version as written, with its local part: `2.5.1+cu121`.
    pub fn version(&self) -> Text {
        self.component.version()
    }

    /// Returns its version's numbers without local part, pre- and post-release: `2.5.1` of `2.5.1.post1+cu121`; none where
    /// it does not begin with numbers.
    pub fn release(&self) -> Option<Dotted> {
        let public = self.version().split(['+', '-', '_']).next()?;
        let end = public.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(public.len());
        Dotted::parse(public[..end].trim_end_matches('.'))
    }

    /// Returns the local part of its version: `cu121` of `2.5.1+cu121`.
    pub fn local(&self) -> Option<Text> {
        self.version().split_once('+').map(|(_, local)| local)
    }

    /// Names it in a sentence: `torch 2.5.1+cu121`.
    pub fn shown(&self) -> String {
        format!("{} {}", self.component.name(), self.version())
    }
}

impl Stage {
    /// Returns a variable that the file itself sets, here or in a stage that this one starts from.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

impl Install {
    /// Returns the package that it installs, where its version is exact; none for the system's packages.
    pub fn package(&self, subject: Text) -> Option<Package> {
        let (name, extras) = match self.name.split_once('[') {
            Some((name, extras)) => (name, extras.trim_end_matches(']')),
            None => (self.name, ""),
        };
        // What a variable names, only the build knows.
        if name.contains(['$', '`']) {
            return None;
        }
        let (ty, version) = match self.manager {
            "pip" => ("pypi", self.constraint.strip_prefix("==").filter(|version| !version.contains([',', '*', ' ']))),
            "conda" => (
                "conda",
                Some(self.constraint.trim_start_matches('=')).filter(|version| {
                    version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains([',', '|', '<', '>'])
                }),
            ),
            _ => return None,
        };
        // Without a version, an index of one build still tells which it is.
        let version =
            version.or_else(|| (ty == "pypi" && self.constraint.is_empty() && !self.index.is_empty()).then_some(""))?;
        let (version, build) =
            if ty == "conda" { version.split_once('=').unwrap_or((version, "")) } else { (version, "") };
        let mut purl = Purl::new(ty, "", &name.to_ascii_lowercase().replace(['_', '.'], "-"), version);
        if !build.is_empty() {
            purl = purl.with_qualifiers(&[("build", build)]);
        }
        let mut component = Component::new(purl);
        if !self.index.is_empty() {
            component.origin = match self.index.strip_prefix("torch-backend=") {
                Some(backend) => Origin::registry(&format!("whl/{backend}")),
                None if self.index.ends_with(".whl") => Origin::url(self.index),
                None => Origin::registry(self.index),
            };
        }
        let mut extras: Vec<Text> = extras.split(',').filter(|extra| !extra.is_empty()).collect();
        extras.sort_unstable();
        Some(Package {
            component: component.intern(),
            place: self.place,
            subject,
            requires: Vec::new(),
            extras,
            installed: true,
            optional: false,
        })
    }
}
