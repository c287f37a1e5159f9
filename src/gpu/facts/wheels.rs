//! Rows on wheels that no framework's table has: who asks for those of another CUDA major, and what is not judged.

use serde::Deserialize;

use crate::gpu::version::Dotted;

/// A release of a package that asks for the wheels of another CUDA major than those before it.
#[derive(Debug, Deserialize)]
pub struct WheelMove {
    /// The package.
    pub package: String,
    /// The release.
    pub version: Dotted,
    /// The wheel that it asks for.
    pub requires: String,
    /// The CUDA major that this is for.
    pub cuda_major: u32,
    /// Where the row comes from.
    pub source: String,
}

/// Packages that have CUDA code of their own, which the tables know no more of.
#[derive(Debug, Deserialize)]
pub struct Unjudged {
    /// Their names; one that ends with `*` is the beginning of names.
    pub names: Vec<String>,
    /// Where the list comes from.
    pub source: String,
}

impl Unjudged {
    /// Says whether a package is one of them.
    pub fn has(&self, package: &str) -> bool {
        self.names.iter().any(|name| match name.strip_suffix('*') {
            Some(stem) => package.starts_with(stem),
            None => package == name,
        })
    }
}
