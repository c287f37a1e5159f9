//! What the kernel module says of itself: `/proc/driver/nvidia/version`.
//!
//! The first line names the modules' flavour and version, the second the compiler that built them.

use anyhow::Result;

use super::machine::{Machine, version};
use crate::gpu::target::{Module, Platform};
use crate::gpu::version::Dotted;

/// Reads a line; says whether it told anything.
pub(super) fn line(line: &str, number: usize, machine: &mut Machine) -> Result<bool> {
    if line.starts_with("# R") && line.contains("(release), REVISION") {
        // The first line of /etc/nv_tegra_release.
        machine.platform = Some(Platform::Jetson);
        return Ok(true);
    }
    let Some(rest) = line.strip_prefix("NVRM version:") else { return Ok(line.starts_with("GCC version:")) };
    let Some(kernel) = rest.split_whitespace().find_map(build) else { return Ok(false) };
    machine.take_kernel(kernel, number)?;
    machine.module = match () {
        () if rest.contains("Open Kernel Module") => Module::Open,
        () if rest.contains("Kernel Module") => Module::Closed,
        () => Module::Unknown,
    };
    Ok(true)
}

/// Returns the version of a build, among the words of the line: three digits come first.
fn build(word: &str) -> Option<Dotted> {
    version(word).filter(|version| (100..1000).contains(&version.major()))
}
