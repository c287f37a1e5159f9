//! What `nvidia-smi` prints for people: its table, `--version`, `-L`, `-q`, and what it says where it cannot work.
//!
//! The table's head has two forms. `Driver Version: … CUDA Version: …` is the one of old; builds of the 610 and 615
//! branches print `KMD Version: … CUDA UMD Version: …` as well as the old one.

use anyhow::Result;

use super::machine::{Machine, known, version};
use crate::gpu::target::Platform;
use crate::gpu::version::Dotted;

/// Reads a line; says whether it told anything, or is known to tell nothing.
pub(super) fn line(line: &str, number: usize, machine: &mut Machine) -> Result<bool> {
    if let Some(inner) = line.strip_prefix('|') {
        return table(inner, number, machine);
    }
    if let Some(name) = listed(line) {
        machine.take_gpu(name);
        machine.take_compute(None);
        return Ok(true);
    }
    if line.contains("couldn't communicate with the NVIDIA driver") {
        machine.failure = Some(format!(
            "line {number}: nvidia-smi could not reach the driver: its kernel module is not loaded, or not there, and so \
             the text tells nothing of the machine"
        ));
        return Ok(true);
    }
    if line.starts_with("Failed to initialize NVML:") {
        machine.mismatched = line.contains("Driver/library version mismatch");
        machine.failure =
            Some(format!("line {number}: nvidia-smi could not work ({line}), and the text tells no more"));
        return Ok(true);
    }
    if line == "No devices were found" {
        machine.failure = Some(format!("line {number}: nvidia-smi found no GPU"));
        return Ok(true);
    }
    if line.starts_with("+--") {
        return Ok(true);
    }
    let Some((key, value)) = line.split_once(':') else { return Ok(false) };
    pair(key.trim(), value.trim(), number, machine)
}

/// Reads a key with its value, as `--version` and `-q` print them.
fn pair(key: &str, value: &str, number: usize, machine: &mut Machine) -> Result<bool> {
    match key.to_ascii_lowercase().as_str() {
        "nvidia-smi version" => machine.tool = version(value),
        "nvml version" | "nvml library version" => {
            machine.library = version(value).map(|version| version.to_string()).or(machine.library.take());
        }
        "driver version" | "kmd version" => machine.take_driver(value, number)?,
        "cuda version" | "cuda umd version" => machine.take_capability(value),
        "product name" => machine.take_gpu(value),
        "product brand" => machine.take_brand(value),
        "fabric manager version is" => machine.fabric_manager = version(value),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Reads a line of the table, less the stroke that begins it.
fn table(line: &str, number: usize, machine: &mut Machine) -> Result<bool> {
    let line = line.trim_end_matches('|').trim();
    if line.starts_with("NVIDIA-SMI") {
        let mut words = line.split_whitespace();
        machine.tool = words.nth(1).and_then(version);
        let after = |key: &str| line.split_once(key).and_then(|(_, rest)| rest.split_whitespace().next());
        if let Some(driver) = after("Driver Version:").or(after("KMD Version:")) {
            machine.take_driver(driver, number)?;
        }
        if let Some(capability) = after("CUDA Version:").or(after("CUDA UMD Version:")) {
            machine.take_capability(capability);
        }
        return Ok(true);
    }
    let Some((first, second)) = line.split_once('|') else { return Ok(true) };
    let first = first.trim();
    let Some((index, name)) = first.split_once(char::is_whitespace) else { return Ok(true) };
    // Of all rows that begin with a number, only a GPU's tells its address.
    if index.bytes().all(|byte| byte.is_ascii_digit()) && second.split_whitespace().next().is_some_and(is_address) {
        let (name, mode) = name.trim().rsplit_once(char::is_whitespace).unwrap_or((name, ""));
        let name = match mode {
            "TCC" | "WDDM" | "MCDM" => {
                machine.platform = Some(Platform::Windows);
                name.trim()
            }
            "On" | "Off" | "N/A" | "ERR!" | "Enabled" | "Disabled" => name.trim(),
            _ => first[index.len()..].trim(),
        };
        machine.take_gpu(name);
        machine.take_compute(None);
    }
    Ok(true)
}

/// Says whether a word is the address of a device: `00000000:07:00.0`, `0000:07:00.0`.
fn is_address(word: &str) -> bool {
    let parts: Vec<&str> = word.split([':', '.']).collect();
    let is_hex = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.len() == 4 && word.matches(':').count() == 2 && parts.iter().all(is_hex)
}

/// Returns the name in a line of `nvidia-smi -L`: `GPU 0: NVIDIA A10G (UUID: GPU-…)`.
fn listed(line: &str) -> Option<&str> {
    let (index, rest) = line.strip_prefix("GPU ")?.split_once(": ")?;
    let (name, _) = rest.split_once(" (UUID:")?;
    index.bytes().all(|byte| byte.is_ascii_digit()).then_some(known(name)?)
}

/// Returns a version as it is told to programs: 12040 is 12.4.
pub(super) fn of_number(number: i32) -> Option<Dotted> {
    let (major, minor) = (u32::try_from(number / 1000).ok()?, u32::try_from(number % 1000 / 10).ok()?);
    (major > 0).then(|| Dotted::of(major, minor))
}
