//! What a file says of the things that run or are built by themselves: stages of an image's build, containers of a
//! deployment, each with its settings, commands and wishes.

use super::NodeId;
use crate::intern::Text;
use crate::source::Place;

/// A part of a subject that is built or runs by itself.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// What it is called: a stage's name or number, `Deployment/api server`.
    pub name: Text,
    /// What kind of part it is.
    pub kind: PartKind,
    /// The part that it starts from, by its number; always an earlier one.
    pub base: Option<usize>,
    /// The image that it starts from or runs, where the file names one.
    pub image: Option<NodeId>,
    /// Whether it is what runs in the end: the last stage of a build and those it starts from, each container.
    pub runs: bool,
    /// What it says, in the order of the file.
    pub facts: Vec<Fact>,
    /// Where it begins.
    pub place: Place,
}

/// What kind of part it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// A stage of an image's build, or an image as its configuration describes it.
    #[default]
    Stage,
    /// A container of a deployment.
    Container,
}

/// One thing that a part says. What looks like a secret is covered, see [`crate::model::secret`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// What kind of fact it is, and so what name and value are.
    pub kind: FactKind,
    /// Its name: a variable's, a label's, a package's.
    pub name: Text,
    /// Its value; empty where there is none.
    pub value: Text,
    /// What more is said of it: an install's index, a command's program; empty where nothing is.
    pub detail: Text,
    /// Where it stands.
    pub place: Place,
}

/// What kind of fact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// A variable of the environment at run time: `ENV CUDA_VERSION=12.4.1`.
    Env,
    /// A variable of the build alone: `ARG`, and what a container's build is given. The detail of one is `open` whose value
    /// only the builder's environment knows.
    Arg,
    /// A label of an image, a node or a workload.
    Label,
    /// A shell command that the build runs, one of a chain: the name is its program, the value all of it.
    Command,
    /// A file or folder of the build context that is copied or mounted: the name is the source as written, the value the
    /// destination. The detail is `from=` and the stage or image, in lower case, where it is copied out of one and not of
    /// the build context, and `mount from=` where it is mounted.
    Copy,
    /// A package that a command installs: the name is `pip:torch`, `apt:cuda-toolkit-12-4`, `conda:cuda-version`,
    /// `npm:…`, `cargo:…`, `go:…`, `gem:…`, `apk:…`, `rpm:…`, and `pipx:…` for programs with an environment of their own;
    /// `pip:$MORE` where only the build knows the name. The value is the version or range as written (`==2.5.1`, `=12.4`,
    /// empty for none); the detail its indexes or channels, parted by commas, where the command gives any
    /// (`torch-backend=cu128` is one), or the address or file that it is taken from.
    Install,
    /// A lockfile or requirements file that a command installs from: the name is its path as written, or the
    /// tool's own lockfile where the command names none; the value the tool; the detail as for [`FactKind::Install`].
    InstallFile,
    /// A device or resource that a container asks for: `nvidia.com/gpu` and how many.
    Limit,
    /// A label that the node must have: the value lists the allowed ones, parted by commas; empty where any will do.
    Select,
    /// A taint that is tolerated: its key and value.
    Tolerate,
    /// The runtime class, or the container runtime: `nvidia`.
    Runtime,
    /// The platform: the value is `linux/arm64`.
    Platform,
}

impl Part {
    /// Returns the facts of one kind.
    pub fn facts_of(&self, kind: FactKind) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.kind == kind)
    }
}
