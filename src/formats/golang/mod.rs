//! Go: what modules ask for, what is selected and copied, and what programs say that they were built from.

pub mod go_build_info;
pub mod go_mod;
pub mod go_mod_graph;
pub mod go_sum;
pub mod go_vendor;
pub mod go_work;
mod module;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &go_build_info::GoBuildInfo,
    &go_mod::GoMod,
    &go_mod_graph::GoModGraph,
    &go_sum::GoSum,
    &go_vendor::GoVendor,
    &go_work::GoWork,
];
