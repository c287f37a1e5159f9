//! The files of conda's world: what conda-lock, pixi and conda itself lock, the environments that they are
//! asked for, and those that are installed.

pub(in crate::formats) mod address;
pub mod conda_lock;
pub mod conda_meta;
pub mod environment_yml;
pub mod explicit;
pub mod pixi_lock;
mod solved;
mod text;
mod wheel;

use super::Format;

pub use solved::can_hold_on_linux;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &conda_lock::CondaLock,
    &conda_meta::CondaMeta,
    &environment_yml::EnvironmentYml,
    &explicit::CondaExplicit,
    &pixi_lock::PixiLock,
];
