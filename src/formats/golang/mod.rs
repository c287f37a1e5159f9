//! Go: what modules require, with digests and workspaces, what is copied into `vendor`, and what programs say that they were
//! built from.

mod directives;
pub mod go_build_info;
pub mod go_mod;
pub mod go_mod_graph;
pub mod go_sum;
pub mod go_work;
pub mod modules_txt;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &go_build_info::GoBuildInfo,
    &go_mod::GoMod,
    &go_mod_graph::GoModGraph,
    &go_sum::GoSum,
    &go_work::GoWork,
    &modules_txt::ModulesTxt,
];
