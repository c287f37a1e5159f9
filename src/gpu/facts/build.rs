//! What is compiled while an image is built, as typed rows.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::gpu::tables;
use crate::gpu::version::Dotted;

/// A Python package whose installation compiles CUDA code.
#[derive(Debug, Deserialize)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Whether it is built against torch, which holds the compiler's CUDA to its own.
    #[serde(default)]
    pub torch: bool,
    /// Whether the public registry has its source alone.
    #[serde(default)]
    pub source_only: bool,
    /// Whether its installation runs the compiler in any case.
    #[serde(default)]
    pub asks_compiler: bool,
    /// Whether it compiles CUDA code from source in any case.
    #[serde(default)]
    pub compiles: bool,
    /// The variables that make it compile: `NAME=value`.
    #[serde(default)]
    pub forced_by: Vec<String>,
    /// The words of a command that make it compile.
    #[serde(default)]
    pub forced_in: Vec<String>,
    /// The variables that keep it from compiling.
    #[serde(default)]
    pub skipped_by: Vec<String>,
    /// Whether minor versions of CUDA must be the same too.
    #[serde(default)]
    pub exact: bool,
    /// The variable that lists the architectures to compile for; empty where there is none.
    #[serde(default)]
    pub architectures: String,
    /// Whether it leaves out what its compiler does not know, without a word.
    #[serde(default)]
    pub leaves_out: bool,
    /// Where the row comes from.
    pub source: String,
}

/// What is known of packages that compile CUDA code.
#[derive(Debug, Deserialize)]
pub(super) struct Extensions {
    #[serde(rename = "extension")]
    rows: Vec<Extension>,
}

/// Returns what is known of a package that compiles CUDA code.
pub fn extension(name: &str) -> Option<&'static Extension> {
    extensions().iter().find(|row| row.name == name)
}

/// Returns the packages that compile CUDA code.
pub fn extensions() -> &'static [Extension] {
    static TABLE: LazyLock<Extensions> = LazyLock::new(|| tables::typed("extensions.toml"));
    &TABLE.rows
}

/// Which toolkits compile for an architecture.
#[derive(Debug, Deserialize)]
pub struct ArchSupport {
    /// The architecture: `Hopper`.
    pub architecture: String,
    /// Its numbers, ten times the compute capability.
    pub sm: Vec<u32>,
    /// The first toolkit that does.
    pub first_toolkit: Dotted,
    /// The last one that does, where there is one.
    pub last_toolkit: Option<Dotted>,
    /// What is odd about it; empty where nothing is.
    #[serde(default)]
    pub note: String,
    /// Where the row comes from.
    pub source: String,
}

impl super::Toolkits {
    /// Returns which toolkits compile for an architecture, where that is known.
    pub fn compiles(&'static self, sm: u32) -> Option<&'static ArchSupport> {
        self.arch_support.iter().find(|row| row.sm.contains(&sm))
    }
}
