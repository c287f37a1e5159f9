//! npm: `package.json` says what is asked for, `package-lock.json` what it resolved to, and
//! `node_modules` what is installed.

mod asked;
pub mod bun_lock;
pub mod deno_json;
pub mod deno_lock;
mod importers;
pub mod node_modules;
mod nodes;
mod origin;
pub mod package_json;
pub mod package_lock;
mod package_lock_v1;
pub mod pnpm_lock;
mod resolutions;
mod shapes;
mod tree;
mod workspaces;
mod yarn_berry;
mod yarn_classic;
pub mod yarn_lock;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[
    &bun_lock::BunLock,
    &deno_json::DenoJson,
    &deno_lock::DenoLock,
    &node_modules::NodeModules,
    &package_lock::PackageLock,
    &package_json::PackageJson,
    &pnpm_lock::PnpmLock,
    &yarn_lock::YarnLock,
];
