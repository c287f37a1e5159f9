//! The places that subjects are meant to run on.

use anyhow::bail;

use super::cursor::{Placed, Table};
use super::globs::Globs;
use crate::gpu::{self, Dotted, Mode, Module, Platform};
use crate::intern::Text;
use crate::source::Place;
use crate::suggest;

/// A place that subjects are meant to run on: a node pool, a workstation.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called, with its driver, GPUs and platform.
    pub target: gpu::Target,
    /// The file that says what it is made of, relative to the policy: a node list, what `nvidia-smi` prints.
    pub file: Option<Placed<Text>>,
    /// The lockfiles and manifests that run there; empty for all.
    pub paths: Globs,
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
            driver: table.read("driver", driver).map(|driver| driver.value),
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
        let target = Target { target, file, paths: Globs::read(&table, "path"), place: table.place };
        table.close(|key| (key == "gpu").then(|| ", write gpus = [\"A100\"]".to_owned()));
        target
    }

    /// Says whether a subject is meant to run there.
    pub fn runs(&self, subject: &str) -> bool {
        self.paths.is_empty() || self.paths.matches(subject)
    }
}

fn driver(text: &str) -> anyhow::Result<Dotted> {
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

const PLATFORMS: [(&str, Platform); 4] =
    [("linux", Platform::Linux), ("wsl", Platform::Wsl), ("jetson", Platform::Jetson), ("windows", Platform::Windows)];

const MODES: [(&str, Mode); 3] = [("legacy", Mode::Legacy), ("cdi", Mode::Cdi), ("none", Mode::None)];

const MODULES: [(&str, Module); 2] = [("open", Module::Open), ("closed", Module::Closed)];

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
