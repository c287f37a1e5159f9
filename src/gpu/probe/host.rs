//! The machine that driftgate runs on: NVML where its library is there, else what `nvidia-smi` prints, and what the kernel
//! module says of itself.
//!
//! All that touches the machine is in [`look`]; what is made of it is a function of what was seen. Nothing is loaded or
//! run unless somebody asked for the machine.

use std::fs;
use std::io;
use std::process::Command;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::machine::Machine;
use super::{by_lines, machine, smi_table};
use crate::gpu::target::{Platform, Target};
use crate::gpu::version::Dotted;

/// What was found on the machine.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The machine as a target; none where no driver was found.
    pub targets: Vec<Target>,
    /// What was looked for and is not there, and what could not be read: one sentence each.
    pub notes: Vec<String>,
}

/// What the machine is called as a target.
const NAME: &str = "this machine";

/// What NVML says of halves of different builds.
const MISMATCH: &str = "Driver/library version mismatch";

/// Looks at the machine that this runs on.
pub fn host() -> Host {
    made_of(look())
}

/// What was seen of a machine, before anything is made of it.
#[derive(Debug)]
struct Seen {
    nvml: Result<Machine, String>,
    /// What `nvidia-smi -q -x` printed; not run where NVML told everything.
    smi: Option<Result<String, String>>,
    /// `/proc/driver/nvidia/version`
    module: io::Result<String>,
    /// `/sys/module/nvidia/version`
    module_version: io::Result<String>,
    /// `/proc/version`
    kernel: String,
    is_tegra: bool,
}

fn look() -> Seen {
    let nvml = nvml();
    let smi = nvml.is_err().then(smi);
    Seen {
        nvml,
        smi,
        module: fs::read_to_string("/proc/driver/nvidia/version"),
        module_version: fs::read_to_string("/sys/module/nvidia/version"),
        kernel: fs::read_to_string("/proc/version").unwrap_or_default(),
        is_tegra: fs::exists("/etc/nv_tegra_release").unwrap_or(false),
    }
}

/// Asks NVML, by loading its library.
fn nvml() -> Result<Machine, String> {
    let nvml = Nvml::init().map_err(|error| match error {
        NvmlError::LibloadingError(_) => "NVML: libnvidia-ml.so.1 is not there".to_owned(),
        NvmlError::LibRmVersionMismatch => {
            "NVML: its library and the kernel module are of different builds (Driver/library version mismatch)"
                .to_owned()
        }
        error => format!("NVML: {error}"),
    })?;
    let mut machine = Machine::default();
    if let Ok(driver) = nvml.sys_driver_version() {
        machine.driver = super::machine::version(&driver);
    }
    machine.library = nvml.sys_nvml_version().ok().and_then(|version| library(&version));
    machine.capability = nvml.sys_cuda_driver_version().ok().and_then(smi_table::of_number);
    for index in 0..nvml.device_count().unwrap_or(0) {
        let Ok(device) = nvml.device_by_index(index) else { continue };
        if let Ok(name) = device.name() {
            machine.take_gpu(&name);
        }
        let compute = device.cuda_compute_capability().ok();
        machine.take_compute(compute.map(|compute| format!("{}.{}", compute.major, compute.minor)).as_deref());
        if let Ok(brand) = device.brand() {
            machine.take_brand(&format!("{brand:?}"));
        }
    }
    Ok(machine)
}

/// Returns the driver's version that a version of NVML tells: `12.550.54.15` begins with the interface's own number.
fn library(version: &str) -> Option<String> {
    let version = Dotted::parse(version.trim())?;
    let text = version.to_string();
    let rest = if version.major() < 100 { text.split_once('.')?.1.to_owned() } else { text };
    super::machine::version(&rest).map(|version| version.to_string())
}

fn smi() -> Result<String, String> {
    let run = |program: &str| Command::new(program).args(["-q", "-x"]).output();
    let output = match run("nvidia-smi") {
        // WSL has it where no login shell looks.
        Err(error) if error.kind() == io::ErrorKind::NotFound => run("/usr/lib/wsl/lib/nvidia-smi"),
        output => output,
    };
    match output {
        Ok(output) => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("nvidia-smi: there is no such program".to_owned()),
        Err(error) => Err(format!("nvidia-smi: {error}")),
    }
}

