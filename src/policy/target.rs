//! The places that subjects are meant to run on.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::Policy;
use super::cursor::{Placed, Table};
use super::globs::Globs;
use crate::gpu::{self, Dotted, Mode, Module, Platform, probe};
use crate::intern::Text;
use crate::source::{self, Fault, Faults, Place};
use crate::suggest;

/// A place that subjects are meant to run on: a node pool, a workstation.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called, with its driver, GPUs and platform.
    pub target: gpu::Target,
    /// The file that says what it is made of, relative to the policy: a node list, what `nvidia-smi` prints. None once it
    /// was read: see [`Policy::read_targets`].
    pub file: Option<Placed<Text>>,
    /// The lockfiles and manifests that run there; empty for all.
    pub paths: Globs,
    /// What deployments call the images that run there, with wildcards and without tags; empty for all.
    pub images: Vec<Placed<Text>>,
    /// Where it begins.
    pub place: Place,
}

impl Target {
    /// Reads one `[[target]]`.
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let name = table.text("name").map_or("", |name: Placed<Text>| name.value);
        let file = table.text("file");
        if table.value("name").is_none() && file.is_none() {
            table.fault(table.place, "the target has no \"name\"");
        }
        let version = |key| table.read(key, dotted).map(|version| version.value);
        let target = gpu::Target {
            name: name.to_owned(),
            driver: table.read("driver", read_driver).map(|driver| driver.value),
            gpus: table.texts("gpus").iter().map(|gpu| gpu.value.to_owned()).collect(),
            platform: one_of(&table, "platform", "platform", &PLATFORMS),
            brand: table.text("brand").map(|brand: Placed<Text>| brand.value.to_ascii_lowercase()),
            mode: one_of(&table, "mode", "mode", &MODES),
            module: one_of(&table, "module", "kernel module", &MODULES),
            user_driver: version("user-driver").map(|version| version.to_string()),
            fabric_manager: version("fabric-manager"),
            rocm: version("rocm"),
            ..gpu::Target::default()
        };
        let says_nothing = target.driver.is_none() && target.gpus.is_empty() && target.rocm.is_none();
        if says_nothing && table.value("driver").is_none() && file.is_none() {
            table.fault(
                table.place,
                "the target says neither \"driver\" nor \"gpus\", so nothing could be judged there",
            );
        }
        let target = Target {
            target,
            file,
            paths: Globs::read(&table, "path"),
            images: table.texts("image"),
            place: table.place,
        };
        table.close(|key| (key == "gpu").then(|| ", write gpus = [\"A100\"]".to_owned()));
        target
    }

    /// Returns a target that was read elsewhere, for all subjects.
    pub fn of(target: gpu::Target, place: Place) -> Self {
        Target { target, file: None, paths: Globs::default(), images: Vec::new(), place }
    }

    /// Says whether a subject is meant to run there.
    pub fn runs(&self, subject: &str) -> bool {
        self.paths.is_empty() || self.paths.matches(subject)
    }

    /// Returns the targets that its file tells of, with what the policy says of them.
    fn expand(&self, file: Text, open: &mut impl FnMut(&str) -> Result<String>) -> Result<Vec<Target>> {
        let Some(path) = source::join("", file).filter(|path| !path.is_empty()) else {
            bail!("the file leads out of the policy's folder")
        };
        let text = open(&path)?;
        let found = probe::read(probe::stem(&path), &text)?;
        let is_one = found.len() == 1;
        Ok(found
            .into_iter()
            .map(|target| Target { target: self.over(target, is_one), ..self.read_already() })
            .collect())
    }

    /// Returns itself as if its file had been read.
    fn read_already(&self) -> Self {
        Target { file: None, ..self.clone() }
    }

    /// Returns what was read, with what the policy says: how a place is called and what kind of system it is, wins; the
    /// driver, the GPUs and the rest fill in what was not told.
    fn over(&self, read: gpu::Target, is_one: bool) -> gpu::Target {
        let said = &self.target;
        let or = |said: &Option<Dotted>, read: Option<Dotted>| read.or_else(|| said.clone());
        let mut nodes = read.nodes;
        for node in &mut nodes {
            node.driver = or(&said.driver, node.driver.take());
            if node.gpus.is_empty() {
                node.gpus.clone_from(&said.gpus);
            }
        }
        gpu::Target {
            name: if is_one && !said.name.is_empty() { said.name.clone() } else { read.name },
            driver: or(&said.driver, read.driver),
            gpus: if read.gpus.is_empty() { said.gpus.clone() } else { read.gpus },
            platform: if said.platform == Platform::default() { read.platform } else { said.platform },
            brand: said.brand.clone().or(read.brand),
            mode: said.mode,
            module: if said.module == Module::default() { read.module } else { said.module },
            user_driver: read.user_driver.or_else(|| said.user_driver.clone()),
            fabric_manager: or(&said.fabric_manager, read.fabric_manager),
            rocm: or(&said.rocm, read.rocm),
            nodes,
            ..read
        }
    }
}

