//! What is known of ROCm, as typed rows.

use std::sync::LazyLock;

use serde::Deserialize;

use super::names::words;
use crate::gpu::tables;
use crate::gpu::version::Dotted;

/// What is known of ROCm.
#[derive(Debug, Deserialize)]
pub struct Rocm {
    /// Which user-space releases a kernel driver was tested with, newest first.
    pub kfd: Vec<KernelWindow>,
    /// The same for kernel drivers with a version line of their own.
    pub amdgpu: Vec<DriverWindow>,
    /// The GPUs.
    #[serde(rename = "gpu")]
    pub models: Vec<AmdGpu>,
}

/// Which user-space releases a kernel driver was tested with.
#[derive(Debug, Deserialize)]
pub struct KernelWindow {
    /// The ROCm release that the kernel driver is of: `6.3.x`.
    pub kernel: String,
    /// The user-space releases, newest first: `6.2.x`.
    pub user_space: Vec<String>,
    /// Where the row comes from.
    pub source: String,
}

/// Which user-space releases a kernel driver with a version of its own serves.
#[derive(Debug, Deserialize)]
pub struct DriverWindow {
    /// The driver, in words that begin with its version: `30.30.x (30.30.2)`.
    pub driver: String,
    /// The user-space releases, newest first.
    pub user_space: Vec<String>,
    /// Where the row comes from.
    pub source: String,
}

/// A GPU of AMD's.
#[derive(Debug, Deserialize)]
pub struct AmdGpu {
    /// What it is called.
    pub name: String,
    /// What code for it is compiled for: `gfx942`.
    pub gfx: String,
    /// The first ROCm release with code for it, where there is a bound that matters.
    pub first_rocm: Option<Dotted>,
    /// Where the row comes from.
    pub source: String,
}

/// Returns what is known of ROCm.
pub fn rocm() -> &'static Rocm {
    static TABLE: LazyLock<Rocm> = LazyLock::new(|| tables::typed("rocm.toml"));
    &TABLE
}

/// Reads `6.2.x` as 6.2.
pub fn release(text: &str) -> Option<Dotted> {
    Dotted::parse(text.split([' ', 'x']).next()?.trim_end_matches('.'))
}

impl Rocm {
    /// Finds a model by a name as people or tools write it: `MI300X`, `AMD Instinct MI300X`, `Radeon RX 7900 XTX`.
    pub fn find(&'static self, name: &str) -> Option<&'static AmdGpu> {
        let short = |text: &str| -> Vec<String> {
            words(text).into_iter().filter(|word| !matches!(word.as_str(), "amd" | "instinct" | "radeon")).collect()
        };
        let asked = short(name);
        let begins = self.models.iter().filter(|gpu| asked.starts_with(&short(&gpu.name)));
        begins.max_by_key(|gpu| short(&gpu.name).len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amd_gpus_are_found_by_what_people_call_them() {
        for (name, expected) in [
            ("MI300X", Some("gfx942")),
            ("AMD Instinct MI300X", Some("gfx942")),
            ("AMD-Instinct-MI250X", Some("gfx90a")),
            ("Radeon RX 7900 XTX", Some("gfx1100")),
            ("RX 9070 XT", Some("gfx1201")),
            ("MI350X", Some("gfx950")),
            ("A100", None),
            ("RX 580", None),
            ("", None),
        ] {
            assert_eq!(rocm().find(name).map(|gpu| gpu.gfx.as_str()), expected, "{name}");
        }
    }

    #[test]
    fn rows_are_whole() {
        for row in &rocm().kfd {
            assert!(release(&row.kernel).is_some() && !row.source.is_empty(), "{}", row.kernel);
            assert!(row.user_space.iter().all(|user| release(user).is_some()), "{}", row.kernel);
        }
        for row in &rocm().amdgpu {
            assert!(release(&row.driver).is_some() && row.user_space.iter().all(|user| release(user).is_some()));
        }
        for row in &rocm().models {
            assert!(row.gfx.starts_with("gfx") && !row.source.is_empty(), "{}", row.name);
            assert_eq!(rocm().find(&row.name).map(|gpu| &gpu.gfx), Some(&row.gfx), "{}", row.name);
        }
    }
}
