//! .NET: what NuGet restored, and what a built program is made of.

pub mod deps_json;
mod frameworks;
pub mod packages_lock;
pub mod project_assets;

use super::Format;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] =
    &[&deps_json::DepsJson, &packages_lock::PackagesLock, &project_assets::ProjectAssets];
