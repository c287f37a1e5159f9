//! The places that subjects are meant to run on.

use anyhow::bail;

use super::cursor::{Placed, Table};
use super::globs::Globs;
use crate::gpu::{self, Dotted, Platform};
use crate::intern::Text;
use crate::source::Place;
use crate::suggest;

/// A place that subjects are meant to run on: a node pool, a workstation.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is called, with its driver, GPUs and platform.
    pub target: gpu::Target,
    /// The lockfiles and manifests that run there; empty for all.
    pub paths: Globs,
    /// Where it begins.
    pub place: Place,
}

impl Target {
    /// Reads one `[[target]]`.
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let name = table.text("name").map_or("", |name: Placed<Text>| name.value);
        if table.value("name").is_none() {
            table.fault(table.place, "the target has no \"name\"");
        }
        let target = gpu::Target {
            name: name.to_owned(),
            driver: table.read("driver", driver).map(|driver| driver.value),
            gpus: table.texts("gpus").iter().map(|gpu| gpu.value.to_owned()).collect(),
            platform: table.read("platform", platform).map_or(Platform::Linux, |platform| platform.value),
            ..gpu::Target::default()
        };
        if target.driver.is_none() && target.gpus.is_empty() && table.value("driver").is_none() {
            table.fault(
                table.place,
                "the target says neither \"driver\" nor \"gpus\", so nothing could be judged there",
            );
        }
        let target = Target { target, paths: Globs::read(&table, "path"), place: table.place };
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

const PLATFORMS: [(&str, Platform); 4] =
    [("linux", Platform::Linux), ("wsl", Platform::Wsl), ("jetson", Platform::Jetson), ("windows", Platform::Windows)];

fn platform(text: &str) -> anyhow::Result<Platform> {
    if let Some((_, platform)) = PLATFORMS.iter().find(|(name, _)| *name == text) {
        return Ok(*platform);
    }
    let meant = suggest::closest(text, PLATFORMS.iter().map(|(name, _)| *name));
    let meant = meant.map(|name| format!("; was \"{name}\" meant?")).unwrap_or_default();
    bail!("\"{}\" is no platform, there are linux, wsl, jetson and windows{meant}", text.escape_debug())
}
