//! Which architectures a wheel has kernels for, as its own binaries say: rows of one release each.

use serde::Deserialize;

use super::super::version::Dotted;
use super::Frameworks;

/// The kernels of a library in a wheel.
#[derive(Debug, Deserialize)]
pub struct Kernels {
    /// The package.
    pub package: String,
    /// The exact version of the wheel, without its local part.
    pub version: String,
    /// The library of it that was read.
    pub library: String,
    /// The architectures with code of their own.
    pub sm: Vec<u32>,
    /// The code that the driver can compile, as `8.7@80`: the version of PTX, and the architecture that it is for.
    #[serde(default)]
    pub ptx: Vec<String>,
    /// That code is there of some kernels alone.
    #[serde(default)]
    pub ptx_partial: bool,
    /// The library is one of several for one CUDA each, and this one is for that.
    pub cuda: Option<Dotted>,
    /// What lacks here another library or path does in its place, so that a gap is no failure.
    #[serde(default)]
    pub optional: bool,
    /// Where the row comes from.
    pub source: String,
}

impl Kernels {
    /// Returns the architectures of the code that the driver can compile, each with the version of PTX that it needs.
    pub fn ptx(&self) -> impl Iterator<Item = (Dotted, u32)> {
        self.ptx.iter().filter_map(|text| {
            let (isa, architecture) = text.split_once('@')?;
            Some((Dotted::parse(isa)?, architecture.parse().ok()?))
        })
    }

    /// Returns the version of PTX for an architecture.
    pub fn isa(&self, architecture: u32) -> Option<Dotted> {
        self.ptx().find(|(_, of)| *of == architecture).map(|(isa, _)| isa)
    }
}

impl Frameworks {
    /// Returns the kernels of a wheel's main library, which the tables name first; none where that release was not read.
    pub fn wheel_kernels(&'static self, package: &str, version: &str) -> Option<&'static Kernels> {
        // A local version names another build than the one that was read.
        self.kernels.iter().find(|row| row.package == package && row.version == version && row.cuda.is_none())
    }
}
