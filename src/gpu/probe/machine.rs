//! What the texts of one machine tell, put together.
//!
//! A driver has two halves, the kernel module and the libraries beside it, and the tools tell now of one and now of the
//! other. `/proc` tells of the module. What NVML calls the driver's version is the module's too; its own version and that
//! of `nvidia-smi` are the libraries'.

use anyhow::{Result, bail};

use crate::gpu::facts;
use crate::gpu::target::{Module, Platform, Target};
use crate::gpu::version::Dotted;

/// What is known of a machine so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    /// The kernel module, as it says of itself.
    pub(super) kernel: Option<Dotted>,
    /// The driver, as NVML tells it.
    pub(super) driver: Option<Dotted>,
    /// The version of NVML's own library; the first numbers of it where the tool cut it.
    pub(super) library: Option<String>,
    /// The version of the program `nvidia-smi`.
    pub(super) tool: Option<Dotted>,
    /// The newest CUDA that the driver implements.
    pub(super) capability: Option<Dotted>,
    /// The models of its GPUs, each once, in order.
    pub(super) gpus: Vec<String>,
    /// The compute capability of each GPU, as far as it is told.
    pub(super) compute: Vec<Dotted>,
    /// Whether GPUs were told of whose compute capability was not.
    pub(super) compute_missing: bool,
    /// The brand of each GPU, as far as it is told.
    pub(super) brands: Vec<String>,
    /// Which kernel modules there are.
    pub(super) module: Module,
    /// NVSwitch's manager.
    pub(super) fabric_manager: Option<Dotted>,
    /// Whether the GPUs say that they are joined by NVSwitch.
    pub(super) nvswitch: bool,
    /// What kind of system it is, where something says so.
    pub(super) platform: Option<Platform>,
    /// Whether a tool said that the driver's libraries and its module are of different builds.
    pub(super) mismatched: bool,
    /// Why a tool could say nothing, with its line.
    pub(super) failure: Option<String>,
}

impl Machine {
    /// Says whether nothing is known of it.
    pub(super) fn is_empty(&self) -> bool {
        let versions = [&self.kernel, &self.driver, &self.capability, &self.fabric_manager];
        versions.iter().all(|version| version.is_none())
            && self.library.is_none()
            && self.gpus.is_empty()
            && self.compute.is_empty()
    }

    /// Takes the driver's version as NVML tells it; `line` is where.
    ///
    /// # Errors
    /// Where another one was told before: a text of several machines is no machine.
    pub(super) fn take_driver(&mut self, text: &str, line: usize) -> Result<()> {
        let Some(driver) = version(first_word(text)) else { return Ok(()) };
        match &self.driver {
            Some(known) if *known != driver => bail!(
                "line {line}: the driver is {driver} here and {known} before; give each machine a file of its own"
            ),
            _ => self.driver = Some(driver),
        }
        Ok(())
    }

    /// Takes the kernel module's version as it tells it itself.
    ///
    /// # Errors
    /// As [`Machine::take_driver`].
    pub(super) fn take_kernel(&mut self, kernel: Dotted, line: usize) -> Result<()> {
        match &self.kernel {
            Some(known) if *known != kernel => bail!(
                "line {line}: the kernel module is {kernel} here and {known} before; give each machine a file of its own"
            ),
            _ => self.kernel = Some(kernel),
        }
        Ok(())
    }

    /// Takes the CUDA that the driver implements.
    pub(super) fn take_capability(&mut self, text: &str) {
        if let Some(capability) = Dotted::parse(first_word(text)).filter(|version| (1..100).contains(&version.major()))
        {
            self.capability = Some(capability);
        }
    }

    /// Takes the name of a GPU.
    pub(super) fn take_gpu(&mut self, name: &str) {
        let Some(name) = known(name).map(whole) else { return };
        if !self.gpus.iter().any(|gpu| gpu == name) {
            self.gpus.push(name.to_owned());
        }
        if facts::gpus().find(name).is_some_and(|gpu| gpu.class == "jetson") {
            self.platform = Some(Platform::Jetson);
        }
    }

    /// Takes the brand of a GPU.
    pub(super) fn take_brand(&mut self, text: &str) {
        let Some(brand) = known(text) else { return };
        self.brands.push(brand.to_ascii_lowercase().split_whitespace().collect());
    }

    /// Takes the compute capability of a GPU.
    pub(super) fn take_compute(&mut self, text: Option<&str>) {
        match text.and_then(|text| Dotted::parse(text.trim())).filter(|compute| compute.parts() == 2) {
            Some(compute) => self.compute.push(compute),
            None => self.compute_missing = true,
        }
    }

    /// Returns it as a target.
    pub(super) fn target(self, name: &str) -> Target {
        // Inside of WSL the driver is the host's, and Windows numbers drivers by two numbers where Linux has three. NVML
        // refuses to work with a module of another build, so that on Linux the tool and the module agree wherever it
        // printed anything: a tool of another build alone is no mismatch.
        let is_other = |driver: &Dotted| self.tool.as_ref().is_some_and(|tool| tool != driver);
        let is_wsl = self.driver.as_ref().is_some_and(|driver| driver.parts() == 2 && is_other(driver));
        let platform = self.platform.unwrap_or(if is_wsl { Platform::Wsl } else { Platform::Linux });
        let tool = self.tool.filter(|tool| self.driver.as_ref().is_none_or(|driver| driver == tool));
        let compute = self.compute.first().cloned();
        let agree = !self.compute_missing && self.compute.iter().all(|one| Some(one) == compute.as_ref());
        let brand = self.brands.first().cloned();
        let brand = brand.filter(|brand| self.brands.iter().all(|other| other == brand));
        Target {
            name: name.to_owned(),
            driver: self.kernel.or(self.driver),
            gpus: self.gpus,
            platform,
            brand,
            module: self.module,
            capability: self.capability,
            compute: compute.filter(|_| agree),
            user_driver: self.library.or_else(|| tool.map(|tool| tool.to_string())),
            mismatched: self.mismatched,
            fabric_manager: self.fabric_manager,
            nvswitch: self.nvswitch,
            ..Target::default()
        }
    }
}

/// Returns a value less what is said of it: `610.43.02 [Deprecated; will be removed in CUDA 14.0. …]`.
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Returns the driver's version that a text is; none for `N/A`, `ERR!` and what else is no version of a driver.
pub(super) fn version(text: &str) -> Option<Dotted> {
    Dotted::parse(text.trim()).filter(|version| version.parts() >= 2 && version.major() >= 100)
}

/// Returns a value less its blanks; none where the tool says that it has none.
pub(super) fn known(text: &str) -> Option<&str> {
    let text = text.trim();
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    let is_none = inner.is_empty()
        || ["N/A", "ERR!", "Unknown Error", "Not Supported", "Not Found", "Insufficient Permissions", "Not Available"]
            .iter()
            .any(|word| inner.eq_ignore_ascii_case(word))
        || ["requested functionality has been deprecated", "deprecated", "unable to determine", "function not found"]
            .iter()
            .any(|words| inner.to_ascii_lowercase().starts_with(words));
    (!is_none).then_some(text)
}

/// Returns a name that the table cut (`NVIDIA A100-SXM...`, `NVIDIA RTX 6000 Ada Gene...`) without its dots, where what is
/// left of it tells the model.
fn whole(name: &str) -> &str {
    let Some(cut) = name.strip_suffix("...").map(str::trim_end) else { return name };
    let words = cut.rsplit_once(' ').map_or(cut, |(words, _)| words.trim_end());
    [cut, words].into_iter().find(|name| facts::gpus().find(name).is_some()).unwrap_or(name)
}
