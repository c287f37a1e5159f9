//! vcpkg: packages of C and C++ that a manifest asks for, and the registries that they are looked up in.

mod configuration;
mod json;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&configuration::VcpkgConfiguration, &json::VcpkgJson];