/// Makes a target of what was seen.
fn made_of(seen: Seen) -> Host {
    let mut notes = Vec::new();
    let mismatched = matches!(&seen.nvml, Err(note) if note.contains(MISMATCH));
    let mut found = match seen.nvml {
        Ok(machine) => machine,
        Err(note) => {
            notes.push(note);
            Machine::default()
        }
    };
    match seen.smi {
        None => {}
        Some(Err(note)) => notes.push(note),
        Some(Ok(text)) => match machine(&text) {
            Ok(told) => {
                if let Some(failure) = &told.failure {
                    notes.push(failure.split_once(": ").map_or(failure.clone(), |(_, failure)| failure.to_owned()));
                } else if told.is_empty() {
                    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
                    notes.push(format!(
                        "nvidia-smi: it printed nothing that is known, but \"{}\"",
                        first.escape_debug()
                    ));
                }
                found = told;
            }
            Err(error) => notes.push(format!("nvidia-smi: {error:#}")),
        },
    }
    found.mismatched |= mismatched;
    let mut module = Machine::default();
    match (&seen.module, &seen.module_version) {
        (Ok(text), _) => {
            if let Err(error) = by_lines(text, 1, &mut module) {
                notes.push(format!("/proc/driver/nvidia/version: {error:#}"));
            }
        }
        (Err(_), Ok(version)) => module.kernel = super::machine::version(version),
        (Err(error), Err(_)) if error.kind() == io::ErrorKind::NotFound => {
            notes.push("/proc/driver/nvidia/version: it is not there, so no kernel module is loaded".to_owned());
        }
        (Err(error), Err(_)) => notes.push(format!("/proc/driver/nvidia/version: {error}")),
    }
    found.kernel = module.kernel.or(found.kernel);
    found.module = module.module;
    let platform = match () {
        () if seen.is_tegra => Some(Platform::Jetson),
        () if seen.kernel.to_ascii_lowercase().contains("microsoft") => Some(Platform::Wsl),
        () => None,
    };
    found.platform = platform.or(found.platform);
    if found.is_empty() {
        notes.push("no NVIDIA driver was found on this machine".to_owned());
        return Host { targets: Vec::new(), notes };
    }
    if found.gpus.is_empty() {
        notes.push("no GPU was told of, only the driver".to_owned());
    }
    Host { targets: vec![found.target(NAME)], notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> io::Result<String> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn seen() -> Seen {
        Seen {
            nvml: Err("NVML: libnvidia-ml.so.1 is not there".to_owned()),
            smi: Some(Err("nvidia-smi: there is no such program".to_owned())),
            module: none(),
            module_version: none(),
            kernel: "Linux version 6.8.0-41-generic (buildd@lcy02-amd64-100)".to_owned(),
            is_tegra: false,
        }
    }

    #[test]
    fn a_machine_without_a_driver_is_no_target() {
        let host = made_of(seen());
        assert!(host.targets.is_empty());
        assert_eq!(
            host.notes,
            [
                "NVML: libnvidia-ml.so.1 is not there",
                "nvidia-smi: there is no such program",
                "/proc/driver/nvidia/version: it is not there, so no kernel module is loaded",
                "no NVIDIA driver was found on this machine",
            ]
        );
    }

    /// Whatever the machine is that runs this: it is a target, or it is said why it is none.
    #[test]
    fn this_machine_is_looked_at() {
        let host = host();
        assert!(
            !host.targets.is_empty() || host.notes.iter().any(|note| note.starts_with("no NVIDIA driver")),
            "{host:?}"
        );
    }

    #[test]
    fn halves_of_different_builds_are_both_told() {
        let host = made_of(Seen {
            nvml: Err("NVML: its library and the kernel module are of different builds".to_owned()),
            smi: Some(Ok(
                "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.124\n".into(),
            )),
            module: Ok("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n".to_owned()),
            ..seen()
        });
        let target = &host.targets[0];
        assert_eq!(target.driver.as_ref().map(ToString::to_string).as_deref(), Some("570.86.15"));
        assert_eq!(target.user_driver.as_deref(), Some("570.124"));
        assert_eq!(target.module, crate::gpu::Module::Open);
        assert!(host.notes[1].starts_with("nvidia-smi could not work"), "{:?}", host.notes);
    }

    #[test]
    fn the_module_alone_is_enough_of_a_driver() {
        let host = made_of(Seen { module_version: Ok("550.54.15\n".to_owned()), ..seen() });
        assert_eq!(host.targets[0].driver, Dotted::parse("550.54.15"));
        assert_eq!(host.notes.last().map(String::as_str), Some("no GPU was told of, only the driver"));
    }

    #[test]
    fn the_system_is_told_by_its_kernel() {
        let smi = "| NVIDIA-SMI 545.46    Driver Version: 546.80    CUDA Version: ERR! |\n";
        let kernel = "Linux version 5.15.146.1-microsoft-standard-WSL2".to_owned();
        let host = made_of(Seen { smi: Some(Ok(smi.to_owned())), kernel, ..seen() });
        assert_eq!((host.targets[0].platform, &host.targets[0].capability), (Platform::Wsl, &None));
        let host = made_of(Seen { is_tegra: true, module_version: Ok("540.3.0".to_owned()), ..seen() });
        assert_eq!(host.targets[0].platform, Platform::Jetson);
    }

    #[test]
    fn the_library_says_its_interface_first() {
        for (told, is) in [
            ("12.550.54.15", Some("550.54.15")),
            ("13.580.95", Some("580.95")),
            ("550.54.15", Some("550.54.15")),
            ("x", None),
        ] {
            assert_eq!(library(told).as_deref(), is, "{told}");
        }
    }
}