/// Records targets that are called like an earlier one.
pub(super) fn tell_apart(document: &Table<'_, '_>, targets: &[Target]) {
    for (place, message) in alike(targets.iter().filter(|target| target.file.is_none())) {
        document.fault(place, message);
    }
}

/// Returns the places of the targets that are called like an earlier one, with what is wrong with that.
fn alike<'t>(targets: impl Iterator<Item = &'t Target>) -> Vec<(Place, String)> {
    let mut names = BTreeSet::new();
    let named = targets.filter(|target| !target.target.name.is_empty());
    named
        .filter(|target| !names.insert(&target.target.name))
        .map(|target| {
            let name = target.target.name.escape_debug();
            (target.place, format!("two targets are called \"{name}\": findings could not tell which they are about"))
        })
        .collect()
}

impl Policy {
    /// Reads the files that targets are told by, and puts the targets that they tell of in their place. `open` returns the
    /// text of a file by its path from the policy's folder, which no path leads out of.
    ///
    /// # Errors
    /// All files that cannot be opened or read, each where the policy names it, and targets of one name, as [`Faults`].
    pub fn read_targets(&mut self, mut open: impl FnMut(&str) -> Result<String>) -> Result<()> {
        let mut targets = Vec::with_capacity(self.targets.len());
        let mut faults = Vec::new();
        for target in std::mem::take(&mut self.targets) {
            let Some(file) = target.file else {
                targets.push(target);
                continue;
            };
            match target.expand(file.value, &mut open) {
                Ok(read) => targets.extend(read),
                Err(error) => {
                    let message = format!("reading \"{}\": {error:#}", file.value.escape_debug());
                    faults.push(Fault { place: file.place, message });
                }
            }
        }
        self.targets = targets;
        faults.extend(alike(self.targets.iter()).into_iter().map(|(place, message)| Fault { place, message }));
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults).into()) }
    }
}

/// Reads a driver's version as people give it.
///
/// # Errors
/// Where it is no version, or CUDA's rather than a driver's.
pub fn read_driver(text: &str) -> anyhow::Result<Dotted> {
    match Dotted::parse(text) {
        Some(driver) if driver.major() < 100 => {
            bail!("\"{text}\" is CUDA's version rather than a driver's, write the driver as in 535.183.06")
        }
        Some(driver) => Ok(driver),
        None => bail!("\"{}\" is no driver version, write it as nvidia-smi does: 535.183.06", text.escape_debug()),
    }
}

fn dotted(text: &str) -> anyhow::Result<Dotted> {
    match Dotted::parse(text) {
        Some(version) => Ok(version),
        None => bail!("\"{}\" is no version of numbers between dots", text.escape_debug()),
    }
}

pub(super) const PLATFORMS: [(&str, Platform); 4] =
    [("linux", Platform::Linux), ("wsl", Platform::Wsl), ("jetson", Platform::Jetson), ("windows", Platform::Windows)];

pub(super) const MODES: [(&str, Mode); 3] = [("legacy", Mode::Legacy), ("cdi", Mode::Cdi), ("none", Mode::None)];

pub(super) const MODULES: [(&str, Module); 2] = [("open", Module::Open), ("closed", Module::Closed)];

/// Reads one of several words; the default where the key is not there.
fn one_of<T: Copy + Default>(table: &Table<'_, '_>, key: &'static str, what: &str, words: &[(&str, T)]) -> T {
    let read = table.read(key, |text| {
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*found);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let (last, first) = names.split_last().expect("there are words to choose from");
        let meant = suggest::closest(text, names.iter().copied());
        let meant = meant.map(|name| format!("; was \"{name}\" meant?")).unwrap_or_default();
        bail!("\"{}\" is no {what}, there are {} and {last}{meant}", text.escape_debug(), first.join(", "))
    });
    read.map_or_else(T::default, |found| found.value)
}
